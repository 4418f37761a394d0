"""Reads content/elections: stages.yaml, happenings.yaml, and tasks/ with one file for each stage.

What a newcomer gets wrong: a limit with days written into it is refused. A law's figure stands in content/rules, once.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from knowledge.elections.plan_content import (
    ELECTION_DAY,
    Body,
    Happening,
    Level,
    Mode,
    Moment,
    PlanContent,
    Proof,
    Side,
    Stage,
    Task,
    earlier_tasks,
    topics_of,
)
from knowledge.loader import CONTENT, load_knowledge
from knowledge.model import KnowledgeBase, Provision
from knowledge.records import Record, read_record
from knowledge.rules.reading import read_provision

_Choice = TypeVar("_Choice", bound=StrEnum)
_VERSION_LENGTH: Final = 12


@cache
def load_plan_content() -> PlanContent:
    """The project's own plans, read once for each process.

    Raises:
        ContentError: A file is wrong.
    """
    return read_plan_content(CONTENT, load_knowledge())


def read_plan_content(root: Path, knowledge: KnowledgeBase) -> PlanContent:
    """The plans of a content folder, every reference in them checked against what is known.

    Raises:
        ContentError: A file is wrong.
    """
    folder = root / "elections"
    reader = PlanReader(root, knowledge)
    stages = {one.code: one for one in reader.stages(folder / "stages.yaml")}
    happenings = {one.code: one for one in reader.happenings(folder / "happenings.yaml")}
    tasks: dict[str, Task] = {}
    records: dict[str, Record] = {}
    for stage in stages:
        for record, task in reader.tasks(folder / "tasks" / f"{stage}.yaml", stage, happenings):
            if task.code in tasks:
                raise record.fault(
                    "code", f"code {task.code!r} is taken by {records[task.code].name}", "Choose another"
                )
            tasks[task.code], records[task.code] = task, record
    check_anchors(tasks, records, happenings)
    files = sorted(folder.rglob("*.yaml"))
    version = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:_VERSION_LENGTH]
    return PlanContent(MappingProxyType(stages), MappingProxyType(tasks), MappingProxyType(happenings), version)


class PlanReader:
    """Reads records of a plan; `topics` are the rules on file."""

    def __init__(self, root: Path, knowledge: KnowledgeBase) -> None:
        self._root = root
        self._knowledge = knowledge
        self._topics = frozenset(rule.topic for rule in knowledge.rules)

    def stages(self, file: Path) -> Iterator[Stage]:
        """The stages, in order."""
        record = read_record(file, self._root)
        for item in record.records("stages"):
            yield Stage(item.text("code"), item.text("title"), item.text("right"), self._entries(item))
            item.finish()
        record.finish()

    def happenings(self, file: Path) -> Iterator[Happening]:
        """What may happen."""
        record = read_record(file, self._root)
        for item in record.records("happenings"):
            yield Happening(
                code=item.text("code"),
                title=item.text("title"),
                repeats=item.flag("repeats"),
                stands_for=item.text("stands_for", ""),
                bodies=_several(item, "bodies", Body),
                where=self._where(item),
            )
            item.finish()
        record.finish()

    def tasks(self, file: Path, stage: str, happenings: Mapping[str, Happening]) -> Iterator[tuple[Record, Task]]:
        """The tasks of one stage, each with the record it stands in."""
        record = read_record(file, self._root)
        for item in record.records("tasks"):
            yield item, self.task(item, stage, happenings)
            item.finish()
        record.finish()

    def task(self, item: Record, stage: str, happenings: Mapping[str, Happening]) -> Task:
        """One task.

        Raises:
            ContentError: It is wrong.
        """
        task = Task(
            code=item.text("code"),
            stage=stage,
            title=item.text("title"),
            who=item.text("who"),
            asks=item.text("asks"),
            level=item.choice("level", Level),
            provisions=self._provisions(item),
            plan=read_plan_moment(item.part("plan")),
            limits=tuple(self._limit(one) for one in item.records("limits")),
            requires=item.texts("requires", ()),
            proof=item.choice("proof", Proof),
            notice=item.text("notice", ""),
            condition=item.text("condition", ""),
            per=item.text("per", ""),
            ruled=item.text("ruled", ""),
            period=item.flag("period"),
            bodies=_several(item, "bodies", Body),
            modes=_several(item, "modes", Mode),
            where=self._where(item),
            entries=self._entries(item),
        )
        if task.level is Level.HARD and set(task.provisions) < task.bodies:
            fault = f"{task.code} comes from a national law and names no article for each body"
            raise item.fault("provisions", fault, "Write provisions: {village: village 17, community: residents 17}")
        if not task.moments():
            raise item.fault("plan", f"{task.code} has no day", "Add plan: {before: election_day, days: 30} or limits")
        if task.per and task.per not in happenings:
            raise item.fault("per", f"happening {task.per!r} does not exist", "Choose one", sorted(happenings))
        if task.ruled:
            self._check_topic(item, "ruled", task.ruled)
        if task.period and (task.proof is not Proof.NONE or len(task.moments()) != 1):
            fault = f"{task.code} is a right that ends by itself"
            raise item.fault("period", fault, "Give it one moment after its anchor, and proof: none")
        return task

    def _limit(self, part: Record) -> Moment:
        side, anchor = _side(part)
        if part.holds("days"):
            fault = "a law's figure is written into the task"
            raise part.fault("days", fault, "Enter the figure under content/rules and name it here: rule: its topic")
        rule = part.text("rule", "")
        provision = None
        if rule:
            self._check_topic(part, "rule", rule)
        else:
            provision = read_provision(part, part.text("citation"), self._knowledge.laws)
        moment = Moment(side, anchor, None, rule, provision, self._where(part), _several(part, "bodies", Body))
        part.finish()
        return moment

    def _provisions(self, item: Record) -> Mapping[Body, Provision]:
        part = item.part("provisions")
        if part is None:
            return MappingProxyType({})
        found = {}
        for body in Body:
            if part.holds(body):
                found[body] = read_provision(part, part.text(body), self._knowledge.laws)
        part.finish()
        return MappingProxyType(found)

    def _check_topic(self, item: Record, name: str, rule: str) -> None:
        if not any(topic in self._topics for body in Body for topic in topics_of(rule, body)):
            raise item.fault(name, f"no rule is on {rule!r}", "Add the rule under content/rules, or correct the name")

    def _where(self, item: Record) -> tuple[str, ...]:
        where = item.texts("where", ())
        for place in where:
            if place not in self._knowledge.jurisdictions:
                fault = f"jurisdiction {place!r} is unknown"
                raise item.fault("where", fault, "Choose one", sorted(self._knowledge.jurisdictions))
        return where

    def _entries(self, item: Record) -> tuple[str, ...]:
        entries = item.texts("entries", ())
        for entry in entries:
            if entry not in self._knowledge.entries:
                raise item.fault("entries", f"entry {entry!r} does not exist", "Correct its id")
        return entries


def read_plan_moment(part: Record | None) -> Moment | None:
    """A day of our own planning: before, after or on an anchor, with days.

    Raises:
        ContentError: It is wrong.
    """
    if part is None:
        return None
    side, anchor = _side(part)
    days = part.whole("days", None)
    if days is None and side in (Side.BEFORE, Side.AFTER):
        raise part.fault("days", "the plan counts no days", "Add days: a whole number")
    if days is not None and days < 0:
        raise part.fault("days", f"days is {days}", "Write how many, 0 or more; before or after says which way")
    part.finish()
    return Moment(side, anchor, days)


def _side(part: Record) -> tuple[Side, str]:
    named = [side for side in Side if part.holds(side)]
    if len(named) != 1:
        fault = f"a moment names {len(named)} anchors"
        first = named[1] if len(named) > 1 else Side.BEFORE
        raise part.fault(first, fault, "Write one of before, after, day_of, or_day_after, e.g. before: election_day")
    return named[0], part.text(named[0])


def _several(item: Record, name: str, choices: type[_Choice]) -> frozenset[_Choice]:
    words = item.texts(name, tuple(choices))
    allowed = [choice.value for choice in choices]
    for word in words:
        if word not in allowed:
            raise item.fault(name, f"{name} holds {word!r}", "Use one of the allowed words", allowed)
    return frozenset(choices(word) for word in words)


def check_anchors(
    tasks: Mapping[str, Task], records: Mapping[str, Record], happenings: Mapping[str, Happening]
) -> None:
    """Whether every task of some records hangs on something known, and none waits for itself.

    Raises:
        ContentError: One does not.
    """
    anchors = {ELECTION_DAY, *tasks, *happenings}
    for code, record in records.items():
        task = tasks[code]
        for moment in task.moments():
            if moment.anchor not in anchors:
                place = "plan" if moment is task.plan else "limits"
                fault = f"{task.code} hangs on {moment.anchor!r}, which is no task and no happening"
                raise record.fault(place, fault, f"Write {ELECTION_DAY}, or the code of a task or happening")
        for other in task.requires:
            if other not in tasks:
                raise record.fault("requires", f"task {other!r} does not exist", "Correct its code")
    ring = _ring(earlier_tasks(tasks))
    if ring:
        fault = f"{' -> '.join(ring)} wait for each other"
        blamed = next(records[code] for code in ring if code in records)
        raise blamed.fault("requires", fault, "Take one of them out of requires, or date it otherwise")


def _ring(earlier: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Tasks of which each waits for the next and the last for the first; empty when there are none."""
    settled: set[str] = set()
    for start in earlier:
        found = _walk(start, earlier, settled, ())
        if found:
            return found
    return ()


def _walk(
    code: str, earlier: Mapping[str, tuple[str, ...]], settled: set[str], way: tuple[str, ...]
) -> tuple[str, ...]:
    if code in way:
        return (*way[way.index(code) :], code)
    if code in settled:
        return ()
    for other in earlier[code]:
        found = _walk(other, earlier, settled, (*way, code))
        if found:
            return found
    settled.add(code)
    return ()
