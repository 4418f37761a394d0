"""Moving a case between units: offered by one, accepted by the other, in nobody's hands at no time.

The giving unit answers for the case until the other accepts. An offer nobody answers within five working days (rules
on handling reports, 2020, article 16) ends by itself, and nothing has moved. To a level above a case also climbs
without being asked, when everybody below must stand back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.casework.access import covers


class TransferKind(StrEnum):
    """An offer to any unit; or an assignment from above, which starts a clock of three months."""

    OFFER = "offer"
    ASSIGNED = "assigned"


class TransferState(StrEnum):
    """What became of it."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Passage:
    """A case went from one unit to another at an instant, with its files or without."""

    from_path: str
    to_path: str
    at: datetime
    released: bool


def is_above(place_path: str, of: str) -> bool:
    """Whether a place strictly holds another: `cn/demo` is above `cn/demo/qinghe`, not above itself."""
    return of.startswith(f"{place_path}/")


def levels(place_path: str) -> tuple[str, ...]:
    """A place and everything above it, nearest first: `cn/demo/qinghe`, `cn/demo`, `cn`."""
    parts = place_path.split("/")
    return tuple("/".join(parts[:length]) for length in range(len(parts), 0, -1))


def keeper(received_at: datetime, passages: Sequence[Passage]) -> str | None:
    """The unit that keeps a file; None when it never had to choose between staying and going.

    Args:
        received_at: When the file came; later passages carry it on or leave it.
        passages: Everything the case went through, in order.
    """
    later = [one for one in passages if one.at >= received_at]
    kept_by = later[0].from_path if later else None
    for one in later:
        if one.released and kept_by is not None and covers(one.from_path, kept_by):
            kept_by = one.to_path
    return kept_by
