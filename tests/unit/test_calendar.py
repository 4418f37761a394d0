"""Working days: holidays, make-up weekends and year ends, held against dates read from the official notices.

The table of periods, tests/content/golden/working_days.csv, was made by a loop of its own over the package
`chinesecalendar` 1.11.0, which knows nothing of ours; `tests/unit/test_clocks.py` reads its other half.
"""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import calendar as module
from knowledge.calendar import (
    DayKind,
    DaysOff,
    DayStep,
    WorkingCalendar,
    YearSheet,
    load_calendar,
    load_sheets,
    parse_year,
)
from knowledge.clock import SHANGHAI, local_date
from knowledge.errors import ContentError

CALENDAR = load_calendar()
TABLE = Path(__file__).parents[1] / "content" / "golden" / "working_days.csv"
OFF, WORKS = False, True

#: Every edge of every holiday, every make-up weekend, and ordinary days between.
GOLDEN = {
    "2023-01-01": OFF,
    "2023-01-02": OFF,
    "2023-01-03": WORKS,
    "2023-01-21": OFF,
    "2023-01-27": OFF,
    "2023-01-28": WORKS,
    "2023-01-29": WORKS,
    "2023-04-04": WORKS,
    "2023-04-05": OFF,
    "2023-04-06": WORKS,
    "2023-04-23": WORKS,
    "2023-04-29": OFF,
    "2023-05-03": OFF,
    "2023-05-04": WORKS,
    "2023-05-06": WORKS,
    "2023-06-21": WORKS,
    "2023-06-22": OFF,
    "2023-06-24": OFF,
    "2023-06-25": WORKS,
    "2023-09-28": WORKS,
    "2023-09-29": OFF,
    "2023-10-06": OFF,
    "2023-10-07": WORKS,
    "2023-10-08": WORKS,
    "2023-12-30": OFF,
    "2024-01-01": OFF,
    "2024-01-02": WORKS,
    "2024-02-04": WORKS,
    "2024-02-09": WORKS,
    "2024-02-10": OFF,
    "2024-02-17": OFF,
    "2024-02-18": WORKS,
    "2024-04-03": WORKS,
    "2024-04-04": OFF,
    "2024-04-06": OFF,
    "2024-04-07": WORKS,
    "2024-04-28": WORKS,
    "2024-04-30": WORKS,
    "2024-05-01": OFF,
    "2024-05-05": OFF,
    "2024-05-11": WORKS,
    "2024-06-10": OFF,
    "2024-06-11": WORKS,
    "2024-09-14": WORKS,
    "2024-09-15": OFF,
    "2024-09-17": OFF,
    "2024-09-18": WORKS,
    "2024-09-29": WORKS,
    "2024-09-30": WORKS,
    "2024-10-01": OFF,
    "2024-10-07": OFF,
    "2024-10-08": WORKS,
    "2024-10-12": WORKS,
    "2024-12-31": WORKS,
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
days_on_file = st.dates(date(2023, 1, 1), date(2026, 12, 31))


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


def started_on(written: str) -> date:
    """The date a period runs from: as written, or of an instant written in Shanghai time."""
    return local_date(datetime.fromisoformat(written).replace(tzinfo=SHANGHAI).astimezone(UTC))


def rows_of_working_days() -> list[tuple[str, int, date]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["period"].isdecimal()]
    return [(row["start"], int(row["period"]), date.fromisoformat(row["due"])) for row in rows]


def test_every_period_in_the_table_ends_on_the_day_found_independently() -> None:
    rows = rows_of_working_days()
    found = [CALENDAR.add_working_days(started_on(written), days) for written, days, _ in rows]
    assert [(*row, due) for row, due in zip(rows, found, strict=True) if due != row[2]] == []
    assert len(rows) >= 240


def test_the_table_holds_every_make_up_weekend_every_year_end_and_late_evenings() -> None:
    rows = rows_of_working_days()
    assert {due for _, days, due in rows if days == 1} >= CALENDAR.working_weekends
    assert {(started_on(written).year, due.year) for written, _, due in rows} > {
        (2023, 2024),
        (2024, 2025),
        (2025, 2026),
    }
    late = {started_on(written) for written, *_ in rows if written.endswith("23:59")}
    assert {day - timedelta(days=1) for day in CALENDAR.working_weekends} == late


def test_a_minute_before_midnight_counts_from_that_day_and_a_minute_later_from_the_next() -> None:
    assert CALENDAR.add_working_days(started_on("2026-02-13 23:59"), 1) == date(2026, 2, 14)
    assert CALENDAR.add_working_days(started_on("2026-02-14 00:00"), 1) == date(2026, 2, 24)


def test_an_explanation_says_why_each_day_was_passed_over_and_which_weekend_counted() -> None:
    reckoned = CALENDAR.explain_working_days(date(2026, 2, 13), 3)
    festival = tuple(DayStep(date(2026, 2, day), DayKind.HOLIDAY, "春节") for day in range(15, 24))
    assert reckoned.due_on == date(2026, 2, 25)
    assert reckoned.steps == (DayStep(date(2026, 2, 14), DayKind.MAKE_UP), *festival)
    assert [step.counted for step in reckoned.steps] == [True] + [False] * 9
    assert not reckoned.provisional
    plain = CALENDAR.explain_working_days(date(2026, 3, 6), 1)
    assert [(str(step.day), step.kind) for step in plain.steps] == [
        ("2026-03-07", DayKind.WEEKEND),
        ("2026-03-08", DayKind.WEEKEND),
    ]


@given(days_on_file, st.integers(1, 80))
def test_an_explanation_adds_up_to_the_distance(start: date, days: int) -> None:
    reckoned = CALENDAR.explain_working_days(start, days)
    passed_over = [step for step in reckoned.steps if not step.counted]
    assert reckoned.due_on == CALENDAR.add_working_days(start, days)
    assert (reckoned.due_on - start).days == days + len(passed_over)
    assert [step.day for step in reckoned.steps] == sorted({step.day for step in reckoned.steps})
    assert all(CALENDAR.is_working_day(step.day) is step.counted for step in reckoned.steps)
    assert all(start < step.day <= reckoned.due_on for step in reckoned.steps)


@given(days_on_file, days_on_file, st.integers(1, 40))
def test_who_starts_later_is_not_due_earlier(one: date, other: date, days: int) -> None:
    earlier, later = sorted((one, other))
    assert CALENDAR.add_working_days(earlier, days) <= CALENDAR.add_working_days(later, days)
    assert CALENDAR.add_working_days(one, days) < CALENDAR.add_working_days(one, days + 1)


@given(days_on_file, st.integers(1, 40))
def test_a_date_is_provisional_exactly_when_a_counted_year_is_not_on_file(start: date, days: int) -> None:
    reckoned = CALENDAR.explain_working_days(start, days)
    assert reckoned.provisional is (reckoned.due_on > date(2026, 12, 31))


def test_a_period_that_starts_before_the_years_on_file_and_lies_in_them_is_final() -> None:
    assert not CALENDAR.explain_working_days(date(2022, 12, 31), 1).provisional
    assert CALENDAR.explain_working_days(date(2022, 12, 30), 1).provisional


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-15", 1, "2026-02-15"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2025-11-30", 3, "2026-02-28"),
        ("2025-11-30", 6, "2026-05-30"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-10-31", 1, "2026-11-30"),
    ],
)
def test_a_period_of_months_ends_on_the_day_of_the_same_number(start: str, months: int, end: str) -> None:
    assert WorkingCalendar.add_months(date.fromisoformat(start), months) == date.fromisoformat(end)


@given(days_on_file, st.integers(1, 36))
def test_months_are_whole_and_only_the_last_days_are_clipped(start: date, months: int) -> None:
    end = WorkingCalendar.add_months(start, months)
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


@pytest.mark.parametrize("months", [0, -1])
def test_a_period_without_a_month_is_refused(months: int) -> None:
    with pytest.raises(ValueError, match="at least one month"):
        WorkingCalendar.add_months(date(2026, 3, 11), months)


def sheet(year: int, *, off: tuple[DaysOff, ...] = (), works: tuple[date, ...] = ()) -> YearSheet:
    return YearSheet(year, "通知", off, works)


def test_the_last_day_on_file_is_the_one_before_the_first_gap() -> None:
    assert CALENDAR.last_covered_day() == date(2026, 12, 31)
    assert WorkingCalendar.of([sheet(2023), sheet(2024), sheet(2026)]).last_covered_day() == date(2024, 12, 31)
    assert WorkingCalendar.of([]).last_covered_day() is None


def test_an_imported_year_joins_those_on_file_and_replaces_the_same_year_whole() -> None:
    strike_out = sheet(2026, off=(DaysOff(date(2026, 10, 1), date(2026, 10, 3), "国庆节"),))
    merged = WorkingCalendar.of((*load_sheets(), strike_out, sheet(2027)))
    assert merged.years == {2023, 2024, 2025, 2026, 2027}
    assert merged.is_working_day(date(2026, 10, 5))
    assert not merged.is_working_day(date(2026, 10, 10))
    assert merged.holidays[date(2026, 10, 2)] == "国庆节"
    assert date(2026, 2, 17) not in merged.holidays
    assert merged.kind_of(date(2025, 1, 29)) is DayKind.HOLIDAY


def test_a_calendar_with_another_day_or_another_year_has_another_fingerprint() -> None:
    monday, saturday = date(2027, 1, 4), date(2027, 1, 9)
    plain = WorkingCalendar.of([sheet(2027)]).fingerprint
    others = [
        WorkingCalendar.of(sheets).fingerprint
        for sheets in (
            [],
            [sheet(2026), sheet(2027)],
            [sheet(2027, off=(DaysOff(monday, monday),))],
            [sheet(2027, works=(saturday,))],
        )
    ]
    assert len({plain, *others}) == 5
    assert len(plain) == 64
    assert load_calendar().fingerprint == WorkingCalendar.of(reversed(load_sheets())).fingerprint


def test_names_and_weekends_among_days_off_do_not_change_the_fingerprint() -> None:
    friday, saturday = date(2027, 1, 1), date(2027, 1, 2)
    one = WorkingCalendar.of([sheet(2027, off=(DaysOff(friday, saturday, "元旦"),))])
    other = WorkingCalendar.of([sheet(2027, off=(DaysOff(friday, friday),))])
    assert one.fingerprint == other.fingerprint


def test_every_sheet_on_file_survives_the_way_to_json_and_back() -> None:
    for one in load_sheets():
        stored = json.dumps(one.as_record(), ensure_ascii=False)
        assert YearSheet.from_record(json.loads(stored), "calendar_year") == one


def test_every_day_off_on_file_has_a_name() -> None:
    assert all(one.name for year in load_sheets() for one in year.days_off)
    assert set(CALENDAR.holidays) == CALENDAR.days_off


GOOD = """\
# 2027, as announced.
year: 2027
source: 通知
days_off:
  - [2027-01-01, 2027-01-03, 元旦]
  - [2027-02-05, 2027-02-11]
working_weekends: [2027-02-20, 2027-01-30]
"""


def test_a_year_is_read_in_order_with_names_where_there_are_some() -> None:
    read = parse_year(GOOD, "2027.yaml")
    assert read == YearSheet(
        2027,
        "通知",
        (
            DaysOff(date(2027, 1, 1), date(2027, 1, 3), "元旦"),
            DaysOff(date(2027, 2, 5), date(2027, 2, 11)),
        ),
        (date(2027, 1, 30), date(2027, 2, 20)),
    )


FAULTS = (
    ("year: 2027\n", "", 0, "year is missing"),
    ("source: 通知\n", "", 2, "source is missing"),
    ("working_weekends:", "weekends:", 2, "working_weekends is missing"),
    ("days_off:\n  - [2027-01-01, 2027-01-03, 元旦]\n  - [2027-02-05, 2027-02-11]\n", "", 2, "days_off is missing"),
    ("source: 通知", "source: 通知\nnote: x", 4, "note is unknown"),
    ("source: 通知", "source: ''", 3, "source is empty"),
    ("source: 通知", "source: 通知\nsource: 通知", 3, "source stands twice"),
    ("year: 2027", "year: 27", 2, "year is 27"),
    ("year: 2027", "year: [2027]", 2, "year is"),
    ("year: 2027", "year: 2028", 5, "2027-01-01 is not in 2028"),
    ("2027-01-30", "2028-01-30", 7, "2028-01-30 is not in 2027"),
    ("2027-01-30", "2027-01-29", 7, "2027-01-29 in working_weekends is a weekday"),
    ("2027-01-30", "2027-02-30", 7, "2027-02-30 is no date"),
    ("2027-01-30", "2027-1-30", 7, "2027-1-30 is no date"),
    ("2027-01-30", "20270130", 7, "20270130 is no date"),
    ("2027-01-30", "[2027-01-30]", 0, "a list is no date"),
    ("2027-01-30", "2027-02-06", 7, "2027-02-06 is a day off and a working weekend"),
    ("2027-01-30", "2027-02-20", 7, "2027-02-20 stands twice in working_weekends"),
    ("[2027-01-01, 2027-01-03, 元旦]", "[2027-01-03, 2027-01-01]", 5, "from 2027-01-03 to 2027-01-01 is reversed"),
    ("2027-02-11", "2027-12-11", 6, "lasts 310 days"),
    ("[2027-02-05, 2027-02-11]", "[2027-01-03, 2027-02-02]", 5, "2027-01-03 stands twice in days_off"),
    ("[2027-02-05, 2027-02-11]", "[2027-02-05]", 4, "in days_off is no range"),
    ("[2027-02-05, 2027-02-11]", "2027-02-05", 4, "2027-02-05 in days_off is no range"),
    ("[2027-02-05, 2027-02-11]", "[2027-02-05, 2027-02-11, [春节]]", 6, "name of 2027-02-05 is a list"),
    ("[2027-02-20, 2027-01-30]", "2027-02-20", 7, "working_weekends is 2027-02-20"),
    ("[2027-02-20, 2027-01-30]", "[2027-02-20", 8, "not YAML"),
    (GOOD, "[]", 1, "no fields"),
    (GOOD, "", 1, "no fields"),
    (GOOD, "year: \x07", 0, "not YAML"),
    (GOOD, "[" * 5000, 0, "not YAML"),
)


@pytest.mark.parametrize(("old", "new", "line", "said"), FAULTS, ids=[said for *_, said in FAULTS])
def test_a_fault_in_a_year_is_named_with_its_line_and_a_cure(old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    with pytest.raises(ContentError) as refused:
        parse_year(GOOD.replace(old, new, 1), "notice.yaml")
    assert said in refused.value.fault
    assert (refused.value.file, refused.value.line) == ("notice.yaml", line)
    assert refused.value.cure


def test_what_refers_to_itself_or_grows_without_end_is_refused_in_few_words() -> None:
    growing = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]" for n in range(12))
    for text in (f"{growing}\n{GOOD}", GOOD.replace("[2027-02-05, 2027-02-11]", "&a [*a, *a]")):
        with pytest.raises(ContentError) as refused:
            parse_year(text, "notice.yaml")
        assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"year": True}, "year is"),
        ({"year": None}, "year is"),
        ({"days_off": "2027-01-01"}, "days_off is 2027-01-01"),
        ({"working_weekends": [20270130]}, "a int is no date"),
        ({"working_weekends": ["2027-01-29"]}, "is a weekday"),
    ],
)
def test_a_stored_year_is_checked_like_a_file(change: dict[str, object], said: str) -> None:
    record = parse_year(GOOD, "2027.yaml").as_record() | change
    with pytest.raises(ContentError) as refused:
        YearSheet.from_record(record, "calendar_year 2027")
    assert said in refused.value.fault
    assert refused.value.file == "calendar_year 2027"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("year: 2027\nsource: x\ndays_off: []\n", "working_weekends is missing"),
        ("year: 2027\nsource: x\ndays_off: [[2026-12-31, 2027-01-02]]\nworking_weekends: []\n", "not in 2027"),
        ("year: 2028\nsource: x\ndays_off: []\nworking_weekends: []\n", "the file is for 2028"),
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
