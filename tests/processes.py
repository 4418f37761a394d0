"""Real processes for tests that kill them: a deliverer of broadcasts, and a scheduler whose clock runs fast.

A fork server imports everything once, so that a life begins in a tenth of a second. What a newcomer gets wrong: these
run in another process. They are handed addresses and numbers, never an object of the test.
"""

import asyncio
import multiprocessing
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.channels.pace import Pace
from bot.channels.pacing import Pacing
from bot.delivery import Deliveries
from bot.scheduler import REMIND_SECONDS
from handlers.chat.transaction import Channel, ChatLocks
from handlers.jobs.broadcasts import feed_broadcasts
from handlers.jobs.reminders import remind
from knowledge.elections.plan_files import load_plan_content
from knowledge.elections.reminders import load_reminders
from storage.engine import Database
from storage.files import FileStore
from storage.leases import Lease
from storage.unit_of_work import Storage
from storage.vault import KeyRing

log = structlog.stdlib.get_logger(__name__)

KEYS: Final = bytes(range(32))
NO_PACE: Final = Pace(overall_seconds=0.0, overall_window=0.0, chat_rest=0.0)
FEED_SECONDS: Final = 0.05

load_plan_content()  # read once by the fork server, and not in a life that is shorter than the reading
load_reminders()


@dataclass(frozen=True)
class FastClock:
    """`start` at the monotonic second `began`, and so many times as fast; every process reads the same."""

    start: datetime
    began: float
    factor: float = 1.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.monotonic() - self.began) * self.factor)


def open_storage(url: str, folder: Path, clock: FastClock) -> Storage:
    keys = KeyRing(KEYS)
    return Storage(Database(url), keys, FileStore(folder / "files", keys), clock)


def begin(target: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """A new life of a process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


async def end(process: BaseProcess) -> None:
    """SIGKILL: nothing is flushed, nothing is told."""
    process.kill()
    await asyncio.to_thread(process.join)


def deliver(url: str, folder: str, clock: FastClock, api: str, token: str, paced: bool) -> None:
    """Send a broadcast until killed."""
    asyncio.run(_deliver(open_storage(url, Path(folder), clock), api, token, paced=paced))


async def _deliver(storage: Storage, api: str, token: str, *, paced: bool) -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(api))
    session.middleware(Pacing() if paced else Pacing(NO_PACE))
    async with Bot(token, session=session) as bot:
        deliveries = Deliveries(storage, {"telegram": Channel("telegram", bot)}, ChatLocks(), None)
        deliveries.start()
        while True:
            try:
                await feed_broadcasts(storage)
            except Exception:
                log.exception("tick_failed")
            deliveries.wake()
            await asyncio.sleep(FEED_SECONDS)


def schedule(url: str, folder: str, clock: FastClock) -> None:
    """Plan and queue reminders while holding the lease, until killed."""
    asyncio.run(_schedule(open_storage(url, Path(folder), clock), clock))


async def _schedule(storage: Storage, clock: FastClock) -> None:
    lease = Lease(storage, secrets.token_hex(4))
    while True:
        try:
            if await lease.renew():
                await remind(storage)
        except Exception:
            log.exception("tick_failed")  # as the scheduler does: the next tick finds the same rows
        await asyncio.sleep(REMIND_SECONDS / 4 / clock.factor)
