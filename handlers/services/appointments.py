"""Officials, as an administrator gives, changes and closes their seats; an administrator reads no case.

Only within the administrator's own place, and never the own seat. What follows for the cases around a seat is settled
in seats.py; no number of cases comes back from here, because it would say whether a report names somebody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from handlers.services import enrolment, seats
from handlers.services.access import check_new, new_totp_secret
from handlers.services.case_moves import require
from handlers.services.errors import BadInput, NotFound
from handlers.services.seats import LONGEST_NAME, SeatChange
from knowledge.casework.access import Permission, Role, covers
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork

NEEDED: Final = Permission.MANAGE_OFFICIALS


@dataclass(frozen=True, slots=True)
class Appointment:
    """What is to be known of a new official; `names` and `posts` are what reports may call them besides."""

    username: str
    display_name: str
    role: str
    place_path: str
    is_head: bool = False
    names: Sequence[str] = ()
    posts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SeatSheet:
    """One official as an administrator sees them; `link_kind` is of a link that waits to be used."""

    official: Official
    place_name: str
    is_head: bool
    names: tuple[str, ...]
    posts: tuple[str, ...]
    passkeys: int
    link_kind: str | None
    is_own: bool


async def listed(uow: UnitOfWork, administrator: Official) -> list[Official]:
    """Everybody with a seat in the administrator's place, those who left last."""
    require(administrator, NEEDED)
    found = [one for one in await uow.officials.all() if covers(administrator.place_path, one.place_path)]
    return sorted(found, key=lambda one: (not one.active, one.place_path, one.id))


async def places(uow: UnitOfWork, administrator: Official) -> list[Place]:
    """Where an administrator may give seats."""
    require(administrator, NEEDED)
    return await uow.places.within(administrator.place_path)


async def sheet(uow: UnitOfWork, administrator: Official, official_id: int) -> SeatSheet:
    """One official.

    Raises:
        NotFound: There is none, or none in the administrator's place.
    """
    official = await _of(uow, administrator, official_id)
    place = await uow.places.by_path(official.place_path)
    aliases = await uow.recusals.aliases(official.id)
    link = await uow.sign_ins.seat_link_of(official.id)
    return SeatSheet(
        official,
        place.name if place else official.place_path,
        await uow.officials.is_head(official.id),
        tuple(one.words for one in aliases if one.kind == "name"),
        tuple(one.words for one in aliases if one.kind == "post"),
        len(await uow.sign_ins.passkeys_of(official.id)),
        link.kind if link else None,
        official.id == administrator.id,
    )


async def invite(uow: UnitOfWork, administrator: Official, wanted: Appointment) -> tuple[Official, str]:
    """A seat that its official sets up by a link; returns the link's token, told once.

    Raises:
        BadInput: A field is wrong; `fault` says how.
    """
    require(administrator, NEEDED)
    if not 0 < len(wanted.display_name.strip()) <= LONGEST_NAME:
        raise BadInput("display_name", "bad_length")
    if not covers(administrator.place_path, wanted.place_path):
        raise BadInput("place", "unknown")
    await uow.begin()
    await check_new(uow, wanted.username, wanted.role, wanted.place_path)
    official = await uow.officials.add(
        username=wanted.username,
        display_name=wanted.display_name.strip(),
        role=Role(wanted.role),
        place_path=wanted.place_path,
        password_hash="",
        totp_secret=new_totp_secret(),  # nobody ever sees it; the link brings another
        is_head=wanted.is_head,
    )
    await uow.log.record(
        actor=f"official/{administrator.id}",
        act="official_created",
        subject=f"official/{official.id}",
        role=official.role,
    )
    await seats.introduce(uow, official, names=wanted.names, posts=wanted.posts)
    _, token = await enrolment.make_link(uow, official, made_by=administrator)
    return official, token


async def make_link(uow: UnitOfWork, administrator: Official, official_id: int) -> tuple[str, str]:
    """A new link to a seat, in the place of any before: its kind and its token, told once.

    Raises:
        BadInput: The seat is closed, or the administrator's own.
    """
    official = await _others(uow, administrator, official_id)
    if not official.active:
        raise BadInput("username", "closed")
    return await enrolment.make_link(uow, official, made_by=administrator)


async def change(
    uow: UnitOfWork, administrator: Official, official_id: int, change_to: SeatChange, *, successor: str = ""
) -> None:
    """Change a seat; whoever moves or changes role hands over first and signs in anew.

    Raises:
        BadInput: A field is wrong; `fault` says how.
    """
    official = await _others(uow, administrator, official_id)
    if change_to.place_path is not None and not covers(administrator.place_path, change_to.place_path):
        raise BadInput("place", "unknown")
    await seats.change_seat(
        uow, official.username, change_to, successor=successor, actor=f"official/{administrator.id}"
    )


async def close(uow: UnitOfWork, administrator: Official, official_id: int, *, successor: str = "") -> None:
    """Close a seat: what its official has in hand is handed over, sessions and links end.

    Raises:
        BadInput: The seat is closed already or the administrator's own, or the successor has none.
    """
    official = await _others(uow, administrator, official_id)
    await seats.close_seat(uow, official.username, successor=successor, actor=f"official/{administrator.id}")


async def _of(uow: UnitOfWork, administrator: Official, official_id: int) -> Official:
    require(administrator, NEEDED)
    found = await uow.officials.get(official_id)
    if found is None or not covers(administrator.place_path, found.place_path):
        raise NotFound(f"official/{official_id}")
    return found


async def _others(uow: UnitOfWork, administrator: Official, official_id: int) -> Official:
    official = await _of(uow, administrator, official_id)
    if official.id == administrator.id:
        raise BadInput("username", "own")
    return official
