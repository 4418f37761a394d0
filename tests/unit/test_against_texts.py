"""A text is taken for a law only in the version the content cites, and whole; figures are looked for in the article."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from knowledge.law_texts import LawText, read_law
from knowledge.loader import load_from, load_knowledge
from knowledge.model import Law, Provision, Rule, Status, Unit
from knowledge.rules.against_texts import LawTextRefused, holds_figure, mismatches, recognise
from tests.statutes import made_up

GOOD = Path(__file__).parents[1] / "content" / "good"
NEW = Law("sample", "样板法", "2025年修正", date(2026, 1, 1), 3, Status.ONE_COPY, ("样板",))
OLD = replace(NEW, id="sample-2018", version="2018年", in_force_from=date(2018, 12, 29), articles=2, aliases=())
LAWS = {law.id: law for law in (NEW, OLD)}


def text(day: str = "2025年10月28日", articles: int = 3, title: str = "中华人民共和国样板法") -> LawText:
    numbers = "一二三四五"[:articles]
    return read_law("\n".join([title, day, *(f"第{number}条 甲。" for number in numbers)]))


def test_a_law_is_recognised_in_its_version() -> None:
    assert recognise("a", text(), LAWS) is NEW
    assert recognise("a", text("2018年12月29日", 2), LAWS) is OLD
    assert recognise("a", text(title="样板"), LAWS) is NEW


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (text(title="别的法"), "no law on file"),
        (text(title="样板法（节选）"), "excerpt"),
        (text(day=""), "names no date"),
        (text(articles=2), "it has 2 articles"),
        (text("2018年12月29日", 3), "it has 3 articles"),
        (text("2010年10月28日"), "its last change is of 2010-10-28"),
        (text("2027年3月1日"), "after every version on file"),
        (read_law("样板法\n2025年10月28日\n第一条 甲。\n第三条 丙。"), "第二条"),
        (read_law("样板法\n2025年10月28日\n没有条。"), "no line begins with an article"),
    ],
)
def test_what_is_not_the_law_cited_is_refused_with_a_cure(given: LawText, fault: str) -> None:
    with pytest.raises(LawTextRefused) as refused:
        recognise("a.docx", given, LAWS)
    assert fault in refused.value.fault
    assert str(refused.value).startswith("a.docx: ")
    assert refused.value.cure


def test_an_excerpt_proves_figures_where_that_is_enough() -> None:
    assert recognise("a", text(title="样板法（节选）"), LAWS, excerpts=True) is NEW


def rule(value: int | Fraction | None, unit: Unit = Unit.DAYS, upper: int | None = None) -> Rule:
    return Rule("x", "cn", date(2026, 1, 1), value, upper, unit, "", Provision("sample", "1"))


@pytest.mark.parametrize(
    ("held", "article"),
    [
        (rule(20), "应当提前二十日公布"),
        (rule(20), "应当提前20日公布"),
        (rule(3, Unit.PERSONS, 7), "由三至七人组成"),
        (rule(2, Unit.PERSONS), "不得超过两人"),
        (rule(12, Unit.MONTHS), "一年内"),
        (rule(Fraction(1, 2), Unit.FRACTION), "过半数同意"),
        (rule(Fraction(2, 3), Unit.FRACTION), "三分之二以上"),
        (rule(None, Unit.WORDS), "什么都行"),
    ],
)
def test_a_figure_is_found_however_a_statute_spells_it(held: Rule, article: str) -> None:
    assert holds_figure(held, article)


@pytest.mark.parametrize(
    ("held", "article"),
    [
        (rule(3), "应当在十三日内"),
        (rule(3), "应当在三十日内"),
        (rule(3, Unit.PERSONS), "三分之一以上"),
        (rule(20), "120日"),
        (rule(3, Unit.PERSONS, 7), "由三至九人组成"),
        (rule(Fraction(1, 5), Unit.FRACTION), "四分之一以上"),
    ],
)
def test_a_figure_inside_another_is_not_that_figure(held: Rule, article: str) -> None:
    assert not holds_figure(held, article)


def test_a_text_that_bears_the_content_out_has_no_mismatch() -> None:
    knowledge = load_knowledge()
    law = knowledge.laws["village"]
    assert mismatches(knowledge, {law.id: read_law(made_up(law))}) == []


def test_a_missing_article_and_a_wrong_figure_are_named_with_the_file() -> None:
    knowledge = load_from(GOOD)
    found = mismatches(knowledge, {"village": read_law("x\n第十八条 委托的票不限张数。")})
    assert [(one.file, "proxy_limit" in one.fault) for one in found] == [("rules/voting.yaml", True)]
    found = mismatches(knowledge, {"village": read_law("x\n第十七条 甲。")})
    assert {one.file for one in found} == {"rules/voting.yaml", "entries/voting/proxy-limit.yaml"}
