"""A new generation of the server's keys: everything sealed under an older one is sealed anew, then the old one goes.

Runs while nothing else uses the keys (`vault.using_key_file`), as the owner of the tables: what is sealed is mostly
also what triggers keep from changing (an account, a reason, a note), and the application's role must never be able to.
The triggers of one table are off inside one transaction of one batch; a process killed there leaves them as they were.
What is sealed says by which generation, so that whoever begins again goes on with the rest.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from nacl.exceptions import CryptoError
from sqlalchemy import LargeBinary, Table, and_, bindparam, cast, event, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.engine import PRAGMAS, async_url
from storage.errors import StillSealed, Unopened
from storage.files import FileStore
from storage.sealed_columns import SEALED_BY_SERVER
from storage.tables import metadata
from storage.vault import MARK_BYTES, KeyRing

BATCH: Final = 500  # rows in one transaction
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table and its columns the server's key opens, each with its purposes."""

    table: Table
    purposes: dict[str, tuple[str, ...]]

    def older(self, keys: KeyRing) -> Any:
        """The condition that finds rows with anything the newest generation did not seal."""
        return or_(
            *(
                and_(
                    self.table.c[name].is_not(None),
                    func.length(self.table.c[name]) > 0,  # emptied rows hold no bytes
                    func.substr(self.table.c[name], 1, MARK_BYTES) != cast(literal(keys.mark), LargeBinary),
                )
                for name in self.purposes
            )
        )


def sealed_tables() -> list[SealedTable]:
    """What storage/sealed_columns.py lists, by table."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for column, purposes in sorted(SEALED_BY_SERVER.items()):
        table, _, name = column.partition(".")
        found.setdefault(table, {})[name] = purposes
    return [SealedTable(metadata.tables[table], columns) for table, columns in found.items()]


async def reseal(owner_url: str, keys: KeyRing, files: FileStore, progress: Progress = lambda *_: None) -> int:
    """Seal under the newest generation all that an older one sealed; returns how many rows and files.

    Args:
        owner_url: The address of the role that owns the tables.
        keys: All generations, the newest last.
        files: The store, with the same keys.
        progress: Told what is worked on, how many are done, and how many there are.

    Raises:
        Unopened: Something opens for none of its purposes; nothing of its batch was changed.
    """
    done = 0
    async with _owner(owner_url) as engine:
        for sealed in sealed_tables():
            done += await _reseal_table(engine, sealed, keys, progress)
    for count, file_id in enumerate(names := sorted(await files.ids()), start=1):
        done += await files.reseal(file_id)
        progress("files", count, len(names))
    return done


async def left_behind(url: str, keys: KeyRing, files: FileStore) -> dict[str, int]:
    """What the newest generation did not seal: table (or `files`) -> how many; empty when an older one may go."""
    found: dict[str, int] = {}
    async with _owner(url) as engine, engine.connect() as connection:
        for sealed in sealed_tables():
            found[sealed.table.name] = await _count(connection, sealed, keys)
    found["files"] = sum([not await files.is_newest(file_id) for file_id in await files.ids()])
    return {name: count for name, count in found.items() if count}


async def require_nothing_left(url: str, keys: KeyRing, files: FileStore) -> None:
    """Prove that no older generation is needed.

    Raises:
        StillSealed: One is.
    """
    left = await left_behind(url, keys, files)
    if left:
        raise StillSealed(left)


@asynccontextmanager
async def _owner(url: str) -> AsyncIterator[AsyncEngine]:
    """Connections that may change the house, as those of a migration; on SQLite with what makes a commit last."""
    engine = create_async_engine(async_url(url), hide_parameters=True)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def set_pragmas(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            cursor = connection.cursor()
            for name in ("synchronous", "secure_delete", "foreign_keys"):
                cursor.execute(f"PRAGMA {name} = {PRAGMAS[name]}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        yield engine
    finally:
        await engine.dispose()


async def _count(connection: AsyncConnection, sealed: SealedTable, keys: KeyRing) -> int:
    counted = select(func.count()).select_from(sealed.table).where(sealed.older(keys))
    return int((await connection.execute(counted)).scalar_one())


async def _reseal_table(engine: AsyncEngine, sealed: SealedTable, keys: KeyRing, progress: Progress) -> int:
    done, name = 0, sealed.table.name
    async with engine.connect() as connection:
        total = await _count(connection, sealed, keys)
    while done < total:
        async with engine.begin() as connection, _without_triggers(connection, name):
            count = await _reseal_batch(connection, sealed, keys)
        if not count:
            break
        done += count
        progress(name, done, total)
    return done


async def _reseal_batch(connection: AsyncConnection, sealed: SealedTable, keys: KeyRing) -> int:
    identity = list(sealed.table.primary_key.columns)
    columns = [*identity, *(sealed.table.c[name] for name in sealed.purposes)]
    rows = (await connection.execute(select(*columns).where(sealed.older(keys)).limit(BATCH))).all()
    if not rows:
        return 0
    changed = (
        update(sealed.table)
        .where(*(column == bindparam(f"is_{column.name}") for column in identity))
        .values({name: bindparam(f"new_{name}") for name in sealed.purposes})
    )
    values = []
    for row in rows:
        where = {f"is_{column.name}": row[at] for at, column in enumerate(identity)}
        anew = {
            f"new_{name}": _anew(keys, purposes, row[len(identity) + at], sealed.table.name, row[0])
            for at, (name, purposes) in enumerate(sealed.purposes.items())
        }
        values.append({**where, **anew})
    await connection.execute(changed, values)
    return len(rows)


def _anew(keys: KeyRing, purposes: Iterable[str], value: bytes | None, table: str, row: object) -> bytes | None:
    if not value or keys.is_newest(value):
        return value
    for purpose in purposes:
        try:
            return keys.seal(purpose, keys.open(purpose, value))
        except CryptoError:
            continue
    raise Unopened(f"{table}/{row}")


@asynccontextmanager
async def _without_triggers(connection: AsyncConnection, table: str) -> AsyncIterator[None]:
    """Inside one transaction: a failure anywhere rolls the triggers back together with the rows."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        await connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        return
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    triggers = (await connection.exec_driver_sql(query, (table,))).all()
    for trigger in triggers:
        await connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
    yield
    for trigger in triggers:
        await connection.exec_driver_sql(trigger.sql)
