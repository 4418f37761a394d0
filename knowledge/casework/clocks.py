"""The clocks of a case: how long each runs, when it is due and why, and which reminder fits a day.

Lengths, sources, the longest pause and the ladder of reminders are content (content/casework/clocks.yaml); this module
only counts. A due date is reckoned anew whenever it is looked at, from dates that are facts, so that an announced
calendar, an extension or a pause moves it without anybody writing it down twice.

How days are counted, for every clock:

- the day it starts on is not counted; the period ends with the day on which its last day is counted;
- working days go by the calendar; a period in months has as many calendar days as lie between its start and the day
  of the same number (`WorkingCalendar.add_months`), and its end is not moved off a weekend;
- an extension is part of the period: three months and three more are six months from the start;
- a paused day does not count, whatever day it is; a pause that begins after the due date changes nothing;
- `limit_on`, if there is one, is the latest end; it never lies before the start;
- a clock until a named day is due on `limit_on` itself, whatever day that is, and at once when nobody named one.

What a newcomer gets wrong: `Pause.until_on` is the first day that counts again, not the last day of the pause.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final

from knowledge.calendar import DayKind, WorkingCalendar
from knowledge.errors import ContentError, QingfengError
from knowledge.records import Record, read_record
from knowledge.rules.wording import article_name

CONTENT: Final = Path(__file__).parent.parent / "content" / "casework"
_FILE: Final = "clocks.yaml"
_ONE_DAY: Final = timedelta(days=1)


class ClockKind(StrEnum):
    """What a clock is for; each has its line in the content."""

    ACCEPTANCE = "acceptance"
    TRANSFER = "transfer"
    DISPOSAL = "disposal"
    ASSIGNED = "assigned"
    RESULT = "result"
    LETTER_REPLY = "letter_reply"
    TALK_REPORT = "talk_report"
    URGENT = "urgent"
    UNASSIGNED = "unassigned"
    REPLY = "reply"
    REVIEW = "review"
    HOLD_REVIEW = "hold_review"


class Length(StrEnum):
    """What a clock's length counts; one until a named day counts nothing."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"
    NAMED_DAY = "named_day"


class Basis(StrEnum):
    """Whose word a clock runs on: a provision that is cited, or local policy."""

    LAW = "law"
    POLICY = "policy"


class Audience(StrEnum):
    """Who is reminded."""

    HANDLER = "handler"
    LEADER = "leader"
    SUPERIOR = "superior"


class ClockState(StrEnum):
    """Where a clock stands on a day."""

    RUNNING = "running"
    PAUSED = "paused"
    LATE = "late"
    KEPT = "kept"
    MISSED = "missed"


class ClockStepKind(StrEnum):
    """What a line of the explanation of a due date is about."""

    STARTED = "started"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"
    PAUSED = "paused"
    EXTENDED = "extended"
    LIMITED = "limited"
    NAMED = "named"


_UNTIL_NAMED: Final = "到定好的那天"
_SUFFIX: Final = {Length.WORKING_DAYS: "个工作日", Length.CALENDAR_DAYS: "天", Length.MONTHS: "个月"}
_STEP_OF_DAY: Final = {
    DayKind.WEEKEND: ClockStepKind.WEEKEND,
    DayKind.HOLIDAY: ClockStepKind.HOLIDAY,
    DayKind.MAKE_UP: ClockStepKind.MAKE_UP,
}
_STAGE: Final = re.compile(r"T([+-][1-9][0-9]?)?")


@dataclass(frozen=True, slots=True)
class ClockRule:
    """One kind of clock as the content has it; `name`, `source`, `starts` and `stops` are Chinese, for officials.

    Invariant, kept by the loader: a law names its id and article, policy neither; only months are extended; one until
    a named day has length 0 and no pause.
    """

    kind: ClockKind
    name: str
    length: int
    unit: Length
    basis: Basis
    source: str
    starts: str
    stops: str
    law_id: str = ""
    article: str = ""
    pausable: bool = False
    extendable_months: int = 0

    @property
    def length_said(self) -> str:
        """The length as it is spoken: 15个工作日, 1个月."""
        if self.unit is Length.NAMED_DAY:
            return _UNTIL_NAMED
        return f"{self.length}{_SUFFIX[self.unit]}"

    @property
    def basis_said(self) -> str:
        """Whose word it is: title and article, or that it is local policy."""
        return f"{self.source}{article_name(self.article)}" if self.basis is Basis.LAW else self.source


@dataclass(frozen=True, slots=True)
class Stage:
    """A rung of the ladder of reminders: so many working days from the due date, negative before it."""

    id: str
    offset: int
    audience: tuple[Audience, ...]


@dataclass(frozen=True, slots=True)
class ClockBook:
    """Everything the content says about clocks. Invariant: a rule for every kind, rungs in order of offsets."""

    version: str
    rules: Mapping[ClockKind, ClockRule]
    ladder: tuple[Stage, ...]
    most_paused_days: int
    urgent_window_days: int
    urgent_end_days_before: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which a clock stands still: from `from_on` up to the day before `until_on`, at least one."""

    from_on: date
    until_on: date

    def __post_init__(self) -> None:
        if self.until_on <= self.from_on:
            raise ValueError("a pause lasts at least one day")

    @property
    def days(self) -> int:
        """Its calendar days."""
        return (self.until_on - self.from_on).days


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What is known of one clock; all are dates in Asia/Shanghai.

    `extended` says that its one extension was approved; there is no second. `limit_on` is the latest day it may be
    due on (`urgent_limit` tells it for a vote). `stopped_on` has no part in the due date.
    """

    kind: ClockKind
    started_on: date
    stopped_on: date | None = None
    extended: bool = False
    pauses: tuple[Pause, ...] = ()
    limit_on: date | None = None

    def __post_init__(self) -> None:
        if self.stopped_on is not None and self.stopped_on < self.started_on:
            raise ValueError("a clock stops after it starts")


@dataclass(frozen=True, slots=True)
class ClockStep:
    """One line of an explanation, both days included.

    Weekend, holiday and pause are days that did not count, make-up days are weekend days that did. An extension runs
    from the end it would have had to the new one (pauses left out), a limit from the day it set to the day it replaced.
    A named day stands alone.
    """

    kind: ClockStepKind
    first_on: date
    last_on: date
    name: str = ""

    @property
    def days(self) -> int:
        """Calendar days from the first to the last."""
        return (self.last_on - self.first_on).days + 1


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a clock is due and how that was reckoned; `provisional` while a year it runs through has no calendar."""

    due_on: date
    provisional: bool
    steps: tuple[ClockStep, ...]


@dataclass(slots=True, eq=False)
class PauseNotAllowed(QingfengError):
    """A clock of this kind does not stand still."""

    code: ClassVar[str] = "pause_not_allowed"
    kind: ClockKind


@dataclass(slots=True, eq=False)
class PausesOverlap(QingfengError):
    """A pause begins before the one before it has ended; `on` is where."""

    code: ClassVar[str] = "pauses_overlap"
    kind: ClockKind
    on: date


@dataclass(slots=True, eq=False)
class PausedTooLong(QingfengError):
    """All pauses of a clock together have more calendar days than it may stand still."""

    code: ClassVar[str] = "paused_too_long"
    kind: ClockKind
    days: int
    most: int


@dataclass(slots=True, eq=False)
class ExtensionNotAllowed(QingfengError):
    """A clock of this kind is not extended."""

    code: ClassVar[str] = "extension_not_allowed"
    kind: ClockKind


def reckon(facts: ClockFacts, calendar: WorkingCalendar, book: ClockBook) -> Deadline:
    """When a clock is due, by the rules at the head of this module.

    Raises:
        PauseNotAllowed: There is a pause, and the clock has none.
        PausesOverlap: Two pauses share a day.
        PausedTooLong: The pauses together are longer than the content allows.
        ExtensionNotAllowed: It is extended, and has no extension.
    """
    rule = book.rules[facts.kind]
    paused = _paused_days(facts, rule, book)
    if facts.extended and not rule.extendable_months:
        raise ExtensionNotAllowed(facts.kind)
    if rule.unit is Length.NAMED_DAY:
        return _on_named_day(facts)
    by_calendar = rule.unit is Length.WORKING_DAYS
    days = list(_count(facts.started_on, _length(facts, rule), _meaning(calendar if by_calendar else None, paused)))
    reckoned_on = days[-1].day
    due_on = reckoned_on if facts.limit_on is None else max(facts.started_on, min(reckoned_on, facts.limit_on))
    days = [one for one in days if one.day <= due_on]
    return Deadline(
        due_on=due_on,
        provisional=by_calendar and not all(calendar.covers(one.day) for one in days),
        steps=(
            ClockStep(ClockStepKind.STARTED, facts.started_on, facts.started_on),
            *_grouped(days),
            *_extension(facts, rule),
            *((ClockStep(ClockStepKind.LIMITED, due_on, reckoned_on),) if due_on < reckoned_on else ()),
        ),
    )


def state_on(facts: ClockFacts, due_on: date, today: date) -> ClockState:
    """Where a clock stands: stopped in time or not, late, paused on that very day, or running."""
    if facts.stopped_on is not None:
        return ClockState.KEPT if facts.stopped_on <= due_on else ClockState.MISSED
    if today > due_on:
        return ClockState.LATE
    if any(pause.from_on <= today < pause.until_on for pause in facts.pauses):
        return ClockState.PAUSED
    return ClockState.RUNNING


def stage_on(
    due_on: date, today: date, calendar: WorkingCalendar, book: ClockBook, *, started_on: date | None = None
) -> Stage | None:
    """The rung a clock has reached: the last one whose day has come, so that a long outage sends one and not five.

    A due date on a weekend or holiday has its T on the last working day before it. Whoever sends remembers what was
    sent: the same rung is reached until the next one.

    Args:
        due_on: When the clock is due.
        today: The day to find the rung for.
        calendar: Counts the working days between.
        book: Holds the ladder.
        started_on: When the clock started; rungs of that day or earlier are left out, so that a clock of five days
            does not begin with a reminder that it has seven left.

    Returns:
        None when no rung is reached yet.
    """
    offset = calendar.working_days_between(due_on, today)
    reached = [stage for stage in book.ladder if stage.offset <= offset]
    if started_on is not None:
        start = calendar.working_days_between(due_on, started_on)
        reached = [stage for stage in reached if stage.offset > start]
    return reached[-1] if reached else None


def rung_day(due_on: date, offset: int, calendar: WorkingCalendar) -> date:
    """The first day on which a rung is reached: so many working days from the due date, negative before it.

    A due date on a weekend or holiday has its T on the last working day before it, as in `stage_on`.
    """
    if offset > 0:
        return calendar.add_working_days(due_on, offset)
    day, passed = due_on, 0
    while True:
        if calendar.is_working_day(day):
            if passed == -offset:
                return day
            passed += 1
        day -= _ONE_DAY


def last_due(day: date, offset: int, calendar: WorkingCalendar) -> date:
    """The latest due date whose rung is reached by a day: `rung_day` turned round."""
    if offset <= 0:
        return calendar.add_working_days(day, 1 - offset) - _ONE_DAY
    while offset:
        offset -= calendar.is_working_day(day)
        day -= _ONE_DAY
    return day


def is_urgent(received_on: date, election_on: date, book: ClockBook) -> bool:
    """Whether a report of vote-buying received on a day is urgent: shortly before election day, or on it."""
    return 0 <= (election_on - received_on).days <= book.urgent_window_days


def urgent_limit(election_on: date, book: ClockBook) -> date:
    """The latest day an urgent clock may be due on."""
    return election_on - timedelta(days=book.urgent_end_days_before)


def _on_named_day(facts: ClockFacts) -> Deadline:
    due_on = max(facts.started_on, facts.limit_on or facts.started_on)
    started = ClockStep(ClockStepKind.STARTED, facts.started_on, facts.started_on)
    return Deadline(due_on, provisional=False, steps=(started, ClockStep(ClockStepKind.NAMED, due_on, due_on)))


@dataclass(frozen=True, slots=True)
class _Day:
    """A day of a period; `kind` is None for one that counts as a matter of course."""

    day: date
    kind: ClockStepKind | None
    name: str = ""

    @property
    def counts(self) -> bool:
        return self.kind in (None, ClockStepKind.MAKE_UP)


def _paused_days(facts: ClockFacts, rule: ClockRule, book: ClockBook) -> frozenset[date]:
    pauses = sorted(facts.pauses, key=lambda pause: pause.from_on)
    if pauses and not rule.pausable:
        raise PauseNotAllowed(facts.kind)
    for earlier, later in pairwise(pauses):
        if later.from_on < earlier.until_on:
            raise PausesOverlap(facts.kind, later.from_on)
    days = sum(pause.days for pause in pauses)
    if days > book.most_paused_days:
        raise PausedTooLong(facts.kind, days, book.most_paused_days)
    return frozenset(pause.from_on + timedelta(days=n) for pause in pauses for n in range(pause.days))


def _length(facts: ClockFacts, rule: ClockRule) -> int:
    """How many days have to count: working days, or calendar days."""
    if rule.unit is not Length.MONTHS:
        return rule.length
    months = rule.length + (rule.extendable_months if facts.extended else 0)
    return (WorkingCalendar.add_months(facts.started_on, months) - facts.started_on).days


def _meaning(calendar: WorkingCalendar | None, paused: frozenset[date]) -> Callable[[date], _Day]:
    """What a day is to a clock: by a calendar of working days, or, without one, a day like any other."""

    def of(day: date) -> _Day:
        if day in paused:
            return _Day(day, ClockStepKind.PAUSED)
        if calendar is None:
            return _Day(day, None)
        return _Day(day, _STEP_OF_DAY.get(calendar.kind_of(day)), calendar.holidays.get(day, ""))

    return of


def _count(start: date, length: int, meaning: Callable[[date], _Day]) -> Iterator[_Day]:
    """Every day after the start, up to the one with which `length` days have counted."""
    day = start
    while length:
        day += _ONE_DAY
        found = meaning(day)
        length -= found.counts
        yield found


def _grouped(days: list[_Day]) -> Iterator[ClockStep]:
    """Days in a row that are out of the ordinary for the same reason, as one step."""
    for (kind, name), run in groupby(days, key=lambda one: (one.kind, one.name)):
        if kind is not None:
            row = [one.day for one in run]
            yield ClockStep(kind, row[0], row[-1], name)


def _extension(facts: ClockFacts, rule: ClockRule) -> Iterator[ClockStep]:
    if facts.extended:
        ends = (rule.length, rule.length + rule.extendable_months)
        before, after = (WorkingCalendar.add_months(facts.started_on, months) for months in ends)
        yield ClockStep(ClockStepKind.EXTENDED, before, after)


def load_clocks(folder: Path = CONTENT) -> ClockBook:
    """Read the clocks of a case.

    Args:
        folder: Where clocks.yaml stands.

    Raises:
        ContentError: The file is missing, no YAML, or something in it is; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> ClockBook:
    try:
        record = read_record(folder / _FILE, folder)
    except OSError as error:
        raise ContentError(_FILE, 0, "cannot be read", "Restore the file") from error
    pause, urgent = _part(record, "pause"), _part(record, "urgent")
    book = ClockBook(
        version=record.text("version"),
        rules=MappingProxyType(_rules(record)),
        ladder=_ladder(record),
        most_paused_days=_figure(pause, "most_calendar_days"),
        urgent_window_days=_figure(urgent, "window_days"),
        urgent_end_days_before=_figure(urgent, "end_days_before"),
    )
    for part in (pause, urgent, record):
        part.finish()
    return book


def _rules(record: Record) -> dict[ClockKind, ClockRule]:
    rules: dict[ClockKind, ClockRule] = {}
    for item in record.records("clocks"):
        rule = _rule(item)
        if rule.kind in rules:
            raise item.fault("id", f"clock {rule.kind} stands twice", "Leave it once")
        item.finish()
        rules[rule.kind] = rule
    lacking = [kind for kind in ClockKind if kind not in rules]
    if lacking:
        raise record.fault("clocks", f"clock {lacking[0]} is missing", "Add it; the code starts it", lacking)
    return rules


def _rule(item: Record) -> ClockRule:
    kind, unit = item.choice("id", ClockKind), _unit(item)
    basis = item.choice("basis", Basis)
    by_law = basis is Basis.LAW
    pausable = item.flag("pausable")
    if pausable and unit is Length.NAMED_DAY:
        raise item.fault("pausable", f"{kind} has a named day", "Remove it; another day is another opinion")
    extendable = _figure(item, "extendable_months") if item.holds("extendable_months") else 0
    if extendable and unit is not Length.MONTHS:
        raise item.fault("extendable_months", f"{kind} is not counted in months", "Remove it, or write months")
    return ClockRule(
        kind=kind,
        name=item.text("name"),
        length=_figure(item, unit) if unit is not Length.NAMED_DAY else 0,
        unit=unit,
        basis=basis,
        source=item.text("source"),
        starts=item.text("starts"),
        stops=item.text("stops"),
        law_id=item.text("law") if by_law else "",
        article=str(_figure(item, "article")) if by_law else "",
        pausable=pausable,
        extendable_months=extendable,
    )


def _unit(item: Record) -> Length:
    units = [unit for unit in Length if item.holds(unit)]
    if len(units) != 1:
        raise item.fault(units[-1] if units else "id", "a clock has one length", "Write one of them", list(Length))
    if units[0] is Length.NAMED_DAY and not item.flag(Length.NAMED_DAY):
        raise item.fault(Length.NAMED_DAY, "named_day is false", "Write true, or a length")
    return units[0]


def _ladder(record: Record) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    for item in record.records("ladder"):
        stage = Stage(item.text("stage"), _offset(item), _audience(item))
        if stages and stage.offset <= stages[-1].offset:
            raise item.fault("stage", f"{stage.id} stands after {stages[-1].id}", "Write the earliest first, each once")
        item.finish()
        stages.append(stage)
    if not stages:
        raise record.fault("ladder", "the ladder has no rung", "Write at least {stage: T, audience: [handler]}")
    return tuple(stages)


def _offset(item: Record) -> int:
    found = _STAGE.fullmatch(item.text("stage"))
    if not found:
        fault = f"stage is {item.text('stage')!r}"
        raise item.fault(
            "stage", fault, "Write T for the due date, or working days before and after it", ("T-3", "T+1")
        )
    return int(found[1] or 0)


def _audience(item: Record) -> tuple[Audience, ...]:
    words, allowed = item.texts("audience"), [audience.value for audience in Audience]
    unknown = [word for word in words if word not in allowed]
    if unknown or not words or len(set(words)) < len(words):
        fault = f"audience is {' '.join(words) or 'empty'}"
        raise item.fault("audience", fault, "Name those who are reminded, each once", allowed)
    return tuple(Audience(word) for word in words)


def _part(record: Record, name: str) -> Record:
    part = record.part(name)
    if part is None:
        raise record.fault(name, f"field {name} is missing", "Copy it from the file of the last release")
    return part


def _figure(record: Record, name: str) -> int:
    figure = int(record.whole(name))
    if figure < 1:
        raise record.fault(name, f"{name} is {figure}", "Write a whole number of at least 1")
    return figure
