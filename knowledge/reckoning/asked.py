"""What a reckoning starts from, and what it ends in.

What a newcomer gets wrong: every share and span comes from a dated rule, none stands in this package; and without
the numbers a reckoning needs there is no reckoning, so that the ordinary answer stands.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from knowledge.jurisdiction import NATION
from knowledge.model import Kind, Rule
from knowledge.rules.rulebook import Rulebook

SCORE: Final = 0.95
_HOW_MANY: Final = re.compile("多少|最少|至少|起码|最低|几(?:个|名|人|票|张|户)|要来|够|过半|算数|作数|有效|无效")


@dataclass(frozen=True, slots=True)
class Asked:
    """A normalised question with its tokens; numbers above ten stand in digits."""

    text: str
    tokens: Mapping[str, float]
    kind: Kind | None
    rules: Rulebook
    as_of: date

    @property
    def asks_how_many(self) -> bool:
        """Whether a number is asked for, not only told in passing."""
        return bool(_HOW_MANY.search(self.text))

    @property
    def is_community(self) -> bool:
        """Whether the question is about a community, as far as is known."""
        return self.kind is Kind.COMMUNITY

    def rule(self, name: str) -> Rule | None:
        """The national rule in force, that of villages or communities before one for both."""
        own = "community." if self.is_community else "village."
        return self.rules.find(own + name, NATION, self.as_of) or self.rules.find(name, NATION, self.as_of)

    def share(self, name: str) -> Fraction | None:
        """A rule's share."""
        rule = self.rule(name)
        return rule.value if rule is not None and isinstance(rule.value, Fraction) else None

    def entry(self, entry_id: str) -> str:
        """The entry of the asker's kind of place."""
        return entry_id + ("-community" if self.is_community else "")


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A reckoned answer and the entry whose rule it follows."""

    entry_id: str
    text: str
    score: float = SCORE
