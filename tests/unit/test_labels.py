"""Words for states are a county's to change, the states are not (P13)."""

import shutil
from pathlib import Path

import pytest

from knowledge.casework.labels import CONTENT, load_labels
from knowledge.casework.lifecycle import TRANSITIONS, CaseState
from knowledge.errors import ContentError

OWN = """\
version: "1"
states:
  investigating:
    label: 正在核查
    sub_statuses:
      - {id: bank-records, label: 等银行流水}
      - {id: talking, label: 约谈中}
  closed: {}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "labels.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_content_loads_and_names_only_states_there_are():
    labels = load_labels()
    assert set(labels.steps) <= set(CaseState)
    assert labels.steps_of(CaseState.INVESTIGATING)


def test_a_county_calls_a_state_its_own_way_and_the_others_keep_the_desks_word(tmp_path: Path):
    labels = load_labels(written(tmp_path, OWN))
    assert labels.name(CaseState.INVESTIGATING, "调查中") == "正在核查"
    assert labels.name(CaseState.CLOSED, "已办结") == "已办结"
    assert [one.label for one in labels.steps_of(CaseState.INVESTIGATING)] == ["等银行流水", "约谈中"]
    assert labels.steps_of(CaseState.RECEIVED) == ()


def test_a_label_leads_nowhere_new(tmp_path: Path):
    before = TRANSITIONS
    load_labels(written(tmp_path, OWN))
    assert before == TRANSITIONS


def test_a_step_the_content_no_longer_has_is_shown_by_its_id(tmp_path: Path):
    labels = load_labels(written(tmp_path, OWN))
    assert labels.step(CaseState.INVESTIGATING, "talking") == "约谈中"
    assert labels.step(CaseState.INVESTIGATING, "gone") == "gone"
    assert labels.step(CaseState.INVESTIGATING, None) == ""


BROKEN = [
    ("  closed: {}", "  finished: {}", "finished"),
    ("  closed: {}", "  closed: yes", "closed"),
    ("id: talking", "id: bank-records", "stands twice"),
    ("id: talking", "id: Talk ing", "Talk ing"),
    ("id: talking", f"id: {'a' * 31}", "30"),
    ("label: 约谈中", f"label: {'长' * 13}", "13"),
    ("label: 正在核查", "label: ''", "label"),
    ("label: 正在核查", "colour: red", "colour"),
    ("states:", "stages:", "states"),
    ("version", "edition", "version"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN, ids=[new.strip() for _, new, _ in BROKEN])
def test_broken_content_names_the_file_and_the_fault(tmp_path: Path, old: str, new: str, said: str):
    assert old in OWN
    folder = written(tmp_path, OWN.replace(old, new, 1))
    with pytest.raises(ContentError) as raised:
        load_labels(folder)
    assert raised.value.file == "labels.yaml"
    assert said in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ContentError) as raised:
        load_labels(tmp_path / "nowhere")
    assert raised.value.file == "labels.yaml"


def test_every_label_of_ours_fits_a_badge(tmp_path: Path):
    shutil.copy(CONTENT / "labels.yaml", tmp_path)
    labels = load_labels(tmp_path)
    assert all(len(one.label) <= 12 for steps in labels.steps.values() for one in steps)
