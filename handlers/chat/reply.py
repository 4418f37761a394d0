"""What a handler answers with: words and buttons. A handler never sends; `transaction.py` does.

Rendering to Bot API methods lives here too, so that every channel gets the same shapes within Telegram's limits
(text 4,096 characters, callback data 64 bytes).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from aiogram.filters.callback_data import CallbackData
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

LONGEST_TEXT: Final = 4_096
_PART: Final = 4_000  # UTF-16 units, as Telegram counts: a Chinese character is one, an emoji two


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: presses `data` back, or opens `url`."""

    text: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    `edit` puts it in place of the message whose button was pressed; `toast` is shown for a moment on the button;
    `remove_incoming` takes the person's own message out of the chat, because it held a name or a number, and
    `remove_pressed` the message whose button was pressed. `forget_after`: so many minutes later the chat no longer
    shows it, where the chat is ours; 0 for never.
    """

    text: str = ""
    rows: tuple[tuple[Button, ...], ...] = field(default=())
    edit: bool = False
    toast: str = ""
    remove_incoming: bool = False
    remove_pressed: bool = False
    forget_after: int = 0

    def as_data(self) -> dict[str, Any]:
        """A form that survives JSON."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Reply":
        """The inverse of `as_data`."""
        rows = tuple(tuple(Button(**button) for button in row) for row in data["rows"])
        return cls(**{**data, "rows": rows})


def tap(text: str, data: CallbackData) -> Button:
    """A button that presses typed data back."""
    return Button(text, data=data.pack())


def rows_of(buttons: Iterable[Button], across: int = 1) -> tuple[tuple[Button, ...], ...]:
    """Lay buttons out, so many in a row."""
    listed = list(buttons)
    return tuple(tuple(listed[at : at + across]) for at in range(0, len(listed), across))


def methods(reply: Reply, chat_id: int, *, pressed_message_id: int | None = None) -> list[TelegramMethod[Any]]:
    """The Bot API calls that say a reply in a chat."""
    if not reply.text:
        return []
    keyboard = _keyboard(reply.rows)
    if reply.edit and pressed_message_id is not None and _units(reply.text) <= _PART:
        return [EditMessageText(chat_id=chat_id, message_id=pressed_message_id, text=reply.text, reply_markup=keyboard)]
    parts = _parts(reply.text)
    sends: list[TelegramMethod[Any]] = [SendMessage(chat_id=chat_id, text=part) for part in parts[:-1]]
    return [*sends, SendMessage(chat_id=chat_id, text=parts[-1], reply_markup=keyboard)]


def _keyboard(rows: Sequence[Sequence[Button]]) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(text=button.text, url=button.url)
                if button.url
                else InlineKeyboardButton(text=button.text, callback_data=button.data)
                for button in row
            ]
            for row in rows
        ]
    )


def _parts(text: str) -> list[str]:
    """Cut at line ends where there are any; no part is blank."""
    parts, text = [], text.strip("\n") or text
    while _units(text) > _PART:
        longest = _fitting(text)
        cut = text.rfind("\n", 1, longest)
        cut = cut if cut > 0 else longest
        parts.append(text[:cut])
        text = text[cut:].lstrip("\n")
    return [*parts, text] if text.strip() or not parts else parts


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _fitting(text: str) -> int:
    """How many characters of a text fit into one part."""
    return len(text.encode("utf-16-le")[: 2 * _PART].decode("utf-16-le", errors="ignore"))
