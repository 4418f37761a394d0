"""What a reporter asked the level above after a missed date, and what that level answered.

What a newcomer gets wrong: the answer is no `case_message`. Those are read by the unit that missed the date, and it
learns neither that somebody asked above nor what was said there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.repositories.base import Repository
from storage.tables.cases import cases
from storage.tables.officials import place
from storage.tables.routing import escalation

ANSWER: Final = "case.escalation"


@dataclass(frozen=True, slots=True)
class Escalation:
    """One question to the levels above the unit that answered for the case then, and the answer once there is one."""

    id: int
    case_id: int
    unit_path: str
    clock_kind: str
    due_on: date
    asked_at: datetime
    answered_at: datetime | None
    answer: str | None


class Escalations(Repository):
    """Keeps what was asked above; an answer is never changed."""

    async def ask(self, case_id: int, clock_kind: str, due_on: date) -> bool:
        """Ask the level above about a date that was missed; False when that was asked before."""
        insert_ = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        result = await self._uow.execute(
            insert_(escalation)
            .values(
                case_id=case_id,
                unit_id=select(cases.c.unit_id).where(cases.c.id == case_id).scalar_subquery(),
                clock_kind=clock_kind,
                due_on=due_on,
                asked_at=self._uow.clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["case_id", "clock_kind", "due_on"])
        )
        return bool(result.rowcount)

    async def of_case(self, case_id: int) -> list[Escalation]:
        """Everything that was asked about a case, oldest first."""
        return await self._some(escalation.c.case_id == case_id)

    async def unanswered(self, case_ids: Sequence[int] | None = None) -> list[Escalation]:
        """What still waits for an answer, oldest first; of some cases, or of all."""
        condition: Any = escalation.c.answered_at.is_(None)
        if case_ids is not None:
            condition = condition & escalation.c.case_id.in_(case_ids)
        return await self._some(condition)

    async def answer(self, escalation_id: int, answer: str, *, by: int) -> None:
        """Keep the answer.

        Raises:
            RuleRefused: It was answered before.
        """
        await self._uow.execute(
            update(escalation)
            .where(escalation.c.id == escalation_id)
            .values(
                answered_by=by,
                answered_at=self._uow.clock.now(),
                answer_sealed=self._keys.seal_text(ANSWER, answer),
            )
        )

    async def _some(self, condition: Any) -> list[Escalation]:
        rows = await self._uow.read(
            select(escalation, place.c.path.label("unit_path"))
            .join(cases, cases.c.id == escalation.c.case_id)
            .join(place, place.c.id == func.coalesce(escalation.c.unit_id, cases.c.unit_id))
            .where(condition)
            .order_by(escalation.c.id)
        )
        return [
            Escalation(
                row.id,
                row.case_id,
                row.unit_path,
                row.clock_kind,
                row.due_on,
                row.asked_at,
                row.answered_at,
                self._keys.open_text(ANSWER, row.answer_sealed) if row.answer_sealed else None,
            )
            for row in rows
        ]
