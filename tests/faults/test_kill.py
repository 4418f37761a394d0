"""Killed at any moment and started again: the same prompt, every answer, nothing sent twice that was marked.

Most deaths happen in this process: the application of one life is left as it is, its storage neither closed nor used
again, and another is opened on the same files. Two are real: SIGKILL to `python -m bot run`.
"""

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bot.clock import SystemClock
from handlers.services import cases as case_work
from handlers.services import commitments
from handlers.services.floods import REPORTS
from handlers.services.recusals import declare_clear
from handlers.services.submission import Submission
from knowledge.casework.access import Role
from storage import deployment, outbox
from storage.engine import Database
from storage.files import FileStore
from storage.tables.cases import cases
from storage.tables.conversations import inbound
from storage.tables.records import inquiry
from storage.unit_of_work import Storage, UnitOfWork
from storage.vault import KeyRing, create_key_file
from tests import databases, factories
from tests.bot_api import BotApiServer
from tests.channels import (
    CHANNELS,
    PHOTO,
    REPORT,
    RecordedChats,
    Shown,
    Site,
    Villager,
    WebVillager,
    answer,
    bot_api,
    code_in,
    number_in,
    open_site,
    populate,
)
from tests.fakes import FakeClock

ROOT = Path(__file__).parents[2]
NAME = "陈秀英"
CLAIM_OVER = outbox.CLAIM + timedelta(seconds=1)
QUESTION = "委托票一个人能带几张？"


class Killed(BaseException):
    """The process ended here; nothing in it may catch this."""


class Deployment:
    """Files on disk that outlive one application after another."""

    def __init__(self, url: str, folder: Path, keys: KeyRing, clock: FakeClock, channel: str) -> None:
        self._url, self._folder, self._keys, self.clock = url, folder, keys, clock
        self.channel = channel
        self.api: BotApiServer | None = None
        self._chats = RecordedChats()
        self._graveyard: list[Storage] = []

    def storage(self) -> Storage:
        """A storage that remembers nothing but what is on disk."""
        self.clock.advance(timedelta(seconds=1))  # nobody starts within the millisecond in which somebody died
        opened = Storage(Database(self._url), self._keys, FileStore(self._folder / "files", self._keys), self.clock)
        self._graveyard.append(opened)
        return opened

    @asynccontextmanager
    async def life(self, *, ends: bool = True) -> AsyncIterator[Site]:
        """One process, from its start to its death."""
        async with open_site(self.channel, self.storage(), api=self.api, chats=self._chats) as site:
            yield site
            if site.polling and ends:
                for task in list(site.polling._running):
                    task.cancel()

    async def bury(self) -> None:
        """Give the connections of the dead back, so that the test process can end."""
        for dead in self._graveyard:
            await dead.database.close()


@pytest.fixture(params=CHANNELS)
async def deployed(
    request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path, keys: KeyRing, clock: FakeClock
) -> AsyncIterator[Deployment]:
    async for one in _deployment(request.param, sqlite_url, tmp_path, keys, clock):
        yield one


@pytest.fixture
async def on_telegram(sqlite_url: str, tmp_path: Path, keys: KeyRing, clock: FakeClock) -> AsyncIterator[Deployment]:
    async for one in _deployment("telegram", sqlite_url, tmp_path, keys, clock):
        yield one


async def _deployment(
    channel: str, url: str, folder: Path, keys: KeyRing, clock: FakeClock
) -> AsyncIterator[Deployment]:
    deployed = Deployment(url, folder, keys, clock, channel)
    async with bot_api() as api:
        deployed.api = api
        await populate(deployed.storage())
        yield deployed
        await deployed.bury()


async def _count(storage: Storage, table: Any, *where: Any) -> int:
    async with storage.unit_of_work() as uow:
        return int((await uow.read(select(func.count()).select_from(table).where(*where)))[0][0])


# At every prompt


async def test_a_report_goes_on_at_the_same_prompt_after_a_death_at_each_of_them(deployed):
    async with deployed.life() as site:
        who = await site.meet()
        await who.say("我要反映")
        before, read = await who.draft(), await who.messages()
    for line in (*REPORT[:6], "photo", "[发完了]", REPORT[7]):
        async with deployed.life() as site:
            who = site.again(who)
            assert await who.draft() == before
            assert await who.messages() == read
            await (who.send_photo(PHOTO, "送的烟") if line == "photo" else answer(who, line))
            assert await who.messages() != read
            before, read = await who.draft(), await who.messages()
    async with deployed.life() as site:
        who = site.again(who)
        number = number_in((await who.press("对，提交"))[-1])
    async with deployed.life() as site:
        who = site.again(who)
        assert number in "".join(await who.say("我的反映"))
        official = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))
        await site.do(lambda uow: declare_clear(uow, official, number))
        found = await site.do(lambda uow: case_work.open_file(uow, official, number))
        assert found.narrative["what"] == f"{REPORT[0]}\n送的烟"
        assert [found.narrative[step] for step in ("who", "when", "where")] == [REPORT[1], REPORT[3], REPORT[4]]
        assert found.case.name_state == "claimed"
        assert len(found.files) == 1


async def test_a_reporter_goes_on_after_a_death_at_every_step_of_the_dialogue(deployed):
    """P1 beyond filing: the choice of news, the page behind a code, each prompt of the dialogue."""
    async with deployed.life() as site:
        who = await site.meet()
        await who.say("我要反映")
        for line in (*REPORT[:7], "[不留名]"):
            await answer(who, line)
    for choice in ("[有进展在这里告诉我]", "[不用了，凭查询码查]"):
        async with deployed.life() as site:
            who = site.again(who)
            await answer(who, choice)
    async with deployed.life() as site:
        who = site.again(who)
        assert "凭它查" in (await who.last()).text
        receipt = (await who.press("对，提交"))[-1]
        number, code = number_in(receipt), code_in(receipt)
    async with deployed.life() as site:
        who = site.again(who)
        assert number in (await who.say(code))[-1]
    for line, heard in (
        ("收烟的还有赵家", "收好了"),
        ("[看这一件]", "您：收烟的还有赵家"),
        ("[补充或提问]", "要补充什么"),
        ("photo", "收好了"),
        ("[看这一件]", "照片"),
        ("[不想反映了]", "真的不想反映了吗"),
        ("[不撤，接着办]", "进度"),
        ("[收起来]", "不留记录"),
    ):
        async with deployed.life() as site:
            who = site.again(who)
            said = await (who.send_photo(PHOTO) if line == "photo" else answer(who, line))
            assert heard in said[-1].replace("IMG_0001.jpg", "照片"), line
    async with deployed.life() as site:
        case = await site.do(lambda uow: uow.cases.by_number(number))
        assert len(await site.do(lambda uow: uow.dialogue.of_case(case.id))) == 2
        assert len(await site.do(lambda uow: uow.files.of_case(case.id))) == 1
        assert case.withdrawn_at is None


async def test_a_report_that_waited_is_filed_by_the_next_process_once(deployed, monkeypatch):
    async with deployed.life() as site:
        who = await site.meet()
        for _ in range(REPORTS + 1):
            await who.say("我要反映")
            for line in REPORT:
                await answer(who, line)
            await who.press("对，提交")
    deployed.clock.advance(timedelta(hours=1))
    async with deployed.life() as site:
        with monkeypatch.context() as patch:
            patch.setattr(Submission, "_file", _die)
            with pytest.raises(Killed):
                await site.application.remind()
    async with deployed.life() as site:
        for _ in range(2):
            await site.application.remind()
            await site.deliver()
        assert await _count(site.storage, cases) == REPORTS + 1
        assert "✅ 收到了" in (await site.again(who).last()).text


async def test_signatures_given_before_a_death_count_after_it(deployed):
    async with deployed.life() as site:
        who, token = await site.meet(), await site.do(_invitation)
        await who.say(f"/start c_{token}")
    for number in range(3):
        async with deployed.life() as site:
            who = site.again(who)
            assert f"第{number + 1}份" in (await who.last()).text
            assert "回执" in (await who.say(NAME))[-1]
    async with deployed.life() as site:
        assert "全部签好" in (await site.again(who).say("签承诺书"))[-1]


async def _invitation(uow: UnitOfWork) -> str:
    staff = await factories.add_official(uow, Role.TOWNSHIP_STAFF)
    place = await uow.places.by_path(factories.VILLAGE)
    assert place is not None
    election_id = await factories.add_election(uow, place)
    one = await commitments.create_candidate(uow, staff, election_id=election_id, name=NAME, office="chair")
    return await commitments.invite(uow, staff, one.id)


# In the middle of an update


@pytest.mark.parametrize("deployed", ["web", "test"], indirect=True)
async def test_a_death_before_the_commit_leaves_the_prompt_unanswered(deployed, monkeypatch):
    async with deployed.life() as site:
        who = await site.meet()
        await who.say("我要反映")
        before = await who.draft()
        with monkeypatch.context() as patch:
            patch.setattr(UnitOfWork, "commit", _die)
            with pytest.raises(Killed):
                await who.say(REPORT[0])
    async with deployed.life() as site:
        who = site.again(who)
        assert await who.draft() == before
        assert "②" in (await who.say(REPORT[0]))[-1]


async def _die(*_: Any, **__: Any) -> Any:
    raise Killed


async def test_what_telegram_handed_over_is_handled_by_the_next_process(on_telegram, monkeypatch):
    async with on_telegram.life() as site:
        who = await site.meet()
        reached = asyncio.Event()
        monkeypatch.setattr(site.application.dispatcher, "feed_update", _hang(reached))
        await who.user.send_text("我要反映")
        await who.user.send_text(REPORT[0])
        await asyncio.wait_for(reached.wait(), 5)
        await site.api.wait_for_call("getUpdates", site.api.calls["getUpdates"] + 1)  # acknowledged: Telegram forgot it
        assert await _count(site.storage, inbound, inbound.c.done_at.is_(None)) >= 1
    async with on_telegram.life() as site:
        await who.user.wait_for("②")
        who = site.again(who)
        assert (await who.draft()).answers == {"what": REPORT[0]}
        assert [message.text[:1] for message in await who.messages()] == ["好", "②"]
        await who.say(REPORT[1])
    async with on_telegram.life() as site:
        await site.again(who).say("你好")
        assert len(await who.messages()) == 4
        assert await _count(site.storage, inbound, inbound.c.payload_sealed.is_not(None)) == 0


def _hang(reached: asyncio.Event) -> Callable[..., Awaitable[None]]:
    async def hang(*_: Any, **__: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    return hang


# Between the commit, the sending and the mark


async def test_a_reply_its_process_could_not_send_is_sent_by_the_next_one_once(on_telegram):
    async with on_telegram.life() as site:
        who = await site.meet()
        reached = asyncio.Event()
        site.application.deliveries._send = _hang(reached)  # type: ignore[method-assign]
        await who.user.send_text(QUESTION)
        await asyncio.wait_for(reached.wait(), 5)
        assert await who.messages() == []
    async with on_telegram.life() as site:
        assert await site.deliver() == 0  # still claimed by the dead
        on_telegram.clock.advance(CLAIM_OVER)
        assert await site.deliver() == 1
        assert "依据" in (await who.last()).text
        on_telegram.clock.advance(CLAIM_OVER)
        assert await site.deliver() == 0
    assert len(await who.messages()) == 1
    assert await _count(on_telegram.storage(), inquiry) == 1


async def test_a_reminder_is_at_worst_repeated_and_never_after_it_was_marked(deployed, monkeypatch):
    async with deployed.life() as site:
        who, token = await site.meet(), await site.do(_invitation)
        await who.say(f"/start c_{token}")
    deployed.clock.advance(timedelta(days=7))
    async with deployed.life() as site:
        await site.application.remind()
    async with deployed.life() as site:
        who = site.again(who)
        with monkeypatch.context() as patch:
            # the last line before the mark: on a channel of our own, message and mark are one commit
            patch.setattr(outbox, "mark_sent", _die)
            if deployed.channel == "web":
                patch.setattr(UnitOfWork, "commit", _dying_after(1))
            with pytest.raises(Killed):
                await site.deliver()
        seen = _reminders(await who.messages())
    assert seen == (0 if deployed.channel == "web" else 1)
    async with deployed.life() as site:
        await site.application.remind()
        assert await site.deliver() == 0
        deployed.clock.advance(CLAIM_OVER)
        assert await site.deliver() == 1
        marked = _reminders(await site.again(who).messages())
        assert marked == seen + 1
    for _ in range(3):
        deployed.clock.advance(CLAIM_OVER)
        async with deployed.life() as site:
            await site.application.remind()
            assert await site.deliver() == 0
            assert _reminders(await site.again(who).messages()) == marked


def _dying_after(commits: int) -> Callable[[UnitOfWork], Awaitable[None]]:
    """A commit that works so often (the claim), then kills."""
    real, left = UnitOfWork.commit, [commits]

    async def commit(uow: UnitOfWork) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        await real(uow)

    return commit


def _reminders(messages: list[Shown]) -> int:
    return sum("您还有没签的" in message.text for message in messages)


# A real process


class Process:
    """`python -m bot run` on a folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._environment = {n: v for n, v in os.environ.items() if not n.startswith("QINGFENG_")} | {
            "QINGFENG_DATABASE_URL": url,
            "QINGFENG_FILES_URL": f"file://{folder}/files",
            "QINGFENG_KEY_FILE": f"{folder}/qingfeng.key",
            "QINGFENG_PORT": str(port),
            "PYTHONPATH": str(ROOT),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and wait until it answers."""
        with (self._folder / "run.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", cwd=self._folder, env=self._environment, stdout=log, stderr=log
            )
        async with asyncio.timeout(60), httpx.AsyncClient(base_url=self.base_url, timeout=60) as client:
            while not await self._answers(client):
                assert self._process.returncode is None, (self._folder / "run.log").read_text()
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is told."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False


class Browser(WebVillager):
    """The same person through every life of the process; what it stores is read beside it."""

    def __init__(self, storage: Storage, base_url: str) -> None:
        super().__init__(storage, httpx.AsyncClient(base_url=base_url, timeout=30), 0)

    async def arrive_here(self) -> None:
        assert (await self.client.post("/api/chat/session")).status_code == 200


@pytest.mark.slow
async def test_a_killed_process_started_again_goes_on_with_everything(sqlite_template, tmp_path):
    url = databases.sqlite_database(sqlite_template, tmp_path)
    keys = create_key_file(tmp_path / "qingfeng.key")
    storage = Storage(Database(url), keys, FileStore(tmp_path / "files", keys), SystemClock())
    process = Process(tmp_path, url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        stack.push_async_callback(process.kill)
        await deployment.bind_key(storage)
        await populate(storage)
        token = await _done(storage, _invitation)
        who, candidate = Browser(storage, process.base_url), Browser(storage, process.base_url)
        stack.push_async_callback(who.client.aclose)
        stack.push_async_callback(candidate.client.aclose)

        await process.start()
        await who.arrive_here()
        await candidate.arrive_here()
        await who.say("我要反映")
        for line in REPORT[:4]:
            await answer(who, line)
        await candidate.say(f"/start c_{token}")
        assert "第2份" in (await candidate.say(NAME))[-1]
        await _restart(process, who, candidate)

        for line in REPORT[4:7]:
            await answer(who, line)
        assert "第3份" in (await candidate.say(NAME))[-1]
        summary = (await answer(who, REPORT[7]))[-1]
        for words in ("柳树村", "李大富", "昨天晚上", "村口小卖部", "王** 138****5678"):
            assert words in summary
        assert "全部签好" in (await candidate.say(NAME))[-1]
        under, data = await who.button("对，提交")
        press = {"callback": data, "message_id": under.id, "key": secrets.token_hex(8)}
        posting = asyncio.create_task(who.client.post("/api/chat/messages", json=press))
        await asyncio.sleep(0.01)  # somewhere inside the handling of the press
        await process.kill()
        acknowledged = await _outcome(posting)
        filed = await _count(storage, cases)
        assert filed >= acknowledged

        await process.start()
        for _ in range(2):
            assert (await who.client.post("/api/chat/messages", json=press)).status_code == 200
        assert await _count(storage, cases) == 1
        assert (await who.read()).count("✅ 收到了") == 1
        assert number_in(await who.read()) in "".join(await who.say("我的反映"))


async def _outcome(posting: asyncio.Task[httpx.Response]) -> int:
    try:
        return int((await posting).status_code == 200)
    except httpx.TransportError:
        return 0


async def _restart(process: Process, *people: Villager) -> None:
    before = [await who.messages() for who in people]
    await process.kill()
    await process.start()
    assert [await who.messages() for who in people] == before


async def _done(storage: Storage, act: Callable[[UnitOfWork], Awaitable[str]]) -> str:
    async with storage.unit_of_work() as uow:
        result = await act(uow)
        await uow.commit()
    return result
