"""Queueing what people must be told: a code and data now, words when it leaves.

Notices to officials carry no case content (guarantee 7): the payload is the same for every case.
"""

from typing import Any, Final

from knowledge.casework.access import Role
from storage.outbox import Recipient
from storage.repositories.cases import Case
from storage.unit_of_work import UnitOfWork

OFFICIALS_CHANNEL: Final = "officials"


async def tell_person(uow: UnitOfWork, person_id: int, code: str, *, kind: str, cause: str, **data: Any) -> None:
    """Queue a message to somebody's chat; `cause` makes it leave once."""
    await uow.outbox.put(
        kind=kind,
        dedupe_key=f"{cause}/{person_id}",
        recipient=await uow.people.recipient_of(person_id),
        payload={"notice": code, "data": data},
    )


async def tell_reporter(uow: UnitOfWork, case: Case, code: str, **data: Any) -> None:
    """Queue a change of status to the case's reporter, if the case came by chat."""
    if case.person_id is not None:
        cause = f"{code}/{case.number}/{case.round}/{case.version}"
        await tell_person(uow, case.person_id, code, kind="status", cause=cause, number=case.number, **data)


async def tell_officials(uow: UnitOfWork, case: Case, roles: tuple[Role, ...], *, cause: str) -> None:
    """Queue a content-free notice to the officials who answer for a case's place and are not recused from it."""
    recused = await uow.cases.recused_from(case.id)
    for official, chat_id in await uow.officials.to_notify(roles, case.place_path):
        if official.id in recused:
            continue
        await uow.outbox.put(
            kind="notice",
            dedupe_key=f"notice/{cause}/{official.id}",
            recipient=Recipient(OFFICIALS_CHANNEL, chat_id),
            payload={"notice": "desk_item_waiting", "data": {}},
        )


async def tell_seats(
    uow: UnitOfWork, roles: tuple[Role, ...], place_path: str, *, cause: str, exactly: bool = False, but: int = 0
) -> int:
    """Queue a content-free notice to officials who answer for a place; returns how many have a chat for it.

    Args:
        uow: The unit of work that is the reason.
        roles: Whose work it is.
        place_path: The place it is about.
        cause: Makes it leave once.
        exactly: Leave out those who answer for a larger place.
        but: An official who knows already.
    """
    told = 0
    for official, chat_id in await uow.officials.to_notify(roles, place_path):
        if official.id == but or (exactly and official.place_path != place_path):
            continue
        await uow.outbox.put(
            kind="notice",
            dedupe_key=f"notice/{cause}/{official.id}",
            recipient=Recipient(OFFICIALS_CHANNEL, chat_id),
            payload={"notice": "desk_item_waiting", "data": {}},
        )
        told += 1
    return told
