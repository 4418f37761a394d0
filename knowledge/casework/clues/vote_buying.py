"""Suspected vote-buying: what is given, by whom it is handed over, and that votes are the aim.

A gift alone is no suspicion and a lone word of elections is none: the gift and the aim must stand near
each other. Each passage must also be told as fact (`intent`). The wide reading of the policy holds:
canvassing (拉票) by itself is suspected vote-buying.
"""

from typing import Final, NamedTuple

from knowledge.casework.categories import CategorySet, Kind
from knowledge.casework.clues.intent import Standing
from knowledge.casework.clues.matters import Reading

_BEFORE_GIFT: Final = 12
_AFTER_GIFT: Final = 8


class Passage(NamedTuple):
    """A stretch of the text, `start` to `end`, that words a kind of vote-buying."""

    kind: str
    start: int
    end: int


class _Gift(NamedTuple):
    start: int
    end: int
    aimless: bool


class _Tags(NamedTuple):
    """The tags under which a reading holds the words of a kind."""

    certain: str
    acts: str
    things: str
    verbs: str
    also: str


def _tags(kind: Kind) -> _Tags:
    verbs = f"verbs:{kind.id}" if kind.verbs else "giving"
    return _Tags(f"certain:{kind.id}", f"acts:{kind.id}", f"things:{kind.id}", verbs, f"also:{kind.id}")


class VoteBuyingDetector:
    """Finds the passages of a reading that raise the suspicion. Holds no state."""

    def __init__(self, content: CategorySet) -> None:
        self._content = content
        self._standing = Standing(content)
        self._kinds = tuple((kind, _tags(kind)) for kind in content.kinds)
        alone = {tag for kind, tags in self._kinds for tag in (tags.certain, kind.aimless and tags.things) if tag}
        self._triggers = frozenset({"aims", "contenders", "elections", *alone})

    def find(self, reading: Reading, *, about_an_election: bool = False) -> tuple[Passage, ...]:
        """The passages told as fact, at most one a kind, in the order of the content.

        Args:
            reading: The text as read.
            about_an_election: The report was opened as one about an election, so a gift to voters needs no other aim.
        """
        nothing = self._triggers.isdisjoint(reading.found) and not any(a.is_price_of_a_vote for a in reading.amounts)
        if nothing and not about_an_election:
            return ()
        found = (self._first(reading, kind, tags, about_an_election) for kind, tags in self._kinds)
        return tuple(passage for passage in found if passage is not None)

    def _first(self, reading: Reading, kind: Kind, tags: _Tags, about_an_election: bool) -> Passage | None:  # noqa: FBT001
        for gift in self._gifts(reading, kind, tags):
            aimed = gift.aimless or self._has_aim(reading, kind, gift, about_an_election=about_an_election)
            if aimed and self._standing.is_told_as_fact(reading, gift.start, gift.end):
                return Passage(kind.id, gift.start, gift.end)
        return None

    def _gifts(self, reading: Reading, kind: Kind, tags: _Tags) -> list[_Gift]:
        gifts = [_Gift(t.start, t.end, aimless=True) for t in reading.tokens(tags.certain)]
        gifts += [_Gift(t.start, t.end, aimless=False) for t in reading.tokens(tags.acts)]
        if kind.needs_money:
            gifts += [_Gift(a.start, a.end, aimless=True) for a in reading.amounts if a.is_price_of_a_vote]
        things = [(t.start, t.end) for t in reading.tokens(tags.things)]
        if kind.takes_money:
            things += [(amount.start, amount.end) for amount in reading.amounts if amount.is_money]
        for start, end in things:
            gift = self._handed_over(reading, kind, tags, start, end)
            if gift is not None:
                gifts.append(gift)
        return gifts

    @staticmethod
    def _handed_over(reading: Reading, kind: Kind, tags: _Tags, start: int, end: int) -> _Gift | None:
        """The thing together with the nearest verb of giving; None where there is none, or something else lacks."""
        first, last = reading.sentence(start)
        verbs = reading.within(tags.verbs, max(first, start - kind.reach), min(last, end + kind.reach))
        near = [verb for verb in verbs if (verb.start, verb.end) != (start, end)]
        if not near:
            return None
        verb = min(near, key=lambda token: max(start - token.end, token.start - end))
        if kind.also and not reading.within(tags.also, first, last):
            return None
        low, high = min(start, verb.start), max(end, verb.end)
        if kind.needs_money and not _has_money(reading, low - kind.reach, high + kind.reach):
            return None
        return _Gift(low, high, aimless=kind.aimless)

    def _has_aim(self, reading: Reading, kind: Kind, gift: _Gift, *, about_an_election: bool) -> bool:
        first, last = reading.sentence(gift.start)
        low, high = gift.start - self._content.aim_reach, gift.end + self._content.aim_reach
        to_voters = bool(reading.within("receivers", gift.start - _BEFORE_GIFT, gift.end + _AFTER_GIFT))
        if self._is_due(reading, gift, first, last):
            return to_voters and bool(reading.within("aims", max(low, first), min(high, last)))
        if reading.within("aims", low, high):
            return True
        if kind.needs_aim:
            return False
        if reading.within("contenders", low, high) and (to_voters or not kind.needs_receiver):
            return True
        return to_voters and (about_an_election or bool(reading.within("elections", first, last)))

    @staticmethod
    def _is_due(reading: Reading, gift: _Gift, first: int, last: int) -> bool:
        """Whether the gift may be a debt, wages or public money."""
        return bool(reading.within("dues", max(first, gift.start - 15), min(last, gift.end + 10)))


def _has_money(reading: Reading, low: int, high: int) -> bool:
    return any(amount.is_money and low <= amount.start and amount.end <= high for amount in reading.amounts)
