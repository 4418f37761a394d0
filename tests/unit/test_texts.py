"""Every code has words, every prompt is short and shows the way out, and nothing is said that we never say."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from handlers.chat import texts
from handlers.chat.keyboards import ReportTap
from handlers.chat.reply import Reply
from handlers.services import commitments
from handlers.services.reports import PROMPTS, Problem, Receipt, ReportView, Step
from knowledge.casework.lifecycle import CaseState, Finding
from knowledge.elections.commitments import load_packs
from storage.repositories.cases import Case
from storage.repositories.elections import Candidate, Election, Signature
from storage.repositories.files import StoredFile
from storage.repositories.places import Place

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
TODAY = date(2026, 3, 11)
PLACES = tuple(Place(number, f"cn/test/v{number}", "village", f"柳树{number}村") for number in range(12))
FILE = StoredFile("ab", "0" * 64, 1, "image/jpeg", "a.jpg", "reporter", 1, None, 1, NOW)
NAMED = {"name_sealed": {}, "name_shown": "王**"}

#: What each notice is queued with.
NOTICES = {
    "case_accepted": {"number": "QF-7K2M-9D4X"},
    "case_investigating": {"number": "QF-7K2M-9D4X"},
    "case_reopened": {"number": "QF-7K2M-9D4X"},
    "case_guided": {"number": "QF-7K2M-9D4X", "where": "请到镇里的信访窗口反映。"},
    "case_closed": {"number": "QF-7K2M-9D4X", "finding": str(Finding.UNFOUNDED)},
    "inquiry_replied": {"question": "哪天选？", "reply": "3月29日。"},
    "inquiry_escalated": {"question": "哪天选？", "due_on": "2026-03-13"},
    "commitments_due": {"candidate": 1, "due_on": "2026-03-14", "signed": []},
    "desk_item_waiting": {},
}


def view(step: Step, problem: Problem | None = None, **more: object) -> ReportView:
    answers = {"what": "有人送烟", **more.pop("answers", {})}
    return ReportView(step, answers, problem=problem, places=PLACES if step is Step.PLACE else (), detail="10", **more)


def acts(reply: Reply) -> set[str]:
    packed = [button.data for row in reply.rows for button in row if button.data.startswith("r:")]
    return {ReportTap.unpack(data).act for data in packed}


def literals(path: Path) -> Iterator[str]:
    """The texts in a module, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def codes_in_use() -> set[str]:
    """The notice codes the services queue, read from their source."""
    found: set[str] = set()
    for path in sorted((ROOT / "handlers" / "services").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("tell_person", "tell_reporter"):
                code = node.args[2]
                found |= {code.value} if isinstance(code, ast.Constant) else set()
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found |= {
                    value.value
                    for key, value in pairs
                    if getattr(key, "value", None) == "notice" and isinstance(value, ast.Constant)
                }
    return found


def test_every_notice_the_services_queue_has_words_and_no_words_wait_for_nothing() -> None:
    assert codes_in_use() == set(texts.NOTICE_CODES) == set(NOTICES)


@pytest.mark.parametrize("code", NOTICES)
def test_a_notice_says_something_whole(code: str) -> None:
    said = texts.notice(code, NOTICES[code], NOW).text
    assert said
    assert not set("{}") & set(said)


@pytest.mark.parametrize("finding", [*Finding, ""])
def test_a_closed_case_tells_every_finding_in_everyday_words(finding: str) -> None:
    said = texts.notice("case_closed", {"number": "QF-7K2M-9D4X", "finding": finding}, NOW).text
    assert (finding in texts._FINDINGS) == bool(finding)
    assert finding == "" or texts._FINDINGS[Finding(finding)] in said
    assert not finding or finding not in said


def test_a_notice_to_officials_is_the_same_for_every_case_and_says_nothing_of_it() -> None:
    said = {texts.notice("desk_item_waiting", data, NOW).text for data in ({}, {"number": "QF-1"}, {"what": "送烟"})}
    assert len(said) == 1
    assert "QF" not in said.pop()


@pytest.mark.parametrize("state", CaseState)
def test_every_state_has_public_words_and_what_happens_inside_is_not_told(state: CaseState) -> None:
    case = Case(1, "QF-7K2M-9D4X", state, 1, 1, "cn", "柳树村", 1, None, None, NOW, date(2026, 4, 1), None, None, 1)
    said = texts.my_cases([case], TODAY).text
    assert case.number in said
    assert texts._PUBLIC_STATES[state] in said
    assert str(state) not in said
    assert "审核" not in said


@pytest.mark.parametrize("problem", Problem)
@pytest.mark.parametrize("step", PROMPTS)
def test_every_problem_is_explained_at_every_prompt_without_blame(step: Step, problem: Problem) -> None:
    said = texts.prompt(view(step, problem))
    words = texts._problem(view(step, problem))
    assert words
    assert words in said.text
    assert not [blame for blame in ("错误", "非法", "无效", "必须", "你") if blame in words]


@pytest.mark.parametrize("step", PROMPTS)
@pytest.mark.parametrize("editing", [False, True])
@pytest.mark.parametrize("problem", [None, Problem.NO_WORDS])
@pytest.mark.parametrize("identity", [{}, {"other_contact": True}, {"other_contact": True, **NAMED}])
def test_every_prompt_shows_a_way_back_or_out_and_keeps_what_was_typed(
    step: Step, editing: bool, problem: Problem | None, identity: dict[str, object]
) -> None:
    said = texts.prompt(view(step, problem, answers={"editing": editing, "identity": identity}))
    assert "pause" in acts(said)
    assert acts(said) & {"back", "ask_drop"}


def test_the_summary_shows_every_field_and_the_ways_to_go_on_mend_wait_and_leave() -> None:
    said = texts.prompt(view(Step.REVIEW))
    assert {"submit", "choose", "pause", "ask_drop"} <= acts(said)
    assert all(name in said.text for name in texts._FIELD_NAMES.values())


def test_throwing_a_draft_away_is_asked_about_first_and_the_first_button_keeps_it() -> None:
    asked = texts.confirm_drop()
    assert [ReportTap.unpack(row[0].data).act for row in asked.rows] == ["pause", "drop"]


@pytest.mark.parametrize("step", PROMPTS)
def test_a_prompt_is_one_numbered_question_that_fits_a_small_screen(step: Step) -> None:
    said = texts.prompt(view(step)).text
    assert said.startswith("①②③④⑤⑥⑦⑧"[PROMPTS.index(step)])
    longest = 170 if step is Step.IDENTITY else 60  # how a name is protected takes a few lines, once
    assert len(said) <= longest


@pytest.mark.parametrize("step", PROMPTS)
def test_labels_of_buttons_fit_half_a_small_screen(step: Step) -> None:
    for files in ((), (FILE,)):
        said = texts.prompt(view(step, files=files))
        assert all(1 <= len(button.text) <= 8 for row in said.rows for button in row)


@pytest.mark.parametrize("step", list(Step))
def test_every_quick_button_stands_for_words_that_mean_something_later(step: Step) -> None:
    said = texts.quick_answers(step, TODAY)
    assert list(said) == [str(number) for number in range(len(texts._QUICK.get(step, ())))]
    if step is Step.WHEN:
        assert "3月11日" in said["0"]
        assert "3月10日" in said["1"]


@pytest.mark.parametrize("module", ["handlers/chat/texts.py", "handlers/desk/words.py"])
def test_we_never_say_what_we_never_say(module: str) -> None:
    forbidden = (
        "身份证必须",
        "必须提供身份证",
        "奖励",
        "奖金",
        "保证查处",
        "一定查处",
        "严惩",
        "违纪者",
        "诬告",
        "后果自负",
        "绝对保密",
    )
    said = [(phrase, text) for text in literals(ROOT / module) for phrase in forbidden if phrase in text]
    assert said == []


def test_a_reporter_is_told_that_no_identity_card_is_needed_and_no_name_either() -> None:
    said = texts.prompt(view(Step.IDENTITY)).text
    assert "不用身份证" in said
    assert "不留名" in said


def test_a_receipt_gives_number_date_and_fingerprints_and_nothing_of_the_report() -> None:
    given = Receipt("QF-7K2M-9D4X", date(2026, 4, 1), NOW, ("abcdef0123" * 6,))
    said = texts.receipt(given).text
    assert "QF-7K2M-9D4X" in said
    assert "4月1日（星期三）" in said
    assert "abcdef01" in said
    assert "3月11日 10:00" in said  # Shanghai, not UTC


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 3, 8), "3月8日（星期日）"),
        (date(2026, 3, 9), "3月9日（星期一）"),
        (date(2027, 1, 1), "1月1日（星期五）"),
    ],
)
def test_dates_are_said_as_people_say_them(day: date, said: str) -> None:
    assert texts.people_date(day) == said


@pytest.mark.parametrize(("due", "said"), [(16, "还剩5天"), (12, "还剩1天"), (11, "就是今天"), (10, "已经过了1天")])
def test_what_is_left_is_counted_in_days(due: int, said: str) -> None:
    assert texts.days_left(date(2026, 3, due), TODAY) == said


def signing_view(signed: int) -> commitments.SigningView:
    pack = load_packs()["three_commitments"]
    election = Election(1, 1, "cn/test", "柳树村", "village", "running", TODAY, TODAY, pack.pack, pack.version)
    given = tuple(
        Signature(paper.kind, pack.version, paper.text_hash, "王小明", NOW, "web", f"CN-{number}")
        for number, paper in enumerate(pack.commitments[:signed])
    )
    following = pack.commitments[signed] if signed < len(pack.commitments) else None
    return commitments.SigningView(Candidate(1, "王小明", "chair", "signing", 1, election), pack, given, following)


@pytest.mark.parametrize("signed", range(3))
def test_a_paper_is_shown_word_for_word_with_its_place_in_the_row_and_a_way_out(signed: int) -> None:
    shown = signing_view(signed)
    said = texts.signing(shown)
    assert shown.next_paper.text in said.text
    assert f"第{signed + 1}份，共3份" in said.text
    assert "样本" in said.text
    assert {"等会儿再签", "有疑问，找人"} <= {button.text for row in said.rows for button in row}


def test_a_name_that_differs_is_pointed_out_kindly_and_the_paper_shown_again() -> None:
    shown = replace(signing_view(1), problem="name_differs")
    said = texts.signing(shown).text
    assert "再看一眼" in said
    assert shown.next_paper.text in said


def test_when_all_is_signed_every_receipt_is_listed_and_the_next_step_named() -> None:
    said = texts.signing(signing_view(3)).text
    assert all(f"CN-{number}" in said for number in range(3))
    assert "资格审查" in said
