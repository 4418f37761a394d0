"""Starting, stopping, pausing and extending the clocks of cases, and keeping the queue's sort key beside them.

Which act starts which clock stands with the acts; how a due date is reckoned stands in knowledge.casework.clocks. One
clock nobody has to think of: that a case has no handler (`settle`).

What a newcomer gets wrong: a clock that is late is not paused or extended any more. What was missed stays missed, and
the level above sees it.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from handlers.services.case_moves import again, find, record, unchanged, worded
from handlers.services.errors import BadInput
from knowledge.casework.access import Permission
from knowledge.casework.clocks import (
    ClockFacts,
    ClockKind,
    Deadline,
    ExtensionNotAllowed,
    Pause,
    PausedTooLong,
    PauseNotAllowed,
    PausesOverlap,
    is_urgent,
    load_clocks,
    reckon,
    urgent_limit,
)
from knowledge.clock import local_date
from storage.repositories.cases import Case
from storage.repositories.clocks import ClockRow
from storage.repositories.officials import Official
from storage.tables.cases import NEVER
from storage.unit_of_work import UnitOfWork

SHORTEST_REASON: Final = 2
#: Clocks that end when a case does, or when it is found out.
UNTIL_CONCLUDED: Final = (ClockKind.URGENT, ClockKind.ASSIGNED, ClockKind.TALK_REPORT, ClockKind.LETTER_REPLY)


@dataclass(frozen=True, slots=True)
class Running:
    """A clock as it stands today."""

    clock: ClockRow
    deadline: Deadline


def today(uow: UnitOfWork) -> date:
    """The present date in Asia/Shanghai."""
    return local_date(uow.clock.now())


def reckoned(uow: UnitOfWork, clock: ClockRow) -> Deadline:
    """When a clock is due by the calendar in force, and how that was reckoned."""
    return reckon(facts_of(clock), uow.calendar, load_clocks())


def facts_of(clock: ClockRow) -> ClockFacts:
    """What a due date is reckoned from."""
    return ClockFacts(
        ClockKind(clock.kind),
        clock.started_on,
        stopped_on=clock.stopped_on,
        extended=clock.extended_by is not None,
        pauses=tuple(Pause(one.from_on, one.until_on) for one in clock.pauses),
        limit_on=clock.limit_on,
    )


def start(
    uow: UnitOfWork,
    case_id: int,
    kind: ClockKind,
    *,
    round_number: int = 1,
    about: int = 0,
    on: date | None = None,
    limit_on: date | None = None,
) -> date:
    """Start a clock today, or on another day; returns the day it is due."""
    started_on = on or today(uow)
    due_on = reckon(ClockFacts(kind, started_on, limit_on=limit_on), uow.calendar, load_clocks()).due_on
    uow.clocks.start(
        case_id,
        kind=kind,
        started_on=started_on,
        due_on=due_on,
        round_number=round_number,
        about=about,
        limit_on=limit_on,
    )
    return due_on


async def restart(
    uow: UnitOfWork, case: Case, kind: ClockKind, *, on: date | None = None, limit_on: date | None = None
) -> None:
    """Start a clock of the case's round, also one that has run in it before."""
    start(uow, case.id, kind, round_number=case.round, about=uow.ids.next(), on=on, limit_on=limit_on)


async def stop(uow: UnitOfWork, case_id: int, *kinds: ClockKind, about: int | None = None) -> None:
    """Stop the running clocks of some kinds."""
    for kind in kinds:
        await uow.clocks.stop(case_id, kind, today(uow), about=about)


async def stop_all(uow: UnitOfWork, case_id: int) -> None:
    """Stop whatever still runs: the case has ended."""
    await stop(uow, case_id, *ClockKind)


async def settle(uow: UnitOfWork, case_id: int) -> None:
    """Bring a case's clocks up to what was done to it; every act ends with this.

    The clock of a case that nobody handles runs as long as nobody does. The queue's sort key is the nearest date of
    all running clocks, or never.
    """
    case = await uow.clocks.standing(case_id)
    if case is None:
        return
    running = [clock for clock in await uow.clocks.of_case(case_id) if clock.is_running]
    dates = [reckoned(uow, clock).due_on for clock in running if clock.kind != ClockKind.UNASSIGNED]
    waiting = [reckoned(uow, clock).due_on for clock in running if clock.kind == ClockKind.UNASSIGNED]
    if not case.is_open or case.handled:
        if waiting:
            await stop(uow, case_id, ClockKind.UNASSIGNED)
    else:
        dates += waiting or [start(uow, case_id, ClockKind.UNASSIGNED, round_number=case.round, about=uow.ids.next())]
    nearest = min(dates, default=NEVER)
    if nearest != case.next_due_on:
        await uow.cases.set_next_due(case_id, nearest)


async def of_case(uow: UnitOfWork, case_id: int) -> tuple[Running, ...]:
    """All clocks of a case with their dates as they are today, running ones first, nearest first."""
    found = [Running(clock, reckoned(uow, clock)) for clock in await uow.clocks.of_case(case_id)]
    return tuple(sorted(found, key=lambda one: (not one.clock.is_running, one.deadline.due_on)))


def urgent_until(election_on: date | None, received_on: date) -> date | None:
    """The latest day of an urgent clock, when vote-buying is reported shortly before election day."""
    book = load_clocks()
    if election_on is None or not is_urgent(received_on, election_on, book):
        return None
    return urgent_limit(election_on, book)


async def pause(
    uow: UnitOfWork,
    official: Official,
    number: str,
    clock_id: int,
    *,
    from_on: date | None,
    until_on: date | None,
    why: str,
    seen: int | None = None,
) -> Case:
    """Let a clock stand still from a day on, up to the day before `until_on`: never for days that have passed."""
    why = worded("why", why, shortest=SHORTEST_REASON)
    if from_on is None:
        raise BadInput("from_on", "no_date")
    if until_on is None:
        raise BadInput("until_on", "no_date")
    if from_on < today(uow):
        raise BadInput("from_on", "past")
    if until_on <= from_on:
        raise BadInput("until_on", "before_it_begins")
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    unchanged(case, seen)
    clock = await _running_clock(uow, case, clock_id)
    if from_on > reckoned(uow, clock).due_on:
        raise BadInput("from_on", "after_due")
    facts = facts_of(clock)
    paused = replace(facts, pauses=(*facts.pauses, Pause(from_on, until_on)))
    due_on = _reckon_asked(uow, paused)
    await uow.clocks.pause(clock.id, from_on=from_on, until_on=until_on, reason=why, by=official.id, due_on=due_on)
    return await _changed(
        uow, official, case, "clock_paused", clock, due_on, from_on=str(from_on), until_on=str(until_on)
    )


async def resume(uow: UnitOfWork, official: Official, number: str, clock_id: int, *, seen: int | None = None) -> Case:
    """Let a clock that stands still count again from today; the first day of a pause stays one."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    unchanged(case, seen)
    clock, day = await _running_clock(uow, case, clock_id), today(uow)
    current = next((one for one in clock.pauses if one.from_on <= day < one.until_on), None)
    until_on = max(day, current.from_on + timedelta(days=1)) if current else day
    if current is None or until_on == current.until_on:
        raise BadInput("clock", "not_paused")
    kept = tuple(replace(one, until_on=until_on) if one is current else one for one in clock.pauses)
    due_on = reckoned(uow, replace(clock, pauses=kept)).due_on
    await uow.clocks.end_pause(current, clock.id, until_on=until_on, due_on=due_on)
    return await _changed(uow, official, case, "clock_resumed", clock, due_on, until_on=str(until_on))


async def extend(
    uow: UnitOfWork, official: Official, number: str, clock_id: int, why: str, *, seen: int | None = None
) -> Case:
    """Give a clock its one extension: before it is late, by somebody who may approve and does not handle the case."""
    why = worded("why", why, shortest=SHORTEST_REASON)
    case = await find(uow, official, number, Permission.APPROVE_FINDINGS)
    unchanged(case, seen)
    clock = await _running_clock(uow, case, clock_id)
    if case.handler_id == official.id:
        raise BadInput("clock", "own")
    if clock.extended_by is not None:
        raise BadInput("clock", "extended")
    if today(uow) > reckoned(uow, clock).due_on:
        raise BadInput("clock", "late")
    due_on = _reckon_asked(uow, replace(facts_of(clock), extended=True))
    await uow.clocks.extend(clock.id, by=official.id, reason=why, due_on=due_on)
    return await _changed(uow, official, case, "clock_extended", clock, due_on)


async def _running_clock(uow: UnitOfWork, case: Case, clock_id: int) -> ClockRow:
    for clock in await uow.clocks.of_case(case.id):
        if clock.id == clock_id and clock.is_running and case.merged_into_id is None:
            return clock
    raise BadInput("clock", "unknown")


def _reckon_asked(uow: UnitOfWork, facts: ClockFacts) -> date:
    """The due date that would follow; what the rules say against it is put to the field it comes from."""
    try:
        return reckon(facts, uow.calendar, load_clocks()).due_on
    except (PauseNotAllowed, ExtensionNotAllowed) as refused:
        raise BadInput("clock", refused.code) from refused
    except PausesOverlap as refused:
        raise BadInput("from_on", refused.code) from refused
    except PausedTooLong as refused:
        raise BadInput("until_on", refused.code) from refused


async def _changed(
    uow: UnitOfWork, official: Official, case: Case, act: str, clock: ClockRow, due_on: date, **detail: str
) -> Case:
    """A clock was changed by hand: the case counts as changed, so that nobody does it twice on the same page."""
    await uow.cases.change(case)
    await settle(uow, case.id)
    await record(uow, official, act, case, clock=clock.kind, was=str(clock.due_on), due_on=str(due_on), **detail)
    return await again(uow, case)
