"""What a library might log is cleaned: no phone number and no bot token reaches a log line."""

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logging import Redacting, set_up_logging

TOKEN = "123456789:AAH-abcdefghijklmnopqrstuvwxyz_0123"
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
around = st.text(st.characters(codec="utf-8", exclude_categories=["Nd"]), max_size=10)


def logged(message: str, *arguments: object) -> str:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, message, arguments, None)
    return Redacting("%(message)s").format(record)


@given(around, mobiles, around)
def test_no_mobile_number_stands_in_a_line_whatever_stands_around_it(before: str, number: str, after: str) -> None:
    assert logged("%s", f"{before}{number}{after}") == f"{before}[phone]{after}"


def test_an_argument_is_cleaned_as_the_message_is() -> None:
    assert logged("call %s from %s", "13800000000", "desk") == "call [phone] from desk"


def test_two_numbers_in_a_line_are_both_cleaned() -> None:
    assert logged("13800000000,13900000000") == "[phone],[phone]"


def test_an_identity_number_is_cleaned() -> None:
    number = "330106" + "19900307" + "123X"
    assert logged("%s,%s", number, "7243871234567890") == "[identity],7243871234567890"


def test_a_bot_token_is_cleaned() -> None:
    assert logged(f"token={TOKEN}") == "token=[token]"


def test_a_bot_token_is_cleaned_in_an_address_too() -> None:
    assert logged(f"GET https://api.telegram.org/bot{TOKEN}/sendMessage") == (
        "GET https://api.telegram.org/bot[token]/sendMessage"
    )


@pytest.mark.parametrize(
    "line", ["took 12 ms", "outbox id=7243871234567890", "case QF-7K2M-9D4X", "12800000000", "138000000001", ""]
)
def test_an_ordinary_line_is_left_as_it_is(line: str) -> None:
    assert logged(line) == line


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    set_up_logging("info")
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_handler_that_is_set_up_cleans(stream: io.StringIO) -> None:
    logging.getLogger("some.library").info("calling %s with %s", "13800000000", TOKEN)
    assert "[phone] with [token]" in stream.getvalue()


def test_an_exception_does_not_carry_a_number_past_the_filter(stream: io.StringIO) -> None:
    logging.getLogger("some.library").error("failed", exc_info=RuntimeError("cannot call 13800000000"))
    assert "13800000000" not in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()


def test_chatty_libraries_speak_only_when_something_is_wrong(stream: io.StringIO) -> None:
    for name in ("httpx", "aiogram.event", "apscheduler", "uvicorn.access"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble in %s", name)
    assert "chatter" not in stream.getvalue()
    assert stream.getvalue().count("trouble") == 4
