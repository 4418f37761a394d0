"""Answers: when there is one, for whom, on which day; and that no input breaks it."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.answering import Answerer
from knowledge.loader import load_knowledge

IN_FORCE = date(2026, 3, 1)


@pytest.fixture(name="answerer", scope="module")
def _answerer() -> Answerer:
    return Answerer(load_knowledge())


def test_an_answer_names_its_sources_and_next_questions(answerer: Answerer) -> None:
    answer = answerer.answer("一个人最多替几个人投票", as_of=IN_FORCE)
    assert answer.answered
    assert answer.entry_id == "proxy-limit"
    assert answer.citations[0].source == "村民委员会组织法"
    assert answer.citations[0].article == "第十八条"
    assert answer.citations[0].version == "2025年修正"
    assert answer.suggestions


def test_the_same_question_gets_the_same_answer(answerer: Answerer) -> None:
    again = Answerer(load_knowledge())
    question = "选民名单上没有我怎么办"
    assert answerer.answer(question, as_of=IN_FORCE) == again.answer(question, as_of=IN_FORCE)


def test_nothing_is_said_of_a_law_before_it_is_in_force(answerer: Answerer) -> None:
    answer = answerer.answer("委托票能带几张", as_of=date(2018, 12, 28))
    assert not answer.answered
    assert answer.text == ""
    assert answer.citations == ()
    assert answerer.answer_entry("proxy-limit", as_of=date(2018, 12, 28)) is None


def test_a_figure_of_a_community_differs_from_a_village_s(answerer: Answerer) -> None:
    village = answerer.answer("村委会有几个委员", as_of=IN_FORCE)
    community = answerer.answer("居委会有几个委员", as_of=IN_FORCE)
    assert "3至7人" in village.text
    assert "5至9人" in community.text
    assert community.citations[0].source == "城市居民委员会组织法"


def test_where_the_place_is_unknown_and_provinces_differ_the_answer_says_so(answerer: Answerer) -> None:
    answer = answerer.answer("没选够人多少天内再选", as_of=IN_FORCE)
    assert "各省规定不一样" in answer.more
    assert "四川" in answer.more


def test_a_place_gets_its_own_province_s_rule_first(answerer: Answerer) -> None:
    answer = answerer.answer("没选够人多少天内再选", jurisdiction="cn/sichuan/chengdu", as_of=IN_FORCE)
    assert "四川" in answer.text
    assert "10日内" in answer.text
    assert "浙江：" not in answer.text + answer.more
    assert any(citation.source == "四川省村民委员会选举条例" for citation in answer.citations)


def test_a_province_named_in_the_question_goes_before_the_setting(answerer: Answerer) -> None:
    answer = answerer.answer("浙江没选够人多少天内再选", jurisdiction="cn/sichuan", as_of=IN_FORCE)
    assert "30日内" in answer.text


def test_a_province_without_a_rule_on_file_is_told_so(answerer: Answerer) -> None:
    answer = answerer.answer("没选够人多少天内再选", jurisdiction="cn/yunnan", as_of=IN_FORCE)
    assert "以当地文件为准" in answer.text


def test_a_matter_outside_is_not_answered_but_gets_its_door(answerer: Answerer) -> None:
    answer = answerer.answer("宅基地被邻居占了", as_of=IN_FORCE)
    assert not answer.answered
    assert answer.door
    assert answer.suggestions == ()


def test_a_pressed_button_is_answered_in_full(answerer: Answerer) -> None:
    answer = answerer.answer_entry("recall-community", as_of=IN_FORCE)
    assert answer is not None
    assert answer.score == 1.0
    assert "十分之一" in answer.text
    assert answerer.answer_entry("no-such-entry", as_of=IN_FORCE) is None


def test_an_explanation_tells_how_candidates_scored(answerer: Answerer) -> None:
    why = answerer.explain("毁选会坐牢吗", as_of=IN_FORCE)
    assert why.ranking.corrected == "贿选会坐牢吗"
    scores = [match.score for match in why.ranking.entries]
    assert scores == sorted(scores, reverse=True)
    assert why.verdict.entry is why.ranking.entries[0]
    assert all(token in why.ranking.tokens for shared in why.shared for token in shared)


@pytest.mark.parametrize("question", ["", " ", "？", "👍", "投" * 5000, "\x00\ud800", "a" * 5000, "0" * 5000])
def test_odd_input_gets_an_answer_object(answerer: Answerer, question: str) -> None:
    answer = answerer.answer(question, as_of=IN_FORCE)
    assert answer.question == question
    assert answer.answered is bool(answer.text)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=300))
def test_any_unicode_is_answered_or_left_unanswered(answerer: Answerer, question: str) -> None:
    answer = answerer.answer(question, as_of=IN_FORCE)
    assert answer.answered is bool(answer.text)
    assert answer.answered is bool(answer.citations)
    assert 0 <= answer.score <= 1
    assert len(answer.suggestions) <= 3


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.sampled_from(["登记", "投票", "1860", "人", "来了", "三百", "罢免", "代表", "得", "票", "居委会", "？"]),
        max_size=12,
    )
)
def test_any_heap_of_figures_is_survived(answerer: Answerer, words: list[str]) -> None:
    answer = answerer.answer("".join(words), as_of=IN_FORCE)
    assert answer.answered is bool(answer.text)
