"""Deadlines in the running system: reckoned from facts alone, shown with their reasons, paused and extended by rule.

Rows of peers.md: N8, ALA#5101 (how it was computed), righttoknow#183 (stop the clock), GL#4192 (close and reopen), P14
(never without a handler unnoticed).
"""

import contextlib
import random
import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, true

from handlers.services import cases, deadlines, disposals, investigations, outcomes, recusals
from handlers.services.errors import BadInput
from handlers.services.intake import Intake, NewReport
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.clocks import ClockFacts, ClockKind, Pause, load_clocks, reckon
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Disposal, Finding, MeasureKind
from knowledge.errors import QingfengError
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.cases import Case
from storage.repositories.clocks import PAUSE, ClockRow
from storage.repositories.officials import Official
from storage.tables.cases import NEVER
from storage.tables.cases import cases as case_table
from storage.tables.deadlines import case_clock, clock_pause
from storage.tables.records import event
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.desk_site import Browser, DeskSite
from tests.fakes import FakeClock

TODAY = date(2026, 3, 11)
BOOK = load_clocks()


class Office:
    """A county with a handler, a leader and a superior, and one case."""

    def __init__(self, site: DeskSite) -> None:
        self.site = site
        self.storage = site.storage

    async def fill(self) -> "Office":
        self.places = await self.site.do(factories.add_county)
        add = factories.add_official
        self.handler: Official = await self.site.do(lambda uow: add(uow, Role.DISCIPLINE_OFFICIAL))
        self.leader: Official = await self.site.do(lambda uow: add(uow, Role.DISCIPLINE_LEADER))
        self.second: Official = await self.site.do(lambda uow: add(uow, Role.DISCIPLINE_LEADER))
        self.superior: Official = await self.site.do(lambda uow: add(uow, Role.SUPERIOR, "cn"))
        return self

    async def case(self, **more: Any) -> Case:
        village = self.places[factories.VILLAGE]
        case = await self.site.do(lambda uow: factories.add_case(uow, village, **more))
        await self.site.do(lambda uow: deadlines.settle(uow, case.id))
        return await self.read(case)

    async def accepted(self, **more: Any) -> Case:
        case = await self.case(**more)
        return await self.site.do(lambda uow: cases.accept(uow, self.handler, case.number))

    async def start(self, case: Case, kind: ClockKind) -> int:
        """Start a clock as another part of the system would; returns its id."""

        async def act(uow: UnitOfWork) -> None:
            await uow.begin()
            await deadlines.restart(uow, await factories.read_case(uow, case.number), kind)
            if kind is not ClockKind.UNASSIGNED:  # whether that one runs is the case's own affair
                await deadlines.settle(uow, case.id)

        await self.site.do(act)
        return max(one.id for one in await self.clocks(case) if one.kind == kind)

    async def clocks(self, case: Case) -> tuple[ClockRow, ...]:
        async with self.storage.unit_of_work() as uow:
            return await uow.clocks.of_case(case.id)

    async def running(self, case: Case) -> dict[str, ClockRow]:
        return {one.kind: one for one in await self.clocks(case) if one.is_running}

    async def read(self, case: Case) -> Case:
        return await self.site.do(lambda uow: factories.read_case(uow, case.number))

    async def at_desk(self, official: Official, case: Case) -> tuple[Browser, str]:
        """An official's browser on the page of a case."""
        browser = await self.site.sign_in(official)
        await browser.open_case(case.number)
        return browser, f"/desk/cases/{case.number}"


@pytest.fixture
async def office(storage: Storage) -> Office:
    return await Office(DeskSite(storage)).fill()


async def everything_as_reckoned(storage: Storage, only: int | None = None) -> int:
    """Hold kept dates, all or one case's, against the facts, straight from the tables; returns how many clocks."""
    async with storage.unit_of_work() as uow:
        clocks = await uow.read(select(case_clock))
        pauses = await uow.read(select(clock_pause))
        for case in await uow.read(select(case_table).where((case_table.c.id == only) if only else true())):
            mine = [one for one in clocks if one.case_id == case.id]
            dates = {one.id: _reckoned(uow, one, pauses) for one in mine}
            assert {one.id: one.due_on for one in mine} == dates
            running = [one for one in mine if one.stopped_on is None]
            assert case.next_due_on == min((dates[one.id] for one in running), default=NEVER)
            unhandled = CaseState(case.state) not in CLOSED_STATES and case.handler_id is None
            waits = [one for one in running if one.kind == ClockKind.UNASSIGNED]
            assert len(waits) == unhandled
    return len(clocks)


def _reckoned(uow: UnitOfWork, clock: Any, pauses: list[Any]) -> date:
    facts = ClockFacts(
        ClockKind(clock.kind),
        clock.started_on,
        extended=clock.extended_by is not None,
        pauses=tuple(Pause(one.from_on, one.until_on) for one in pauses if one.clock_id == clock.id),
        limit_on=clock.limit_on,
    )
    return reckon(facts, uow.calendar, BOOK).due_on


# Computed on read (N8)


#: Acts that may lead on from a state; a fifth of the time any act is tried.
FITTING = {
    CaseState.RECEIVED: ("register", "accept", "accept"),
    CaseState.REGISTERED: ("accept", "guide"),
    CaseState.ACCEPTED: ("propose", "propose", "refer"),
    CaseState.REFERRED: ("take_back",),
    CaseState.DISPOSAL_PROPOSED: ("decide", "decide", "send_back"),
    CaseState.HELD: ("take_up",),
    CaseState.INVESTIGATING: ("step", "find"),
    CaseState.AWAITING_APPROVAL: ("approve", "approve", "return"),
    CaseState.APPROVED: ("tell", "reopen"),
    CaseState.TOLD: ("close",),
    CaseState.CLOSED: ("reopen",),
    CaseState.GUIDED_ELSEWHERE: ("reopen",),
}
BESIDE = ("begin_clock", "stop_clock", "pause", "resume", "extend", "assign")


@pytest.mark.parametrize("seed", range(2))
async def test_after_any_sequence_of_acts_every_date_is_what_the_facts_say(  # N8
    office: Office, clock: FakeClock, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a run that can be repeated
    known = [await office.case(flags=()) if n % 2 else await office.case() for n in range(4)]
    done: set[str] = set()
    for _ in range(260):
        case = await office.read(dice.choice(known))
        fitting = (*FITTING[case.state], dice.choice(BESIDE))
        name = dice.choice(fitting if dice.random() < 0.8 else list(ACTS))
        who = dice.choice([office.handler, office.leader, office.second])
        with contextlib.suppress(QingfengError):
            async with office.storage.unit_of_work() as uow:
                await uow.begin()
                await ACTS[name](uow, who, case, dice)
                await uow.commit()
            done.add(name)
            await everything_as_reckoned(office.storage, case.id)
        if dice.random() < 0.15:
            clock.advance(timedelta(days=dice.randint(1, 4)))
    assert await everything_as_reckoned(office.storage) > 40
    assert len(done) > 17, sorted(set(ACTS) - done)


async def _accept(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    await cases.accept(uow, who, case.number)


async def _propose(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    kind = dice.choice([*Disposal, Disposal.PRELIMINARY_VERIFICATION])
    day = deadlines.today(uow) + timedelta(days=dice.randint(1, 90))
    await disposals.propose(uow, who, case.number, kind, "先这样办", review_on=day)


async def _step(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    kind = dice.choice(["talk", "letter_sent", "letter_answered", "visit"])
    day = deadlines.today(uow) - timedelta(days=dice.randint(0, 3))
    await investigations.add_step(uow, who, case.number, kind, day, "去了一趟")


async def _find(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    await investigations.add_evidence(uow, who, case.number, "谈话笔录")
    await investigations.submit_finding(uow, who, case.number, Finding.UNFOUNDED, "走访了十二户，说法一致。")


async def _tell(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    await outcomes.recommend(uow, who, case.number, MeasureKind.NONE, "", "查清楚了，没有这回事")
    await outcomes.tell_result(uow, who, case.number, "查清楚了，没有这回事。", by="code")


async def _begin_clock(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    if case.is_open:
        await deadlines.restart(uow, case, dice.choice([ClockKind.ASSIGNED, ClockKind.REVIEW, ClockKind.REPLY]))
        await deadlines.settle(uow, case.id)


async def _stop_clock(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    await deadlines.stop(uow, case.id, dice.choice([ClockKind.ASSIGNED, ClockKind.REVIEW, ClockKind.REPLY]))
    await deadlines.settle(uow, case.id)


async def _any_clock(uow: UnitOfWork, case: Case, dice: random.Random) -> int:
    kinds = (ClockKind.ASSIGNED, ClockKind.REVIEW)
    found = [one.id for one in await uow.clocks.of_case(case.id) if one.is_running and one.kind in kinds]
    return dice.choice(found) if found else 0


async def _pause(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    first = deadlines.today(uow) + timedelta(days=dice.randint(0, 5))
    until = first + timedelta(days=dice.randint(1, 40))
    clock_id = await _any_clock(uow, case, dice)
    await deadlines.pause(uow, who, case.number, clock_id, from_on=first, until_on=until, why="当事人住院")


async def _resume(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    await deadlines.resume(uow, who, case.number, await _any_clock(uow, case, dice))


async def _extend(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    await deadlines.extend(uow, who, case.number, await _any_clock(uow, case, dice), "牵涉的人多")


async def _recuse(uow: UnitOfWork, who: Official, case: Case, dice: random.Random) -> None:
    if dice.random() < 0.1:
        await recusals.stand_back(uow, who, case.number)


ACTS = {
    "register": lambda uow, who, case, _: cases.register(uow, who, case.number),
    "accept": _accept,
    "assign": lambda uow, who, case, _: cases.assign(uow, who, case.number, who.id),
    "guide": lambda uow, who, case, _: cases.guide_elsewhere(uow, who, case.number, "请到县民政局二楼窗口"),
    "refer": lambda uow, who, case, _: cases.refer(uow, who, case.number, "县公安局"),
    "take_back": lambda uow, who, case, _: cases.take_back(uow, who, case.number, "没有回音"),
    "take_up": lambda uow, who, case, _: cases.take_up(uow, who, case.number),
    "propose": _propose,
    "decide": lambda uow, who, case, _: disposals.approve(uow, who, case.number),
    "send_back": lambda uow, who, case, _: disposals.send_back(uow, who, case.number, "再想想"),
    "step": _step,
    "find": _find,
    "return": lambda uow, who, case, _: investigations.return_finding(uow, who, case.number, "再补补"),
    "approve": lambda uow, who, case, _: investigations.approve_finding(uow, who, case.number),
    "tell": _tell,
    "close": lambda uow, who, case, _: outcomes.close(uow, who, case.number),
    "reopen": lambda uow, who, case, _: cases.reopen(uow, who, case.number, "又来了新材料"),
    "begin_clock": _begin_clock,
    "stop_clock": _stop_clock,
    "pause": _pause,
    "resume": _resume,
    "extend": _extend,
    "recuse": _recuse,
}


async def test_a_date_is_reckoned_from_facts_and_a_tampered_copy_is_not_believed(office: Office) -> None:  # N8
    case = await office.accepted()
    before = await office.site.do(lambda uow: deadlines.of_case(uow, case.id))
    await office.site.do(lambda uow: uow.execute(text("UPDATE case_clock SET due_on = '2031-01-01'")))
    after = await office.site.do(lambda uow: deadlines.of_case(uow, case.id))
    assert [one.deadline for one in after] == [one.deadline for one in before]
    async with office.storage.unit_of_work() as uow:
        await uow.begin()
        await uow.cases.set_next_due(case.id, date(2031, 1, 1))
        await deadlines.settle(uow, case.id)
        await uow.commit()
    assert (await office.read(case)).next_due_on == before[0].deadline.due_on


async def test_a_clock_set_back_stops_nothing_before_it_began(office: Office, clock: FakeClock) -> None:
    case = await office.case()
    clock.advance(-timedelta(days=2))
    await office.site.do(lambda uow: cases.accept(uow, office.handler, case.number))
    (acceptance,) = [one for one in await office.clocks(case) if one.kind == ClockKind.ACCEPTANCE]
    assert acceptance.stopped_on == acceptance.started_on == TODAY


async def test_closing_and_reopening_keeps_the_first_clock_as_it_was(office: Office, clock: FakeClock) -> None:
    # GL#4192: a case that was closed and reopened has no new clock for what was promised at first.
    case = await office.case(flags=())
    first = (await office.clocks(case))[0]
    clock.advance(timedelta(days=30))
    await office.site.do(lambda uow: cases.guide_elsewhere(uow, office.handler, case.number, "请到县民政局二楼窗口"))
    assert (await office.read(case)).next_due_on == NEVER
    stopped = (await office.clocks(case))[0]
    assert (stopped.started_on, stopped.due_on, stopped.stopped_on) == (TODAY, first.due_on, date(2026, 4, 10))
    clock.advance(timedelta(days=1))
    await office.site.do(lambda uow: cases.reopen(uow, office.handler, case.number, "又来了新材料"))
    assert (await office.clocks(case))[0] == stopped
    reopened = await office.read(case)
    assert (reopened.round, reopened.answer_due_on) == (2, case.answer_due_on)
    running = await office.running(case)
    assert set(running) == {ClockKind.DISPOSAL, ClockKind.UNASSIGNED}
    assert running[ClockKind.DISPOSAL].round == 2


@pytest.mark.parametrize("on_duty", [True, False])
async def test_a_report_starts_its_clocks_as_it_comes_in(office: Office, on_duty: bool) -> None:  # P14, N8
    classifier = Classifier(load_categories())
    village = office.places[factories.VILLAGE]
    await office.site.do(lambda uow: factories.add_election(uow, village, days_ahead=6, due_in=3))
    if on_duty:
        county, who = office.places[factories.COUNTY], office.handler
        await office.site.do(
            lambda uow: uow.roster.add(county.id, who.id, weekday=2, from_minute=0, to_minute=1440, category=None)
        )
    words = {"what": "李某挨家送烟，每家两包，让大家投他。", "who": "李某", "when": "昨天", "where": "村口"}
    report = NewReport(village, words, "李某")
    filed = await office.site.do(lambda uow: Intake(classifier).file(uow, report))
    case = await office.site.do(lambda uow: factories.read_case(uow, filed.number))
    running = {kind: one.due_on for kind, one in (await office.running(case)).items()}
    assert running.pop(ClockKind.UNASSIGNED, None) == (None if on_duty else date(2026, 3, 12))
    # Election day is the 17th: the urgent clock ends the day before, not after five working days.
    assert running == {ClockKind.ACCEPTANCE: date(2026, 4, 1), ClockKind.URGENT: date(2026, 3, 16)}
    assert filed.answer_due_on == date(2026, 4, 1)
    await everything_as_reckoned(office.storage)


async def test_a_case_without_a_handler_has_a_clock_of_one_working_day_until_it_has_one(  # P14
    office: Office, clock: FakeClock
) -> None:
    case = await office.accepted()
    assert ClockKind.UNASSIGNED not in await office.running(case)
    clock.advance(timedelta(days=2))  # Friday
    await office.site.do(lambda uow: recusals.stand_back(uow, office.handler, case.number))
    waits = (await office.running(case))[ClockKind.UNASSIGNED]
    assert (waits.started_on, waits.due_on) == (date(2026, 3, 13), date(2026, 3, 16))
    assert (await office.read(case)).next_due_on == date(2026, 3, 16)
    await office.site.do(lambda uow: cases.assign(uow, office.leader, case.number, office.second.id))
    assert ClockKind.UNASSIGNED not in await office.running(case)
    await everything_as_reckoned(office.storage)


async def test_a_handler_whose_seat_was_closed_counts_as_none_when_the_case_comes_back(office: Office) -> None:  # P14
    case = await office.accepted(flags=())
    await office.site.do(lambda uow: cases.guide_elsewhere(uow, office.handler, case.number, "请到县民政局二楼窗口"))
    await office.site.do(
        lambda uow: uow.execute(text("UPDATE official SET active = false WHERE id = :id"), {"id": office.handler.id})
    )
    await office.site.do(lambda uow: cases.reopen(uow, office.leader, case.number, "又来了新材料"))
    assert ClockKind.UNASSIGNED in await office.running(case)
    async with office.storage.unit_of_work() as uow:
        await uow.begin()
        await deadlines.settle(uow, case.id)
        await uow.commit()
    waits = [one for one in await office.clocks(case) if one.kind == ClockKind.UNASSIGNED]
    assert [one.is_running for one in waits] == [False, True]


async def test_a_held_lead_is_looked_at_again_on_the_day_named_in_the_opinion(office: Office, clock: FakeClock) -> None:
    case = await office.accepted()
    day = date(2026, 5, 2)  # a holiday, and stays so
    await office.site.do(
        lambda uow: disposals.propose(uow, office.handler, case.number, "hold", "眼下查不了", review_on=day)
    )
    await office.site.do(lambda uow: disposals.approve(uow, office.leader, case.number))
    running = await office.running(case)
    assert {kind: one.due_on for kind, one in running.items()} == {ClockKind.HOLD_REVIEW: day}
    assert (await office.read(case)).next_due_on == day
    clock.advance(timedelta(days=60))
    await office.site.do(lambda uow: cases.take_up(uow, office.handler, case.number))
    assert set(await office.running(case)) == {ClockKind.DISPOSAL}


async def test_an_opinion_to_hold_that_is_approved_after_its_day_is_due_at_once(
    office: Office, clock: FakeClock
) -> None:
    case = await office.accepted()
    day = TODAY + timedelta(days=2)
    await office.site.do(
        lambda uow: disposals.propose(uow, office.handler, case.number, "hold", "眼下查不了", review_on=day)
    )
    clock.advance(timedelta(days=6))
    await office.site.do(lambda uow: disposals.approve(uow, office.leader, case.number))
    assert (await office.running(case))[ClockKind.HOLD_REVIEW].due_on == TODAY + timedelta(days=6)


# How it was computed (ALA#5101)


async def test_the_page_lists_the_start_every_day_passed_over_and_every_make_up_day(  # ALA#5101
    office: Office, clock: FakeClock
) -> None:
    clock.set(clock.now().replace(month=2, day=12))
    case = await office.case()
    browser, _ = await office.at_desk(office.handler, case)
    for said in (
        "告知受理情况",
        "依据：纪检监察机关处理检举控告工作规则（2020年）第二十六条",
        "最晚3月11日（星期三）",
        "2月12日（星期四），收到反映。当天不算，从第二天起数15个工作日。",
        "2月14日（星期六），调休上班，要算。",
        "2月15日（星期日）到2月23日（星期一），一共9天，春节放假，不算。",
        "2月28日（星期六），调休上班，要算。",
        "3月1日（星期日），周末，不算。",
        "3月7日（星期六）、3月8日（星期日），周末，不算。",
        "所以最晚是3月11日（星期三）。",
    ):
        assert said in browser.text, said


async def test_local_policy_says_that_it_is_no_law(office: Office) -> None:
    case = await office.case()
    await office.start(case, ClockKind.REVIEW)
    browser, _ = await office.at_desk(office.handler, case)
    assert "依据：本地安排，不是法律规定的" in browser.text


async def test_every_clock_has_words_for_where_it_stands(office: Office, clock: FakeClock) -> None:
    case = await office.accepted()
    kept = await office.start(case, ClockKind.REPLY)
    await office.start(case, ClockKind.TALK_REPORT)
    paused = await office.start(case, ClockKind.REVIEW)
    await office.site.do(
        lambda uow: deadlines.pause(
            uow,
            office.handler,
            case.number,
            paused,
            from_on=TODAY,
            until_on=date(2026, 5, 6),
            why="当事人住院",
        )
    )

    async def stop(uow: UnitOfWork, kind: ClockKind) -> None:
        await deadlines.stop(uow, case.id, kind)
        await deadlines.settle(uow, case.id)

    await office.site.do(lambda uow: stop(uow, ClockKind.REPLY))
    clock.advance(timedelta(days=35))  # 15 April; disposal and talk were due on the 11th
    await office.site.do(lambda uow: stop(uow, ClockKind.TALK_REPORT))
    browser, _ = await office.at_desk(office.leader, case)
    assert "过期4天" in browser.text
    assert "停着，5月6日接着算" in browser.text
    assert "停：3月11日（星期三）到5月5日（星期二），一共56天。当事人住院" in browser.text
    assert "3月11日按时办了" in browser.text
    assert "4月15日办的，晚了4天" in browser.text
    assert kept


async def test_a_date_beyond_the_calendar_says_that_it_may_move(office: Office, clock: FakeClock) -> None:
    clock.set(clock.now().replace(month=12, day=25))
    browser, _ = await office.at_desk(office.handler, await office.case())
    assert "2027年的放假安排还没录入" in browser.text
    clock.set(clock.now().replace(month=6))
    browser, _ = await office.at_desk(office.handler, await office.case())
    assert "还没录入" not in browser.text


async def test_a_stopped_clock_is_judged_by_the_date_it_had_then(office: Office, clock: FakeClock) -> None:
    case = await office.accepted()
    await office.site.do(
        lambda uow: uow.execute(text("UPDATE case_clock SET due_on = '2026-03-20' WHERE kind = 'acceptance'"))
    )
    browser, _ = await office.at_desk(office.handler, case)
    assert "最晚3月20日（星期五）" in browser.text
    assert "这个日子是按当时的放假安排算的" in browser.text


# Pauses (righttoknow#183)


async def test_a_pause_moves_the_date_and_the_queue_and_is_written_down(office: Office) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.ASSIGNED)
    browser, page = await office.at_desk(office.handler, case)
    fields = {"clock": str(clock_id), "from_on": "2026-03-12", "until_on": "2026-03-22", "why": "等司法鉴定"}
    await browser.post(f"{page}/pause", fields | {"version": browser.version()}, then=page)
    assert "停下了，到期往后推。" in browser.text
    assert "等司法鉴定" in browser.text
    assert "3月12日（星期四）到3月21日（星期六），一共10天，停了，不算。" in browser.text
    found = (await office.running(case))[ClockKind.ASSIGNED]
    assert found.due_on == date(2026, 6, 21)
    assert [(one.from_on, one.until_on, one.paused_by, one.reason) for one in found.pauses] == [
        (date(2026, 3, 12), date(2026, 3, 22), office.handler.id, "等司法鉴定")
    ]
    async with office.storage.unit_of_work() as uow:
        (row,) = await uow.read(select(event).where(event.c.act == "clock_paused"))
    assert row.subject == f"case/{case.number}"
    assert row.detail["due_on"] == "2026-06-21"
    assert "鉴定" not in str(row.detail)
    await everything_as_reckoned(office.storage)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"from_on": ""}, "请选从哪天起停。"),
        ({"from_on": "2026-02-30"}, "请选从哪天起停。"),
        ({"until_on": ""}, "请选从哪天起接着算。"),
        ({"from_on": "2026-03-10"}, "过去的日子不能补停"),
        ({"until_on": "2026-03-12"}, "接着算的日子要在停的那天以后。"),
        ({"until_on": "2026-05-12"}, "加起来停得太久了"),
        ({"from_on": "2026-06-12", "until_on": "2026-06-20"}, "那天已经过期了，停不了。"),
        ({"why": ""}, "请写一句为什么。"),
        ({"clock": "12345"}, "这个期限已经不在走了"),
    ],
)
async def test_a_pause_that_is_not_allowed_says_why_and_keeps_what_was_typed(
    office: Office, changed: dict[str, str], said: str
) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.ASSIGNED)
    browser, page = await office.at_desk(office.handler, case)
    fields = {"clock": str(clock_id), "from_on": "2026-03-12", "until_on": "2026-03-22", "why": "等司法鉴定", **changed}
    await browser.post(f"{page}/pause", fields | {"version": browser.version()})
    assert browser.status == 422
    assert said in browser.text
    for name in ("from_on", "until_on"):
        assert f'name="{name}" type="date" value="{fields[name]}"' in browser.source
    assert f">\n{fields['why']}</textarea>" in browser.source
    assert re.search(r'<details class="disclosure" id="pause" open>', browser.source)
    (fault,) = set(re.findall(r'href="#(f-pause-[a-z_]+)"', browser.source))
    assert f'id="{fault}"' in browser.source
    assert not (await office.running(case))[ClockKind.ASSIGNED].pauses


async def test_days_that_stand_still_already_cannot_be_paused_again(office: Office) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.REVIEW)

    async def pause(first: int, until: int) -> None:
        days = {"from_on": date(2026, 3, first), "until_on": date(2026, 3, until)}
        await office.site.do(
            lambda uow: deadlines.pause(uow, office.handler, case.number, clock_id, why="等鉴定", **days)
        )

    await pause(12, 15)
    with pytest.raises(BadInput) as refused:
        await pause(14, 20)
    assert (refused.value.field, refused.value.fault) == ("from_on", "pauses_overlap")
    await pause(15, 20)


@pytest.mark.parametrize("kind", [kind for kind, rule in BOOK.rules.items() if not rule.pausable])
async def test_a_clock_of_the_law_without_room_for_it_is_not_paused(sqlite_storage: Storage, kind: ClockKind) -> None:
    office = await Office(DeskSite(sqlite_storage)).fill()
    case = await office.accepted()
    clock_id = await office.start(case, kind)
    days = {"from_on": TODAY, "until_on": TODAY + timedelta(days=3)}
    with pytest.raises(BadInput) as refused:
        await office.site.do(
            lambda uow: deadlines.pause(uow, office.handler, case.number, clock_id, why="等鉴定", **days)
        )
    assert refused.value.fault == "pause_not_allowed"


async def test_what_was_missed_is_not_hidden_by_a_pause_or_an_extension(office: Office, clock: FakeClock) -> None:  # N9
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.ASSIGNED)
    clock.set(clock.now().replace(month=6, day=12))
    days = {"from_on": date(2026, 6, 12), "until_on": date(2026, 6, 20)}
    with pytest.raises(BadInput, match="after_due"):
        await office.site.do(
            lambda uow: deadlines.pause(uow, office.handler, case.number, clock_id, why="等鉴定", **days)
        )
    with pytest.raises(BadInput, match="late"):
        await office.site.do(lambda uow: deadlines.extend(uow, office.leader, case.number, clock_id, "人多"))


async def test_a_pause_ends_early_and_its_first_day_stays_one(office: Office, clock: FakeClock) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.ASSIGNED)
    days = {"from_on": TODAY, "until_on": date(2026, 4, 11)}
    await office.site.do(lambda uow: deadlines.pause(uow, office.handler, case.number, clock_id, why="等鉴定", **days))
    clock.advance(timedelta(days=9))
    browser, page = await office.at_desk(office.handler, case)
    assert "“办结交办件”从今天接着算" in browser.text
    await browser.post(f"{page}/resume", {"version": browser.version(), "clock": str(clock_id)}, then=page)
    assert "从今天接着算。" in browser.text
    found = (await office.running(case))[ClockKind.ASSIGNED]
    assert (found.pauses[0].until_on, found.due_on) == (date(2026, 3, 20), date(2026, 6, 19))
    await everything_as_reckoned(office.storage)
    with pytest.raises(BadInput, match="not_paused"):
        await office.site.do(lambda uow: deadlines.resume(uow, office.handler, case.number, clock_id))


async def test_two_colleagues_do_not_pause_one_clock_at_once(office: Office) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.REVIEW)
    seen = (await office.read(case)).version
    days = {"from_on": TODAY, "until_on": date(2026, 3, 16)}

    async def pause(who: Official) -> None:
        await office.site.do(
            lambda uow: deadlines.pause(uow, who, case.number, clock_id, why="等鉴定", seen=seen, **days)
        )

    await pause(office.handler)
    with pytest.raises(StaleVersion):
        await pause(office.leader)


@pytest.mark.parametrize(
    "pause",
    [
        "2026-03-14', '2026-03-20",  # days that stand still already
        "2026-04-01', '2026-05-29",  # sixty-one days in all
    ],
)
async def test_the_database_refuses_a_pause_the_rules_do_not_know(office: Office, pause: str) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.REVIEW)
    days = {"from_on": date(2026, 3, 12), "until_on": date(2026, 3, 15)}
    await office.site.do(lambda uow: deadlines.pause(uow, office.handler, case.number, clock_id, why="等鉴定", **days))
    with pytest.raises(RuleRefused, match="clock_pause"):
        await _raw_pause(office, clock_id, pause, office.handler)


async def test_the_database_knows_the_clocks_that_stand_still_and_for_how_long(office: Office) -> None:
    case = await office.accepted()
    for kind, rule in BOOK.rules.items():
        clock_id = await office.start(case, kind)
        most = TODAY + timedelta(days=BOOK.most_paused_days)
        with pytest.raises(RuleRefused, match="clock_pause"):
            await _raw_pause(office, clock_id, f"{TODAY}', '{most + timedelta(days=1)}", office.handler)
        if rule.pausable:
            await _raw_pause(office, clock_id, f"{TODAY}', '{most}", office.handler)
            continue
        with pytest.raises(RuleRefused, match="clock_pause"):
            await _raw_pause(office, clock_id, f"{TODAY}', '{TODAY + timedelta(days=1)}", office.handler)


async def test_whoever_stands_back_pauses_and_extends_nothing_even_in_raw_sql(office: Office) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.ASSIGNED)
    await office.site.do(lambda uow: recusals.stand_back(uow, office.second, case.number))
    with pytest.raises(RuleRefused, match="clock_pause"):
        await _raw_pause(office, clock_id, "2026-03-12', '2026-03-15", office.second)
    with pytest.raises(RuleRefused, match="clock_extension"):
        await _raw_extension(office, clock_id, office.second)
    await _raw_extension(office, clock_id, office.leader)


async def _raw_pause(office: Office, clock_id: int, days: str, who: Official) -> None:
    await office.site.do(
        lambda uow: uow.execute(
            text(
                "INSERT INTO clock_pause (clock_id, from_on, until_on, reason_sealed, paused_by, paused_at) "
                f"VALUES ({clock_id}, '{days}', :sealed, {who.id}, '2026-03-11 02:00:00')"
            ),
            {"sealed": office.storage.keys.seal_text(PAUSE, "等鉴定")},
        )
    )


async def _raw_extension(office: Office, clock_id: int, who: Official) -> None:
    await office.site.do(
        lambda uow: uow.execute(
            text(
                f"UPDATE case_clock SET extended_by = {who.id}, extended_at = '2026-03-11 02:00:00', "
                f"extension_sealed = :sealed WHERE id = {clock_id}"
            ),
            {"sealed": office.storage.keys.seal_text(PAUSE, "等鉴定")},
        )
    )


# Extension


async def test_an_assigned_matter_is_extended_once_by_a_leader_who_does_not_handle_it(office: Office) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.ASSIGNED)
    handler, _ = await office.at_desk(office.handler, case)
    assert "批准延长" not in handler.text
    leader, page = await office.at_desk(office.leader, case)
    fields = {"clock": str(clock_id), "why": "牵涉三个村，人多"}
    await leader.post(f"{page}/extend", fields | {"version": leader.version()}, then=page)
    assert "已批准延长。" in leader.text
    assert "延长：牵涉三个村，人多" in leader.text
    assert "批准延长：从6月11日（星期四）延到9月11日（星期五）。" in leader.text
    found = (await office.running(case))[ClockKind.ASSIGNED]
    assert (found.due_on, found.extended_by, found.extension) == (
        date(2026, 9, 11),
        office.leader.id,
        "牵涉三个村，人多",
    )
    await everything_as_reckoned(office.storage)
    await leader.post(f"{page}/extend", fields | {"version": leader.version()})
    assert (leader.status, "已经延过一次了" in leader.text) == (422, True)
    with pytest.raises(RuleRefused, match="clock_fixed"):
        await _raw_extension(office, clock_id, office.second)


async def test_whoever_handles_a_case_does_not_extend_its_clock(office: Office) -> None:
    case = await office.case()
    case = await office.site.do(lambda uow: cases.accept(uow, office.leader, case.number))
    clock_id = await office.start(case, ClockKind.ASSIGNED)
    browser, page = await office.at_desk(office.leader, case)
    assert 'id="extend"' not in browser.source
    await browser.post(f"{page}/extend", {"clock": str(clock_id), "why": "人多", "version": browser.version()})
    assert (browser.status, "要请别的负责人来批" in browser.text) == (422, True)
    with pytest.raises(RuleRefused, match="clock_extension"):
        await _raw_extension(office, clock_id, office.leader)


async def test_only_what_is_assigned_is_extended_and_only_by_whoever_may_approve(office: Office) -> None:
    case = await office.accepted()
    disposal = (await office.running(case))[ClockKind.DISPOSAL].id
    with pytest.raises(BadInput, match="extension_not_allowed"):
        await office.site.do(lambda uow: deadlines.extend(uow, office.leader, case.number, disposal, "人多"))
    assigned = await office.start(case, ClockKind.ASSIGNED)
    browser, page = await office.at_desk(office.handler, case)
    await browser.post(f"{page}/extend", {"clock": str(assigned), "why": "人多", "version": browser.version()})
    assert browser.status == 403


async def test_an_extension_without_a_reason_says_so_and_keeps_the_form_open(office: Office) -> None:
    case = await office.accepted()
    clock_id = await office.start(case, ClockKind.ASSIGNED)
    browser, page = await office.at_desk(office.superior, case)
    await browser.post(f"{page}/extend", {"clock": str(clock_id), "why": " ", "version": browser.version()})
    assert (browser.status, "请写一句为什么。" in browser.text) == (422, True)
    assert '<details class="disclosure" id="extend" open>' in browser.source
