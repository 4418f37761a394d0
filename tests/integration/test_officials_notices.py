"""The officials' notice bot against the Bot API server: delivered, refused, delayed, paced."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator

import pytest
from telegram.error import BadRequest

from bot.channels.officials import NoticeDelayed, NoticeTokenRejected, OfficialsNotices, OfficialUnreachable
from tests.bot_api import BotApiServer

TOKEN = "55:NOTICES_test"
NOTICE = "您有一条新消息，请打开查看。"


@pytest.fixture
async def api() -> AsyncIterator[BotApiServer]:
    async with BotApiServer() as server:
        server.add_bot(TOKEN, "notices_test_bot")
        yield server


@pytest.fixture
async def notices(api) -> AsyncIterator[OfficialsNotices]:
    async with OfficialsNotices(TOKEN, api_base=api.base_url) as bot:
        yield bot


async def test_a_notice_arrives_and_nothing_else_is_asked_of_telegram(api, notices):
    official = api.user(1)
    await notices.send(1, NOTICE)
    assert official.texts == [NOTICE]
    assert api.calls == {"sendMessage": 1}


async def test_an_official_who_blocked_the_bot_or_never_started_it_is_unreachable(api, notices):
    api.user(1).block()
    with pytest.raises(OfficialUnreachable) as blocked:
        await notices.send(1, NOTICE)
    with pytest.raises(OfficialUnreachable) as unknown:
        await notices.send(2, NOTICE)
    assert (blocked.value.reason, unknown.value.reason) == ("blocked", "not_started")


async def test_a_wrong_token_is_named_without_being_shown(api, caplog):
    caplog.set_level(logging.DEBUG)
    async with OfficialsNotices("56:wrong_token", api_base=api.base_url) as bot:
        with pytest.raises(NoticeTokenRejected) as rejected:
            await bot.send(1, NOTICE)
    assert "wrong_token" not in str(rejected.value)
    assert rejected.value.__suppress_context__
    assert not [record for record in caplog.records if record.name == "httpx"]


async def test_a_server_error_and_a_cut_connection_are_left_to_the_caller(api, notices):
    official = api.user(1)
    for break_it in (api.faults.fail_next, api.faults.drop_before, api.faults.drop_after):
        break_it()
        with pytest.raises(NoticeDelayed) as delayed:
            await notices.send(1, NOTICE)
        assert delayed.value.may_have_arrived
    assert official.texts == [NOTICE]


async def test_a_server_that_is_away_delays_the_notice_but_not_the_start():
    async with BotApiServer() as gone:
        address = gone.base_url
    async with OfficialsNotices(TOKEN, api_base=address) as bot:
        with pytest.raises(NoticeDelayed):
            await bot.send(1, NOTICE)


async def test_a_flood_answer_is_waited_out(api, notices):
    official = api.user(1)
    api.faults.flood_next(retry_after=1)
    await notices.send(1, NOTICE)
    assert (official.texts, api.calls["sendMessage"], api.flood_refusals) == ([NOTICE], 2, 1)


async def test_a_notice_that_telegram_finds_malformed_is_our_mistake_and_shows(api, notices):
    api.user(1)
    with pytest.raises(BadRequest):
        await notices.send(1, "")


@pytest.mark.slow
async def test_sixty_notices_at_once_leave_without_a_burst_and_without_a_refusal(api, notices):
    for official in range(1, 61):
        api.user(official)
    await asyncio.gather(*(notices.send(official, NOTICE) for official in range(1, 61)))
    arrived = [delivery.at for delivery in api.deliveries]
    gaps = [later - earlier for earlier, later in itertools.pairwise(arrived)]
    assert (len(arrived), api.flood_refusals) == (60, 0)
    assert arrived[-1] - arrived[0] > 59 / 30
    assert sorted(gaps)[len(gaps) // 2] > 0.03
