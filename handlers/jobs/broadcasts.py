"""The tick that hands recipients of approved broadcasts to the outbox, a little ahead of what leaves."""

from typing import Final

from handlers.services.broadcasts import queue_waiting
from storage import outbox
from storage.unit_of_work import Storage

#: How many rows lie ready: ten seconds at Telegram's pace, so that what is cancelled has hardly begun to leave.
AHEAD: Final = 300


async def feed_broadcasts(storage: Storage) -> int:
    """Queue recipients until enough lie ready; returns how many messages were queued."""
    room = AHEAD - await outbox.backlog(storage)
    if room <= 0:
        return 0
    async with storage.unit_of_work() as uow:
        queued = await queue_waiting(uow, room)
        await uow.commit()
    return queued
