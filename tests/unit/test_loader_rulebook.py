"""Dated rules: which one holds where and when, and how it is spoken."""

from datetime import date
from fractions import Fraction

from knowledge.jurisdiction import lineage, province_of
from knowledge.loader import load_knowledge
from knowledge.model import Provision, Rule, Unit
from knowledge.rules.rulebook import Rulebook
from knowledge.rules.wording import article_name, chinese_number, fraction_name, spoken


def rule(topic: str = "days", *, place: str = "cn", since: date = date(2026, 1, 1), value: int = 10) -> Rule:
    return Rule(topic, place, since, value, None, Unit.DAYS, "", Provision("village", "18"))


def test_a_province_goes_before_the_nation() -> None:
    book = Rulebook([rule(value=10), rule(place="cn/hainan", value=15)])
    assert book.find("days", "cn/hainan/haikou", date(2026, 2, 1)).value == 15
    assert book.find("days", "cn/yunnan", date(2026, 2, 1)).value == 10


def test_nothing_in_force_is_no_rule() -> None:
    book = Rulebook([rule()])
    assert book.find("days", "cn", date(2025, 12, 31)) is None
    assert book.find("unknown", "cn", date(2026, 1, 1)) is None


def test_a_newer_rule_holds_from_its_day_on() -> None:
    book = Rulebook([rule(value=10), rule(value=12, since=date(2027, 1, 1))])
    assert book.find("days", "cn", date(2026, 12, 31)).value == 10
    assert book.find("days", "cn", date(2027, 1, 1)).value == 12


def test_a_province_s_rule_not_yet_in_force_leaves_the_nation_s() -> None:
    book = Rulebook([rule(value=10), rule(place="cn/hainan", value=15, since=date(2027, 1, 1))])
    assert book.find("days", "cn/hainan", date(2026, 6, 1)).value == 10


def test_a_place_lies_in_all_places_above_it() -> None:
    assert list(lineage("cn/demo/qinghe")) == ["cn/demo/qinghe", "cn/demo", "cn"]
    assert province_of("cn") is None
    assert province_of("cn/demo/qinghe") == "cn/demo"


def test_numbers_are_spoken_as_statutes_speak_them() -> None:
    figures = (0, 10, 15, 20, 110, 118, 208, 1000, 1005, 1010, 1260)
    spoken_figures = "零 十 十五 二十 一百一十 一百一十八 二百零八 一千 一千零五 一千零一十 一千二百六十"
    assert " ".join(map(chinese_number, figures)) == spoken_figures
    assert article_name("253-1") == "第二百五十三条之一"
    assert fraction_name(Fraction(4, 5)) == "五分之四"
    assert spoken(rule(value=20)) == "20天"


def test_the_nation_s_rules_of_2026_are_on_file() -> None:
    book = Rulebook(load_knowledge().rules)
    as_of = date(2026, 3, 1)
    assert book.find("village.recall_voters", "cn", as_of).value == Fraction(1, 5)
    assert book.find("community.recall_voters", "cn", as_of).value == Fraction(1, 10)
    assert set(book.by_place("local_runoff", as_of)) >= {"cn/sichuan", "cn/hainan", "cn/zhejiang"}
