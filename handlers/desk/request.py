"""Who is asking: the desk's cookies, the signed-in official, the CSRF token, and pages in answer.

Every page takes `Signed`. It lets nobody through without a live session, and no POST without that session's token:
a route is closed unless it asks for something else by name. What a newcomer gets wrong: the flash cookie holds a
code, never words, so nobody can make the desk say something by setting a cookie.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, ClassVar, Final

from fastapi import Depends, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from handlers.desk import words
from handlers.desk.devices import device_of
from handlers.desk.forms import SMALL_BODY, BodyTooLarge, Form, UnreadableForm, read_form
from handlers.desk.navigation import navigation
from handlers.desk.pace import Pace
from handlers.desk.pages import render
from handlers.services.access import DEVICE_LIFE, Access, Caller, SignedIn
from handlers.services.answers import Answers
from handlers.services.errors import NotAllowed
from handlers.services.filing import Filings
from handlers.services.passkeys import RelyingParty, relying_party
from knowledge.casework.access import Permission, may
from knowledge.clock import local_date
from knowledge.errors import QingfengError
from storage.repositories.officials import Official
from storage.repositories.sign_ins import DeskSession
from storage.unit_of_work import Storage, UnitOfWork

FLASH_SECONDS: Final = 60
ENTRY_SECONDS: Final = 3600


@dataclass(slots=True)
class SignInNeeded(QingfengError):
    """There is no live session; `form` is what was posted all the same."""

    code: ClassVar[str] = "sign_in_needed"
    form: Form


@dataclass(slots=True)
class CsrfMissing(QingfengError):
    """A POST did not carry the session's token."""

    code: ClassVar[str] = "csrf_missing"


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What the desk is told about its deployment; `base_url` has no trailing slash."""

    base_url: str
    demo: bool
    telegram_username: str | None  # the people's bot
    notices_username: str | None = None  # the bot that pushes officials' notices; may be the same


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything the pages work with, one for each application."""

    storage: Storage
    access: Access
    answers: Answers
    settings: DeskSettings
    wake: Callable[[], None]
    filings: Filings
    pace: Pace = field(default_factory=Pace)

    @property
    def https(self) -> bool:
        """Whether browsers reach us by https, so that cookies may be `Secure`."""
        return self.settings.base_url.startswith("https://")

    @property
    def session_cookie(self) -> str:
        """The name of the session's cookie."""
        return "__Host-qingfeng" if self.https else "qingfeng_desk"

    @property
    def flash_cookie(self) -> str:
        """The name of the cookie with the code of what was just done."""
        return f"{self.session_cookie}_flash"

    @property
    def entry_cookie(self) -> str:
        """The name of the cookie that ties a sign-in form to this browser."""
        return f"{self.session_cookie}_entry"

    @property
    def device_cookie(self) -> str:
        """The name of the cookie that a browser is known by after a first sign-in."""
        return f"{self.session_cookie}_known"

    @property
    def we(self) -> RelyingParty | None:
        """Who we are to authenticators; None where browsers offer no passkeys."""
        return relying_party(self.settings.base_url)

    def caller(self, request: Request) -> Caller:
        """The browser behind a request."""
        address = request.client.host if request.client else ""
        kind = device_of(request.headers.get("user-agent", ""))
        return Caller(address, kind, request.cookies.get(self.device_cookie, ""))

    def today(self) -> date:
        """The date in Asia/Shanghai."""
        return local_date(self.storage.clock.now())

    def let_in(self, response: Response, signed: SignedIn) -> None:
        """Give a browser the cookies of a new session."""
        self.set_cookie(response, self.session_cookie, signed.token)
        self.set_cookie(response, self.device_cookie, signed.device_token, max_age=int(DEVICE_LIFE.total_seconds()))
        self.drop_cookie(response, self.entry_cookie)

    def set_cookie(self, response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
        """Set one of the desk's cookies."""
        response.set_cookie(name, value, max_age=max_age, path="/", secure=self.https, httponly=True, samesite="strict")

    def drop_cookie(self, response: Response, name: str) -> None:
        """Make the browser forget a cookie."""
        response.delete_cookie(name, path="/", secure=self.https, httponly=True, samesite="strict")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a signed-in official."""

    request: Request
    desk: Desk
    session: DeskSession
    token: str
    form: Form

    @property
    def official(self) -> Official:
        """Who is asking."""
        return self.session.official

    def may(self, permission: Permission) -> bool:
        """Whether the official's role carries a permission."""
        return may(self.official.role, permission)

    def require(self, permission: Permission) -> None:
        """Stop here unless the role carries a permission.

        Raises:
            NotAllowed: It does not.
        """
        if not self.may(permission):
            raise NotAllowed

    def unit_of_work(self) -> UnitOfWork:
        """A new unit of work."""
        return self.desk.storage.unit_of_work()

    async def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page with the official's menu and, once, what was just done."""
        async with self.unit_of_work() as uow:
            menu = await navigation(uow, self.official, self.request.url.path)
        flash = self.request.cookies.get(self.desk.flash_cookie, "")
        flashes = [("ok", words.FLASHES[flash])] if flash in words.FLASHES else []
        who = {"display_name": self.official.display_name, "role_label": words.ROLES[self.official.role]}
        frame = {**outside(self.request), "official": who, "csrf": self.session.csrf, "nav": menu, "flashes": flashes}
        html = render(template, today=self.desk.today(), **frame, **context)
        response = HTMLResponse(html, status)
        if flash:
            self.desk.drop_cookie(response, self.desk.flash_cookie)
        return response

    def go(self, href: str, flash: str = "") -> Response:
        """Send the browser to a page after a POST."""
        response = RedirectResponse(href, 303)
        if flash:
            self.desk.set_cookie(response, self.desk.flash_cookie, flash, max_age=FLASH_SECONDS)
        return response


def outside(request: Request) -> dict[str, Any]:
    """What every page is given, for somebody who is not signed in."""
    desk: Desk = request.state.desk
    frame: dict[str, Any] = {"official": None, "csrf": "", "nav": [], "flashes": []}
    return {**frame, "demo": desk.settings.demo, "nonce": request.state.nonce}


def inside(path: str) -> str:
    """A page of the desk to go to, never somewhere else."""
    is_ours = path == "/desk" or path.startswith("/desk/")
    return path if is_ours and "\\" not in path and path.isprintable() else "/desk"


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in constant time; an empty one never is."""
    return bool(one) and secrets.compare_digest(one.encode(), other.encode())


async def signed_in(request: Request) -> Visit:
    """The signed-in official behind a request.

    Raises:
        SignInNeeded: There is none.
        CsrfMissing: A POST without the session's token.
    """
    return await _visit(request, touch=True)


async def watching(request: Request) -> Visit:
    """The same for what a page asks by itself: that somebody left it open is no sign of life.

    Raises:
        SignInNeeded: There is none.
    """
    return await _visit(request, touch=False)


async def _visit(request: Request, *, touch: bool) -> Visit:
    desk: Desk = request.state.desk
    token = request.cookies.get(desk.session_cookie, "")
    session = await _session(desk, token, touch=touch)
    is_post = request.method not in ("GET", "HEAD")
    if session is None:
        raise SignInNeeded(await _rescued(request) if is_post else Form())
    await desk.pace.wait(token)
    visit = Visit(request, desk, session, token, await read_form(request) if is_post else Form())
    request.state.visit = visit
    if is_post and not same(visit.form.text("csrf"), session.csrf):
        raise CsrfMissing
    return visit


Signed = Annotated[Visit, Depends(signed_in)]
Watching = Annotated[Visit, Depends(watching)]

#: Parts of an address; one that does not fit is an address we do not have.
CaseNumber = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,20}$")]
FileId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Id = Annotated[int, Path(ge=1, le=2**53)]


async def _session(desk: Desk, token: str, *, touch: bool) -> DeskSession | None:
    if not token:
        return None
    async with desk.storage.unit_of_work() as uow:
        session = await desk.access.session(uow, token, touch=touch)
        await uow.commit()
    return session


async def _rescued(request: Request) -> Form:
    """What was typed before the session ended, to show it again; only what our own page sent."""
    if request.headers.get("sec-fetch-site") != "same-origin":
        return Form()
    try:
        return await read_form(request, limit=SMALL_BODY)
    except (BodyTooLarge, UnreadableForm):
        return Form()
