"""Judges a report against the must-investigate categories: the facade of `clues`.

`classify` reads free text (the first message of a chat, `qingfeng classify`); `judgement` reads what a guided
report has collected, and `replay` reads that again from what was kept. A flag is a suspicion to look into, never a
finding, and the same text with the same rule version always raises the same flags. Newcomers expect a probability:
there is none, an official reads reasons.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Final, Literal, Self

from knowledge.casework.categories import CategoryRule, CategorySet
from knowledge.casework.clues.intent import Standing
from knowledge.casework.clues.matters import Reader, Reading
from knowledge.casework.clues.specificity import Specificity, SpecificityJudge
from knowledge.casework.clues.vote_buying import Passage, VoteBuyingDetector

Intent = Literal["report", "question", "other"]

VOTE_BUYING: Final = "vote_buying"
_CONTACT: Final = re.compile(
    r"(?<!\d)1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"
    r"|[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,64}\.[A-Za-z]{2,}"
)
_DIGITS: Final = re.compile(r"\d{4}")  # a cheap look before the dear one
_QUOTE_CHARACTERS: Final = 30
_CLAUSE_CHARACTERS: Final = 40
_QUOTED_AMOUNTS: Final = 5


@dataclass(frozen=True, slots=True)
class Flag:
    """One category a report falls under, by its identifier, with the reasons an official reads."""

    category: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatterFound:
    """One matter of a report that may hold several.

    Attributes:
        id: `vote_buying`, or a matter of clues.yaml.
        name: What officials read.
        quote: The clause it stands in, in the reporter's own words, at most 40 characters.
        amounts: The amounts of that clause's sentence.
    """

    id: str
    name: str
    quote: str
    amounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """What a free text is about. The flags follow from `text` and `rule_version` alone."""

    text: str
    intent: Intent
    kinds: tuple[str, ...]
    must_investigate: tuple[Flag, ...]
    missing: tuple[str, ...]
    amounts: tuple[str, ...]
    matters: tuple[MatterFound, ...]
    rule_version: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a guided report is about.

    Attributes:
        flags: In the order of the content.
        matters: Vote-buying first, the others in the order of the text.
        missing: What a specific clue would still need, in Chinese; empty where the clue is specific.
        rule_version: The version of the content.
    """

    flags: tuple[Flag, ...]
    matters: tuple[MatterFound, ...]
    missing: tuple[str, ...]
    rule_version: str


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What a guided report has collected, field by field; what was left out is empty."""

    what: str
    who: str = ""
    place: str = ""
    when: str = ""
    where: str = ""
    how_known: str = ""
    evidence_count: int = 0
    has_name: bool = False
    has_contact: bool = False
    distinct_reporters: int = 1

    def as_data(self) -> dict[str, Any]:
        """The facts as JSON holds them, to be kept with a flag."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The facts from what was kept; a field that did not exist then has its default, an unknown one is left."""
        known = {part.name: data[part.name] for part in fields(cls) if part.name in data}
        return cls(**{"what": "", **known})


@lru_cache(maxsize=4)
def _reader(categories: CategorySet) -> Reader:
    """Reading the word lists takes a tenth of a second; whoever judges by the same content shares it."""
    return Reader(categories)


class Classifier:
    """Judges by one version of the content. Holds no state between calls."""

    def __init__(self, categories: CategorySet) -> None:
        self._content = categories
        self._reader = _reader(categories)
        self._buying = VoteBuyingDetector(categories)
        self._specificity = SpecificityJudge(categories)
        self._standing = Standing(categories)
        self._kind_names = {kind.id: kind.name for kind in categories.kinds}
        self._matter_names = {matter.id: matter.name for matter in categories.matters}

    @property
    def rules(self) -> CategorySet:
        """The content it judges by."""
        return self._content

    @property
    def rule_version(self) -> str:
        """The version of the content that flags are kept with."""
        return self._content.version

    def classify(self, text: str) -> Classification:
        """Judge a free text of any length and any characters."""
        reading = self._reader.read(text)
        passages = self._buying.find(reading)
        kinds = tuple(passage.kind for passage in passages)
        specificity = self._specificity.judge(reading, kinds)
        intent = self._intent(reading, passages, specificity)
        return Classification(
            text=text,
            intent=intent,
            kinds=(*kinds, *(told.matter for told in specificity.matters)),
            must_investigate=self._flags(reading, passages, specificity, named=self._is_signed(text)),
            missing=specificity.missing if intent == "report" else (),
            amounts=self._amounts(text, reading),
            matters=self._matters(reading, passages, specificity),
            rule_version=self._content.version,
        )

    def judge(self, facts: ReportFacts) -> tuple[Flag, ...]:
        """The flags of a finished guided report."""
        return self.judgement(facts).flags

    def judgement(self, facts: ReportFacts) -> Judgement:
        """Judge a finished guided report."""
        told = "。".join(part for part in (facts.what, facts.how_known) if part.strip())
        reading = self._reader.read(told)
        passages = self._buying.find(reading, about_an_election=True)
        kinds = tuple(passage.kind for passage in passages)
        specificity = self._specificity.judge(reading, kinds, self._given(facts), is_report=True)
        named = facts.has_name and facts.has_contact
        return Judgement(
            flags=self._flags(reading, passages, specificity, named=named, people=facts.distinct_reporters),
            matters=self._matters(reading, passages, specificity),
            missing=self._missing(facts, specificity),
            rule_version=self._content.version,
        )

    def mass_reaction(self, people: int) -> Flag:
        """The flag for so many different people reporting the same person or place; the caller has counted them.

        Raises:
            LookupError: The content has no category with the detector `mass_reaction`.
        """
        rule = self._content.raised_by("mass_reaction")
        if rule is None:
            raise LookupError(self._content.version)
        return self._mass_reaction(rule, people)

    def _given(self, facts: ReportFacts) -> frozenset[str]:
        """What the fields beside the narrative state, as names of weights."""
        who, when = self._reader.read(facts.who), self._reader.read(facts.when)
        given = {*self._specificity.who(who), *self._specificity.when(when)}
        if facts.who.strip() and not given & {"named_person", "office", "body"} and self._reader.is_name(facts.who):
            given.add("named_person")
        if facts.where.strip():
            given.add("place")
        if facts.evidence_count > 0:
            given.add("evidence")
        return frozenset(given)

    def _missing(self, facts: ReportFacts, specificity: Specificity) -> tuple[str, ...]:
        """What to ask for; a field that was filled in is not asked for again, however it was filled in."""
        if self._specificity.is_specific(specificity):
            return ()
        answered = {"who": facts.who, "when": facts.when, "where": facts.where}
        return tuple(self._content.parts[part] for part in specificity.missing if not answered.get(part, "").strip())

    def _flags(
        self,
        reading: Reading,
        passages: Sequence[Passage],
        specificity: Specificity,
        *,
        named: bool,
        people: int = 1,
    ) -> tuple[Flag, ...]:
        flags = []
        for rule in self._content.categories:
            if rule.detector == "real_name" and named:
                flags.append(Flag(rule.id, (rule.texts["reason"],)))
            elif rule.detector == "specific_clues" and self._specificity.is_specific(specificity):
                flags.append(self._specific_clues(rule, specificity))
            elif rule.detector == VOTE_BUYING and passages:
                flags.append(self._vote_buying(rule, reading, passages))
            elif rule.detector == "mass_reaction" and people >= self._content.mass_people:
                flags.append(self._mass_reaction(rule, people))
        return tuple(flags)

    def _intent(self, reading: Reading, passages: Sequence[Passage], specificity: Specificity) -> Intent:
        """A wrong that belongs to no matter makes a report only of what does not ask: most questions tell of one."""
        asks = self._standing.is_question(reading, 0, len(reading.text))
        if passages or specificity.matters or ("act" in specificity.stated and not asks):
            return "report"
        return "question" if asks else "other"

    def _is_signed(self, text: str) -> bool:
        reachable = "@" in text or _DIGITS.search(text) is not None
        return reachable and _CONTACT.search(text) is not None and self._reader.is_signed(text)

    def _mass_reaction(self, rule: CategoryRule, people: int) -> Flag:
        return Flag(rule.id, (rule.texts["reason"].format(days=self._content.mass_days, people=people),))

    def _specific_clues(self, rule: CategoryRule, specificity: Specificity) -> Flag:
        present = "、".join(self._content.parts[part] for part in specificity.present)
        judged = rule.texts["judged"].format(score=specificity.score, threshold=self._content.threshold)
        return Flag(rule.id, (rule.texts["reason"].format(present=present), judged))

    def _vote_buying(self, rule: CategoryRule, reading: Reading, passages: Sequence[Passage]) -> Flag:
        texts = rule.texts
        kinds = "、".join(dict.fromkeys(self._kind_names[passage.kind] for passage in passages))
        first = min(passages, key=lambda passage: passage.start)
        quote = reading.original[first.start : first.end][:_QUOTE_CHARACTERS]
        reasons = [texts["reason"].format(kinds=kinds), texts["quote"].format(quote=quote)]
        amounts = self._amounts_near(reading, [passage.start for passage in passages])
        if amounts:
            reasons.append(texts["amount"].format(amounts="、".join(amounts[:_QUOTED_AMOUNTS])))
        return Flag(rule.id, tuple(reasons))

    def _matters(
        self, reading: Reading, passages: Sequence[Passage], specificity: Specificity
    ) -> tuple[MatterFound, ...]:
        bought = min(passages, key=lambda passage: passage.start, default=None)
        first = [(VOTE_BUYING, self._content.vote_buying_name, bought.start, bought.end)] if bought else []
        others = (
            (told.matter, self._matter_names[told.matter], told.start, told.end)
            for told in sorted(specificity.matters, key=lambda told: told.start)
        )
        return tuple(self._matter(reading, *found) for found in (*first, *others))

    def _matter(self, reading: Reading, matter: str, name: str, start: int, end: int) -> MatterFound:
        clause, last = reading.clause_start(start), reading.clause_end(end)
        if last - clause > _CLAUSE_CHARACTERS:  # a long clause is cut before its matter, never within it
            clause = max(clause, min(start, end - _CLAUSE_CHARACTERS))
        quote = reading.original[clause:last].strip(" \n。！？!?；;…")[:_CLAUSE_CHARACTERS]
        return MatterFound(matter, name, quote, self._amounts_near(reading, [start]))

    @staticmethod
    def _amounts_near(reading: Reading, positions: Sequence[int]) -> tuple[str, ...]:
        """Amounts in the sentences of some positions, so that the land money of another sentence is not quoted."""
        spans = {reading.sentence(position) for position in positions}
        near = [a for a in reading.amounts if any(first <= a.start < last for first, last in spans)]
        return tuple(dict.fromkeys(reading.original[a.start : a.end] for a in near))

    @staticmethod
    def _amounts(text: str, reading: Reading) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text[amount.start : amount.end] for amount in reading.amounts))


def replay(rule_set: CategorySet, data: Mapping[str, Any]) -> tuple[Flag, ...]:
    """The flags that a version of the content raised, from the facts that were kept with them.

    Args:
        rule_set: The version, read by `categories_from` from the files kept with it.
        data: What `ReportFacts.as_data` gave, back from JSON.
    """
    return Classifier(rule_set).judge(ReportFacts.from_data(data))
