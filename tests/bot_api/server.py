"""The server: tokens, routing, faults and counters around the methods.

Runs in the test's own event loop on a free port of 127.0.0.1, or in a process of its own (`python -m
tests.bot_api`). It is strict where Telegram is strict; where Telegram publishes nothing it takes the
harsher reading.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from tests.bot_api.account import BotAccount, Delivery
from tests.bot_api.api_error import ApiError, too_many_requests
from tests.bot_api.call import Call, read_call
from tests.bot_api.chats import TelegramGroup
from tests.bot_api.faults import Fault, FaultKind, Faults
from tests.bot_api.limits import Limits
from tests.bot_api.methods import METHODS
from tests.bot_api.people import TelegramUser

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_TOKEN: Final = re.compile(r"\d+:\S+")
_BODY_BYTES: Final = 64 * 1024 * 1024


class BotApiServer:
    """Telegram's Bot API for a few bots, on loopback; an async context manager.

    Args:
        limits: what is enforced; may be replaced at any time through the attribute.
        latency_seconds: every call but `getUpdates` takes so long, half before and half after it is carried
        out.
        monotonic: the clock of all windows and lifetimes.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        latency_seconds: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.latency_seconds = latency_seconds
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.flood_refusals = 0
        self.base_url = ""
        self._waiting: set[asyncio.Event] = set()
        self._monotonic = monotonic
        self._accounts: dict[str, BotAccount] = {}
        self._people: dict[tuple[str, int], TelegramUser] = {}
        self._runner = web.AppRunner(self._application(), handler_cancellation=True, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for account in self._accounts.values():
            account.updates.close()
        await self._runner.cleanup()

    def add_bot(self, token: str, username: str = "qingfeng_test_bot") -> BotAccount:
        """Let a token in."""
        self._accounts[token] = BotAccount(token, username, self._monotonic)
        return self._accounts[token]

    def user(
        self, user_id: int, first_name: str = "王芳", *, bot: BotAccount | None = None, started: bool = True
    ) -> TelegramUser:
        """A person in a private chat with a bot, by default the first one; the same id is the same person."""
        account = bot or next(iter(self._accounts.values()))
        person = self._people.get((account.token, user_id))
        if person is None:
            person = TelegramUser(account, user_id, first_name, started=started)
            self._people[account.token, user_id] = person
        return person

    def group(self, chat_id: int, title: str = "选举工作群", *, bot: BotAccount | None = None) -> TelegramGroup:
        """A group that a bot is in; the id is negative."""
        account = bot or next(iter(self._accounts.values()))
        group = TelegramGroup(chat_id, title)
        account.chats[chat_id] = group
        return group

    async def wait_for_call(
        self,
        method: str,
        count: int = 1,
        timeout: float = 5,  # noqa: ASYNC109 - a test reads better so
    ) -> None:
        """Wait until a method was called so many times since the start."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(timeout):
                while self.calls[method] < count:
                    event.clear()
                    await event.wait()
        except TimeoutError:
            raise AssertionError(f"{method} was not called {count} times; calls: {self.calls}") from None
        finally:
            self._waiting.discard(event)

    @property
    def deliveries(self) -> list[Delivery]:
        """Every message that reached a chat, in the order of arrival."""
        return sorted((d for a in self._accounts.values() for d in a.deliveries), key=lambda delivery: delivery.at)

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_BODY_BYTES, middlewares=[self._refuse])
        application.router.add_route("*", "/bot{token:[^/]+}/{method}", self._on_call)
        application.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._on_download)
        application.router.add_get("/control/counts", self._on_counts)
        return application

    @web.middleware
    async def _refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as refusal:
            self.flood_refusals += refusal.error_code == web.HTTPTooManyRequests.status_code
            return web.json_response(refusal.body(), status=refusal.error_code)

    async def _on_call(self, request: web.Request) -> web.StreamResponse:
        account = self._account(request.match_info["token"])
        call = await read_call(request)
        self.calls[call.method] += 1
        for event in self._waiting:
            event.set()
        fault = self.faults.take(call.method)
        await self._travel(call)
        if fault is not None:
            _strike_before(request, fault)
        result = await self._result(account, call)
        await self._travel(call)
        if fault is not None:
            await _strike_after(request, fault)
        return web.json_response({"ok": True, "result": result})

    async def _result(self, account: BotAccount, call: Call) -> Any:
        method = METHODS.get(call.method)
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        return await method(account, call, self.limits)

    async def _travel(self, call: Call) -> None:
        if self.latency_seconds and call.method != "getUpdates":
            await asyncio.sleep(self.latency_seconds / 2)

    async def _on_download(self, request: web.Request) -> web.StreamResponse:
        stored = self._account(request.match_info["token"]).file_at(request.match_info["path"])
        if stored is None or len(stored.data) > self.limits.download_bytes:
            raise ApiError(404, "Not Found")
        return web.Response(body=stored.data)

    async def _on_counts(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "calls": dict(self.calls),
                "flood_refusals": self.flood_refusals,
                "deliveries": [[d.at, d.chat_id] for d in self.deliveries],
            }
        )

    def _account(self, token: str) -> BotAccount:
        if not _TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        if token not in self._accounts:
            raise ApiError(401, "Unauthorized")
        return self._accounts[token]


def _strike_before(request: web.Request, fault: Fault) -> None:
    if fault.kind is FaultKind.FAIL:
        raise ApiError(fault.status, "Internal Server Error")
    if fault.kind is FaultKind.FLOOD:
        raise too_many_requests(int(fault.seconds))
    if fault.kind is FaultKind.DROP_BEFORE:
        _cut(request)


async def _strike_after(request: web.Request, fault: Fault) -> None:
    if fault.kind is FaultKind.DELAY:
        await asyncio.sleep(fault.seconds)
    if fault.kind is FaultKind.DROP_AFTER:
        _cut(request)


def _cut(request: web.Request) -> None:
    """Break the connection; with nobody left to answer, the handler ends like one whose client went away."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError
