"""The journeys of the first slice, unchanged on every channel: ask, report, queue, commit, remind."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from handlers.services import cases, commitments, elections, inquiries
from handlers.services.recusals import declare_clear
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.names import NameState
from storage.repositories.officials import Official
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import (
    CHANNELS,
    OFFICIALS_TOKEN,
    PHOTO,
    REPORT,
    STORY,
    Site,
    answer,
    file_report,
    number_in,
    open_site,
    populate,
)
from tests.fakes import FakeClock
from tests.handling import RESULT, Staff

NAME = "陈秀英"


@pytest.fixture(params=CHANNELS)
async def site(request: pytest.FixtureRequest, sqlite_storage: Storage) -> AsyncIterator[Site]:
    await populate(sqlite_storage)
    async with open_site(request.param, sqlite_storage, officials=True) as opened:
        yield opened


@pytest.fixture
async def web_site(storage: Storage) -> AsyncIterator[Site]:
    """The web chat on each database."""
    await populate(storage)
    async with open_site("web", storage) as opened:
        yield opened


async def _official(site: Site, role: Role, chat_id: int | None = None) -> Official:
    official: Official = await site.do(lambda uow: factories.add_official(uow, role))
    if chat_id is not None:
        await site.do(lambda uow: uow.officials.set_notice_chat(official.id, chat_id))
    return official


# Ask


async def test_a_question_is_answered_with_its_source_and_judged(site):
    who = await site.meet()
    heard = await who.say("委托票一个人能带几张？")
    assert "依据：" in heard[-1]
    assert "第十八条" in heard[-1]
    assert any("谢谢" in words for words in await who.press("有用"))
    related = next(label for label, data in (await who.last()).buttons if data.startswith("e:"))
    assert "依据：" in (await who.press(related))[-1]
    assert "要不要让人来答" in (await who.press("没用"))[-1]


async def test_a_person_answers_what_was_passed_on_and_the_asker_gets_it(site):
    who, staff = await site.meet(), await _official(site, Role.TOWNSHIP_STAFF)
    await who.say("委托票一个人能带几张？")
    await who.press("没用")
    heard = await who.press("让人来答")
    assert "交给值班的人了，最晚3月12日（星期四）在这里答复您" in "".join(heard)
    await _reply(site, staff, "委托票", "最多三张，来镇里领表。")
    await site.deliver()
    assert "最多三张，来镇里领表。" in (await who.last()).text


async def test_what_nobody_knows_is_handed_over_with_a_day_to_reply_by(site):
    who, staff = await site.meet(), await _official(site, Role.TOWNSHIP_STAFF)
    heard = await who.say("石狮子的耳朵缺了一角")
    assert "拿不准" in heard[-1]
    assert "最晚3月12日（星期四）" in heard[-1]
    await _reply(site, staff, "石狮子", "这个要问您自己家里。")
    assert await site.deliver() == 1
    assert await site.deliver() == 0
    assert (await who.read()).count("这个要问您自己家里。") == 1


async def _reply(site: Site, staff: Official, about: str, words: str) -> None:
    waiting = await site.do(lambda uow: inquiries.inbox(uow, staff))
    found = next(item for item in waiting if about in item.question)
    await site.do(lambda uow: inquiries.reply(uow, staff, [found.id], words))


# Report and queue


async def test_a_report_takes_eight_prompts_and_gives_a_number_and_flags(site):
    who, staff = await site.meet(), await Staff.appointed(site)
    await who.say("我要反映")
    for number, line in enumerate(REPORT[:6], start=1):
        assert "①②③④⑤⑥⑦⑧"[number - 1] in (await who.last()).text
        await answer(who, line)
    assert "一共1个" in (await who.send_photo(PHOTO, "这是送的烟"))[-1]
    await who.press("发完了")
    summary = (await who.say(REPORT[7]))[-1]
    assert "王** 138****5678（已加密）" in summary
    assert "1个文件" in summary
    await who.press("改一项")
    assert "什么地方" in (await who.press("地点"))[-1]
    assert "地点：村委会门口" in (await who.say("村委会门口"))[-1]
    receipt = (await who.press("对，提交"))[-1]
    number = number_in(receipt)
    assert "最晚4月1日（星期三）在这里告诉您（收到后15个工作日）" in receipt
    assert not any(word in receipt for word in ("李大富", "柳树村", "王小明", "烟"))
    case = await site.do(lambda uow: uow.cases.by_number(number))
    assert {flag.category for flag in case.flags} >= {Category.REAL_NAME, Category.VOTE_BUYING}
    assert re.search(r"查询码：QC(-[2-9A-Z]{4}){5}（", receipt)
    found = await staff.read(number)
    assert found.narrative["where"] == "村委会门口"
    assert "这是送的烟" in found.narrative["what"]
    assert found.case.name_state is NameState.CLAIMED
    stored = await site.do(lambda uow: cases.read_file(uow, staff.handler, number, found.files[0].id))
    data = await site.storage.files.get(stored.id)
    assert data == PHOTO
    assert number in (await who.say("我的反映"))[-1]


async def _whole_report(site: Site) -> None:
    who, other = await site.meet(), await site.meet()
    number = await file_report(who)
    await other.say("你好")
    staff = await Staff.appointed(site)
    await staff.close(number)
    await site.deliver()
    told = await who.read()
    for words in ("已经受理", "正在调查", "有结果了", "属实", RESULT):
        assert told.count(words) == 1, words
    assert "烟" not in "".join(m.text for m in (await who.messages())[-3:])
    assert "有结果" not in await other.read()
    await who.press("看这一件")
    await who.press("补充或提问")
    assert "收好了" in (await who.say("他昨天又来了"))[-1]
    assert "收好了" in (await who.send_photo(caption="新拍的"))[-1]
    await who.press("说完了")
    found = await staff.read(number)
    assert found.case.state is CaseState.CLOSED
    assert {"他昨天又来了", "新拍的"} <= {message.body for message in found.messages}
    assert len(found.files) == 1


async def test_a_case_is_worked_to_its_end_and_its_reporter_adds_to_it_afterwards(site):
    await _whole_report(site)


async def test_a_case_is_worked_to_its_end_on_each_database(web_site):
    await _whole_report(web_site)


async def test_a_second_report_waits_until_the_first_is_settled(site):
    who = await site.meet()
    await who.say("我要反映")
    await who.say(STORY)
    heard = await who.say("我要举报")
    assert "还有一份没写完的反映" in heard[-1]
    assert STORY[:10] in heard[-1]
    await who.press("接着写这份")
    assert (await who.draft()).answers["what"] == STORY
    await who.say("我要反映")
    await who.press("不要这份，重新写")
    assert "what" not in (await who.draft()).answers
    for line in REPORT:
        await answer(who, line)
    first = number_in((await who.press("对，提交"))[-1])
    second = await file_report(who)
    assert first != second
    mine = (await who.say("我的反映"))[-1]
    assert first in mine
    assert second in mine


async def test_a_village_that_is_not_on_the_list_goes_to_the_county_with_the_name_as_typed(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in (*REPORT[:2], "石榴沟村"):
        await answer(who, line)
    assert "④" in (await who.press("名单里没有，就按我写的"))[-1]
    for line in REPORT[3:]:
        await answer(who, line)
    assert "石榴沟村（试验县）" in (await who.say("请再看看"))[-1]
    number = number_in((await who.press("对，提交"))[-1])
    async with site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, number)
        assert case.place_path == factories.COUNTY
        assert "石榴沟村" in (await uow.cases.narrative(case.id))["what"]


async def test_a_second_story_joins_the_report_that_is_taken_up_again(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT[:2]:
        await answer(who, line)
    await who.say("停")
    await who.say("昨天晚上赵大山请四十多个村民在饭店吃饭，让大家选他当主任")
    await who.press("我要反映这件事")
    assert "③" in (await who.press("接着写这份"))[-1]
    told = (await who.draft()).answers["what"]
    assert STORY in told
    assert "赵大山请四十多个村民" in told


async def test_a_report_pauses_and_goes_on_where_it_was(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT[:3]:
        await answer(who, line)
    assert "都留着" in (await who.say("停"))[-1]
    assert "依据" in (await who.say("委托票一个人能带几张？"))[-1]
    await who.say("接着写")
    assert "④" in (await who.press("接着写这份"))[-1]
    before = (await who.draft()).answers
    assert "③" in (await who.press("上一步"))[-1]
    assert "②" in (await who.say("上一步"))[-1]
    assert (await who.draft()).answers == before


async def test_a_dropped_report_is_gone_after_one_more_question(site):
    who = await site.meet()
    await who.say("我要反映")
    await who.say(STORY)
    assert "真的不报了吗" in (await who.say("不报了"))[-1]
    assert (await who.draft()).answers["what"] == STORY
    await who.say("我要反映")
    await who.press("接着写这份")
    await who.send_photo()
    await who.say("不报了")
    assert "已经删掉了" in (await who.press("删掉，不报了"))[-1]
    assert await who.draft() is None
    assert not [path for path in site.storage.files.folder.rglob("*") if path.is_file()]


async def test_a_story_typed_as_a_question_becomes_the_report(site):
    who = await site.meet()
    await who.say("我看见李大富昨天晚上给王家送了两百块钱，让他们投他的票")
    await who.press("我要反映这件事")
    draft = await who.draft()
    assert (draft.step, draft.answers["what"][:6]) == ("who", "我看见李大富")


# Officials are told, and told nothing


async def test_an_official_learns_that_something_waits_and_nothing_else(site):
    official = await _official(site, Role.DISCIPLINE_OFFICIAL, chat_id=501)
    chat = site.api.user(501, bot=site.api._accounts[OFFICIALS_TOKEN])
    who = await site.meet()
    number = await file_report(who)
    await site.deliver()
    await who.say("我的反映")
    await who.press(f"看 {number}")
    await who.press("补充或提问")
    await who.say("补充：收烟的还有赵家")
    await site.deliver()
    assert set(chat.texts) == {"您有一条新消息，请打开工作台查看。"}
    assert len(chat.texts) == 2
    said = "".join(chat.texts)
    await site.do(lambda uow: declare_clear(uow, official, number))
    found = await site.do(lambda uow: cases.open_file(uow, official, number))
    told = " ".join([number, "柳树村", "王小明", "赵家", *(str(words) for words in found.narrative.values())])
    tokens = {told[at : at + 2] for at in range(len(told) - 1) if told[at : at + 2].strip()}
    assert not {token for token in tokens if token in said}


# Commit and remind


async def _candidate(site: Site, *, due_in: int = 10) -> tuple[Official, int, str]:
    staff = await _official(site, Role.TOWNSHIP_STAFF)

    async def create(uow):
        place = await uow.places.by_path(factories.VILLAGE)
        election_id = await factories.add_election(uow, place, due_in=due_in)
        found = await commitments.create_candidate(uow, staff, election_id=election_id, name=NAME, office="chair")
        return found.id, await commitments.invite(uow, staff, found.id)

    candidate_id, token = await site.do(create)
    return staff, candidate_id, token


async def _signing(site: Site) -> None:
    staff, candidate_id, token = await _candidate(site)
    who, other = await site.meet(), await site.meet()
    heard = await who.say(f"/start c_{token}")
    assert f"{NAME}，您好" in heard[-1]
    assert "最晚3月21日（星期六）签完" in heard[-1]
    assert "链接用过了" in (await other.say(f"/start c_{token}"))[-1]
    assert "名字和登记的不一样" in (await who.say("陈秀芝"))[-1]
    for signed in range(3):
        assert await _state(site, staff, candidate_id) == ("signing", signed)
        assert f"第{signed + 1}份，共3份" in (await who.last()).text
        assert "回执 CN-" in (await who.say(" 陈 秀英 " if signed == 1 else NAME))[-1]
    assert await _state(site, staff, candidate_id) == ("may_stand", 3)
    assert "全部签好" in (await who.say(f"/start c_{token}"))[-1]
    assert await _state(site, staff, candidate_id) == ("may_stand", 3)
    assert [one.state for one in await site.do(lambda uow: elections.candidates(uow, staff))] == ["may_stand"]


async def _state(site: Site, staff: Official, candidate_id: int) -> tuple[str, int]:
    view = await site.do(lambda uow: commitments.read(uow, staff, candidate_id))
    return view.candidate.state, len(view.signed)


async def test_a_candidate_may_stand_after_three_signatures_and_not_before(site):
    await _signing(site)


async def test_a_candidate_may_stand_after_three_signatures_on_each_database(web_site):
    await _signing(web_site)


async def test_a_candidate_signs_later_and_asks_somebody(site):
    staff, candidate_id, token = await _candidate(site)
    who = await site.meet()
    await who.say(f"/start c_{token}")
    await who.say(NAME)
    assert "还差2份" in (await who.press("等会儿再签"))[-1]
    assert "依据" in (await who.say("委托票一个人能带几张？"))[-1]
    await who.say("签承诺书")
    await who.press("有疑问，找人")
    await who.say("签承诺书")
    await who.say(NAME)
    await who.say(NAME)
    assert await _state(site, staff, candidate_id) == ("may_stand", 3)


async def _reminding(site: Site, clock: FakeClock) -> None:
    _, _, token = await _candidate(site, due_in=10)
    who, bystander = await site.meet(), await site.meet()
    await bystander.say("你好")
    await who.say(f"/start c_{token}")
    await who.say(NAME)
    await _tick(site)
    assert "还剩" not in await who.read()
    clock.advance(timedelta(days=7))
    for _ in range(5):
        await _tick(site)
    assert (await who.read()).count("承诺书3月21日（星期六）截止，还剩3天，您还有没签的。") == 1
    assert "截止" not in await bystander.read()
    clock.advance(timedelta(days=1))
    await _tick(site)
    assert "还剩2天" not in await who.read()
    clock.advance(timedelta(days=1))
    await _tick(site)
    assert (await who.read()).count("还剩1天") == 1
    await who.press("现在签")
    await who.say(NAME)
    await who.say(NAME)
    clock.advance(timedelta(days=1))
    await _tick(site)
    assert "就是今天" not in await who.read()


async def _tick(site: Site) -> None:
    await site.application.remind()
    await site.deliver()


async def test_a_reminder_goes_out_three_days_before_and_once(site, clock):
    await _reminding(site, clock)


async def test_a_reminder_goes_out_once_on_each_database(web_site, clock):
    await _reminding(web_site, clock)


async def test_nobody_is_reminded_at_night(site, clock):
    _, _, token = await _candidate(site, due_in=3)
    who = await site.meet()
    await who.say(f"/start c_{token}")
    clock.advance(timedelta(hours=11))  # nine in the evening
    await _tick(site)
    assert "截止，" not in await who.read()
    clock.advance(timedelta(hours=11))  # eight in the morning
    await _tick(site)
    assert (await who.read()).count("截止，") == 1
