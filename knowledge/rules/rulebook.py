"""Which rule is in force where and when.

What a newcomer gets wrong: nothing in force means None, never the nearest value. A province's own rule goes before
the nation's; between two rules of one place the one with the later date in force wins.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from knowledge.jurisdiction import NATION, lineage
from knowledge.model import Rule


class Rulebook:
    """Rules by topic and place, latest first."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: dict[tuple[str, str], list[Rule]] = {}
        for rule in sorted(rules, key=lambda rule: rule.in_force_from, reverse=True):
            self._rules.setdefault((rule.topic, rule.jurisdiction), []).append(rule)

    def find(self, topic: str, jurisdiction: str, as_of: date) -> Rule | None:
        """The rule in force at a place on a date, falling back to the places above it."""
        for place in lineage(jurisdiction):
            rule = self.find_own(topic, place, as_of)
            if rule is not None:
                return rule
        return None

    def find_own(self, topic: str, jurisdiction: str, as_of: date) -> Rule | None:
        """The rule a place has made itself, without falling back."""
        for rule in self._rules.get((topic, jurisdiction), ()):
            if rule.in_force(as_of):
                return rule
        return None

    def by_place(self, topic: str, as_of: date) -> Mapping[str, Rule]:
        """The rules every place below the nation has made on a topic."""
        places = [place for known, place in self._rules if known == topic and place != NATION]
        found = {place: self.find_own(topic, place, as_of) for place in places}
        return {place: rule for place, rule in found.items() if rule is not None}

    def history(self, topic: str, jurisdiction: str) -> tuple[Rule, ...]:
        """Every rule a place or a place above it ever made on a topic, the nearest place first, latest first."""
        return tuple(rule for place in lineage(jurisdiction) for rule in self._rules.get((topic, place), ()))

    def topics(self) -> frozenset[str]:
        """Every topic some rule is on."""
        return frozenset(topic for topic, _ in self._rules)
