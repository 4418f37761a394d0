"""Pictures as officials look at them: encoded anew, so that nothing of the sender's camera or hand is left.

The original stays as it came: where and when it was taken is evidence. What a page shows is another picture, turned
upright, small, without a byte of the first one's metadata. What a newcomer gets wrong: opening a picture is the danger,
so a small file that unfolds into a huge one is refused by its head, and nothing is unpacked on the event loop.
"""

import asyncio
import io
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from storage.repositories.files import FOUND, StoredFile
from storage.unit_of_work import Storage

FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
LARGEST_FILE: Final = 50 * 1024 * 1024  # bytes of an original that is opened
MOST_PIXELS: Final = 64_000_000  # a phone's largest camera; 256 MB unpacked
SIDE: Final = 1_600  # pixels of the longer side of a preview
QUALITY: Final = 82
#: How many are unpacked at once: each may take hundreds of megabytes.
_turns: Final = asyncio.Semaphore(2)


def has_preview(stored: StoredFile) -> bool:
    """Whether a file is a picture that is shown. One in which malware was found is not opened."""
    return stored.media_type in FORMATS and stored.size <= LARGEST_FILE and stored.scan != FOUND


async def preview(storage: Storage, stored: StoredFile) -> bytes | None:
    """The picture to show, made at the first look and kept sealed; None when it cannot be made."""
    if not has_preview(stored):
        return None
    if stored.preview_id:
        return await storage.files.get(stored.preview_id)
    async with _turns:
        made = await asyncio.to_thread(encode, await storage.files.get(stored.id), stored.media_type)
    if made is not None:
        await _keep(storage, stored, made)
    return made


async def _keep(storage: Storage, stored: StoredFile, made: bytes) -> None:
    preview_id = await storage.files.put(made)
    async with storage.unit_of_work() as uow:
        is_first = await uow.files.set_preview(stored.id, preview_id)
        await uow.commit()
    if not is_first:
        await storage.files.delete(preview_id)


def encode(data: bytes, media_type: str) -> bytes | None:
    """A small JPEG of a picture, without metadata; None for what is none, is broken, or unfolds too far."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[FORMATS[media_type]]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    return None
                picture.draft("RGB", (SIDE, SIDE))  # a JPEG is unpacked small at once
                return _as_jpeg(picture)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, OverflowError, MemoryError):
        return None  # what Pillow raises at broken pictures


def _as_jpeg(picture: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((SIDE, SIDE))
    clear = upright.convert("RGBA") if "A" in upright.mode or "transparency" in upright.info else upright.convert("RGB")
    plain = Image.new("RGB", clear.size, "white")  # a new picture knows nothing of the old one
    plain.paste(clear, mask=clear if clear.mode == "RGBA" else None)
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()
