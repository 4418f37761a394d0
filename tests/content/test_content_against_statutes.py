"""The content against the statutes' own texts, where a copy lies beside the project.

The texts are no part of the project; without them these tests are skipped.
"""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from knowledge.loader import load_knowledge
from knowledge.model import Provision, Rule, Unit
from knowledge.rules.wording import article_name, chinese_number, fraction_name

STATUTES = Path(__file__).parents[3] / "shared" / "law" / "statutes"
pytestmark = pytest.mark.skipif(not STATUTES.is_dir(), reason="no copy of the statutes lies beside the project")
KNOWLEDGE = load_knowledge()
FILES = {
    "village": "01_", "residents": "03_", "petitions": "05_", "accusations": "06_", "party-discipline": "07_",
    "public-security": "08_", "personal-information": "09_", "supervision": "10_", "official-sanctions": "11_",
    "lead-handling": "14_", "criminal": "15_", "sichuan-village": "30_", "hainan-village": "32_",
    "zhejiang-village": "33_", "hebei-village": "34_", "tianjin-village": "35_", "shanghai-village": "36_",
    "hebei-reporting": "37_", "hainan-reporting": "38_",
}  # fmt: skip
WITHOUT_A_TEXT = {"party-elections", "qingfeng-service"}
_TEXTS: dict[str, dict[str, str]] = {}


def articles(law_id: str) -> dict[str, str]:
    """A statute's articles by name."""
    if law_id not in _TEXTS:
        file = next(STATUTES.glob(f"{FILES[law_id]}*.md"))
        body = re.sub(r"<!--.*?-->", "", file.read_text(encoding="utf-8"), count=1, flags=re.DOTALL)
        parts = re.split(r"^[\s\u3000*#]*(第[一二三四五六七八九十百零]+条(?:之[一二三])?)", body, flags=re.MULTILINE)
        _TEXTS[law_id] = dict(zip(parts[1::2], parts[2::2], strict=True))
    return _TEXTS[law_id]


def cited() -> list[Provision]:
    provisions = {p for entry in KNOWLEDGE.entries.values() for p in entry.provisions}
    provisions |= {rule.provision for rule in KNOWLEDGE.rules}
    return sorted(provisions, key=lambda p: (p.law_id, p.article))


@pytest.mark.parametrize("provision", cited(), ids=lambda p: f"{p.law_id} {p.article}")
def test_a_cited_article_exists(provision: Provision) -> None:
    if provision.law_id in WITHOUT_A_TEXT:
        pytest.skip(f"no text of {provision.law_id} is at hand")
    assert article_name(provision.article) in articles(provision.law_id)


@pytest.mark.parametrize("law_id", sorted(FILES))
def test_a_law_has_as_many_articles_as_is_said(law_id: str) -> None:
    if law_id == "criminal":
        pytest.skip("only some articles of the criminal law are at hand")
    assert article_name(str(KNOWLEDGE.laws[law_id].articles)) in articles(law_id)
    assert article_name(str(KNOWLEDGE.laws[law_id].articles + 1)) not in articles(law_id)


def spellings(number: int, unit: Unit) -> set[str]:
    """The ways a statute may write a figure."""
    ways = {str(number), chinese_number(number)}
    if unit is Unit.MONTHS and number % 12 == 0:
        ways.add(f"{chinese_number(number // 12)}年")
    if number == 2:
        ways |= {"两", "二"}
    return ways


@pytest.mark.parametrize("rule", KNOWLEDGE.rules, ids=lambda r: f"{r.jurisdiction} {r.topic}")
def test_a_rule_s_figure_stands_in_its_article(rule: Rule) -> None:
    if rule.value is None:
        pytest.skip("the rule is in words")
    text = articles(rule.provision.law_id)[article_name(rule.provision.article)]
    if isinstance(rule.value, Fraction):
        written = {"过半数", "半数"} if rule.value == Fraction(1, 2) else {fraction_name(rule.value)}
        assert any(way in text for way in written)
        return
    for number in filter(None, (rule.value, rule.upper)):
        assert any(way in text for way in spellings(number, rule.unit)), (number, text)
