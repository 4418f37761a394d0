"""The queue page with ten thousand and with a million cases on PostgreSQL, and what filing a report costs.

The queue: the service behind the page (a page of fifty, filtered and sorted, with the counts of every state), as an
official of the county and as one of a single town, in every narrowing the page offers. Both sizes live in two
databases of one server and are asked in turns. Filing: the whole use case against the bare INSERTs of the rows it
leaves, and a COMMIT, on SQLite and on PostgreSQL. Sealing: what a name in shares costs of filing a report with one.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Table, insert, select

from bot.clock import SystemClock
from handlers.services import cases
from handlers.services.intake import Intake, NewReport, begin_name
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.lifecycle import CaseState
from knowledge.clock import local_date
from storage.audit import event_hash
from storage.engine import Database
from storage.files import FileStore
from storage.migrate import migrate
from storage.repositories.cases import NARRATIVE, QueueFilter
from storage.repositories.flags import INPUTS
from storage.repositories.officials import Official
from storage.tables import metadata
from storage.tables.records import event
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import databases, factories

SMALL, LARGE = 10_000, int(os.environ.get("QINGFENG_BENCH_CASES", "1000000"))
TOWNS = 20
TURNS = 40
STORY = {
    "what": "选举前三天，王某的弟弟挨家送两条烟和两百元现金，让大家投王某。我家也收到了，照片在附件里。",
    "who": "王某",
    "when": "3月8日晚上",
    "where": "村东头小卖部",
    "how_known": "亲眼看到",
}

#: Cases as they lie after some years: one in eleven open, spread over the states, with dates around today; a third
#: flagged; a third at the county, the rest in its towns.
FILL = """
INSERT INTO cases (id, number, place_id, unit_id, state, round, flagged, name_state, narrative_sealed, rule_version,
                   received_at, answer_due_on, next_due_on, closed_at, concluded_at, told_at, told_by, version)
SELECT n, 'QF-B' || lpad(to_hex(n), 8, '0'), v.village, CASE WHEN n % 3 = 0 THEN $1 ELSE v.town END,
       s.state, 1, n % 3 = 1, 'none', $2, 'bench', now() - (n % 1000) * interval '1 day', current_date,
       CASE WHEN s.state IN ('closed', 'guided_elsewhere') THEN date '9999-12-31'
            ELSE current_date + ((n * 7919) % 60)::int - 20 END,
       CASE WHEN s.state IN ('closed', 'guided_elsewhere') THEN now() - (n % 900) * interval '1 day' END,
       NULL, CASE WHEN s.state = 'closed' THEN now() END, CASE WHEN s.state = 'closed' THEN 'code' END, 1
FROM generate_series(1, $3::bigint) AS n
CROSS JOIN LATERAL (SELECT ($4::bigint[])[1 + n % $5] AS village, ($6::bigint[])[1 + n % $5] AS town) AS v
CROSS JOIN LATERAL (SELECT CASE WHEN n % 11 = 0 THEN ($7::text[])[1 + (n / 11) % 8] WHEN n % 41 = 1
                    THEN 'guided_elsewhere' ELSE 'closed' END AS state) AS s
"""
FLAG = """
INSERT INTO case_flag (case_id, category, reasons_sealed, rule_version, inputs_sealed, raised_at)
SELECT id, 'vote_buying', $1, 'bench', $1, now() FROM cases WHERE flagged
"""
OPEN = (
    "received",
    "registered",
    "accepted",
    "disposal_proposed",
    "held",
    "investigating",
    "awaiting_approval",
    "approved",
)


async def measure() -> dict[str, float]:
    return {**await queue(), **await intake(), **await sealing()}


async def queue() -> dict[str, float]:
    """p95 in milliseconds at both sizes, and the ratio of their medians."""
    await databases.make_template()
    try:
        async with databases.postgresql_database() as small, databases.postgresql_database() as large:
            desks = {SMALL: await _filled(small, SMALL), LARGE: await _filled(large, LARGE)}
            times = await _in_turns(desks)
            searched = await _searched(*desks[LARGE])
            for desk in desks.values():
                await desk[0].close()
    finally:
        await databases.drop_template()
    p95 = {size: _percentile(found, 95) for size, found in times.items()}
    return {
        "queue_page_p50_ms_10k": round(statistics.median(times[SMALL]), 2),
        "queue_page_p95_ms_10k": round(p95[SMALL], 2),
        "queue_page_p50_ms_1m": round(statistics.median(times[LARGE]), 2),
        "queue_page_p95_ms_1m": round(p95[LARGE], 2),
        "queue_page_p95_1m_to_10k": round(p95[LARGE] / p95[SMALL], 2),
        "queue_search_part_of_number_p95_ms_1m": round(_percentile(searched, 95), 2),
        "queue_cases": LARGE,
    }


Desk = tuple[Storage, tuple[Official, ...]]


async def _filled(url: str, size: int) -> Desk:
    keys = KeyRing(bytes(range(32)))
    with tempfile.TemporaryDirectory() as folder:
        storage = Storage(Database(url), keys, FileStore(Path(folder) / "files", keys), SystemClock())
    async with storage.unit_of_work() as uow:
        county = await uow.places.add(path="cn/bench", kind="county", name="县")
        towns = [await uow.places.add(path=f"cn/bench/t{n}", kind="town", name=f"镇{n}") for n in range(TOWNS)]
        villages = [await uow.places.add(path=f"{one.path}/v", kind="village", name="村") for one in towns]
        officials = (
            await factories.add_official(uow, Role.DISCIPLINE_LEADER, county.path),
            await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, towns[3].path),
        )
        await uow.commit()
    admin = await asyncpg.connect(databases.ADMIN.rpartition("/")[0] + "/" + url.rpartition("/")[2])
    try:
        await admin.execute("SET session_replication_role = replica")  # lawful rows by construction, quickly
        narrative = keys.seal_text(NARRATIVE, "{}")
        ids = [one.id for one in villages], [one.id for one in towns]
        await admin.execute(FILL, county.id, narrative, size, ids[0], TOWNS, ids[1], list(OPEN), timeout=3_600)
        await admin.execute(FLAG, keys.seal_text(INPUTS, '["写明了给钱给物换选票"]'), timeout=3_600)
        await admin.execute("UPDATE cases SET handler_id = $1 WHERE id % 500 = 0", officials[0].id)
        await admin.execute("VACUUM ANALYZE", timeout=3_600)
    finally:
        await admin.close()
    return storage, officials


async def _in_turns(desks: dict[int, Desk]) -> dict[int, list[float]]:
    times: dict[int, list[float]] = {size: [] for size in desks}
    today = local_date(next(iter(desks.values()))[0].clock.now())
    for turn in range(TURNS + 2):
        for size, (storage, officials) in desks.items():
            for official in officials:
                for chosen in _narrowings(official, today):
                    started = time.perf_counter()
                    async with storage.unit_of_work() as uow:
                        page = await cases.queue(uow, official, chosen)
                        counts = await cases.counts(uow, official)
                    taken = (time.perf_counter() - started) * 1_000
                    assert counts
                    assert page.cases or chosen.handler_id
                    if turn > 1:  # the first rounds fill the caches of both
                        times[size].append(taken)
    return times


async def _searched(storage: Storage, officials: tuple[Official, ...]) -> list[float]:
    """Milliseconds to find cases by a part of their number, which no index helps with."""
    times = []
    for turn in range(TURNS // 4):
        for official in officials:
            started = time.perf_counter()
            async with storage.unit_of_work() as uow:
                assert (await cases.queue(uow, official, QueueFilter(tuple(CaseState), number=f"00{turn:02X}"))).cases
            times.append((time.perf_counter() - started) * 1_000)
    return times


def _narrowings(official: Official, today: Any) -> tuple[QueueFilter, ...]:
    return (
        QueueFilter(),
        QueueFilter(flagged=True),
        QueueFilter(due_before=today),
        QueueFilter(handler_id=official.id),
        QueueFilter((CaseState.INVESTIGATING,)),
        QueueFilter((CaseState.CLOSED,)),
        QueueFilter(place_path="cn/bench/t3"),
        QueueFilter(category="vote_buying"),
    )


def _percentile(found: list[float], percent: int) -> float:
    return statistics.quantiles(found, n=100, method="inclusive")[percent - 1]


async def intake(count: int = 60, rounds: int = 5) -> dict[str, float]:
    """Filing a full report, and inserting its rows bare, in turns; the ratio is bare time to whole time."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        await migrate(url)
        found["intake_bare_to_whole_sqlite"] = await _intake_ratio(url, Path(folder), count, rounds)
    await databases.make_template()
    try:
        async with databases.postgresql_database() as url:
            with tempfile.TemporaryDirectory() as folder:
                found["intake_bare_to_whole_postgresql"] = await _intake_ratio(url, Path(folder), count, rounds)
    finally:
        await databases.drop_template()
    return found


async def _intake_ratio(url: str, folder: Path, count: int, rounds: int) -> float:
    keys = KeyRing(bytes(range(32)))
    storage = Storage(Database(url), keys, FileStore(folder / "files", keys), SystemClock())
    async with storage.unit_of_work() as uow:
        village = (await factories.add_county(uow))[factories.VILLAGE]
        await factories.add_custodian(uow)
        for role in (Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER):
            await factories.add_official(uow, role)
        public = {who: pair.public_key for who, pair in (await uow.officials.custodians()).items()}
        await uow.commit()
    use_case = Intake(Classifier(load_categories()))

    identity = factories.sealed_name(public, "周小雨", "13900139000")  # sealed at its prompt, long before

    async def whole() -> None:
        async with storage.unit_of_work() as uow:
            report = NewReport(village, STORY, "王某", evidence_count=1, name=identity)
            await use_case.file(uow, report)
            await uow.commit()

    rows = await _rows_left_by(storage, whole)

    async def bare(last: dict[str, Any]) -> None:
        """The rows and nothing else: not even the look at the event log's head, which is known here."""
        async with storage.database.writing() as connection:
            for table, row in rows:
                await connection.execute(insert(table), _fresh(storage, table, row, last))
            await connection.commit()

    async def bare_rate() -> float:
        async with storage.database.reading() as connection:
            head = (await connection.execute(select(event).order_by(event.c.id.desc()).limit(1))).one()
        last = {"event": head.id, "hash": head.hash}
        return await _rate(lambda: bare(last), count)

    ratios = []
    for _ in range(rounds):
        ours, theirs = await _rate(whole, count), await bare_rate()
        ratios.append(ours / theirs)
    await storage.close()
    return round(statistics.median(ratios), 3)


async def sealing(count: int = 40, rounds: int = 5) -> dict[str, float]:
    """What a name costs: sealing it and splitting its key for three custodians, as a share of the whole intake."""
    keys = KeyRing(bytes(range(32)))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        await migrate(url)
        storage = Storage(Database(url), keys, FileStore(Path(folder) / "files", keys), SystemClock())
        async with storage.unit_of_work() as uow:
            village = (await factories.add_county(uow))[factories.VILLAGE]
            for turn in range(3):
                await factories.add_custodian(uow, username=f"custodian{turn}")
            await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
            public = await factories.public_keys(uow)
            await uow.commit()
        use_case = Intake(Classifier(load_categories()))

        async def seal() -> None:
            factories.sealed_name(public, "周小雨", "13900139000")

        async def whole() -> None:
            async with storage.unit_of_work() as uow:
                name = await begin_name(uow, village, STORY)
                assert name is not None
                name = name.with_part("name", "周小雨").with_part("contact", "13900139000")
                await use_case.file(uow, NewReport(village, STORY, "王某", evidence_count=1, name=name))
                await uow.commit()

        shares, times = [], []
        await _rate(whole, count)  # the caches fill
        for _ in range(rounds):
            sealed, filed = await _rate(seal, count), await _rate(whole, count)
            shares.append(filed / sealed)
            times.append(1_000 / sealed)
        await storage.close()
    return {
        "sealing_share_of_intake": round(statistics.median(shares), 3),
        "sealing_ms_a_name": round(statistics.median(times), 2),
    }


async def _rows_left_by(storage: Storage, act: Callable[[], Awaitable[None]]) -> list[tuple[Table, dict[str, Any]]]:
    """The rows an act adds, parents first."""
    before = await _all_rows(storage)
    await act()
    after = await _all_rows(storage)
    return [
        (table, dict(row._mapping))
        for table in metadata.sorted_tables
        for row in after[table.name]
        if row not in before[table.name]
    ]


async def _all_rows(storage: Storage) -> dict[str, list[Any]]:
    async with storage.database.reading() as connection:
        return {table.name: list((await connection.execute(select(table))).all()) for table in metadata.sorted_tables}


def _fresh(storage: Storage, table: Table, row: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    """The same row once more: new keys, the next link of the chain, everything else as it was."""
    made = dict(row)
    if table.name == "event":
        made |= {"id": last["event"] + 1, "previous_hash": last["hash"]}
        told = {name: made[name] for name in ("id", "at", "actor", "act", "subject", "detail")}
        made["hash"] = event_hash(last["hash"], **told)
        last |= {"event": made["id"], "hash": made["hash"]}
        return made
    if table.name == "cases":
        last["case"] = made["id"] = storage.ids.next()
        made |= {"number": f"B{made['id']}", "receipt_index": os.urandom(16), "handler_id": None}
    elif "case_id" in made:
        made["case_id"] = last["case"]
    if table.name != "cases" and "id" in made and table.c["id"].primary_key:
        made["id"] = storage.ids.next()
    return made


async def _rate(act: Callable[[], Awaitable[None]], count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        await act()
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    print(asyncio.run(measure()))  # noqa: T201
