"""A case's files: pictures as previews, recordings to be played, originals as downloads. Nothing is ever run.

The type comes from the bytes, never from the sender's name for them, and every answer is sandboxed: a page hidden in
evidence cannot act in an official's name. Office files and PDF are downloads only.
"""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from handlers.desk.request import CaseNumber, FileId, Signed
from handlers.services import cases, previews
from handlers.services.errors import NotFound
from storage.files import FileStore
from storage.repositories.files import FOUND, StoredFile
from storage.sealed_pieces import PIECE

PLAYED: Final = frozenset({"audio/ogg", "audio/mpeg", "audio/wav", "audio/mp4", "video/mp4", "video/webm"})
POLICY: Final = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
#: A player asks for parts; it gets no more than this at a time, and asks again.
_LONGEST_PART: Final = 4 * PIECE
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
SAFE: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}


def is_played(stored: StoredFile) -> bool:
    """Whether a file is a recording that plays on the page; one in which malware was found does not."""
    return stored.media_type in PLAYED and stored.scan != FOUND


async def show_file(visit: Signed, number: CaseNumber, file_id: FileId) -> Response:
    """The original, as a download; the reading is recorded before the bytes leave."""
    async with visit.unit_of_work() as uow:
        stored = await cases.read_file(uow, visit.official, number, file_id)
        await uow.commit()
    bytes_of = await begun(visit.desk.storage.files, file_id)
    headers = {**SAFE, "content-disposition": disposition(stored.name), "content-length": str(stored.size)}
    return StreamingResponse(bytes_of, media_type="application/octet-stream", headers=headers)


async def show_preview(visit: Signed, number: CaseNumber, file_id: FileId) -> Response:
    """The picture made from an original."""
    async with visit.unit_of_work() as uow:
        stored = await cases.read_file(uow, visit.official, number, file_id, act="file_seen")
        await uow.commit()
    picture = await previews.preview(visit.desk.storage, stored)
    if picture is None:
        raise NotFound(f"file/{file_id}")
    return Response(picture, media_type="image/jpeg", headers={**SAFE, "content-disposition": "inline"})


async def play(visit: Signed, number: CaseNumber, file_id: FileId) -> Response:
    """A recording, in the parts its player asks for; the first of them is recorded as the reading."""
    asked = visit.request.headers.get("range", "")
    found = _RANGE.fullmatch(asked.replace(" ", ""))
    is_further = found is not None and found[1] not in ("", "0")
    async with visit.unit_of_work() as uow:
        stored = await cases.read_file(uow, visit.official, number, file_id, act="file_played", noted=not is_further)
        await uow.commit()
    if not is_played(stored):
        raise NotFound(f"file/{file_id}")
    headers = {**SAFE, "accept-ranges": "bytes", "content-disposition": "inline"}
    if found is None or (not found[1] and not found[2]):
        headers["content-length"] = str(stored.size)
        return StreamingResponse(
            await begun(visit.desk.storage.files, file_id), media_type=stored.media_type, headers=headers
        )
    start, end = _span(found, stored.size)
    if start >= end:
        refused = {**headers, "content-range": f"bytes */{stored.size}"}
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=refused)
    part = b"".join([piece async for piece in visit.desk.storage.files.read(file_id, start, end)])
    headers["content-range"] = f"bytes {start}-{end - 1}/{stored.size}"
    return Response(part, HTTPStatus.PARTIAL_CONTENT, headers, stored.media_type)


def _span(found: re.Match[str], size: int) -> tuple[int, int]:
    """From where to where (not included) a range reaches."""
    first, last = found[1], found[2]
    if not first:
        return max(0, size - min(int(last), _LONGEST_PART)), size
    start = int(first)
    end = min(size, int(last) + 1) if last else size
    return start, min(end, start + _LONGEST_PART)


async def begun(files: FileStore, file_id: str) -> AsyncIterator[bytes]:
    """A file's bytes; a missing or changed one is found before the answer begins."""
    pieces = files.read(file_id)
    first = await anext(aiter(pieces), b"")

    async def all_of_it() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_it()


def disposition(name: str) -> str:
    """A Content-Disposition that survives any name a sender thought of."""
    plain = PurePosixPath(name.replace("\\", "/")).name or "file"
    suffix = PurePosixPath(plain).suffix
    fallback = f"file{suffix}" if suffix.isascii() and suffix[1:].isalnum() else "file"
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(plain, safe='')}"
