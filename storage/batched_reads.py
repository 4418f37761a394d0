"""Looking up what many callers want at once in one statement.

Every update first asks the same two or three small questions (who is this, was this seen, is a report open). Each
asked alone costs several hops to the driver's thread; asked together they cost one. Callers that arrive while a
look-up is under way wait for the next; a caller alone waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database

K = TypeVar("K")
R = TypeVar("R")
_LARGEST_BATCH: Final = 64


class BatchedRead(Generic[K, R]):
    """One kind of look-up: `fetch` answers many keys on one connection; a key it leaves out is None."""

    def __init__(self, database: Database, fetch: Callable[[AsyncConnection, list[K]], Awaitable[dict[K, R]]]) -> None:
        self._database = database
        self._fetch = fetch
        self._waiting: list[tuple[K, asyncio.Future[R | None]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def load(self, key: K) -> R | None:
        """What is committed under a key."""
        future: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._drain(), name="batched_read")
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_LARGEST_BATCH], self._waiting[_LARGEST_BATCH:]
                await self._answer(batch)
        finally:
            self._worker = None

    async def _answer(self, batch: list[tuple[K, asyncio.Future[R | None]]]) -> None:
        try:
            async with self._database.reading() as connection:
                found = await self._fetch(connection, [key for key, _ in batch])
        except Exception as error:  # noqa: BLE001 - each caller gets the error and decides
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for key, future in batch:
            if not future.done():
                future.set_result(found.get(key))
