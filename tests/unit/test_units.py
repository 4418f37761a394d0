"""Which unit answers for a case, which may be given it, and who keeps its files."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.access import Role, covers
from knowledge.casework.recusal import Seat, eligible, may_take, route
from knowledge.casework.transfers import Passage, keeper, levels

LEVELS = ("cn/a/b/c", "cn/a/b", "cn/a", "cn")
ELSEWHERE = "cn/a/x"


def seat(number: int, path: str, role: Role = Role.DISCIPLINE_OFFICIAL, *, head: bool = False) -> Seat:
    return Seat(number, role, path, head, (f"官{number}",))


#: A head and somebody else at each level, and at a unit beside: 1 and 2 at the nearest, 3 and 4 above, ...
SEATS = [seat(2 * n + 1, path, head=True) for n, path in enumerate((*LEVELS, ELSEWHERE))]
SEATS += [seat(2 * n + 2, path) for n, path in enumerate((*LEVELS, ELSEWHERE))]


@pytest.mark.parametrize(
    ("recused", "level"),
    [
        (set(), "cn/a/b/c"),
        ({2}, "cn/a/b/c"),
        ({1}, "cn/a/b"),  # its head
        ({1, 2}, "cn/a/b"),
        ({3}, "cn/a"),  # the head above: its people below are passed over as well
        ({5}, "cn"),
        ({1, 5}, "cn"),
        ({7}, None),
        ({2, 4, 6, 8}, "cn/a/b/c"),  # the heads are left
    ],
)
def test_a_report_goes_to_the_nearest_level_that_is_nobodys_it_names(recused, level):
    assert route(SEATS, frozenset(recused), "cn/a/b/c") == level


def test_a_level_with_nobody_who_handles_cases_is_passed_over():
    seats = [seat(1, "cn/a/b/c", Role.VILLAGE_CLERK), seat(2, "cn/a/b", Role.SUPERIOR), seat(3, "cn/a")]
    assert route(seats, frozenset(), "cn/a/b/c") == "cn/a"
    assert route(seats, frozenset({3}), "cn/a/b/c") is None


@given(st.frozensets(st.integers(1, 8)))
def test_wherever_a_report_goes_somebody_is_left_and_no_head_below_or_there_is_named(recused):
    level = route(SEATS, recused, "cn/a/b/c")
    if level is None:
        return
    assert eligible(SEATS, recused, level)
    heads = {one.place_path for one in SEATS if one.is_head and one.official_id in recused}
    assert not any(covers(path, level) for path in heads)


@pytest.mark.parametrize(
    ("recused", "to", "came_from", "may"),
    [
        (set(), ELSEWHERE, "cn/a/b", True),
        ({10}, ELSEWHERE, "cn/a/b", True),  # one of two
        ({9}, ELSEWHERE, "cn/a/b", False),  # its head
        ({9, 10}, ELSEWHERE, "cn/a/b", False),
        ({5}, ELSEWHERE, "cn/a/b", True),  # who is above both sees it anyway
        ({5}, ELSEWHERE, "cn", False),  # the county would come to see what its head is named in
        ({5}, "cn/a/b", "cn", False),
        ({5}, "cn/a", "cn/a/b", False),
        ({3}, "cn/a", "cn/a/b", True),
        (set(), "cn/b", "cn/a", False),  # nobody there
    ],
)
def test_a_unit_takes_a_case_only_with_somebody_left_and_no_named_head_who_would_come_to_see_it(
    recused, to, came_from, may
):
    seats = [one for one in SEATS if one.place_path in levels(to)]
    assert may_take(seats, frozenset(recused), to, from_path=came_from) is may


NOW = datetime(2026, 3, 11, tzinfo=UTC)


def passages(*ways: tuple[str, str, bool]) -> list[Passage]:
    return [Passage(a, b, NOW + timedelta(days=n + 1), released=out) for n, (a, b, out) in enumerate(ways)]


@pytest.mark.parametrize(
    ("ways", "kept_by"),
    [
        ([], None),
        ([("a", "b", False)], "a"),
        ([("a", "b", True)], "b"),
        ([("a", "b", True), ("b", "c", True)], "c"),
        ([("a", "b", True), ("b", "c", False)], "b"),
        ([("a", "b", False), ("b", "c", True)], "a"),  # what b never had it cannot let go
        ([("a/1", "b", False), ("a", "c", True)], "c"),  # whoever is above what keeps it can
    ],
)
def test_a_file_follows_a_case_as_far_as_it_was_let_go(ways, kept_by):
    assert keeper(NOW, passages(*ways)) == kept_by


def test_a_file_that_came_after_a_transfer_is_where_the_case_is():
    assert keeper(NOW + timedelta(days=2), passages(("a", "b", False))) is None
