"""What the desk calls a case's states, and the local steps inside a state, as content a county may change.

The states and what leads from one to another are fixed (knowledge.casework.lifecycle). A label is a word on a page;
a sub-status is a mark inside one state, gone as soon as the state changes. No reporter ever reads either.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from knowledge.casework.lifecycle import CaseState
from knowledge.errors import ContentError
from knowledge.records import Record, read_record

CONTENT: Final = Path(__file__).parent.parent / "content" / "casework"
_FILE: Final = "labels.yaml"
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_ID: Final = 30  # the column of the table
_LONGEST_LABEL: Final = 12


@dataclass(frozen=True, slots=True)
class SubStatus:
    """A local step inside a state."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Labels:
    """The content's words for states. Invariant: inside a state no sub-status stands twice."""

    version: str
    names: Mapping[CaseState, str]
    steps: Mapping[CaseState, tuple[SubStatus, ...]]

    def name(self, state: CaseState, otherwise: str) -> str:
        """What a state is called here; `otherwise` where the county has no word of its own."""
        return self.names.get(state, otherwise)

    def steps_of(self, state: CaseState) -> tuple[SubStatus, ...]:
        """The local steps a case in this state may be in."""
        return self.steps.get(state, ())

    def step(self, state: CaseState, sub_status: str | None) -> str:
        """What a sub-status is called; empty for none, its id for one the content no longer has."""
        if not sub_status:
            return ""
        return next((one.label for one in self.steps_of(state) if one.id == sub_status), sub_status)


def load_labels(folder: Path = CONTENT) -> Labels:
    """Read the labels; a folder is read once in the life of the process.

    Args:
        folder: Where labels.yaml stands.

    Raises:
        ContentError: The file is missing, no YAML, or something in it is; names file, line and cure.
    """
    return _load(folder)


@cache
def _load(folder: Path) -> Labels:
    try:
        record = read_record(folder / _FILE, folder)
    except OSError as error:
        raise ContentError(_FILE, 0, "cannot be read", "Restore the file") from error
    states = record.part("states")
    if states is None:
        raise record.fault("states", "field states is missing", "Write states: {} to keep the desk's own words")
    names: dict[CaseState, str] = {}
    steps: dict[CaseState, tuple[SubStatus, ...]] = {}
    for word in states.data:
        state = _state(states, word)
        part = states.part(word)
        if part is not None:
            if part.holds("label"):
                names[state] = _label(part)
            steps[state] = _steps(part)
            part.finish()
    labels = Labels(record.text("version"), MappingProxyType(names), MappingProxyType(steps))
    record.finish()
    return labels


def _state(states: Record, word: str) -> CaseState:
    allowed = [state.value for state in CaseState]
    if word not in allowed:
        raise states.fault(word, f"{word} is no state of a case", "Use one of the fixed states", allowed)
    return CaseState(word)


def _steps(part: Record) -> tuple[SubStatus, ...]:
    steps: dict[str, SubStatus] = {}
    for item in part.records("sub_statuses"):
        step = SubStatus(item.text("id"), _label(item))
        if not _ID.fullmatch(step.id) or len(step.id) > _LONGEST_ID:
            cure = f"Use at most {_LONGEST_ID} small letters, digits and hyphens"
            raise item.fault("id", f"id is {step.id!r}", cure)
        if step.id in steps:
            raise item.fault("id", f"sub-status {step.id} stands twice", "Give one of them another id")
        steps[step.id] = step
        item.finish()
    return tuple(steps.values())


def _label(record: Record) -> str:
    label = record.text("label")
    if len(label) > _LONGEST_LABEL:
        raise record.fault("label", f"label has {len(label)} characters", f"Use {_LONGEST_LABEL} at most")
    return label
