"""A daemon on a socket that speaks clamd's INSTREAM: finds EICAR, and one mark of our own; may be full, or silent."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

#: The harmless text every scanner finds; put together here so that none finds this file.
EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + "$H+H*").encode()


@dataclass
class Daemon:
    """What it was asked, and how it behaves. `most`: bytes it looks at, as StreamMaxLength says."""

    address: str
    most: int = 25 * 1024 * 1024
    silent: bool = False
    asked: list[int] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
            data = bytearray()
            while length := struct.unpack(">I", await reader.readexactly(4))[0]:
                data += await reader.readexactly(length)
                if len(data) > self.most:
                    writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                    await writer.drain()
                    return
            self.asked.append(len(data))
            if not self.silent:
                writer.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0")
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def daemon(folder: Path, *, tcp: bool = False) -> AsyncIterator[Daemon]:
    made = Daemon("")
    if tcp:
        server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
        made.address = f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(made.serve, folder / "clamd.ctl")
        made.address = f"unix:{folder / 'clamd.ctl'}"
    async with server:
        yield made
