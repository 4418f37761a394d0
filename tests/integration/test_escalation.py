"""N13: after a missed date one tap asks the level above; the level below neither sees it nor can put it off."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from handlers.services import cases as case_work
from handlers.services import disposals, investigations, oversight
from knowledge.casework.access import Role
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import Disposal, Finding
from storage.repositories.officials import Official
from storage.tables.cases import cases
from storage.tables.records import event, outbox
from storage.tables.routing import escalation
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import OFFICIALS_TOKEN, REPORT, Site, answer, code_in, file_report, number_in, open_site
from tests.channels import populate as county
from tests.handling import Staff

PASSED = timedelta(days=30)  # every date promised on the day of filing
QUIET = "您有一条新消息，请打开工作台查看。"
#: Chats of officials for notices.
BELOW, ABOVE, ABOVE_TOO = 501, 502, 503


@pytest.fixture(params=["web", "telegram", "test"])
async def site(request: pytest.FixtureRequest, sqlite_storage: Storage) -> AsyncIterator[Site]:
    await county(sqlite_storage)
    async with open_site(request.param, sqlite_storage, officials=True) as opened:
        yield opened


@pytest.fixture
async def both(storage: Storage) -> AsyncIterator[Site]:
    """The web chat on each database."""
    await county(storage)
    async with open_site("web", storage, officials=True) as opened:
        yield opened


async def town(site: Site) -> Staff:
    """The town answers; its officials have chats for notices."""
    handler = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, factories.TOWN))
    leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, factories.TOWN))
    await site.do(lambda uow: uow.officials.set_notice_chat(handler.id, BELOW))
    await site.do(lambda uow: uow.officials.set_notice_chat(leader.id, BELOW))
    return Staff(site, handler, leader)


async def superior(site: Site, chat_id: int = ABOVE, **more: Any) -> Official:
    """Somebody who leads the county."""
    official: Official = await site.do(lambda uow: factories.add_official(uow, Role.SUPERIOR, factories.COUNTY, **more))
    await site.do(lambda uow: uow.officials.set_notice_chat(official.id, chat_id))
    return official


async def tick(site: Site) -> None:
    await site.application.remind()
    await site.deliver()


def told(site: Site, chat_id: int) -> list[str]:
    return site.api.user(chat_id, bot=site.api._accounts[OFFICIALS_TOKEN]).texts


async def count(site: Site, table: Any = escalation) -> int:
    async with site.storage.unit_of_work() as uow:
        return int((await uow.read(select(func.count()).select_from(table)))[0][0])


async def seen_below(site: Site, staff: Staff, number: str) -> list[str]:
    """All that the officials of the town can read of their cases, and every event about this one."""
    seen = []
    for official in (staff.handler, staff.leader):
        async with site.storage.unit_of_work() as uow:  # nothing is committed: looking leaves no trace of its own
            seen.append(repr(await case_work.queue(uow, official)))
            seen.append(repr(await case_work.counts(uow, official)))
            case = await uow.cases.by_number(number, visible_to=official)
            seen.append(repr(case))
            seen.append(repr(await uow.dialogue.of_case(case.id)))
            seen.append(repr(await uow.cases.notes(case.id)))
            seen.append(repr(await uow.clocks.of_case(case.id)))
            about = select(event.c.act, event.c.detail).where(event.c.subject == f"case/{number}")
            about = about.where(event.c.act != "own_case_read")  # a look of the reporter's, which no page below shows
            seen.append(repr(await uow.read(about.order_by(event.c.id))))
            seen.append(repr(await uow.read(select(cases).where(cases.c.number == number))))
    return seen


async def _one_tap(site: Site, clock: Any) -> None:
    who, staff = await site.meet(), await town(site)
    one, two = await superior(site), await superior(site, ABOVE_TOO)
    number = await file_report(who)
    await site.deliver()
    page = (await who.say(number))[-1]
    assert "请上级过问" not in page
    assert [label for label, _ in (await who.last()).buttons] == ["补充或提问", "收据", "不想反映了", "我的反映"]
    clock.advance(PASSED)
    await tick(site)
    notice = (await who.last()).text
    assert notice.startswith(f"您反映的 {number}（柳树村），本来最晚4月1日（星期三）告诉您受不受理，还没有，对不住。")
    before, below = await seen_below(site, staff, number), list(told(site, BELOW))
    above = len(told(site, ABOVE)), len(told(site, ABOVE_TOO))
    heard = await who.press("请上级过问")
    assert "已经请上级过问了" in heard[-1]
    assert "系统不会告诉办这件的单位" in heard[-1]
    await site.deliver()
    assert await seen_below(site, staff, number) == before
    assert told(site, BELOW) == below
    assert (len(told(site, ABOVE)), len(told(site, ABOVE_TOO))) == (above[0] + 1, above[1] + 1)
    assert set(told(site, ABOVE)) == {QUIET}
    for official in (one, two):
        (asked,) = await site.do(lambda uow, official=official: oversight.asked_of(uow, official))
        assert (asked.case.number, asked.escalation.clock_kind) == (number, ClockKind.ACCEPTANCE)
    await who.say(number)
    assert "4月10日已经请上级过问了" in (await who.last()).text
    assert "请上级过问" not in [label for label, _ in (await who.last()).buttons]


async def test_one_tap_after_a_missed_date_asks_the_level_above_and_nobody_below_sees_it(site, clock):
    await _one_tap(site, clock)


async def test_one_tap_asks_the_level_above_on_each_database(both, clock):
    await _one_tap(both, clock)


async def test_many_taps_ask_once(site, clock):
    who, _ = await site.meet(), await town(site)
    await superior(site)
    number = await file_report(who)
    clock.advance(PASSED)
    await tick(site)
    before = len(told(site, ABOVE))
    under, data = await who.button("请上级过问")
    await who.press_data(data, under.id, times=5, at_once=True)
    for _ in range(3):
        assert "不用再点" in (await who.press_data(data, under.id))[-1]
    await site.deliver()
    assert await count(site) == 1
    assert len(told(site, ABOVE)) == before + 1
    assert number in (await who.last()).text


async def test_the_level_below_cannot_put_it_off_by_doing_its_work_late(site, clock):
    who, staff = await site.meet(), await town(site)
    above = await superior(site)
    number = await file_report(who)
    clock.advance(PASSED)
    await who.say(number)
    await who.press("请上级过问")
    await staff.close(number)
    (asked,) = await site.do(lambda uow: oversight.asked_of(uow, above))
    assert asked.case.number == number
    assert asked.escalation.answered_at is None


async def test_before_a_date_has_passed_nobody_can_be_asked(site):
    who, _ = await site.meet(), await town(site)
    await superior(site)
    number = await file_report(who)
    assert "没有过了期的日子" in (await who.press_data(f"c:above:{number}", (await who.last()).id))[-1]
    assert await count(site) == 0


async def test_a_stranger_asks_nothing_about_somebody_elses_case(site, clock):
    who, other = await site.meet(), await site.meet()
    await town(site)
    await superior(site)
    number = await file_report(who)
    clock.advance(PASSED)
    await other.say("你好")
    heard = await other.press_data(f"c:above:{number}", (await other.last()).id)
    assert "没有找到这一件" in heard[-1]
    assert await count(site) == 0


async def test_whoever_holds_the_code_may_ask_as_well(site, clock):
    who, _ = await site.meet(), await town(site)
    above = await superior(site)
    await who.say("我要反映")
    for line in (*REPORT[:7], "[不留名]"):
        await answer(who, line)
    receipt = (await who.press("对，提交"))[-1]
    clock.advance(PASSED)
    await tick(site)
    assert "对不住" not in await who.read()  # nobody is known to be told
    assert "对不住" in (await who.say(code_in(receipt)))[-1]
    assert "已经请上级过问了" in (await who.press("请上级过问"))[-1]
    (asked,) = await site.do(lambda uow: oversight.asked_of(uow, above))
    assert asked.case.number == number_in(receipt)


async def test_a_reporter_is_told_of_a_missed_date_once_and_never_at_night(site, clock):
    who, _ = await site.meet(), await town(site)
    await superior(site)
    await file_report(who)
    clock.advance(timedelta(days=21, hours=10))  # the evening before it has passed
    await tick(site)
    assert "对不住" not in await who.read()
    clock.advance(timedelta(hours=7))  # three at night: passed
    await tick(site)
    assert "对不住" not in await who.read()
    clock.advance(timedelta(hours=6))
    for _ in range(3):
        await tick(site)
    assert (await who.read()).count("对不住") == 1
    clock.advance(timedelta(days=1))
    await tick(site)
    assert (await who.read()).count("对不住") == 1


async def _miss_result(site: Site, staff: Staff, number: str) -> None:
    async def work(uow: Any) -> None:
        await case_work.accept(uow, staff.handler, number)
        await disposals.propose(uow, staff.handler, number, Disposal.PRELIMINARY_VERIFICATION, "先核实一下")
        await disposals.approve(uow, staff.leader, number)
        await investigations.add_evidence(uow, staff.handler, number, "谈话笔录两份")
        await investigations.submit_finding(uow, staff.handler, number, Finding.UNFOUNDED, "走访了十二户，都说没有。")
        await investigations.approve_finding(uow, staff.leader, number)

    await site.do(work)


@pytest.mark.parametrize("kind", ["result", "reply", "review"])
async def test_every_date_that_was_promised_can_be_missed(site, clock, kind):
    who, staff = await site.meet(), await town(site)
    await superior(site)
    number = await file_report(who)
    if kind == "result":
        await _miss_result(site, staff, number)
    else:
        await staff.close(number)
        await who.say(number)
        await who.press("补充或提问" if kind == "reply" else "对结果有意见")
        await who.say("请再看看")
    clock.advance(PASSED)
    await tick(site)
    words = {"result": "告诉您结果", "reply": "回您的话", "review": "答复您的意见"}
    assert words[kind] in (await who.last()).text
    await who.press("请上级过问")
    async with site.storage.unit_of_work() as uow:
        assert [row.clock_kind for row in await uow.read(select(escalation.c.clock_kind))] == [kind]


async def test_where_nobody_is_above_another_door_is_named_and_no_tap_offered(site, clock):
    who, _ = await site.meet(), await Staff.appointed(site)  # the county itself answers
    number = await file_report(who)
    clock.advance(PASSED)
    await tick(site)
    assert "对不住" in (await who.last()).text
    assert "请上级过问" not in [label for label, _ in (await who.last()).buttons]
    assert "12388" in (await who.say(number))[-1]
    await who.press_data(f"c:above:{number}", (await who.last()).id)
    assert await count(site) == 0


async def test_a_superior_who_stands_back_is_neither_asked_nor_told(site, clock):
    who, _ = await site.meet(), await town(site)
    named = await superior(site, display_name="李大富")
    number = await file_report(who)  # names him
    clock.advance(PASSED)
    before = len(told(site, ABOVE))
    await who.say(number)
    assert "请上级过问" not in [label for label, _ in (await who.last()).buttons]
    other = await superior(site, ABOVE_TOO)
    await who.say(number)
    await who.press("请上级过问")
    await site.deliver()
    assert len(told(site, ABOVE)) == before
    assert await site.do(lambda uow: oversight.asked_of(uow, named)) == []
    assert len(await site.do(lambda uow: oversight.asked_of(uow, other))) == 1


async def test_keys_of_the_outbox_join_no_case_number_to_the_question(both, clock):
    """What waits to leave names the question, not the case: an operator who reads keys learns nothing either."""
    who, _ = await both.meet(), await town(both)
    await superior(both)
    number = await file_report(who)
    clock.advance(PASSED)
    await who.say(number)
    await who.press("请上级过问")
    async with both.storage.unit_of_work() as uow:
        keys = [row.dedupe_key for row in await uow.read(select(outbox.c.dedupe_key))]
        (asked,) = await uow.read(select(event.c.subject).where(event.c.act == "asked_above"))
    assert [key for key in keys if "asked_above" in key]
    assert not [key for key in keys if "asked_above" in key and number in key]
    assert number not in asked.subject
