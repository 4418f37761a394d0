"""Suspected vote-buying: what is given, by whom it is handed over, and that votes are the aim.

A gift alone is no suspicion and a lone word of elections is none: the gift and the aim must stand near
each other. Each passage must also be told as fact (`intent`). The wide reading of the policy holds:
canvassing (拉票) by itself is suspected vote-buying.
"""

from typing import Final, NamedTuple

from knowledge.casework.categories import CategorySet, Kind
from knowledge.casework.clues.intent import Standing
from knowledge.casework.clues.matters import Reading

_BEFORE_GIFT: Final = 16
_AFTER_GIFT: Final = 16
_DUE_BEFORE: Final = 15
_DUE_AFTER: Final = 10
_VERBLESS_REACH: Final = 40
_GIVER_REACH: Final = 40
_NEXT_SENTENCE: Final = 25  # an election named just before or after the sentence of the gift counts too


class Passage(NamedTuple):
    """A stretch of the text, `start` to `end`, that words a kind of vote-buying."""

    kind: str
    start: int
    end: int


class _Gift(NamedTuple):
    start: int
    end: int
    aimless: bool = False
    verbless: bool = False


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
        self._ask_verbs = content.words["ask_verbs"]
        self._longest_ask = max(map(len, self._ask_verbs))
        self._held_after, self._worth = content.words["held_after"], content.words["worth"]
        alone = {tags.certain for _, tags in self._kinds}
        alone |= {tags.things for kind, tags in self._kinds if kind.aimless or kind.loose}
        alone |= {tags.acts for kind, tags in self._kinds if kind.loose}
        self._triggers = frozenset({"aims", "asks", "contenders", "elections", *alone})

    def find(self, reading: Reading, *, about_an_election: bool = False) -> tuple[Passage, ...]:
        """The passages told as fact, at most one a kind, in the order of the content.

        Args:
            reading: The text as read.
            about_an_election: The report was opened as one about an election, so a gift to voters needs no other aim.
        """
        if not about_an_election and not self._speaks_of_votes(reading):
            return ()
        found = (self._first(reading, kind, tags, about_an_election) for kind, tags in self._kinds)
        return tuple(passage for passage in found if passage is not None)

    def _speaks_of_votes(self, reading: Reading) -> bool:
        """A cheap look before the dear ones: most messages have no word of elections."""
        return (
            not self._triggers.isdisjoint(reading.found)
            or any(amount.is_price_of_a_vote for amount in reading.amounts)
            or self._is_asked(reading, 0, len(reading.text))
        )

    def _first(self, reading: Reading, kind: Kind, tags: _Tags, about_an_election: bool) -> Passage | None:  # noqa: FBT001
        for gift in self._gifts(reading, kind, tags):
            aimed = gift.aimless or self._has_aim(reading, kind, gift, about_an_election=about_an_election)
            if aimed and self._standing.is_told_as_fact(reading, gift.start, gift.end):
                return Passage(kind.id, gift.start, gift.end)
        return None

    def _gifts(self, reading: Reading, kind: Kind, tags: _Tags) -> list[_Gift]:
        gifts = [_Gift(t.start, t.end, aimless=True) for t in reading.tokens(tags.certain)]
        gifts += [_Gift(t.start, t.end) for t in reading.tokens(tags.acts)]
        if kind.priced:
            gifts += [_Gift(a.start, a.end, aimless=True) for a in reading.amounts if a.is_price_of_a_vote]
        things = [(t.start, t.end) for t in reading.tokens(tags.things)]
        taken = {"money": kind.takes_money, "goods": kind.takes_goods}
        things += [(amount.start, amount.end) for amount in reading.amounts if taken.get(amount.unit)]
        if kind.takes_goods:  # whatever it is called, it has its price: 一套值两三百块
            things += [(a.start, a.end) for a in reading.amounts if reading.text.endswith(self._worth, 0, a.start)]
        for start, end in things:
            gift = self._handed_over(reading, kind, tags, start, end)
            if gift is not None:
                gifts.append(gift)
            if kind.verbless and end - start > 1:
                gifts.append(_Gift(start, end, verbless=True))
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
        reach = _VERBLESS_REACH if gift.verbless else self._content.aim_reach
        low, high = gift.start - reach, gift.end + reach
        asked, to_voters = self._is_asked(reading, low, high), self._is_to_voters(reading, gift)
        if kind.needs_asking:
            return asked
        asked = asked or self._trades_ballots(reading, low, high)
        if self._is_due(reading, gift):
            return asked and (to_voters or kind.promised)
        if asked or gift.verbless:
            return asked
        return self._serves_to_win(reading, kind, gift, to_voters=to_voters) or (
            not kind.needs_aim
            and self._belongs_to_an_election(
                reading, kind, gift, to_voters=to_voters, about_an_election=about_an_election
            )
        )

    def _serves_to_win(self, reading: Reading, kind: Kind, gift: _Gift, *, to_voters: bool) -> bool:
        """Whether somebody's winning is named as the aim, or somebody who stands is near."""
        low, high = gift.start - self._content.aim_reach, gift.end + self._content.aim_reach
        if reading.within("aims", low, high):
            return True
        first, last = reading.sentence(gift.start)
        suffices = not kind.needs_aim and (to_voters or not kind.needs_receiver)
        return suffices and bool(reading.within("contenders", max(first, low), min(last, high)))

    @staticmethod
    def _belongs_to_an_election(
        reading: Reading, kind: Kind, gift: _Gift, *, to_voters: bool, about_an_election: bool
    ) -> bool:
        """Whether an election is spoken of around the gift, and the gift is one to voters or from somebody named."""
        first, last = reading.sentence(gift.start)
        first, last = min(first, gift.start - _NEXT_SENTENCE), max(last, gift.end + _NEXT_SENTENCE)
        if kind.promised or reading.within("praise", first, last):
            return False
        if kind.loose and reading.within("ours", first, last):
            return True
        if not reading.within("elections", first, last):
            return about_an_election and to_voters
        named = kind.personal and bool(reading.names_within(gift.start - _GIVER_REACH, gift.start))
        return kind.loose or to_voters or named or bool(reading.within("gift_verbs", gift.start, gift.end))

    def _is_asked(self, reading: Reading, low: int, high: int) -> bool:
        """Whether the vote is asked for: 投他, 写我爹, or a verb before a name."""
        if reading.within("asks", low, high):
            return True
        return any(
            reading.text[max(0, at - self._longest_ask) : at].endswith(self._ask_verbs)
            for at in reading.names_within(low, high)
        )

    def _trades_ballots(self, reading: Reading, low: int, high: int) -> bool:
        """Whether votes are spoken of as things that somebody has and gives: 票归他, 家里六票."""
        if reading.within("ballots", low, high):
            return True
        votes = (a for a in reading.amounts_within(low, high) if a.unit == "other" and a.text.endswith("票"))
        return any(reading.text[max(0, a.start - 2) : a.start].endswith(self._held_after) for a in votes)

    @staticmethod
    def _is_to_voters(reading: Reading, gift: _Gift) -> bool:
        """Whether voters stand near as those who receive; 二十几户 is as good as 村民."""
        first, last = reading.sentence(gift.start)
        low, high = max(first, gift.start - _BEFORE_GIFT), min(last, gift.end + _AFTER_GIFT)
        if reading.within("receivers", low, high):
            return True
        return any(amount.unit == "people" for amount in reading.amounts_within(low, high))

    @staticmethod
    def _is_due(reading: Reading, gift: _Gift) -> bool:
        """Whether the gift may be a debt, wages or public money."""
        first, last = reading.sentence(gift.start)
        return bool(reading.within("dues", max(first, gift.start - _DUE_BEFORE), min(last, gift.end + _DUE_AFTER)))


def _has_money(reading: Reading, low: int, high: int) -> bool:
    return any(amount.is_money for amount in reading.amounts_within(low, high))
