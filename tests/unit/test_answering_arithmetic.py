"""Reckoning: shares of heads, numbers read from a question, and the sentences made of them."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answering import Answerer
from knowledge.loader import load_knowledge
from knowledge.rules.arithmetic import at_least, more_than
from knowledge.rules.figures import read_figures, with_digits

IN_FORCE = date(2026, 3, 1)
shares = st.fractions(min_value=0, max_value=1, max_denominator=20)
totals = st.integers(min_value=0, max_value=100_000)


@given(shares, totals)
def test_more_than_a_share_is_the_least_number_above_it(share: Fraction, total: int) -> None:
    least = more_than(share, total)
    assert least > share * total >= least - 1


@given(shares, totals)
def test_at_least_a_share_is_the_least_number_not_below_it(share: Fraction, total: int) -> None:
    least = at_least(share, total)
    assert least >= share * total > least - 1


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("登记选民2400人,到场1300人,他得了651票", {"roll": 2400, "turnout": 1300, "votes": 651}),
        ("全村900个选民要罢免主任", {"roll": 900}),
        ("居民代表75人,来了50人", {"representatives": 75, "turnout": 50}),
        ("2026年3月8日投票,满18岁", {}),
        ("投票率45%", {}),
        ("给了200块钱", {}),
    ],
)
def test_a_number_counts_what_the_words_around_it_say(text: str, figures: dict[str, int]) -> None:
    assert read_figures(text) == figures


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("一千二百人", "1200人"),
        ("两千人", "2000人"),
        ("一千零五人", "1005人"),
        ("十二人", "12人"),
        ("三百五十人", "350人"),
        ("三分之二", "三分之二"),
        ("一万二千人", "12000人"),
    ],
)
def test_numbers_in_words_are_read(spoken: str, digits: str) -> None:
    assert with_digits(spoken) == digits


@pytest.mark.parametrize(
    ("question", "entry_id", "said"),
    [
        ("登记选民2400人，到场1100人，选举有没有效", "valid-election", ("无效", "1201")),
        ("登记选民2400人，到场1300人，他得了651票，当选没有", "valid-election", ("选举有效", "651", "够当选")),
        ("登记选民2400人，到场1300人，他得了650票，当选没有", "valid-election", ("没过半数", "651")),
        ("我们村900个选民，罢免主任要多少人签字", "recall", ("180", "451", "226")),
        ("社区900个选民，罢免居委会主任要多少人签字", "recall-community", ("90", "451")),
        ("居民代表75人，居委会选举来了50人行不行", "valid-election-community", ("51", "不够")),
        ("村民代表会议60个代表来了40个，能开会吗", "representatives-assembly", ("40", "够了")),
        ("另行选举投了600张票，得了199票算选上吗", "runoff", ("200", "不够")),
        ("登记了一千人，来了五百人投票，有效吗", "valid-election", ("无效", "501")),
    ],
)
def test_a_question_with_numbers_is_reckoned_with_its_steps(
    question: str, entry_id: str, said: tuple[str, ...]
) -> None:
    answer = Answerer(load_knowledge()).answer(question, as_of=IN_FORCE)
    assert answer.entry_id == entry_id
    for part in said:
        assert part in answer.text


def test_more_votes_than_voters_are_not_reckoned_with() -> None:
    answer = Answerer(load_knowledge()).answer("登记100人，来了60人，他得了70票，当选了吗", as_of=IN_FORCE)
    assert "70" not in answer.text
