"""The event log (N6): it only grows, and whoever changes it behind the rules' back is found out, per back-end.

Tampering is done as the tables' owner with the rules switched off: what an administrator with a shell could do. The
thousand changes of each kind are made on a copy of the rows, as each database gave them; some of each are also written
into the database itself.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from handlers.jobs.log_heads import send_heads, sign_daily_head
from storage import audit
from storage.audit import SEAL, ChainFault, Walk
from storage.engine import Database, async_url
from storage.files import FileStore
from storage.log_heads import LogHead, all_heads, faults_of
from storage.migrate import alembic_config, migrate
from storage.tables.records import event, log_head
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import databases
from tests.fakes import FakeClock

Rows = list[dict[str, Any]]
EVENTS = 16
TURNS = 1_000
CONTENT = ("at", "actor", "act", "subject", "detail")


async def record(storage: Storage, number: int, act: str = "case_read") -> None:
    async with storage.unit_of_work() as uow:
        await uow.log.record(
            actor=f"official/{number % 5}",
            act=act,
            subject=f"case/{number}",
            number=number,
            字="选举",
            at=[1, None],
        )
        await uow.commit()


async def sign(storage: Storage) -> LogHead:
    async with storage.unit_of_work() as uow:
        made = await uow.log_heads.sign()
        await uow.commit()
    assert made is not None
    return made


async def rows_of(storage: Storage) -> Rows:
    async with storage.unit_of_work() as uow:
        return [dict(row._mapping) for row in await uow.read(select(event).order_by(event.c.id))]


@pytest.fixture
async def chain(storage: Storage, clock: FakeClock) -> Rows:
    for number in range(EVENTS):
        clock.advance(timedelta(seconds=1, microseconds=number))
        await record(storage, number)
    return await rows_of(storage)


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    """The database without its rules."""
    opened = databases.as_owner(Database(databases.owner_url(database_url)))
    sqlite_triggers = ("event_no_update", "event_no_delete", "event_chain", "event_seal", "event_hash_once")
    heads = ("log_head_no_update", "log_head_no_delete", "log_head_insert")
    statements = (
        [f"DROP TRIGGER {name}" for name in (*sqlite_triggers, *heads)]
        if opened.is_sqlite
        else ["ALTER TABLE event DISABLE TRIGGER USER", "ALTER TABLE log_head DISABLE TRIGGER USER"]
    )
    async with opened.writing() as connection:
        for statement in statements:
            await connection.execute(text(statement))
        await connection.commit()
    yield opened
    await opened.close()


@pytest.fixture
async def other_chain(database_url: str, sqlite_template: Path, tmp_path: Path, keys: KeyRing) -> AsyncIterator[Rows]:
    """The log of another database of the same kind, made with the same key file."""

    async def filled(url: str) -> Rows:
        clock = FakeClock()
        opened = Storage(Database(url), keys, FileStore(tmp_path / "files", keys), clock)
        for number in range(EVENTS):
            clock.advance(timedelta(seconds=2))
            await record(opened, number, "file_read")
        rows = await rows_of(opened)
        await opened.close()
        return rows

    if database_url.startswith("sqlite"):
        (tmp_path / "other").mkdir()
        yield await filled(databases.sqlite_database(sqlite_template, tmp_path / "other"))
        return
    async with databases.postgresql_database() as url:
        yield await filled(url)


async def rewrite(owner: Database, rows: Rows) -> None:
    async with owner.writing() as connection:
        await connection.execute(text("DELETE FROM log_head_copy"))
        await connection.execute(text("DELETE FROM log_head"))
        await connection.execute(text("DELETE FROM event"))
        if rows:
            await connection.execute(insert(event), rows)
        await connection.commit()


def chained(rows: Rows, keys: KeyRing | None = None) -> Rows:
    """The rows numbered and hashed anew, as a careful forger would; sealed with the forger's own key."""
    previous, forged = "", []
    for number, row in enumerate(rows, 1):
        fields = {name: row[name] for name in CONTENT}
        digest = audit.event_hash(previous, id=number, **fields)
        seal = {"seal": row["seal"], "seal_key": row["seal_key"]}
        if keys:
            seal["seal"] = keys.vouch(SEAL, bytes.fromhex(digest))
        forged.append({**fields, "id": number, "previous_hash": previous, "hash": digest, **seal})
        previous = digest
    return forged


def edited(rows: Rows, chance: random.Random) -> Rows:
    at = chance.randrange(len(rows))
    row = rows[at]
    column = chance.choice([*CONTENT, "hash", "previous_hash", "deep", "seal", "seal_key"])
    changed: Any
    if column == "at":
        changed = row["at"] + timedelta(microseconds=chance.randint(1, 10**9))
    elif column == "detail":
        changed = {**row["detail"], chance.choice(["number", "new"]): chance.randint(1000, 9999)}
    elif column == "deep":
        column, changed = "detail", {**row["detail"], "at": [1, 0]}
    elif column in ("hash", "previous_hash"):
        changed = f"{chance.getrandbits(256):064x}"
    elif column == "seal":
        changed = chance.choice([None, chance.randbytes(32), rows[at - 1]["seal"]]) if at else chance.randbytes(32)
    else:
        changed = row[column] + chance.choice("x 1")
    return [*rows[:at], {**row, column: changed}, *rows[at + 1 :]]


def deleted(rows: Rows, chance: random.Random) -> Rows:
    at = chance.randrange(len(rows) - 1)  # the last one is a cut, which is a kind of its own
    return rows[:at] + rows[at + 1 :]


def deleted_and_closed_up(rows: Rows, chance: random.Random) -> Rows:
    left = deleted(rows, chance)
    return [{**row, "id": number} for number, row in enumerate(left, 1)]


def inserted(rows: Rows, chance: random.Random) -> Rows:
    at = chance.randrange(len(rows) + 1)
    fields = {**rows[at % len(rows)], "subject": f"case/{chance.randint(1000, 9999)}"}
    before = rows[at - 1]["hash"] if at else ""
    content = {name: fields[name] for name in CONTENT}
    fields["previous_hash"], fields["hash"] = before, audit.event_hash(before, id=at + 1, **content)
    return [{**row, "id": n} for n, row in enumerate([*rows[:at], fields, *rows[at:]], 1)]


def reordered(rows: Rows, chance: random.Random) -> Rows:
    one, other = sorted(chance.sample(range(len(rows)), 2))
    swapped = [*rows]
    swapped[one], swapped[other] = rows[other], rows[one]
    return [{**row, "id": number} for number, row in enumerate(swapped, 1)]


def reordered_in_content_only(rows: Rows, chance: random.Random) -> Rows:
    one, other = chance.sample(range(len(rows)), 2)
    kept = ("id", "hash", "previous_hash", "seal")
    swapped = [*rows]
    swapped[one] = {**rows[other], **{name: rows[one][name] for name in kept}}
    swapped[other] = {**rows[one], **{name: rows[other][name] for name in kept}}
    return swapped


def cut_off(rows: Rows, chance: random.Random) -> Rows:
    return rows[: chance.randrange(len(rows))]


def written_anew_without_the_key(rows: Rows, chance: random.Random) -> Rows:
    """A forger with the database and without the key file: every hash fits, some seals are kept, some invented."""
    at = chance.randrange(len(rows))
    changed = [*rows[:at], {**rows[at], "actor": "official/99"}, *rows[at + 1 :]]
    return chained(changed, chance.choice([None, KeyRing(chance.randbytes(32))]))


#: What a verification with the key, but without any head, finds.
WAYS: tuple[Callable[[Rows, random.Random], Rows], ...] = (
    edited,
    deleted,
    deleted_and_closed_up,
    inserted,
    reordered,
    reordered_in_content_only,
    written_anew_without_the_key,
)


def walked(rows: Rows, keys: KeyRing | None, heads: tuple[LogHead, ...] = ()) -> ChainFault | None:
    """The verification itself, over rows that need not lie in a database."""
    walk = Walk(keys, heads)
    for row in rows:
        if fault := walk.step(SimpleNamespace(**row)):
            return fault
    return walk.end()


async def test_the_chain_grows_without_a_gap_though_forty_write_at_once(storage: Storage, keys: KeyRing) -> None:
    assert (await audit.verify(storage.database, keys=keys)).events == 0
    assert await audit.head(storage.database) == ""
    await asyncio.gather(*(record(storage, number) for number in range(40)))
    report = await audit.verify(storage.database, keys=keys)
    assert (report.events, report.fault, report.head) == (40, None, await audit.head(storage.database))
    assert (report.sealed_from, report.seals_checked) == (1, True)
    rows = await rows_of(storage)
    assert [row["id"] for row in rows] == list(range(1, 41))
    assert {row["detail"]["number"] for row in rows} == set(range(40))


_COPY = "SELECT {id}, at, actor, act, subject, detail, {previous}, {hash}, {seal}, {key} FROM event WHERE id = {of}"
_SOUND = {"id": "17", "previous": "hash", "hash": "'h'", "seal": "seal", "key": "seal_key", "of": "16"}


def copied(**changed: str) -> str:
    return f"INSERT INTO event {_COPY.format(**{**_SOUND, **changed})}"


#: What the application's role might try, and the rule that refuses it.
REFUSED = (
    ("UPDATE event SET actor = 'x' WHERE id = 3", "append_only"),
    ("UPDATE event SET detail = detail", "append_only"),
    ("UPDATE event SET seal = NULL, seal_key = NULL", "append_only"),
    ("DELETE FROM event WHERE id = 16", "append_only"),
    ("DELETE FROM event", "append_only"),
    (copied(id="99"), "event_chain"),
    (copied(previous="previous_hash"), "event_chain"),
    (copied(hash="hash"), "event_chain"),
    (copied(id="3", of="3") + " ON CONFLICT (id) DO UPDATE SET actor = 'x'", "event_chain"),
    (copied(seal="NULL"), "event_seal"),
    (copied(key="NULL"), "event_seal"),
)
ON_SQLITE = (
    (copied(hash="hash", previous="hash").replace("INSERT", "REPLACE"), "event_chain"),
    (copied(id="3", of="3").replace("INSERT", "INSERT OR REPLACE"), "event_chain"),
)


async def test_the_application_can_only_add_at_the_end(storage: Storage, chain: Rows) -> None:
    for statement, rule in REFUSED + (ON_SQLITE if storage.database.is_sqlite else ()):
        async with storage.database.writing() as connection:
            with pytest.raises(DBAPIError, match=f"qf:{rule}"):
                await connection.execute(text(statement))
    assert await rows_of(storage) == chain


@pytest.mark.postgres
async def test_not_even_the_owner_truncates_the_log_while_the_rules_stand(postgresql_url: str) -> None:
    opened = Database(databases.owner_url(postgresql_url))
    for table in ("event", "log_head"):
        async with opened.writing() as connection:
            with pytest.raises(DBAPIError, match="append_only"):
                await connection.execute(text(f"TRUNCATE {table} CASCADE"))
    await opened.close()


async def test_a_thousand_random_changes_of_each_kind_are_all_found(chain: Rows, keys: KeyRing) -> None:
    chance = random.Random(20260311)  # noqa: S311 - a seed, so that a failure can be repeated
    assert walked(chain, keys) is None
    for way in WAYS:
        for turn in range(TURNS):
            forged = way(chain, chance)
            assert forged != chain, (way.__name__, turn)
            assert walked(forged, keys) is not None, (way.__name__, turn)


async def test_a_thousand_ways_to_cut_off_the_end_are_all_found_with_a_head_that_was_published(
    storage: Storage, chain: Rows, keys: KeyRing
) -> None:
    head = await sign(storage)
    chance = random.Random(20260312)  # noqa: S311 - a seed
    assert walked(chain, keys, (head,)) is None
    for turn in range(TURNS):
        assert walked(cut_off(chain, chance), None, (head,)) is not None, turn


async def test_a_thousand_swaps_of_two_databases_tails_are_all_found_though_they_share_a_key(
    chain: Rows, other_chain: Rows, keys: KeyRing
) -> None:
    chance = random.Random(20260313)  # noqa: S311 - a seed
    assert walked(other_chain, keys) is None
    for turn in range(TURNS):
        at, mine = chance.randrange(1, EVENTS), chance.random() < 0.5
        one, other = (chain, other_chain) if mine else (other_chain, chain)
        assert walked(one[:at] + other[at:], keys) is not None, turn
        rest = [{**row, "previous_hash": one[at - 1]["hash"]} for row in other[at : at + 1]] + other[at + 1 :]
        assert walked(one[:at] + rest, keys) is not None, turn


async def test_a_whole_log_of_another_database_is_told_by_a_head(
    storage: Storage, chain: Rows, other_chain: Rows, keys: KeyRing
) -> None:
    head = await sign(storage)
    assert walked(other_chain, keys) is None  # by itself it is in order
    found = walked(other_chain, keys, (head,))
    assert found is not None
    assert "another event stood here" in found.fault


async def test_some_changes_of_each_kind_are_found_in_the_database_itself(
    storage: Storage, chain: Rows, owner: Database, keys: KeyRing, other_chain: Rows
) -> None:
    chance = random.Random(20260314)  # noqa: S311 - a seed
    head = await sign(storage)
    for way in WAYS:
        for _ in range(3):
            await rewrite(owner, way(chain, chance))
            report = await audit.verify(storage.database, keys=keys)
            assert report.fault is not None, way.__name__
    for forged in (cut_off(chain, chance), chain[:7] + other_chain[7:]):
        await rewrite(owner, forged)
        assert (await audit.verify(storage.database, keys=keys, published=[head])).fault is not None
    await rewrite(owner, chain)
    assert (await audit.verify(storage.database, keys=keys)).fault is None


async def test_the_first_broken_place_is_named(storage: Storage, chain: Rows, owner: Database) -> None:
    forged = [*chain]
    forged[4] = {**chain[4], "actor": "official/99"}
    forged[9] = {**chain[9], "actor": "official/99"}
    await rewrite(owner, forged)
    report = await audit.verify(storage.database)
    assert report.fault is not None
    assert (report.events, report.fault.event_id, report.fault.fault) == (4, 5, "its content was changed")
    await rewrite(owner, chain[:6] + chain[7:])
    gap = (await audit.verify(storage.database)).fault
    assert gap is not None
    assert gap.fault == "event 7 is missing"


async def test_a_walk_that_ends_at_a_fault_gives_its_connection_back(
    storage: Storage, chain: Rows, owner: Database
) -> None:
    await rewrite(owner, deleted(chain, random.Random(1)))  # noqa: S311 - any forgery does
    for _ in range(3):
        assert (await audit.verify(storage.database)).fault is not None
    assert storage.database.reader.pool.checkedout() == 0


async def test_without_a_head_a_cut_off_end_is_not_found_and_with_the_key_file_a_log_written_anew_is_not_either(
    storage: Storage, chain: Rows, owner: Database, keys: KeyRing
) -> None:
    head, signed = await audit.head(storage.database), await sign(storage)
    anew = chained([{**row, "actor": "official/99"} if row["id"] == 3 else row for row in chain], keys)
    for forged in (chain[:-1], chain[:10], [], anew):
        await rewrite(owner, forged)
        assert (await audit.verify(storage.database, keys=keys)).fault is None
        for known in ({"published_head": head}, {"published": [signed]}):
            found = (await audit.verify(storage.database, keys=keys, **known)).fault  # type: ignore[arg-type]
            assert found is not None
            assert "head" in found.fault


async def test_a_log_whose_seals_were_all_taken_off_is_told_by_who_has_the_key(
    storage: Storage, chain: Rows, owner: Database, keys: KeyRing
) -> None:
    await rewrite(owner, [{**row, "seal": None, "seal_key": None} for row in chain])
    assert (await audit.verify(storage.database)).fault is None  # without the key there is only the chain
    found = (await audit.verify(storage.database, keys=keys)).fault
    assert found is not None
    assert "seal" in found.fault


async def test_events_of_before_the_seals_stay_valid_and_the_first_seal_vouches_for_them(
    storage: Storage, chain: Rows, owner: Database, keys: KeyRing
) -> None:
    await rewrite(owner, [{**row, "seal": None, "seal_key": None} for row in chain])
    head = await sign(storage)
    report = await audit.verify(storage.database, keys=keys)
    assert (report.fault, report.events, report.sealed_from, head.events) == (None, EVENTS + 1, EVENTS + 1, EVENTS + 1)
    assert (await rows_of(storage))[-1]["act"] == "log_sealed"
    anew = chained([{**row, "act": "x"} if row["id"] == 3 else row for row in await rows_of(storage)])
    await rewrite(owner, anew)
    assert (await audit.verify(storage.database, keys=keys)).fault is not None


@pytest.fixture
async def old_url(database_url: str, tmp_path: Path) -> str:
    """The owner's URL of a database of revision 0003, whose events carry no seals."""
    url = f"sqlite:///{tmp_path / 'old.db'}" if database_url.startswith("sqlite") else databases.owner_url(database_url)
    if not database_url.startswith("sqlite"):
        await migrate(url, revision="base")
    engine = create_async_engine(async_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(lambda one: command.upgrade(alembic_config(one), "0003"))
        await connection.run_sync(_add_old_events)
    await engine.dispose()
    return url


def _add_old_events(connection: Connection) -> None:
    tables, previous = MetaData(), ""
    tables.reflect(connection)
    for number in range(1, 4):
        at = FakeClock().now() + timedelta(minutes=number)
        said = {"actor": "system", "act": "places_imported", "subject": "place", "detail": {"new": number}}
        digest = audit.event_hash(previous, id=number, at=at, **said)
        text_at = at.replace(tzinfo=None).isoformat(timespec="microseconds")
        on_file = text_at if connection.dialect.name == "sqlite" else at
        row = {"id": number, "at": on_file, **said, "previous_hash": previous, "hash": digest}
        connection.execute(insert(tables.tables["event"]).values(**row))
        previous = digest


async def test_an_upgraded_database_keeps_its_log_and_goes_on_with_seals(
    old_url: str, tmp_path: Path, clock: FakeClock, keys: KeyRing
) -> None:
    await migrate(old_url, application_role=databases.APPLICATION)
    url = old_url.replace(databases.OWNER, databases.APPLICATION)
    upgraded = Storage(Database(url), keys, FileStore(tmp_path / "files", keys), clock)
    assert (await audit.verify(upgraded.database)).fault is None
    waiting = (await audit.verify(upgraded.database, keys=keys)).fault
    assert waiting is not None
    assert "this version never ran" in waiting.fault
    assert await sign_daily_head(upgraded) is not None  # what a start does
    await record(upgraded, 1)
    report = await audit.verify(upgraded.database, keys=keys)
    assert (report.fault, report.events, report.sealed_from, report.heads) == (None, 5, 4, 1)
    await upgraded.close()


async def test_a_head_noted_earlier_still_stands_in_a_log_that_has_grown(storage: Storage, chain: Rows) -> None:
    head, signed = await audit.head(storage.database), await sign(storage)
    await record(storage, 99)
    assert (await audit.verify(storage.database, published_head=head, published=[signed])).fault is None
    assert (await audit.verify(storage.database, published_head="0" * 64)).fault is not None


async def test_heads_follow_each_other_and_whoever_has_the_public_key_checks_them_without_the_key_file(
    storage: Storage, chain: Rows, keys: KeyRing, clock: FakeClock
) -> None:
    first = await sign(storage)
    clock.advance(timedelta(days=1))
    await record(storage, 99)
    second = await sign(storage)
    assert (second.number, second.events, second.previous) == (2, EVENTS + 1, first.fingerprint)
    assert await all_heads(storage.database) == (first, second)
    report = await audit.verify(storage.database, public_keys=[keys.signer.public_key])
    assert (report.fault, report.heads, report.seals_checked) == (None, 2, False)
    strange = (await audit.verify(storage.database, public_keys=[bytes(32)])).fault
    assert strange is not None
    assert "unknown key" in strange.fault
    assert LogHead.from_json(json.loads(json.dumps(second.as_json()))) == second


#: One change to each part of a head.
CHANGED: tuple[dict[str, Any], ...] = (
    {"hash": "0" * 64},
    {"events": 15},
    {"sealed_from": 2},
    {"number": 2},
    {"previous": "f" * 64},
    {"at": FakeClock().now() - timedelta(days=1)},
    {"signature": bytes(64)},
    {"public_key": bytes(32)},
)


async def test_a_head_that_was_changed_in_any_part_is_found(
    storage: Storage, chain: Rows, owner: Database, keys: KeyRing
) -> None:
    head = await sign(storage)
    async with owner.writing() as connection:
        await connection.execute(text("DELETE FROM log_head_copy"))
        await connection.commit()
    for changed in CHANGED:
        async with owner.writing() as connection:
            await connection.execute(log_head.update().values(**changed))
            await connection.commit()
        assert (await audit.verify(storage.database, keys=keys)).fault is not None, changed
        assert faults_of([replace(head, **changed)], [keys.signer.public_key]) is not None, changed
        async with owner.writing() as connection:
            await connection.execute(log_head.update().values(**asdict(head)))
            await connection.commit()
    assert (await audit.verify(storage.database, keys=keys)).fault is None


async def test_the_database_takes_no_head_but_that_of_the_newest_event(storage: Storage, chain: Rows) -> None:
    head = await sign(storage)
    await record(storage, 99)
    old = "number + 1, events, hash, sealed_from, at, 'x', public_key, signature"
    attacks = (
        (f"INSERT INTO log_head SELECT {old} FROM log_head", "log_head"),
        (f"INSERT INTO log_head SELECT {old.replace('events', '17')} FROM log_head", "log_head"),
        (f"INSERT INTO log_head SELECT {old.replace('number + 1', 'number')} FROM log_head", "log_head"),
        ("UPDATE log_head SET hash = 'x'", "append_only"),
        ("DELETE FROM log_head", "append_only"),
    )
    for statement, rule in attacks:
        async with storage.database.writing() as connection:
            with pytest.raises(DBAPIError, match=f"qf:{rule}"):
                await connection.execute(text(statement))
    assert await all_heads(storage.database) == (head,)


async def test_a_head_is_signed_every_day_and_once_a_day(storage: Storage, clock: FakeClock) -> None:
    assert await sign_daily_head(storage) is None  # nothing to sign yet
    await record(storage, 1)
    days = []
    for _ in range(8):
        days.append(await sign_daily_head(storage))
        clock.advance(timedelta(hours=8))
    signed = [one for one in days if one]
    assert 2 <= len(signed) <= 4
    assert [one.number for one in signed] == list(range(1, len(signed) + 1))
    assert len(await all_heads(storage.database)) == len(signed)


async def test_what_the_second_party_cannot_take_today_it_gets_tomorrow(storage: Storage, clock: FakeClock) -> None:
    await record(storage, 1)
    one, two = await sign(storage), await sign(storage)
    kept: list[LogHead] = []
    is_open = False

    async def send(head: LogHead) -> None:
        if not is_open:
            raise ConnectionError
        kept.append(head)

    assert await send_heads(storage, send) == 0
    is_open = True
    assert await send_heads(storage, send) == 1  # the other waits for its turn
    clock.advance(timedelta(hours=3))
    assert await send_heads(storage, send) == 1
    assert await send_heads(storage, send) == 0
    assert {head.number for head in kept} == {one.number, two.number}
