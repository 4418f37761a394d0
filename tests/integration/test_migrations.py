"""Migrations: one head, up and down again, equal to the models; and a database that would not hold is refused."""

import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from storage import engine
from storage.engine import Database, async_url
from storage.errors import DatabaseUnavailable, UnsafeDatabase
from storage.migrate import alembic_config, migrate
from storage.migrations import HEAD, enforcing_triggers
from storage.tables import metadata
from tests import databases

ENFORCEMENT = Path(engine.__file__).parent / "migrations" / "enforcement"


@pytest.fixture
async def owner_url(database_url: str) -> str:
    """A migrated database, seen by the role that owns its tables."""
    return databases.owner_url(database_url)


async def within(url: str, act: Callable[[Connection], Any]) -> Any:
    made = create_async_engine(async_url(url))
    try:
        async with made.begin() as connection:
            return await connection.run_sync(act)
    finally:
        await made.dispose()


def revisions() -> ScriptDirectory:
    return ScriptDirectory(str(ENFORCEMENT.parent))


def tables_of(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def rules_of(connection: Connection) -> set[str]:
    """The names of all triggers of ours, and on PostgreSQL of our functions."""
    if connection.dialect.name == "sqlite":
        return {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT p.proname FROM pg_proc p "
        "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = current_schema()"
    )
    return {row[0] for row in connection.exec_driver_sql(query)}


def test_there_is_one_head_and_the_constant_names_it() -> None:
    assert revisions().get_heads() == [HEAD]


def test_every_revision_has_its_rules_for_both_databases_or_none() -> None:
    names = {path.stem for path in ENFORCEMENT.glob("*.sql")}
    assert {f"{name.partition('_')[0]}_{kind}" for name in names for kind in ("sqlite", "postgresql")} == names
    assert f"{HEAD}_sqlite" in names


async def test_the_stairway_up_down_and_up_again(owner_url: str) -> None:
    def step(revision: str, way: Callable[..., None]) -> Callable[[Connection], None]:
        return lambda connection: way(alembic_config(connection), revision)

    tables, rules = await within(owner_url, tables_of), await within(owner_url, rules_of)
    assert tables == set(metadata.tables)
    assert rules
    await migrate(owner_url, revision="base")
    assert await within(owner_url, tables_of) == set()
    assert await within(owner_url, rules_of) == set()
    for revision in reversed(list(revisions().walk_revisions())):
        await within(owner_url, step(revision.revision, command.upgrade))
        await within(owner_url, step(revision.down_revision or "base", command.downgrade))
        await within(owner_url, step(revision.revision, command.upgrade))
    assert await within(owner_url, tables_of) == tables
    assert await within(owner_url, rules_of) == rules


async def test_migrating_a_migrated_database_changes_nothing(owner_url: str) -> None:
    before = await within(owner_url, rules_of)
    await migrate(owner_url)
    assert await within(owner_url, rules_of) == before


async def test_the_models_equal_the_migrations(owner_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, metadata)

    assert await within(owner_url, differences) == []


async def test_the_checks_of_the_models_stand_in_the_database(owner_url: str) -> None:
    def checks(connection: Connection) -> set[str]:
        found = inspect(connection)
        return {str(check["name"]) for table in metadata.tables for check in found.get_check_constraints(table)}

    wanted = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert wanted
    assert await within(owner_url, checks) == wanted


async def test_both_databases_refuse_by_the_same_rules() -> None:
    spoken: dict[str, set[tuple[str, str]]] = {"sqlite": set(), "postgresql": set()}
    for kind, pairs in spoken.items():
        for path in sorted(ENFORCEMENT.glob(f"*_{kind}.sql")):
            pairs |= set(re.findall(r"qf:([a-z_]+)|qf_refuse\('+([a-z_]+)'+\)", path.read_text()))
    flat = {kind: {one or other for one, other in pairs} for kind, pairs in spoken.items()}
    assert flat["sqlite"] == flat["postgresql"]
    assert len(flat["sqlite"]) >= 15


@pytest.mark.postgres
async def test_the_application_may_read_and_write_rows_and_nothing_more(postgresql_url: str) -> None:
    granted = (
        "SELECT c.relname, p.privilege_type FROM pg_class c, aclexplode(c.relacl) p "
        "WHERE p.grantee = current_user::regrole AND c.relkind IN ('r', 'p')"
    )
    owned = "SELECT count(*) FROM pg_class WHERE pg_has_role(current_user, relowner, 'MEMBER')"

    def look(connection: Connection) -> tuple[dict[str, set[str]], int]:
        rights: dict[str, set[str]] = {}
        for table, right in connection.exec_driver_sql(granted):
            rights.setdefault(table, set()).add(right)
        return rights, connection.exec_driver_sql(owned).scalar_one()

    rights, owns = await within(postgresql_url, look)
    assert owns == 0
    assert set(rights) >= set(metadata.tables)
    assert {frozenset(some) for some in rights.values()} == {frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})}


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE event",
        "ALTER TABLE cases DISABLE TRIGGER ALL",
        "TRUNCATE event",
        "CREATE TRIGGER mine BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION qf_refuse('x')",
        "DROP FUNCTION qf_refuse() CASCADE",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (id int)",
        f"SET ROLE {databases.OWNER}",
    ],
)
async def test_the_application_cannot_change_the_house_it_lives_in(postgresql_url: str, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        await within(postgresql_url, lambda connection: connection.execute(text(statement)))


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER cases_investigated",
        "DROP TABLE event",
        "ALTER TABLE cases RENAME TO mine",
        "CREATE TABLE mine (id int)",
        "CREATE TEMP VIEW active_flag AS SELECT 1",
        "CREATE TRIGGER mine BEFORE UPDATE ON cases BEGIN SELECT 1; END",
        "ATTACH ':memory:' AS mine",
        "PRAGMA recursive_triggers = OFF",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA ignore_check_constraints = ON",
        "PRAGMA writable_schema = ON",
    ],
)
async def test_nor_can_it_on_sqlite_where_no_other_role_owns_the_house(sqlite_url: str, statement: str) -> None:
    database = Database(sqlite_url)
    for opened in (database.writing, database.reading):
        async with opened() as connection:
            with pytest.raises(DBAPIError, match="not authorized"):
                await connection.exec_driver_sql(statement)
    await database.verify()
    await database.close()


@pytest.mark.postgres
async def test_every_rule_looks_for_its_tables_in_its_own_schema_only(postgresql_url: str) -> None:
    elsewhere = (
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace "
        "AND p.proname LIKE 'qf%' AND NOT coalesce('search_path=public, pg_temp' = ANY (p.proconfig), false)"
    )

    def look(connection: Connection) -> list[Any]:
        assert connection.exec_driver_sql("SELECT count(*) FROM pg_proc WHERE proname LIKE 'qf%%'").scalar_one() > 20
        return list(connection.exec_driver_sql(elsewhere.replace("%", "%%")))

    assert await within(postgresql_url, look) == []


async def refused(url: str) -> UnsafeDatabase:
    database = Database(url)
    try:
        with pytest.raises(UnsafeDatabase) as error:
            await database.verify()
    finally:
        await database.close()
    return error.value


async def test_a_migrated_database_is_verified(database_url: str) -> None:
    database = Database(database_url)
    await database.verify()
    await database.close()


@pytest.mark.postgres
async def test_the_owner_of_the_tables_is_refused(postgresql_url: str) -> None:
    error = await refused(databases.owner_url(postgresql_url))
    assert "owns the tables" in error.fault
    assert "QINGFENG_OWNER_DATABASE_URL" in error.cure


@pytest.mark.postgres
async def test_a_superuser_is_refused(postgresql_url: str) -> None:
    assert (
        "superuser"
        in (await refused(databases.ADMIN.rpartition("/")[0] + "/" + postgresql_url.rpartition("/")[2])).fault
    )


@pytest.mark.postgres
async def test_a_member_of_the_owning_role_is_refused(postgresql_url: str) -> None:
    member = "qf_test_member"
    await databases.admin(
        f"DO $$ BEGIN CREATE ROLE {member} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f"GRANT {databases.OWNER} TO {member}",
    )
    try:
        error = await refused(postgresql_url.replace(databases.APPLICATION, member))
    finally:
        await databases.admin(f"DROP ROLE IF EXISTS {member}")
    assert "owns the tables" in error.fault


@pytest.fixture
async def empty_url(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """The application's URL of a database without a schema."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    await migrate(databases.owner_url(database_url), revision="base")
    yield database_url


async def test_a_database_without_a_schema_is_refused_with_the_command_that_mends_it(empty_url: str) -> None:
    error = await refused(empty_url)
    assert HEAD in error.fault
    assert error.cure == "Run: qingfeng migrate"


async def test_another_versions_schema_is_refused(database_url: str) -> None:
    def pretend(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await within(databases.owner_url(database_url), pretend)
    assert "9999" in (await refused(database_url)).fault


@pytest.mark.parametrize("trigger", sorted(enforcing_triggers("sqlite"))[::7])
async def test_sqlite_that_lacks_a_trigger_is_refused(sqlite_url: str, trigger: str) -> None:
    await within(sqlite_url, lambda connection: connection.execute(text(f"DROP TRIGGER {trigger}")))
    error = await refused(sqlite_url)
    assert trigger in error.fault
    assert "backup" in error.cure


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["DISABLE TRIGGER cases_update_rules", "DISABLE TRIGGER USER"])
async def test_postgresql_with_a_rule_switched_off_is_refused(postgresql_url: str, how: str) -> None:
    switched = f"ALTER TABLE cases {how}"
    await within(databases.owner_url(postgresql_url), lambda connection: connection.execute(text(switched)))
    assert "cases_" in (await refused(postgresql_url)).fault


@pytest.mark.postgres
async def test_postgresql_with_a_rule_that_would_look_elsewhere_is_refused(postgresql_url: str) -> None:
    loosened = "ALTER FUNCTION qf_cases_update_rules() RESET search_path"
    await within(databases.owner_url(postgresql_url), lambda connection: connection.execute(text(loosened)))
    assert "qf_cases_update_rules" in (await refused(postgresql_url)).fault


@pytest.mark.parametrize("pragma", ["recursive_triggers", "foreign_keys"])
async def test_sqlite_with_a_guard_switched_off_is_refused(
    sqlite_url: str, pragma: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = databases.as_owner(Database(sqlite_url))

    def switch_off(connection: Any, _record: object) -> None:
        connection.cursor().execute(f"PRAGMA {pragma} = 0")

    engine.event.listen(database.reader.sync_engine, "connect", switch_off)
    try:
        with pytest.raises(UnsafeDatabase, match=pragma):
            await database.verify()
    finally:
        await database.close()


async def test_every_sqlite_connection_carries_every_pragma_the_writing_one_too(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    for opened in (database.writing, database.reading):
        async with opened() as connection:
            for name, wanted in engine.PRAGMAS.items():
                assert (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() == wanted, name
    await database.close()


def test_what_the_guard_is_for_a_bare_connection_walks_round_the_delete_triggers(
    sqlite_template: Path, tmp_path: Path
) -> None:
    url = databases.sqlite_database(sqlite_template, tmp_path)
    bare = sqlite3.connect(url.removeprefix("sqlite:///"))
    seal = "zeroblob(32), 'k'"
    bare.execute(f"INSERT INTO event VALUES (1, '2026-01-01', 'a', 'b', 'c', '{{}}', '', 'h', {seal})")
    with pytest.raises(sqlite3.IntegrityError, match="append_only"):
        bare.execute("DELETE FROM event")
    bare.execute("PRAGMA recursive_triggers = ON")
    with pytest.raises(sqlite3.IntegrityError, match="qf:"):
        bare.execute(f"REPLACE INTO event VALUES (1, '2026-01-01', 'x', 'b', 'c', '{{}}', '', 'h', {seal})")
    bare.close()


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all/x.db", "postgresql://nobody@127.0.0.1:1/none", "mysql://root@127.0.0.1/x"]
)
async def test_a_database_that_cannot_be_reached_is_one_clear_error(url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as error:
        await Database(url).verify()
    assert error.value.reason
    assert "\n" not in error.value.reason
