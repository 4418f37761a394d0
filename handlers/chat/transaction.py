"""One update, one transaction: the outer middleware every update of every channel goes through.

It takes the chat's lock, opens a unit of work, drops an update seen before, lets the handler answer, and commits
once. On a channel that writes its own messages (the web chat) the answers are rows of that transaction; on a network
channel they are outbox rows, sent right after the commit, and by the delivery workers if the process dies in between.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol
from weakref import WeakValueDictionary

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.dispatcher.middlewares.user_context import EVENT_CONTEXT_KEY, EventContext
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import AnswerCallbackQuery, DeleteMessage
from aiogram.types import TelegramObject, Update

from handlers.chat import texts
from handlers.chat.conversation import Conversation, current, sending_in
from handlers.chat.reply import Reply, methods
from knowledge.errors import QingfengError
from storage.outbox import Delivery, Recipient
from storage.repositories.people import UpdateKey
from storage.unit_of_work import Storage, UnitOfWork

log = structlog.stdlib.get_logger(__name__)

WORKER: Final = "reply"
_TOO_LARGE: Final = 2**63


@dataclass(frozen=True, slots=True)
class Channel:
    """A way in: its name, its bot, and its history if that is ours."""

    name: str
    bot: Bot
    history: "History | None" = None

    @property
    def in_transaction(self) -> bool:
        """Whether what is said is rows of our own database, written in the transaction that caused it."""
        return self.history is not None


class History(Protocol):
    """A channel whose messages are ours to keep: what came in, what is said, what is taken out."""

    def note(self, uow: UnitOfWork, update: Update) -> None:
        """Keep what the person sent."""
        ...

    async def say(self, uow: UnitOfWork, chat_id: int, reply: Reply, *, pressed_message_id: int | None = None) -> None:
        """Write a reply."""
        ...

    async def remove(self, uow: UnitOfWork, chat_id: int, message_id: int) -> None:
        """Take a message out."""
        ...

    def toast(self, text: str) -> None:
        """Show a few words on the button just pressed."""
        ...


class Sender(Protocol):
    """Sends claimed outbox rows now; failures go back to the outbox."""

    async def __call__(self, delivery: Delivery) -> None:
        """Send one claimed row."""
        ...


@dataclass(slots=True, eq=False)
class UpdateFailed(QingfengError):
    """Our own fault kept an update from being handled; `reference` finds it in the log."""

    code: ClassVar[str] = "update_failed"
    reference: str


class ChatLocks:
    """One lock a chat, so that a person's messages are handled in order; forgotten when nobody waits."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, channel: str, chat_id: int) -> AsyncIterator[None]:
        """Hold the chat's lock."""
        lock = self._locks.get((channel, chat_id))
        if lock is None:
            lock = self._locks[channel, chat_id] = asyncio.Lock()
        async with lock:
            yield


class OneTransaction(BaseMiddleware):
    """The middleware."""

    def __init__(
        self, storage: Storage, channels: dict[int, Channel], locks: ChatLocks, send: Sender, wake: Callable[[], None]
    ) -> None:
        self._storage = storage
        self._channels = channels
        self._locks = locks
        self._send = send
        self._wake = wake

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Handle one update. Only private chats are answered: a group would read along."""
        context: EventContext = data[EVENT_CONTEXT_KEY]
        if not isinstance(event, Update) or context.chat is None or context.user is None:
            return None
        if context.chat.type != "private" or not _fits(event, context):
            return None
        channel = self._channels[data["bot"].id]
        async with self._locks.hold(channel.name, context.chat.id):
            try:
                await self._handle(handler, event, data, channel)
            except Exception as error:
                if not await self._apologise(error, event, data, channel):
                    raise
        return None

    async def _handle(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        update: Update,
        data: dict[str, Any],
        channel: Channel,
    ) -> None:
        chat_id, user_id = data[EVENT_CONTEXT_KEY].chat.id, data[EVENT_CONTEXT_KEY].user.id
        key = UpdateKey(channel.bot.id, update.update_id)
        async with self._storage.unit_of_work() as uow:
            who = await uow.people.meet(Recipient(channel.name, chat_id), channel.bot.id, user_id, key)
            if who is None:
                return
            if who.is_new:
                await uow.people.add(who)
            if channel.history:
                channel.history.note(uow, update)
            conversation = Conversation(uow, who)
            tokens = current.set(conversation), sending_in.set(uow)
            try:
                replies = _replies(await handler(update, {**data, "uow": uow, "who": who, "channel": channel}))
                if conversation.changed:
                    uow.people.save_conversation(who)
                if channel.history:
                    await _say_here(uow, update, replies, channel.history, chat_id)
                    uow.people.append_done(key)
                    queued: list[Delivery] = []
                else:
                    await uow.people.mark_done(key)
                    queued = await _queue(uow, update, replies, key, Recipient(channel.name, chat_id))
                uow.after_commit(self._wake)
                await uow.commit()
            finally:
                current.reset(tokens[0])
                sending_in.reset(tokens[1])
        if not channel.in_transaction:
            await self._leave(update, replies, channel, queued)

    async def _leave(self, update: Update, replies: Sequence[Reply], channel: Channel, queued: list[Delivery]) -> None:
        for side in _side_calls(update, replies):
            with suppress(TelegramAPIError):  # too old to answer, already gone: the message itself matters more
                await channel.bot(side)
        for delivery in queued:
            await self._send(delivery)

    async def _apologise(self, error: Exception, update: Update, data: dict[str, Any], channel: Channel) -> bool:
        """After a fault: log it under a number, tell the person the number and to send it again.

        A history of ours takes nothing in: the message may have held a name, and its sender still has it. On a
        network channel the update counts as handled, or every restart would stumble over it and apologise again.
        """
        reference = secrets.token_hex(3).upper()
        log.error("update_failed", reference=reference, channel=channel.name, update=update.update_id, exc_info=error)
        if channel.history:
            raise UpdateFailed(reference) from error
        reply = texts.something_broke(reference)
        chat_id = data[EVENT_CONTEXT_KEY].chat.id
        try:
            for method in methods(reply, chat_id):
                await channel.bot(method)
            async with self._storage.unit_of_work() as uow:
                await uow.people.mark_done(UpdateKey(channel.bot.id, update.update_id))
                await uow.commit()
        except Exception:
            log.exception("apology_failed", reference=reference)
            return False
        return True


def _fits(update: Update, context: EventContext) -> bool:
    """Whether a database can hold the numbers an update is known by; no network of ours has larger ones."""
    message = update.message or update.edited_message
    numbers = (update.update_id, context.chat_id or 0, context.user_id or 0, message.message_id if message else 0)
    return all(abs(number) < _TOO_LARGE for number in numbers)


def _replies(result: Any) -> list[Reply]:
    if result is None or result is UNHANDLED:
        return []
    return [result] if isinstance(result, Reply) else list(result)


def _pressed(update: Update) -> int | None:
    query = update.callback_query
    return query.message.message_id if query and query.message else None


def _side_calls(update: Update, replies: Sequence[Reply]) -> list[Any]:
    """Every pressed button is answered; a message that held a name or a code leaves the chat."""
    calls: list[Any] = []
    if update.callback_query:
        toast = next((reply.toast for reply in replies if reply.toast), None)
        calls.append(AnswerCallbackQuery(callback_query_id=update.callback_query.id, text=toast))
    message = update.message or update.edited_message
    if message and any(reply.remove_incoming for reply in replies):
        calls.append(DeleteMessage(chat_id=message.chat.id, message_id=message.message_id))
    pressed, query = _pressed(update), update.callback_query
    if query and pressed and any(reply.remove_pressed for reply in replies):
        calls.append(DeleteMessage(chat_id=query.from_user.id, message_id=pressed))
    return calls


async def _say_here(uow: UnitOfWork, update: Update, replies: Sequence[Reply], history: History, chat_id: int) -> None:
    pressed = _pressed(update)
    for reply in replies:
        if reply.toast:
            history.toast(reply.toast)
        if reply.remove_incoming and update.message:
            await history.remove(uow, chat_id, update.message.message_id)
        if reply.remove_pressed and pressed is not None:
            await history.remove(uow, chat_id, pressed)
        if reply.text:
            await history.say(uow, chat_id, reply, pressed_message_id=pressed)


async def _queue(
    uow: UnitOfWork, update: Update, replies: Sequence[Reply], key: UpdateKey, recipient: Recipient
) -> list[Delivery]:
    queued = []
    for number, reply in enumerate(reply for reply in replies if reply.text):
        payload = {"reply": reply.as_data(), "pressed": _pressed(update)}
        row_id = await uow.outbox.put(
            kind="reply",
            dedupe_key=f"reply/{key.bot_id}/{key.update_id}/{number}",
            recipient=recipient,
            payload=payload,
            claimed_by=WORKER,
        )
        if row_id is not None:
            queued.append(Delivery(row_id, "reply", recipient, payload, 1))
    return queued
