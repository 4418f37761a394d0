"""How fast a broadcast leaves through the pacing, and how long a reply waits meanwhile.

The Bot API server runs in a process of its own (two cores: one each), enforces strict windows of 30
messages a second, and takes 40 ms for each call. Three workers pull the broadcast; a person who writes in
between gets a reply.
"""

import asyncio
import contextlib
import itertools
import json
import random
import statistics
import sys
import urllib.request
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.channels.pacing import Pacing, sending

TOKEN = "1:benchmark"
_PEOPLE = 20_000
_LATENCY_MS = 40
_WORKERS = 3
_REPLY_EVERY_SECONDS = 0.5
_FIRST_REPLIED_TO = 15_000


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bot_api", "--token", TOKEN),
        *("--people", str(_PEOPLE), "--latency-ms", str(_LATENCY_MS)),
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def _broadcast(bot: Bot, chats: Iterator[int]) -> None:
    for chat_id in chats:
        with sending(bulk=True):
            await bot.send_message(chat_id, "提醒：3月8日（星期日）投票。")


async def _reply(bot: Bot, waits_ms: list[float]) -> None:
    loop, pauses = asyncio.get_running_loop(), random.Random(1)  # noqa: S311 - pauses, no secrets
    for chat_id in itertools.count(_FIRST_REPLIED_TO):
        await asyncio.sleep(_REPLY_EVERY_SECONDS * pauses.uniform(0.5, 1.5))  # in step with nothing
        asked = loop.time()
        await bot.send_message(chat_id, "最多 3 张。")
        waits_ms.append((loop.time() - asked) * 1000)


async def _run(base_url: str, seconds: float) -> list[float]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(base_url))
    session.middleware(Pacing())
    waits_ms: list[float] = []
    chats = iter(range(1, _FIRST_REPLIED_TO))
    async with Bot(TOKEN, session=session) as bot:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as work:
                for _ in range(_WORKERS):
                    work.create_task(_broadcast(bot, chats))
                work.create_task(_reply(bot, waits_ms))
    return waits_ms


async def measure(seconds: float = 20) -> dict[str, float]:
    """Broadcast for some seconds and count.

    Returns:
        `messages_of_30_per_second`: everything delivered, broadcast and replies, between the first and the
        last message, as a ratio of 30 a second; `broadcast_of_30_per_second`: the broadcast's share of it;
        `refusals_429`; `reply_wait_median_ms` and `reply_wait_p95_ms`: from asking to the answer of the
        server, whose own 40 ms are in it; `replies`: how many were measured.
    """
    async with server() as base_url:
        waits_ms = await _run(base_url, seconds)
        counts = json.loads(await asyncio.to_thread(read, f"{base_url}/control/counts"))
    deliveries = counts["deliveries"]
    spent = deliveries[-1][0] - deliveries[0][0]
    broadcast = sum(chat_id < _FIRST_REPLIED_TO for _, chat_id in deliveries)
    return {
        "messages_of_30_per_second": (len(deliveries) - 1) / spent / 30,
        "broadcast_of_30_per_second": broadcast / spent / 30,
        "refusals_429": counts["flood_refusals"],
        "reply_wait_median_ms": statistics.median(waits_ms),
        "reply_wait_p95_ms": statistics.quantiles(waits_ms, n=20)[-1],
        "replies": len(waits_ms),
    }


def read(address: str) -> bytes:
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server on loopback
        return bytes(answer.read())


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure()), indent=2))  # noqa: T201 - the figures are its output
