"""Whether a clue is clear and specific: points for who, when, where, what, how much and evidence.

A wrong must be told as fact; a name and a date alone are no clue, nor is a question about the law. What
is missing is only listed here; the chat asks for it once, kindly.
"""

from dataclasses import dataclass
from typing import Final

from knowledge.casework.categories import CategorySet
from knowledge.casework.clues.intent import Standing
from knowledge.casework.clues.matters import Reading
from knowledge.casework.clues.people import states_exact_date, states_time

_WITHOUT_SUM: Final = frozenset({"bribery", "canvassing", "ballot_grabbing", "staff_bribe"})


@dataclass(frozen=True, slots=True)
class Specificity:
    """What a report states. Invariant: `score` is the sum of the weights of `stated`."""

    score: int
    stated: tuple[str, ...]
    matters: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def present(self) -> tuple[str, ...]:
        """The parts that are there, as identifiers of `CategorySet.parts`."""
        return tuple(part for part, names in _PART_OF.items() if any(name in self.stated for name in names))


_PART_OF: Final = {
    "who": ("named_person", "office", "body"),
    "when": ("exact_date", "vague_time"),
    "where": ("place",),
    "what": ("act",),
    "amount": ("amount",),
    "evidence": ("evidence", "witness"),
}


class SpecificityJudge:
    """Scores readings by the weights of one content version. Holds no state."""

    def __init__(self, content: CategorySet) -> None:
        self._content = content
        self._standing = Standing(content)
        self._matter_tags = tuple((matter.id, f"matter:{matter.id}") for matter in content.matters)

    def judge(self, reading: Reading, buying: tuple[str, ...], given: frozenset[str] = frozenset()) -> Specificity:
        """Score a report.

        Args:
            reading: The text as read.
            buying: Kinds of vote-buying found in it.
            given: What is known beside the text, as names of weights (a guided report asks for the place).
        """
        matters = self._matters(reading)
        stated = {*given, *self.who(reading), *self.when(reading), *self._rest(reading)}
        if matters or buying:
            stated.add("act")
        if "exact_date" in stated:
            stated.discard("vague_time")
        ordered = tuple(name for name in self._content.weights if name in stated)
        score = sum(self._content.weights[name] for name in ordered)
        return Specificity(score, ordered, matters, self._missing(ordered, buying))

    def is_specific(self, specificity: Specificity) -> bool:
        """Whether the threshold is reached by a report that tells of a wrong."""
        return "act" in specificity.stated and specificity.score >= self._content.threshold

    def _matters(self, reading: Reading) -> tuple[str, ...]:
        return tuple(
            matter
            for matter, tag in self._matter_tags
            if any(self._is_told(reading, token.start) for token in reading.tokens(tag))
        )

    def _is_told(self, reading: Reading, position: int) -> bool:
        first, last = reading.sentence(position)
        return not self._standing.is_general_question(reading, first, last)

    @staticmethod
    def who(reading: Reading) -> tuple[str, ...]:
        """The strongest pointer at a person: a name, else an office, else a body."""
        if reading.names:
            return ("named_person",)
        ends = {token.end for token in reading.tokens("indefinite")}
        if any(token.start not in ends for token in reading.tokens("offices")):
            return ("office",)
        return ("body",) if reading.tokens("bodies") else ()

    @staticmethod
    def when(reading: Reading) -> tuple[str, ...]:
        """The most exact time stated: a day, else a year, month or the like."""
        if reading.tokens("relative_day") or states_exact_date(reading.text):
            return ("exact_date",)
        vague = reading.tokens("vague_time") or states_time(reading.text)
        return ("vague_time",) if vague else ()

    def _rest(self, reading: Reading) -> tuple[str, ...]:
        checks = {
            "place": bool(reading.tokens("places")),
            "amount": bool(reading.amounts),
            "evidence": bool(reading.tokens("evidence")) and not reading.tokens("no_evidence"),
            "witness": bool(reading.tokens("witnesses")),
            "detail": len(reading.text) >= self._content.detail_characters,
        }
        return tuple(name for name, stated in checks.items() if stated)

    @staticmethod
    def _missing(stated: tuple[str, ...], buying: tuple[str, ...]) -> tuple[str, ...]:
        """Parts not stated. A sum is only missed where something was given."""
        absent = [part for part, names in _PART_OF.items() if not any(name in stated for name in names)]
        if "amount" in absent and not set(buying) - _WITHOUT_SUM:
            absent.remove("amount")
        return tuple(absent)
