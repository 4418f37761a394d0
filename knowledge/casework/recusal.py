"""Who must stand back from a report, and which unit is left to answer for it.

A report that names an official (by name, another name, or post), a declared relative, or a place an official has an
interest in, recuses that official (rules on handling reports, 2020, article 48). One that names the head of a body is
never that body's to handle (article 15): it goes to the level above and leaves no trace below. A match too many costs
a colleague's help; one too few costs the reporter: names are matched wherever they stand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from knowledge.casework.access import Permission, Role, covers, may
from knowledge.casework.transfers import levels

_SHORTEST_NAME: Final = 2


class Ground(StrEnum):
    """Why somebody stands back."""

    SELF = "self"
    NAMED = "named"
    RELATIVE = "relative"
    INTEREST = "interest"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Seat:
    """An official as far as this decision needs: names and posts, relatives' names, paths of interests."""

    official_id: int
    role: Role
    place_path: str
    is_head: bool
    names: tuple[str, ...]
    posts: tuple[str, ...] = ()
    relatives: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    active: bool = True

    @property
    def handles(self) -> bool:
        """Whether this seat works on cases."""
        return self.active and may(self.role, Permission.HANDLE_CASES)


def grounds(seats: Iterable[Seat], text: str, place_path: str) -> dict[int, Ground]:
    """Which officials a report recuses, and why.

    Args:
        seats: Everybody who could ever see it.
        text: Everything the report says, the name of the person reported included.
        place_path: The place it is about.
    """
    squeezed = "".join(text.split())
    found = ((seat.official_id, _ground(seat, squeezed, place_path)) for seat in seats)
    return {official_id: ground for official_id, ground in found if ground is not None}


def route(seats: Sequence[Seat], recused: frozenset[int], place_path: str, *, lowest: str = "") -> str | None:
    """The unit that answers for a report: the nearest level with somebody left to work on it.

    A level whose head is recused is passed over whole, and so is everything below it: those are the head's people.

    Args:
        seats: Officials of the place and of everything above it.
        recused: Officials who must stand back.
        place_path: Where to begin.
        lowest: Do not stay below this level (when a case climbs).

    Returns:
        The level's path; None when nobody is left anywhere.
    """
    ladder = levels(place_path)
    headless = [level for level in ladder if _head_stands_back(seats, recused, level)]
    for level in ladder[ladder.index(headless[-1]) + 1 if headless else 0 :]:
        if lowest and not covers(level, lowest):
            continue
        if _somebody_left(seats, recused, level):
            return level
    return None


def may_take(seats: Sequence[Seat], recused: frozenset[int], to_path: str, *, from_path: str) -> bool:
    """Whether a case may be given to a unit.

    Somebody at it must be left to work on the case, and nobody may come to see it whose head stands back from it.

    Args:
        seats: Officials of the unit and of everything above it.
        recused: Officials who must stand back.
        to_path: The unit.
        from_path: The unit that answers now.
    """
    new_to_it = {to_path, *levels(to_path)} - (set(levels(from_path)) - {to_path})
    return _somebody_left(seats, recused, to_path) and not any(
        _head_stands_back(seats, recused, level) for level in new_to_it
    )


def eligible(seats: Iterable[Seat], recused: frozenset[int], unit_path: str) -> tuple[Seat, ...]:
    """Who may work on a unit's case: its own officials and those of the levels above."""
    return tuple(
        seat
        for seat in seats
        if seat.handles and covers(seat.place_path, unit_path) and seat.official_id not in recused
    )


def _head_stands_back(seats: Iterable[Seat], recused: frozenset[int], level: str) -> bool:
    return any(
        seat.is_head and seat.active and seat.place_path == level and seat.official_id in recused for seat in seats
    )


def _somebody_left(seats: Iterable[Seat], recused: frozenset[int], level: str) -> bool:
    return any(seat.handles and seat.place_path == level and seat.official_id not in recused for seat in seats)


def _ground(seat: Seat, text: str, place_path: str) -> Ground | None:
    if any(_names(name, text) for name in (*seat.names, *seat.posts)):
        return Ground.NAMED
    if any(_names(name, text) for name in seat.relatives):
        return Ground.RELATIVE
    if any(covers(interest, place_path) for interest in seat.interests):
        return Ground.INTEREST
    return None


def _names(name: str, text: str) -> bool:
    squeezed = "".join(name.split())
    return len(squeezed) >= _SHORTEST_NAME and squeezed in text
