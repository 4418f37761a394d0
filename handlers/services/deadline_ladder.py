"""The ladder of reminders: for each running clock the rung that fits today, once for each person who is to be told.

A tick plans and queues; between the two nothing is lost, because what was planned is a row. A rung is one row for
(clock, due date, stage, person), so that neither two ticks at once nor a machine's clock that jumps writes it twice.
What a person gets says only that something waits at the desk; which date it is stands there (`reminders_of`), also
for somebody without a chat for notices.

What a newcomer gets wrong: who is told is looked up again when it leaves. Whoever has stood back or handed the case
over since then is passed over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from typing import Final

from handlers.services.deadlines import today
from handlers.services.notices import OFFICIALS_CHANNEL
from knowledge.calendar import WorkingCalendar
from knowledge.casework.access import Permission, covers, may
from knowledge.casework.clocks import Audience, Stage, last_due, load_clocks, stage_on
from knowledge.casework.transfers import is_above
from knowledge.writing_hours import within_hours
from storage.outbox import Recipient
from storage.repositories.cases import Case
from storage.repositories.ladder import LadderClock, Rung
from storage.repositories.officials import Official
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

#: The rung beside the ladder: a changed calendar has moved the date.
MOVED: Final = "moved"
PAGE: Final = 200
_READ: Final = 400
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The due dates for which a stage is the one that fits a day, both included."""

    stage: Stage
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page of a plan ended."""

    due_on: date
    clock_id: int


@dataclass(frozen=True, slots=True)
class Planned:
    """What a page of a plan came to; `next_mark` is None on the last one."""

    count: int
    next_mark: Mark | None


@dataclass(frozen=True, slots=True)
class Queued:
    """What a page of a queue came to; `next_id` is None on the last one."""

    count: int
    next_id: int | None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A date an official was reminded of and that has not been met; `stage` is the last rung they were told of."""

    case: Case
    clock: LadderClock
    stage: str


class _Fate(Enum):
    """What becomes of a planned rung: it leaves, its reason has gone, or its day is still to come."""

    SEND = auto()
    DROP = auto()
    WAIT = auto()


def audience_of(
    audience: Iterable[Audience],
    *,
    unit_path: str,
    handler_id: int | None,
    officials: Iterable[Official],
    recused: frozenset[int],
) -> frozenset[int]:
    """Who is told of a rung.

    - The handler; without one, those who work on cases at the unit.
    - Whoever leads the unit, other than the handler.
    - Whoever leads the nearest level above; at the highest there is, whoever leads that.

    Where a level has nobody left, the nearest one above has. Nobody who stands back, nobody whose seat is closed.
    """
    seats = [one for one in officials if one.active and one.id not in recused and covers(one.place_path, unit_path)]
    leads = [one for one in seats if may(one.role, Permission.LEAD_UNIT) and one.id != handler_id]
    above = [one for one in leads if is_above(one.place_path, unit_path)]
    told: set[int] = set()
    for who in audience:
        if who is Audience.HANDLER:
            handles = [one for one in seats if may(one.role, Permission.HANDLE_CASES)]
            told |= {one.id for one in handles if one.id == handler_id} or _nearest(handles)
        elif who is Audience.LEADER:
            told |= _nearest(leads)
        else:
            told |= _nearest(above) or _nearest(leads)
    return frozenset(told)


def spans(day: date, calendar: WorkingCalendar, ladder: Sequence[Stage]) -> Iterator[Span]:
    """For each stage the due dates it fits on a day: what `stage_on` says of each date, turned round."""
    lasts = [last_due(day, stage.offset, calendar) for stage in ladder]
    firsts = [*(last + _ONE_DAY for last in lasts[1:]), date.min]
    for stage, first_on, last_on in zip(ladder, firsts, lasts, strict=True):
        if first_on <= last_on:
            yield Span(stage, first_on, last_on)


async def plan(uow: UnitOfWork, span: Span, after: Mark | None = None) -> Planned:
    """Write down a stage's rungs for a page of clocks; at night nothing is planned."""
    now = uow.clock.now()
    if within_hours(now) != now:
        return Planned(0, None)
    found = await uow.ladder.reached(
        span.stage.id,
        first_on=span.first_on,
        last_on=span.last_on,
        today=today(uow),
        after=(after.due_on, after.clock_id) if after else None,
        limit=PAGE,
    )
    if not found:
        return Planned(0, None)
    officials = await uow.officials.all()
    recused = await uow.ladder.recused(clock.case_id for clock in found)
    known = await uow.ladder.told_of([clock.id for clock in found])
    later = {one.id for one in load_clocks().ladder if one.offset > span.stage.offset}
    count = 0
    for clock in found:
        if _stage(uow, clock) != span.stage:
            continue
        for official_id in sorted(_told(clock, span.stage.audience, officials, recused[clock.case_id])):
            # After a machine's clock was set back, nobody is told again of what lies before what they know.
            if known.get((clock.id, clock.due_on, official_id), set()) & later:
                continue
            count += await uow.ladder.plan(clock.id, clock.due_on, span.stage.id, official_id, now)
    last = found[-1]
    return Planned(count, Mark(last.due_on, last.id) if len(found) == PAGE else None)


async def plan_moved(uow: UnitOfWork, clock: LadderClock, recused: frozenset[int]) -> int:
    """Write down, for the handler or the unit's handlers, that a clock has another date; returns for how many."""
    at, told = within_hours(uow.clock.now()), 0
    for official_id in sorted(_told(clock, (Audience.HANDLER,), await uow.officials.all(), recused)):
        told += await uow.ladder.plan(clock.id, clock.due_on, MOVED, official_id, at)
    return told


async def queue(uow: UnitOfWork, after: int = 0) -> Queued:
    """Move a page of planned rungs to the outbox: one content-free notice for each person; at night none.

    Every rung is marked, also where its person has no chat for notices, and where its reason has gone.
    """
    now = uow.clock.now()
    if within_hours(now) != now:
        return Queued(0, None)
    rungs = await uow.ladder.unmarked(after=after, limit=PAGE)
    if not rungs:
        return Queued(0, None)
    fates = await _fates(uow, rungs)
    marked = await uow.ladder.mark([one.id for one in rungs if fates[one.id] is not _Fate.WAIT])
    first = {one.official_id: one.id for one in reversed(rungs) if one.id in marked and fates[one.id] is _Fate.SEND}
    chats = await uow.officials.notice_chats(first)
    for official_id, chat_id in chats.items():
        await uow.outbox.put(
            kind="notice",
            dedupe_key=f"notice/deadline/{first[official_id]}",
            recipient=Recipient(OFFICIALS_CHANNEL, chat_id),
            payload={"notice": "desk_item_waiting", "data": {}},
        )
    return Queued(len(chats), rungs[-1].id if len(rungs) == PAGE else None)


async def reminders_of(uow: UnitOfWork, official: Official, *, limit: int) -> list[Reminder]:
    """The dates an official was reminded of and that still wait, nearest first; each once, with its last rung."""
    latest: dict[int, Rung] = {}
    for rung in await uow.ladder.of_official(official, limit=_READ):
        if rung.clock is not None:
            known = latest.get(rung.clock.id)
            if known is None or _offset(rung.stage) >= _offset(known.stage):
                latest[rung.clock.id] = rung
    wanted = sorted({rung.clock.case_id for rung in latest.values() if rung.clock})
    if not wanted:
        return []
    seen = await uow.cases.matching(case_table.c.id.in_(wanted), visible_to=official, limit=len(wanted))
    officials, recused = await uow.officials.all(), await uow.ladder.recused(wanted)
    by_id = {case.id: case for case in seen}
    found = [
        Reminder(by_id[rung.clock.case_id], rung.clock, rung.stage)
        for rung in latest.values()
        if rung.clock
        and rung.clock.case_id in by_id
        and official.id in _told(rung.clock, _audience(rung.stage), officials, recused[rung.clock.case_id])
    ]
    return found[:limit]


async def _fates(uow: UnitOfWork, rungs: Sequence[Rung]) -> dict[int, _Fate]:
    officials = await uow.officials.all()
    recused = await uow.ladder.recused(one.clock.case_id for one in rungs if one.clock)
    return {one.id: _fate(uow, one, officials, recused) for one in rungs}


def _fate(uow: UnitOfWork, rung: Rung, officials: Sequence[Official], recused: Mapping[int, frozenset[int]]) -> _Fate:
    if rung.clock is None:
        return _Fate.DROP
    if rung.stage != MOVED:
        fitting = _stage(uow, rung.clock)
        if fitting is None or _offset(rung.stage) > fitting.offset:
            return _Fate.WAIT
        if _offset(rung.stage) < fitting.offset:
            return _Fate.DROP
    told = _told(rung.clock, _audience(rung.stage), officials, recused[rung.clock.case_id])
    return _Fate.SEND if rung.official_id in told else _Fate.DROP


def _stage(uow: UnitOfWork, clock: LadderClock) -> Stage | None:
    return stage_on(clock.due_on, today(uow), uow.calendar, load_clocks(), started_on=clock.started_on)


def _told(
    clock: LadderClock, audience: Iterable[Audience], officials: Iterable[Official], recused: frozenset[int]
) -> frozenset[int]:
    return audience_of(
        audience, unit_path=clock.unit_path, handler_id=clock.handler_id, officials=officials, recused=recused
    )


def _audience(stage: str) -> tuple[Audience, ...]:
    if stage == MOVED:
        return (Audience.HANDLER,)
    return next((one.audience for one in load_clocks().ladder if one.id == stage), ())


def _offset(stage: str) -> int:
    """Where a rung stands; before all others when the content no longer has it, or it was never one."""
    ladder = load_clocks().ladder
    return next((one.offset for one in ladder if one.id == stage), ladder[0].offset - 1)


def _nearest(seats: Iterable[Official]) -> set[int]:
    """Those of the level nearest to the case."""
    listed = list(seats)
    nearest = max((len(one.place_path) for one in listed), default=0)
    return {one.id for one in listed if len(one.place_path) == nearest}
