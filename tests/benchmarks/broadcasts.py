"""A broadcast to ten thousand people through outbox, workers and pacing, and one tick over thirty thousand open tasks.

The Bot API server runs in a process of its own, enforces strict windows of 30 messages a second, and takes 40 ms for
each call. The database is SQLite on disk, as on one machine.
"""

import asyncio
import json
import os
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from bot.channels.telegram import create_bot
from bot.delivery import Deliveries
from handlers.chat.transaction import Channel, ChatLocks
from handlers.jobs.broadcasts import feed_broadcasts
from handlers.jobs.reminders import plan, remind
from handlers.services import broadcasts
from handlers.services.broadcasts import TypedBroadcast
from knowledge.casework.access import Role
from knowledge.clock import SHANGHAI
from storage.tables.elections import election_task
from storage.unit_of_work import Storage
from tests import databases, factories, processes
from tests.benchmarks.push import TOKEN, read, server
from tests.fakes import FakeClock
from tests.processes import FastClock

PEOPLE = int(os.environ.get("QINGFENG_BROADCAST_PEOPLE", "10000"))
VILLAGES = 500
TASKS_EACH = 60
_MORNING = datetime(2026, 3, 11, 9, 0, tzinfo=SHANGHAI)
_FEED_SECONDS = 5.0  # as the scheduler does


async def broadcast() -> dict[str, float]:
    """Approve and send one broadcast.

    Returns:
        `broadcast_people`, `broadcast_approval_seconds` (recipients are written in it),
        `broadcast_of_30_per_second_whole` (between the first and the last message, as a ratio of 30 a second),
        `broadcast_refusals_429`, `broadcast_marked` (as a ratio of the people).
    """
    with tempfile.TemporaryDirectory() as folder:
        url = databases.sqlite_database(databases.make_sqlite_template(Path(folder)), Path(folder))
        storage = processes.open_storage(url, Path(folder), FastClock(_MORNING, time.monotonic()))
        async with server() as base_url:
            bot = create_bot(TOKEN, base_url)
            try:
                made, approval_seconds = await _approved(storage)
                await _send(
                    storage, Deliveries(storage, {"telegram": Channel("telegram", bot)}, ChatLocks(), None), made
                )
                async with storage.unit_of_work() as uow:
                    progress = await uow.broadcasts.progress(made)
                counts = json.loads(await asyncio.to_thread(read, f"{base_url}/control/counts"))
            finally:
                await bot.session.close()
        await storage.close()
    deliveries = counts["deliveries"]
    return {
        "broadcast_people": PEOPLE,
        "broadcast_approval_seconds": approval_seconds,
        "broadcast_of_30_per_second_whole": (len(deliveries) - 1) / (deliveries[-1][0] - deliveries[0][0]) / 30,
        "broadcast_refusals_429": counts["flood_refusals"],
        "broadcast_marked": progress.get("sent", 0) / PEOPLE,
    }


async def _approved(storage: Storage) -> tuple[int, float]:
    async with storage.unit_of_work() as uow:
        village = (await factories.add_county(uow))[factories.VILLAGE]
        writer = await factories.add_official(uow, Role.TOWNSHIP_STAFF)
        colleague = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
        for chat in range(1, PEOPLE + 1):
            who = await factories.add_person(uow, chat, "telegram")
            await uow.subscriptions.add(who.id, village.id)
        made = await broadcasts.write(
            uow, writer, TypedBroadcast(factories.VILLAGE, "discipline", "不拉票，不送东西。")
        )
        await uow.commit()
    began = time.perf_counter()
    async with storage.unit_of_work() as uow:
        await broadcasts.approve(uow, colleague, made, 1)
        await uow.commit()
    return made, time.perf_counter() - began


async def _send(storage: Storage, deliveries: Deliveries, broadcast_id: int) -> None:
    deliveries.start()
    try:
        while True:
            await feed_broadcasts(storage)
            deliveries.wake()
            await asyncio.sleep(_FEED_SECONDS)
            async with storage.unit_of_work() as uow:
                progress = await uow.broadcasts.progress(broadcast_id)
            if not {"waiting", "queued"} & set(progress):
                return
    finally:
        await deliveries.stop()


async def tick() -> dict[str, float]:
    """One tick of reminders with 500 villages and 30,000 open tasks, on SQLite.

    Returns:
        `tick_open_tasks`; `tick_seconds_slowest` (of the ticks of a morning, in which what has come is written down
        and queued); `tick_seconds_idle` (the quickest: nothing has come); `tick_reminders`, `tick_messages` (what
        they wrote down and queued).
    """
    with tempfile.TemporaryDirectory() as folder:
        url = databases.sqlite_database(databases.make_sqlite_template(Path(folder)), Path(folder))
        clock = FakeClock(_MORNING - timedelta(days=1))
        storage = processes.open_storage(url, Path(folder), clock)  # type: ignore[arg-type]
        await _villages(storage)
        await plan(storage, pages=1_000)
        while await remind(storage):
            pass
        async with storage.unit_of_work() as uow:
            before = len(await uow.reminders.of_people())
        clock.advance(timedelta(days=1))
        spent: list[float] = []
        messages = 0
        for _ in range(16):
            began = time.perf_counter()
            messages += await remind(storage)
            spent.append(time.perf_counter() - began)
            clock.advance(timedelta(seconds=30))
        async with storage.unit_of_work() as uow:
            written = len(await uow.reminders.of_people()) - before
        await storage.close()
    return {
        "tick_open_tasks": VILLAGES * TASKS_EACH,
        "tick_seconds_slowest": max(spent),
        "tick_seconds_idle": min(spent),
        "tick_reminders": written,
        "tick_messages": messages,
    }


async def _villages(storage: Storage) -> None:
    """Villages of ten towns with a clerk each, sixty tasks each over a hundred days around today."""
    async with storage.unit_of_work() as uow:
        await uow.places.add(path=factories.COUNTY, kind="county", name="试验县")
        rows = []
        superior = await factories.add_official(uow, Role.SUPERIOR)
        await uow.officials.set_notice_chat(superior.id, 1)
        for number in range(VILLAGES):
            town = f"{factories.COUNTY}/town{number % 10}"
            if number < 10:
                await uow.places.add(path=town, kind="town", name=f"第{number}镇")
                staff = await factories.add_official(uow, Role.TOWNSHIP_STAFF, town)
                await uow.officials.set_notice_chat(staff.id, 10 + number)
            place = await uow.places.add(path=f"{town}/v{number}", kind="village", name=f"第{number}村")
            clerk = await factories.add_official(uow, Role.VILLAGE_CLERK, place.path)
            await uow.officials.set_notice_chat(clerk.id, 1_000 + number)
            election = await factories.add_election(uow, place, days_ahead=40, due_in=30)
            rows += [
                {
                    "election_id": election,
                    "code": f"task-{n}",
                    "due_on": date(2026, 3, 11) + timedelta(days=(number + 5 * n) % 100 - 20),
                }
                for n in range(TASKS_EACH)
            ]
        for at in range(0, len(rows), 5_000):
            await uow.execute(insert(election_task), rows[at : at + 5_000])
        await uow.commit()


async def measure() -> dict[str, float]:
    """Both."""
    return {**await tick(), **await broadcast()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure()), indent=2))  # noqa: T201 - the figures are its output
