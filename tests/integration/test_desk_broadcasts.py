"""Broadcasts at the desk (N15, S13): written or chosen, seen as people will see it, approved by another, stopped.

And `/readyz`, which says when nobody holds the lease of whoever plans.
"""

from datetime import timedelta

import httpx
import pytest

from handlers.jobs.broadcasts import feed_broadcasts
from knowledge.casework.access import Role
from knowledge.elections.reminders import load_reminders
from storage.leases import LIFE
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.channels import Site
from tests.desk_site import Browser, DeskSite
from tests.fakes import FakeClock

LIST = "/desk/broadcasts"
TEXT = "不拉票，不送东西。\n看见了可以反映。"
FORM = {"place": factories.VILLAGE, "notice_kind": "discipline", "notice_text": TEXT}


async def with_subscribers(site: DeskSite, people: int) -> None:
    async def act(uow: UnitOfWork) -> None:
        village = (await factories.add_county(uow))[factories.VILLAGE]
        await uow.begin()
        for chat in range(people):
            who = await factories.add_person(uow, 1 + chat)
            await uow.begin()
            await uow.subscriptions.add(who.id, village.id)

    await site.do(act)


@pytest.fixture
async def site(sqlite_storage: Storage) -> DeskSite:
    return DeskSite(sqlite_storage)


async def written(browser: Browser, **fields: str) -> str:
    await browser.get(f"{LIST}/new")
    answer = await browser.post(LIST, {**FORM, **fields})
    assert answer.status_code == 303, browser.text
    return answer.headers["location"]


async def test_n15_a_notice_is_seen_approved_by_another_above_the_size_and_its_way_is_shown(site: DeskSite) -> None:
    await with_subscribers(site, 201)
    writer, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    where = await written(writer)
    await writer.get(where)
    assert "【柳树村选举通知】 不拉票，不送东西。 看见了可以反映。" in writer.text
    assert "发给 201 人" in writer.text
    assert "写的人自己不能批" in writer.text
    assert (await writer.post(f"{where}/approve", {"version": "1"})).status_code == 422
    assert "要另一位同事来批准" in writer.text
    leader, _ = await site.signed_in(Role.DISCIPLINE_LEADER)
    assert "群发 1" in (await _shown(leader, "/desk"))
    await leader.get(where)
    await leader.post(f"{where}/approve", {"version": "1"}, then=where)
    assert "正在发" in leader.text
    assert "办完 0 人，共 201 人" in leader.source
    assert (await leader.post(f"{where}/approve", {"version": "1"})).status_code == 409
    assert "刚刚有人改过" in leader.text
    assert await feed_broadcasts(site.storage) == 201
    await writer.get(where)
    await writer.post(f"{where}/cancel", {"version": "2"}, then=where)
    assert "停掉了，没有送 201 人" in writer.text
    await leader.get(LIST)
    assert "停掉了" in leader.text


async def _shown(browser: Browser, path: str) -> str:
    await browser.get(path)
    return browser.text


async def test_s13_a_text_is_chosen_from_the_content_and_may_be_changed(site: DeskSite) -> None:
    await with_subscribers(site, 1)
    writer, _ = await site.signed_in(Role.DISCIPLINE_OFFICIAL)
    await writer.get(f"{LIST}/new")
    for notice in load_reminders().notices:
        assert f"?notice={notice.id}" in writer.source
    await writer.get(f"{LIST}/new?notice=legal-or-not")
    assert "不可以：给钱给物换票" in writer.source
    assert "依据：村民委员会组织法（2025年修正）第二十一条" in writer.source
    where = await written(writer, notice_text="造谣的话不要信。")
    assert "这些话请再看一眼" in await _shown(writer, where)
    await writer.get(f"{where}/edit")
    await writer.post(f"{where}/edit", {**FORM, "version": "1", "notice_text": "有话到会上说。"}, then=where)
    assert "有话到会上说。" in writer.text
    assert (await writer.post(f"{where}/edit", {**FORM, "version": "1", "notice_text": "迟了一步"})).status_code == 409
    assert "迟了一步" in writer.source


async def test_a_form_with_faults_names_each_and_keeps_what_was_typed(site: DeskSite) -> None:
    await with_subscribers(site, 0)
    writer, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await writer.get(f"{LIST}/new")
    for typed, said in (
        ({"notice_text": "嗯"}, "至少4个字"),
        ({"notice_text": "话" * 501}, "最多500个字"),
        ({"notice_text": "请联系{phone}咨询"}, "花括号没填"),
        ({"notice_text": "那个村霸又来了"}, "扣的帽子"),
        ({"notice_kind": "gossip"}, "请选是讲纪律的"),
        ({"place": factories.OTHER_VILLAGE}, "没有这个地方"),
    ):
        answer = await writer.post(LIST, {**FORM, **typed})
        assert answer.status_code == 422, typed
        assert said in writer.text, typed
        assert typed.get("notice_text", "看见了可以反映") in writer.source
    where = await written(writer)
    await writer.get(where)
    assert (await writer.post(f"{where}/approve", {"version": "1"})).status_code == 422
    assert "还没有人订提醒" in writer.text


async def test_readyz_says_when_no_process_holds_the_lease(web_site: Site, clock: FakeClock) -> None:
    application = web_site.application
    transport = httpx.ASGITransport(app=application.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://qingfeng.test") as client:
        assert (await client.get("/readyz")).json() == {"database": "ok"}
        await application.lead()
        assert (await client.get("/readyz")).json() == {"database": "ok", "scheduler": "ok"}
        clock.advance(LIFE + timedelta(seconds=1))
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["scheduler"] == "no process holds the lease"
        await application.tick()
        assert (await client.get("/readyz")).status_code == 200
