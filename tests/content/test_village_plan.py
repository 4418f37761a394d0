"""The timetable's plan names entries; each exists, and asks for a date one can look up."""

import pytest

from knowledge.elections.timetable import PlannedTask, load_plan
from knowledge.loader import load_knowledge

ENTRIES = load_knowledge().entries


@pytest.mark.parametrize("task", load_plan(), ids=lambda task: task.code)
def test_the_entries_a_line_answers_exist(task: PlannedTask) -> None:
    assert task.entries
    assert set(task.entries) <= set(ENTRIES)


def test_no_entry_is_answered_by_two_lines() -> None:
    named = [entry for task in load_plan() for entry in task.entries]
    assert len(named) == len(set(named))
