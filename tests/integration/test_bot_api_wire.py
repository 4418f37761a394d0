"""The Bot API server spoken to without a library: bodies of every kind, wrong addresses, what a test sees."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.bot_api import BotApiServer, Limits

TOKEN = "42:AAAA_test"


@pytest.fixture
async def api() -> AsyncIterator[BotApiServer]:
    async with BotApiServer(limits=Limits().relaxed()) as server:
        server.add_bot(TOKEN)
        yield server


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_json_form_multipart_and_query_say_the_same(api, client):
    person = api.user(7)
    address = f"{api.base_url}/bot{TOKEN}/sendMessage"
    markup = {"inline_keyboard": [[{"text": "好", "callback_data": "yes"}]]}
    as_text = '{"inline_keyboard": [[{"text": "好", "callback_data": "yes"}]]}'
    multipart = aiohttp.FormData({"chat_id": "7", "text": "乙", "reply_markup": as_text}, default_to_multipart=True)
    async with client.post(address, json={"chat_id": 7, "text": "甲", "reply_markup": markup}) as answer:
        assert (await answer.json())["result"]["reply_markup"] == markup
    for body in (multipart, {"chat_id": "7", "text": "丙", "reply_markup": as_text}):
        async with client.post(address, data=body) as answer:
            assert (await answer.json())["result"]["reply_markup"] == markup
    async with client.get(address, params={"chat_id": "7", "text": "丁", "reply_markup": as_text}) as answer:
        assert (await answer.json())["result"]["reply_markup"] == markup
    assert [message.buttons for message in person.messages] == [[[("好", "yes")]]] * 4


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/bot{TOKEN}/sendPigeon", 404),
        ("/bot42:other/getMe", 401),
        ("/botnonsense/getMe", 404),
        (f"/file/bot{TOKEN}/photos/none.jpg", 404),
        (f"/bot{TOKEN}/sendMessage?text=x", 400),
        (f"/bot{TOKEN}/sendMessage?chat_id=7&text=x&reply_markup=%7B", 400),
        (f"/bot{TOKEN}/editMessageText?chat_id=7&message_id=five&text=x", 400),
        (f"/bot{TOKEN}/getFile?file_id=none", 400),
    ],
)
async def test_a_refusal_repeats_its_status_in_the_body(api, client, path, status):
    api.user(7)
    async with client.get(f"{api.base_url}{path}") as answer:
        body = await answer.json()
    assert (answer.status, body["ok"], body["error_code"]) == (status, False, status)
    assert body["description"]


def inline(**button: str) -> dict[str, object]:
    return {"chat_id": 7, "text": "选", "reply_markup": {"inline_keyboard": [[button]]}}


@pytest.mark.parametrize(
    ("method", "body", "reason"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        (
            "sendMessage",
            {"chat_id": 7, "text": "<script>x</script>", "parse_mode": "HTML"},
            "Unsupported start tag",
        ),
        ("sendMessage", {"chat_id": 7, "text": "<b>x</i>", "parse_mode": "HTML"}, "Unmatched end tag"),
        ("sendMessage", {"chat_id": 7, "text": "*x*", "parse_mode": "MarkdownV2"}, "unsupported parse_mode"),
        ("sendMessage", {"chat_id": 7, "text": "x", "reply_markup": [1]}, "object expected as reply markup"),
        (
            "sendMessage",
            {"chat_id": 7, "text": "x", "reply_markup": {"keyboard": [[""]]}},
            "must be non-empty",
        ),
        ("sendMessage", inline(text="", callback_data="x"), "must be non-empty"),
        ("sendMessage", inline(text="好"), "unallowed in the inline keyboard"),
        ("sendMessage", inline(text="好", callback_data=""), "BUTTON_DATA_INVALID"),
        ("sendMessage", inline(text="好", url="http://localhost/x"), "Wrong HTTP URL"),
        ("sendPhoto", {"chat_id": 7}, "there is no photo"),
        ("sendPhoto", {"chat_id": 7, "photo": "https://example.org/x.jpg"}, "failed to get HTTP URL content"),
        ("editMessageText", {"chat_id": 7, "message_id": 1, "text": "x"}, "message to edit not found"),
        ("editMessageText", {"chat_id": 7, "message_id": 1001, "text": "x"}, "message can't be edited"),
        ("deleteMessage", {"chat_id": 7, "message_id": 1}, "message to delete not found"),
        ("answerCallbackQuery", {"callback_query_id": "none"}, "query is too old"),
    ],
)
async def test_what_telegram_would_not_take_is_named(api, client, method, body, reason):
    await api.user(7).send_text("您好")  # message 1001
    async with client.post(f"{api.base_url}/bot{TOKEN}/{method}", json=body) as answer:
        assert (answer.status, reason in (await answer.json())["description"]) == (400, True)


@pytest.mark.parametrize("body", ["{", "[1]"])
async def test_a_body_that_is_no_json_object_is_refused(api, client, body):
    address = f"{api.base_url}/bot{TOKEN}/getMe"
    async with client.post(address, data=body, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400


async def test_waiting_in_vain_says_what_is_there_instead(api, client):
    person = api.user(7)
    await client.get(f"{api.base_url}/bot{TOKEN}/sendMessage", params={"chat_id": "7", "text": "别的话"})
    with pytest.raises(AssertionError, match="别的话"):
        await person.wait_for("等不到的话", timeout=0.05)
    with pytest.raises(AssertionError, match="getMe was not called"):
        await api.wait_for_call("getMe", timeout=0.05)


async def test_what_was_counted_can_be_read_from_another_process(api, client):
    api.user(7)
    await client.get(f"{api.base_url}/bot{TOKEN}/sendMessage", params={"chat_id": "7", "text": "好"})
    async with client.get(f"{api.base_url}/control/counts") as answer:
        counts = await answer.json()
    assert (counts["calls"], counts["flood_refusals"]) == ({"sendMessage": 1}, 0)
    assert [chat_id for _, chat_id in counts["deliveries"]] == [7]
