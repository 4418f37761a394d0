"""How many custodians open a name together (N10, P8): content, with the default of the issue."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.custody import CustodyPolicy, Rule, load_custody
from knowledge.errors import ContentError

PLACE = 'version: "t"\ndefault: [{keepers: 1, needed: 1}]\nplaces:\n'


@pytest.mark.parametrize(("keepers", "needed"), [(1, 1), (2, 1), (3, 2), (4, 2), (9, 2)])
def test_one_of_two_and_two_of_three_unless_a_place_says_otherwise(keepers: int, needed: int) -> None:
    assert load_custody().needed(keepers, "cn/anywhere") == needed


def test_the_nearest_place_that_decides_otherwise_counts() -> None:
    policy = CustodyPolicy(
        "t",
        (Rule(1, 1), Rule(3, 2)),
        (("cn/county", (Rule(1, 1), Rule(2, 2))), ("cn/county/town", (Rule(3, 3),))),
    )
    asked = ("cn/other", "cn/county", "cn/county/town/village", "cn/countyside")
    assert [policy.needed(3, path) for path in asked] == [2, 2, 3, 2]
    assert [policy.needed(2, path) for path in asked] == [1, 2, 1, 1]


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=4))
def test_a_name_never_needs_more_than_keep_it_and_never_nobody(keepers: int, rules: list[tuple[int, int]]) -> None:
    policy = CustodyPolicy("t", tuple(Rule(least, needed) for least, needed in rules))
    assert 1 <= policy.needed(keepers, "cn") <= keepers


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('version: "t"\ndefault: []\nplaces: []\n', "empty"),
        ('version: "t"\ndefault: [{keepers: 2, needed: 3}]\nplaces: []\n', "opened"),
        ('version: "t"\ndefault: [{keepers: 1, needed: 0}]\nplaces: []\n', "opened"),
        ('version: "t"\ndefault: [{keepers: 1, needed: 1, note: x}]\nplaces: []\n', "unknown"),
        (PLACE + "  - {path: cn/x}\n", "empty"),
        ("default: [{keepers: 1, needed: 1}]\n", "version"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "custody.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ContentError) as error:
        load_custody(tmp_path)
    assert said in str(error.value)
