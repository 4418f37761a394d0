"""What an editor of the content should look at again is found, with file and line."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from knowledge.loader import load_from
from knowledge.review import Review, review

GOOD = Path(__file__).parents[1] / "content" / "good"
TODAY = date(2026, 12, 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOOD, tmp_path / "content"))


def look(root: Path, today: date = TODAY) -> Review:
    return review(load_from(root), today, root)


def replace(file: Path, old: str, new: str) -> None:
    said = file.read_text(encoding="utf-8")
    assert old in said
    file.write_text(said.replace(old, new), encoding="utf-8")


def second_entry(root: Path, question: str) -> None:
    first = root / "entries" / "voting" / "proxy-limit.yaml"
    said = first.read_text(encoding="utf-8")
    said = said.replace("id: proxy-limit", "id: proxy-form").replace("委托票能带几张", "委托书咋写")
    (first.parent / "proxy-form.yaml").write_text(said.replace("一人能代投几张", question), encoding="utf-8")


def test_good_content_has_nothing_claimed_twice_and_no_overlap(root: Path) -> None:
    found = look(root)
    assert (found.claimed_twice, found.overlaps, found.orphans, found.due) == ((), (), (), ())


def test_what_was_verified_too_long_ago_is_due(root: Path) -> None:
    found = look(root, date(2027, 5, 20)).due
    assert [(one.file, one.line) for one in found] == [("entries/voting/proxy-limit.yaml", 11)]


def test_a_rule_can_be_due_too(root: Path) -> None:
    replace(root / "rules" / "voting.yaml", "citation: village 18}", "citation: village 18, due_again: 2026-11-30}")
    assert [(one.file, one.line) for one in look(root).due] == [("rules/voting.yaml", 2)]


def test_a_way_of_asking_of_two_entries_is_named_with_both_places(root: Path) -> None:
    second_entry(root, "一人能代投几张")
    found = look(root).claimed_twice
    assert len(found) == 1
    assert {"proxy-limit", "proxy-form"} <= set(found[0].fault.replace("(", " ").split())
    assert found[0].cure


def test_two_rules_in_force_on_one_day_overlap_and_the_cure_is_a_last_day(root: Path) -> None:
    rules = root / "rules" / "voting.yaml"
    line = rules.read_text(encoding="utf-8").splitlines()[1]
    rules.write_text(f"rules:\n{line}\n{line.replace('2026-01-01', '2027-01-01')}\n", encoding="utf-8")
    found = look(root).overlaps
    assert [(one.file, one.line) for one in found] == [("rules/voting.yaml", 2)]
    assert "in_force_until: 2026-12-31" in found[0].cure
    replace(rules, "in_force_from: 2026-01-01,", "in_force_from: 2026-01-01, in_force_until: 2026-12-31,")
    assert look(root).overlaps == ()


def test_two_rules_of_one_day_are_told_apart_otherwise(root: Path) -> None:
    rules = root / "rules" / "voting.yaml"
    line = rules.read_text(encoding="utf-8").splitlines()[1]
    rules.write_text(f"rules:\n{line}\n{line}\n", encoding="utf-8")
    assert "another topic" in look(root).overlaps[0].cure


def test_a_rule_nobody_speaks_of_is_an_orphan(root: Path) -> None:
    rules = root / "rules" / "voting.yaml"
    line = rules.read_text(encoding="utf-8").splitlines()[1]
    rules.write_text(f"rules:\n{line}\n{line.replace('proxy_limit', 'forgotten')}\n", encoding="utf-8")
    assert [(one.file, one.line) for one in look(root).orphans] == [("rules/voting.yaml", 3)]


def test_a_concept_nobody_asks_with_is_dead(root: Path) -> None:
    concepts = root / "search" / "concepts.yaml"
    replace(concepts, "context:", "context:\n  - {id: zebra, words: [斑马]}")
    found = [one for one in look(root).dead_concepts if "zebra" in one.fault]
    assert [one.file for one in found] == ["search/concepts.yaml"]
    assert found[0].line > 0
