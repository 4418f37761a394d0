"""The door: password and code, one-time links, and leaving.

What a newcomer gets wrong: looking at a link must not spend it (chat programs fetch links to preview them), so GET
only shows a button. And a refused sign-in is committed, because the failure is counted. The sign-in form has no
session to take a CSRF token from: a cookie of its own ties it to the browser.
"""

import math
import secrets
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from handlers.desk import words
from handlers.desk.faults import STATUS, error_page
from handlers.desk.forms import SMALL_BODY, read_form
from handlers.desk.pages import render
from handlers.desk.request import ENTRY_SECONDS, Desk, Signed, same
from handlers.services.access import SignedIn
from handlers.services.errors import LinkSpent, SignInRefused

_LONGEST: Final = 256


async def show_sign_in(request: Request) -> Response:
    """The form; who is signed in already goes on."""
    desk: Desk = request.state.desk
    if await _is_signed_in(desk, request):
        return RedirectResponse(_inside(request.query_params.get("next", "")), HTTPStatus.SEE_OTHER)
    return _form(request, next_path=request.query_params.get("next", ""))


async def sign_in(request: Request) -> Response:
    """Check name, password and code."""
    desk: Desk = request.state.desk
    form = await read_form(request, limit=SMALL_BODY)
    kept = {"username": form.text("username")[:_LONGEST], "next_path": form.text("next")}
    if not _from_this_browser(desk, request, form.text("csrf")):
        return _form(request, error=words.SIGN_IN_REPEATED, status=HTTPStatus.FORBIDDEN, **kept)
    signed: SignedIn | None = None
    wait = 0
    async with desk.storage.unit_of_work() as uow:
        try:
            signed = await desk.access.sign_in(
                uow,
                username=kept["username"].strip(),
                password=form.text("password")[:_LONGEST],
                code="".join(form.text("code").split()),
                address=request.client.host if request.client else "",
            )
        except SignInRefused as refused:
            wait = refused.wait_seconds
        await uow.commit()
    if signed is None:
        return _refused(request, wait, kept)
    return _entered(desk, signed, kept["next_path"])


async def show_link(request: Request, token: str) -> Response:
    """A one-time link: a page with a button, so that looking does not spend it."""
    return _with_entry(request, "link.html", token=token)


async def use_link(request: Request, token: str) -> Response:
    """Spend a one-time link."""
    desk: Desk = request.state.desk
    form = await read_form(request, limit=SMALL_BODY)
    if not _from_this_browser(desk, request, form.text("csrf")):
        return _with_entry(request, "link.html", token=token, status=HTTPStatus.FORBIDDEN)
    try:
        async with desk.storage.unit_of_work() as uow:
            signed = await desk.access.sign_in_by_link(uow, token)
            await uow.commit()
    except LinkSpent as spent:
        return await error_page(request, words.ERRORS[spent.code], STATUS[spent.code])
    return _entered(desk, signed, "")


async def sign_out(visit: Signed) -> Response:
    """End the session."""
    async with visit.unit_of_work() as uow:
        await visit.desk.access.sign_out(uow, visit.token)
        await uow.commit()
    response = visit.go("/desk/sign-in")
    visit.desk.drop_cookie(response, visit.desk.session_cookie)
    return response


async def _is_signed_in(desk: Desk, request: Request) -> bool:
    token = request.cookies.get(desk.session_cookie, "")
    if not token:
        return False
    async with desk.storage.unit_of_work() as uow:
        found = await desk.access.session(uow, token)
        await uow.commit()
    return found is not None


def _refused(request: Request, wait_seconds: int, kept: dict[str, str]) -> Response:
    if wait_seconds:
        said = words.SIGN_IN_WAIT.format(minutes=math.ceil(wait_seconds / 60))
        return _form(request, error=said, status=HTTPStatus.TOO_MANY_REQUESTS, **kept)
    return _form(request, error=words.SIGN_IN_WRONG, status=HTTPStatus.UNPROCESSABLE_ENTITY, **kept)


def _entered(desk: Desk, signed: SignedIn, next_path: str) -> Response:
    response = RedirectResponse(_inside(next_path), HTTPStatus.SEE_OTHER)
    desk.set_cookie(response, desk.session_cookie, signed.token)
    desk.drop_cookie(response, desk.entry_cookie)
    return response


def _inside(path: str) -> str:
    """A page of the desk to go to, never somewhere else."""
    is_ours = path == "/desk" or path.startswith("/desk/")
    return path if is_ours and "\\" not in path and path.isprintable() else "/desk"


def _from_this_browser(desk: Desk, request: Request, token: str) -> bool:
    return same(request.cookies.get(desk.entry_cookie, ""), token)


def _form(
    request: Request,
    *,
    error: str | None = None,
    username: str = "",
    next_path: str = "",
    status: int = HTTPStatus.OK,
) -> Response:
    next_path = "" if _inside(next_path) == "/desk" else next_path
    return _with_entry(request, "sign_in.html", status=status, error=error, username=username, next_path=next_path)


def _with_entry(request: Request, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> Response:
    desk: Desk = request.state.desk
    entry = request.cookies.get(desk.entry_cookie, "") or secrets.token_urlsafe(24)
    frame: dict[str, Any] = {"official": None, "demo": desk.settings.demo, "nav": [], "flashes": [], "csrf": entry}
    response = HTMLResponse(render(template, **frame, **context), status)
    desk.set_cookie(response, desk.entry_cookie, entry, max_age=ENTRY_SECONDS)
    return response
