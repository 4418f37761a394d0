"""Taking a case out as one file: gathered, marked with who, when and why, signed, and written down before it leaves.

Nothing in it tells who reported: no name is opened for it, and files carry neutral names. What is covered stays so.
What a newcomer gets wrong: the events of a case tell more than its page. Who looks from above leaves no trace below,
and when a reporter looks is theirs; such looks stay in the log and out of the dossier.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final

from handlers.services import cases
from handlers.services.case_moves import record, worded
from handlers.services.cases import CaseFile
from knowledge.casework.access import Role, covers
from storage.dossier import EVENTS, DossierWriter
from storage.log_heads import LogHead
from storage.repositories.events import Event
from storage.repositories.files import StoredFile
from storage.repositories.officials import Official
from storage.unit_of_work import Storage

LONGEST_PURPOSE: Final = 200
#: Looks: left out when an auditor made them, or somebody who does not sit within the place of who takes it out.
LOOKS: Final = frozenset(
    {
        "case_read",
        "case_overseen",
        "case_previewed",
        "case_exported",
        "file_read",
        "transfer_read",
        "name_file_read",
        "redaction_original_read",
    }
)
#: A dossier of more bytes than this is built on disk.
IN_MEMORY: Final = 1 << 20
_SUFFIX: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/amr": "amr",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
    "application/zip": "zip",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """Everything a dossier is made of but the files' bytes."""

    file: CaseFile
    events: tuple[Event, ...]
    official: Official
    at: datetime
    purpose: str
    names: dict[str, str]  # id of a file -> what it is called in the dossier


#: Writes the document and the words for whoever opens the dossier: (name, bytes) each.
Compose = Callable[[Taken, str], list[tuple[str, bytes]]]


async def export(storage: Storage, official: Official, number: str, purpose: str, compose: Compose) -> IO[bytes]:
    """A case's dossier, open at its beginning, to be closed by the caller; on disk once it is large.

    Reading, building and writing down are three steps: nobody else's work waits while files are packed.

    Args:
        storage: The deployment's storage.
        official: Who takes it out; may read the case.
        number: The case.
        purpose: What for; it stands on every page.
        compose: Makes the document, given what was taken and the public key in hexadecimal.

    Raises:
        BadInput: No purpose was given.
        DeclarationNeeded: Something has not been declared yet.
        NotFound: There is no such case, or none this official may know of.
    """
    purpose = worded("purpose", purpose, shortest=2, longest=LONGEST_PURPOSE)
    async with storage.unit_of_work() as uow:
        file = await cases.open_file(uow, official, number)
        found = await uow.events.of_case(file.case.number)
        head = await uow.log_heads.newest()
        await uow.commit()
    events = tuple(one for one in found if _is_shown(one, official))
    taken = Taken(file, events, official, storage.clock.now(), purpose, _named(file.files))
    spooled: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        manifest = await _build(storage, spooled, taken, head, compose)
        async with storage.unit_of_work() as uow:
            case = await cases.require_declared(uow, official, number)  # who stood back meanwhile gets nothing
            await uow.exports.add(case.id, official_id=official.id, purpose=purpose, manifest_sha256=manifest)
            await record(uow, official, "case_exported", case, purpose=purpose, manifest=manifest)
            await uow.commit()
    except BaseException:
        spooled.close()
        raise
    return spooled


async def _build(storage: Storage, spooled: IO[bytes], taken: Taken, head: LogHead | None, compose: Compose) -> str:
    """Write the dossier, a file at a time; returns the manifest's SHA-256."""
    signer, files = storage.keys.signer, taken.file.files
    writer = DossierWriter(spooled, signer)
    for stored in files:
        await asyncio.to_thread(writer.add, taken.names[stored.id], await storage.files.get(stored.id))
    composed = await asyncio.to_thread(compose, taken, signer.public_key.hex())
    for name, data in (*composed, (EVENTS, _events(taken.events))):
        await asyncio.to_thread(writer.add, name, data)
    about = {
        "format": 1,
        "case": taken.file.case.number,
        "exported_at": taken.at.isoformat(),
        "exported_by": taken.official.display_name,
        "purpose": taken.purpose,
        "files": {taken.names[one.id]: {"sha256": one.sha256, "media_type": one.media_type} for one in files},
        "log_head": head.as_json() if head else None,
    }
    return await asyncio.to_thread(writer.finish, about)


def _is_shown(one: Event, official: Official) -> bool:
    """Whether an event belongs into a dossier that this official takes out."""
    if one.act == "own_case_read":
        return False
    if one.act not in LOOKS:
        return True
    return one.role != Role.AUDITOR and covers(official.place_path, one.place_path)


def _named(files: tuple[StoredFile, ...]) -> dict[str, str]:
    """What files are called in the dossier: a sender's own name for one may say who they are."""
    return {
        one.id: f"files/{number:02}-{one.sha256[:8]}.{_SUFFIX.get(one.media_type, 'bin')}"
        for number, one in enumerate(files, 1)
    }


def _events(events: tuple[Event, ...]) -> bytes:
    told: list[dict[str, Any]] = [
        {
            "id": one.id,
            "at": one.at.isoformat(timespec="microseconds"),
            "actor": one.actor,
            "act": one.act,
            "subject": one.subject,
            "detail": one.detail,
            "previous_hash": one.previous_hash,
            "hash": one.hash,
        }
        for one in events
    ]
    return json.dumps(told, ensure_ascii=False, indent=1).encode()
