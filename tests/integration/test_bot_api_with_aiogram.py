"""aiogram against the Bot API server: polling, a form, buttons, edits, photos both ways, refusals, faults."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from tests.bot_api import BotApiServer, Limits

TOKEN = "42:AAAA_test"


class Form(StatesGroup):
    village = State()
    photo = State()


def keyboard(**buttons: str) -> InlineKeyboardMarkup:
    row = [InlineKeyboardButton(text=text, callback_data=data) for text, data in buttons.items()]
    return InlineKeyboardMarkup(inline_keyboard=[row])


def form() -> Router:
    router = Router()

    @router.message(Command("report"))
    async def on_start(message: Message, state: FSMContext) -> None:
        await state.set_state(Form.village)
        await message.answer("在哪个村？", reply_markup=keyboard(向阳村="village:1", 河东村="village:2"))

    @router.callback_query(Form.village)
    async def on_village(query: CallbackQuery, state: FSMContext) -> None:
        await state.set_state(Form.photo)
        await query.answer("记下了")
        await query.message.edit_text(f"村：{query.data}。请发照片")

    @router.message(Form.photo, F.photo)
    async def on_photo(message: Message, state: FSMContext, bot: Bot) -> None:
        await state.clear()
        data = (await bot.download(message.photo[-1], io.BytesIO())).read()
        await message.answer_photo(BufferedInputFile(data[::-1], "back.jpg"), caption=f"{len(data)} 字节")

    @router.edited_message()
    async def on_edit(message: Message) -> None:
        await message.answer(f"改成了 {message.text}")

    @router.message(F.text)
    async def on_text(message: Message) -> None:
        await message.answer(message.text)

    return router


@asynccontextmanager
async def connected(api: BotApiServer, token: str = TOKEN, **session: float) -> AsyncIterator[Bot]:
    server = TelegramAPIServer.from_base(api.base_url)
    async with Bot(token, session=AiohttpSession(api=server, **session)) as bot:
        yield bot


@asynccontextmanager
async def polling(api: BotApiServer) -> AsyncIterator[Bot]:
    dispatcher = Dispatcher()
    dispatcher.include_router(form())
    async with connected(api) as bot:
        running = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False, polling_timeout=10))
        try:
            yield bot
        finally:
            await dispatcher.stop_polling()
            await running


@pytest.fixture
async def api() -> AsyncIterator[BotApiServer]:
    async with BotApiServer(limits=Limits().relaxed()) as server:
        server.add_bot(TOKEN)
        yield server


async def test_a_form_is_filled_through_real_polling(api):
    person = api.user(7)
    async with polling(api):
        await person.send_text("/report")
        prompt = await person.wait_for("在哪个村")
        assert prompt.buttons == [[("向阳村", "village:1"), ("河东村", "village:2")]]
        pressed = await person.press("河东村")
        assert (await person.wait_for_answer(pressed)).text == "记下了"
        edited = await person.wait_for("请发照片")
        assert (edited.message_id, edited.buttons) == (prompt.message_id, [])
        assert [content.text for content in edited.history] == ["在哪个村？"]
        await person.send_photo(b"jpeg-bytes")
        picture = await person.wait_for(lambda message: message.photo is not None)
    assert (picture.photo, picture.text) == (b"setyb-gepj", "10 字节")


async def test_a_redelivered_update_arrives_again_and_an_edited_message_as_an_edit(api):
    person = api.user(7)
    async with polling(api):
        update_id = await person.send_text("你好")
        first = await person.wait_for("你好")
        await person.redeliver(update_id)
        await person.wait_for("你好", after=first.message_id)
        await person.edit(person.last_message_id, "您好")
        await person.wait_for("改成了 您好")
    assert person.texts == ["你好", "你好", "改成了 您好"]


async def test_an_update_waits_until_it_is_acknowledged(api):
    person = api.user(7)
    ids = [await person.send_text(text) for text in "甲乙丙"]
    async with connected(api) as bot:
        assert [u.update_id for u in await bot.get_updates()] == ids
        assert [u.update_id for u in await bot.get_updates(limit=1)] == ids[:1]
        assert [u.update_id for u in await bot.get_updates(offset=ids[1])] == ids[1:]
        assert [u.update_id for u in await bot.get_updates(offset=-1)] == ids[2:]
        assert (await bot.get_webhook_info()).pending_update_count == 1
        await bot.delete_webhook(drop_pending_updates=True)
        assert await bot.get_updates(timeout=0) == []


async def test_a_long_poll_returns_as_soon_as_something_comes(api):
    async with connected(api) as bot:
        poll = asyncio.create_task(bot.get_updates(timeout=30, allowed_updates=["message"]))
        await api.wait_for_call("getUpdates")
        await api.user(7).send_text("来了")
        assert [update.message.text for update in await asyncio.wait_for(poll, 5)] == ["来了"]


async def test_of_two_polls_the_older_one_ends_with_a_conflict(api):
    async with connected(api) as bot:
        older = asyncio.create_task(bot.get_updates(timeout=30))
        await api.wait_for_call("getUpdates")
        assert await bot.get_updates(timeout=0) == []
        with pytest.raises(TelegramConflictError):
            await older


async def test_what_a_bot_did_not_ask_for_does_not_come(api):
    person = api.user(7)
    async with connected(api) as bot:
        await bot.get_updates(timeout=0, allowed_updates=["callback_query"])
        await person.send_text("不要的")
        await bot.send_message(7, "选一个", reply_markup=keyboard(好="yes"))
        pressed = await person.press("yes")
        assert [update.update_id for update in await bot.get_updates()] == [pressed]


async def test_every_kind_of_message_a_person_sends_is_understood(api):
    person = api.user(7)
    await person.send_document("账目".encode(), "账目.txt", caption="村里的账")
    await person.send_voice(b"OggS-voice", duration=4)
    await person.send_sticker()
    await person.send_location(30.1, 120.2)
    await person.send_contact("13900000000")
    await person.forward("转来的话")
    person.block()
    person.unblock()
    async with connected(api) as bot:
        updates = await bot.get_updates()
        document = await bot.download(updates[0].message.document, io.BytesIO())
        voice = await bot.download(updates[1].message.voice, io.BytesIO())
    assert document.read() == "账目".encode()
    assert (updates[0].message.document.file_name, updates[0].message.caption) == ("账目.txt", "村里的账")
    assert (voice.read(), updates[1].message.voice.duration) == (b"OggS-voice", 4)
    assert updates[2].message.sticker.emoji == "👍"
    assert updates[3].message.location.latitude == pytest.approx(30.1)
    assert updates[4].message.contact.phone_number == "13900000000"
    assert updates[5].message.forward_origin.sender_user_name == "李四"
    assert [u.my_chat_member.new_chat_member.status for u in updates[6:]] == ["kicked", "member"]


async def test_sending_editing_deleting_and_commands_leave_their_traces(api):
    person = api.user(7)
    async with connected(api) as bot:
        await bot.set_my_commands([BotCommand(command="report", description="我要反映")])
        await bot.send_chat_action(7, "typing")
        sent = await bot.send_document(
            7, BufferedInputFile(b"%PDF", "承诺书.pdf"), caption="<b>请看</b>", parse_mode="HTML"
        )
        again = await bot.send_document(7, sent.document.file_id)
        await bot.edit_message_reply_markup(chat_id=7, message_id=sent.message_id, reply_markup=keyboard(看完了="read"))
        await bot.edit_message_caption(chat_id=7, message_id=sent.message_id, caption="看完了")
        await bot.delete_message(7, again.message_id)
    first, second = person.messages
    assert (first.document, first.document_name, first.text) == (b"%PDF", "承诺书.pdf", "看完了")
    assert [content.text for content in first.history] == ["请看", "请看"]
    assert (second.document, second.deleted, person.actions) == (b"%PDF", True, ["typing"])


async def test_requests_that_telegram_refuses_are_refused(api):
    person = api.user(7)
    api.user(8, started=False)
    async with connected(api) as bot:
        for chat_id, text, reason in [
            (7, " ", "text is empty"),
            (7, "长" * 4097, "too long"),
            (8, "还没来过", "chat not found"),
            (999, "没有这个人", "chat not found"),
        ]:
            with pytest.raises(TelegramBadRequest, match=reason):
                await bot.send_message(chat_id, text)
        with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
            await bot.send_message(7, "选", reply_markup=keyboard(选="字" * 22))
        with pytest.raises(TelegramBadRequest, match="can't parse entities"):
            await bot.send_message(7, "<b>没关", parse_mode="HTML")
        with pytest.raises(TelegramBadRequest, match="caption is too long"):
            await bot.send_photo(7, BufferedInputFile(b"x", "x.jpg"), caption="长" * 1025)
        sent = await bot.send_message(7, "长" * 4096, reply_markup=keyboard(选="字" * 21))
        with pytest.raises(TelegramBadRequest, match="message is not modified"):
            await bot.edit_message_reply_markup(
                chat_id=7, message_id=sent.message_id, reply_markup=keyboard(选="字" * 21)
            )
        person.block()
        with pytest.raises(TelegramForbiddenError, match="blocked by the user"):
            await bot.send_message(7, "在吗")
        person.unblock()
        await bot.send_message(7, "回来了")
    async with connected(api, "43:unknown") as stranger:
        with pytest.raises(TelegramUnauthorizedError):
            await stranger.get_me()
    assert person.texts[-1] == "回来了"


async def test_a_button_press_is_answered_once_and_in_time():
    now = [0.0]
    async with (
        BotApiServer(limits=Limits().relaxed(), monotonic=lambda: now[0]) as api,
        connected(api, TOKEN) as bot,
    ):
        api.add_bot(TOKEN)
        person = api.user(7)
        await bot.send_message(7, "选一个", reply_markup=keyboard(好="yes"))
        await person.press("好")
        await person.press("好")
        first, second = [update.callback_query for update in await bot.get_updates()]
        await bot.answer_callback_query(first.id)
        with pytest.raises(TelegramBadRequest, match="query is too old"):
            await bot.answer_callback_query(first.id)
        now[0] += 901
        with pytest.raises(TelegramBadRequest, match="query is too old"):
            await bot.answer_callback_query(second.id)


async def test_a_button_that_was_edited_away_can_still_be_on_its_way(api):
    person = api.user(7)
    async with connected(api) as bot:
        sent = await bot.send_message(7, "选一个", reply_markup=keyboard(好="yes"))
        await bot.edit_message_text("选好了", chat_id=7, message_id=sent.message_id)
        with pytest.raises(AssertionError, match="no button"):
            await person.press("好")
        await person.press("好", message_id=sent.message_id)
        await bot.delete_message(7, sent.message_id)
        await person.press("好", message_id=sent.message_id)
        late, later = [update.callback_query for update in await bot.get_updates()]
    assert (late.data, late.message.text, later.message.date) == ("yes", "选好了", 0)


async def test_a_file_over_twenty_megabytes_cannot_be_fetched(api):
    person = api.user(7)
    await person.send_document(bytes(20 * 1024 * 1024 + 1), "录像.mp4")
    await person.send_document(bytes(20 * 1024 * 1024), "录像.mp4")
    async with connected(api) as bot:
        large, fitting = [update.message.document for update in await bot.get_updates()]
        with pytest.raises(TelegramBadRequest, match="file is too big"):
            await bot.get_file(large.file_id)
        assert (await bot.get_file(fitting.file_id)).file_size == fitting.file_size


async def test_flood_limits_hold_in_a_chat_in_a_group_and_over_all():
    now = [0.0]
    async with BotApiServer(monotonic=lambda: now[0]) as api:
        api.add_bot(TOKEN)
        people = [api.user(user_id) for user_id in range(1, 32)]
        group = api.group(-5)
        async with connected(api) as bot:
            await bot.send_message(1, "一")
            with pytest.raises(TelegramRetryAfter) as refused:
                await bot.send_message(1, "二")
            assert refused.value.retry_after == 1
            for person in people[1:30]:
                await bot.send_message(person.id, "一")
            with pytest.raises(TelegramRetryAfter):
                await bot.send_message(31, "第三十一条")
            now[0] += 1.0
            for _ in range(20):
                await bot.send_message(-5, "群里")
            now[0] += 1.0
            with pytest.raises(TelegramRetryAfter) as refused:
                await bot.send_message(-5, "第二十一条")
            assert refused.value.retry_after == 59
    assert (len(api.deliveries), api.flood_refusals, len(group.messages)) == (50, 3, 20)


async def test_whoever_oversteps_is_shut_out_in_the_variant_with_a_penalty():
    now = [0.0]
    async with BotApiServer(limits=Limits(penalty_seconds=5), monotonic=lambda: now[0]) as api:
        api.add_bot(TOKEN)
        api.user(1)
        api.user(2)
        async with connected(api) as bot:
            await bot.send_message(1, "一")
            for chat_id, wait, elapsed in [(1, 5, 0.0), (2, 5, 0.5), (2, 1, 3.6)]:
                now[0] += elapsed
                with pytest.raises(TelegramRetryAfter) as refused:
                    await bot.send_message(chat_id, "二")
                assert refused.value.retry_after == wait
            now[0] += 1.0
            await bot.send_message(2, "二")


async def test_ordered_faults_strike_messages_and_spare_the_poll(api):
    person = api.user(7)
    async with connected(api, timeout=1.0) as bot:
        api.faults.fail_next(2)
        assert await bot.get_updates(timeout=0) == []
        for _ in range(2):
            with pytest.raises(TelegramServerError):
                await bot.send_message(7, "没到")
        api.faults.drop_before()
        with pytest.raises(TelegramNetworkError):
            await bot.send_message(7, "没到")
        api.faults.drop_after()
        with pytest.raises(TelegramNetworkError):
            await bot.send_message(7, "到了，不知道")
        api.faults.flood_next(retry_after=3, method="sendMessage")
        await bot.get_me()
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(7, "没到")
        api.faults.delay_next(seconds=2.0)
        with pytest.raises(TelegramNetworkError, match="timeout"):
            await bot.send_message(7, "到了，太晚")
        assert api.faults.waiting == 0
    assert person.texts == ["到了，不知道", "到了，太晚"]
