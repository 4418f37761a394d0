"""The tick that forgets the shares of releases whose time is over; the scheduler only calls it."""

from handlers.services.releases import forget_over
from storage.unit_of_work import Storage


async def forget_released_names(storage: Storage) -> int:
    """Forget some, if there are any; returns of how many releases."""
    async with storage.unit_of_work() as uow:
        over = await forget_over(uow)
        if over:
            await uow.commit()
    return over
