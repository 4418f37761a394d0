"""N3: people are counted, never reports; within the window; and no report is felt in one that hides from its reader."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.access import covers
from knowledge.casework.mass_reaction import Voice, count_people, crowds

DAY = date(2026, 3, 1)
COUNTY, TOWN, UP = "cn/test", "cn/test/east", "cn"


def voice(number: int, *, person: str = "", day: int = 0, **more) -> Voice:
    given = {"matters": frozenset({"vote_buying"}), "unit_path": COUNTY, "recused": frozenset(), "mark": "m", **more}
    return Voice(case_id=number, on=DAY + timedelta(days=day), person=person or f"p{number}", **given)


def test_four_people_are_no_crowd_and_the_fifth_makes_one_of_all_five() -> None:
    four = [voice(number) for number in range(4)]
    assert crowds(four, people=5, days=30) == {}
    found = crowds([*four, voice(4)], people=5, days=30)
    assert set(found) == {0, 1, 2, 3, 4}
    assert {crowd.people for crowd in found.values()} == {5}


def test_one_person_with_fifty_reports_is_one_person() -> None:
    assert crowds([voice(number, person="same") for number in range(50)], people=2, days=30) == {}


@pytest.mark.parametrize(("last", "is_crowd"), [(29, True), (30, True), (31, False)])
def test_the_window_is_thirty_days_and_ends_with_the_newest(last: int, is_crowd: bool) -> None:
    assert bool(crowds([voice(0), voice(1, day=last)], people=2, days=30)) == is_crowd


def test_a_window_may_end_with_any_report_because_names_are_checked_late() -> None:
    wave = [voice(number, day=number) for number in range(5)]
    late = voice(9, day=60)
    found = crowds([late, *wave], people=5, days=30)
    assert set(found) == {0, 1, 2, 3, 4}


def test_everybody_who_comes_later_while_it_lasts_belongs_to_it() -> None:
    found = crowds([voice(number, day=number * 6) for number in range(8)], people=5, days=30)
    assert set(found) == set(range(8))
    assert found[7].members[0].case_id == 2


def test_different_matters_do_not_add_up_and_a_shared_one_does() -> None:
    land = frozenset({"land"})
    apart = [voice(0), voice(1), voice(2, matters=land), voice(3, matters=land)]
    assert crowds(apart, people=3, days=30) == {}
    both = frozenset({"land", "vote_buying"})
    found = crowds([*apart, voice(4, matters=both)], people=3, days=30)
    assert {case_id: crowd.matter for case_id, crowd in found.items()} == {
        0: "vote_buying",
        1: "vote_buying",
        2: "land",
        3: "land",
        4: "land",
    }


def test_a_report_somebody_stands_back_from_counts_others_but_is_not_counted_by_them() -> None:
    four = [voice(number) for number in range(4)]
    found = crowds([*four, voice(4, recused=frozenset({7}))], people=5, days=30)
    assert set(found) == {4}


def test_a_report_of_the_level_above_counts_those_below_but_is_not_counted_by_them() -> None:
    four = [voice(number, unit_path=TOWN) for number in range(4)]
    found = crowds([*four, voice(4, unit_path=COUNTY)], people=5, days=30)
    assert set(found) == {4}


def test_people_recognised_with_two_secrets_may_be_the_same_people() -> None:
    assert count_people([voice(0), voice(1), voice(2, mark="n"), voice(3, mark="n"), voice(4, mark="n")]) == 3
    assert count_people([voice(0), voice(1, mark=""), voice(2, mark=""), voice(3, mark="", person="p1")]) == 2 + 1


voices = st.lists(
    st.builds(
        Voice,
        case_id=st.integers(0, 10_000),
        on=st.dates(DAY, DAY + timedelta(days=50)),
        matters=st.frozensets(st.sampled_from(["vote_buying", "land"]), max_size=2),
        unit_path=st.sampled_from([COUNTY, TOWN, UP]),
        recused=st.frozensets(st.sampled_from([7, 8]), max_size=2),
        person=st.sampled_from("abcdef"),
        mark=st.sampled_from(["m", "m", "n", ""]),
    ),
    unique_by=lambda one: one.case_id,
    max_size=25,
)


@given(voices, st.sampled_from([7, 8, 9]), st.sampled_from([COUNTY, TOWN, UP]), st.integers(2, 4))
def test_what_an_official_may_not_know_of_changes_nothing_they_may(some, official, place, people) -> None:
    """N4: the crowds of the reports an official sees are the same with and without those the official does not see."""

    def is_seen(one: Voice) -> bool:
        return covers(place, one.unit_path) and official not in one.recused

    seen = [one for one in some if is_seen(one)]
    with_all = crowds(some, people=people, days=30)
    assert {one.case_id: with_all[one.case_id] for one in seen if one.case_id in with_all} == crowds(
        seen, people=people, days=30
    )


@given(voices, st.integers(2, 4))
def test_a_crowd_holds_its_own_report_enough_people_and_no_longer_time_than_the_window(some, people) -> None:
    by_id = {one.case_id: one for one in some}
    for case_id, crowd in crowds(some, people=people, days=30).items():
        assert by_id[case_id] in crowd.members
        assert crowd.people == count_people(crowd.members) >= people
        assert crowd.members[-1].on - crowd.members[0].on <= timedelta(days=30)
        assert all(crowd.matter in one.matters for one in crowd.members)


@given(voices, st.randoms())
def test_the_order_of_the_reports_does_not_matter(some, random) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert crowds(some, people=3, days=30) == crowds(shuffled, people=3, days=30)
