"""A large file handed in by link to a server in a process of its own: how fast, and how much its memory grows.

`python -m tests.benchmarks.upload [MB]` prints one JSON object; the default is 300 MB of bytes that cannot be packed.
"""

import asyncio
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
import uvicorn
from fastapi import FastAPI

from bot.clock import SystemClock
from handlers.desk.security import SecurityHeaders
from handlers.public.app import create_public
from storage.engine import Database
from storage.files import FileStore
from storage.migrate import migrate
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import factories

MEGABYTE: Final = 1024 * 1024
_BOUNDARY: Final = "a-line-between-parts"


def _storage(folder: Path) -> Storage:
    keys = KeyRing(bytes(range(32)))
    return Storage(Database(f"sqlite:///{folder}/qf.db"), keys, FileStore(folder / "files", keys), SystemClock())


def serve(folder: Path, descriptor: int) -> None:
    """The public pages alone, on a socket that listens already."""
    app = FastAPI()
    app.include_router(create_public(_storage(folder), "http://127.0.0.1", lambda: None))
    app.add_middleware(SecurityHeaders)
    uvicorn.Server(uvicorn.Config(app, fd=descriptor, log_level="warning", access_log=False)).run()


async def _link(folder: Path) -> str:
    await migrate(f"sqlite:///{folder}/qf.db")
    storage = _storage(folder)
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE])
        until = uow.clock.now() + timedelta(hours=1)
        token = await uow.announcements.announce(
            draft_id=None, case_id=case.id, name="film.mp4", size=None, kind="supplement", until=until
        )
        await uow.commit()
    await storage.close()
    return token


async def _send(port: int, token: str, megabytes: int) -> tuple[float, str]:
    digest, block = hashlib.sha256(), os.urandom(MEGABYTE)
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="film.mp4"\r\n\r\n'.encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()

    async def body() -> AsyncIterator[bytes]:
        yield head
        for _ in range(megabytes):
            digest.update(block)
            yield block
        yield tail

    length = str(len(head) + megabytes * MEGABYTE + len(tail))
    headers = {"content-type": f"multipart/form-data; boundary={_BOUNDARY}", "content-length": length}
    async with httpx.AsyncClient(timeout=600) as client:
        await client.get(f"http://127.0.0.1:{port}/keys")
        began = time.perf_counter()
        answer = await client.post(f"http://127.0.0.1:{port}/upload/{token}", content=body(), headers=headers)
    took = time.perf_counter() - began
    assert answer.status_code == httpx.codes.OK, answer.text
    assert digest.hexdigest() in answer.text, "another file than was sent"
    return took, digest.hexdigest()


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def measure(megabytes: int = 300) -> dict[str, float]:
    """MB sent, MB a second, the server's peak memory before and after in MB."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listening:
        folder, descriptor = Path(name), listening.fileno()
        small, token = asyncio.run(_link_pair(folder))
        os.set_inheritable(descriptor, True)
        command = [sys.executable, "-m", "tests.benchmarks.upload", "serve", name, str(descriptor)]
        with subprocess.Popen(command, pass_fds=(descriptor,)) as server:
            port = listening.getsockname()[1]
            asyncio.run(_send(port, small, 1))
            before = _peak(server.pid)
            took, _ = asyncio.run(_send(port, token, megabytes))
            after = _peak(server.pid)
            server.terminate()
    return {
        "upload_mb": megabytes,
        "upload_mb_per_second": megabytes / took,
        "upload_peak_mb_before": before,
        "upload_peak_mb_after": after,
    }


async def _link_pair(folder: Path) -> tuple[str, str]:
    first = await _link(folder)
    storage = _storage(folder)
    async with storage.unit_of_work() as uow:
        link = await uow.announcements.by_token(first)
        assert link is not None
        second = await uow.announcements.announce(
            draft_id=None,
            case_id=link.announced.case_id,
            name="film.mp4",
            size=None,
            kind="supplement",
            until=link.expires_at,
        )
        await uow.commit()
    await storage.close()
    return first, second


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(measure(*(int(one) for one in sys.argv[1:2]))))  # noqa: T201
