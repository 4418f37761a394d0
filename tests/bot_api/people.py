"""A person in a private chat with the bot, driven by a test.

Everything a person does becomes an update for the bot and returns its `update_id`; nothing here waits for
the bot. `press` works on what is on the screen: a button that was edited away needs its `message_id`, like
a tap that was already on its way.
"""

import mimetypes
import secrets
import time
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from tests.bot_api.account import BotAccount, StoredFile
from tests.bot_api.chats import Chat, SentMessage
from tests.bot_api.content import Button


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """What the person saw after a press: nothing, a toast, or an alert."""

    query_id: str
    text: str
    alert: bool


class TelegramUser(Chat):
    """A private chat partner of one bot. Until `started`, the bot cannot write to the person."""

    def __init__(self, account: BotAccount, user_id: int, first_name: str, *, started: bool) -> None:
        super().__init__(user_id, {"id": user_id, "type": "private", "first_name": first_name})
        self.profile = {"id": user_id, "is_bot": False, "first_name": first_name, "language_code": "zh-hans"}
        self.answers: list[CallbackAnswer] = []
        self._account = account
        self._written: dict[int, dict[str, Any]] = {}
        if started:
            account.chats[user_id] = self

    async def send_text(self, text: str, **extra: Any) -> int:
        """Write; a text that starts with `/` is marked as a command."""
        command = text.split(maxsplit=1)[0] if text.startswith("/") else ""
        entities = [{"type": "bot_command", "offset": 0, "length": len(command)}] if command else None
        return self._write(text=text, entities=entities, **extra)

    async def send_photo(self, data: bytes, caption: str | None = None, **extra: Any) -> int:
        """Send a photo; Telegram offers it in several sizes, smallest first."""
        sizes = [(self._account.store(data, "photos", ".jpg"), side) for side in (90, 1280)]
        photo = [stored.wire() | {"width": side, "height": side} for stored, side in sizes]
        return self._write(photo=photo, caption=caption, **extra)

    async def send_document(self, data: bytes, name: str, caption: str | None = None, **extra: Any) -> int:
        """Send a file with its name."""
        stored = self._store(data, "documents", PurePath(name).suffix)
        mime_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        document = stored.wire() | {"file_name": name, "mime_type": mime_type}
        return self._write(document=document, caption=caption, **extra)

    async def send_voice(self, data: bytes = b"OggS", duration: int = 3) -> int:
        """Send a voice message; the duration is in seconds."""
        voice = self._store(data, "voice", ".oga").wire() | {"duration": duration, "mime_type": "audio/ogg"}
        return self._write(voice=voice)

    async def send_video(self, data: bytes = b"\x00\x00\x00\x18ftypmp42", duration: int = 3) -> int:
        """Send a video; the duration is in seconds."""
        video = self._store(data, "videos", ".mp4").wire() | {"duration": duration, "width": 640, "height": 360}
        return self._write(video=video | {"mime_type": "video/mp4"})

    async def send_sticker(self, emoji: str = "👍") -> int:
        """Send a sticker."""
        stored = self._store(b"RIFF", "stickers", ".webp")
        kind = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._write(sticker=stored.wire() | kind | {"emoji": emoji})

    async def send_location(self, latitude: float = 30.25, longitude: float = 120.17) -> int:
        """Share a place."""
        return self._write(location={"latitude": latitude, "longitude": longitude})

    async def send_contact(self, phone_number: str = "13800000000", first_name: str = "张三") -> int:
        """Share a phone number, one's own."""
        return self._write(contact={"phone_number": phone_number, "first_name": first_name, "user_id": self.id})

    async def forward(self, text: str, from_name: str = "李四") -> int:
        """Forward somebody's message."""
        origin = {"type": "hidden_user", "sender_user_name": from_name, "date": int(time.time())}
        return self._write(text=text, forward_origin=origin)

    async def edit(self, message_id: int, text: str) -> int:
        """Change a text one has written."""
        edited = self._written[message_id] | {"text": text, "edit_date": int(time.time())}
        self._written[message_id] = edited
        return self._account.updates.put("edited_message", edited)

    async def press(self, button: str, *, message_id: int | None = None) -> int:
        """Press a button by its text or its callback data, on the newest message that shows it.

        With `message_id` the button may also be one that the message showed before an edit. A button of a
        reply keyboard writes its text. An address button opens a page, which is not the bot's business: an
        error here.
        """
        message, found = self._button(button, message_id)
        markup = next(
            c.markup or {} for c in (message.content, *reversed(message.history)) if _shows(c.buttons, button)
        )
        if "inline_keyboard" not in markup:
            return await self.send_text(found.text)
        wire = next(b for row in markup["inline_keyboard"] for b in row if b["text"] == found.text)
        assert "callback_data" in wire, f"{found} opens an address; the bot learns nothing of it"
        return self._press(message, found.target)

    async def redeliver(self, update_id: int) -> None:
        """Deliver the same update again, as Telegram does when an acknowledgement was lost."""
        self._account.updates.put_again(update_id)

    def block(self) -> None:
        """Block the bot: what it sends from now on is refused with 403."""
        self._set_membership("member", "kicked")

    def unblock(self) -> None:
        """Let the bot write again."""
        self._set_membership("kicked", "member")

    @property
    def last_message_id(self) -> int:
        """The id of what the person wrote last."""
        return max(self._written)

    def wrote(self, message_id: int) -> bool:
        """Whether a message is the person's own."""
        return message_id in self._written

    def take_back(self, message_id: int) -> bool:
        """Delete a message of the person, as a bot may in a private chat."""
        return self._written.pop(message_id, None) is not None

    def receive_answer(self, query_id: str, text: str, *, alert: bool) -> None:
        """Show what the bot answered to a press."""
        self.answers.append(CallbackAnswer(query_id, text, alert))
        self.changed()

    async def wait_for_answer(self, update_id: int, timeout: float = 5) -> CallbackAnswer:  # noqa: ASYNC109
        """Wait until the press of this update is answered (the spinner on the button stops)."""
        query_id = self._account.updates.update(update_id)["callback_query"]["id"]
        await self.until(lambda: self._answer(query_id) is not None, timeout, f"answer to press {query_id}")
        answer = self._answer(query_id)
        assert answer is not None
        return answer

    def _answer(self, query_id: str) -> CallbackAnswer | None:
        return next((answer for answer in self.answers if answer.query_id == query_id), None)

    def _write(self, **content: Any) -> int:
        self._account.chats[self.id] = self
        message_id = self._account.next_message_id()
        message = {
            "message_id": message_id,
            "date": int(time.time()),
            "chat": self.description,
            "from": self.profile,
        } | {name: value for name, value in content.items() if value is not None}
        self._written[message_id] = message
        return self._account.updates.put("message", message)

    def _store(self, data: bytes, folder: str, suffix: str) -> StoredFile:
        return self._account.store(data, folder, suffix)

    def _button(self, wanted: str, message_id: int | None) -> tuple[SentMessage, Button]:
        for message in reversed(self.messages):
            if message_id is None and not message.deleted:
                contents = [message.content]
            else:
                contents = [message.content, *reversed(message.history)] if message.message_id == message_id else []
            for content in contents:
                if found := _shows(content.buttons, wanted):
                    return message, found
        shown = [button.text for message in self.messages for row in message.buttons for button in row]
        raise AssertionError(f"no button {wanted!r} in chat {self.id}; there: {shown}")

    def _press(self, message: SentMessage, data: str) -> int:
        query_id = secrets.token_hex(8)
        self._account.pressed_at[query_id] = (self._account.monotonic(), self)
        gone = {"message_id": message.message_id, "chat": self.description, "date": 0}
        return self._account.updates.put(
            "callback_query",
            {
                "id": query_id,
                "from": self.profile,
                "message": gone if message.deleted else self._account.wire(message),
                "chat_instance": str(self.id),
                "data": data,
            },
        )

    def _set_membership(self, before: str, after: str) -> None:
        self.open = after == "member"
        state = {"user": self._account.profile, "until_date": 0}
        self._account.updates.put(
            "my_chat_member",
            {
                "chat": self.description,
                "from": self.profile,
                "date": int(time.time()),
                "old_chat_member": state | {"status": before},
                "new_chat_member": state | {"status": after},
            },
        )


def _shows(rows: list[list[Button]], wanted: str) -> Button | None:
    return next((button for row in rows for button in row if wanted in button), None)
