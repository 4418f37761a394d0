"""How fast the event log is verified, and what one more event costs.

As many events as `QINGFENG_BENCH_EVENTS` says (a hundred thousand without it; a million was measured too) lie in an
SQLite file, hashed and sealed as the application does it, with a signed head; then the whole walk of
`qingfeng audit verify` is timed, and the memory it took beyond what the process held before.
"""

import asyncio
import os
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from bot.clock import SystemClock
from handlers.services import reading
from knowledge.casework.access import Role
from storage import audit
from storage.audit import SEAL, event_hash
from storage.engine import Database
from storage.files import FileStore
from storage.migrate import migrate
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import factories
from tests.desk_site import DeskSite

EVENTS: Final = int(os.environ.get("QINGFENG_BENCH_EVENTS", "100000"))
TURNS: Final = 200
CASES, PAGES = 60, 60
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_INSERT: Final = (
    "INSERT INTO event (id, at, actor, act, subject, detail, previous_hash, hash, seal, seal_key) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


async def measure() -> dict[str, float]:
    keys = KeyRing(bytes(range(32)))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "bench.db"
        await migrate(f"sqlite:///{path}")
        _fill(path, keys)
        storage = Storage(Database(f"sqlite:///{path}"), keys, FileStore(Path(name) / "files", keys), SystemClock())
        try:
            return {**await _append(storage), **await _verify(storage), **await _pages(storage)}
        finally:
            await storage.close()


async def _verify(storage: Storage) -> dict[str, float]:
    async with storage.unit_of_work() as uow:
        await uow.log_heads.sign()
        await uow.commit()
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    report = await audit.verify(storage.database, keys=storage.keys)
    seconds = time.perf_counter() - begun
    if report.fault or report.events < EVENTS or report.heads != 1:
        raise AssertionError(report)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / 1024
    return {
        "audit_events": report.events,
        "audit_verify_events_per_second": round(report.events / seconds),
        "audit_verify_grew_mib": round(grown, 1),
    }


async def _append(storage: Storage) -> dict[str, float]:
    """One event inside a transaction that is not committed: what an act pays for being recorded."""
    taken = []
    async with storage.unit_of_work() as uow:
        for number in range(TURNS):
            begun = time.perf_counter()
            await uow.log.record(actor="official/7", act="case_read", subject=f"case/QF-{number}")
            taken.append(time.perf_counter() - begun)
    return {"audit_record_ms": round(statistics.median(taken) * 1000, 3)}


async def _pages(storage: Storage) -> dict[str, float]:
    """The queue's page with the event that it was read, against the same page without; asked in turns."""
    site = DeskSite(storage)
    places = await site.do(factories.add_county)
    for _ in range(CASES):
        await site.do(lambda uow: factories.add_case(uow, places[factories.VILLAGE]))
    browser, _ = await site.signed_in(Role.DISCIPLINE_OFFICIAL)
    taken: dict[bool, list[float]] = {True: [], False: []}
    of_list = reading.of_list
    for turn in range(2 * PAGES):
        recorded = turn % 2 == 0
        reading.of_list = of_list if recorded else _unrecorded  # type: ignore[assignment]
        begun = time.perf_counter()
        answer = await browser.client.get("/desk/cases")
        taken[recorded].append(time.perf_counter() - begun)
        if answer.status_code != HTTPStatus.OK:
            raise AssertionError(answer.status_code)
    reading.of_list = of_list
    with_event, without = (statistics.median(taken[recorded]) * 1000 for recorded in (True, False))
    return {"queue_page_ms": round(with_event, 1), "queue_page_without_its_event_ms": round(without, 1)}


async def _unrecorded(*_: Any, **__: Any) -> None:
    """Nothing is written down."""


def _fill(path: Path, keys: KeyRing) -> None:
    connection = sqlite3.connect(path)
    for trigger in ("event_chain", "event_hash_once", "event_seal"):  # they ask the table at every row
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.executemany(_INSERT, _rows(keys))
    connection.commit()
    connection.close()


def _rows(keys: KeyRing) -> Iterator[tuple[Any, ...]]:
    previous = ""
    for number in range(1, EVENTS + 1):
        at = _START + timedelta(seconds=number)
        said = {"actor": f"official/{number % 40}", "act": "case_read", "subject": f"case/QF-{number % 5000:08}"}
        digest = event_hash(previous, id=number, at=at, detail={"state": "to-accept", "shown": number % 50}, **said)
        detail = f'{{"state": "to-accept", "shown": {number % 50}}}'
        moment = at.replace(tzinfo=None).isoformat(timespec="microseconds")
        seal = keys.vouch(SEAL, bytes.fromhex(digest))
        yield (number, moment, *said.values(), detail, previous, digest, seal, keys.fingerprint)
        previous = digest


if __name__ == "__main__":
    print(asyncio.run(measure()))  # noqa: T201
