"""Amounts are found as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.clues.amounts import find_amounts
from knowledge.casework.clues.matters import normalise

_CAPITALS = str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖")
_FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


def _found(text: str) -> list[str]:
    return [text[amount.start : amount.end] for amount in find_amounts(normalise(text))]


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("送来三百元", ["三百元"]),
        ("送来叁佰圆整", ["叁佰圆整"]),
        ("老板出了三百四十万元", ["三百四十万元"]),
        ("老板出了340万元", ["340万元"]),
        ("共计捌拾贰万肆仟余元", ["捌拾贰万肆仟余元"]),
        ("花掉五六万", ["五六万"]),
        ("500元一张", ["500元一张"]),
        ("一票三十", ["一票三十"]),
        ("每户给200", ["每户给200"]),
        ("每张选票80元", ["每张选票80元"]),
        ("送了24份", ["24份"]),
        ("请了60多个人", ["60多个人"]),
        ("来了200来人", ["200来人"]),
        ("三袋米、两桶油", ["三袋米", "两桶油"]),
        ("100到300元", ["100到300元"]),
        ("一百五", ["一百五"]),
        ("两千多块钱", ["两千多块钱"]),
        ("12，000元".translate(_FULL_WIDTH), ["12，000元".translate(_FULL_WIDTH)]),
        ("两萬塊", ["两萬塊"]),
        ("3.5万元", ["3.5万元"]),
        ("二十亩", ["二十亩"]),
        ("得票最多的187票", ["187票"]),
        ("九成没有,80%都发了", ["80%"]),
        ("七个多月没移交", ["七个多月"]),
    ],
)
def test_an_amount_is_found_as_written(text: str, amounts: list[str]):
    assert _found(text) == amounts


@pytest.mark.parametrize(
    "text",
    [
        "3月8日上午",
        "2026年",
        "第二次投票",
        "千万别忘",
        "万一选不上",
        "一起去投票",
        "老百姓",
        "第八届",
        "电话13800000000",
        "12点半",
        "",
    ],
)
def test_dates_ordinals_and_idioms_are_no_amounts(text: str):
    assert _found(text) == []


@given(
    st.integers(min_value=2, max_value=9),
    st.sampled_from(["{n}00元", "{c}佰圆", "{c}佰元整", "{w}00块钱", "{n}万元", "{n}千多元", "{n}50块"]),
    st.sampled_from(["王某昨天给了", "他塞给我爸", "一户", "共计"]),
    st.sampled_from([",让我投他。", "。", "!", ""]),
)
def test_a_sum_is_found_in_any_writing(digit: int, form: str, before: str, after: str):
    written = form.format(n=digit, c=str(digit).translate(_CAPITALS), w=str(digit).translate(_FULL_WIDTH))
    amounts = find_amounts(normalise(before + written + after))
    assert any(amount.is_money and normalise(written) in amount.text for amount in amounts)


@given(st.text())
def test_any_text_gives_amounts_that_stand_in_it(text: str):
    plain = normalise(text)
    assert len(plain) == len(text)
    for amount in find_amounts(plain):
        assert plain[amount.start : amount.end] == amount.text
