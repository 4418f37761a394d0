"""How dates, hours and the menu are said: what every module of words shares."""

from datetime import date, datetime, timedelta
from typing import Final

from handlers.chat.keyboards import MenuTap
from handlers.chat.reply import Button, tap
from knowledge.clock import SHANGHAI, local_date

ASK: Final = "我想问"
REPORT: Final = "我要反映"
MINE: Final = "我的反映"
HOME: Final = "我的村（社区）"
SCHEDULE: Final = "我村日程"
OWN_DATA: Final = "我的数据"
PRIVACY: Final = "怎么用我的信息"
_WEEKDAYS: Final = "一二三四五六日"


def people_date(day: date) -> str:
    """A date as people say it: 3月8日（星期日）."""
    return f"{day.month}月{day.day}日（星期{_WEEKDAYS[day.weekday()]}）"


def short_date(instant: datetime) -> str:
    """The day of an instant, said short: 3月8日."""
    day = local_date(instant)
    return f"{day.month}月{day.day}日"


def people_time(instant: datetime, now: datetime) -> str:
    """An hour as people say it, rounded up to the minute: 10点42分; with the day when it is not today's."""
    local = instant.astimezone(SHANGHAI)
    if local.second or local.microsecond:
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    said = f"{local.hour}点{local.minute:02d}分" if local.minute else f"{local.hour}点"
    return said if local.date() == local_date(now) else f"{people_date(local.date())}{said}"


def days_left(due: date, today: date) -> str:
    """How long there is: 还剩5天."""
    left = (due - today).days
    if left < 0:
        return f"已经过了{-left}天"
    return "就是今天" if left == 0 else f"还剩{left}天"


def short(text: str, longest: int) -> str:
    """A text on one line, cut where it is too long."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def menu_buttons() -> list[Button]:
    """The main menu."""
    return [
        tap(ASK, MenuTap(act="ask")),
        tap(REPORT, MenuTap(act="report")),
        tap(MINE, MenuTap(act="mine")),
        tap(HOME, MenuTap(act="home")),
    ]
