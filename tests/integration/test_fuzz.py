"""A few hundred odd inputs by day; the million is `python -m tests.fuzz` (`make fuzz`), which goes on where it stopped.

What once crashed has a test of its own below.
"""

import json
import os
from pathlib import Path

import pytest

from bot.channels.telegram import read_json
from tests.channels import TestVillager, WebVillager, open_site, populate
from tests.fuzz.run import run

INPUTS = int(os.environ.get("QINGFENG_FUZZ", "280"))
TOO_LARGE = 2**63


async def test_odd_updates_and_uploads_crash_nothing(sqlite_template: Path, tmp_path: Path) -> None:
    outcome = await run(tmp_path / "fuzz", sqlite_template, seed=7, count=INPUTS)
    assert outcome.crashes == []
    assert outcome.inputs == INPUTS
    assert outcome.kinds["handled"] > INPUTS / 3
    assert outcome.kinds["200"] > INPUTS / 20


@pytest.mark.parametrize(
    "data", [f"q:useful:{TOO_LARGE}", f"q:place:{-1}", f"s:read:{TOO_LARGE}:", f"h:place:x:{TOO_LARGE}"]
)
async def test_a_button_with_a_number_no_database_holds_is_out_of_date(sqlite_storage, data):
    await populate(sqlite_storage)
    for channel in ("web", "test"):
        async with open_site(channel, sqlite_storage) as site:
            who = await site.meet()
            await who.say("你好")
            said = " ".join(await who.press_data(data, 1))
            assert "不怪您" not in said


async def test_a_page_that_names_a_message_no_database_holds_is_answered(sqlite_storage):
    await populate(sqlite_storage)
    async with open_site("web", sqlite_storage) as site:
        who = await site.meet()
        assert isinstance(who, WebVillager)
        for number in (TOO_LARGE, -TOO_LARGE - 1, 10**40):
            body = {"callback": "m:ask", "message_id": number}
            assert (await who.client.post("/api/chat/messages", json=body)).status_code == 200
        assert (await who.client.get(f"/api/chat/messages?after={TOO_LARGE}")).status_code == 422


async def test_an_update_under_a_number_no_database_holds_is_left_alone(sqlite_storage):
    await populate(sqlite_storage)
    async with open_site("test", sqlite_storage) as site:
        who = await site.meet()
        assert isinstance(who, TestVillager)
        who.chats.numbers = iter([1, TOO_LARGE, 2, 3, 4, 5])
        assert await who.feed("message", who.message(text="你好")) == []
        assert await who.messages() == []
        assert await who.say("你好")


@pytest.mark.parametrize("channel", ["web", "telegram"])
async def test_half_an_emoji_stops_nobody(sqlite_storage, channel):
    """On Telegram one such message once ended polling for everybody."""
    await populate(sqlite_storage)
    async with open_site(channel, sqlite_storage) as site:
        who, other = await site.meet(), await site.meet()
        await who.say("我要反映")
        half = "他们送米\ud83d"
        if channel == "web":
            answer = await who.client.post("/api/chat/messages", content=json.dumps({"text": half}).encode())
            assert answer.status_code == 400
        else:
            assert "不怪您" not in " ".join(await who.say(half))
            assert (await who.draft()).answers["what"] == "他们送米?"
        assert await other.say("你好")
        assert await who.say("接着说")


def test_whole_emoji_come_through_and_halves_become_question_marks():
    whole = {"text": "好🙂", "rows": [1, None, True, {"字": "\\ud83d"}]}
    for ascii_only in (True, False):
        assert read_json(json.dumps(whole, ensure_ascii=ascii_only)) == whole
    assert read_json('{"text": "\\ud83d!"}') == {"text": "?!"}
    assert read_json('{"text": "\\UD83D"}'.replace("U", "u")) == {"text": "?"}
