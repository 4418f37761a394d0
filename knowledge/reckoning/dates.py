"""Days written in a question: 3月8日, 三月八号, 2026年3月8日, 2026-3-8.

What a newcomer gets wrong: a day without a year is taken in the year of the asking, and said back without a year.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

_DAY: Final = re.compile(r"(?:((?:19|20)[0-9]{2})[年./-])?([01]?[0-9])[月./-]([0-3]?[0-9])[日号]?(?![0-9%])")
_MONTH: Final = re.compile("(20[0-9]{2})年(?:(1[0-2]|[1-9])月)?")
_MARKED: Final = re.compile("[月年日号]|(?:19|20)[0-9]{2}[./-]")
_SMALL: Final = {c: str(n) for n, c in enumerate("一二三四五六七八九", 1)}
_SPOKEN_DAY: Final = re.compile(
    "([一二三四五六七八九]|1[0-2])月(?:初)?([一二三四五六七八九]|[0-9]{1,2})(?=[日号]|$|[^0-9个])"
)


@dataclass(frozen=True, slots=True)
class DayNamed:
    """A day of a question; `start` and `end` are where it stands in the text."""

    day: date
    has_year: bool
    start: int
    end: int

    def said(self, other: date) -> str:
        """Another day, with its year only where the question named one or the year differs."""
        year = f"{other.year}年" if self.has_year or other.year != self.day.year else ""
        return f"{year}{other.month}月{other.day}日"


def day_named(text: str, as_of: date) -> DayNamed | None:
    """The first day a normalised text names, numbers above ten in digits; of a month or year alone, its first day.

    >>> day_named("名单3月3日贴的", date(2026, 1, 1)).day
    datetime.date(2026, 3, 3)
    """
    text = _in_digits(text)
    days = days_named(text, as_of)
    if days:
        return days[0]
    month = _MONTH.search(text)
    if month is None:
        return None
    return DayNamed(date(int(month[1]), int(month[2] or 1), 1), has_year=True, start=month.start(), end=month.end())


def days_named(text: str, as_of: date) -> list[DayNamed]:
    """Every day a normalised text names, in order, numbers above ten in digits."""
    found = []
    for match in _DAY.finditer(_in_digits(text)):
        if not _MARKED.search(match[0]):
            continue
        try:
            day = date(int(match[1] or as_of.year), int(match[2]), int(match[3]))
        except ValueError:
            continue
        found.append(DayNamed(day, match[1] is not None, match.start(), match.end()))
    return found


def _in_digits(text: str) -> str:
    return _SPOKEN_DAY.sub(lambda match: f"{_SMALL.get(match[1], match[1])}月{_SMALL.get(match[2], match[2])}", text)
