"""The index of all entries: who shares rare words with a question, and how much of it.

What a newcomer gets wrong: recall comes from BM25 over whole entries, but the score is the overlap with *one*
paraphrase (a Tversky index on idf weights) fused with the share the entry as a whole explains and with the edit
similarity of the spelling. A long entry therefore cannot win by having many words. An entry and its community twin
are one family here: they share their paraphrases, and who of them answers is decided elsewhere.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from knowledge.model import Entry, Kind
from knowledge.search.lexicon import Lexicon
from knowledge.search.normalize import normalize

CANDIDATES: Final = 7
_SATURATION: Final = 1.2
_LENGTH_SHARE: Final = 0.4
_LONG_QUESTION: Final = 9.0
_UNKNOWN_IDF: Final = 0.75
_STRANGE_GROWTH: Final = 0.6
_MISSED_BY_ENTRY: Final = 0.55
_MISSED_BY_QUESTION: Final = 0.45
_OVERLAP_SHARE: Final = 0.66
_COVERED_SHARE: Final = 0.18
_SPELLING_SHARE: Final = 0.16
_TOLD: Final = 0.5
_UNTOLD_SHARE: Final = 0.75
_ONCE: Final = 0.5
_WORTH_SPELLING: Final = 0.25


class Candidate(NamedTuple):
    """How one family answers to a question, each part between 0 and 1."""

    score: float
    family: int
    overlap: float
    covered: float
    spelling: float
    question: int


@dataclass(frozen=True, slots=True)
class Family:
    """An entry with its community twin; `postings` lead from a token to the paraphrases that hold it."""

    entry_id: str
    kind: Kind
    community_id: str
    questions: tuple[str, ...]
    texts: tuple[str, ...]
    masses: tuple[float, ...]
    postings: Mapping[str, tuple[int, ...]]


class Index:
    """Built once from all entries; read only afterwards."""

    def __init__(self, entries: Iterable[Entry], lexicon: Lexicon) -> None:
        by_id = {entry.id: entry for entry in entries}
        heads = [entry for entry in by_id.values() if entry.kind is not Kind.COMMUNITY or not entry.counterpart]
        asked = [_asked(entry, by_id.get(entry.counterpart)) for entry in heads]
        tokens = [[lexicon.tokens(normalize(question)) for question in some] for some in asked]
        frequency = Counter(t for some in tokens for t in {t for one in some for t in one})
        total = len(heads)
        self._idf = {t: log(1 + (total - n + 0.5) / (n + 0.5)) for t, n in frequency.items()}
        self._unknown = log(1 + total) * _UNKNOWN_IDF
        self._is_aspect = lexicon.aspects
        self._untelling = lexicon.untelling
        self.families = [self._family(*parts) for parts in zip(heads, asked, tokens, strict=True)]
        self._impacts = _impacts(tokens)

    @property
    def known_tokens(self) -> Mapping[str, float]:
        """Every token of the index with its rarity."""
        return self._idf

    def weigh(self, tokens: Mapping[str, float]) -> dict[str, float]:
        """Token weights of a question: kind of token times rarity.

        Pairs the index has never seen count as rather rare, but a run of them (a name, a story) counts less than
        in proportion.
        """
        idf = self._idf
        weights = {t: w * idf[t] for t, w in tokens.items() if t in idf}
        strange = [t for t in tokens if t not in idf]
        if strange:
            each = self._unknown * len(strange) ** _STRANGE_GROWTH / len(strange)
            weights |= {t: tokens[t] * each for t in strange}
        return weights

    def _family(self, entry: Entry, asked: tuple[str, ...], tokens: list[dict[str, float]]) -> Family:
        postings: dict[str, list[int]] = {}
        for number, some in enumerate(tokens):
            for token in some:
                postings.setdefault(token, []).append(number)
        return Family(
            entry_id=entry.id,
            kind=Kind.BOTH if entry.counterpart else entry.kind,
            community_id=entry.counterpart,
            questions=asked,
            texts=tuple(normalize(question) for question in asked),
            masses=tuple(sum(self.weigh(some).values()) for some in tokens),
            postings={token: tuple(numbers) for token, numbers in postings.items()},
        )

    def search(self, text: str, weights: Mapping[str, float]) -> list[Candidate]:
        """The best families for a weighed question, in no particular order."""
        found: dict[int, float] = {}
        impacts, aspects = self._impacts, self._is_aspect
        telling = [t for t in weights if t not in aspects] or weights
        for token in telling:
            weight = weights[token]
            for number, impact in impacts.get(token, ()):
                found[number] = found.get(number, 0.0) + weight * impact
        best = sorted(found, key=found.__getitem__, reverse=True)[:CANDIDATES]
        mass = sum(weights.values())
        told = sum(weight for token, weight in weights.items() if token not in self._untelling)
        return [self._match(number, text, weights, mass, told) for number in best]

    def _match(self, number: int, text: str, weights: Mapping[str, float], mass: float, telling: float) -> Candidate:
        family = self.families[number]
        shared: dict[int, float] = {}
        covered = told = 0.0
        postings, untelling = family.postings, self._untelling
        for token, weight in weights.items():
            numbers = postings.get(token)
            if numbers:
                if token not in untelling:
                    told += weight
                covered += weight * min(1.0, _ONCE + len(numbers) / len(family.texts))
                for question in numbers:
                    shared[question] = shared.get(question, 0.0) + weight
        overlap, best = _best_overlap(shared, family.masses, mass)
        spelling = fuzz.ratio(text, family.texts[best]) / 100 if overlap > _WORTH_SPELLING else 0.0
        share = covered / mass
        score = _OVERLAP_SHARE * overlap + _COVERED_SHARE * share + _SPELLING_SHARE * spelling
        if telling and told < _TOLD * telling:
            score *= _UNTOLD_SHARE + (1 - _UNTOLD_SHARE) * told / (_TOLD * telling)
        return Candidate(score, number, overlap, share, spelling, best)


def _asked(entry: Entry, twin: Entry | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*entry.questions, *(twin.questions if twin else ()))))


def _best_overlap(shared: Mapping[int, float], masses: tuple[float, ...], mass: float) -> tuple[float, int]:
    """The paraphrase nearest to a question: its Tversky index and its number."""
    ours = _MISSED_BY_ENTRY * min(1.0, _LONG_QUESTION / mass)
    overlap, best = 0.0, 0
    for question, common in shared.items():
        value = common / (common + ours * (mass - common) + _MISSED_BY_QUESTION * (masses[question] - common))
        if value > overlap:
            overlap, best = value, question
    return overlap, best


def _impacts(tokens: list[list[dict[str, float]]]) -> dict[str, list[tuple[int, float]]]:
    """BM25 term impacts: for each token, the families that hold it and how strongly."""
    counts = [Counter(t for one in some for t in one) for some in tokens]
    average = sum(sum(count.values()) for count in counts) / max(1, len(counts))
    impacts: dict[str, list[tuple[int, float]]] = {}
    for number, count in enumerate(counts):
        norm = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * sum(count.values()) / average)
        for token, n in count.items():
            impacts.setdefault(token, []).append((number, n * (_SATURATION + 1) / (n + norm)))
    return impacts
