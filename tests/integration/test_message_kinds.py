"""P2: twelve kinds of message, as the very first, inside a report and after a case was closed: each is stored, or
refused with a reason; none is ignored in silence."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from storage.tables.cases import stored_file
from storage.tables.records import inquiry
from storage.unit_of_work import Storage
from tests.channels import PHOTO, REPORT, STORY, Site, TestVillager, Villager, answer, file_report, open_site, populate
from tests.handling import Staff

Send = Callable[[Villager], Awaitable[list[str]]]
WORDS, CAPTION = "他说每家都收到了两百块", "拍到的红包"
ALBUM = 10
FILES = "files"  # so many more of them are kept
REFUSED = "refused"

KINDS: dict[str, Send] = {
    "text": lambda who: who.say("大家都看见了他挨家送烟"),
    "photo": lambda who: who.send_photo(PHOTO),
    "caption": lambda who: who.send_photo(PHOTO + b"2", CAPTION),
    "album": lambda who: who.send_album([PHOTO + bytes([at]) for at in range(ALBUM)], CAPTION),
    "document": lambda who: who.send_file(b"%PDF-1.7 list", "名单.pdf"),
    "video": lambda who: who.send_other("video"),
    "voice": lambda who: who.send_other("voice"),
    "location": lambda who: who.send_other("location"),
    "contact": lambda who: who.send_other("contact"),
    "forward": lambda who: who.send_other("forward"),
    "edit": lambda who: who.send_other("edit"),
    "sticker": lambda who: who.send_other("sticker"),
}
#: What becomes of each: words that are kept, files that are kept, or words of the refusal.
FIRST: dict[str, tuple[str, str | int]] = {
    "text": ("words", "大家都看见了他挨家送烟"),
    "photo": (FILES, 1),
    "caption": (FILES, 1),
    "album": (FILES, ALBUM),
    "document": (FILES, 1),
    "video": (FILES, 1),
    "voice": (REFUSED, "语音我还听不懂"),
    "location": (REFUSED, "没有保存"),
    "contact": (REFUSED, "没有保存"),
    "forward": ("words", WORDS),
    "edit": (REFUSED, "改后的没有存"),
    "sticker": (REFUSED, "里面没有字"),
}
INSIDE: dict[str, tuple[str, str | int]] = {
    **FIRST,
    "voice": (FILES, 1),
    "location": ("words", "位置：北纬"),
    "contact": ("words", "张三 13800000000"),
    "edit": ("words", "改过的话"),
    "sticker": (REFUSED, "我看不懂。请打字"),
}
CLOSED = {**INSIDE, "sticker": (REFUSED, "没有存")}


async def kept_words(site: Site, who: Villager, number: str = "") -> str:
    """All words that are stored of somebody."""
    draft = await who.draft()
    words = [str(draft.answers)] if draft else []
    async with site.storage.unit_of_work() as uow:
        asked = [await uow.inquiries.get(row.id) for row in await uow.read(select(inquiry.c.id))]
        words += [one.question for one in asked]
        case = await uow.cases.by_number(number) if number else None
        if case:
            words += [message.body for message in await uow.dialogue.of_case(case.id)]
    return "\n".join(words)


async def kept_files(site: Site) -> int:
    belongs = stored_file.c.draft_id.is_not(None) | stored_file.c.case_id.is_not(None)
    async with site.storage.unit_of_work() as uow:
        return len(await uow.read(select(stored_file.c.id).where(belongs)))


async def stored_or_refused(
    site: Site, who: Villager, kind: str, expected: tuple[str, str | int], number: str = ""
) -> None:
    files = await kept_files(site)
    heard = await KINDS[kind](who)
    assert heard, f"{kind}: silence"
    what, detail = expected
    more = await kept_files(site) - files
    if what == FILES:
        assert more == detail, f"{kind}: {more} files kept, {heard!r}"
    elif what == "words":
        assert str(detail) in await kept_words(site, who, number), f"{kind}: not kept, {heard!r}"
    else:
        assert str(detail) in "".join(heard), f"{kind}: no reason in {heard!r}"
    if kind in ("caption", "album"):
        assert CAPTION in await kept_words(site, who, number), f"{kind}: the caption is gone"
    if kind == "album":
        assert len(heard) == 1, "an album is one set with one answer"


async def test_every_kind_as_the_very_first_message_is_stored_or_refused_with_a_reason(site):
    """P2 and the regression list: the first message is a photo (ZAM#774), its caption is kept (CW#3244)."""
    for kind, expected in FIRST.items():
        who = await site.meet()
        if kind in who.lacks:
            continue
        if kind == "edit":
            await who.say("你好")
        await stored_or_refused(site, who, kind, expected)


async def test_every_kind_inside_a_report_is_stored_or_refused_with_a_reason(site):
    for kind, expected in INSIDE.items():
        who = await site.meet()
        if kind in who.lacks:
            continue
        await who.say("我要反映")
        if kind == "edit":
            await who.say(STORY)
        await stored_or_refused(site, who, kind, expected)
        if kind == "edit":
            assert STORY in await kept_words(site, who)


async def test_every_kind_after_a_case_was_closed_is_stored_or_refused_with_a_reason(site, clock):
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await staff.close(number)
    await who.say(number)
    await who.press("补充或提问")
    for kind, expected in CLOSED.items():
        if kind in who.lacks:
            continue
        await stored_or_refused(site, who, kind, expected, number)
        clock.advance(timedelta(minutes=10))
    if "forward" not in who.lacks:
        assert WORDS in await kept_words(site, who, number)
    assert (await staff.case(number)).closed_at is not None


async def test_every_kind_behind_a_receipt_code_is_stored_or_refused_with_a_reason(site, clock):
    first, who, staff = await site.meet(), await site.meet(), await Staff.appointed(site)
    await first.say("我要反映")
    for line in REPORT:
        await answer(first, line)
    receipt = (await first.press("对，提交"))[-1]
    number, code = receipt.partition("编号：")[2][:12], receipt.partition("查询码：")[2][:27]
    await staff.close(number)
    await who.say(code)
    for kind, expected in CLOSED.items():
        if kind in who.lacks or (kind == "edit" and hasattr(who, "user")):  # what was sent is out of the chat already
            continue
        await stored_or_refused(site, who, kind, expected, number)
        clock.advance(timedelta(minutes=10))
    assert {one.chat_id for one in (await staff.read(number)).files} == {None}


BIG = bytes(20 * 1024 * 1024 + 1)


async def test_words_sent_with_a_file_that_is_too_big_are_kept_wherever_it_comes(site):
    """Regression list: a file over 20 MB (ZAM#2289) is told of, and what was written with it stays."""
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await staff.close(number)
    await who.press("补充材料")
    heard = [await who.send_file(BIG, "录像.mp4", "收钱的录像")]
    if not hasattr(who, "client"):  # a browser keeps the words itself, and says so
        assert "收钱的录像" in await kept_words(site, who, number)
    other = await site.meet()
    heard.append(await other.send_file(BIG, "录像.mp4", "一开始就发的"))
    await other.say("我要反映")
    heard.append(await other.send_file(BIG, "录像.mp4", "中间发的"))
    if not hasattr(who, "client"):
        assert (await other.draft()).answers["what"] == "一开始就发的\n中间发的"
    for said in heard:
        assert "超过20兆" in said[0]
        assert "字" in said[0]


# What only Telegram can do


@pytest.fixture
async def test_site(sqlite_storage: Storage) -> AsyncIterator[Site]:
    await populate(sqlite_storage)
    async with open_site("test", sqlite_storage) as opened:
        yield opened


async def test_a_message_changed_after_the_report_was_filed_is_kept_in_both_versions(test_site, clock):
    """Regression list: an edit after submission keeps both versions (FS#5511)."""
    who, staff = await test_site.meet(), await Staff.appointed(test_site)
    assert isinstance(who, TestVillager)
    await who.say("委托票一个人能带几张？")
    question = who._written
    clock.advance(timedelta(minutes=5))
    await who.say("我要反映")
    await answer(who, STORY)
    story = who._written
    clock.advance(timedelta(minutes=5))
    for line in REPORT[1:]:
        await answer(who, line)
    number = (await who.press("对，提交"))[-1].partition("编号：")[2][:12]
    clock.advance(timedelta(minutes=5))
    heard = (await who.edit(story, "村主任李大富挨家送酒，不是烟"))[-1]
    assert f"放进 {number}（柳树村）" in heard
    found = await staff.read(number)
    assert found.narrative["what"] == STORY
    assert found.messages[-1].body == "（改了前面一条）村主任李大富挨家送酒，不是烟"
    assert "改后的没有存" in (await who.edit(question, "委托票能带几张"))[-1]
    assert len((await staff.read(number)).messages) == len(found.messages)


async def test_a_changed_supplement_goes_to_the_case_it_was_sent_to(test_site, clock):
    who, staff = await test_site.meet(), await Staff.appointed(test_site)
    assert isinstance(who, TestVillager)
    first, second = await file_report(who), await file_report(who)
    clock.advance(timedelta(hours=1))
    await who.say(first)
    await who.press("补充或提问")
    await who.say("收烟的还有赵家")
    written = who._written
    await who.press("说完了")
    clock.advance(timedelta(hours=1))
    assert first in (await who.edit(written, "收烟的还有钱家"))[-1]
    assert [one.body for one in (await staff.read(first)).messages] == [
        "收烟的还有赵家",
        "（改了前面一条）收烟的还有钱家",
    ]
    assert (await staff.read(second)).messages == ()


async def test_a_changed_name_is_an_answer_and_leaves_the_chat(test_site):
    who = await test_site.meet()
    assert isinstance(who, TestVillager)
    await who.say("我要反映")
    for line in REPORT[:7]:
        await answer(who, line)
    await who.say("王小明 1380013800")
    heard = (await who.edit(who._written, "王小明 13812345678"))[-1]
    assert "王** 138****5678（已加密）" in heard
    assert "13812345678" not in str((await who.draft()).answers)
    assert len(who.chats.removed) == 1  # both versions were one message


async def test_somebodys_card_that_is_passed_on_is_kept_like_ones_own(test_site):
    """Regression list: a forwarded contact (FS#5511)."""
    who = await test_site.meet()
    assert isinstance(who, TestVillager)
    await who.say("我要反映")
    await answer(who, STORY)
    card = {"phone_number": "13800000000", "first_name": "三", "last_name": "张"}
    origin = {"type": "hidden_user", "sender_user_name": "李四", "date": 1}
    await who.feed("message", who.message(contact=card, forward_origin=origin))
    assert (await who.draft()).answers["who"] == "张三 13800000000"


async def test_a_place_that_moves_along_is_no_news(test_site):
    who = await test_site.meet()
    assert isinstance(who, TestVillager)
    await who.say("我要反映")
    await who.send_other("location")
    before, said = await who.draft(), await who.messages()
    moved = who.message(location={"latitude": 30.26, "longitude": 120.18, "live_period": 900})
    await who.feed("edited_message", moved)
    assert await who.draft() == before
    assert await who.messages() == said
