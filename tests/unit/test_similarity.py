"""How alike two reports are: paraphrases above, strangers below, and the order of the two does not matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.similarity import ALIKE, MUCH_ALIKE, Account, likeness

SMOKES = "王大勇晚上带人挨家送烟，每户两条，说选主任的时候投他一票。"
#: A report, and the same told by somebody else.
RETOLD = (
    (
        "王大勇在微信群里发红包，一个晚上发了30个，每个50元，让大家选他。",
        "微信群里王大勇发了30个红包，每个50块钱，叫大家投他的票",
    ),
    ("他请四十多人在饭店吃饭，吃完说换届多帮忙。", "请了四十多人吃饭，就在镇上饭店，说换届多帮忙"),
    ("把老人的委托书收走，自己填了名字，一共收了二十几张。", "老人的委托书被他收走二十多张，自己填名字"),
    (SMOKES, f"我们村里的事说一下，去年修路也没修好。{SMOKES}还请大家吃了饭，这件事大家都看见了。"),
)
STRANGERS = (
    SMOKES,
    "选民名单贴出来没有我家三口人，问了也没人管。",
    "邻居盖房占了我家的地，村里不给解决。",
    "村里的账三年没有公布，土地补偿款去哪了没人说。",
    "12月15日下午把委托投票证抢走放进口袋，一共抢走56张。",
    "路灯坏了三个月没人修。",
)
words = st.text(alphabet="王李村委会选举投票送烟两条每户红包50元请客吃饭委托书", max_size=60)


@pytest.mark.parametrize(("one", "other"), RETOLD)
def test_the_same_told_twice_is_found_without_a_name_and_more_so_with_one(one: str, other: str) -> None:
    assert likeness(Account("", one), Account("", other)) >= ALIKE
    assert likeness(Account("王大勇", one), Account("王大勇", other)) >= MUCH_ALIKE


@pytest.mark.parametrize("one", STRANGERS)
@pytest.mark.parametrize("other", STRANGERS)
def test_different_matters_without_a_name_are_not_alike(one: str, other: str) -> None:
    if one != other:
        assert likeness(Account("", one), Account("", other)) < ALIKE


def test_the_same_person_is_worth_a_look_whatever_is_told() -> None:
    """P17: the same village and the same person are suggested; the words only order them."""
    weak = likeness(Account("王大勇", STRANGERS[0]), Account("王大勇", STRANGERS[2]))
    strong = likeness(Account("王大勇", STRANGERS[0]), Account("王大勇", STRANGERS[0]))
    assert ALIKE <= weak < MUCH_ALIKE < strong == 100


def test_a_title_before_the_name_is_no_other_person() -> None:
    assert likeness(Account("村主任王大勇", SMOKES), Account("王大勇", SMOKES)) == 100


def test_the_same_words_about_another_person_count_for_less() -> None:
    about_another = likeness(Account("李二强", SMOKES), Account("王大勇", SMOKES))
    assert about_another < likeness(Account("", SMOKES), Account("王大勇", SMOKES)) < 100


def test_other_amounts_count_against_and_the_same_ones_for() -> None:
    told = "他给每户发了{}，让投他的票，发完又去了二组。"
    same = likeness(Account("", told.format("200元")), Account("", told.format("200元")))
    other = likeness(Account("", told.format("200元")), Account("", told.format("5000元")))
    assert other < same


def test_nothing_is_like_nothing_told() -> None:
    assert likeness(Account("", ""), Account("", "")) == 0
    assert likeness(Account("", SMOKES), Account("", "")) == 0


def test_other_widths_and_marks_make_no_difference() -> None:
    assert likeness(Account("", "每户200元，投他"), Account("", "每户２００元！投他。")) == likeness(
        Account("", "每户200元，投他"), Account("", "每户200元，投他")
    )


@given(words, words, st.sampled_from(["", "王大勇", "李二强"]), st.sampled_from(["", "王大勇"]))
def test_likeness_is_a_share_and_the_same_both_ways(one: str, other: str, who: str, whom: str) -> None:
    first, second = Account(who, one), Account(whom, other)
    assert 0 <= likeness(first, second) <= 100
    assert likeness(first, second) == likeness(second, first)
