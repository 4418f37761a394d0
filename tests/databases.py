"""Migrated databases for tests, made fast: migrated once, then copied.

PostgreSQL: the tests' own roles `qf_test_owner` (owns the tables) and `qf_test_app` (what the application runs as).
"""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from storage.migrate import migrate

ADMIN = os.environ.get("QINGFENG_TEST_POSTGRESQL", "postgresql://root@127.0.0.1/postgres")
OWNER, APPLICATION = "qf_test_owner", "qf_test_app"
_TEMPLATE = f"qf_test_template_{os.getpid()}"


async def postgresql_fault() -> str | None:
    """Why PostgreSQL cannot be used here, or None."""
    try:
        connection = await asyncpg.connect(ADMIN, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        return f"PostgreSQL does not answer on 127.0.0.1 ({type(error).__name__})"
    await connection.close()
    return None


async def admin(*statements: str) -> None:
    connection = await asyncpg.connect(ADMIN)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _url(role: str, database: str) -> str:
    host = ADMIN.rpartition("@")[2].partition("/")[0]
    return f"postgresql://{role}@{host}/{database}"


async def make_template() -> None:
    for role in (OWNER, APPLICATION):
        await admin(
            f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    await admin(f"DROP DATABASE IF EXISTS {_TEMPLATE}", f"CREATE DATABASE {_TEMPLATE} OWNER {OWNER}")
    await migrate(_url(OWNER, _TEMPLATE), application_role=APPLICATION)


async def drop_template() -> None:
    await admin(f"DROP DATABASE IF EXISTS {_TEMPLATE} WITH (FORCE)")


@asynccontextmanager
async def postgresql_database() -> AsyncIterator[str]:
    """The application's URL of a fresh, migrated database."""
    name = f"qf_test_{uuid.uuid4().hex[:12]}"
    await admin(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} OWNER {OWNER}")
    try:
        yield _url(APPLICATION, name)
    finally:
        await admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def owner_url(application_url: str) -> str:
    return application_url.replace(APPLICATION, OWNER)


def make_sqlite_template(folder: Path) -> Path:
    path = folder / "template.db"
    with ThreadPoolExecutor(1) as pool:  # a test's own loop may be running
        pool.submit(lambda: asyncio.run(migrate(f"sqlite:///{path}"))).result()
    return path


def sqlite_database(template: Path, folder: Path) -> str:
    target = folder / "qingfeng.db"
    shutil.copyfile(template, target)
    return f"sqlite:///{target}"
