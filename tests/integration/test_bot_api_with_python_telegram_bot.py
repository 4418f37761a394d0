"""python-telegram-bot against the Bot API server: a second opinion, by other people than aiogram's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardMarkup, Update
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    ExtBot,
    MessageHandler,
    filters,
)

from tests.bot_api import BotApiServer, Limits

TOKEN = "77:BBBB_test"
VILLAGE, PHOTO = range(2)
Context = ContextTypes.DEFAULT_TYPE

# The library warns whenever a conversation mixes buttons with messages, which is what ours does.
pytestmark = pytest.mark.filterwarnings("ignore:If 'per_message=False'")


async def on_start(update: Update, _context: Context) -> int:
    row = [
        InlineKeyboardButton("向阳村", callback_data="v1"),
        InlineKeyboardButton("看地图", url="https://example.org"),
    ]
    await update.message.reply_text("在哪个村？", reply_markup=InlineKeyboardMarkup([row]))
    return VILLAGE


async def on_village(update: Update, _context: Context) -> int:
    await update.callback_query.answer("记下了", show_alert=True)
    await update.callback_query.edit_message_text(f"村：{update.callback_query.data}。请发照片")
    return PHOTO


async def on_photo(update: Update, _context: Context) -> int:
    file = await update.message.photo[-1].get_file()
    data = bytes(await file.download_as_bytearray())
    await update.message.reply_photo(data[::-1], caption=f"{len(data)} 字节")
    await update.message.reply_document(data, filename="原件.jpg")
    return ConversationHandler.END


@asynccontextmanager
async def polling(api: BotApiServer) -> AsyncIterator[None]:
    address = f"{api.base_url}/bot"
    application = Application.builder().token(TOKEN).base_url(address).base_file_url(f"{api.base_url}/file/bot").build()
    application.add_handler(
        ConversationHandler(
            [CommandHandler("report", on_start)],
            {
                VILLAGE: [CallbackQueryHandler(on_village)],
                PHOTO: [MessageHandler(filters.PHOTO, on_photo)],
            },
            [],
        )
    )
    async with application:
        await application.updater.start_polling(timeout=5)
        await application.start()
        try:
            yield
        finally:
            await application.updater.stop()
            await application.stop()


@asynccontextmanager
async def connected(api: BotApiServer, token: str = TOKEN) -> AsyncIterator[ExtBot]:
    async with ExtBot(token, base_url=f"{api.base_url}/bot", base_file_url=f"{api.base_url}/file/bot") as bot:
        yield bot


@pytest.fixture
async def api() -> AsyncIterator[BotApiServer]:
    async with BotApiServer(limits=Limits().relaxed()) as server:
        server.add_bot(TOKEN)
        yield server


async def test_a_conversation_runs_through_real_polling(api):
    person = api.user(9)
    async with polling(api):
        await person.send_text("/report")
        prompt = await person.wait_for("在哪个村")
        assert prompt.buttons == [[("向阳村", "v1"), ("看地图", "https://example.org")]]
        pressed = await person.press("v1")
        answer = await person.wait_for_answer(pressed)
        assert (answer.text, answer.alert) == ("记下了", True)
        assert (await person.wait_for("请发照片")).message_id == prompt.message_id
        await person.send_photo(b"jpeg-bytes")
        original = await person.wait_for(lambda message: message.document is not None)
        picture = await person.wait_for(lambda message: message.photo is not None)
    assert (picture.photo, picture.text) == (b"setyb-gepj", "10 字节")
    assert (original.document, original.document_name) == (b"jpeg-bytes", "原件.jpg")


async def test_edits_deletions_and_reply_keyboards_are_seen(api):
    person = api.user(9)
    async with connected(api) as bot:
        sent = await bot.send_message(9, "请选", reply_markup=ReplyKeyboardMarkup([["我要反映", "问问题"]]))
        await person.press("问问题")
        [update] = await bot.get_updates(timeout=0)
        edited = await bot.edit_message_text("选好了", 9, sent.message_id)
        await bot.delete_message(9, sent.message_id)
        await bot.set_my_commands([("report", "我要反映")])
        await bot.send_chat_action(9, "typing")
    assert (update.message.text, edited.text, person.texts) == ("问问题", "选好了", [])
    assert person.messages[0].deleted


async def test_refusals_are_understood(api):
    person = api.user(9)
    async with connected(api) as bot:
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(10, "在吗")
        with pytest.raises(BadRequest, match="too long"):
            await bot.send_message(9, "长" * 4097)
        sent = await bot.send_message(9, "一样")
        with pytest.raises(BadRequest, match="not modified"):
            await bot.edit_message_text("一样", 9, sent.message_id)
        person.block()
        with pytest.raises(Forbidden):
            await bot.send_message(9, "在吗")
    with pytest.raises(InvalidToken):
        async with connected(api, "78:unknown"):
            pass


async def test_floods_and_faults_are_understood(api, monkeypatch):
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # otherwise the library warns about its own exception
    api.user(9)
    async with connected(api) as bot:
        api.limits = Limits()
        await bot.send_message(9, "一")
        with pytest.raises(RetryAfter):
            await bot.send_message(9, "二")
        api.limits = Limits().relaxed()
        api.faults.fail_next(status=502)
        with pytest.raises(NetworkError):
            await bot.send_message(9, "三")
        api.faults.drop_after()
        with pytest.raises(NetworkError):
            await bot.send_message(9, "四")
    assert api.user(9).texts == ["一", "四"]
