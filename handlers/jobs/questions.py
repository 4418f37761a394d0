"""The tick that finds questions whose answer from the level above is late; the scheduler only calls it."""

from handlers.services.inquiries import tell_overdue
from storage.unit_of_work import Storage


async def tell_late_questions(storage: Storage) -> int:
    """Queue a notice, once, for each; returns how many messages were queued."""
    async with storage.unit_of_work() as uow:
        queued = await tell_overdue(uow)
        await uow.commit()
    return queued
