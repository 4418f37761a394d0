"""Privacy law (PIPL 13, 17, 19, 28, 29, 45-47): told first, agreed apart, kept as a row, refused freely, shown, erased.

The database refuses a report from the chat with a name and without consent, on both kinds, and old rows go on.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from bot.front import Front
from handlers.chat import texts
from handlers.services.floods import REPORTS
from knowledge.errors import ContentError
from knowledge.privacy import privacy_notice
from storage.engine import async_url
from storage.errors import RuleRefused
from storage.migrate import migrate
from storage.tables.cases import cases, consent, report_draft
from storage.tables.conversations import chat_message
from storage.tables.records import inquiry
from storage.unit_of_work import Storage
from tests import databases, factories
from tests.channels import REPORT, Site, WebVillager, answer, file_report, number_in, open_site, populate

NAME = "王小明 13812345678"
VERSION = privacy_notice().version


@pytest.fixture
async def both(storage: Storage) -> AsyncIterator[Site]:
    await populate(storage)
    async with open_site("web", storage) as opened:
        yield opened


async def rows(site: Site) -> list[Any]:
    return list(await site.do(lambda uow: uow.read(select(consent))))


async def to_the_name(site: Site) -> Any:
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT[:-1]:
        await answer(who, line)
    return who


async def test_the_prompt_tells_first_and_a_name_sent_then_is_a_consent_to_that_text(site, clock):
    who = await to_the_name(site)
    asked = (await who.last()).text
    for word in ("只用来核实", "5年", "发来就是同意", "不同意就点“不留名”"):
        assert word in asked
    assert await rows(site) == []
    clock.advance(timedelta(minutes=3))
    await who.say(NAME)
    (kept,) = await rows(site)
    assert (kept.text_version, kept.given_at) == (VERSION, clock.now())
    assert set(kept._fields) == {"draft_id", "text_version", "given_at"}  # no more than that
    number = number_in((await who.press("对，提交"))[-1])
    case = await site.do(lambda uow: uow.cases.by_number(number))
    assert await site.do(lambda uow: uow.drafts.agreed_of_case(case.id))


async def test_whoever_refuses_goes_on_without_a_name_and_without_a_row(site):
    who = await to_the_name(site)
    await answer(who, "[不留名]")
    assert "✅" in (await who.press("对，提交"))[-1]
    assert await rows(site) == []


async def test_a_change_of_mind_before_handing_in_takes_the_consent_back(both):
    who = await to_the_name(both)
    await who.say(NAME)
    assert len(await rows(both)) == 1
    await who.press("改一项")
    await who.press("姓名电话")
    await who.press("不留名")
    assert await rows(both) == []
    assert "✅" in (await who.press("对，提交"))[-1]


async def test_what_becomes_of_a_name_is_told_on_a_tap_and_the_report_goes_on(site):
    who = await to_the_name(site)
    said = (await who.press("怎么用我的信息"))[-1]
    assert "不留也一样办" in said
    assert ("Telegram 公司也看得到" in said) == (not isinstance(who, WebVillager))  # P20: who reads along
    await who.say(NAME)
    assert "✅" in (await who.press("对，提交"))[-1]


async def test_a_name_of_before_there_was_a_notice_is_asked_for_once_more(both):
    who = await to_the_name(both)
    await who.say(NAME)
    draft = await who.draft()

    async def as_before(uow: Any) -> None:
        await uow.execute(delete(consent))
        known = await uow.drafts.in_writing(draft.person_id)
        known.answers.pop("notice")
        await uow.drafts.save(known)

    await both.do(as_before)
    assert "存名字之前，先请您看一眼" in (await who.press("对，提交"))[-1]
    assert "王**" in (await who.say(NAME))[-1]
    assert "✅" in (await who.press("对，提交"))[-1]
    assert len(await rows(both)) == 1


async def test_a_text_that_changed_meanwhile_is_shown_before_a_name_is_kept(both, monkeypatch):
    who = await to_the_name(both)
    draft = await who.draft()

    async def as_before(uow: Any) -> None:
        known = await uow.drafts.in_writing(draft.person_id)
        known.answers["notice"] = "2025.9"
        await uow.drafts.save(known)

    await both.do(as_before)
    assert "先请您看一眼" in (await who.say(NAME))[-1]
    assert await rows(both) == []
    await who.say(NAME)
    assert [row.text_version for row in await rows(both)] == [VERSION]


# The database


async def test_the_database_refuses_a_name_from_the_chat_without_consent(both):
    who = await to_the_name(both)
    await who.say(NAME)
    await both.do(lambda uow: uow.execute(delete(consent)))
    draft = await who.draft()
    place = await both.do(lambda uow: uow.places.by_path(factories.VILLAGE))
    row = await both.do(lambda uow: factories.add_case(uow, place))
    copied = {
        column.name: column for column in cases.c if column.name not in {"id", "number", "draft_id", "name_state"}
    }
    values = [7, "QF-2222-2222", draft.id, "claimed", *copied.values()]
    twin = insert(cases).from_select(
        ["id", "number", "draft_id", "name_state", *copied], select(*map(_literal, values)).where(cases.c.id == row.id)
    )
    with pytest.raises(RuleRefused, match="consent_missing"):
        await both.do(lambda uow: uow.execute(twin))
    await both.do(lambda uow: uow.drafts.agree(draft, VERSION))
    await both.do(lambda uow: uow.execute(twin))
    for statement in (update(consent).values(text_version="x"), delete(consent)):
        with pytest.raises(RuleRefused, match="consent_fixed"):
            await both.do(lambda uow, s=statement: uow.execute(s))


def _literal(value: Any) -> Any:
    from sqlalchemy import literal

    return literal(value) if isinstance(value, (int, str)) else value


async def test_reports_that_waited_for_their_turn_when_the_rule_came_are_still_filed(both, clock, database_url):
    who = await both.meet()
    for _ in range(REPORTS + 1):
        await who.say("我要反映")
        for line in (*REPORT[:-1], NAME):
            await answer(who, line)
        await who.press("对，提交")
    owner = create_async_engine(async_url(databases.owner_url(database_url)))
    filling = (
        "INSERT INTO consent (draft_id, text_version, given_at) "
        "SELECT id, '0', changed_at FROM report_draft WHERE state = 'queued'"
    )
    async with owner.begin() as connection:
        await connection.execute(text("DELETE FROM consent WHERE draft_id NOT IN (SELECT draft_id FROM cases)"))
        await connection.execute(text(filling))  # as the revision does
    await owner.dispose()
    clock.advance(timedelta(hours=1))
    await both.application.remind()
    async with both.storage.unit_of_work() as uow:
        assert (await uow.read(select(func.count()).select_from(cases)))[0][0] == REPORTS + 1
        assert len(await uow.read(select(consent).where(consent.c.text_version == "0"))) == 1


async def test_the_revision_itself_counts_waiting_reports_as_agreed_and_no_others(sqlite_url, tmp_path):
    url = f"sqlite:///{tmp_path / 'old.db'}"
    await migrate(url, revision="0003")
    engine = create_async_engine(async_url(url))
    async with engine.begin() as connection:
        person = "INSERT INTO person (id, key, channel, handle_sealed, created_at) "
        await connection.execute(text(f"{person} VALUES (1, x'01', 'web', x'00', '2026-01-01')"))
        for number, state, due in ((1, "writing", "NULL"), (2, "queued", "'2026-01-01'"), (3, "submitted", "NULL")):
            draft = f"VALUES ({number}, 1, '{state}', 'what', x'00', '2026-01-01', '2026-01-01', {due})"
            names = "(id, person_id, state, step, answers_sealed, started_at, changed_at, submit_at)"
            await connection.execute(text(f"INSERT INTO report_draft {names} {draft}"))
    await engine.dispose()
    await migrate(url)
    engine = create_async_engine(async_url(url))
    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT draft_id, text_version FROM consent"))).all() == [(2, "0")]
    await engine.dispose()


# 我的数据


async def test_a_person_sees_what_is_held_with_the_consent_it_stands_on(site):
    who = await site.meet()
    number = await file_report(who)
    await who.say("委托票一个人能带几张？")
    said = (await who.say("我的数据"))[-1]
    assert f"{number}：" in said
    assert "留了名" in said
    assert "同意的" in said
    assert "问过的话1句" in said
    assert "办完的件存5年" in said
    assert "王小明" not in said
    assert "13812345678" not in said


async def test_a_person_takes_a_copy_along_and_nobody_else_gets_it(both):
    who, other = await both.meet(), await both.meet()
    assert isinstance(who, WebVillager)
    assert isinstance(other, WebVillager)
    await who.say("选举那天村里派不派车接老人")
    await who.say("我要反映")
    await who.say("村里有人送米")
    taken = await who.client.get("/api/chat/own-data")
    assert taken.status_code == 200
    assert "attachment" in taken.headers["content-disposition"]
    for word in ("派不派车接老人", "经过：村里有人送米"):
        assert word in taken.text
    assert "送米" not in (await other.client.get("/api/chat/own-data")).text
    assert (await both.new_client().get("/api/chat/own-data")).status_code == 401
    await who.say("我的数据")
    assert "拿走一份" in [label for label, _ in (await who.last()).buttons]


async def test_a_chat_is_erased_on_demand_and_a_filed_report_is_not(both):
    who = await both.meet()
    number = await file_report(who)
    await who.say("委托票一个人能带几张？")
    await who.say("我要反映")
    await who.say("另一件还没写完")
    await who.say("我的数据")
    asked = (await who.press("删掉聊天和草稿"))[-1]
    assert "第四十七条" in asked
    assert "删不了" in asked
    assert "删掉了" in (await who.press("删掉"))[-1]
    async with both.storage.unit_of_work() as uow:
        drafts = await uow.read(select(report_draft.c.state, report_draft.c.answers_sealed))
        assert ("dropped", None) in [tuple(row) for row in drafts]
        questions = await uow.read(select(inquiry.c.question_sealed).where(inquiry.c.state == "answered"))
        assert {row.question_sealed for row in questions} == {b""}
        kept = await uow.read(select(chat_message.c.id).where(chat_message.c.removed.is_(False)))
        assert len(kept) <= 2  # the press, and the answer to it
        assert await uow.cases.by_number(number)
        assert (await uow.cases.narrative((await uow.cases.by_number(number)).id))["what"] == REPORT[0]
    assert number in (await who.say("我的反映"))[-1]  # what was filed is still followed


# The page


async def page(**given: Any) -> httpx.Response:
    front = Front(demo=False, secure=False, **{"contact": "", **given})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://x") as client:
        return await client.get("/privacy")


async def test_the_notice_stands_on_a_page_of_its_own_before_anything_else_is_ready():
    found = await page(body="清溪县纪委监委", contact="12388")
    assert found.status_code == 200
    for word in ("清溪县纪委监委管", "12388", "第二十九条", "第四十七条", "Telegram", "5年", VERSION):
        assert word in found.text
    assert "{" not in found.text.partition("<main")[2]
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert "本地负责换届监督的机关管" in (await page()).text


async def test_the_chat_and_the_desk_lead_to_it(both):
    front = Front(demo=False, contact="", secure=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://x") as client:
        assert 'href="/privacy"' in (await client.get("/")).text
    assert 'href="/privacy"' in (await both.new_client().get("/desk/sign-in")).text


def test_a_notice_without_a_part_is_refused(tmp_path):
    path = tmp_path / "notice.yaml"
    path.write_text("version: '1'\nconsent: x\n", encoding="utf-8")
    with pytest.raises(ContentError, match="asked, consent"):
        privacy_notice(path)


def test_the_short_form_fits_one_screen():
    assert len(texts.privacy("/privacy", is_ours=False).text) <= 300
