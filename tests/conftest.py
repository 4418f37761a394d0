"""Fixtures every folder shares. Storage tests run on SQLite and on PostgreSQL.

Without PostgreSQL its half is skipped and says so; under CI=true a missing service is a failure.
"""

import logging
import os
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

IN_CI = os.environ.get("CI") == "true"
AT_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"

connect_structlog()


#: What a database itself decides, stores or does at once: tested on both kinds also by day.
ON_BOTH = frozenset(
    {
        "test_access",
        "test_audit",
        "test_case_enforcement",
        "test_case_machine",
        "test_commitments_storage",
        "test_consent",
        "test_deadline_ladder",
        "test_evidence",
        "test_exports",
        "test_floods",
        "test_idempotence",
        "test_key_ceremonies",
        "test_key_rotation",
        "test_learning_loop",
        "test_mass_reaction",
        "test_merging",
        "test_migrations",
        "test_non_interference",
        "test_outbox",
        "test_overload",
        "test_raw_attacks",
        "test_redactions",
        "test_releases",
        "test_retention",
        "test_sign_in_rules",
        "test_signed_receipts",
        "test_staff_rate",
        "test_start",
        "test_thief",
        "test_unit_of_work",
        "test_upgrade_with_rows",
    }
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """By day, leave out PostgreSQL's half of what is about services and pages; what they rest on is tested on both."""
    twice = [] if AT_NIGHT else [one for one in items if _on_postgresql(one) and not _needs_both(one)]
    if twice:
        config.hook.pytest_deselected(items=twice)
        left_out = set(twice)
        items[:] = [one for one in items if one not in left_out]


def _needs_both(item: pytest.Item) -> bool:
    return item.path.stem in ON_BOTH and item.get_closest_marker("pages") is None


def _on_postgresql(item: pytest.Item) -> bool:
    return item.get_closest_marker("postgres") is not None


#: FastAPI remembers every function it was ever given, and with them every application a test made.
REMEMBERED = [kept for kept in vars(fastapi.dependencies.models).values() if hasattr(kept, "cache_clear")]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Applications of one test do not stay for the next: a thousand of them slow every collection down."""
    yield
    for kept in REMEMBERED:
        kept.cache_clear()


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
