"""How days are counted, before a day and after it, in calendar days.

What a newcomer gets wrong: the law says "twenty days before election day" and does not say whether the day of the
notice counts. `next_day` does not count it, so that twenty whole days lie between; `same_day` counts it as the first.
A place uses what its higher level says; the careful way is the default.
"""

from datetime import date, timedelta
from enum import StrEnum

from knowledge.elections.plan_content import Side

_ONE = timedelta(days=1)


class Counting(StrEnum):
    """Whether the day something happens is counted."""

    NEXT_DAY = "next_day"
    SAME_DAY = "same_day"


def counted(anchor: date, side: Side, days: int | None, counting: Counting) -> date:
    """The latest day some days before or after an anchor; without days the anchor, or the day before it.

    >>> counted(date(2026, 5, 10), Side.BEFORE, 20, Counting.NEXT_DAY)
    datetime.date(2026, 4, 19)
    >>> counted(date(2026, 5, 10), Side.BEFORE, 20, Counting.SAME_DAY)
    datetime.date(2026, 4, 20)
    >>> counted(date(2026, 5, 10), Side.AFTER, 10, Counting.NEXT_DAY)
    datetime.date(2026, 5, 20)
    """
    if side is Side.ON:
        return anchor
    if side is Side.NEXT:
        return anchor + _ONE
    first = _ONE if counting is Counting.NEXT_DAY else timedelta()
    if side is Side.BEFORE:
        return anchor - _ONE if days is None else anchor - timedelta(days=days) - first
    return anchor if days is None else anchor + timedelta(days=max(days - 1, 0)) + first


def planned(anchor: date, side: Side, days: int | None) -> date:
    """The day of our own planning, plainly so many days before or after; no law counts it.

    >>> planned(date(2026, 5, 10), Side.AFTER, 3)
    datetime.date(2026, 5, 13)
    """
    if side in (Side.ON, Side.NEXT):
        return counted(anchor, side, days, Counting.NEXT_DAY)
    span = timedelta(days=days or 0)
    return anchor - span if side is Side.BEFORE else anchor + span


def reckoned(begin: str, anchor: date, side: Side, days: int | None, counting: Counting) -> str:
    """The same in words: from what (`begin`: 选举日是), how many, which way, and where that leads."""
    end = said(counted(anchor, side, days, counting))
    start = f"{begin}{said(anchor)}"
    if side is Side.ON:
        return f"{start}，当天就办"
    if side is Side.NEXT:
        return f"{start}，当天或第二天办，最晚{end}"
    if side is Side.BEFORE:
        if days is None:
            return f"{start}，要办在它前面，最晚{end}"
        way = f"中间留满{days}天，两头都不算" if counting is Counting.NEXT_DAY else f"往前数{days}天，办的当天算在内"
        return f"{start}，{way}，最晚{end}"
    way = f"从第二天算起，第{days}天是{end}" if counting is Counting.NEXT_DAY else f"当天算第1天，第{days}天是{end}"
    return f"{start}，{way}"


def said(day: date) -> str:
    """A day as people say it: 5月10日（星期日）."""
    return f"{day.month}月{day.day}日（星期{'一二三四五六日'[day.weekday()]}）"
