"""Sound-alikes: what is taken for a term, and what must not be."""

import pytest

from knowledge.search.pinyin import SoundAlikes, folded, syllable

TERMS = ("贿选", "拉票", "村委会", "近亲属", "候选人", "监票人", "公章", "秘密写票处", "流动票箱", "选举委员会", "罢免")


@pytest.fixture(name="sounds")
def _sounds() -> SoundAlikes:
    return SoundAlikes(TERMS, TERMS, ordinary=("公正", "会选"), known_pairs=("选民",))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("回选怎么处罚", "贿选怎么处罚"),
        ("村卫会几个人", "村委会几个人"),
        ("近亲鼠回避吗", "近亲属回避吗"),
        ("厚选人是谁", "候选人是谁"),
        ("间票人能是亲戚吗", "监票人能是亲戚吗"),
        ("流动飘箱", "流动票箱"),
        ("选举委圆会", "选举委员会"),
        ("罢面主任", "罢免主任"),
        ("秘密写飘处", "秘密写票处"),
    ],
)
def test_a_window_that_sounds_like_a_term_becomes_the_term(sounds: SoundAlikes, typed: str, meant: str) -> None:
    assert sounds.corrected(typed) == meant


@pytest.mark.parametrize(
    "typed", ["大家会选谁", "我会选他", "办事公正", "选民是谁", "村委会的拉票", "", "abc123", "贿选"]
)
def test_what_is_right_as_it_stands_is_left_alone(sounds: SoundAlikes, typed: str) -> None:
    assert sounds.corrected(typed) == typed


def test_a_character_at_home_beside_its_neighbour_is_left_alone() -> None:
    sounds = SoundAlikes(("兼职", "去选举"), ("兼职",), ordinary=(), known_pairs=("期间",), kept=("社区",))
    assert sounds.corrected("任职期间职务犯罪") == "任职期间职务犯罪"
    assert sounds.corrected("社区选举") == "社区选举"
    assert sounds.corrected("能不能间职") == "能不能兼职"


def test_a_syllable_has_no_tone_and_careless_speech_is_folded() -> None:
    assert syllable("选") == "xuan"
    assert folded("zheng") == folded("zen")
    assert syllable("a") == "a"
