"""The tick that erases ended cases whose time is over; the scheduler only calls it."""

from handlers.services.retention import erase_expired
from storage.unit_of_work import Storage


async def erase_old_cases(storage: Storage) -> int:
    """Erase some, if there are any; returns how many."""
    async with storage.unit_of_work() as uow:
        erased = await erase_expired(uow)
        await uow.commit()
    return erased
