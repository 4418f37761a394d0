"""Reports in writing: sealed drafts, at most one in writing for a person."""

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert, select, update

from storage.repositories.base import Repository
from storage.tables.cases import report_draft

ANSWERS: Final = "draft"


@dataclass(slots=True)
class Draft:
    """A report in writing: at which prompt it stands and what was answered so far."""

    id: int
    person_id: int
    step: str
    answers: dict[str, Any]


class Drafts(Repository):
    """Finds and keeps drafts."""

    async def in_writing(self, person_id: int) -> Draft | None:
        """The person's open draft."""
        rows = await self._uow.read(
            select(report_draft).where(report_draft.c.person_id == person_id, report_draft.c.state == "writing")
        )
        if not rows:
            return None
        row = rows[0]
        answers = json.loads(self._keys.open_text(ANSWERS, row.answers_sealed)) if row.answers_sealed else {}
        return Draft(row.id, row.person_id, row.step, answers)

    async def start(self, person_id: int, step: str, answers: dict[str, Any]) -> Draft:
        """A new draft."""
        draft = Draft(self._uow.ids.next(), person_id, step, answers)
        now = self._uow.clock.now()
        await self._uow.execute(
            insert(report_draft).values(
                id=draft.id,
                person_id=person_id,
                state="writing",
                step=step,
                answers_sealed=self._sealed(answers),
                started_at=now,
                changed_at=now,
            )
        )
        return draft

    async def save(self, draft: Draft) -> None:
        """Write a changed draft."""
        await self._uow.execute(
            update(report_draft)
            .where(report_draft.c.id == draft.id)
            .values(step=draft.step, answers_sealed=self._sealed(draft.answers), changed_at=self._uow.clock.now())
        )

    async def finish(self, draft: Draft, state: str) -> None:
        """Close a draft as `submitted` or `dropped`; what it said is forgotten here."""
        await self._uow.execute(
            update(report_draft)
            .where(report_draft.c.id == draft.id)
            .values(state=state, answers_sealed=None, changed_at=self._uow.clock.now())
        )

    def _sealed(self, answers: dict[str, Any]) -> bytes:
        return self._keys.seal_text(ANSWERS, json.dumps(answers, ensure_ascii=False))
