"""What several commands begin with: settings, key and database, and one clear line when one of them is wrong."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url

from bot.clock import SystemClock
from bot.settings import Settings, read_settings
from knowledge.errors import QingfengError
from storage import deployment
from storage.blobs import open_blobs
from storage.engine import Database, async_url
from storage.errors import DatabaseUnavailable, KeyFileProblem
from storage.files import FileStore
from storage.unit_of_work import Storage
from storage.vault import KeyRing, create_key_file, load_key_file, using_key_file


def run_to_end(act: Callable[[Settings], Awaitable[int]]) -> int:
    """Run a command's coroutine; a fault we know becomes one line on standard error and exit code 1."""
    try:
        return asyncio.run(_awaited(act, read_settings()))
    except ValueError as error:
        return refuse(str(error), code=2)
    except DatabaseUnavailable as error:
        return refuse(f"The database cannot be opened: {error.reason}. Check QINGFENG_DATABASE_URL")
    except QingfengError as error:
        return refuse(str(error))


def refuse(line: str, *, code: int = 1) -> int:
    """Say what is wrong on standard error."""
    print(f"qingfeng: {line}", file=sys.stderr)
    return code


async def _awaited(act: Callable[[Settings], Awaitable[int]], settings: Settings) -> int:
    return await act(settings)


@asynccontextmanager
async def open_storage(settings: Settings, *, prove: bool = True) -> AsyncIterator[Storage]:
    """The storage of the settings, bound to its key.

    Args:
        settings: The settings in force.
        prove: Refuse a database that lost its triggers. Only a look at the log does without.

    Raises:
        DatabaseUnavailable: The database cannot be opened.
        UnsafeDatabase: Its rules would not hold, or it is at another schema.
        KeyFileProblem: The key is missing or another one.
        ValueError: A setting is wrong.
    """
    with using_key_file(settings.key_file):
        async with open_unlocked(settings, prove=prove) as storage:
            yield storage


@asynccontextmanager
async def open_unlocked(settings: Settings, *, prove: bool = True) -> AsyncIterator[Storage]:
    """`open_storage` for whoever holds the key file's lock already."""
    blobs = open_blobs(settings.files_url, settings.s3)
    database = Database(settings.database_url)
    try:
        await database.verify(triggers=prove)
        keys = await _keys(settings, database)
        storage = Storage(database, keys, FileStore(blobs, keys), SystemClock())
        storage.notices_at = settings.notices_at
        await deployment.bind_key(storage)
        if prove:
            await storage.calendars.refresh()
        yield storage
        await storage.appender.close()
    finally:
        await database.close()


async def _keys(settings: Settings, database: Database) -> KeyRing:
    """The key file; written at the very first start, never again once the database holds anything."""
    if settings.key_file.exists():
        return load_key_file(settings.key_file)
    if await deployment.was_bound(database):
        raise KeyFileProblem(
            f"The key file {settings.key_file} is missing, and without it nothing stored can be read",
            "Restore it from its backup, or point QINGFENG_KEY_FILE at it",
        )
    return create_key_file(settings.key_file)


async def bring_up_to_date(settings: Settings) -> None:
    """Migrate: SQLite always by itself, PostgreSQL as the owner when one is given."""
    from storage.migrate import migrate  # noqa: PLC0415 - Alembic takes a third of a second

    parsed = async_url(settings.database_url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            try:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatabaseUnavailable(f"{parsed.database}: {error.strerror}") from error
        await migrate(settings.database_url)
        return
    role = parsed.username
    if settings.owner_database_url:
        owner = make_url(settings.owner_database_url).username
        await migrate(settings.owner_database_url, application_role=role if role != owner else None)
