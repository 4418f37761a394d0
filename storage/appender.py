"""Group commit: small units of work share one transaction with their neighbours.

A question and its answer are a few rows nobody reads while they are written; a step of a report is one changed row
more. Committing each alone costs more than answering; so callers that arrive while a commit is under way wait for
the next one together. `write` returns only after the commit, so what was acknowledged is stored.

The order inside a transaction is fixed: inserts by table, parents first, then amendments. Units in one batch belong
to different people (each holds its chat's lock), so nothing else depends on order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Insert, Table, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.refusals import refusals
from storage.tables import metadata
from storage.tables.conversations import inbound

_LARGEST_BATCH: Final = 64
_PARENTS_FIRST: Final = {table: at for at, table in enumerate(metadata.sorted_tables)}


@dataclass(slots=True)
class Writes:
    """Rows to insert and statements to run, with their values. An update seen before is left as it is."""

    rows: list[tuple[Table, dict[str, Any]]] = field(default_factory=list)
    amendments: list[tuple[Update, dict[str, Any]]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.rows or self.amendments)


class Appender:
    """Writes for many callers in one transaction, each caller's part all or none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert
        self._statements: dict[Table, Insert] = {}
        self._waiting: list[tuple[Writes, asyncio.Future[None]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def write(self, writes: Writes) -> None:
        """Write durably."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((writes, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._drain(), name="appender")
        await asyncio.shield(future)

    async def apply(self, connection: AsyncConnection, batch: Sequence[Writes]) -> None:
        """Write on an open connection."""
        with refusals():
            for table, rows in self._by_table(batch):
                await connection.execute(self._statement(table), rows)
            for statement, values in _by_statement(batch):
                await connection.execute(statement, values)

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._worker is not None:
            await self._worker

    def _by_table(self, batch: Iterable[Writes]) -> list[tuple[Table, list[dict[str, Any]]]]:
        """Rows in groups for one statement each: a statement knows only the columns of its first row."""
        found: dict[tuple[Table, tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
        for writes in batch:
            for table, row in writes.rows:
                found[table, tuple(row)].append(row)
        grouped = ((table, rows) for (table, _), rows in found.items())
        return sorted(grouped, key=lambda group: _PARENTS_FIRST[group[0]])

    def _statement(self, table: Table) -> Insert:
        statement = self._statements.get(table)
        if statement is None:
            statement = self._insert(table)
            if table is inbound:  # written before it is handled, and again when it is done: the first row stays
                statement = statement.on_conflict_do_nothing()
            self._statements[table] = statement
        return statement

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_LARGEST_BATCH], self._waiting[_LARGEST_BATCH:]
                await self._write(batch)
        finally:
            self._worker = None

    async def _write(self, batch: list[tuple[Writes, asyncio.Future[None]]]) -> None:
        try:
            async with self._database.writing() as connection:
                await self.apply(connection, [writes for writes, _ in batch])
                await connection.commit()
        except Exception as error:  # noqa: BLE001 - one caller's bad row must not fail its neighbours
            if len(batch) == 1:
                _settle(batch[0][1], error)
                return
            for one in batch:
                await self._write([one])
            return
        for _, future in batch:
            _settle(future)


def _by_statement(batch: Iterable[Writes]) -> Iterable[tuple[Update, list[dict[str, Any]]]]:
    found: dict[int, tuple[Update, list[dict[str, Any]]]] = {}
    for writes in batch:
        for statement, values in writes.amendments:
            found.setdefault(id(statement), (statement, []))[1].append(values)
    return found.values()


def _settle(future: asyncio.Future[None], error: Exception | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
