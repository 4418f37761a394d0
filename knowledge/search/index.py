"""The index of all entries: who shares rare words with a question, and how much of it.

What a newcomer gets wrong: recall comes from BM25 over whole entries, but the score is the overlap with *one*
paraphrase (a Tversky index on idf weights) fused with the share the entry as a whole explains and with the edit
similarity of the spelling. A long entry therefore cannot win by having many words.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import Final

from rapidfuzz import fuzz

from knowledge.model import Entry
from knowledge.search.lexicon import Lexicon
from knowledge.search.normalize import normalize

CANDIDATES: Final = 8
_SATURATION: Final = 1.2
_LENGTH_SHARE: Final = 0.4
_LONG_QUESTION: Final = 9.0
_UNKNOWN_IDF: Final = 0.75
_OVERLAP_SHARE: Final = 0.66
_COVERED_SHARE: Final = 0.18
_SPELLING_SHARE: Final = 0.16


@dataclass(frozen=True, slots=True)
class Match:
    """How one entry answers to a question, each part between 0 and 1."""

    entry_id: str
    score: float
    overlap: float
    covered: float
    spelling: float
    question: str


@dataclass(slots=True)
class _Indexed:
    entry: Entry
    texts: list[str]
    masses: list[float]
    postings: dict[str, list[int]]


class Index:
    """Built once from all entries; read only afterwards."""

    def __init__(self, entries: Iterable[Entry], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        entries = list(entries)
        texts = {entry.id: [normalize(question) for question in entry.questions] for entry in entries}
        tokens = {entry_id: [lexicon.tokens(text) for text in some] for entry_id, some in texts.items()}
        frequency = Counter(t for some in tokens.values() for t in {t for one in some for t in one})
        total = len(entries)
        self._idf = {t: log(1 + (total - n + 0.5) / (n + 0.5)) for t, n in frequency.items()}
        self._unknown = log(1 + total) * _UNKNOWN_IDF
        self._entries = [self._indexed(e, texts[e.id], tokens[e.id]) for e in entries]
        self._postings = self._impacts([tokens[e.id] for e in entries])

    @property
    def known_tokens(self) -> Mapping[str, float]:
        """Every token of the index with its rarity."""
        return self._idf

    def weigh(self, tokens: Mapping[str, float]) -> dict[str, float]:
        """Token weights of a question: kind of token times rarity; unseen pairs count as rather rare."""
        idf, unknown = self._idf, self._unknown
        return {t: w * idf.get(t, unknown) for t, w in tokens.items()}

    def _indexed(self, entry: Entry, texts: list[str], tokens: list[dict[str, float]]) -> _Indexed:
        postings: dict[str, list[int]] = {}
        for number, some in enumerate(tokens):
            for token in some:
                postings.setdefault(token, []).append(number)
        return _Indexed(entry, texts, [sum(self.weigh(some).values()) for some in tokens], postings)

    def _impacts(self, tokens: list[list[dict[str, float]]]) -> dict[str, list[tuple[int, float]]]:
        counts = [Counter(t for one in some for t in one) for some in tokens]
        average = sum(sum(c.values()) for c in counts) / max(1, len(counts))
        postings: dict[str, list[tuple[int, float]]] = {}
        for number, count in enumerate(counts):
            norm = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * sum(count.values()) / average)
            for token, n in count.items():
                postings.setdefault(token, []).append((number, n * (_SATURATION + 1) / (n + norm)))
        return postings

    def search(self, text: str, weights: Mapping[str, float]) -> list[Match]:
        """The best entries for a weighed question, best first."""
        found: dict[int, float] = {}
        for token, weight in weights.items():
            for number, impact in self._postings.get(token, ()):
                found[number] = found.get(number, 0.0) + weight * impact
        best = sorted(found, key=found.__getitem__, reverse=True)[:CANDIDATES]
        mass = sum(weights.values())
        matches = [self._match(self._entries[number], text, weights, mass) for number in best]
        return sorted(matches, key=lambda match: (-match.score, match.entry_id))

    def _match(self, indexed: _Indexed, text: str, weights: Mapping[str, float], mass: float) -> Match:
        shared = [0.0] * len(indexed.texts)
        covered = 0.0
        for token, weight in weights.items():
            numbers = indexed.postings.get(token)
            if numbers:
                covered += weight
                for number in numbers:
                    shared[number] += weight
        lenience = min(1.0, _LONG_QUESTION / mass) if mass else 1.0
        overlap, best = 0.0, 0
        for number, common in enumerate(shared):
            if common:
                missed = 0.55 * lenience * (mass - common) + 0.45 * (indexed.masses[number] - common)
                value = common / (common + missed)
                if value > overlap:
                    overlap, best = value, number
        spelling = fuzz.ratio(text, indexed.texts[best]) / 100
        share = covered / mass if mass else 0.0
        score = _OVERLAP_SHARE * overlap + _COVERED_SHARE * share + _SPELLING_SHARE * spelling
        return Match(indexed.entry.id, score, overlap, share, spelling, indexed.entry.questions[best])
