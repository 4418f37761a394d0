"""Amounts and quantities as people write them: 345万元, 两佰圆, 七八万, 1000元一张, 50多个人, 一条烟两瓶酒.

Found as written, never converted: an official reads the reporter's own words. A newcomer's usual mistake
is to take dates, ordinals (第二次) and words such as 千万别 or 一起 for amounts. Expects text from
`matters.normalise`.
"""

import re
from typing import Final, Literal, NamedTuple

Unit = Literal["money", "goods", "people", "other"]

_SMALL: Final = "零〇一二三四五六七八九十百千两俩廿卅壹贰叁肆伍陆柒捌玖拾佰仟弍弎貳參陸幺"
_LARGE: Final = "万亿"
# Bounded and atomic throughout: a message of ten thousand digits must not cost more than any other.
_DIGITS: Final = r"\d{1,12}(?:,\d{3}){0,4}(?:\.\d{1,4})?"
_NUMBER: Final = rf"(?>(?:{_DIGITS}|[{_SMALL}半数几]|上(?=万))[{_SMALL}{_LARGE}余多来几把]{{0,16}})"
_RANGE: Final = rf"(?:上(?=[百千万十]))?{_NUMBER}(?:(?:元|块)?(?:-|~|～|—|到|至){_NUMBER})?"
_SOLID: Final = "[地田石牌砖玻木布肉豆菜头糖腊毯]|手表|香皂|肥皂|毛巾|月饼|巧克力"  # what else comes by the 块
_MONEY: Final = (
    rf"余?多?(?:元钱|块钱|块多|元整|圆整|元|圆|块(?!{_SOLID})|角钱|毛钱|[角毛](?=[,。;!?！？；、 ]|$)"
    r"|人民币|美元|港币|大洋|RMB|rmb)"
    r"(?:[一二三四五六七八九两]角|(?<=块)[1-9](?![\d次个人张户月年条瓶袋桶]))?(?:左右|上下)?"
)
_THINGS: Final = (
    "大米|面粉|挂面|食用油|色拉油|花生油|菜籽油|牛奶|酸奶|奶粉|鸡蛋|水果|苹果|橘子|月饼|粽子|白酒|啤酒|红酒|药酒|酒|香烟|烟|茶叶|茶油"
    "|大闸蟹|螃蟹|礼盒|礼品|红糖|白糖|猪肉|羊肉|牛肉|腊肉|肉|鱼(?![塘池])|海带|被子|棉被|毛毯|毛巾|洗衣粉|洗衣液|手机"
    "|化肥|复合肥|尿素|卫生纸|卷纸|抽纸|棉鞋|布鞋|鞋|袜子|[鸡鸭鹅猪羊米面油奶蛋茶糖]"
)
_GOODS: Final = (
    rf"多?(?:[袋桶瓶箱盒斤包提床壶套筐篮罐坛双只头]|公斤|条(?![件例款路规])|件(?!事)|部(?![门分]))(?:[软硬]|[一-龥]{{2}})?(?:{_THINGS})"
    r"|张[一-龥]{0,3}(?:卡(?!片)|券)|(?<=一)[盒箱袋桶瓶提壶罐筐篮](?![给送放丢就也都是的来去到拿写装往])[一-龥]{2}|块(?:手表|香皂|肥皂|腊肉|猪肉|月饼|毛毯|毛巾)"
)
_PEOPLE: Final = (
    "多?(?:个村民|个党员|个代表|个选民|个人|口人|人次|人(?![民家口大员选情心事])|名|户|家(?![里中庭族长属乡具电]))"
)
_OTHER: Final = (
    "多?(?:个多月|个月|个红包|份|张|票(?![价面数箱])|袋|桶|条(?![件例款路规渠沟河街])|瓶|箱|盒|斤|公斤|亩|辆|台|桌|部(?![门分])|包|提|件|只"
    "|头(?![目])|枚|幅|套|间|吨|平方米|平米|棵|车|%|\uff05)(?:轿车|面包车|车)?"
)
_PER: Final = r"(?:一|每)(?:张选票|张票|张|票|户|人|家|个人|桌|份|条|斤|个|口)"
# The order matters: at one place of the text the first that fits is taken.
_WRITINGS: Final = {
    "rate": rf"(?:\d{{1,7}}(?:[-~到至]\d{{1,7}})?|[{_SMALL}几]{{1,4}}[百千佰仟万][二三四五六七八九]?)"
    "(?:一|每)(?:张选票|张票|张|票|户|人|家|个人)",
    "sign": rf"[¥\uffe5] ?{_DIGITS}",
    "money": rf"{_RANGE}{_MONEY}(?:/?{_PER})?",
    "people": _RANGE + _PEOPLE,
    "goods": rf"{_RANGE}(?:{_GOODS})",
    "other": _RANGE + _OTHER,
    "letter": r"\d{1,4}(?:\.\d{1,2})?[wWkK](?![A-Za-z])元?",
    "bare": rf"(?:上(?=[百千]))?(?:{_DIGITS}|[{_SMALL}几数])[{_SMALL}几多来余]{{0,6}}[万亿千百佰仟]"
    rf"(?:多|余|来|把|[一二三四五六七八九]|[1-9](?!\d))?(?:{_PER})?"
    rf"(?![{_SMALL}{_LARGE}\d分姓年一多余来米里字岁次平株度页])",
    "each": "(?:[一二三四五六七八九]?十[一二三四五六七八九]?|[贰叁肆伍陆柒捌玖]拾)(?:(?=[投让叫要说还就])|(?![一-龥]))",
    "plain": r"\d{2,7}(?:多(?![一-龥]))?(?![\d:/\-%年月日号点时分个天届级楼路元多余来名条岁组]|[.,]\d)",
}
_AMOUNT: Final = re.compile("|".join(f"(?P<{name}>{writing})" for name, writing in _WRITINGS.items()))
_BEFORE: Final = re.compile(
    r"(?:(?:每|一)(?:张选票|张票|张|票|户|人|家|个人|家每户|桌|份|口)(?:选票)?)(?:给|发|送|卖|是)?$"
)
_VOTE: Final = re.compile(r"[一每]张?选?票")
_GIVEN: Final = frozenset("给发送塞收")
_PRECEDED_BY: Final = {
    "each": _GIVEN | frozenset("票户人家你我"),
    "plain": _GIVEN | frozenset("转付了我你户人家票"),
}
_NEVER_AFTER: Final = frozenset("第0123456789")
_NO_AMOUNT: Final = frozenset({"千百", "百千", "一百一"})
_SINGLE: Final = re.compile(r"^[一几](?!百|千|万|亿|多)")
_UNITS: Final[dict[str, Unit]] = {"people": "people", "goods": "goods", "other": "other"}
_PACKAGES: Final = frozenset("条瓶袋桶箱盒包提壶罐")  # what is counted in these is a thing, whatever its name


class Amount(NamedTuple):
    """An amount as written, where it stands in the text, and what it counts."""

    start: int
    end: int
    text: str
    unit: Unit

    @property
    def is_money(self) -> bool:
        """Whether it is a sum of money."""
        return self.unit == "money"

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
    if kind in ("people", "other") and _SINGLE.match(words):
        return None
    if kind == "bare" and not _is_bare_sum(words):
        return None
    unit = "goods" if kind == "other" and words[-1] in _PACKAGES else _UNITS.get(kind, "money")
    before = _BEFORE.search(text, max(0, start - 8), start) if unit == "money" else None
    if before:
        start = before.start()
    return Amount(start, match.end(), text[start : match.end()], unit)


def _is_bare_sum(words: str) -> bool:
    """Whether a sum without a unit is one: 七八万 and 3千 are, 千万 (别) and 百 are not."""
    head = words.rstrip("多余来把")
    return len(head) > 1 and head not in _NO_AMOUNT and head[0] not in "百千"
