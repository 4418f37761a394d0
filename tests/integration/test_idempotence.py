"""The same thing twice, or fifty times, is one thing; what is said at once by many reaches each of them alone."""

import asyncio
import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from storage.engine import Database
from storage.tables.cases import cases, stored_file
from storage.tables.conversations import chat_message
from storage.tables.deadlines import case_clock
from storage.tables.records import filing_mark, inquiry, outbox
from storage.unit_of_work import Storage
from tests.channels import (
    PHOTO,
    REPORT,
    Site,
    Villager,
    WebVillager,
    answer,
    file_report,
    number_in,
    open_site,
    populate,
)

PEOPLE = 200
TIMES = 50  # P22, CW#15450: the network repeats itself
_TRY_AGAIN = timedelta(seconds=6)  # longer than the first wait of a row that was put back
_LATER = timedelta(hours=2)
QUESTION = "委托票一个人能带几张？"


async def _count(storage: Storage, table) -> int:
    async with storage.unit_of_work() as uow:
        return (await uow.read(select(func.count()).select_from(table)))[0][0]


@pytest.mark.parametrize("at_once", [False, True], ids=["in turn", "at once"])
async def test_a_question_delivered_fifty_times_is_answered_once(site, at_once):
    who = await site.meet()
    heard = await who.say(QUESTION, times=TIMES, at_once=at_once)
    assert len(heard) == 1
    assert len(await who.messages()) == 1
    assert await _count(site.storage, inquiry) == 1


@pytest.mark.parametrize("at_once", [False, True], ids=["in turn", "at once"])
async def test_an_answer_to_a_prompt_delivered_fifty_times_is_one_step(site, at_once):
    who = await site.meet()
    await who.say("我要反映")
    assert len(await who.say("大家都在说送烟的事", times=TIMES, at_once=at_once)) == 1
    draft = await who.draft()
    assert (draft.step, draft.answers) == ("who", {"what": "大家都在说送烟的事"})


@pytest.mark.parametrize("at_once", [False, True], ids=["in turn", "at once"])
async def test_a_file_delivered_fifty_times_is_one_piece_of_evidence(site, at_once):
    who = await site.meet()
    await who.say("我要反映")
    assert len(await who.send_file(PHOTO, "转账.jpg", times=TIMES, at_once=at_once)) == 1
    draft = await who.draft()
    assert len(await site.do(lambda uow: uow.files.of_draft(draft.id))) == 1
    assert await _count(site.storage, stored_file) == 1


@pytest.mark.parametrize("at_once", [False, True], ids=["in turn", "at once"])
async def test_submit_delivered_fifty_times_makes_one_case(site, at_once):
    who = await _ready_to_submit(site)
    heard = await who.press("对，提交", times=TIMES, at_once=at_once)
    receipts = [words for words in heard if "✅ 收到了" in words]
    assert len(receipts) == 1
    assert await _count(site.storage, cases) == 1


async def _ready_to_submit(site: Site) -> Villager:
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT:
        await answer(who, line)
    return who


@pytest.mark.parametrize("at_once", [False, True], ids=["in turn", "at once"])
async def test_a_supplement_delivered_fifty_times_is_one_message_with_one_answer(site, at_once):
    who = await site.meet()
    number = await file_report(who)
    await who.press("补充材料")
    assert len(await who.say("收烟的还有赵家", times=TIMES, at_once=at_once)) == 1
    case = await site.do(lambda uow: uow.cases.by_number(number))
    assert len(await site.do(lambda uow: uow.dialogue.of_case(case.id))) == 1
    assert await _count(site.storage, case_clock.select().where(case_clock.c.kind == "reply").subquery()) == 1


@pytest.mark.parametrize("at_once", [False, True], ids=["in turn", "at once"])
async def test_a_wrong_code_delivered_fifty_times_is_one_guess(site, at_once):
    who = await site.meet()
    await file_report(who)
    before = await _count(site.storage, filing_mark)
    assert len(await who.say("QC-2222-2222-2222-2222-2222", times=TIMES, at_once=at_once)) == 1
    assert await _count(site.storage, filing_mark) == before + 1


async def test_while_the_database_is_away_the_web_chat_asks_to_send_again_and_then_takes_it_once(web_site, monkeypatch):
    """P22: 503, so that the sender tries again; nothing is taken half."""
    who = await web_site.meet()
    message = {"text": "我要反映", "key": "the same"}

    def gone(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionRefusedError("no database"))

    for method in ("reading", "writing"):
        with monkeypatch.context() as patch:
            patch.setattr(Database, method, gone)
            answered = await who.client.post("/api/chat/messages", json=message)
            assert answered.status_code == 503, method
            assert int(answered.headers["Retry-After"]) > 0
            assert "自动再发" in answered.text
    for _ in range(2):
        assert (await who.client.post("/api/chat/messages", json=message)).status_code == 200
    assert len(await who.messages()) == 1
    assert (await who.draft()).step == "what"


async def test_submit_pressed_by_five_fingers_at_once_makes_one_case(site):
    who = await _ready_to_submit(site)
    under, data = await who.button("对，提交")
    if site.application.telegram_bot is None:
        await asyncio.gather(*(who._press(data, under.id, 1, at_once=False) for _ in range(5)))
    else:  # five presses in one batch of updates
        polls = site.api.calls["getUpdates"]
        presses = [who.user._press(who.user.message(under.id), data) for _ in range(5)]
        await who.handled(polls)
        assert len(who.user.answers) >= len(presses)
    receipts = [m for m in await who.messages() if "✅ 收到了" in m.text]
    assert len(receipts) == 1
    assert await _count(site.storage, cases) == 1
    assert number_in(receipts[0].text) in "".join(await who.say("我的反映"))


async def test_fifty_posts_at_once_with_one_key_are_one_message_on_each_database(web_site):
    who = await web_site.meet()
    assert len(await who.say(QUESTION, times=TIMES, at_once=True)) == 1
    assert await _count(web_site.storage, inquiry) == 1
    assert await _count(web_site.storage, chat_message) == 2
    await who.say("我要反映")
    for line in REPORT:
        await answer(who, line)
    await who.press("对，提交", times=TIMES, at_once=True)
    assert await _count(web_site.storage, cases) == 1


async def test_another_key_is_another_message_and_another_persons_key_is_not_mine(sqlite_storage):
    async with open_site("web", sqlite_storage) as site:
        one, other = await site.meet(), await site.meet()
        for who in (one, other):
            for key in ("a", "b", "a"):
                await who.client.post("/api/chat/messages", json={"text": QUESTION, "key": key})
        assert await _count(sqlite_storage, inquiry) == 4


async def test_a_reply_the_network_ate_is_sent_again_and_no_more(sqlite_storage, clock):
    async with open_site("test", sqlite_storage) as site:
        who = await site.meet()
        who.chats.fail_next = 1
        assert await who.say(QUESTION) == []
        assert await site.deliver() == 0
        clock.advance(_TRY_AGAIN)
        assert await site.deliver() == 1
        assert "依据" in (await who.last()).text
        clock.advance(_LATER)
        assert await site.deliver() == 0
        assert await _count(sqlite_storage, outbox) == 1


@pytest.mark.slow
async def test_two_hundred_people_talking_at_once_each_hear_their_own(sqlite_storage):
    await populate(sqlite_storage)
    chance = random.Random(20260311)  # noqa: S311 - small delays, the same in every run
    async with open_site("web", sqlite_storage) as site:
        people = [await site.meet() for _ in range(PEOPLE)]
        await asyncio.gather(*(_talk(who, number, chance) for number, who in enumerate(people)))
        for number, who in enumerate(people):
            assert isinstance(who, WebVillager)
            items = await who.items()
            everything = "".join(item["text"] for item in items)
            assert {word for word in _marks(everything) if word != _mark(number)} == set()
            assert everything.count(_mark(number)) >= 3
            draft = await who.draft()
            assert (draft.step, draft.answers["what"]) == ("place", f"{_mark(number)}送了烟")
            assert draft.answers["who"] == f"{_mark(number)}的人"


def _mark(number: int) -> str:
    return f"甲{number:03d}号"


def _marks(text: str) -> list[str]:
    return [text[at : at + 5] for at in range(len(text)) if text[at] == "甲" and text[at + 4 : at + 5] == "号"]


async def _talk(who: Villager, number: int, chance: random.Random) -> None:
    for line in (f"{_mark(number)}委托票能带几张", "我要反映", f"{_mark(number)}送了烟", f"{_mark(number)}的人"):
        await asyncio.sleep(chance.random() / 50)
        await who._say(line, 1, at_once=False)
