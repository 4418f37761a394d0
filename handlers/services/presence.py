"""Who else has a case open: a hint, so that two people do not do the same work.

It decides nothing. Two who act at once are kept apart by the version of the case.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from handlers.services.cases import require_declared
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

#: Somebody counts as looking for so long after the page last said so.
LOOKING: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Company:
    """Who else is at a case: `others` have it open, `handler` is somebody else who works on it, None for nobody."""

    others: tuple[str, ...]
    handler: str | None
    version: int


async def look(uow: UnitOfWork, official: Official, case: Case) -> Company:
    """Note that an official has a case open, which they may see; returns who else has. No event: it is no reading."""
    await uow.presence.look(case.id, official.id)
    others = await uow.presence.others(case.id, official.id, uow.clock.now() - LOOKING)
    handler = case.handler_name if case.is_open and case.handler_id != official.id else None
    return Company(tuple(others), handler, case.version)


async def still_looking(uow: UnitOfWork, official: Official, number: str) -> Company:
    """The same for a page that is open still.

    Raises:
        NotFound: There is no such case, or none this official may know of.
        DeclarationNeeded: Something has not been declared yet.
    """
    return await look(uow, official, await require_declared(uow, official, number))
