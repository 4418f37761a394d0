"""From a question as people type it to an answer with its sources, or to an honest silence.

What a newcomer gets wrong: `answer` never guesses. Below `ANSWERED_FROM` it offers the nearest questions instead;
outside our scope it names the right door. The same question always gets the same answer.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from knowledge.entry_files import LABEL_LENGTH
from knowledge.jurisdiction import NATION, province_of
from knowledge.model import Answer, Entry, Intent, Kind, KnowledgeBase, Suggestion
from knowledge.reckoning.asked import Asked, Reckoned
from knowledge.reckoning.figures import with_digits
from knowledge.reckoning.reckon import reckon
from knowledge.rules.rendering import Rendered, Renderer, province_named
from knowledge.rules.standing import Standing
from knowledge.search.lexicon import Lexicon
from knowledge.search.ranking import Ranking, Retriever
from knowledge.search.verdict import Verdict, decide

_MOST_SUGGESTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a question was answered as it was: what was read in it, and how every candidate scored."""

    ranking: Ranking
    verdict: Verdict
    calculation: str
    shared: tuple[dict[str, float], ...]
    rules: tuple[Standing, ...]


class Answerer:
    """Answers from one `KnowledgeBase`; holds no state that changes an answer."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge
        self._retriever = Retriever(knowledge)
        self._renderer = Renderer(knowledge)
        self._places = tuple(place for place in knowledge.jurisdictions.values() if place.names)
        self._doors = {matter.id: matter.door for matter in knowledge.words.outside}
        self._intents = {talk.id: talk.intent for talk in knowledge.words.talk}

    @property
    def lexicon(self) -> Lexicon:
        """The content's words, as questions are cut with them."""
        return self._retriever.lexicon

    def answer(self, question: str, *, jurisdiction: str = NATION, as_of: date, kind: Kind | None = None) -> Answer:
        """The best answer in force on a day, or none.

        Args:
            question: Anything at all; longer than 400 characters, only the beginning is read.
            jurisdiction: Where the person is, e.g. `cn/zhejiang`; a province named in the question goes before it.
            as_of: The day whose law is asked for.
            kind: Whether the person lives in a village or a community; what the question says goes before it.
        """
        ranking = self._retriever.rank(question)
        kind = ranking.kind or kind
        place = province_named(ranking.text, self._places) or jurisdiction
        verdict = decide(ranking)
        reckoned = self._reckon(ranking, verdict, kind, as_of)
        answer = self._reckoned(question, reckoned, place, as_of, kind) if reckoned else None
        if answer is not None:
            return answer
        if verdict.entry is not None:
            answer = self._chosen(question, verdict.entry.id, verdict, place, as_of, kind)
            if answer is not None:
                return answer
        return self._silence(question, verdict, as_of)

    def answer_entry(
        self, entry_id: str, *, jurisdiction: str = NATION, as_of: date, kind: Kind | None = None
    ) -> Answer | None:
        """The answer of one entry, for a pressed button; None if there is no such entry in force.

        For somebody known to live in a community it is the twin's, where the entry has one.
        """
        if entry_id not in self._knowledge.entries:
            return None
        entry = self._of_kind(entry_id, kind)
        answer = self._say(entry, entry.label, jurisdiction, as_of, score=1.0, kind=kind or entry.kind)
        return replace(answer, differs_by_kind=kind is None and bool(entry.counterpart)) if answer else None

    def explain(self, question: str, *, jurisdiction: str = NATION, as_of: date) -> Explanation:
        """What was read in a question, how every candidate scored, and which rules the answer rests on."""
        ranking = self._retriever.rank(question)
        verdict = decide(ranking)
        reckoned = self._reckon(ranking, verdict, ranking.kind, as_of)
        shared = tuple(self._retriever.shared(ranking, match) for match in ranking.entries)
        place = province_named(ranking.text, self._places) or jurisdiction
        chosen = reckoned.entry_id if reckoned else verdict.entry.id if verdict.entry else None
        rules = self._renderer.standing(self._knowledge.entries[chosen], place, as_of) if chosen else ()
        return Explanation(ranking, verdict, reckoned.text if reckoned else "", shared, tuple(rules))

    def _reckon(self, ranking: Ranking, verdict: Verdict, kind: Kind | None, as_of: date) -> Reckoned | None:
        """A reckoning for a question that is ours: one with an entry, or with a word of elections and nobody else's."""
        ours = ranking.anchors and verdict.outside is None and verdict.talk is None
        if verdict.entry is None and not ours:
            return None
        asked = Asked(with_digits(ranking.corrected), ranking.tokens, kind, self._renderer.rules, as_of)
        return reckon(asked, self._knowledge.clocks)

    def _reckoned(self, question: str, reckoned: Reckoned, place: str, as_of: date, kind: Kind | None) -> Answer | None:
        entry = self._knowledge.entries[reckoned.entry_id]
        answer = self._say(entry, question, place, as_of, score=reckoned.score, kind=kind)
        if answer is None:
            return None
        return replace(answer, text=reckoned.text, more="\n".join(filter(None, (answer.text, answer.more))))

    def _chosen(
        self, question: str, entry_id: str, verdict: Verdict, place: str, as_of: date, kind: Kind | None
    ) -> Answer | None:
        entry = self._of_kind(entry_id, kind)
        answer = self._say(entry, question, place, as_of, score=verdict.confidence, kind=kind)
        if answer is None:
            return None
        for place_in_line, match in enumerate(verdict.others):
            other = self._of_kind(match.id, kind)
            said = self._renderer.render(other, place, as_of, kind=kind or other.kind)
            if said is not None:
                answer = _with_other(answer, self._suggestion(other.id), said, in_full=place_in_line == 0)
        return answer

    def _of_kind(self, entry_id: str, kind: Kind | None) -> Entry:
        """An entry, or its twin for communities where the person is known to live in one."""
        entry = self._knowledge.entries[entry_id]
        if kind is Kind.COMMUNITY and entry.kind is Kind.VILLAGE and entry.counterpart:
            return self._knowledge.entries[entry.counterpart]
        return entry

    def _say(
        self, entry: Entry, question: str, place: str, as_of: date, *, score: float, kind: Kind | None
    ) -> Answer | None:
        said = self._renderer.render(entry, place, as_of, kind=kind)
        if said is None:
            return None
        related = tuple(self._suggestion(other) for other in entry.related[:_MOST_SUGGESTIONS])
        at_home = bool(said.local) and province_of(place) is not None
        text = f"{said.text}\n{said.local}" if at_home else said.text
        more = said.more if at_home else "\n".join(filter(None, (said.local, said.more)))
        return Answer(
            question=question,
            answered=True,
            entry_id=entry.id,
            text=text,
            more=more,
            citations=said.citations,
            score=round(score, 4),
            suggestions=related,
            differs_by_kind=kind is None and bool(entry.counterpart),
            differs_by_place=bool(said.local) and province_of(place) is None,
        )

    def _silence(self, question: str, verdict: Verdict, as_of: date) -> Answer:
        entries = [self._knowledge.entries[match.id] for match in verdict.near]
        in_force = [entry for entry in entries if entry.on(as_of) is not None]
        return Answer(
            question=question,
            answered=False,
            entry_id=None,
            text="",
            more="",
            citations=(),
            score=round(verdict.confidence, 4),
            suggestions=tuple(self._suggestion(entry.id) for entry in in_force[:_MOST_SUGGESTIONS]),
            door=self._doors[verdict.outside.id] if verdict.outside else "",
            intent=self._intents[verdict.talk.id] if verdict.talk else Intent.QUESTION,
            not_in_force=verdict.entry is not None,
        )

    def _suggestion(self, entry_id: str) -> Suggestion:
        return Suggestion(entry_id, self._knowledge.entries[entry_id].label[:LABEL_LENGTH])


def _with_other(answer: Answer, other: Suggestion, said: Rendered, *, in_full: bool) -> Answer:
    """An answer that adds, in its second message and among its buttons, another thing that may be meant."""
    parts = (answer.more, f"如果您想问“{other.question}”：{said.text}", said.local, said.more if in_full else "")
    citations = tuple(dict.fromkeys((*answer.citations, *said.citations)))
    kept = tuple(one for one in answer.suggestions if one.entry_id != other.entry_id)
    suggestions = (other, *kept) if in_full else (*kept[:1], other, *kept[1:])
    return replace(
        answer,
        more="\n".join(part for part in parts if part),
        citations=citations,
        suggestions=suggestions[:_MOST_SUGGESTIONS],
    )
