"""One question in, its candidates out: correction, whole against clauses, village against community.

What a newcomer gets wrong: a long story is scored clause by clause as well, because its question is usually one
clause. A village entry and its community twin share their paraphrases; which one wins is decided by the words
that tell villages from communities, and by nothing else.
"""

from dataclasses import dataclass, replace
from typing import Final

from knowledge.model import Kind, KnowledgeBase
from knowledge.search.index import Index, Match
from knowledge.search.lexicon import Lexicon
from knowledge.search.normalize import clauses, normalize
from knowledge.search.pinyin import SoundAlikes
from knowledge.search.scope import Scope, ScopeJudge

_OTHER_KIND: Final = 0.8
_UNSAID_COMMUNITY: Final = 0.97
_CLAUSE: Final = 0.95
_SPLIT_FROM: Final = 14
_CORRECTED: Final = 0.97
_UNANCHORED: Final = 0.8
_SHORTEST_CLAUSE: Final = 4


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
        self._kinds = {entry.id: entry.kind for entry in knowledge.entries.values()}
        self._corrections = dict(words.corrections)
        self._village = words.village_words
        self._community = words.community_words
        self._lexicon = Lexicon(words)
        self._judge = ScopeJudge(words, self._lexicon)
        self._index = Index(knowledge.entries.values(), self._lexicon)
        terms = [word for c in words.concepts if not c.is_aspect for word in c.words]
        self._sounds = SoundAlikes(terms, words.ordinary_words, self._index.known_tokens)

    def rank(self, question: str) -> Ranking:
        """Candidates of a question; total on any text."""
        text = normalize(question, self._corrections)
        corrected = self._sounds.corrected(text)
        kind = self._kind(corrected)
        tokens = self._tokens(corrected)
        matches = self._search(corrected, tokens, kind)
        if corrected != text:
            matches = self._prefer(self._search(text, self._tokens(text), kind), matches)
        scope = self._judge.judge(corrected, tokens)
        return Ranking(text, corrected, kind, tokens, scope, matches)

    def _tokens(self, text: str) -> dict[str, float]:
        tokens: dict[str, float] = {}
        for clause in clauses(text):
            tokens.update(self._lexicon.tokens(clause))
        return tokens

    def _search(self, text: str, tokens: dict[str, float], kind: Kind | None) -> list[Match]:
        matches = self._ranked(text, tokens, kind)
        parts = clauses(text)
        if len(parts) > 1 and len(text) >= _SPLIT_FROM:
            for part in parts:
                if len(part) >= _SHORTEST_CLAUSE:
                    found = self._ranked(part, self._lexicon.tokens(part), kind)
                    matches = _merged(matches, [replace(m, score=m.score * _CLAUSE) for m in found])
        return matches

    def _ranked(self, text: str, tokens: dict[str, float], kind: Kind | None) -> list[Match]:
        anchored = 1.0 if any(t in self._lexicon.anchors for t in tokens) else _UNANCHORED
        found = self._index.search(text, self._index.weigh(tokens))
        fitted = [replace(m, score=m.score * anchored * self._fit(m.entry_id, kind)) for m in found]
        return sorted(fitted, key=lambda match: (-match.score, match.entry_id))

    def _fit(self, entry_id: str, kind: Kind | None) -> float:
        own = self._kinds[entry_id]
        if own is Kind.BOTH or own is kind:
            return 1.0
        if kind is None:
            return _UNSAID_COMMUNITY if own is Kind.COMMUNITY else 1.0
        return _OTHER_KIND

    def _kind(self, text: str) -> Kind | None:
        village = any(word in text for word in self._village)
        community = any(word in text for word in self._community)
        if village is community:
            return None
        return Kind.VILLAGE if village else Kind.COMMUNITY

    @staticmethod
    def _prefer(plain: list[Match], corrected: list[Match]) -> list[Match]:
        return _merged(plain, [replace(m, score=m.score * _CORRECTED) for m in corrected])


def _merged(first: list[Match], second: list[Match]) -> list[Match]:
    best = {match.entry_id: match for match in first}
    for match in second:
        if match.entry_id not in best or match.score > best[match.entry_id].score:
            best[match.entry_id] = match
    return sorted(best.values(), key=lambda match: (-match.score, match.entry_id))
