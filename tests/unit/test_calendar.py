"""Working days: holidays, make-up weekends and year ends, held against dates read from the official notices."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import calendar as module
from knowledge.calendar import WorkingCalendar, load_calendar
from knowledge.errors import ContentError

CALENDAR = load_calendar()
OFF, WORKS = False, True

#: Every edge of every holiday, every make-up weekend, and ordinary days between.
GOLDEN = {
    "2025-01-01": OFF,
    "2025-01-02": WORKS,
    "2025-01-04": OFF,
    "2025-01-25": OFF,
    "2025-01-26": WORKS,
    "2025-01-27": WORKS,
    "2025-01-28": OFF,
    "2025-02-04": OFF,
    "2025-02-05": WORKS,
    "2025-02-08": WORKS,
    "2025-02-09": OFF,
    "2025-04-03": WORKS,
    "2025-04-04": OFF,
    "2025-04-06": OFF,
    "2025-04-07": WORKS,
    "2025-04-26": OFF,
    "2025-04-27": WORKS,
    "2025-04-30": WORKS,
    "2025-05-01": OFF,
    "2025-05-05": OFF,
    "2025-05-06": WORKS,
    "2025-05-30": WORKS,
    "2025-05-31": OFF,
    "2025-06-02": OFF,
    "2025-06-03": WORKS,
    "2025-09-27": OFF,
    "2025-09-28": WORKS,
    "2025-09-30": WORKS,
    "2025-10-01": OFF,
    "2025-10-08": OFF,
    "2025-10-09": WORKS,
    "2025-10-11": WORKS,
    "2025-10-12": OFF,
    "2025-12-31": WORKS,
    "2026-01-01": OFF,
    "2026-01-02": OFF,
    "2026-01-03": OFF,
    "2026-01-04": WORKS,
    "2026-01-05": WORKS,
    "2026-01-10": OFF,
    "2026-02-14": WORKS,
    "2026-02-15": OFF,
    "2026-02-17": OFF,
    "2026-02-23": OFF,
    "2026-02-24": WORKS,
    "2026-02-28": WORKS,
    "2026-03-01": OFF,
    "2026-04-03": WORKS,
    "2026-04-04": OFF,
    "2026-04-06": OFF,
    "2026-04-07": WORKS,
    "2026-04-30": WORKS,
    "2026-05-01": OFF,
    "2026-05-05": OFF,
    "2026-05-06": WORKS,
    "2026-05-09": WORKS,
    "2026-05-10": OFF,
    "2026-06-18": WORKS,
    "2026-06-19": OFF,
    "2026-06-21": OFF,
    "2026-06-22": WORKS,
    "2026-09-19": OFF,
    "2026-09-20": WORKS,
    "2026-09-24": WORKS,
    "2026-09-25": OFF,
    "2026-09-27": OFF,
    "2026-09-28": WORKS,
    "2026-10-01": OFF,
    "2026-10-07": OFF,
    "2026-10-08": WORKS,
    "2026-10-10": WORKS,
    "2026-10-11": OFF,
    "2026-12-31": WORKS,
}
#: Period of so many working days from a day, and its last day, counted by hand on a printed calendar.
PERIODS = (
    ("2026-03-11", 1, "2026-03-12"),
    ("2026-03-13", 1, "2026-03-16"),
    ("2026-03-11", 15, "2026-04-01"),
    ("2026-03-31", 5, "2026-04-08"),
    ("2026-02-12", 3, "2026-02-24"),
    ("2026-02-27", 1, "2026-02-28"),
    ("2026-09-30", 3, "2026-10-10"),
    ("2025-12-31", 1, "2026-01-04"),
    ("2025-12-26", 4, "2026-01-04"),
    ("2025-09-26", 5, "2025-10-10"),
    ("2025-01-27", 1, "2025-02-05"),
    ("2026-05-08", 2, "2026-05-11"),
)
days_on_file = st.dates(date(2025, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(("written", "works"), GOLDEN.items())
def test_offices_work_on_the_days_the_notices_say(written: str, works: bool) -> None:
    assert CALENDAR.is_working_day(date.fromisoformat(written)) is works


def test_the_table_above_holds_every_make_up_weekend_on_file_and_sixty_days_in_all() -> None:
    assert {str(day) for day in CALENDAR.working_weekends} <= set(GOLDEN)
    assert len(GOLDEN) >= 60


def test_make_up_days_are_weekends_and_never_holidays() -> None:
    assert all(day.weekday() >= 5 for day in CALENDAR.working_weekends)
    assert not CALENDAR.working_weekends & CALENDAR.days_off


@pytest.mark.parametrize(("start", "days", "end"), PERIODS)
def test_a_period_of_working_days_ends_when_counted_by_hand(start: str, days: int, end: str) -> None:
    assert CALENDAR.add_working_days(date.fromisoformat(start), days) == date.fromisoformat(end)


@given(days_on_file, st.integers(1, 80))
def test_counting_forward_and_measuring_back_agree(start: date, days: int) -> None:
    end = CALENDAR.add_working_days(start, days)
    assert CALENDAR.is_working_day(end)
    assert CALENDAR.working_days_between(start, end) == days
    assert CALENDAR.working_days_between(start, end - timedelta(days=1)) == days - 1
    assert CALENDAR.working_days_between(end, start) == -days


@given(days_on_file, st.integers(1, 40), st.integers(1, 40))
def test_two_periods_in_a_row_are_one_long_one(start: date, first: int, second: int) -> None:
    one_go = CALENDAR.add_working_days(start, first + second)
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(start, first), second) == one_go


@given(days_on_file, days_on_file, days_on_file)
def test_the_days_between_add_up(first: date, second: date, third: date) -> None:
    a, b, c = sorted((first, second, third))
    assert CALENDAR.working_days_between(a, b) + CALENDAR.working_days_between(b, c) == CALENDAR.working_days_between(
        a, c
    )


@pytest.mark.parametrize("days", [0, -1])
def test_a_period_without_a_day_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        CALENDAR.add_working_days(date(2026, 3, 11), days)


def test_a_year_without_a_file_counts_monday_to_friday_and_says_that_it_is_provisional() -> None:
    assert not CALENDAR.covers(date(2031, 10, 1))
    assert CALENDAR.covers(date(2026, 1, 1))
    assert [CALENDAR.is_working_day(date(2031, 9, 29) + timedelta(days=n)) for n in range(7)] == [True] * 5 + [
        False
    ] * 2


def test_a_calendar_is_what_it_is_given_and_nothing_else() -> None:
    monday = date(2031, 9, 29)
    bare = WorkingCalendar(frozenset({2031}), frozenset({monday}), frozenset({date(2031, 9, 28)}))
    assert [bare.is_working_day(monday + timedelta(days=n)) for n in (-2, -1, 0, 1)] == [False, True, False, True]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("year: 2027\nsource: x\ndays_off: []\n", "working_weekends is missing"),
        ("year: 2027\ndays_off: []\nworking_weekends: []\n", "source is missing"),
        ("year: 2027\nsource: x\ndays_off: [[2026-12-31, 2027-01-02]]\nworking_weekends: []\n", "not in 2027"),
        ("year: 2027\nsource: x\ndays_off: []\nworking_weekends: [2028-01-02]\n", "not in 2027"),
    ],
)
def test_a_broken_file_is_named_with_its_fault_and_a_cure(
    text: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "2027.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "CONTENT", tmp_path)
    with pytest.raises(ContentError, match=fault) as refused:
        load_calendar.__wrapped__()
    assert (refused.value.file, bool(refused.value.cure)) == ("2027.yaml", True)
