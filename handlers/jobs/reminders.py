"""The tick that turns due rows into messages; the scheduler only calls it."""

from handlers.services.reminders import plan_commitment_reminders, queue_due
from storage.unit_of_work import Storage


async def remind(storage: Storage) -> int:
    """Plan what is new, queue what is due; returns how many messages were queued."""
    async with storage.unit_of_work() as uow:
        await plan_commitment_reminders(uow)
        queued = await queue_due(uow)
        await uow.commit()
    return queued
