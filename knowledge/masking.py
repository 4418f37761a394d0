"""Hiding what could lead to a person in a text that staff read: phone numbers, ID numbers, bank cards.

What a newcomer gets wrong: to hide too much. A date, a number of votes, a hotline such as 12388, a case number are
what the question is about, so only figures of a known shape go. The sealed original is never changed.
"""

import re
from typing import Final

_KEPT_FIRST: Final = 3
_KEPT_LAST: Final = 2
#: Digits and signs of other widths, one for one, so that a place in the plain text is the same place in the original.
_FULL_WIDTH: Final = 0xFEE0  # how far the full-width form of a character lies from its ASCII one
_DASHES: Final = (0x2010, 0x2013, 0x2014)
_PLAIN: Final = (
    {ord(sign) + _FULL_WIDTH: sign for sign in "0123456789-+()."}
    | dict.fromkeys(_DASHES, "-")
    | {ord(sign) + _FULL_WIDTH: "x" for sign in "xX"}
    | {ord("X"): "x"}
)
_SPELLED: Final = str.maketrans("〇零一幺二三四五六七八九", "001123456789")
_GAP: Final = r"[ \u3000\t.·-]{0,2}"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_DAY: Final = r"(?:0[1-9]|[12][0-9]|3[01])"
_MOBILE: Final = (
    rf"(?:\+?86{_GAP})?1[3-9][0-9]"
    rf"(?:{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}|{_GAP}[0-9]{{3}}{_GAP}[0-9]{{5}}|[0-9]{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}})"
)
_LANDLINE: Final = rf"\(?0(?:10|2[0-9]|[3-9][0-9]{{2}})\)?{_GAP}(?:[0-9]{{7,8}}|[0-9]{{3,4}}{_GAP}[0-9]{{4}})"
_IDENTITY: Final = (
    rf"[1-9][0-9]{{5}}{_GAP}(?:18|19|20)[0-9]{{2}}{_GAP}{_MONTH}{_GAP}{_DAY}{_GAP}[0-9]{{3}}{_GAP}[0-9x]"
    rf"|[1-9][0-9]{{7}}{_MONTH}{_DAY}[0-9]{{3}}"
)
_CARD: Final = rf"[0-9]{{16,19}}|[3-9][0-9]{{3}}(?:{_GAP}[0-9]{{4}}){{3}}(?:{_GAP}[0-9]{{1,3}})?"
_NUMBER: Final = re.compile(rf"(?<![0-9a-z])(?:{_IDENTITY}|{_CARD}|{_MOBILE}|{_LANDLINE})(?![0-9])", re.IGNORECASE)
_SPELLED_MOBILE: Final = re.compile(
    r"(?<![〇零一幺二三四五六七八九])[一幺][三四五六七八九][〇零一幺二三四五六七八九]{9}"
)


def mask(text: str) -> str:
    """The text with numbers of people shortened to their first three and last two digits.

    >>> mask("我的号码 138-0013-8012，3月8日投票有2200人")
    '我的号码 138******12，3月8日投票有2200人'
    """
    plain = text.translate(_PLAIN)
    parts, end = [], 0
    for match in _NUMBER.finditer(plain):
        parts += [text[end : match.start()], _shortened(match.group())]
        end = match.end()
    masked = "".join((*parts, text[end:]))
    return _SPELLED_MOBILE.sub(lambda match: _shortened(match.group().translate(_SPELLED)), masked)


def is_masked(text: str) -> bool:
    """Whether something was hidden in a text, or still has to be."""
    return "***" in text or mask(text) != text


def _shortened(number: str) -> str:
    digits = re.sub(r"[^0-9x]", "", number.lower())
    hidden = "*" * (len(digits) - _KEPT_FIRST - _KEPT_LAST)
    return f"{digits[:_KEPT_FIRST]}{hidden}{digits[-_KEPT_LAST:]}"
