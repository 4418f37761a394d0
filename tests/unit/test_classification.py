"""The judgement as a whole: stability, bundled matters, denials, guided reports, the command."""

import argparse
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import classify as command
from knowledge.casework.categories import Category, load_categories
from knowledge.casework.classification import Classifier, ReportFacts

CLASSIFIER = Classifier(load_categories())

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


def _categories(text: str) -> set[Category]:
    return {flag.category for flag in CLASSIFIER.classify(text).must_investigate}


@given(st.text(max_size=300))
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


def test_what_a_guided_report_denies_is_not_suspected():
    facts = ReportFacts(what="没有人给村民送钱送东西,就是唱票太快看不清", who="选委会")
    assert Category.VOTE_BUYING not in {flag.category for flag in CLASSIFIER.judge(facts)}


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=20), st.integers(0, 9), st.booleans())
def test_any_guided_report_is_judged_and_twice_the_same(what: str, who: str, when: str, evidence: int, named: bool):
    facts = ReportFacts(what=what, who=who, when=when, evidence_count=evidence, has_name=named, has_contact=named)
    assert CLASSIFIER.judge(facts) == CLASSIFIER.judge(facts)


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return command.run(parser.parse_args(words))


@pytest.mark.parametrize(
    "unit", ["1", "一", "一万", "1,000", "没有给每户发烟", "如果给每户发烟,", "王某给每户发一百元,投他"]
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
    assert list(first) == ["text", "intent", "kinds", "must_investigate", "missing", "amounts"]
    assert first["must_investigate"][-1]["category"] == "vote_buying"
    assert second["must_investigate"] == []


def test_the_command_speaks_chinese_without_json(capsys):
    assert _run("他给每户两百元拉票") == 0
    assert "必查：涉嫌拉票贿选" in capsys.readouterr().out


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
