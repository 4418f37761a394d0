"""Which reckoning a question asks for, if any: the first that has what it needs."""

from collections.abc import Callable
from typing import Final

from knowledge.model import Clocks
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


def reckon(asked: Asked, clocks: Clocks) -> Reckoned | None:
    """The reckoning a question asks for, or None."""
    if "月" not in asked.text and not any(character.isdigit() for character in asked.text):
        return None
    found = deadline(asked, clocks)
    return found or next((done for reckoning in _RECKONINGS if (done := reckoning(asked)) is not None), None)
