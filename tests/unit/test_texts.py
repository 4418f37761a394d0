"""Every code has words, every prompt is short and shows the way out, and nothing is said that we never say."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from handlers.chat import case_texts, evidence_texts, texts, wording
from handlers.chat.keyboards import CaseTap, ReportTap
from handlers.chat.reply import Reply
from handlers.services import commitments
from handlers.services.deadlines import Running
from handlers.services.follow_up import CaseView, Kept, Withdrawn
from handlers.services.missed_dates import Asked, Missed
from handlers.services.report_view import PROMPTS, Problem, Queued, Receipt, ReportView, Step
from handlers.services.uploads import Offer
from knowledge.casework.clocks import ClockKind, Deadline
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Finding
from knowledge.casework.names import NameState
from knowledge.elections.commitments import load_packs
from storage.repositories.cases import Case
from storage.repositories.clocks import ClockRow
from storage.repositories.dialogue import CaseMessage
from storage.repositories.elections import Candidate, Election, Signature
from storage.repositories.files import StoredFile
from storage.repositories.flags import CaseFlag
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
    "case_result": {"number": "QF-7K2M-9D4X", "finding": str(Finding.UNFOUNDED), "words": "走访了十二户。"},
    "case_message": {"number": "QF-7K2M-9D4X", "place": "柳树村", "text": "请问是哪一天？"},
    "case_answered_above": {"number": "QF-7K2M-9D4X", "place": "柳树村", "text": "已经催办。"},
    "case_date_missed": {
        "number": "QF-7K2M-9D4X",
        "place": "柳树村",
        "clock": "acceptance",
        "due_on": "2026-03-10",
        "may_ask": True,
    },
    "name_unverifiable": {"number": "QF-7K2M-9D4X"},
    "report_filed": {
        "number": "QF-7K2M-9D4X",
        "code": "QC-2222-3333-4444-5555-6666",
        "answer_due_on": "2026-04-01",
        "received_at": "2026-03-11T02:00:00+00:00",
        "file_hashes": ["ab" * 32],
        "keeps_chat": False,
        "missing": ["什么时候"],
    },
    "case_date_moved": {"number": "QF-7K2M-9D4X", "was": "2026-03-13", "due_on": "2026-03-16"},
    "large_file_arrived": {"number": "QF-7K2M-9D4X", "hash": "ab" * 32, "receipt": "QFR1.a.b"},
    "inquiry_replied": {"question": "哪天选？", "reply": "3月29日。"},
    "inquiry_escalated": {"question": "哪天选？", "due_on": "2026-03-13"},
    "election_reminders": {
        "items": [
            {
                "kind": "stage",
                "ids": [1],
                "role": "villagers",
                "was_for": ["2026-03-10"],
                "stage": "eve",
                "day": "2026-03-12",
                "election_day": "2026-03-12",
                "place": "柳树村",
                "place_id": 5,
                "place_kind": "village",
            },
            {
                "kind": "deadline",
                "ids": [2, 3],
                "role": "handler",
                "was_for": [],
                "title": "公布选民名单",
                "phase": "due",
                "offset": 0,
                "day": "2026-03-11",
                "places": ["柳树村", "松林村"],
            },
        ]
    },
    "broadcast": {"place": "东镇", "place_id": 5, "body": "名单贴出来了，请去看。"},
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
def test_a_result_tells_every_finding_in_everyday_words(finding: str) -> None:
    said = texts.notice("case_result", {**NOTICES["case_result"], "finding": finding}, NOW).text
    assert (finding in case_texts.FINDINGS) == bool(finding)
    assert finding == "" or case_texts.FINDINGS[Finding(finding)] in said
    assert not finding or finding not in said


def test_a_notice_to_officials_is_the_same_for_every_case_and_says_nothing_of_it() -> None:
    said = {texts.notice("desk_item_waiting", data, NOW).text for data in ({}, {"number": "QF-1"}, {"what": "送烟"})}
    assert len(said) == 1
    assert "QF" not in said.pop()


def a_case(state: CaseState = CaseState.RECEIVED, *, flagged: bool = False, **changed: object) -> Case:
    plain = Case(
        id=1,
        number="QF-7K2M-9D4X",
        state=state,
        sub_status="等县里开会",
        round=1,
        place_id=1,
        place_path="cn/test/east/willow",
        place_name="柳树村",
        unit_id=1,
        unit_path="cn/test",
        unit_name="试验县",
        person_id=1,
        handler_id=7,
        handler_name="承办人老赵",
        filed_via="chat",
        filed_by=None,
        name_state=NameState.NONE,
        received_at=NOW,
        answer_due_on=date(2026, 4, 1),
        next_due_on=date(2026, 4, 1),
        accepted_at=None,
        concluded_at=None,
        told_at=None,
        closed_at=NOW if state in CLOSED_STATES else None,
        withdrawn_at=None,
        merged_into_id=None,
        retain_until=None,
        legal_hold=False,
        rule_version="test",
        version=1,
        flags=(CaseFlag("vote_buying", ("理由",), "test"),) if flagged else (),
    )
    return replace(plain, **changed)


def a_clock(kind: ClockKind, due_on: date, *, stopped_on: date | None = None) -> Running:
    row = ClockRow(1, 1, 1, kind, 0, TODAY, None, stopped_on, None, None, None, due_on)
    return Running(row, Deadline(due_on, provisional=False, steps=()))


def a_view(state: CaseState = CaseState.RECEIVED, *clocks: Running, **more: object) -> CaseView:
    case = a_case(state, **more)
    return CaseView(case, case, clocks, (), None)


def case_acts(reply: Reply) -> set[str]:
    return {CaseTap.unpack(b.data).act for row in reply.rows for b in row if b.data.startswith("c:")}


# P5, and internal steps that are nobody's business outside (GL#2730)
@pytest.mark.parametrize("by_code", [False, True])
@pytest.mark.parametrize("state", CaseState)
def test_every_state_has_public_words_and_what_happens_inside_is_not_told(state: CaseState, by_code: bool) -> None:
    view = a_view(state)
    for said in (
        case_texts.my_cases([view], [], NOW).text,
        case_texts.case_page(view, None, TODAY, by_code=by_code).text,
    ):
        assert view.case.number in said
        assert "柳树村" in said
        assert case_texts.PUBLIC_STATES[state] in said
        assert not [word for word in (str(state), "审核", "等县里开会", "老赵") if word in said]


def test_what_comes_next_is_said_with_its_day_and_how_long_there_is() -> None:
    view = a_view(CaseState.RECEIVED, a_clock(ClockKind.ACCEPTANCE, date(2026, 4, 1)))
    page = case_texts.case_page(view, None, TODAY, by_code=False).text
    assert "最晚4月1日（星期三）告诉您受不受理（还剩21天）" in page
    assert "最晚4月1日（星期三）告诉您受不受理（还剩21天）" in case_texts.my_cases([view], [], NOW).text


def test_every_promise_is_told_nearest_first_and_a_passed_one_as_such() -> None:
    view = a_view(
        CaseState.RECEIVED,
        a_clock(ClockKind.ACCEPTANCE, date(2026, 4, 1)),
        a_clock(ClockKind.REPLY, date(2026, 3, 16)),
    )
    page = case_texts.case_page(view, None, TODAY, by_code=False).text
    assert "最晚3月16日（星期一）回您的话（还剩5天）；最晚4月1日（星期三）告诉您受不受理（还剩21天）" in page
    late = a_view(CaseState.RECEIVED, a_clock(ClockKind.ACCEPTANCE, date(2026, 3, 9)))
    listed = case_texts.my_cases([late], [], NOW).text
    assert "本来最晚3月9日（星期一）告诉您受不受理（已经过了2天）" in listed


def test_a_clock_that_stopped_or_that_only_officials_know_promises_nothing() -> None:
    stopped = a_clock(ClockKind.ACCEPTANCE, date(2026, 4, 1), stopped_on=TODAY)
    view = a_view(CaseState.ACCEPTED, stopped, a_clock(ClockKind.DISPOSAL, date(2026, 3, 20)))
    said = case_texts.case_page(view, None, TODAY, by_code=False).text
    assert "最晚" not in said
    assert "3月20日" not in said
    assert "15个工作日内告诉您" in said


@pytest.mark.parametrize("state", CaseState)
def test_only_what_has_ended_can_be_objected_to_and_only_what_has_not_withdrawn(state: CaseState) -> None:
    acts = case_acts(case_texts.case_page(a_view(state), None, TODAY, by_code=False))
    ended = state in CLOSED_STATES or state is CaseState.TOLD
    assert ({"object", "evidence"} <= acts) == ended
    assert ("withdraw" in acts) == (not ended)
    assert "add" in acts
    assert "above" not in acts
    again = a_view(state, withdrawn_at=NOW)
    assert "withdraw" not in case_acts(case_texts.case_page(again, None, TODAY, by_code=False))


@pytest.mark.parametrize("clock", case_texts._PROMISES)
def test_a_missed_date_is_owned_up_to_and_the_way_up_shown_once(clock: ClockKind) -> None:
    view = a_view(CaseState.RECEIVED, a_clock(clock, date(2026, 3, 9)))
    for may_ask, asked_on, offered in ((True, None, True), (True, TODAY, False), (False, None, False)):
        missed = Missed(clock, date(2026, 3, 9), asked_on, may_ask)
        said = case_texts.case_page(view, missed, TODAY, by_code=False)
        assert "3月9日（星期一）" in said.text
        assert "对不住" in said.text
        assert "接下来：" not in said.text
        assert ("above" in case_acts(said)) == offered
        assert ("12388" in said.text) == (not may_ask)
        assert ("已经请上级过问" in said.text) == (asked_on is not None)


def test_a_page_shows_the_last_words_of_both_sides_and_an_officials_whole() -> None:
    long = "请您看看下面几条是不是这样。" * 20
    said = [
        CaseMessage(number, number % 2 == 0, "message", "老赵", long if number == 9 else f"第{number}句", NOW)
        for number in range(10)
    ]
    page = case_texts.case_page(replace(a_view(), messages=tuple(said)), None, TODAY, by_code=False).text
    assert "第3句" not in page
    assert "3月11日 您：第8句" in page
    assert f"3月11日 办案的人：{long}" in page
    assert "老赵" not in page


@pytest.mark.parametrize("mode", sorted(case_texts.MODES))
def test_every_prompt_and_answer_of_a_dialogue_names_the_case_and_its_place(mode: str) -> None:
    case = a_case(CaseState.CLOSED)
    replies = [
        case_texts.dialogue_prompt(case, mode),
        case_texts.kept(Kept(case, answer_by=date(2026, 3, 16)), mode, NOW, by_code=False),
        case_texts.kept(Kept(case), mode, NOW, by_code=False),
        case_texts.kept(Kept(case, reopened=True), mode, NOW, by_code=True),
        case_texts.kept(Kept(case, files_from=NOW, kept_words=True), mode, NOW, by_code=False),
        case_texts.kept(Kept(case, is_empty=True), mode, NOW, by_code=False),
        case_texts.not_kept(case, "这个"),
        case_texts.with_dialogue(
            case, evidence_texts.upload_link(Offer("t", NOW), "https://x.test", NOW, own_page=False)
        ),
        case_texts.correction_kept(case),
        case_texts.confirm_withdrawal(a_view()),
        case_texts.withdrawn(Withdrawn(case, goes_on=True), by_code=False),
        case_texts.asked_above(Asked(case, None)),
    ]
    for said in replies:
        assert "QF-7K2M-9D4X（柳树村）" in said.text
        assert case_acts(said) & {"done", "show"}, said.text


def test_a_withdrawal_is_told_honestly_what_it_leads_to() -> None:
    must, other = a_view(flagged=True), a_view()
    assert "必查" in case_texts.confirm_withdrawal(must).text
    assert "必查" not in case_texts.confirm_withdrawal(other).text
    assert "要查完" in case_texts.withdrawn(Withdrawn(must.case, goes_on=True), by_code=False).text
    looked = case_texts.withdrawn(Withdrawn(other.case, goes_on=False, answer_by=date(2026, 3, 16)), by_code=True).text
    assert "最晚3月16日（星期一）回您" in looked
    first = [row[0].data for row in case_texts.confirm_withdrawal(other).rows]
    assert [CaseTap.unpack(data).act for data in first] == ["show", "withdrawn"]


def test_of_a_file_beyond_the_hours_number_it_is_told_that_it_is_kept_and_when_it_is_seen() -> None:
    later = NOW + timedelta(minutes=42)
    said = case_texts.kept(Kept(a_case(), files_from=later, kept_words=True), "add", NOW, by_code=False).text
    assert "10点42分" in said
    assert "写的字也收好了" in said
    assert said.startswith("QF-7K2M-9D4X（柳树村）：收好了")


def test_a_report_that_waits_says_when_it_is_handed_in_and_that_nothing_is_lost() -> None:
    said = case_texts.queued(Queued(NOW + timedelta(minutes=42), keeps_chat=False), NOW).text
    assert "10点42分自动交上去" in said
    assert "一个字不会丢" in said
    tomorrow = case_texts.queued(Queued(NOW + timedelta(days=1), keeps_chat=True), NOW).text
    assert "3月12日（星期四）10点" in tomorrow
    waiting = case_texts.my_cases([], [NOW + timedelta(minutes=42)], NOW).text
    assert "1件排着，10点42分" in waiting


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


@pytest.mark.parametrize("module", ["handlers/chat/texts.py", "handlers/chat/case_texts.py", "handlers/desk/words.py"])
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


CODE = "QC-2222-3333-4444-5555-6666"


@pytest.mark.parametrize("keeps_chat", [True, False])
def test_a_receipt_gives_number_code_date_and_fingerprints(keeps_chat: bool) -> None:
    given = Receipt(
        "QF-7K2M-9D4X", CODE, date(2026, 4, 1), NOW, ("abcdef0123" * 6,), keeps_chat, ("什么时候", "多少钱")
    )
    said = case_texts.receipt(given).text
    assert "QF-7K2M-9D4X" in said
    assert CODE in said
    assert "4月1日（星期三）" in said
    assert "abcdef01" in said
    assert "3月11日 10:00" in said  # Shanghai, not UTC
    assert said.count("要是还记得什么时候、多少钱") == 1
    assert "记不清也没关系" in said
    assert "要是还记得" not in case_texts.receipt(replace(given, missing=())).text


def test_a_receipt_given_once_says_so_kindly_and_goes_away_by_itself() -> None:
    given = Receipt("QF-7K2M-9D4X", CODE, date(2026, 4, 1), NOW, keeps_chat=False)
    said = case_texts.receipt(given)
    assert "谁也找不回来" in said.text
    assert "24小时" in said.text
    assert said.forget_after == 24 * 60
    assert case_acts(said) == {"noted"}
    assert case_texts.receipt_noted().remove_pressed
    assert case_texts.receipt(replace(given, keeps_chat=True)).forget_after == 0


def test_somebody_without_a_name_chooses_how_to_hear_of_it_and_keeps_no_trace_unless_asked() -> None:
    unnamed = texts.prompt(view(Step.REVIEW, answers={"identity": {"anonymous": True}}))
    here = texts.prompt(view(Step.REVIEW, answers={"identity": {"anonymous": True}, "notify": "chat"}))
    named = texts.prompt(view(Step.REVIEW, answers={"identity": {"sealed": {"1": ["a", "b"]}, "shown": "王** 138"}}))
    assert ("here" in acts(unnamed), "by_code" in acts(unnamed)) == (True, False)
    assert ("here" in acts(here), "by_code" in acts(here)) == (False, True)
    assert not acts(named) & {"here", "by_code"}
    assert "凭它查" in unnamed.text
    assert "在这里告诉您" in here.text


def test_wrong_codes_are_answered_in_the_same_words_and_many_of_them_later() -> None:
    assert case_texts.code_wrong() == case_texts.code_wrong()
    assert case_texts.code_wrong().remove_incoming
    later = case_texts.code_later(NOW + timedelta(minutes=7), NOW)
    assert "10点07分以后再发" in later.text
    assert later.remove_incoming


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 3, 8), "3月8日（星期日）"),
        (date(2026, 3, 9), "3月9日（星期一）"),
        (date(2027, 1, 1), "1月1日（星期五）"),
    ],
)
def test_dates_are_said_as_people_say_them(day: date, said: str) -> None:
    assert wording.people_date(day) == said


@pytest.mark.parametrize(("due", "said"), [(16, "还剩5天"), (12, "还剩1天"), (11, "就是今天"), (10, "已经过了1天")])
def test_what_is_left_is_counted_in_days(due: int, said: str) -> None:
    assert wording.days_left(date(2026, 3, due), TODAY) == said


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(0), "10点"),
        (timedelta(minutes=42), "10点42分"),
        (timedelta(minutes=41, seconds=1), "10点42分"),
        (timedelta(hours=13, minutes=59, seconds=59), "3月12日（星期四）0点"),
    ],
)
def test_an_hour_is_said_to_the_minute_and_never_too_early(ahead: timedelta, said: str) -> None:
    assert wording.people_time(NOW + ahead, NOW) == said


def signing_view(signed: int) -> commitments.SigningView:
    pack = load_packs()["three_commitments"]
    made = ("village", "all_voters", "next_day", "1", None, 1)
    election = Election(1, 1, "cn/test", "柳树村", "village", "running", TODAY, TODAY, pack.pack, pack.version, *made)
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
