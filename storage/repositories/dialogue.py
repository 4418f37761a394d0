"""What reporter and officials write to each other, also after a case has ended.

Notes of officials (`Cases.add_note`) are another table, sealed for another purpose: neither can become the other.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from nacl.exceptions import CryptoError
from sqlalchemy import func, insert, select

from storage.repositories.base import Repository
from storage.repositories.cases import NOTE
from storage.tables.cases import case_message
from storage.tables.officials import official

MESSAGE: Final = "case.message"
#: What the level above answered: its reporter reads it among the messages, the unit below does not.
FROM_ABOVE: Final = "from_above"


@dataclass(frozen=True, slots=True)
class CaseMessage:
    """One message; `author` is an official's name, None for the reporter and for what the system says.

    `report`: the number of the report it was written to, where that was merged into the case one looks at.
    """

    id: int
    from_reporter: bool
    kind: str
    author: str | None
    body: str
    written_at: datetime
    report: str = ""


class Dialogue(Repository):
    """Keeps messages; none is ever changed."""

    async def from_reporter(self, case_id: int, body: str, *, kind: str = "supplement") -> int:
        """Keep what a reporter wrote; returns the message's id."""
        return await self._add(case_id, "from_reporter", kind, body, None, None)

    async def to_reporter(
        self, case_id: int, body: str, *, author_id: int | None, kind: str = "message", template: str | None = None
    ) -> int:
        """Keep what a reporter is told; returns the message's id."""
        return await self._add(case_id, "to_reporter", kind, body, author_id, template)

    async def of_case(self, case_id: int) -> list[CaseMessage]:
        """Everything both sides wrote, oldest first, but for what is covered."""
        over = await self._uow.redactions.over(case_id)
        said = await self.original_of_case(case_id)
        return [replace(one, body=over.text("message", one.id, one.body)) for one in said]

    async def original_of_case(self, case_id: int) -> list[CaseMessage]:
        """The same with what is covered: to choose what to cover, and for auditors."""
        rows = await self._uow.read(
            select(case_message, official.c.display_name)
            .outerjoin(official, official.c.id == case_message.c.author_id)
            .where(case_message.c.case_id == case_id)
            .order_by(case_message.c.id)
        )
        return [
            CaseMessage(
                row.id,
                row.direction == "from_reporter",
                row.kind,
                row.display_name,
                self._opened(row.body_sealed, from_reporter=row.direction == "from_reporter"),
                row.written_at,
            )
            for row in rows
        ]

    async def for_reporter(self, case_id: int) -> list[CaseMessage]:
        """Everything its reporter may read, oldest first: both sides, and what the level above answered.

        Never for an official's page: the unit below must not see that somebody asked above.
        """
        answers = [
            CaseMessage(one.id, from_reporter=False, kind=FROM_ABOVE, author=None, body=one.answer or "", written_at=at)
            for one in await self._uow.escalations.of_case(case_id)
            if (at := one.answered_at) is not None
        ]
        return sorted([*await self.of_case(case_id), *answers], key=lambda one: one.written_at)

    async def said_by_reporters(self, ids: Sequence[int]) -> dict[int, list[str]]:
        """What reporters added to some cases, oldest first, for a rule to look at; nobody reads it."""
        said: dict[int, list[str]] = defaultdict(list)
        query = (
            select(case_message.c.case_id, case_message.c.body_sealed)
            .where(case_message.c.case_id.in_(ids), case_message.c.direction == "from_reporter")
            .order_by(case_message.c.id)
        )
        for row in await self._uow.read(query):
            said[row.case_id].append(self._opened(row.body_sealed, from_reporter=True))
        return said

    async def count(self, case_id: int) -> int:
        """How many messages a case has."""
        query = select(func.count()).where(case_message.c.case_id == case_id)
        return int((await self._uow.read(query))[0][0])

    async def _add(
        self, case_id: int, direction: str, kind: str, body: str, author_id: int | None, template: str | None
    ) -> int:
        result = await self._uow.execute(
            insert(case_message)
            .values(
                case_id=case_id,
                direction=direction,
                kind=kind,
                author_id=author_id,
                body_sealed=self._keys.seal_text(MESSAGE, body),
                template=template,
                written_at=self._uow.clock.now(),
            )
            .returning(case_message.c.id)
        )
        return int(result.scalar_one())

    def _opened(self, sealed: bytes, *, from_reporter: bool) -> str:
        try:
            return self._keys.open_text(MESSAGE, sealed)
        except CryptoError:
            if not from_reporter:
                raise
            return self._keys.open_text(NOTE, sealed)  # reporters' additions were notes before revision 0003
