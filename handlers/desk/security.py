"""Headers that every answer of the application carries, the desk's and the chat's alike.

What a newcomer gets wrong: the policy has no `unsafe-inline`, so a style or an event handler written into a template
is silently dropped by the browser. Put it into a static file. An answer that sets one of these headers itself (a
reporter's file, which is sandboxed) keeps its own.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self' blob:; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",  # for browsers older than frame-ancestors
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
}

STATIC_PREFIXES: Final = ("/static/", "/chat/", "/public/")
STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """Pure ASGI middleware; streams pass untouched.

    `secure` says that the public address is https even where a proxy ends TLS before us.
    """

    def __init__(
        self, app: Application, *, secure: bool = False, static_prefixes: tuple[str, ...] = STATIC_PREFIXES
    ) -> None:
        self._app = app
        self._secure = secure
        self._static = static_prefixes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Add the headers to an HTTP answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = self._headers(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", ())}
                added = [pair for pair in headers if pair[0] not in present]
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _headers(self, scope: MutableMapping[str, Any]) -> list[tuple[bytes, bytes]]:
        wanted = dict(HEADERS)
        is_static = str(scope["path"]).startswith(self._static)
        wanted["cache-control"] = "no-cache" if is_static else "no-store"
        if self._secure or scope.get("scheme") == "https":
            wanted["strict-transport-security"] = STRICT_TRANSPORT
        return [(name.encode(), value.encode()) for name, value in wanted.items()]
