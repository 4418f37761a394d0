"""A whole plan from one election day, counted backwards (倒排): every task with its day and the reckoning of it.

Pure: content, rules, what was recorded and what is done go in; lines with days come out. A line has two days. `due_on`
is when the office means to do it; `lawful_until` is the law's latest day, where a law gives one. `due_on` never lies
after `lawful_until`, and never before that of a task it waits for.

What a newcomer gets wrong: nothing here says "late". A plan made today for a day too near is not late, it is
impossible; `faults` finds that, and `possible_days` says which days would do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import ClassVar, Final

from knowledge.calendar import WorkingCalendar
from knowledge.elections.counting import Counting, counted, planned, reckoned
from knowledge.elections.plan_content import (
    ELECTION_DAY,
    Body,
    Level,
    Mode,
    Moment,
    PlanContent,
    Side,
    Task,
    earlier_tasks,
    in_words,
    topics_of,
)
from knowledge.errors import QingfengError
from knowledge.jurisdiction import NATION
from knowledge.model import Provision, Rule, Unit
from knowledge.rules.rulebook import Rulebook

_LOCAL: Final = "local_"
_SEARCH_DAYS: Final = 150  # of a plan made from nothing the first task lies 75 days before the vote


@dataclass(slots=True, eq=False)
class NothingInForce(QingfengError):
    """A figure the plan needs is not in force at the place on election day; nothing is guessed."""

    code: ClassVar[str] = "nothing_in_force"
    topic: str
    jurisdiction: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Recorded:
    """A happening as somebody recorded it; `id` tells the records of one kind apart."""

    id: int
    code: str
    day: date


@dataclass(frozen=True, slots=True)
class PlanFor:
    """What a plan is made for.

    `chosen` are days of tasks that people set themselves; a law's day still binds. `done` are the tasks done, by
    `Line.key`, with their days. `not_before` is the day the plan is made: what is open is not dated before it.
    `last_day` is the latest election day the level above allows.
    """

    body: Body
    mode: Mode
    jurisdiction: str
    election_day: date
    counting: Counting = Counting.NEXT_DAY
    recorded: tuple[Recorded, ...] = ()
    done: Mapping[str, date] = field(default_factory=dict)
    chosen: Mapping[str, date] = field(default_factory=dict)
    not_before: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """A rule a line stands on: its provision, whose it is, its latest day if it gives one, and what it says."""

    provision: Provision
    level: Level
    until: date | None
    reckoning: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A task on its day. `key` is the task's code, with the record's id where a happening started it."""

    key: str
    task: Task
    title: str
    who: str
    asks: str
    condition: str
    notice: str
    level: Level
    due_on: date
    lawful_until: date | None
    reckoning: str
    bases: tuple[Basis, ...]
    done_on: date | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Every line in order of days, and in which way they were counted."""

    made_for: PlanFor
    lines: tuple[Line, ...]
    version: str

    def line(self, key: str) -> Line | None:
        """The line of a key, or None."""
        return next((one for one in self.lines if one.key == key), None)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an election day cannot be: a line, the law's latest day for it, and the day it would fall on or fell on."""

    key: str
    title: str
    lawful_until: date
    day: date
    is_done: bool


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last election day that are possible; None where none is, or no last one is known."""

    earliest: date | None
    latest: date | None


@dataclass(slots=True, eq=False)
class ImpossibleDay(QingfengError):
    """No election can be held on a day: `faults` come too late for it, or it lies after the last day allowed."""

    code: ClassVar[str] = "impossible_day"
    day: date
    faults: tuple[Fault, ...]
    too_late: bool
    possible: Days


@dataclass(frozen=True, slots=True)
class Shift:
    """A line that has another day in a new plan; `was` or `now` is None where it is only in one of them."""

    key: str
    title: str
    was: date | None
    now: date | None


@dataclass(slots=True)
class _Copy:
    """A task on its way to a day; `record` is the happening that started it."""

    key: str
    task: Task
    record: Recorded | None
    limits: tuple[tuple[Moment, int | None, Rule | None], ...]
    notes: tuple[Rule, ...]
    day: date = date.max


class _Planner:
    """One plan in the making."""

    def __init__(self, content: PlanContent, rules: Rulebook, ask: PlanFor) -> None:
        self._content = content
        self._rules = rules
        self._ask = ask
        tasks = {
            code: task
            for code, task in content.tasks.items()
            if task.is_for(ask.body, ask.mode, ask.jurisdiction) and self._is_ruled(task)
        }
        self._earlier = earlier_tasks(tasks)
        self._copies = {copy.key: copy for task in tasks.values() for copy in self._copies_of(task)}
        self._order = self._in_order(tasks)

    def plan(self) -> Plan:
        self._count_back()
        self._push_on()
        rank = {key: place for place, key in enumerate(self._order)}
        lines = [self._line(copy) for copy in self._copies.values()]
        lines.sort(key=lambda line: (line.done_on or line.due_on, rank[line.key]))
        return Plan(self._ask, tuple(lines), self._content.version)

    def _find(self, name: str) -> Rule | None:
        for topic in topics_of(name, self._ask.body):
            found = self._rules.find(topic, self._ask.jurisdiction, self._ask.election_day)
            if found is not None:
                return found
        return None

    def _is_ruled(self, task: Task) -> bool:
        return not task.ruled or self._find(task.ruled) is not None

    def _copies_of(self, task: Task) -> Iterable[_Copy]:
        limits, notes = self._limits(task)
        if task.per:
            for record in self._ask.recorded:
                if record.code == task.per:
                    yield _Copy(f"{task.code}#{record.id}", task, record, limits, notes)
        else:
            yield _Copy(task.code, task, None, limits, notes)

    def _limits(self, task: Task) -> tuple[tuple[tuple[Moment, int | None, Rule | None], ...], tuple[Rule, ...]]:
        limits: list[tuple[Moment, int | None, Rule | None]] = []
        notes = []
        for moment in task.limits:
            if not moment.holds_for(self._ask.body, self._ask.jurisdiction):
                continue
            if not moment.rule:
                limits.append((moment, None, None))
                continue
            rule = self._find(moment.rule)
            if rule is None:
                if moment.rule.startswith(_LOCAL):
                    continue
                raise NothingInForce(moment.rule, self._ask.jurisdiction, self._ask.election_day)
            if isinstance(rule.value, int) and rule.unit is Unit.DAYS:
                limits.append((moment, rule.value, rule))
            else:
                notes.append(rule)
        return tuple(limits), tuple(notes)

    def _in_order(self, tasks: Mapping[str, Task]) -> list[str]:
        order: list[str] = []

        def settle(code: str) -> None:
            for other in self._earlier[code]:
                if other not in seen:
                    seen.add(other)
                    settle(other)
            order.append(code)

        seen: set[str] = set()
        for code in tasks:
            if code not in seen:
                seen.add(code)
                settle(code)
        of_task: dict[str, list[str]] = {}
        for key, copy in self._copies.items():
            of_task.setdefault(copy.task.code, []).append(key)
        return [key for code in order for key in of_task.get(code, ())]

    # Days.

    def _anchor(self, copy: _Copy, anchor: str) -> date | None:
        """The day something hangs on, None while it is unknown."""
        if anchor == ELECTION_DAY:
            return self._ask.done.get(ELECTION_DAY, self._ask.election_day)
        if copy.record is not None and anchor == copy.record.code:
            return copy.record.day
        happening = self._content.happenings.get(anchor)
        if happening is not None:
            days = [record.day for record in self._ask.recorded if record.code == anchor]
            return max(days) if days else self._anchor(copy, happening.stands_for) if happening.stands_for else None
        if anchor in self._ask.done:
            return self._ask.done[anchor]
        other = self._copies.get(anchor)
        return other.day if other is not None else None

    def _limit_days(self, copy: _Copy) -> Iterable[tuple[Moment, int | None, Rule | None, date, date]]:
        for moment, days, rule in copy.limits:
            anchor = self._anchor(copy, moment.anchor)
            if anchor is not None and anchor != date.max:
                yield moment, days, rule, anchor, counted(anchor, moment.side, days, self._ask.counting)

    def _own_day(self, copy: _Copy) -> date:
        """The day of the task by itself: ours or the law's, whichever comes first."""
        if copy.task.code == ELECTION_DAY:
            return self._ask.election_day
        days = [until for *_, until in self._limit_days(copy)]
        chosen = None if copy.task.period else self._ask.chosen.get(copy.key)
        if chosen is not None:
            days.append(chosen)
        elif copy.task.plan is not None:
            anchor = self._anchor(copy, copy.task.plan.anchor)
            if anchor is not None and anchor != date.max:
                days.append(planned(anchor, copy.task.plan.side, copy.task.plan.days))
        return min(days, default=date.max)

    def _count_back(self) -> None:
        """Give every open task its latest day: its own, and none after that of a task that waits for it."""
        for key, copy in self._copies.items():
            if key in self._ask.done:
                copy.day = self._ask.done[key]
        waiting: dict[str, list[_Copy]] = {key: [] for key in self._copies}
        for copy in self._copies.values():
            for code in self._earlier[copy.task.code]:
                if code in waiting and copy.key not in self._ask.done:
                    waiting[code].append(copy)
        for _ in range(len(self._copies)):
            changed = False
            for key in reversed(self._order):
                copy = self._copies[key]
                if key in self._ask.done:
                    continue
                day = min(self._own_day(copy), self._room(copy, waiting[key]))
                changed = changed or day != copy.day
                copy.day = day
            if not changed:
                break

    def _room(self, copy: _Copy, waiting: Iterable[_Copy]) -> date:
        """The latest day that leaves room for what waits for a task, whole periods included.

        Nothing moves the vote: what comes after it waits for it.
        """
        latest = date.max
        if copy.task.period or copy.task.code == ELECTION_DAY:
            return latest
        for other in waiting:
            if not other.task.period:
                latest = min(latest, other.day)
                continue
            ends = [one.day for one in self._copies.values() if other.task.code in one.task.requires]
            span = next((days for moment, days, _ in other.limits if moment.anchor == copy.task.code), None)
            for end in ends if span is not None else ():
                if end != date.max:
                    latest = min(latest, end - (counted(end, Side.AFTER, span, self._ask.counting) - end))
        return latest

    def _push_on(self) -> None:
        """Nothing open is dated before the plan was made, nor before what it waits for."""
        floor = self._ask.not_before or date.min
        for key in self._order:
            copy = self._copies[key]
            if key in self._ask.done:
                continue
            if copy.task.period:
                copy.day = self._own_day(copy)
                continue
            if copy.task.code == ELECTION_DAY:
                continue
            before = [self._copies[code].day for code in self._earlier[copy.task.code] if code in self._copies]
            copy.day = max(copy.day, floor, *before) if copy.day != date.max else copy.day

    # Words.

    def _line(self, copy: _Copy) -> Line:
        body, task = self._ask.body, copy.task
        bases = tuple(self._bases(copy))
        dated = [basis for basis in bases if basis.until is not None]
        binding = min(dated, key=lambda basis: basis.until or date.max) if dated else None
        level = task.level if binding is None else binding.level
        return Line(
            key=copy.key,
            task=task,
            title=in_words(task.title, body),
            who=in_words(task.who, body),
            asks=in_words(task.asks, body),
            condition=in_words(task.condition, body),
            notice=in_words(task.notice, body),
            level=level,
            due_on=copy.day,
            lawful_until=binding.until if binding else None,
            reckoning=self._reckoning(copy, binding),
            bases=bases,
            done_on=self._ask.done.get(copy.key),
        )

    def _bases(self, copy: _Copy) -> Iterable[Basis]:
        own = copy.task.provisions.get(self._ask.body)
        for moment, days, rule, anchor, until in self._limit_days(copy):
            words = reckoned(self._begin(moment.anchor), anchor, moment.side, days, self._ask.counting)
            provision = rule.provision if rule is not None else moment.provision
            if provision is None:
                continue
            national = rule.jurisdiction == NATION if rule is not None else not moment.where
            says = rule.says if rule is not None else ""
            yield Basis(provision, Level.HARD if national else Level.PROVINCE, until, words, says)
        for rule in copy.notes:
            level = Level.HARD if rule.jurisdiction == NATION else Level.PROVINCE
            yield Basis(rule.provision, level, None, "", rule.says)
        if own is not None:
            yield Basis(own, Level.HARD, None, "")

    def _reckoning(self, copy: _Copy, binding: Basis | None) -> str:
        """Why the line is on its day: the law's count, our own, or another task that waits for it."""
        if copy.key in self._ask.done:
            return "已经办完，日子不再动"
        if binding is not None and binding.until == copy.day:
            return binding.reckoning
        if copy.day == self._ask.chosen.get(copy.key):
            return "自己定的日子"
        return self._planned(copy) or self._squeezed(copy)

    def _squeezed(self, copy: _Copy) -> str:
        if copy.day == self._ask.not_before:
            return "本该更早办，放在定日程的这天"
        held = (one for one in self._copies.values() if copy.task.code in self._earlier[one.task.code])
        other = next((one for one in held if one.day == copy.day), None)
        if other is not None:
            return f"要赶在“{self._name(other.task.code)}”前面"
        pushed = (self._copies[code] for code in self._earlier[copy.task.code] if code in self._copies)
        first = next((one for one in pushed if one.day == copy.day), None)
        return f"要等“{self._name(first.task.code)}”办完" if first is not None else "给后面的事留出时间"

    def _planned(self, copy: _Copy) -> str:
        plan = copy.task.plan
        anchor = self._anchor(copy, plan.anchor) if plan is not None else None
        if plan is None or anchor is None or planned(anchor, plan.side, plan.days) != copy.day:
            return ""
        name = self._name(plan.anchor)
        if plan.side in (Side.BEFORE, Side.AFTER):
            return f"工作安排：{name}{'前' if plan.side is Side.BEFORE else '后'}{plan.days}天"
        return f"工作安排：{name}当天" if plan.side is Side.ON else f"工作安排：{name}当天或第二天"

    def _begin(self, anchor: str) -> str:
        return "选举日是" if anchor == ELECTION_DAY else f"{self._name(anchor)}在"

    def _name(self, anchor: str) -> str:
        if anchor == ELECTION_DAY:
            return "选举日"
        task = self._content.tasks.get(anchor)
        title = task.title if task is not None else self._content.happenings[anchor].title
        return in_words(title, self._ask.body)


def plan(content: PlanContent, rules: Rulebook, ask: PlanFor) -> Plan:
    """The whole plan of an election.

    Raises:
        NothingInForce: A national figure the plan needs is not in force on election day.
    """
    return _Planner(content, rules, ask).plan()


def faults(made: Plan) -> tuple[Fault, ...]:
    """Why the plan's election day cannot be; empty when it can.

    Only what must come before the vote counts: a hand-over that was late is late, whatever the election day. What is
    done under a condition only is left to the people who know whether it holds.
    """
    vote = made.made_for.election_day
    found = []
    for line in made.lines:
        day = line.done_on or line.due_on
        until = line.lawful_until if line.lawful_until is not None and line.lawful_until <= vote else None
        if until is None and _precedes_the_vote(line.task):
            until = vote
        if until is not None and day > until and line.task.code != ELECTION_DAY and not line.condition:
            found.append(Fault(line.key, line.title, until, day, line.done_on is not None))
    return tuple(found)


def possible_days(content: PlanContent, rules: Rulebook, ask: PlanFor) -> Days:
    """The first election day, from the day the plan is made, on which nothing comes too late; and the last allowed."""
    start = ask.not_before or ask.election_day
    for wait in range(_SEARCH_DAYS):
        day = start + timedelta(days=wait)
        if ask.last_day is not None and day > ask.last_day:
            break
        try:
            made = plan(content, rules, replace(ask, election_day=day))
        except NothingInForce:
            continue
        if not faults(made):
            return Days(day, ask.last_day)
    return Days(None, ask.last_day)


def checked_plan(content: PlanContent, rules: Rulebook, ask: PlanFor) -> Plan:
    """The plan of an election day that can be.

    Raises:
        ImpossibleDay: It cannot; the error says why, and which days can.
        NothingInForce: A national figure the plan needs is not in force on election day.
    """
    made = plan(content, rules, ask)
    wrong = faults(made)
    too_late = ask.last_day is not None and ask.election_day > ask.last_day
    if wrong or too_late:
        raise ImpossibleDay(ask.election_day, wrong, too_late, possible_days(content, rules, ask))
    return made


def last_day(rules: Rulebook, body: Body, jurisdiction: str, term_ends_on: date) -> date | None:
    """The last election day a province allows after a term's end; None where it has set no figure."""
    for topic in topics_of("local_postponement", body):
        rule = rules.find(topic, jurisdiction, term_ends_on)
        if rule is not None and isinstance(rule.value, int) and rule.unit is Unit.MONTHS:
            return WorkingCalendar.add_months(term_ends_on, rule.value)
    return None


def shifts(was: Plan, now: Plan) -> tuple[Shift, ...]:
    """Which open lines have another day in a new plan, in its order; then those that are only in the old one."""
    before = {line.key: line for line in was.lines}
    found = []
    for line in now.lines:
        old = before.pop(line.key, None)
        if line.done_on is None and (old is None or old.due_on != line.due_on):
            found.append(Shift(line.key, line.title, old.due_on if old else None, line.due_on))
    gone = (line for line in before.values() if line.done_on is None)
    return (*found, *(Shift(line.key, line.title, line.due_on, None) for line in gone))


def _precedes_the_vote(task: Task) -> bool:
    return any(one.side is Side.BEFORE and one.anchor == ELECTION_DAY for one in task.moments())
