"""P12: a limit slows down and says until when; nothing that was accepted is ever lost, at ten times the limit too."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from handlers.services import floods
from handlers.services.floods import FILES, REPORTS
from handlers.services.intake import Intake
from handlers.services.reports import Reports
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from storage.repositories.people import Person
from storage.tables.cases import cases, report_draft
from storage.tables.records import outbox
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import (
    OFFICIALS_TOKEN,
    PHOTO,
    Site,
    Villager,
    WebVillager,
    answer,
    code_in,
    file_report,
    number_in,
    open_site,
    populate,
)
from tests.handling import Staff

QUIET = "您有一条新消息，请打开工作台查看。"
LINES = ("挨家送烟，每家两包", "李大富", "[柳树村]", "昨天晚上", "村口小卖部", "[亲眼看到]", "[没有，下一步]")


@pytest.fixture
async def both(storage: Storage) -> AsyncIterator[Site]:
    await populate(storage)
    async with open_site("web", storage) as opened:
        yield opened


async def count(storage: Storage, table: Any, *where: Any) -> int:
    async with storage.unit_of_work() as uow:
        return int((await uow.read(select(func.count()).select_from(table).where(*where)))[0][0])


async def hand_in(who: Villager, *, name: str = "王小明 13812345678", story: str = "") -> str:
    """Write a report and submit it; returns what was said then."""
    await who.say("我要反映")
    for line in (story or LINES[0], *LINES[1:], name):
        await answer(who, line)
    return (await who.press("对，提交"))[-1]


async def tick(site: Site) -> None:
    await site.application.remind()
    await site.deliver()


# Five reports an hour


async def _sixth(site: Site, clock: Any) -> None:
    who, other = await site.meet(), await site.meet()
    for _ in range(REPORTS):
        assert "✅ 收到了" in await hand_in(who)
        clock.advance(timedelta(minutes=2))
    heard = await hand_in(who, story="第六件也很要紧")
    assert "一个字不会丢" in heard
    assert "11点自动交上去，不用您再点" in heard
    assert "QF-" not in heard
    assert await who.draft() is None  # another may be begun
    assert "✅ 收到了" in await hand_in(other)  # somebody else waits for nobody
    assert "还有1件排着，11点起自动交上去" in (await who.say("我的反映"))[-1]
    clock.advance(timedelta(minutes=49))
    await tick(site)
    assert await count(site.storage, cases) == REPORTS + 1
    clock.advance(timedelta(minutes=1))
    for _ in range(3):
        await tick(site)
    receipt = (await who.last()).text
    assert "✅ 收到了" in receipt
    async with site.storage.unit_of_work() as uow:
        case = await uow.cases.by_number(number_in(receipt))
        assert (await uow.cases.narrative(case.id))["what"] == "第六件也很要紧"
        assert case.name_state == "claimed"
    assert await count(site.storage, cases) == REPORTS + 2
    assert await count(site.storage, report_draft, report_draft.c.answers_sealed.is_not(None)) == 0
    assert number_in(receipt) in (await who.say("我的反映"))[-1]


async def test_the_sixth_report_of_an_hour_waits_its_turn_and_is_filed_by_itself(site, clock):
    await _sixth(site, clock)


async def test_the_sixth_report_waits_and_is_filed_on_each_database(both, clock):
    await _sixth(both, clock)


async def test_one_that_waited_without_a_name_is_filed_without_a_trace(site, clock):
    who = await site.meet()
    for _ in range(REPORTS):
        await hand_in(who)
    heard = await hand_in(who, name="[不留名]", story="第六件也很要紧")
    assert "就把查询码发到这里" in heard
    if isinstance(who, WebVillager):
        assert not [item for item in await who.items() if "第六件" in item["text"]]
    clock.advance(timedelta(hours=1))
    await tick(site)
    receipt = (await who.last()).text
    assert "没留名" in receipt
    async with site.storage.unit_of_work() as uow:
        (case,) = await uow.read(select(cases).where(cases.c.number == number_in(receipt)))
        assert (case.person_id, case.draft_id) == (None, None)
        assert (await uow.cases.by_receipt(code_in(receipt))).id == case.id
        left = select(report_draft.c.id).where(report_draft.c.state == "queued")
        assert await uow.read(left) == []
        keys = [row.dedupe_key for row in await uow.read(select(outbox.c.dedupe_key))]
    assert not [key for key in keys if case.number in key and "received" not in key]
    await who.press("记下了")
    if isinstance(who, WebVillager):
        assert not [item for item in await who.items() if case.number in item["text"]]


async def test_a_report_that_cannot_be_filed_now_keeps_the_others_from_nothing(both, clock, monkeypatch):
    who = await both.meet()
    for _ in range(REPORTS):
        await hand_in(who)
    for story in ("卡住的一件", "后面的一件"):
        await hand_in(who, story=story)
    clock.advance(timedelta(hours=1))
    real = Intake.file

    async def file(intake: Intake, uow: Any, report: Any) -> Any:
        if report.narrative["what"] == "卡住的一件":
            raise ConnectionResetError
        return await real(intake, uow, report)

    with monkeypatch.context() as patch:
        patch.setattr(Intake, "file", file)
        await tick(both)
    assert await count(both.storage, cases) == REPORTS + 1
    assert await count(both.storage, report_draft, report_draft.c.state == "queued") == 1
    await tick(both)
    assert await count(both.storage, cases) == REPORTS + 2


async def test_two_processes_file_a_waiting_report_once(both, clock):
    who = await both.meet()
    for _ in range(REPORTS + 1):
        await hand_in(who)
    clock.advance(timedelta(hours=1))
    (draft_id,) = await both.do(lambda uow: uow.drafts.due())
    first = await both.do(lambda uow: both.application.reports.file_queued(uow, draft_id))
    second = await both.do(lambda uow: both.application.reports.file_queued(uow, draft_id))
    assert (first, second) == (True, False)
    assert await count(both.storage, cases) == REPORTS + 1


async def test_at_ten_times_the_limit_every_report_becomes_a_case(storage, clock):
    """P12: fifty in one hour from one chat: five at once, the others five an hour, none lost."""
    await populate(storage)
    reports = Reports(Intake(Classifier(load_categories())))
    async with storage.unit_of_work() as uow:
        who = await factories.add_person(uow)
        place = await uow.places.by_path(factories.VILLAGE)
        await uow.commit()
    accepted = [await _submit(storage, reports, who, place.id, f"第{number}件") for number in range(10 * REPORTS)]
    assert len(accepted) == 10 * REPORTS
    assert await count(storage, cases) == REPORTS
    filed = []
    for _ in range(11):
        clock.advance(timedelta(hours=1))
        async with storage.unit_of_work() as uow:
            due = await uow.drafts.due()
        for draft_id in due:
            async with storage.unit_of_work() as uow:
                await reports.file_queued(uow, draft_id)
                await uow.commit()
        filed.append(len(due))
    assert filed == [REPORTS] * 9 + [0, 0]
    async with storage.unit_of_work() as uow:
        ids = [row.id for row in await uow.read(select(cases.c.id))]
        told = {(await uow.cases.narrative(case_id))["what"] for case_id in ids}
    assert told == {f"第{number}件" for number in range(10 * REPORTS)}


async def _submit(storage: Storage, reports: Reports, who: Person, place_id: int, story: str) -> Any:
    async with storage.unit_of_work() as uow:
        await reports.start(uow, who, opening=story)
        await reports.answer(uow, who, "李大富")
        await reports.choose_place(uow, who, place_id)
        for _ in range(5):
            await reports.skip(uow, who)
        given = await reports.submit(uow, who)
        await uow.commit()
    return given


# Very many about one village


async def test_many_reports_about_one_village_call_those_who_lead_and_refuse_nothing(
    sqlite_storage, clock, monkeypatch
):
    monkeypatch.setattr(floods, "VILLAGE_REPORTS", 8)
    monkeypatch.setattr(floods, "REPORTS", 10_000)
    await populate(sqlite_storage)
    async with open_site("test", sqlite_storage, officials=True) as site:
        leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
        named = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, display_name="李大富"))
        for official, chat_id in ((leader, 501), (named, 502)):
            await site.do(lambda uow, o=official, c=chat_id: uow.officials.set_notice_chat(o.id, c))
        chats = [site.api.user(chat_id, bot=site.api._accounts[OFFICIALS_TOKEN]) for chat_id in (501, 502)]
        reports, filed = site.application.reports, 0
        place = await site.do(lambda uow: uow.places.by_path(factories.VILLAGE))
        for number in range(80):
            who = await site.do(lambda uow, n=number: factories.add_person(uow, 9_000 + n, "test"))
            await _submit(sqlite_storage, reports, who, place.id, f"第{number}件")
            filed += 1
        assert await count(sqlite_storage, cases) == filed == 80
        flood = select(outbox.c.dedupe_key).where(outbox.c.dedupe_key.startswith("notice/flood/"))
        async with sqlite_storage.unit_of_work() as uow:
            keys = [row.dedupe_key for row in await uow.read(flood)]
        # whoever is named in them knows of none: no alarm; the other is told once in the hour
        assert [key.rpartition("/")[2] for key in keys] == [str(leader.id)]
        await site.deliver()
        assert set(chats[0].texts) == {QUIET}
        assert chats[1].texts == []


async def test_the_alarm_counts_what_each_leader_may_know_of(sqlite_storage, clock, monkeypatch):
    """Non-interference: with a report that names a leader, that leader hears what they would hear without it."""
    monkeypatch.setattr(floods, "VILLAGE_REPORTS", 3)
    await populate(sqlite_storage)
    async with open_site("test", sqlite_storage) as site:
        leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, display_name="李大富"))
        await site.do(lambda uow: uow.officials.set_notice_chat(leader.id, 501))
        await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, username="another"))
        place = await site.do(lambda uow: uow.places.by_path(factories.VILLAGE))

        async def alarms() -> int:
            return await count(sqlite_storage, outbox, outbox.c.dedupe_key.startswith("notice/flood/"))

        for number, about in enumerate(("赵大", "李大富", "赵大", "李大富", "赵大")):
            who = await site.do(lambda uow, n=number: factories.add_person(uow, 9_100 + n, "test"))
            async with sqlite_storage.unit_of_work() as uow:
                reports = site.application.reports
                await reports.start(uow, who, opening="送烟")
                await reports.answer(uow, who, about)
                await reports.choose_place(uow, who, place.id)
                for _ in range(5):
                    await reports.skip(uow, who)
                await reports.submit(uow, who)
                await uow.commit()
            assert await alarms() == (1 if number == 4 else 0)


# Files


async def test_a_case_shows_thirty_files_an_hour_keeps_the_rest_and_takes_words_at_any_time(site, clock):
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await who.press("补充材料")
    for at in range(FILES):
        assert "收好了" in (await who.send_photo(PHOTO + bytes([at])))[-1]
        clock.advance(timedelta(seconds=30))
    waits = (await who.send_photo(PHOTO + b"more", "这张是收条"))[-1]
    assert "已经收了30个文件，这个先排着，11点起办案的人看得到，不用再发。写的字也收好了。" in waits
    assert "收好了" in (await who.say("还想说一句"))[-1]
    found = await staff.read(number)
    assert len(found.files) == FILES
    assert [message.body for message in found.messages][-2:] == ["这张是收条", "还想说一句"]
    assert found.files_waiting == 1, "kept, and not shown yet"
    clock.advance(timedelta(minutes=46))
    assert "收好了" in (await who.send_photo(PHOTO + b"again"))[-1]
    assert len((await staff.read(number)).files) == FILES + 2, "nothing was dropped"


async def test_a_mark_is_counted_for_one_chat_and_one_kind_alone(storage):
    async with storage.unit_of_work() as uow:
        one, other = await factories.add_person(uow, 1), await factories.add_person(uow, 2)
        await uow.commit()
    async with storage.unit_of_work() as uow:
        place = await uow.places.add(path="cn/x", kind="village", name="某村")
        for _ in range(REPORTS):
            await floods.note_filing(uow, one.id, place.id)
        assert await floods.next_slot(uow, one.id) is not None
        assert await floods.next_slot(uow, other.id) is None
        assert await floods.codes_again_at(uow, one.id) is None
        assert await uow.filing_marks.count_since("about", place.id, uow.clock.now() - floods.HOUR) == REPORTS
