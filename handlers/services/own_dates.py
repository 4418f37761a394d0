"""The dates of somebody's own village, from its election's timetable.

What a newcomer gets wrong: the general answer still stands below. The timetable says when *this* village plans it;
the law says by when it must be, and the notice on the wall says when it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from handlers.services.home import Home
from knowledge.clock import local_date
from knowledge.elections.plan_content import Body, Stage, in_words
from knowledge.elections.plan_content import Task as PlanTask
from knowledge.elections.plan_files import load_plan_content
from knowledge.entry_files import COMMUNITY_SUFFIX
from knowledge.loader import load_knowledge
from storage.repositories.elections import Election, Task
from storage.unit_of_work import UnitOfWork

_COMMITMENTS: Final = "commitments_signed"
_COMING: Final = 4  # lines of what comes next
ELECTION_DAY: Final = "election_day"
_ASKS_WHEN: Final = re.compile(
    r"哪.?天|哪.?日|几号|几月|几时|几点|何时|什么时|什么日子|啥时|啥日子|多会儿|么时候|么子时候|时间|日期|日子|多久|几天|提前|最晚|最迟|截止|到期|之前"
)


class Standing(StrEnum):
    """How a date of a timetable stands today."""

    AHEAD = "ahead"
    DONE = "done"
    PASSED = "passed"  # the day is over and nobody ticked it off: perhaps it was put off
    UNSETTLED = "unsettled"  # the election is still being prepared


@dataclass(frozen=True, slots=True)
class OwnDate:
    """One line of the timetable; `due_on` is the latest day, and the day itself for the vote."""

    code: str
    title: str
    due_on: date
    standing: Standing


@dataclass(frozen=True, slots=True)
class OwnDates:
    """What a village's timetable says to a question; without dates: that it says nothing."""

    place_name: str
    is_community: bool
    dates: tuple[OwnDate, ...]
    today: date
    place_id: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a village's election stands today; without `dates`: nothing of it is on file, or all of it is over.

    `right` is what a voter may do at this stage, `entry_id` and `question` what tells more of it. `dates` are the vote,
    and what comes next of what concerns everybody.
    """

    place_name: str
    place_id: int
    today: date
    stage: str = ""
    right: str = ""
    entry_id: str = ""
    question: str = ""
    dates: tuple[OwnDate, ...] = ()


async def schedule(uow: UnitOfWork, home: Home) -> Schedule | None:
    """The election of somebody's own village, stage and next dates; None while it is not known where they live (S25).

    Only lines that everybody can see happen (a notice on the wall, a question people ask) and that come in any case.
    """
    if home.place is None:
        return None
    content, today = load_plan_content(), local_date(uow.clock.now())
    election = _nearest(await uow.elections.within(home.place.path))
    if election is None:
        return Schedule(home.place.name, home.place.id, today)
    written = {task.code: task for task in await uow.elections.tasks(election.id)}
    left = [code for code, task in written.items() if task.done_at is None and code in content.tasks]
    if not left:
        return Schedule(home.place.name, home.place.id, today)
    # A line that nobody ticked, or that only some villages have, does not hold the village back in an earlier stage.
    sure = [code for code in left if not content.tasks[code].condition]
    here = next((code for code in (*sure, *left) if written[code].due_on >= today), left[-1])
    stage, body = content.stages[content.tasks[here].stage], Body(election.body)
    public = [code for code in left if _concerns_everybody(content.tasks[code]) and code != ELECTION_DAY]
    coming = [one for code in public if (one := _own_date(code, election, written, today)) and one.due_on >= today]
    vote = _own_date(ELECTION_DAY, election, written, today)
    return Schedule(
        home.place.name,
        home.place.id,
        today,
        stage.title,
        in_words(stage.right, body),
        *_first_entry(stage),
        ((vote,) if vote else ()) + tuple(coming[:_COMING]),
    )


def _first_entry(stage: Stage) -> tuple[str, str]:
    if not stage.entries:
        return "", ""
    return stage.entries[0], load_knowledge().entries[stage.entries[0]].questions[0]


def _concerns_everybody(task: PlanTask) -> bool:
    return bool(task.entries or task.notice) and not task.condition


async def own_dates(uow: UnitOfWork, home: Home, question: str, entry_id: str) -> OwnDates | None:
    """The own village's dates for a question that asks when, or None where they have no part in the answer.

    Args:
        uow: The unit of work.
        home: Where the asker is at home.
        question: As typed, or a button's words.
        entry_id: The entry that answers.
    """
    own = entry_id.removesuffix(COMMUNITY_SUFFIX)
    codes = [code for code, task in load_plan_content().tasks.items() if own in task.entries]
    if home.place is None or not codes or not _ASKS_WHEN.search(question):
        return None
    today, is_community = local_date(uow.clock.now()), home.place.kind == "community"
    election = _nearest(await uow.elections.within(home.place.path))
    if election is None:
        return OwnDates(home.place.name, is_community, (), today, home.place.id)
    written = {task.code: task for task in await uow.elections.tasks(election.id)}
    found = (_own_date(code, election, written, today) for code in codes)
    return OwnDates(home.place.name, is_community, tuple(one for one in found if one is not None), today, home.place.id)


def _nearest(elections: list[Election]) -> Election | None:
    """The election that is running, or else being prepared."""
    for state in ("running", "preparing"):
        found = next((one for one in elections if one.state == state), None)
        if found is not None:
            return found
    return None


def _own_date(code: str, election: Election, written: Mapping[str, Task], today: date) -> OwnDate | None:
    line = written.get(code)
    if line is None:
        return None
    title = in_words(load_plan_content().tasks[code].title, Body(election.body))
    due_on = election.commitments_due_on if code == _COMMITMENTS else line.due_on
    if line.done_at is not None:
        return OwnDate(code, title, due_on, Standing.DONE)
    if election.state == "preparing":
        return OwnDate(code, title, due_on, Standing.UNSETTLED)
    return OwnDate(code, title, due_on, Standing.PASSED if due_on < today else Standing.AHEAD)
