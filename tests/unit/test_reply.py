"""Replies fit Telegram's limits whatever is in them, and a button's data comes back as it was packed."""

import re
from types import ModuleType

import pytest
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import EditMessageText, SendMessage
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.chat import case_texts, keyboards
from handlers.chat.keyboards import CaseTap, EntryTap, HomeTap, InquiryTap, MenuTap, ReportTap, SignTap, SubscribeTap
from handlers.chat.reply import LONGEST_TEXT, Button, Reply, methods, rows_of, tap
from handlers.services.report_view import Step
from knowledge.elections.commitments import load_packs
from knowledge.loader import load_knowledge
from storage.ids import readable_code

LARGEST_TIME_ID = 2**53 - 1
LARGEST_KEY = 2**63 - 1
LIMIT = 64
#: The largest value each kind of button is ever given.
LARGEST: dict[type[CallbackData], list[CallbackData]] = {
    MenuTap: [MenuTap(act=act) for act in ("ask", "report", "mine", "home")],
    EntryTap: [EntryTap(entry_id=entry) for entry in load_knowledge().entries],
    InquiryTap: [
        InquiryTap(act=act, inquiry_id=LARGEST_TIME_ID) for act in ("useful", "useless", "person", "more", "articles")
    ],
    ReportTap: [
        ReportTap(act=act, step=step, value=str(LARGEST_KEY))
        for act in ("place", "ask_drop", "restart", "by_code")
        for step in Step
    ],
    HomeTap: [
        *(HomeTap(act="province", value=place, inquiry_id=LARGEST_KEY) for place in load_knowledge().jurisdictions),
        *(HomeTap(act=act, inquiry_id=LARGEST_KEY) for act in ("village", "community", "provinces", "elsewhere")),
        HomeTap(act="place", value=str(LARGEST_KEY), inquiry_id=LARGEST_KEY),
        HomeTap(act="forget"),
    ],
    CaseTap: [
        CaseTap(act=act, number=readable_code("QF"))
        for act in ("noted", "show", "above", "withdraw", "withdrawn", "done", *case_texts.MODES)
    ],
    SubscribeTap: [SubscribeTap(act=act, place_id=LARGEST_KEY) for act in ("on", "off")],
    SignTap: [
        SignTap(act=act, candidate_id=LARGEST_KEY, kind=paper.kind)
        for act in ("read", "later", "person", "type", "ask")
        for pack in load_packs().values()
        for paper in pack.commitments
    ],
}
pieces = st.sampled_from(["村", "村民选举" * 200, "🗳" * 20, "x" * 3999, "字" * 4000, "字" * 4001, "", "\n\n"])
texts_of_any_length = st.one_of(
    st.text(max_size=200).map(str.strip),
    st.integers(1, 13_000).map(lambda n: "选举" * (n // 2) + "x" * (n % 2)),
    st.lists(pieces, max_size=12).map(lambda some: "\n".join(some).strip()),
)


def units(text: str) -> int:
    """A text's length as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def kinds_of_buttons(module: ModuleType) -> set[type[CallbackData]]:
    found = (value for value in vars(module).values() if isinstance(value, type))
    return {kind for kind in found if issubclass(kind, CallbackData) and kind is not CallbackData}


def test_every_kind_of_button_is_tried_below() -> None:
    assert set(LARGEST) == kinds_of_buttons(keyboards)


@pytest.mark.parametrize("kind", LARGEST, ids=lambda kind: kind.__name__)
def test_the_largest_data_of_a_button_fits_and_comes_back_whole(kind: type[CallbackData]) -> None:
    for data in LARGEST[kind]:
        packed = data.pack()
        assert len(packed.encode()) <= LIMIT, packed
        assert kind.unpack(packed) == data


def test_the_prefixes_of_the_buttons_differ() -> None:
    prefixes = [kind.__prefix__ for kind in LARGEST]
    assert len(set(prefixes)) == len(prefixes)


@given(st.sampled_from([MenuTap, InquiryTap, ReportTap, CaseTap, SignTap, SubscribeTap]), st.data())
def test_data_of_any_plain_words_and_numbers_comes_back_whole(kind: type[CallbackData], data: st.DataObject) -> None:
    word = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
    number = st.integers(0, LARGEST_TIME_ID)
    values = {name: data.draw(number if field.annotation is int else word) for name, field in kind.model_fields.items()}
    made = kind(**values)
    assert kind.unpack(made.pack()) == made


def test_data_that_is_too_long_is_refused_and_never_cut() -> None:
    with pytest.raises(ValueError, match="64"):
        tap("x", EntryTap(entry_id="选" * 22))


@given(texts_of_any_length)
@example("字" * 8001)
def test_every_part_of_a_long_text_fits_and_no_word_of_it_is_lost(text: str) -> None:
    sent = [method.text for method in methods(Reply(text), 1)]
    assert all(0 < units(part) <= LONGEST_TEXT for part in sent)
    assert re.sub(r"\n", "", "".join(sent)) == re.sub(r"\n", "", text)


def test_a_part_full_of_emoji_fits_too() -> None:
    assert all(units(method.text) <= LONGEST_TEXT for method in methods(Reply("🗳" * 4000), 1))


def test_blank_lines_at_the_end_of_a_long_text_make_no_empty_message() -> None:
    assert all(method.text.strip() for method in methods(Reply("字" * 3990 + "\n" * 20), 1))


def test_a_long_text_is_cut_at_line_ends_and_only_the_last_part_carries_the_buttons() -> None:
    lines = [f"第{number}条：{'字' * 500}" for number in range(20)]
    sent = methods(Reply("\n".join(lines), ((Button("好", "m:ask"),),)), 7)
    assert len(sent) > 1
    assert [line for method in sent for line in method.text.split("\n")] == lines
    assert [bool(method.reply_markup) for method in sent] == [False] * (len(sent) - 1) + [True]
    assert {method.chat_id for method in sent} == {7}


def test_an_edit_takes_the_place_of_the_pressed_message_and_a_long_one_is_sent_anew() -> None:
    (edit,) = methods(Reply("短", edit=True), 7, pressed_message_id=9)
    assert isinstance(edit, EditMessageText)
    assert (edit.message_id, edit.text) == (9, "短")
    assert all(
        isinstance(method, SendMessage) for method in methods(Reply("字" * 5000, edit=True), 7, pressed_message_id=9)
    )
    assert isinstance(methods(Reply("短", edit=True), 7)[0], SendMessage)


def test_a_reply_of_only_a_toast_sends_nothing() -> None:
    assert methods(Reply(toast="记下了"), 1) == []


def test_a_button_opens_an_address_or_presses_data_never_both() -> None:
    (sent,) = methods(Reply("x", ((Button("看", url="https://example.org/"), Button("好", "m:ask")),)), 1)
    first, second = sent.reply_markup.inline_keyboard[0]
    assert (first.url, first.callback_data) == ("https://example.org/", None)
    assert (second.url, second.callback_data) == (None, "m:ask")


buttons = st.builds(Button, st.text(max_size=8), data=st.text(max_size=8), url=st.text(max_size=8))


@given(
    st.builds(
        Reply,
        st.text(max_size=30),
        st.lists(st.lists(buttons, min_size=1, max_size=3).map(tuple), max_size=4).map(tuple),
        edit=st.booleans(),
        toast=st.text(max_size=8),
        remove_incoming=st.booleans(),
    )
)
def test_a_reply_survives_the_outbox(reply: Reply) -> None:
    assert Reply.from_data(reply.as_data()) == reply


@given(st.lists(buttons, max_size=13), st.integers(1, 4))
def test_buttons_are_laid_out_in_order_and_none_is_left_out(listed: list[Button], across: int) -> None:
    rows = rows_of(listed, across)
    assert [button for row in rows for button in row] == listed
    assert all(1 <= len(row) <= across for row in rows)
