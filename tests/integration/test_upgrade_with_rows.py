"""A database of the last release, with cases at every point of their road, becomes one of this: nothing is lost.

Revision 0004: names sealed whole stay readable, and become shares.
Revision 0003: who answers for a case, what reporters added (a note before, a message now), the dates they were
promised, whether their names are checked; and from then on the new rules hold.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, insert, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from handlers.services import cases, names, outcomes
from handlers.services.errors import CannotMove
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.names import NameState
from knowledge.clock import local_date
from storage.custody import KeyPair, seal_to
from storage.engine import Database, async_url
from storage.files import FileStore
from storage.migrate import alembic_config, migrate
from storage.repositories.cases import NARRATIVE, NOTE, Case
from storage.repositories.officials import Official
from storage.repositories.people import HANDLE
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import attacks, databases, factories
from tests.fakes import FakeClock
from tests.outside import outside

RECEIVED = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # half past one in the morning of the third, in Shanghai
DUE = date(2026, 3, 24)
OFFICIALS = {
    "county": ("discipline_official", factories.COUNTY, True),
    "leader": ("discipline_leader", factories.COUNTY, True),
    "town": ("discipline_official", factories.TOWN, True),
    "gone": ("discipline_official", "cn/test/west", False),
    "custodian": ("custodian", factories.COUNTY, True),
}
#: name -> (village, how far it had come, flags, named)
CASES = {
    "new": (factories.VILLAGE, "received", ("vote_buying",), True),
    "plain": (factories.OTHER_VILLAGE, "received", (), False),
    "taken on": (factories.VILLAGE, "accepted", ("real_name",), True),
    "looked into": (factories.OTHER_VILLAGE, "investigating", ("vote_buying",), False),
    "to be signed": (factories.VILLAGE, "awaiting_approval", ("vote_buying", "specific_clues"), False),
    "signed": (factories.OTHER_VILLAGE, "approved", ("mass_reaction",), False),
    "done": (factories.VILLAGE, "closed", ("vote_buying",), True),
    "shown the door": (factories.OTHER_VILLAGE, "guided_elsewhere", (), False),
}
PHONE = "13800138000"
#: The custodian's, as the release before had them.
PAIR = KeyPair.create(factories.PASSWORD, ops_limit=1, mem_limit=8192)
ROAD = ("accepted", "investigating", "awaiting_approval", "approved", "closed")


@dataclass
class Rows:
    """The last release's tables, as they are found in the database."""

    connection: Connection
    keys: KeyRing
    tables: MetaData

    def moment(self, days: int = 0) -> Any:
        at = RECEIVED + timedelta(days=days)
        if self.connection.dialect.name == "sqlite":
            return at.replace(tzinfo=None).isoformat(timespec="microseconds")
        return at

    def add(self, table: str, **values: Any) -> int:
        made = self.connection.execute(insert(self.tables.tables[table]).values(**values))
        return int(made.inserted_primary_key[0]) if made.inserted_primary_key else 0

    def move(self, case_id: int, state: str, **values: Any) -> None:
        rows = self.tables.tables["cases"]
        self.connection.execute(update(rows).where(rows.c.id == case_id).values(state=state, **values))


def fill(connection: Connection, keys: KeyRing) -> None:
    """A county as the last release left it: every row by its own rules."""
    tables = MetaData()
    tables.reflect(connection)
    rows = Rows(connection, keys, tables)
    places = {
        path: rows.add("place", path=path, kind=kind, name=name)
        for path, kind, name in (
            (factories.COUNTY, "county", "试验县"),
            (factories.TOWN, "town", "东镇"),
            ("cn/test/west", "town", "西镇"),
            (factories.VILLAGE, "village", "柳树村"),
            (factories.OTHER_VILLAGE, "village", "松林村"),
        )
    }
    people = {
        name: rows.add(
            "official",
            username=name,
            display_name=f"官{name}",
            role=role,
            place_path=path,
            active=active,
            password_hash="none",
            totp_secret_sealed=b"x",
            created_at=rows.moment(),
        )
        for name, (role, path, active) in OFFICIALS.items()
    }
    lock = {
        name: getattr(PAIR, name) for name in ("public_key", "private_key_sealed", "salt", "ops_limit", "mem_limit")
    }
    rows.add("custodian_key", official_id=people["custodian"], created_at=rows.moment(), **lock)
    handle = keys.seal_text(HANDLE, '["web", 1001]')
    person = rows.add("person", key=b"k", channel="web", handle_sealed=handle, created_at=rows.moment())
    for at, name in enumerate(CASES):
        add_case(rows, 100 + at, name, places, people, person)


def add_case(rows: Rows, case_id: int, name: str, places: dict[str, int], people: dict[str, int], person: int) -> None:
    village, state, flags, named = CASES[name]
    sealed = rows.keys.seal_text(NARRATIVE, '{"what": "有人挨家送烟", "who": "李某"}')
    about = {"place_id": places[village], "person_id": person if name != "done" else None, "narrative_sealed": sealed}
    dates = {"received_at": rows.moment(), "answer_due_on": DUE, "rule_version": "2026.1"}
    rows.add("cases", id=case_id, number=f"QF-OLD-{case_id}", state="received", **about, **dates)
    for category in flags:
        reasons = rows.keys.seal_text("case.flag", '["写明了给钱给物换选票"]')
        more = {"reasons_sealed": reasons, "inputs_sealed": reasons, "raised_at": rows.moment(), "rule_version": "x"}
        rows.add("case_flag", case_id=case_id, category=category, **more)
    if named:
        sealed_name = {
            "name_sealed": seal_to(PAIR.public_key, "王小明"),
            "contact_sealed": seal_to(PAIR.public_key, PHONE),
        }
        rows.add("identity", case_id=case_id, custodian_id=people["custodian"], **sealed_name)
    for author, body in (
        (None, f"{name}：又看见一次"),
        (people["county"], f"{name}：先问会计"),
        (None, f"{name}：还有照片"),
    ):
        note = {"body_sealed": rows.keys.seal_text(NOTE, body), "written_at": rows.moment(1)}
        rows.add("case_note", case_id=case_id, author_id=author, **note)
    if state == "guided_elsewhere":
        rows.move(case_id, state, closed_at=rows.moment(3))
    for target in ROAD[: ROAD.index(state) + 1] if state in ROAD else ():
        walk(rows, case_id, target, people)


def walk(rows: Rows, case_id: int, target: str, people: dict[str, int]) -> None:
    found = rows.tables.tables["investigation"]
    mine = found.c.case_id == case_id
    if target == "investigating":
        work = {"round": 1, "investigator_id": people["county"], "started_at": rows.moment(2)}
        made = rows.add("investigation", case_id=case_id, **work)
        proof = {"description_sealed": rows.keys.seal_text("case.finding", "笔录"), "added_by": people["county"]}
        rows.add("investigation_evidence", investigation_id=made, added_at=rows.moment(2), **proof)
    elif target == "awaiting_approval":
        said = {"finding": "unfounded", "summary_sealed": rows.keys.seal_text("case.finding", "没有这回事")}
        rows.connection.execute(update(found).where(mine).values(**said, submitted_at=rows.moment(3)))
    elif target == "approved":
        signed = {"approver_id": people["leader"], "approved_at": rows.moment(4)}
        rows.connection.execute(update(found).where(mine).values(**signed))
    more = {"accepted_at": rows.moment(1), "handler_id": people["county"]} if target == "accepted" else {}
    rows.move(case_id, target, **more, **({"closed_at": rows.moment(5)} if target == "closed" else {}))


@dataclass(frozen=True)
class Upgraded:
    storage: Storage

    async def case(self, name: str) -> Case:
        async with self.storage.unit_of_work() as uow:
            return await factories.read_case(uow, f"QF-OLD-{100 + list(CASES).index(name)}")

    async def official(self, name: str) -> Official:
        async with self.storage.unit_of_work() as uow:
            found = await uow.officials.by_username(name)
        assert found is not None
        return found


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def grown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The owner's URL of a database of revision 0002 with rows, brought to this one; each test gets a copy."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('grown') / 'old.db'}"
        outside(_grow(url))
        yield url
        return
    request.getfixturevalue("postgresql")
    name = f"qf_test_grown_{os.getpid()}"
    outside(databases.admin(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} OWNER {databases.OWNER}"))
    url = databases.url_of(databases.OWNER, name)
    outside(_grow(url))
    yield url
    outside(databases.admin(f"DROP DATABASE {name} WITH (FORCE)"))


async def _grow(url: str) -> None:
    engine = create_async_engine(async_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(lambda one: command.upgrade(alembic_config(one), "0002"))
        await connection.run_sync(fill, KeyRing(bytes(range(32))))
    await engine.dispose()
    await migrate(url, application_role=databases.APPLICATION)


@pytest.fixture
async def upgraded(grown: str, tmp_path: Path, clock: FakeClock, keys: KeyRing) -> AsyncIterator[Upgraded]:
    """The grown database, opened as the application opens it."""
    async with _copy(grown, tmp_path) as url:
        storage = Storage(Database(url), keys, FileStore(tmp_path / "files", keys), clock)
        await storage.database.verify()
        yield Upgraded(storage)
        await storage.close()


@asynccontextmanager
async def _copy(grown: str, folder: Path) -> AsyncIterator[str]:
    if grown.startswith("sqlite"):
        yield databases.sqlite_database(Path(grown.removeprefix("sqlite:///")), folder)
        return
    template, name = grown.rpartition("/")[2], f"qf_test_copy_{os.getpid()}"
    await databases.admin(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {databases.OWNER}")
    try:
        yield databases.url_of(databases.APPLICATION, name)
    finally:
        await databases.admin(f"DROP DATABASE {name} WITH (FORCE)")


async def test_every_case_answers_to_the_nearest_level_that_has_somebody(upgraded: Upgraded) -> None:
    units = {name: (await upgraded.case(name)).unit_path for name in CASES}
    town = {name for name, (village, *_) in CASES.items() if village == factories.VILLAGE}
    assert units == {name: factories.TOWN if name in town else factories.COUNTY for name in CASES}


async def test_state_round_flags_and_promised_date_are_what_they_were(upgraded: Upgraded) -> None:
    for name, (_, state, flags, _) in CASES.items():
        case = await upgraded.case(name)
        assert (case.state, case.round, case.answer_due_on) == (state, 1, DUE), name
        assert {flag.category for flag in case.flags} == set(flags)
        assert case.filed_via == "chat"
        assert case.retain_until is None, "nothing of old begins to expire by itself"
        async with upgraded.storage.unit_of_work() as uow:
            flagged = text("SELECT flagged FROM cases WHERE id = :id")
            assert bool((await uow.read(flagged, {"id": case.id}))[0][0]) == bool(flags)


async def test_what_reporters_added_is_a_message_now_and_what_officials_noted_stays_a_note(upgraded: Upgraded) -> None:
    async with upgraded.storage.unit_of_work() as uow:
        for name in CASES:
            case_id = (await upgraded.case(name)).id
            said = await uow.dialogue.of_case(case_id)
            assert [one.body for one in said] == [f"{name}：又看见一次", f"{name}：还有照片"]
            assert all(one.from_reporter and one.author is None for one in said)
            assert [one.body for one in await uow.cases.notes(case_id)] == [f"{name}：先问会计"]


async def test_the_clock_of_what_nobody_had_taken_on_runs_to_the_day_that_was_promised(upgraded: Upgraded) -> None:
    async with upgraded.storage.unit_of_work() as uow:
        for name, (_, state, *_) in CASES.items():
            case = await upgraded.case(name)
            clocks = await uow.clocks.of_case(case.id)
            if state != "received":
                assert clocks == ()
                continue
            (clock,) = clocks
            assert (clock.kind, clock.started_on, clock.due_on) == ("acceptance", local_date(RECEIVED), DUE)
            assert clock.is_running
            assert case.next_due_on == DUE


async def test_names_left_with_open_cases_are_still_to_be_checked(upgraded: Upgraded) -> None:
    states = {name: (await upgraded.case(name)).name_state for name in CASES}
    claimed = {name for name, (_, state, _, named) in CASES.items() if named and state != "closed"}
    assert states == {name: NameState.CLAIMED if name in claimed else NameState.NONE for name in CASES}


async def test_names_left_before_there_were_shares_open_and_become_shares(
    upgraded: Upgraded,
) -> None:
    """Revision 0004: N10."""
    custodian = await upgraded.official("custodian")
    numbers = [(await upgraded.case(name)).number for name in ("new", "taken on")]
    async with upgraded.storage.unit_of_work() as uow:
        waiting = {one.number for one in await names.waiting(uow, custodian)}
        assert await uow.officials.custodians() == {custodian.id: PAIR}
    assert waiting == set(numbers)
    for number in numbers:
        for needs_whole in (True, False):
            async with upgraded.storage.unit_of_work() as uow:
                case = await factories.read_case(uow, number)
                assert bool(await uow.identities.whole(case.id)) is needs_whole
                opened = await names.open_name(uow, custodian, number, factories.PASSWORD, "call")
                await uow.commit()
            assert (opened.name, opened.contact) == ("王小明", PHONE)
    async with upgraded.storage.unit_of_work() as uow:
        kept = await uow.identities.of_case((await upgraded.case("new")).id)
    assert kept is not None
    assert kept.holders == {custodian.id}


async def test_what_had_ended_counts_as_told(upgraded: Upgraded) -> None:
    done = await upgraded.case("done")
    assert done.told_at == done.closed_at == done.concluded_at is not None
    async with upgraded.storage.unit_of_work() as uow:
        found = await uow.investigations.of_case(done)
    assert found is not None
    assert found.investigators == {(await upgraded.official("county")).id}


async def test_from_now_on_the_rules_hold_for_what_was_there_before(upgraded: Upgraded) -> None:  # N1
    ways = {**attacks.RAW_ATTACKS, **attacks.on_this_database(upgraded.storage)}
    official, leader = await upgraded.official("county"), await upgraded.official("leader")
    for name in ("new", "taken on", "looked into", "to be signed", "signed"):
        case, other = await upgraded.case(name), await upgraded.case("new" if name != "new" else "signed")
        values = {"id": case.id, "other": other.id, "official": official.id, "leader": leader.id}
        for way, statements in ways.items():
            unmade = way in (
                "forget what happened to it",
                "let its clocks begin again",
                "stop its clocks before they began",
            )
            if not unmade:  # there was no event, and some have no clock
                assert not await attacks.attempt(upgraded.storage, statements, values), (name, way)
        assert await upgraded.case(name) == case


async def test_and_an_old_case_can_be_brought_to_its_end(upgraded: Upgraded) -> None:
    official, number = await upgraded.official("county"), (await upgraded.case("signed")).number
    async with upgraded.storage.unit_of_work() as uow:
        with pytest.raises(CannotMove):
            await outcomes.close(uow, official, number)
    async with upgraded.storage.unit_of_work() as uow:
        await outcomes.recommend(uow, official, number, "none", "", "没有发现问题")
        await outcomes.tell_result(uow, official, number, "查过了，没有发现问题。", looked_again=True)
        await outcomes.close(uow, official, number)
        await uow.commit()
    async with upgraded.storage.unit_of_work() as uow:
        await cases.guide_elsewhere(
            uow, official, (await upgraded.case("plain")).number, "请到信访窗口", looked_again=True
        )
        await uow.commit()
    assert (await upgraded.case("signed")).state is CaseState.CLOSED
    assert (await upgraded.case("plain")).state is CaseState.GUIDED_ELSEWHERE
