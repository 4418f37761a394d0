"""Who stands back from a report: named by any of their names, through a relative, through an interest; and who is left.

Where a report goes when somebody stands back is in test_units.py.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.access import Role
from knowledge.casework.recusal import Ground, Seat, eligible, grounds

COUNTY, TOWN, VILLAGE = "cn/test", "cn/test/east", "cn/test/east/willow"
CHEN = Seat(
    1,
    Role.DISCIPLINE_OFFICIAL,
    COUNTY,
    is_head=False,
    names=("陈国强", "老陈书记"),
    posts=("县纪委副书记",),
    relatives=("王小梅",),
    interests=("cn/test/east/bridge",),
)
names = st.text(alphabet="李王张刘陈杨赵黄周吴小国强明华", min_size=2, max_size=4)


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("陈国强收了村里的烟", Ground.NAMED),
        ("是陈 国 强带人来的", Ground.NAMED),
        ("找过陈\n国强", Ground.NAMED),
        ("老陈书记打过招呼", Ground.NAMED),
        ("县纪委副书记的亲戚", Ground.NAMED),
        ("钱是王小梅发的", Ground.RELATIVE),
        ("王小梅和陈国强一起来的", Ground.NAMED),  # the nearest ground
        ("陈家沟的水渠", None),
        ("国强超市门口", None),
        ("", None),
    ],
)
def test_a_name_a_post_or_a_relative_is_found_wherever_it_stands(text: str, ground: Ground | None) -> None:  # N4
    assert grounds([CHEN], text, VILLAGE).get(CHEN.official_id) is ground


@pytest.mark.parametrize(
    ("place", "stands_back"),
    [
        ("cn/test/east/bridge", True),
        ("cn/test/east/bridge/north", True),
        ("cn/test/east", False),
        ("cn/test/east/bridgehead", False),
        (VILLAGE, False),
    ],
)
def test_an_interest_in_a_place_reaches_what_lies_in_it_and_no_namesake(place: str, stands_back: bool) -> None:
    assert (grounds([CHEN], "有人送烟", place) == {1: Ground.INTEREST}) is stands_back


def test_a_name_of_one_character_recuses_nobody_and_a_blank_one_neither() -> None:
    seat = Seat(2, Role.DISCIPLINE_OFFICIAL, COUNTY, is_head=False, names=("李", " ", ""), relatives=("王",))
    assert grounds([seat], "李家和王家都在", VILLAGE) == {}


@given(names, st.text(max_size=30), st.text(max_size=30))
def test_whoever_is_named_stands_back_whatever_stands_around_the_name(name: str, before: str, after: str) -> None:
    seat = Seat(3, Role.DISCIPLINE_LEADER, COUNTY, is_head=True, names=(name,))
    assert grounds([seat], f"{before}{name}{after}", VILLAGE) == {3: Ground.NAMED}


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.text(alphabet="，。村里账目两年没公布", max_size=40))
def test_whoever_is_not_named_stays(found: list[str], text: str) -> None:
    seats = [Seat(at, Role.DISCIPLINE_OFFICIAL, COUNTY, is_head=False, names=(one,)) for at, one in enumerate(found)]
    assert grounds(seats, text, VILLAGE) == {}


def seat(number: int, role: Role, place: str, *, active: bool = True) -> Seat:
    return Seat(number, role, place, is_head=False, names=(f"官{number}号",), active=active)


SEATS = (
    seat(1, Role.DISCIPLINE_OFFICIAL, TOWN),
    seat(2, Role.DISCIPLINE_LEADER, COUNTY),
    seat(3, Role.SUPERIOR, "cn"),
    seat(4, Role.DISCIPLINE_OFFICIAL, "cn/test/west"),
    seat(5, Role.DISCIPLINE_OFFICIAL, VILLAGE),
    seat(6, Role.DISCIPLINE_OFFICIAL, TOWN, active=False),
    seat(7, Role.CUSTODIAN, COUNTY),
)


@pytest.mark.parametrize(
    ("unit", "recused", "left"),
    [
        (TOWN, set(), {1, 2}),
        (TOWN, {1}, {2}),
        (TOWN, {1, 2}, set()),
        (COUNTY, set(), {2}),
        (VILLAGE, set(), {1, 2, 5}),
        ("cn", set(), set()),
        ("cn/test/west", set(), {2, 4}),
    ],
)
def test_who_is_left_works_at_the_unit_or_above_handles_cases_and_does_not_stand_back(
    unit: str, recused: set[int], left: set[int]
) -> None:  # N5
    assert {one.official_id for one in eligible(SEATS, frozenset(recused), unit)} == left
