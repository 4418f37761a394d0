"""Width, script, wrong characters, and that nothing breaks the normaliser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.search.normalize import LONGEST_QUESTION, clauses, normalize


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("罷免村主任", "罢免村主任"),
        ("選民登記、候選人", "选民登记、候选人"),
        ("１８６０人", "1860人"),
        ("1,860人", "1860人"),
        ("委托票　能带  几张？", "委托票能带几张?"),
        ("VOTE投票👍", "vote投票"),
        ("薴", "苎"),
        ("来了500，400赞成", "来了500、400赞成"),
        ("投投投投投投", "投"),
        ("100000人", "100000人"),
        ("", ""),
        ("👍🏽🎉", ""),
    ],
)
def test_people_s_spellings_become_one(typed: str, expected: str) -> None:
    assert normalize(typed) == expected


def test_common_wrong_characters_are_righted() -> None:
    assert normalize("侯选人是谁", {"侯选": "候选"}) == "候选人是谁"


def test_a_text_is_cut_into_its_clauses() -> None:
    assert clauses(normalize("登记了，没投票！怎么办？")) == ["登记了", "没投票", "怎么办"]


@given(st.text(max_size=6000))
def test_any_unicode_is_normalised_to_a_bounded_text(text: str) -> None:
    assert len(normalize(text)) <= LONGEST_QUESTION


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)
