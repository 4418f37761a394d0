"""The election committee and the names of candidates: who may be the same person, and who must leave.

A member who is nominated, or whose near relative is, leaves the committee (village 15, residents 15). A name alone
proves nobody: a likeness is a proposal for a person to confirm or reject. The same name under a declared relation is
no proposal but the clash itself.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from knowledge.search.pinyin import folded, syllable

_NOTE: Final = re.compile(r"[（(【].*?[）)】]")
_SHORTEST: Final = 2
#: Near relatives as the Civil Code has them (article 1045); "other" says in words what it is.
RELATIONS: Final = ("spouse", "parent", "child", "sibling", "grandparent", "grandchild", "other")


class Likeness(StrEnum):
    """How alike two names are."""

    EXACT = "exact"
    ALIKE = "alike"


@dataclass(frozen=True, slots=True)
class Match:
    """A member, by their own name or that of a declared relative (`relative_id`), beside a candidate."""

    member_id: int
    candidate_id: int
    relative_id: int | None
    likeness: Likeness

    @property
    def is_certain(self) -> bool:
        """The same name under a declared relation: nobody has to confirm it, and nobody can reject it."""
        return self.relative_id is not None and self.likeness is Likeness.EXACT


def plain_name(name: str) -> str:
    """A name as it is kept and compared: no spaces, full-width forms and dots as everywhere else.

    >>> plain_name(" 王 小\u3000明 ")
    '王小明'
    """
    return "".join(unicodedata.normalize("NFKC", name).split()).replace("•", "·")


def likeness(one: str, other: str) -> Likeness | None:
    """How alike two names are; None when they are not.

    >>> likeness("王小明", "王小明"), likeness("王晓明", "王小明"), likeness("王小明", "王小红")
    (<Likeness.EXACT: 'exact'>, <Likeness.ALIKE: 'alike'>, None)
    >>> likeness("王小明（三组）", "王小明")
    <Likeness.ALIKE: 'alike'>
    """
    one, other = plain_name(one), plain_name(other)
    if not one or not other:
        return None
    if one == other:
        return Likeness.EXACT
    bare, other_bare = _NOTE.sub("", one), _NOTE.sub("", other)
    if min(len(bare), len(other_bare)) < _SHORTEST:
        return None
    return Likeness.ALIKE if _sound(bare) == _sound(other_bare) else None


def _sound(name: str) -> tuple[str, ...]:
    return tuple(folded(syllable(character)) for character in name)
