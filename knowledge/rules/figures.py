"""Numbers in a question, and what they count.

What a newcomer gets wrong: a number counts only where the words around it say what it counts. 登记1860人 is the
roll, 来了900人 the turnout, 得了500票 a candidate's votes. Years, dates, ages, shares and sums of money are no heads.
"""

import re
from collections.abc import Mapping
from typing import Final

_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_SPOKEN: Final = re.compile("(?<!分之)[一二两三四五六七八九]?[十百千万][零一二两三四五六七八九十百千万]*(?!分之)")
_NUMBER: Final = r"([0-9]{1,6})(?![0-9%年月日岁号天点块元分届条次周成折])"
_FILL: Final = r"[^0-9,.;:!?。、]{0,6}?"
_ROLES: Final[Mapping[str, tuple[re.Pattern[str], ...]]] = {
    "votes": (
        re.compile(rf"(?:得票|得|获|拿)(?:了|到|票)*{_FILL}{_NUMBER}票?"),
        re.compile(rf"{_NUMBER}(?:张)?(?:赞成)?票"),
    ),
    "turnout": (
        re.compile(
            rf"(?:来了|到了|投了|投出|收回|实到|实际来|参加投票|投票的|参加的|到场|参与|投了票的|来投票|投票|到会|来){_FILL}{_NUMBER}"
        ),
        re.compile(rf"{_NUMBER}(?:个|名|位)?(?:人|村民|选民|居民|代表)?(?:来投|投票|到场|参加|来了|到会|投了)"),
    ),
    "representatives": (
        re.compile(rf"(?:代表)(?:一共|总共|共|有|是)*{_FILL}{_NUMBER}"),
        re.compile(rf"{_NUMBER}(?:个|名|位)?(?:人的)?(?:村民|居民)?代表"),
    ),
    "roll": (
        re.compile(rf"(?:登记|选民|应到|一共|总共|共有|全村|名单上|名单){_FILL}{_NUMBER}"),
        re.compile(rf"{_NUMBER}(?:个|名|位|多)?(?:选民|村民|居民|登记|有选举权|人)"),
    ),
}


def with_digits(text: str) -> str:
    """The text with numbers above ten in digits.

    >>> with_digits("登记两千人,来了八百五十人")
    '登记2000人,来了850人'
    """
    return _SPOKEN.sub(lambda match: str(_value(match[0])), text)


def _value(numeral: str) -> int:
    total = part = digit = 0
    last = 1
    for character in numeral:
        if character in _UNITS:
            last = _UNITS[character]
            part += (digit or 1) * last
            digit = 0
            if last == _UNITS["万"]:
                total, part = total + part, 0
        else:
            digit = _DIGITS[character]
    return total + part + digit * (last // 10 if last > _UNITS["十"] and "零" not in numeral else 1)


def read_figures(text: str) -> dict[str, int]:
    """What the numbers of a normalised question count.

    >>> read_figures("登记了720人,来了400人,最多的得了210票")
    {'votes': 210, 'turnout': 400, 'roll': 720}
    """
    figures: dict[str, int] = {}
    taken: set[int] = set()
    for role, patterns in _ROLES.items():
        for pattern in patterns:
            match = next((m for m in pattern.finditer(text) if m.start(1) not in taken), None)
            if match is not None:
                figures[role] = int(match[1])
                taken.add(match.start(1))
                break
    return figures
