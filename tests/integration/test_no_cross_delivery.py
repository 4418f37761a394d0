"""N17: two hundred people, fifty messages each, interleaved at random: everybody hears exactly what they would alone.

Each script is played once by one person in an empty county. Then two hundred play them at once, every one with a mark
of their own in all they write, yielding at random places. What each hears, and all that is stored of them, must be
what was heard and stored alone, mark for mark. `QINGFENG_TEST_SEED` plays another order.
"""

import asyncio
import os
import random
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from handlers.chat.keyboards import CaseTap, EntryTap, HomeTap, MenuTap, ReportTap
from handlers.services import floods
from storage.engine import Database
from storage.files import FileStore
from storage.repositories.people import INDEX
from storage.tables.conversations import person
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import databases, factories
from tests.channels import Site, open_site, populate
from tests.fakes import FakeClock

PEOPLE, MESSAGES = 200, 50
SEED = int(os.environ.get("QINGFENG_TEST_SEED", "20260311"))
UNDER = 1  # the message a button stands under: nobody's
NUMBER = re.compile(r"(?<![0-9A-Z])QF(?:-\w{4}){2}")  # a receipt code may hold one by chance: QC-22QF-3333-4444-...
Act = tuple[str, str]  # say or press, and what; {mark} and {number} are the person's own
QUESTIONS = ("委托票一个人能带几张", "多少票算选上", "选票写错了怎么办", "石狮子的耳朵缺了一角")


def press(data: MenuTap | EntryTap | HomeTap | ReportTap | CaseTap) -> Act:
    return "press", data.pack()


def say(text: str) -> Act:
    return "say", text


def report_tap(act: str, step: str, value: str = "") -> Act:
    return press(ReportTap(act=act, step=step, value=value))


def written(place_id: int) -> list[Act]:
    """A report up to its last prompt."""
    return [
        press(MenuTap(act="report")),
        say("{mark}挨家送烟，每家两包"),
        say("{mark}的人"),
        report_tap("place", "place", str(place_id)),
        say("昨天晚上，{mark}家"),
        say("{mark}家门口"),
        report_tap("quick", "how_known", "0"),
        report_tap("skip", "evidence"),
    ]


def asker(_: int) -> list[Act]:
    asked = [say(f"{{mark}}想问，{question}") for question in QUESTIONS]
    between = [press(MenuTap(act="ask")), say("停"), press(MenuTap(act="home")), say("我的反映")]
    settled = [press(EntryTap(entry_id="proxy-limit")), press(HomeTap(act="province", value="cn/zhejiang"))]
    return [act for question in asked for act in (question, *between)] + settled


def named(place_id: int) -> list[Act]:
    return [
        *written(place_id),
        say("王小明 13812345678"),
        report_tap("submit", "review"),
        *followed(),
        *asker(place_id),
    ]


def unnamed(place_id: int) -> list[Act]:
    chosen = [report_tap("skip", "identity"), report_tap("here", "review"), report_tap("submit", "review")]
    return [*written(place_id), *chosen, *followed(), *asker(place_id)]


def followed() -> list[Act]:
    """A filed report is looked at and added to."""
    add, show, done = (press(CaseTap(act=act, number="{number}")) for act in ("add", "show", "done"))
    return [say("我的反映"), *([add, say("收烟的还有{mark}的亲戚"), show] * 2), say("{number}"), add, done]


def hesitant(place_id: int) -> list[Act]:
    begun = written(place_id)
    return [
        *begun[:3],
        say("停"),
        say(f"{{mark}}想问，{QUESTIONS[0]}"),
        say("接着写"),
        report_tap("resume", "place"),
        *begun[3:],
        report_tap("back", "identity"),
        say("{mark}还想起来一件事"),
        *([report_tap("skip", "evidence"), report_tap("back", "identity")] * 13),
        say("不报了"),
        report_tap("drop", "any"),
        *begun,
    ]


#: Who plays what, one after the other: few file a report, as in life.
SCRIPTS: tuple[Callable[[int], list[Act]], ...] = (*(asker, hesitant) * 9, named, unnamed)


def plain(text: str, mark: str) -> str:
    """What is said, whoever it is said to: without the person's mark, numbers and codes."""
    text = re.sub(r"QF(-\w{4}){2}|QC(-\w{4}){5}|QFR1\.[\w.-]+", "…", text)
    return text.replace(mark, "甲").replace(mark[:-1], "甲")


def mark_of(number: int) -> str:
    return f"甲{number:03d}号"


class Talker:
    """One person in the web chat."""

    def __init__(self, site: Site, chat_id: int, number: int, acts: list[Act]) -> None:
        self.site, self.chat_id, self.mark = site, chat_id, mark_of(number)
        self.acts = (acts * MESSAGES)[:MESSAGES]
        self.number = ""

    async def talk(self, chance: random.Random) -> None:
        web = self.site.application.web
        for at, (kind, what) in enumerate(self.acts):
            for _ in range(chance.randrange(6)):
                await asyncio.sleep(0)
            if "{number}" in what and not self.number:
                self.number = await self.own_number()
            words = what.replace("{mark}", self.mark).replace("{number}", self.number)
            if kind == "say":
                await web.say(self.chat_id, words, str(at))
            else:
                await web._feed(self.chat_id, str(at), self.pressing(words))

    def pressing(self, data: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """A press of a button, without a look for the message it stands under."""

        def build(at: dict[str, Any]) -> dict[str, Any]:
            under = {**at, "message_id": UNDER, "text": ""}
            query = {"id": str(at["message_id"]), "from": at["from"], "chat_instance": "web", "data": data}
            return {"callback_query": {**query, "message": under}}

        return build

    async def own_number(self) -> str:
        async with self.site.storage.unit_of_work() as uow:
            return (await uow.cases.of_person(await self.person_id()))[0].number

    async def person_id(self) -> int:
        key = self.site.storage.keys.index(INDEX, f"1:{self.chat_id}:{self.chat_id}")
        async with self.site.storage.unit_of_work() as uow:
            return int((await uow.read(person.select().where(person.c.key == key)))[0].id)

    async def heard(self) -> list[str]:
        """All the bot said in this chat, in order."""
        async with self.site.storage.unit_of_work() as uow:
            messages = await uow.messages.after(self.chat_id, 0, limit=1_000)
        return [message.body.get("text", "") for message in messages if message.sender == "bot"]

    async def stored(self) -> str:
        """All that is stored of this person's reports."""
        kept: list[object] = []
        async with self.site.storage.unit_of_work() as uow:
            who = await self.person_id()
            draft = await uow.drafts.in_writing(who)
            kept.append((draft.step, sorted(map(str, draft.answers.items()))) if draft else None)
            for case in await uow.cases.of_person(who):
                kept.append(sorted((await uow.cases.narrative(case.id)).items()))
                kept.append([message.body for message in await uow.dialogue.of_case(case.id)])
        return str(kept)


@pytest.fixture
async def alone(sqlite_template: Path, tmp_path: Path, keys: KeyRing, clock: FakeClock) -> AsyncIterator[Storage]:
    """A county of its own for the rehearsal."""
    folder = tmp_path / "alone"
    folder.mkdir()
    url = databases.sqlite_database(sqlite_template, folder)
    opened = Storage(Database(url), keys, FileStore(folder / "files", keys), clock)
    yield opened
    await opened.close()


async def arrive(site: Site, number: int, script: Callable[[int], list[Act]]) -> Talker:
    place = await site.do(lambda uow: uow.places.by_path(factories.VILLAGE))
    token = await site.application.web.welcome()
    chat_id = await site.application.web.visitor(token)
    assert chat_id is not None
    return Talker(site, chat_id, number, script(place.id))


async def rehearse(storage: Storage) -> dict[str, tuple[list[str], str]]:
    """What each script leads to when one person plays it alone."""
    await populate(storage)
    result = {}
    async with open_site("web", storage) as site:
        for number, script in enumerate(dict.fromkeys(SCRIPTS)):
            talker = await arrive(site, number, script)
            await talker.talk(random.Random(number))  # noqa: S311
            mark = talker.mark
            result[script.__name__] = (
                [plain(text, mark) for text in await talker.heard()],
                plain(await talker.stored(), mark),
            )
    return result


@pytest.mark.slow
async def test_two_hundred_people_talk_at_once_and_each_hears_what_is_theirs(
    alone: Storage, sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floods, "VILLAGE_REPORTS", 10_000)
    expected = await rehearse(alone)
    await populate(sqlite_storage)
    chance = random.Random(SEED)  # noqa: S311 - the same order in every run
    async with open_site("web", sqlite_storage) as site:
        people = [await arrive(site, 100 + at, SCRIPTS[at % len(SCRIPTS)]) for at in range(PEOPLE)]
        await asyncio.gather(*(one.talk(random.Random(chance.random())) for one in people))  # noqa: S311
        for number, one in enumerate(people):
            script = SCRIPTS[number % len(SCRIPTS)].__name__
            said, stored = expected[script]
            everything = "".join(await one.heard()) + await one.stored()
            marks = set(re.findall(r"甲\d{3}号", everything))
            assert marks == (set() if script == "asker" else {one.mark}), script
            assert [plain(text, one.mark) for text in await one.heard()] == said, f"{one.mark} {script}"
            assert plain(await one.stored(), one.mark) == stored, f"{one.mark} {script}"
            numbers = set(NUMBER.findall(everything))
            assert numbers == ({one.number} if one.number else set()), script


def test_the_comparison_would_notice_somebody_elses_words() -> None:
    own, other = mark_of(101), mark_of(102)
    assert plain(f"{own}送了烟，QF-2345-6789", own) == plain(f"{other}送了烟，QF-9876-5432", other)
    assert plain(f"{other}送了烟", own) != plain(f"{own}送了烟", own)
    assert NUMBER.findall("编号QF-2345-6789，查询码QC-22QF-3333-4444-5555-6666") == ["QF-2345-6789"]
