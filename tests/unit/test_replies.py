"""Canned answers are right by themselves, broken content names its fault, and a text that should not leave is seen."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.lifecycle import CaseState
from knowledge.casework.replies import (
    BY_HAND,
    CONTENT,
    LONGEST,
    OF_CASE,
    Doubt,
    DoubtKind,
    ReplyKind,
    blanks,
    doubts,
    load_replies,
    numbers_in,
    renumbered,
)
from knowledge.errors import ContentError
from storage.ids import READABLE, readable_code

BOOK = load_replies()
OURS = "QF-7K2M-9D4X"
PLACES = {"柳树村", "松林村", "大柳树村", "桥头社区"}


def wide(text: str) -> str:
    """The same in full width, as a Chinese keyboard types it."""
    return "".join(chr(ord(sign) + ord("！") - ord("!")) for sign in text)


VALUES = {**dict.fromkeys(OF_CASE, "3月8日"), **dict.fromkeys(BY_HAND, "柳树村口")}


def seen(text: str, place: str = "柳树村") -> list[tuple[DoubtKind, str]]:
    return [(one.kind, one.found) for one in doubts(text, BOOK, number=OURS, place=place, places=PLACES)]


# P18: canned answers


@pytest.mark.parametrize("reply", BOOK.replies, ids=lambda reply: reply.id)
def test_each_answer_filled_in_leaves_without_a_second_look(reply):
    text = reply.filled(VALUES)
    assert blanks(text) == ()
    assert seen(text) == []
    assert len(text) <= LONGEST


@pytest.mark.parametrize("state", list(CaseState))
def test_every_state_has_something_to_say(state):
    assert BOOK.fitting(state, ReplyKind.MESSAGE, ReplyKind.EXPLANATION)


def test_every_way_to_end_has_a_result_to_tell():
    for state in (CaseState.RECEIVED, CaseState.REGISTERED, CaseState.ACCEPTED, CaseState.APPROVED):
        assert BOOK.fitting(state, ReplyKind.RESULT)
    assert not BOOK.fitting(CaseState.CLOSED, ReplyKind.RESULT)


def test_an_answer_fits_only_the_states_it_names():
    waiting = BOOK.get("still-waiting")
    assert waiting is not None
    assert waiting.fits(CaseState.RECEIVED)
    assert not waiting.fits(CaseState.CLOSED)
    assert BOOK.get("nobody-wrote-this") is None


def test_a_blank_without_a_value_stays_in_its_braces_and_blocks():
    text = "最晚{due_on}告诉您，打 {phone} 也行。"
    assert blanks(text) == ("due_on", "phone")
    found = doubts(text, BOOK, number=OURS, place="柳树村", places=PLACES)
    assert [(one.found, one.blocks) for one in found] == [("{due_on}", True), ("{phone}", True)]


def test_a_made_up_blank_blocks_as_well():
    (found,) = doubts("请找{主任}。", BOOK, number=OURS, place="柳树村", places=PLACES)
    assert found == Doubt(DoubtKind.BLANK, "{主任}", blocks=True)


BROKEN = [
    ("kind: explanation", "kind: threat", "threat"),
    ("states: [registered, accepted, investigating]", "states: [registered, thinking]", "thinking"),
    ("最晚{due_on}在这里告诉您", "最晚{somewhen}在这里告诉您", "somewhen"),
    ("打 {phone} 也行", "打 {phone 也行", "brace"),
    ("id: ask-evidence", "id: ask-details", "ask-details stands twice"),
    ("id: ask-evidence", "id: Ask Evidence", "Ask Evidence"),
    ("label: 有没有照片、录音", f"label: {'长' * 21}", "21"),
    ("label: 有没有照片、录音\n", "label: 有没有照片、录音\n    colour: red\n", "colour"),
    ("会和前面的一起看。还有别的", f"{'很长' * LONGEST}还有别的", "characters"),
    ("不方便见面，打", "您放心，绝对保密。打", "绝对保密"),
    ("words: [身份证]", "words: []", "empty"),
    ('version: "2026.1"', "version: 2026", "version"),
    ("replies:", "replies: [", "YAML"),
    ("cautions:", "warnings:", "warnings"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN, ids=[said for _, _, said in BROKEN])
def test_broken_content_names_the_file_and_the_fault(tmp_path: Path, old: str, new: str, said: str):
    folder = tmp_path / "casework"
    shutil.copytree(CONTENT, folder)
    path = folder / "replies.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load_replies(folder)
    assert raised.value.file == "replies.yaml"
    assert said in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ContentError) as raised:
        load_replies(tmp_path)
    assert raised.value.file == "replies.yaml"


def test_content_without_an_answer_is_refused(tmp_path: Path):
    (tmp_path / "replies.yaml").write_text('version: "1"\nreplies: []\ncautions: []\n', encoding="utf-8")
    with pytest.raises(ContentError):
        load_replies(tmp_path)


# GL#4851, P18: a text meant for another case


@pytest.mark.parametrize(
    "typed",
    [
        "QF-AAAA-BBBB",
        "qf-aaaa-bbbb",
        "QF AAAA BBBB",
        "QFAAAABBBB",
        wide("QF-AAAA-BBBB"),
        "QF—AAAA—BBBB",
        "编号QF-AAAA-BBBB，请看。",
        "QF-\nAAAA-BBBB",
    ],
)
def test_another_number_is_seen_however_it_is_typed(typed):
    assert seen(typed) == [(DoubtKind.OTHER_CASE, "QF-AAAA-BBBB")]


@pytest.mark.parametrize(
    "typed", [OURS, OURS.lower(), "QF 7K2M 9D4X", "打电话到 0571-88886666", "QFAA", "AQF-AAAA-BBBBB"]
)
def test_the_own_number_and_what_is_none_leave_as_they_are(typed):
    assert seen(typed) == []


@given(
    st.text(), st.text(alphabet=READABLE, min_size=4, max_size=4), st.text(alphabet=READABLE, min_size=4, max_size=4)
)
def test_a_number_is_found_in_any_surroundings(around, first, second):
    number = f"QF-{first}-{second}"
    assert number in numbers_in(f"{around}，{number}，{around}")


def test_a_number_is_put_in_place_of_another_and_the_rest_stays():
    other = readable_code("QF")
    text = f"您的，{wide('qf')} 7k2m—9d4x，和QF-AAAA-BBBB。"
    assert renumbered(text, OURS, other) == f"您的，{other}，和QF-AAAA-BBBB。"
    assert renumbered("没有编号，！", OURS, other) == "没有编号，！"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("松林村的事查过了", ["松林村"]),
        ("柳树村的事查过了", []),
        ("大柳树村的事查过了", ["大柳树村"]),
        ("柳树村和桥头社区都去了", ["桥头社区"]),
        ("松 林 村", ["松林村"]),
        ("没有提村", []),
    ],
)
def test_another_village_is_seen_and_a_longer_name_is_not_taken_for_a_part_of_it(text, found):
    assert seen(text) == [(DoubtKind.OTHER_PLACE, name) for name in found]


def test_a_village_whose_name_holds_anothers_is_not_taken_for_it():
    assert seen("大柳树村的事查过了", place="大柳树村") == []


# real_name_reports 8, 10: what a reporter is not told


@pytest.mark.parametrize(
    "text",
    ["这个违纪者我们会管", "贿选犯", "他是罪犯", "违 纪 者", "那个村霸"],
)
def test_a_label_for_somebody_is_not_sent(text):
    (found,) = doubts(text, BOOK, number=OURS, place="柳树村", places=PLACES)
    assert (found.kind, found.blocks) == (DoubtKind.LABEL, True)
    assert found.instead == "被反映人"


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("查实了一定严惩", "punishment"),
        ("他会被开除", "punishment"),
        ("我们保证查清", "result"),
        ("选举全部作废", "result"),
        ("查实有奖励", "reward"),
        ("诬告要负法律责任", "threats"),
        ("后果自负", "threats"),
        ("我们绝对保密", "secrecy"),
        ("请把身份证发来", "identity-card"),
        ("他就是贿选", "guilt"),
    ],
)
def test_a_promise_a_threat_and_a_verdict_are_pointed_out_with_kinder_words(text, about):
    found = doubts(text, BOOK, number=OURS, place="柳树村", places=PLACES)
    caution = next(one for one in BOOK.cautions if one.id == about)
    assert {one.kind for one in found} == {DoubtKind.CAUTION}
    assert not any(one.blocks for one in found)
    assert (caution.why, caution.instead) in {(one.why, one.instead) for one in found}


def test_a_word_that_is_part_of_another_is_not_said_twice():
    assert seen("我们保证查清") == [(DoubtKind.CAUTION, "保证查清")]


def test_what_must_not_leave_stands_first():
    found = doubts("一定查清那个违纪者，{phone}", BOOK, number=OURS, place="柳树村", places=PLACES)
    assert [one.blocks for one in found] == sorted((one.blocks for one in found), reverse=True)
