"""The tick that ends offers nobody answered in time; the scheduler only calls it."""

from handlers.services.transfers import expire, unanswered
from storage.unit_of_work import Storage


async def expire_offers(storage: Storage) -> int:
    """End what is over, one transaction each; returns how many offers ended."""
    async with storage.unit_of_work() as uow:
        waiting = await unanswered(uow)
    ended = 0
    for offer_id in waiting:
        async with storage.unit_of_work() as uow:
            ended += await expire(uow, offer_id)
            await uow.commit()
    return ended
