"""Original bytes of evidence, sealed on disk under random names.

Nothing under the folder tells what it is, whose it is, or what it was called; all that is in `stored_file`, sealed.
A file is whole or absent: it is written beside, flushed, then renamed.
"""

import asyncio
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from storage.vault import MARK_BYTES, KeyRing

PURPOSE: Final = "file"


class FileStore:
    """A folder of sealed files."""

    def __init__(self, folder: Path, keys: KeyRing) -> None:
        self.folder = folder
        self._keys = keys

    async def put(self, data: bytes) -> str:
        """Store bytes durably; returns the random id to get them back with."""
        file_id = secrets.token_hex(16)
        await asyncio.to_thread(self._write, file_id, self._keys.seal(PURPOSE, data))
        return file_id

    async def get(self, file_id: str) -> bytes:
        """The original bytes.

        Raises:
            FileNotFoundError: No such file.
            nacl.exceptions.CryptoError: A byte was changed on disk.
        """
        return self._keys.open(PURPOSE, await asyncio.to_thread(self._path(file_id).read_bytes))

    def ids(self) -> list[str]:
        """The ids of all stored files."""
        return [path.name for path in self.folder.glob("??/*") if path.suffix != ".part"]

    def is_newest(self, file_id: str) -> bool:
        """Whether a file is sealed under the newest generation of keys."""
        with self._path(file_id).open("rb") as file:
            return self._keys.is_newest(file.read(MARK_BYTES))

    async def reseal(self, file_id: str) -> bool:
        """Seal a file under the newest generation of keys, whole or not at all; False when it is already.

        Raises:
            nacl.exceptions.CryptoError: A byte was changed on disk.
        """
        if self.is_newest(file_id):
            return False
        data = await self.get(file_id)
        path = self._path(file_id)
        path.with_suffix(".part").unlink(missing_ok=True)  # of a process that was killed here
        await asyncio.to_thread(self._write, file_id, self._keys.seal(PURPOSE, data))
        return True

    def delete(self, file_id: str) -> None:
        """Forget a file; one that is gone already is no fault."""
        self._path(file_id).unlink(missing_ok=True)

    def _path(self, file_id: str) -> Path:
        if not file_id.isalnum():
            raise FileNotFoundError(file_id)
        return self.folder / file_id[:2] / file_id

    def _write(self, file_id: str, sealed: bytes) -> None:
        path = self._path(file_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(path)
            _sync_folder(path.parent)
        except OSError:
            beside.unlink(missing_ok=True)  # a full disk is not filled further
            raise


def _sync_folder(folder: Path) -> None:
    """Make a rename in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def folder_of(url: str) -> Path:
    """The folder a `file://` URL names.

    Raises:
        ValueError: Another scheme.
    """
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise ValueError(f"QINGFENG_FILES_URL begins with {parts.scheme}://; use file:///folder")
    return Path(parts.netloc + parts.path)


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
