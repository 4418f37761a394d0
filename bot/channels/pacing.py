"""The pace at which the people's bot writes to Telegram, and what is sent again when Telegram refused it.

One `Pacing` per token sits on aiogram's session (`session.middleware(Pacing())`): nothing that is sent can go
around it. Telegram's published limits: about 30 messages a second over all, one a second in a chat, 20 a
minute in a group (core.telegram.org/bots/faq). Beyond them come 429s, and longer and longer waits.

What a newcomer gets wrong:

- A leaky bucket of 30 lets 60 messages out in its first second. Here is no burst: one message every 34 ms.
- A timeout is not a failure. The message may have arrived, and `sendMessage` has no key that would make a
  repetition harmless. A send of unknown fate is *not* repeated unless the sender allows it: see `sending`.
- A broadcast must not stand before the replies. It says `sending(bulk=True)`; then a reply overtakes it,
  however many workers feed the broadcast.
"""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.channels.pace import Lanes, Line, Pace, is_group


@dataclass(frozen=True, slots=True)
class _Manner:
    bulk: bool = False
    repeatable: bool = False


_ORDINARY: Final = _Manner()
_manner: ContextVar[_Manner] = ContextVar("manner", default=_ORDINARY)


@contextmanager
def sending(*, bulk: bool = False, repeatable: bool = False) -> Iterator[None]:
    """Say how the messages sent inside this block are to be treated.

    Args:
        bulk: nobody waits for them; replies go first.
        repeatable: reading one twice does no harm (a reminder), so it is sent again when the network fails
            and nobody can know whether it arrived. Leave it off where twice means something else (a receipt).
    """
    token = _manner.set(_Manner(bulk=bulk, repeatable=repeatable))
    try:
        yield
    finally:
        _manner.reset(token)


class Pacing(BaseRequestMiddleware):
    """Paces the messages of one token and repeats what Telegram did not take.

    Invariants: messages leave `Pace.spacing` apart; in one chat a message leaves only after the one before
    was answered and `Pace.chat_rest` has passed, so their order is kept through every repetition; after a
    429 no message leaves before `retry_after` is over. `Line` and `Lanes` enforce them. What is no message
    (polls, answers to button presses, files, typing) passes at once.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace or Pace()
        self._line = Line(self._pace)
        self._lanes = Lanes(self._pace)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Send when it is time."""
        if not _is_message(method):
            return await make_request(bot, method)
        chat_id: int | str = getattr(method, "chat_id", None) or 0  # 0: an inline message, which has no chat
        if not chat_id or (_is_edit(method) and not is_group(chat_id)):
            return await self._send(make_request, bot, method)
        async with self._lanes.turn(chat_id):
            return await self._send(make_request, bot, method)

    async def _send(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        manner = _manner.get()
        server_waits, network_waits = iter(self._pace.server_error_waits), iter(self._pace.network_waits)
        while True:
            self._refuse_long_halt(method)
            try:
                async with self._line.turn(bulk=manner.bulk):
                    return await make_request(bot, method)
            except TelegramRetryAfter as error:
                self._line.halt(error.retry_after + self._pace.halt_margin)
            except TelegramServerError:
                if (wait := next(server_waits, None)) is None:
                    raise
                await asyncio.sleep(wait)
            except TelegramNetworkError as error:
                wait = next(network_waits, None)
                if wait is None or not _may_repeat(error, repeatable=manner.repeatable):
                    raise
                await asyncio.sleep(wait)

    def _refuse_long_halt(self, method: TelegramMethod[TelegramType]) -> None:
        halted_for = self._line.halted_for()
        if halted_for > self._pace.patience:
            raise TelegramRetryAfter(method, "halted after an earlier 429", math.ceil(halted_for))


def _is_message(method: TelegramMethod[TelegramType]) -> bool:
    name = method.__api_method__
    if name == "sendChatAction":  # "is typing" is no message
        return False
    return name.startswith(("send", "copyMessage", "forwardMessage", "editMessage"))


def _is_edit(method: TelegramMethod[TelegramType]) -> bool:
    return method.__api_method__.startswith("editMessage")


def _may_repeat(error: TelegramNetworkError, *, repeatable: bool) -> bool:
    """Whether a send may be repeated: it cannot have arrived, or it would do no harm twice."""
    if isinstance(error, TelegramEntityTooLarge):
        return False
    never_left = isinstance(error.__cause__, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    return never_left or repeatable
