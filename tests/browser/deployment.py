"""A deployment as somebody installs it: its own folder, its own process, a demo county, stopped with Ctrl+C.

What a newcomer gets wrong: nothing is waited for by time. The program says on its standard output when it is ready.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import pyotp

ROOT: Final = Path(__file__).resolve().parents[2]
START_SECONDS: Final = 180  # a cold start takes under ten; a machine that tests share takes longer
STOP_SECONDS: Final = 20
STOPPED: Final = 0  # Ctrl+C is how one stops it
LAST_LINE: Final = "Ctrl+C"


@dataclass(frozen=True, slots=True)
class Seat:
    """A demo official: the link signs in once, the password as often as one likes."""

    username: str
    role: str
    name: str
    link: str
    password: str
    totp_secret: str

    def code(self) -> str:
        """The six digits of this half minute."""
        return pyotp.TOTP(self.totp_secret).now()


@dataclass(frozen=True, slots=True)
class Deployment:
    """A running one."""

    url: str
    seats: dict[str, Seat]

    @property
    def desk(self) -> str:
        return f"{self.url}/desk"


@contextmanager
def running_deployment(folder: Path, host: str = "127.0.0.1") -> Iterator[Deployment]:
    """`qingfeng demo`, then `qingfeng run` until the block ends; a fault in its log fails."""
    port = _free_port()
    url = f"http://{host}:{port}"
    environment = _environment(folder, port) | {"QINGFENG_BASE_URL": url}
    seats = _make_demo(folder, environment)
    log = folder / "stderr.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors
        )
    with process:
        _wait_until_ready(process, url, log)
        yield Deployment(url, seats)
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    said = log.read_text()
    assert process.returncode == STOPPED, (process.returncode, said)
    assert "Traceback" not in said, said
    assert not [line for line in said.splitlines() if " ERROR " in line], said


def _make_demo(folder: Path, environment: dict[str, str]) -> dict[str, Seat]:
    made = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    told: list[dict[str, Any]] = [json.loads(line) for line in made.stdout.decode().splitlines()]
    fields = Seat.__slots__
    return {one["username"]: Seat(**{field: one[field] for field in fields}) for one in told}


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Read what it prints up to its last line; a watch ends a start that hangs."""
    watch = threading.Timer(START_SECONDS, process.kill)
    watch.start()
    assert process.stdout is not None
    try:
        ready = any(LAST_LINE in line.decode() for line in process.stdout)
    finally:
        watch.cancel()
    assert ready, log.read_text()
    with urlopen(f"{url}/readyz", timeout=START_SECONDS) as answer:  # noqa: S310 - our own http address
        assert answer.status == 200


def _environment(folder: Path, port: int) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("QINGFENG_")}
    ours = {
        "QINGFENG_PORT": str(port),
        "QINGFENG_DATABASE_URL": f"sqlite:///{folder}/qingfeng.db",
        "QINGFENG_FILES_URL": f"file://{folder}/files",
        "QINGFENG_KEY_FILE": f"{folder}/qingfeng.key",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    return bare | ours


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
