"""Numbers that lead to a person are hidden from staff; figures that a question is about stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.masking import is_masked, mask

ONE = "138" + "00138012"
IDENTITY = "330106" + "19900307" + "123X"
WIDE = {ord(digit): chr(ord(digit) + 0xFEE0) for digit in "0123456789"}
CARD = "6222" + "021001122345" + "678"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"打{ONE}找我", "打138******12找我"),
        ("138" + "-0013-8012", "138******12"),
        ("138" + " 0013 8012", "138******12"),
        ("138" + "001 38012", "138******12"),
        ("1380" + "013 8012", "138******12"),
        ("138" + ".0013.8012", "138******12"),
        (f"+86 {ONE}", "861*******" + "*12"),
        (f"86{ONE}", "861********12"),
        (ONE.translate(WIDE), "138******12"),
        ("138" + "—0013—8012", "138******12"),
        (f"微信{ONE}。", "微信138******12。"),
        ("幺三八" + "零零幺三八零幺二", "138******12"),
        ("0571" + "-87654321", "057*******21"),
        ("（0571）" + "87654321", "057*******21"),
        ("010" + "87654321", "010******21"),
        ("0571" + " 8765 4321", "057*******21"),
        (IDENTITY, "330*************3x"),
        (IDENTITY.lower(), "330*************3x"),
        ("330106" + " 19900307 " + "123X", "330*************3x"),
        ("330106" + "900307" + "123", "330**********23"),
        (CARD, "622**************78"),
        ("6222 0210 " + "0112 2345 678", "622**************78"),
        ("6222-0210-" + "0112-2345", "622***********45"),
        ("1234567890" + "12345678", "123*************78"),
    ],
)
def test_a_number_that_leads_to_somebody_is_shortened(written: str, shown: str) -> None:
    assert mask(written) == shown
    assert is_masked(written)
    assert is_masked(shown)


@pytest.mark.parametrize(
    "stays",
    [
        "3月8日投票",
        "2026-03-08 到 2026-03-15",
        "2026-01-01 2026-03-31",
        "20260308",
        "2026年3月8日上午9:30",
        "村里有2200人，来了1101人",
        "打12345还是12388",
        "110、119、120",
        "400-810-0000",
        "QF-7K2M-9D4X",
        "（2026）浙0102民初1234号",
        "2021-2026-2031",
        "每户200元，一共1380000元",
        "第18条第2款",
        "党员1380人，村民13800人",
        "10000000000",
        "得票1050，超过931",
        "",
    ],
)
def test_a_figure_the_question_is_about_stays(stays: str) -> None:
    assert mask(stays) == stays
    assert not is_masked(stays)


def test_several_numbers_in_one_text_go_and_the_words_between_them_stay() -> None:
    assert mask(f"我{ONE}，他{IDENTITY}，3月8日") == "我138******12，他330*************3x，3月8日"


@given(st.text(max_size=120))
def test_any_text_can_be_masked_and_a_second_time_changes_nothing(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.text(max_size=20), st.integers(13_000_000_000, 19_999_999_999))
def test_no_mobile_number_survives_whatever_stands_around_it(around: str, number: int) -> None:
    text = f"{around}，{number}，{around}"
    assert str(number) not in mask(text)
