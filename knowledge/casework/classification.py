"""Judges a report against the four must-investigate categories: the facade of `clues`.

`classify` reads free text (the first message of a chat, `qingfeng classify`); `judge` reads what a guided
report has collected. A flag is a suspicion to look into, never a finding, and the same text with the same
rule version always raises the same flags. Newcomers expect a probability: there is none, an official
reads reasons.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from knowledge.casework.categories import Category, CategorySet
from knowledge.casework.clues.intent import Standing
from knowledge.casework.clues.matters import Reader, Reading
from knowledge.casework.clues.specificity import Specificity, SpecificityJudge
from knowledge.casework.clues.vote_buying import Passage, VoteBuyingDetector

Intent = Literal["report", "question", "other"]

_CONTACT: Final = re.compile(
    r"(?<!\d)1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"
    r"|[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,64}\.[A-Za-z]{2,}"
)
_DIGITS: Final = re.compile(r"\d{4}")  # a cheap look before the dear one
_QUOTE_CHARACTERS: Final = 30
_QUOTED_AMOUNTS: Final = 5


@dataclass(frozen=True, slots=True)
class Flag:
    """One category a report falls under, with the reasons an official reads."""

    category: Category
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """What a free text is about. The flags follow from `text` and `rule_version` alone."""

    text: str
    intent: Intent
    kinds: tuple[str, ...]
    must_investigate: tuple[Flag, ...]
    missing: tuple[str, ...]
    amounts: tuple[str, ...]
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


class Classifier:
    """Judges by one version of the content. Holds no state between calls."""

    def __init__(self, categories: CategorySet) -> None:
        self._content = categories
        self._reader = Reader(categories)
        self._buying = VoteBuyingDetector(categories)
        self._specificity = SpecificityJudge(categories)
        self._standing = Standing(categories)
        self._kind_names = {kind.id: kind.name for kind in categories.kinds}

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
        intent = self._intent(reading, specificity)
        flags = [*self._real_name_in(text), *self._flags(reading, passages, specificity)]
        return Classification(
            text=text,
            intent=intent,
            kinds=(*kinds, *specificity.matters),
            must_investigate=tuple(flags),
            missing=specificity.missing if intent == "report" else (),
            amounts=self._amounts(text, reading),
            rule_version=self._content.version,
        )

    def judge(self, facts: ReportFacts) -> tuple[Flag, ...]:
        """Judge a finished guided report; flags in the order of `Category`."""
        told = "。".join(part for part in (facts.what, facts.how_known) if part.strip())
        reading = self._reader.read(told)
        passages = self._buying.find(reading, about_an_election=True)
        specificity = self._specificity.judge(reading, tuple(p.kind for p in passages), self._given(facts))
        flags = [self._real_name()] if facts.has_name and facts.has_contact else []
        flags += self._flags(reading, passages, specificity)
        if facts.distinct_reporters >= self._content.mass_people:
            flags.append(self._mass_reaction(facts.distinct_reporters))
        return tuple(flags)

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

    def _flags(self, reading: Reading, passages: Sequence[Passage], specificity: Specificity) -> list[Flag]:
        flags = []
        if self._specificity.is_specific(specificity):
            flags.append(self._specific_clues(specificity))
        if passages:
            flags.append(self._vote_buying(reading, passages))
        return flags

    def _intent(self, reading: Reading, specificity: Specificity) -> Intent:
        if "act" in specificity.stated:
            return "report"
        return "question" if self._standing.is_question(reading, 0, len(reading.text)) else "other"

    def _real_name_in(self, text: str) -> list[Flag]:
        reachable = "@" in text or _DIGITS.search(text) is not None
        signed = reachable and _CONTACT.search(text) is not None and self._reader.is_signed(text)
        return [self._real_name()] if signed else []

    def _real_name(self) -> Flag:
        return Flag(Category.REAL_NAME, (self._content.reasons["real_name"]["reason"],))

    def _mass_reaction(self, people: int) -> Flag:
        reason = self._content.reasons["mass_reaction"]["reason"]
        return Flag(Category.MASS_REACTION, (reason.format(days=self._content.mass_days, people=people),))

    def _specific_clues(self, specificity: Specificity) -> Flag:
        texts = self._content.reasons["specific_clues"]
        present = "、".join(self._content.parts[part] for part in specificity.present)
        judged = texts["judged"].format(score=specificity.score, threshold=self._content.threshold)
        return Flag(Category.SPECIFIC_CLUES, (texts["reason"].format(present=present), judged))

    def _vote_buying(self, reading: Reading, passages: Sequence[Passage]) -> Flag:
        texts = self._content.reasons["vote_buying"]
        kinds = "、".join(dict.fromkeys(self._kind_names[passage.kind] for passage in passages))
        first = min(passages, key=lambda passage: passage.start)
        quote = reading.original[first.start : first.end][:_QUOTE_CHARACTERS]
        reasons = [texts["reason"].format(kinds=kinds), texts["quote"].format(quote=quote)]
        amounts = self._amounts_near(reading, passages)
        if amounts:
            reasons.append(texts["amount"].format(amounts="、".join(amounts)))
        return Flag(Category.VOTE_BUYING, tuple(reasons))

    def _amounts_near(self, reading: Reading, passages: Sequence[Passage]) -> list[str]:
        """Amounts in the sentences of the passages, so that the land money of another sentence is not quoted."""
        spans = {reading.sentence(passage.start) for passage in passages}
        near = [a for a in reading.amounts if any(first <= a.start < last for first, last in spans)]
        return list(dict.fromkeys(reading.original[a.start : a.end] for a in near))[:_QUOTED_AMOUNTS]

    @staticmethod
    def _amounts(text: str, reading: Reading) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text[amount.start : amount.end] for amount in reading.amounts))
