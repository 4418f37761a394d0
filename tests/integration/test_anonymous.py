"""Whoever leaves no name leaves no path from the case to the chat, not even for somebody with the server's keys.

The search: every row of every table, every sealed value opened, is a point; rows that share an identifier or a telling
text are joined; from the chat nothing that belongs to the case may be reached. A control shows that the search finds
the path of those who asked for news.
"""

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from nacl.exceptions import CryptoError
from sqlalchemy import select, update

from handlers.services import inquiries
from handlers.services.floods import WRONG_CODES
from knowledge.casework.access import Role
from storage.errors import RuleRefused
from storage.tables import metadata
from storage.tables.cases import cases, report_draft, stored_file
from storage.tables.conversations import inbound, person
from storage.tables.records import filing_mark, inquiry, outbox
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import factories
from tests.channels import PHOTO, REPORT, Site, Villager, WebVillager, answer, code_in, number_in, open_site, populate
from tests.handling import RESULT, Staff

PHONE_BROWSER = "TestPhone/7.0 (never to be kept)"
ADDRESS = "203.0.113.77"
STORY = "我看见李大富昨天晚上给王家送了两百块钱，让他们投他的票"
CAPTION = "拍到的红包"
#: What belongs to the report: none of it may lie beside the chat.
TELLING = (STORY, CAPTION, "村口小卖部", "李大富")
_LARGE = 10**11  # ids that grow with time are beyond; those that count from one say nothing
_SHORTEST_SEALED = 40  # bytes: nonce and tag
_DAY = timedelta(hours=24, seconds=1)


class Opener:
    """Opens whatever this deployment has sealed: it remembers every purpose that anything was sealed for."""

    def __init__(self, keys: KeyRing, patch: pytest.MonkeyPatch) -> None:
        self._keys = keys
        self.purposes: set[str] = set()
        seal = KeyRing.seal

        def sealing(ring: KeyRing, purpose: str, text: bytes) -> bytes:
            self.purposes.add(purpose)
            return seal(ring, purpose, text)

        patch.setattr(KeyRing, "seal", sealing)

    def open(self, value: bytes) -> str | None:
        if len(value) < _SHORTEST_SEALED:
            return None
        for purpose in sorted(self.purposes):
            try:
                return self._keys.open(purpose, value).decode("utf-8", "replace")
            except CryptoError:
                continue
        return None


@pytest.fixture
def opener(keys: KeyRing, monkeypatch: pytest.MonkeyPatch) -> Opener:
    return Opener(keys, monkeypatch)


def marks(value: Any, opener: Opener) -> Iterator[str]:
    """What a value may be recognised by: large numbers, codes, hashes, telling texts."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, bytes):
        opened = opener.open(value) if value else None
        if opened is not None:
            yield from marks(opened, opener)
        elif value:
            yield value.hex()
    elif isinstance(value, int):
        if value >= _LARGE:
            yield str(value)
    elif isinstance(value, str | dict | list):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield from re.findall(r"\d{12,}", text)
        yield from re.findall(r"QF(?:-\w{4}){2}|QC(?:-\w{4}){5}|[0-9a-f]{32,64}", text)
        yield from (told for told in TELLING if told in text or json.dumps(told)[1:-1] in text)


async def rows(storage: Storage, opener: Opener, chat: Villager) -> dict[tuple[str, str], set[str]]:
    """Every row of the database with its marks; the chat's own number is one, whatever its size."""
    found: dict[tuple[str, str], set[str]] = {}
    async with storage.unit_of_work() as uow:
        for table in metadata.sorted_tables:
            for number, row in enumerate(await uow.read(select(table))):
                seen = {mark for value in row for mark in marks(value, opener)}
                texts = [value for value in row if isinstance(value, str)]
                texts += [opened for value in row if isinstance(value, bytes) and (opened := opener.open(value))]
                if chat.chat_id in row or any(re.search(rf"\b{chat.chat_id}\b", text) for text in texts):
                    seen.add(str(chat.chat_id))
                found[table.name, str(number)] = seen
    return found


def reached(found: dict[tuple[str, str], set[str]], start: str) -> set[tuple[str, str]]:
    """The rows that can be come to from one mark."""
    by_mark: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row, seen in found.items():
        for mark in seen:
            by_mark[mark].add(row)
    rows_seen: set[tuple[str, str]] = set()
    waiting, known = [start], {start}
    while waiting:
        for row in by_mark[waiting.pop()] - rows_seen:
            rows_seen.add(row)
            waiting += found[row] - known
            known |= found[row]
    return rows_seen


async def path(site: Site, opener: Opener, chat: Villager, number: str) -> set[tuple[str, str]]:
    """Rows that are reached from a chat and belong to the case: its own, or any with its number or its words."""
    found = await rows(site.storage, opener, chat)
    assert [row for row, seen in found.items() if row[0] == "cases" and number in seen]
    assert [row for row, seen in found.items() if row[0] == "person" and str(chat.chat_id) in seen]
    seen_rows = reached(found, str(chat.chat_id))
    assert len(seen_rows) >= 2  # somebody was here: a person, what they asked
    return {row for row in seen_rows if row[0] == "cases" or found[row] & {number, *TELLING}}


@pytest.fixture(params=["web", "telegram"])
async def anywhere(request: pytest.FixtureRequest, storage: Storage) -> AsyncIterator[Site]:
    """The channel whose messages are ours and one whose are not, on each database."""
    async with opened(request.param, storage) as site:
        yield site


@asynccontextmanager
async def opened(channel: str, storage: Storage) -> AsyncIterator[Site]:
    await populate(storage)
    async with open_site(channel, storage) as site:
        yield site


async def arrive(site: Site) -> Villager:
    """Somebody whose browser tells what it is and where it comes from."""
    who = await site.meet()
    if isinstance(who, WebVillager):
        who.client.headers.update({"User-Agent": PHONE_BROWSER, "X-Forwarded-For": ADDRESS, "Forwarded": ADDRESS})
    return who


async def write(who: Villager) -> None:
    """Everything up to the summary: begun from a question, with a photo, a pause and no name."""
    await who.say("委托票一个人能带几张？")
    await who.say(STORY)
    await who.press("我要反映这件事")
    for line in ("李大富", "[柳树村]"):
        await answer(who, line)
    await who.say("停")
    await who.say("我的反映")
    await who.say("接着写")
    await who.press("接着写这份")
    for line in ("昨天晚上", "村口小卖部", "[亲眼看到]"):
        await answer(who, line)
    await who.send_photo(PHOTO, CAPTION)
    for line in ("[发完了]", "[不留名]"):
        await answer(who, line)


async def submit(site: Site, who: Villager) -> tuple[str, str]:
    """Hand it in; returns number and code."""
    receipt = (await who.press("对，提交"))[-1]
    await site.deliver()
    return number_in(receipt), code_in(receipt)


async def test_no_path_leads_from_the_case_to_the_chat(anywhere, opener, clock):
    who = await arrive(anywhere)
    await write(who)
    number, _ = await submit(anywhere, who)
    await who.press("记下了")
    clock.advance(timedelta(hours=1, seconds=1))
    await anywhere.application.remind()
    await anywhere.deliver()
    assert await path(anywhere, opener, who, number) == set()
    assert {"case.narrative", "person.handle", "inquiry"} <= opener.purposes


async def test_a_receipt_nobody_noted_is_emptied_after_a_day(anywhere, opener, clock):
    who = await arrive(anywhere)
    await write(who)
    number, _ = await submit(anywhere, who)
    if isinstance(who, WebVillager):  # until then the one who holds it sees it; nobody else's chat does
        assert "chat_message" in {table for table, _ in await path(anywhere, opener, who, number)}
    clock.advance(_DAY)
    await anywhere.application.remind()
    assert await path(anywhere, opener, who, number) == set()
    clock.advance(_DAY)
    await anywhere.application.remind()
    if isinstance(who, WebVillager):  # nor when they were here for it
        assert [item["text"] for item in await who.items()][:1] == ["委托票一个人能带几张？"]
        assert not [item for item in await who.items() if item["removed"]]


async def test_the_search_finds_the_path_of_whoever_asked_for_news(anywhere, opener):
    who = await arrive(anywhere)
    await write(who)
    assert "在这里告诉您" in (await who.press("有进展在这里告诉我"))[-1]
    number, _ = await submit(anywhere, who)
    found = await path(anywhere, opener, who, number)
    assert {table for table, _ in found} >= {"cases"}
    staff = await Staff.appointed(anywhere)
    await staff.accept(number)
    assert await anywhere.deliver() == 1
    assert "已经受理" in (await who.last()).text


async def test_what_was_chosen_can_be_chosen_back(anywhere, opener):
    who = await arrive(anywhere)
    await write(who)
    await who.press("有进展在这里告诉我")
    assert "凭它查" in (await who.press("不用了，凭查询码查"))[-1]
    number, _ = await submit(anywhere, who)
    await who.press("记下了")
    assert await path(anywhere, opener, who, number) == set()


async def test_neither_address_nor_browser_is_kept_anywhere(anywhere, opener, tmp_path):
    who = await arrive(anywhere)
    await write(who)
    await submit(anywhere, who)
    kept: list[str] = []
    async with anywhere.storage.unit_of_work() as uow:
        for table in metadata.sorted_tables:
            for row in await uow.read(select(table)):
                kept += [opener.open(value) or "" if isinstance(value, bytes) else str(value) for value in row]
    everything = "\n".join(kept)
    assert STORY in everything  # the search looks into what is sealed
    assert not [secret for secret in (ADDRESS, "TestPhone", "127.0.0.1") if secret in everything]


async def test_nothing_at_all_is_left_beside_the_case(anywhere):
    who = await arrive(anywhere)
    await write(who)
    number, _ = await submit(anywhere, who)
    async with anywhere.storage.unit_of_work() as uow:
        case = (await uow.read(select(cases).where(cases.c.number == number)))[0]
        assert (case.person_id, case.draft_id) == (None, None)
        assert await uow.read(select(report_draft)) == []
        ((chat_id, draft_id),) = await uow.read(
            select(stored_file.c.chat_id, stored_file.c.draft_id).where(stored_file.c.case_id == case.id)
        )
        assert (chat_id, draft_id) == (None, None)
        (one,) = await uow.read(select(person))
        assert (one.state, one.data_sealed, one.place_id) == (None, None, None)
        assert await uow.read(select(inbound).where(inbound.c.payload_sealed.is_not(None))) == []
        assert {bytes(row.payload_sealed) + bytes(row.recipient_sealed) for row in await uow.read(select(outbox))} <= {
            b""
        }


async def test_what_was_asked_before_the_report_stays_and_what_repeats_it_goes(anywhere):
    who = await arrive(anywhere)
    await write(who)
    await submit(anywhere, who)
    async with anywhere.storage.unit_of_work() as uow:
        asked = await uow.read(select(inquiry.c.id).order_by(inquiry.c.id))
        questions = [(await uow.inquiries.get(one.id)).question for one in asked]
    assert questions == ["委托票一个人能带几张？", ""]
    if isinstance(who, WebVillager):
        items = await who.items()
        assert next(item["text"] for item in items if item["from"] == "user") == "委托票一个人能带几张？"
        assert not [item for item in items if any(told in item["text"] for told in TELLING)]
        assert [item["removed"] for item in items][:2] == [False, False]
        assert [item["removed"] for item in items][-1] is False  # the receipt


async def test_an_emptied_question_waits_for_nobody_and_none_is_ever_reworded(anywhere):
    who, staff = await arrive(anywhere), await anywhere.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF))
    await who.say(STORY)
    await who.press("问人")
    assert len(await anywhere.do(lambda uow: inquiries.inbox(uow, staff))) == 1
    await who.say("我要反映")
    for line in (STORY, *REPORT[1:7], "[不留名]"):
        await answer(who, line)
    await submit(anywhere, who)
    assert await anywhere.do(lambda uow: inquiries.inbox(uow, staff)) == []
    await who.say("石狮子的耳朵缺了一角")
    with pytest.raises(RuleRefused, match="reply_fixed"):
        await anywhere.do(lambda uow: uow.execute(update(inquiry).values(question_sealed=b"another")))


async def test_a_village_that_was_known_before_stays_known(anywhere):
    who = await arrive(anywhere)
    await who.say("我是松林村的")
    await write(who)
    await submit(anywhere, who)
    async with anywhere.storage.unit_of_work() as uow:
        (one,) = await uow.read(select(person.c.place_id))
        place = await uow.places.get(one.place_id)
    assert place.name == "松林村"


# The code opens the case, from anywhere


async def test_the_code_opens_the_case_in_another_chat_in_any_spelling(site, opener):
    who, other = await site.meet(), await site.meet()
    await write(who)
    number, code = await submit(site, who)
    staff = await Staff.appointed(site)
    await staff.accept(number)
    await staff.say(number, "请问他说的“他们”是哪几家？")
    for spelled in (code, code.lower().replace("-", " "), f"查询码{code}"):
        page = (await other.say(spelled))[-1]
        assert f"{number}（柳树村）" in page
        assert "已受理" in page
        assert "请问他说的“他们”是哪几家？" in page
    assert number in (await who.say(code))[-1]
    assert "有事" not in await other.read()
    assert await site.deliver() == 0  # nobody was written to


@pytest.mark.parametrize("filed_on", ["telegram", "test"])
async def test_a_report_filed_on_one_channel_opens_on_another(sqlite_storage, opener, filed_on):
    async with opened(filed_on, sqlite_storage) as site:
        who = await site.meet()
        await write(who)
        number, code = await submit(site, who)
        await who.press("记下了")
        browser = await WebVillager.arrive(site.application, site.new_client())
        assert f"{number}（柳树村）" in (await browser.say(code))[-1]
        assert "收好了" in (await browser.say("收钱的还有赵家"))[-1]
        await browser.press("看这一件")
        await browser.press("收起来")
        page = (await who.say(code))[-1]
        assert "您：收钱的还有赵家" in page
        await who.press("收起来")
        await site.deliver()
        for chat in (who, browser):
            assert await path(site, opener, chat, number) == set()


async def test_behind_the_code_one_adds_asks_objects_withdraws_and_nothing_stays(anywhere, opener, clock):
    who = await arrive(anywhere)
    await write(who)
    number, code = await submit(anywhere, who)
    await who.press("记下了")
    staff = await Staff.appointed(anywhere)
    await who.say(code)
    assert f"放进 {number}（柳树村）" in (await who.say("收钱的还有赵家"))[-1]
    assert "收好了" in (await who.send_photo(PHOTO + b"2", "第二张"))[-1]
    assert "必查" in (await who.press("看这一件") and await who.press("不想反映了"))[-1]
    assert "要查完" in (await who.press("不想反映了"))[-1]
    await staff.close(number)
    await who.press("看这一件")
    assert RESULT in (await who.last()).text
    assert "给您说明" in (await who.press("对结果有意见"))[-1]
    assert "给您说明" in (await who.say("还有两家没走访"))[-1]
    await who.press("看这一件")
    await who.press("收起来")
    await anywhere.deliver()
    found = await staff.read(number)
    assert found.case.withdrawn_at is not None
    kinds = [message.kind for message in found.messages if message.from_reporter]
    assert kinds == ["supplement", "supplement", "withdrawal", "objection"]
    assert len(found.files) == 2
    assert await path(anywhere, opener, who, number) == set()


async def test_a_page_behind_the_code_is_put_away_after_half_an_hour_and_says_so(anywhere, opener, clock):
    who = await arrive(anywhere)
    await write(who)
    number, code = await submit(anywhere, who)
    await who.press("记下了")
    await who.say(code)
    await anywhere.deliver()
    clock.advance(timedelta(minutes=29))
    assert "收好了" in (await who.say("收钱的还有赵家"))[-1]
    clock.advance(timedelta(minutes=29))
    await anywhere.application.remind()
    assert "收好了" in (await who.say("还有钱家"))[-1]
    clock.advance(timedelta(minutes=30))
    await anywhere.application.remind()
    assert await path(anywhere, opener, who, number) == set()
    heard = (await who.say("还有孙家"))[-1]
    assert "已经收起来了，这条没有存" in heard
    staff = await Staff.appointed(anywhere)
    assert [message.body for message in (await staff.read(number)).messages] == ["收钱的还有赵家", "还有钱家"]
    await who.say(code)
    assert "收好了" in (await who.say("还有孙家"))[-1]
    await who.press("看这一件")
    await who.press("收起来")
    clock.advance(timedelta(minutes=31))
    await anywhere.application.remind()
    await anywhere.deliver()
    assert await path(anywhere, opener, who, number) == set()


async def test_an_open_page_closes_when_its_reader_turns_to_something_else(site):
    who = await site.meet()
    await write(who)
    number, code = await submit(site, who)
    for leaving in ("我要反映", "停", "我的反映", "我想问", "换村"):
        await who.say(code)
        await who.say(leaving)
        await who.say("停")
        async with site.storage.unit_of_work() as uow:
            (data,) = [row.data_sealed for row in await uow.read(select(person.c.data_sealed))]
        assert data is None, leaving
        if isinstance(who, WebVillager):
            later = (await who.items())[-6:]
            assert not [item for item in later if number in item["text"]], leaving


async def test_buttons_of_a_page_that_was_put_away_open_nothing(site, clock):
    who, other = await site.meet(), await site.meet()
    await write(who)
    number, code = await submit(site, who)
    await other.say(code)
    under = await other.last()
    data = under.data("补充或提问")
    clock.advance(timedelta(minutes=31))
    assert "没有找到这一件" in (await other.press_data(data, under.id))[-1]
    await who.say("你好")
    assert "没有找到这一件" in (await who.press_data(data, (await who.last()).id))[-1]
    assert "没有找到这一件" in (await who.say(number))[-1]


async def test_a_code_typed_in_the_middle_of_another_report_loses_nothing_of_it(site):
    who = await site.meet()
    await write(who)
    number, code = await submit(site, who)
    await who.say("我要反映")
    await answer(who, "另外一件事")
    before = await who.draft()
    assert number in (await who.say(code))[-1]
    assert "没写完的反映" in (await who.press("收起来"))[-1]
    assert await who.draft() == before
    await who.press("接着写")
    assert "②" in (await who.press("接着写这份"))[-1]


# Guessing


async def test_wrong_codes_hear_the_same_words_and_after_ten_the_chat_waits(site, clock):
    who, other = await site.meet(), await site.meet()
    await write(who)
    number, code = await submit(site, who)
    guesses = [f"QC-{number:04d}-2222-2222-2222-2222".replace("0", "3") for number in range(WRONG_CODES - 1)]
    heard = {tuple(await other.say(guess)) for guess in (*guesses, "QC-2222-3333")}
    assert len(heard) == 1
    clock.advance(timedelta(minutes=10))
    later = (await other.say(code))[-1]
    assert "歇一歇" in later
    assert "11点以后再发就行，查询码一直有用" in later
    assert number not in later
    assert number in (await who.say(code))[-1]  # another chat waits for nobody
    clock.advance(timedelta(minutes=51))
    assert number in (await other.say(code))[-1]


async def test_a_typed_code_does_not_stay_in_the_chat_whatever_became_of_it(site):
    who, other = await site.meet(), await site.meet()
    await write(who)
    _, code = await submit(site, who)
    await other.say(code)
    await other.say("QC-2222-2222-2222-2222-2222")
    if isinstance(other, WebVillager):
        mine = [item for item in await other.items() if item["from"] == "user"]
        assert [item["removed"] for item in mine] == [True, True]
    elif hasattr(other, "user"):
        assert not other.user._written
    else:
        assert len({message for chat, message in other.chats.removed if chat == other.chat_id}) == 2


async def test_marks_are_kept_for_an_hour(anywhere, clock):
    who = await arrive(anywhere)
    await write(who)
    await submit(anywhere, who)
    await who.say("QC-2222-2222-2222-2222-2222")
    async with anywhere.storage.unit_of_work() as uow:
        assert len(await uow.read(select(filing_mark))) == 3
    clock.advance(timedelta(minutes=59))
    await anywhere.application.remind()
    async with anywhere.storage.unit_of_work() as uow:
        assert len(await uow.read(select(filing_mark))) == 3
    clock.advance(timedelta(minutes=1))
    await anywhere.application.remind()
    async with anywhere.storage.unit_of_work() as uow:
        assert await uow.read(select(filing_mark)) == []
