"""Who stands in for whom, and notices about elections that reach whoever is there.

While somebody is away their deputy gets what they would get. Notices carry no content. Cases are not handed on this
way: who may know of a case is decided by its own rules.
"""

from collections.abc import Collection

from handlers.services.notices import tell_nearest
from knowledge.casework.access import Role
from knowledge.clock import local_date
from storage.unit_of_work import UnitOfWork


async def stand_ins(uow: UnitOfWork) -> dict[int, int]:
    """Who is away today, and who is there instead: official -> deputy, through deputies who are away themselves."""
    return await uow.responsibilities.deputies(local_date(uow.clock.now()))


async def tell_election_officials(
    uow: UnitOfWork,
    roles: tuple[Role, ...],
    place_path: str,
    *,
    cause: str,
    but: int = 0,
    only: Collection[int] = (),
) -> None:
    """Queue a content-free notice to officials of some roles at the nearest level that has one, or to some by id.

    Args:
        uow: The unit of work that is the reason.
        roles: Whose work it is.
        place_path: The place it is about.
        cause: Makes it leave once.
        but: An official who knows already, and is not told as somebody's deputy either.
        only: These officials, whatever their role.
    """
    found = [one for one in await uow.officials.in_role(roles, place_path) if one.id != but] if roles else []
    nearest = max((len(one.place_path) for one in found), default=0)
    wanted = set(only) | {one.id for one in found if len(one.place_path) == nearest}
    away = await stand_ins(uow)
    reached = {away.get(one, one) if away.get(one, one) != but else one for one in wanted}
    chats = await uow.officials.notice_chats(reached)
    await tell_nearest(uow, [(1, one, chat) for one, chat in chats.items()], cause=cause)
