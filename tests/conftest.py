"""Fixtures every folder shares. Storage tests run on SQLite and on PostgreSQL.

Without PostgreSQL its half is skipped and says so; under CI=true a missing service is a failure.
"""

import logging
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import fastapi.dependencies.models
import pytest

from bot.logging import connect_structlog
from storage.engine import Database
from storage.files import FileStore
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import databases
from tests.fakes import FakeClock
from tests.outside import outside
from tests.selection import IN_CI, left_out

connect_structlog()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run does without; see `tests/selection.py`."""
    without = left_out(config, items)
    if without:
        config.hook.pytest_deselected(items=list(without))
        items[:] = [one for one in items if one not in without]


#: FastAPI remembers every function it was ever given, and with them every application a test made.
REMEMBERED = [kept for kept in vars(fastapi.dependencies.models).values() if hasattr(kept, "cache_clear")]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Applications of one test do not stay for the next: a thousand of them slow every collection down."""
    yield
    for kept in REMEMBERED:
        kept.cache_clear()
    if "aiogram.types.update" in sys.modules:  # the last 128 updates, each with its bot, its storage and all of that
        sys.modules["aiogram.types.update"].Update.event_type.fget.cache_clear()


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """A command called in this process sets up the process's logging; the next test has its own."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions, sys.excepthook
    yield
    if sys.excepthook is not before[3]:
        logging.captureWarnings(capture=False)
        root.handlers[:], logging.raiseExceptions, sys.excepthook = before[0], before[2], before[3]
        root.setLevel(before[1])


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.make_sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[None]:
    fault = outside(databases.postgresql_fault())
    if fault and IN_CI:
        pytest.fail(fault)
    if fault:
        pytest.skip(fault)
    outside(databases.make_template())
    yield
    outside(databases.drop_template())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing(bytes(range(32)))


@pytest.fixture
async def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return databases.sqlite_database(sqlite_template, tmp_path)


@pytest.fixture
async def postgresql_url(postgresql: None) -> AsyncIterator[str]:
    async with databases.postgresql_database() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def database_url(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[str]:
    """The application's URL of a fresh, migrated database, on each kind in turn."""
    if request.param == "sqlite":
        yield databases.sqlite_database(sqlite_template, tmp_path)
        return
    request.getfixturevalue("postgresql")
    async with databases.postgresql_database() as url:
        yield url


@pytest.fixture
async def storage(database_url: str, tmp_path: Path, clock: FakeClock, keys: KeyRing) -> AsyncIterator[Storage]:
    """A migrated, empty deployment."""
    opened = Storage(Database(database_url), keys, FileStore(tmp_path / "files", keys), clock)
    await opened.database.verify()
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_storage(sqlite_url: str, tmp_path: Path, clock: FakeClock, keys: KeyRing) -> AsyncIterator[Storage]:
    """`storage` on SQLite only, for what does not depend on the database."""
    opened = Storage(Database(sqlite_url), keys, FileStore(tmp_path / "files", keys), clock)
    yield opened
    await opened.close()
