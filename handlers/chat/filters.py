"""Filters that stay on the event loop.

aiogram runs a synchronous filter (a bare `F.text`) in a thread, 120 microseconds each; an asynchronous one costs
next to nothing. So every filter here is a coroutine.
"""

import re
from typing import Final

from aiogram.filters import Filter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from handlers.chat.keyboards import MenuTap
from handlers.services.receipts import read_code, read_number

_HOME: Final = re.compile(
    r"(?:我|俺|咱)(?:们)?(?:是|在|住在?|家在|家住在?|老家在?)\S{2,14}?(?:的|人|村民|居民|村|社区)"
)

_CODE_BEGINS: Final = re.compile(r"[Qq\uff31\uff51]\W{0,3}[Cc\uff23\uff43]")  # a cheap look before the dear one
_OWN_DATA: Final = frozenset(MenuTap(act=act).pack() for act in ("privacy", "own", "ask_erase", "erase"))
_LONGEST_NUMBER: Final = 40  # characters around QF-7K2M-9D4X


class Flow(StatesGroup):
    """Where a conversation can stand, besides nowhere."""

    report = State()  # a report is being written; which prompt, the draft knows
    case = State()  # a case is open: what is sent goes to it
    signing = State()  # a typed name signs a commitment
    home = State()  # a typed name says where somebody is at home


def bare(text: str | None) -> str:
    """Words without the punctuation around them."""
    return (text or "").strip(" 。！!，,“”\"'/")


class Says(Filter):
    """A text message that is one of some words, punctuation aside."""

    def __init__(self, *words: str) -> None:
        self._words = frozenset(words)

    async def __call__(self, message: Message) -> bool:
        """Whether it is."""
        return bare(message.text) in self._words


class HoldsCode(Filter):
    """A message that is a receipt code, or was meant to be one."""

    async def __call__(self, message: Message) -> bool:
        """Whether it is."""
        words = message.text or ""
        return _CODE_BEGINS.search(words) is not None and read_code(words) is not None


class IsCaseNumber(Filter):
    """A message that is the number of a case."""

    async def __call__(self, message: Message) -> bool:
        """Whether it is."""
        words = message.text or ""
        return len(words) < _LONGEST_NUMBER and read_number(words) is not None


class CommandOrWord(Says):
    """A message that is a command, or one of some words."""

    async def __call__(self, message: Message) -> bool:
        """Whether it is."""
        return (message.text or "").startswith("/") or await super().__call__(message)


class SaysHome(Filter):
    """A message that says where somebody is at home: 我是向阳村的."""

    async def __call__(self, message: Message) -> bool:
        """Whether it is shaped like one; whether such a place is known, the handler finds out."""
        return _HOME.fullmatch(bare(message.text)) is not None


class TapsOwnData(Filter):
    """A press that asks what is held about somebody, or to erase it."""

    async def __call__(self, query: CallbackQuery) -> bool:
        """Whether it is."""
        return (query.data or "") in _OWN_DATA


class HasText(Filter):
    """A message with words."""

    async def __call__(self, message: Message) -> bool:
        """Whether it has."""
        return bool(message.text)


class HasFile(Filter):
    """A message with a photo, document, recording or video."""

    async def __call__(self, message: Message) -> bool:
        """Whether it has."""
        return bool(
            message.photo
            or message.document
            or message.voice
            or message.audio
            or message.video
            or message.video_note
            or message.animation
        )
