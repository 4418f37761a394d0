"""An election's timetable, computed backwards from election day (倒排).

Content says what is due how many calendar days before or after; this module only counts.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import yaml

CONTENT = Path(__file__).parents[1] / "content" / "elections"


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """One line of a plan. `offset` is in calendar days from election day; `law` is hard, province or policy.

    `entries` are the questions this line's date answers for somebody whose village has a timetable.
    """

    code: str
    offset: int
    title: str
    who: str
    law: str
    article: str
    entries: tuple[str, ...] = ()

    def due_on(self, election_day: date) -> date:
        """The latest day for this task."""
        return election_day + timedelta(days=self.offset)


@cache
def load_plan(name: str = "village") -> tuple[PlannedTask, ...]:
    """A plan on file, in order of dates."""
    data = yaml.safe_load((CONTENT / f"{name}_plan.yaml").read_text(encoding="utf-8"))
    tasks = (PlannedTask(**{**task, "entries": tuple(task.get("entries", ()))}) for task in data["tasks"])
    return tuple(sorted(tasks, key=lambda task: task.offset))


def task_titles() -> dict[str, str]:
    """The words for each task code."""
    return {task.code: task.title for task in load_plan()}
