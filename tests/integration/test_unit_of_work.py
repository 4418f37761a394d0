"""One unit of work, one commit: what was acknowledged is stored, what was not leaves no trace."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage.errors import RuleRefused
from storage.repositories.people import UpdateKey
from storage.tables.conversations import inbound, person
from storage.tables.officials import place
from storage.tables.records import event as event_table
from storage.tables.records import inquiry
from storage.unit_of_work import Storage
from tests import factories

BOT = 7


@contextmanager
def commits(storage: Storage) -> Iterator[list[None]]:
    """Counts the write transactions committed meanwhile."""
    counted: list[None] = []

    def count(_connection: object) -> None:
        counted.append(None)

    event.listen(storage.database.writer.sync_engine, "commit", count)
    yield counted
    event.remove(storage.database.writer.sync_engine, "commit", count)


async def handled(storage: Storage) -> int:
    async with storage.unit_of_work() as uow:
        return int((await uow.read(select(func.count()).select_from(inbound)))[0][0])


async def append_one(storage: Storage, number: int) -> None:
    async with storage.unit_of_work() as uow:
        uow.people.append_done(UpdateKey(BOT, number))
        await uow.commit()


async def test_units_that_only_append_share_commits_and_others_commit_alone(storage: Storage) -> None:
    with commits(storage) as together:
        await asyncio.gather(*(append_one(storage, number) for number in range(60)))
    assert await handled(storage) == 60
    assert 1 <= len(together) <= 3

    async def write(number: int) -> None:
        async with storage.unit_of_work() as uow:
            await uow.people.mark_done(UpdateKey(BOT, number))
            await uow.commit()

    with commits(storage) as alone:
        await asyncio.gather(*(write(number) for number in range(100, 120)))
    assert len(alone) == 20
    assert await handled(storage) == 80


async def test_more_rows_than_one_batch_holds_are_all_there_when_each_caller_is_told(storage: Storage) -> None:
    async def append_and_look(number: int) -> bool:
        await append_one(storage, number)
        async with storage.unit_of_work() as uow:
            return bool(await uow.read(select(inbound.c.update_id).where(inbound.c.update_id == number)))

    assert all(await asyncio.gather(*(append_and_look(number) for number in range(150))))


async def test_one_callers_bad_row_fails_that_caller_alone(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        who = await factories.add_person(uow)
        await uow.commit()

    async def ask(person_id: int) -> None:
        async with storage.unit_of_work() as uow:
            uow.inquiries.log(
                person_id=person_id, question="哪天选？", entry_id=None, score=0, state="waiting", place_id=None
            )
            await uow.commit()

    results = await asyncio.gather(*(ask(who.id if n != 4 else 999) for n in range(9)), return_exceptions=True)
    assert [isinstance(result, IntegrityError) for result in results] == [n == 4 for n in range(9)]
    async with storage.unit_of_work() as uow:
        assert (await uow.read(select(func.count()).select_from(inquiry)))[0][0] == 8


async def test_neighbours_rows_of_different_shapes_keep_all_their_columns(storage: Storage) -> None:
    now = storage.clock.now()

    async def append(number: int, **more: object) -> None:
        async with storage.unit_of_work() as uow:
            uow.append(inbound, bot_id=BOT, update_id=number, received_at=now, **more)
            await uow.commit()

    await asyncio.gather(append(1), append(2, payload_sealed=b"words"), append(3, done_at=now))
    async with storage.unit_of_work() as uow:
        rows = await uow.read(select(inbound.c.payload_sealed, inbound.c.done_at).order_by(inbound.c.update_id))
    assert [tuple(row) for row in rows] == [(None, None), (b"words", None), (None, now)]


async def test_a_refused_appended_row_is_an_error_with_a_code(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        uow.append(
            event_table,
            id=17,
            at=storage.clock.now(),
            actor="a",
            act="b",
            subject="c",
            detail={},
            previous_hash="0" * 64,
            hash="1" * 64,
            seal=bytes(32),
            seal_key="k",
        )
        with pytest.raises(RuleRefused, match="event_chain"):
            await uow.commit()


async def test_rows_show_only_after_the_commit_but_at_once_to_their_own_unit(storage: Storage) -> None:
    names = select(place.c.name)
    async with storage.unit_of_work() as uow:
        await uow.places.add(path="cn/x", kind="county", name="试验县")
        assert [row.name for row in await uow.read(names)] == ["试验县"]
        async with storage.unit_of_work() as other:
            assert await other.read(names) == []
        await uow.commit()
    async with storage.unit_of_work() as other:
        assert [row.name for row in await other.read(names)] == ["试验县"]


@pytest.mark.parametrize("by_error", [False, True])
async def test_leaving_without_commit_drops_everything_and_wakes_nobody(storage: Storage, by_error: bool) -> None:
    woken: list[str] = []

    async def leave() -> None:
        async with storage.unit_of_work() as uow:
            await factories.add_county(uow)
            await uow.log.record(actor="system", act="tried", subject="x")
            uow.people.append_done(UpdateKey(BOT, 1))
            uow.after_commit(lambda: woken.append("woken"))
            if by_error:
                raise LookupError

    if by_error:
        with pytest.raises(LookupError):
            await leave()
    else:
        await leave()
    assert await handled(storage) == 0
    async with storage.unit_of_work() as uow:
        assert await uow.places.all_of("county", "village") == []
        assert await uow.read(select(event_table.c.id)) == []
        uow.after_commit(lambda: woken.append("this time"))
        await factories.add_county(uow)
        await uow.commit()
    assert woken == ["this time"]


async def test_appended_and_executed_rows_of_one_unit_are_one_commit_all_or_none(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        await uow.places.add(path="cn/x", kind="county", name="试验县")
        uow.inquiries.log(person_id=999, question="?", entry_id=None, score=0, state="waiting", place_id=None)
        with pytest.raises(DBAPIError):
            await uow.commit()
    async with storage.unit_of_work() as uow:
        assert await uow.places.all_of("county") == []
    with commits(storage) as counted:
        async with storage.unit_of_work() as uow:
            await uow.places.add(path="cn/x", kind="county", name="试验县")
            uow.people.append_done(UpdateKey(BOT, 1))
            await uow.commit()
    assert (len(counted), await handled(storage)) == (1, 1)


async def test_many_writers_at_once_all_get_through_and_lose_no_update(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        await factories.add_person(uow)
        await uow.execute(text("UPDATE person SET created_at = created_at"))
        await uow.commit()

    async def count_up(number: int) -> None:
        async with storage.unit_of_work() as uow:
            await uow.read(select(person.c.id))
            await uow.execute(text("UPDATE person SET place_id = NULL, state = COALESCE(state, '') || '.'"))
            uow.people.append_done(UpdateKey(BOT, number))
            await uow.commit()

    async with asyncio.timeout(20):
        await asyncio.gather(
            *(count_up(number) for number in range(40)), *(append_one(storage, n) for n in range(100, 140))
        )
    async with storage.unit_of_work() as uow:
        assert (await uow.read(select(person.c.state)))[0].state == "." * 40
    assert await handled(storage) == 80


async def test_a_cancelled_writer_leaves_the_way_free_for_the_next(storage: Storage) -> None:
    entered = asyncio.Event()

    async def hold() -> None:
        async with storage.unit_of_work() as uow:
            await uow.execute(insert(place).values(path="cn/x", kind="county", name="x"))
            entered.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await entered.wait()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder
    async with asyncio.timeout(5), storage.unit_of_work() as uow:
        assert len(await factories.add_county(uow)) == 6
        await uow.commit()
    async with storage.unit_of_work() as uow:
        assert await uow.places.by_path("cn/x") is None
