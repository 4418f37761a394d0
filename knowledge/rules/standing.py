"""Which rules an entry rests on at a place and day, which of them stand, and why the others do not.

What a newcomer gets wrong: a province's rule usually goes before the nation's, but not where a later national law
settled the matter for everybody (`overtaken_by`): then the older provincial text is shown and the nation's stands.
"""

from dataclasses import dataclass
from datetime import date

from knowledge.jurisdiction import NATION
from knowledge.model import Entry, Rule
from knowledge.rules.placeholders import placeholder_names, rule_topics
from knowledge.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Standing:
    """One rule and whether it is what counts; `why` says it in English, for `--explain`."""

    rule: Rule
    stands: bool
    why: str


def standing_rules(rules: Rulebook, entry: Entry, jurisdiction: str, as_of: date) -> list[Standing]:
    """Every rule behind an entry's figures and its local matter, those that stand first."""
    found: dict[tuple[str, str, date], Standing] = {}
    names = sorted(placeholder_names(entry.answer, entry.more))
    topics = [topic for name in names for topic in rule_topics(name, entry.kind)]
    for topic in [*topics, *([entry.local_topic] if entry.local_topic else [])]:
        for rule in rules.history(topic, jurisdiction):
            standing = _judged(rules, rule, jurisdiction, as_of)
            found[rule.topic, rule.jurisdiction, rule.in_force_from] = standing
    return sorted(found.values(), key=lambda one: not one.stands)


def is_overtaken(rules: Rulebook, rule: Rule, as_of: date) -> bool:
    """Whether a later national rule in force settled what a provincial rule once said."""
    if not rule.overtaken_by:
        return False
    national = rules.find_own(rule.overtaken_by, NATION, as_of)
    return national is not None and national.in_force_from > rule.in_force_from


def _judged(rules: Rulebook, rule: Rule, jurisdiction: str, as_of: date) -> Standing:
    if rule.in_force_from > as_of:
        return Standing(rule, stands=False, why=f"in force only from {rule.in_force_from}")
    if rule.in_force_until is not None and rule.in_force_until < as_of:
        return Standing(rule, stands=False, why=f"its window ended on {rule.in_force_until}")
    if is_overtaken(rules, rule, as_of):
        return Standing(rule, stands=False, why=f"overtaken by the later national rule {rule.overtaken_by}")
    if rules.find(rule.topic, jurisdiction, as_of) is not rule:
        return Standing(rule, stands=False, why="another rule of this topic goes before it")
    return Standing(rule, stands=True, why="in force, nothing goes before it")
