"""Rungs of the ladder of reminders: which clocks have reached one, who was to be told, who was.

A row of `deadline_notice` is one rung of one clock with one due date for one person. The table takes it once, and lets
it be marked once; whoever wins the mark tells the person.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, and_, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.casework.clocks import ClockKind
from storage.repositories.base import Repository
from storage.repositories.cases import within
from storage.repositories.officials import Official
from storage.tables.cases import cases
from storage.tables.deadlines import case_clock, deadline_notice
from storage.tables.officials import place
from storage.tables.routing import recusal, transfer

#: Clocks that a reporter starts, also after the end of a case; every other stops with it.
AFTER_THE_END: Final = (ClockKind.REPLY, ClockKind.REVIEW)

_unit = place.alias("answering_unit")
_asked = place.alias("asked_unit")


@dataclass(frozen=True, slots=True)
class LadderClock:
    """A running clock with those who answer for it: the unit of its case or, for an offered case, the unit asked."""

    id: int
    case_id: int
    kind: str
    started_on: date
    due_on: date
    moved_from: date | None
    unit_path: str
    handler_id: int | None


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung for one person; `clock` is None when its reason has gone: stopped, moved, merged, ended."""

    id: int
    stage: str
    official_id: int
    clock: LadderClock | None


class Ladder(Repository):
    """Finds, plans and marks rungs."""

    async def reached(
        self,
        stage: str,
        *,
        first_on: date,
        last_on: date,
        today: date,
        after: tuple[date, int] | None = None,
        limit: int = 200,
    ) -> list[LadderClock]:
        """Running clocks due within a span of days for which a rung was not planned, nearest first.

        A clock that starts today has no rung yet.
        """
        planned = exists().where(
            deadline_notice.c.clock_id == case_clock.c.id,
            deadline_notice.c.due_on == case_clock.c.due_on,
            deadline_notice.c.stage == stage,
        )
        query = (
            select(*_COLUMNS)
            .select_from(_CLOCKS)
            .where(_counts(), case_clock.c.due_on.between(first_on, last_on), case_clock.c.started_on < today, ~planned)
        )
        if after is not None:
            day, clock_id = after
            later = and_(case_clock.c.due_on == day, case_clock.c.id > clock_id)
            query = query.where(or_(case_clock.c.due_on > day, later))
        rows = await self._uow.read(query.order_by(case_clock.c.due_on, case_clock.c.id).limit(limit))
        return [_clock(row) for row in rows]

    async def running(self, clock_ids: Sequence[int]) -> list[LadderClock]:
        """Those of some clocks that count, by id."""
        query = select(*_COLUMNS).select_from(_CLOCKS).where(_counts(), case_clock.c.id.in_(clock_ids))
        rows = await self._uow.read(query.order_by(case_clock.c.id)) if clock_ids else []
        return [_clock(row) for row in rows]

    async def told_of(self, clock_ids: Sequence[int]) -> dict[tuple[int, date, int], set[str]]:
        """The rungs that were planned for some clocks: stages by clock, due date and person."""
        found: dict[tuple[int, date, int], set[str]] = defaultdict(set)
        query = select(deadline_notice).where(deadline_notice.c.clock_id.in_(clock_ids))
        for row in await self._uow.read(query) if clock_ids else ():
            found[row.clock_id, row.due_on, row.official_id].add(row.stage)
        return found

    async def recused(self, case_ids: Iterable[int]) -> dict[int, frozenset[int]]:
        """Who stands back from some cases."""
        found: dict[int, set[int]] = defaultdict(set)
        wanted = sorted(set(case_ids))
        query = select(recusal.c.case_id, recusal.c.official_id).where(recusal.c.case_id.in_(wanted))
        for row in await self._uow.read(query) if wanted else ():
            found[row.case_id].add(row.official_id)
        return {case_id: frozenset(found[case_id]) for case_id in wanted}

    async def plan(self, clock_id: int, due_on: date, stage: str, official_id: int, due_at: datetime) -> bool:
        """Write a rung down for somebody; False when it was written before."""
        insert = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        values = {"clock_id": clock_id, "due_on": due_on, "stage": stage, "official_id": official_id, "due_at": due_at}
        result = await self._uow.execute(insert(deadline_notice).values(**values).on_conflict_do_nothing())
        return bool(result.rowcount)

    async def unmarked(self, *, after: int = 0, limit: int = 500) -> list[Rung]:
        """Rungs nobody has acted on, in the order they were planned, behind a rung."""
        query = _rungs().where(deadline_notice.c.queued_at.is_(None), deadline_notice.c.id > after)
        rows = await self._uow.read(query.order_by(deadline_notice.c.id).limit(limit))
        return [_rung(row) for row in rows]

    async def mark(self, ids: Sequence[int]) -> frozenset[int]:
        """Mark rungs as done with; returns those that nobody else had marked."""
        if not ids:
            return frozenset()
        marked = (
            update(deadline_notice)
            .where(deadline_notice.c.id.in_(ids), deadline_notice.c.queued_at.is_(None))
            .values(queued_at=self._uow.clock.now())
            .returning(deadline_notice.c.id)
        )
        return frozenset(row.id for row in await self._uow.execute(marked))

    async def of_official(self, official: Official, *, limit: int) -> list[Rung]:
        """An official's rungs of clocks that still run towards that date, nearest first.

        Never of a case they stand back from, and none of a case that has gone to a level above.
        """
        mine = exists().where(recusal.c.case_id == cases.c.id, recusal.c.official_id == official.id)
        query = _rungs().where(
            deadline_notice.c.official_id == official.id,
            deadline_notice.c.queued_at.is_not(None),
            _still_for(deadline_notice.c.due_on),
            within(_unit, official.place_path),
            ~mine,
        )
        rows = await self._uow.read(query.order_by(case_clock.c.due_on, deadline_notice.c.id).limit(limit))
        return [_rung(row) for row in rows]


_CLOCKS: Final = (
    case_clock.join(cases, cases.c.id == case_clock.c.case_id)
    .join(_unit, _unit.c.id == cases.c.unit_id)
    .outerjoin(transfer, and_(case_clock.c.kind == ClockKind.TRANSFER, transfer.c.id == case_clock.c.about))
    .outerjoin(_asked, _asked.c.id == transfer.c.to_unit_id)
)
_COLUMNS: Final = (
    case_clock.c.id.label("clock_id"),
    case_clock.c.case_id,
    case_clock.c.kind,
    case_clock.c.started_on,
    case_clock.c.due_on,
    case_clock.c.moved_from,
    cases.c.handler_id,
    _unit.c.path.label("unit_path"),
    _asked.c.path.label("asked_path"),
)


def _counts() -> Any:
    """A clock that counts: running, of a case that does not wait behind another, and that has not ended."""
    ended = and_(cases.c.closed_at.is_not(None), case_clock.c.kind.not_in(AFTER_THE_END))
    return and_(case_clock.c.stopped_on.is_(None), cases.c.merged_into_id.is_(None), ~ended)


def _still_for(due_on: Any) -> Any:
    """A clock that counts and is still due on that day."""
    return and_(_counts(), case_clock.c.due_on == due_on)


def _rungs() -> Select[Any]:
    notice = deadline_notice
    counts = _still_for(notice.c.due_on).label("counts")
    columns = (notice.c.id.label("notice_id"), notice.c.stage, notice.c.official_id, counts, *_COLUMNS)
    return select(*columns).select_from(_CLOCKS.join(notice, notice.c.clock_id == case_clock.c.id))


def _rung(row: Any) -> Rung:
    return Rung(row.notice_id, row.stage, row.official_id, _clock(row) if row.counts else None)


def _clock(row: Any) -> LadderClock:
    """An offered case has no handler at the unit asked."""
    return LadderClock(
        row.clock_id,
        row.case_id,
        row.kind,
        row.started_on,
        row.due_on,
        row.moved_from,
        row.asked_path or row.unit_path,
        None if row.asked_path else row.handler_id,
    )
