"""How a passage is meant: told as fact, denied, supposed, asked in general, or told of another place.

Only what is told as fact can be suspected. Two easy mistakes: an offer is often a condition in the
buyer's own mouth (他说如果选他就给钱), which is a fact; and a question may tell a fact first
(他昨晚送了烟，这犯法吗), which is one too.
"""

from dataclasses import dataclass

from knowledge.casework.categories import CategorySet
from knowledge.casework.clues.matters import Reading
from knowledge.casework.clues.people import states_exact_date

_NOT_THE_BUYER = "我想听据来请要"


@dataclass(frozen=True, slots=True)
class Standing:
    """Judges passages of readings by the cues of one content version. Holds no state."""

    content: CategorySet

    def is_told_as_fact(self, reading: Reading, start: int, end: int) -> bool:
        """Whether the passage `start` to `end` says that something happened or was offered here."""
        first, last = reading.sentence(start)
        return not (
            self._is_denied(reading, start, end)
            or self._is_supposed(reading, start, end)
            or self._is_elsewhere(reading, first, last)
            or self._is_outside(reading, first, last)
            or self.is_general_question(reading, first, last)
        )

    def is_question(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a passage asks: a question word, or a question mark at a sentence's end."""
        return (
            bool(reading.within("questions", first, last))
            or "？" in reading.text[first:last]
            or ("?" in reading.text[first:last])
        )

    def is_general_question(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a sentence asks without telling of anything that happened.

        A short message is judged as a whole, since it tells in one sentence and asks in the next.
        """
        if len(reading.text) <= self.content.short_message:
            first, last = 0, len(reading.text)
        known = reading.asked.get((first, last))
        if known is None:
            known = self._asks_in_general(reading, first, last)
            reading.asked[first, last] = known
        return known

    def _asks_in_general(self, reading: Reading, first: int, last: int) -> bool:
        if not self.is_question(reading, first, last):
            return False
        return bool(reading.within("own_plans", first, last)) or not self.is_concrete(reading, first, last)

    def is_concrete(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a passage points at someone, some day or the writer's own village, with more beside it."""
        passage = reading.text[first:last]
        if reading.has_name(first, last) or states_exact_date(passage):
            return True
        pointing = {reading.text[t.start : t.end] for t in reading.within("pointing", first, last)}
        if not pointing:
            return False
        supporting = {reading.text[t.start : t.end] for t in reading.within("supporting", first, last)}
        points = sum(self.content.pointing[word] for word in pointing)
        points += sum(self.content.supporting[word] for word in supporting)
        points += any(first <= amount.start < last for amount in reading.amounts)
        return points >= self.content.concrete_points

    def _is_denied(self, reading: Reading, start: int, end: int) -> bool:
        clause = reading.clause_start(start)
        reaches = (("denials", self.content.denial_reach), ("against", self.content.against_reach))
        for tag, reach in reaches:
            if any(start - token.end <= reach for token in reading.within(tag, clause, start)):
                return True
        _, last = reading.sentence(start)
        return bool(reading.within("denied_after", end, min(last, end + self.content.denial_reach * 2)))

    def _is_supposed(self, reading: Reading, start: int, end: int) -> bool:
        first, last = reading.sentence(start)
        for token in reading.within("suppositions", first, start):
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
        if not reading.within("elsewhere", first, last):
            return False
        passage = reading.text[first:last]
        return not (reading.has_name(first, last) or states_exact_date(passage))

    def _is_outside(self, reading: Reading, first: int, last: int) -> bool:
        return bool(reading.within("outside", first, last)) and not reading.within("ours", first, last)
