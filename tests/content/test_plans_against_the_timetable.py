"""Plans of six provinces and both bodies: pages a lawyer can read, each statutory line held against the table of law.

tests/expected/plans/statutory.csv is that table's figures by task; where the table itself lies beside the project,
every line of the list is held against it too. Requirement rows S8, S16, S18, S22, L07.
"""

import csv
import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from knowledge.elections.counting import Counting
from knowledge.elections.plan_content import ELECTION_DAY, Body, Mode, Side
from knowledge.elections.plan_files import load_plan_content
from knowledge.elections.plans import Line, Plan, PlanFor, plan
from knowledge.loader import load_knowledge
from knowledge.rules.wording import article_name, chinese_number
from tests.golden_plans import FOLDER, PROVINCES, RECORDED, VOTE, pages, rulebook

LAW = Path(__file__).parents[3] / "shared" / "law"
CONTENT = load_plan_content()
ENTRIES = load_knowledge().entries
ROWS = list(csv.DictReader((FOLDER / "statutory.csv").read_text(encoding="utf-8").splitlines()))
COLUMNS = ("sichuan", "hainan", "zhejiang", "hebei", "tianjin", "shanghai")


def made(province: str, body: Body, counting: Counting = Counting.NEXT_DAY, mode: Mode = Mode.ALL_VOTERS) -> Plan:
    ask = PlanFor(body, mode, f"cn/{province}", VOTE, counting, RECORDED)
    return plan(CONTENT, rulebook(), ask)


def line_of(one: Plan, code: str) -> Line:
    return next(line for line in one.lines if line.task.code == code)


def gap(one: Plan, line: Line, side: str) -> int:
    """Days between the law's latest day and what it is counted from."""
    limit = next(m for m in line.task.limits if m.side is not Side.ON and (m.side is Side.BEFORE) == (side == "before"))
    anchor = one.made_for.election_day
    if limit.anchor not in (ELECTION_DAY, "body_elected"):
        recorded = [record.day for record in RECORDED if record.code == limit.anchor]
        anchor = recorded[0] if recorded else line_of(one, limit.anchor).due_on
    assert line.lawful_until is not None
    return abs((line.lawful_until - anchor).days)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['province']}-{row['body']}-{row['code']}")
def test_a_statutory_line_has_the_laws_days_and_its_citation(row: dict[str, str]) -> None:
    days = int(row["days"])
    for province in PROVINCES if row["province"] == "*" else (row["province"],):
        for counting in Counting:
            one = made(province, Body(row["body"]), counting)
            line = line_of(one, row["code"])
            extra = counting is Counting.NEXT_DAY
            expected = days + extra if row["side"] == "before" else max(days - (not extra), 0)
            assert gap(one, line, row["side"]) == expected, province
            cited = {(basis.provision.law_id, basis.provision.article) for basis in line.bases}
            assert (row["law"], row["article"]) in cited
            assert line.due_on <= (line.lawful_until or date.max)


def statutory_table() -> dict[str, str]:
    """What the table of law says under each row's name, the matrix of provinces by `N/matter/province`."""
    found = {}
    for one in json.loads((LAW / "timetable.json").read_text(encoding="utf-8")):
        found[one["id"]] = f"{one['when']} {one['rule']} {one['quote']} {one['note']} {one['article']}"
    for text in (LAW / "timetable.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if len(cells) == len(COLUMNS) + 1:
            for column, cell in zip(COLUMNS, cells[1:], strict=True):
                found[f"N/{cells[0]}/{column}"] = cell
    return found


@pytest.mark.skipif(not (LAW / "timetable.json").is_file(), reason="no table of law lies beside the project")
def test_every_figure_of_the_list_stands_in_the_table_of_law() -> None:
    table = statutory_table()
    for row in ROWS:
        if not row["row"]:
            continue
        key = f"{row['row']}/{row['province']}" if row["row"].startswith("N/") else row["row"]
        figure = row["days"]
        ways = {figure, chinese_number(int(figure))} if figure != "0" else {"当日", "当天"}
        assert any(re.search(rf"(?<!\d){way}(?!\d)", table[key]) for way in ways), key
        article = row["article"]
        named = re.findall(r"[（(](\d+)[)）]", table[key])  # the matrix leaves an article out where it has none at hand
        assert article_name(article) in table[key] or article in named or (row["row"].startswith("N/") and not named), (
            key
        )


@pytest.mark.parametrize("file", sorted(pages()))
def test_a_sample_plan_reads_as_it_was_approved(file: str) -> None:
    assert pages()[file] == (FOLDER / file).read_text(encoding="utf-8"), "python -m tests.golden_plans writes it anew"


@pytest.mark.parametrize("province", PROVINCES)
@pytest.mark.parametrize("body", list(Body))
def test_every_task_has_the_five_elements_and_a_reckoning(province: str, body: Body) -> None:
    """S8, L07: stage, task, date, person, requirement."""
    for line in made(province, body).lines:
        assert line.task.stage in CONTENT.stages
        assert all((line.title, line.who, line.asks, line.reckoning))
        assert abs(line.due_on - VOTE) < timedelta(days=100)
        assert "[" not in line.title + line.who + line.asks + line.condition + line.notice


@pytest.mark.parametrize("body", list(Body))
def test_supervision_handover_archive_training_and_every_notice_are_in_the_plan(body: Body) -> None:
    """S18, S22, S16, S17: what the source documents ask for beside the vote itself."""
    one = made("zhejiang", body)
    codes = [line.task.code for line in one.lines]
    expected = {"supervision_planned", "supervision_chosen", "handover", "archive_handed", "members_trained"}
    expected |= {"talks_held", "term_goals", "venue_ready", "ballots_printed", "boxes_checked", "rehearsal"}
    assert expected <= set(codes)
    notices = {line.task.code for line in one.lines if line.notice}
    assert {
        "committee_published", "election_day_announced", "roll_published", "candidates_published", "polling_notice",
        "tellers_chosen", "result_announced", "proxies_published",
    } <= notices  # fmt: skip


def test_what_the_modes_of_a_community_share_and_what_not() -> None:
    by_mode = {mode: {line.task.code for line in made("sichuan", Body.COMMUNITY, mode=mode).lines} for mode in Mode}
    assert "household_representatives" in by_mode[Mode.HOUSEHOLDS]
    assert "representatives_chosen" in by_mode[Mode.REPRESENTATIVES]
    assert not {"proxies_close", "proxies_published"} & by_mode[Mode.REPRESENTATIVES]
    assert {"proxies_close", "proxies_published"} <= by_mode[Mode.ALL_VOTERS] & by_mode[Mode.HOUSEHOLDS]


def test_no_entry_is_answered_by_two_tasks_and_the_dates_people_ask_for_are_answered() -> None:
    named = [entry for task in CONTENT.tasks.values() for entry in task.entries]
    assert len(named) == len(set(named))
    assert {"roll-date", "nomination", "candidate-list-date", "polling-day", "handover"} <= set(named) <= set(ENTRIES)
