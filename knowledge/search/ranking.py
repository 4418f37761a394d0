"""One question in, its candidates out: correction, whole against parts, village against community.

What a newcomer gets wrong: a long story is scored part by part as well, because its question is usually one clause
or the end of one. A village entry and its community twin share their paraphrases; which one answers is decided by
the words that tell villages from communities, and by nothing else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from knowledge.model import Kind, KnowledgeBase
from knowledge.search.index import Candidate, Index
from knowledge.search.lexicon import Lexicon
from knowledge.search.normalize import clauses, normalize
from knowledge.search.pinyin import SoundAlikes
from knowledge.search.scope import Scope, ScopeJudge

_OTHER_KIND: Final = 0.85
_CLAUSE: Final = 0.95
_TAIL: Final = 0.92
_CORRECTED: Final = 0.97
_UNANCHORED: Final = 0.25
_SHORTEST_CLAUSE: Final = 4
_LONG_CLAUSE: Final = 16
_TAIL_LENGTH: Final = 12
_MOST_PARTS: Final = 6
_KEPT: Final = 6


@dataclass(frozen=True, slots=True)
class Match:
    """An entry a question may mean, and why."""

    entry_id: str
    score: float
    overlap: float
    covered: float
    spelling: float
    question: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """What was understood of a question, and the entries it may mean, best first."""

    text: str
    corrected: str
    kind: Kind | None
    tokens: dict[str, float]
    scope: Scope
    matches: list[Match]


class Retriever:
    """Ranks entries for questions."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        words = knowledge.words
        self._corrections = dict(words.corrections)
        self._village = words.village_words
        self._community = words.community_words
        self._lexicon = Lexicon(words)
        self._judge = ScopeJudge(words, self._lexicon)
        self._index = Index(knowledge.entries.values(), self._lexicon)
        terms = [word for c in words.concepts if c.id not in self._lexicon.aspects for word in c.words]
        anchors = [word for c in words.concepts if c.id in self._lexicon.anchors for word in c.words]
        self._sounds = SoundAlikes(
            terms, (*anchors, *words.sound_terms), words.ordinary_words, self._index.known_tokens
        )

    def rank(self, question: str) -> Ranking:
        """Candidates of a question; total on any text."""
        text = normalize(question, self._corrections)
        corrected = self._sounds.corrected(text)
        kind = self._kind(corrected)
        tokens, best = self._search(corrected, kind)
        if corrected != text:
            best = {number: c._replace(score=c.score * _CORRECTED) for number, c in best.items()}
            _keep_better(best, self._search(text, kind)[1].values(), 1.0)
        scope = self._judge.judge(corrected, tokens)
        ordered = sorted(best.values(), key=lambda c: (-c.score, c.family))[:_KEPT]
        return Ranking(text, corrected, kind, tokens, scope, [self._found(c, kind) for c in ordered])

    def _search(self, text: str, kind: Kind | None) -> tuple[dict[str, float], dict[int, Candidate]]:
        parts = clauses(text)
        each = [self._lexicon.tokens(part) for part in parts]
        tokens = {token: weight for some in each for token, weight in some.items()}
        best: dict[int, Candidate] = {}
        _keep_better(best, self._candidates(text, tokens, kind), 1.0)
        for part, some, share in _parts(parts, each):
            found = some if some is not None else self._lexicon.tokens(part)
            if not self._lexicon.anchors.isdisjoint(found):
                _keep_better(best, self._candidates(part, found, kind), share)
        return tokens, best

    def _candidates(self, text: str, tokens: dict[str, float], kind: Kind | None) -> Iterator[Candidate]:
        if not tokens:
            return
        anchored = not self._lexicon.anchors.isdisjoint(tokens)
        families = self._index.families
        for candidate in self._index.search(text, self._index.weigh(tokens)):
            own = families[candidate.family].kind
            fit = 1.0 if kind is None or own is Kind.BOTH or own is kind else _OTHER_KIND
            if not anchored:
                fit *= min(1.0, _UNANCHORED + candidate.covered)
            yield candidate if fit == 1.0 else candidate._replace(score=candidate.score * fit)

    def _found(self, candidate: Candidate, kind: Kind | None) -> Match:
        family = self._index.families[candidate.family]
        twin = family.community_id if kind is Kind.COMMUNITY else ""
        return Match(
            entry_id=twin or family.entry_id,
            score=candidate.score,
            overlap=candidate.overlap,
            covered=candidate.covered,
            spelling=candidate.spelling,
            question=family.questions[candidate.question],
        )

    def _kind(self, text: str) -> Kind | None:
        village = any(word in text for word in self._village)
        community = any(word in text for word in self._community)
        if village is community:
            return None
        return Kind.VILLAGE if village else Kind.COMMUNITY


def _parts(parts: list[str], tokens: list[dict[str, float]]) -> Iterator[tuple[str, dict[str, float] | None, float]]:
    """The clauses of a story of several, and the ends of long ones, with what a hit there is worth."""
    if len(parts) > 1:
        for part, some in zip(parts[-_MOST_PARTS:], tokens[-_MOST_PARTS:], strict=True):
            if len(part) >= _SHORTEST_CLAUSE:
                yield part, some, _CLAUSE
    for part in parts[-_MOST_PARTS:]:
        if len(part) > _LONG_CLAUSE:
            yield part[-_TAIL_LENGTH:], None, _TAIL


def _keep_better(best: dict[int, Candidate], found: Iterable[Candidate], share: float) -> None:
    for candidate in found:
        known = best.get(candidate.family)
        score = candidate.score * share
        if known is None or score > known.score:
            best[candidate.family] = candidate._replace(score=score)
