"""When several people report the same person in the same village for the same matter: a strong mass reaction.

People are counted, never reports: one person is one voice, whatever the channel and however often. Only who was
verified counts, unless the content says otherwise. What a newcomer gets wrong: to count for all reports at once. A
report that somebody must stand back from, or that a level above answers for, would then be felt in reports which that
person can see; so each report counts only what everybody who sees it may know of.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge.casework.access import covers


@dataclass(frozen=True, slots=True)
class Voice:
    """One report as a voice about one person in one village.

    Attributes:
        case_id: Its case.
        on: The day it was received, Asia/Shanghai.
        matters: What it is about.
        unit_path: The unit that answers for it.
        recused: Who stands back from it.
        person: Who it is, comparable with those of the same `mark`; a report without a name is a person of its own.
        mark: What secret the person was recognised with; empty for a report without a name.
    """

    case_id: int
    on: date
    matters: frozenset[str]
    unit_path: str
    recused: frozenset[int]
    person: str
    mark: str = ""

    @property
    def sight(self) -> tuple[str, frozenset[int]]:
        """What decides who may know of it."""
        return self.unit_path, self.recused

    def is_heard_at(self, unit_path: str, recused: frozenset[int]) -> bool:
        """Whether everybody who sees a report of that unit and those recusals may know of this one."""
        return self.recused <= recused and covers(unit_path, self.unit_path)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Enough people within the window; `members` by day of receipt, earliest first."""

    matter: str
    people: int
    members: tuple[Voice, ...]


def crowds(voices: Sequence[Voice], *, people: int, days: int) -> dict[int, Crowd]:
    """The largest crowd around each report that is in one: case id -> crowd.

    A window is as long as `days` and ends with one of the voices.
    """
    found: dict[int, Crowd] = {}
    for sight in dict.fromkeys(voice.sight for voice in voices):
        heard = sorted((v for v in voices if v.is_heard_at(*sight)), key=lambda v: (v.on, v.case_id))
        for crowd in _all(heard, people, days):
            for member in crowd.members:
                known = found.get(member.case_id)
                if member.sight == sight and (known is None or crowd.people > known.people):
                    found[member.case_id] = crowd
    return found


def count_people(voices: Iterable[Voice]) -> int:
    """How many people stand behind some voices; of two secrets' people only the larger group, for they may be one."""
    by_mark: dict[str, set[str]] = defaultdict(set)
    for voice in voices:
        by_mark[voice.mark].add(voice.person)
    unnamed = len(by_mark.pop("", ()))
    return unnamed + max(map(len, by_mark.values()), default=0)


def _all(heard: Sequence[Voice], people: int, days: int) -> Iterable[Crowd]:
    for matter in sorted({matter for voice in heard for matter in voice.matters}):
        about = [voice for voice in heard if matter in voice.matters]
        first = 0
        for last, newest in enumerate(about):
            if last + 1 < len(about) and about[last + 1].on == newest.on:
                continue  # the window of that day ends with its last voice
            while newest.on - about[first].on > timedelta(days=days):
                first += 1
            members = tuple(about[first : last + 1])
            counted = count_people(members)
            if counted >= people:
                yield Crowd(matter, counted, members)
