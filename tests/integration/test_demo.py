"""The demo county tells its whole story on both databases, and its cases are as well guarded as real ones."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import text

from handlers.services import demo, elections, entries, inquiries
from handlers.services.answer_book import AnswerBook
from handlers.services.demo import DemoSeat, NotEmpty, build_demo, demo_links
from knowledge.answering import Answerer
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.categories import Category, load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.names import NameState
from knowledge.clock import SHANGHAI, local_date
from knowledge.loader import load_knowledge
from storage import audit, deployment
from storage.engine import Database
from storage.files import FileStore
from storage.repositories.cases import Case, QueueFilter
from storage.tables.records import event
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import attacks, databases, factories
from tests.fakes import FakeClock

T = TypeVar("T")
KEYS = KeyRing(bytes(range(32)))
CLASSIFIER = Classifier(load_categories())
EVERY = QueueFilter(states=tuple(CaseState))
#: Where nobody has completed an investigation yet.
BEFORE = {
    CaseState.RECEIVED,
    CaseState.REGISTERED,
    CaseState.ACCEPTED,
    CaseState.REFERRED,
    CaseState.DISPOSAL_PROPOSED,
    CaseState.HELD,
    CaseState.INVESTIGATING,
    CaseState.AWAITING_APPROVAL,
}
PHONE = re.compile(r"(?<!\d)(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|\d{17}[\dXx])(?!\d)")


@dataclass(frozen=True)
class County:
    storage: Storage
    seats: dict[str, DemoSeat]
    cases: list[Case]


@dataclass(frozen=True)
class Told:
    """A database whose story was told, kept by a thread of its own, and who sits at its desk."""

    url: str
    folder: Path
    seats: dict[str, DemoSeat]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def told(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """The demo county, built once on each kind of database; the tests read it, and what they try is refused."""
    folder = tmp_path_factory.mktemp(request.param)
    with ThreadPoolExecutor(1) as pool, asyncio.Runner() as runner:

        def outside(act: Coroutine[Any, Any, T]) -> T:
            return pool.submit(lambda: runner.run(act)).result()

        if request.param == "sqlite":
            database = nullcontext(databases.sqlite_database(sqlite_template, folder))
        else:
            request.getfixturevalue("postgresql")
            database = databases.postgresql_database()
        url = outside(database.__aenter__())
        seats = outside(_tell(url, folder))
        yield Told(url, folder, seats)
        outside(database.__aexit__(None, None, None))


async def _tell(url: str, folder: Path) -> dict[str, DemoSeat]:
    storage = Storage(Database(url), KEYS, FileStore(folder / "files", KEYS), FakeClock())
    seats = await build_demo(storage, factories.quick_access(), CLASSIFIER)
    await storage.close()
    return {seat.official.username: seat for seat in seats}


@pytest.fixture
async def county(told: Told, clock: FakeClock) -> AsyncIterator[County]:
    storage = Storage(Database(told.url), KEYS, FileStore(told.folder / "files", KEYS), clock)
    async with storage.unit_of_work() as uow:
        cases = await uow.cases.queue(told.seats["superior"].official, EVERY, limit=500)
    yield County(storage, told.seats, cases)
    await storage.close()


async def test_the_county_is_whole(county: County) -> None:
    storage, seats, cases = county.storage, county.seats, county.cases
    now, today = storage.clock.now(), local_date(storage.clock.now())
    states = Counter(case.state for case in cases)
    assert len(cases) >= 30
    assert set(states) == set(CaseState)
    assert {flag.category for case in cases for flag in case.flags} == set(Category)
    assert any(not case.flags for case in cases)
    assert len({case.place_path for case in cases}) == 6
    assert all(case.received_at <= now for case in cases)
    assert min(case.received_at for case in cases) < max(case.received_at for case in cases)
    assert {seat.official.role for seat in seats.values()} == set(Role)
    await timetables_run(county, today)
    async with storage.unit_of_work() as uow:
        candidates = await uow.elections.candidates_within(demo.COUNTY)
        assert {one.state for one in candidates} == {"invited", "signing", "may_stand"}
        assert await uow.inquiries.counts(demo.COUNTY) == {"waiting": len(demo.QUESTIONS), "useless": 1}
        closed_unlawfully = await uow.read(
            text(
                "SELECT c.number FROM cases c JOIN case_flag f ON f.case_id = c.id LEFT JOIN investigation i "
                "ON i.case_id = c.id AND i.round = c.round "
                "WHERE c.state IN ('told', 'closed', 'guided_elsewhere') AND i.approved_at IS NULL"
            )
        )
        assert closed_unlawfully == []
    report = await audit.verify(storage.database)
    assert report.fault is None
    assert report.events > len(cases) * 2


async def test_the_story_shows_every_turn_a_report_can_take(county: County) -> None:
    storage, cases = county.storage, county.cases
    async with storage.unit_of_work() as uow:
        by_state = {state: [case for case in cases if case.state is state] for state in CaseState}
        (held,) = by_state[CaseState.HELD]
        opinion = await uow.investigations.opinion_of(held)
        assert opinion is not None
        assert opinion.review_on is not None
        assert opinion.review_on > local_date(storage.clock.now())
        assert by_state[CaseState.REFERRED]
        assert {case.name_state for case in by_state[CaseState.TOLD]} == {NameState.CLAIMED, NameState.NONE}
        again = [case for case in cases if case.round > 1]
        assert [case.state for case in again] == [CaseState.INVESTIGATING]
        assert await uow.investigations.of_case(again[0], 1) is not None
        assert {case.filed_via for case in cases} == {"chat", "walk_in", "phone", "letter"}
        assert {case.unit_path for case in cases} == {demo.COUNTY, "cn/demo/qinghe"}
        heads = [
            case for case in cases if case.place_path.startswith("cn/demo/qinghe/") and case.unit_path == demo.COUNTY
        ]
        recused = await uow.recusals.from_case(heads[0].id)
        assert county.seats["townleader"].official.id in recused  # the report names the head of the body below
        late = await uow.cases.queue(
            county.seats["superior"].official, QueueFilter(due_before=local_date(storage.clock.now()))
        )
    assert 1 <= len(late) <= 5
    opened = [case for case in by_state[CaseState.RECEIVED] if case.handler_id is None]
    assert len(opened) < len(by_state[CaseState.RECEIVED])  # most came while somebody was on duty


async def test_officials_of_the_county_can_try_everything_two_people_are_needed_for(county: County) -> None:
    seats = {name: seat.official for name, seat in county.seats.items()}
    async with county.storage.unit_of_work() as uow:
        for official in seats.values():
            declared = await uow.recusals.declared_at(official.id) is not None
            assert declared == may(official.role, Permission.READ_CASES), official.username
        above = [one for one in seats.values() if one.place_path == "cn" and may(one.role, Permission.LOWER_FLAGS)]
        assert len(above) >= 2
        assert [one.role for one in seats.values()].count(Role.CUSTODIAN) == 2  # a name is given up on by two
        kin = await uow.recusals.kin_of(seats["discipline2"].id)
        hidden = [case for case in county.cases if "梅花村" in case.place_name]
        seen = await uow.cases.queue(seats["discipline2"], EVERY, limit=500)
    assert {one.name for one in kin} == {"周某", "梅花村"}
    assert hidden
    assert not {case.number for case in hidden} & {case.number for case in seen}


async def timetables_run(county: County, today: object) -> None:
    leader = county.seats["leader"].official
    async with county.storage.unit_of_work() as uow:
        overviews = await elections.timetables(uow, leader)
        found = [await elections.timetable(uow, leader, one.election.id) for one in overviews]
    assert len(found) == 6
    assert {table.today for table in found} == {today}
    running = [table for table in found if 0 < table.done < len(table.lines)]
    assert len(running) >= 4
    late = [(table.election.place_name, line.task.code) for table in found for line in table.lines if line.overdue]
    assert sum(one.late for one in overviews) == len(late)
    assert late == [("河东村", "roll_published")]


async def test_the_county_has_questions_alike_and_an_entry_that_another_official_reviews(county: County) -> None:
    town, leader = (county.seats[name].official for name in ("town", "leader"))
    book = AnswerBook(load_knowledge(), Answerer(load_knowledge()))
    async with county.storage.unit_of_work() as uow:
        groups = await inquiries.groups(uow, leader, book.lexicon)
        assert [group.people for group in groups] == [3, 1, 1]
        (useless,) = await inquiries.inbox(uow, leader, state="useless")
        assert useless.entry_id in book.knowledge.entries
        assert (await entries.to_review(uow, town), await entries.to_review(uow, leader)) == (0, 1)
        (view,) = await entries.listing(uow, leader)
        await entries.review(uow, leader, view.entry_id, view.latest.id, verdict="approved", note="")
        await entries.publish(uow, leader, view.entry_id, view.latest.id, book)  # nothing shipped answers it already
        await uow.commit()
    assert await book.refresh(county.storage)
    answerer = await book.at("cn/demo/qinghe/xiangyang")
    found = answerer.answer("流动票箱大概几点来我家", as_of=local_date(county.storage.clock.now()))
    assert found.text == demo.ENTRY.answer


async def test_every_open_flagged_case_refuses_every_way_of_closing_it(county: County) -> None:
    guarded = [case for case in county.cases if case.flags and case.state in BEFORE]
    ways = {**attacks.RAW_ATTACKS, **attacks.on_this_database(county.storage)}
    assert len(guarded) >= 10
    assert len(ways) >= 10
    official, leader = (county.seats[name].official.id for name in ("discipline", "leader"))
    for case in guarded:
        other = next(one.id for one in guarded if one.id != case.id)
        for way, statements in ways.items():
            values = {"id": case.id, "other": other, "official": official, "leader": leader}
            assert not await attacks.attempt(county.storage, statements, values), (case.state, way)
    async with county.storage.unit_of_work() as uow:
        after = await uow.cases.queue(county.seats["superior"].official, EVERY, limit=500)
    assert after == county.cases


async def test_no_number_in_the_county_could_be_somebodys_and_everybody_is_plainly_made_up(county: County) -> None:
    storage, custodian = county.storage, county.seats["custodian"]
    told: list[str] = []
    async with storage.unit_of_work() as uow:
        pair = (await uow.officials.custodians())[custodian.official.id]
        key = pair.unlock(custodian.password)
        named = 0
        for case in county.cases:
            told += (await uow.cases.narrative(case.id)).values()
            told += [note.body for note in await uow.cases.notes(case.id)]
            found = await uow.investigations.of_case(case)
            told += [found.summary or "", *(one.description for one in found.evidence)] if found else []
            if await uow.identities.of_case(case.id):
                named += 1
                opened = await factories.read_name(uow, case.id, {custodian.official.id: key})
                assert (opened["name"][:3], opened["contact"][:4]) == ("演示人", "演示号码")
        for state in ("waiting", "useless"):
            told += [inquiry.question for inquiry in await uow.inquiries.inbox(demo.COUNTY, state=state)]
        for version in await uow.entries.within(demo.COUNTY):
            told += [version.answer, version.more, *version.questions]
        told += [candidate.name for candidate in await uow.elections.candidates_within(demo.COUNTY)]
    assert named >= 10
    assert [words for words in told if PHONE.search(words)] == []
    assert not PHONE.search(Path(demo.__file__).read_text(encoding="utf-8"))


async def test_every_seat_gets_its_own_password_and_a_link_that_signs_in(county: County) -> None:
    access, seats = factories.quick_access(), county.seats.values()
    assert len({seat.password for seat in seats}) == len({seat.totp_secret for seat in seats}) == len(seats)
    links = await demo_links(county.storage, "http://127.0.0.1:8080")
    assert {(role, name) for role, name, _ in links} == {(str(s.official.role), s.official.display_name) for s in seats}
    for _, name, link in links:
        address, _, token = link.rpartition("/")
        assert address == "http://127.0.0.1:8080/desk/link"
        async with county.storage.unit_of_work() as uow:
            opened = await access.sign_in_by_link(uow, token)
            await uow.commit()
        assert opened.official.display_name == name


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 1, 3, 0, tzinfo=SHANGHAI),  # a Sunday night
        datetime(2026, 2, 17, 12, 0, tzinfo=SHANGHAI),  # Spring Festival
        datetime(2026, 10, 10, 23, 59, tzinfo=SHANGHAI),  # a Saturday that is worked
        datetime(2028, 1, 2, 9, 0, tzinfo=SHANGHAI),  # beyond the calendar on file
    ],
    ids=str,
)
async def test_the_story_can_be_told_at_any_hour(sqlite_storage: Storage, clock: FakeClock, moment: datetime) -> None:
    clock.set(moment)
    seats = await build_demo(sqlite_storage, factories.quick_access(), CLASSIFIER)
    (superior,) = [seat.official for seat in seats if seat.official.username == "superior"]
    async with sqlite_storage.unit_of_work() as uow:
        cases = await uow.cases.queue(superior, EVERY, limit=500)
        late = await uow.cases.queue(superior, QueueFilter(due_before=local_date(clock.now())))
        last = max(row.at for row in await uow.read(event.select()))
    assert {case.state for case in cases} == set(CaseState)
    assert len(late) <= 8
    assert last <= clock.now()


async def test_a_database_with_anything_in_it_is_left_as_it_is(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        await uow.places.add(path="cn/x", kind="county", name="某县")
        await uow.commit()
    with pytest.raises(NotEmpty):
        await build_demo(storage, factories.quick_access(), CLASSIFIER)
    assert await demo_links(storage, "http://x") == []
    assert await deployment.get(storage, deployment.DEMO) is None
    async with storage.unit_of_work() as uow:
        assert [place.path for place in await uow.places.within("cn")] == ["cn/x"]
        assert await uow.officials.all() == []
