"""The updates that wait for one bot, and the long poll that fetches them.

An update stays until a poll with a higher offset acknowledges it, so a bot that dies before that sees it
again. Two polls at once are a conflict: the older one ends with 409, as on Telegram.
"""

import asyncio
from collections import deque
from typing import Any, Final

from tests.bot_api.api_error import ApiError

Update = dict[str, Any]
DEFAULT_KINDS: Final = frozenset({"message", "edited_message", "callback_query", "my_chat_member"})
_FIRST_UPDATE_ID: Final = 700_000_000


class UpdateQueue:
    """Updates in the order of their ids; ids only grow, and what was put once can be put again unchanged."""

    def __init__(self) -> None:
        self.kinds: frozenset[str] = DEFAULT_KINDS
        self._log: dict[int, Update] = {}
        self._pending: deque[Update] = deque()
        self._again: deque[Update] = deque()
        self._arrived = asyncio.Event()
        self._newest_poll: object = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._pending) + len(self._again)

    def put(self, kind: str, body: dict[str, Any]) -> int:
        """Queue an update unless the bot declined its kind; the id is given either way."""
        update_id = _FIRST_UPDATE_ID + len(self._log)
        self._log[update_id] = {"update_id": update_id, kind: body}
        if kind in self.kinds:
            self._pending.append(self._log[update_id])
            self._arrived.set()
        return update_id

    def put_again(self, update_id: int) -> None:
        """Deliver an update once more with the next poll, acknowledged or not."""
        self._again.append(self._log[update_id])
        self._arrived.set()

    def update(self, update_id: int) -> Update:
        """An update that was put before."""
        return self._log[update_id]

    def forget_pending(self) -> None:
        """Drop what was not fetched yet (`drop_pending_updates`)."""
        self._pending.clear()
        self._again.clear()

    def close(self) -> None:
        """End the poll that is under way, with nothing."""
        self._closed = True
        self._arrived.set()

    async def poll(self, *, offset: int, most: int, timeout_seconds: float) -> list[Update]:
        """Acknowledge everything below the offset, then wait for updates.

        Args:
            offset: first id wanted; negative counts from the end of the queue; 0 acknowledges nothing.
            most: at most so many updates.
            timeout_seconds: how long to wait for a first one.

        Raises:
            ApiError: 409 when another poll began meanwhile.
        """
        poll = self._newest_poll = object()
        self._arrived.set()
        self._acknowledge(offset)
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_seconds
        while not (batch := self._batch(most)) and not self._closed and loop.time() < until:
            await self._arrival(until)
            if self._newest_poll is not poll:
                raise ApiError(
                    409, "Conflict: terminated by other getUpdates request; make sure that only one bot runs"
                )
        return batch

    async def _arrival(self, until: float) -> None:
        self._arrived.clear()
        try:
            async with asyncio.timeout_at(until):
                await self._arrived.wait()
        except TimeoutError:
            return

    def _acknowledge(self, offset: int) -> None:
        if offset < 0:
            self._pending = deque(list(self._pending)[offset:])
        while self._pending and self._pending[0]["update_id"] < offset:
            self._pending.popleft()

    def _batch(self, most: int) -> list[Update]:
        repeated = [self._again.popleft() for _ in range(min(most, len(self._again)))]
        return repeated + list(self._pending)[: most - len(repeated)]
