"""Like questions stand together, unlike ones apart, and the same list always gives the same groups."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.loader import load_knowledge
from knowledge.search.grouping import group
from knowledge.search.lexicon import Lexicon

CARS = ("选举那天村里派车接老人吗？", "投票那天村里有车接老人吗？", "选举那天村里派不派车接老人")
PROXIES = ("我在外省打工，能不能叫村里邻居帮我投？", "外地打工的可以让邻居代我投票吗")
OTHERS = ("我们村选举日定在哪天？", "投票那天村里管不管午饭？", "路灯坏了三个月没人修")


@cache
def lexicon() -> Lexicon:
    return Lexicon(load_knowledge().words)


def test_three_who_ask_the_same_stand_together_and_first() -> None:
    asked = (PROXIES[0], CARS[0], OTHERS[0], CARS[1], OTHERS[1], CARS[2], OTHERS[2])
    assert group(asked, lexicon()) == [[1, 3, 5], [0], [2], [4], [6]]


def test_other_words_for_the_same_thing_are_seen_through() -> None:
    assert group(PROXIES, lexicon()) == [[0, 1]]


@pytest.mark.parametrize("other", OTHERS)
def test_questions_about_the_same_day_are_not_the_same_question(other: str) -> None:
    assert group((CARS[0], other), lexicon()) == [[0], [1]]


def test_the_same_question_in_other_width_and_punctuation_is_one() -> None:
    assert group(("投票几点开始？", "投票几点开始", " 投票几点开始!"), lexicon()) == [[0, 1, 2]]


def test_nothing_asked_gives_no_group() -> None:
    assert group((), lexicon()) == []


def test_signs_alone_do_not_stand_together() -> None:
    assert group(("👍", "🙏", "👍"), lexicon()) == [[0, 2], [1]]


def test_two_thousand_questions_fall_into_groups_that_hold_each_once() -> None:
    ways = [asked for entry in load_knowledge().entries.values() for asked in entry.questions][:2_000]
    found = group(ways, lexicon())
    assert sorted(place for places in found for place in places) == list(range(len(ways)))
    assert [len(places) for places in found] == sorted((len(places) for places in found), reverse=True)


@given(st.lists(st.sampled_from((*CARS, *PROXIES, *OTHERS, "", "。", "a")), max_size=12))
def test_every_question_is_in_one_group_and_a_second_look_says_the_same(asked: list[str]) -> None:
    found = group(asked, lexicon())
    assert sorted(place for places in found for place in places) == list(range(len(asked)))
    assert group(asked, lexicon()) == found
