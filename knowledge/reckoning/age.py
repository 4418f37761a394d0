"""Is somebody old enough on election day, from a birthday and a day the question names?"""

from datetime import date

from knowledge.reckoning.asked import Asked, Reckoned
from knowledge.reckoning.dates import DayNamed, days_named
from knowledge.rules.wording import spoken

_BORN = ("生日", "出生", "生的", "生人")
_AFTER = 6


def old_enough(asked: Asked) -> Reckoned | None:
    """Whether the voting age is reached on the day of the vote; of two days named one must be a birthday."""
    days = days_named(asked.text, asked.as_of)
    rule = asked.rule("voting_age")
    if len(days) != 2 or rule is None or not isinstance(rule.value, int):  # noqa: PLR2004 - born and voting
        return None
    born = next((one for one in days if _is_birthday(asked.text, one)), None)
    if born is None:
        return None
    polling = days[1] if born is days[0] else days[0]
    if born.day >= polling.day or (born.day.month, born.day.day) == (polling.day.month, polling.day.day):
        return None  # a birthday on election day itself is for the election committee to judge
    age = _full_years(born.day, polling.day)
    verdict = "够了，可以登记投票" if age >= rule.value else "还不够，这次不能投票"
    text = (
        f"{verdict}：到{polling.said(polling.day)}满{age}周岁，要满{spoken(rule)}。\n"
        "算法：看选举日那天的周岁。生日正好是选举日的，问选举委员会。"
    )
    return Reckoned(asked.entry("voting-age"), text)


def _is_birthday(text: str, named: DayNamed) -> bool:
    around = text[max(0, named.start - _AFTER) : named.start], text[named.end : named.end + _AFTER]
    return any(word in part for word in _BORN for part in around)


def _full_years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
