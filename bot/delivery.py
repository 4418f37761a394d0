"""Sending what the outbox holds: a few workers pull, each row is claimed, sent, marked.

A reply is sent by the request that caused it, right after its commit; the workers send everything else, and what a
dead process left behind. Reminders and broadcasts have workers of their own, in the one process that holds the
scheduler's lease: Telegram's limits are one bot's, and nothing anybody waits for stands behind ten thousand rows.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

import structlog
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
)
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod
from sqlalchemy import update

from bot.channels.errors import NoticeTokenRejected, OfficialUnreachable
from bot.channels.pacing import sending
from handlers.chat import texts
from handlers.chat.reply import Reply, methods
from handlers.chat.transaction import Channel, ChatLocks, History
from handlers.services.notices import OFFICIALS_CHANNEL
from storage import outbox
from storage.outbox import Delivery
from storage.tables.records import outbox as outbox_table
from storage.unit_of_work import Storage

log = structlog.stdlib.get_logger(__name__)

WORKERS: Final = 3
#: They send what nobody waits for; so many that the network's delay does not slow a broadcast down (200 ms at 30/s).
BULK_WORKERS: Final = 6
BATCH: Final = 10
_NEVER: Final = (
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramMigrateToChat,
    TelegramBadRequest,
    OfficialUnreachable,
    NoticeTokenRejected,
)
#: Sent again when it is not known whether it arrived: a repeated reminder does less harm than a lost one.
_REPEATABLE: Final = frozenset({"reminder", "status", "reply"})


class NoticeSender(Protocol):
    """The officials' push-only bot."""

    async def send(self, chat_id: int, text: str) -> None:
        """Send one notice."""
        ...


class Deliveries:
    """Sends rows, and runs the workers."""

    def __init__(
        self,
        storage: Storage,
        channels: dict[str, Channel],
        locks: ChatLocks,
        officials: NoticeSender | None,
        may_send_bulk: Callable[[], bool] = lambda: True,
    ) -> None:
        self._storage = storage
        self._channels = channels
        self._locks = locks
        self._officials = officials
        self._may_send_bulk = may_send_bulk
        self._wake = asyncio.Event()
        self._name = secrets.token_hex(4)
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    def start(self) -> None:
        """Start the workers."""
        self._tasks = [
            asyncio.create_task(self._work(f"{self._name}/{n}", bulk=n >= WORKERS), name="delivery")
            for n in range(WORKERS + BULK_WORKERS)
        ]

    async def stop(self) -> None:
        """Stop the workers; a row under way is sent again later if it was not marked."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def drain(self, worker: str = "drain", *, bulk: bool | None = None) -> int:
        """Send all that is due now, of one sort or both; returns how many rows were taken."""
        taken = 0
        while not bulk or self._may_send_bulk():
            batch = await outbox.claim(self._storage, worker=worker, limit=BATCH, bulk=bulk)
            if not batch:
                break
            for delivery in batch:
                await self(delivery)
            taken += len(batch)
        return taken

    async def __call__(self, delivery: Delivery) -> None:
        """Send one claimed row; a failure goes back to the outbox, never up."""
        try:
            await self._send(delivery)
        except _NEVER as error:
            await self._mark_failed(delivery, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - an outer boundary: the row must not be lost
            log.warning("delivery_put_back", id=delivery.id, attempt=delivery.attempts, error=type(error))
            await outbox.put_back(self._storage, delivery, reason=type(error).__name__)

    async def _work(self, name: str, *, bulk: bool) -> None:
        while True:
            self._wake.clear()
            try:
                await self.drain(name, bulk=bulk)
            except Exception:
                log.exception("delivery_worker_failed")
                await asyncio.sleep(1)
            await self._wake.wait()

    async def _send(self, delivery: Delivery) -> None:
        if _is_broadcast(delivery) and await outbox.is_stopped(self._storage, delivery.id):
            await outbox.mark_failed(self._storage, delivery.id, reason="cancelled", of_broadcast=True, stopped=True)
            return
        reply = self._words(delivery)
        channel = self._channels.get(delivery.recipient.channel)
        if delivery.recipient.channel == OFFICIALS_CHANNEL:
            await self._notify(delivery, reply)
        elif channel is None:
            await outbox.put_back(self._storage, delivery, reason="channel is off")
        elif channel.history:
            await self._write(channel.name, channel.history, delivery, reply)
        else:
            await self._transmit(channel, delivery, reply)

    def _words(self, delivery: Delivery) -> Reply:
        payload = delivery.payload
        if "reply" in payload:
            return Reply.from_data(payload["reply"])
        return texts.notice(payload["notice"], payload["data"], self._storage.clock.now())

    async def _notify(self, delivery: Delivery, reply: Reply) -> None:
        if self._officials is None:
            people = next((c for c in self._channels.values() if not c.in_transaction), None)
            if people is None:
                await outbox.mark_failed(self._storage, delivery.id, reason="no bot for notices")
                return
            await self._transmit(people, delivery, reply)
            return
        await self._officials.send(delivery.recipient.chat_id, reply.text)
        await outbox.mark_sent(self._storage, delivery.id)

    async def _write(self, name: str, history: History, delivery: Delivery, reply: Reply) -> None:
        """A channel of our own: the message and the mark are one commit, so it can neither be lost nor repeated."""
        chat_id = delivery.recipient.chat_id
        async with self._locks.hold(name, chat_id), self._storage.unit_of_work() as uow:
            taken = update(outbox_table).where(outbox_table.c.id == delivery.id, outbox_table.c.sent_at.is_(None))
            marked = await uow.execute(taken.values(sent_at=uow.clock.now(), **outbox.EMPTIED))
            if marked.rowcount:
                if _is_broadcast(delivery):
                    await outbox.settle(uow, delivery.id, "sent")
                await history.say(uow, chat_id, reply)
                await uow.commit()

    async def _transmit(self, channel: Channel, delivery: Delivery, reply: Reply) -> None:
        pressed = delivery.payload.get("pressed")
        with sending(bulk=delivery.kind == outbox.BULK, repeatable=delivery.kind in _REPEATABLE):
            for method in methods(reply, delivery.recipient.chat_id, pressed_message_id=pressed):
                await self._call(channel, method)
        if _is_broadcast(delivery):
            await outbox.mark_sent(self._storage, delivery.id, of_broadcast=True)
        else:
            await outbox.mark_sent(self._storage, delivery.id)

    async def _mark_failed(self, delivery: Delivery, reason: str) -> None:
        await outbox.mark_failed(self._storage, delivery.id, reason=reason, of_broadcast=_is_broadcast(delivery))

    async def _call(self, channel: Channel, method: TelegramMethod[object]) -> None:
        try:
            await channel.bot(method)
        except TelegramBadRequest as error:
            if not isinstance(method, EditMessageText) or "not modified" in error.message:
                if isinstance(method, EditMessageText):
                    return
                raise
            send = SendMessage(chat_id=method.chat_id or 0, text=method.text or "", reply_markup=method.reply_markup)
            await channel.bot(send)


def _is_broadcast(delivery: Delivery) -> bool:
    return "broadcast" in delivery.payload
