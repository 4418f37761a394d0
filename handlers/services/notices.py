"""Queueing what people must be told: a code and data now, words when it leaves.

Notices to officials carry no case content (guarantee 7): the payload is the same for every case.
"""

from collections.abc import Iterable
from typing import Any, Final

from knowledge.casework.access import Role
from knowledge.casework.replies import renumbered
from storage.outbox import Recipient
from storage.repositories.cases import Case
from storage.tables.cases import cases as case_table
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
    """Queue a change of status to the case's reporter, and to those whose cases were merged into it.

    Each hears it under the number of their own report. Whom no chat is known of reads it behind the receipt code.
    """
    for one in (case, *await uow.cases.matching(case_table.c.merged_into_id == case.id)):
        if one.person_id is not None:
            cause = f"{code}/{one.number}/{case.round}/{case.version}"
            own = {
                name: renumbered(value, case.number, one.number) if isinstance(value, str) else value
                for name, value in data.items()
            }
            await tell_person(uow, one.person_id, code, kind="status", cause=cause, number=one.number, **own)


async def tell_officials(uow: UnitOfWork, case: Case, roles: tuple[Role, ...], *, cause: str, at: str = "") -> None:
    """Queue a content-free notice to those who answer for a case at its unit and do not stand back from it.

    Where the unit has nobody in these roles, the nearest level above that has is told. `at` is another unit's path.
    """
    recused = await uow.recusals.from_case(case.id)
    found = await uow.officials.to_notify(roles, at or case.unit_path)
    levels = [(len(who.place_path), who.id, chat_id) for who, chat_id in found if who.id not in recused]
    await tell_nearest(uow, levels, cause=cause)


async def tell_some(uow: UnitOfWork, case: Case, who: Iterable[int | None], *, cause: str) -> None:
    """Queue a content-free notice to some officials, without those who stand back from the case."""
    recused = await uow.recusals.from_case(case.id)
    chats = await uow.officials.notice_chats({one for one in who if one is not None and one not in recused})
    await tell_nearest(uow, [(1, one, chat_id) for one, chat_id in chats.items()], cause=cause)


async def tell_nearest(uow: UnitOfWork, levels: Iterable[tuple[int, int, int]], *, cause: str) -> None:
    """Queue a content-free notice to the officials of the nearest level: (how near, official, chat)."""
    listed = list(levels)
    nearest = max((level for level, _, _ in listed), default=0)
    for level, official_id, chat_id in listed:
        if level == nearest:
            await uow.outbox.put(
                kind="notice",
                dedupe_key=f"notice/{cause}/{official_id}",
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
