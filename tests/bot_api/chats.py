"""The chats of one bot as the other side sees them: what arrived, what was changed, what was taken back.

A `Chat` is where a test looks and waits; `TelegramUser` (people.py) is a private chat that can also write.
Message ids are one sequence per bot over all its private chats, as on Telegram: never assume that a chat
starts at 1.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bot_api.content import Button

Wanted = str | Callable[["SentMessage"], bool]


@dataclass(frozen=True, slots=True)
class Content:
    """What a message shows at one time; `text` is the caption when there is a photo or document."""

    text: str
    buttons: list[list[Button]]
    markup: dict[str, Any] | None = None
    photo: bytes | None = None
    document: bytes | None = None
    document_name: str | None = None
    wire: dict[str, Any] = field(default_factory=dict)  # the media fields of the JSON message


@dataclass(slots=True)
class SentMessage:
    """A message the bot sent; `history` holds what it showed before each edit, oldest first."""

    message_id: int
    chat_id: int
    sent_at: float  # monotonic seconds
    date: int
    content: Content
    parameters: dict[str, Any]  # as the bot sent them, e.g. `protect_content`
    history: list[Content] = field(default_factory=list)
    deleted: bool = False

    @property
    def text(self) -> str:
        """What is read now."""
        return self.content.text

    @property
    def buttons(self) -> list[list[Button]]:
        """The rows of buttons shown now."""
        return self.content.buttons

    @property
    def photo(self) -> bytes | None:
        """The photo's bytes, unchanged (Telegram would compress them)."""
        return self.content.photo

    @property
    def document(self) -> bytes | None:
        """The document's bytes."""
        return self.content.document

    @property
    def document_name(self) -> str | None:
        """The document's file name."""
        return self.content.document_name

    def show(self, content: Content) -> None:
        """Replace what is shown."""
        self.history.append(self.content)
        self.content = content


class Chat:
    """One conversation with a bot, in the order in which messages came."""

    def __init__(self, chat_id: int, description: dict[str, Any]) -> None:
        self.id = chat_id
        self.description = description  # the JSON `chat`
        self.open = True  # False: blocked by the person, or the bot was thrown out
        self.actions: list[str] = []  # `typing` and the like
        self._messages: dict[int, SentMessage] = {}
        self._waiting: set[asyncio.Event] = set()

    @property
    def messages(self) -> list[SentMessage]:
        """What the bot sent, deleted messages included."""
        return list(self._messages.values())

    @property
    def texts(self) -> list[str]:
        """What can be read in the chat now."""
        return [message.text for message in self.messages if not message.deleted]

    def message(self, message_id: int) -> SentMessage | None:
        """A message that was not deleted."""
        found = self._messages.get(message_id)
        return None if found is None or found.deleted else found

    def deliver(self, message: SentMessage) -> None:
        """Put a message of the bot into the chat."""
        self._messages[message.message_id] = message
        self.changed()

    def changed(self) -> None:
        """Wake whoever waits for a condition."""
        for event in self._waiting:
            event.set()

    async def wait_for(
        self,
        wanted: Wanted,
        timeout: float = 5,  # noqa: ASYNC109 - a test reads better so
        *,
        after: int = 0,
    ) -> SentMessage:
        """Wait until a message fits, looking at the newest first.

        Args:
            wanted: part of the text, or a predicate.
            timeout: seconds; then an AssertionError shows what is there instead.
            after: only messages with a higher id.
        """
        await self.until(lambda: self._newest(wanted, after) is not None, timeout, repr(wanted))
        found = self._newest(wanted, after)
        assert found is not None
        return found

    async def until(
        self,
        condition: Callable[[], bool],
        timeout: float,  # noqa: ASYNC109 - as above
        wanted: str,
    ) -> None:
        """Wait until a condition on this chat holds."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    event.clear()
                    await event.wait()
        except TimeoutError:
            there = f"there: {self.texts}"
            raise AssertionError(f"no {wanted} in chat {self.id} after {timeout} s; {there}") from None
        finally:
            self._waiting.discard(event)

    def _newest(self, wanted: Wanted, after: int) -> SentMessage | None:
        fits = (lambda message: wanted in message.text) if isinstance(wanted, str) else wanted
        visible = (m for m in reversed(self.messages) if not m.deleted and m.message_id > after)
        return next((message for message in visible if fits(message)), None)


class TelegramGroup(Chat):
    """A group the bot is in; its id is negative."""

    def __init__(self, chat_id: int, title: str) -> None:
        super().__init__(chat_id, {"id": chat_id, "type": "supergroup", "title": title})
