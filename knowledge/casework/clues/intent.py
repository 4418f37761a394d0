"""How a passage is meant: told as fact, denied, supposed, asked in general, or told of another place.

Only what is told as fact can be suspected. Two easy mistakes: an offer is often a condition in the
buyer's own mouth (他说如果选他就给钱), which is a fact; and a question may tell a fact first
(他昨晚送了烟，这犯法吗), which is one too.
"""

import re
from dataclasses import dataclass
from typing import Final

from knowledge.casework.categories import CategorySet
from knowledge.casework.clues.matters import Reading
from knowledge.casework.clues.people import states_exact_date

_NOT_THE_BUYER: Final = "我想听据来请要"
_FAR: Final = 30  # how far 从来没有人, 没听说谁 and their like reach
_SUPPOSED_REACH: Final = 50
_OUTSIDE_REACH: Final = 40
_QUESTION: Final = re.compile(r"[?\uff1f]|(?<![时动三])([\u4e00-\u9fff])[不没]\1")  # ?, 算不算, 管没管; not 时不时
_MARK_REACH: Final = 12
_GOING: Final = frozenset("到去往赴")  # a trip to another village is no news from there


@dataclass(frozen=True, slots=True)
class Standing:
    """Judges passages of readings by the cues of one content version. Holds no state."""

    content: CategorySet

    def is_told_as_fact(self, reading: Reading, start: int, end: int) -> bool:
        """Whether the passage `start` to `end` says that something happened or was offered in an election of ours."""
        return self.is_told_here(reading, start, end) and not self._is_outside(reading, start)

    def is_told_here(self, reading: Reading, start: int, end: int) -> bool:
        """Whether the passage `start` to `end` says that something happened here, whatever it is about."""
        first, last = reading.sentence(start)
        return not (
            self._is_denied(reading, start, end)
            or self._is_supposed(reading, start, end)
            or self._is_elsewhere(reading, first, last)
            or self.is_general_question(reading, first, last)
        )

    def is_question(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a passage asks: a question word, or a question mark that ends no complaint (你们管不管？)."""
        if reading.within("questions", first, last):
            return True
        complaints = reading.within("rhetorical", first, last)
        marks = (match.end() for match in _QUESTION.finditer(reading.text, first, last))
        return any(not any(token.start < at <= token.end + _MARK_REACH for token in complaints) for at in marks)

    def is_general_question(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a sentence asks without telling of anything that happened.

        A short message is judged as a whole too, since it supposes in one sentence and asks in the next.
        """
        known = reading.asked.get((first, last))
        if known is None:
            known = self._asks_in_general(reading, first, last)
            if not known and len(reading.text) <= self.content.short_message:
                known = self._asks_in_general(reading, 0, len(reading.text))
            reading.asked[first, last] = known
        return known

    def _asks_in_general(self, reading: Reading, first: int, last: int) -> bool:
        if not self.is_question(reading, first, last):
            return False
        return bool(reading.within("own_plans", first, last)) or not self.is_concrete(reading, first, last)

    def is_concrete(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a passage points at someone, some day or the writer's own village, with more beside it."""
        passage = reading.text[first:last]
        if reading.names_within(first, last) or states_exact_date(passage):
            return True
        pointing = {reading.text[t.start : t.end] for t in reading.within("pointing", first, last)}
        if not pointing:
            return False
        supporting = {reading.text[t.start : t.end] for t in reading.within("supporting", first, last)}
        points = sum(self.content.pointing[word] for word in pointing)
        points += sum(self.content.supporting[word] for word in supporting)
        points += bool(reading.amounts_within(first, last))
        return points >= self.content.concrete_points

    def _is_denied(self, reading: Reading, start: int, end: int) -> bool:
        clause = reading.clause_start(start)
        reaches = (
            ("denials", self.content.denial_reach),
            ("far_denials", _FAR),
            ("against", self.content.against_reach),
        )
        for tag, reach in reaches:
            if any(start - token.end <= reach for token in reading.within(tag, clause, start)):
                return True
        first, last = reading.sentence(start)
        if reading.within("cleared", first, last):
            return True
        return bool(reading.within("denied_after", end, min(last, end + self.content.denial_reach * 2)))

    def _is_supposed(self, reading: Reading, start: int, end: int) -> bool:
        first, last = reading.sentence(start)
        for token in reading.within("suppositions", max(first, start - _SUPPOSED_REACH), start):
            if not self._is_offer(reading, first, token.start):
                return True
        after = reading.within("suppositions_after", end, last)
        return bool(after) and not self._is_offer(reading, first, after[0].start)

    def _is_offer(self, reading: Reading, first: int, before: int) -> bool:
        """Whether someone other than the writer speaks before a condition."""
        return any(
            reading.text[token.start - 1 : token.start] not in _NOT_THE_BUYER or token.start == 0
            for token in reading.within("speech", first, before)
        )

    def _is_elsewhere(self, reading: Reading, first: int, last: int) -> bool:
        others = reading.within("elsewhere", first, last)
        if all(reading.text[token.start - 1 : token.start] in _GOING for token in others):
            return False
        passage = reading.text[first:last]
        return not (reading.names_within(first, last) or states_exact_date(passage))

    def _is_outside(self, reading: Reading, start: int) -> bool:
        """Whether another kind of election is spoken of, in the sentence or just before it."""
        first, last = reading.sentence(start)
        if reading.within("ours", first, last):
            return False
        if reading.within("outside", first, last):
            return True
        before = max(0, first - _OUTSIDE_REACH)
        other = reading.within("outside", before, first) and reading.within("elections", before, first)
        return bool(other) and not reading.within("ours", before, first)
