"""One question in, its candidates out: correction, a first search, a second look at the likeliest.

What a newcomer gets wrong: a long story is scored as a whole. Scoring its clauses one by one as well was tried and
found the wrong entry more often: a clause of the story fits something. A village entry and its community twin share
their paraphrases; which one answers is decided by the words that tell villages from communities.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np

from knowledge.model import Kind, KnowledgeBase
from knowledge.search.index import Candidate, Floats, Index, Sort, families_of
from knowledge.search.lexicon import Lexicon
from knowledge.search.normalize import normalize
from knowledge.search.pinyin import SoundAlikes

_OTHER_KIND: Final = 0.85
_CORRECTED: Final = 0.97
_KEPT: Final = 6
_SECOND_LOOK: Final = 6
_WORTH_A_LOOK: Final = 0.4
_TELLING_SHARE: Final = 0.4
_COVERED_SHARE: Final = 0.5
_ASPECTS_SHARE: Final = 0.15
_ANCHORS_SHARE: Final = 0.2
_WORD_FOR_WORD: Final = 0.3
_FOREIGN_WORD: Final = 0.3
_MOST_FOREIGN: Final = 2


@dataclass(frozen=True, slots=True)
class Match:
    """Something a question may mean, and why; `question` is the nearest way of asking it, `paraphrase` its number."""

    id: str
    sort: Sort
    score: float
    overlap: float
    covered: float
    likelihood: float
    spelling: float
    question: str
    paraphrase: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """What was understood of a question, and what it may mean, best first.

    `anchors` are the concepts in it that show elections or reports, `ours` those and whatever else we have a word for.
    """

    text: str
    corrected: str
    kind: Kind | None
    tokens: Mapping[str, float]
    anchors: frozenset[str]
    ours: frozenset[str]
    entries: tuple[Match, ...]
    outside: tuple[Match, ...]
    talk: tuple[Match, ...]


class Retriever:
    """Ranks entries, matters outside and small talk for questions."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        words = knowledge.words
        self._corrections = dict(words.corrections)
        self._village = words.village_words
        self._community = words.community_words
        self.lexicon = Lexicon(words)
        self.index = Index(families_of(knowledge.entries.values(), words), self.lexicon)
        terms = [word for c in words.concepts if c.id not in self.lexicon.aspects for word in c.words]
        anchors = [word for c in words.concepts if c.id in self.lexicon.anchors for word in c.words]
        self._sounds = SoundAlikes(
            terms,
            (*anchors, *words.sound_terms),
            words.ordinary_words,
            self.index.known_tokens,
            (*words.village_words, *words.community_words, *(word for one in words.outside for word in one.words)),
        )

    def rank(self, question: str) -> Ranking:
        """Candidates of a question; total on any text."""
        text = normalize(question, self._corrections)
        corrected = self._sounds.corrected(text)
        kind = self.kind_of(corrected)
        tokens = self.lexicon.tokens_of(corrected)
        weights = self.index.weigh(tokens)
        best = self._search(corrected, weights, kind)
        if corrected != text:
            best = {number: c._replace(score=c.score * _CORRECTED) for number, c in best.items()}
            _keep_better(best, self._search(text, self.index.weigh(self.lexicon.tokens_of(text)), kind))
        found: dict[Sort, list[Match]] = {sort: [] for sort in Sort}
        for candidate in self._reconsidered(best.values(), weights):
            match = self._found(candidate, kind)
            if len(found[match.sort]) < _KEPT:
                found[match.sort].append(match)
        return Ranking(
            text,
            corrected,
            kind,
            tokens,
            self.lexicon.anchors & tokens.keys(),
            self.lexicon.ours & tokens.keys(),
            tuple(found[Sort.ENTRY]),
            tuple(found[Sort.OUTSIDE]),
            tuple(found[Sort.TALK]),
        )

    def shared(self, ranking: Ranking, match: Match) -> dict[str, float]:
        """The tokens a question has in common with the paraphrase it came nearest to, and what each weighs."""
        return self.index.shared(match.paraphrase, self.index.weigh(ranking.tokens))

    def kind_of(self, text: str) -> Kind | None:
        """Whether a normalised text speaks of villages or of communities; None if of neither or both."""
        village = any(word in text for word in self._village)
        community = any(word in text for word in self._community)
        if village is community:
            return None
        return Kind.VILLAGE if village else Kind.COMMUNITY

    def _search(self, text: str, weights: Mapping[str, float], kind: Kind | None) -> dict[int, Candidate]:
        families = self.index.families
        found = {}
        for candidate in self.index.search(text, weights):
            own = families[candidate.family].kind
            fits = kind is None or own is Kind.BOTH or own is kind
            fitting = candidate if fits else candidate._replace(score=candidate.score * _OTHER_KIND)
            found[candidate.family] = fitting
        return found

    def _reconsidered(self, found: Iterable[Candidate], weights: Mapping[str, float]) -> list[Candidate]:
        """The likeliest candidates after a second look at the whole question.

        What tells them apart counts once more, and so does how much of the question, of what it asks and of what it is
        about each of them knows. A word of a matter outside (低保, 业委会) counts against every entry whose ways of
        asking never hold it.
        """
        ordered = sorted(found, key=lambda c: (-c.score, c.family))
        first = ordered[:_SECOND_LOOK]
        telling_ones = [token for token, weight in weights.items() if weight >= _WORTH_A_LOOK]
        known = self.index.known(telling_ones, [candidate.family for candidate in first])
        gained = (
            _TELLING_SHARE * telling(weights, known, len(first))
            + _ASPECTS_SHARE * _mean(known, self.lexicon.aspects, len(first))
            + _ANCHORS_SHARE * _mean(known, self.lexicon.anchors, len(first))
        )
        again = [
            candidate._replace(
                score=candidate.score
                + _COVERED_SHARE * candidate.covered
                + float(gained[place])
                + (_WORD_FOR_WORD if candidate.spelling == 1.0 else 0.0)
            )
            for place, candidate in enumerate(first)
        ]
        ordered = sorted([*again, *ordered[_SECOND_LOOK:]], key=lambda c: (-c.score, c.family))
        strange = self.lexicon.outside & weights.keys()
        if strange:
            foreign = self.index.known(strange, [candidate.family for candidate in ordered])
            ordered = [self._judged_by(foreign, place, candidate) for place, candidate in enumerate(ordered)]
        return sorted(ordered, key=lambda c: (-c.score, c.family))

    def _judged_by(self, foreign: Mapping[str, Floats], place: int, candidate: Candidate) -> Candidate:
        if self.index.families[candidate.family].sort is not Sort.ENTRY:
            return candidate
        strange = sum(not known[place] for known in foreign.values())
        return candidate._replace(score=candidate.score - _FOREIGN_WORD * min(_MOST_FOREIGN, strange))

    def _found(self, candidate: Candidate, kind: Kind | None) -> Match:
        family = self.index.families[candidate.family]
        twin = family.community_id if kind is Kind.COMMUNITY else ""
        return Match(
            id=twin or family.id,
            sort=family.sort,
            score=candidate.score,
            overlap=candidate.overlap,
            covered=candidate.covered,
            likelihood=candidate.likelihood,
            spelling=candidate.spelling,
            question=self.index.asked(candidate),
            paraphrase=candidate.paraphrase,
        )


def telling(weights: Mapping[str, float], known: Mapping[str, Floats], families: int) -> Floats:
    """How far the tokens that tell a few families apart speak for each, between 0 and 1.

    A token all of them know, or none, tells nothing; one that a single family knows tells most.
    """
    found = np.zeros(families, np.float32)
    mass = 0.0
    for token, shares in known.items():
        holders = int(np.count_nonzero(shares))
        if 0 < holders < len(shares):
            worth = weights[token] * log((len(shares) + 0.5) / holders)
            found += worth * shares
            mass += worth
    return found / mass if mass else found


def _mean(known: Mapping[str, Floats], tokens: Container[str], families: int) -> Floats:
    rows = [shares for token, shares in known.items() if token in tokens]
    if not rows:
        return np.zeros(families, np.float32)
    mean: Floats = np.mean(rows, axis=0)
    return mean


def _keep_better(best: dict[int, Candidate], found: Mapping[int, Candidate]) -> None:
    for number, candidate in found.items():
        known = best.get(number)
        if known is None or candidate.score > known.score:
            best[number] = candidate
