"""Telegram by long polling.

An update is written to `inbound` before Telegram is told that it arrived, so a process killed in between finds it
again: the next start handles what was received and not done.
"""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, Final

import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramAPIError, TelegramConflictError
from aiogram.types import Update

from bot.channels.pacing import Pacing
from storage.unit_of_work import Storage

log = structlog.stdlib.get_logger(__name__)

NAME: Final = "telegram"
POLL_SECONDS: Final = 25
SEND_TIMEOUT_SECONDS: Final = 15.0
AT_ONCE: Final = 32
_WANTED: Final = ["message", "edited_message", "callback_query"]


def create_bot(token: str, api: str | None) -> Bot:
    """The people's bot, paced. `api` is the base address of a Bot API server other than Telegram's own."""
    server = TelegramAPIServer.from_base(api) if api else PRODUCTION
    session = AiohttpSession(api=server, timeout=SEND_TIMEOUT_SECONDS, json_loads=read_json)
    session.middleware(Pacing())
    return Bot(token, session=session)


def read_json(text: str) -> Any:
    """JSON as Telegram sends it. Half of an emoji, which JSON can escape and no text can hold, is a question mark.

    Left as it is, one such message could neither be written down nor be told to have arrived, and would stop the rest.
    """
    data = json.loads(text)
    if "\\ud" in text.lower():  # only then can there be one
        data = json.loads(json.dumps(data, ensure_ascii=False).encode(errors="replace"))
    return data


class Polling:
    """Asks for updates, writes them down, feeds them to the Dispatcher."""

    def __init__(self, storage: Storage, dispatcher: Dispatcher, bot: Bot) -> None:
        self._storage = storage
        self._dispatcher = dispatcher
        self._bot = bot
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Poll until cancelled; first, finish what an earlier process left."""
        await self._resume()
        offset: int | None = None
        failures = 0
        while True:
            try:
                updates = await self._bot.get_updates(
                    offset=offset,
                    timeout=POLL_SECONDS,
                    allowed_updates=_WANTED,
                    request_timeout=POLL_SECONDS + int(SEND_TIMEOUT_SECONDS),
                )
                if updates:
                    await self._receive(updates)
                    offset = updates[-1].update_id + 1
                failures = 0
            except TelegramConflictError:
                log.error("telegram_another_process_polls_with_our_token")  # noqa: TRY400
                await asyncio.sleep(10)
            except (TelegramAPIError, OSError, TimeoutError) as error:
                failures += 1
                log.warning("telegram_poll_failed", error=type(error))
                await asyncio.sleep(min(30.0, 2.0**failures))

    async def stop(self) -> None:
        """Wait for the updates under way."""
        if self._running:
            await asyncio.wait(self._running, timeout=5)

    async def _resume(self) -> None:
        async with self._storage.unit_of_work() as uow:
            left = await uow.people.unfinished(self._bot.id)
        for payload in left:
            update = Update.model_validate_json(payload, context={"bot": self._bot})
            await self._start(self._feed(update))

    async def _receive(self, updates: list[Update]) -> None:
        updates = [update for update in updates if _is_private(update)]
        async with self._storage.unit_of_work() as uow:
            await uow.people.receive(
                self._bot.id,
                {update.update_id: update.model_dump_json(exclude_none=True, by_alias=True) for update in updates},
            )
            await uow.commit()
        for update in updates:
            await self._start(self._feed(update))

    async def _feed(self, update: Update) -> None:
        try:
            await self._dispatcher.feed_update(self._bot, update)
        except Exception:
            log.exception("telegram_update_failed", update=update.update_id)

    async def _start(self, work: Coroutine[None, None, None]) -> None:
        await self._slots.acquire()
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._slots.release()


def _is_private(update: Update) -> bool:
    """Whether one person wrote; what is said in a group is neither answered nor written down."""
    query = update.callback_query
    message = update.message or update.edited_message or (query.message if query else None)
    return message is not None and message.chat.type == ChatType.PRIVATE
