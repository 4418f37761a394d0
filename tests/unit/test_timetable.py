"""An election's timetable is counted backwards from its day, and no line contradicts the law or another line."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.elections.timetable import load_plan, task_titles

PLAN = load_plan()
BY_CODE = {task.code: task for task in PLAN}
SUNDAY = date(2026, 3, 29)
#: For a vote on 29 March 2026, counted on a printed calendar.
GOLDEN = {
    "audit_published": "2026-02-17",
    "election_committee": "2026-02-21",
    "registration": "2026-03-04",
    "roll_published": "2026-03-08",
    "roll_objections_end": "2026-03-13",
    "nomination": "2026-03-15",
    "commitments_signed": "2026-03-21",
    "joint_review": "2026-03-22",
    "candidates_published": "2026-03-24",
    "proxies_published": "2026-03-26",
    "election_day": "2026-03-29",
    "handover": "2026-04-08",
}


@pytest.mark.parametrize(("code", "due"), GOLDEN.items())
def test_each_task_falls_on_the_day_counted_by_hand(code: str, due: str) -> None:
    assert BY_CODE[code].due_on(SUNDAY) == date.fromisoformat(due)


def test_the_plan_holds_the_tasks_above_once_each_in_order_of_dates() -> None:
    assert [task.code for task in PLAN] == list(GOLDEN)


@given(st.dates(date(2024, 1, 1), date(2040, 12, 31)))
def test_the_statutory_distances_hold_on_any_day_across_years_and_leap_days(day: date) -> None:
    due = {code: task.due_on(day) for code, task in BY_CODE.items()}
    assert due["election_day"] == day
    assert (day - due["roll_published"]).days >= 20
    assert (due["roll_objections_end"] - due["roll_published"]).days == 5
    assert due["handover"] - day == timedelta(days=10)
    assert due["commitments_signed"] < due["joint_review"] < due["candidates_published"] < day


def test_every_hard_date_names_its_article_and_every_task_says_who() -> None:
    assert all(task.article for task in PLAN if task.law == "hard")
    assert {task.law for task in PLAN} <= {"hard", "province", "policy"}
    assert all(task.who and task.title for task in PLAN)


def test_every_code_has_a_title() -> None:
    assert task_titles() == {task.code: task.title for task in PLAN}
