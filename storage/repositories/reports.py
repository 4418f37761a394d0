"""Reports in writing: sealed drafts, at most one in writing for a person; finished ones that wait for their turn."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.batched_reads import BatchedRead
from storage.engine import Database
from storage.repositories.base import Repository
from storage.tables.cases import cases, consent, report_draft

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


@dataclass(frozen=True, slots=True)
class Agreed:
    """Consent to keeping a name: the version of the text that was shown, and when."""

    text_version: str
    given_at: datetime


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

    async def queue(self, draft: Draft, submit_at: datetime) -> None:
        """Let a finished draft wait until it becomes a case by itself; another may be begun."""
        await self._uow.execute(
            update(report_draft)
            .where(report_draft.c.id == draft.id, report_draft.c.state == "writing")
            .values(
                state="queued",
                step=draft.step,
                answers_sealed=self._sealed(draft.answers),
                changed_at=self._uow.clock.now(),
                submit_at=submit_at,
            )
        )
        self._known[draft.person_id] = None

    async def queued_of(self, person_id: int) -> list[datetime]:
        """When a person's waiting drafts are to be filed, soonest first."""
        query = select(report_draft.c.submit_at).where(
            report_draft.c.person_id == person_id, report_draft.c.state == "queued"
        )
        return sorted(row.submit_at for row in await self._uow.read(query))

    async def due(self, limit: int = 200) -> list[int]:
        """The waiting drafts whose turn has come, in order."""
        query = (
            select(report_draft.c.id)
            .where(report_draft.c.state == "queued", report_draft.c.submit_at <= self._uow.clock.now())
            .order_by(report_draft.c.submit_at, report_draft.c.id)
            .limit(limit)
        )
        return [row.id for row in await self._uow.read(query)]

    async def take(self, draft_id: int) -> Draft | None:
        """Take a waiting draft, once; the caller files it in this very unit of work. None: somebody else did."""
        taken = (
            await self._uow.execute(
                update(report_draft)
                .where(report_draft.c.id == draft_id, report_draft.c.state == "queued")
                .values(state="submitted", submit_at=None, changed_at=self._uow.clock.now())
                .returning(
                    report_draft.c.id,
                    report_draft.c.person_id,
                    report_draft.c.step,
                    report_draft.c.answers_sealed,
                )
            )
        ).first()
        return self._opened(taken) if taken else None

    async def submitted(self, draft: Draft) -> None:
        """Close a draft that became a case; what it said stands there now."""
        await self._uow.execute(
            update(report_draft)
            .where(report_draft.c.id == draft.id)
            .values(state="submitted", step=draft.step, answers_sealed=None, changed_at=self._uow.clock.now())
        )
        self._left(draft)

    async def delete(self, draft: Draft) -> None:
        """Leave nothing of a draft: nobody is to find from the chat to the case."""
        await self._uow.execute(delete(report_draft).where(report_draft.c.id == draft.id))
        self._left(draft)

    async def agree(self, draft: Draft, text_version: str) -> None:
        """Note that the reporter agrees to a name being kept, after reading a text; the first time counts."""
        insert = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        values = {"draft_id": draft.id, "text_version": text_version, "given_at": self._uow.clock.now()}
        await self._uow.execute(insert(consent).values(**values).on_conflict_do_nothing())

    async def agreed(self, draft_id: int) -> Agreed | None:
        """What the reporter agreed to; None when they did not, or not any more."""
        query = select(consent.c.text_version, consent.c.given_at).where(consent.c.draft_id == draft_id)
        rows = await self._uow.read(query)
        return Agreed(rows[0].text_version, rows[0].given_at) if rows else None

    async def agreed_of_case(self, case_id: int) -> Agreed | None:
        """What the reporter of a case agreed to; None where no name was left in the chat."""
        query = select(consent.c.text_version, consent.c.given_at).join(cases, cases.c.draft_id == consent.c.draft_id)
        rows = await self._uow.read(query.where(cases.c.id == case_id))
        return Agreed(rows[0].text_version, rows[0].given_at) if rows else None

    async def disagree(self, draft: Draft) -> None:
        """The reporter leaves no name after all."""
        if await self.agreed(draft.id):
            await self._uow.execute(delete(consent).where(consent.c.draft_id == draft.id))

    async def begun_at(self, case_id: int) -> datetime | None:
        """When the report of a case was begun; None where nothing of its draft was kept."""
        query = select(report_draft.c.started_at).join(cases, cases.c.draft_id == report_draft.c.id)
        rows = await self._uow.read(query.where(cases.c.id == case_id))
        begun: datetime | None = rows[0].started_at if rows else None
        return begun

    async def finish(self, draft: Draft, state: str) -> None:
        """Close a draft as `submitted` or `dropped`; what it said is forgotten here."""
        # At once, not at commit: there inserts go first, and the next draft would meet this one still in writing.
        await self._uow.execute(_SAVE, self._values(draft, state, None))
        self._known[draft.person_id] = None

    def _left(self, draft: Draft) -> None:
        if self._known.get(draft.person_id) is draft:
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
