"""The clocks of a case: due dates and their reasons, pauses, extension, a vote's limit, the ladder, the content."""

import csv
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from knowledge.calendar import DaysOff, WorkingCalendar, YearSheet, load_calendar, load_sheets
from knowledge.casework.clocks import (
    CONTENT,
    Audience,
    Basis,
    ClockFacts,
    ClockKind,
    ClockState,
    ClockStep,
    ClockStepKind,
    ExtensionNotAllowed,
    Length,
    Pause,
    PausedTooLong,
    PauseNotAllowed,
    PausesOverlap,
    is_urgent,
    load_clocks,
    reckon,
    stage_on,
    state_on,
    urgent_limit,
)
from knowledge.casework.describe_clocks import clocks_document
from knowledge.errors import ContentError
from knowledge.loader import load_knowledge

CALENDAR, BOOK = load_calendar(), load_clocks()
TABLE = Path(__file__).parents[1] / "content" / "golden" / "working_days.csv"
STARTED, PAUSED = ClockStepKind.STARTED, ClockStepKind.PAUSED
UNCOUNTED = (ClockStepKind.WEEKEND, ClockStepKind.HOLIDAY, PAUSED)

#: The rule of content/rules each clock of the law must agree with; the last has none.
TOPICS = {
    ClockKind.ACCEPTANCE: "accept_working_days",
    ClockKind.TRANSFER: "forward_working_days",
    ClockKind.DISPOSAL: "lead_months",
    ClockKind.ASSIGNED: "assigned_months",
    ClockKind.RESULT: "feedback_working_days",
    ClockKind.LETTER_REPLY: "letter_reply_working_days",
    ClockKind.TALK_REPORT: "",
}

days = st.dates(date(2023, 1, 1), date(2027, 6, 30))
kinds = st.sampled_from([rule.kind for rule in BOOK.rules.values() if rule.unit is not Length.NAMED_DAY])
pausable = st.sampled_from([rule.kind for rule in BOOK.rules.values() if rule.pausable])
by_working_days = st.sampled_from([rule.kind for rule in BOOK.rules.values() if rule.unit is Length.WORKING_DAYS])


def on(written: str) -> date:
    return date.fromisoformat(written)


def due(kind: ClockKind, started: str, *pauses: tuple[str, str], extended: bool = False, limit: str = "") -> date:
    paused = tuple(Pause(on(first), on(until)) for first, until in pauses)
    facts = ClockFacts(kind, on(started), None, extended, paused, on(limit) if limit else None)
    return reckon(facts, CALENDAR, BOOK).due_on


@st.composite
def paused_facts(draw: st.DrawFn) -> ClockFacts:
    started_on, pauses = draw(days), []
    day = started_on - timedelta(days=3)
    for _ in range(draw(st.integers(0, 3))):
        first = day + timedelta(days=draw(st.integers(0, 30)))
        day = first + timedelta(days=draw(st.integers(1, 20)))
        pauses.append(Pause(first, day))
    return ClockFacts(draw(pausable), started_on, pauses=tuple(draw(st.permutations(pauses))))


def test_every_clock_in_the_table_is_due_on_the_day_found_independently() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["period"].isdecimal()]
    wrong = [row for row in rows if str(due(ClockKind(row["period"]), row["start"])) != row["due"]]
    assert wrong == []
    assert {row["period"] for row in rows} == set(ClockKind) - {ClockKind.HOLD_REVIEW}


@pytest.mark.parametrize(
    ("kind", "length", "basis"),
    [
        ("acceptance", "15个工作日", "纪检监察机关处理检举控告工作规则（2020年）第二十六条"),
        ("transfer", "5个工作日", "纪检监察机关处理检举控告工作规则（2020年）第十六条"),
        ("disposal", "1个月", "中国共产党纪律检查机关监督执纪工作规则（2019年）第二十一条"),
        ("assigned", "3个月", "纪检监察机关处理检举控告工作规则（2020年）第二十一条"),
        ("result", "15个工作日", "纪检监察机关处理检举控告工作规则（2020年）第二十七条"),
        ("letter_reply", "15个工作日", "中国共产党纪律检查机关监督执纪工作规则（2019年）第二十九条"),
        ("talk_report", "1个月", "中国共产党纪律检查机关监督执纪工作规则（2019年）第三十条"),
        ("urgent", "5个工作日", "本地安排"),
        ("unassigned", "1个工作日", "本地安排"),
        ("reply", "3个工作日", "本地安排"),
        ("review", "15个工作日", "本地安排"),
        ("hold_review", "到定好的那天", "本地安排"),
    ],
)
def test_a_clock_is_as_long_as_its_source_says(kind: str, length: str, basis: str) -> None:
    rule = BOOK.rules[ClockKind(kind)]
    assert (rule.length_said, rule.basis_said) == (length, basis)


@pytest.mark.parametrize("kind", ClockKind)
def test_a_law_is_named_as_it_is_on_file_and_agrees_with_the_rule_people_are_told(kind: ClockKind) -> None:
    knowledge, rule = load_knowledge(), BOOK.rules[kind]
    if rule.basis is Basis.POLICY:
        assert kind not in TOPICS
        return
    law = knowledge.laws[rule.law_id]
    assert rule.source == f"{law.name}（{law.version}）"
    assert int(rule.article) <= law.articles
    told = [one for one in knowledge.rules if one.topic == TOPICS[kind] and one.jurisdiction == "cn"]
    assert [(one.value, one.unit, one.provision.law_id, one.provision.article) for one in told] == (
        [(rule.length, rule.unit, rule.law_id, rule.article)] if TOPICS[kind] else []
    )


def test_only_what_is_assigned_is_extended_by_as_much_as_people_are_told() -> None:
    extended = {kind: rule.extendable_months for kind, rule in BOOK.rules.items() if rule.extendable_months}
    told = [rule.value for rule in load_knowledge().rules if rule.topic == "assigned_extension_months"]
    assert extended == {ClockKind.ASSIGNED: 3}
    assert told == [3]


def test_words_for_officials_are_short_and_chinese() -> None:
    for rule in BOOK.rules.values():
        for words in (rule.name, rule.starts, rule.stops):
            assert re.fullmatch(r"[\u4e00-\u9fff，]+", words)
            assert len(words) <= 16
        assert len(rule.name) <= 8


def test_an_explanation_names_the_start_the_days_passed_over_and_the_make_up_day() -> None:
    deadline = reckon(ClockFacts(ClockKind.TRANSFER, on("2026-02-12")), CALENDAR, BOOK)
    assert (deadline.due_on, deadline.provisional) == (on("2026-02-26"), False)
    assert deadline.steps == (
        ClockStep(STARTED, on("2026-02-12"), on("2026-02-12")),
        ClockStep(ClockStepKind.MAKE_UP, on("2026-02-14"), on("2026-02-14")),
        ClockStep(ClockStepKind.HOLIDAY, on("2026-02-15"), on("2026-02-23"), "春节"),
    )
    assert deadline.steps[-1].days == 9


@given(by_working_days, days)
def test_a_clock_of_working_days_and_the_calendar_agree(kind: ClockKind, started_on: date) -> None:
    deadline = reckon(ClockFacts(kind, started_on), CALENDAR, BOOK)
    reckoned = CALENDAR.explain_working_days(started_on, BOOK.rules[kind].length)
    assert (deadline.due_on, deadline.provisional) == (reckoned.due_on, reckoned.provisional)
    assert sum(step.days for step in deadline.steps if step.kind is not STARTED) == len(reckoned.steps)


@given(paused_facts())
def test_steps_add_up_to_the_distance_whatever_was_paused(facts: ClockFacts) -> None:
    assume(sum(pause.days for pause in facts.pauses) <= BOOK.most_paused_days)
    rule, deadline = BOOK.rules[facts.kind], reckon(facts, CALENDAR, BOOK)
    uncounted = sum(step.days for step in deadline.steps if step.kind in UNCOUNTED)
    by_months = WorkingCalendar.add_months(facts.started_on, rule.length) - facts.started_on
    length = by_months.days if rule.unit is Length.MONTHS else rule.length
    assert (deadline.due_on - facts.started_on).days == length + uncounted
    assert not any(pause.from_on <= deadline.due_on < pause.until_on for pause in facts.pauses)
    kept = reckon(ClockFacts(facts.kind, facts.started_on), CALENDAR, BOOK).due_on
    assert deadline.due_on >= kept
    assert (
        (deadline.due_on > kept)
        or not any(step.kind is PAUSED for step in deadline.steps)
        or rule.unit is not (Length.MONTHS)
    )


@given(kinds, days, days)
def test_who_starts_later_is_not_due_earlier(kind: ClockKind, one: date, other: date) -> None:
    first, second = (reckon(ClockFacts(kind, day), CALENDAR, BOOK).due_on for day in sorted((one, other)))
    assert first <= second


@given(kinds, days, st.none() | days)
def test_a_limit_shortens_and_is_never_before_the_start(
    kind: ClockKind, started_on: date, limit_on: date | None
) -> None:
    free = reckon(ClockFacts(kind, started_on), CALENDAR, BOOK)
    held = reckon(ClockFacts(kind, started_on, limit_on=limit_on), CALENDAR, BOOK)
    limited = held.steps[-1].kind is ClockStepKind.LIMITED
    assert started_on <= held.due_on <= free.due_on
    assert limited is (held.due_on < free.due_on)
    assert not limited or (held.steps[-1].first_on, held.steps[-1].last_on) == (held.due_on, free.due_on)
    assert limit_on is None or held.due_on <= max(limit_on, started_on)


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ((), "2026-03-25"),
        ((("2026-03-09", "2026-03-14"),), "2026-04-01"),  # five working days
        ((("2026-03-07", "2026-03-09"),), "2026-03-25"),  # a weekend that did not count anyway
        ((("2026-03-20", "2026-03-21"), ("2026-03-05", "2026-03-06")), "2026-03-27"),  # two single days, any order
        ((("2026-03-05", "2026-03-09"), ("2026-03-09", "2026-03-10")), "2026-03-30"),  # end to end is no overlap
        ((("2026-03-25", "2026-03-27"),), "2026-03-27"),  # the very day it was due
        ((("2026-03-26", "2026-04-10"),), "2026-03-25"),  # too late to change anything
        ((("2026-02-20", "2026-03-05"),), "2026-03-25"),  # before and on the day of the start
    ],
)
def test_a_paused_working_day_does_not_count(pauses: tuple[tuple[str, str], ...], expected: str) -> None:
    assert due(ClockKind.REVIEW, "2026-03-04", *pauses) == on(expected)


def test_a_paused_day_of_a_period_in_months_does_not_count_whatever_day_it_is() -> None:
    assert due(ClockKind.ASSIGNED, "2026-03-04") == on("2026-06-04")
    assert due(ClockKind.ASSIGNED, "2026-03-04", ("2026-03-07", "2026-03-09")) == on("2026-06-06")
    assert due(ClockKind.ASSIGNED, "2026-03-04", ("2026-05-01", "2026-06-30")) == on("2026-08-03")


def test_a_pause_stands_in_the_explanation_whole_weekends_included() -> None:
    facts = ClockFacts(ClockKind.REVIEW, on("2026-03-04"), pauses=(Pause(on("2026-03-05"), on("2026-03-12")),))
    assert reckon(facts, CALENDAR, BOOK).steps[1] == ClockStep(PAUSED, on("2026-03-05"), on("2026-03-11"))


@pytest.mark.parametrize("kind", [kind for kind, rule in BOOK.rules.items() if not rule.pausable])
def test_a_clock_that_does_not_stand_still_refuses_a_pause(kind: ClockKind) -> None:
    with pytest.raises(PauseNotAllowed) as refused:
        due(kind, "2026-03-04", ("2026-03-05", "2026-03-06"))
    assert refused.value.kind is kind


def test_pauses_that_share_a_day_are_refused_in_any_order() -> None:
    for pauses in ((0, 1), (1, 0)):
        both = (("2026-03-05", "2026-03-10"), ("2026-03-09", "2026-03-12"))
        with pytest.raises(PausesOverlap) as refused:
            due(ClockKind.REVIEW, "2026-03-04", *(both[n] for n in pauses))
        assert refused.value.on == on("2026-03-09")


def test_all_pauses_together_have_at_most_sixty_days() -> None:
    sixty = ("2026-03-05", "2026-05-04")
    assert due(ClockKind.REVIEW, "2026-03-04", sixty) == on("2026-05-25")
    with pytest.raises(PausedTooLong) as refused:
        due(ClockKind.REVIEW, "2026-03-04", sixty, ("2026-05-10", "2026-05-11"))
    assert (refused.value.days, refused.value.most) == (61, 60)


def test_an_extension_is_part_of_the_period_and_stands_in_the_explanation() -> None:
    facts = ClockFacts(ClockKind.ASSIGNED, on("2025-11-30"), extended=True)
    deadline = reckon(facts, CALENDAR, BOOK)
    assert deadline.due_on == on("2026-05-30")
    assert deadline.steps[1:] == (ClockStep(ClockStepKind.EXTENDED, on("2026-02-28"), on("2026-05-30")),)


@pytest.mark.parametrize("kind", [kind for kind, rule in BOOK.rules.items() if not rule.extendable_months])
def test_a_clock_without_an_extension_refuses_one(kind: ClockKind) -> None:
    with pytest.raises(ExtensionNotAllowed) as refused:
        due(kind, "2026-03-04", extended=True)
    assert refused.value.kind is kind


@pytest.mark.parametrize(
    ("received", "election", "urgent", "expected"),
    [
        ("2026-03-13", "2026-03-29", False, ""),  # sixteen days before
        ("2026-03-14", "2026-03-29", True, "2026-03-20"),
        ("2026-03-23", "2026-03-29", True, "2026-03-28"),  # five working days would end on the 30th
        ("2026-03-28", "2026-03-29", True, "2026-03-28"),  # the eve: at once
        ("2026-03-29", "2026-03-29", True, "2026-03-29"),  # the day itself: at once
        ("2026-03-30", "2026-03-29", False, ""),  # too late for a clock of this kind
    ],
)
def test_vote_buying_shortly_before_a_vote_is_urgent(received: str, election: str, urgent: bool, expected: str) -> None:
    assert is_urgent(on(received), on(election), BOOK) is urgent
    if urgent:
        assert due(ClockKind.URGENT, received, limit=str(urgent_limit(on(election), BOOK))) == on(expected)


def test_a_due_date_in_a_year_without_a_calendar_is_provisional_and_an_imported_year_settles_it() -> None:
    facts = ClockFacts(ClockKind.TRANSFER, on("2026-12-28"))
    deadline = reckon(facts, CALENDAR, BOOK)
    assert (deadline.due_on, deadline.provisional) == (on("2027-01-04"), True)
    new_year = YearSheet(2027, "通知", (DaysOff(on("2027-01-01"), on("2027-01-03"), "元旦"),), (on("2027-01-10"),))
    known = WorkingCalendar.of((*load_sheets(), new_year))
    settled = reckon(facts, known, BOOK)
    assert (settled.due_on, settled.provisional) == (on("2027-01-05"), False)
    assert settled.steps[-1] == ClockStep(ClockStepKind.HOLIDAY, on("2027-01-01"), on("2027-01-03"), "元旦")


@given(days, st.none() | days)
def test_a_clock_until_a_named_day_is_due_on_that_day_whatever_it_is(started_on: date, named: date | None) -> None:
    deadline = reckon(ClockFacts(ClockKind.HOLD_REVIEW, started_on, limit_on=named), CALENDAR, BOOK)
    assert deadline.due_on == max(started_on, named or started_on)
    assert deadline.steps[1:] == (ClockStep(ClockStepKind.NAMED, deadline.due_on, deadline.due_on),)
    assert not deadline.provisional


def test_a_named_day_far_ahead_is_reckoned_at_once_and_is_not_paused() -> None:
    assert due(ClockKind.HOLD_REVIEW, "2026-03-04", limit="2099-12-31") == on("2099-12-31")
    with pytest.raises(PauseNotAllowed):
        due(ClockKind.HOLD_REVIEW, "2026-03-04", ("2026-03-05", "2026-03-06"), limit="2026-05-01")


def test_months_do_not_wait_for_a_calendar() -> None:
    assert not reckon(ClockFacts(ClockKind.ASSIGNED, on("2031-01-31")), CALENDAR, BOOK).provisional
    limited = ClockFacts(ClockKind.URGENT, on("2026-12-28"), limit_on=on("2026-12-30"))
    assert not reckon(limited, CALENDAR, BOOK).provisional


def test_facts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        Pause(on("2026-03-05"), on("2026-03-05"))
    with pytest.raises(ValueError, match="stops after it starts"):
        ClockFacts(ClockKind.REPLY, on("2026-03-05"), on("2026-03-04"))


@pytest.mark.parametrize(
    ("stopped", "today", "state"),
    [
        ("2026-03-25", "2026-04-20", ClockState.KEPT),
        ("2026-03-26", "2026-04-20", ClockState.MISSED),
        ("", "2026-03-25", ClockState.RUNNING),
        ("", "2026-03-26", ClockState.LATE),
        ("", "2026-03-05", ClockState.RUNNING),
        ("", "2026-03-07", ClockState.PAUSED),
        ("", "2026-03-08", ClockState.PAUSED),
        ("", "2026-03-09", ClockState.RUNNING),
    ],
)
def test_a_clock_stands_where_its_dates_say(stopped: str, today: str, state: ClockState) -> None:
    pauses = (Pause(on("2026-03-07"), on("2026-03-09")),)
    facts = ClockFacts(ClockKind.REVIEW, on("2026-03-04"), on(stopped) if stopped else None, pauses=pauses)
    assert state_on(facts, on("2026-03-25"), on(today)) is state


#: Due on Wednesday 25 March 2026: no holiday near.
LADDER = {
    "2026-03-13": None,
    "2026-03-16": "T-7",
    "2026-03-17": "T-7",
    "2026-03-19": "T-7",
    "2026-03-20": "T-3",
    "2026-03-22": "T-3",
    "2026-03-23": "T-3",
    "2026-03-24": "T-1",
    "2026-03-25": "T",
    "2026-03-26": "T+1",
    "2026-03-27": "T+1",
    "2026-03-29": "T+1",
    "2026-03-30": "T+3",
    "2026-06-01": "T+3",
}


@pytest.mark.parametrize(("today", "stage"), LADDER.items())
def test_the_rung_last_reached_fits_a_day(today: str, stage: str | None) -> None:
    found = stage_on(on("2026-03-25"), on(today), CALENDAR, BOOK)
    assert (found.id if found else None) == stage


def test_rungs_are_counted_in_working_days_over_a_long_holiday() -> None:
    due_on = on("2026-02-25")  # working days before it: 24, 14, 13, 12 February
    stages = {day: stage_on(due_on, on(f"2026-02-{day}"), CALENDAR, BOOK) for day in (12, 13, 14, 20, 23, 24, 25)}
    assert [stage.id if stage else None for stage in stages.values()] == ["T-7", "T-3", "T-3", "T-3", "T-3", "T-1", "T"]


def test_a_due_date_on_a_sunday_has_its_day_on_friday() -> None:
    stages = [stage_on(on("2026-03-22"), on(f"2026-03-{day}"), CALENDAR, BOOK) for day in (19, 20, 21, 22, 23)]
    assert [stage.id if stage else None for stage in stages] == ["T-1", "T", "T", "T", "T+1"]


def test_a_short_clock_does_not_begin_with_a_rung_that_lies_before_it() -> None:
    def rungs(kind: ClockKind, started: str) -> list[str | None]:
        due_on, first = due(kind, started), on(started)
        span = [first + timedelta(days=n) for n in range((due_on - first).days + 1)]
        found = [stage_on(due_on, day, CALENDAR, BOOK, started_on=first) for day in span]
        return [stage.id if stage else None for stage in found]

    assert rungs(ClockKind.UNASSIGNED, "2026-03-09") == [None, "T"]
    assert rungs(ClockKind.REPLY, "2026-03-09") == [None, None, "T-1", "T"]
    assert rungs(ClockKind.TRANSFER, "2026-03-09") == [None, None, "T-3", "T-3", "T-1", "T-1", "T-1", "T"]


@given(days, days, days)
def test_the_ladder_is_only_climbed(due_on: date, one: date, other: date) -> None:
    stages = [stage_on(due_on, day, CALENDAR, BOOK) for day in sorted((one, other))]
    first, second = (-99 if stage is None else stage.offset for stage in stages)
    assert first <= second


@given(days, st.sampled_from(BOOK.ladder))
def test_on_its_own_day_a_rung_is_the_one_that_fits(due_on: date, stage) -> None:
    assume(CALENDAR.is_working_day(due_on))
    day = due_on
    while CALENDAR.working_days_between(due_on, day) != stage.offset or not CALENDAR.is_working_day(day):
        day += timedelta(days=1 if stage.offset > 0 else -1)
    assert stage_on(due_on, day, CALENDAR, BOOK) == stage


def test_each_rung_tells_those_who_can_still_do_something() -> None:
    told = {stage.id: set(stage.audience) for stage in BOOK.ladder}
    handler, leader, superior = Audience.HANDLER, Audience.LEADER, Audience.SUPERIOR
    assert told == {
        "T-7": {handler},
        "T-3": {handler},
        "T-1": {handler},
        "T": {handler, leader},
        "T+1": {handler, leader},
        "T+3": {leader, superior},
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("id: reply", "id: answer", "id: answer", "id is 'answer'"),
        ("id: reply", "id: review", "id: review\n    name: 答复异议", "clock review stands twice"),
        (
            "  - id: unassigned\n    name: 定下承办人\n",
            "  - name: 定下承办人\n",
            "name: 定下承办人",
            "field id is missing",
        ),
        ("    name: 回复反映人\n", "", "id: reply", "field name is missing"),
        ("name: 回复反映人", "name: ''", "name: ''", "name is empty"),
        ("working_days: 3\n", "working_days: 0\n", "working_days: 0", "working_days is 0"),
        ("working_days: 3\n", "working_days: three\n", "working_days: three", "working_days holds 'three'"),
        ("working_days: 3\n", "weeks: 3\n", "id: reply", "one length"),
        ("working_days: 3\n", "working_days: 3\n    months: 1\n", "months: 1\n    basis: policy", "one length"),
        ("    article: 16\n", "", "id: transfer", "article is missing"),
        ("article: 16", "article: 十六", "article: 十六", "article holds '十六'"),
        ("    law: accusations\n    article: 16\n", "    article: 16\n", "id: transfer", "law is missing"),
        ("basis: policy\n", "basis: custom\n", "basis: custom", "basis is 'custom'"),
        ("source: 本地安排\n", "source: 本地安排\n    law: x\n", "law: x", "law is unknown"),
        ("stops: 回了话", "ends: 回了话", "id: reply", "stops is missing"),
        ("stops: 回了话", "stops: 回了话\n    extendable_months: 1", "extendable_months: 1", "not counted in months"),
        ("pausable: true", "pausable: often", "pausable: often", "pausable holds 'often'"),
        ("extendable_months: 3", "extendable_months: 0", "extendable_months: 0", "extendable_months is 0"),
        ("extendable_months: 3", "extendible_months: 3", "extendible_months", "extendible_months is unknown"),
        ("most_calendar_days: 60", "most_calendar_days: -1", "most_calendar_days: -1", "most_calendar_days is -1"),
        ("pause:\n  most_calendar_days: 60\n", "", "", "field pause is missing"),
        ("window_days: 15", "window: 15", "urgent:", "window_days is missing"),
        ("end_days_before: 1", "end_days_before: 1\n  hours: 3", "hours: 3", "hours is unknown"),
        ("{stage: T-3, ", "{stage: T-03, ", "T-03", "stage is 'T-03'"),
        ("{stage: T-3, ", "{stage: T-8, ", "T-8", "T-8 stands after T-7"),
        ("{stage: T-3, ", "{stage: T-7, ", "audience: [handler]}\n  - {stage: T-1,", "T-7 stands after T-7"),
        ("stage: T, audience: [handler, leader]", "stage: T, audience: [chief]", "[chief]", "audience is chief"),
        ("stage: T, audience: [handler, leader]", "stage: T, audience: []", "audience: []", "audience is empty"),
        ("stage: T, audience: [handler, leader]", "stage: T", "{stage: T}", "audience is missing"),
        (f'version: "{BOOK.version}"', "version: 2026.1", "version: 2026.1", "version holds 2026.1"),
        ("named_day: true\n", "named_day: false\n", "named_day: false", "named_day is false"),
        ("named_day: true\n", "named_day: true\n    months: 1\n", "named_day: true\n    m", "one length"),
        ("named_day: true\n", "named_day: true\n    pausable: true\n", "pausable: true\n    b", "has a named day"),
        ("ladder:", "ladder: []\nrungs:", "ladder: []", "no rung"),
        ("clocks:", "clocks: []\nothers:", "clocks: []", "acceptance is missing"),
        ("clocks:", "clocks: [", "id: acceptance", "not YAML"),
    ],
)
def test_a_fault_of_the_content_is_named_with_its_line_and_a_cure(
    tmp_path: Path, old: str, new: str, line: str, said: str
) -> None:
    text = (CONTENT / "clocks.yaml").read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    (tmp_path / "clocks.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as refused:
        load_clocks(tmp_path)
    assert said in refused.value.fault
    assert refused.value.file == "clocks.yaml"
    assert refused.value.line == (text[: text.index(line)].count("\n") + 1 if line else 1)
    assert refused.value.cure


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"clocks\.yaml:0: cannot be read"):
        load_clocks(tmp_path)


def test_the_document_has_a_row_for_every_clock_and_every_rung() -> None:
    document = clocks_document()
    rows = re.findall(r"^\| `([^`]+)` \|", document, re.MULTILINE)
    assert rows == [*ClockKind, *(stage.id for stage in BOOK.ladder)]
    for rule in BOOK.rules.values():
        assert all(f"| {words} |" in document for words in (rule.name, rule.length_said, rule.starts, rule.stops))
        assert f": {rule.basis_said} |" in document
    widths = {line.count("|") for line in document.splitlines() if line.startswith("| `") and "T" not in line[:5]}
    assert widths == {11}
