"""How alike two reports are, as far as their words tell: a help for the eye, never a decision.

Two reports about the same person in the same village are worth a look however they are worded; two without a name, or
with different ones, only when they tell the same in the same words. Nothing is linked or merged by this.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from knowledge.casework.clues.amounts import find_amounts
from knowledge.casework.clues.matters import normalise

#: From here on two reports are shown as alike, and as much alike.
ALIKE: Final = 40
MUCH_ALIKE: Final = 75
_SAME_PERSON: Final = 50
_NO_NAME: Final = 90
_OTHER_PERSON: Final = 60
_AMOUNTS_SHARE: Final = 0.2
_PART_OF: Final = 0.9  # a short account that stands whole in a long one
_SHORTEST_NAME: Final = 2
_SHORTEST_PART: Final = 12
_NOISE: Final = re.compile(r"\W+")
_UNITS: Final = re.compile(r"(?:人民币|元整|块钱|元钱|元|圆|块|个人|人)$")


@dataclass(frozen=True, slots=True)
class Account:
    """A report as it is compared: whom it names (empty for nobody), and everything it tells."""

    who: str
    text: str


def likeness(one: Account, other: Account) -> int:
    """How alike two accounts are, 0 to 100; the order of the two does not matter.

    >>> likeness(Account("王大勇", "挨家送烟"), Account("王大勇", "挨家送烟"))
    100
    """
    told = _told_alike(_bare(one.text), _bare(other.text))
    amounts = _amounts(one.text), _amounts(other.text)
    if all(amounts):
        shared = len(amounts[0] & amounts[1]) / min(len(amounts[0]), len(amounts[1]))
        told = (1 - _AMOUNTS_SHARE) * told + _AMOUNTS_SHARE * shared
    names = _bare(one.who), _bare(other.who)
    if not all(len(name) >= _SHORTEST_NAME for name in names):
        return round(_NO_NAME * told)
    if names[0] in names[1] or names[1] in names[0]:
        return round(_SAME_PERSON + (100 - _SAME_PERSON) * told)
    return round(_OTHER_PERSON * told)


def _told_alike(one: str, other: str) -> float:
    """Shared pairs of characters, or a short account found again in a long one; 0 to 1."""
    pairs, others = _pairs(one), _pairs(other)
    total = sum(pairs.values()) + sum(others.values())
    if not total:
        return 1.0 if one and one == other else 0.0
    alike = 2 * sum((pairs & others).values()) / total
    if min(len(one), len(other)) >= _SHORTEST_PART:
        alike = max(alike, _PART_OF * fuzz.partial_ratio(one, other, score_cutoff=50) / 100)
    return alike


def _pairs(text: str) -> Counter[str]:
    return Counter(text[at : at + 2] for at in range(len(text) - 1))


def _amounts(text: str) -> frozenset[str]:
    found = find_amounts(normalise(text))
    return frozenset(_UNITS.sub("", amount.text) for amount in found if amount.unit in ("money", "goods"))


def _bare(text: str) -> str:
    return _NOISE.sub("", normalise(text).casefold())
