"""The web chat as an aiogram session: sending a message is writing a row in the unit of work under way.

Only the methods our handlers use are translated; anything else fails loudly. A newcomer's mistake: calling the bot
outside an update or a delivery, where no unit of work is set.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from typing import Any, Final, cast

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMessage,
    EditMessageText,
    GetFile,
    GetMe,
    SendChatAction,
    SendDocument,
    SendMessage,
    SendPhoto,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import Chat, File, InlineKeyboardMarkup, InputFile, Message, Update, User

from bot.channels.web.signals import ChatSignals
from handlers.chat.conversation import sending_in
from handlers.chat.reply import Button, Reply
from storage.repositories.files import StoredFile
from storage.unit_of_work import Storage, UnitOfWork

#: What the pressed button says for a moment; set while a press is being handled.
toasts: ContextVar[list[str]] = ContextVar("toasts")

#: A made-up bot id and token: aiogram wants one for each channel.
WEB_TOKEN: Final = "1:web-chat"  # noqa: S105 - names a channel, opens nothing
NAME: Final = "web"
#: Stands for the id of a file that was only announced: it is too large for the chat.
NOT_SENT: Final = "large"
_SERVER: Final = TelegramAPIServer(base="web:{token}/{method}", file="web:{token}/{path}")


class UnsupportedMethod(NotImplementedError):
    """A Bot API method that the web chat does not know."""


class WebChatSession(BaseSession):
    """Translates Bot API methods to rows of `chat_message`."""

    def __init__(self, storage: Storage, signals: ChatSignals) -> None:
        super().__init__(api=_SERVER)
        self._storage = storage
        self._signals = signals
        self._methods: dict[type[TelegramMethod[Any]], Callable[[Any], Awaitable[Any]]] = {
            SendMessage: self._send_message,
            EditMessageText: self._edit,
            DeleteMessage: self._delete,
            AnswerCallbackQuery: _toast,
            SendChatAction: _nothing,
            SendPhoto: self._send_file,
            SendDocument: self._send_file,
            GetFile: self._get_file,
            GetMe: self._me,
        }

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ARG002, ASYNC109 - aiogram's signature
    ) -> TelegramType:
        """Carry out a method.

        Raises:
            UnsupportedMethod: The method is not on the list.
        """
        act = self._methods.get(type(method))
        if act is None:
            raise UnsupportedMethod(type(method).__name__)
        result = await act(method)
        return cast("TelegramType", result.as_(bot) if isinstance(result, Message) else result)

    async def stream_content(
        self,
        url: str,
        headers: dict[str, Any] | None = None,  # noqa: ARG002
        timeout: int = 30,  # noqa: ARG002, ASYNC109
        chunk_size: int = 65_536,  # noqa: ARG002
        raise_for_status: bool = True,  # noqa: ARG002, FBT001, FBT002
    ) -> AsyncGenerator[bytes, None]:
        """A stored file's bytes."""
        yield await self._storage.files.get(url.rpartition("/")[2])

    async def close(self) -> None:
        """Nothing to close."""

    def note(self, uow: UnitOfWork, update: Update) -> None:
        """Keep what the person sent; a pressed button is kept as its label."""
        message = update.message
        if message is None and update.callback_query and update.callback_query.message:
            label = getattr(update.callback_query.message, "text", None)
            if label:
                self._post(uow, update.callback_query.from_user.id, "user", {"text": label})
            return
        if message is None or (message.text or "").startswith("/start"):
            return
        body: dict[str, Any] = {"text": message.text or message.caption or ""}
        if message.document and message.document.file_id == NOT_SENT:
            body["text"] = f"{body['text']}\n（{message.document.file_name}，太大，没有发过来）".strip()
        attachment = _attachment(message)
        if attachment:
            body["attachments"] = [attachment]
        self._post(uow, message.chat.id, "user", body, message_id=message.message_id)

    async def say(self, uow: UnitOfWork, chat_id: int, reply: Reply, *, pressed_message_id: int | None = None) -> None:
        """Write a reply, in place of the pressed message if it wants to be there."""
        body = {"text": reply.text, "buttons": [[_button(button) for button in row] for row in reply.rows]}
        if reply.edit and pressed_message_id is not None:
            await uow.messages.edit(chat_id, pressed_message_id, body)
            uow.after_commit(partial(self._signals.notify, chat_id))
        else:
            forget_at = uow.clock.now() + timedelta(minutes=reply.forget_after) if reply.forget_after else None
            self._post(uow, chat_id, "bot", body, forget_at=forget_at)

    async def remove(self, uow: UnitOfWork, chat_id: int, message_id: int) -> None:
        """Take a message out; that there was one stays visible."""
        await uow.messages.remove(chat_id, message_id)
        uow.after_commit(partial(self._signals.notify, chat_id))

    def toast(self, text: str) -> None:
        """Tell the request that pressed the button."""
        toasts.get([]).append(text)

    def _post(self, uow: UnitOfWork, chat_id: int, sender: str, body: dict[str, Any], **more: Any) -> int:
        message_id = uow.messages.post(chat_id, sender, body, **more)
        uow.after_commit(partial(self._signals.notify, chat_id))
        return message_id

    async def _send_message(self, method: SendMessage) -> Message:
        body = {"text": method.text, "buttons": _buttons(method.reply_markup)}
        message_id = self._post(sending_in.get(), int(method.chat_id), "bot", body)
        return self._sent(int(method.chat_id), message_id, method.text)

    async def _send_file(self, method: SendPhoto | SendDocument) -> Message:
        uow, chat_id = sending_in.get(), int(method.chat_id)
        source = method.photo if isinstance(method, SendPhoto) else method.document
        if isinstance(source, InputFile):
            data = b"".join([chunk async for chunk in source.read(cast("Bot", None))])
            stored = await uow.files.add(data, name=source.filename or "文件", origin="chat", chat_id=chat_id)
        else:
            known = await uow.files.get(source)
            if known is None:
                raise UnsupportedMethod("a file the web chat does not hold")
            stored = known
        body = {
            "text": method.caption or "",
            "buttons": _buttons(method.reply_markup),
            "attachments": [attachment_of(stored)],
        }
        return self._sent(chat_id, self._post(uow, chat_id, "bot", body), method.caption)

    async def _edit(self, method: EditMessageText) -> Message:
        uow, chat_id, message_id = sending_in.get(), int(method.chat_id or 0), int(method.message_id or 0)
        await uow.messages.edit(chat_id, message_id, {"text": method.text, "buttons": _buttons(method.reply_markup)})
        uow.after_commit(partial(self._signals.notify, chat_id))
        return self._sent(chat_id, message_id, method.text)

    async def _delete(self, method: DeleteMessage) -> bool:
        uow, chat_id = sending_in.get(), int(method.chat_id)
        await self.remove(uow, chat_id, method.message_id)
        return True

    async def _get_file(self, method: GetFile) -> File:
        stored = await sending_in.get().files.get(method.file_id)
        if stored is None:
            raise FileNotFoundError(method.file_id)
        return File(file_id=stored.id, file_unique_id=stored.id, file_size=stored.size, file_path=stored.id)

    async def _me(self, method: GetMe) -> User:  # noqa: ARG002
        return User(id=1, is_bot=True, first_name="清风", username="qingfeng_web")

    def _sent(self, chat_id: int, message_id: int, text: str | None) -> Message:
        chat = Chat(id=chat_id, type="private")
        return Message(message_id=message_id, date=self._storage.clock.now(), chat=chat, text=text)


async def _toast(method: AnswerCallbackQuery) -> bool:
    if method.text:
        toasts.get([]).append(method.text)
    return True


async def _nothing(method: TelegramMethod[Any]) -> bool:  # noqa: ARG001
    return True


def _button(button: Button) -> dict[str, str]:
    return {"text": button.text, "url": button.url} if button.url else {"text": button.text, "callback": button.data}


def _buttons(markup: Any) -> list[list[dict[str, str]]]:
    if not isinstance(markup, InlineKeyboardMarkup):
        return []
    return [
        [
            {"text": button.text, "url": button.url}
            if button.url
            else {"text": button.text, "callback": button.callback_data or ""}
            for button in row
        ]
        for row in markup.inline_keyboard
    ]


def attachment_of(stored: StoredFile) -> dict[str, Any]:
    """How a file appears in the chat."""
    family = stored.media_type.partition("/")[0]
    kind = {"image": "photo", "audio": "voice", "video": "video"}.get(family, "document")
    return {"name": stored.name, "url": f"/api/chat/files/{stored.id}", "kind": kind, "size": stored.size}


def _attachment(message: Message) -> dict[str, Any] | None:
    document = message.document
    if document is None or document.file_id == NOT_SENT:
        return None
    family = (document.mime_type or "").partition("/")[0]
    kind = {"image": "photo", "audio": "voice", "video": "video"}.get(family, "document")
    return {
        "name": document.file_name or "",
        "url": f"/api/chat/files/{document.file_id}",
        "kind": kind,
        "size": document.file_size or 0,
    }
