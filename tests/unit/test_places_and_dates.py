"""Where and when: the rule of the place and day, and nothing whose window is over."""

from datetime import date, timedelta

import pytest

from knowledge.answering import Answerer
from knowledge.loader import load_knowledge
from knowledge.rules.rulebook import Rulebook
from knowledge.rules.standing import standing_rules

KNOWLEDGE = load_knowledge()
ANSWERER = Answerer(KNOWLEDGE)
TODAY = date(2026, 11, 21)
LAST_DAY_OF_THE_OLD_LAW = date(2025, 12, 31)
FIRST_DAY_OF_THE_NEW_LAW = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("entry_id", "before", "after"),
    [
        ("term-length", "第十一条", "第十四条"),
        ("roll-objection", "第十四条", "第十七条"),
        ("recall", "第十六条", "第十九条"),
        ("valid-election", "第十五条", "第十八条"),
        ("handover", "第二十条", "第二十四条"),
    ],
)
def test_the_articles_change_with_the_law(entry_id: str, before: str, after: str) -> None:
    old = ANSWERER.answer_entry(entry_id, as_of=LAST_DAY_OF_THE_OLD_LAW)
    new = ANSWERER.answer_entry(entry_id, as_of=FIRST_DAY_OF_THE_NEW_LAW)
    assert old is not None
    assert new is not None
    assert before in [c.article for c in old.citations if "2018" in c.version]
    assert not any("2025" in c.version for c in old.citations if c.law_id in ("village", "residents"))
    assert after in [c.article for c in new.citations if "2025" in c.version]
    assert not any("2018" in c.version for c in new.citations)


@pytest.mark.parametrize("day", [LAST_DAY_OF_THE_OLD_LAW, FIRST_DAY_OF_THE_NEW_LAW, TODAY])
def test_nothing_outside_its_window_is_ever_cited(day: date) -> None:
    for entry_id in KNOWLEDGE.entries:
        answer = ANSWERER.answer_entry(entry_id, as_of=day)
        for citation in answer.citations if answer else ():
            law = KNOWLEDGE.laws.get(citation.law_id)
            assert law is None or law.in_force(day), (entry_id, citation)


def test_a_rule_is_not_found_after_its_last_day() -> None:
    rules = Rulebook(KNOWLEDGE.rules)
    ended = [rule for rule in KNOWLEDGE.rules if rule.in_force_until is not None]
    assert ended
    for rule in ended:
        assert rule.in_force_until is not None
        found = rules.find_own(rule.topic, rule.jurisdiction, rule.in_force_until + timedelta(days=1))
        assert found is not rule


def test_before_any_law_on_file_nothing_is_said() -> None:
    answer = ANSWERER.answer("委托票一个人最多能带几张", as_of=date(1990, 1, 1))
    assert not answer.answered
    assert answer.not_in_force


def test_in_hebei_the_national_rule_on_proxies_stands() -> None:
    answer = ANSWERER.answer("一个人最多能接几张委托票", jurisdiction="cn/hebei", as_of=TODAY)
    said = f"{answer.text}\n{answer.more}"
    assert "最多替3人" in said
    assert "河北" in said
    assert "以国家法为准" in said
    why = ANSWERER.explain("一个人最多能接几张委托票", jurisdiction="cn/hebei", as_of=TODAY)
    stands = {(one.rule.topic, one.rule.jurisdiction): one.stands for one in why.rules}
    assert stands["village.proxy_limit", "cn"]
    assert stands["local_proxy_scope", "cn/hebei"] is False


def test_a_province_s_own_rule_goes_before_the_others() -> None:
    answer = ANSWERER.answer("另行选举几天内办", jurisdiction="cn/hebei", as_of=TODAY)
    said = f"{answer.text}\n{answer.more}"
    assert "河北：" in said
    assert "四川：" not in said
    assert "各省规定不一样" not in said


def test_a_province_named_in_the_question_goes_before_the_place() -> None:
    answer = ANSWERER.answer("浙江另行选举几天内办", jurisdiction="cn/hebei", as_of=TODAY)
    assert "浙江" in f"{answer.text}\n{answer.more}"


def test_without_a_place_the_provinces_are_told_apart() -> None:
    answer = ANSWERER.answer("另行选举几天内办", as_of=TODAY)
    said = f"{answer.text}\n{answer.more}"
    assert all(name in said for name in ("四川", "海南", "浙江", "河北", "天津", "上海"))


def test_rules_that_stand_come_first() -> None:
    entry = KNOWLEDGE.entries["proxy-limit"]
    found = standing_rules(Rulebook(KNOWLEDGE.rules), entry, "cn/hebei", TODAY)
    assert [one.stands for one in found] == sorted((one.stands for one in found), reverse=True)
