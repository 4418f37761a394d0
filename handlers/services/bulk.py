"""The same act on several cases: one after the other, each through its own use case and its own transaction.

Nothing is quicker here than one by one, and nothing is easier: what refuses one case refuses it here too, and the
others go on.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.services import cases, outcomes
from handlers.services.case_moves import require
from knowledge.casework.access import HANDLING_ROLES, Permission, covers
from knowledge.errors import QingfengError
from storage.repositories.officials import Official
from storage.unit_of_work import Storage, UnitOfWork


@dataclass(frozen=True, slots=True)
class Chosen:
    """A case as it was ticked: its number, and the version that was looked at."""

    number: str
    seen: int | None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one; `refused` is None when it was done."""

    number: str
    refused: QingfengError | None


async def people(uow: UnitOfWork, official: Official) -> list[Official]:
    """To whom an official might give cases, whichever they are: handlers of their place, of those above and below."""
    require(official, Permission.HANDLE_CASES)
    return [
        one
        for one in await uow.officials.all()
        if one.active
        and one.role in HANDLING_ROLES
        and (covers(one.place_path, official.place_path) or covers(official.place_path, one.place_path))
    ]


async def assign_each(
    storage: Storage, official: Official, chosen: Sequence[Chosen], handler_id: int
) -> tuple[Done, ...]:
    """Give several cases to a colleague."""
    return await _each(
        storage,
        official,
        chosen,
        lambda uow, one: cases.assign(uow, official, one.number, handler_id, seen=one.seen),
    )


async def close_each(storage: Storage, official: Official, chosen: Sequence[Chosen]) -> tuple[Done, ...]:
    """Close several cases whose results have been told."""
    return await _each(
        storage, official, chosen, lambda uow, one: outcomes.close(uow, official, one.number, seen=one.seen)
    )


async def _each(
    storage: Storage,
    official: Official,
    chosen: Sequence[Chosen],
    act: Callable[[UnitOfWork, Chosen], Awaitable[Any]],
) -> tuple[Done, ...]:
    done: list[Done] = []
    for one in chosen:
        refused: QingfengError | None = None
        async with storage.unit_of_work() as uow:
            try:
                await cases.require_declared(uow, official, one.number)
                await act(uow, one)
                await uow.commit()
            except QingfengError as error:
                refused = error
        done.append(Done(one.number, refused))
    return tuple(done)
