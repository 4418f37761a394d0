"""The command line from outside: help, exit codes, one JSON object a line, and nothing heavy imported for nothing."""

import asyncio
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest

from bot.__main__ import COMMANDS, main
from bot.clock import SystemClock
from bot.settings import Settings, read_settings
from handlers.services.access import Access, Caller
from knowledge.casework.access import Role
from storage.engine import Database
from storage.files import FileStore
from storage.log_heads import LogHead
from storage.unit_of_work import Storage
from storage.vault import load_key_file
from tests import factories
from tests.factories import PASSWORD

ROOT = Path(__file__).parents[2]
CREATE = (
    "create-official",
    "--password-stdin",
    "--username",
    "auditor1",
    "--role",
    "auditor",
    "--jurisdiction",
    "cn/test",
)


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Standard output, which must be one JSON object a line."""
        found = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(one, dict) for one in found)
        return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own, with the settings of a fresh deployment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"QINGFENG_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def qingfeng(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    def call(*arguments: str, stdin: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def in_a_process(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Python with our packages on its path, in another working folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


@pytest.fixture
def migrated(folder: Path, sqlite_template: Path) -> Path:
    """The folder with a migrated, empty database in its default place."""
    (folder / "var").mkdir()
    path = folder / "var" / "qingfeng.db"
    path.write_bytes(sqlite_template.read_bytes())
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(qingfeng: Callable[..., Said], command: str) -> None:
    said = qingfeng(command, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("usage: qingfeng")
    assert COMMANDS[command][1] in said.out


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "run"])
def test_every_command_that_ends_speaks_json_too(qingfeng: Callable[..., Said], command: str) -> None:
    assert "--json" in qingfeng(command, "--help").out


def test_the_bare_command_lists_every_command(qingfeng: Callable[..., Said]) -> None:
    said = qingfeng()
    assert said.code == 2
    assert [command for command in COMMANDS if not re.search(rf"^ +{command}\b", said.out, re.MULTILINE)] == []
    assert qingfeng("--help").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("ask",),
        ("ask", "委托票能带几张", "--batch", "x.jsonl"),
        ("ask", "委托票能带几张", "--date", "yesterday"),
        ("ask", "委托票能带几张", "--jurisdiction", "fr/paris"),
        ("ask", "--batch", "none.jsonl"),
        ("classify",),
        ("classify", " "),
        ("classify", "--batch", "none.jsonl"),
        ("check-content", "--date", "someday"),
        ("audit",),
        ("audit", "burn"),
        ("demo", "--loud"),
        CREATE[:1],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_code_two_with_a_line_on_standard_error(
    qingfeng: Callable[..., Said], arguments: tuple[str, ...]
) -> None:
    said = qingfeng(*arguments)
    assert said.code == 2
    assert said.err.strip()
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("PORT", "eighty", 2),
        ("FILES_URL", "ftp://bucket", 2),
        ("DATABASE_URL", "mysql://root@127.0.0.1/x", 1),
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", 1),
        ("DATABASE_URL", "not an address", 1),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(
    qingfeng: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: int
) -> None:
    monkeypatch.setenv(f"QINGFENG_{name}", value)
    said = qingfeng("audit", "verify")
    assert (said.code, said.out) == (code, "")
    assert f"QINGFENG_{name}" in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_a_database_file_that_cannot_be_opened_is_one_line_too(folder: Path) -> None:
    done = in_a_process("-m", "bot", "audit", "verify", folder=folder, QINGFENG_DATABASE_URL="sqlite:////nowhere/x.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert "QINGFENG_DATABASE_URL" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [("audit", "verify"), CREATE])
def test_a_database_that_is_not_there_yet_is_code_one_with_the_cure(
    qingfeng: Callable[..., Said], folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "var").mkdir()
    said = qingfeng(*command, stdin=f"{PASSWORD}\n")
    assert said.code == 1
    assert "qingfeng migrate" in said.err


def test_migrate_makes_the_database_and_may_be_called_again(qingfeng: Callable[..., Said], folder: Path) -> None:
    first, again = qingfeng("migrate", "--json"), qingfeng("migrate")
    assert (first.code, again.code) == (0, 0)
    assert first.objects == [{"schema": again.out.split()[-1]}]
    assert (folder / "var" / "qingfeng.db").exists()
    assert qingfeng("audit", "verify").code == 0


@pytest.mark.parametrize("url", ["postgresql://qf@127.0.0.1/x", "postgres://qf@127.0.0.1/x"])
def test_migrate_on_postgresql_asks_for_the_owner(
    qingfeng: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("QINGFENG_DATABASE_URL", url)
    said = qingfeng("migrate")
    assert said.code == 2
    assert "QINGFENG_OWNER_DATABASE_URL" in said.err


def test_ask_answers_one_question_and_a_file_of_them_with_sources(qingfeng: Callable[..., Said], folder: Path) -> None:
    (one,) = qingfeng("ask", "委托票能带几张", "--json", "--date", "2026-03-01").objects
    assert {"question", "answered", "entry_id", "answer", "citations", "score", "suggestions", "latency_ms"} <= set(one)
    assert one["answered"] is True
    assert {"source", "article", "version"} <= set(one["citations"][0])
    (folder / "batch.jsonl").write_text('{"q": "委托票能带几张"}\n\n{"q": "今天天气怎么样"}\n', encoding="utf-8")
    said = qingfeng("ask", "--batch", "batch.jsonl", "--json", "--date", "2026-03-01")
    assert said.code == 0
    assert [found["answered"] for found in said.objects] == [True, False]
    (folder / "bad.jsonl").write_text('{"q": "x"}\n{"text": "x"}\n', encoding="utf-8")
    bad = qingfeng("ask", "--batch", "bad.jsonl")
    assert (bad.code, bad.out) == (2, "")
    assert "bad.jsonl:2" in bad.err


def test_classify_judges_one_text_and_a_file_of_them(qingfeng: Callable[..., Said], folder: Path) -> None:
    (folder / "batch.jsonl").write_text(
        '{"text": "村主任候选人挨家发五百块钱，让大家选他"}\n{"text": "哪天投票？"}\n', encoding="utf-8"
    )
    said = qingfeng("classify", "--batch", "batch.jsonl", "--json")
    assert said.code == 0
    report, question = said.objects
    assert {"text", "intent", "kinds", "must_investigate", "missing", "amounts"} <= set(report)
    assert (report["intent"], question["intent"]) == ("report", "question")
    assert "vote_buying" in [flag["category"] for flag in report["must_investigate"]]
    assert question["must_investigate"] == []


def test_check_content_counts_what_it_checked(qingfeng: Callable[..., Said]) -> None:
    said = qingfeng("check-content", "--json", "--date", "2026-03-01")
    (counted,) = said.objects
    assert said.code == 0
    assert counted["entries"] > 50
    assert counted["laws"] > 5


async def sign_in(secret: str, username: str) -> str:
    """Sign in against the deployment of the settings, as the desk would."""
    settings = read_settings()
    keys = load_key_file(settings.key_file)
    clock = _Now()
    storage = Storage(Database(settings.database_url), keys, FileStore(Path("var/files"), keys), clock)
    try:
        async with storage.unit_of_work() as uow:
            code = pyotp.TOTP(secret).at(int(clock.now().timestamp()))
            opened = await Access().sign_in(uow, username=username, password=PASSWORD, code=code, caller=Caller("test"))
            await uow.commit()
    finally:
        await storage.close()
    return str(opened.official.role)


class _Now:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the command ran on the machine's clock too


def test_a_created_official_signs_in_with_the_printed_secret(
    qingfeng: Callable[..., Said], migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = qingfeng(*CREATE, "--json", stdin=f"{PASSWORD}\n")
    (seat,) = said.objects
    assert said.code == 0
    assert {"username": "auditor1", "role": "auditor"}.items() <= seat.items()
    assert seat["totp_uri"].startswith("otpauth://totp/")
    assert PASSWORD not in said.out + said.err

    assert asyncio.run(sign_in(seat["totp_secret"], "auditor1")) == Role.AUDITOR
    again = qingfeng(*CREATE, stdin=f"{PASSWORD}\n")
    assert (again.code, again.out) == (2, "")
    assert "taken" in again.err


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"--username": "Big Name"}, "--username"),
        ({"--role": "king"}, "--role"),
        ({"password": "short"}, "password"),
    ],
)
def test_a_seat_that_cannot_be_made_says_what_to_change(
    qingfeng: Callable[..., Said], migrated: Path, changed: dict[str, str], word: str
) -> None:
    given = {
        "--username": "auditor2",
        "--role": "auditor",
        "--jurisdiction": "cn/test",
        "password": PASSWORD,
        **changed,
    }
    password = given.pop("password")
    options = [part for pair in given.items() for part in pair]
    said = qingfeng("create-official", "--password-stdin", *options, stdin=f"{password}\n")
    assert (said.code, said.out) == (2, "")
    assert word in said.err


@pytest.mark.slow
def test_the_demo_fills_an_empty_database_once_and_the_doctor_and_the_auditor_are_content(
    qingfeng: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.demo.Access", factories.quick_access)
    made = qingfeng("demo", "--json")
    assert made.code == 0
    assert {seat["role"] for seat in made.objects} == set(Role)
    assert all(seat["link"].startswith("http://127.0.0.1:8080/desk/link/") for seat in made.objects)
    again = qingfeng("demo", "--json")
    assert (again.code, again.out) == (1, "")
    quiet = qingfeng("demo", "--if-empty")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    healthy = qingfeng("doctor", "--json")
    assert healthy.code == 0
    assert [check["check"] for check in healthy.objects if not check["ok"]] == []
    assert len(healthy.objects) >= 5
    (report,) = qingfeng("audit", "verify", "--json").objects
    assert report["ok"] is True
    assert qingfeng("audit", "verify", "--head", report["head"]).code == 0
    cut = qingfeng("audit", "verify", "--head", "0" * 64, "--json")
    assert (cut.code, cut.objects[0]["ok"]) == (1, False)
    with sqlite3.connect(folder / "var" / "qingfeng.db") as behind:
        (guard,) = behind.execute("SELECT sql FROM sqlite_master WHERE name = 'event_no_update'").fetchone()
        behind.execute("DROP TRIGGER event_no_update")
        behind.execute("UPDATE event SET actor = 'official/99' WHERE id = 7")
        behind.execute(guard)  # whoever tampers would cover it up
    behind.close()
    broken = qingfeng("audit", "verify", "--json")
    assert (broken.code, broken.objects[0]["event"]) == (1, 7)
    assert "BROKEN at event 7" in qingfeng("audit", "verify").out
    assert qingfeng("doctor").code == 1


async def _with_events(folder: Path, *, count: int) -> list[LogHead]:
    """Record some events as the application does, each followed by a signed head."""
    keys = load_key_file(folder / "var" / "qingfeng.key")
    url = f"sqlite:///{folder / 'var' / 'qingfeng.db'}"
    storage = Storage(Database(url), keys, FileStore(folder / "files", keys), SystemClock())
    heads = []
    for number in range(count):
        async with storage.unit_of_work() as uow:
            await uow.log.record(actor="system", act="test", subject=f"case/{number}")
            heads.append(await uow.log_heads.sign())
            await uow.commit()
    await storage.close()
    return [head for head in heads if head]


def test_audit_takes_what_the_public_page_said_and_does_without_the_key_file(
    qingfeng: Callable[..., Said], folder: Path, migrated: Path
) -> None:
    assert qingfeng("audit", "verify").code == 0  # the first start writes the key file
    heads = asyncio.run(_with_events(folder, count=3))
    (folder / "log.json").write_text(json.dumps({"heads": [one.as_json() for one in reversed(heads)], "key": {}}))
    (folder / "heads.jsonl").write_text("\n".join(json.dumps(one.as_json()) for one in heads))
    (folder / "one.json").write_text(json.dumps(heads[1].as_json()))
    for kept in ("log.json", "heads.jsonl", "one.json"):
        said = qingfeng("audit", "verify", "--head", kept)
        assert said.code == 0, said
        assert "3 events, unbroken" in said.out
        assert "is in the chain" in said.out
        assert "No log proves" in said.out
    (folder / "var" / "qingfeng.key").rename(folder / "elsewhere.key")
    key = heads[0].public_key.hex()
    alone = qingfeng("audit", "verify", "--public-key", key, "--head", "log.json", "--json")
    assert (alone.code, alone.objects[0]["seals_checked"], alone.objects[0]["heads"]) == (0, False, 3)
    assert len(alone.objects[0]["not_proved"]) == 2
    strange = qingfeng("audit", "verify", "--public-key", "ab" * 32)
    assert (strange.code, "unknown key" in strange.out) == (1, True)
    with sqlite3.connect(migrated) as behind:  # a cut-off end, and the heads cut off with it
        for name in ("event_no_delete", "log_head_no_delete"):
            behind.execute(f"DROP TRIGGER {name}")
        for rest in ("log_head_copy WHERE number > 1", "log_head WHERE number > 1", "event WHERE id > 1"):
            behind.execute(f"DELETE FROM {rest}")
    behind.close()
    assert qingfeng("audit", "verify", "--public-key", key).code == 0
    cut = qingfeng("audit", "verify", "--public-key", key, "--head", "one.json")
    assert (cut.code, "BROKEN" in cut.out) == (1, True)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (("--head", "none.json"), "none.json"),
        (("--head", "empty.json"), "no head"),
        (("--head", "odd.json"), "no head of the log"),
        (("--head", "list.json"), "no head of the log"),
        (("--public-key", "xyz"), "64 hexadecimal digits"),
    ],
)
def test_audit_says_what_is_wrong_with_what_it_was_given(
    qingfeng: Callable[..., Said], folder: Path, given: tuple[str, ...], word: str
) -> None:
    (folder / "empty.json").write_text('{"heads": []}')
    (folder / "odd.json").write_text('{"number": 1}')
    (folder / "list.json").write_text("[1, 2]")
    said = qingfeng("audit", "verify", *given)
    assert (said.code, said.out) == (2, "")
    assert word in said.err


def test_the_doctor_says_what_is_missing_and_how_to_mend_it(qingfeng: Callable[..., Said], migrated: Path) -> None:
    said = qingfeng("doctor", "--json")
    found = {check["check"]: check for check in said.objects}
    assert said.code == 1
    assert found["database and key"]["ok"] is True
    assert found["custodians"]["ok"] is False
    assert "create-official" in found["custodians"]["says"]
    migrated.unlink()
    assert qingfeng("doctor").code == 1


def test_a_lost_or_exchanged_key_file_is_never_replaced_by_a_new_one(
    qingfeng: Callable[..., Said], migrated: Path
) -> None:
    assert qingfeng("audit", "verify").code == 0
    key = migrated.parent / "qingfeng.key"
    kept = key.read_bytes()
    key.unlink()
    lost = qingfeng("audit", "verify")
    assert (lost.code, key.exists()) == (1, False)
    assert "backup" in lost.err
    key.write_text("00" * 32, encoding="ascii")
    key.chmod(0o600)
    exchanged = qingfeng("audit", "verify")
    assert exchanged.code == 1
    assert "not the one" in exchanged.err
    key.write_bytes(kept)
    key.chmod(0o644)
    assert "chmod 600" in qingfeng("audit", "verify").err
    key.chmod(0o600)
    assert qingfeng("audit", "verify").code == 0


#: Runs commands one after another in one interpreter and tells what each had imported by then.
_IMPORTS = """
import io, json, sys
from contextlib import redirect_stdout, redirect_stderr
from bot.__main__ import COMMANDS, main
from bot.clock import SystemClock
calls = json.loads(sys.argv[1])
told = {}
for command in [*calls, *(name for name in COMMANDS if name not in calls and name != "run"), "run"]:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            code = main([command, *calls.get(command, ["--help"])])
        except SystemExit as ended:
            code = ended.code
    told[command] = [code, sorted({name.partition(".")[0] for name in sys.modules})]
print(json.dumps(told))
"""
#: Calls that do their work, the lightest first; the rest only explain themselves.
_CALLS = {
    "classify": ["有人发钱拉票"],
    "ask": ["委托票能带几张"],
    "check-content": [],
    "migrate": [],
    "audit": ["verify"],
    "demo": ["--if-empty"],
    "doctor": [],
}


@pytest.mark.slow
def test_commands_that_do_not_chat_import_no_chat_framework_and_no_web_framework(folder: Path) -> None:
    done = in_a_process("-c", _IMPORTS, json.dumps(_CALLS), folder=folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == set(COMMANDS)
    heavy = {"aiogram", "telegram", "fastapi", "uvicorn", "apscheduler"}
    imported = {command: heavy & set(modules) for command, (_, modules) in told.items() if command != "run"}
    assert {command: names for command, names in imported.items() if names} == {}
    assert "aiogram" not in told["run"][1]
    assert {command: code for command, (code, _) in told.items() if code != 0} == {}
    assert "sqlalchemy" not in told["check-content"][1]
    assert "sqlalchemy" in told["audit"][1]


@pytest.mark.slow
def test_answering_and_judging_need_no_database_either(folder: Path) -> None:
    script = "import sys; from bot.__main__ import main; main(sys.argv[1:]); print('sqlalchemy' in sys.modules)"
    for arguments in (("ask", "委托票能带几张"), ("classify", "有人发钱拉票")):
        done = in_a_process("-c", script, *arguments, folder=folder)
        assert done.stdout.splitlines()[-1] == "False"
    assert list(folder.iterdir()) == []
