"""What people are reminded of during an election, in whose words, and when nobody is written to: content, and counting.

The words stand in content/elections/reminders.yaml, by role and stage. On which days somebody is told of an open task
is the one ladder of content/casework/clocks.yaml (T-7 ... T+3 working days).

What a newcomer gets wrong: a reminder whose day passed while nothing ran is not left out. It is sent late and says
which day it was for; so its words name days, never 今天.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from knowledge.casework.access import covers
from knowledge.casework.clocks import Audience
from knowledge.clock import SHANGHAI, local_date
from knowledge.elections.plan_content import CONTENT
from knowledge.elections.plan_files import load_plan_content
from knowledge.errors import ContentError
from knowledge.loader import load_laws
from knowledge.model import Citation
from knowledge.records import Record, read_record
from knowledge.rules.reading import read_provision
from knowledge.rules.rendering import cite
from knowledge.writing_hours import EARLIEST, within_hours

_FILE: Final = "reminders.yaml"
ELECTION_DAY: Final = "election_day"
LONGEST: Final = 160  # characters of one reminder, so that several fit into one message
LONGEST_NOTICE: Final = 500
#: The database refuses a broadcast that would let more people go without a second person.
MOST_ALONE: Final = 200
BLANKS: Final = ("place", "title", "day", "left", "election_day")
_BLANK: Final = re.compile(r"\{([^{}]*)\}")
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_FIGURE: Final = re.compile(r"\d")
_RELATIVE: Final = ("今天", "明天", "后天", "昨天")
_ONE_DAY: Final = timedelta(days=1)
_LONGEST_QUIET: Final = 31


class Role(StrEnum):
    """Who is reminded at a stage. Candidates and villagers are people in chats, the rest sit at the desk."""

    ELECTION_COMMITTEE = "election_committee"
    TOWNSHIP_STAFF = "township_staff"
    CANDIDATES = "candidates"
    VILLAGERS = "villagers"
    SUPERIORS = "superiors"


class Phase(StrEnum):
    """How a deadline stands."""

    AHEAD = "ahead"
    DUE = "due"
    LATE = "late"

    @classmethod
    def of(cls, offset: int) -> "Phase":
        """The phase of a rung, by its working days from the due date.

        >>> [str(Phase.of(offset)) for offset in (-3, 0, 1)]
        ['ahead', 'due', 'late']
        """
        return cls.AHEAD if offset < 0 else cls.LATE if offset else cls.DUE


class NoticeKind(StrEnum):
    """What a broadcast is for."""

    DISCIPLINE = "discipline"
    PUBLICITY = "publicity"


@dataclass(frozen=True, slots=True)
class DisciplineStage:
    """A reminder that belongs to a stage: so many calendar days from a task of the plan, or from election day."""

    stage: str
    at: tuple[str, ...]
    days: int
    urgent: bool
    words: Mapping[Role, str]
    citations: tuple[Citation, ...]
    community: tuple[Citation, ...]

    def day(self, election_day: date, tasks: Mapping[str, date]) -> tuple[date, date] | None:
        """The day it is for and the day it is about; None where the election has none of its tasks."""
        about = next((tasks[code] for code in self.at if code in tasks), None)
        if about is None and ELECTION_DAY in self.at:
            about = election_day
        return None if about is None else (about + timedelta(days=self.days), about)

    def sources(self, place_kind: str) -> tuple[Citation, ...]:
        """What the words stand on, in a village or in a community."""
        return self.community if place_kind == "community" else self.citations


@dataclass(frozen=True, slots=True)
class QuietDays:
    """Days on which nobody of a place is written to, both included; an empty place is everywhere."""

    first_on: date
    last_on: date
    name: str
    place_path: str = ""

    def hold(self, day: date, place_path: str) -> bool:
        """Whether a day is one of them for a place."""
        is_here = not self.place_path or covers(self.place_path, place_path)
        return is_here and self.first_on <= day <= self.last_on


@dataclass(frozen=True, slots=True)
class Notice:
    """A text to choose when a broadcast is written."""

    id: str
    kind: NoticeKind
    title: str
    text: str
    citations: tuple[Citation, ...]

    @property
    def body(self) -> str:
        """The text with what it stands on, as the form is filled with it."""
        said = "；".join(f"{one.source}（{one.version}）{one.article}" for one in self.citations)
        return f"{self.text}\n依据：{said}"


@dataclass(frozen=True, slots=True)
class ReminderBook:
    """Everything the content says about reminders. Invariant: words for every audience and phase; stages are unique."""

    version: str
    second_person_above: int
    quiet_days: tuple[QuietDays, ...]
    deadlines: Mapping[Audience, Mapping[Phase, str]]
    discipline: tuple[DisciplineStage, ...]
    notices: tuple[Notice, ...]

    def is_quiet(self, day: date, place_path: str = "") -> bool:
        """Whether nobody of a place is written to on a day."""
        return any(one.hold(day, place_path) for one in self.quiet_days)

    def leaves_at(self, instant: datetime, place_path: str = "", *, urgent: bool = False) -> datetime:
        """When something ready at an instant leaves: at once between eight and eight, else the next such morning.

        A quiet day is passed over unless it is urgent. All in Asia/Shanghai.
        """
        at = within_hours(instant)
        while not urgent and self.is_quiet(local_date(at), place_path):
            at = datetime.combine(local_date(at) + _ONE_DAY, EARLIEST, SHANGHAI)
        return at

    def stage(self, name: str) -> DisciplineStage | None:
        """A stage by name."""
        return next((one for one in self.discipline if one.stage == name), None)

    def notice(self, notice_id: str) -> Notice | None:
        """A text to choose by id."""
        return next((one for one in self.notices if one.id == notice_id), None)


def filled(words: str, values: Mapping[str, str]) -> str:
    """A reminder's words with its blanks filled in.

    >>> filled("{place}{day}投票。", {"place": "柳树村", "day": "3月8日（星期日）"})
    '柳树村3月8日（星期日）投票。'
    """
    return _BLANK.sub(lambda found: values[found[1]], words)


def load_reminders(folder: Path = CONTENT) -> ReminderBook:
    """Read the reminders.

    Raises:
        ContentError: The file is missing, no YAML, or something in it is; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> ReminderBook:
    try:
        record = read_record(folder / _FILE, folder)
    except OSError as error:
        raise ContentError(_FILE, 0, "cannot be read", "Restore the file") from error
    book = ReminderBook(
        version=record.text("version"),
        second_person_above=_second_person(record),
        quiet_days=tuple(_quiet(item) for item in record.records("quiet_days")),
        deadlines=_deadlines(record),
        discipline=_discipline(record),
        notices=_notices(record),
    )
    record.finish()
    return book


def _second_person(record: Record) -> int:
    figure = int(record.whole("second_person_above"))
    if not 0 <= figure <= MOST_ALONE:
        fault = f"second_person_above is {figure}"
        raise record.fault("second_person_above", fault, f"Write a whole number from 0 to {MOST_ALONE}")
    return figure


def _quiet(item: Record) -> QuietDays:
    first, last = item.day("from"), item.day("until")
    if not first <= last < first + timedelta(days=_LONGEST_QUIET):
        fault = f"quiet from {first} until {last}"
        raise item.fault("until", fault, f"Write the earlier day first, at most {_LONGEST_QUIET} days")
    found = QuietDays(first, last, item.text("name"), item.text("place", ""))
    item.finish()
    return found


def _deadlines(record: Record) -> Mapping[Audience, Mapping[Phase, str]]:
    part = _part(record, "deadlines")
    words: dict[Audience, Mapping[Phase, str]] = {}
    for audience in Audience:
        said = _part(part, audience.value)
        words[audience] = MappingProxyType({phase: _words(said, phase.value) for phase in Phase})
        said.finish()
    part.finish()
    return MappingProxyType(words)


def _discipline(record: Record) -> tuple[DisciplineStage, ...]:
    known = set(load_plan_content().tasks) | {ELECTION_DAY}
    stages: list[DisciplineStage] = []
    for item in record.records("discipline"):
        name = item.text("stage")
        if not name.isidentifier() or name in {one.stage for one in stages}:
            raise item.fault("stage", f"stage is {name!r}", "Write one word in small letters, each stage once")
        at = item.texts("at")
        if not known & set(at):
            raise item.fault("at", f"no plan has {' '.join(at)}", "Name a task of the plan", sorted(known))
        said = _part(item, "words")
        words = {role: _words(said, role.value) for role in Role if said.holds(role.value)}
        said.finish()
        if not words:
            raise item.fault("words", f"{name} says nothing to anybody", "Write words for a role", list(Role))
        stages.append(
            DisciplineStage(
                stage=name,
                at=at,
                days=int(item.whole("days")),
                urgent=item.flag("urgent"),
                words=MappingProxyType(words),
                citations=_cited(item, "citations"),
                community=_cited(item, "community"),
            )
        )
        item.finish()
    return tuple(stages)


def _notices(record: Record) -> tuple[Notice, ...]:
    found: list[Notice] = []
    for item in record.records("notices"):
        name, text = item.text("id"), item.text("text")
        if not _ID.fullmatch(name) or name in {one.id for one in found}:
            raise item.fault("id", f"id is {name!r}", "Use small letters, digits and hyphens, each id once")
        notice = Notice(name, item.choice("kind", NoticeKind), item.text("title"), text, _cited(item, "citations"))
        if len(notice.body) > LONGEST_NOTICE:
            raise item.fault("text", f"{name} is too long", f"At most {LONGEST_NOTICE} characters with its sources")
        item.finish()
        found.append(notice)
    return tuple(found)


def _words(record: Record, name: str) -> str:
    """A reminder's words: short, only known blanks, no figure of law, no day that is wrong once it is late."""
    words = record.text(name)
    unknown = [one for one in _BLANK.findall(words) if one not in BLANKS]
    if unknown or "{" in _BLANK.sub("", words):
        raise record.fault(name, f"{name} has the blank {unknown or words!r}", "Use a known blank", BLANKS)
    if len(words) > LONGEST:
        raise record.fault(name, f"{name} has {len(words)} characters", f"At most {LONGEST}")
    if _FIGURE.search(words):
        raise record.fault(name, f"{name} holds a figure", "Leave figures to the rules: whoever wants one asks")
    for one in _RELATIVE:
        if one in words:
            raise record.fault(name, f"{name} says {one}", "Write {day}: a reminder may leave late")
    return words


def _cited(item: Record, name: str) -> tuple[Citation, ...]:
    laws = load_laws()
    written: Sequence[str] = item.texts(name)
    if not written:
        raise item.fault(name, f"{name} is empty", "Name what the words stand on, e.g. [village 21]")
    return tuple(cite(read_provision(item, one, laws), laws) for one in written)


def _part(record: Record, name: str) -> Record:
    part = record.part(name)
    if part is None:
        raise record.fault(name, f"field {name} is missing", "Copy it from the file of the last release")
    return part
