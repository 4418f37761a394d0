"""Whether a name is true, one contact in one spelling, and who a name is kept for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.names import (
    ATTEMPTS,
    PEOPLE,
    Attempt,
    AttemptOutcome,
    NameState,
    attempts_left,
    holders,
    name_state_after,
    normal_contact,
)

FAILED = [outcome for outcome in AttemptOutcome if outcome is not AttemptOutcome.CONFIRMED]
FULL_WIDTH = {ord(one): ord(one) + 0xFEE0 for one in "0123456789LI"}
attempts = st.lists(st.builds(Attempt, st.integers(1, 4), st.sampled_from(FAILED)), max_size=6)


@given(attempts)
def test_a_name_counts_as_not_to_be_checked_after_three_attempts_by_two_people_and_not_before(tried) -> None:
    enough = len(tried) >= ATTEMPTS and len({one.official_id for one in tried}) >= PEOPLE
    assert (name_state_after(NameState.CLAIMED, tried) is NameState.UNVERIFIABLE) == enough
    assert (attempts_left(tried) == (0, 0)) == enough


@given(attempts, st.integers(0, 6))
def test_one_confirmation_is_enough_whenever_it_comes(tried, place) -> None:
    told = [*tried[:place], Attempt(9, AttemptOutcome.CONFIRMED), *tried[place:]]
    for state in (NameState.CLAIMED, NameState.UNVERIFIABLE):
        assert name_state_after(state, told) is NameState.VERIFIED


@given(attempts)
def test_a_verified_name_stays_so_and_a_report_without_one_gets_none(tried) -> None:
    assert name_state_after(NameState.VERIFIED, tried) is NameState.VERIFIED
    assert name_state_after(NameState.NONE, tried) is NameState.NONE


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "13800138000".translate(FULL_WIDTH),
        "+86 13800138000",
        "8613800138000",
        "0086-138-0013-8000",
        "微信：13800138000",
        "张三 13800138000（晚上打）",
        "qq13800138000",
    ],
)
def test_a_mobile_number_is_the_same_person_however_it_is_typed(typed: str) -> None:
    assert normal_contact(typed) == "13800138000"


@pytest.mark.parametrize("typed", ["0571-87654321", "(0571)87654321", "0571 8765 4321"])
def test_a_landline_is_the_same_however_it_is_typed(typed: str) -> None:
    assert normal_contact(typed) == "057187654321"


@pytest.mark.parametrize(
    "typed", ["微信 Li_Si88", "微信号：li_si88", "vx:li_si88", "我的微信是li_si88", "LI_si88".translate(FULL_WIDTH)]
)
def test_another_contact_is_the_same_however_it_is_labelled(typed: str) -> None:
    assert normal_contact(typed) == "li_si88"


@pytest.mark.parametrize("other", ["13800138001", "1380013800", "138001380001", "li_si88"])
def test_another_number_is_another_person(other: str) -> None:
    assert normal_contact(other) != "13800138000"


@given(st.text(min_size=1, max_size=60))
def test_no_text_is_refused_and_something_is_left_of_it(typed: str) -> None:
    assert bool(normal_contact(typed)) == bool("".join(typed.split()))


COUNTY, TOWN, UP = "cn/test", "cn/test/east", "cn"


def test_a_name_is_kept_for_custodians_of_the_unit_and_above_who_do_not_stand_back() -> None:
    places = {1: COUNTY, 2: TOWN, 3: UP, 4: COUNTY, 5: "cn/other"}
    assert holders(places, {4}, COUNTY) == {1, 3}
    assert holders(places, {4}, TOWN) == {1, 2, 3}


def test_where_no_custodian_fits_it_waits_for_those_who_at_least_are_not_named() -> None:
    assert holders({1: COUNTY, 4: COUNTY}, {4}, UP) == {1}
    assert holders({4: COUNTY}, {4}, COUNTY) == frozenset()
