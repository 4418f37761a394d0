"""A receipt code is read as people copy it, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.services.intake import CODE_GROUPS
from handlers.services.receipts import read_code, read_number
from storage.ids import READABLE, readable_code

CODE = "QC-2345-6789-ABCD-EFGH-JKMN"


def full_width(text: str) -> str:
    """A text as an input method for Chinese writes it."""
    return "".join("\u3000" if letter == " " else chr(ord(letter) + 0xFEE0) for letter in text)


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        CODE.replace("-", "－"),
        CODE.replace("-", " — "),
        CODE.replace("-", "\n"),
        f"  {CODE}。",
        f"我的查询码是：{CODE}",
        f"查询码 {CODE.lower()} 谢谢",
        full_width(CODE),
        full_width(CODE.replace("-", " ").lower()),
    ],
)
def test_a_code_is_read_in_any_spelling(typed: str) -> None:
    assert read_code(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    ["QC-2345-6789", f"{CODE}A", CODE.replace("2", "0"), CODE.replace("A", "I"), "QC-2345-6789-ABCD-EFGH-JKM"],
)
def test_what_only_looks_like_a_code_is_one_that_opens_nothing(typed: str) -> None:
    assert read_code(typed) == ""


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "QC",
        "他给了每家两百块，让大家投他",
        "QF-7K2M-9D4X",
        f"昨天晚上村主任挨家送烟每家两包让大家选举的时候都投他一票，单号是{CODE}",
        "13812345678",
    ],
)
def test_anything_else_is_no_code(typed: str) -> None:
    assert read_code(typed) is None


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_whole_code_an_empty_one_or_none(text: str) -> None:
    found = read_code(text)
    assert found in (None, "") or len(found) == len(CODE)


@given(st.text(alphabet=READABLE, min_size=20, max_size=20), st.sampled_from(["", "-", " ", "·", "_"]))
def test_every_code_is_read_back_whatever_stands_between_its_letters(letters: str, between: str) -> None:
    spelled = "-".join(["QC", *(letters[at : at + 4] for at in range(0, 20, 4))])
    assert read_code(f"qc{between}{between.join(letters)}") == spelled


def test_a_code_has_at_least_eighty_bits_and_is_read_back_as_it_was_given() -> None:
    assert len(READABLE) ** (4 * CODE_GROUPS) > 2**80
    given_code = readable_code("QC", groups=CODE_GROUPS)
    assert read_code(given_code) == given_code


@pytest.mark.parametrize("typed", ["QF-7K2M-9D4X", "qf7k2m9d4x", " QF 7K2M 9D4X。", full_width("QF-7K2M-9D4X")])
def test_a_number_is_read_in_any_spelling(typed: str) -> None:
    assert read_number(typed) == "QF-7K2M-9D4X"


@pytest.mark.parametrize("typed", ["", "QF-7K2M", "QF-7K2M-9D4X 到哪一步了", CODE])
def test_a_number_among_other_words_is_no_message_of_its_own(typed: str) -> None:
    assert read_number(typed) is None
