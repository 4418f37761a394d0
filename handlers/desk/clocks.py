"""The clocks of a case as its page shows them, and the reminders of the first page.

Pure but for `reminders`: what a date is reckoned from comes with the case's file; here it becomes sentences. What a
newcomer gets wrong: a clock that has stopped is judged by the date it had then, not by a calendar imported later.
"""

from datetime import date, timedelta
from typing import Any, Final

from handlers.desk import dates, words
from handlers.services import deadline_ladder
from handlers.services.cases import CaseFile
from handlers.services.deadlines import Running, facts_of
from knowledge.casework.access import Permission, may
from knowledge.casework.clocks import (
    Basis,
    ClockKind,
    ClockRule,
    ClockState,
    ClockStep,
    ClockStepKind,
    Length,
    load_clocks,
    state_on,
)
from storage.repositories.clocks import ClockRow, PauseRow
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

_PAIR: Final = 2
_ONE_DAY: Final = timedelta(days=1)
_BADGES: Final = {ClockState.KEPT: "ok", ClockState.MISSED: "warn", ClockState.PAUSED: "neutral"}


def clocks_context(file: CaseFile, official: Official, today: date) -> dict[str, Any]:
    """The template's names for the clocks of a case, and for the forms this official may use on them."""
    running = [one.clock for one in file.clocks if one.clock.is_running]
    handles = may(official.role, Permission.HANDLE_CASES) and file.case.merged_into_id is None
    approves = may(official.role, Permission.APPROVE_FINDINGS) and file.case.merged_into_id is None
    in_time = [one.clock for one in file.clocks if one.clock.is_running and one.deadline.due_on >= today]
    extendable = [one for one in in_time if _rule(one).extendable_months and one.extended_by is None]
    return {
        "running": [clock_row(one, today) for one in file.clocks if one.clock.is_running],
        "stopped": [clock_row(one, today) for one in file.clocks if not one.clock.is_running],
        "pausable": [(one.id, f"{_rule(one).name}（{_days_left(one)}）") for one in in_time if _rule(one).pausable]
        if handles
        else [],
        "extendable": [(one.id, f"{_rule(one).name}（延{_rule(one).extendable_months}个月）") for one in extendable]
        if approves and file.case.handler_id != official.id
        else [],
        "paused": [(one.id, _rule(one).name) for one in running if _current(one, today)] if handles else [],
    }


def clock_row(one: Running, today: date) -> dict[str, Any]:
    """One clock: what it is, on whose word, when it is due, where it stands, and how that was reckoned."""
    clock, rule = one.clock, _rule(one.clock)
    due_on = one.deadline.due_on if clock.is_running else clock.due_on
    state = state_on(facts_of(clock), due_on, today)
    badge, text = _standing(state, clock, due_on, today)
    again = due_on == one.deadline.due_on
    return {
        "id": clock.id,
        "name": rule.name + (f"（第 {clock.round} 次办理）" if clock.round > 1 else ""),
        "due": dates.day(due_on),
        "badge": badge,
        "text": text,
        "basis": rule.basis_said if rule.basis is Basis.LAW else f"{rule.source}，不是法律规定的",
        "length": rule.length_said,
        "until": rule.stops,
        "steps": explain(one) if again else [words.RECKONED_BY_ANOTHER_CALENDAR],
        "pauses": [_pause(pause) for pause in clock.pauses],
        "extension": _extension(clock),
        "moved": words.MOVED.format(was=dates.day(clock.moved_from)) if clock.moved_from and clock.is_running else None,
        "provisional": words.PROVISIONAL.format(year=due_on.year)
        if one.deadline.provisional and clock.is_running
        else None,
    }


def explain(one: Running) -> list[str]:
    """How a due date was reckoned: its start, every day passed over and why, every make-up day counted, its end."""
    rule = _rule(one.clock)
    return [*(_step(step, rule) for step in one.deadline.steps), f"所以最晚是{dates.day(one.deadline.due_on)}。"]


async def reminders(uow: UnitOfWork, official: Official, today: date, *, limit: int) -> list[dict[str, Any]]:
    """The dates an official was reminded of, for the first page."""
    found = await deadline_ladder.reminders_of(uow, official, limit=limit)
    return [
        {
            "number": one.case.number,
            "href": f"/desk/cases/{one.case.number}#clocks",
            "place": one.case.place_name,
            "what": load_clocks().rules[ClockKind(one.clock.kind)].name,
            "when": dates.day(one.clock.due_on),
            "due": dates.due(one.clock.due_on, today),
            "moved": words.MOVED_SHORT.format(was=dates.short_day(one.clock.moved_from))
            if one.clock.moved_from
            else "",
            "handler": one.case.handler_name or "还没有人",
            "urgent": one.clock.due_on <= today,
        }
        for one in found
    ]


def _rule(clock: ClockRow) -> ClockRule:
    return load_clocks().rules[ClockKind(clock.kind)]


def _standing(state: ClockState, clock: ClockRow, due_on: date, today: date) -> tuple[str, str]:
    if state in (ClockState.RUNNING, ClockState.LATE):
        due = dates.due(due_on, today)
        return due.kind, due.text
    said = words.CLOCK_STATES[state]
    if clock.stopped_on is not None:
        late = (clock.stopped_on - due_on).days
        return _BADGES[state], said.format(day=dates.short_day(clock.stopped_on), days=late)
    current = _current(clock, today)
    return _BADGES[state], said.format(day=dates.short_day(current.until_on)) if current else said


def _current(clock: ClockRow, today: date) -> PauseRow | None:
    return next((one for one in clock.pauses if one.from_on <= today < one.until_on), None)


def _days_left(clock: ClockRow) -> str:
    used = sum((one.until_on - one.from_on).days for one in clock.pauses)
    return f"还能停{max(0, load_clocks().most_paused_days - used)}天"


def _pause(one: PauseRow) -> dict[str, str]:
    span = _span(one.from_on, one.until_on - _ONE_DAY)
    return {"when": span, "who": one.who, "reason": one.reason}


def _extension(clock: ClockRow) -> dict[str, str] | None:
    if clock.extended_at is None:
        return None
    return {"when": dates.moment(clock.extended_at), "who": clock.extender, "reason": clock.extension or ""}


def _step(step: ClockStep, rule: ClockRule) -> str:
    first, span = dates.day(step.first_on), _span(step.first_on, step.last_on)
    said = {
        ClockStepKind.STARTED: f"{first}，{rule.starts}。{_length(rule)}",
        ClockStepKind.WEEKEND: f"{span}，周末，不算。",
        ClockStepKind.HOLIDAY: f"{span}，{step.name or '节假日'}放假，不算。",
        ClockStepKind.MAKE_UP: f"{span}，调休上班，要算。",
        ClockStepKind.PAUSED: f"{span}，停了，不算。",
        ClockStepKind.EXTENDED: f"批准延长：从{first}延到{dates.day(step.last_on)}。",
        ClockStepKind.LIMITED: f"数满是{dates.day(step.last_on)}，可是不能晚于{first}。",
        ClockStepKind.NAMED: f"定的就是{first}这一天，不往后推。",
    }
    return said[step.kind]


def _length(rule: ClockRule) -> str:
    if rule.unit is Length.NAMED_DAY:
        return ""
    if rule.unit is Length.MONTHS:
        return f"当天不算，数{rule.length_said}，到同一个日子为止。周末、放假都算在内，不往后推。"
    if rule.unit is Length.WORKING_DAYS:
        return f"当天不算，从第二天起数{rule.length_said}。"
    return f"当天不算，从第二天起数{rule.length_said}，周末、放假都算在内。"


def _span(first_on: date, last_on: date) -> str:
    """Days in a row: one, two, or from the first to the last."""
    days = (last_on - first_on).days + 1
    if days == 1:
        return dates.day(first_on)
    if days == _PAIR:
        return f"{dates.day(first_on)}、{dates.day(last_on)}"
    return f"{dates.day(first_on)}到{dates.day(last_on)}，一共{days}天"
