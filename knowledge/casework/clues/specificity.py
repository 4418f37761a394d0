"""Whether a clue is clear and specific: points for who, when, where, what, how much and evidence.

A wrong must be told as fact; a name and a date alone are no clue, nor is a question about the law. What
is missing is only listed here; the chat asks for it once, kindly.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from knowledge.casework.categories import CategorySet
from knowledge.casework.clues.intent import Standing
from knowledge.casework.clues.lexicon import Token
from knowledge.casework.clues.matters import Reading
from knowledge.casework.clues.people import counts_from_election_day, states_exact_date, states_time

_WITHOUT_SUM: Final = frozenset({"bribery", "canvassing", "ballot_grabbing", "staff_bribe"})
_POINTERS: Final = frozenset({"named_person", "office", "exact_date"})
_NEGLECT_REACH: Final = 6
_INDEFINITE_REACH: Final = 4
_SHORTEST_STORY: Final = 20


class Told(NamedTuple):
    """A matter and where in the text it is told first."""

    matter: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Specificity:
    """What a report states. Invariant: `score` is the sum of the weights of `stated`."""

    score: int
    stated: tuple[str, ...]
    matters: tuple["Told", ...]
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

    def judge(
        self,
        reading: Reading,
        buying: tuple[str, ...],
        given: frozenset[str] = frozenset(),
        *,
        is_report: bool = False,
    ) -> Specificity:
        """Score a report.

        Args:
            reading: The text as read.
            buying: Kinds of vote-buying found in it.
            given: What is known beside the text, as names of weights (a guided report asks for the place).
            is_report: The text was written as a report, so that what it tells is held to be a wrong.
        """
        matters = self._matters(reading)
        stated = {*given, *self.who(reading), *self.when(reading), *self._rest(reading)}
        pointed = not _POINTERS.isdisjoint(stated) and self._tells_a_wrong(reading)
        if matters or buying or pointed or ((is_report or reading.is_masked) and self._tells_something(reading)):
            stated.add("act")
        if "exact_date" in stated:
            stated.discard("vague_time")
        ordered = tuple(name for name in self._content.weights if name in stated)
        score = sum(self._content.weights[name] for name in ordered)
        return Specificity(score, ordered, matters, self._missing(ordered, buying))

    def is_specific(self, specificity: Specificity) -> bool:
        """Whether the threshold is reached by a report that tells of a wrong."""
        return "act" in specificity.stated and specificity.score >= self._content.threshold

    def _matters(self, reading: Reading) -> tuple[Told, ...]:
        return tuple(told for matter, tag in self._matter_tags if (told := self._first_told(reading, matter, tag)))

    def _first_told(self, reading: Reading, matter: str, tag: str) -> Told | None:
        told = (token for token in reading.tokens(tag) if self._standing.is_told_here(reading, token.start, token.end))
        first = next(told, None)
        return Told(matter, first.start, first.end) if first else None

    def _tells_a_wrong(self, reading: Reading) -> bool:
        """Whether a wrong of no matter is told: one of `wrongs`, or a duty left undone."""
        told = self._standing.is_told_here
        if any(told(reading, token.start, token.end) for token in reading.tokens("wrongs")):
            return True
        denials = (*reading.tokens("denials"), *reading.tokens("far_denials"))
        return any(
            told(reading, denial.start, duty.end)
            for denial in denials
            for duty in reading.within("duties", denial.end, denial.end + _NEGLECT_REACH)
        )

    def _tells_something(self, reading: Reading) -> bool:
        """Whether a text tells of somebody without asking, praising or clearing; words for every wrong do not exist."""
        end = len(reading.text)
        if not _SHORTEST_STORY <= end < self._content.detail_characters:
            return end >= _SHORTEST_STORY
        if any(reading.tokens(tag) for tag in ("praise", "cleared", "denied_after", "elsewhere")):
            return False
        return bool(self.when(reading)) or not self._standing.is_question(reading, 0, end)

    def who(self, reading: Reading) -> tuple[str, ...]:
        """The strongest pointer at a person: a name, else an office, else a body."""
        if reading.names:
            return ("named_person",)
        if any(self._is_a_person(reading.text, token) for token in reading.tokens("offices")):
            return ("office",)
        return ("body",) if reading.tokens("bodies") else ()

    def _is_a_person(self, text: str, office: Token) -> bool:
        """Whether an office is somebody's: not 选村主任, 一个书记, 村长的位子."""
        words = self._content.words
        before = text[max(0, office.start - _INDEFINITE_REACH) : office.start].removesuffix("村")
        return not before.endswith(words["indefinite"]) and not text.startswith(words["indefinite_after"], office.end)

    @staticmethod
    def when(reading: Reading) -> tuple[str, ...]:
        """The most exact time stated: a day, else a year, month or the like."""
        text = reading.text
        if reading.tokens("relative_day") or states_exact_date(text):
            return ("exact_date",)
        vague = reading.tokens("vague_time") or states_time(text) or counts_from_election_day(text)
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
