"""A fault in a plan's content is refused with file, line, fault and cure."""

import shutil
from pathlib import Path

import pytest

from knowledge.elections.plan_files import read_plan_content
from knowledge.errors import ContentError
from knowledge.loader import CONTENT, load_knowledge

ROLL = "tasks/registration.yaml"
FAULTS = {
    "a law's figure written into a task": (ROLL, "rule: roll_days", "days: 20", "written into the task"),
    "a rule that is on nothing": (ROLL, "rule: roll_days", "rule: rol_days", "no rule is on"),
    "an article the law does not have": (
        ROLL,
        "provisions: {village: village 17,",
        "provisions: {village: village 97,",
        "has no article",
    ),
    "a hard task that names no law for one body": (
        ROLL,
        "17, community: residents 17}",
        "17}",
        "no article for each body",
    ),
    "a task that does not exist": (
        ROLL,
        "requires: [registration, roll_checked,",
        "requires: [registrations, roll_checked,",
        "does not exist",
    ),
    "an anchor that does not exist": (ROLL, "after: roll_published", "after: roll_posted", "no task and no happening"),
    "a happening that does not exist": (ROLL, "per: objection_received", "per: objection", "does not exist"),
    "a task without a day": ("tasks/voting.yaml", "    plan: {day_of: election_day}\n", "", "has no day"),
    "a moment with two anchors": (
        ROLL,
        "{after: roll_published, rule",
        "{after: roll_published, before: election_day, rule",
        "2 anchors",
    ),
    "two tasks of one code": (ROLL, "code: roll_checked", "code: registration_opens", "is taken"),
    "an entry that does not exist": (ROLL, "entries: [roll-date]", "entries: [roll-day]", "does not exist"),
    "a place that is unknown": (ROLL, "where: [cn/hainan]", "where: [cn/hainanx]", "is unknown"),
    "a proof outside the list": (ROLL, "proof: posted", "proof: photo", "proof is"),
    "a field that is misspelt": (ROLL, "    notice: 选民名单公告\n", "    notices: 选民名单公告\n", "is unknown"),
    "a right that is ticked off": (
        ROLL,
        "    period: true\n    proof: none",
        "    period: true\n    proof: note",
        "ends by itself",
    ),
    "tasks that wait for each other": (
        ROLL,
        "requires: [registration_opens]\n    proof: note",
        "requires: [roll_published]\n    proof: note",
        "wait for each other",
    ),
}


def test_the_projects_own_plans_load() -> None:
    content = read_plan_content(CONTENT, load_knowledge())
    assert list(content.stages) == [
        "preparation", "scheme", "committee", "registration", "candidates", "voting_preparation", "voting", "handover"
    ]  # fmt: skip
    assert {task.stage for task in content.tasks.values()} == set(content.stages)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_refused_with_its_file_line_and_cure(name: str, tmp_path: Path) -> None:
    file, was, becomes, says = FAULTS[name]
    shutil.copytree(CONTENT / "elections", tmp_path / "elections")
    target = tmp_path / "elections" / file
    text = target.read_text(encoding="utf-8")
    assert was in text
    target.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_plan_content(tmp_path, load_knowledge())
    assert caught.value.file == f"elections/{file}"
    assert 1 < caught.value.line <= len(text.splitlines())
    assert says in caught.value.fault
    assert caught.value.cure
