"""A start that cannot succeed says why in one line and exits with 1 (2: a setting is wrong); never a traceback."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from storage.engine import async_url
from storage.migrate import migrate
from tests import databases
from tests.bot_api import BotApiServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOKEN = "600600:a_token_nobody_gave_out_1234567890abc"


@dataclass
class Start:
    """The settings of one start, in a folder of its own."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def key_file(self) -> Path:
        return self.folder / "qingfeng.key"

    def environment(self) -> dict[str, str]:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("QINGFENG_")}
        ours = {
            "DATABASE_URL": f"sqlite:///{self.folder}/qingfeng.db",
            "FILES_URL": f"file://{self.folder}/files",
            "KEY_FILE": str(self.key_file),
            "PORT": "1",
            **self.settings,
        }
        return bare | {f"QINGFENG_{name}": value for name, value in ours.items()} | {"PYTHONPATH": str(ROOT)}

    async def run(self, command: str = "run") -> "Refusal":
        """Start it and wait for its end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            command,
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(60):
                _, said = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        assert process.returncode is not None
        return Refusal(process.returncode, said.decode())


@dataclass(frozen=True)
class Refusal:
    code: int
    said: str

    def holds(self, code: int, *words: str) -> None:
        """One line (what went well may be logged above it), this exit code, these words."""
        assert self.code == code, (self.code, self.said)
        lines = [line for line in self.said.strip().splitlines() if " INFO " not in line]
        assert len(lines) == 1, self.said
        assert lines[0].startswith("qingfeng: ")
        assert "Traceback" not in self.said
        for word in words:
            assert word in lines[0], (word, lines[0])


@pytest.fixture
def start(tmp_path: Path, sqlite_template: Path) -> Start:
    databases.sqlite_database(sqlite_template, tmp_path)
    return Start(tmp_path)


@pytest.fixture
async def bound(start: Start) -> Start:
    """A deployment that ran before: its database knows its key."""
    assert (await start.run("doctor")).code in (0, 1)
    if not start.key_file.exists():  # the doctor makes none: a refused start does, before it is refused
        await start.run()
    assert start.key_file.exists()
    return start


async def test_a_token_that_telegram_refuses(start):
    async with BotApiServer() as api:
        api.add_bot("1:another")
        start.settings |= {"PORT": str(_free_port()), "TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": api.base_url}
        refusal = await start.run()
    refusal.holds(1, "Telegram refuses QINGFENG_TELEGRAM_TOKEN", "@BotFather")
    assert TOKEN not in refusal.said


async def test_telegram_that_cannot_be_reached(start):
    address = f"http://127.0.0.1:{_free_port()}"
    start.settings |= {"PORT": str(_free_port()), "TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API": address}
    refusal = await start.run()
    refusal.holds(1, "Telegram cannot be reached", "QINGFENG_TELEGRAM_API")
    assert TOKEN not in refusal.said


async def test_a_port_in_use(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        start.settings["PORT"] = port
        (await start.run()).holds(1, f"Port {port}", "QINGFENG_PORT")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////proc/nowhere/qingfeng.db", ("cannot be opened", "QINGFENG_DATABASE_URL")),
        ("postgresql://nobody@127.0.0.1:1/none", ("cannot be opened", "QINGFENG_DATABASE_URL")),
        ("mysql://localhost/x", ("QINGFENG_DATABASE_URL", "sqlite:/// or postgresql://")),
    ],
    ids=["folder", "server", "kind"],
)
async def test_a_database_that_cannot_be_opened(start, url, words):
    start.settings["DATABASE_URL"] = url
    (await start.run()).holds(1, *words)


async def test_a_file_that_is_no_database(start):
    (start.folder / "qingfeng.db").write_bytes(b"not a database at all " * 500)
    (await start.run()).holds(1, "cannot be opened", "not a database")


async def test_a_key_file_that_is_missing_others_may_read_or_belongs_elsewhere(bound):
    key = bound.key_file.read_text()
    bound.key_file.chmod(0o644)
    (await bound.run()).holds(1, "can be read by others", "chmod 600")
    bound.key_file.write_text("ab" * 32)
    bound.key_file.chmod(0o600)
    (await bound.run()).holds(1, "not the one this database was made with")
    bound.key_file.write_text("no hexadecimal")
    (await bound.run()).holds(1, "damaged", "backup")
    bound.key_file.unlink()
    (await bound.run()).holds(1, "missing", "QINGFENG_KEY_FILE")
    assert not bound.key_file.exists()
    assert key.strip() not in (bound.folder / "qingfeng.db").read_text(errors="replace")


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "eighty"), ("PORT", "70000"), ("FILES_URL", "ftp://bucket")], ids=["word", "big", "s3"]
)
async def test_a_wrong_setting_is_named(start, name, value):
    start.settings[name] = value
    (await start.run()).holds(2, f"QINGFENG_{name}")


@pytest.fixture
async def empty_postgresql(postgresql: None) -> AsyncIterator[str]:
    """An owner's URL of a database without tables."""
    name = f"qf_test_start_{os.getpid()}"
    await databases.admin(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} OWNER {databases.OWNER}")
    yield databases.url_of(databases.OWNER, name)
    await databases.admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.postgres
async def test_postgresql_without_our_tables_and_then_with_the_owners_role(start, empty_postgresql):
    application = empty_postgresql.replace(databases.OWNER, databases.APPLICATION)
    start.settings["DATABASE_URL"] = application
    (await start.run()).holds(1, "schema none", "qingfeng migrate")
    await migrate(empty_postgresql, application_role=databases.APPLICATION)
    start.settings["DATABASE_URL"] = empty_postgresql
    (await start.run()).holds(1, "owns the tables", "QINGFENG_OWNER_DATABASE_URL")
    assert async_url(application).get_backend_name() == "postgresql"
    connection = await asyncpg.connect(application)
    assert await connection.fetchval("SELECT count(*) FROM deployment") == 0
    await connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
