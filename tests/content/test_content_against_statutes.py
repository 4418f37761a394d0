"""The content against the statutes' own texts, where a copy lies beside the project.

The texts are no part of the project; without them these tests are skipped. The same proof is
`qingfeng check-content --texts FOLDER`.
"""

from pathlib import Path

import pytest

from knowledge.law_texts import LawText, read_law
from knowledge.loader import load_knowledge
from knowledge.model import Rule
from knowledge.rules.against_texts import Cited, LawTextRefused, cited, holds_figure, mismatches, recognise

STATUTES = Path(__file__).parents[3] / "shared" / "law" / "statutes"
pytestmark = pytest.mark.skipif(not STATUTES.is_dir(), reason="no copy of the statutes lies beside the project")
KNOWLEDGE = load_knowledge()
WITHOUT_A_TEXT = {"party-elections", "qingfeng-service"}
ONLY_AN_EXCERPT = {"criminal"}
#: Copies beside the project that are no law the content cites, or not the law's own words.
OF_NO_USE = ("07a_", "12_", "13_", "16_", "17_", "40_", "41_", "42_")


def texts() -> dict[str, LawText]:
    """Every statute at hand by the id it is recognised as."""
    found = {}
    for file in sorted(STATUTES.glob("*.md")):
        if not file.name.startswith(OF_NO_USE):
            text = read_law(file.read_text(encoding="utf-8"))
            found[recognise(file.name, text, KNOWLEDGE.laws, excerpts=True).id] = text
    return found


TEXTS = texts() if STATUTES.is_dir() else {}
CITED = sorted(cited(KNOWLEDGE), key=lambda one: (one.provision.law_id, one.provision.article, one.file, one.mark))
FIGURES = [one.rule for one in CITED if one.rule is not None and one.rule.value is not None]


def test_every_law_on_file_has_its_text_but_for_those_known() -> None:
    assert set(KNOWLEDGE.laws) - set(TEXTS) == WITHOUT_A_TEXT


@pytest.mark.parametrize("file", sorted(STATUTES.glob("*.md")), ids=lambda file: file.name[:3])
def test_only_what_is_the_law_we_cite_and_whole_could_be_imported(file: Path) -> None:
    text = read_law(file.read_text(encoding="utf-8"))
    if file.name.startswith((*OF_NO_USE, "15_")):
        with pytest.raises(LawTextRefused):
            recognise(file.name, text, KNOWLEDGE.laws)
        return
    law = recognise(file.name, text, KNOWLEDGE.laws)
    assert len(text.articles) == law.articles
    assert not any(len(article) < len("已废止") for article in text.articles.values())


@pytest.mark.parametrize("one", {one.provision: one for one in CITED}.values(), ids=lambda one: str(one.provision))
def test_a_cited_article_exists(one: Cited) -> None:
    if one.provision.law_id in WITHOUT_A_TEXT:
        pytest.skip(f"no text of {one.provision.law_id} is at hand")
    assert one.provision.article in TEXTS[one.provision.law_id].articles


@pytest.mark.parametrize("rule", FIGURES, ids=lambda rule: f"{rule.jurisdiction} {rule.topic}")
def test_a_rule_s_figure_stands_in_its_article(rule: Rule) -> None:
    if rule.provision.law_id in WITHOUT_A_TEXT:
        pytest.skip(f"no text of {rule.provision.law_id} is at hand")
    article = TEXTS[rule.provision.law_id].articles[rule.provision.article]
    assert holds_figure(rule, article), (rule.value, rule.upper, article)


def test_nothing_else_the_content_says_of_a_law_is_missing_there() -> None:
    assert mismatches(KNOWLEDGE, TEXTS) == []
