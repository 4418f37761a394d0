"""How a figure, a fraction and an article number are spoken in Chinese."""

from fractions import Fraction
from typing import Final

from knowledge.model import Rule, Unit

_DIGITS: Final = "零一二三四五六七八九"
_SUFFIX: Final = {
    Unit.YEARS: "年",
    Unit.MONTHS: "个月",
    Unit.DAYS: "天",
    Unit.WORKING_DAYS: "个工作日",
    Unit.PERSONS: "人",
    Unit.HOUSEHOLDS: "户",
    Unit.BALLOTS: "张",
    Unit.TIMES: "次",
    Unit.YUAN: "元",
    Unit.AGE: "岁",
}
_STATUTE_SUFFIX: Final = {Unit.DAYS: "日", Unit.AGE: "周岁"}
_TEN = 10
_HUNDRED = 100
_THOUSAND = 1000


def chinese_number(number: int) -> str:
    """A number from 0 to 9999 in Chinese numerals, as statutes count their articles.

    >>> chinese_number(18), chinese_number(108), chinese_number(253)
    ('十八', '一百零八', '二百五十三')
    """
    if number < _TEN:
        return _DIGITS[number]
    if number < _HUNDRED:
        tens, ones = divmod(number, _TEN)
        return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")
    base, name = (_THOUSAND, "千") if number >= _THOUSAND else (_HUNDRED, "百")
    head, rest = divmod(number, base)
    return _DIGITS[head] + name + _tail(rest, base)


def _tail(rest: int, base: int) -> str:
    if not rest:
        return ""
    spoken = chinese_number(rest)
    if _TEN <= rest < _TEN * 2:
        spoken = "一" + spoken
    return ("零" if rest < base // _TEN else "") + spoken


def article_name(article: str) -> str:
    """An article as it is cited.

    >>> article_name("18"), article_name("253-1")
    ('第十八条', '第二百五十三条之一')
    """
    number, _, sub = article.partition("-")
    return f"第{chinese_number(int(number))}条" + (f"之{chinese_number(int(sub))}" if sub else "")


def fraction_name(value: Fraction) -> str:
    """A fraction in words.

    >>> fraction_name(Fraction(1, 5))
    '五分之一'
    """
    if value == Fraction(1, 2):
        return "一半"
    return f"{chinese_number(value.denominator)}分之{chinese_number(value.numerator)}"


def spoken(rule: Rule) -> str:
    """A rule's value with its unit, as people say it: 20天, 3至7人, 五分之一."""
    if rule.says:
        return rule.says
    if isinstance(rule.value, Fraction):
        return fraction_name(rule.value)
    span = f"{rule.value}至{rule.upper}" if rule.upper is not None else str(rule.value)
    return span + _SUFFIX.get(rule.unit, "")


def statutory(rule: Rule) -> str:
    """A rule's value as its statute spells it: 二十日, 三至七人, 过半数, 十八周岁."""
    if rule.says:
        return rule.says
    if isinstance(rule.value, Fraction):
        return "过半数" if rule.value == Fraction(1, 2) else fraction_name(rule.value)
    if rule.value is None:
        return ""
    span = chinese_number(rule.value) + (f"至{chinese_number(rule.upper)}" if rule.upper is not None else "")
    return span + _STATUTE_SUFFIX.get(rule.unit, _SUFFIX.get(rule.unit, ""))
