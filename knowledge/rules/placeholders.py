"""Figures in texts: `{{roll_days}}` stands for the rule of that topic, `{{roll_days|law}}` for its statute's spelling.

What a newcomer gets wrong: `{{roll_days}}` in a community's text means the rule `community.roll_days`, in a
village's `village.roll_days`; only where neither exists it means `roll_days`.
"""

import re
from typing import Final

from knowledge.model import Kind

PLACEHOLDER: Final = re.compile(r"\{\{([a-z0-9_]+)(\|law)?\}\}")


def placeholder_names(*texts: str) -> frozenset[str]:
    """The names of the figures some texts take from rules."""
    return frozenset(match[1] for text in texts for match in PLACEHOLDER.finditer(text))


def rule_topics(name: str, kind: Kind) -> tuple[str, ...]:
    """The rule topics a placeholder may mean in an entry of a kind, the particular one first."""
    own = "village" if kind is not Kind.COMMUNITY else "community"
    return (f"{own}.{name}", name)
