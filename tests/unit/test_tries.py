"""How long who guesses has to wait (P9, P11): five tries a minute, then 1, 2, 4, 8, 15 minutes; it eases off."""

from datetime import UTC, datetime, timedelta

from handlers.services.tries import LONGEST_WAIT, RELAXED_AFTER, TRIES, after_failure, level_now, wait_at
from storage.repositories.sign_ins import Strain

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def fails(times: int, *, every: timedelta = SECOND, start: datetime = NOW) -> Strain:
    strain: Strain | None = None
    for number in range(times):
        strain = after_failure(strain, start + number * every)
    assert strain is not None
    return strain


def test_four_failures_in_a_minute_cost_nothing_and_the_fifth_a_minute() -> None:
    assert fails(TRIES - 1).wait_until is None
    assert fails(TRIES).wait_until == NOW + (TRIES - 1) * SECOND + timedelta(minutes=1)


def test_failures_further_apart_than_a_minute_in_all_cost_nothing() -> None:
    assert fails(20, every=timedelta(seconds=16)).wait_until is None


def test_each_failure_after_a_wait_doubles_the_next_one_up_to_a_quarter_of_an_hour() -> None:
    strain, waits = fails(TRIES), []
    for _ in range(7):
        assert strain.wait_until is not None
        at = strain.wait_until
        strain = after_failure(strain, at)
        assert strain.wait_until is not None
        waits.append(strain.wait_until - at)
    assert waits == [timedelta(minutes=minutes) for minutes in (2, 4, 8, 15, 15, 15, 15)]
    assert wait_at(99) == LONGEST_WAIT


def test_a_wait_eases_off_with_every_quiet_quarter_of_an_hour_and_nothing_is_locked_for_good() -> None:
    strain = fails(TRIES)
    for _ in range(20):
        assert strain.wait_until is not None
        strain = after_failure(strain, strain.wait_until)
    over = strain.wait_until
    assert over is not None
    assert level_now(strain, over) == 5
    assert [level_now(strain, over + steps * RELAXED_AFTER) for steps in range(7)] == [5, 4, 3, 2, 1, 0, 0]
    fresh = after_failure(strain, over + 6 * RELAXED_AFTER)
    assert fresh.wait_until is None, "five tries again"


def test_a_guesser_gets_a_hundred_tries_a_day_at_most() -> None:
    strain, tries, at = None, 0, NOW
    while at < NOW + timedelta(days=1):
        strain = after_failure(strain, at)
        tries += 1
        at = strain.wait_until or at + SECOND
    assert tries <= 105
