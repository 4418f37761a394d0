"""Asking a ClamAV daemon (clamd) about bytes: INSTREAM over a socket, piece by piece.

Address: `unix:/run/clamav/clamd.ctl` or `tcp:127.0.0.1:3310`. The daemon sees a file in clear for as long as it looks,
so it belongs on the same machine. What a newcomer gets wrong: no answer is not "clean".
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = 256 * 1024  # bytes in one block of the stream
_LENGTH: Final = struct.Struct(">I")


class ScannerDown(Exception):
    """The daemon cannot be reached, or did not answer as it should."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the daemon said: `found` names what it found; `too_large`: beyond its own limit, it did not look."""

    found: str | None = None
    too_large: bool = False


class ClamAV:
    """One daemon. Each file is a connection of its own."""

    def __init__(self, address: str, *, timeout: float = 120.0) -> None:
        """Raises ValueError: The address is of neither form."""
        kind, _, where = address.partition(":")
        host, _, port = where.rpartition(":")
        if not (kind == "unix" and where) and not (kind == "tcp" and host and port.isdigit()):
            raise ValueError("QINGFENG_CLAMAV is neither unix:/path nor tcp:host:port")
        self._unix, self._host, self._port = where if kind == "unix" else "", host, port
        self._timeout = timeout

    async def scan(self, data: AsyncIterator[bytes]) -> Scanned:
        """Send bytes and hear what they are.

        Raises:
            ScannerDown: It cannot be said.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return _read(await self._asked(data))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise ScannerDown(type(error).__name__) from error

    async def _asked(self, data: AsyncIterator[bytes]) -> str:
        if self._unix:
            reader, writer = await asyncio.open_unix_connection(self._unix)
        else:
            reader, writer = await asyncio.open_connection(self._host, int(self._port))
        # Beyond its limit the daemon answers while it is still being written to, and closes: who reads afterwards
        # finds the connection broken and the answer gone.
        answer = asyncio.create_task(reader.readuntil(b"\0"))
        try:
            with suppress(ConnectionError):
                await self._send(writer, data, answer)
            return (await answer).decode("utf-8", "replace").strip("\0\n ")
        finally:
            answer.cancel()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    @staticmethod
    async def _send(writer: asyncio.StreamWriter, data: AsyncIterator[bytes], answer: asyncio.Task[bytes]) -> None:
        writer.write(b"zINSTREAM\0")
        async for some in data:
            for at in range(0, len(some), _BLOCK):
                if answer.done():
                    return
                block = some[at : at + _BLOCK]
                writer.write(_LENGTH.pack(len(block)) + block)
                await writer.drain()
        writer.write(_LENGTH.pack(0))
        await writer.drain()


def _read(answer: str) -> Scanned:
    if "size limit exceeded" in answer:
        return Scanned(too_large=True)
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return Scanned()
    if said.endswith(" FOUND"):
        return Scanned(found=said.removesuffix(" FOUND")[:120])
    raise ScannerDown(answer[:100] or "no answer")
