"""Original bytes of evidence, sealed under random names.

Nothing where they lie tells what they are, whose they are, or what they were called; all that is in `stored_file`,
sealed. A file of any size goes in and comes out piece by piece (storage/sealed_pieces.py), to a folder or a bucket
(storage/blobs.py).
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from storage.blobs import UNFINISHED, Blobs, Folder
from storage.sealed_pieces import (
    LONGEST_HEAD,
    PIECE,
    SEALED_PIECE,
    Head,
    open_piece,
    read_head,
    seal_head,
    seal_pieces,
    sealed_key,
)
from storage.vault import KeyRing

log = structlog.stdlib.get_logger(__name__)

#: Files of the first releases were sealed whole; they are still read.
PURPOSE: Final = "file"
#: How much of a file's beginning tells what it is.
BEGINNING: Final = 64


@dataclass(frozen=True, slots=True)
class Written:
    """A file just stored: its id, the fingerprint and size of the original, and how it begins."""

    id: str
    sha256: str
    size: int
    beginning: bytes


class FileStore:
    """Sealed files in a folder or a bucket."""

    def __init__(self, where: Blobs | Path, keys: KeyRing) -> None:
        self.blobs: Blobs = Folder(where) if isinstance(where, Path) else where
        self._keys = keys

    @property
    def folder(self) -> Path:
        """The folder, where it is one."""
        if not isinstance(self.blobs, Folder):
            raise TypeError("files lie in a bucket")
        return self.blobs.path

    async def put(self, data: bytes) -> str:
        """Store bytes durably; returns the random id to get them back with."""
        return (await self.write(_whole(data))).id

    async def write(self, data: AsyncIterator[bytes]) -> Written:
        """Store bytes as they come; the fingerprint is of exactly these.

        Raises:
            OSError: They cannot be kept; nothing is.
        """
        file_id, digest, size, beginning = secrets.token_hex(16), hashlib.sha256(), 0, b""

        async def noted() -> AsyncIterator[bytes]:
            nonlocal size, beginning
            async for some in data:
                beginning = beginning if len(beginning) >= BEGINNING else (beginning + some)[:BEGINNING]
                size += len(some)
                digest.update(some)
                yield some

        await self.blobs.put(file_id, seal_pieces(self._keys, file_id, noted()))
        return Written(file_id, digest.hexdigest(), size, beginning)

    async def get(self, file_id: str) -> bytes:
        """The original bytes, whole.

        Raises:
            FileNotFoundError: No such file.
            nacl.exceptions.CryptoError: A byte was changed where it lies.
        """
        return b"".join([piece async for piece in self.read(file_id)])

    async def ids(self) -> list[str]:
        """The ids of all stored files."""
        return [name async for name in self.blobs.names() if not name.endswith(UNFINISHED)]

    async def is_newest(self, file_id: str) -> bool:
        """Whether a file is sealed under the newest generation of keys.

        Raises:
            FileNotFoundError: No such file.
        """
        beginning = await self.blobs.read(file_id, 0, LONGEST_HEAD)
        return self._keys.is_newest(sealed_key(beginning) or beginning)

    async def reseal(self, file_id: str) -> bool:
        """Seal a file under the newest generation of keys, whole or not at all; False when it is already.

        Raises:
            nacl.exceptions.CryptoError: A byte was changed where it lies.
        """
        if await self.is_newest(file_id):
            return False
        head = read_head(self._keys, await self.blobs.read(file_id, 0, LONGEST_HEAD))
        anew = self._under_a_new_head(file_id, head) if head else seal_pieces(self._keys, file_id, self.read(file_id))
        await self.blobs.put(file_id, anew)
        return True

    async def _under_a_new_head(self, file_id: str, head: Head) -> AsyncIterator[bytes]:
        yield seal_head(self._keys, head.key)
        at, end = head.length, await self.blobs.size(file_id)
        while at < end:
            piece = await self.blobs.read(file_id, at, SEALED_PIECE)
            at += len(piece)
            yield piece

    async def read(self, file_id: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The original bytes from `start` up to `end` (not included), piece by piece.

        Raises:
            FileNotFoundError: No such file.
            nacl.exceptions.CryptoError: A byte was changed where it lies.
        """
        sealed_size = await self.blobs.size(file_id)
        head = read_head(self._keys, await self.blobs.read(file_id, 0, min(LONGEST_HEAD, max(1, sealed_size))))
        if head is None:
            whole = self._keys.open(PURPOSE, await self.blobs.read(file_id, 0, sealed_size))
            yield whole[start:end]
            return
        last = head.pieces(sealed_size) - 1
        if end is not None:
            last = min(last, max(start, end - 1) // PIECE)
        for number in range(start // PIECE, last + 1):
            piece = await self._piece(head, file_id, number, sealed_size)
            begins = number * PIECE
            yield piece[max(0, start - begins) : None if end is None else max(0, end - begins)]

    async def delete(self, file_id: str) -> None:
        """Forget a file; one that is gone already is no fault. What cannot be reached now is found by verify-files."""
        try:
            await self.blobs.delete(file_id)
        except OSError as error:
            log.warning("file_left_behind", file=file_id, error=type(error))

    async def _piece(self, head: Head, file_id: str, number: int, sealed_size: int) -> bytes:
        sealed = await self.blobs.read(file_id, head.at(number), SEALED_PIECE)
        is_last = number == head.pieces(sealed_size) - 1
        if len(sealed) < SEALED_PIECE // 8:
            return open_piece(head, file_id, number, sealed, is_last=is_last)
        return await asyncio.to_thread(open_piece, head, file_id, number, sealed, is_last=is_last)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


def sha256(data: bytes) -> str:
    """The evidence's fingerprint, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)


def media_type(data: bytes) -> str:
    """What the bytes are, by their content; `application/octet-stream` when unknown."""
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12], "application/octet-stream")
    if data[4:8] == b"ftyp":
        return {b"M4A ": "audio/mp4", b"heic": "image/heic"}.get(data[8:12], "video/mp4")
    return "application/octet-stream"
