"""Levels of places: what stands above what, and in which order a report climbs."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.access import covers
from knowledge.casework.transfers import is_above, levels

paths = st.lists(st.text(alphabet="ab1-", min_size=1, max_size=3), min_size=1, max_size=5).map(
    lambda parts: "/".join(["cn", *parts])
)


def test_levels_go_from_the_place_itself_to_the_root() -> None:
    assert levels("cn/demo/qinghe/xiangyang") == (
        "cn/demo/qinghe/xiangyang",
        "cn/demo/qinghe",
        "cn/demo",
        "cn",
    )
    assert levels("cn") == ("cn",)


@pytest.mark.parametrize(
    ("place", "of", "above"),
    [
        ("cn/demo", "cn/demo/qinghe", True),
        ("cn", "cn/demo/qinghe", True),
        ("cn/demo", "cn/demo", False),
        ("cn/demo/qinghe", "cn/demo", False),
        ("cn/demo", "cn/demo2/x", False),
        ("cn/demo/qinghe", "cn/demo/yunling", False),
    ],
)
def test_above_is_strict_and_no_namesake_is_above(place: str, of: str, above: bool) -> None:
    assert is_above(place, of) is above


@given(paths, paths)
def test_a_place_covers_exactly_itself_and_what_it_is_above(one: str, other: str) -> None:
    assert covers(one, other) == (one == other or is_above(one, other))
    assert not (is_above(one, other) and is_above(other, one))


@given(paths)
def test_every_level_but_the_first_is_above_the_place_and_each_above_the_one_before(path: str) -> None:
    ladder = levels(path)
    assert ladder[0] == path
    assert all(is_above(level, path) for level in ladder[1:])
    assert all(is_above(higher, lower) for lower, higher in itertools.pairwise(ladder))
