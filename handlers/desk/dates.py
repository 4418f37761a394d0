"""Dates, sizes and spans as people say them: 3月8日（星期日）, 还剩5天. All in Asia/Shanghai."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from knowledge.clock import SHANGHAI

WEEKDAYS: Final = "一二三四五六日"
_PARTS: Final = ((6, "凌晨"), (12, "上午"), (14, "中午"), (18, "下午"), (24, "晚上"))
_SOON_DAYS: Final = 3
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Due:
    """How a day that something is due on looks from today; `kind` is the badge's."""

    kind: str
    text: str
    overdue: bool


def day(value: date) -> str:
    """3月8日（星期日）."""
    return f"{value.month}月{value.day}日（星期{WEEKDAYS[value.weekday()]}）"


def short_day(value: date) -> str:
    """3月8日."""
    return f"{value.month}月{value.day}日"


def moment(value: datetime) -> str:
    """3月8日 下午2:05, in Asia/Shanghai."""
    local = value.astimezone(SHANGHAI)
    part = next(name for until, name in _PARTS if local.hour < until)
    hour = local.hour if local.hour <= 12 else local.hour - 12  # noqa: PLR2004 - a clock face
    return f"{short_day(local.date())} {part}{hour}:{local.minute:02}"


def due(value: date, today: date) -> Due:
    """How far away a last day is, in calendar days."""
    left = (value - today).days
    if left < 0:
        return Due("danger", f"过期{-left}天", overdue=True)
    if left == 0:
        return Due("danger", "今天截止", overdue=False)
    return Due("warn" if left <= _SOON_DAYS else "neutral", f"还剩{left}天", overdue=False)


def size(count: int) -> str:
    """120 KB, 3.4 MB."""
    if count < _KIB * _KIB:
        return f"{max(1, round(count / _KIB))} KB"
    return f"{count / _KIB / _KIB:.1f} MB"
