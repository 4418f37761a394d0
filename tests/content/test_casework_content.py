"""The content of the four categories loads, hangs together, and says what is wrong when it is broken."""

import shutil
from pathlib import Path

import pytest

from knowledge.casework.categories import CONTENT, Category, load_categories
from knowledge.casework.classification import Classifier
from knowledge.errors import ContentError

CONTENT_SET = load_categories()


def test_every_category_has_its_reasons():
    assert set(CONTENT_SET.reasons) == {str(category) for category in Category}


def test_the_weakest_report_that_names_somebody_and_a_wrong_reaches_the_threshold():
    weights = CONTENT_SET.weights
    assert weights["named_person"] + weights["act"] >= CONTENT_SET.threshold
    assert weights["office"] + weights["act"] < CONTENT_SET.threshold


def test_identifiers_of_kinds_and_matters_are_unique():
    ids = [kind.id for kind in CONTENT_SET.kinds] + [matter.id for matter in CONTENT_SET.matters]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("kind", CONTENT_SET.kinds, ids=lambda kind: kind.id)
def test_each_certain_word_raises_its_kind(kind):
    classifier = Classifier(CONTENT_SET)
    unheard = [word for word in kind.certain if kind.id not in classifier.classify(f"王某在村里{word}").kinds]
    assert unheard == []


@pytest.mark.parametrize("matter", CONTENT_SET.matters, ids=lambda matter: matter.id)
def test_each_word_of_a_matter_is_heard(matter):
    classifier = Classifier(CONTENT_SET)
    unheard = [word for word in matter.words if matter.id not in classifier.classify(f"王某{word}").kinds]
    assert unheard == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("categories.yaml", "threshold: 8", "threshold: high", "threshold"),
        ("categories.yaml", "  mass_reaction:\n    reason", "  gossip:\n    reason", "gossip"),
        ("categories.yaml", 'version: "2026.1"', "version: 2026", "version"),
        ("vote_buying.yaml", "takes_money: true", "takes_money: often", "takes_money"),
        ("vote_buying.yaml", "needs_aim: true", "wants_aim: true", "wants_aim"),
        ("vote_buying.yaml", "giving: >-", "gifts: >-", "giving"),
        ("cues.yaml", "denial_reach: 8", "denial_reach: 0", "denial_reach"),
        ("cues.yaml", "denials: >-\n", "denials: >-\n  没有 没有\n", "没有"),
        ("clues.yaml", "matters:", "matters: [", "YAML"),
    ],
)
def test_broken_content_names_the_file_and_the_fault(tmp_path: Path, file: str, old: str, new: str, said: str):
    folder = tmp_path / "casework"
    shutil.copytree(CONTENT, folder)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load_categories(folder)
    assert raised.value.file == file
    assert said in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ContentError) as raised:
        load_categories(tmp_path)
    assert raised.value.file == "categories.yaml"
