"""Working days by the State Council's calendar, make-up weekends (调休) included.

One file a year under content/calendar. A year without a file is not guessed: Monday to Friday count as working
days there, and `WorkingCalendar.covers` says that the figure is provisional. "15 working days from receipt"
starts counting on the day after receipt.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.errors import ContentError

CONTENT = Path(__file__).parent / "content" / "calendar"
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Days off and working weekends of the years known."""

    years: frozenset[int]
    days_off: frozenset[date]
    working_weekends: frozenset[date]

    def covers(self, day: date) -> bool:
        """Whether the State Council's arrangement for the day's year is on file."""
        return day.year in self.years

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day."""
        if day in self.working_weekends:
            return True
        return day.weekday() < _SATURDAY and day not in self.days_off

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

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` lies before `start`."""
        if end < start:
            return -self.working_days_between(end, start)
        span = (end - start).days
        return sum(self.is_working_day(start + timedelta(days=n)) for n in range(1, span + 1))


@cache
def load_calendar() -> WorkingCalendar:
    """Read every year on file.

    Raises:
        ContentError: A file lacks a field, or its dates lie in another year.
    """
    years: set[int] = set()
    off: set[date] = set()
    working: set[date] = set()
    for path in sorted(CONTENT.glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        _check(path, data)
        years.add(data["year"])
        off.update(day for first, last in data["days_off"] for day in _days(first, last))
        working.update(data["working_weekends"])
    return WorkingCalendar(frozenset(years), frozenset(off), frozenset(working))


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _check(path: Path, data: dict[str, Any]) -> None:
    for name in ("year", "source", "days_off", "working_weekends"):
        if name not in data:
            raise ContentError(path.name, 0, f"field {name} is missing", "Copy the shape of another year's file")
    days = [day for pair in data["days_off"] for day in pair] + data["working_weekends"]
    for day in days:
        if day.year != data["year"]:
            raise ContentError(path.name, 0, f"{day} is not in {data['year']}", "Move it to its own year's file")
