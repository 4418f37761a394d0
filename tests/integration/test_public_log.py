"""The public page of the event log, its copy for machines, and the second party that keeps heads (N6)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientResponseError, web
from fastapi import FastAPI

from bot.witness import open_witness
from handlers.desk.security import SecurityHeaders
from handlers.public.app import create_public
from storage import audit
from storage.log_heads import LogHead, faults_of
from storage.unit_of_work import Storage
from tests.fakes import FakeClock
from tests.integration.test_audit import record, sign


@pytest.fixture
async def visitor(sqlite_storage: Storage) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who never signed in."""
    app = FastAPI()
    app.include_router(create_public(sqlite_storage, "http://testserver", lambda: None))
    app.add_middleware(SecurityHeaders)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://open.test") as client:
        yield client


async def test_anybody_reads_where_the_log_ended_and_can_check_it_later(
    sqlite_storage: Storage, visitor: httpx.AsyncClient, clock: FakeClock
) -> None:
    assert "还没有公布过" in (await visitor.get("/log")).text
    for _ in range(3):
        await record(sqlite_storage, 1)
        head = await sign(sqlite_storage)
        clock.advance(timedelta(days=1))
    page = (await visitor.get("/log")).text
    key = sqlite_storage.keys.signer
    for shown in (head.hash, head.signature.hex(), key.key_id, key.public_key.hex(), "2026-"):
        assert shown in page
    assert "official/" not in page
    assert "case/" not in page
    sent = (await visitor.get("/log.json")).json()
    kept = [LogHead.from_json(one) for one in sent["heads"]][::-1]
    assert kept[-1] == head
    assert faults_of(kept, [bytes.fromhex(sent["key"]["public_key"])]) is None
    await record(sqlite_storage, 2)
    assert (await audit.verify(sqlite_storage.database, published=kept)).fault is None


async def test_older_heads_are_a_page_away_and_an_odd_address_does_no_harm(
    sqlite_storage: Storage, visitor: httpx.AsyncClient, clock: FakeClock
) -> None:
    await record(sqlite_storage, 1)
    for _ in range(33):
        clock.advance(timedelta(days=1))
        await sign(sqlite_storage)
    assert "/log?before=4" in (await visitor.get("/log")).text
    older = (await visitor.get("/log?before=4")).text
    assert older.count("<li><strong>") == 3
    assert (await visitor.get("/log?before=x'")).status_code == 200
    assert [one["number"] for one in (await visitor.get("/log.json?before=3")).json()["heads"]] == [2, 1]


async def test_a_second_party_on_the_web_gets_each_head_and_a_refusal_is_an_error(sqlite_storage: Storage) -> None:
    await record(sqlite_storage, 1)
    head = await sign(sqlite_storage)
    got: list[dict[str, object]] = []
    answers = iter((204, 500, 403, 302))

    async def take(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=next(answers), headers={"location": "/"})

    app = web.Application()
    app.router.add_post("/heads", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        send = open_witness(f"http://127.0.0.1:{port}/heads")
        await send(head)
        assert LogHead.from_json(got[0]) == head
        for _ in range(2):
            with pytest.raises(ClientResponseError):
                await send(head)
        with pytest.raises(ConnectionError):
            await send(head)
    finally:
        await runner.cleanup()


async def test_a_second_party_that_is_a_file_holds_a_head_a_line_and_audit_reads_it(
    sqlite_storage: Storage, tmp_path: Path
) -> None:
    await record(sqlite_storage, 1)
    kept = tmp_path / "heads.jsonl"
    send = open_witness(f"file://{kept}")
    for _ in range(2):
        await send(await sign(sqlite_storage))
    lines = await asyncio.to_thread(kept.read_text, "utf-8")
    assert [json.loads(line)["number"] for line in lines.splitlines()] == [1, 2]


@pytest.mark.parametrize("url", ["ftp://x", "heads.jsonl", "https://", "file://"])
def test_an_address_nothing_can_be_sent_to_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="QINGFENG_LOG_WITNESS"):
        open_witness(url)
