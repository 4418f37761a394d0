"""P12: ten times every limit at once, over HTTP, with everything sent twice: each accepted report is stored once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import func, select

from bot.channels.web.entrance import Entrance, Limits, solves
from handlers.services import floods
from storage.tables.cases import cases, report_draft
from tests.channels import Site, open_site, populate

BROWSERS, BY_ONE = 10, 10
LINES = ("李大富", "柳树村", "昨天晚上", "村口小卖部", "亲眼看到", "没有", "不留名")


async def come_in(client: httpx.AsyncClient) -> str:
    """As the page does: knock, and where that is asked work and knock again. Returns how it went."""
    asked = await client.post("/api/chat/session", json={})
    if asked.status_code == 200:
        return "at once"
    gate = asked.json()
    assert (asked.status_code, asked.headers["retry-after"]) == (429, "60")
    assert "会自动接上" in gate["error"]
    number = next(n for n in range(1 << 16) if solves(gate["challenge"], str(n), gate["bits"]))
    answer = await client.post("/api/chat/session", json={"challenge": gate["challenge"], "solution": number})
    assert answer.status_code == 200
    return "after work"


async def twice(client: httpx.AsyncClient, key: str, **body: Any) -> None:
    """Sent again by a browser that lost the answer."""
    answers = await asyncio.gather(*(client.post("/api/chat/messages", json={**body, "key": key}) for _ in range(2)))
    assert [one.status_code for one in answers] == [200, 200]


async def hand_in(client: httpx.AsyncClient, story: str) -> bool:
    """Returns whether the chat said that the report was taken, now or for its turn."""
    await client.post("/api/chat/messages", json={"text": "我要反映"})
    await twice(client, f"{story}/what", text=story)
    for line in LINES:
        assert (await client.post("/api/chat/messages", json={"text": line})).status_code == 200
    await twice(client, f"{story}/end", callback="r:submit:review:")
    said = [item["text"] for item in (await client.get("/api/chat/messages")).json()][-3:]
    return any("✅ 收到了" in one or "一个字不会丢" in one for one in said)


async def stored(site: Site) -> list[str]:
    """What every case tells, and every report that waits."""
    async with site.storage.unit_of_work() as uow:
        ids = [row.id for row in await uow.read(select(cases.c.id))]
        return [(await uow.cases.narrative(one))["what"] for one in ids]


async def test_at_ten_times_every_limit_each_accepted_report_is_stored_once(sqlite_storage, clock, monkeypatch):
    monkeypatch.setattr(floods, "REPORTS", 1)
    monkeypatch.setattr(floods, "VILLAGE_REPORTS", 2)
    await populate(sqlite_storage)
    async with open_site("web", sqlite_storage) as site:
        site.application.web.entrance = Entrance(b"k" * 16, lambda: 1.0, Limits(1, 1, bits=5))
        clients = [site.new_client() for _ in range(BROWSERS)]
        ways = await asyncio.gather(*(come_in(client) for client in clients))
        assert sorted(ways) == ["after work"] * (BROWSERS - 1) + ["at once"]

        async def flood(client: httpx.AsyncClient) -> list[str]:
            return [f"一人第{n}件" for n in range(BY_ONE) if await hand_in(client, f"一人第{n}件")]

        others = [hand_in(client, f"第{n}人的事") for n, client in enumerate(clients[1:])]
        by_one, *alone = await asyncio.gather(flood(clients[0]), *others)
        accepted = [*by_one, *(f"第{n}人的事" for n, taken in enumerate(alone) if taken)]
        assert len(accepted) == BY_ONE + BROWSERS - 1
        async with sqlite_storage.unit_of_work() as uow:
            waiting = select(func.count()).select_from(report_draft).where(report_draft.c.state == "queued")
            assert (await uow.read(waiting))[0][0] == BY_ONE - 1
        for _ in range(BY_ONE):
            clock.advance(timedelta(hours=1))
            await site.application.remind()
        assert sorted(await stored(site)) == sorted(accepted)


async def test_whoever_has_a_chat_writes_on_undisturbed_and_whoever_cannot_work_waits(sqlite_storage):
    await populate(sqlite_storage)
    now = [100.0]
    async with open_site("web", sqlite_storage) as site:
        here = await site.meet()
        site.application.web.entrance = Entrance(b"k" * 16, lambda: now[0], Limits(0, 0))
        assert await here.say("委托票一个人能带几张？")
        client = site.new_client()
        gate = (await client.post("/api/chat/session")).json()
        early = await client.post("/api/chat/session", json={"challenge": gate["challenge"]})
        assert early.status_code == 429
        now[0] += gate["wait"]
        assert (await client.post("/api/chat/session", json={"challenge": gate["challenge"]})).status_code == 200
        assert (await client.post("/api/chat/messages", json={"text": "你好"})).status_code == 200
        for body in (b"", b"[" * 900, b"\xff", b'{"challenge": 7}', b"x" * 5_000):
            assert (await site.new_client().post("/api/chat/session", content=body)).status_code == 429
