"""The ticks on behalf of reporters: dates that have passed, and what was to be read only for a while."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from handlers.services.floods import forget_marks
from handlers.services.missed_dates import tell_missed
from storage.unit_of_work import Storage


async def tell_missed_dates(storage: Storage) -> int:
    """Tell reporters of promised dates that have passed, each once; returns how many messages were queued."""
    async with storage.unit_of_work() as uow:
        told = await tell_missed(uow)
        await uow.commit()
    return told


async def put_away(storage: Storage, state: str, is_over: Callable[[dict[str, Any], datetime], bool]) -> None:
    """Empty receipts and pages whose time is over, let conversations forget what they held open, drop old marks.

    Args:
        storage: The open storage.
        state: The conversations that hold a case open.
        is_over: Whether what such a conversation holds has stood open long enough.
    """
    now = storage.clock.now()
    async with storage.unit_of_work() as uow:
        await uow.messages.empty_until(now)
        await uow.messages.delete_emptied(now)
        await uow.people.forget_conversations(state, lambda data: is_over(data, now))
        await forget_marks(uow)
        await uow.commit()
