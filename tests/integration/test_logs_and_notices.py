"""P20: neither a log line nor an official's notice holds a word of a report, and a notice that fails comes later."""

import ast
import io
import logging
import os
import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.logging import SafeFormatter
from handlers.chat import texts
from handlers.chat.reply import Reply
from handlers.services import elections
from handlers.services.intake import Intake, NewReport
from handlers.services.reports import Reports
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.clock import SHANGHAI
from storage import outbox
from storage.tables.cases import cases
from storage.tables.records import outbox as table
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import OFFICIALS_TOKEN, PHOTO, Site, answer, open_site, populate
from tests.desk_site import DeskSite
from tests.fakes import FakeClock
from tests.handling import Staff

ROOT = Path(__file__).parents[2]
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗", "秀英桂兰建国志强海燕玉梅春花德福永贵金凤小军文斌丽华"
#: 19 ms each.
MANY = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 120
QUIET = "您有一条新消息，请打开工作台查看。"


class Told:
    """What one generated person tells: a name, numbers, an account with somebody's name in it."""

    def __init__(self, chance: random.Random) -> None:
        def name() -> str:
            return chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, 2))

        def digits(count: int) -> str:
            return "".join(chance.choice("0123456789") for _ in range(count))

        self.name, self.accused, self.witness = name(), name(), name()
        self.phone = f"1{chance.choice('3578')}{digits(9)}"
        self.identity = (
            f"33{digits(4)}19{chance.randint(40, 99)}0{chance.randint(1, 9)}{chance.randint(10, 28)}{digits(3)}X"
        )
        self.card = f"62{digits(17)}"
        self.token = f"{digits(9)}:{''.join(chance.choice('abcDEF012_-') for _ in range(35))}"
        gift = f"{self.accused}给{self.witness}家{chance.randint(100, 999)}块"
        self.what = f"{gift}，卡号{self.card}，身份证{self.identity}，{self.token}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.name, self.accused, self.witness, self.phone, self.identity, self.card, self.token, "给钱"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """All that is logged at the most talkative level, through the gate a deployment has."""
    written, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(written), root.level
    handler.setFormatter(SafeFormatter())
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


async def _file(site: Site, told: Told) -> None:
    who = await site.meet()
    await who.say("我要反映")
    for line in (told.what, told.accused, "[柳树村]", "昨天晚上", f"{told.witness}家门口", "[亲眼看到]"):
        await answer(who, line)
    await who.send_file(PHOTO + told.name.encode(), f"{told.accused}的转账.jpg", f"{told.witness}拍的")
    for line in ("[发完了]", f"{told.name} {told.phone}"):
        await answer(who, line)
    await who.press("对，提交")


@pytest.mark.parametrize("seed", range(3))
async def test_no_log_line_holds_what_was_told_nor_when_everything_breaks(
    sqlite_storage: Storage, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    told = Told(random.Random(seed))  # noqa: S311 - made-up people
    await populate(sqlite_storage)
    async with open_site("web", sqlite_storage) as site:
        await _file(site, told)

        async def breaks(*_: Any, **__: Any) -> Any:
            raise RuntimeError(f"{told.what} {told.name} {told.phone}")

        who = await site.meet()
        await who.say("我要反映")
        with monkeypatch.context() as patch:
            patch.setattr(Reports, "answer", breaks)
            with pytest.raises(AssertionError, match="不怪您"):
                await who.say(told.what)
        staff = await Staff.appointed(site)
        (number,) = [row.number for row in await site.do(lambda uow: uow.read(select(cases.c.number)))]
        assert told.what in (await staff.read(number)).narrative["what"]
    desk = DeskSite(sqlite_storage)
    browser, _ = await desk.signed_in()
    with monkeypatch.context() as patch:
        patch.setattr(elections, "timetables", breaks)
        await browser.get("/desk/timetable")
        assert browser.status == 500
    written = lines.getvalue()
    assert "event=update_failed" in written
    assert "event=desk_failed" in written
    assert "RuntimeError" in written
    assert [secret for secret in told.secrets if secret in written] == []


async def test_of_many_random_reports_no_notice_holds_a_token(sqlite_storage: Storage) -> None:
    storage, chance = sqlite_storage, random.Random(20)  # noqa: S311 - made-up people
    await populate(storage)
    intake = Intake(Classifier(load_categories()))
    async with storage.unit_of_work() as uow:
        for number, role in enumerate((Role.DISCIPLINE_LEADER, Role.DISCIPLINE_OFFICIAL)):
            official = await factories.add_official(uow, role, username=f"told{number}")
            await uow.officials.set_notice_chat(official.id, 500 + number)
        place = await uow.places.by_path(factories.VILLAGE)
        assert place is not None
        pieces: set[str] = {place.name[at : at + 2] for at in range(len(place.name) - 1)}
        for _ in range(MANY):
            told = Told(chance)
            narrative = {"what": told.what, "who": told.accused, "when": "昨晚", "where": f"{told.witness}家门口"}
            await intake.file(uow, NewReport(place, narrative, told.accused))
            pieces |= {words[at : at + 2] for words in narrative.values() for at in range(len(words) - 1)}
        await uow.commit()
    async with storage.unit_of_work() as uow:
        rows = await uow.read(select(table).where(table.c.kind == outbox.NOTICE))
        assert len(rows) >= MANY
        payloads = {uow.keys.open_text(outbox.PURPOSE, row.payload_sealed) for row in rows}
    assert payloads == {'{"notice": "desk_item_waiting", "data": {}}'}
    said = texts.notice("desk_item_waiting", {}, storage.clock.now()).text
    assert said == QUIET
    spoken = {said[at : at + 2] for at in range(len(said) - 1)}
    assert len(pieces) > MANY
    assert spoken & pieces == set()


def test_every_notice_to_officials_is_the_same_words_whoever_queues_it() -> None:
    found = 0
    for path in [*(ROOT / "handlers").rglob("*.py"), *(ROOT / "bot").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            keywords = {one.arg: one.value for one in node.keywords} if isinstance(node, ast.Call) else {}
            kind = keywords.get("kind")
            if isinstance(kind, ast.Constant) and kind.value == outbox.NOTICE:
                found += 1
                assert ast.literal_eval(keywords["payload"]) == {"notice": "desk_item_waiting", "data": {}}, path
    assert found >= 4


async def test_notification_template_throws_and_is_still_delivered_later(
    sqlite_storage: Storage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression (peers 4.4): a notice whose words cannot be made goes back to the outbox, and leaves when they can."""
    await populate(sqlite_storage)
    async with open_site("web", sqlite_storage, officials=True) as site:
        chat = site.api.user(501, bot=site.api._accounts[OFFICIALS_TOKEN])
        who = await site.meet()
        await who.say("你好")
        for key, recipient, notice in (
            ("official", outbox.Recipient("officials", 501), "desk_item_waiting"),
            ("person", outbox.Recipient("web", who.chat_id), "desk_item_waiting"),
        ):
            await site.do(
                lambda uow, k=key, r=recipient, n=notice: uow.outbox.put(
                    kind="notice", dedupe_key=k, recipient=r, payload={"notice": n, "data": {}}
                )
            )

        def throws(_data: dict[str, Any], _now: datetime) -> Reply:
            raise KeyError("a word is missing")

        with monkeypatch.context() as patch:
            patch.setitem(texts._NOTICES, "desk_item_waiting", throws)
            assert await site.deliver() == 2
            clock.advance(timedelta(minutes=1))
            assert await site.deliver() == 2  # and again, however often it throws
        assert chat.texts == []
        clock.advance(timedelta(minutes=5))
        await site.deliver()
        assert chat.texts == [QUIET]
        assert (await who.last()).text == QUIET
        async with sqlite_storage.unit_of_work() as uow:
            rows = await uow.read(select(table.c.sent_at, table.c.failed_at))
        assert all(row.sent_at and not row.failed_at for row in rows)


async def test_where_notices_leave_at_a_fixed_time_an_official_gets_one_a_day(
    storage: Storage, clock: FakeClock
) -> None:
    storage.notices_at = time(8, 30)

    async def put(key: str, chat_id: int = 501) -> int | None:
        async with storage.unit_of_work() as uow:
            recipient = outbox.Recipient("officials", chat_id)
            row = await uow.outbox.put(kind="notice", dedupe_key=key, recipient=recipient, payload={"notice": "x"})
            await uow.commit()
        return row

    first = await put("case/1")
    assert first is not None
    assert await put("case/2") is None
    assert await put("case/3", 502) is not None
    assert await outbox.claim(storage, worker="x", limit=9) == []
    here = clock.now().astimezone(SHANGHAI)
    due = here.replace(hour=8, minute=30, second=0, microsecond=0)
    clock.advance((due if due > here else due + timedelta(days=1)) - here)
    taken = await outbox.claim(storage, worker="x", limit=9)
    assert len(taken) == 2
    assert await put("case/4") is not None  # for tomorrow
    assert await outbox.claim(storage, worker="y", limit=9) == []
    async with storage.unit_of_work() as uow:
        keys = [row.dedupe_key for row in await uow.read(select(table.c.dedupe_key))]
    assert not [key for key in keys if "501" in key.rpartition("/")[2][:4] or "case" in key]
