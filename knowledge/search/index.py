"""The index of everything a question can mean: who shares rare words with it, and how much of it.

What a newcomer gets wrong: a question is compared with *one* paraphrase at a time (a Tversky index on idf weights:
`overlap`), so a family cannot win by having many words; `covered` and `likelihood` then say what its paraphrases as
a whole know of the question, and `spelling` how near the best of them is letter by letter. An entry and its
community twin are one family here: they share their paraphrases, and who of them answers is decided elsewhere.
Matters outside our scope and small talk are families too, so that they compete on the same terms.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from knowledge.model import Entry, Kind, SearchWords
from knowledge.search.lexicon import Lexicon
from knowledge.search.normalize import normalize

CANDIDATES: Final = 12
_UNKNOWN_IDF: Final = 0.6
_STRANGE_GROWTH: Final = 0.6
_MISSED_BY_ENTRY: Final = 0.55
_MISSED_BY_QUESTION: Final = 0.4
_LONG_QUESTION: Final = 9.0
_OVERLAP_SHARE: Final = 0.66
_COVERED_SHARE: Final = 0.18
_LIKELIHOOD_SHARE: Final = 0.15
_SPELLING_SHARE: Final = 0.16
_ONCE: Final = 0.5
_SMOOTHING: Final = 8.0
_LENGTH_PENALTY: Final = 0.3
_NOTHING: Final = 1e-9
_HUNDRED: Final = 100

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]


class Sort(StrEnum):
    """What a family leads to."""

    ENTRY = "entry"
    OUTSIDE = "outside"
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class Family:
    """One thing a question can mean: an entry with its community twin, a matter outside, a kind of small talk."""

    id: str
    sort: Sort
    kind: Kind
    community_id: str
    questions: tuple[str, ...]


class Candidate(NamedTuple):
    """How one family answers to a question; `paraphrase` is the nearest of its ways of asking."""

    score: float
    family: int
    overlap: float
    covered: float
    likelihood: float
    spelling: float
    paraphrase: int


def families_of(entries: Iterable[Entry], words: SearchWords) -> list[Family]:
    """Everything that can be meant, entries first, in the order of the content."""
    by_id = {entry.id: entry for entry in entries}
    found = []
    for entry in by_id.values():
        if entry.kind is Kind.COMMUNITY and entry.counterpart:
            continue
        twin = by_id.get(entry.counterpart)
        asked = tuple(dict.fromkeys((*entry.questions, *twin.questions))) if twin else entry.questions
        kind = Kind.BOTH if entry.counterpart else entry.kind
        found.append(Family(entry.id, Sort.ENTRY, kind, entry.counterpart, asked))
    found += [Family(one.id, Sort.OUTSIDE, Kind.BOTH, "", one.questions) for one in words.outside]
    found += [Family(one.id, Sort.TALK, Kind.BOTH, "", one.questions) for one in words.talk]
    return found


class _Postings:
    """Lists of numbers by token, laid end to end: list `n` is `numbers[starts[n] : starts[n + 1]]`."""

    def __init__(self, tokens: Numbers, numbers: Numbers, distinct: int) -> None:
        self.numbers = numbers
        self.starts = np.concatenate(([0], np.cumsum(np.bincount(tokens, minlength=distinct)))).astype(np.int64)

    def of(self, token: int) -> slice:
        """Where a token's list lies."""
        return slice(self.starts[token], self.starts[token + 1])


class Index:
    """Built once from all families; read only afterwards. Paraphrases are numbered family after family."""

    def __init__(self, families: Sequence[Family], lexicon: Lexicon) -> None:
        self.families = families
        self.texts = [normalize(question) for family in families for question in family.questions]
        self._starts, self._counts = _layout(families)
        self._ids: dict[str, int] = {}
        paraphrases, tokens, weights = _by_token(*self._cut(lexicon))
        self._asked = _Postings(tokens, paraphrases, len(self._ids))
        idf = self._learn(tokens, np.repeat(np.arange(len(families), dtype=np.int32), self._counts)[paraphrases])
        self._idf = dict(zip(self._ids, idf.tolist(), strict=True))
        self._unknown = log(1 + len(families)) * _UNKNOWN_IDF
        self._masses = np.bincount(paraphrases, weights * (idf[tokens] / _HUNDRED), len(self.texts)).astype(np.float32)
        self._penalty = (_LENGTH_PENALTY * np.log1p(self._counts / _SMOOTHING)).astype(np.float32)

    @property
    def known_tokens(self) -> Mapping[str, float]:
        """Every token of the index with its rarity."""
        return self._idf

    def _cut(self, lexicon: Lexicon) -> tuple[Numbers, Numbers, NDArray[np.uint8]]:
        """Which paraphrase holds which token with what weight (in hundredths), one row for each pair."""
        paraphrases, tokens, weights = array("i"), array("i"), array("B")
        for number, text in enumerate(self.texts):
            for token, weight in lexicon.tokens_of(text).items():
                paraphrases.append(number)
                tokens.append(self._ids.setdefault(token, len(self._ids)))
                weights.append(round(weight * _HUNDRED))
        return np.asarray(paraphrases), np.asarray(tokens), np.asarray(weights)

    def _learn(self, tokens: Numbers, families: Numbers) -> Floats:
        """Each token's rarity; beside it, for each family that holds it, how much it speaks for the family.

        The rows come sorted by token and family.
        """
        total, paraphrases, distinct = len(self.families), len(self.texts), len(self._ids)
        changes = np.concatenate(([True], (tokens[1:] != tokens[:-1]) | (families[1:] != families[:-1])))
        firsts = np.flatnonzero(changes).astype(np.int32)
        times = np.diff(firsts, append=np.int32(len(tokens)))
        tokens, families = tokens[firsts], families[firsts]
        self._known = _Postings(tokens, families, distinct)
        held = np.diff(self._asked.starts).astype(np.float32)
        self._covers = np.minimum(1.0, _ONCE + times / self._counts[families]).astype(np.float32)
        self._likely = np.log1p(times / (_SMOOTHING * held[tokens] / paraphrases)).astype(np.float32)
        held_by = np.diff(self._known.starts)
        rarity: Floats = np.log1p((total - held_by + 0.5) / (held_by + 0.5)).astype(np.float32)
        return rarity

    def weigh(self, tokens: Mapping[str, float]) -> dict[str, float]:
        """Token weights of a question: kind of token times rarity.

        Tokens the index has never seen count as rather rare, but a run of them (a name, a story) counts less than
        in proportion.
        """
        idf = self._idf
        weights = {t: w * idf[t] for t, w in tokens.items() if t in idf}
        strange = [t for t in tokens if t not in idf]
        if strange:
            each = self._unknown * len(strange) ** _STRANGE_GROWTH / len(strange)
            weights |= {t: tokens[t] * each for t in strange}
        return weights

    def search(self, text: str, weights: Mapping[str, float], *, without: int = -1) -> list[Candidate]:
        """The best families for a weighed question, best first.

        `without` is the number of a paraphrase to leave out, to measure how a question the index has not seen fares.
        """
        mass = sum(weights.values())
        if mass < _NOTHING:
            return []
        overlap, covered, likelihood = self._evidence(weights, mass)
        if without >= 0:
            overlap[without] = 0.0
        best = np.maximum.reduceat(overlap, self._starts)
        scores = _OVERLAP_SHARE * best + _COVERED_SHARE * covered + _LIKELIHOOD_SHARE * likelihood
        some = np.argpartition(-scores, min(CANDIDATES, len(scores) - 1))[:CANDIDATES]
        found = []
        for number in some.tolist():
            first = int(self._starts[number])
            nearest = first + int(np.argmax(overlap[first : first + self._counts[number]]))
            spelling = fuzz.ratio(text, self.texts[nearest]) / 100 if nearest != without else 0.0
            found.append(
                Candidate(
                    float(scores[number]) + _SPELLING_SHARE * spelling,
                    number,
                    float(best[number]),
                    float(covered[number]),
                    float(likelihood[number]),
                    spelling,
                    nearest,
                )
            )
        return sorted(found, key=lambda one: (-one.score, one.family))

    def known(self, tokens: Iterable[str], families: Sequence[int]) -> dict[str, Floats]:
        """For each token how much of each family's ways of asking holds it, 0 where none ever does."""
        numbers = np.asarray(families, np.int32)
        found = {}
        for token in tokens:
            number = self._ids.get(token)
            if number is None:
                found[token] = np.zeros(len(numbers), np.float32)
                continue
            known = self._known.of(number)
            holders = self._known.numbers[known]
            places = np.minimum(np.searchsorted(holders, numbers), len(holders) - 1)
            found[token] = np.where(holders[places] == numbers, self._covers[known][places], np.float32(0))
        return found

    def asked(self, candidate: Candidate) -> str:
        """The way of asking a candidate was nearest with."""
        family = self.families[candidate.family]
        return family.questions[candidate.paraphrase - int(self._starts[candidate.family])]

    def shared(self, paraphrase: int, weights: Mapping[str, float]) -> dict[str, float]:
        """The weighed tokens a paraphrase holds."""
        return {
            token: weight
            for token, weight in weights.items()
            if token in self._ids and paraphrase in self._asked.numbers[self._asked.of(self._ids[token])]
        }

    def _evidence(self, weights: Mapping[str, float], mass: float) -> tuple[Floats, Floats, Floats]:
        held = [(self._ids[token], weight) for token, weight in weights.items() if token in self._ids]
        common = self._sums(self._asked, held, len(self.texts))
        covered = self._sums(self._known, held, len(self.families), self._covers)
        likelihood = self._sums(self._known, held, len(self.families), self._likely)
        ours = _MISSED_BY_ENTRY * min(1.0, _LONG_QUESTION / mass)
        missed = ours * (mass - common) + _MISSED_BY_QUESTION * np.maximum(self._masses - common, 0.0)
        overlap = common / (common + missed + _NOTHING)
        return overlap, covered / mass, likelihood / mass - self._penalty

    @staticmethod
    def _sums(
        postings: _Postings, held: Sequence[tuple[int, float]], size: int, factors: Floats | None = None
    ) -> Floats:
        """For each number the weights of the tokens whose lists hold it, times its factor in the list, added up."""
        if not held:
            return np.zeros(size, np.float32)
        lists = [postings.of(token) for token, _ in held]
        numbers = np.concatenate([postings.numbers[one] for one in lists])
        lengths = [one.stop - one.start for one in lists]
        added = np.repeat(np.array([weight for _, weight in held], np.float32), lengths)
        if factors is not None:
            added *= np.concatenate([factors[one] for one in lists])
        return np.bincount(numbers, added, size).astype(np.float32)


def _by_token(
    paraphrases: Numbers, tokens: Numbers, weights: NDArray[np.uint8]
) -> tuple[Numbers, Numbers, NDArray[np.uint8]]:
    """The rows sorted by token, and within a token as they came; sorts in place, since there may be millions."""
    keys = tokens.astype(np.int64)
    keys <<= 32
    keys |= np.arange(len(keys), dtype=np.int64)
    keys.sort()
    tokens = (keys >> 32).astype(np.int32)
    keys &= 0xFFFFFFFF
    return paraphrases[keys], tokens, weights[keys]


def _layout(families: Sequence[Family]) -> tuple[Numbers, Numbers]:
    counts = np.array([len(family.questions) for family in families], np.int32)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int32)
    return starts, counts


def shared_questions(families: Sequence[Family]) -> list[tuple[str, str, str]]:
    """Ways of asking that two families claim, as (question, family, other family)."""
    owner: dict[str, str] = {}
    found = []
    for family in families:
        for text in dict.fromkeys(map(normalize, family.questions)):
            if text in owner:
                found.append((text, owner[text], family.id))
            owner.setdefault(text, family.id)
    return found
