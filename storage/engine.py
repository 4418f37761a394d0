"""Opening the database so that its own rules hold, and refusing to start when they would not.

SQLite: one writing connection (`writer`), begun IMMEDIATE, and a few reading ones; every connection carries the
pragmas below. PostgreSQL: one pool; the role must own nothing. A newcomer's mistake: opening a connection anywhere
else, where `recursive_triggers` is off and REPLACE walks round the DELETE triggers.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.errors import DatabaseUnavailable, UnsafeDatabase
from storage.migrations import HEAD, enforcing_triggers

PRAGMAS: Final = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: an acknowledged commit survives a power cut
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "secure_delete": 1,  # what is deleted is overwritten, not only forgotten
}
_BUSY_TIMEOUT_MS: Final = 10_000
_FORGET_WITHIN_MS: Final = 200  # nobody writes meanwhile
#: What no connection of ours may do on SQLite, where no other role owns the tables: change the house and its guards.
#: Reading a pragma is allowed, setting one is not. Revisions run on a connection of their own (storage/migrate.py).
_HOUSEWORK: Final = frozenset(
    getattr(sqlite3, f"SQLITE_{act}_{thing}")
    for act in ("CREATE", "DROP")
    for thing in ("TABLE", "TEMP_TABLE", "VIEW", "TEMP_VIEW", "TRIGGER", "TEMP_TRIGGER", "INDEX", "TEMP_INDEX")
) | {sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}
#: A rule that a temporary table could deceive: its function does not say where its tables are.
_LOOSE: Final = (
    "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace "
    "AND starts_with(p.proname, 'qf_') AND NOT coalesce("
    "array_to_string(p.proconfig, ';') LIKE 'search\\_path=%, pg\\_temp', false) ORDER BY 1 LIMIT 1"
)
_SETTABLE: Final = frozenset({"busy_timeout", "wal_checkpoint"})


def async_url(url: str) -> URL:
    """The URL with the asynchronous driver filled in."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnavailable("QINGFENG_DATABASE_URL is no address; use sqlite:/// or postgresql://") from error
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    backend = parsed.get_backend_name()
    if backend not in drivers:
        raise DatabaseUnavailable(f"QINGFENG_DATABASE_URL names {backend}; use sqlite:/// or postgresql://")
    return parsed.set(drivername=drivers[backend])


class Database:
    """The open database: a way to write, a way to read, and the proof that its rules hold."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        parsed = async_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._write_lock: asyncio.Lock | None = asyncio.Lock() if self.is_sqlite else None
        if self.is_sqlite:
            self.writer = _sqlite_engine(parsed, pool_size=1, immediate=True)
            self.reader = _sqlite_engine(parsed, pool_size=4, immediate=False)
        else:
            self.writer = create_async_engine(parsed, pool_size=pool_size, pool_pre_ping=True, hide_parameters=True)
            self.reader = self.writer

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A connection inside a transaction; commits nothing by itself. One at a time on SQLite."""
        if self._write_lock is None:
            async with self.writer.connect() as connection:
                yield connection
            return
        async with self._write_lock, self.writer.connect() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read committed rows with."""
        async with self.reader.connect() as connection:
            yield connection

    async def verify(self, *, triggers: bool = True) -> None:
        """Prove that the database is reachable, migrated and keeps its rules.

        Args:
            triggers: Look for the triggers too; an auditor of a tampered database does without.

        Raises:
            DatabaseUnavailable: It cannot be opened.
            UnsafeDatabase: It is not at this version's schema, or its rules could be walked round.
        """
        if self.is_sqlite:
            _try_file(self.reader.url.database)
        try:
            async with self.reading() as connection:
                await (_verify_sqlite if self.is_sqlite else _verify_postgresql)(connection)
                await _verify_schema(connection)
                if triggers:
                    await _verify_triggers(connection)
        except (DBAPIError, OSError) as error:
            raise DatabaseUnavailable(_reason(error)) from error

    async def forget_history(self) -> None:
        """Let go of what rows were before they were changed, as far as the database keeps it in files of its own.

        SQLite's write-ahead log holds old pages until it is emptied: a message whose words are gone could be read from
        there. PostgreSQL's is its administrator's business. Whoever reads or writes is waited for a moment only; then
        the next tick empties it.
        """
        if self._write_lock is not None:
            async with self._write_lock, self.reading() as connection:
                await connection.exec_driver_sql(f"PRAGMA busy_timeout = {_FORGET_WITHIN_MS}")
                try:
                    await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    await connection.exec_driver_sql(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")

    async def close(self) -> None:
        """Give all connections back."""
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


def _try_file(path: str | None) -> None:
    """Find out here whether the file opens: a refused one leaves aiosqlite's thread behind, which then complains."""
    try:
        sqlite3.connect(path or ":memory:").close()
    except sqlite3.Error as error:
        raise DatabaseUnavailable(_reason(error)) from error


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__


def _sqlite_engine(url: URL, *, pool_size: int, immediate: bool) -> AsyncEngine:
    # The reading connections never open a transaction, so there is none to end either: two hops saved a read.
    quick = (
        {}
        if immediate
        else {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True, "pool_reset_on_return": None}
    )
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, hide_parameters=True, **quick)

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        for name, value in PRAGMAS.items():
            cursor.execute(f"PRAGMA {name} = {value}")
        cursor.close()
        connection.run_async(lambda opened: opened.set_authorizer(_allowed))

    if immediate:

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _allowed(action: int, first: str | None, second: str | None, _database: str | None, _within: str | None) -> int:
    """Whether a statement may be prepared; SQLite asks this once for each of its parts."""
    sets = action == sqlite3.SQLITE_PRAGMA and second is not None and first not in _SETTABLE
    return sqlite3.SQLITE_DENY if sets or action in _HOUSEWORK else sqlite3.SQLITE_OK


async def _verify_sqlite(connection: AsyncConnection) -> None:
    for name, wanted in PRAGMAS.items():
        found = (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
        if found != wanted:
            raise UnsafeDatabase(
                f"SQLite runs with {name} = {found} instead of {wanted}", "Put the file on a local disk"
            )


async def _verify_postgresql(connection: AsyncConnection) -> None:
    role = (
        await connection.execute(
            text(
                "SELECT current_user AS name, r.rolsuper, "
                "EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "  WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') "
                "  AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns, "
                "current_setting('session_replication_role') AS replication "
                "FROM pg_roles r WHERE r.rolname = current_user"
            )
        )
    ).one()
    if role.rolsuper or role.owns:
        what = "is a superuser" if role.rolsuper else "owns the tables"
        raise UnsafeDatabase(
            f"The database role {role.name} {what} and could switch the rules off",
            "Migrate with QINGFENG_OWNER_DATABASE_URL and let QINGFENG_DATABASE_URL name a role that owns nothing",
        )
    if role.replication != "origin":
        raise UnsafeDatabase("session_replication_role is not origin", "Unset it for the application's role")


async def _verify_triggers(connection: AsyncConnection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    here = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if is_sqlite
        else "SELECT tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
    )
    found = {row[0] for row in await connection.execute(text(here))}
    missing = sorted(enforcing_triggers(connection.dialect.name) - found)
    if missing:
        raise UnsafeDatabase(
            f"The database lacks the trigger {missing[0]} ({len(missing)} in all), which keeps its rules",
            "Restore the database from a backup, and find out who removed it",
        )
    loose = None if is_sqlite else (await connection.execute(text(_LOOSE))).scalar()
    if loose:
        raise UnsafeDatabase(
            f"The function {loose} looks for its tables wherever it is told to, and could be shown others",
            "Restore the database from a backup, and find out who changed it",
        )


async def _verify_schema(connection: AsyncConnection) -> None:
    exists = (
        "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
        if connection.dialect.name == "sqlite"
        else "SELECT count(*) FROM pg_tables WHERE tablename = 'alembic_version' AND schemaname = current_schema()"
    )
    found = None
    if (await connection.execute(text(exists))).scalar_one():
        found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    if found != HEAD:
        raise UnsafeDatabase(
            f"The database is at schema {found or 'none'}, this version needs {HEAD}", "Run: qingfeng migrate"
        )
