"""A working calendar that changes while cases run: imported by command, followed by every process, told once.

Rows of peers.md: N8, ALA#7292 (a new holiday moves open deadlines), and the regression "holiday added mid-case".
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select, text

from bot.commands import import_table
from handlers.chat import texts
from handlers.jobs.deadlines import follow_calendar, remind_of_deadlines
from handlers.services import calendars, cases, deadline_ladder, deadlines, links, recusals
from knowledge.calendar import YearSheet, load_calendar, load_sheets, parse_year
from knowledge.casework.access import Role
from knowledge.casework.clocks import ClockKind
from knowledge.clock import SHANGHAI
from storage import outbox
from storage.engine import Database
from storage.files import FileStore
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.tables.deadlines import calendar_year, case_clock, deadline_notice
from storage.tables.records import deployment, event
from storage.unit_of_work import Storage, UnitOfWork
from storage.vault import load_key_file
from tests import factories
from tests.channels import open_site
from tests.desk_site import DeskSite
from tests.fakes import FakeClock
from tests.integration.test_commands import Said, folder, migrated, qingfeng

__all__ = ["folder", "migrated", "qingfeng"]
DUE = date(2026, 4, 1)  # fifteen working days after Wednesday, 11 March 2026
LATER, EARLIER = date(2026, 4, 3), date(2026, 3, 31)
SHIPPED = next(sheet for sheet in load_sheets() if sheet.year == 2026)


def written(year: int = 2026, *, off: tuple[str, str] | None = None, works: str = "", **changed: Any) -> str:
    """A year's file: the one shipped, with days off or a make-up weekend more."""
    record = SHIPPED.as_record() if year == 2026 else {"source": "通知", "days_off": [], "working_weekends": []}
    record |= {"year": year, **changed}
    record["days_off"] += [[*off, "特别安排"]] if off else []
    record["working_weekends"] += [works] if works else []
    return yaml.safe_dump(record, allow_unicode=True)


def sheet(**more: Any) -> YearSheet:
    return parse_year(written(**more), "test.yaml")


TWO_DAYS_OFF = sheet(off=("2026-03-16", "2026-03-17"))
ONE_DAY_WORKED = sheet(works="2026-03-14")


class Town:
    """A town with a handler, a colleague, and a case with a reporter in a chat."""

    def __init__(self, storage: Storage, clock: FakeClock) -> None:
        self.storage, self.clock = storage, clock

    async def do(self, act: Callable[[UnitOfWork], Any], storage: Storage | None = None) -> Any:
        async with (storage or self.storage).unit_of_work() as uow:
            result = await act(uow)
            await uow.commit()
        return result

    async def fill(self) -> "Town":
        self.places = await self.do(factories.add_county)
        self.handler, self.colleague = [await self.seat() for _ in range(2)]
        self.person: Person = await self.do(factories.add_person)
        await follow_calendar(self.storage)
        return self

    async def seat(self) -> Official:
        async def act(uow: UnitOfWork) -> Official:
            found = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, factories.TOWN)
            await uow.officials.set_notice_chat(found.id, 10_000 + found.id)
            return found

        return await self.do(act)

    async def case(self, *, handler: Official | None = None, person: Person | None = None) -> Case:
        async def act(uow: UnitOfWork) -> Case:
            village = self.places[factories.VILLAGE]
            case = await factories.add_case(uow, village, unit_path=factories.TOWN, flags=(), person=person)
            if handler:
                await uow.cases.change(case, handler_id=handler.id)
            await deadlines.settle(uow, case.id)
            return await factories.read_case(uow, case.number)

        return await self.do(act)

    async def enter(self, *sheets: YearSheet, storage: Storage | None = None) -> list[bool]:
        entered = await self.do(lambda uow: calendars.import_years(uow, sheets), storage)
        return [one.is_new for one in entered]

    async def due(self, case: Case, kind: ClockKind = ClockKind.ACCEPTANCE) -> date:
        async with self.storage.unit_of_work() as uow:
            return next(one.due_on for one in await uow.clocks.of_case(case.id) if one.kind == kind)

    async def read(self, case: Case) -> Case:
        return await self.do(lambda uow: factories.read_case(uow, case.number))

    async def sent(self) -> list[tuple[int, str, dict[str, Any]]]:
        """What leaves now, after a tick: chat, code, data."""
        await remind_of_deadlines(self.storage)
        found = await outbox.claim(self.storage, worker="test", limit=500)
        for delivery in found:
            await outbox.mark_sent(self.storage, delivery.id)
        listed = [(one.recipient.chat_id, one.payload["notice"], one.payload["data"]) for one in found]
        return sorted((one for one in listed if one[1] != "case_accepted"), key=lambda one: (one[1], str(one)))

    async def events(self, act: str) -> list[Any]:
        async with self.storage.unit_of_work() as uow:
            return await uow.read(select(event).where(event.c.act == act).order_by(event.c.id))

    def notice_of(self, official: Official) -> tuple[int, str, dict[str, Any]]:
        return (10_000 + official.id, "desk_item_waiting", {})


@pytest.fixture
async def town(storage: Storage, clock: FakeClock) -> Town:
    return await Town(storage, clock).fill()


@pytest.fixture
async def other(database_url: str, storage: Storage, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Storage]:
    """Another process of the same deployment: a Storage of its own on the same database."""
    opened = Storage(Database(database_url), storage.keys, FileStore(tmp_path / "files", storage.keys), clock)
    await follow_calendar(opened)
    yield opened
    await opened.close()


# A holiday added mid-case (ALA#7292)


@pytest.mark.parametrize(("changed", "due_on"), [(TWO_DAYS_OFF, LATER), (ONE_DAY_WORKED, EARLIER)])
async def test_a_changed_calendar_moves_an_open_deadline_and_tells_those_concerned(  # ALA#7292, N8
    town: Town, changed: YearSheet, due_on: date
) -> None:
    case = await town.case(handler=town.handler, person=town.person)
    assert (await town.due(case), case.next_due_on, case.answer_due_on) == (DUE, DUE, DUE)
    assert await town.enter(changed) == [True]
    assert await follow_calendar(town.storage) == 1
    moved = await town.read(case)
    assert (await town.due(case), moved.next_due_on) == (due_on, due_on)
    assert moved.answer_due_on == DUE  # what the receipt says stays
    assert moved.version == case.version  # nobody at the desk loses what they were typing
    (row,) = await town.events("deadline_moved")
    assert (row.actor, row.subject) == ("system", f"case/{case.number}")
    assert row.detail == {"moves": [["acceptance", str(DUE), str(due_on)]]}
    data = {"number": case.number, "was": str(DUE), "due_on": str(due_on)}
    expected = [(town.person.recipient.chat_id, "case_date_moved", data), town.notice_of(town.handler)]
    assert await town.sent() == expected
    assert await follow_calendar(town.storage) == 0
    assert await town.sent() == []
    browser = await DeskSite(town.storage).sign_in(town.handler)
    await browser.open_case(case.number)
    assert "原来是4月1日（星期三）。放假安排变了，重新算过。" in browser.text
    await browser.get("/desk")
    assert case.number in browser.text
    assert "到期提醒" in browser.text
    assert "原来是4月1日" in browser.text


async def test_a_year_announced_late_settles_dates_that_were_provisional(town: Town) -> None:
    town.clock.set(datetime(2026, 12, 25, 10, tzinfo=SHANGHAI))
    case = await town.case(handler=town.handler)
    assert await town.due(case) == date(2027, 1, 15)
    assert await town.enter(sheet(year=2027, days_off=[["2027-01-01", "2027-01-03", "元旦"]])) == [True]
    assert await follow_calendar(town.storage) == 1
    assert await town.due(case) == date(2027, 1, 18)
    site = DeskSite(town.storage)
    browser = await site.sign_in(town.handler)
    await browser.open_case(case.number)
    assert "还没录入" not in browser.text
    assert "1月1日（星期五）到1月3日（星期日），一共3天，元旦放假，不算。" in browser.text


async def test_what_has_stopped_and_what_is_counted_in_months_stays_where_it_was(town: Town) -> None:
    case = await town.case()
    await town.do(lambda uow: cases.accept(uow, town.handler, case.number))
    ended = await town.case(handler=town.handler)
    await town.do(lambda uow: cases.guide_elsewhere(uow, town.handler, ended.number, "请到县民政局二楼窗口"))
    await town.enter(TWO_DAYS_OFF)
    assert await follow_calendar(town.storage) == 0
    assert await town.due(case) == await town.due(ended) == DUE
    assert await town.due(case, ClockKind.DISPOSAL) == date(2026, 4, 11)


async def test_a_reporter_is_told_a_new_date_only_while_the_old_one_matters(town: Town) -> None:
    accepted = await town.case(person=town.person)
    await town.do(lambda uow: cases.accept(uow, town.handler, accepted.number))

    async def answer(uow: UnitOfWork) -> None:
        await uow.begin()
        await deadlines.restart(uow, await factories.read_case(uow, accepted.number), ClockKind.REPLY)
        await deadlines.settle(uow, accepted.id)

    town.clock.set(datetime(2026, 3, 13, 10, tzinfo=SHANGHAI))
    await town.do(answer)
    await town.sent()
    await town.enter(TWO_DAYS_OFF)
    assert await follow_calendar(town.storage) == 1
    assert await town.sent() == [town.notice_of(town.handler)]
    assert await town.due(accepted, ClockKind.REPLY) == date(2026, 3, 20)


async def test_words_for_the_reporter_say_the_new_date_the_old_one_and_why() -> None:
    data = {"number": "QF-7K2M-9D4X", "was": "2026-04-01", "due_on": "2026-04-03"}
    said = texts.notice("case_date_moved", data, datetime(2026, 3, 12, 2, tzinfo=SHANGHAI)).text
    assert said.startswith("您反映的 QF-7K2M-9D4X，最晚4月3日（星期五）告诉您受理了没有。")
    assert "原来说的是4月1日（星期三），因为放假安排变了" in said


async def test_whoever_reported_what_was_merged_hears_the_new_date_under_their_own_number(town: Town) -> None:
    parent = await town.case(handler=town.handler, person=town.person)
    town.clock.set(datetime(2026, 3, 12, 10, tzinfo=SHANGHAI))
    neighbour = await town.do(lambda uow: factories.add_person(uow, 2002))
    merged = await town.case(handler=town.handler, person=neighbour)
    for one in (parent, merged):
        await town.do(lambda uow, one=one: recusals.declare_clear(uow, town.handler, one.number))
    await town.do(lambda uow: links.merge(uow, town.handler, merged.number, parent.number, "说的是一件事"))
    await town.sent()
    await town.enter(TWO_DAYS_OFF)
    assert await follow_calendar(town.storage) == 1
    told = {chat: data for chat, code, data in await town.sent() if code == "case_date_moved"}
    assert told == {
        1001: {"number": parent.number, "was": "2026-04-01", "due_on": "2026-04-03"},
        2002: {"number": merged.number, "was": "2026-04-02", "due_on": "2026-04-03"},
    }
    await town.do(lambda uow: cases.accept(uow, town.handler, parent.number))
    await town.sent()
    await town.enter(SHIPPED)
    await follow_calendar(town.storage)
    assert [one for one in await town.sent() if one[1] == "case_date_moved"] == []


async def test_without_a_handler_the_unit_is_told_and_whoever_stands_back_is_not(town: Town) -> None:  # N4
    case = await town.case()
    await town.do(lambda uow: recusals.stand_back(uow, town.colleague, case.number))
    await town.sent()
    await town.enter(TWO_DAYS_OFF)
    await follow_calendar(town.storage)
    assert await town.sent() == [town.notice_of(town.handler)]
    async with town.storage.unit_of_work() as uow:
        assert await deadline_ladder.reminders_of(uow, town.colleague, limit=9) == []


async def test_at_night_dates_move_and_people_are_told_in_the_morning(town: Town) -> None:
    await town.case(handler=town.handler, person=town.person)
    await town.enter(TWO_DAYS_OFF)
    town.clock.set(datetime(2026, 3, 12, 2, tzinfo=SHANGHAI))
    assert await follow_calendar(town.storage) == 1
    assert await town.sent() == []
    town.clock.set(datetime(2026, 3, 12, 8, tzinfo=SHANGHAI))
    assert [code for _, code, _ in await town.sent()] == ["case_date_moved", "desk_item_waiting"]


async def test_a_moved_date_has_its_own_ladder_and_the_old_one_is_silent(town: Town) -> None:
    case = await town.case(handler=town.handler)
    town.clock.set(datetime(2026, 3, 27, 10, tzinfo=SHANGHAI))  # T-3 of the 1st
    assert await town.sent() == [town.notice_of(town.handler)]
    await town.enter(TWO_DAYS_OFF)
    await follow_calendar(town.storage)
    assert len(await town.sent()) == 1  # that it moved, and T-7 of the new date, are one message
    async with town.storage.unit_of_work() as uow:
        rows = await uow.read(select(deadline_notice).order_by(deadline_notice.c.id))
        assert {(row.stage, row.due_on) for row in rows} == {("T-3", DUE), ("moved", LATER), ("T-7", LATER)}
        (reminder,) = await deadline_ladder.reminders_of(uow, town.handler, limit=9)
    assert (reminder.case.number, reminder.stage, reminder.clock.moved_from) == (case.number, "T-7", DUE)


# Any number of processes, killed at any time


async def test_every_process_takes_over_what_another_has_imported_and_moves_nothing_twice(
    town: Town, other: Storage
) -> None:
    found = [await town.case(handler=town.handler, person=town.person) for _ in range(6)]
    await town.enter(TWO_DAYS_OFF, storage=other)
    moved = await asyncio.gather(*(follow_calendar(one) for one in (town.storage, other, town.storage, other)))
    assert sum(moved) == len(found)
    assert town.storage.calendars.current == other.calendars.current != load_calendar()
    assert {row.subject for row in await town.events("deadline_moved")} == {f"case/{one.number}" for one in found}
    assert len(await town.events("deadline_moved")) == len(found)
    codes = [code for _, code, _ in await town.sent()]
    assert codes == ["case_date_moved"] * len(found) + ["desk_item_waiting"]


async def test_a_process_killed_half_way_goes_on_where_it_was_and_tells_nobody_twice(
    town: Town, other: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendars, "PAGE", 2)
    found = [await town.case(person=town.person, handler=town.handler) for _ in range(5)]
    await town.enter(TWO_DAYS_OFF)
    await town.storage.calendars.refresh()
    async with town.storage.unit_of_work() as uow:
        page = await calendars.move_deadlines(uow)
        await uow.commit()
    async with town.storage.unit_of_work() as uow:  # and the next page is never committed
        assert page.next_case is not None
        assert (await calendars.move_deadlines(uow, page.next_case)).cases == 2
    assert await follow_calendar(other) == len(found) - page.cases
    assert [await town.due(one) for one in found] == [LATER] * len(found)
    assert len(await town.events("deadline_moved")) == len(found)
    assert [code for _, code, _ in await town.sent()].count("case_date_moved") == len(found)


async def test_a_start_finds_that_dates_were_reckoned_by_another_calendar(town: Town, other: Storage) -> None:
    # A release brings a year's sheet with it; nobody imported anything.
    case = await town.case(handler=town.handler)
    await town.do(lambda uow: uow.execute(text("UPDATE deployment SET value = 'older/1' WHERE name = 'reckoned_by'")))
    await town.do(lambda uow: uow.execute(text("UPDATE case_clock SET due_on = '2026-04-07'")))
    assert await follow_calendar(other) == 0  # it runs already, and knows no other calendar
    other.calendars.reckoned_by = None  # a start
    assert await follow_calendar(other) == 1
    assert await town.due(case) == DUE
    async with town.storage.unit_of_work() as uow:
        (noted,) = await uow.read(select(deployment.c.value).where(deployment.c.name == "reckoned_by"))
    assert noted.value == calendars.mark_of(load_calendar())


async def test_what_a_process_wrote_by_the_old_calendar_is_set_right_by_its_own_look(
    town: Town, other: Storage
) -> None:
    case = await town.case(handler=town.handler)
    await town.enter(TWO_DAYS_OFF, storage=other)
    assert await follow_calendar(other) == 1
    await town.do(lambda uow: deadlines.settle(uow, case.id))  # does not know yet
    fresh = await town.case(handler=town.handler)
    assert (await town.read(case)).next_due_on == fresh.next_due_on == DUE
    assert await follow_calendar(town.storage) == 1
    assert (await town.read(case)).next_due_on == (await town.read(fresh)).next_due_on == LATER
    assert (await town.due(case), await town.due(fresh)) == (LATER, LATER)


async def test_a_calendar_taken_back_moves_the_dates_back_and_says_so_again(town: Town) -> None:
    case = await town.case(handler=town.handler, person=town.person)
    expected = []
    for changed, due_on in ((TWO_DAYS_OFF, LATER), (SHIPPED, DUE), (TWO_DAYS_OFF, LATER)):
        await town.enter(changed)
        await follow_calendar(town.storage)
        assert await town.due(case) == due_on
        expected.append(str(due_on))
        told = [data["due_on"] for _, code, data in await town.sent() if code == "case_date_moved"]
        assert told == [str(due_on)]
    assert [row.detail["moves"][0][2] for row in await town.events("deadline_moved")] == expected


async def test_the_running_application_follows_the_calendar_and_reminds(town: Town, other: Storage) -> None:
    case = await town.case(handler=town.handler)
    async with open_site("web", town.storage) as site:
        await town.enter(TWO_DAYS_OFF, storage=other)
        await site.application.refresh()
        assert await town.due(case) == LATER
        town.clock.set(datetime(2026, 4, 3, 10, tzinfo=SHANGHAI))
        await site.application.remind()
    async with town.storage.unit_of_work() as uow:
        assert deadlines.start(uow, case.id, ClockKind.REPLY, on=date(2026, 3, 13)) == date(2026, 3, 20)
        rows = await uow.read(select(deadline_notice).where(deadline_notice.c.due_on == LATER))
    assert {(row.stage, row.queued_at is None) for row in rows} == {("moved", False), ("T", False)}


# What is imported


async def test_the_same_sheet_again_and_the_one_that_was_shipped_change_nothing(town: Town) -> None:
    assert await town.enter(SHIPPED) == [False]
    assert await town.enter(TWO_DAYS_OFF, sheet(year=2027)) == [True, True]
    assert await town.enter(TWO_DAYS_OFF, sheet(year=2027)) == [False, False]
    assert await town.enter(ONE_DAY_WORKED) == [True]
    assert [row.subject for row in await town.events("calendar_imported")] == [
        "calendar/2026",
        "calendar/2027",
        "calendar/2026",
    ]
    first, _, third = await town.events("calendar_imported")
    assert third.detail["replaced"] == first.detail["sha256"]
    async with town.storage.unit_of_work() as uow:
        assert [row[0] for row in await uow.read(select(func.count()).select_from(calendar_year))] == [2]
        kept = await uow.calendar_years.get(2026)
    assert kept is not None
    assert kept.sheet == ONE_DAY_WORKED


@pytest.fixture
def year_file(tmp_path: Path) -> Callable[..., str]:
    def write(content: str | bytes, name: str = "year.yaml") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def test_the_command_enters_a_year_once_and_says_how_far_the_calendar_goes(
    qingfeng: Callable[..., Said], migrated: Path, year_file: Callable[..., str]
) -> None:
    path = year_file(written(2027))
    said = qingfeng("import", "calendar", path, "--json")
    assert (said.code, said.err) == (0, "")
    (found,) = said.objects
    assert (found["what"], found["entered"], found["moved"], found["until"]) == ("calendar", 1, 0, "2027-12-31")
    assert [(one["year"], one["new"], len(one["sha256"])) for one in found["years"]] == [(2027, True, 64)]
    again = qingfeng("import", "calendar", path)
    assert again.code == 0
    assert "Already imported" in again.out
    assert "2027" in again.out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("year: 2027\n", "field source is missing"),
        (written(2027, works="2027-01-04"), "2027-01-04 in working_weekends is a weekday"),
        (written(2027, off=("2027-01-03", "2027-01-01")), "the range from 2027-01-03 to 2027-01-01 is reversed"),
        (written(2027).replace("days_off", "days_of"), "days_off is missing"),
        ("days_off: [", "not YAML"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line_and_a_cure(
    qingfeng: Callable[..., Said],
    migrated: Path,
    year_file: Callable[..., str],
    content: str | bytes,
    said: str,
) -> None:
    path = year_file(content)
    refused = qingfeng("import", "calendar", path)
    assert refused.code == 2
    assert said in refused.err
    assert path in refused.err
    assert "Traceback" not in refused.err
    assert qingfeng("import", "calendar", str(migrated.parent / "none.yaml")).code == 2


def test_two_files_for_one_year_are_refused_and_nothing_is_entered(
    qingfeng: Callable[..., Said], migrated: Path, year_file: Callable[..., str]
) -> None:
    one, two = year_file(written(2027), "a.yaml"), year_file(written(2027, works="2027-01-02"), "b.yaml")
    refused = qingfeng("import", "calendar", one, two)
    assert (refused.code, "second file for 2027" in refused.err) == (2, True)
    assert qingfeng("import", "calendar", one, "--json").objects[0]["entered"] == 1
    assert import_table.CALENDAR == "calendar"


async def _late_in_the_year(url: str, folder: Path) -> None:
    """A case whose deadline runs into a year nobody has announced yet."""
    keys = load_key_file(folder / "qingfeng.key")
    clock = FakeClock(datetime(2026, 12, 25, 10, tzinfo=SHANGHAI))
    storage = Storage(Database(url), keys, FileStore(folder / "files", keys), clock)
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        await factories.add_custodian(uow)
        await factories.add_case(uow, places[factories.VILLAGE])
        await uow.commit()
    await storage.close()


def test_the_doctor_warns_when_a_deadline_runs_past_the_calendar_until_a_year_is_imported(
    qingfeng: Callable[..., Said], migrated: Path, year_file: Callable[..., str]
) -> None:
    def calendar() -> dict[str, Any]:
        return next(one for one in qingfeng("doctor", "--json").objects if one["check"] == "working calendar")

    assert calendar() == {
        "check": "working calendar",
        "ok": True,
        "says": "covers every running deadline, until 2026-12-31",
    }
    asyncio.run(_late_in_the_year(f"sqlite:///{migrated}", migrated.parent))
    warned = calendar()
    assert not warned["ok"]
    assert "ends on 2026-12-31, deadlines run until 2027-01-15" in warned["says"]
    assert "qingfeng import calendar" in warned["says"]
    holidays = [["2027-01-01", "2027-01-03", "元旦"]]
    entered = qingfeng("import", "calendar", year_file(written(2027, days_off=holidays)), "--json")
    assert entered.objects[0]["moved"] == 1
    assert calendar()["ok"]


def test_content_with_a_broken_clock_is_found_by_the_check(
    qingfeng: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.commands import check_content
    from knowledge.errors import ContentError

    def broken() -> None:
        raise ContentError("clocks.yaml", 3, "no rung", "Write one")

    assert qingfeng("check-content").code == 0
    monkeypatch.setattr(check_content, "load_clocks", broken)
    said = qingfeng("check-content")
    assert (said.code, "clocks.yaml:3: no rung" in said.err) == (1, True)


async def test_no_clock_waits_behind_a_page_of_others(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "PAGE", 2)
    found = [await town.case(handler=town.handler) for _ in range(7)]
    await town.enter(TWO_DAYS_OFF)
    assert await follow_calendar(town.storage) == len(found)
    async with town.storage.unit_of_work() as uow:
        rows = await uow.read(select(case_clock.c.due_on).where(case_clock.c.kind == "acceptance"))
    assert [row.due_on for row in rows] == [LATER] * len(found)
