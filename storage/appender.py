"""Group commit: units of work that only append share one transaction with their neighbours.

A question and its answer are five rows nobody reads while they are written. Committing them alone costs more than
answering; so callers that arrive while a commit is under way wait for the next one together. `append` returns only
after the commit, so what was acknowledged is stored.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.refusals import refusals

Row = tuple[Table, dict[str, Any]]

_LARGEST_BATCH: Final = 64


class Appender:
    """Writes rows of many callers in one transaction, each caller's rows all or none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert
        self._statements: dict[Table, Insert] = {}
        self._waiting: list[tuple[Sequence[Row], asyncio.Future[None]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def append(self, rows: Sequence[Row]) -> None:
        """Write rows durably; a row whose key is there already is left as it is."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._drain(), name="appender")
        await asyncio.shield(future)

    async def insert(self, connection: AsyncConnection, rows: Iterable[Row]) -> None:
        """Write rows on an open connection, table by table in order of first appearance."""
        by_table: dict[Table, list[dict[str, Any]]] = defaultdict(list)
        for table, row in rows:
            by_table[table].append(row)
        with refusals():
            for table, values in by_table.items():
                await connection.execute(self._statement(table), values)

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._worker is not None:
            await self._worker

    def _statement(self, table: Table) -> Insert:
        statement = self._statements.get(table)
        if statement is None:
            statement = self._statements[table] = self._insert(table).on_conflict_do_nothing()
        return statement

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_LARGEST_BATCH], self._waiting[_LARGEST_BATCH:]
                await self._write(batch)
        finally:
            self._worker = None

    async def _write(self, batch: list[tuple[Sequence[Row], asyncio.Future[None]]]) -> None:
        try:
            await self._commit(row for rows, _ in batch for row in rows)
        except Exception as error:  # noqa: BLE001 - one caller's bad row must not fail its neighbours
            if len(batch) == 1:
                _settle(batch[0][1], error)
                return
            for one in batch:
                await self._write([one])
            return
        for _, future in batch:
            _settle(future)

    async def _commit(self, rows: Iterable[Row]) -> None:
        async with self._database.writing() as connection:
            await self.insert(connection, rows)
            await connection.commit()


def _settle(future: asyncio.Future[None], error: Exception | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
