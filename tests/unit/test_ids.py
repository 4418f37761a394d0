"""Ids grow whatever the clock does, and survive JavaScript; codes can be read aloud."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.ids import READABLE, TimeOrderedIds, readable_code
from tests.fakes import FakeClock

START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


@given(st.lists(st.integers(-86_400_000, 86_400_000), min_size=1, max_size=60))
def test_ids_grow_strictly_though_the_clock_jumps_either_way(steps: list[int]) -> None:
    clock = FakeClock(START)
    ids = TimeOrderedIds(clock)
    given_out = [ids.next()]
    for milliseconds in steps:
        clock.advance(timedelta(milliseconds=milliseconds))
        given_out.append(ids.next())
    assert all(earlier < later for earlier, later in pairwise(given_out))


def test_ten_thousand_ids_in_one_instant_are_all_different_and_in_order() -> None:
    ids = TimeOrderedIds(FakeClock(START))
    given_out = [ids.next() for _ in range(10_000)]
    assert given_out == sorted(set(given_out))


@given(st.datetimes(datetime(2025, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis
def test_an_id_is_a_whole_number_to_javascript(instant: datetime) -> None:
    assert 0 < TimeOrderedIds(FakeClock(instant)).next() < 2**53


def test_a_later_process_hands_out_greater_ids() -> None:
    earlier = TimeOrderedIds(FakeClock(START)).next()
    assert TimeOrderedIds(FakeClock(START + timedelta(milliseconds=1))).next() > earlier


@pytest.mark.parametrize("confusable", "01OILU")
def test_no_code_holds_a_sign_that_is_taken_for_another(confusable: str) -> None:
    assert confusable not in READABLE


def test_a_code_has_its_prefix_and_groups_of_readable_signs() -> None:
    pattern = re.compile(f"QF-[{READABLE}]{{4}}-[{READABLE}]{{4}}")
    codes = [readable_code("QF") for _ in range(500)]
    assert all(pattern.fullmatch(code) for code in codes)
    assert len(set(codes)) == 500
    assert {sign for code in codes for sign in code[3:].replace("-", "")} == set(READABLE)


def test_a_code_takes_its_shape_from_its_arguments() -> None:
    assert re.fullmatch(f"E-[{READABLE}]{{6}}", readable_code("E", groups=1, length=6))
