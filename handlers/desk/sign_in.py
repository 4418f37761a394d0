"""The door: password and code, a passkey, a demo's one-time links, and leaving.

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
from handlers.desk.request import ENTRY_SECONDS, Desk, Signed, inside, outside, same
from handlers.services import passkeys
from handlers.services.access import SignedIn
from handlers.services.errors import LinkSpent, NotFound, PasskeyRefused, SignInRefused
from handlers.services.passwords import LONGEST

_LONGEST: Final = 256


async def show_sign_in(request: Request) -> Response:
    """The form; who is signed in already goes on."""
    desk: Desk = request.state.desk
    if await _is_signed_in(desk, request):
        return RedirectResponse(inside(request.query_params.get("next", "")), HTTPStatus.SEE_OTHER)
    return _form(request, next_path=request.query_params.get("next", ""))


async def sign_in(request: Request) -> Response:
    """Check name, password and code."""
    desk: Desk = request.state.desk
    form = await read_form(request, limit=SMALL_BODY)
    kept = {"username": form.text("username")[:_LONGEST], "next_path": form.text("next")}
    if not from_this_browser(request, form.text("csrf")):
        return _form(request, error=words.SIGN_IN_REPEATED, status=HTTPStatus.FORBIDDEN, **kept)
    signed: SignedIn | None = None
    wait = 0
    async with desk.storage.unit_of_work() as uow:
        try:
            signed = await desk.access.sign_in(
                uow,
                username=kept["username"].strip(),
                password=form.text("password")[: LONGEST + 1],
                code="".join(form.text("code").split()),
                caller=desk.caller(request),
            )
        except SignInRefused as refused:
            wait = refused.wait_seconds
        await uow.commit()
    if signed is None:
        return _refused(request, wait, kept)
    return _entered(desk, signed, kept["next_path"])


async def passkey_options(request: Request) -> Response:
    """What the browser is to ask an authenticator for."""
    desk: Desk = request.state.desk
    form = await read_form(request, limit=SMALL_BODY)
    if desk.we is None or not from_this_browser(request, form.text("csrf")):
        raise NotFound("passkey")
    async with desk.storage.unit_of_work() as uow:
        options = await passkeys.begin_sign_in(uow, desk.we, entry_of(request))
        await uow.commit()
    return Response(options, media_type="application/json")


async def use_passkey(request: Request) -> Response:
    """Check an authenticator's answer."""
    desk: Desk = request.state.desk
    form = await read_form(request, limit=SMALL_BODY)
    kept = {"next_path": form.text("next")}
    if desk.we is None or not from_this_browser(request, form.text("csrf")):
        return _form(request, error=words.SIGN_IN_REPEATED, status=HTTPStatus.FORBIDDEN, **kept)
    signed: SignedIn | None = None
    said, status = words.PASSKEY_NOT_TAKEN, HTTPStatus.UNPROCESSABLE_ENTITY
    async with desk.storage.unit_of_work() as uow:
        try:
            signed = await passkeys.sign_in(
                uow, desk.access, desk.we, entry_of(request), form.text("passkey"), desk.caller(request)
            )
        except SignInRefused as refused:
            said, status = _wait(refused.wait_seconds), HTTPStatus.TOO_MANY_REQUESTS
        except PasskeyRefused:
            pass
        await uow.commit()
    if signed is None:
        return _form(request, error=said, status=status, **kept)
    return _entered(desk, signed, kept["next_path"])


async def show_link(request: Request, token: str) -> Response:
    """A demo's one-time link: a page with a button, so that looking does not spend it."""
    return with_entry(request, "link.html", token=token)


async def use_link(request: Request, token: str) -> Response:
    """Spend a one-time link."""
    desk: Desk = request.state.desk
    form = await read_form(request, limit=SMALL_BODY)
    if not from_this_browser(request, form.text("csrf")):
        return with_entry(request, "link.html", token=token, status=HTTPStatus.FORBIDDEN)
    if not desk.settings.demo:  # a link is no second factor
        return await error_page(request, words.ERRORS[LinkSpent.code], STATUS[LinkSpent.code])
    try:
        async with desk.storage.unit_of_work() as uow:
            signed = await desk.access.sign_in_by_link(uow, token, desk.caller(request))
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
        return _form(request, error=_wait(wait_seconds), status=HTTPStatus.TOO_MANY_REQUESTS, **kept)
    return _form(request, error=words.SIGN_IN_WRONG, status=HTTPStatus.UNPROCESSABLE_ENTITY, **kept)


def _wait(seconds: int) -> str:
    return words.SIGN_IN_WAIT.format(minutes=math.ceil(seconds / 60))


def _entered(desk: Desk, signed: SignedIn, next_path: str) -> Response:
    response = RedirectResponse(inside(next_path), HTTPStatus.SEE_OTHER)
    desk.let_in(response, signed)
    return response


def from_this_browser(request: Request, token: str) -> bool:
    """Whether a form was shown in the browser that sends it."""
    return same(entry_of(request), token)


def entry_of(request: Request) -> str:
    """What ties the forms of somebody who is not signed in to their browser."""
    desk: Desk = request.state.desk
    return request.cookies.get(desk.entry_cookie, "")


def _form(
    request: Request,
    *,
    error: str | None = None,
    username: str = "",
    next_path: str = "",
    status: int = HTTPStatus.OK,
) -> Response:
    next_path = "" if inside(next_path) == "/desk" else next_path
    shown = {
        "error": error,
        "username": username,
        "next_path": next_path,
        "passkeys": request.state.desk.we is not None,
    }
    return with_entry(request, "sign_in.html", status=status, **shown)


def with_entry(request: Request, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> Response:
    """A page with a form for somebody who is not signed in."""
    desk: Desk = request.state.desk
    entry = entry_of(request) or secrets.token_urlsafe(24)
    response = HTMLResponse(render(template, **{**outside(request), "csrf": entry}, **context), status)
    desk.set_cookie(response, desk.entry_cookie, entry, max_age=ENTRY_SECONDS)
    return response
