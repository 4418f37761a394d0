"""The judgement as a whole: stability, bundled matters, denials, guided reports, the command."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import classify as command
from knowledge.casework.categories import Category, categories_from, category_files, load_categories
from knowledge.casework.classification import Classifier, Flag, MatterFound, ReportFacts, replay

CLASSIFIER = Classifier(load_categories())
KEPT_RULES = categories_from(category_files())

BOUGHT = [
    "李某给每户送了两百块让大家投他",
    "候选人在饭店请村民吃饭",
    "竞选村主任的周某往微信群里发红包",
    "他们挨家挨户拉票",
    "一张选票卖一百元",
]
MATTERS = [
    "村里的机井坏了半年没人修",
    "会计把集体款三万元借给亲戚",
    "我家的宅基地被邻居占了",
    "低保名单从来不公示",
    "业委会乱收物业费",
    "路灯不亮",
    "去年的征地补偿款没有发到位",
]
GIFTS = ["给村民发钱拉票", "给选民送烟送酒", "请选民吃饭拉票", "花钱买选票", "发红包贿选"]


BUNDLE = """县里的领导：我们村的事说来话长。2016年征地，每亩补偿三万六千元，到手只有两万九，会计说差额是工作经费。
村里的鱼塘包给了村主任的表弟，十五年的租金一次收了四万元，没有入账，也没有开会。
去年冬天换届，投票前一晚，村主任让他侄子给我家送来两条烟和五百元，叫我们四张票都投他。
还有低保，村主任的岳母住着三层楼也在领。请领导派人来查。"""
FACTS = st.builds(
    ReportFacts,
    what=st.one_of(st.text(max_size=60), st.sampled_from([*BOUGHT, *MATTERS, BUNDLE, "没有人送礼", "算不算贿选？"])),
    who=st.sampled_from(["", "张大山", "村主任", "李某", "不知道"]),
    place=st.just("小河村"),
    when=st.sampled_from(["", "3月8日晚上", "去年", "赶集那天"]),
    where=st.sampled_from(["", "我家堂屋"]),
    how_known=st.sampled_from(["", "亲眼看见", "听说的"]),
    evidence_count=st.integers(0, 9),
    has_name=st.booleans(),
    has_contact=st.booleans(),
    distinct_reporters=st.integers(0, 9),
)


def _categories(text: str) -> set[str]:
    return {flag.category for flag in CLASSIFIER.classify(text).must_investigate}


@given(st.text(max_size=300))
@settings(deadline=None)
def test_any_text_is_judged_and_twice_the_same(text: str):
    assert CLASSIFIER.classify(text) == Classifier(load_categories()).classify(text)


@given(st.text(alphabet="如果他给我每户一百元投票选李某?。,没有说了吗\ud800", max_size=80))
def test_any_mixture_of_cue_words_is_judged(text: str):
    result = CLASSIFIER.classify(text)
    assert result.text == text
    assert result.rule_version == load_categories().version


@given(
    st.sampled_from(BOUGHT),
    st.lists(st.sampled_from(MATTERS), max_size=5),
    st.lists(st.sampled_from(MATTERS), max_size=5),
)
def test_bundled_matters_do_not_hide_a_bought_vote(bought: str, before: list[str], after: list[str]):
    assert Category.VOTE_BUYING in _categories("。".join([*before, bought, *after]))


@given(st.lists(st.sampled_from(MATTERS), max_size=7))
def test_other_matters_alone_are_no_vote_buying(matters: list[str]):
    assert Category.VOTE_BUYING not in _categories("。".join(matters))


@given(
    st.sampled_from(["我们村没有人", "从来没有人", "候选人并没有", "候选人从未", "严禁", "不准"]),
    st.sampled_from(GIFTS),
)
def test_what_is_denied_or_forbidden_is_not_suspected(denial: str, gift: str):
    assert Category.VOTE_BUYING not in _categories(denial + gift)


@given(
    st.sampled_from(["如果有人", "假如候选人", "要是他", "万一有候选人"]),
    st.sampled_from(GIFTS),
    st.sampled_from(["", ",怎么办?", ",犯法吗?"]),
)
def test_what_is_only_supposed_is_not_suspected(supposition: str, gift: str, question: str):
    assert Category.VOTE_BUYING not in _categories(supposition + gift + question)


def test_a_fact_told_before_a_question_is_suspected_and_is_a_report():
    result = CLASSIFIER.classify("他昨晚给我爸三百块叫我们家投他,这犯法吗?")
    assert result.intent == "report"
    assert Category.VOTE_BUYING in {flag.category for flag in result.must_investigate}


def test_a_general_question_stays_a_question():
    result = CLASSIFIER.classify("候选人给每户发二百元,算不算贿选?")
    assert (result.intent, result.must_investigate, result.missing) == ("question", (), ())


@pytest.mark.parametrize("text", ["您好", "谢谢", "🙂", ""])
def test_a_greeting_is_neither_report_nor_question(text: str):
    assert CLASSIFIER.classify(text).intent == "other"


def test_kinds_amounts_and_missing_parts_are_named():
    result = CLASSIFIER.classify("有人给每家送两桶油和三百元,叫大家投他")
    assert {"money", "goods"} <= set(result.kinds)
    assert result.amounts == ("两桶油", "三百元")
    assert result.missing == ("who", "when", "where", "evidence")


def test_reasons_quote_only_the_gift_and_the_sum_of_its_own_sentence():
    result = CLASSIFIER.classify("征地款八万元不知去向。选村长时李某给每户两百元。我家住在村东头老槐树旁。")
    reasons = "".join(next(f.reasons for f in result.must_investigate if f.category == Category.VOTE_BUYING))
    assert "两百元" in reasons
    assert "八万元" not in reasons
    assert "老槐树" not in reasons


def test_a_signed_text_with_a_phone_number_claims_a_real_name():
    assert Category.REAL_NAME in _categories("我叫李小满,电话13800000000,村里的账一直不公开")
    assert Category.REAL_NAME not in _categories("他的电话是13800000000")
    assert Category.REAL_NAME not in _categories("我叫李小满,村里的账一直不公开")


@pytest.mark.parametrize(
    ("name", "contact", "flagged"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_guided_report_claims_a_real_name_with_name_and_contact(name: bool, contact: bool, flagged: bool):
    flags = CLASSIFIER.judge(ReportFacts(what="账不公开", has_name=name, has_contact=contact))
    assert (Category.REAL_NAME in {flag.category for flag in flags}) is flagged
    assert all("自称" in flag.reasons[0] for flag in flags if flag.category == Category.REAL_NAME)


@pytest.mark.parametrize(("people", "flagged"), [(1, False), (4, False), (5, True), (60, True)])
def test_a_strong_reaction_needs_enough_different_people(people: int, flagged: bool):
    flags = CLASSIFIER.judge(ReportFacts(what="路没修", distinct_reporters=people))
    assert [flag.category for flag in flags] == ([Category.MASS_REACTION] if flagged else [])


def test_a_guided_report_is_known_to_be_about_an_election():
    facts = ReportFacts(what="他给我家送了两条烟和一百块钱", who="张大山", when="3月8日晚上", where="我家堂屋")
    assert [flag.category for flag in CLASSIFIER.judge(facts)] == [Category.SPECIFIC_CLUES, Category.VOTE_BUYING]


def test_a_guided_report_of_other_wrongs_is_no_vote_buying():
    facts = ReportFacts(what="把征地补偿款八万元给了他弟弟", who="村主任", when="去年")
    assert Category.VOTE_BUYING not in {flag.category for flag in CLASSIFIER.judge(facts)}


@pytest.mark.parametrize(
    "what", ["王某从我家鱼塘里捞走了几十斤鱼", "他开车撞坏了我家的院墙不赔", "村里的公款他拿去给自己买了手机"]
)
def test_a_guided_report_without_a_gift_to_voters_is_no_vote_buying(what: str):
    flags = CLASSIFIER.judge(ReportFacts(what=what, who="王大山"))
    assert Category.VOTE_BUYING not in {flag.category for flag in flags}


def test_what_a_guided_report_denies_is_not_suspected():
    facts = ReportFacts(what="没有人给村民送钱送东西,就是唱票太快看不清", who="选委会")
    assert Category.VOTE_BUYING not in {flag.category for flag in CLASSIFIER.judge(facts)}


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=20), st.integers(0, 9), st.booleans())
def test_any_guided_report_is_judged_and_twice_the_same(what: str, who: str, when: str, evidence: int, named: bool):
    facts = ReportFacts(what=what, who=who, when=when, evidence_count=evidence, has_name=named, has_contact=named)
    assert CLASSIFIER.judge(facts) == CLASSIFIER.judge(facts)


def test_bundled_matters_are_told_apart_each_with_its_own_clause_and_sums():
    found = {matter.id: matter for matter in CLASSIFIER.classify(BUNDLE).matters}
    assert found["vote_buying"] == MatterFound(
        "vote_buying", "拉票贿选", "村主任让他侄子给我家送来两条烟和五百元", ("两条烟", "五百元", "四张")
    )
    assert {"四万元"} == set(found["accounts"].amounts)
    assert "没有入账" in found["accounts"].quote
    assert len(found) == len(CLASSIFIER.classify(BUNDLE).matters)


def test_vote_buying_stands_first_and_other_matters_follow_the_text():
    found = [matter.id for matter in CLASSIFIER.classify("会计做假账。他占了我家的地。王某发钱拉票。").matters]
    assert found == ["vote_buying", "accounts", "land"]


@given(st.text(max_size=200), st.sampled_from(BOUGHT), st.text(max_size=200))
def test_the_clause_of_a_matter_is_short_and_stands_in_the_text(before: str, bought: str, after: str):
    text = before + bought + after
    for matter in CLASSIFIER.classify(text).matters:
        assert len(matter.quote) <= 40
        assert matter.quote in text
        assert all(amount in text for amount in matter.amounts)


def test_a_very_long_clause_is_quoted_around_its_matter():
    text = "我" + "就是想跟你们说一说我们这个地方的事" * 5 + "王某挨家挨户发钱拉票" + "大家心里都清楚得很" * 5
    assert "发钱拉票" in CLASSIFIER.classify(text).matters[0].quote


def test_a_judgement_holds_flags_matters_and_the_version():
    facts = ReportFacts(what=BUNDLE, who="村主任", when="去年冬天")
    judgement = CLASSIFIER.judgement(facts)
    assert judgement.flags == CLASSIFIER.judge(facts)
    assert [matter.id for matter in judgement.matters][:1] == ["vote_buying"]
    assert judgement.rule_version == load_categories().version


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        (ReportFacts(what="他们给人发钱拉票"), ("什么人", "什么时候", "在哪里", "数额或数量", "有什么凭据")),
        (ReportFacts(what="他们给人发钱拉票", when="赶集那天", where="桥头"), ("什么人", "数额或数量", "有什么凭据")),
        (ReportFacts(what="他发钱拉票", who="张大山", when="3月8日"), ()),
    ],
)
def test_what_a_specific_clue_lacks_is_named_in_chinese_and_only_where_nothing_was_filled_in(
    facts: ReportFacts, missing: tuple[str, ...]
):
    assert CLASSIFIER.judgement(facts).missing == missing


def test_what_somebody_files_as_a_report_is_held_to_be_a_wrong():
    facts = ReportFacts(what="他把我家门前的那条小路用篱笆圈进他院子里面去了", who="张大山")
    assert [flag.category for flag in CLASSIFIER.judge(facts)] == [Category.SPECIFIC_CLUES]


def test_a_strong_reaction_names_people_and_days():
    flag = CLASSIFIER.mass_reaction(7)
    assert flag == Flag("mass_reaction", ("群众反映强烈：30天内已有7个人反映同一人或同一村。",))
    assert CLASSIFIER.judge(ReportFacts(what="路没修", distinct_reporters=7)) == (flag,)


def test_without_such_a_category_nothing_becomes_a_strong_reaction():
    files = category_files()
    sheet = files["categories.yaml"].decode()
    start, end = sheet.index("  mass_reaction:\n    name"), sheet.index("# How many different people")
    rules = categories_from({**files, "categories.yaml": (sheet[:start] + sheet[end:]).encode()})
    assert rules.raised_by("mass_reaction") is None
    assert Classifier(rules).judge(ReportFacts(what="路没修", distinct_reporters=50)) == ()
    with pytest.raises(LookupError):
        Classifier(rules).mass_reaction(50)


@given(FACTS)
def test_facts_come_back_from_json_as_they_were(facts: ReportFacts):
    assert ReportFacts.from_data(json.loads(json.dumps(facts.as_data()))) == facts


def test_facts_kept_by_an_older_or_a_newer_release_can_be_read():
    assert ReportFacts.from_data({"what": "路没修", "mood": "angry"}) == ReportFacts(what="路没修")
    assert ReportFacts.from_data({}) == ReportFacts(what="")


@given(FACTS)
@settings(deadline=None)
def test_a_replay_raises_the_flags_that_were_raised(facts: ReportFacts):
    kept = json.loads(json.dumps(facts.as_data()))
    assert replay(KEPT_RULES, kept) == CLASSIFIER.judge(facts)


_REPLAY = """
import json, sys
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import replay
kept = json.load(sys.stdin)
print(json.dumps([[[flag.category, flag.reasons] for flag in replay(load_categories(), data)] for data in kept]))
"""


@given(st.lists(FACTS, min_size=8, max_size=8))
@settings(max_examples=3, deadline=None)
def test_another_process_in_another_order_raises_the_same_flags(facts: list[ReportFacts]):
    here = [[[flag.category, list(flag.reasons)] for flag in CLASSIFIER.judge(one)] for one in facts]
    done = subprocess.run(
        [sys.executable, "-c", _REPLAY],
        input=json.dumps([one.as_data() for one in reversed(facts)]),
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == here[::-1]


def test_a_county_names_its_own_categories():
    files = category_files()
    sheet = files["categories.yaml"].decode()
    own = sheet.replace("  vote_buying:\n    name: 涉嫌拉票贿选", "  bought_votes:\n    name: 贿选线索").replace(
        "categories:\n",
        "categories:\n  forwarded:\n    {name: 换届办转交的, detector: by_hand, must_investigate: true}\n",
        1,
    )
    rules = categories_from({**files, "categories.yaml": own.encode()})
    assert [rule.id for rule in rules.categories] == [
        *("forwarded", "real_name", "specific_clues", "bought_votes", "mass_reaction"),
    ]
    assert (rules.name_of("bought_votes"), rules.name_of("forwarded")) == ("贿选线索", "换届办转交的")
    assert rules.name_of("gone_long_ago") == "gone_long_ago"
    assert [f.category for f in Classifier(rules).classify("候选人给每户两百元").must_investigate] == ["bought_votes"]


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return command.run(parser.parse_args(words))


@pytest.mark.parametrize(
    "unit",
    [
        *("1", "一", "一万", "1,000", "票", "没有给每户发烟", "如果给每户发烟,", "王某给每户发一百元,投他"),
        *("王某拿烟五十票", "没有三十户拿烟选举", "王某给烟一百元", "别的村选举拿烟", "算不算", "没有公示"),
    ],
)
def test_twenty_thousand_characters_are_judged_at_all(unit: str):
    # Unbounded patterns took minutes here; the suite would be seen to hang.
    text = (unit * 20_000)[:20_000]
    assert CLASSIFIER.classify(text).text == text


def test_the_command_prints_one_json_object_a_line(tmp_path, capsys):
    batch = tmp_path / "tips.jsonl"
    batch.write_text('{"text": "他给每户两百元拉票"}\n\n{"text": "你好"}\n', encoding="utf-8")
    assert _run("--batch", str(batch), "--json") == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(first) == ["text", "intent", "kinds", "must_investigate", "missing", "amounts", "matters"]
    assert first["matters"][0] == {
        "id": "vote_buying",
        "name": "拉票贿选",
        "quote": "他给每户两百元拉票",
        "amounts": ["每户两百元"],
    }
    assert first["must_investigate"][-1]["category"] == "vote_buying"
    assert second["must_investigate"] == []


def test_the_command_speaks_chinese_without_json(capsys):
    assert _run("他给每户两百元拉票") == 0
    said = capsys.readouterr().out
    assert "必查：涉嫌拉票贿选" in said
    assert "事项：拉票贿选（“他给每户两百元拉票”）" in said


@pytest.mark.parametrize("content", ["不是JSON\n", '{"q": "x"}\n', '["text"]\n', '{"text": 5}\n'])
def test_a_bad_batch_is_named_by_line_and_exits_2(tmp_path, capsys, content: str):
    batch = tmp_path / "bad.jsonl"
    batch.write_text('{"text": "好"}\n' + content, encoding="utf-8")
    assert _run("--batch", str(batch), "--json") == 2
    error = capsys.readouterr().err
    assert "第 2 行" in error
    assert error.count("\n") == 1


def test_a_missing_file_or_an_empty_text_exits_2(tmp_path, capsys):
    assert _run("--batch", str(tmp_path / "none.jsonl")) == 2
    assert _run("  ") == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
