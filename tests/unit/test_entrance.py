"""P12: under attack a new browser works or waits; a challenge is ours, fresh, used once; no address is kept."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.web.entrance import LIFE, MINUTE, WAIT, Challenge, Entrance, Limits, solves


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def entrance(clock: Clock, **limits: int) -> Entrance:
    return Entrance(b"k" * 16, clock, Limits(**{"overall": 3, "per_address": 2, "bits": 6, "waiting": 2, **limits}))


def solution(asked: Challenge) -> int:
    return next(n for n in range(1 << 20) if solves(asked.token, str(n), asked.bits))


def brought(asked: Challenge, answer: object = None) -> dict[str, object]:
    return {"challenge": asked.token, "solution": answer}


def test_as_many_as_people_come_in_freely_and_again_a_minute_later() -> None:
    clock = Clock()
    door = entrance(clock)
    assert [door.may_enter(f"10.0.0.{n}") for n in range(5)] == [True, True, True, False, False]
    clock.seconds += MINUTE
    assert door.may_enter("10.0.0.9")


def test_one_address_is_asked_while_others_are_not() -> None:
    door = entrance(Clock(), overall=100)
    assert [door.may_enter("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert door.may_enter("10.0.0.2")


def test_work_opens_once_and_only_once() -> None:
    door = entrance(Clock(), overall=0)
    asked = door.challenge()
    answer = brought(asked, solution(asked))
    assert not door.may_enter("x")
    assert door.may_enter("x", answer)
    assert not door.may_enter("x", answer)
    another = door.challenge()
    assert door.may_enter("x", brought(another, str(solution(another))))


def test_patience_opens_without_work_and_only_so_many_a_minute() -> None:
    clock = Clock()
    door = entrance(clock, overall=0)
    asked = [door.challenge() for _ in range(4)]
    assert not door.may_enter("x", brought(asked[0]))
    clock.seconds += WAIT
    assert [door.may_enter("x", brought(one)) for one in asked] == [True, True, False, False]
    clock.seconds += MINUTE
    assert door.may_enter("x", brought(asked[2]))  # it was not spent in vain


def test_an_old_challenge_a_strangers_and_a_changed_one_open_nothing() -> None:
    clock = Clock()
    door = entrance(clock, overall=0)
    old = door.challenge()
    answer = brought(old, solution(old))
    clock.seconds += LIFE + 1
    assert not door.may_enter("x", answer)
    other = Entrance(b"o" * 16, clock, Limits(bits=1)).challenge()
    assert not door.may_enter("x", brought(other, solution(other)))
    mine = door.challenge()
    easier = mine.token[:30] + ("A" if mine.token[30] != "A" else "B") + mine.token[31:]
    assert not door.may_enter("x", {"challenge": easier, "solution": 0})


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["challenge", "solution", "x"]), inner),
    max_leaves=6,
)


@given(junk)
def test_whatever_is_brought_opens_nothing_and_breaks_nothing(answer: object) -> None:
    assert not entrance(Clock(), overall=0).may_enter("x", answer)


def test_no_address_is_kept_only_a_hash_that_dies_with_the_process_and_goes_after_a_minute() -> None:
    clock = Clock()
    door, other = entrance(clock, overall=50), entrance(clock, overall=50)
    for n in range(500):
        door.may_enter(f"10.1.{n // 250}.{n % 250}")
        clock.seconds += 2
    other.may_enter("10.1.0.0")
    assert all(len(one) == 16 for one in door._from)
    assert len(door._from) <= 2 * 50 + 1
    assert not set(other._from) & {hashlib.blake2b(b"10.1.0.0", digest_size=16).digest()}
    assert "10.1." not in repr(door)


@pytest.mark.parametrize("bits", [1, 8, 12])
def test_the_work_is_what_the_bits_say(bits: int) -> None:
    asked = entrance(Clock(), bits=bits).challenge()
    found = solution(asked)
    digest = hashlib.sha256(f"{asked.token}:{found}".encode()).digest()
    assert f"{int.from_bytes(digest, 'big'):0256b}"[:bits] == "0" * bits
    assert asked.bits == bits
