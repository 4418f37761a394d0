"""From a question as people type it to an answer with its sources, or to an honest silence.

What a newcomer gets wrong: `answer` never guesses. Below `ANSWERED_FROM` it offers the nearest questions instead;
outside our scope it names the right door. The same question always gets the same answer.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from knowledge.jurisdiction import NATION, province_of
from knowledge.loader import LABEL_LENGTH
from knowledge.model import Answer, Entry, Kind, KnowledgeBase, Suggestion
from knowledge.rules.calculation import Calculation, calculate
from knowledge.rules.rendering import Renderer, province_named
from knowledge.search.ranking import Match, Ranking, Retriever
from knowledge.search.scope import Scope

ANSWERED_FROM: Final = 0.48
_NEAR_FROM: Final = 0.22
_MOST_SUGGESTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a question was answered as it was: what was read in it, and how every candidate scored."""

    normalized: str
    corrected: str
    kind: Kind | None
    tokens: tuple[tuple[str, float], ...]
    scope: Scope
    calculation: str
    candidates: tuple[Match, ...]


class Answerer:
    """Answers from one `KnowledgeBase`; holds no state that changes an answer."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge
        self._retriever = Retriever(knowledge)
        self._renderer = Renderer(knowledge)
        self._places = tuple(place for place in knowledge.jurisdictions.values() if place.names)

    def answer(self, question: str, *, jurisdiction: str = NATION, as_of: date) -> Answer:
        """The best answer in force on a day, or none.

        Args:
            question: Anything at all; longer than 400 characters, only the beginning is read.
            jurisdiction: Where the person is, e.g. `cn/zhejiang`; a province named in the question goes before it.
            as_of: The day whose law is asked for.
        """
        ranking = self._retriever.rank(question)
        place = province_named(ranking.text, self._places) or jurisdiction
        reckoned = self._reckon(ranking, as_of)
        if reckoned is not None:
            return self._reckoned_answer(question, reckoned, place, as_of)
        best = ranking.matches[0] if ranking.matches else None
        if best is None or best.score < ANSWERED_FROM or ranking.scope.is_outside:
            return self._silence(question, ranking, as_of)
        entry = self._knowledge.entries[best.entry_id]
        answer = self._say(entry, question, place, as_of, score=best.score, kind=ranking.kind)
        return answer or self._silence(question, ranking, as_of)

    def answer_entry(self, entry_id: str, *, jurisdiction: str = NATION, as_of: date) -> Answer | None:
        """The answer of one entry, for a pressed button; None if there is no such entry in force."""
        entry = self._knowledge.entries.get(entry_id)
        if entry is None:
            return None
        return self._say(entry, entry.label, jurisdiction, as_of, score=1.0, kind=entry.kind)

    def explain(self, question: str, *, as_of: date) -> Explanation:
        """What was read in a question and how every candidate scored."""
        ranking = self._retriever.rank(question)
        reckoned = self._reckon(ranking, as_of)
        return Explanation(
            normalized=ranking.text,
            corrected=ranking.corrected,
            kind=ranking.kind,
            tokens=tuple(ranking.tokens.items()),
            scope=ranking.scope,
            calculation=reckoned.text if reckoned else "",
            candidates=tuple(ranking.matches),
        )

    def _reckon(self, ranking: Ranking, as_of: date) -> Calculation | None:
        if ranking.scope.is_outside:
            return None
        return calculate(ranking.corrected, ranking.tokens, ranking.kind, self._renderer.rules, as_of)

    def _reckoned_answer(self, question: str, reckoned: Calculation, place: str, as_of: date) -> Answer:
        entry = self._knowledge.entries[reckoned.entry_id]
        answer = self._say(entry, question, place, as_of, score=reckoned.score, kind=entry.kind)
        if answer is None:
            return Answer(
                question, answered=False, entry_id=None, text="", more="", citations=(), score=0.0, suggestions=()
            )
        return replace(answer, text=reckoned.text, more="\n".join(filter(None, (answer.text, answer.more))))

    def _say(
        self, entry: Entry, question: str, place: str, as_of: date, *, score: float, kind: Kind | None
    ) -> Answer | None:
        said = self._renderer.render(entry, place, as_of, with_counterpart=kind is None)
        if said is None:
            return None
        related = tuple(self._suggestion(other) for other in entry.related[:_MOST_SUGGESTIONS])
        text, more = said.text, said.more
        if entry.local_topic and province_of(place) is not None and more:
            first, _, more = more.partition("\n")
            text = f"{text}\n{first}"
        return Answer(
            question=question,
            answered=True,
            entry_id=entry.id,
            text=text,
            more=more,
            citations=said.citations,
            score=round(score, 4),
            suggestions=related,
        )

    def _silence(self, question: str, ranking: Ranking, as_of: date) -> Answer:
        near = [] if ranking.scope.is_outside else [m for m in ranking.matches if m.score >= _NEAR_FROM]
        entries = [self._knowledge.entries[match.entry_id] for match in near]
        in_force = [entry for entry in entries if entry.in_force_from <= as_of]
        return Answer(
            question=question,
            answered=False,
            entry_id=None,
            text="",
            more="",
            citations=(),
            score=round(ranking.matches[0].score, 4) if ranking.matches else 0.0,
            suggestions=tuple(self._suggestion(entry.id) for entry in in_force[:_MOST_SUGGESTIONS]),
            door=ranking.scope.door,
        )

    def _suggestion(self, entry_id: str) -> Suggestion:
        return Suggestion(entry_id, self._knowledge.entries[entry_id].label[:LABEL_LENGTH])
