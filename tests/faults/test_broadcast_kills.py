"""A broadcast whose process is killed twenty times, and two schedulers of which one is killed again and again.

By day few people and no pace; QINGFENG_BROADCAST_PEOPLE=10000 takes Telegram's limits and ten thousand. At night the
schedulers run for ten minutes.
"""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.delivery import BULK_WORKERS
from handlers.services import broadcasts
from handlers.services.broadcasts import TypedBroadcast
from knowledge.casework.access import Role
from knowledge.clock import SHANGHAI
from storage import outbox
from storage.repositories.officials import Official
from storage.repositories.reminders import NewReminder
from storage.tables.records import outbox as outbox_table
from storage.tables.reminders import broadcast_recipient, reminder
from storage.unit_of_work import Storage
from tests import factories, processes
from tests.bot_api import BotApiServer, Limits
from tests.processes import FastClock

FULL = "QINGFENG_BROADCAST_PEOPLE" in os.environ
PEOPLE = int(os.environ.get("QINGFENG_BROADCAST_PEOPLE", "200"))
KILLS = 20
BLOCKED = 3
TOKEN = "800800:broadcasts_of_the_test_county_1234567890"
MORNING = datetime(2026, 3, 11, 9, 0, tzinfo=SHANGHAI)
LIFE = outbox.CLAIM + timedelta(seconds=1)  # what a dead worker claimed is free again in the next life
AT_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SECONDS, FACTOR = (600, 100) if AT_NIGHT else (6, 100)
TASKS = 40
EXTRA = 120


async def approved(storage: Storage, people: int) -> int:
    """A broadcast to so many people on Telegram, approved by a colleague."""
    async with storage.unit_of_work() as uow:
        village = (await factories.add_county(uow))[factories.VILLAGE]
        writer = await factories.add_official(uow, Role.TOWNSHIP_STAFF)
        colleague = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
        for chat in range(1, people + 1):
            who = await factories.add_person(uow, chat, "telegram")
            if chat == 1:
                await uow.begin()
            await uow.subscriptions.add(who.id, village.id)
        typed = TypedBroadcast(factories.VILLAGE, "discipline", "不拉票，不送东西。")
        made = await broadcasts.write(uow, writer, typed)
        assert await broadcasts.approve(uow, colleague, made, 1) == people
        await uow.commit()
    return made


async def states(storage: Storage, broadcast_id: int) -> dict[str, int]:
    async with storage.unit_of_work() as uow:
        return await uow.broadcasts.progress(broadcast_id)


@pytest.mark.slow
async def test_n15_a_broadcast_killed_twenty_times_reaches_everybody_and_repeats_at_most_what_was_in_hand(
    sqlite_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(15)  # noqa: S311 - moments of death
    storage = processes.open_storage(sqlite_url, tmp_path, FastClock(MORNING, time.monotonic()))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        api = await stack.enter_async_context(BotApiServer(latency_seconds=0.04 if FULL else 0.003))
        account = api.add_bot(TOKEN)
        if not FULL:
            api.limits = Limits().relaxed()
        for chat in range(1, PEOPLE + 1):
            user = api.user(chat)
            if chat <= BLOCKED:
                user.block()
        made = await approved(storage, PEOPLE)
        for life in range(KILLS + 1):
            clock = FastClock(MORNING + life * LIFE, time.monotonic())
            process = processes.begin(processes.deliver, sqlite_url, str(tmp_path), clock, api.base_url, TOKEN, FULL)
            wanted = len(account.deliveries) + chance.randint(1, PEOPLE // (KILLS + 1))
            try:
                if life < KILLS:
                    await _until(lambda wanted=wanted: len(account.deliveries) >= wanted)
                else:
                    await _settled(storage, made)
            finally:
                await processes.end(process)
        reached = Counter(one.chat_id for one in account.deliveries)
        repeated = sum(reached.values()) - len(reached)
        record_property("repeated", repeated)
        print(f"{PEOPLE} people, {KILLS} kills: {repeated} messages repeated")  # noqa: T201 - the count is reported
        assert await states(storage, made) == {"sent": PEOPLE - BLOCKED, "unreachable": BLOCKED}
        assert set(reached) == set(range(BLOCKED + 1, PEOPLE + 1))
        assert repeated <= KILLS * BULK_WORKERS
        async with storage.unit_of_work() as uow:
            marked = select(func.count()).where(outbox_table.c.sent_at.is_not(None))
            assert (await uow.read(marked))[0][0] == PEOPLE - BLOCKED
            queued = select(func.count(broadcast_recipient.c.outbox_id.distinct()))
            assert (await uow.read(queued))[0][0] == PEOPLE


async def _until(holds: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - another process is what is waited for
            await asyncio.sleep(0.002)


async def _settled(storage: Storage, broadcast_id: int) -> None:
    async with asyncio.timeout(60 + PEOPLE / 20):
        while {"waiting", "queued"} & set(await states(storage, broadcast_id)):  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.05)


# Two schedulers


async def _town(storage: Storage, clock: FastClock) -> list[Official]:
    """Tasks due today for a clerk and the town's staff, and reminders that come due one after another."""
    async with storage.unit_of_work() as uow:
        village = (await factories.add_county(uow))[factories.VILLAGE]
        clerk = await factories.add_official(uow, Role.VILLAGE_CLERK, factories.VILLAGE)
        staff = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN)
        for number, one in enumerate((clerk, staff), 900):
            await uow.officials.set_notice_chat(one.id, number)
        election = await factories.add_election(uow, village, days_ahead=100, due_in=90)
        far = date(2026, 12, 1)
        for number in range(TASKS):
            await factories.add_task(uow, election, f"due-{number}", clock.start.date())
        await factories.add_task(uow, election, "far", far)
        task = next(one for one in await uow.elections.tasks(election) if one.code == "far")
        chance = random.Random(8)  # noqa: S311 - moments
        for number in range(EXTRA):
            at = clock.start + timedelta(seconds=chance.uniform(0, 0.8 * SECONDS * FACTOR))
            stage = f"R{number}/{far}"
            await uow.reminders.add(
                [NewReminder(f"task/{task.id}", stage, "handler", at.date(), at, official_id=clerk.id)]
            )
        await uow.commit()
    return [clerk, staff]


@pytest.mark.slow
async def test_n9_two_schedulers_of_which_one_is_killed_again_and_again_miss_and_double_nothing(
    postgresql_url: str, tmp_path: Path
) -> None:
    """Ten minutes of compressed time by day (100 times as fast); sixteen hours of it, in ten minutes, at night."""
    chance = random.Random(9)  # noqa: S311 - moments of death
    clock = FastClock(datetime(2026, 3, 11, 8, 0, tzinfo=SHANGHAI), time.monotonic(), FACTOR)
    storage = processes.open_storage(postgresql_url, tmp_path, clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        clerk, staff = await _town(storage, clock)
        clock = FastClock(clock.start, time.monotonic(), FACTOR)
        alive = [processes.begin(processes.schedule, postgresql_url, str(tmp_path), clock) for _ in range(2)]
        kills, ends_at = 0, time.monotonic() + SECONDS
        try:
            while time.monotonic() < ends_at:
                await asyncio.sleep(chance.uniform(0.1, 0.5))
                at = chance.randrange(2)
                await processes.end(alive[at])
                alive[at] = processes.begin(processes.schedule, postgresql_url, str(tmp_path), clock)
                kills += 1
            await asyncio.sleep(1.5)  # what was interrupted last is made up for
        finally:
            for one in alive:
                await processes.end(one)
        async with storage.unit_of_work() as uow:
            rows = await uow.reminders.of_people()
            sealed = await uow.read(select(outbox_table.c.payload_sealed))
            unqueued = await uow.read(select(reminder.c.id).where(reminder.c.queued_at.is_(None)))
    said = [json.loads(storage.keys.open_text(outbox.PURPOSE, row.payload_sealed)) for row in sealed]
    told = Counter(number for one in said for item in one["data"]["items"] for number in item["ids"])
    today = f"T/{clock.start.date()}"
    assert kills >= SECONDS
    assert unqueued == []
    assert set(told) == {one.id for one in rows}
    assert set(told.values()) == {1}
    due = Counter(one.official_id for one in rows if one.stage == today)
    assert due == {clerk.id: TASKS, staff.id: TASKS}
    assert len(rows) == EXTRA + 2 * TASKS if not AT_NIGHT else len(rows) >= EXTRA + 2 * TASKS
