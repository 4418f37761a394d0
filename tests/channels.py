"""One villager, three ways in: the web chat's HTTP API, Telegram over real HTTP, and a channel made for tests.

A `Villager` does what a person can do and hears what the person would see: every act returns the new or changed
messages of the bot, the toast on a pressed button, or the sentence of a refused request. `open_site` opens the whole
application for one channel; deliveries leave when a test says `await site.deliver()`.

A newcomer's trap: not every channel can carry everything (a browser sends no stickers); `Villager.lacks` says so.
"""

import asyncio
import contextlib
import functools
import gc
import itertools
import json
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    EditMessageText,
    GetFile,
    GetMe,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import File, Message, Update, User
from pydantic import SecretStr

from bot import app
from bot.app import Application, open_application
from bot.channels import telegram
from bot.channels.pace import Pace
from bot.channels.pacing import Pacing
from bot.channels.web.session import WEB_TOKEN
from bot.settings import Settings
from handlers.chat.transaction import Channel
from handlers.desk.security import SecurityHeaders
from knowledge.answering import Answerer
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.loader import load_knowledge
from storage.custody import KeyPair
from storage.repositories.people import INDEX
from storage.repositories.reports import Draft
from storage.tables.conversations import person
from storage.unit_of_work import Storage
from tests import factories
from tests.bot_api import BotApiServer, Limits, TelegramUser

gc.collect()
gc.freeze()  # as `qingfeng run` does: a full collection over aiogram's objects takes a tenth of a second, every time

CHANNELS: Final = ("web", "telegram", "test")
TELEGRAM_TOKEN: Final = "600600:people_of_the_test_county_1234567890"
OFFICIALS_TOKEN: Final = "700700:officials_of_the_test_county_12345678"
TEST_TOKEN: Final = "2:test-channel"
PHOTO: Final = b"\xff\xd8\xff\xe0" + b"photo" * 40
STORY: Final = "村主任李大富挨家送烟，每家两包，让大家投他"
#: A report as people give it, a line for each of the eight prompts; a name in brackets is a button.
REPORT: Final = (
    STORY,
    "李大富",
    "[柳树村]",
    "昨天晚上",
    "村口小卖部",
    "[亲眼看到]",
    "[没有，下一步]",
    "王小明 13812345678",
)
_NUMBER: Final = re.compile(r"QF-\w{4}-\w{4}")
_CODE: Final = re.compile(r"QC(-[2-9A-Z]{4}){5}")
#: Our own pace is measured elsewhere (tests/unit/test_pacing.py); here nobody waits a second between two answers.
_NO_PACE: Final = Pace(overall_seconds=0.0, overall_window=0.0, chat_rest=0.0)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as it stands now; `buttons` are (label, data) in reading order."""

    id: int
    text: str
    buttons: tuple[tuple[str, str], ...] = ()

    def data(self, label: str) -> str | None:
        """What a button presses back."""
        return next((data for text, data in self.buttons if text == label), None)


class Villager(ABC):
    """A person in one chat. What an act returns is all the person sees of it; empty is silence."""

    bot_id: int
    chat_id: int
    lacks: frozenset[str] = frozenset()  # acts this channel cannot carry

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @abstractmethod
    async def messages(self) -> list[Shown]:
        """The bot's messages that can be read now, oldest first."""

    @abstractmethod
    async def _say(self, text: str, times: int, *, at_once: bool) -> list[str]: ...

    @abstractmethod
    async def _press(self, data: str, message_id: int, times: int, *, at_once: bool) -> list[str]: ...

    @abstractmethod
    async def _send_file(self, data: bytes, name: str, caption: str, times: int, *, at_once: bool) -> list[str]: ...

    @abstractmethod
    async def _send_photo(self, data: bytes, caption: str) -> list[str]: ...

    async def say(self, text: str, *, times: int = 1, at_once: bool = False) -> list[str]:
        """Type something; `times` > 1: the channel delivers this very update so often."""
        return await self._hearing(lambda: self._say(text, times, at_once=at_once))

    async def press(self, label: str, *, times: int = 1, at_once: bool = False) -> list[str]:
        """Press the newest button with this label; `times` > 1: this very press is delivered so often."""
        found, data = await self.button(label)
        return await self.press_data(data, found.id, times=times, at_once=at_once)

    async def press_data(self, data: str, message_id: int, *, times: int = 1, at_once: bool = False) -> list[str]:
        """Press a button that may have gone since, or was never there."""
        return await self._hearing(lambda: self._press(data, message_id, times, at_once=at_once))

    async def send_photo(self, data: bytes = PHOTO, caption: str = "") -> list[str]:
        """Send a photo."""
        return await self._hearing(lambda: self._send_photo(data, caption))

    async def send_file(
        self, data: bytes, name: str, caption: str = "", *, times: int = 1, at_once: bool = False
    ) -> list[str]:
        """Send a document."""
        return await self._hearing(lambda: self._send_file(data, name, caption, times, at_once=at_once))

    async def send_album(self, photos: Sequence[bytes], caption: str = "") -> list[str]:
        """Send several photos together."""
        return await self._hearing(lambda: self._send_album(photos, caption))

    async def send_other(self, kind: str) -> list[str]:
        """Send a `voice`, `video`, `sticker`, `location`, `contact`, `forward`, or an `edit` of the last message."""
        return await self._hearing(lambda: self._send_other(kind))

    async def _send_album(self, photos: Sequence[bytes], caption: str) -> list[str]:
        raise NotImplementedError

    async def _send_other(self, kind: str) -> list[str]:
        raise NotImplementedError(kind)

    async def button(self, label: str) -> tuple[Shown, str]:
        """The newest message with a button of this label, and the button's data."""
        shown = await self.messages()
        for message in reversed(shown):
            data = message.data(label)
            if data is not None:
                return message, data
        raise AssertionError(f"no button {label!r}; there: {[m.buttons for m in shown[-3:]]}")

    async def last(self) -> Shown:
        """The newest message."""
        return (await self.messages())[-1]

    async def read(self) -> str:
        """All that can be read."""
        return "\n".join(message.text for message in await self.messages())

    async def draft(self) -> Draft | None:
        """This person's report in writing, as stored."""
        person_id = await self.person_id()
        if person_id is None:
            return None
        async with self._storage.unit_of_work() as uow:
            return await uow.drafts.in_writing(person_id)

    async def person_id(self) -> int | None:
        """This person's row; None while nobody was met."""
        key = self._storage.keys.index(INDEX, f"{self.bot_id}:{self.chat_id}:{self.chat_id}")
        async with self._storage.unit_of_work() as uow:
            rows = await uow.read(person.select().where(person.c.key == key))
        return int(rows[0].id) if rows else None

    async def _hearing(self, act: Callable[[], Awaitable[list[str]]]) -> list[str]:
        before = {message.id: message.text for message in await self.messages()}
        asides = await act()
        return asides + [m.text for m in await self.messages() if before.get(m.id) != m.text]


async def answer(who: Villager, line: str) -> list[str]:
    """Type a line, or press the button in brackets; never met with silence."""
    heard = await (who.press(line[1:-1]) if line.startswith("[") else who.say(line))
    assert heard, f"silence after {line!r}"
    return heard


async def file_report(who: Villager, lines: Sequence[str] = REPORT) -> str:
    """Write and submit a report; returns its number."""
    await who.say("我要反映")
    for line in lines:
        await answer(who, line)
    return number_in((await who.press("对，提交"))[-1])


def number_in(text: str) -> str:
    """The case's number in a receipt."""
    found = _NUMBER.search(text)
    assert found, text
    return found.group()


def code_in(text: str) -> str:
    """The code in a receipt."""
    found = _CODE.search(text)
    assert found, text
    return found.group()


async def populate(storage: Storage) -> None:
    """A county whose custodian keeps names."""
    async with storage.unit_of_work() as uow:
        await factories.add_county(uow)
        custodian = await factories.add_official(uow, Role.CUSTODIAN, username="custodian")
        await uow.officials.add_key(custodian.id, _key_pair())
        await uow.commit()


@functools.cache
def _key_pair() -> KeyPair:
    """One pair under `factories.PASSWORD` for a whole run; Argon2id is turned down, a real one takes half a second."""
    return KeyPair.create(factories.PASSWORD, ops_limit=1, mem_limit=8 * 1024 * 1024)


@dataclass(slots=True)
class Site:
    """The open application, one channel of it in use."""

    application: Application
    storage: Storage
    api: BotApiServer
    meet: Callable[[], Awaitable[Villager]]  # somebody new
    again: Callable[[Villager], Villager]  # the same person, met by another process
    new_client: Callable[[], httpx.AsyncClient]
    test_bot: Bot
    polling: telegram.Polling | None

    async def deliver(self) -> int:
        """Send what is due in the outbox; returns how many rows were taken."""
        return await self.application.deliveries.drain()

    async def do(self, act: Callable[[Any], Awaitable[Any]]) -> Any:
        """Run something in a committed unit of work."""
        async with self.storage.unit_of_work() as uow:
            result = await act(uow)
            await uow.commit()
        return result


@asynccontextmanager
async def open_site(
    channel: str,
    storage: Storage,
    *,
    api: BotApiServer | None = None,
    chats: "RecordedChats | None" = None,
    officials: bool = False,
) -> AsyncIterator[Site]:
    """The application on this storage, with new people coming by one channel.

    Args:
        channel: One of `CHANNELS`.
        storage: Open and migrated.
        api: A Bot API server that outlives the application; by default one of its own.
        chats: The test channel's chats, outliving the application; by default new ones.
        officials: Whether officials have a bot of their own.
    """
    async with contextlib.AsyncExitStack() as stack:
        if api is None:
            api = await stack.enter_async_context(bot_api())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(telegram, "Pacing", functools.partial(Pacing, _NO_PACE))
        patch.setattr(app, "Answerer", lambda _: _answerer())  # the real one, made once a run: they never change
        patch.setattr(app, "Classifier", lambda _: _classifier())
        settings = Settings(
            _env_file=None,
            base_url="http://qingfeng.test",
            telegram_api=api.base_url,
            entrance_limit=100_000,  # a test's people all come from one address, within a second
            telegram_token=SecretStr(TELEGRAM_TOKEN) if channel == "telegram" else None,
            officials_telegram_token=SecretStr(OFFICIALS_TOKEN) if officials else None,
        )
        chats = RecordedChats() if chats is None else chats
        test_bot = Bot(TEST_TOKEN, session=RecordingSession(chats))
        application = await stack.enter_async_context(
            open_application(settings, storage, access=factories.quick_access(), extra=(Channel("test", test_bot),))
        )
        polling = await stack.enter_async_context(_polling(application, api)) if channel == "telegram" else None

        def client() -> httpx.AsyncClient:
            browser = httpx.AsyncClient(
                transport=httpx.ASGITransport(SecurityHeaders(application.http)),
                base_url="http://qingfeng.test",
                timeout=30,
            )
            stack.push_async_callback(browser.aclose)
            return browser

        numbers = itertools.count(80_001)

        async def meet() -> Villager:
            if channel == "web":
                return await WebVillager.arrive(application, client())
            if channel == "test":
                return TestVillager(storage, application.dispatcher, test_bot, chats, next(numbers))
            assert polling is not None
            return TelegramVillager(storage, api, polling, api.user(next(numbers)))

        def again(who: Villager) -> Villager:
            if isinstance(who, WebVillager):
                browser = client()
                browser.cookies.update(who.client.cookies)
                return WebVillager(storage, browser, who.chat_id)
            if isinstance(who, TestVillager):
                return TestVillager(storage, application.dispatcher, test_bot, who.chats, who.chat_id)
            assert polling is not None
            assert isinstance(who, TelegramVillager)
            return TelegramVillager(storage, api, polling, who.user)

        yield Site(application, storage, api, meet, again, client, test_bot, polling)


@functools.cache
def _answerer() -> Answerer:
    return Answerer(load_knowledge())


@functools.cache
def _classifier() -> Classifier:
    return Classifier(load_categories())


@asynccontextmanager
async def bot_api() -> AsyncIterator[BotApiServer]:
    """A Bot API server that knows both of our bots."""
    async with BotApiServer(limits=Limits().relaxed()) as api:
        api.add_bot(TELEGRAM_TOKEN, "people_test_bot")
        api.add_bot(OFFICIALS_TOKEN, "officials_test_bot")
        yield api


@asynccontextmanager
async def _polling(application: Application, api: BotApiServer) -> AsyncIterator[telegram.Polling]:
    assert application.telegram_bot is not None
    polling = telegram.Polling(application.storage, application.dispatcher, application.telegram_bot)
    polls = api.calls["getUpdates"]
    task = asyncio.create_task(polling.run())
    try:
        await api.wait_for_call("getUpdates", polls + 1)
        yield polling
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await polling.stop()


async def _repeated(act: Callable[[], Awaitable[list[str]]], times: int, *, at_once: bool) -> list[str]:
    if at_once:
        heard = await asyncio.gather(*(act() for _ in range(times)))
    else:
        heard = [await act() for _ in range(times)]
    return [words for one in heard for words in one]


class WebVillager(Villager):
    """A browser with a cookie, speaking the public HTTP API."""

    lacks = frozenset({"sticker", "location", "contact", "forward", "edit", "voice"})

    def __init__(self, storage: Storage, client: httpx.AsyncClient, chat_id: int) -> None:
        super().__init__(storage)
        self.client = client
        self.bot_id = int(WEB_TOKEN.partition(":")[0])
        self.chat_id = chat_id

    @classmethod
    async def arrive(cls, application: Application, client: httpx.AsyncClient) -> "WebVillager":
        """Open a chat."""
        answer = await client.post("/api/chat/session")
        assert answer.status_code == 200, answer.text
        chat_id = await application.web.visitor(client.cookies["qingfeng_chat"])
        assert chat_id is not None
        return cls(application.storage, client, chat_id)

    async def items(self) -> list[dict[str, Any]]:
        """What the browser shows, one's own messages too."""
        answer = await self.client.get("/api/chat/messages")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    async def messages(self) -> list[Shown]:
        return [
            Shown(
                item["id"],
                item["text"],
                tuple((b["text"], b.get("callback", "")) for row in item["buttons"] for b in row),
            )
            for item in await self.items()
            if item["from"] == "bot"
        ]

    async def _say(self, text: str, times: int, *, at_once: bool) -> list[str]:
        return await self._post(times, at_once=at_once, json={"text": text, "key": secrets.token_hex(8)})

    async def _press(self, data: str, message_id: int, times: int, *, at_once: bool) -> list[str]:
        body = {"callback": data, "message_id": message_id, "key": secrets.token_hex(8)}
        return await self._post(times, at_once=at_once, json=body)

    async def _send_file(self, data: bytes, name: str, caption: str, times: int, *, at_once: bool) -> list[str]:
        body = {"text": caption, "key": secrets.token_hex(8)}
        return await self._post(times, at_once=at_once, data=body, files=[("files", (name, data))])

    async def _send_photo(self, data: bytes, caption: str) -> list[str]:
        return await self._send_file(data, "IMG_0001.jpg", caption, 1, at_once=False)

    async def _send_album(self, photos: Sequence[bytes], caption: str) -> list[str]:
        body = {"text": caption, "key": secrets.token_hex(8)}
        files = [("files", (f"IMG_{at}.jpg", data)) for at, data in enumerate(photos)]
        return await self._post(1, at_once=False, data=body, files=files)

    async def _send_other(self, kind: str) -> list[str]:
        assert kind == "video", kind
        return await self._send_file(b"\x00\x00\x00\x18ftypmp42", "clip.mp4", "", 1, at_once=False)

    async def _post(self, times: int, *, at_once: bool, **body: Any) -> list[str]:
        async def once() -> list[str]:
            answer = await self.client.post("/api/chat/messages", **body)
            said = answer.json()
            assert answer.status_code in (200, 400, 413), answer.text
            return [said[part] for part in ("notice", "error") if said.get(part)]

        return await _repeated(once, times, at_once=at_once)


class TelegramVillager(Villager):
    """A person on Telegram; the bot learns of it by long polling over HTTP."""

    def __init__(self, storage: Storage, api: BotApiServer, polling: telegram.Polling, user: TelegramUser) -> None:
        super().__init__(storage)
        self.user = user
        self.bot_id = int(TELEGRAM_TOKEN.partition(":")[0])
        self.chat_id = user.id
        self._api = api
        self._polling = polling

    async def messages(self) -> list[Shown]:
        return [
            Shown(m.message_id, m.text, tuple((b.text, b.target) for row in m.buttons for b in row))
            for m in self.user.messages
            if not m.deleted
        ]

    async def _say(self, text: str, times: int, *, at_once: bool) -> list[str]:
        return await self._often(self.user.send_text(text), times, at_once=at_once)

    async def _press(self, data: str, message_id: int, times: int, *, at_once: bool) -> list[str]:
        message = self.user.message(message_id)
        assert message is not None
        seen = len(self.user.answers)
        await self._often(_done(self.user._press(message, data)), times, at_once=at_once)
        assert len(self.user.answers) > seen, "the spinner on the button never stopped"
        return [answer.text for answer in self.user.answers[seen:] if answer.text]

    async def _send_file(self, data: bytes, name: str, caption: str, times: int, *, at_once: bool) -> list[str]:
        return await self._often(self.user.send_document(data, name, caption or None), times, at_once=at_once)

    async def _send_photo(self, data: bytes, caption: str) -> list[str]:
        return await self._often(self.user.send_photo(data, caption or None), 1, at_once=False)

    async def _send_album(self, photos: Sequence[bytes], caption: str) -> list[str]:
        polls = self._api.calls["getUpdates"]
        album = secrets.token_hex(4)
        for at, data in enumerate(photos):
            await self.user.send_photo(data, caption if at == 0 and caption else None, media_group_id=album)
        await self.handled(polls)
        return []

    async def _send_other(self, kind: str) -> list[str]:
        acts: dict[str, Callable[[], Awaitable[int]]] = {
            "voice": self.user.send_voice,
            "video": self.user.send_video,
            "sticker": self.user.send_sticker,
            "location": self.user.send_location,
            "contact": self.user.send_contact,
            "forward": lambda: self.user.forward("他说每家都收到了两百块"),
            "edit": lambda: self.user.edit(self.user.last_message_id, "改过的话"),
        }
        return await self._often(acts[kind](), 1, at_once=False)

    async def _often(self, put: Awaitable[int], times: int, *, at_once: bool) -> list[str]:
        seen = self._api.calls["getUpdates"]
        update_id = await put
        if at_once:
            for _ in range(times - 1):
                await self.user.redeliver(update_id)
        await self.handled(seen)
        for _ in range(0 if at_once else times - 1):
            seen = self._api.calls["getUpdates"]
            await self.user.redeliver(update_id)
            await self.handled(seen)
        return []

    async def handled(self, polls: int) -> None:
        """Wait until what arrived after so many polls was fetched, handled and answered."""
        await self._api.wait_for_call("getUpdates", polls + 1)
        while self._polling._running:
            await asyncio.wait(set(self._polling._running))


async def _done(value: int) -> int:
    return value


@dataclass(slots=True)
class RecordedChats:
    """What a bot said on the test channel, and the files its people sent."""

    said: dict[int, dict[int, Shown]] = field(default_factory=dict)
    toasts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    removed: set[tuple[int, int]] = field(default_factory=set)
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    fail_next: int = 0  # so many sends are refused by the network


class RecordingSession(BaseSession):
    """A channel of its own: what handlers send is written down. Any other method fails loudly."""

    def __init__(self, chats: RecordedChats) -> None:
        super().__init__(api=TelegramAPIServer(base="test:{token}/{method}", file="test:{token}/{path}"))
        self._chats = chats

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109
        chats = self._chats
        if isinstance(method, SendMessage | EditMessageText):
            if chats.fail_next:
                chats.fail_next -= 1
                raise ConnectionResetError
            chat_id = int(method.chat_id or 0)
            known = chats.said.setdefault(chat_id, {})
            edits = isinstance(method, EditMessageText)
            number = int(method.message_id or 0) if isinstance(method, EditMessageText) else next(chats.numbers)
            assert number in known or not edits, "an edit of a message that is not there"
            known[number] = Shown(number, method.text or "", _labels(method.reply_markup))
            chat = {"id": chat_id, "type": "private"}
            sent = {"message_id": number, "date": 0, "chat": chat, "text": method.text}
            return Message.model_validate(sent).as_(bot)
        match method:
            case AnswerCallbackQuery():
                chats.toasts[method.callback_query_id] = method.text or ""
                return True
            case DeleteMessage():
                chats.removed.add((int(method.chat_id), method.message_id))
                return True
            case GetFile():
                size = len(chats.files[method.file_id])
                return File(
                    file_id=method.file_id, file_unique_id=method.file_id, file_size=size, file_path=method.file_id
                )
            case GetMe():
                return User(id=bot.id, is_bot=True, first_name="清风", username="qingfeng_test")
        raise NotImplementedError(type(method).__name__)

    async def stream_content(self, url: str, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        yield self._chats.files[url.rpartition("/")[2]]

    async def close(self) -> None:
        pass


def _labels(markup: Any) -> tuple[tuple[str, str], ...]:
    rows = markup.inline_keyboard if markup else []
    return tuple((button.text, button.callback_data or "") for row in rows for button in row)


class TestVillager(Villager):
    """A person on the test channel: updates are fed to the Dispatcher as they are."""

    __test__ = False

    def __init__(self, storage: Storage, dispatcher: Dispatcher, bot: Bot, chats: RecordedChats, chat_id: int) -> None:
        super().__init__(storage)
        self.bot_id, self.chat_id = bot.id, chat_id
        self.chats = chats
        self._dispatcher, self._bot = dispatcher, bot
        self._written = 0
        self._sent_at: dict[int, int] = {}

    async def messages(self) -> list[Shown]:
        return list(self.chats.said.get(self.chat_id, {}).values())

    def message(self, **content: Any) -> dict[str, Any]:
        """The JSON of a message of this person."""
        self._written = next(self.chats.numbers)
        self._sent_at[self._written] = date = int(self._storage.clock.now().timestamp())
        name = {"id": self.chat_id, "is_bot": False, "first_name": "王芳"}
        chat = {"id": self.chat_id, "type": "private"}
        return {"message_id": self._written, "date": date, "chat": chat, "from": name, **content}

    async def feed(self, kind: str, body: dict[str, Any], times: int = 1, *, at_once: bool = False) -> list[str]:
        """Deliver an update."""
        raw = json.dumps({"update_id": next(self.chats.numbers), kind: body})

        async def once() -> list[str]:
            update = Update.model_validate_json(raw, context={"bot": self._bot})
            await self._dispatcher.feed_update(self._bot, update)
            return []

        return await _repeated(once, times, at_once=at_once)

    async def _say(self, text: str, times: int, *, at_once: bool) -> list[str]:
        return await self.feed("message", self.message(text=text), times, at_once=at_once)

    async def _press(self, data: str, message_id: int, times: int, *, at_once: bool) -> list[str]:
        query_id = secrets.token_hex(6)
        under = self.message(text="…") | {"message_id": message_id}
        query = {"id": query_id, "from": under["from"], "chat_instance": "t", "data": data, "message": under}
        await self.feed("callback_query", query, times, at_once=at_once)
        toast = self.chats.toasts[query_id]  # every press is answered
        return [toast] if toast else []

    async def _send_file(self, data: bytes, name: str, caption: str, times: int, *, at_once: bool) -> list[str]:
        body = self.message(document=self._file(data) | {"file_name": name}, caption=caption or None)
        return await self.feed("message", body, times, at_once=at_once)

    async def _send_photo(self, data: bytes, caption: str) -> list[str]:
        photo = [self._file(data) | {"width": 90, "height": 90}, self._file(data) | {"width": 1280, "height": 960}]
        return await self.feed("message", self.message(photo=photo, caption=caption or None))

    async def _send_album(self, photos: Sequence[bytes], caption: str) -> list[str]:
        album = secrets.token_hex(4)
        for at, data in enumerate(photos):
            photo = [self._file(data) | {"width": 9, "height": 9}]
            words = caption if at == 0 and caption else None
            await self.feed("message", self.message(photo=photo, media_group_id=album, caption=words))
        return []

    async def _send_other(self, kind: str) -> list[str]:
        if kind == "edit":
            return await self._edit(self._written, "改过的话")
        origin = {"type": "hidden_user", "sender_user_name": "李四", "date": 1}
        shape = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        contents: dict[str, dict[str, Any]] = {
            "voice": {"voice": self._file(b"OggS") | {"duration": 3}},
            "video": {"video": self._file(b"\x00\x00\x00\x18ftypmp42") | {"duration": 3, "width": 640, "height": 360}},
            "sticker": {"sticker": self._file(b"RIFF") | shape},
            "location": {"location": {"latitude": 30.25, "longitude": 120.17}},
            "contact": {"contact": {"phone_number": "13800000000", "first_name": "张三"}},
            "forward": {"text": "他说每家都收到了两百块", "forward_origin": origin},
        }
        return await self.feed("message", self.message(**contents[kind]))

    async def edit(self, number: int, text: str) -> list[str]:
        """Change a message that was sent; it keeps its date."""
        return await self._hearing(lambda: self._edit(number, text))

    async def _edit(self, number: int, text: str) -> list[str]:
        changed = {"message_id": number, "date": self._sent_at[number], "edit_date": self._sent_at[number] + 1}
        return await self.feed("edited_message", self.message(text=text) | changed)

    def _file(self, data: bytes) -> dict[str, Any]:
        file_id = f"F{next(self.chats.numbers)}"
        self.chats.files[file_id] = data
        return {"file_id": file_id, "file_unique_id": file_id, "file_size": len(data)}
