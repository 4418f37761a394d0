"""Reading what a message carries: its file, whatever kind it is, or the words it stands for."""

from dataclasses import dataclass
from typing import Final

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from handlers.services.reports import MAX_FILE_BYTES

_KINDS: Final = {"voice": "录音.ogg", "video_note": "录像.mp4", "photo": "照片.jpg", "video": "录像.mp4"}


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as announced: how to fetch it, its name, its size in bytes (0 when not told)."""

    file_id: str
    name: str
    size: int

    @property
    def too_big(self) -> bool:
        """Whether it is beyond what a chat can hand over."""
        return self.size > MAX_FILE_BYTES


def sent_file(message: Message) -> SentFile | None:
    """The file of a message; of a photo, its largest size."""
    if message.photo:
        largest = message.photo[-1]
        return SentFile(largest.file_id, _KINDS["photo"], largest.file_size or 0)
    for kind in ("document", "audio", "video", "animation", "voice", "video_note"):
        part = getattr(message, kind)
        if part:
            name = getattr(part, "file_name", None) or _KINDS.get(kind, kind)
            return SentFile(part.file_id, name, part.file_size or 0)
    return None


async def fetch(bot: Bot, file: SentFile) -> bytes | None:
    """The file's bytes, through whatever channel it came; None when it is too large for that channel.

    A size may not be told, or told wrong: then the network itself refuses.
    """
    if file.too_big:
        return None
    try:
        stream = await bot.download(file.file_id)
    except TelegramBadRequest as error:
        if "too big" in str(error):
            return None
        raise
    return stream.read() if stream else b""


def as_words(message: Message) -> str:
    """The words a message stands for: its text, a place, or somebody's card; empty for anything else."""
    if message.text:
        return message.text
    if message.location:
        return f"位置：北纬{message.location.latitude:.5f}，东经{message.location.longitude:.5f}"
    if message.contact:
        name = f"{message.contact.last_name or ''}{message.contact.first_name}"
        return f"{name} {message.contact.phone_number}"
    return ""


async def is_later_of_album(message: Message, state: FSMContext) -> bool:
    """Whether an album's first file was taken already; ten photos get one answer."""
    album = message.media_group_id
    if album is None:
        return False
    seen = (await state.get_data()).get("album") == album
    await state.update_data(album=album)
    return seen
