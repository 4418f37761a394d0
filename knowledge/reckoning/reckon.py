"""Which reckoning a question asks for, if any: the first that has what it needs."""

from collections.abc import Callable
from typing import Final

from knowledge.model import Clocks
from knowledge.reckoning.age import old_enough
from knowledge.reckoning.asked import Asked, Reckoned
from knowledge.reckoning.deadlines import deadline
from knowledge.reckoning.meetings import household_delegates, meeting, representatives
from knowledge.reckoning.votes import households, recall, runoff, validity

_RECKONINGS: Final[tuple[Callable[[Asked], Reckoned | None], ...]] = (
    recall,
    households,
    household_delegates,
    representatives,
    meeting,
    runoff,
    validity,
)
_OF_THE_PARTY: Final = frozenset(
    {"party-election", "party-branch", "party-meeting", "branch-committee", "party-member"}
)


def reckon(asked: Asked, clocks: Clocks) -> Reckoned | None:
    """The reckoning a question asks for, or None."""
    if "月" not in asked.text and not any(character.isdigit() for character in asked.text):
        return None
    if not _OF_THE_PARTY.isdisjoint(asked.tokens):  # the party's own rules count otherwise
        return None
    found = old_enough(asked) or deadline(asked, clocks)
    return found or next((done for reckoning in _RECKONINGS if (done := reckoning(asked)) is not None), None)
