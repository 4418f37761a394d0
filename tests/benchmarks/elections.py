"""Five hundred villages with full plans on SQLite: opening the matrix, and moving fifty election days at once.

The matrix is the whole page over the desk's own application, as township staff of the county; the moves are fifty use
cases in one transaction.
"""

import asyncio
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from handlers.services import commitments, elections
from knowledge.casework.access import Role
from knowledge.clock import local_date
from knowledge.elections.commitments import load_packs
from storage.engine import Database
from storage.files import FileStore
from storage.unit_of_work import Storage, UnitOfWork
from storage.vault import KeyRing
from tests import databases, factories
from tests.desk_site import DeskSite
from tests.fakes import FakeClock

VILLAGES: Final = 500
MOVED: Final = 50
TURNS: Final = 20


async def measure() -> dict[str, float]:
    """Seconds and rows; see the module."""
    with tempfile.TemporaryDirectory() as folder:
        template = databases.make_sqlite_template(Path(folder))
        keys = KeyRing(bytes(range(32)))
        url = databases.sqlite_database(template, Path(folder))
        storage = Storage(Database(url), keys, FileStore(Path(folder) / "files", keys), FakeClock())
        try:
            return await _measured(DeskSite(storage))
        finally:
            await storage.close()


async def _measured(site: DeskSite) -> dict[str, float]:
    held, day, rows = await site.do(_fill)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get("/desk/timetable")  # templates are compiled at their first use
    times = []
    for _ in range(TURNS):
        started = time.perf_counter()
        await browser.get("/desk/timetable")
        times.append(time.perf_counter() - started)
        if browser.status != 200:
            raise RuntimeError(f"the matrix answered {browser.status}")
    official = await site.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF))

    async def move(uow: UnitOfWork) -> None:
        for election_id in held[:MOVED]:
            await elections.move_day(
                uow, official, election_id, day + timedelta(days=14), reason="农忙，统一推迟", version=1
            )

    started = time.perf_counter()
    await site.do(move)
    return {
        "plan_rows": float(rows),
        "matrix_p95_ms": statistics.quantiles(times, n=20)[-1] * 1000,
        "move_50_days_s": time.perf_counter() - started,
    }


async def _fill(uow: UnitOfWork) -> tuple[list[int], date, int]:
    places = await factories.add_county(uow)
    town = places[factories.TOWN].path
    await commitments.publish_packs(uow)
    pack, today = load_packs()["three_commitments"], local_date(uow.clock.now())
    day, held, rows = today + timedelta(days=60), [], 0
    for number in range(VILLAGES):
        place = await uow.places.add(path=f"{town}/v{number}", kind="village", name=f"第{number}村")
        election_id = await uow.elections.add(
            place_id=place.id,
            state="running",
            election_day=day,
            commitments_due_on=day - timedelta(days=10),
            pack=pack.pack,
            pack_version=pack.version,
        )
        await elections.open_timetable(uow, election_id, day)
        held.append(election_id)
    rows = sum(len(tasks) for tasks in (await uow.elections.tasks_of(held)).values())
    return held, day, rows


if __name__ == "__main__":
    print(asyncio.run(measure()))  # noqa: T201
