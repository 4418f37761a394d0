"""Cutting sentences into concepts and pairs."""

import pytest

from knowledge.loader import load_knowledge
from knowledge.search.lexicon import BIGRAM_WEIGHT, Lexicon


@pytest.fixture(name="lexicon", scope="module")
def _lexicon() -> Lexicon:
    return Lexicon(load_knowledge().words)


def heavy(lexicon: Lexicon, text: str) -> set[str]:
    """The tokens that decide: concepts and pairs no phrase covers."""
    return {token for token, weight in lexicon.tokens(text).items() if weight >= BIGRAM_WEIGHT / 2}


def test_particles_leave_no_gap(lexicon: Lexicon) -> None:
    assert lexicon.tokens("候选人的名单") == lexicon.tokens("候选人名单")


def test_the_longest_phrase_wins(lexicon: Lexicon) -> None:
    assert heavy(lexicon, "选举委员会") == {"election-committee"}


def test_what_a_phrase_covers_counts_lightly_as_pairs_and_characters(lexicon: Lexicon) -> None:
    tokens = lexicon.tokens("选举委员会")
    assert tokens["委员"] < tokens["election-committee"] / 5
    assert tokens["委"] < tokens["委员"]


def test_spans_of_time_and_sums_of_money_are_one_token_each(lexicon: Lexicon) -> None:
    assert "duration" in lexicon.tokens("拖了三个月")
    assert "money" in lexicon.tokens("收了五百块")


def test_what_no_phrase_covers_becomes_pairs(lexicon: Lexicon) -> None:
    assert heavy(lexicon, "龙凤呈祥") == {"龙凤", "凤呈", "呈祥"}
