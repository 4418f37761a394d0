"""Every code of the lower layers has words at the desk, and the words keep to the voice."""

import ast
import importlib
import pkgutil
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
import knowledge
import storage
from handlers.desk import dates, words
from handlers.desk.case_acts import _NAMES, CASE_ACTS
from handlers.desk.cases import STATES
from handlers.desk.faults import STATUS
from handlers.desk.files import disposition
from handlers.desk.pages import TEMPLATES, environment
from handlers.services import commitments
from knowledge.casework.access import PERMISSIONS, Permission, Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseAct, CaseState, Disposal, Finding, MeasureKind, Missing, StepKind
from knowledge.casework.names import NameState
from knowledge.elections.plan_content import Level, Proof
from knowledge.errors import QingfengError
from storage.tables.cases import FILED_VIA
from storage.tables.elections import CANDIDATE_STATES, ELECTION_STATES

pytestmark = pytest.mark.pages

ROOT = Path(__file__).parents[2]


def all_subclasses(kind: type) -> set[type]:
    return {kind} | {sub for direct in kind.__subclasses__() for sub in all_subclasses(direct)}


def test_every_error_of_the_house_has_words():
    for package in (knowledge, storage, handlers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(("storage.migrations", "handlers.chat")):
                importlib.import_module(module.name)
    apart = ("bot.", "handlers.chat")  # errors of the channels; another test of this process may have loaded them
    codes = {kind.code for kind in all_subclasses(QingfengError) if not kind.__module__.startswith(apart)}
    assert codes - set(words.ERRORS) == {  # the sign-in page; the terminal
        "sign_in_needed",
        "still_sealed",
        "unopened",
        "bad_row",
        "law_text_refused",
        "law_texts_refused",
    }
    assert set(STATUS) <= set(words.ERRORS)


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (CaseState, words.STATES),
        (Finding, words.FINDINGS),
        (Category, words.CATEGORIES),
        (Role, words.ROLES),
        (CaseAct, words.ACTS),
        (Missing, words.MISSING),
        (Disposal, words.DISPOSALS),
        (StepKind, words.STEP_KINDS),
        (MeasureKind, words.MEASURES),
        (NameState, words.NAME_STATES),
        (FILED_VIA, words.FILED_VIA),
        (STATES, words.QUEUES),
        (words.NOTED, set(CASE_ACTS)),
        (commitments.OFFICES, words.OFFICES),
        (CANDIDATE_STATES, words.CANDIDATE_STATES),
        (ELECTION_STATES, words.ELECTION_STATES),
        (Level, words.TASK_SOURCES),
        (set(Proof) - {Proof.NONE}, words.TASK_PROOFS),
        (set(CASE_ACTS) - {"stand-back"}, set(words.FLASHES)),
        ({act for act in _NAMES.values() if act}, set(CaseAct)),
    ],
)
def test_every_code_has_words(codes, said):
    assert set(codes) <= set(said)


def test_every_role_without_pages_is_told_where_its_work_is():
    pages = {Permission.READ_CASES, Permission.SEE_ELECTIONS, Permission.ANSWER_INQUIRIES, Permission.CHECK_NAMES}
    assert {role for role, may in PERMISSIONS.items() if not may & pages} == set(words.ROLE_ELSEWHERE)


def test_every_rule_of_the_database_has_words():
    for dialect in ("sqlite", "postgresql"):
        files = sorted((ROOT / "storage/migrations/enforcement").glob(f"*_{dialect}.sql"))
        sql = "\n".join(path.read_text(encoding="utf-8") for path in files)
        rules = set(re.findall(r"'qf:([a-z_]+)", sql)) | set(re.findall(r"refuse\w*\('([a-z_]+)'\)", sql))
        assert rules
        assert rules <= set(words.RULES)


def faults_in(path: Path) -> set[tuple[str, str]]:
    """The (field, fault) pairs a module raises, read from its syntax."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if node.func.id == "BadInput" and name:
            kinds = [leaf.value for leaf in ast.walk(node.args[1]) if isinstance(leaf, ast.Constant) and leaf.value]
            found |= {(name, kind) for kind in kinds if isinstance(kind, str)}
        if node.func.id in ("_text", "worded") and name:
            found |= {(name, "too_short"), (name, "too_long")}
    return found


def test_every_fault_of_a_form_has_words():
    modules = [*(ROOT / "handlers/services").glob("*.py"), *(ROOT / "handlers/desk").glob("*.py")]
    found = set().union(*(faults_in(path) for path in modules))
    assert len(found) > 20
    assert found <= set(words.FAULTS)


def test_the_design_system_uses_the_same_words():
    module = environment().get_template("macros.html").module
    assert {state: said[1] for state, said in module.CASE_STATES.items()} == {
        str(k): v for k, v in words.STATES.items()
    }
    assert {str(k): v for k, v in words.CATEGORIES.items()} == module.MUST_INVESTIGATE


@pytest.mark.parametrize("missing", list(Missing))
def test_what_is_missing_is_said_with_a_place_to_go_or_says_what_to_do_itself(missing):
    said, href = words.MISSING[missing]
    assert said
    assert re.fullmatch(r"#[a-z-]+", href) or missing is Missing.SECOND_PERSON


def test_a_note_an_act_leaves_takes_the_words_as_they_are():
    assert {name: said.format("{甲}") for name, said in words.NOTED.items()} == {
        name: said.replace("{}", "{甲}") for name, said in words.NOTED.items()
    }


def sentences_in(said: object) -> list[str]:
    """Every text in a value of words.py, however it is put together."""
    if isinstance(said, str):
        return [said]
    if isinstance(said, words.Explanation):
        return [said.title, said.happened, *said.to_do]
    values = said.values() if isinstance(said, dict) else said if isinstance(said, tuple | frozenset) else ()
    return [one for value in values for one in sentences_in(value)]


def every_sentence() -> list[str]:
    mappings = [value for name, value in vars(words).items() if name.isupper()]
    found = [one for mapping in mappings for one in sentences_in(mapping)]
    assert len(found) > 500
    return [*found, *(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))]


@pytest.mark.parametrize(
    "harsh", ["非法", "错误！", "违规操作", "禁止", "失败", "违纪者", "举报人", "用户您", "操作失败"]
)
def test_nobody_is_blamed(harsh):
    assert not [one for one in every_sentence() if harsh in one]


def test_templates_hold_no_inline_style_script_or_handler():
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:|\|\s*safe\b", text), path.name
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path.name


@pytest.mark.parametrize(
    ("last", "today", "kind", "text"),
    [
        (date(2026, 3, 5), date(2026, 3, 5), "danger", "今天截止"),
        (date(2026, 3, 8), date(2026, 3, 5), "warn", "还剩3天"),
        (date(2026, 3, 10), date(2026, 3, 5), "neutral", "还剩5天"),
        (date(2026, 3, 3), date(2026, 3, 5), "danger", "过期2天"),
    ],
)
def test_a_deadline_is_said_as_people_say_it(last, today, kind, text):
    assert dates.due(last, today) == dates.Due(kind, text, overdue=last < today)


def test_days_and_moments_are_in_shanghai():
    assert dates.day(date(2026, 3, 8)) == "3月8日（星期日）"
    assert dates.moment(datetime(2026, 3, 8, 16, 5, tzinfo=UTC)) == "3月9日 凌晨0:05"
    assert dates.moment(datetime(2026, 3, 8, 6, 5, tzinfo=UTC)) == "3月8日 下午2:05"
    assert dates.moment(datetime(2026, 3, 8, 4, 5, tzinfo=UTC)) == "3月8日 中午12:05"


@pytest.mark.parametrize(("count", "said"), [(0, "1 KB"), (1024, "1 KB"), (2_500_000, "2.4 MB")])
def test_sizes_are_short(count, said):
    assert dates.size(count) == said


@given(st.text(max_size=80))
def test_a_download_header_survives_any_name(name):
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith('attachment; filename="file')
    assert header.count('"') == 2
