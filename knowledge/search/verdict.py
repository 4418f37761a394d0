"""What to do about a ranked question: answer it, name another door, chat, or keep silent.

What a newcomer gets wrong: the numbers are not taste. `confidence` is a logistic fit on three of the sets under
golden/blind (two of them worked into the content already) and on questions probing for others' matters: the share of
questions with this lead and so many anchors that were ours. The lead over the best matter outside tells ours from
others', hardly the score itself. A question without a single word of ours is not for us unless it is one of our ways
of asking, nearly word for word. Fit again when the ranking changes.
"""

from dataclasses import dataclass
from math import exp
from typing import Final

from knowledge.search.ranking import Match, Ranking

ANSWERED_FROM: Final = 0.4
_BY_LEAD: Final = 6.3
_BY_ANCHOR: Final = 0.8
_MOST_ANCHORS: Final = 3
_BIAS: Final = -0.7
_SHORTEST_QUESTION: Final = 2
_LEAST_SCORE: Final = 0.5
_WORD_FOR_WORD: Final = 0.75
_NO_WORD_OF_OURS: Final = 0.3
_NEAR_FROM: Final = 0.45
_TALK_FROM: Final = 0.9
_SECOND_MEANING: Final = 0.8
_THIRD_MEANING: Final = 0.88


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided; at most one of `entry`, `outside` and `talk` is set.

    `confidence`, between 0 and 1, is how likely the question is one for us; `others` are at most two more entries
    almost as likely as `entry`; `near` are entries worth offering.
    """

    confidence: float
    entry: Match | None = None
    others: tuple[Match, ...] = ()
    outside: Match | None = None
    talk: Match | None = None
    near: tuple[Match, ...] = ()


def decide(ranking: Ranking) -> Verdict:
    """The verdict on one question; a single character is none."""
    if len(ranking.text) < _SHORTEST_QUESTION:
        return Verdict(0.0)
    best, outside, talk = (some[0] if some else None for some in (ranking.entries, ranking.outside, ranking.talk))
    near = tuple(match for match in ranking.entries if match.score >= _NEAR_FROM)
    score = best.score if best else 0.0
    other = max(outside.score if outside else 0.0, talk.score if talk else 0.0)
    confidence = _confidence(score - other, len(ranking.anchors))
    if best is not None and not ranking.ours and best.overlap < _WORD_FOR_WORD:
        confidence *= _NO_WORD_OF_OURS
    if best is not None and score >= _LEAST_SCORE and confidence >= ANSWERED_FROM:
        least = (_SECOND_MEANING * score, _THIRD_MEANING * score)
        others = [match for match, floor in zip(ranking.entries[1:3], least, strict=False) if match.score >= floor]
        return Verdict(confidence, entry=best, others=tuple(others), near=near)
    if talk is not None and talk.score >= _TALK_FROM and (outside is None or talk.score > outside.score):
        return Verdict(confidence, talk=talk)
    if outside is not None and outside.score >= _NEAR_FROM:
        return Verdict(confidence, outside=outside)
    return Verdict(confidence, near=near)


def _confidence(lead: float, anchors: int) -> float:
    weighed = _BY_LEAD * lead + _BY_ANCHOR * min(_MOST_ANCHORS, anchors) + _BIAS
    return 1 / (1 + exp(-max(-60.0, min(60.0, weighed))))
