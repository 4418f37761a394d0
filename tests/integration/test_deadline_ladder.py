"""The ladder of reminders (N9): once for each person and rung, by day, to whoever can still do something.

Rows of peers.md: N9, P14 (nobody's case is noticed), P21 (what was planned is not lost, and leaves once), ALA#7292, and
the regression "reminder at 23:59 Friday before a make-up Saturday".
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from handlers.jobs.deadlines import remind_of_deadlines
from handlers.services import cases, deadline_ladder, deadlines, outcomes, recusals
from handlers.services.deadline_ladder import audience_of, spans
from knowledge.calendar import load_calendar
from knowledge.casework.access import Role
from knowledge.casework.clocks import Audience, ClockKind, load_clocks, stage_on
from knowledge.casework.lifecycle import CaseState
from knowledge.clock import SHANGHAI, local_date
from knowledge.errors import QingfengError
from storage import outbox
from storage.engine import Database
from storage.files import FileStore
from storage.outbox import Delivery
from storage.repositories.cases import Case, QueueFilter
from storage.repositories.officials import Official
from storage.tables.cases import cases as case_table
from storage.tables.deadlines import case_clock, deadline_notice
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.desk_site import DeskSite
from tests.fakes import FakeClock

BOOK, CALENDAR = load_clocks(), load_calendar()
DUE = date(2026, 4, 1)  # fifteen working days after Wednesday, 11 March 2026
#: The days on which each rung of a case received on that Wednesday comes.
DAYS = {"T-7": (3, 23), "T-3": (3, 27), "T-1": (3, 31), "T": (4, 1), "T+1": (4, 2), "T+3": (4, 7)}


class County:
    """A town that answers for a case; each of its people, and those above, has a chat for notices."""

    def __init__(self, storage: Storage, clock: FakeClock) -> None:
        self.storage, self.clock = storage, clock
        self.people: dict[str, Official] = {}

    async def do(self, act: Any) -> Any:
        async with self.storage.unit_of_work() as uow:
            result = await act(uow)
            await uow.commit()
        return result

    async def fill(self) -> "County":
        self.places = await self.do(factories.add_county)
        for name, role, path in (
            ("handler", Role.DISCIPLINE_OFFICIAL, factories.TOWN),
            ("colleague", Role.DISCIPLINE_OFFICIAL, factories.TOWN),
            ("leader", Role.DISCIPLINE_LEADER, factories.TOWN),
            ("above", Role.DISCIPLINE_LEADER, factories.COUNTY),
            ("superior", Role.SUPERIOR, "cn"),
        ):
            await self.seat(name, role, path)
        return self

    async def seat(self, name: str, role: Role, path: str, *, chat: bool = True) -> Official:
        async def act(uow: UnitOfWork) -> Official:
            found = await factories.add_official(uow, role, path, display_name=name)
            if chat:
                await uow.officials.set_notice_chat(found.id, 10_000 + found.id)
            return found

        self.people[name] = await self.do(act)
        return self.people[name]

    async def case(self, *, handler: str | None = "handler", kind: ClockKind = ClockKind.ACCEPTANCE) -> Case:
        """A received case of the town with one clock and, if wanted, somebody who handles it."""

        async def act(uow: UnitOfWork) -> Case:
            village = self.places[factories.VILLAGE]
            case = await factories.add_case(uow, village, unit_path=factories.TOWN, flags=())
            if handler:
                await uow.cases.change(case, handler_id=self.people[handler].id)
            if kind is not ClockKind.ACCEPTANCE:
                await deadlines.stop(uow, case.id, ClockKind.ACCEPTANCE)
                await deadlines.restart(uow, case, kind)
            return await factories.read_case(uow, case.number)

        return await self.do(act)

    def at(self, month: int, day: int, hour: int = 10, minute: int = 0) -> None:
        self.clock.set(datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI))

    async def tick(self) -> list[str]:
        """One tick; returns who got a notice by it, as names."""
        await remind_of_deadlines(self.storage)
        return await self.told()

    async def told(self) -> list[str]:
        names = {10_000 + who.id: name for name, who in self.people.items()}
        return sorted(names[one.recipient.chat_id] for one in await leaving(self.storage))

    async def rungs(self, case: Case) -> set[tuple[str, str]]:
        """The rungs written down for a case's clocks: stage and name."""
        names = {who.id: name for name, who in self.people.items()}
        query = select(deadline_notice).join(case_clock, case_clock.c.id == deadline_notice.c.clock_id)
        async with self.storage.unit_of_work() as uow:
            rows = await uow.read(query.where(case_clock.c.case_id == case.id))
        assert len({(row.clock_id, row.due_on, row.stage, row.official_id) for row in rows}) == len(rows)
        return {(row.stage, names[row.official_id]) for row in rows}

    async def listed(self, name: str) -> list[tuple[str, str]]:
        """What the first page reminds somebody of: number and stage."""
        async with self.storage.unit_of_work() as uow:
            found = await deadline_ladder.reminders_of(uow, self.people[name], limit=50)
        return [(one.case.number, one.stage) for one in found]


async def leaving(storage: Storage) -> list[Delivery]:
    """What is due in the outbox, sent at once; every one of it without content."""
    found = await outbox.claim(storage, worker="test", limit=500)
    for delivery in found:
        await outbox.mark_sent(storage, delivery.id)
        assert delivery.kind == "notice"
        assert delivery.payload == {"notice": "desk_item_waiting", "data": {}}
    return found


@pytest.fixture
async def county(storage: Storage, clock: FakeClock) -> County:
    return await County(storage, clock).fill()


@pytest.fixture
async def other(database_url: str, storage: Storage, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Storage]:
    """Another process of the same deployment: a Storage of its own on the same database."""
    opened = Storage(Database(database_url), storage.keys, FileStore(tmp_path / "files", storage.keys), clock)
    yield opened
    await opened.close()


# Who, and when


async def test_every_rung_reaches_its_people_once_and_only_by_day(county: County) -> None:  # N9
    case = await county.case()
    told: dict[str, list[str]] = {}
    day = date(2026, 3, 11)
    while day < date(2026, 4, 15):
        for hour in (0, 7, 8, 13, 19, 20, 23):
            county.at(day.month, day.day, hour, 59 if hour in (7, 19, 23) else 0)
            for _ in range(2):
                names = await county.tick()
                assert not names or 8 <= hour < 20
                assert not names or CALENDAR.is_working_day(day)  # in ordinary running nobody hears on a day off
                told.setdefault(f"{day.month}-{day.day}", []).extend(names)
        day += timedelta(days=1)
    assert {day: names for day, names in told.items() if names} == {
        "3-23": ["handler"],
        "3-27": ["handler"],
        "3-31": ["handler"],
        "4-1": ["handler", "leader"],
        "4-2": ["handler", "leader"],
        "4-7": ["above", "leader"],  # Qingming is no working day
    }
    assert await county.rungs(case) == {
        *((stage, "handler") for stage in ("T-7", "T-3", "T-1", "T", "T+1")),
        *((stage, "leader") for stage in ("T", "T+1", "T+3")),
        ("T+3", "above"),
    }


async def test_a_notice_says_nothing_and_many_rungs_of_one_morning_are_one(county: County) -> None:
    found = [await county.case() for _ in range(5)]
    county.at(*DAYS["T-7"])
    assert await county.tick() == ["handler"]
    for case in found:
        assert await county.rungs(case) == {("T-7", "handler")}
    assert sorted(await county.listed("handler")) == sorted((case.number, "T-7") for case in found)


async def test_without_a_handler_those_who_could_take_the_case_are_reminded(county: County) -> None:  # P14
    case = await county.case(handler=None)
    county.at(*DAYS["T-3"])
    assert await county.tick() == ["colleague", "handler", "leader"]
    county.at(*DAYS["T+3"])
    assert await county.tick() == ["above", "leader"]
    assert await county.listed("colleague") == [(case.number, "T-3")]


async def test_nobody_works_on_a_case_for_more_than_a_working_day_unnoticed(county: County) -> None:  # P14, GL#3182
    case = await county.case()
    county.at(3, 13)  # Friday
    await county.do(lambda uow: recusals.stand_back(uow, county.people["handler"], case.number))
    assert await county.tick() == []
    county.at(3, 14)
    assert await county.tick() == []
    county.at(3, 16, 8)
    assert await county.tick() == ["colleague", "leader"]
    assert ("T", "leader") in await county.rungs(case)
    county.at(3, 19)
    assert await county.tick() == ["above", "leader"]


async def test_whoever_stands_back_hears_nothing_even_of_what_was_planned(county: County) -> None:  # N4
    case = await county.case(handler=None)
    county.at(*DAYS["T-3"])
    await plan_only(county)
    assert ("T-3", "colleague") in await county.rungs(case)
    await county.do(lambda uow: recusals.stand_back(uow, county.people["colleague"], case.number))
    assert await county.tick() == ["handler", "leader"]
    assert await county.listed("colleague") == []
    for stage in ("T-1", "T", "T+1", "T+3"):
        county.at(*DAYS[stage])
        assert "colleague" not in await county.tick()


async def test_the_list_and_the_notices_of_whoever_stands_back_are_the_same_with_and_without_a_case(  # N4
    county: County,
) -> None:
    mine = [await county.case(handler="colleague") for _ in range(3)]
    county.at(*DAYS["T-1"])
    assert await county.tick() == ["colleague"]
    browser = await DeskSite(county.storage).sign_in(county.people["colleague"])
    await browser.get("/desk")
    without = browser.source
    county.at(3, 11)
    hidden = await county.case(handler=None)
    await county.do(lambda uow: recusals.stand_back(uow, county.people["colleague"], hidden.number))
    county.at(*DAYS["T-1"])
    told = await county.tick()
    assert ("colleague" in told, "handler" in told) == (False, True)
    await browser.get("/desk")
    assert browser.source == without
    assert {number for number, _ in await county.listed("colleague")} == {case.number for case in mine}
    assert hidden.number in dict(await county.listed("handler"))


async def test_what_somebody_stands_back_from_takes_no_place_in_their_list(  # N4
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline_ladder, "_READ", 3)
    hidden, *mine = [await county.case(handler="colleague") for _ in range(4)]
    county.at(*DAYS["T-1"])
    await county.tick()
    await county.do(lambda uow: recusals.stand_back(uow, county.people["colleague"], hidden.number))
    assert [number for number, _ in await county.listed("colleague")] == [case.number for case in mine]


async def test_merged_and_ended_cases_remind_nobody_but_a_message_after_the_end_waits_for_an_answer(
    county: County,
) -> None:
    ended, merged, parent = [await county.case() for _ in range(3)]
    handler = county.people["handler"]
    await county.do(lambda uow: cases.guide_elsewhere(uow, handler, ended.number, "请到县民政局二楼窗口"))

    async def merge(uow: UnitOfWork) -> None:
        await uow.execute(
            text(
                "INSERT INTO case_merge (case_id, into_id, reason_sealed, merged_by, merged_at) VALUES "
                f"({merged.id}, {parent.id}, :sealed, {handler.id}, '2026-03-11 02:00:00')"
            ),
            {"sealed": b"x"},
        )
        await uow.execute(update(case_table).where(case_table.c.id == merged.id).values(merged_into_id=parent.id))

    await county.do(merge)
    county.at(*DAYS["T"])
    assert await county.tick() == ["handler", "leader"]
    assert await county.rungs(ended) == await county.rungs(merged) == set()
    assert await county.rungs(parent) == {("T", "handler"), ("T", "leader")}

    async def wrote(uow: UnitOfWork) -> None:  # the reporter of the ended case sends something
        await uow.begin()
        await deadlines.restart(uow, await factories.read_case(uow, ended.number), ClockKind.REPLY)
        await deadlines.settle(uow, ended.id)

    await county.do(wrote)
    county.at(4, 7)  # three working days later
    await county.tick()
    assert await county.rungs(ended) == {("T", "handler"), ("T", "leader")}
    assert (ended.number, "T") in await county.listed("handler")


async def test_an_offered_case_reminds_the_unit_that_was_asked(county: County) -> None:  # P16
    west = await county.seat("west", Role.DISCIPLINE_OFFICIAL, "cn/test/west")
    case = await county.case(kind=ClockKind.RESULT)

    async def offer(uow: UnitOfWork) -> None:
        offered = uow.ids.next()
        await uow.execute(
            text(
                "INSERT INTO transfer (id, case_id, from_unit_id, to_unit_id, kind, reason_sealed, files_released, "
                f"offered_by, offered_at, state) VALUES ({offered}, {case.id}, {case.unit_id}, "
                f"{county.places['cn/test/west'].id}, 'offer', :sealed, false, {county.people['handler'].id}, "
                "'2026-03-11 02:00:00', 'offered')"
            ),
            {"sealed": b"x"},
        )
        deadlines.start(uow, case.id, ClockKind.TRANSFER, about=offered)

    await county.do(offer)
    county.at(3, 18)  # due: five working days after the 11th
    assert await county.tick() == ["above", "west"]  # the west has nobody who leads; the level above does
    assert west.id


def officials(*seats: tuple[int, Role, str]) -> list[Official]:
    return [Official(number, f"u{number}", f"官{number}", role, path, active=True) for number, role, path in seats]


OFFICIAL, LEADER, SUPERIOR = Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER, Role.SUPERIOR
ALL = tuple(Audience)


@pytest.mark.parametrize(
    ("seats", "handler", "recused", "told"),
    [
        (((1, OFFICIAL, "cn/a/b"), (2, LEADER, "cn/a/b"), (3, LEADER, "cn/a"), (4, SUPERIOR, "cn")), 1, (), {1, 2, 3}),
        # no handler: those who work on cases at the unit
        (((1, OFFICIAL, "cn/a/b"), (2, OFFICIAL, "cn/a/b"), (3, OFFICIAL, "cn/a")), None, (), {1, 2}),
        # a handler who stands back, or whose seat is closed (9), is none
        (((1, OFFICIAL, "cn/a/b"), (2, OFFICIAL, "cn/a/b")), 1, (1,), {2}),
        (((1, OFFICIAL, "cn/a/b"),), 9, (), {1}),
        # nobody is left at the unit: the nearest level above
        (((1, OFFICIAL, "cn/a/b"), (2, OFFICIAL, "cn/a"), (3, OFFICIAL, "cn")), None, (1,), {2}),
        # the unit's only leader handles the case: the level above leads
        (((1, LEADER, "cn/a/b"), (2, LEADER, "cn/a"), (3, SUPERIOR, "cn")), 1, (), {1, 2}),
        # the highest level there is
        (((1, OFFICIAL, "cn/a/b"), (2, LEADER, "cn/a/b")), 1, (), {1, 2}),
        # whoever only answers questions, or answers for another place, hears nothing
        (((1, OFFICIAL, "cn/a/b"), (2, Role.TOWNSHIP_STAFF, "cn/a/b"), (3, LEADER, "cn/a/c")), 1, (), {1}),
    ],
)
def test_who_is_told(
    seats: tuple[tuple[int, Role, str], ...], handler: int | None, recused: tuple[int, ...], told: set[int]
) -> None:
    found = audience_of(
        ALL, unit_path="cn/a/b", handler_id=handler, officials=officials(*seats), recused=frozenset(recused)
    )
    assert found == told


@given(st.dates(date(2025, 1, 1), date(2026, 11, 1)), st.dates(date(2024, 12, 1), date(2026, 12, 1)))
def test_the_spans_of_a_day_are_what_the_rungs_of_each_date_say(day: date, due_on: date) -> None:
    fitting = [one.stage for one in spans(day, CALENDAR, BOOK.ladder) if one.first_on <= due_on <= one.last_on]
    stage = stage_on(due_on, day, CALENDAR, BOOK)
    assert fitting == ([stage] if stage else [])


# Exactly once (N9, P21)


async def plan_only(county: County) -> int:
    """The first half of a tick, as if the process had been killed before the second."""
    count = 0
    async with county.storage.unit_of_work() as uow:
        for span in spans(local_date(county.clock.now()), uow.calendar, BOOK.ladder):
            count += (await deadline_ladder.plan(uow, span)).count
        await uow.commit()
    return count


async def test_a_process_killed_between_plan_and_queue_loses_nothing_and_repeats_nothing(county: County) -> None:  # P21
    await county.case()
    county.at(*DAYS["T"])
    assert await plan_only(county) == 2
    assert await county.told() == []
    assert await county.tick() == ["handler", "leader"]
    assert await county.tick() == []


@pytest.mark.parametrize("half", ["plan", "queue"])
async def test_a_process_killed_before_a_commit_leaves_nothing_behind(county: County, half: str) -> None:  # P21
    await county.case()
    county.at(*DAYS["T"])
    if half == "queue":
        await plan_only(county)
    async with county.storage.unit_of_work() as uow:
        if half == "queue":
            assert (await deadline_ladder.queue(uow)).count == 2
        else:
            for span in spans(local_date(county.clock.now()), uow.calendar, BOOK.ladder):
                await deadline_ladder.plan(uow, span)
    assert await county.told() == []
    assert await county.tick() == ["handler", "leader"]


async def test_ticks_of_two_processes_at_once_tell_everybody_once(county: County, other: Storage) -> None:  # N9
    found = [await county.case() for _ in range(12)]
    for stage in ("T-3", "T", "T+3"):
        county.at(*DAYS[stage])
        await asyncio.gather(*(remind_of_deadlines(storage) for storage in (county.storage, other) * 4))
        expected = {"T-3": ["handler"], "T": ["handler", "leader"], "T+3": ["above", "leader"]}[stage]
        assert await county.told() == expected
        for case in found:
            assert {name for one, name in await county.rungs(case) if one == stage} == set(expected)
    async with county.storage.unit_of_work() as uow:
        rows = await uow.read(select(deadline_notice))
    assert len(rows) == len(found) * 5
    assert all(row.queued_at is not None for row in rows)


async def test_a_machine_whose_clock_jumps_back_and_forth_repeats_nothing(county: County) -> None:  # N9
    case = await county.case()
    told: list[tuple[str, str]] = []
    for stage in ("T-7", "T-1", "T-7", "T-3", "T", "T-1", "T+3", "T-7", "T", "T+1", "T+3", "T"):
        county.at(*DAYS[stage])
        told += [(stage, name) for name in await county.tick()]
    # To the leader, who heard of T+3 when the clock ran ahead, T+1 is not news; to the handler it is.
    assert told == [
        ("T-7", "handler"),
        ("T-1", "handler"),
        ("T", "handler"),
        ("T", "leader"),
        ("T+3", "above"),
        ("T+3", "leader"),
        ("T+1", "handler"),
    ]
    assert await county.rungs(case) == set(told)


async def test_what_a_clock_that_ran_ahead_has_planned_waits_for_its_day(county: County) -> None:  # N9
    await county.case()
    county.at(*DAYS["T"])
    assert await plan_only(county) == 2
    county.at(*DAYS["T-3"])  # set right again
    assert await county.tick() == []  # T was written down; nobody is told of a rung before it
    county.at(*DAYS["T"])
    assert await county.tick() == ["handler", "leader"]


async def test_after_a_long_silence_only_the_rung_of_today_is_sent(county: County) -> None:  # N9
    case = await county.case()
    county.at(*DAYS["T-3"])
    await plan_only(county)  # and then the machine is off
    county.at(*DAYS["T+1"])
    assert await county.tick() == ["handler", "leader"]
    async with county.storage.unit_of_work() as uow:
        (stale,) = await uow.read(select(deadline_notice).where(deadline_notice.c.stage == "T-3"))
    assert stale.queued_at is not None
    assert await county.rungs(case) == {("T-3", "handler"), ("T+1", "handler"), ("T+1", "leader")}
    county.at(6, 1)
    assert await county.tick() == ["above", "leader"]


async def test_a_moved_date_has_a_ladder_of_its_own(county: County) -> None:
    case = await county.case(kind=ClockKind.REVIEW)
    county.at(*DAYS["T-3"])
    assert await county.tick() == ["handler"]
    days = {"from_on": date(2026, 3, 28), "until_on": date(2026, 4, 11)}
    async with county.storage.unit_of_work() as uow:
        clock_id = next(one.id for one in await uow.clocks.of_case(case.id) if one.is_running)
        handler = county.people["handler"]
        await deadlines.pause(uow, handler, case.number, clock_id, why="等鉴定", **days)
        await uow.commit()
    assert await county.tick() == []
    assert await county.listed("handler") == []
    county.at(4, 1)  # the old date
    assert await county.tick() == []
    county.at(4, 10)
    assert await county.tick() == ["handler"]
    assert await county.listed("handler") == [(case.number, "T-3")]


async def test_a_reminder_of_friday_night_leaves_on_the_make_up_saturday_morning(county: County) -> None:
    # A working Saturday is a working day: the clock of the peers knows none.
    county.at(2, 24)
    case = await county.case(kind=ClockKind.TRANSFER)  # due on Monday, 2 March; Saturday, 28 February, is worked
    async with county.storage.unit_of_work() as uow:
        (running,) = [one for one in await uow.clocks.of_case(case.id) if one.is_running]
    assert running.due_on == date(2026, 3, 2)
    county.at(2, 27, 19, 59)  # Friday
    assert await county.tick() == ["handler"]  # T-3 had its day on Friday: two working days are left
    county.at(2, 27, 23, 59)
    assert await county.tick() == []
    county.at(2, 28, 7, 59)
    assert await county.tick() == []
    county.at(2, 28, 8)
    assert await county.tick() == ["handler"]
    assert await county.rungs(case) == {("T-3", "handler"), ("T-1", "handler")}
    county.at(3, 1)
    assert await county.tick() == []


# What stands at the desk


async def test_without_a_chat_for_notices_the_desk_still_says_it(county: County) -> None:  # N9
    await county.seat("quiet", Role.DISCIPLINE_OFFICIAL, factories.TOWN, chat=False)
    case = await county.case(handler="quiet")
    county.at(*DAYS["T-1"])
    assert await county.tick() == []
    assert await county.rungs(case) == {("T-1", "quiet")}
    assert await county.listed("quiet") == [(case.number, "T-1")]
    browser = await DeskSite(county.storage).sign_in(county.people["quiet"])
    await browser.get("/desk")
    for said in ("到期提醒", case.number, "告知受理情况", "4月1日（星期三）", "还剩1天"):
        assert said in browser.text
    county.at(*DAYS["T+1"])
    await county.tick()
    assert await county.listed("quiet") == [(case.number, "T+1")]


async def test_what_was_met_stopped_or_handed_over_is_not_listed_any_more(county: County) -> None:
    case = await county.case()
    county.at(*DAYS["T-1"])
    await county.tick()
    assert await county.listed("handler") == [(case.number, "T-1")]
    await county.do(lambda uow: cases.assign(uow, county.people["leader"], case.number, county.people["colleague"].id))
    assert await county.listed("handler") == []
    await county.told()  # that it was handed over
    county.at(*DAYS["T"])
    assert await county.tick() == ["colleague", "leader"]
    await county.do(lambda uow: cases.accept(uow, county.people["colleague"], case.number))
    assert await county.listed("colleague") == await county.listed("leader") == []


async def test_a_late_case_stands_on_the_list_of_the_level_above_whatever_is_done_below(county: County) -> None:  # N9
    case = await county.case()
    county.at(*DAYS["T+3"])
    assert "above" in await county.tick()
    today = local_date(county.clock.now())

    async def late_above() -> list[str]:
        async with county.storage.unit_of_work() as uow:
            page = await cases.queue(uow, county.people["above"], QueueFilter(due_before=today))
        return [one.number for one in page.cases]

    async with county.storage.unit_of_work() as uow:
        clock_id = next(one.id for one in await uow.clocks.of_case(case.id) if one.is_running)
    handler, leader = county.people["handler"], county.people["leader"]
    days = {"from_on": today, "until_on": today + timedelta(days=30)}
    attempts = (
        lambda uow: deadlines.pause(uow, handler, case.number, clock_id, why="再等等", **days),
        lambda uow: deadlines.extend(uow, leader, case.number, clock_id, "再等等"),
        lambda uow: cases.assign(uow, leader, case.number, county.people["colleague"].id),
        lambda uow: recusals.stand_back(uow, handler, case.number),
        lambda uow: cases.register(uow, leader, case.number),
        lambda uow: outcomes.close(uow, leader, case.number),
        lambda uow: uow.execute(update(case_clock).values(due_on=date(2031, 1, 1))),
    )
    for attempt in attempts:
        with contextlib.suppress(QingfengError):  # whatever refuses some of them, the list stands
            await county.do(attempt)
        await county.do(lambda uow: deadlines.settle(uow, case.id))
        assert await late_above() == [case.number]
    assert (await county.do(lambda uow: factories.read_case(uow, case.number))).state is CaseState.REGISTERED
    browser = await DeskSite(county.storage).sign_in(county.people["above"])
    await browser.get("/desk/cases?late=1")
    assert case.number in browser.text


async def test_a_thousand_rungs_of_one_morning_are_planned_in_pages(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline_ladder, "PAGE", 3)
    found = [await county.case() for _ in range(8)]
    county.at(*DAYS["T"])
    await remind_of_deadlines(county.storage)
    for case in found:
        assert await county.rungs(case) == {("T", "handler"), ("T", "leader")}
    assert len(await county.listed("leader")) == 8
    await leaving(county.storage)
    assert await county.tick() == []


async def test_a_rung_is_written_once_and_marked_once_even_in_raw_sql(county: County) -> None:  # N9
    await county.case()
    county.at(*DAYS["T-1"])
    await county.tick()
    columns = "clock_id, due_on, stage, official_id, due_at"
    async with county.storage.unit_of_work() as uow:
        with pytest.raises(Exception, match=r"(?i)unique"):
            await uow.execute(text(f"INSERT INTO deadline_notice ({columns}) SELECT {columns} FROM deadline_notice"))
    async with county.storage.unit_of_work() as uow:
        with pytest.raises(Exception, match="append_only"):
            await uow.execute(text("UPDATE deadline_notice SET queued_at = NULL"))
