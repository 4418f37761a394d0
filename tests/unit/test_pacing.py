"""Pacing on a loop whose clock jumps from timer to timer, against Telegram's windows: exact, no waiting."""

import asyncio
import itertools
import random
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    GetUpdates,
    SendChatAction,
    SendDocument,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import BufferedInputFile

from bot.channels.pace import Pace
from bot.channels.pacing import Pacing, sending
from tests.bot_api import Limits
from tests.bot_api.limits import FloodGate

BOT = Bot("1:test")


class _JumpingSelector(selectors.DefaultSelector):
    """Never sleeps: the time that would have been slept is added to the clock."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run on a loop with a clock of its own."""

    def jumping_loop() -> asyncio.AbstractEventLoop:
        selector = _JumpingSelector()
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: selector.now  # type: ignore[method-assign]
        return loop

    with asyncio.Runner(loop_factory=jumping_loop) as runner:
        runner.run(main())


class Telegram:
    """The far end as the middleware sees it: strict windows, travel time, and failures on order."""

    def __init__(self, *failures: Exception, travel: Callable[[], float] = lambda: 0.0, enforced: bool = True) -> None:
        self.failures = deque(failures)
        self.travel = travel
        self.limits = Limits(enforced=enforced)
        self.gate = FloodGate()
        self.arrived: list[tuple[float, int, str]] = []
        self.attempts = 0
        self.refused = 0

    async def request(self, _bot: Bot, method: TelegramMethod[Any]) -> Any:
        self.attempts += 1
        await asyncio.sleep(self.travel())
        if self.failures:
            raise self.failures.popleft()
        now, chat_id = asyncio.get_running_loop().time(), getattr(method, "chat_id", 0)
        edit = isinstance(method, EditMessageText)
        if wait := self.gate.admit(chat_id, now=now, limits=self.limits, edit=edit):
            self.refused += 1
            raise TelegramRetryAfter(method, "too fast", wait)
        self.arrived.append((now, chat_id, getattr(method, "text", "")))
        await asyncio.sleep(self.travel())
        return "done"

    @property
    def seconds(self) -> float:
        return self.arrived[-1][0] - self.arrived[0][0]


def message(chat_id: int, text: str = "好") -> SendMessage:
    return SendMessage(chat_id=chat_id, text=text)


def jitter(seed: int, most: float) -> Callable[[], float]:
    source = random.Random(seed)  # noqa: S311 - travel times, no secrets
    return lambda: 0.02 + source.uniform(0, most)


@pytest.mark.parametrize("seed", range(5))
def test_nine_hundred_chats_are_written_to_at_nearly_full_pace_without_a_refusal(seed):
    async def main() -> None:
        telegram, pacing = Telegram(travel=jitter(seed, 0.01)), Pacing()
        await asyncio.gather(*(pacing(telegram.request, BOT, message(chat)) for chat in range(1, 901)))
        assert (len(telegram.arrived), telegram.refused) == (900, 0)
        assert 900 / telegram.seconds >= 0.97 * 30

    run(main)


@pytest.mark.parametrize("seed", range(5))
def test_a_network_that_holds_messages_up_costs_pace_but_no_refusal(seed):
    async def main() -> None:
        telegram, pacing = Telegram(travel=jitter(seed, 0.12)), Pacing()
        await asyncio.gather(*(pacing(telegram.request, BOT, message(chat)) for chat in range(1, 601)))
        assert (len(telegram.arrived), telegram.refused) == (600, 0)
        assert 600 / telegram.seconds >= 0.8 * 30

    run(main)


def test_three_messages_to_each_of_many_chats_keep_their_order_and_their_second():
    async def main() -> None:
        telegram, pacing = Telegram(travel=jitter(1, 0.05)), Pacing()
        sends = [message(chat, text) for text in "甲乙丙" for chat in range(1, 51)]
        await asyncio.gather(*(pacing(telegram.request, BOT, send) for send in sends))
        assert telegram.refused == 0
        for chat in range(1, 51):
            assert [text for _, to, text in telegram.arrived if to == chat] == ["甲", "乙", "丙"]

    run(main)


def test_a_group_gets_twenty_a_minute_and_waits_for_nobody_else():
    async def main() -> None:
        telegram, pacing = Telegram(), Pacing()
        group = [pacing(telegram.request, BOT, message(-7)) for _ in range(45)]
        people = [pacing(telegram.request, BOT, message(chat)) for chat in range(1, 31)]
        await asyncio.gather(*group, *people)
        assert telegram.refused == 0
        assert max(at for at, chat, _ in telegram.arrived if chat > 0) - telegram.arrived[0][0] < 1.2
        assert 120 < telegram.seconds < 128

    run(main)


def test_a_reply_overtakes_a_broadcast_however_long_it_is():
    async def main() -> None:
        telegram, pacing = Telegram(), Pacing()
        loop = asyncio.get_running_loop()
        with sending(bulk=True):
            bulk = [asyncio.create_task(pacing(telegram.request, BOT, message(chat))) for chat in range(1, 501)]
        await asyncio.sleep(1)
        asked = loop.time()
        await pacing(telegram.request, BOT, message(9_999))
        assert loop.time() - asked <= Pace().spacing
        await asyncio.gather(*bulk)
        assert telegram.refused == 0

    run(main)


def test_a_stalled_loop_is_not_followed_by_a_burst():
    async def main() -> None:
        telegram, pacing = Telegram(), Pacing()
        tasks = [asyncio.create_task(pacing(telegram.request, BOT, message(chat))) for chat in range(1, 11)]
        await asyncio.sleep(0.05)
        asyncio.get_running_loop()._selector.now += 3.0  # type: ignore[attr-defined]  # as a long computation would
        await asyncio.gather(*tasks)
        times = [at for at, _, _ in telegram.arrived]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert min(gaps) > 0.9 * Pace().spacing - 1e-6

    run(main)


def test_after_a_429_nobody_sends_until_the_wait_is_over_and_nothing_is_lost():
    async def main() -> None:
        telegram, pacing = Telegram(TelegramRetryAfter(message(1), "slow down", 7)), Pacing()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(pacing(telegram.request, BOT, message(chat)) for chat in range(1, 40)))
        assert sorted(chat for _, chat, _ in telegram.arrived) == list(range(1, 40))
        assert telegram.arrived[0][0] - began >= 7
        assert telegram.attempts == 40

    run(main)


def test_a_refused_message_keeps_its_place_before_the_next_one_in_the_chat():
    async def main() -> None:
        telegram, pacing = Telegram(TelegramRetryAfter(message(1), "slow down", 2)), Pacing()
        await asyncio.gather(*(pacing(telegram.request, BOT, message(1, text)) for text in "甲乙丙"))
        assert [text for _, _, text in telegram.arrived] == ["甲", "乙", "丙"]

    run(main)


def test_a_halt_too_long_to_wait_for_is_handed_to_every_caller():
    async def main() -> None:
        telegram, pacing = Telegram(TelegramRetryAfter(message(1), "slow down", 3_600)), Pacing()
        for chat in (1, 2):
            with pytest.raises(TelegramRetryAfter) as refused:
                await pacing(telegram.request, BOT, message(chat))
            assert 3_600 <= refused.value.retry_after <= 3_601
        assert telegram.attempts == 1
        await asyncio.sleep(3_601)
        await pacing(telegram.request, BOT, message(2))
        assert len(telegram.arrived) == 1

    run(main)


def test_a_server_error_is_tried_again_with_growing_waits_and_then_given_up():
    async def main() -> None:
        mends = Telegram(*[TelegramServerError(message(1), "bad gateway")] * 3)
        assert await Pacing()(mends.request, BOT, message(1)) == "done"
        assert mends.attempts == 4
        broken = Telegram(*[TelegramServerError(message(1), "bad gateway")] * 9)
        with pytest.raises(TelegramServerError):
            await Pacing()(broken.request, BOT, message(1))
        assert broken.attempts == 4

    run(main)


def network_error(cause: Exception | None = None) -> TelegramNetworkError:
    error = TelegramNetworkError(message(1), "timeout")
    error.__cause__ = cause
    return error


def test_a_send_of_unknown_fate_is_repeated_only_where_twice_does_no_harm():
    async def main() -> None:
        telegram = Telegram(network_error(TimeoutError()), network_error(TimeoutError()))
        with pytest.raises(TelegramNetworkError):
            await Pacing()(telegram.request, BOT, message(1))
        assert telegram.attempts == 1
        with sending(repeatable=True):
            assert await Pacing()(telegram.request, BOT, message(1)) == "done"
        assert telegram.attempts == 3

    run(main)


def test_a_send_that_never_left_is_repeated_and_one_that_is_too_large_never():
    async def main() -> None:
        refused = aiohttp.ClientConnectorError(None, OSError("refused"))  # type: ignore[arg-type]
        away = Telegram(network_error(refused), network_error(refused))
        assert await Pacing()(away.request, BOT, message(1)) == "done"
        assert away.attempts == 3
        large = Telegram(TelegramEntityTooLarge(message(1), "too large"))
        with sending(repeatable=True), pytest.raises(TelegramEntityTooLarge):
            await Pacing()(large.request, BOT, message(1))
        assert large.attempts == 1

    run(main)


def test_a_mistake_in_the_message_is_not_repeated_and_frees_the_chat():
    async def main() -> None:
        telegram, pacing = Telegram(TelegramBadRequest(message(1), "message text is empty")), Pacing()
        with pytest.raises(TelegramBadRequest):
            await pacing(telegram.request, BOT, message(1))
        await pacing(telegram.request, BOT, message(1))
        assert (telegram.attempts, len(telegram.arrived)) == (2, 1)

    run(main)


def test_what_is_no_message_passes_at_once_even_during_a_halt():
    async def main() -> None:
        telegram, pacing = Telegram(TelegramRetryAfter(message(1), "slow down", 60), enforced=False), Pacing()
        halted = asyncio.create_task(pacing(telegram.request, BOT, message(1)))
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        for method in (
            GetUpdates(),
            AnswerCallbackQuery(callback_query_id="1"),
            SendChatAction(chat_id=1, action="typing"),
        ):
            await pacing(telegram.request, BOT, method)
        assert asyncio.get_running_loop().time() == began
        await halted

    run(main)


def test_an_edit_in_a_private_chat_does_not_wait_for_the_chats_second_but_a_file_does():
    async def main() -> None:
        telegram, pacing = Telegram(), Pacing()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await pacing(telegram.request, BOT, message(1))
        await pacing(telegram.request, BOT, EditMessageText(chat_id=1, message_id=5, text="好"))
        assert loop.time() - began < 0.1
        await pacing(telegram.request, BOT, SendDocument(chat_id=1, document=BufferedInputFile(b"x", "x")))
        assert loop.time() - began > 1.0
        assert telegram.refused == 0

    run(main)


def test_a_sender_that_gives_up_holds_nobody_back():
    async def main() -> None:
        telegram, pacing = Telegram(), Pacing()
        tasks = [asyncio.create_task(pacing(telegram.request, BOT, message(1, str(n)))) for n in range(4)]
        others = [asyncio.create_task(pacing(telegram.request, BOT, message(chat))) for chat in range(2, 9)]
        await asyncio.sleep(0.01)
        for given_up in (tasks[1], tasks[2], *others[2:5]):
            given_up.cancel()
        await asyncio.gather(*tasks, *others, return_exceptions=True)
        assert [text for _, chat, text in telegram.arrived if chat == 1] == ["0", "3"]
        assert len(telegram.arrived) == 2 + 4

    run(main)


def test_chats_at_rest_are_forgotten():
    async def main() -> None:
        telegram, pacing = Telegram(enforced=False), Pacing(Pace(overall_seconds=0.03))
        for chat in range(1, 5_001):
            await pacing(telegram.request, BOT, message(chat if chat % 10 else -chat))
            await asyncio.sleep(0.1)
        assert len(pacing._lanes) < 1_000

    run(main)
