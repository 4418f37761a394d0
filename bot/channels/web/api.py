"""The web chat over HTTP: the API its page (or anybody) speaks.

    POST /api/chat/session                 a cookie
    POST /api/chat/messages                {"text"} or {"callback"}, or multipart with files
                                           {"large": {"name", "size"}}: a file too large to send
    GET  /api/chat/messages?after=&wait=   what is new, waiting up to so many seconds
    GET  /api/chat/stream                  the same as server-sent events

`key` (any text the sender chooses) makes a repeated POST harmless. An item's `seq` is its newest change; `after`
takes the largest `seq` (or `id`) seen.
"""

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from aiogram import Bot, Dispatcher
from aiogram.types import Update
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.datastructures import UploadFile

from bot.channels.web.entrance import Challenge, Entrance, Limits
from bot.channels.web.session import NAME, NOT_SENT, toasts
from bot.channels.web.signals import ChatSignals
from handlers.chat import texts
from handlers.chat.menu import OWN_DATA_LINK
from handlers.chat.transaction import ChatLocks, UpdateFailed
from handlers.services import own_data
from handlers.services.reports import MAX_FILE_BYTES
from storage.outbox import Recipient
from storage.refusals import OUTAGES
from storage.repositories.files import StoredFile
from storage.repositories.messages import ChatMessage
from storage.repositories.people import UpdateKey
from storage.unit_of_work import Storage

COOKIE: Final = "qingfeng_chat"
SECURE_COOKIE: Final = f"__Host-{COOKIE}"  # no neighbour of our host can set it, and so hand out a chat of its own
COOKIE_SECONDS: Final = 400 * 24 * 3600
LONGEST_WAIT: Final = 30.0
LONGEST_TEXT: Final = 20_000
LOOK_AGAIN_SECONDS: Final = 2.0  # another process may have written
MAX_FILES: Final = 10
ENTRANCE: Final = "web.entrance"
_LARGEST_ANSWER: Final = 1_000  # bytes
LARGEST_UPLOAD: Final = 2 * MAX_FILE_BYTES  # the page sends about 20 MB at a time; one file too big is told by name
After = Annotated[int, Query(ge=0, lt=2**63)]
Wait = Annotated[float, Query(ge=0)]
_SOON: Final = {"Retry-After": "5"}  # seconds; the page keeps what was written and sends it again by itself
_INLINE: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")


class BadMessage(Exception):
    """What was posted cannot be taken; carries a calm sentence."""


class WebChat:
    """Turns requests into updates for the one Dispatcher, and rows into items."""

    def __init__(
        self,
        storage: Storage,
        dispatcher: Dispatcher,
        bot: Bot,
        locks: ChatLocks,
        signals: ChatSignals,
        limits: Limits | None = None,
    ) -> None:
        self._storage = storage
        self._dispatcher = dispatcher
        self._bot = bot
        self._locks = locks
        self._signals = signals
        self.is_stopping = False
        self.entrance = Entrance(storage.keys.index(ENTRANCE, ""), time.monotonic, limits or Limits())

    async def visitor(self, token: str | None) -> int | None:
        """The chat of a cookie."""
        if not token:
            return None
        async with self._storage.unit_of_work() as uow:
            return await uow.messages.visitor(_hash(token))

    async def welcome(self) -> str:
        """A new visitor's cookie."""
        token = secrets.token_urlsafe(32)
        async with self._storage.unit_of_work() as uow:
            await uow.messages.welcome(_hash(token))
            await uow.commit()
        return token

    async def say(self, chat_id: int, text: str, key: str) -> int:
        """A typed message; returns its id."""
        if not text.strip():
            raise BadMessage("没有看到字，请打几个字再发。")
        if len(text) > LONGEST_TEXT:
            raise BadMessage(f"这段话有{len(text)}个字，一次最多{LONGEST_TEXT}个字。请分几条发，写的都还在。")
        return await self._feed(chat_id, key, lambda at: {"message": {**at, "text": text}})

    async def press(self, chat_id: int, callback: str, message_id: int | None, key: str) -> int:
        """A pressed button; returns the id of its echo."""
        if not callback or len(callback.encode()) > 64:  # noqa: PLR2004 - Telegram's limit, kept on every channel
            raise BadMessage("这个按钮认不出来，请刷新页面再试。")
        pressed, label = await self._pressed(chat_id, callback, message_id)

        def build(at: dict[str, Any]) -> dict[str, Any]:
            query = {
                "id": str(at["message_id"]),
                "from": at["from"],
                "chat_instance": NAME,
                "data": callback,
                "message": {**at, "message_id": pressed, "text": label},
            }
            return {"callback_query": query}

        return await self._feed(chat_id, key, build)

    async def send_files(self, chat_id: int, files: list[tuple[str, bytes]], caption: str, key: str) -> int:
        """Uploaded files, one message each; the caption goes with the first."""
        for name, data in files:
            if not data:
                raise BadMessage(f"“{name[:40]}”是空的，请再选一次。")
        last = 0
        album = key if len(files) > 1 else None
        for number, (name, data) in enumerate(files):
            words, part = caption if number == 0 else "", f"{key}/{number}"
            async with self._locks.hold("web-upload", chat_id):
                if await self._was_handled(chat_id, part):
                    continue  # its bytes would be stored again for nobody
                if len(data) > MAX_FILE_BYTES:
                    last = await self._feed(chat_id, part, _too_large(name, len(data), words))
                    continue
                stored = await self._store(chat_id, name, data)
                last = await self._feed(chat_id, part, _file_message(stored, words, album))
        return last

    async def announce_file(self, chat_id: int, name: str, size: int, caption: str, key: str) -> int:
        """A file the page did not send because it is too large: the chat answers with a link for it."""
        return await self._feed(chat_id, key, _too_large(name, max(size, MAX_FILE_BYTES + 1), caption))

    def stop(self) -> None:
        """Let everybody who waits go: the server is about to stop."""
        self.is_stopping = True
        self._signals.notify_all()

    async def items(
        self, chat_id: int, after: int, wait: float = 0, *, is_gone: Callable[[], Awaitable[bool]] | None = None
    ) -> list[dict[str, Any]]:
        """What is new since `after`, waiting up to `wait` seconds for it, or until whoever asked is gone."""
        deadline = asyncio.get_running_loop().time() + min(wait, LONGEST_WAIT)
        while True:
            async with self._storage.unit_of_work() as uow:
                found = await uow.messages.after(chat_id, after)
            left = deadline - asyncio.get_running_loop().time()
            if found or left <= 0 or self.is_stopping or (is_gone and await is_gone()):
                return [_item(message) for message in found]
            await self._signals.wait(chat_id, min(left, LOOK_AGAIN_SECONDS))

    async def file(self, chat_id: int, file_id: str) -> tuple[StoredFile, bytes] | None:
        """A file of this chat."""
        async with self._storage.unit_of_work() as uow:
            stored = await uow.files.get(file_id)
        if stored is None or stored.chat_id != chat_id:
            return None
        return stored, await self._storage.files.get(file_id)

    async def own_data(self, chat_id: int) -> str:
        """What is held about a chat's person, as a text to take along."""
        async with self._storage.unit_of_work() as uow:
            recipient, update = Recipient(NAME, chat_id), UpdateKey(self._bot.id, self._storage.ids.next())
            who = await uow.people.meet(recipient, self._bot.id, chat_id, update)
            if who is None:
                return ""
            return texts.own_data_file(await own_data.look(uow, who), uow.clock.now())

    async def _feed(self, chat_id: int, key: str, build: Any) -> int:
        """Make an update and hand it to the Dispatcher; one at a time in a chat."""
        async with self._locks.hold("web-post", chat_id):
            message_id = self._storage.ids.next()
            at = {
                "message_id": message_id,
                "date": int(self._storage.clock.now().timestamp()),
                "chat": {"id": chat_id, "type": "private"},
                "from": {"id": chat_id, "is_bot": False, "first_name": "访客"},
            }
            raw = {"update_id": _update_id(chat_id, key), **build(at)}
            update = Update.model_validate(raw, context={"bot": self._bot})
            await self._dispatcher.feed_update(self._bot, update)
        return message_id

    async def _pressed(self, chat_id: int, callback: str, message_id: int | None) -> tuple[int, str]:
        """The message a button stands under, and the button's label; (0, "") when there is none."""
        async with self._storage.unit_of_work() as uow:
            if message_id:
                one = await uow.messages.get(chat_id, message_id)
                candidates = [one] if one else []
            else:
                candidates = list(reversed(await uow.messages.after(chat_id, 0)))
        for message in candidates:
            for row in message.body.get("buttons", []):
                for button in row:
                    if button.get("callback") == callback:
                        return message.id, button["text"]
        return message_id or 1, ""

    async def _was_handled(self, chat_id: int, key: str) -> bool:
        update_key = UpdateKey(self._bot.id, _update_id(chat_id, key))
        async with self._storage.unit_of_work() as uow:
            return await uow.people.meet(Recipient(NAME, chat_id), self._bot.id, chat_id, update_key) is None

    async def _store(self, chat_id: int, name: str, data: bytes) -> StoredFile:
        async with self._storage.unit_of_work() as uow:
            stored = await uow.files.add(data, name=name[:120], origin="chat", chat_id=chat_id)
            await uow.commit()
        return stored


def create_web_chat(chat: WebChat, *, secure: bool) -> APIRouter:
    """The API's routes; the page itself is served by bot.front."""
    cookie = SECURE_COOKIE if secure else COOKIE

    async def token_of(request: Request) -> str | None:
        return request.cookies.get(cookie)

    visitor = Depends(token_of)
    router = APIRouter(dependencies=[Depends(_from_our_page)])
    _add_session(router, chat, visitor, cookie)
    _add_messages(router, chat, visitor)
    return router


async def _from_our_page(request: Request) -> None:
    """Let nobody's browser be made to write here by another site; programs, which name none, may."""
    if request.method in ("GET", "HEAD"):
        return
    site = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin", "")
    ours = request.headers.get("host", "")
    if (site and site not in ("same-origin", "none")) or (origin and urlsplit(origin).netloc != ours):
        raise HTTPException(403, "请从清风的聊天页发。")


async def _chat_of(chat: WebChat, token: str | None) -> int:
    try:
        chat_id = await chat.visitor(token)
    except OUTAGES as error:
        raise HTTPException(503, texts.busy().text, _SOON) from error
    if chat_id is None:
        raise HTTPException(401, "请刷新页面再试。")
    return chat_id


def _add_session(router: APIRouter, chat: WebChat, visitor: Any, cookie: str) -> None:
    @router.post("/api/chat/session")
    async def open_session(request: Request, token: str | None = visitor) -> JSONResponse:
        response = JSONResponse({"ok": True})
        if await chat.visitor(token) is None:
            if not chat.entrance.may_enter(_address(request), await _answer(request)):
                return _work_first(chat.entrance.challenge())
            response.set_cookie(
                cookie,
                await chat.welcome(),
                max_age=COOKIE_SECONDS,
                httponly=True,
                secure=cookie == SECURE_COOKIE,
                samesite="strict",
            )
        return response

    @router.get(OWN_DATA_LINK)
    async def get_own_data(token: str | None = visitor) -> Response:
        text = await chat.own_data(await _chat_of(chat, token))
        headers = {"Content-Disposition": 'attachment; filename="my-data.txt"'}
        return Response(text.encode("utf-8-sig"), media_type="text/plain; charset=utf-8", headers=headers)

    @router.get("/api/chat/files/{file_id}")
    async def get_file(file_id: str, token: str | None = visitor) -> Response:
        found = await chat.file(await _chat_of(chat, token), file_id)
        if found is None:
            raise HTTPException(404, "没有这个文件。")
        stored, data = found
        inline = stored.media_type in _INLINE or stored.media_type.startswith(("audio/", "video/"))
        kind = stored.media_type if inline else "application/octet-stream"
        disposition = "inline" if inline else "attachment"
        return Response(data, media_type=kind, headers={"Content-Disposition": disposition})


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def _answer(request: Request) -> object:
    """What a browser brings to the entrance; most bring nothing."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or not 0 < int(announced) <= _LARGEST_ANSWER:
        return None
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        return None


def _work_first(asked: Challenge) -> JSONResponse:
    """Not a refusal: work or patience opens the door, and a page does either by itself."""
    gate = {"challenge": asked.token, "bits": asked.bits, "wait": asked.wait}
    words = "现在来的人太多，请稍等一下，会自动接上，不用刷新。"
    return JSONResponse({"error": words, **gate}, status_code=429, headers={"Retry-After": str(asked.wait)})


def _add_messages(router: APIRouter, chat: WebChat, visitor: Any) -> None:
    @router.post("/api/chat/messages")
    async def post_message(request: Request, token: str | None = visitor) -> JSONResponse:
        chat_id = await _chat_of(chat, token)
        said: list[str] = []
        toasts.set(said)
        try:
            message_id = await _posted(chat, chat_id, request)
        except BadMessage as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        except UpdateFailed as error:
            if isinstance(error.__cause__, OUTAGES):
                return JSONResponse({"error": texts.busy().text}, status_code=503, headers=_SOON)
            return JSONResponse({"error": texts.something_broke(error.reference).text}, status_code=422)
        notice = {"notice": said[0]} if said else {}
        return JSONResponse({"ok": True, "id": message_id, **notice})

    @router.get("/api/chat/messages")
    async def get_messages(
        request: Request, after: After = 0, wait: Wait = 0, token: str | None = visitor
    ) -> JSONResponse:
        chat_id = await _chat_of(chat, token)
        return JSONResponse(await chat.items(chat_id, after, wait, is_gone=request.is_disconnected))

    @router.get("/api/chat/stream")
    async def stream(request: Request, after: After = 0, token: str | None = visitor) -> StreamingResponse:
        chat_id = await _chat_of(chat, token)
        resumed = request.headers.get("last-event-id", "")
        start = max(after, int(resumed)) if resumed.isdigit() else after
        events = _events(chat, request, chat_id, start)
        return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _posted(chat: WebChat, chat_id: int, request: Request) -> int:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _posted_files(chat, chat_id, request)
    try:
        # A lone half of an emoji is legal JSON and no text at all: it could not be stored.
        body = json.loads((await request.body()).decode(), strict=False)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BadMessage("没看懂发来的内容，请刷新页面再试。")
    key = str(body.get("key") or secrets.token_hex(16))
    if isinstance(body.get("callback"), str):
        given = body.get("message_id")
        message_id = given if isinstance(given, int) and 0 < given < 2**63 else None
        return await chat.press(chat_id, body["callback"], message_id, key)
    large = body.get("large")
    if isinstance(large, dict) and isinstance(large.get("name"), str) and isinstance(large.get("size"), int):
        caption = body["text"] if isinstance(body.get("text"), str) else ""
        return await chat.announce_file(chat_id, large["name"], large["size"], caption[:LONGEST_TEXT], key)
    if isinstance(body.get("text"), str):
        return await chat.say(chat_id, body["text"], key)
    raise BadMessage("没有看到字，请打几个字再发。")


async def _posted_files(chat: WebChat, chat_id: int, request: Request) -> int:
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > LARGEST_UPLOAD:
        raise BadMessage("一次发得太多了。请一个一个发；一个超过20兆的，发“我要上传大文件”。写的字都还在。")
    async with request.form(max_files=MAX_FILES) as form:  # closes what the uploads were spooled to
        files = [
            (part.filename or "文件", await part.read())
            for part in form.getlist("files")
            if isinstance(part, UploadFile)
        ]
        words, key = str(form.get("text") or ""), str(form.get("key") or secrets.token_hex(16))
    if not files:
        return await chat.say(chat_id, words, key)
    return await chat.send_files(chat_id, files, words, key)


async def _events(chat: WebChat, request: Request, chat_id: int, after: int) -> AsyncIterator[str]:
    yield ": open\n\n"
    while not (chat.is_stopping or await request.is_disconnected()):
        items = await chat.items(chat_id, after, LONGEST_WAIT / 2, is_gone=request.is_disconnected)
        if items:
            after = max(item["seq"] for item in items)
            yield f"id: {after}\ndata: {json.dumps(items, ensure_ascii=False)}\n\n"
        else:
            yield ": still here\n\n"


def _item(message: ChatMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "seq": message.seq,
        "from": message.sender,
        "text": message.body.get("text", ""),
        "buttons": message.body.get("buttons", []),
        "attachments": message.body.get("attachments", []),
        "edited": message.edited,
        "removed": message.removed,
        "at": message.sent_at.isoformat(),
    }


def _file_message(stored: StoredFile, caption: str, album: str | None) -> Any:
    def build(at: dict[str, Any]) -> dict[str, Any]:
        document = {
            "file_id": stored.id,
            "file_unique_id": stored.id,
            "file_name": stored.name,
            "mime_type": stored.media_type,
            "file_size": stored.size,
        }
        return {"message": {**at, "document": document, "caption": caption or None, "media_group_id": album}}

    return build


def _too_large(name: str, size: int, caption: str) -> Any:
    """A message like a network's: it tells of a file that cannot be fetched."""

    def build(at: dict[str, Any]) -> dict[str, Any]:
        document = {"file_id": NOT_SENT, "file_unique_id": NOT_SENT, "file_name": name[:120], "file_size": size}
        return {"message": {**at, "document": document, "caption": caption or None}}

    return build


def _update_id(chat_id: int, key: str) -> int:
    """52 bits: the same for the same key of the same chat."""
    digest = hashlib.blake2b(f"{chat_id}:{key}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") >> 4


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
