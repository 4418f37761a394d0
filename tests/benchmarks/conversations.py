"""How much the whole way costs: each figure is a ratio to something bare, measured in turns in one run.

Questions: the web channel, the whole Dispatcher, retrieval, SQLite, the question and both messages stored, against a
bare aiogram handler that takes one step of an in-memory FSM. Tip steps: one prompt answered and stored, against one
bare INSERT + COMMIT on the same database. Both sides parse raw updates, use asynchronous filters, and run on a frozen
heap; several people talk at once, as they do.
"""

import asyncio
import gc
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiogram import Bot, Dispatcher, Router
from aiogram.client.session.base import BaseSession
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.methods import TelegramMethod
from aiogram.types import Chat, Message, Update
from sqlalchemy import insert

from bot.app import Application, open_application
from bot.clock import SystemClock
from bot.settings import Settings
from storage.engine import Database
from storage.files import FileStore
from storage.migrate import migrate
from storage.tables.records import inquiry
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import factories

PEOPLE = 32
ROUNDS = 5
QUESTIONS = (
    "委托票一个人能带几张",
    "选民名单要提前几天贴出来",
    "村委会一届几年",
    "外出打工怎么投票",
    "罢免村主任要多少人签名",
    "没选够再选要多少票",
)
ANSWERS = ("有人挨家送烟，让大家投他", "李某", None, "前天晚上", "村口", "亲眼看到")


class Step(StatesGroup):
    one = State()
    two = State()


class NullSession(BaseSession):
    """Answers every send at once, so that only aiogram is measured."""

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109
        return Message(message_id=1, date=0, chat=Chat(id=1, type="private"), text="ok")  # type: ignore[arg-type]

    async def stream_content(self, *_: Any, **__: Any) -> Any:
        yield b""

    async def close(self) -> None:
        pass


def bare_dispatcher() -> tuple[Dispatcher, Bot]:
    dispatcher, router = Dispatcher(storage=MemoryStorage()), Router()

    @router.message(StateFilter(None, Step.one, Step.two))
    async def step(message: Message, state: FSMContext) -> None:
        await state.set_state(Step.two if await state.get_state() == Step.one.state else Step.one)
        await state.update_data(last=message.text)
        await message.answer("ok")

    dispatcher.include_router(router)
    return dispatcher, Bot("2:bare", session=NullSession())


_updates = itertools.count(1)


def raw_message(chat_id: int, text: str) -> dict[str, Any]:
    number = next(_updates)
    person = {"id": chat_id, "is_bot": False, "first_name": "访客"}
    chat = {"id": chat_id, "type": "private"}
    message = {"message_id": number, "date": 1_773_000_000, "chat": chat, "from": person, "text": text}
    return {"update_id": number, "message": message}


async def feed(dispatcher: Dispatcher, bot: Bot, raw: dict[str, Any]) -> None:
    await dispatcher.feed_update(bot, Update.model_validate(raw, context={"bot": bot}))


async def rate(act: Callable[[int], Awaitable[None]], count: int, *, people: int = PEOPLE) -> float:
    """Acts a second, by so many people at once, each acting in turn."""

    async def person(number: int) -> None:
        for _ in range(count // people):
            await act(number)

    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    await asyncio.gather(*(person(number) for number in range(people)))
    return count // people * people / (time.perf_counter() - started)


@asynccontextmanager
async def deployment() -> AsyncIterator[Application]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        await migrate(url)
        keys = KeyRing(bytes(32))
        storage = Storage(Database(url), keys, FileStore(Path(folder) / "files", keys), SystemClock())
        async with storage.unit_of_work() as uow:
            await factories.add_county(uow)
            await factories.add_custodian(uow)
            await uow.commit()
        settings = Settings(database_url=url, _env_file=None)  # type: ignore[call-arg]
        async with open_application(settings, storage, access=factories.quick_access()) as application:
            yield application
        await storage.close()


async def questions(count: int = 1_280) -> dict[str, float]:
    bare, bare_bot = bare_dispatcher()
    ratios, ours, theirs = [], [], []
    async with deployment() as application:
        web = next(bot for bot in (application.web._bot,))
        asked = itertools.cycle(QUESTIONS)

        async def ask(number: int) -> None:
            await feed(application.dispatcher, web, raw_message(1_000 + number, next(asked)))

        async def step(number: int) -> None:
            await feed(bare, bare_bot, raw_message(1_000 + number, "ok"))

        await rate(ask, PEOPLE * 2)  # everybody is known by now
        await rate(step, PEOPLE * 2)
        for _ in range(ROUNDS):
            ours.append(await rate(ask, count))
            theirs.append(await rate(step, count))
            ratios.append(ours[-1] / theirs[-1])
    return {
        "questions_per_second": round(statistics.median(ours), 1),
        "bare_aiogram_steps_per_second": round(statistics.median(theirs), 1),
        "questions_to_bare_aiogram": round(statistics.median(ratios), 3),
    }


async def tip_steps(count: int = 768) -> dict[str, float]:
    ratios, ours, theirs = [], [], []
    async with deployment() as application:
        storage, web = application.storage, application.web._bot
        async with storage.unit_of_work() as uow:
            village = (await uow.places.all_of("village"))[0].name
            person = await factories.add_person(uow)
            await uow.commit()
        chats = itertools.count(10_000)
        steps: dict[int, tuple[int, int]] = {}

        async def answer(number: int) -> None:
            """The next prompt of this person's report; after the last one somebody else sits down there."""
            chat_id, at = steps.get(number) or (next(chats), 0)
            words = "我要反映" if at == 0 else (ANSWERS[at - 1] or village)
            steps[number] = (chat_id, at + 1) if at < len(ANSWERS) else (next(chats), 0)
            await feed(application.dispatcher, web, raw_message(chat_id, words))

        async def bare(_: int) -> None:
            async with storage.database.writing() as connection:
                await connection.execute(
                    insert(inquiry).values(
                        id=storage.ids.next(),
                        person_id=person.id,
                        question_sealed=b"x" * 300,
                        score=0.5,
                        state="answered",
                        asked_at=storage.clock.now(),
                    )
                )
                await connection.commit()

        await rate(answer, PEOPLE * 2)
        await rate(bare, PEOPLE * 2)
        for _ in range(ROUNDS):
            ours.append(await rate(answer, count))
            theirs.append(await rate(bare, count))
            ratios.append(ours[-1] / theirs[-1])
    return {
        "tip_steps_per_second": round(statistics.median(ours), 1),
        "bare_inserts_per_second": round(statistics.median(theirs), 1),
        "tip_steps_to_bare_insert": round(statistics.median(ratios), 3),
    }
