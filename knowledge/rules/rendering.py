"""An entry made into words for a place and a day: figures filled in, provinces told apart, sources named.

What a newcomer gets wrong: a figure that is not in force makes the whole entry unsayable (None). Saying half of an
answer, or saying it with the nearest year's figure, is worse than silence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from knowledge.jurisdiction import province_of
from knowledge.model import Citation, Entry, Jurisdiction, Kind, KnowledgeBase, Law, Provision, Rule
from knowledge.rules.placeholders import PLACEHOLDER, rule_topics
from knowledge.rules.rulebook import Rulebook
from knowledge.rules.wording import article_name, spoken


@dataclass(frozen=True, slots=True)
class Rendered:
    """An entry's two texts and its sources, ready to be sent."""

    text: str
    more: str
    citations: tuple[Citation, ...]


def cite(provision: Provision, laws: Mapping[str, Law]) -> Citation:
    """A provision as it is shown."""
    law = laws[provision.law_id]
    return Citation(law.name, article_name(provision.article), law.version)


class Renderer:
    """Fills in entries; remembers what it has said for one place and day."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge
        self.rules = Rulebook(knowledge.rules)
        self._said: dict[tuple[str, str, date, bool], Rendered | None] = {}

    def render(self, entry: Entry, jurisdiction: str, as_of: date, *, with_counterpart: bool) -> Rendered | None:
        """The entry in words, or None where it or one of its figures is not in force.

        `with_counterpart` appends what differs for communities, for a question that did not say which is meant.
        """
        key = (entry.id, jurisdiction, as_of, with_counterpart)
        if key not in self._said:
            if len(self._said) > len(self._knowledge.entries) * 16:
                self._said.clear()
            self._said[key] = self._render(*key[1:3], entry=entry, with_counterpart=with_counterpart)
        return self._said[key]

    def _render(self, jurisdiction: str, as_of: date, *, entry: Entry, with_counterpart: bool) -> Rendered | None:
        laws = self._knowledge.laws
        provisions = list(entry.provisions)
        if entry.in_force_from > as_of or any(laws[p.law_id].in_force_from > as_of for p in provisions):
            return None
        text, more = self._fill(entry, entry.answer, as_of), self._fill(entry, entry.more, as_of)
        if text is None or more is None:
            return None
        local, local_rules = self._local(entry, jurisdiction, as_of)
        provisions += [rule.provision for rule in local_rules]
        parts = [local, more]
        other = self._counterpart(entry, as_of) if with_counterpart else None
        if other is not None:
            parts.append(other[0])
            provisions += other[1]
        citations = tuple(dict.fromkeys(cite(p, laws) for p in provisions))
        return Rendered(text, "\n".join(part for part in parts if part), citations)

    def _fill(self, entry: Entry, template: str, as_of: date) -> str | None:
        figures: dict[str, str] = {}
        for name in PLACEHOLDER.findall(template):
            topics = rule_topics(name, entry.kind)
            rule = next((r for r in (self.rules.find(t, "cn", as_of) for t in topics) if r), None)
            if rule is None:
                return None
            figures[name] = spoken(rule)
        return PLACEHOLDER.sub(lambda match: figures[match[1]], template)

    def _counterpart(self, entry: Entry, as_of: date) -> tuple[str, tuple[Provision, ...]] | None:
        other = self._knowledge.entries.get(entry.counterpart)
        text = self._fill(other, other.answer, as_of) if other else None
        if other is None or text is None:
            return None
        lead = "社区（居委会）" if other.kind is Kind.COMMUNITY else "村里"
        return f"如果您问的是{lead}：{text}", other.provisions

    def _local(self, entry: Entry, jurisdiction: str, as_of: date) -> tuple[str, tuple[Rule, ...]]:
        if not entry.local_topic:
            return "", ()
        province = province_of(jurisdiction)
        if province is not None:
            rule = self.rules.find_own(entry.local_topic, province, as_of)
            name = self._name(province)
            if rule is None:
                return f"{name}的办法这里没有登记，以当地文件为准。", ()
            return f"{name}：{spoken(rule)}。", (rule,)
        rules = self.rules.by_place(entry.local_topic, as_of)
        said = "；".join(f"{self._name(place)}{spoken(rule)}" for place, rule in rules.items())
        return (
            (f"各省规定不一样：{said}。您是哪个省？别的省以当地文件为准。", tuple(rules.values())) if said else ("", ())
        )

    def _name(self, place: str) -> str:
        known = self._knowledge.jurisdictions.get(place)
        return known.name if known else "您所在省"


def province_named(text: str, places: Iterable[Jurisdiction]) -> str | None:
    """The place a normalised question names, if any."""
    for place in places:
        if any(name in text for name in place.names):
            return place.id
    return None
