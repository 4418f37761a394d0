"""A plan counted backwards: order, the law's distances, what was recorded and done, a moved day, a place's overlay."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.elections.counting import Counting
from knowledge.elections.overlays import Overlay, read_overlay, with_overlay
from knowledge.elections.plan_content import ELECTION_DAY, Body, Mode, Moment, Side, earlier_tasks
from knowledge.elections.plan_files import load_plan_content
from knowledge.elections.plans import (
    Days,
    ImpossibleDay,
    NothingInForce,
    Plan,
    PlanFor,
    Recorded,
    checked_plan,
    faults,
    last_day,
    plan,
    possible_days,
    shifts,
)
from knowledge.errors import ContentError
from knowledge.jurisdiction import NATION
from knowledge.loader import load_knowledge
from knowledge.rules.rulebook import Rulebook
from tests.golden_plans import PROVINCES

CONTENT = load_plan_content()
RULES = Rulebook(load_knowledge().rules)
PLACES = (NATION, *(f"cn/{province}" for province in PROVINCES), "cn/zhejiang/wenzhou/town/village")
MODES = {Body.VILLAGE: (Mode.ALL_VOTERS,), Body.COMMUNITY: tuple(Mode)}
KINDS = [(body, mode) for body in Body for mode in MODES[body]]
SUNDAY = date(2026, 5, 10)
VILLAGE = PlanFor(Body.VILLAGE, Mode.ALL_VOTERS, NATION, SUNDAY)

days = st.dates(date(2026, 1, 1), date(2031, 12, 31)) | st.sampled_from(
    [date(2028, 2, 29), date(2028, 3, 20), date(2027, 2, 6), date(2026, 10, 1), date(2026, 1, 1), date(2031, 12, 31)]
)
asked = st.builds(
    lambda kind, place, day, counting: PlanFor(*kind, place, day, counting),
    st.sampled_from(KINDS),
    st.sampled_from(PLACES),
    days,
    st.sampled_from(Counting),
)


@cache
def earlier_of(body: Body, mode: Mode) -> dict[str, tuple[str, ...]]:
    return earlier_tasks({c: t for c, t in CONTENT.tasks.items() if body in t.bodies and mode in t.modes and not t.per})


def in_order(made: Plan) -> None:
    ask = made.made_for
    due = {line.key: line.done_on or line.due_on for line in made.lines}
    done = {line.key for line in made.lines if line.done_on}
    for code, before in earlier_of(ask.body, ask.mode).items():
        for other in before:
            if code in due and other in due and code not in done:
                assert due[other] <= due[code], (other, code)


def within_the_law(made: Plan) -> None:
    ask, vote = made.made_for, made.made_for.election_day
    extra = ask.counting is Counting.NEXT_DAY
    by_code = {line.task.code: line for line in made.lines}
    assert by_code[ELECTION_DAY].due_on == vote
    assert all(line.due_on <= (line.lawful_until or date.max) for line in made.lines)
    roll = by_code["roll_published"].due_on
    assert (vote - roll).days >= 20 + extra
    assert (by_code["roll_objections_end"].due_on - roll).days == 5 - (not extra)
    assert (by_code["handover"].due_on - vote).days <= 10
    assert by_code["audit_published"].due_on < vote


@settings(max_examples=40, deadline=None)
@given(asked)
def test_on_any_election_day_the_law_holds_and_nothing_comes_before_what_it_waits_for(ask: PlanFor) -> None:
    made = plan(CONTENT, RULES, ask)
    in_order(made)
    within_the_law(made)
    assert faults(made) == ()


@settings(max_examples=40, deadline=None)
@given(
    asked, st.integers(0, 90), st.dictionaries(st.sampled_from(sorted(CONTENT.tasks)), st.integers(-80, 40), max_size=8)
)
def test_a_plan_made_late_is_in_order_or_says_why_its_day_cannot_be(
    ask: PlanFor, lead: int, chosen: dict[str, int]
) -> None:
    today = ask.election_day - timedelta(days=lead)
    wishes = {code: ask.election_day + timedelta(days=shift) for code, shift in chosen.items()}
    ask = replace(ask, not_before=today, chosen=wishes)
    made = plan(CONTENT, RULES, ask)
    if faults(made):
        with pytest.raises(ImpossibleDay):
            checked_plan(CONTENT, RULES, ask)
        return
    in_order(made)
    assert all(line.due_on >= today for line in made.lines if not line.task.period)
    for line in made.lines:
        if line.lawful_until is not None and line.lawful_until <= ask.election_day and not line.condition:
            assert line.due_on <= line.lawful_until, line.key


def test_the_roll_is_counted_as_a_printed_calendar_shows_it_and_says_how() -> None:
    line = plan(CONTENT, RULES, VILLAGE).line("roll_published")
    assert line is not None
    assert line.due_on == line.lawful_until == date(2026, 4, 19)
    assert line.reckoning == "选举日是5月10日（星期日），中间留满20天，两头都不算，最晚4月19日（星期日）"
    same = plan(CONTENT, RULES, replace(VILLAGE, counting=Counting.SAME_DAY)).line("roll_published")
    assert same is not None
    assert same.due_on == date(2026, 4, 20)


def test_a_day_too_near_is_refused_with_the_first_day_that_works_and_the_last_allowed() -> None:
    ask = replace(VILLAGE, not_before=date(2026, 4, 25), last_day=date(2026, 6, 30))
    with pytest.raises(ImpossibleDay) as caught:
        checked_plan(CONTENT, RULES, ask)
    assert [fault.key for fault in caught.value.faults] == ["roll_published"]
    assert caught.value.possible == Days(date(2026, 5, 16), date(2026, 6, 30))
    assert checked_plan(CONTENT, RULES, replace(ask, election_day=date(2026, 5, 16)))
    with pytest.raises(ImpossibleDay, match="impossible_day") as late:
        checked_plan(CONTENT, RULES, replace(ask, election_day=date(2026, 7, 1)))
    assert late.value.too_late
    assert not late.value.faults


def test_a_roll_posted_late_pushes_the_first_possible_day() -> None:
    ask = replace(VILLAGE, done={"roll_published": date(2026, 4, 23)}, not_before=date(2026, 4, 24))
    assert [fault.is_done for fault in faults(plan(CONTENT, RULES, ask))] == [True]
    assert possible_days(CONTENT, RULES, ask).earliest == date(2026, 5, 14)


@pytest.mark.parametrize(
    ("place", "last"),
    [("cn/sichuan", date(2027, 3, 31)), ("cn/hainan", date(2026, 6, 30)), ("cn/shanghai", None), (NATION, None)],
)
def test_the_last_election_day_after_a_term_is_the_provinces(place: str, last: date | None) -> None:
    assert last_day(RULES, Body.VILLAGE, place, date(2026, 3, 31)) == last


def test_before_a_law_is_in_force_nothing_is_guessed() -> None:
    with pytest.raises(NothingInForce, match="assembly_notice_days"):
        plan(CONTENT, RULES, replace(VILLAGE, election_day=date(2015, 5, 10)))


def test_what_is_recorded_starts_its_own_clock_each_time() -> None:
    records = (
        Recorded(7, "objection_received", date(2026, 4, 22)),
        Recorded(9, "objection_received", date(2026, 4, 24)),
        Recorded(11, "runoff_needed", SUNDAY),
        Recorded(12, "body_elected", date(2026, 5, 17)),
    )
    made = plan(CONTENT, RULES, replace(VILLAGE, jurisdiction="cn/sichuan", recorded=records))
    until = {line.key: line.lawful_until for line in made.lines}
    assert until["objection_decided#7"] == date(2026, 4, 25)
    assert until["objection_decided#9"] == date(2026, 4, 27)
    assert until["runoff#11"] == date(2026, 5, 20)
    assert until["handover"] == date(2026, 5, 27)
    assert not any(key.startswith("objection") for key in {line.key for line in plan(CONTENT, RULES, VILLAGE).lines})


def test_a_period_runs_from_the_day_the_roll_was_really_posted() -> None:
    made = plan(CONTENT, RULES, replace(VILLAGE, done={"roll_published": date(2026, 4, 10)}))
    line = made.line("roll_objections_end")
    assert line is not None
    assert line.due_on == date(2026, 4, 15)


def test_a_moved_day_moves_what_is_open_keeps_what_is_done_and_says_which() -> None:
    done = {"survey": date(2026, 2, 20), "work_meeting": date(2026, 3, 1)}
    was = plan(CONTENT, RULES, replace(VILLAGE, done=done))
    now = plan(CONTENT, RULES, replace(VILLAGE, done=done, election_day=SUNDAY + timedelta(days=14)))
    moved = {shift.key: shift for shift in shifts(was, now)}
    assert not set(done) & set(moved)
    assert len(moved) == len(now.lines) - len(done)
    assert all(shift.was and shift.now and (shift.now - shift.was).days == 14 for shift in moved.values())
    assert {line.key: line.done_on for line in now.lines if line.done_on} == done
    assert shifts(was, was) == ()


def test_a_chosen_day_holds_within_the_law_and_never_beyond_it() -> None:
    wishes = {"commitments_signed": date(2026, 4, 25), "handover": date(2026, 6, 30)}
    made = plan(CONTENT, RULES, replace(VILLAGE, chosen=wishes))
    signed, handed = made.line("commitments_signed"), made.line("handover")
    assert signed
    assert handed
    assert (signed.due_on, signed.reckoning) == (date(2026, 4, 25), "自己定的日子")
    assert handed.due_on == date(2026, 5, 20)


OVERLAY = """
place: cn/hebei
source: 某县换届办2026年3号
last_day: 2026-12-31
days:
  - {task: handover, after: body_elected, days: 3}
tasks:
  - code: hebei_flag
    stage: voting_preparation
    title: 升旗
    who: 村民选举委员会
    asks: 准时
    proof: none
    plan: {before: election_day, days: 1}
    level: policy
"""


def overlay_from(text: str, folder: Path) -> Overlay:
    file = folder / "overlay.yaml"
    file.write_text(text, encoding="utf-8")
    return read_overlay(file, CONTENT, load_knowledge())


def test_a_place_adds_tasks_and_earlier_days(tmp_path: Path) -> None:
    overlay = overlay_from(OVERLAY, tmp_path)
    made = plan(with_overlay(CONTENT, overlay), RULES, replace(VILLAGE, jurisdiction="cn/hebei"))
    handed, flag = made.line("handover"), made.line("hebei_flag")
    assert handed
    assert flag
    assert (handed.due_on, handed.lawful_until) == (date(2026, 5, 13), date(2026, 5, 20))
    assert flag.due_on == date(2026, 5, 9)
    assert overlay.last_day == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("was", "becomes", "line", "says"),
    [
        ("days: 3}", "days: 12}", 6, "after the law's last day"),
        (
            "task: handover, after: body_elected, days: 3",
            "task: roll_published, before: election_day, days: 15",
            6,
            "law",
        ),
        ("task: handover", "task: handover_day", 6, "does not exist"),
        ("task: handover, after: body_elected", "task: roll_objections_end, after: roll_published", 6, "right"),
        (
            "level: policy",
            "level: hard\n    provisions: {village: village 18, community: residents 18}",
            15,
            "claims to be law",
        ),
        ("code: hebei_flag", "code: handover", 8, "taken"),
        ("after: body_elected, days: 3", "after: body_elected", 6, "counts no days"),
        ("before: election_day, days: 1}", "before: nowhere, days: 1}", 14, "no task and no happening"),
    ],
)
def test_a_place_cannot_relax_a_law_and_is_told_line_and_cure(
    was: str, becomes: str, line: int, says: str, tmp_path: Path
) -> None:
    with pytest.raises(ContentError) as caught:
        overlay_from(OVERLAY.replace(was, becomes, 1), tmp_path)
    assert (caught.value.file, caught.value.line) == ("overlay.yaml", line)
    assert says in caught.value.fault
    assert caught.value.cure


@settings(max_examples=40, deadline=None)
@given(asked, st.dictionaries(st.sampled_from(sorted(CONTENT.tasks)), st.integers(0, 60), max_size=6))
def test_no_overlay_relaxes_a_law_even_unchecked(ask: PlanFor, wishes: dict[str, int]) -> None:
    sides = {code: task.moments()[0].side for code, task in CONTENT.tasks.items()}
    moments = {
        code: Moment(sides[code], ELECTION_DAY, count)
        for code, count in wishes.items()
        if not CONTENT.tasks[code].period and sides[code] in (Side.BEFORE, Side.AFTER)
    }
    lawful = {line.key: line.lawful_until for line in plan(CONTENT, RULES, ask).lines}
    laid = plan(with_overlay(CONTENT, Overlay("cn", "", None, moments, {})), RULES, ask)
    in_order(laid)
    for line in laid.lines:
        assert line.lawful_until is None or line.due_on <= line.lawful_until
        if all(limit.anchor in (ELECTION_DAY, "body_elected") for limit in line.task.limits):
            assert line.lawful_until == lawful[line.key]
