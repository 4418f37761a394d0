"""An entry made into words for a place and a day: figures filled in, provinces told apart, sources named.

What a newcomer gets wrong: a figure that is not in force makes the whole entry unsayable (None). Saying half of an
answer, or saying it with the nearest year's figure, is worse than silence.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from knowledge.jurisdiction import province_of
from knowledge.model import Citation, Entry, Jurisdiction, Kind, KnowledgeBase, Law, Provision, Rule, Unit
from knowledge.rules.placeholders import PLACEHOLDER, placeholder_names, rule_topics
from knowledge.rules.rulebook import Rulebook
from knowledge.rules.standing import Standing, is_overtaken, standing_rules
from knowledge.rules.wording import article_name, spoken, statutory

#: 三分之二（三分之二）: where everyday and statute wording are the same, once is enough.
_SAID_TWICE: Final = re.compile(r"([^（）。，；]{2,12})（\1）")


_BOTH_WAYS: Final = re.compile(r"(\{\{([a-z0-9_]+)\}\})（\{\{\2\|law\}\}）")
#: Units that a statute and everyday speech call by the same word: 5年 and 五年 need not stand side by side.
_SAME_WORD: Final = frozenset({Unit.YEARS, Unit.MONTHS, Unit.PERSONS, Unit.HOUSEHOLDS, Unit.BALLOTS, Unit.TIMES})


def _once(match: re.Match[str], rule: Rule) -> str:
    """A figure written both ways, without the second where it is the same in other numerals."""
    return match[1] if rule.unit in _SAME_WORD and not rule.says else match[0]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An entry's two texts and its sources, ready to be sent; `local` is what the provinces say of it."""

    text: str
    local: str
    more: str
    citations: tuple[Citation, ...]


def cite(provision: Provision, laws: Mapping[str, Law]) -> Citation:
    """A provision as it is shown."""
    law = laws[provision.law_id]
    article = article_name(provision.article) if provision.article else ""  # a local document is cited as a whole
    return Citation(law.name, article, law.version, law.id, provision.article)


class Renderer:
    """Fills in entries; remembers what it has said for one place and day."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge
        self.rules = Rulebook(knowledge.rules)
        self._topics = self.rules.topics()
        self._said: dict[tuple[str, str, date, Kind | None], Rendered | None] = {}

    def render(self, entry: Entry, jurisdiction: str, as_of: date, *, kind: Kind | None) -> Rendered | None:
        """The entry in words, or None where it or one of its figures is not in force.

        `kind` is whose election the person means; None appends what differs for communities.
        """
        key = (entry.id, jurisdiction, as_of, kind)
        if key not in self._said:
            if len(self._said) > len(self._knowledge.entries) * 16:
                self._said.clear()
            self._said[key] = self._render(jurisdiction, as_of, entry=entry, kind=kind)
        return self._said[key]

    def standing(self, entry: Entry, jurisdiction: str, as_of: date) -> list[Standing]:
        """The rules an entry's present wording rests on, and which of them stand."""
        return standing_rules(self.rules, entry.on(as_of) or entry, jurisdiction, as_of)

    def _render(self, jurisdiction: str, as_of: date, *, entry: Entry, kind: Kind | None) -> Rendered | None:
        wording = self._sayable(entry, as_of)
        if wording is None:
            return None
        text, more = self._fill(wording, wording.answer, as_of), self._fill(wording, wording.more, as_of)
        if text is None or more is None:
            return None
        local, local_rules = self._local(local_topic(wording, kind), jurisdiction, as_of)
        other, others = self._counterpart(wording, as_of) if kind is None else ("", ())
        provincial = tuple(rule.provision for rule in local_rules)
        # What stands in the first message comes first: a province's rule only where the province is known.
        further = (*provincial, *others) if province_of(jurisdiction) else (*others, *provincial)
        citations = tuple(dict.fromkeys(cite(p, self._knowledge.laws) for p in (*wording.provisions, *further)))
        return Rendered(text, local, "\n".join(part for part in (more, other) if part), citations)

    def _sayable(self, entry: Entry, as_of: date) -> Entry | None:
        """The wording of a day whose every source is in force on it."""
        wording = entry.on(as_of)
        laws = self._knowledge.laws
        if wording is None or not all(laws[p.law_id].in_force(as_of) for p in wording.provisions):
            return None
        return wording

    def _fill(self, entry: Entry, template: str, as_of: date) -> str | None:
        figures: dict[str, Rule] = {}
        for name in placeholder_names(template):
            topics = rule_topics(name, entry.kind)
            rule = next((r for r in (self.rules.find(t, "cn", as_of) for t in topics) if r), None)
            if rule is None:
                return None
            figures[name] = rule
        template = _BOTH_WAYS.sub(lambda match: _once(match, figures[match[2]]), template)
        filled = PLACEHOLDER.sub(lambda match: (statutory if match[2] else spoken)(figures[match[1]]), template)
        return _SAID_TWICE.sub(r"\1", filled)

    def _counterpart(self, entry: Entry, as_of: date) -> tuple[str, tuple[Provision, ...]]:
        other = self._knowledge.entries.get(entry.counterpart)
        other = self._sayable(other, as_of) if other else None
        text = self._fill(other, other.answer, as_of) if other else None
        if other is None or text is None:
            return "", ()
        lead = "社区（居委会）" if other.kind is Kind.COMMUNITY else "村里"
        return f"如果您问的是{lead}：{text}", other.provisions

    def _local(self, topic: str, jurisdiction: str, as_of: date) -> tuple[str, tuple[Rule, ...]]:
        if not topic or topic not in self._topics:
            return "", ()
        province = province_of(jurisdiction)
        if province is not None:
            rule = self.rules.find_own(topic, province, as_of)
            name = self._name(province)
            if rule is None:
                return f"{name}的办法这里没有登记，以当地文件为准。", ()
            outdated = "这是老规定，国家法后来改了，以国家法为准。" if is_overtaken(self.rules, rule, as_of) else ""
            return f"{name}：{spoken(rule)}。{outdated}", (rule,)
        return self._every_province(topic, as_of)

    def _every_province(self, topic: str, as_of: date) -> tuple[str, tuple[Rule, ...]]:
        rules = self.rules.by_place(topic, as_of)
        standing = {place: rule for place, rule in rules.items() if not is_overtaken(self.rules, rule, as_of)}
        outdated = "、".join(self._name(place) for place in rules if place not in standing)
        said = "；".join(f"{self._name(place)}{spoken(rule)}" for place, rule in standing.items())
        lines = []
        if said:
            lines.append(f"各省规定不一样：{said}。您是哪个省？别的省以当地文件为准。")
        if outdated:
            lines.append(f"{outdated}的办法还是老规定，国家法后来改了，以国家法为准。")
        return "".join(lines), tuple(standing.values())

    def _name(self, place: str) -> str:
        known = self._knowledge.jurisdictions.get(place)
        return known.name if known else "您所在省"


def local_topic(entry: Entry, kind: Kind | None) -> str:
    """The matter provinces regulate apart: what they say of villages is not said to somebody in a community."""
    if kind is Kind.COMMUNITY and entry.kind is Kind.BOTH:
        return entry.local_topic.replace("local_", "local_community_", 1)
    return entry.local_topic


def province_named(text: str, places: Iterable[Jurisdiction]) -> str | None:
    """The place a normalised question names, if any."""
    for place in places:
        if any(name in text for name in place.names):
            return place.id
    return None
