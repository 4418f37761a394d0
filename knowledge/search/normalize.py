"""One spelling for everything people type: width, script, case, common wrong characters.

What a newcomer gets wrong: this must be total. Any Unicode string, empty, emoji only or 5,000 characters long,
comes out as a string of lower-case simplified Chinese without spaces.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from opencc import OpenCC

LONGEST_QUESTION: Final = 400
_FIRST_IDEOGRAPH: Final = 0x3400
_LAST_IDEOGRAPH: Final = 0x9FFF
_CLAUSE_END: Final = re.compile(r"[,.;:!?。、\n…~]+")
_REPEATED: Final = re.compile(r"([^0-9])\1{3,}")
_DROPPED: Final = re.compile(r"[^0-9a-z㐀-鿿%/,.;:!?。、\n…~-]+")
#: 1,200 is one number; 来了500，400赞成 are two: only the ASCII comma groups digits, the other becomes 、.
_APART: Final = re.compile(r"(?<=\d)，(?=\d)")
_GROUPED: Final = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")


class _Simplified(dict[int, int | str]):
    """A translation table that learns one character at a time, so that start-up converts nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._converter: Any = OpenCC("t2s")

    def __missing__(self, code: int) -> int | str:
        inside = _FIRST_IDEOGRAPH <= code <= _LAST_IDEOGRAPH
        if not inside:
            self[code] = code
            return code
        value: str = self._converter.convert(self._converter.convert(chr(code)))  # 薴 to 苧 to 苎
        self[code] = value
        return value


_SIMPLIFIED: Final = _Simplified()


def normalize(text: str, corrections: Mapping[str, str] | None = None) -> str:
    """The text in one spelling, punctuation kept as ASCII, at most `LONGEST_QUESTION` characters.

    >>> normalize("罷免  村主任？")
    '罢免村主任?'
    """
    text = _APART.sub("、", _GROUPED.sub("", text[: LONGEST_QUESTION * 2]))
    text = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFIED)
    text = _REPEATED.sub(r"\1", _DROPPED.sub("", text))[:LONGEST_QUESTION]
    for wrong, right in (corrections or {}).items():
        if wrong in text:
            text = text.replace(wrong, right)
    return text


def clauses(text: str) -> list[str]:
    """The parts of a normalised text between its punctuation marks, none of them empty."""
    return [part for part in _CLAUSE_END.split(text) if part]
