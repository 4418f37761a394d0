"""The content of a plan: stages, tasks, happenings, as they stand in content/elections.

What a newcomer gets wrong: a task holds no figure of a law. A `Moment` names the rule whose figure it takes, and the
figure is looked up when a plan is made, by topic, place and election day. Days written in a moment are the office's
own planning and may be changed by a place; what a rule gives may not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from knowledge.jurisdiction import NATION, lineage
from knowledge.model import Provision

#: Where what is known of elections stands.
CONTENT: Final = Path(__file__).parents[1] / "content" / "elections"
#: The anchor every plan has.
ELECTION_DAY: Final = "election_day"
_EITHER: Final = re.compile(r"\[([^|\[\]]*)\|([^|\[\]]*)\]")
_LOCAL: Final = "local_"


class Body(StrEnum):
    """Which committee is elected."""

    VILLAGE = "village"
    COMMUNITY = "community"


def body_of(place_kind: str) -> Body:
    """What a place of a kind elects: residents' committees in communities, villagers' committees elsewhere."""
    return Body.COMMUNITY if place_kind == "community" else Body.VILLAGE


class Mode(StrEnum):
    """Who votes; a village votes with all its voters."""

    ALL_VOTERS = "all_voters"
    HOUSEHOLDS = "households"
    REPRESENTATIVES = "representatives"


class Level(StrEnum):
    """Where a task comes from: a national law, a province's, or the office's own planning."""

    HARD = "hard"
    PROVINCE = "province"
    POLICY = "policy"


class Proof(StrEnum):
    """What a tick needs beside it."""

    NONE = "none"
    NOTE = "note"  # a line that says what was done, where
    POSTED = "posted"  # where it was posted, and when
    DOCUMENT = "document"  # the name or number of a paper


class Side(StrEnum):
    """On which side of its anchor a moment lies."""

    BEFORE = "before"
    AFTER = "after"
    ON = "day_of"
    NEXT = "or_day_after"


@dataclass(frozen=True, slots=True)
class Moment:
    """A day relative to an anchor: election day, a task or a happening.

    Either `days` (our planning) or `rule` (a topic) says how many; neither means the day itself, or with `BEFORE` any
    earlier day. A moment of a law without a figure has its `provision`. `where` limits it to places.
    """

    side: Side
    anchor: str
    days: int | None = None
    rule: str = ""
    provision: Provision | None = None
    where: tuple[str, ...] = ()
    bodies: frozenset[Body] = frozenset(Body)

    def holds_for(self, body: Body, jurisdiction: str) -> bool:
        """Whether the moment is meant for such an election."""
        return body in self.bodies and stands_in(self.where, jurisdiction)


@dataclass(frozen=True, slots=True)
class Task:
    """One task as content: what, who, how, when, by which law, after what, and what shows that it was done.

    `plan` is our day, `limits` are the law's latest days. A `period` is somebody's right that ends on its day and
    can neither be shortened nor ticked off early. `per` names the happening each record of which starts a copy.
    `ruled` keeps the task to places that have a rule on that topic. Texts say `[村民|居民]` where bodies differ.
    """

    code: str
    stage: str
    title: str
    who: str
    asks: str
    level: Level
    provisions: Mapping[Body, Provision]
    plan: Moment | None
    limits: tuple[Moment, ...]
    requires: tuple[str, ...]
    proof: Proof
    notice: str
    condition: str
    per: str
    ruled: str
    period: bool
    bodies: frozenset[Body]
    modes: frozenset[Mode]
    where: tuple[str, ...]
    entries: tuple[str, ...]

    def is_for(self, body: Body, mode: Mode, jurisdiction: str) -> bool:
        """Whether an election of this kind has the task."""
        return body in self.bodies and mode in self.modes and stands_in(self.where, jurisdiction)

    def moments(self) -> tuple[Moment, ...]:
        """Everything that dates the task."""
        return self.limits if self.plan is None else (self.plan, *self.limits)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the election; `right` is what a voter may do meanwhile, and `entry` the question that tells more."""

    code: str
    title: str
    right: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that may happen and starts clocks when it is recorded; `stands_for` is the anchor until then."""

    code: str
    title: str
    repeats: bool
    stands_for: str
    bodies: frozenset[Body]
    where: tuple[str, ...]

    def is_for(self, body: Body, jurisdiction: str) -> bool:
        """Whether it can happen in such an election."""
        return body in self.bodies and stands_in(self.where, jurisdiction)


@dataclass(frozen=True, slots=True, eq=False)
class PlanContent:
    """Every stage in order, every task and happening by code. `version` changes with any word of it."""

    stages: Mapping[str, Stage]
    tasks: Mapping[str, Task]
    happenings: Mapping[str, Happening]
    version: str


def in_words(text: str, body: Body) -> str:
    """A text as it is said for one body.

    >>> in_words("[村民|居民]选举委员会", Body.COMMUNITY)
    '居民选举委员会'
    """
    return _EITHER.sub(lambda match: match[1 if body is Body.VILLAGE else 2], text)


def topics_of(rule: str, body: Body) -> tuple[str, ...]:
    """The rule topics a name may mean for a body, the particular one first.

    >>> topics_of("roll_days", Body.VILLAGE), topics_of("local_runoff", Body.COMMUNITY)
    (('village.roll_days', 'roll_days'), ('local_community_runoff',))
    """
    if rule.startswith(_LOCAL):
        return (rule,) if body is Body.VILLAGE else (f"{_LOCAL}community_{rule.removeprefix(_LOCAL)}",)
    return (f"{body}.{rule}", rule)


def stands_in(where: tuple[str, ...], jurisdiction: str) -> bool:
    """Whether a place lies in one of some places; no places mean the whole nation."""
    return not where or any(place in where for place in lineage(jurisdiction) if place != NATION)


def earlier_tasks(tasks: Mapping[str, Task]) -> dict[str, tuple[str, ...]]:
    """For each task those that come no later: what it requires, what it is counted from, what must precede it."""
    earlier: dict[str, list[str]] = {
        code: [one for one in task.requires if one in tasks] for code, task in tasks.items()
    }
    for code, task in tasks.items():
        for moment in task.moments():
            if moment.anchor not in tasks or moment.anchor == code:
                continue
            if moment.side is Side.BEFORE:
                earlier[moment.anchor].append(code)
            else:
                earlier[code].append(moment.anchor)
    return {code: tuple(dict.fromkeys(ones)) for code, ones in earlier.items()}
