"""Cutting sentences into concepts and pairs."""

import pytest

from knowledge.loader import load_knowledge
from knowledge.search.lexicon import Lexicon
from knowledge.search.scope import ScopeJudge


@pytest.fixture(name="lexicon", scope="module")
def _lexicon() -> Lexicon:
    return Lexicon(load_knowledge().words)


def test_particles_leave_no_gap(lexicon: Lexicon) -> None:
    assert lexicon.tokens("候选人的名单") == lexicon.tokens("候选人名单")


def test_the_longest_phrase_wins(lexicon: Lexicon) -> None:
    assert set(lexicon.tokens("选举委员会")) == {"election-committee"}


def test_spans_of_time_and_sums_of_money_are_one_token_each(lexicon: Lexicon) -> None:
    assert "duration" in lexicon.tokens("拖了三个月")
    assert "money" in lexicon.tokens("收了五百块")


def test_what_no_phrase_covers_becomes_pairs(lexicon: Lexicon) -> None:
    assert set(lexicon.tokens("龙凤呈祥")) == {"龙凤", "凤呈", "呈祥"}


@pytest.mark.parametrize("text", ["", "你好", "谢谢", "..."])
def test_small_talk_is_outside(lexicon: Lexicon, text: str) -> None:
    judge = ScopeJudge(load_knowledge().words, lexicon)
    assert judge.judge(text, lexicon.tokens(text)).is_outside


def test_a_matter_outside_yields_to_a_word_of_elections(lexicon: Lexicon) -> None:
    judge = ScopeJudge(load_knowledge().words, lexicon)
    told = "他虚报补贴还能当候选人吗"
    assert not judge.judge(told, lexicon.tokens(told)).is_outside
    alone = "补贴什么时候发"
    assert judge.judge(alone, lexicon.tokens(alone)).is_outside
    assert judge.judge(alone, lexicon.tokens(alone)).door
