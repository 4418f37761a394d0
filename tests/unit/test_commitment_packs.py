"""A commitment's hash names its exact words: one changed character is another paper."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from knowledge.elections import commitments as module
from knowledge.elections.commitments import Commitment, CommitmentPack, load_packs
from knowledge.errors import ContentError

PACK = load_packs()["three_commitments"]
PAPERS = PACK.commitments
FILE = module.CONTENT / "three_commitments.yaml"


def loaded_from(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, CommitmentPack]:
    (folder / "pack.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "CONTENT", folder)
    return load_packs.__wrapped__()


def test_the_three_papers_are_there_in_signing_order_and_differ() -> None:
    assert [paper.kind for paper in PAPERS] == ["campaign_conduct", "term_programme", "conditional_resignation"]
    assert len({paper.text_hash for paper in PAPERS}) == 3
    assert all(len(paper.text_hash) == 64 for paper in PAPERS)


def test_the_pack_blocks_candidacy_and_says_that_it_is_a_template() -> None:
    assert (PACK.blocks_candidacy, PACK.is_template) == (True, True)


@given(st.data())
def test_any_changed_character_changes_the_hash(data: st.DataObject) -> None:
    paper = data.draw(st.sampled_from(PAPERS))
    at = data.draw(st.integers(0, len(paper.clauses) - 1))
    clause = paper.clauses[at]
    position = data.draw(st.integers(0, len(clause) - 1))
    other = data.draw(st.characters(codec="utf-8", exclude_characters=clause[position]))
    changed = f"{clause[:position]}{other}{clause[position + 1 :]}"
    clauses = (*paper.clauses[:at], changed, *paper.clauses[at + 1 :])
    assert replace(paper, clauses=clauses).text_hash != paper.text_hash


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.kind)
def test_title_order_and_number_of_clauses_are_hashed_too(paper: Commitment) -> None:
    assert replace(paper, title=f"{paper.title}。").text_hash != paper.text_hash
    assert replace(paper, clauses=paper.clauses[::-1]).text_hash != paper.text_hash
    assert replace(paper, clauses=paper.clauses[:-1]).text_hash != paper.text_hash


def test_a_hash_is_the_same_in_every_process() -> None:
    copy = [replace(paper) for paper in load_packs.__wrapped__()["three_commitments"].commitments]
    assert [paper.text_hash for paper in copy] == [paper.text_hash for paper in PAPERS]


def test_a_kind_the_pack_does_not_hold_is_no_paper() -> None:
    assert PACK.commitment("campaign_conduct") is PAPERS[0]
    assert PACK.commitment("something_else") is None


@pytest.mark.parametrize("name", ["pack", "version", "name", "is_template", "blocks_candidacy", "commitments"])
def test_a_missing_field_is_named_with_its_file_and_a_cure(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    del data[name]
    with pytest.raises(ContentError, match=f"pack.yaml:0: field {name} is missing") as refused:
        loaded_from(tmp_path, yaml.safe_dump(data, allow_unicode=True), monkeypatch)
    assert refused.value.cure


@pytest.mark.parametrize("clauses", [[], None])
def test_a_paper_without_a_clause_is_refused_and_not_invented(
    clauses: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    data["commitments"][1]["clauses"] = clauses
    with pytest.raises(ContentError, match="term_programme has no clause"):
        loaded_from(tmp_path, yaml.safe_dump(data, allow_unicode=True), monkeypatch)


def test_a_good_copy_of_the_file_loads_so_the_refusals_above_mean_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = loaded_from(tmp_path, FILE.read_text(encoding="utf-8"), monkeypatch)
    assert found == load_packs()
