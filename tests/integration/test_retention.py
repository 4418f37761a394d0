"""Retention: with every expiry in the past only ended, fulfilled, unheld, never flagged cases go, whole, and logged.

P26, GL#3591. The database's own clock decides what is past, so the cases here ended long ago, and what came in "lately"
is written in a future year.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ForeignKey, Table, func, select, text, update

from handlers.jobs.retention import erase_old_cases
from handlers.services import cases as service
from handlers.services import deadlines, follow_up, links, messages, outcomes, retention
from handlers.services.errors import BadInput, NotAllowed, NotFound
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState, Finding, MeasureKind, StepKind
from knowledge.casework.names import AttemptOutcome, ContactMethod
from storage.errors import RuleRefused
from storage.outbox import Recipient
from storage.repositories.cases import Case, Matter
from storage.repositories.handovers import HandoverItem
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.repositories.retention import WITH_A_CASE
from storage.tables import metadata
from storage.tables.cases import cases, stored_file
from storage.tables.custody import identity
from storage.tables.records import event
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.fakes import FakeClock

LONG_AGO = datetime(2019, 3, 11, 2, 0, tzinfo=UTC)
IN_FUTURE = datetime(2100, 3, 11, 2, 0, tzinfo=UTC)
EXPIRED = date(2000, 1, 1)


@dataclass(frozen=True)
class Archive:
    """A county with officials; `ended` makes cases that ended long ago."""

    storage: Storage
    clock: FakeClock
    village: Any
    official: Official
    leader: Official
    above: tuple[Official, Official]

    async def do(self, act: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        async with self.storage.unit_of_work() as uow:
            result = await act(uow)
            await uow.commit()
        return result

    async def ended(self, state: CaseState = CaseState.CLOSED, **more: Any) -> Case:
        """A case without flags that ended lawfully, found to be unfounded."""
        flags = more.pop("flags", ())

        async def make(uow: UnitOfWork) -> Case:
            case = await factories.add_case(uow, self.village, flags=flags, **more)
            walk = {"investigator": self.official, "approver": self.leader, "finding": Finding.UNFOUNDED}
            if state is not CaseState.GUIDED_ELSEWHERE:
                return await factories.bring_to(uow, case, state, **walk)
            case = await factories.bring_to(uow, case, CaseState.REGISTERED, **walk)
            await uow.cases.move(case, state, closed_at=uow.clock.now())
            await deadlines.stop_all(uow, case.id)
            return await factories.read_case(uow, case.number)

        made = await self.do(make)
        assert isinstance(made, Case)
        return made

    async def expire_everything(self) -> None:
        await self.do(lambda uow: uow.execute(update(cases).values(retain_until=EXPIRED)))

    async def left(self) -> set[int]:
        async with self.storage.unit_of_work() as uow:
            return {row.id for row in await uow.read(select(cases.c.id))}


@pytest.fixture
async def archive(storage: Storage, clock: FakeClock) -> Archive:
    clock.set(LONG_AGO)
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        official = await factories.add_official(uow)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        above = [await factories.add_official(uow, Role.SUPERIOR, "cn") for _ in range(2)]
        await uow.commit()
    return Archive(storage, clock, places[factories.VILLAGE], official, leader, (above[0], above[1]))


# What goes and what stays


async def test_with_every_expiry_in_the_past_only_what_is_done_with_goes(archive: Archive) -> None:  # P26
    going = {(await archive.ended()).id, (await archive.ended(CaseState.GUIDED_ELSEWHERE)).id}
    staying = {name: (await make(archive)).id for name, make in STAYING.items()}
    for state in CaseState:
        if state not in (CaseState.CLOSED, CaseState.GUIDED_ELSEWHERE, CaseState.HELD, CaseState.REFERRED):
            staying[f"open: {state}"] = (await archive.ended(state)).id
    everything = await archive.left()
    await archive.expire_everything()
    assert await erase_old_cases(archive.storage) == len(going)
    assert await archive.left() == everything - going
    assert await erase_old_cases(archive.storage) == 0


async def flagged(archive: Archive) -> Case:
    return await archive.ended(flags=(Category.VOTE_BUYING,))


async def once_flagged(archive: Archive) -> Case:
    """Its flag was lowered by two people from above, and it was guided elsewhere."""
    case = await archive.ended(CaseState.REGISTERED, flags=(Category.REAL_NAME,))

    async def lower(uow: UnitOfWork) -> None:
        asked = await uow.flags.ask_removal(case.id, Category.REAL_NAME, "不是这回事", by=archive.above[0].id)
        await uow.flags.decide_removal(asked, "approved", by=archive.above[1].id)
        now = await factories.read_case(uow, case.number)
        assert now.flags == ()
        await uow.cases.move(now, CaseState.GUIDED_ELSEWHERE, closed_at=uow.clock.now())
        await deadlines.stop_all(uow, case.id)

    await archive.do(lower)
    return case


async def held(archive: Archive) -> Case:
    case = await archive.ended()
    await archive.do(lambda uow: retention.hold(uow, archive.leader, case.number, "法院要调卷"))
    return case


async def with_an_undecided_measure(archive: Archive) -> Case:
    case = await archive.ended(CaseState.APPROVED)

    async def end(uow: UnitOfWork) -> None:
        await uow.investigations.recommend(case, MeasureKind.CLEAR_NAMES, "镇党委", "按结论", by=archive.official.id)
        now = await factories.read_case(uow, case.number)
        await uow.cases.move(now, CaseState.TOLD, told_at=uow.clock.now(), told_by="code")
        await uow.cases.move(await factories.read_case(uow, case.number), CaseState.CLOSED, closed_at=uow.clock.now())
        await deadlines.stop_all(uow, case.id)

    await archive.do(end)
    return case


async def with_a_running_clock(archive: Archive) -> Case:
    case = await archive.ended()
    await archive.do(lambda uow: deadlines.restart(uow, case, ClockKind.REVIEW))
    return case


async def with_a_question_to_the_level_above(archive: Archive) -> Case:
    case = await archive.ended()
    statement = text(
        "INSERT INTO escalation (case_id, clock_kind, due_on, asked_at) "
        "SELECT id, 'result', answer_due_on, received_at FROM cases WHERE id = :id"
    )
    await archive.do(lambda uow: uow.execute(statement, {"id": case.id}))
    return case


async def that_others_were_merged_into(archive: Archive) -> Case:
    return (await merged(archive))[0]


async def that_was_merged(archive: Archive) -> Case:
    return (await merged(archive))[1]


async def merged(archive: Archive) -> tuple[Case, Case]:
    """An ended case and one that waits behind it."""
    into, case = await archive.ended(CaseState.RECEIVED), await archive.ended(CaseState.RECEIVED)

    async def merge(uow: UnitOfWork) -> None:
        for one in (into, case):
            await uow.recusals.declare(one.id, archive.official.id, "clear")
        await links.merge(uow, archive.official, case.number, into.number, "说的是同一件事")
        await service.guide_elsewhere(uow, archive.official, into.number, "请到信访窗口反映", looked_again=True)

    await archive.do(merge)
    return into, case


async def with_a_message_of_yesterday(archive: Archive) -> Case:  # GL#3591
    case = await archive.ended()
    archive.clock.set(IN_FUTURE)
    await archive.do(lambda uow: uow.dialogue.from_reporter(case.id, "又看见一次"))
    archive.clock.set(LONG_AGO)
    return case


async def with_a_file_of_yesterday(archive: Archive) -> Case:  # GL#3591
    case = await archive.ended()
    archive.clock.set(IN_FUTURE)
    await archive.do(lambda uow: uow.files.add(b"new", name="a", origin="reporter", case_id=case.id))
    archive.clock.set(LONG_AGO)
    return case


STAYING: dict[str, Callable[[Archive], Awaitable[Case]]] = {
    "flagged and investigated": flagged,
    "flagged once, lowered since": once_flagged,
    "held": held,
    "a measure nobody has decided": with_an_undecided_measure,
    "a clock that runs": with_a_running_clock,
    "a question above without an answer": with_a_question_to_the_level_above,
    "others wait behind it": that_others_were_merged_into,
    "it waits behind another": that_was_merged,
    "a message of yesterday": with_a_message_of_yesterday,
    "a file of yesterday": with_a_file_of_yesterday,
}


@pytest.mark.parametrize("name", list(STAYING))
async def test_raw_sql_cannot_erase_what_stays(archive: Archive, name: str) -> None:
    case = await STAYING[name](archive)
    await archive.expire_everything()
    with pytest.raises(RuleRefused, match="case_delete"):
        await archive.do(lambda uow: uow.execute(text("DELETE FROM cases WHERE id = :id"), {"id": case.id}))


async def test_a_date_to_come_keeps_a_case_and_no_date_keeps_it_for_good(archive: Archive) -> None:
    waits, for_good = await archive.ended(), await archive.ended()
    later = update(cases).where(cases.c.id == waits.id).values(retain_until=date(2999, 1, 1))
    await archive.do(lambda uow: uow.execute(later))
    assert await erase_old_cases(archive.storage) == 0
    assert await archive.left() == {waits.id, for_good.id}


async def test_a_run_erases_so_many_and_the_next_run_goes_on(archive: Archive) -> None:
    for _ in range(5):
        await archive.ended()
    await archive.expire_everything()
    erased = [await archive.do(lambda uow: retention.erase_expired(uow, limit=2)) for _ in range(4)]
    assert erased == [2, 2, 1, 0]


# All of it


def test_every_table_that_hangs_on_a_case_is_emptied_with_it() -> None:
    def parents(table: Table) -> set[Table]:
        keys = [key for column in table.columns for key in column.foreign_keys]
        return {key.column.table for key in keys if isinstance(key, ForeignKey)}

    hanging, edge = {cases}, {cases}
    while edge:
        edge = {table for table in metadata.sorted_tables if parents(table) & edge} - hanging
        hanging |= edge
    names = {table.name for table in hanging}
    for_good = {"case_flag", "flag_removal"}  # what was ever flagged is never erased
    of_elections = {"gate_evidence", "gate_review"}  # their files belong to no case
    assert names - for_good - of_elections == {table.name for table in WITH_A_CASE}


async def full_case(archive: Archive) -> tuple[Case, list[str]]:
    """A case with a row in every table; returns it with its files."""
    archive_files: list[str] = []

    async def fill(uow: UnitOfWork) -> Case:
        custodian = await factories.add_custodian(uow)
        who = Person(uow.ids.next(), b"key", Recipient("web", 7))
        await uow.people.add(who)
        draft = await uow.drafts.start(who.id, "what", {})
        await uow.drafts.finish(draft, "submitted")
        other = await factories.add_case(uow, archive.village, flags=())
        case = await factories.add_case(uow, archive.village, flags=(), person=who, named=True)
        case = await factories.bring_to(
            uow,
            case,
            CaseState.INVESTIGATING,
            investigator=archive.official,
            approver=archive.leader,
        )
        found = await uow.investigations.of_case(case)
        assert found is not None
        stored = await uow.files.add(b"letter", name="信.pdf", origin="official", case_id=case.id)
        sent = await uow.files.add(b"picture", name="烟.jpg", origin="reporter", case_id=case.id)
        preview = await uow.storage.files.put(b"a small picture")
        await uow.files.set_preview(sent.id, preview)
        archive_files.extend([stored.id, sent.id, preview])
        until = uow.clock.now() + timedelta(days=1)
        token = await uow.announcements.announce(
            draft_id=draft.id, case_id=case.id, name="录像.mp4", size=None, kind="supplement", until=until
        )
        link = await uow.announcements.by_token(token)
        assert link is not None
        assert await uow.announcements.spend(link)
        await uow.announcements.arrived(link.announced.id, sent.id)
        uow.receipts.keep(case.id, "a token", "QFR1.a.b")
        await uow.investigations.add_evidence(
            found.id, description="信", official_id=archive.official.id, file_id=stored.id
        )
        await uow.investigations.add_step(
            found.id, kind=StepKind.TALK, taken_on=date(2019, 3, 11), body="谈话", official_id=archive.official.id
        )
        case = await finish(uow, case)
        await uow.cases.add_note(case.id, "先问会计", author_id=archive.official.id)
        await uow.dialogue.from_reporter(case.id, "又看见一次")
        uow.cases.add_matters(case.id, [Matter("vote_buying", "送烟")])
        uow.identities.keep(case.id, factories.sealed_name(await factories.public_keys(uow), "王小明", "13800138000"))
        await uow.recusals.declare(case.id, archive.official.id, "clear")
        uow.recusals.recuse(case.id, custodian.id)
        await uow.handovers.add(archive.official.id, None, [HandoverItem(case.id, "handler")], by=None)
        for statement in HANGING:
            await uow.execute(text(statement), {"id": case.id, "other": other.id, "by": archive.official.id})
        return await factories.read_case(uow, case.number)

    async def finish(uow: UnitOfWork, case: Case) -> Case:
        found = await uow.investigations.of_case(case)
        assert found is not None
        work, now = uow.investigations, uow.clock.now()
        await work.submit_finding(found.id, Finding.UNFOUNDED, "走访了十二户，说法一致。")
        await uow.cases.move(case, CaseState.AWAITING_APPROVAL)
        await work.approve(found.id, archive.leader.id)
        await uow.cases.move(await factories.read_case(uow, case.number), CaseState.APPROVED, concluded_at=now)
        case = await factories.read_case(uow, case.number)
        await work.recommend(case, MeasureKind.NONE, "", "没有发现问题", by=archive.official.id)
        await uow.identities.add_attempt(
            case.id, official_id=archive.official.id, method=ContactMethod.VISIT, outcome=AttemptOutcome.CONFIRMED
        )
        await uow.identities.set_state(case.id, "verified")
        case = await factories.read_case(uow, case.number)
        await uow.cases.move(case, CaseState.TOLD, told_at=now, told_by="code")
        deadlines.start(uow, case.id, ClockKind.REVIEW)
        (clock,) = [one for one in await uow.clocks.of_case(case.id) if one.kind == ClockKind.REVIEW]
        days = {"from_on": date(2019, 3, 12), "until_on": date(2019, 3, 14), "due_on": clock.due_on}
        await uow.clocks.pause(clock.id, reason="外出", by=archive.official.id, **days)
        await uow.cases.move(await factories.read_case(uow, case.number), CaseState.CLOSED, closed_at=now)
        await deadlines.stop_all(uow, case.id)
        return await factories.read_case(uow, case.number)

    return await archive.do(fill), archive_files


#: Rows that take long to make by services.
HANGING = (
    (
        "INSERT INTO deadline_notice (clock_id, due_on, stage, official_id, due_at) "
        "SELECT id, due_on, 'T', CAST(:by AS bigint), '2019-03-20T02:00:00.000000' FROM case_clock WHERE case_id = :id"
    ),
    (
        "INSERT INTO escalation (case_id, clock_kind, due_on, asked_at, answered_by, answered_at) "
        "SELECT id, 'result', answer_due_on, received_at, CAST(:by AS bigint), received_at FROM cases WHERE id = :id"
    ),
    (
        "INSERT INTO case_link (one_id, other_id, kind, made_at) "
        "SELECT CAST(:other AS bigint), id, 'related', received_at FROM cases WHERE id = :id"
    ),
    (
        "INSERT INTO case_merge (case_id, into_id, reason_sealed, merged_by, merged_at, undone_by, undone_at) "
        "SELECT CAST(:other AS bigint), id, narrative_sealed, CAST(:by AS bigint), received_at, CAST(:by AS bigint), "
        "received_at FROM cases WHERE id = :id"
    ),
    (
        "INSERT INTO case_viewer (case_id, official_id, seen_at) "
        "SELECT id, CAST(:by AS bigint), received_at FROM cases WHERE id = :id"
    ),
)


async def test_nothing_of_an_erased_case_is_left_but_one_event_without_content(archive: Archive) -> None:
    case, files = await full_case(archive)
    kept = await archive.ended(CaseState.RECEIVED)
    await archive.expire_everything()
    store = archive.storage.files
    assert all([await store.get(file_id) for file_id in files])
    assert await erase_old_cases(archive.storage) == 1
    assert case.id not in await archive.left()
    assert kept.id in await archive.left()
    async with archive.storage.unit_of_work() as uow:
        for table in WITH_A_CASE - {cases}:
            column = next((table.c[name] for name in ("case_id", "one_id") if name in table.c), None)
            if column is not None:
                condition = table.c.other_id == case.id if column.name == "one_id" else column == case.id
                assert (await uow.read(select(func.count()).select_from(table).where(condition)))[0][0] == 0, table.name
        assert await uow.read(select(identity)) == []
        assert await uow.read(select(stored_file)) == []
        (told,) = await uow.read(select(event).where(event.c.act == "case_erased"))
    for file_id in files:
        with pytest.raises(FileNotFoundError):
            await store.get(file_id)
    assert told.subject == f"case/{case.number}"
    assert told.detail == {"received_on": "2019-03-11", "ended_on": "2019-03-11", "kept_until": "2000-01-01"}


async def test_files_stay_when_the_erasing_is_not_committed(archive: Archive) -> None:
    case, files = await full_case(archive)
    await archive.expire_everything()
    async with archive.storage.unit_of_work() as uow:
        assert await retention.erase_expired(uow) == 1
    assert case.id in await archive.left()
    assert all([await archive.storage.files.get(file_id) for file_id in files])


# How long


@pytest.mark.parametrize("act", ["close", "guide"])
async def test_an_ended_case_is_kept_for_five_years(archive: Archive, act: str) -> None:
    case = await archive.ended(CaseState.TOLD if act == "close" else CaseState.ACCEPTED)
    if act == "close":
        ended = await archive.do(lambda uow: outcomes.close(uow, archive.official, case.number))
    else:
        ended = await archive.do(
            lambda uow: service.guide_elsewhere(
                uow, archive.official, case.number, "请到信访窗口反映", looked_again=True
            )
        )
    assert ended.retain_until == date(2024, 3, 11)


async def test_what_comes_in_later_lets_the_time_begin_anew_and_never_shortens_it(archive: Archive) -> None:
    case = await archive.ended(CaseState.TOLD)
    case = await archive.do(lambda uow: outcomes.close(uow, archive.official, case.number))
    archive.clock.advance(timedelta(days=400))
    await archive.do(lambda uow: retention.keep_longer(uow, case))
    async with archive.storage.unit_of_work() as uow:
        later = (await factories.read_case(uow, case.number)).retain_until
    assert later == date(2025, 4, 14)
    archive.clock.set(LONG_AGO)
    await archive.do(lambda uow: retention.keep_longer(uow, case))
    async with archive.storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, case.number)).retain_until == later


@pytest.mark.parametrize("who", ["reporter", "official"])
async def test_a_word_after_the_end_from_either_side_keeps_the_case_longer(archive: Archive, who: str) -> None:
    case = await archive.ended(CaseState.TOLD)
    case = await archive.do(lambda uow: outcomes.close(uow, archive.official, case.number))
    archive.clock.advance(timedelta(days=400))

    async def say(uow: UnitOfWork) -> None:
        if who == "official":
            await messages.send(uow, archive.official, case.number, "您又来信，我们看到了。", looked_again=True)
            return
        reporter = await factories.add_person(uow)
        assert await follow_up.add_words(uow, reporter, case.number, "又看见一次", opened=case.number)

    await archive.do(say)
    async with archive.storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, case.number)).retain_until == date(2025, 4, 14)


async def test_a_case_kept_for_good_gets_no_date_from_a_message(archive: Archive) -> None:
    case = await archive.ended()
    assert case.retain_until is None
    await archive.do(lambda uow: retention.keep_longer(uow, case))
    async with archive.storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, case.number)).retain_until is None


@pytest.mark.parametrize(
    ("day", "until"), [(date(2024, 2, 29), date(2029, 2, 28)), (date(2024, 12, 31), date(2029, 12, 28))]
)
def test_the_last_days_of_a_month_lose_nobody_a_date(day: date, until: date) -> None:
    assert retention.kept_until(day) == until
    assert retention.kept_until(day, date(2040, 1, 1)) == date(2040, 1, 1)


# Holding


async def test_a_hold_is_set_and_lifted_by_who_approves_with_a_reason_and_an_event(archive: Archive) -> None:
    case = await archive.ended()
    held_case = await archive.do(lambda uow: retention.hold(uow, archive.leader, case.number, "法院要调卷"))
    again = await archive.do(lambda uow: retention.hold(uow, archive.leader, case.number, "法院要调卷"))
    lifted = await archive.do(lambda uow: retention.lift_hold(uow, archive.leader, case.number, "案子判了"))
    assert (held_case.legal_hold, again, lifted.legal_hold) == (True, held_case, False)
    async with archive.storage.unit_of_work() as uow:
        acts = [row.act for row in await uow.read(select(event.c.act).order_by(event.c.id))]
        assert [one.body for one in await uow.cases.notes(case.id)] == ["法院要调卷", "案子判了"]
    assert [act for act in acts if act.startswith("legal_hold")] == ["legal_hold_set", "legal_hold_lifted"]
    await archive.expire_everything()
    assert await erase_old_cases(archive.storage) == 1


async def test_who_handles_or_stands_back_or_says_no_reason_sets_no_hold(archive: Archive) -> None:
    case = await archive.ended()
    await archive.do(lambda uow: _recused(uow, case, archive.leader))
    for who, why, error in (
        (archive.official, "法院要调卷", NotAllowed),
        (archive.leader, "法院要调卷", NotFound),
        (archive.above[0], " ", BadInput),
    ):
        with pytest.raises(error):
            await archive.do(lambda uow, who=who, why=why: retention.hold(uow, who, case.number, why))


async def _recused(uow: UnitOfWork, case: Case, official: Official) -> None:
    await uow.begin()
    uow.recusals.recuse(case.id, official.id)
