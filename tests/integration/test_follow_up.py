"""The reporter's side of a case after filing: the page, the dialogue with officials, also after the case has ended."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.methods import SendMessage
from sqlalchemy import select, text

from handlers.services import cases as case_work
from handlers.services import links, names, oversight
from handlers.services.recusals import declare_clear
from knowledge.casework.access import Role
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState, Finding
from knowledge.casework.names import NameState
from storage.repositories.clocks import ClockRow
from storage.tables.cases import cases as case_table
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import (
    OFFICIALS_TOKEN,
    PHOTO,
    REPORT,
    Site,
    TestVillager,
    Villager,
    answer,
    code_in,
    file_report,
    number_in,
    open_site,
    populate,
)
from tests.handling import RESULT, Staff

#: A report that raises no flag: nothing bought, no name, nothing specific.
PLAIN = ("账本一直没公开", "不知道", "[柳树村]", "记不清", "说不清", "听别人说的", "[没有，下一步]", "[不留名]")
QUIET = "您有一条新消息，请打开工作台查看。"


@pytest.fixture
async def test_site(sqlite_storage: Storage) -> AsyncIterator[Site]:
    await populate(sqlite_storage)
    async with open_site("test", sqlite_storage) as opened:
        yield opened


async def clocks(site: Site, number: str, kind: ClockKind) -> list[ClockRow]:
    """A case's running clocks of a kind."""

    async def find(uow):
        case = await factories.read_case(uow, number)
        return [one for one in await uow.clocks.of_case(case.id) if one.kind == kind and one.is_running]

    found: list[ClockRow] = await site.do(find)
    return found


async def tick(site: Site) -> None:
    await site.application.remind()
    await site.deliver()


async def file_plain(site: Site, who: Villager) -> str:
    """An unflagged report without a name, whose news come to the chat."""
    await who.say("我要反映")
    for line in PLAIN:
        await answer(who, line)
    await who.press("有进展在这里告诉我")
    return number_in((await who.press("对，提交"))[-1])


# The page


async def test_the_list_shows_only_ones_own_in_public_words_and_each_opens(site):
    """P5."""
    who, other, staff = await site.meet(), await site.meet(), await Staff.appointed(site)
    first, second = await file_report(who), await file_report(who)
    theirs = await file_report(other)
    await staff.accept(first)
    await site.do(lambda uow: case_work.set_sub_status(uow, staff.handler, first, ""))
    listed = (await who.say("我的举报"))[-1]
    assert f"{first}（柳树村）　已受理" in listed
    assert f"{second}（柳树村）　已收到，等受理，最晚4月1日（星期三）告诉您受不受理（还剩21天）" in listed
    assert theirs not in listed
    page = (await who.press(f"看 {second}"))[-1]
    assert page.startswith(f"{second}（柳树村）")
    assert "接下来：最晚4月1日（星期三）告诉您受不受理（还剩21天）" in page
    assert first not in page


async def test_an_internal_step_never_shows_and_neither_does_who_works_on_it(site):
    """P5, GL#2730."""
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await staff.accept(number)
    case = await staff.case(number)
    await site.do(lambda uow: uow.cases.change(case, sub_status="waiting_for_the_county"))
    await who.say("我的反映")
    page = (await who.press(f"看 {number}"))[-1]
    assert "waiting_for_the_county" not in page + await who.read()
    assert staff.handler.display_name not in await who.read()


async def test_a_number_typed_opens_ones_own_case_and_nobody_elses(site):
    who, other = await site.meet(), await site.meet()
    number = await file_report(who)
    assert f"{number}（柳树村）" in (await who.say(number.lower().replace("-", " ")))[-1]
    refused = (await other.say(number))[-1]
    assert refused == (await other.say("QF-2222-2222"))[-1]
    assert number not in refused


async def test_a_named_reporter_gets_the_code_too_and_may_use_it_elsewhere(site):
    who, other = await site.meet(), await site.meet()
    await who.say("我要反映")
    for line in REPORT:
        await answer(who, line)
    receipt = (await who.press("对，提交"))[-1]
    assert "换了手机，凭它也能查" in receipt
    assert number_in(receipt) in (await other.say(code_in(receipt)))[-1]


async def test_what_would_help_is_asked_for_once_and_kindly(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in (
        "村里有人送东西拉票",
        "不知道",
        "[柳树村]",
        "记不清",
        "[说不清]",
        "[听别人说的]",
        "[没有，下一步]",
        "[不留名]",
    ):
        await answer(who, line)
    await who.press("有进展在这里告诉我")
    receipt = (await who.press("对，提交"))[-1]
    assert "要是还记得" in receipt
    assert "记不清也没关系，一样会办" in receipt
    await who.press("补充材料")
    await who.say("是李大富送的，一家两百")
    assert (await who.read()).count("要是还记得") == 1


# Supplements and the dialogue


async def _talk(site: Site) -> None:
    """P6: both sides write, before and after the end; each message has a day by which it is answered."""
    who, other, staff = await site.meet(), await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await other.say("你好")
    await staff.accept(number)
    await staff.say(number, "请问收烟的有哪几家？")
    await site.deliver()
    assert f"{number}（柳树村）" in (await who.last()).text
    assert "请问收烟的有哪几家？" in (await who.last()).text
    assert f"{number}（柳树村）：要回什么话" in (await who.press("回复"))[-1]
    assert "最晚3月16日（星期一）回您" in (await who.say("王家和赵家"))[-1]
    assert "最晚3月16日（星期一）回您" in (await who.send_photo(PHOTO, "门口拍的"))[-1]
    (reply,) = await clocks(site, number, ClockKind.REPLY)
    await staff.say(number, "知道了，谢谢您。")
    assert await clocks(site, number, ClockKind.REPLY) == []
    await staff.close(number)
    await site.deliver()
    await who.press("看这一件")
    page = (await who.last()).text
    for said in (
        "办案的人：请问收烟的有哪几家？",
        "您：王家和赵家",
        "办案的人：知道了，谢谢您。",
        f"结果：{RESULT}",
        "已办结",
    ):
        assert said in page
    await who.press("补充或提问")
    assert "回您" in (await who.say("他又来送了一次"))[-1]
    (again,) = await clocks(site, number, ClockKind.REPLY)
    found = await staff.read(number)
    assert again.about == found.messages[-1].id != reply.about
    assert found.case.state is CaseState.CLOSED
    assert [one.kind for one in found.messages if one.from_reporter] == ["message", "message", "supplement"]
    assert "王家" not in await other.read()


async def test_reporter_and_official_write_to_each_other_also_after_the_end(site):
    await _talk(site)


async def test_reporter_and_official_write_to_each_other_on_each_database(web_site):
    await _talk(web_site)


async def test_officials_are_told_that_something_waits_once_an_hour_and_nothing_of_it(sqlite_storage, clock):
    await populate(sqlite_storage)
    async with open_site("web", sqlite_storage, officials=True) as site:
        staff = await Staff.appointed(site)
        await site.do(lambda uow: uow.officials.set_notice_chat(staff.handler.id, 501))
        chat = site.api.user(501, bot=site.api._accounts[OFFICIALS_TOKEN])
        who = await site.meet()
        await file_report(who)
        await who.press("补充材料")
        for words in ("一", "二", "三"):
            await who.say(f"收烟的还有{words}家")
        await site.deliver()
        assert chat.texts == [QUIET, QUIET]  # filed; added to
        clock.advance(timedelta(hours=1))
        await who.say("还有四家")
        await site.deliver()
        assert chat.texts == [QUIET] * 3


async def test_one_question_more_does_not_put_an_answer_off(site, clock):
    who = await site.meet()
    number = await file_report(who)
    await who.press("补充材料")
    await who.say("第一句")
    (first,) = await clocks(site, number, ClockKind.REPLY)
    clock.advance(timedelta(days=2))
    assert "最晚3月16日（星期一）回您" in (await who.say("第二句"))[-1]
    assert await clocks(site, number, ClockKind.REPLY) == [first]


async def test_ten_photos_in_an_album_are_one_set_with_one_answer_and_one_line(test_site):
    """P2 album, regression list: an album stays one evidence set, its caption is kept (CW#3244)."""
    who, staff = await test_site.meet(), await Staff.appointed(test_site)
    assert isinstance(who, TestVillager)
    number = await file_report(who)
    await who.press("补充材料")
    before = len(await who.messages())
    for at in range(10):
        photo = [who._file(PHOTO + bytes([at])) | {"width": 9, "height": 9}]
        caption = "十张都是那天拍的" if at == 0 else None
        await who.feed("message", who.message(photo=photo, media_group_id="album", caption=caption))
    assert len(await who.messages()) == before + 1
    found = await staff.read(number)
    assert len(found.files) == 10
    assert [message.body for message in found.messages] == ["十张都是那天拍的"]


async def test_two_open_cases_never_mix(site):
    """Wrong-person safety: every prompt and answer names the case; what is typed goes to the one named last."""
    who, staff = await site.meet(), await Staff.appointed(site)
    first, second = await file_report(who), await file_report(who)
    for number in (first, second):
        await staff.accept(number)
        await staff.say(number, f"请问{number[-4:]}是哪一天？", kind="message")
    await site.deliver()
    asked = {
        number: next(m for m in await who.messages() if f"请问{number[-4:]}" in m.text) for number in (first, second)
    }
    for number in (second, first):
        other = first if number == second else second
        heard = await who.press_data(asked[number].data("回复"), asked[number].id)
        assert number in heard[-1]
        assert other not in heard[-1]
        kept = (await who.say(f"答{number[-4:]}"))[-1]
        assert number in kept
        assert other not in kept
    for number in (first, second):
        said = [message.body for message in (await staff.read(number)).messages if message.from_reporter]
        assert said == [f"答{number[-4:]}"]


async def test_a_message_for_a_merged_case_stays_with_it_and_calls_those_who_work_on_the_other(site):
    who, other, staff = await site.meet(), await site.meet(), await Staff.appointed(site)
    main, merged = await file_report(other), await file_report(who)
    for number in (main, merged):
        await staff.accept(number)
    await site.do(lambda uow: links.merge(uow, staff.handler, merged, main, "同一件事"))
    await site.deliver()
    await who.say("我的反映")
    await who.press(f"看 {merged}")
    await who.press("补充或提问")
    assert merged in (await who.say("还有一家"))[-1]
    assert len(await clocks(site, main, ClockKind.REPLY)) == 1
    assert await clocks(site, merged, ClockKind.REPLY) == []
    await staff.say(main, f"{main} 收到了，谢谢。")
    await site.deliver()
    assert f"{merged} 收到了，谢谢。" in (await who.last()).text
    assert main not in await who.read()
    assert await clocks(site, main, ClockKind.REPLY) == []
    await staff.tell_result(main)
    await site.deliver()
    await who.say("我的反映")
    assert "结果已告诉您" in (await who.last()).text
    await who.press(f"看 {merged}")
    await who.press("有新证据")
    await who.say("这里有转账记录")
    assert (await staff.case(main)).round == 2
    assert (await staff.case(merged)).round == 1


# New evidence, objections, withdrawal


async def _reopened(site: Site) -> None:
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await staff.close(number)
    await site.deliver()
    heard = (await who.press("有新证据"))[-1]
    assert "收到第一条，就重新打开" in heard
    assert (await staff.case(number)).state is CaseState.CLOSED  # nothing has come yet
    assert "收好了" in (await who.send_photo(PHOTO + b"new", "新拍的转账记录"))[-1]
    case = await staff.case(number)
    assert (case.state, case.round, case.closed_at) == (CaseState.ACCEPTED, 2, None)
    await site.deliver()
    assert "重新打开了，会接着查" in (await who.last()).text
    assert "收好了" in (await who.say("还有证人愿意作证"))[-1]
    assert (await staff.case(number)).round == 2
    found = await staff.read(number)
    assert [one.kind for one in found.messages if one.from_reporter] == ["new_evidence", "new_evidence"]
    assert [one.kind for one in await _running(site, number)].count("disposal") == 1
    await staff.tell_result(number, Finding.PARTLY_SUBSTANTIATED)
    await site.deliver()
    assert "部分属实" in (await who.last()).text


async def _running(site: Site, number: str) -> list[ClockRow]:
    async def find(uow):
        case = await factories.read_case(uow, number)
        return [one for one in await uow.clocks.of_case(case.id) if one.is_running]

    found: list[ClockRow] = await site.do(find)
    return found


async def test_new_evidence_opens_an_ended_case_again_by_itself(site):
    """P6: it restarts the review; the first item does, an empty visit does not."""
    await _reopened(site)


async def test_new_evidence_opens_an_ended_case_again_on_each_database(web_site):
    await _reopened(web_site)


async def test_an_objection_is_kept_and_answered_with_an_explanation(site):
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await staff.close(number)
    await site.deliver()
    await who.press("对结果有意见")
    assert "给您说明" in (await who.say("还有两家没走访，结论下早了"))[-1]
    assert "给您说明" in (await who.say("请再看看"))[-1]
    (review,) = await clocks(site, number, ClockKind.REVIEW)
    found = await staff.read(number)
    assert found.case.state is CaseState.CLOSED
    assert [one.kind for one in found.messages if one.from_reporter] == ["objection", "objection"]
    assert review.about == next(one.id for one in found.messages if one.from_reporter)
    await staff.say(number, "那两家当时不在家，补访过了，说法一致。", kind="explanation")
    await site.deliver()
    assert "补访过了" in (await who.last()).text
    assert await clocks(site, number, ClockKind.REVIEW) == []
    await who.press("看这一件")
    assert "给您的说明：那两家当时不在家" in (await who.last()).text


async def test_a_withdrawn_report_that_must_be_investigated_goes_on_and_that_is_said(site):
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await who.say(number)
    asked = (await who.press("不想反映了"))[-1]
    assert "必查" in asked
    assert (await staff.case(number)).withdrawn_at is None
    assert "要查完" in (await who.press("不想反映了"))[-1]
    case = await staff.case(number)
    assert case.withdrawn_at is not None
    assert case.flags
    assert case.is_open
    assert await clocks(site, number, ClockKind.REPLY) == []
    await staff.close(number)
    await site.deliver()
    assert "有结果了" in await who.read()
    await who.say(number)
    assert "您说过不想反映了" in (await who.last()).text
    assert "不想反映了" not in [label for label, _ in (await who.last()).buttons]


async def test_a_withdrawn_report_without_a_flag_is_looked_at_by_an_official(site):
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_plain(site, who)
    assert not (await staff.case(number)).flags
    await who.say(number)
    assert "由办案的人看" in (await who.press("不想反映了"))[-1]
    under, data = await who.button("不想反映了")
    assert "最晚3月16日（星期一）回您" in (await who.press_data(data, under.id))[-1]
    assert "前面已经记下了" in (await who.press_data(data, under.id))[-1]
    assert len(await clocks(site, number, ClockKind.REPLY)) == 1
    found = await staff.read(number)
    assert [one.kind for one in found.messages] == ["withdrawal"]
    assert found.case.is_open


# What a chat never changes


@pytest.mark.slow
async def test_a_thousand_changes_of_a_profile_change_no_verified_name(test_site):
    """N11, ZAM#4908: a verified name is not what a chat calls somebody."""
    who = await test_site.meet()
    assert isinstance(who, TestVillager)
    number = await file_report(who)
    await test_site.do(lambda uow: _settle(uow, number))
    before = await _identities(test_site)
    for turn in range(1_000):
        message = who.message(text="你好")
        message["from"] |= {"first_name": f"假名{turn}", "last_name": f"某{turn}", "username": f"name_{turn}"}
        await who.feed("message", message)
    assert await _identities(test_site) == before
    assert len(before["identity"]) == 1
    assert before["cases"][0].name_state == NameState.VERIFIED
    assert len(before["person"]) == 1


async def _settle(uow, number: str) -> None:
    custodian = await uow.officials.by_username("custodian")
    await names.record_attempt(uow, custodian, number, "call", "confirmed")


async def _identities(site: Site) -> dict[str, list[object]]:
    queries = {
        "identity": "SELECT * FROM identity",
        "contact_attempt": "SELECT * FROM contact_attempt",
        "cases": "SELECT number, name_state, person_token, person_id, version FROM cases",
        "person": "SELECT id, key, channel, handle_sealed, place_id FROM person",
    }
    async with site.storage.unit_of_work() as uow:
        return {name: list(await uow.read(text(query))) for name, query in queries.items()}


async def test_one_person_with_two_bots_has_two_chats_and_no_case_goes_astray(test_site):
    """Regression list, ZAM#2379: two bots, the same person."""
    who = await test_site.meet()
    assert isinstance(who, TestVillager)
    number = await file_report(who)
    web = test_site.application.web
    await web.say(who.chat_id, "我的反映", "key")  # the same number, known to another bot
    async with test_site.storage.unit_of_work() as uow:
        said = [message.body["text"] for message in await uow.messages.after(who.chat_id, 0)]
    assert number not in "".join(said)
    assert "还没有反映过" in said[-1]
    await web.say(who.chat_id, number, "another key")
    async with test_site.storage.unit_of_work() as uow:
        said = [message.body["text"] for message in await uow.messages.after(who.chat_id, 0)]
    assert "没有找到这一件" in said[-1]
    assert number in (await who.say("我的反映"))[-1]


async def test_whoever_blocked_the_bot_loses_the_notice_and_nothing_else(sqlite_storage, clock):
    """Regression list: the bot is blocked; the case goes on, and the page shows it when they come back."""
    await populate(sqlite_storage)
    async with open_site("telegram", sqlite_storage) as site:
        who, staff = await site.meet(), await Staff.appointed(site)
        number = await file_report(who)
        who.user.block()
        await staff.accept(number)
        await staff.say(number, "请问是哪一天？")
        assert await site.deliver() == 2
        clock.advance(timedelta(days=1))
        assert await site.deliver() == 0  # given up, not tried for ever
        who.user.unblock()
        assert "请问是哪一天？" in (await who.say(number))[-1]


async def test_a_notice_to_a_chat_that_became_a_group_is_given_up_and_never_said_there(test_site, monkeypatch, clock):
    """Regression list: a chat migrated; a group would read along, so nothing follows it there."""
    who, staff = await test_site.meet(), await Staff.appointed(test_site)
    number = await file_report(who)
    await staff.accept(number)
    asked: list[int] = []

    async def moved(_bot: Bot, method: SendMessage, **_: object) -> None:
        asked.append(int(method.chat_id))
        raise TelegramMigrateToChat(method, "group chat was upgraded", -1_001_234)

    with monkeypatch.context() as patch:
        patch.setattr(test_site.test_bot.session, "make_request", moved)
        assert await test_site.deliver() == 1
    clock.advance(timedelta(days=1))
    assert await test_site.deliver() == 0
    assert asked == [who.chat_id]
    assert "已受理" in (await who.say(number))[-1]


async def test_something_new_after_its_time_keeps_an_ended_case(test_site, clock):
    """Regression list, GL#3591: a report whose time is over and that got a word yesterday is not erased."""
    who, staff = await test_site.meet(), await Staff.appointed(test_site)
    kept, gone = await file_plain(test_site, who), await file_plain(test_site, who)
    for number in (kept, gone):
        await staff.close(number)
    clock.advance(timedelta(days=366 * 6))
    await who.say(kept)
    await who.press("补充或提问")
    await who.say("又有新情况")
    await staff.say(kept, "看到了，谢谢您。")  # nothing promised is left to do
    await test_site.application.erase()
    async with test_site.storage.unit_of_work() as uow:
        left = {row.number for row in await uow.read(select(case_table.c.number))}
    assert kept in left


async def test_the_level_above_answers_and_its_answer_stands_on_the_page(site, clock):
    """N13: what the level above says is read by the reporter; the unit below reads nothing of it."""
    who, staff = await site.meet(), await _below(site)
    superior = await site.do(lambda uow: factories.add_official(uow, Role.SUPERIOR, "cn/test"))
    number = await file_report(who)
    clock.advance(timedelta(days=30))
    await who.say(number)
    await who.press("请上级过问")
    await site.do(lambda uow: _answer_above(uow, superior, number))
    await site.deliver()
    assert "已经催办，下周答复您" in (await who.last()).text
    await who.say(number)
    assert "上级答复您：已经催办，下周答复您" in (await who.last()).text
    found = await staff.read(number)
    assert "催办" not in str(found)


async def _below(site: Site) -> Staff:
    """Officials of the town, so that there is a level above."""
    handler = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, factories.TOWN))
    leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, factories.TOWN))
    return Staff(site, handler, leader)


async def _answer_above(uow, superior, number: str) -> None:
    case = await factories.read_case(uow, number)
    (asked,) = await uow.escalations.of_case(case.id)
    await declare_clear(uow, superior, number)
    await oversight.answer(uow, superior, number, asked.id, "已经催办，下周答复您。")
