"""P20: no log line holds anything somebody typed: what is not on the list, or no literal of the code, is withheld.

Generated names, phones, ID numbers, bank cards, tokens and accounts go through every gate: our own events, libraries'
lines with arguments or already mixed, errors with messages, notes, causes and locals.
"""

import ast
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.logging import SHOWN, WITHHELD, SafeFormatter, set_up_logging

ROOT = Path(__file__).parents[2]
TOKEN = "123456789:AAH-abcdefghijklmnopqrstuvwxyz_0123"  # pragma: allowlist secret

surnames = st.sampled_from("王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗欧阳")
names = st.builds(
    str.__add__, surnames, st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=3)
)
latin = st.builds(
    "{} {}".format, st.sampled_from(["Wang", "Ouyang"]), st.from_regex(r"[A-Z][a-z]{3,9}", fullmatch=True)
)
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
identities = st.from_regex(r"33[0-9]{4}19[4-9][0-9](0[1-9]|1[0-2])(0[1-9]|1[0-9])[0-9]{3}[0-9X]", fullmatch=True)
cards = st.from_regex(r"62[0-9]{14,17}", fullmatch=True)
tokens = st.from_regex(r"[0-9]{8,10}:[A-Za-z0-9_-]{35}", fullmatch=True)
accounts = st.builds("{}在{}家门口给了{}块钱".format, names, names, st.integers(100, 9999))
secret_texts = st.one_of(names, latin, mobiles, identities, cards, tokens, accounts)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    set_up_logging("debug")
    return written


class Gate:
    """A logger of its own, behind the gate and nothing else, so that Hypothesis may write to it many times."""

    def __init__(self) -> None:
        self._written = io.StringIO()
        self.log = logging.Logger("somebodys.library")  # noqa: LOG001 - outside the tree: nobody else hears it
        handler = logging.StreamHandler(self._written)
        handler.setFormatter(SafeFormatter())
        self.log.addHandler(handler)
        kinds = structlog.get_config()
        self.ours = structlog.wrap_logger(self.log, kinds["processors"], kinds["wrapper_class"])

    def said(self) -> str:
        return self._written.getvalue()


@given(secret=secret_texts)
def test_a_librarys_line_holds_none_of_it(secret: str) -> None:
    gate = Gate()
    log = gate.log
    log.error("a plain sentence of the code")
    assert "a plain sentence of the code" in gate.said()
    log.error("sending to %s took %d ms", secret, 12)
    assert f"sending to {WITHHELD} took 12 ms" in gate.said()
    log.error(f"sending to {secret}")  # noqa: G004 - as libraries do
    log.error(secret)
    log.error("sending %(text)s", {"text": secret})
    log.error("wrong %d", secret)
    log.error("with a number %d", 13800000000)
    log.error({"text": secret})
    lines = gate.said()
    assert secret not in lines
    assert "13800000000" not in lines
    assert lines.count("\n") == 8


@given(secret=secret_texts)
def test_no_error_tells_what_it_was_about(secret: str) -> None:
    gate = Gate()
    log = gate.log

    def inner(local: str) -> None:
        error = ValueError(f"cannot read {local}")
        error.add_note(local)
        raise error

    try:
        try:
            inner(secret)
        except ValueError as error:
            raise KeyError(secret) from error
    except KeyError:
        log.exception("failed")
    line = gate.said()
    assert secret not in line
    assert "KeyError < ValueError" in line
    assert "test_logging.py" in line
    assert line.count("\n") == 1


@given(secret=secret_texts, key=st.sampled_from([*SHOWN, "text", "who", "phone", "detail"]))
def test_one_of_our_own_lines_holds_none_of_it_under_any_key(secret: str, key: str) -> None:
    gate = Gate()
    log = gate.ours
    log.error("something_failed", **{"attempt": 3, key: secret})
    log.error(secret, attempt=3)
    log.error("something_failed", **{secret: 1}, exc_info=RuntimeError(secret))
    lines = gate.said()
    assert secret not in lines
    assert lines.count("something_failed") == 2
    assert f"event={WITHHELD}" in lines
    assert "attempt=3" in lines


def test_what_is_listed_passes(stream: io.StringIO) -> None:
    log = structlog.stdlib.get_logger("handlers.x")
    log.warning("update_failed", reference="0A1B2C", channel="web", update=4503599627370495, error=OSError)
    line = stream.getvalue()
    for part in ("event=update_failed", "reference=0A1B2C", "channel=web", "update=4503599627370495", "error=OSError"):
        assert part in line
    assert "logger=handlers.x" in line
    assert "level=warning" in line


def test_a_database_error_is_named_with_its_code_only(stream: io.StringIO) -> None:
    class OperationalError(Exception):
        sqlite_errorname = "SQLITE_BUSY"

    logging.getLogger("x").error("failed", exc_info=OperationalError("INSERT ... ('王小明')"))
    assert "OperationalError(SQLITE_BUSY)" in stream.getvalue()
    assert "王小明" not in stream.getvalue()


def test_a_token_in_an_address_does_not_pass(stream: io.StringIO) -> None:
    logging.getLogger("aiohttp.client").error("GET https://api.telegram.org/bot%s/sendMessage", TOKEN)
    logging.getLogger("uvicorn.access").warning('%s - "%s %s" %d', "10.0.0.7", "GET", "/invite/abcdefghijk", 200)
    assert TOKEN not in stream.getvalue()
    assert "abcdefghijk" not in stream.getvalue()
    assert "10.0.0.7" not in stream.getvalue()
    assert "sendMessage" in stream.getvalue()


def test_a_format_that_does_not_fit_prints_no_arguments(stream: io.StringIO) -> None:
    logging.getLogger("x").error("only one %s", "13800000000", "王小明")  # noqa: PLE1205 - the fault we mean
    assert "13800000000" not in stream.getvalue()
    assert "王小明" not in stream.getvalue()


def test_a_warning_and_an_error_nobody_caught_go_through_the_gate(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(capture=True)
        warnings.warn("about 王小明", stacklevel=1)
    sys.excepthook(RuntimeError, RuntimeError("about 王小明"), None)
    assert "py.warnings" in stream.getvalue()
    assert "event=crashed" in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()
    assert "王小明" not in stream.getvalue()


def test_chatty_libraries_speak_only_when_something_is_wrong(stream: io.StringIO) -> None:
    for name in ("httpx", "aiogram.event", "apscheduler", "uvicorn.access"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble here")
    assert "chatter" not in stream.getvalue()
    assert stream.getvalue().count("trouble here") == 4


def calls_of_log() -> Iterator[tuple[str, ast.Call]]:
    for folder in ("bot", "handlers", "storage", "knowledge"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                owner: Any = getattr(getattr(node, "func", None), "value", None)
                if isinstance(node, ast.Call) and isinstance(owner, ast.Name) and owner.id == "log":
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_line_of_ours_has_a_fixed_name_and_listed_values() -> None:
    found = list(calls_of_log())
    assert len(found) >= 8
    for where, call in found:
        first = call.args[0]
        assert isinstance(first, ast.Constant), where
        assert str(first.value).replace("_", "").islower(), where
        assert len(call.args) == 1, where
        assert {one.arg for one in call.keywords} - {"exc_info"} <= set(SHOWN), where


def test_nobody_of_ours_logs_round_the_gate() -> None:
    loggers = [
        str(path.relative_to(ROOT))
        for folder in ("bot", "handlers", "storage", "knowledge")
        for path in (ROOT / folder).rglob("*.py")
        if "logging.getLogger(__name__)" in path.read_text(encoding="utf-8")
    ]
    assert loggers == []
