"""Seats that are new, changed or closed, and what follows for the cases around them.

A new name, post or place may stand in a report that is older than it; whoever leaves has work in hand; a unit may be
left without anybody. All of it is settled in the transaction that changes the seat.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from handlers.services.custody import refuse_if_last
from handlers.services.errors import BadInput
from handlers.services.handovers import hand_over
from handlers.services.recusals import review_open_cases, settle_within
from knowledge.casework.access import Role
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

SHORTEST_NAME: Final = 2
LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class SeatChange:
    """What is to be different; None leaves it as it is. `names` and `posts` take the place of those on file."""

    role: str | None = None
    place_path: str | None = None
    display_name: str | None = None
    is_head: bool | None = None
    names: Sequence[str] | None = None
    posts: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What followed: cases handed over, those that wait for somebody, those that climbed, new recusals."""

    handover_id: int | None = None
    handed: int = 0
    waiting: int = 0
    climbed: int = 0
    recused: int = 0


async def introduce(
    uow: UnitOfWork, official: Official, *, names: Sequence[str] = (), posts: Sequence[str] = ()
) -> int:
    """Keep how a report may call a new official, and hold them against the open ones; returns the new recusals.

    Raises:
        BadInput: A name or a post is too short or too long.
    """
    await _name(uow, official.id, names, posts)
    return await review_open_cases(uow, official.id)


async def close_seat(uow: UnitOfWork, username: str, *, successor: str = "", actor: str = "system") -> Settled:
    """Hand over what somebody has in hand and close the seat: sessions and links end at once, words stay.

    Raises:
        BadInput: There is no such seat, it is closed already, the successor has none, or it is a custodian's without
            whom names would be lost.
    """
    official, next_one = await _asked(uow, username, successor)
    await refuse_if_last(uow, official)
    settled = await _hand_over(uow, official, next_one)
    await uow.officials.change_seat(official.id, active=False)
    await uow.sign_ins.end_all(official.id)
    await uow.roster.remove_official(official.id)
    await uow.log.record(actor=actor, act="official_deactivated", subject=f"official/{official.id}")
    climbed = await settle_within(uow, official.place_path)
    return Settled(settled.handover_id, settled.handed, settled.waiting, climbed)


async def change_seat(
    uow: UnitOfWork, username: str, change: SeatChange, *, successor: str = "", actor: str = "system"
) -> Settled:
    """Change a seat; whoever moves or changes role hands over first and signs in anew.

    Raises:
        BadInput: A field is wrong; `fault` says how.
    """
    official, next_one = await _asked(uow, username, successor)
    await _check(uow, official, change)
    moves = change.role not in (None, official.role) or change.place_path not in (None, official.place_path)
    settled = await _hand_over(uow, official, next_one) if moves else Settled()
    values: dict[str, Any] = {
        "role": change.role,
        "place_path": change.place_path,
        "display_name": change.display_name,
        "is_head": change.is_head,
    }
    values = {name: value for name, value in values.items() if value is not None}
    if values:
        await uow.officials.change_seat(official.id, **values)
    if moves:
        await uow.sign_ins.end_all(official.id)
        await uow.roster.remove_official(official.id)
    if change.names is not None or change.posts is not None:
        kept = await uow.recusals.aliases(official.id)
        names = [one.words for one in kept if one.kind == "name"] if change.names is None else change.names
        posts = [one.words for one in kept if one.kind == "post"] if change.posts is None else change.posts
        await _name(uow, official.id, names, posts)
    await uow.log.record(actor=actor, act="official_changed", subject=f"official/{official.id}", changed=sorted(values))
    recused = await review_open_cases(uow, official.id)
    climbed = 0
    for path in dict.fromkeys((official.place_path, change.place_path or official.place_path)):
        climbed += await settle_within(uow, path)
    return Settled(settled.handover_id, settled.handed, settled.waiting, climbed, recused)


async def _asked(uow: UnitOfWork, username: str, successor: str) -> tuple[Official, Official | None]:
    await uow.begin()
    official = await uow.officials.by_username(username)
    if official is None:
        raise BadInput("username", "unknown")
    if not official.active:
        raise BadInput("username", "closed")
    if not successor:
        return official, None
    found = await uow.officials.by_username(successor)
    if found is None or not found.active or found.id == official.id:
        raise BadInput("successor", "unknown")
    return official, found


async def _check(uow: UnitOfWork, official: Official, change: SeatChange) -> None:
    if change.role is not None and change.role not in set(Role):
        raise BadInput("role", "unknown")
    if change.role not in (None, official.role) and Role.CUSTODIAN in (change.role, official.role):
        raise BadInput("role", "custodian")
    if change.place_path is not None and await uow.places.by_path(change.place_path) is None:
        raise BadInput("place", "unknown")
    if change.display_name is not None and not 0 < len(change.display_name.strip()) <= LONGEST_NAME:
        raise BadInput("display_name", "bad_length")


async def _name(uow: UnitOfWork, official_id: int, names: Sequence[str], posts: Sequence[str]) -> None:
    names, posts = [one.strip() for one in names], [one.strip() for one in posts]
    if any(not SHORTEST_NAME <= len(one) <= LONGEST_NAME for one in names):
        raise BadInput("alias", "bad_length")
    if any(not SHORTEST_NAME <= len(one) <= LONGEST_NAME for one in posts):
        raise BadInput("post", "bad_length")
    await uow.recusals.set_aliases(official_id, dict.fromkeys(names), dict.fromkeys(posts))


async def _hand_over(uow: UnitOfWork, official: Official, successor: Official | None) -> Settled:
    handover_id = await hand_over(uow, official, successor, by=None)
    ids = [one.case_id for one in await uow.handovers.items(handover_id)]
    handlers = [case.handler_id for case_id in ids if (case := await uow.cases.by_id(case_id)) is not None]
    waiting = sum(handler_id is None for handler_id in handlers)
    return Settled(handover_id, len(handlers) - waiting, waiting)
