"""Amounts and quantities as people write them: 345万元, 两佰圆, 七八万, 1000元一张, 50多个人, 两袋米.

Found as written, never converted: an official reads the reporter's own words. A newcomer's usual mistake
is to take dates, ordinals (第二次) and words such as 千万别 or 一起 for amounts. Expects text from
`matters.normalise`.
"""

import re
from typing import Final, NamedTuple

_SMALL: Final = "零〇一二三四五六七八九十百千两俩廿卅壹贰叁肆伍陆柒捌玖拾佰仟弍弎貳參陸幺"
_LARGE: Final = "万亿"
# Bounded and atomic throughout: a message of ten thousand digits must not cost more than any other.
_DIGITS: Final = r"\d{1,12}(?:,\d{3}){0,4}(?:\.\d{1,4})?"
_NUMBER: Final = rf"(?>(?:{_DIGITS}|[{_SMALL}半数几])[{_SMALL}{_LARGE}余多来几]{{0,16}})"
_RANGE: Final = rf"{_NUMBER}(?:(?:元|块)?(?:-|~|～|—|到|至){_NUMBER})?"
_MONEY: Final = (
    r"余?多?(?:元钱|块钱|元整|圆整|元|圆|块(?![地田石牌砖玻木布表肉豆菜头])|角钱|毛钱|人民币|美元|港币|大洋)"
    r"(?:[一二三四五六七八九两]角)?(?:左右|上下)?"
)
_THINGS: Final = (
    "[米面油烟酒奶蛋茶]|大米|面粉|食用油|牛奶|鸡蛋|水果|月饼|白酒|香烟|茶叶|礼盒|猪肉|被子|毛巾|车|轿车|面包车"
)
_COUNTED: Final = (
    "多?(?:个多月|个人|个月|个村民|个党员|个红包|人次|人(?![民家口大员])|名|户|份|张|票(?![价面])|袋|桶|条(?![件例款])"
    "|瓶|箱|盒|斤|公斤|亩|辆|台|桌|部(?![门分])|包|提|件|只|头(?![目])|枚|幅|套|间|吨|平方米|平米|棵|车|%|\uff05"
    f")(?:{_THINGS})?"
)
_PER: Final = r"(?:一|每)(?:张选票|张票|张|票|户|人|家|个人|桌|份|条|斤|个)"
_AMOUNT: Final = re.compile(
    rf"(?:(?P<money>{_RANGE}{_MONEY}(?:/?{_PER})?)|(?P<counted>{_RANGE}{_COUNTED})"
    rf"|(?P<bare>(?:{_DIGITS}|[{_SMALL}几数])[{_SMALL}几多来余]{{0,6}}[万亿千百佰仟](?:多|余|来|[一二三四五六七八九])?(?![{_SMALL}{_LARGE}\d分姓年一]))"
    r"|(?P<each>[一二三四五六七八九]?十[一二三四五六七八九]?(?![一-龥多]))"
    r"|(?P<plain>\d{2,7}(?![\d.,:/\-%年月日号点时分个天届级楼路元多余来名条]))"
    ")"
)
_BEFORE: Final = re.compile(
    r"(?:(?:每|一)(?:张选票|张票|张|票|户|人|家|个人|家每户|桌|份)(?:选票)?)(?:给|发|送|卖|是)?$"
)
_VOTE: Final = re.compile(r"[一每]张?选?票")
_PRECEDED_BY: Final = {"each": frozenset("票户人家"), "plain": frozenset("给发送塞转收付了我户人家票")}
_NEVER_AFTER: Final = frozenset("第0123456789")
_NO_AMOUNT: Final = frozenset({"千百", "百千", "一百一"})
_SINGLE: Final = re.compile(r"^[一几](?!百|千|万|亿|多)")


class Amount(NamedTuple):
    """An amount as written, where it stands in the text, and whether it is money."""

    start: int
    end: int
    text: str
    is_money: bool

    @property
    def is_price_of_a_vote(self) -> bool:
        """Whether a sum is given for each vote: 一票五十, 每张选票100元."""
        return self.is_money and _VOTE.search(self.text) is not None


def find_amounts(text: str) -> list[Amount]:
    """Every amount of a normalised text, in order.

    >>> [amount.text for amount in find_amounts("每户发了两佰圆,后来又送来18份")]
    ['两佰圆', '18份']
    """
    found = []
    for match in _AMOUNT.finditer(text):
        amount = _amount(text, match)
        if amount is not None:
            found.append(amount)
    return found


def _amount(text: str, match: re.Match[str]) -> Amount | None:
    kind, start, words = match.lastgroup or "", match.start(), match.group()
    before_it = text[start - 1 : start]
    if before_it in _NEVER_AFTER or before_it not in _PRECEDED_BY.get(kind, before_it):
        return None
    if kind == "counted" and _SINGLE.match(words):
        return None
    if kind == "bare" and not _is_bare_sum(words):
        return None
    before = _BEFORE.search(text, max(0, start - 8), start)
    if before and kind != "counted":
        start = before.start()
    return Amount(start, match.end(), text[start : match.end()], kind != "counted")


def _is_bare_sum(words: str) -> bool:
    """Whether a sum without a unit is one: 七八万 and 3千 are, 千万 (别) and 百 are not."""
    head = words.rstrip("多余来")
    return len(head) > 1 and head not in _NO_AMOUNT and head[0] not in "百千"
