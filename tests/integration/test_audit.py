"""The event log: it only grows, and whoever changes it behind the rules' back is found out.

Tampering is done as the tables' owner with the rules switched off: what an administrator with a shell could do.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from storage import audit
from storage.engine import Database
from storage.tables.records import event
from storage.unit_of_work import Storage
from tests import databases
from tests.fakes import FakeClock

Rows = list[dict[str, Any]]
EVENTS = 24


async def record(storage: Storage, number: int) -> None:
    async with storage.unit_of_work() as uow:
        await uow.log.record(
            actor=f"official/{number % 5}",
            act="case_read",
            subject=f"case/{number}",
            number=number,
            字="选举",
            at=[1, None],
        )
        await uow.commit()


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
    sqlite_triggers = ("event_no_update", "event_no_delete", "event_chain")
    statements = (
        [f"DROP TRIGGER {name}" for name in sqlite_triggers]
        if opened.is_sqlite
        else ["ALTER TABLE event DISABLE TRIGGER USER"]
    )
    async with opened.writing() as connection:
        for statement in statements:
            await connection.execute(text(statement))
        await connection.commit()
    yield opened
    await opened.close()


async def rewrite(owner: Database, rows: Rows) -> None:
    async with owner.writing() as connection:
        await connection.execute(text("DELETE FROM event"))
        if rows:
            await connection.execute(insert(event), rows)
        await connection.commit()


def chained(rows: Rows) -> Rows:
    """The rows numbered and hashed anew, as a careful forger would."""
    previous, forged = "", []
    for number, row in enumerate(rows, 1):
        fields = {name: row[name] for name in ("at", "actor", "act", "subject", "detail")}
        digest = audit.event_hash(previous, id=number, **fields)
        forged.append({**fields, "id": number, "previous_hash": previous, "hash": digest})
        previous = digest
    return forged


def edited(rows: Rows, chance: random.Random) -> Rows:
    at = chance.randrange(len(rows))
    row = rows[at]
    column = chance.choice(["actor", "act", "subject", "detail", "at", "hash", "previous_hash", "deep"])
    changed: Any
    if column == "at":
        changed = row["at"] + timedelta(microseconds=chance.randint(1, 10**9))
    elif column == "detail":
        changed = {**row["detail"], chance.choice(["number", "new"]): chance.randint(1000, 9999)}
    elif column == "deep":
        column, changed = "detail", {**row["detail"], "at": [1, 0]}
    elif column in ("hash", "previous_hash"):
        changed = f"{chance.getrandbits(256):064x}"
    else:
        changed = row[column] + chance.choice("x 1")
    return [*rows[:at], {**row, column: changed}, *rows[at + 1 :]]


def deleted(rows: Rows, chance: random.Random) -> Rows:
    at = chance.randrange(len(rows) - 1)  # the last one is a cut, which has its own test
    return rows[:at] + rows[at + 1 :]


def deleted_and_closed_up(rows: Rows, chance: random.Random) -> Rows:
    left = deleted(rows, chance)
    return [{**row, "id": number} for number, row in enumerate(left, 1)]


def inserted(rows: Rows, chance: random.Random) -> Rows:
    at = chance.randrange(len(rows))
    fields = {**rows[at], "subject": f"case/{chance.randint(1000, 9999)}"}
    before = rows[at - 1]["hash"] if at else ""
    content = {name: fields[name] for name in ("at", "actor", "act", "subject", "detail")}
    fields["previous_hash"], fields["hash"] = before, audit.event_hash(before, id=at + 1, **content)
    return [{**row, "id": n} for n, row in enumerate([*rows[:at], fields, *rows[at:]], 1)]


def reordered(rows: Rows, chance: random.Random) -> Rows:
    one, other = sorted(chance.sample(range(len(rows)), 2))
    swapped = [*rows]
    swapped[one], swapped[other] = rows[other], rows[one]
    return [{**row, "id": number} for number, row in enumerate(swapped, 1)]


def reordered_in_content_only(rows: Rows, chance: random.Random) -> Rows:
    one, other = chance.sample(range(len(rows)), 2)
    kept = ("id", "hash", "previous_hash")
    swapped = [*rows]
    swapped[one] = {**rows[other], **{name: rows[one][name] for name in kept}}
    swapped[other] = {**rows[one], **{name: rows[other][name] for name in kept}}
    return swapped


WAYS: tuple[Callable[[Rows, random.Random], Rows], ...] = (
    edited,
    deleted,
    deleted_and_closed_up,
    inserted,
    reordered,
    reordered_in_content_only,
)


async def test_the_chain_grows_without_a_gap_though_forty_write_at_once(storage: Storage) -> None:
    assert (await audit.verify(storage.database)).events == 0
    assert await audit.head(storage.database) == ""
    await asyncio.gather(*(record(storage, number) for number in range(40)))
    report = await audit.verify(storage.database)
    assert (report.events, report.fault, report.head) == (40, None, await audit.head(storage.database))
    rows = await rows_of(storage)
    assert [row["id"] for row in rows] == list(range(1, 41))
    assert {row["detail"]["number"] for row in rows} == set(range(40))


#: What the application's role might try.
REFUSED = (
    "UPDATE event SET actor = 'x' WHERE id = 3",
    "UPDATE event SET detail = detail",
    "DELETE FROM event WHERE id = 24",
    "DELETE FROM event",
    "INSERT INTO event SELECT 99, at, actor, act, subject, detail, previous_hash, 'h' FROM event WHERE id = 24",
    "INSERT INTO event SELECT 25, at, actor, act, subject, detail, previous_hash, 'h' FROM event WHERE id = 24",
    (
        "INSERT INTO event SELECT 3, at, actor, act, subject, detail, previous_hash, 'h' FROM event WHERE id = 3 "
        "ON CONFLICT (id) DO UPDATE SET actor = 'x'"
    ),
)


async def test_the_application_can_only_add_at_the_end(storage: Storage, chain: Rows) -> None:
    for statement in REFUSED:
        async with storage.database.writing() as connection:
            with pytest.raises(DBAPIError, match=r"qf:(append_only|event_chain)"):
                await connection.execute(text(statement))
    assert await rows_of(storage) == chain


async def test_two_hundred_random_forgeries_are_each_found(storage: Storage, chain: Rows, owner: Database) -> None:
    chance = random.Random(20260311)  # noqa: S311 - a seed, so that a failure can be repeated
    for turn in range(200):
        way = WAYS[turn % len(WAYS)]
        forged = way(chain, chance)
        assert forged != chain, way.__name__
        await rewrite(owner, forged)
        report = await audit.verify(storage.database)
        assert report.fault is not None, (turn, way.__name__)
    await rewrite(owner, chain)
    assert (await audit.verify(storage.database)).fault is None


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
    await rewrite(owner, edited(chain, random.Random(1)))  # noqa: S311 - any forgery does
    for _ in range(3):
        assert (await audit.verify(storage.database)).fault is not None
    assert storage.database.reader.pool.checkedout() == 0


async def test_a_cut_off_end_and_a_chain_written_anew_are_found_only_with_a_head_noted_elsewhere(
    storage: Storage, chain: Rows, owner: Database
) -> None:
    head = await audit.head(storage.database)
    anew = chained([{**row, "actor": "official/99"} if row["id"] == 3 else row for row in chain])
    for forged in (chain[:-1], chain[:10], [], anew):
        await rewrite(owner, forged)
        assert (await audit.verify(storage.database)).fault is None
        found = (await audit.verify(storage.database, published_head=head)).fault
        assert found is not None
        assert "published head" in found.fault


async def test_a_head_noted_earlier_still_stands_in_a_log_that_has_grown(storage: Storage, chain: Rows) -> None:
    head = await audit.head(storage.database)
    await record(storage, 99)
    assert (await audit.verify(storage.database, published_head=head)).fault is None
    assert (await audit.verify(storage.database, published_head="0" * 64)).fault is not None
