"""The pacing under a real aiogram session, against the Bot API server's strict limits and its faults."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError
from aiogram.types import BufferedInputFile

from bot.channels.pacing import Pacing, sending
from tests.bot_api import BotApiServer

TOKEN = "42:AAAA_test"


@pytest.fixture
async def api() -> AsyncIterator[BotApiServer]:
    async with BotApiServer() as server:
        server.add_bot(TOKEN)
        yield server


@pytest.fixture
async def bot(api) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(api.base_url), timeout=1.0)
    session.middleware(Pacing())
    async with Bot(TOKEN, session=session) as paced:
        yield paced


async def test_many_people_and_two_messages_to_one_of_them_pass_strict_limits(api, bot):
    people = [api.user(user_id) for user_id in range(1, 41)]
    await asyncio.gather(*(bot.send_message(person.id, "提醒") for person in people), bot.send_message(1, "第二条"))
    assert (len(api.deliveries), api.flood_refusals) == (41, 0)
    assert people[0].texts == ["提醒", "第二条"]


async def test_a_delivered_message_whose_answer_was_lost_is_repeated_only_on_request(api, bot):
    receipts, reminders = api.user(1), api.user(2)
    api.faults.drop_after(method="sendMessage")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(1, "收到了。编号 QF-1")
    assert receipts.texts == ["收到了。编号 QF-1"]
    api.faults.drop_after(method="sendMessage")
    with sending(repeatable=True):
        await bot.send_message(2, "还有 3 天")
    assert reminders.texts == ["还有 3 天", "还有 3 天"]


async def test_a_file_refused_by_a_server_error_and_a_flood_arrives_whole(api, bot):
    person = api.user(1)
    api.faults.fail_next(status=502)
    api.faults.flood_next(retry_after=1)
    await bot.send_document(1, BufferedInputFile(b"%PDF", "承诺书.pdf"))
    assert [message.document for message in person.messages] == [b"%PDF"]
    assert api.calls["sendDocument"] == 3
