"""A case's files: pictures are shown, everything else is downloaded, nothing is ever run.

The type comes from the bytes, never from the sender's name for them, and the answer is sandboxed: a page hidden in
evidence cannot act in an official's name.
"""

from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from handlers.desk.request import CaseNumber, FileId, Signed
from handlers.services import cases

SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
POLICY: Final = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


async def show_file(visit: Signed, number: CaseNumber, file_id: FileId) -> Response:
    """One file; the reading is recorded before the bytes leave."""
    async with visit.unit_of_work() as uow:
        stored, data = await cases.read_file(uow, visit.official, number, file_id)
        await uow.commit()
    is_shown = stored.media_type in SHOWN
    return Response(
        data,
        media_type=stored.media_type if is_shown else "application/octet-stream",
        headers={
            "content-disposition": disposition(stored.name, inline=is_shown),
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "cross-origin-resource-policy": "same-origin",
        },
    )


def disposition(name: str, *, inline: bool) -> str:
    """A Content-Disposition that survives any name a sender thought of."""
    plain = PurePosixPath(name.replace("\\", "/")).name or "file"
    suffix = PurePosixPath(plain).suffix
    fallback = f"file{suffix}" if suffix.isascii() and suffix[1:].isalnum() else "file"
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(plain, safe='')}"
