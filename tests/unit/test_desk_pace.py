"""P12: staff ask five times a second at most; whoever asks faster waits, and nobody is ever refused."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from handlers.desk.pace import AT_ONCE, FORGET_AT, LONGEST_WAIT, SECONDS_EACH, Pace


class Watch:
    """A clock that stands still until somebody waits, and what they waited."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def pace(self) -> Pace:
        return Pace(now=lambda: self.now, sleep=self.sleep)


def ask(pace: Pace, times: int, session: str = "a") -> None:
    async def all_of_them() -> None:
        for _ in range(times):
            await pace.wait(session)

    asyncio.run(all_of_them())


def test_five_at_once_wait_for_nothing_and_the_next_ones_wait_their_turn() -> None:
    watch = Watch()
    ask(watch.pace(), AT_ONCE + 3)
    assert [round(one, 6) for one in watch.waits] == [0.2, 0.4, 0.6]


def test_a_flood_waits_two_seconds_at_most_and_every_request_is_let_through() -> None:
    """Ten times the limit: none refused, none waits longer."""
    watch = Watch()
    ask(watch.pace(), 50)
    assert len(watch.waits) == 50 - AT_ONCE
    assert max(watch.waits) == LONGEST_WAIT


def test_a_flood_is_over_soon_after_it_ends() -> None:
    watch = Watch()
    pace = watch.pace()
    ask(pace, 500)
    watch.now += LONGEST_WAIT + AT_ONCE * SECONDS_EACH
    watch.waits.clear()
    ask(pace, AT_ONCE)
    assert watch.waits == []


def test_five_a_second_for_an_hour_wait_for_nothing() -> None:
    watch = Watch()
    pace = watch.pace()
    for _ in range(18_000):
        ask_once(pace)
        watch.now += SECONDS_EACH
    assert watch.waits == []


def ask_once(pace: Pace, session: str = "a") -> None:
    """Without a loop of its own: `wait` only suspends where it sleeps."""
    try:
        pace.wait(session).send(None)
    except StopIteration:
        return
    raise AssertionError("it waited for something else")


def test_sessions_do_not_wait_for_each_other_and_idle_ones_are_forgotten() -> None:
    watch = Watch()
    pace = watch.pace()
    for number in range(FORGET_AT + 10):
        ask_once(pace, str(number))
        watch.now += 1.0
    assert watch.waits == []
    assert len(pace._free_at) < FORGET_AT


@given(st.lists(st.floats(0, 1), max_size=60))
def test_no_rhythm_makes_anybody_wait_longer_than_two_seconds_or_less_than_their_turn(gaps: list[float]) -> None:
    watch = Watch()
    pace = watch.pace()
    for gap in gaps:
        watch.now += gap
        ask_once(pace)
    assert all(0 < one <= LONGEST_WAIT for one in watch.waits)
