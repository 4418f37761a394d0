"""The ticks that sign where the event log ends, every day, and bring the heads to the second party.

Reaching the second party waits for nothing and nothing waits for it: what cannot be sent is tried again, for good.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from knowledge.clock import local_date
from storage.log_heads import LogHead
from storage.unit_of_work import Storage

log = structlog.stdlib.get_logger(__name__)

#: How many heads one tick sends.
AT_ONCE: Final = 20
Send = Callable[[LogHead], Awaitable[None]]


async def sign_daily_head(storage: Storage) -> LogHead | None:
    """Sign a head if today, in Asia/Shanghai, has none yet. The weekly report asks for one of its own."""
    async with storage.unit_of_work() as uow:
        newest = await uow.log_heads.newest()
        if newest is not None and local_date(newest.at) >= local_date(uow.clock.now()):
            return None
    async with storage.unit_of_work() as uow:
        made = await uow.log_heads.sign()
        await uow.commit()
    return made


async def send_heads(storage: Storage, send: Send) -> int:
    """Bring heads that are due to the second party, oldest first; returns how many arrived.

    The first that does not arrive ends the tick: the others would not either.
    """
    async with storage.unit_of_work() as uow:
        due = await uow.log_heads.unsent(most=AT_ONCE)
    arrived = 0
    for copy in due:
        error = await _error_of(send, copy.head)
        async with storage.unit_of_work() as uow:
            if error:
                await uow.log_heads.was_not_sent(copy, error)
            else:
                await uow.log_heads.was_sent(copy.head.number)
            await uow.commit()
        if error:
            log.warning("log_head_not_sent", number=copy.head.number)  # why stands beside it
            break
        arrived += 1
    return arrived


async def _error_of(send: Send, head: LogHead) -> str:
    try:
        await send(head)
    except Exception as error:  # noqa: BLE001 - whatever it is, the head is tried again
        return type(error).__name__
    return ""
