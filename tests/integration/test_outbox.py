"""The outbox: one row of one cause, one worker at a time, never lost, never again once marked."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from storage import outbox
from storage.outbox import CLAIM, Delivery, Recipient
from storage.tables.records import outbox as table
from storage.unit_of_work import Storage
from tests.fakes import FakeClock

SOMEBODY = Recipient("telegram", 20_001)


async def put(storage: Storage, *keys: str, **values: Any) -> list[int | None]:
    async with storage.unit_of_work() as uow:
        payload = {"notice": "x", "data": {"字": "选举"}}
        ids = [
            await uow.outbox.put(kind="status", dedupe_key=key, recipient=SOMEBODY, payload=payload, **values)
            for key in keys
        ]
        await uow.commit()
    return ids


async def claim(storage: Storage, worker: str = "one", limit: int = 100) -> list[Delivery]:
    return await outbox.claim(storage, worker=worker, limit=limit)


async def test_one_cause_makes_one_row_in_one_unit_across_units_and_at_once(storage: Storage) -> None:
    first, again = await put(storage, "a", "a")
    assert first is not None
    assert again is None
    assert await put(storage, "a") == [None]
    at_once = await asyncio.gather(*(put(storage, "b") for _ in range(12)))
    assert sum(found is not None for (found,) in at_once) == 1
    assert len(await claim(storage)) == 2


async def test_a_claimed_row_tells_whom_and_what_and_neither_stands_in_the_database(storage: Storage) -> None:
    (row_id,) = await put(storage, "a")
    (found,) = await claim(storage)
    assert (found.id, found.kind, found.recipient, found.attempts) == (row_id, "status", SOMEBODY, 1)
    assert found.payload == {"notice": "x", "data": {"字": "选举"}}
    async with storage.unit_of_work() as uow:
        (row,) = await uow.read(select(table))
    assert not [
        value for value in row if "20001" in str(value) or (isinstance(value, bytes) and "选举".encode() in value)
    ]


async def test_ten_workers_share_two_hundred_rows_and_no_row_goes_to_two(storage: Storage) -> None:
    ids = await put(storage, *(f"row/{number}" for number in range(200)))

    async def work(name: str) -> list[int]:
        taken: list[int] = []
        while batch := await claim(storage, name, 7):
            taken += [delivery.id for delivery in batch]
            await asyncio.gather(*(outbox.mark_sent(storage, delivery.id) for delivery in batch))
        return taken

    shares = await asyncio.gather(*(work(f"worker/{number}") for number in range(10)))
    taken = Counter(row for share in shares for row in share)
    assert set(taken) == set(ids)
    assert set(taken.values()) == {1}
    assert await claim(storage) == []


async def test_a_dead_workers_claim_runs_out_and_the_row_is_taken_again(storage: Storage, clock: FakeClock) -> None:
    await put(storage, "a")
    assert len(await claim(storage, "dead")) == 1
    assert await claim(storage, "two") == []
    clock.advance(CLAIM)
    assert await claim(storage, "two") == []
    clock.advance(timedelta(seconds=1))
    (again,) = await claim(storage, "two")
    assert again.attempts == 2


async def test_a_row_handed_to_its_writer_is_not_taken_by_a_worker_until_the_writer_is_dead(
    storage: Storage, clock: FakeClock
) -> None:
    await put(storage, "reply", claimed_by="request")
    assert await claim(storage) == []
    clock.advance(CLAIM + timedelta(seconds=1))
    assert len(await claim(storage)) == 1


async def test_a_row_waits_for_its_time_and_rows_go_out_in_the_order_they_were_written(
    storage: Storage, clock: FakeClock
) -> None:
    (later,) = await put(storage, "later", available_at=clock.now() + timedelta(minutes=5))
    first, second, third = await put(storage, "1", "2", "3")
    assert [found.id for found in await claim(storage, limit=2)] == [first, second]
    assert [found.id for found in await claim(storage)] == [third]
    clock.advance(timedelta(minutes=5))
    assert (await claim(storage))[0].id == later


async def test_a_row_put_back_waits_longer_each_time_up_to_an_hour(storage: Storage, clock: FakeClock) -> None:
    await put(storage, "a")
    for attempt, seconds in enumerate((5, 15, 60, 300, 900, 3600, 3600), 1):
        (found,) = await claim(storage)
        assert found.attempts == attempt
        await outbox.put_back(storage, found, reason="TelegramServerError" * 20)
        clock.advance(timedelta(seconds=seconds - 1))
        assert await claim(storage) == [], attempt
        clock.advance(timedelta(seconds=1))
    async with storage.unit_of_work() as uow:
        (row,) = await uow.read(select(table.c.last_error))
    assert len(row.last_error) == 200


async def test_a_sent_row_never_leaves_again_and_a_failed_one_stays_with_its_reason(
    storage: Storage, clock: FakeClock
) -> None:
    await put(storage, "sent", "failed")
    sent, failed = await claim(storage)
    await outbox.mark_sent(storage, sent.id)
    await outbox.mark_failed(storage, failed.id, reason="TelegramForbiddenError")
    await outbox.put_back(storage, sent, reason="a late exception")
    clock.advance(timedelta(days=400))
    assert await claim(storage) == []
    async with storage.unit_of_work() as uow:
        rows = {row.dedupe_key: row for row in await uow.read(select(table))}
    assert rows["sent"].sent_at is not None
    assert (rows["failed"].sent_at, rows["failed"].last_error) == (None, "TelegramForbiddenError")
    assert await put(storage, "sent", "failed") == [None, None]


async def test_a_row_whose_cause_was_not_committed_never_was(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        await uow.outbox.put(kind="status", dedupe_key="a", recipient=SOMEBODY, payload={})
    assert await claim(storage) == []
    assert (await put(storage, "a"))[0] is not None
