"""The officials' notice bot: it only ever pushes, with a token of its own and so a flood budget of its own.

Built on python-telegram-bot, which the people's bot does not use: never two libraries on one token, each
would count only its own messages. A newcomer's traps: `initialize` calls `getMe`, so a start without Telegram
would fail (we open only the connections); its errors quote the token; httpx logs it with each address.
"""

import asyncio
import logging
import os
from types import TracebackType
from typing import Final, Self

from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot.channels.errors import NoticeDelayed, NoticeTokenRejected, OfficialUnreachable

_PUBLIC_API: Final = "https://api.telegram.org"
_UNKNOWN_CHAT: Final = "chat not found"


# Without this the library warns about its own exception whenever Telegram answers 429.
os.environ.setdefault("PTB_TIMEDELTA", "1")


class OfficialsNotices:
    """Sends notices to officials; an async context manager that holds the connections.

    Invariant: messages leave 1/29 s apart, never in a burst (as `AIORateLimiter`'s own default would), and a
    429 is waited out up to five times.

    Args:
        token: the notice bot's own.
        api_base: address of a Bot API server without a trailing slash; None for Telegram's.
    """

    def __init__(self, token: str, *, api_base: str | None = None) -> None:
        base = api_base or _PUBLIC_API
        logging.getLogger("httpx").setLevel(logging.WARNING)  # below that it writes the token
        self._connections = (HTTPXRequest(), HTTPXRequest(connection_pool_size=1))
        self._bot = ExtBot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._connections[0],
            get_updates_request=self._connections[1],
            rate_limiter=AIORateLimiter(overall_max_rate=1, overall_time_period=1 / 29, max_retries=5),
        )

    async def __aenter__(self) -> Self:
        await asyncio.gather(*(connection.initialize() for connection in self._connections))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(connection.shutdown() for connection in self._connections))

    async def username(self) -> str | None:
        """The bot's own name; None while Telegram cannot be reached.

        Raises:
            NoticeTokenRejected: the token is wrong.
        """
        try:
            return (await self._bot.get_me()).username
        except InvalidToken:
            raise NoticeTokenRejected from None
        except NetworkError:
            return None

    async def send(self, chat_id: int, text: str) -> None:
        """Push one notice.

        Raises:
            OfficialUnreachable: blocked, or never started; do not repeat.
            NoticeTokenRejected: the token is wrong; do not repeat.
            NoticeDelayed: repeat later.
            telegram.error.BadRequest: Telegram refuses the text itself: our mistake.
        """
        try:
            await self._bot.send_message(chat_id, text)
        except InvalidToken:
            raise NoticeTokenRejected from None  # the original quotes the token
        except Forbidden as error:
            raise OfficialUnreachable("blocked") from error
        except BadRequest as error:
            if error.message.lower() == _UNKNOWN_CHAT:
                raise OfficialUnreachable("not_started") from error
            raise
        except RetryAfter as error:
            raise NoticeDelayed(may_have_arrived=False) from error
        except NetworkError as error:
            raise NoticeDelayed(may_have_arrived=True) from error
