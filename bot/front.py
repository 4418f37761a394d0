"""What answers first: the chat's page and its files, while the rest of the program is still being imported.

aiogram takes several seconds to import. A person who opens the page in that time sees it at once; what the page asks
for waits until the rest is there.
"""

import asyncio
import socket

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.web.page import STATIC, render_page, render_privacy
from handlers.desk.assets import static_files
from handlers.desk.security import SecurityHeaders


class StartRefused(Exception):
    """The program cannot start; one clear line says why and what to do."""


class Front:
    """The ASGI application of a deployment: the first page by itself, all else by the rest once it is ready."""

    def __init__(self, *, demo: bool, contact: str, secure: bool, body: str = "") -> None:
        self._rest: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()

        async def show_page(request: Request) -> Response:
            return HTMLResponse(render_page(demo=demo, contact=contact, nonce=request.state.nonce))

        async def healthz(_: Request) -> Response:
            return PlainTextResponse("ok\n")

        notice = render_privacy(demo=demo, body=body, contact=contact)

        async def show_privacy(_: Request) -> Response:
            return HTMLResponse(notice)

        own = Starlette(
            routes=[
                Route("/", show_page),
                Route("/privacy", show_privacy),
                Route("/healthz", healthz),
                Mount("/static", static_files()),
                Mount("/chat", StaticFiles(directory=STATIC)),
                Mount("/", self._later),
            ]
        )
        self._app = SecurityHeaders(own, secure=secure)

    def ready(self, rest: ASGIApp) -> None:
        """The rest of the program is there."""
        self._rest.set_result(rest)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._app(scope, receive, send)

    async def _later(self, scope: Scope, receive: Receive, send: Send) -> None:
        rest = await asyncio.shield(self._rest)
        await rest(scope, receive, send)


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket.

    Raises:
        StartRefused: The port is taken or not allowed.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise StartRefused(
            f"Port {port} on {host} cannot be used ({error.strerror}): "
            "stop the other program, or set QINGFENG_PORT to another port"
        ) from error
    return sock
