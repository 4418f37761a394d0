"""Reckoning: shares of heads, numbers and days read from a question, and the sentences made of them."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answering import Answerer
from knowledge.calendar import load_calendar
from knowledge.loader import load_knowledge
from knowledge.model import Kind
from knowledge.reckoning.dates import day_named
from knowledge.reckoning.figures import read_figures, read_turnout_share, with_digits
from knowledge.reckoning.shares import at_least, more_than

IN_FORCE = date(2026, 3, 1)
ANSWERER = Answerer(load_knowledge())
shares = st.fractions(min_value=0, max_value=1, max_denominator=20)
totals = st.integers(min_value=0, max_value=100_000)


@given(shares, totals)
def test_more_than_a_share_is_the_least_number_above_it(share: Fraction, total: int) -> None:
    least = more_than(share, total)
    assert least > share * total >= least - 1


@given(shares, totals)
def test_at_least_a_share_is_the_least_number_not_below_it(share: Fraction, total: int) -> None:
    least = at_least(share, total)
    assert least >= share * total > least - 1


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("登记选民2400人,到场1300人,他得了651票", {"roll": 2400, "turnout": 1300, "votes": 651}),
        ("全村900个选民要罢免主任", {"roll": 900}),
        ("居民代表75人,来了50人", {"representatives": 75, "turnout": 50}),
        ("2026年3月8日投票,满18岁", {}),
        ("另行选举投了600张票,我190票排第一", {"turnout": 600, "votes": 190}),
        ("第二回投的时候一共900张票,头名拿了280票", {"turnout": 900, "votes": 280}),
        ("发出去800张票收回来780张", {"handed_out": 800, "turnout": 780}),
        ("一共1400户,那天来投票的只有650户代表", {"households": 1400, "household_turnout": 650}),
        ("选民册上1200人,来了700人,张三拿了340票", {"roll": 1200, "turnout": 700, "votes": 340}),
        ("投票率45%", {}),
        ("给了200块钱", {}),
    ],
)
def test_a_number_counts_what_the_words_around_it_say(text: str, figures: dict[str, int]) -> None:
    assert read_figures(text) == figures


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("一千二百人", "1200人"),
        ("两千人", "2000人"),
        ("一千零五人", "1005人"),
        ("十二人", "12人"),
        ("三百五十人", "350人"),
        ("三分之二", "三分之二"),
        ("一万二千人", "12000人"),
    ],
)
def test_numbers_in_words_are_read(spoken: str, digits: str) -> None:
    assert with_digits(spoken) == digits


@pytest.mark.parametrize(
    ("question", "entry_id", "said"),
    [
        ("登记选民2400人，到场1100人，选举有没有效", "valid-election", ("无效", "1201")),
        ("登记选民2400人，到场1300人，他得了651票，当选没有", "valid-election", ("选举有效", "651", "够当选")),
        ("登记选民2400人，到场1300人，他得了650票，当选没有", "valid-election", ("没过半数", "651")),
        ("我们村900个选民，罢免主任要多少人签字", "recall", ("180", "451", "226")),
        ("社区900个选民，罢免居委会主任要多少人签字", "recall-community", ("90", "451")),
        ("居民代表75人，居委会选举来了50人行不行", "valid-election-community", ("51", "不够")),
        ("村民代表会议60个代表来了40个，能开会吗", "representatives-assembly", ("40", "够了")),
        ("另行选举投了600张票，得了199票算选上吗", "runoff", ("200", "不够")),
        ("登记了一千人，来了五百人投票，有效吗", "valid-election", ("无效", "501")),
        ("第二回投的时候一共900张票，头名拿了280票，算选上吗", "runoff", ("300", "不够")),
        ("小区按户派代表选居委会，一共1400户，来投票的只有650户", "valid-election-community", ("701", "无效")),
        ("罢免会上来了600人，同意320，登记1100，成了吗", "recall", ("551", "301", "罢免成了")),
        ("罢免主任，登记1000，来了500，400赞成，算数吗", "recall", ("501", "没有成")),
        ("一共40个村民代表，几个代表提议就必须开代表会议", "representatives-assembly", ("8",)),
        ("我们用居民代表选居委会，代表共75人，到了50个，够数吗", "valid-election-community", ("51", "不够")),
        ("村里开村民会议，一共300户，来了210户代表，够数吗", "villagers-assembly", ("200", "来了 210 户，够了")),
        ("居委会有60个居民代表，罢免委员要几个代表联名", "recall-community", ("20", "按当初选举的方式")),
        ("登记1000人罢免主任，来了400人，成了吗", "recall", ("没有成", "501")),
        ("我3月3日向选举委员会申诉的，最晚几号给处理结果", "roll-objection", ("3月6日", "3天")),
        ("信访3月1日受理的，最晚哪天办结", "petition-time", ("4月30日",)),
        ("37个村民代表开会，最少来多少人", "representatives-assembly", ("25", "24.7")),
        ("投票率只有百分之四十五，选举有效吗", "valid-election", ("无效", "45%")),
        ("投票率58%，算不算数", "valid-election", ("选举有效",)),
        ("村里320户，要选几个村民代表", "representatives", ("22", "64")),
        ("有60个村民代表，罢免主任要几个代表联名", "recall", ("20",)),
        ("全村1200人开村民会议，要来多少人", "villagers-assembly", ("601",)),
        ("名单3月3日贴出来的，最晚哪天能提异议", "roll-objection", ("3月8日", "3月4日", "5天")),
        ("社区选民名单三月三号公布，异议几号截止", "roll-objection-community", ("3月8日",)),
        ("我们村3月30号投票，选民名单最晚哪天贴", "roll-date", ("3月10日", "20天")),
        ("12月25日选出新村委会，公章最晚什么时候交", "handover", ("2027年1月4日", "10天")),
        ("孩子生日是2008年12月3日，2027年1月16号选举，能不能领选票", "voting-age", ("够了", "18")),
        ("我儿子2009年3月1日出生，我们村2027年2月28日投票，他能投不", "voting-age", ("还不够", "满17周岁")),
        ("村委会是2021年选的，哪年换届", "term-length", ("2026年", "5年")),
    ],
)
def test_a_question_with_numbers_is_reckoned_with_its_steps(
    question: str, entry_id: str, said: tuple[str, ...]
) -> None:
    answer = ANSWERER.answer(question, as_of=IN_FORCE)
    assert answer.entry_id == entry_id
    for part in said:
        assert part in answer.text


def test_more_votes_than_voters_are_not_reckoned_with() -> None:
    answer = ANSWERER.answer("登记100人，来了60人，他得了70票，当选了吗", as_of=IN_FORCE)
    assert "70" not in answer.text


def test_a_report_s_clock_counts_working_days() -> None:
    answer = ANSWERER.answer("我2月10日实名举报的，最晚几号告诉我受不受理", as_of=IN_FORCE)
    last = load_calendar().add_working_days(date(2026, 2, 10), 15)
    assert answer.entry_id == "accept-time"
    assert f"{last.month}月{last.day}日" in answer.text


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("名单3月3日贴的", date(2026, 3, 3)),
        ("3月3号贴的", date(2026, 3, 3)),
        ("2027年1月12日投票", date(2027, 1, 12)),
        ("2027-1-12投票", date(2027, 1, 12)),
        ("三月八号投票", date(2026, 3, 8)),
        ("三月初八投票", date(2026, 3, 8)),
        ("2021年3月选的", date(2021, 3, 1)),
        ("2021年选的", date(2021, 1, 1)),
        ("2月30日贴的", None),
        ("13月1日", None),
        ("得了3.5成", None),
        ("1/2的人来了", None),
        ("得票率58.3%", None),
        ("来了3个月", None),
        ("过了三五天", None),
    ],
)
def test_a_day_is_read_or_left_alone(text: str, day: date | None) -> None:
    named = day_named(with_digits(text), IN_FORCE)
    assert (named.day if named else None) == day


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    day_named(with_digits(text), IN_FORCE)
    read_turnout_share(text)
    read_figures(with_digits(text))


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31)))
def test_every_day_is_read_back(day: date) -> None:
    named = day_named(f"名单{day.year}年{day.month}月{day.day}日公布", IN_FORCE)
    assert named is not None
    assert named.day == day


@pytest.mark.parametrize(
    "question",
    [
        "我们支部有30个正式党员，到会多少有效",
        "党员有六百多，能选代表来投吗",
        "200多人签字要求罢免，没人管怎么办",
        "几十个人签字说选举无效，哪一级能认定",
        "小区两千多户，选居委会是一家一票还是每人一票",
        "全村6000人太难组织，能改成代表选吗",
    ],
)
def test_a_number_told_in_passing_is_not_reckoned_with(question: str) -> None:
    answer = ANSWERER.answer(question, as_of=IN_FORCE)
    assert not any(word in answer.text for word in ("至少要来", "至少要 ", "人签名（", "选举无效："))


def test_where_village_or_community_is_not_known_both_are_said() -> None:
    answer = ANSWERER.answer("登记900人，罢免主任要多少人签字", as_of=IN_FORCE)
    assert "180" in answer.text
    assert answer.differs_by_kind
    assert "社区" in answer.more
    assert "十分之一" in answer.more
    there = ANSWERER.answer("登记900人，罢免主任要多少人签字", as_of=IN_FORCE, kind=Kind.COMMUNITY)
    assert "90" in there.text
    assert there.entry_id == "recall-community"


@pytest.mark.parametrize(
    "question",
    [
        "生日2009年3月1日，2027年3月1日投票，能投不",
        "2027年3月1日投票，2028年3月1日出生的能投吗",
    ],
)
def test_a_day_nobody_can_count_with_gets_the_ordinary_answer(question: str) -> None:
    assert "算法" not in ANSWERER.answer(question, as_of=IN_FORCE).text


def test_an_explanation_reckons_only_where_the_answer_does() -> None:
    question = "公司100人来了60人算旷工吗"
    assert ANSWERER.explain(question, as_of=IN_FORCE).calculation == ""
    assert "选举" not in ANSWERER.answer(question, as_of=IN_FORCE).text


def test_a_day_without_a_question_of_time_is_not_reckoned() -> None:
    answer = ANSWERER.answer("名单3月3日贴出来了，上面没有我的名字", as_of=IN_FORCE)
    assert "算法" not in answer.text
