"""Working days by the State Council's calendar, make-up weekends (调休) included.

One file a year under content/calendar; years announced later are imported as `YearSheet`s of the same shape and
merged with `WorkingCalendar.of`. A year without a sheet is not guessed: Monday to Friday count as working days there,
and the figure is `provisional`. "15 working days from receipt" starts counting on the day after receipt.

What a newcomer gets wrong: a period in months is not counted in working days at all. It ends on the day of the same
number (`WorkingCalendar.add_months`), and an end that falls on a day off stays there.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from knowledge.errors import ContentError

CONTENT = Path(__file__).parent / "content" / "calendar"
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
_MONTHS_A_YEAR = 12
_FIELDS: Final = ("year", "source", "days_off", "working_weekends")
_YEARS: Final = (2000, 2099)  # the first arrangement of this kind was announced for 2000
_LONGEST: Final = 31  # days; a longer range is a month mistyped
_EXAMPLE: Final = "[2027-01-01, 2027-01-03, 元旦]"


class DayKind(StrEnum):
    """What a day is to an office."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


@dataclass(frozen=True, slots=True)
class DayStep:
    """A day out of the ordinary in a count: a weekend or holiday passed over, or a make-up weekend day counted.

    `name` is the holiday's Chinese name, empty where none is on file.
    """

    day: date
    kind: DayKind
    name: str = ""

    @property
    def counted(self) -> bool:
        """Whether the day counts as a working day."""
        return self.kind is DayKind.MAKE_UP


@dataclass(frozen=True, slots=True)
class Reckoned:
    """The end of a period of working days, and every day on the way that is not an ordinary working day.

    Invariant: calendar days from the start to `due_on` are the period's working days plus the steps not counted.
    `provisional` says that a day of the period lies in a year without a sheet.
    """

    due_on: date
    steps: tuple[DayStep, ...]
    provisional: bool


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Days off in a row, both ends included; `name` is the holiday's Chinese name or empty."""

    first_on: date
    last_on: date
    name: str = ""

    def days(self) -> Iterator[date]:
        """Every day, in order."""
        return (self.first_on + timedelta(days=n) for n in range((self.last_on - self.first_on).days + 1))


@dataclass(frozen=True, slots=True)
class YearSheet:
    """The State Council's arrangement for one year, in order of dates.

    Invariant, kept by `parse_year` and `from_record`, which are the only makers of sheets that come from outside:
    every date lies in `year`, no day stands twice, working weekends are Saturdays or Sundays.
    """

    year: int
    source: str
    days_off: tuple[DaysOff, ...]
    working_weekends: tuple[date, ...]

    def as_record(self) -> dict[str, Any]:
        """The sheet as JSON can hold it; `from_record` is the way back."""
        return {
            "year": self.year,
            "source": self.source,
            "days_off": [[str(one.first_on), str(one.last_on), one.name] for one in self.days_off],
            "working_weekends": [str(day) for day in self.working_weekends],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], name: str) -> "YearSheet":
        """A sheet from what `as_record` made, checked like a file.

        Args:
            record: The mapping.
            name: What errors call it.

        Raises:
            ContentError: A field is missing or wrong.
        """
        return _sheet(_Written(name, "", record))


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Days off and working weekends of the years known; `holidays` holds the names of days off that have one."""

    years: frozenset[int]
    days_off: frozenset[date]
    working_weekends: frozenset[date]
    holidays: Mapping[date, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, sheets: Iterable[YearSheet]) -> "WorkingCalendar":
        """A calendar of several years; of two sheets for one year the later replaces the earlier, whole.

        Args:
            sheets: Those of the content first, then those imported.
        """
        found = {sheet.year: sheet for sheet in sheets}.values()
        ranges = [days_off for sheet in found for days_off in sheet.days_off]
        return cls(
            years=frozenset(sheet.year for sheet in found),
            days_off=frozenset(day for one in ranges for day in one.days()),
            working_weekends=frozenset(day for sheet in found for day in sheet.working_weekends),
            holidays=MappingProxyType({day: one.name for one in ranges if one.name for day in one.days()}),
        )

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that change when any day changes between working and off, or a year is added.

        Names, sources and the way days are put into ranges have no part in it.
        """
        turned = {day for day in self.days_off - self.working_weekends if day.weekday() < _SATURDAY}
        years = sorted(map(str, self.years))
        days = sorted(map(str, turned | self.working_weekends))
        return sha256(" ".join((*years, "/", *days)).encode("ascii")).hexdigest()

    def covers(self, day: date) -> bool:
        """Whether the State Council's arrangement for the day's year is on file."""
        return day.year in self.years

    def last_covered_day(self) -> date | None:
        """The last day before the first gap: 31 December of the unbroken run that begins with the earliest year.

        None for a calendar without a year.
        """
        if not self.years:
            return None
        year = min(self.years)
        while year + 1 in self.years:
            year += 1
        return date(year, 12, 31)

    def kind_of(self, day: date) -> DayKind:
        """What a day is; a weekend day within a holiday's days off is that holiday."""
        if day in self.working_weekends:
            return DayKind.MAKE_UP
        if day in self.days_off:
            return DayKind.HOLIDAY
        return DayKind.WORKING if day.weekday() < _SATURDAY else DayKind.WEEKEND

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day."""
        return self.kind_of(day) in (DayKind.WORKING, DayKind.MAKE_UP)

    def add_working_days(self, start: date, days: int) -> date:
        """The last day of a period of working days that begins on the day after `start`.

        Args:
            start: The calendar date the period is counted from, itself not counted.
            days: Length in working days, at least 1.

        Raises:
            ValueError: `days` is below 1.
        """
        if days < 1:
            raise ValueError("a period has at least one working day")
        day = start
        while days:
            day += _ONE_DAY
            days -= self.is_working_day(day)
        return day

    def explain_working_days(self, start: date, days: int) -> Reckoned:
        """`add_working_days` with the reasons: days passed over, make-up days counted, and whether it is final.

        Args:
            start: The calendar date the period is counted from, itself not counted.
            days: Length in working days, at least 1.

        Raises:
            ValueError: `days` is below 1.
        """
        due_on = self.add_working_days(start, days)
        span = [start + timedelta(days=n) for n in range(1, (due_on - start).days + 1)]
        kinds = ((day, self.kind_of(day)) for day in span)
        steps = (DayStep(day, kind, self.holidays.get(day, "")) for day, kind in kinds if kind is not DayKind.WORKING)
        return Reckoned(due_on, tuple(steps), provisional=not all(self.covers(day) for day in span))

    @staticmethod
    def add_months(start: date, months: int) -> date:
        """The last day of a period of calendar months that begins on the day after `start`.

        It is the day of the same number; where that month has none, its last day (Civil Code, article 202). It is
        not moved when it falls on a day off: the rules that set these periods do not say so, and the earlier day is
        the safe one.

        >>> WorkingCalendar.add_months(date(2026, 1, 31), 1), WorkingCalendar.add_months(date(2026, 11, 15), 3)
        (datetime.date(2026, 2, 28), datetime.date(2027, 2, 15))

        Raises:
            ValueError: `months` is below 1.
        """
        if months < 1:
            raise ValueError("a period has at least one month")
        years, month = divmod(start.month - 1 + months, _MONTHS_A_YEAR)
        year, month = start.year + years, month + 1
        return date(year, month, min(start.day, monthrange(year, month)[1]))

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` lies before `start`."""
        if end < start:
            return -self.working_days_between(end, start)
        span = (end - start).days
        return sum(self.is_working_day(start + timedelta(days=n)) for n in range(1, span + 1))


@cache
def load_calendar() -> WorkingCalendar:
    """The calendar of the years on file.

    Raises:
        ContentError: A file is wrong.
    """
    return WorkingCalendar.of(load_sheets())


def load_sheets() -> tuple[YearSheet, ...]:
    """The sheets on file, in order of years: what imported ones are merged with.

    Raises:
        ContentError: A file is wrong, or is not named after its year.
    """
    return _read_folder(CONTENT)


@cache
def _read_folder(folder: Path) -> tuple[YearSheet, ...]:
    return tuple(_read_file(path) for path in sorted(folder.glob("*.yaml")))


def _read_file(path: Path) -> YearSheet:
    sheet = parse_year(path.read_text(encoding="utf-8"), path.name)
    if path.stem != str(sheet.year):
        raise ContentError(path.name, 0, f"the file is for {sheet.year}", f"Name it {sheet.year}.yaml")
    return sheet


def parse_year(text: str, name: str) -> YearSheet:
    """A year's arrangement, written like the files under content/calendar.

    Args:
        text: YAML with `year`, `source`, `days_off` (first day, last day, and the holiday's name if wanted) and
            `working_weekends`.
        name: What errors call it, for instance the file's name.

    Raises:
        ContentError: It is no YAML; a field is missing, unknown or written twice; a date is none, lies in another
            year or stands twice; a range is reversed; a working weekend is a weekday.
    """
    try:
        values = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts only, safer than the safe one
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ContentError(name, line, f"not YAML: {error.problem}", "Mend the indentation or brackets") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ContentError(name, 0, "not YAML", "Copy the shape of another year's file") from error
    if not isinstance(values, dict):
        raise ContentError(name, 1, "it holds no fields", "Copy the shape of another year's file")
    for one in _FIELDS:
        if len(re.findall(rf"^{one}\s*:", text, re.MULTILINE)) > 1:
            raise _Written(name, text, values).fault(f"{one}:", f"field {one} stands twice", "Leave one of them")
    return _sheet(_Written(name, text, values))


@dataclass(frozen=True, slots=True)
class _Written:
    """A sheet before it is believed: the fields as written, and the text they stand in (empty for a record)."""

    name: str
    raw: str
    values: Mapping[str, Any]

    def fault(self, at: str, fault: str, cure: str) -> ContentError:
        """The error about something written, with the first line that holds it."""
        lines = enumerate((line.partition("#")[0] for line in self.raw.splitlines()), 1)
        return ContentError(self.name, next((n for n, line in lines if at in line), 0), fault, cure)

    def items(self, name: str) -> Sequence[Any]:
        """A field that holds a list."""
        value = self.values[name]
        if not isinstance(value, list):
            raise self.fault(f"{name}:", f"{name} is {_shown(value)}", "Write a list; an empty one is []")
        return value

    def day(self, value: Any, year: int) -> date:
        """A date of the year."""
        shown = _shown(value)
        try:
            day = date.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            day = None
        if day is None or str(day) != value:
            raise self.fault(shown, f"{shown} is no date", "Write year, month and day like 2027-01-03")
        if day.year != year:
            raise self.fault(shown, f"{day} is not in {year}", "Move it to its own year's file")
        return day


def _sheet(written: _Written) -> YearSheet:
    for name in _FIELDS:
        if name not in written.values:
            raise written.fault("year:", f"field {name} is missing", "Copy the shape of another year's file")
    for name in written.values:
        if name not in _FIELDS:
            raise written.fault(_shown(name), f"field {_shown(name)} is unknown", "Correct its name or remove it")
    year = _year(written)
    source = written.values["source"]
    if not isinstance(source, str) or not source.strip():
        raise written.fault("source:", "source is empty", "Write the title of the State Council's notice")
    ranges = sorted((_range(written, year, one) for one in written.items("days_off")), key=lambda one: one.first_on)
    weekends = sorted(_weekend(written, year, one) for one in written.items("working_weekends"))
    _refuse_days_that_stand_twice(written, ranges, weekends)
    return YearSheet(year, source.strip(), tuple(ranges), tuple(weekends))


def _year(written: _Written) -> int:
    value = str(written.values["year"]) if isinstance(written.values["year"], (int, str)) else ""
    first, last = _YEARS
    if not re.fullmatch(r"[0-9]{4}", value) or not first <= int(value) <= last:
        raise written.fault("year:", f"year is {_shown(value)}", f"Write a year from {first} to {last}, like 2027")
    return int(value)


def _range(written: _Written, year: int, value: Any) -> DaysOff:
    if not isinstance(value, list) or len(value) not in (2, 3):
        raise written.fault("days_off:", f"{_shown(value)} in days_off is no range", f"Write it like {_EXAMPLE}")
    first, last = (written.day(one, year) for one in value[:2])
    if last < first:
        raise written.fault(str(first), f"the range from {first} to {last} is reversed", "Write the earlier day first")
    length = (last - first).days + 1
    if length > _LONGEST:
        fault = f"the range from {first} lasts {length} days"
        raise written.fault(str(first), fault, "Check the month of its last day")
    name = value[2] if value[2:] else ""
    if not isinstance(name, str):
        raise written.fault(str(first), f"the name of {first} is {_shown(name)}", f"Write it like {_EXAMPLE}")
    return DaysOff(first, last, name.strip())


def _weekend(written: _Written, year: int, value: Any) -> date:
    day = written.day(value, year)
    if day.weekday() < _SATURDAY:
        fault = f"{day} in working_weekends is a weekday"
        raise written.fault(str(day), fault, "Only Saturdays and Sundays are made up for; check the date")
    return day


def _refuse_days_that_stand_twice(written: _Written, ranges: list[DaysOff], weekends: list[date]) -> None:
    off = [day for one in ranges for day in one.days()]
    for name, days in (("days_off", off), ("working_weekends", weekends)):
        for day in sorted({day for day in days if days.count(day) > 1}):
            raise written.fault(str(day), f"{day} stands twice in {name}", "Leave it once")
    for day in sorted(set(off) & set(weekends)):
        fault = f"{day} is a day off and a working weekend"
        raise written.fault(str(day), fault, "Leave it in one list; the notice says which")


def _shown(value: Any) -> str:
    """A value for an error: short, whatever was written."""
    return value[:40] if isinstance(value, str) else f"a {type(value).__name__}"
