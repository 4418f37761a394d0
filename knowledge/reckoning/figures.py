"""Numbers in a question, and what they count.

What a newcomer gets wrong: a number counts only where the words around it say what it counts. 登记1860人 is the
roll, 来了900人 the turnout, 得了500票 a candidate's votes. Years, dates, ages, shares and sums of money are no heads.
"""

import re
from fractions import Fraction
from typing import Final

_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10000}
#: 几十, 上百, 十来, 二百多 are no figures to reckon with.
_SPOKEN: Final = re.compile(
    "(?<![分之几数上好成近])[一二两三四五六七八九]?[十百千万][零一二两三四五六七八九十百千万]*(?!分之|[来几把])"
)
_PERCENT: Final = re.compile("百分之([一二三四五六七八九十]+)")
_NUMBER: Final = re.compile(r"(?<![0-9近约])[0-9]{1,6}(?![0-9%年月日岁号天点块元分届条次周成折.]|[多来几余])")
_CLAUSE_END: Final = re.compile(r"[,.;:!?。、]")
_STOP: Final = re.compile(r"[,.;:!?。、0-9]")
_LEFT: Final = 9
_RIGHT: Final = 8
_CAST: Final = r"(?:投了|投出|投的|收回|收上来|收|实际投|有效票|共投|一共|总共|统共|拢共)[^得获拿]{0,4}$"
_GOT: Final = r"(?:得票|得|获|拿|我|他|她|头名|第一|最高|最多|才|只有|票数)[^投发收]{0,4}$"
_AGREED: Final = r"(?:同意|赞成)(?:的)?(?:有|是)?$"
_CAME: Final = r"(?:来了|来的|到了|到会|投了|投票|投过票|实到|实际来|参加|到场|参与|来投|只来|才来|来)[^登选]{0,5}$"
_ROLL: Final = (
    r"(?:登记|选民|应到|名单上|名单|名册|在册|一共|总共|统共|拢共|共有|共|全村|全社区|村里|有)[^来到投]{0,5}$"
)
_HEADS: Final = r"(?:个|名|位)?(?:人|村民|选民|居民|代表|个)"
#: What a number counts, by the words before and after it; the first that fits decides.
_ROLES: Final = tuple(
    (role, re.compile(before), re.compile(after))
    for role, before, after in (
        ("handed_out", r"发(?:了|出|出去|下去|的)?[^收]{0,3}$", r"(?:张|票)"),
        ("household_turnout", _CAME, r"户"),
        ("household_turnout", r"", r"户(?:的)?(?:代表)?(?:来|到|参加|投)"),
        ("households", r"", r"户"),
        ("turnout", _CAST, r"(?:张|票)"),
        ("votes", _AGREED, r""),
        ("votes", r"", r"(?:个|人|票)?(?:同意|赞成)"),
        ("votes", _GOT, r"(?:张|票|个赞成|赞成)"),
        ("votes", r"(?:得票|得了|得到|获得|拿了|拿到|得)$", r""),
        ("votes", r"", r"(?:张)?(?:赞成)?票"),
        ("turnout", _CAME, r""),
        (
            "turnout",
            r"",
            r"(?:个|名|位)?(?:人|村民|选民|居民|代表|个)?(?:来投|投票|到场|参加|来了|到会|投了|来开会|实到)(?!.{0,3}[0-9])",
        ),
        ("representatives", r"", r"(?:个|名|位)?(?:人的)?(?:村民|居民)?代表"),
        ("representatives", r"代表(?:一共|总共|共|有|是)*[^来到投]{0,3}$", r""),
        ("roll", _ROLL, r""),
        ("roll", r"", r"(?:个|名|位)?(?:选民|村民|居民|登记|有选举权|人)"),
    )
)
_PART: Final = re.compile(
    r"(?:投票率|参加率|到场率|来投票的|参加投票的|投票的|来了|到场|参加)[^0-9,.;:!?。、]{0,8}?"
    r"(?:([0-9]{1,3}(?:\.[0-9]+)?)%|百分之([0-9]{1,3}))"
)
_WHOLE: Final = 100


def read_turnout_share(text: str) -> Fraction | None:
    """The share of people who voted, where a normalised question says it as a percentage.

    >>> read_turnout_share("投票率只有45%,算不算数")
    Fraction(9, 20)
    """
    match = _PART.search(text)
    if match is None:
        return None
    part = Fraction(match[1] or match[2]) / _WHOLE
    return part if part <= 1 else None


def with_digits(text: str) -> str:
    """The text with numbers above ten in digits.

    >>> with_digits("登记两千人,来了八百五十人")
    '登记2000人,来了850人'
    """
    text = _PERCENT.sub(lambda match: f"百分之{_value(match[1])}", text)
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
    """What the numbers of a normalised question count, the first number of each role.

    Roles: roll, turnout, votes, representatives, households, household_turnout, handed_out.

    >>> read_figures("登记了720人,来了400人,最多的得了210票")
    {'roll': 720, 'turnout': 400, 'votes': 210}
    """
    figures: dict[str, int] = {}
    for match in _NUMBER.finditer(text):
        before = _STOP.split(text[max(0, match.start() - _LEFT) : match.start()])[-1]
        after = _CLAUSE_END.split(text[match.end() : match.end() + _RIGHT])[0]
        role = next((r for r, left, right in _ROLES if left.search(before) and right.match(after)), None)
        if role is not None:
            figures.setdefault(role, int(match[0]))
    return figures
