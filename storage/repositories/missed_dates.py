"""Promised dates that have passed and of which a reporter was not told yet.

That somebody was told stands in the outbox, under a key of clock, date and person; there is no second record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import String, cast, exists, literal, or_, select

from storage.repositories.base import Repository
from storage.tables.cases import cases
from storage.tables.deadlines import case_clock
from storage.tables.records import outbox


@dataclass(frozen=True, slots=True)
class Untold:
    """A late clock of a case, and a report (the case, or one merged into it) whose reporter has a chat."""

    clock_id: int
    due_on: date
    case_id: int
    report_id: int
    person_id: int

    @property
    def cause(self) -> str:
        """What makes the message leave once; the person is added to it."""
        return f"missed/{self.clock_id}/{self.due_on}"


class MissedDates(Repository):
    """Finds them."""

    async def untold(self, kinds: Sequence[str], *, due_from: date, due_until: date, limit: int) -> list[Untold]:
        """Running clocks of some kinds due within some days, oldest first, with each reporter who has not heard."""
        key = (
            literal("missed/")
            .concat(cast(case_clock.c.id, String))
            .concat("/")
            .concat(cast(case_clock.c.due_on, String))
            .concat("/")
            .concat(cast(cases.c.person_id, String))
        )
        query = (
            select(
                case_clock.c.id,
                case_clock.c.due_on,
                case_clock.c.case_id,
                cases.c.id.label("report"),
                cases.c.person_id,
            )
            .join(cases, or_(cases.c.id == case_clock.c.case_id, cases.c.merged_into_id == case_clock.c.case_id))
            .where(
                case_clock.c.stopped_on.is_(None),
                case_clock.c.kind.in_(kinds),
                case_clock.c.due_on.between(due_from, due_until),
                cases.c.person_id.is_not(None),
                ~exists().where(outbox.c.dedupe_key == key),
            )
            .order_by(case_clock.c.due_on, case_clock.c.id, cases.c.id)
            .limit(limit)
        )
        return [
            Untold(row.id, row.due_on, row.case_id, row.report, row.person_id) for row in await self._uow.read(query)
        ]
