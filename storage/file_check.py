"""Walking over every stored file: is each there, the bytes it was received as, and is nothing there that nobody knows.

What a newcomer gets wrong: a file being uploaded has bytes before it has a row. What looks unknown is asked about
again at the end.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from nacl.exceptions import CryptoError

from storage.blobs import UNFINISHED
from storage.repositories.files import StoredFile
from storage.unit_of_work import Storage

PAGE: Final = 200


class Fault(StrEnum):
    """What can be wrong with a file."""

    CHANGED = "changed"
    MISSING = "missing"
    UNKNOWN = "unknown"
    PREVIEW = "preview"  # the picture made from it, which can be made again


@dataclass(slots=True)
class FileReport:
    """How many files were read, how many bytes, and what is wrong: (name, fault)."""

    files: int = 0
    size: int = 0
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)  # what a broken write left; no evidence

    @property
    def is_whole(self) -> bool:
        """Whether all evidence is as it came."""
        return not self.faults


async def check_files(storage: Storage, progress: Callable[[FileReport], None]) -> FileReport:
    """Read every file piece by piece; `progress` is called after each page of files."""
    report = FileReport()
    async for stored in _all(storage):
        fault = await _fault(storage, stored)
        if fault:
            report.faults.append((stored.id, fault))
        if stored.preview_id and not await _opens(storage, stored.preview_id):
            report.faults.append((stored.preview_id, Fault.PREVIEW))
        report.files += 1
        report.size += stored.size
        if report.files % PAGE == 0:
            progress(report)
    await _look_for_unknown(storage, report)
    progress(report)
    return report


async def _all(storage: Storage) -> AsyncIterator[StoredFile]:
    last = ""
    while True:
        async with storage.unit_of_work() as uow:
            found = await uow.files.after(last, PAGE)
        for stored in found:
            yield stored
        if len(found) < PAGE:
            return
        last = found[-1].id


async def _fault(storage: Storage, stored: StoredFile) -> Fault | None:
    digest, size = hashlib.sha256(), 0
    try:
        async for piece in storage.files.read(stored.id):
            digest.update(piece)
            size += len(piece)
    except FileNotFoundError:
        return Fault.MISSING
    except CryptoError:
        return Fault.CHANGED
    return None if (digest.hexdigest(), size) == (stored.sha256, stored.size) else Fault.CHANGED


async def _opens(storage: Storage, name: str) -> bool:
    try:
        async for _ in storage.files.read(name):
            pass
    except (FileNotFoundError, CryptoError):
        return False
    return True


async def _look_for_unknown(storage: Storage, report: FileReport) -> None:
    names: list[str] = []
    suspects: list[str] = []
    async for name in storage.files.blobs.names():
        if name.endswith(UNFINISHED):
            report.unfinished.append(name)
            continue
        names.append(name)
        if len(names) == PAGE:
            suspects += await _unknown(storage, names)
            names = []
    suspects += await _unknown(storage, names)
    report.faults += [(name, Fault.UNKNOWN) for name in await _unknown(storage, suspects)]


async def _unknown(storage: Storage, names: list[str]) -> list[str]:
    found: list[str] = []
    for at in range(0, len(names), PAGE):
        some = names[at : at + PAGE]
        async with storage.unit_of_work() as uow:
            known = await uow.files.known(some)
        found += [name for name in some if name not in known]
    return found
