"""What a place adds to the plans: tasks of its own, earlier days, a last election day. It cannot relax a law.

What a newcomer gets wrong: a place's tasks are policy, whatever the file says, and a day that a place sets replaces
only our own planning. A day after the law's is refused when the file is read, for every kind of election; `plans.plan`
would not follow it anyway, because it takes the earlier of the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Final

from knowledge.elections.counting import Counting, planned, said
from knowledge.elections.plan_content import ELECTION_DAY, Body, Level, Mode, Moment, PlanContent, Task
from knowledge.elections.plan_files import PlanReader, check_anchors, read_plan_moment
from knowledge.elections.plans import Plan, PlanFor, plan
from knowledge.model import KnowledgeBase
from knowledge.records import Record, read_record
from knowledge.rules.rulebook import Rulebook

_MODES: Final = {Body.VILLAGE: (Mode.ALL_VOTERS,), Body.COMMUNITY: tuple(Mode)}


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """A place's additions: `days` by task code, own `tasks`, the last election day, and where that is written."""

    place: str
    source: str
    last_day: date | None
    days: Mapping[str, Moment]
    tasks: Mapping[str, Task]


def read_overlay(file: Path, content: PlanContent, knowledge: KnowledgeBase) -> Overlay:
    """A place's file, checked against the law of that place.

    Raises:
        ContentError: It is wrong, or sets a day that the law does not allow.
    """
    record = read_record(file, file.parent)
    reader = PlanReader(file.parent, knowledge)
    place = record.text("place")
    days: dict[str, Moment] = {}
    day_records: dict[str, Record] = {}
    for item in record.records("days"):
        code = item.text("task")
        if code not in content.tasks:
            raise item.fault("task", f"task {code!r} does not exist", "Correct its code, or add it under tasks")
        if content.tasks[code].period:
            raise item.fault("task", f"{code} is a right that the law dates", "Leave it out")
        moment = read_plan_moment(Record(item.file, item.root, _moment_data(item), item.path))
        if moment is not None:
            days[code], day_records[code] = moment, item
    tasks, records = _own_tasks(record, reader, content)
    overlay = Overlay(
        place, record.text("source"), record.day("last_day", None), MappingProxyType(days), MappingProxyType(tasks)
    )
    record.finish()
    laid = with_overlay(content, overlay)
    check_anchors(laid.tasks, {**records, **day_records}, content.happenings)
    _check_law(content, overlay, day_records, knowledge)
    return overlay


def with_overlay(content: PlanContent, overlay: Overlay) -> PlanContent:
    """The plans as a place has them."""
    tasks = {
        code: replace(task, plan=overlay.days[code]) if code in overlay.days else task
        for code, task in content.tasks.items()
    }
    return replace(content, tasks=MappingProxyType({**tasks, **overlay.tasks}))


def _moment_data(item: Record) -> dict[str, object]:
    item.holds("task")
    data = {name: value for name, value in item.data.items() if name != "task"}
    for name in data:
        item.holds(name)
    return data


def _own_tasks(record: Record, reader: PlanReader, content: PlanContent) -> tuple[dict[str, Task], dict[str, Record]]:
    tasks: dict[str, Task] = {}
    records: dict[str, Record] = {}
    for item in record.records("tasks"):
        stage = item.text("stage")
        if stage not in content.stages:
            raise item.fault("stage", f"stage {stage!r} does not exist", "Choose one", list(content.stages))
        task = reader.task(item, stage, content.happenings)
        item.finish()
        if task.code in content.tasks or task.code in tasks:
            raise item.fault("code", f"code {task.code!r} is taken", "Choose another; begin it with the place's name")
        if task.level is not Level.POLICY or task.limits:
            raise item.fault("level", "a place's own task claims to be law", "Write level: policy, and plan: its day")
        tasks[task.code], records[task.code] = task, item
    return tasks, records


def _check_law(content: PlanContent, overlay: Overlay, records: Mapping[str, Record], knowledge: KnowledgeBase) -> None:
    """Whether each day a place sets lies within the law, for either body and every way of voting and counting."""
    rules = Rulebook(knowledge.rules)
    vote = overlay.last_day or max(rule.in_force_from for rule in knowledge.rules).replace(month=6, day=1)
    for body in Body:
        for mode, counting in product(_MODES[body], Counting):
            made = plan(content, rules, PlanFor(body, mode, overlay.place, vote, counting))
            for code, moment in overlay.days.items():
                line, wished = made.line(code), _wished(content, made, moment)
                if line is None or line.lawful_until is None or wished is None or wished <= line.lawful_until:
                    continue
                fault = (
                    f"{line.title}: {wished} comes after the law's last day {line.lawful_until} for a vote on {vote}"
                )
                raise records[code].fault(moment.side, fault, f"Choose {said(line.lawful_until)} or an earlier day")


def _wished(content: PlanContent, made: Plan, moment: Moment) -> date | None:
    """The day a place's moment means in a plan; None where it hangs on something that plan does not have."""
    happening = content.happenings.get(moment.anchor)
    anchor = happening.stands_for if happening is not None else moment.anchor
    if anchor == ELECTION_DAY:
        return planned(made.made_for.election_day, moment.side, moment.days)
    line = made.line(anchor)
    return None if line is None else planned(line.due_on, moment.side, moment.days)
