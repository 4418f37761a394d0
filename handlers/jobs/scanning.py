"""Looking for malware in what came, when a scanner is set up. A finding marks a file; nothing is ever deleted."""

from typing import Final

import structlog

from storage.clamav import ClamAV, Scanned, ScannerDown
from storage.unit_of_work import Storage

log = structlog.stdlib.get_logger(__name__)

AT_ONCE: Final = 20
#: One file on which the scanner fails does not keep it from the others; after so many it is down.
_GIVE_UP: Final = 3


async def scan_files(storage: Storage, scanner: ClamAV) -> int:
    """Have files scanned that nobody has looked at, oldest first; returns how many were.

    Without the scanner they stay as they are: not scanned, and shown as that.
    """
    async with storage.unit_of_work() as uow:
        waiting = await uow.files.to_scan(AT_ONCE)
    done = failures = 0
    for stored in waiting:
        try:
            said = await scanner.scan(storage.files.read(stored.id))
        except ScannerDown as error:
            log.warning("scanner_down", error=type(error))
            failures += 1
            if failures == _GIVE_UP:
                break
            continue
        except Exception as error:  # noqa: BLE001 - a file that cannot be read is verify-files' to tell, not the scan's end
            log.warning("scan_failed", file=stored.id, error=type(error))
            said = Scanned(too_large=True)
        async with storage.unit_of_work() as uow:
            await uow.files.set_scan(stored.id, _word(said), said.found)
            if said.found and stored.case_id is not None:
                await uow.log.record(actor="system", act="malware_found", subject=f"file/{stored.id}", found=said.found)
            await uow.commit()
        done += 1
    return done


def _word(said: Scanned) -> str:
    if said.found:
        return "found"
    return "unscannable" if said.too_large else "clean"
