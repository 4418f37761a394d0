"""The second party that keeps copies of the log's signed heads: an address on the web, or a file on another disk.

Either is worth something only where the machine's administrator cannot write: an address of another office, a folder
mounted from elsewhere, a pipe to a printer.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from handlers.jobs.log_heads import Send
from storage.log_heads import LogHead

SECONDS: Final = 10


def open_witness(url: str) -> Send:
    """What brings a head to the address of the setting.

    Raises:
        ValueError: It is neither https://, http:// nor file://.
    """
    parts = urlsplit(url)
    if parts.scheme in ("https", "http") and parts.netloc:
        return _to_address(url)
    if parts.scheme == "file" and (parts.netloc or parts.path):
        return _to_file(Path(parts.netloc + parts.path))
    raise ValueError("QINGFENG_LOG_WITNESS begins with neither https:// nor file://")


def _to_address(url: str) -> Send:
    async def send(head: LogHead) -> None:
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=head.as_json(), allow_redirects=False, raise_for_status=True) as answer,
        ):
            if answer.status >= 300:  # noqa: PLR2004 - a redirection is no receipt
                raise ConnectionError(f"status {answer.status}")

    return send


def _to_file(path: Path) -> Send:
    def write(line: str) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    async def send(head: LogHead) -> None:
        await asyncio.to_thread(write, json.dumps(head.as_json()))

    return send
