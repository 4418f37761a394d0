"""What people really send: each gets a calm Chinese sentence that says what to do, and nothing typed is lost.

Every kind of message x the first one ever, at each prompt of a report, after the report was submitted, while signing.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from handlers.services import commitments
from handlers.services.report_view import Step
from knowledge.casework.access import Role
from storage.repositories.files import StoredFile
from storage.repositories.reports import Draft
from storage.tables.conversations import inbound, person
from storage.tables.records import inquiry
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import (
    PHOTO,
    REPORT,
    STORY,
    TELEGRAM_TOKEN,
    TestVillager,
    Villager,
    answer,
    file_report,
    open_site,
    populate,
)

LONG = "他们一家一家地说，选上了给修路。" * 312 + "完了说完了"  # 4,997 characters
#: A line for each prompt that does whatever came before it; the summary takes none.
WALK = (*REPORT[:6], "没有", REPORT[7], "")
CHINESE = re.compile(r"[\u4e00-\u9fff]{4,}")
#: What tells a person how to go on: words to type, send, press or look at.
WAYS_ON = re.compile(r"请|打字|写|发|点|说|补充|签|看|要不要|想问|找|哪|[①-⑧]")
ALARMING = re.compile(r"错误|非法|无效|失败|异常|系统的问题|Error|error|None|Traceback|\{|\}")

Send = Callable[[Villager], Awaitable[list[str]]]
KINDS: dict[str, Send] = {
    "empty": lambda who: who.say(" \n "),
    "long": lambda who: who.say(LONG),
    "emoji": lambda who: who.say("😀👍"),
    "sticker": lambda who: who.send_other("sticker"),
    "voice": lambda who: who.send_other("voice"),
    "location": lambda who: who.send_other("location"),
    "contact": lambda who: who.send_other("contact"),
    "forward": lambda who: who.send_other("forward"),
    "edit": lambda who: who.send_other("edit"),
    "photo": lambda who: who.send_photo(PHOTO, "拍到的"),
    "big file": lambda who: who.send_file(bytes(20 * 1024 * 1024 + 1), "录像.mp4"),
    "wrong phone": lambda who: who.say("1380013800"),
    "unknown command": lambda who: who.say("/nosuch"),
    "unknown button": lambda who: _press_unknown(who, "zz:nothing:1"),
    "button of nobody": lambda who: _press_unknown(who, "q:useful:77"),
    "broken place": lambda who: _press_unknown(who, "r:place:place:abc"),
    "huge place": lambda who: _press_unknown(who, f"r:place:place:{'9' * 30}"),
    "county as place": lambda who: _press_unknown(who, "r:place:place:1"),
    "unknown step": lambda who: _press_unknown(who, "r:edit:nonsense:"),
    "case of another": lambda who: _press_unknown(who, "c:add:QF-2222-2222"),
}


async def _press_unknown(who: Villager, data: str) -> list[str]:
    shown = await who.messages() or (await who.say("你好") and await who.messages())
    return await who.press_data(data, shown[-1].id)


def _carried(who: Villager) -> dict[str, Send]:
    return {kind: send for kind, send in KINDS.items() if kind not in who.lacks}


def _is_calm(kind: str, heard: list[str]) -> None:
    assert heard, f"{kind}: silence"
    for words in heard:
        assert CHINESE.search(words), f"{kind}: no Chinese in {words!r}"
        assert not ALARMING.search(words), f"{kind}: alarming: {words!r}"
    assert any(WAYS_ON.search(words) for words in heard), f"{kind}: nothing to do next in {heard!r}"


def _kept(kind: str, before: Draft | None, after: Draft | None) -> None:
    """Every answer is still there, word for word, perhaps with more after it."""
    if before is None:
        return
    assert after is not None, f"{kind}: the draft is gone"
    assert before.id == after.id
    for field, words in before.answers.items():
        if field == "what_begun":
            continue
        now = after.answers.get(field)
        grown = isinstance(words, str) and isinstance(now, str) and now.startswith(words)
        assert now == words or grown, f"{kind}: {field} was {words!r}, is {now!r}"


async def test_any_first_message_is_answered(site):
    for kind, send in _carried(await site.meet()).items():
        who = await site.meet()
        if kind == "edit":
            await who.say("你好")
        _is_calm(kind, await send(who))


async def test_anything_at_any_prompt_is_answered_and_no_answer_is_lost(site):
    for kind, send in _carried(await site.meet()).items():
        who = await site.meet()
        await who.say("我要反映")
        for step, line in zip(Step, WALK, strict=True):
            before = await who.draft()
            if before.step != step:
                continue  # what was sent was an answer to the prompt before
            _is_calm(f"{kind} at {step}", await send(who))
            after = await who.draft()
            _kept(f"{kind} at {step}", before, after)
            if line and after.step == step:
                await answer(who, line)
        _arrived(kind, await who.draft(), await site.do(lambda uow, who=after: uow.files.of_draft(who.id)))


def _arrived(kind: str, draft: Draft, files: list[StoredFile]) -> None:
    """What was sent at nine prompts is in the draft."""
    what = draft.answers["what"]
    if kind == "long":
        assert what.count(LONG) >= len(REPORT), "a long text is gone"
    if kind == "photo":
        assert what.count("拍到的") == len(files) == len(REPORT) + 1


async def test_anything_after_submission_is_answered(site):
    who = await site.meet()
    number = await file_report(who)
    for kind, send in _carried(who).items():
        _is_calm(kind, await send(who))
        await who.say("停")
    assert number in "".join(await who.say("我的反映"))


async def test_anything_while_material_is_added_is_answered_and_kept(site):
    who = await site.meet()
    number = await file_report(who)
    for kind, send in _carried(who).items():
        await who.say("我的反映")
        await who.press(f"看 {number}")
        await who.press("补充或提问")
        _is_calm(kind, await send(who))
    case = await site.do(lambda uow: uow.cases.by_number(number))
    said = [message.body for message in await site.do(lambda uow: uow.dialogue.of_case(case.id))]
    assert {LONG, "拍到的", "1380013800"} <= set(said)
    assert await site.do(lambda uow: uow.files.of_case(case.id))


async def test_anything_while_a_name_is_wanted_signs_nothing(site):
    staff = await site.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF))
    place = await site.do(lambda uow: uow.places.by_path(factories.VILLAGE))
    election_id = await site.do(lambda uow: factories.add_election(uow, place))
    for number, (kind, send) in enumerate(_carried(await site.meet()).items()):
        name = f"陈{chr(0x4E00 + number)}"

        async def invited(uow, name=name):
            one = await commitments.create_candidate(uow, staff, election_id=election_id, name=name, office="chair")
            return one.id, await commitments.invite(uow, staff, one.id)

        candidate_id, token = await site.do(invited)
        who = await site.meet()
        await who.say(f"/start c_{token}")
        _is_calm(kind, await send(who))
        view = await site.do(lambda uow, candidate_id=candidate_id: commitments.read(uow, staff, candidate_id))
        assert not view.signed, kind


async def test_a_photo_as_the_very_first_message_becomes_evidence_with_its_caption(site):
    who = await site.meet()
    assert "①" in (await who.send_photo(PHOTO, "昨晚李大富送的"))[-1]
    for line in REPORT[:6]:
        await answer(who, line)
    assert (await who.draft()).answers["what"] == f"昨晚李大富送的\n{STORY}"
    assert "发完了" in [label for label, _ in (await who.last()).buttons]
    draft = await who.draft()
    assert len(await site.do(lambda uow: uow.files.of_draft(draft.id))) == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("王小明 1380013800", "手机号要11位，这个是10位"),
        ("王小明 138001380001", "手机号要11位，这个是12位"),
        ("王小明 22800138000", "不像手机号"),
        ("王小明", "请再发一个能找到您的手机号"),
        ("13812345678", "请再发您的名字"),
    ],
)
async def test_a_wrong_number_is_named_and_the_rest_is_kept(site, typed, says):
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT[:7]:
        await answer(who, line)
    assert says in (await who.say(typed))[-1]
    rest = "王小明" if typed[0] == "1" else "13812345678"
    assert "王** 138****5678（已加密）" in (await who.say(rest))[-1]


@pytest.mark.parametrize("typed", ["不留名", "匿名。"])
async def test_no_name_may_be_typed_as_well_as_pressed(site, typed):
    who = await site.meet()
    await who.say("我要反映")
    for line in (*REPORT[:6], "没有"):
        await answer(who, line)
    assert "姓名电话：不留名" in (await who.say(typed))[-1]
    draft = await who.draft()
    assert draft.answers["identity"] == {"anonymous": True}
    assert draft.answers["what"] == STORY


async def test_a_story_where_the_name_belongs_is_kept_without_its_phone_number(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT[:7]:
        await answer(who, line)
    assert "有点长" in (await who.say(f"{LONG}我的号码13812345678"))[-1]
    draft = await who.draft()
    assert LONG in draft.answers["what"]
    assert "13812345678" not in str(draft.answers)
    assert draft.step == "identity"


# Buttons


async def test_a_button_of_an_earlier_prompt_changes_nothing_and_shows_the_present_one(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT[:2]:
        await answer(who, line)
    under, data = await who.button("柳树村")
    await who.press("柳树村")
    await who.press("昨天")
    before = await who.draft()
    heard = await who.press_data(data, under.id)
    assert "过时" in heard[0]
    assert "⑤" in heard[-1]
    assert await who.draft() == before


async def test_a_button_pressed_twice_answers_once(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT[:5]:
        await answer(who, line)
    under, data = await who.button("亲眼看到")
    await who.press_data(data, under.id)
    before = await who.draft()
    assert "⑦" in "".join(await who.press_data(data, under.id))
    assert await who.draft() == before


async def test_a_button_after_its_time_says_so(site):
    who = await site.meet()
    await who.say("我要反映")
    await who.say(STORY)
    under, data = await who.button("不知道是谁")
    await who.say("停")
    await who.say("不报了")
    await who.press("删掉，不报了")
    assert "没有在写的反映" in "".join(await who.press_data(data, under.id))
    assert await who.draft() is None


async def test_submit_pressed_again_makes_no_second_case(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in REPORT:
        await answer(who, line)
    under, data = await who.button("对，提交")
    await who.press_data(data, under.id)
    heard = await who.press_data(data, under.id)
    assert heard == ["已经交过了，不会重复。"]
    person_id = await who.person_id()
    assert len(await site.do(lambda uow: uow.cases.of_person(person_id))) == 1


async def test_a_correction_inside_a_report_keeps_both_versions_and_asks_on(sqlite_storage):
    await populate(sqlite_storage)
    async with open_site("telegram", sqlite_storage) as site:
        who = await site.meet()
        await who.say("我要反映")
        await who.say(STORY)
        heard = (await who.send_other("edit"))[-1]
        assert "改后的也收好了" in heard
        assert "②" in heard
        assert (await who.draft()).answers == {"what": f"{STORY}\n改过的话"}


async def test_going_back_while_adding_to_a_case_leaves_another_report_alone(site):
    who = await site.meet()
    await file_report(who)
    await who.say("我要反映")
    for line in REPORT[:3]:
        await answer(who, line)
    await who.say("停")
    await who.press("补充材料")
    heard = await who.say("返回")
    assert "都留着" in heard[-1]
    assert (await who.draft()).step == "when"


# What only one channel can do


async def test_ten_photos_sent_together_get_one_answer_and_stay_one_report(sqlite_storage):
    await populate(sqlite_storage)
    async with open_site("test", sqlite_storage) as site:
        who = await site.meet()
        assert isinstance(who, TestVillager)
        for number in range(10):
            photo = [who._file(PHOTO + bytes([number])) | {"width": 9, "height": 9}]
            await who.feed("message", who.message(photo=photo, media_group_id="album"))
        assert len(await who.messages()) == 1
        draft = await who.draft()
        assert len(await site.do(lambda uow: uow.files.of_draft(draft.id))) == 10


async def test_a_group_is_neither_answered_nor_written_down(sqlite_storage):
    async with open_site("telegram", sqlite_storage) as site:
        who = await site.meet()
        account = site.api._accounts[TELEGRAM_TOKEN]
        group = site.api.group(-100_5, bot=account)
        polls = site.api.calls["getUpdates"]
        said = {"message_id": 1, "date": 1, "chat": group.description, "from": who.user.profile, "text": "我要反映"}
        account.updates.put("message", said)
        await who.handled(polls)
        await who.say("你好")
        assert group.messages == []
        async with site.storage.unit_of_work() as uow:
            assert len(await uow.read(inbound.select())) == 1
            assert len(await uow.read(person.select())) == 1


@pytest.fixture
async def browser(sqlite_storage: Storage) -> AsyncIterator[httpx.AsyncClient]:
    await populate(sqlite_storage)
    async with open_site("web", sqlite_storage) as site:
        client = site.new_client()
        await client.post("/api/chat/session")
        yield client


REFUSED: dict[str, dict[str, Any]] = {
    "no JSON": {"content": b"{"},
    "bytes": {"content": b"\xff\xfe\x00"},
    "a list": {"json": [1, 2]},
    "nothing": {"json": {}},
    "a number": {"json": {"text": 5}},
    "empty text": {"json": {"text": "  "}},
    "empty callback": {"json": {"callback": ""}},
    "long callback": {"json": {"callback": "x" * 65}},
    "very long text": {"json": {"text": "字" * 20_001}},
    "an empty file": {"files": [("files", ("空.txt", b""))]},
    "a large file without a name": {"json": {"large": {"name": 5, "size": 1}}},
    "a large file that is a list": {"json": {"large": ["a", 1]}},
    "nothing in a form": {"files": [("other", ("a.txt", b"x"))]},
}


async def test_the_web_api_refuses_in_words_and_keeps_nothing(browser):
    for kind, posted in REFUSED.items():
        answered = await browser.post("/api/chat/messages", **posted)
        assert answered.status_code in (400, 413), (kind, answered.text)
        _is_calm(kind, [answered.json()["error"]])
    assert (await browser.get("/api/chat/messages")).json() == []


@pytest.mark.parametrize(
    "posted",
    [
        {"files": [("files", ("录像.mp4", bytes(20 * 1024 * 1024 + 1)))]},
        {"json": {"large": {"name": "录像.mp4", "size": 600_000_000}}},
        {"json": {"large": {"name": "x" * 9_000, "size": -1}}},
    ],
    ids=["sent", "told", "told badly"],
)
async def test_a_file_too_large_for_the_chat_is_answered_with_a_link_and_not_kept(browser, sqlite_storage, posted):
    answered = await browser.post("/api/chat/messages", **posted)
    assert answered.status_code == 200
    said = [item["text"] for item in (await browser.get("/api/chat/messages")).json()]
    assert any("/upload/" in words for words in said), said
    assert [path for path in sqlite_storage.files.folder.rglob("*") if path.is_file()] == []


async def test_without_a_cookie_the_web_api_asks_to_come_in_again(browser):
    browser.cookies.clear()
    for answered in (
        await browser.post("/api/chat/messages", json={"text": "你好"}),
        await browser.get("/api/chat/messages"),
    ):
        assert answered.status_code == 401
        _is_calm("no cookie", [answered.json().get("error") or answered.json()["detail"]])


async def test_odd_content_is_kept_as_text_and_breaks_nothing(browser, sqlite_storage):
    for text in ("\x00\x01", "\ud83d", "<b>" * 50, "{{7*7}}", "'; DROP TABLE person; --", "\u202e反了", "𠮷" * 100):
        answered = await browser.post("/api/chat/messages", content=json.dumps({"text": text}))
        assert answered.status_code in (200, 400), (text, answered.text)
    items = (await browser.get("/api/chat/messages")).json()
    assert "系统的问题" not in str(items)
    async with sqlite_storage.unit_of_work() as uow:
        assert await uow.read(inquiry.select())


async def test_a_file_name_cannot_leave_its_folder(browser, sqlite_storage):
    name = "../../../../etc/passwd"
    answered = await browser.post("/api/chat/messages", files=[("files", (name, PHOTO))])
    assert answered.status_code == 200
    stored = [path for path in sqlite_storage.files.folder.rglob("*") if path.is_file()]
    assert len(stored) == 1
    assert stored[0].name.isalnum()
