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
from typing import Any

import asyncpg
from sqlalchemy import event

from storage.engine import Database
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


def url_of(role: str, database: str) -> str:
    """The address of a database for a role."""
    host = ADMIN.rpartition("@")[2].partition("/")[0]
    return f"postgresql://{role}@{host}/{database}"


async def make_template() -> None:
    for role in (OWNER, APPLICATION):
        await admin(
            f"DO $$ BEGIN CREATE ROLE {role} LOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    await admin(f"DROP DATABASE IF EXISTS {_TEMPLATE}", f"CREATE DATABASE {_TEMPLATE} OWNER {OWNER}")
    await migrate(url_of(OWNER, _TEMPLATE), application_role=APPLICATION)


async def drop_template() -> None:
    for name in (*_free, _TEMPLATE):
        await admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    _free.clear()


_free: list[str] = []


@asynccontextmanager
async def postgresql_database() -> AsyncIterator[str]:
    """The application's URL of an empty, migrated database; emptied again afterwards, for the next test."""
    if not _free:
        name = f"{_TEMPLATE}_{uuid.uuid4().hex[:8]}"
        await admin(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} OWNER {OWNER}")
        _free.append(name)
    name = _free.pop()
    try:
        yield url_of(APPLICATION, name)
    finally:
        if await _emptied(name):
            _free.append(name)


async def _emptied(name: str) -> bool:
    """Empty a database as a superuser whose triggers are off; drop it if somebody changed its schema."""
    connection = await asyncpg.connect(ADMIN.rpartition("/")[0] + f"/{name}")
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        if await _shape(connection) == _shapes.setdefault("empty", await _template_shape()):
            await connection.execute("SET session_replication_role = replica")
            await connection.execute("; ".join(f"DELETE FROM {table}" for table in tables))  # TRUNCATE syncs files
            await connection.execute(_RESTART)
            return True
    finally:
        await connection.close()
    await admin(f"DROP DATABASE {name} WITH (FORCE)")
    return False


async def _template_shape() -> str:
    if "empty" in _shapes:
        return _shapes["empty"]
    connection = await asyncpg.connect(ADMIN.rpartition("/")[0] + f"/{_TEMPLATE}")
    try:
        return await _shape(connection)
    finally:
        await connection.close()


async def _shape(connection: asyncpg.Connection) -> str:
    try:
        return str(await connection.fetchval(_SHAPE))
    except asyncpg.PostgresError:
        return "another schema"


_shapes: dict[str, str] = {}
_TABLES = (
    "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' "
    "AND tablename NOT IN ('alembic_version', 'case_transition') ORDER BY 1"
)
_RESTART = "SELECT setval(quote_ident(sequencename), 1, false) FROM pg_sequences WHERE schemaname = 'public'"
_SHAPE = (
    "SELECT md5(string_agg(line, '|' ORDER BY line)) FROM ("
    "SELECT tgrelid::regclass::text || tgname::text || tgenabled::text AS line FROM pg_trigger WHERE NOT tgisinternal "
    "UNION ALL SELECT table_name || column_name || data_type FROM information_schema.columns "
    "WHERE table_schema = 'public' "
    "UNION ALL SELECT proname || md5(prosrc) || coalesce(proconfig::text, '') FROM pg_proc WHERE proname LIKE 'qf%' "
    "UNION ALL SELECT version_num FROM alembic_version "
    "UNION ALL SELECT relname::text || coalesce(relacl::text, '') FROM pg_class "
    "WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace "
    "UNION ALL SELECT source || target || letter || act FROM case_transition) AS lines"
)


def owner_url(application_url: str) -> str:
    return application_url.replace(APPLICATION, OWNER)


def as_owner(database: Database) -> Database:
    """A database just opened, whose connections may change the house on SQLite too, where no role owns the tables."""
    if database.is_sqlite:
        for engine in (database.writer, database.reader):
            event.listen(engine.sync_engine, "connect", _let_everything)
    return database


def _let_everything(connection: Any, _record: object) -> None:
    connection.run_async(lambda opened: opened.set_authorizer(None))


def make_sqlite_template(folder: Path) -> Path:
    path = folder / "template.db"
    with ThreadPoolExecutor(1) as pool:  # a test's own loop may be running
        pool.submit(lambda: asyncio.run(migrate(f"sqlite:///{path}"))).result()
    return path


def sqlite_database(template: Path, folder: Path) -> str:
    target = folder / "qingfeng.db"
    shutil.copyfile(template, target)
    return f"sqlite:///{target}"
