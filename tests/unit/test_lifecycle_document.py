"""The document about a case's life says what the code does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.casework import describe
from knowledge.casework.lifecycle import TRANSITIONS, CaseState, Finding, Transition

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "case-lifecycle.md"


def rows() -> dict[str, list[str]]:
    """The table's cells by letter."""
    cells = [
        [cell.strip().strip("`") for cell in line.strip("|\n").split("|")]
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| [a-z] \|", line)
    ]
    return {row[0]: row for row in cells}


def test_the_document_on_file_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "knowledge.casework.describe"]
    utf8 = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    printed = subprocess.run(command, cwd=ROOT, env=utf8, capture_output=True, check=True)
    assert DOCUMENT.read_bytes() == printed.stdout


@pytest.mark.parametrize("transition", TRANSITIONS, ids=lambda transition: transition.letter)
def test_every_transition_stands_in_the_table_and_in_the_picture(transition: Transition) -> None:
    assert rows()[transition.letter][1:4] == [transition.act, transition.source, transition.target]
    arrow = f"    {transition.source} --> {transition.target}: {transition.letter} {transition.act}\n"
    assert DOCUMENT.read_text(encoding="utf-8").count(arrow) == 1


def test_the_table_says_what_ends_a_case() -> None:
    found = rows()
    whole = "an investigation begun, a finding, at least one piece of evidence"
    assert len(found) == len(TRANSITIONS)
    assert found["o"][4].startswith(f"{whole}, somebody who")
    assert found["c"][4:] == ["-", f"{whole}, its approval"]
    assert found["q"][5] == f"{whole}, its approval"
    assert "the result told" in found["q"][4]
    assert found["l"][5] == f"{whole}, its approval"
    assert found["a"][4:] == found["r"][4:] == ["-", "-"]


def test_a_new_transition_changes_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = Transition("z", TRANSITIONS[0].act, CaseState.RECEIVED, CaseState.CLOSED)
    monkeypatch.setattr(describe, "TRANSITIONS", (*TRANSITIONS, extra))
    assert "| z | `register` | `received` | `closed` |" in describe.lifecycle_document()


@pytest.mark.parametrize("word", [*CaseState, *Finding])
def test_every_state_and_finding_is_listed(word: str) -> None:
    assert f"- `{word}`" in DOCUMENT.read_text(encoding="utf-8")
