"""Where sealed bytes lie: a folder, or a bucket that speaks S3.

Both keep one promise: what stands under a name is whole or absent, and once `put` returns it outlasts a power cut.
A folder is written by ourselves: obstore's LocalStore flushes neither the file nor the folder to disk (seen with
strace, 0.12.1). What lies here is sealed already; this module knows nothing of keys.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import obstore
from obstore.store import S3Store

UNFINISHED: Final = ".part"
_LISTED_AT_ONCE: Final = 500
_PART_BYTES: Final = 5 * 1024 * 1024  # S3's smallest part
_PARTS_AT_ONCE: Final = 2


class Blobs(Protocol):
    """Names and bytes. A name is letters and digits only."""

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep the pieces under a name, all of them or nothing.

        Raises:
            OSError: They cannot be kept (a full disk; ConnectionError for a bucket out of reach).
        """
        ...

    async def size(self, name: str) -> int:
        """How many bytes stand there.

        Raises:
            FileNotFoundError: Nothing does.
        """
        ...

    async def read(self, name: str, start: int, length: int) -> bytes:
        """Some bytes; fewer where they end.

        Raises:
            FileNotFoundError: Nothing stands there.
        """
        ...

    async def delete(self, name: str) -> None:
        """Forget a name; one that is gone already is no fault."""
        ...

    def names(self) -> AsyncIterator[str]:
        """Every name, in no order; also what a broken write left, with its ending `.part`."""
        ...


class Folder:
    """A folder with a subfolder for each beginning of a name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Written beside, flushed, renamed, and the folder flushed."""
        path = self._path(name)
        beside = path.with_suffix(UNFINISHED)
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(beside.unlink, missing_ok=True)  # of a process that was killed here
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(_flush, file)
            beside.rename(path)
            await asyncio.to_thread(_sync_folder, path.parent)
        except BaseException:  # also a sender who went away: a full disk is not filled further
            beside.unlink(missing_ok=True)
            raise

    async def size(self, name: str) -> int:
        """From the file system."""
        return (await asyncio.to_thread(self._path(name).stat)).st_size

    async def read(self, name: str, start: int, length: int) -> bytes:
        """In a thread: a disk may be slow."""
        return await asyncio.to_thread(_read, self._path(name), start, length)

    async def delete(self, name: str) -> None:
        """Unlink."""
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    async def names(self) -> AsyncIterator[str]:
        """One subfolder at a time."""
        if not self.path.is_dir():
            return
        for inner in sorted(self.path.iterdir()):
            if not inner.is_dir():
                yield inner.name
                continue
            for path in await asyncio.to_thread(lambda folder: sorted(folder.iterdir()), inner):
                yield path.name

    def _path(self, name: str) -> Path:
        if not (name.isascii() and name.isalnum()):
            raise FileNotFoundError(name)
        return self.path / name[:2] / name


class Bucket:
    """A bucket behind S3, under a prefix. An upload that broke off is the bucket's to forget (a lifecycle rule)."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """In parts, a few at a time, so that memory stays small."""
        try:
            await obstore.put_async(
                self._store, _key(name), pieces, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            )
        except obstore.exceptions.BaseError as error:
            raise _unavailable(error) from error

    async def size(self, name: str) -> int:
        """A HEAD request."""
        try:
            return int((await obstore.head_async(self._store, _key(name)))["size"])
        except obstore.exceptions.BaseError as error:
            raise _unavailable(error) from error

    async def read(self, name: str, start: int, length: int) -> bytes:
        """A GET request with a range."""
        try:
            return bytes(await obstore.get_range_async(self._store, _key(name), start=start, length=length))
        except obstore.exceptions.BaseError as error:
            raise _unavailable(error) from error

    async def delete(self, name: str) -> None:
        """A DELETE request."""
        try:
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._store, _key(name))
        except obstore.exceptions.BaseError as error:
            raise _unavailable(error) from error

    async def names(self) -> AsyncIterator[str]:
        """Page by page."""
        try:
            async for page in obstore.list(self._store, chunk_size=_LISTED_AT_ONCE):
                for one in page:
                    yield str(one["path"]).rpartition("/")[2]
        except obstore.exceptions.BaseError as error:
            raise _unavailable(error) from error


@dataclass(frozen=True, slots=True)
class S3Access:
    """How a bucket is reached; what is empty comes from the machine (its role, its environment)."""

    endpoint: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""


def open_blobs(url: str, access: S3Access | None = None) -> Blobs:
    """The place a URL names: `file:///folder` or `s3://bucket/prefix`.

    Raises:
        ValueError: Another scheme, or no bucket.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Folder(Path(parts.netloc + parts.path))
    if parts.scheme != "s3":
        raise ValueError(f"QINGFENG_FILES_URL begins with {parts.scheme}://; use file:///folder or s3://bucket/prefix")
    if not parts.netloc:
        raise ValueError("QINGFENG_FILES_URL names no bucket; write it like s3://bucket/prefix")
    return Bucket(_s3(parts.netloc, parts.path.strip("/"), access or S3Access()))


def _s3(bucket: str, prefix: str, access: S3Access) -> S3Store:
    given: dict[str, Any] = {
        "endpoint": access.endpoint,
        "region": access.region,
        "access_key_id": access.access_key_id,
        "secret_access_key": access.secret_access_key,
    }
    config = {name: value for name, value in given.items() if value}
    plain_http = access.endpoint.startswith("http://")  # a store of one's own, on one's own machine
    return S3Store(bucket, prefix=prefix or None, config=config, client_options={"allow_http": plain_http})  # type: ignore[arg-type]


def _key(name: str) -> str:
    if not (name.isascii() and name.isalnum()):
        raise FileNotFoundError(name)
    return f"{name[:2]}/{name}"


def _unavailable(error: Exception) -> Exception:
    return ConnectionError(f"the bucket: {str(error).splitlines()[0][:200]}")


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)


def _sync_folder(folder: Path) -> None:
    """Make a rename in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
