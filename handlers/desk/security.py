"""Headers that every answer of the application carries, the desk's and the chat's alike.

What a newcomer gets wrong: the policy has no `unsafe-inline`, so a style or an event handler written into a template
is silently dropped by the browser. Put it into a static file, and give its tag the answer's nonce: a
script without it does not run, not even one of ours; browsers too old for nonces fall back to our own files. Styles
come from our own files by address: no answer of ours but a static file has a style's type, and none may be guessed.
An answer that sets one of these headers itself (a reporter's file, which is sandboxed) keeps its own.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

#: `strict-dynamic` makes browsers that know nonces leave 'self' aside.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; media-src 'self' blob:; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
NONCE_BYTES: Final = 16

#: The same on every answer; the policy above comes beside them.
HEADERS: Final = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",  # for browsers older than frame-ancestors
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)",
}

STATIC_PREFIXES: Final = ("/static/", "/chat/", "/public/")
STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"


class SecurityHeaders:
    """Pure ASGI middleware; streams pass untouched.

    `secure` says that the public address is https even where a proxy ends TLS before us; `nonce` makes one for each
    answer, and is another only where a test compares pages.
    """

    def __init__(
        self,
        app: Application,
        *,
        secure: bool = False,
        static_prefixes: tuple[str, ...] = STATIC_PREFIXES,
        nonce: Callable[[], str] | None = None,
    ) -> None:
        self._app = app
        self._secure = secure
        self._static = static_prefixes
        self._nonce = nonce or _new_nonce

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Add the headers to an HTTP answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = self._nonce()
        scope.setdefault("state", {})["nonce"] = nonce
        headers = self._headers(scope, nonce)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", ())}
                added = [pair for pair in headers if pair[0] not in present]
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _headers(self, scope: MutableMapping[str, Any], nonce: str) -> list[tuple[bytes, bytes]]:
        wanted = {"content-security-policy": CONTENT_SECURITY_POLICY.format(nonce=nonce), **HEADERS}
        is_static = str(scope["path"]).startswith(self._static)
        wanted["cache-control"] = "no-cache" if is_static else "no-store"
        if self._secure or scope.get("scheme") == "https":
            wanted["strict-transport-security"] = STRICT_TRANSPORT
        return [(name.encode(), value.encode()) for name, value in wanted.items()]


def _new_nonce() -> str:
    return secrets.token_urlsafe(NONCE_BYTES)
