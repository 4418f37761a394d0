"""Reports in writing: sealed drafts, at most one in writing for a person."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.batched_reads import BatchedRead
from storage.engine import Database
from storage.repositories.base import Repository
from storage.tables.cases import report_draft

if TYPE_CHECKING:
    from storage.unit_of_work import UnitOfWork

ANSWERS: Final = "draft"
_IN_WRITING: Final = select(
    report_draft.c.id, report_draft.c.person_id, report_draft.c.step, report_draft.c.answers_sealed
).where(report_draft.c.person_id.in_(bindparam("people", expanding=True)), report_draft.c.state == "writing")
_SAVE: Final = (
    update(report_draft)
    .where(report_draft.c.id == bindparam("draft"), report_draft.c.state == "writing")
    .values(
        state=bindparam("new_state"),
        step=bindparam("new_step"),
        answers_sealed=bindparam("new_answers"),
        changed_at=bindparam("now"),
    )
)


@dataclass(slots=True)
class Draft:
    """A report in writing: at which prompt it stands and what was answered so far."""

    id: int
    person_id: int
    step: str
    answers: dict[str, Any]


class OpenDrafts(BatchedRead[int, Any]):
    """Looks open drafts up for many people at once: person id -> row."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, _open)


async def _open(connection: AsyncConnection, people: list[int]) -> dict[int, Any]:
    return {row.person_id: row for row in await connection.execute(_IN_WRITING, {"people": people})}


class Drafts(Repository):
    """Finds and keeps drafts. Inside a unit of work one draft is one object."""

    def __init__(self, uow: "UnitOfWork") -> None:
        super().__init__(uow)
        self._known: dict[int, Draft | None] = {}

    async def in_writing(self, person_id: int) -> Draft | None:
        """The person's open draft."""
        if person_id not in self._known:
            row = await self._uow.storage.open_drafts.load(person_id)
            self._known[person_id] = self._opened(row) if row else None
        return self._known[person_id]

    async def start(self, person_id: int, step: str, answers: dict[str, Any]) -> Draft:
        """A new draft."""
        draft = Draft(self._uow.ids.next(), person_id, step, answers)
        now = self._uow.clock.now()
        self._uow.append(
            report_draft,
            id=draft.id,
            person_id=person_id,
            state="writing",
            step=step,
            answers_sealed=self._sealed(answers),
            started_at=now,
            changed_at=now,
        )
        self._known[person_id] = draft
        return draft

    async def save(self, draft: Draft) -> None:
        """Write a changed draft."""
        self._uow.amend(_SAVE, **self._values(draft, "writing", self._sealed(draft.answers)))

    async def finish(self, draft: Draft, state: str) -> None:
        """Close a draft as `submitted` or `dropped`; what it said is forgotten here."""
        # At once, not at commit: there inserts go first, and the next draft would meet this one still in writing.
        await self._uow.execute(_SAVE, self._values(draft, state, None))
        self._known[draft.person_id] = None

    def _values(self, draft: Draft, state: str, answers_sealed: bytes | None) -> dict[str, Any]:
        return {
            "draft": draft.id,
            "new_state": state,
            "new_step": draft.step,
            "new_answers": answers_sealed,
            "now": self._uow.clock.now(),
        }

    def _opened(self, row: Any) -> Draft:
        answers = json.loads(self._keys.open_text(ANSWERS, row.answers_sealed)) if row.answers_sealed else {}
        return Draft(row.id, row.person_id, row.step, answers)

    def _sealed(self, answers: dict[str, Any]) -> bytes:
        return self._keys.seal_text(ANSWERS, json.dumps(answers, ensure_ascii=False))
