"""A bot's account on the server: who it is, whom it may write to, its files, its unanswered presses."""

import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.bot_api.api_error import ApiError, bad_request
from tests.bot_api.chats import Chat, Content, SentMessage
from tests.bot_api.limits import FloodGate
from tests.bot_api.updates import UpdateQueue

_FIRST_MESSAGE_ID: Final = 1_001


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on the server; the id is valid for this bot only."""

    file_id: str
    unique_id: str
    data: bytes
    path: str

    def wire(self) -> dict[str, Any]:
        """The fields that every kind of file has in JSON."""
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": len(self.data)}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that reached a chat, at monotonic seconds."""

    at: float
    chat_id: int
    message_id: int
    method: str


class BotAccount:
    """Everything the server knows under one token; nothing is shared with another token."""

    def __init__(self, token: str, username: str, monotonic: Callable[[], float]) -> None:
        self.token = token
        self.monotonic = monotonic
        self.profile: dict[str, Any] = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": username,
            "username": username,
        }
        self.updates = UpdateQueue()
        self.gate = FloodGate()
        self.commands: list[dict[str, str]] = []
        self.chats: dict[int, Chat] = {}
        self.deliveries: list[Delivery] = []
        self.pressed_at: dict[str, tuple[float, Chat]] = {}  # button presses that wait for an answer
        self._files: dict[str, StoredFile] = {}
        self._message_ids = itertools.count(_FIRST_MESSAGE_ID)

    def next_message_id(self) -> int:
        """A fresh id, over all chats of this bot."""
        return next(self._message_ids)

    def store(self, data: bytes, folder: str, suffix: str) -> StoredFile:
        """Keep a file under a fresh id and path."""
        number = len(self._files)
        file_id = f"FILE{number}-{secrets.token_urlsafe(24)}"
        kept = StoredFile(file_id, f"U{secrets.token_hex(6)}", data, f"{folder}/file_{number}{suffix}")
        self._files[file_id] = kept
        return kept

    def file(self, file_id: str) -> StoredFile:
        """A file of this bot by its id."""
        if file_id not in self._files:
            raise bad_request("invalid file_id")
        return self._files[file_id]

    def file_at(self, path: str) -> StoredFile | None:
        """A file by its download path."""
        return next((kept for kept in self._files.values() if kept.path == path), None)

    def chat(self, chat_id: str) -> Chat:
        """A chat the bot may write to now.

        Raises:
            ApiError: 400 when nobody with this id ever wrote to the bot, 403 when the person blocked it.
        """
        if not chat_id:
            raise bad_request("chat_id is empty")
        found = self.chats.get(int(chat_id)) if chat_id.lstrip("-").isdigit() else None
        if found is None:
            raise bad_request("chat not found")
        if not found.open:
            reason = "bot was kicked from the supergroup chat" if found.id < 0 else "bot was blocked by the user"
            raise ApiError(403, f"Forbidden: {reason}")
        return found

    def deliver(self, chat: Chat, content: Content, parameters: dict[str, Any], method: str) -> SentMessage:
        """Put a new message into a chat and note it."""
        message = SentMessage(
            message_id=self.next_message_id(),
            chat_id=chat.id,
            sent_at=self.monotonic(),
            date=int(time.time()),
            content=content,
            parameters=parameters,
        )
        self.deliveries.append(Delivery(message.sent_at, chat.id, message.message_id, method))
        chat.deliver(message)
        return message

    def wire(self, message: SentMessage) -> dict[str, Any]:
        """A message of the bot as the API returns it."""
        content = message.content
        body: dict[str, Any] = {
            "message_id": message.message_id,
            "date": message.date,
            "chat": self.chats[message.chat_id].description,
            "from": self.profile,
            **content.wire,
        }
        if content.text:
            body["caption" if content.wire else "text"] = content.text
        if content.markup and "inline_keyboard" in content.markup:
            body["reply_markup"] = content.markup
        if message.history:
            body["edit_date"] = int(time.time())
        return body
