"""The content of the four categories loads, hangs together, and says what is wrong when it is broken."""

import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from knowledge.casework.categories import (
    CONTENT,
    FILES,
    Category,
    CategorySet,
    categories_from,
    category_files,
    load_categories,
)
from knowledge.casework.classification import Classifier
from knowledge.errors import ContentError

CONTENT_SET = load_categories()


def changed(file: str, old: str, new: str) -> CategorySet:
    files = category_files()
    text = files[file].decode()
    assert old in text
    return categories_from({**files, file: text.replace(old, new, 1).encode()})


def test_the_default_categories_are_the_four_each_raised_by_its_own_detector():
    assert [rule.id for rule in CONTENT_SET.categories] == [str(category) for category in Category]
    assert all(rule.detector == rule.id and rule.name for rule in CONTENT_SET.categories)


def test_a_strong_reaction_is_five_people_with_names_in_thirty_days():
    assert (CONTENT_SET.mass_people, CONTENT_SET.mass_days, CONTENT_SET.count_anonymous) == (5, 30, False)
    assert changed("categories.yaml", "count_anonymous: false", "count_anonymous: true").count_anonymous


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


FAULTS = [
    ("categories.yaml", "threshold: 8", "threshold: high", "threshold"),
    ("categories.yaml", "detector: mass_reaction", "detector: gossip", "gossip"),
    ("categories.yaml", 'version: "2026.2"', "version: 2026", "version"),
    ("categories.yaml", "    detector: specific_clues\n", "    detector: real_name\n    reason: 理由\n", "judged"),
    ("categories.yaml", "    name: 涉嫌拉票贿选\n", "", "name"),
    ("categories.yaml", "    quote: 原文", "    quota: 原文", "quota"),
    ("categories.yaml", "    reason: 线索具体：写明了{present}。\n", "", "reason"),
    ("categories.yaml", "写明了{present}。", "写明了{parts}。", "{parts}"),
    ("categories.yaml", "{people}个人", "{people个人", "braces"),
    ("categories.yaml", "  real_name:\n    name", "  Real-Name:\n    name", "Real-Name"),
    ("categories.yaml", "    must_investigate: true\n", "    must_investigate: false\n", "must_investigate"),
    ("categories.yaml", "    must_investigate: true\n", "", "must_investigate"),
    ("categories.yaml", "count_anonymous: false", "count_anonymous: some", "count_anonymous"),
    ("categories.yaml", "  days: 30", "  days: 0", "days"),
    ("vote_buying.yaml", "takes_money: true", "takes_money: often", "takes_money"),
    ("vote_buying.yaml", "needs_asking: true", "wants_aim: true", "wants_aim"),
    ("vote_buying.yaml", "giving: >-", "gifts: >-", "giving"),
    ("cues.yaml", "denial_reach: 8", "denial_reach: 0", "denial_reach"),
    ("cues.yaml", "denials: >-\n", "denials: >-\n  没有 没有\n", "没有"),
    ("cues.yaml", "pointing:\n  2:", "pointing:\n  two:", "two"),
    ("clues.yaml", "matters:", "matters: [", "YAML"),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), FAULTS)
def test_broken_content_names_the_file_the_fault_and_the_cure(file: str, old: str, new: str, said: str):
    with pytest.raises(ContentError) as raised:
        changed(file, old, new)
    assert raised.value.file == file
    assert raised.value.line > 0
    assert raised.value.cure
    assert said in str(raised.value)


def test_a_fault_is_blamed_on_the_line_it_stands_on():
    with pytest.raises(ContentError) as raised:
        changed("categories.yaml", "detector: mass_reaction", "detector: gossip")
    lines = category_files()["categories.yaml"].decode().splitlines()
    assert lines[raised.value.line - 1] == "    detector: mass_reaction"
    assert "mass_reaction" in raised.value.allowed


def test_two_categories_may_not_share_a_detector():
    twin = "  by_name:\n    {name: 署名, detector: real_name, must_investigate: true, reason: 有名字}\n"
    with pytest.raises(ContentError, match=r"by_name and real_name both have detector real_name"):
        changed("categories.yaml", "categories:\n", f"categories:\n{twin}")


def test_officials_may_have_several_categories_of_their_own():
    own = (
        "  assigned_from_above: {name: 上级交办的, detector: by_hand, must_investigate: true}\n"
        "  forwarded: {name: 换届办转交的, detector: by_hand, must_investigate: true}\n"
    )
    rules = changed("categories.yaml", "categories:\n", f"categories:\n{own}")
    assert [rule.name for rule in rules.categories if rule.detector == "by_hand"] == ["上级交办的", "换届办转交的"]


def test_a_county_may_drop_categories_but_not_all():
    text = category_files()["categories.yaml"].decode()
    start, end = text.index("  specific_clues:"), text.index("# How many different people")
    fewer = changed("categories.yaml", text[start:end], "")
    assert [rule.id for rule in fewer.categories] == ["real_name"]
    with pytest.raises(ContentError, match="categories"):
        changed("categories.yaml", text[text.index("categories:") : end], "categories: {}\n")


def test_a_version_is_read_from_its_bytes_as_from_its_folder():
    again = categories_from(category_files())
    assert [getattr(again, part.name) for part in fields(again)] == [
        getattr(CONTENT_SET, part.name) for part in fields(CONTENT_SET)
    ]
    assert set(category_files()) == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_every_changed_byte_changes_the_fingerprint(file: str):
    files = category_files()
    other = categories_from({**files, file: files[file] + b"\n"})
    assert len(other.fingerprint) == 64
    assert other.fingerprint != CONTENT_SET.fingerprint


@pytest.mark.parametrize("file", FILES)
def test_a_version_without_one_of_its_files_is_refused(file: str):
    files = category_files()
    del files[file]
    with pytest.raises(ContentError, match=file):
        categories_from(files)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ContentError, match="UTF-8"):
        categories_from({**category_files(), "cues.yaml": b"\xff\xfe"})
    with pytest.raises(ContentError, match="YAML"):
        categories_from({**category_files(), "cues.yaml": b"a: \x00"})


def test_a_folder_of_a_county_takes_the_place_of_the_default(tmp_path: Path):
    folder = tmp_path / "casework"
    shutil.copytree(CONTENT, folder)
    path = folder / "categories.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("name: 实名反映", "name: 署名反映"), encoding="utf-8")
    assert load_categories(folder).name_of("real_name") == "署名反映"


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ContentError) as raised:
        load_categories(tmp_path)
    assert raised.value.file == "categories.yaml"
