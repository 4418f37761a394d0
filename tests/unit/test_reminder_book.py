"""Reminders as content: every role and stage has words, no word goes stale, nobody is written to on quiet days.

S13 (A11-A16, I01-I05): discipline reminders by role and stage, and texts for letters and leaflets, are content.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.calendar import load_calendar
from knowledge.casework.clocks import Audience, last_due, load_clocks, rung_day, stage_on
from knowledge.clock import SHANGHAI, local_date
from knowledge.elections.reminders import (
    CONTENT,
    LONGEST,
    NoticeKind,
    Phase,
    Role,
    filled,
    load_reminders,
)
from knowledge.errors import ContentError
from knowledge.writing_hours import EARLIEST, LATEST

BOOK = load_reminders()
OFFSETS = [stage.offset for stage in load_clocks().ladder]
days = st.dates(date(2026, 1, 1), date(2031, 12, 31))


def test_s13_every_stage_of_discipline_has_words_for_those_it_concerns() -> None:
    """A11, A13, A16: staff, committee and candidates are reminded apart, before, at and after the vote."""
    stages = {one.stage: set(one.words) for one in BOOK.discipline}
    assert {"nomination", "speech", "eve", "voting", "handover"} <= set(stages)
    assert stages["eve"] == stages["voting"] == set(Role)
    for name in ("nomination", "speech", "eve", "voting", "handover"):
        assert {Role.ELECTION_COMMITTEE, Role.CANDIDATES} <= stages[name], name
    for one in BOOK.discipline:
        assert one.citations, one.stage
        assert {cited.law_id for cited in one.community} == {"residents"}, one.stage


def test_s13_there_are_texts_for_red_lines_legal_or_not_and_both_letters() -> None:
    """A15 (legal beside illegal), I04 (letters to voters and to Party members)."""
    by_id = {one.id: one for one in BOOK.notices}
    assert {"red-lines", "legal-or-not", "letter-to-voters", "letter-to-party-members"} <= set(by_id)
    assert {one.kind for one in BOOK.notices} == set(NoticeKind)
    assert "可以：" in by_id["legal-or-not"].text
    assert "不可以：" in by_id["legal-or-not"].text
    assert all("依据：" in one.body for one in BOOK.notices)


def test_every_reminder_is_short_once_filled_in() -> None:
    blanks = {"place": "柳树村", "title": "公布选民名单", "day": "10月18日（星期日）", "left": "已经过了12天"}
    said = [text for words in BOOK.deadlines.values() for text in words.values()]
    said += [text for stage in BOOK.discipline for text in stage.words.values()]
    assert len(said) >= len(Audience) * len(Phase) + len(BOOK.discipline)
    for text in said:
        filled_in = filled(text, {**blanks, "election_day": "10月20日（星期二）"})
        assert "{" not in filled_in
        assert len(filled_in) <= LONGEST


@given(due_on=days, offset=st.sampled_from(OFFSETS))
def test_a_rung_is_reached_on_its_day_and_not_the_day_before(due_on: date, offset: int) -> None:
    """The day of a rung, the due dates a day reaches, and the stage that fits are three views of one ladder."""
    calendar = load_calendar()
    on = rung_day(due_on, offset, calendar)
    assert last_due(on, offset, calendar) >= due_on
    assert last_due(on - timedelta(days=1), offset, calendar) < due_on
    fitting = stage_on(due_on, on, calendar, load_clocks())
    assert fitting is not None
    assert fitting.offset >= offset


@given(instant=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)), urgent=st.booleans())  # noqa: DTZ001
def test_nobody_is_written_to_at_night_or_on_a_quiet_day(instant: datetime, urgent: bool) -> None:
    at = BOOK.leaves_at(instant, urgent=urgent)
    assert at >= instant
    assert EARLIEST <= at.astimezone(SHANGHAI).time() < LATEST
    assert urgent or not BOOK.is_quiet(local_date(at))
    assert BOOK.leaves_at(at, urgent=urgent) == at


@pytest.mark.parametrize(
    ("local", "leaves"),
    [
        ("2026-02-15 19:59", "2026-02-15 19:59"),
        ("2026-02-15 20:00", "2026-02-19 08:00"),
        ("2026-02-16 10:00", "2026-02-19 08:00"),
        ("2026-02-19 07:00", "2026-02-19 08:00"),
    ],
)
def test_new_years_eve_is_passed_over(local: str, leaves: str) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)
    assert BOOK.leaves_at(at) == datetime.fromisoformat(leaves).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("second_person_above: 200", "second_person_above: 201", "from 0 to 200"),
        ("until: 2026-02-18", "until: 2026-02-15", "earlier day first"),
        ("{place}的“{title}”最晚{day}办完，{left}。", "{village}最晚{day}办完。", "known blank"),
        ("{place}的“{title}”最晚{day}办完，{left}。", "{place}明天要办完。", "may leave late"),
        ("{place}的“{title}”最晚{day}办完，{left}。", "{place}有5天。", "figures to the rules"),
        ("at: [roll_published]", "at: [nothing_like_it]", "Name a task of the plan"),
        ("citations: [village 17]", "citations: [village 99]", "has no article 99"),
        ("  - stage: nomination", "  - stage: roll", "each stage once"),
        ("    kind: publicity", "    kind: gossip", "allowed words"),
        ("second_person_above", "second_persons_above", "second_person_above"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_cure(tmp_path: Path, old: str, new: str, said: str) -> None:
    """check-content reads the file: what is wrong stops a start, with line and cure."""
    text = (CONTENT / "reminders.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "reminders.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=said):
        load_reminders(tmp_path)
