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
    ("text", "amounts"),
    [
        # Chinese numerals
        ("两佰圆", ["两佰圆"]),
        ("贰佰伍拾元", ["贰佰伍拾元"]),
        ("壹万元", ["壹万元"]),
        ("壹佰贰拾叁万肆仟余元", ["壹佰贰拾叁万肆仟余元"]),
        ("一千五", ["一千五"]),
        ("两万三", ["两万三"]),
        ("百把块钱", ["百把块钱"]),
        ("千把块", ["千把块"]),
        ("上千元", ["上千元"]),
        ("上万块", ["上万块"]),
        # mixed forms
        ("12万8", ["12万8"]),
        ("3万5", ["3万5"]),
        ("2.5万", ["2.5万"]),
        ("送了2w", ["2w"]),
        ("88块8", ["88块8"]),
        ("￥300", ["￥300"]),
        ("300RMB", ["300RMB"]),
        ("十来万", ["十来万"]),
        ("每斤多给四毛，", ["四毛"]),
        # quantities with measure words
        ("一条烟两瓶酒", ["一条烟", "两瓶酒"]),
        ("月饼26份", ["26份"]),
        ("5家各给2条软中华", ["5家", "2条"]),
        ("一块手表", ["一块手表"]),
        ("两张购物卡", ["两张购物卡"]),
        ("每家一盒虫草", ["一盒虫草"]),
        ("二十三名党员", ["二十三名"]),
        ("四十几户", ["四十几户"]),
        # prices for each
        ("1000元一张", ["1000元一张"]),
        ("500一家", ["500一家"]),
        ("一百八一张", ["一百八一张"]),
        ("一份给八十，", ["一份给八十"]),
        ("每票五十投完就给", ["每票五十"]),
        ("每人30", ["每人30"]),
        # ranges
        ("三五百块", ["三五百块"]),
        ("七八千", ["七八千"]),
        ("3-5百元", ["3-5百元"]),
        ("二百到五百元", ["二百到五百元"]),
        ("200到300一户", ["200到300一户"]),
    ],
)
def test_sums_quantities_prices_and_ranges_are_found_as_written(text: str, amounts: list[str]):
    assert _found(text) == amounts


@pytest.mark.parametrize(
    ("text", "unit"),
    [("两百块", "money"), ("两瓶酒", "goods"), ("2条软中华", "goods"), ("三十户", "people"), ("五亩", "other")],
)
def test_an_amount_says_what_it_counts(text: str, unit: str):
    (amount,) = find_amounts(text)
    assert (amount.unit, amount.is_money) == (unit, unit == "money")


@pytest.mark.parametrize(
    ("text", "price"), [("一票五十", True), ("每张选票100元", True), ("一户两百", False), ("两张票", False)]
)
def test_a_price_of_a_vote_is_told_from_other_sums(text: str, price: bool):
    assert [amount.is_price_of_a_vote for amount in find_amounts(text)] == [price]


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
        "修路三千多米",
        "成千上万",
        "一块地",
        "两条路",
        "一条龙服务",
        "十字路口",
        "七十多岁",
        "工号12345",
        "一份心意",
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
