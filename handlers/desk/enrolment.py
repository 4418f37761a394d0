"""An invitation or a reset: somebody sets up their own seat, in their own browser, and comes in.

What a newcomer gets wrong: looking at the address neither looks anything up nor spends anything (chat programs fetch
links to preview them). A button opens the link in this browser; only then is an authenticator's secret made, for it
alone.
"""

import math
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handlers.desk import words
from handlers.desk.candidates import qr_code
from handlers.desk.forms import SMALL_BODY, Form, read_form
from handlers.desk.request import FLASH_SECONDS, Desk
from handlers.desk.sign_in import entry_of, from_this_browser, with_entry
from handlers.services import enrolment
from handlers.services.enrolment import Chosen, Enrolled
from handlers.services.errors import BadFields, SignInRefused


async def show_invitation(request: Request, token: str) -> Response:
    """A page with a button, the same for every address."""
    return with_entry(request, "invitation.html", token=token)


async def use_invitation(request: Request, token: str) -> Response:
    """Open the link in this browser, or set the seat up."""
    form = await read_form(request, limit=SMALL_BODY)
    if not from_this_browser(request, form.text("csrf")):
        return with_entry(request, "invitation.html", token=token, status=HTTPStatus.FORBIDDEN)
    if form.text("step") != "finish":
        return await _ask(request, token, {}, form)
    try:
        done = await _set_up(request, token, form)
    except BadFields as wrong:
        return await _ask(request, token, {one.field: words.fault(one.field, one.fault) for one in wrong.faults}, form)
    if isinstance(done, SignInRefused):
        return await _ask(request, token, {"old_password": _not_proven(done)}, form)
    desk: Desk = request.state.desk
    response = RedirectResponse("/desk/account", HTTPStatus.SEE_OTHER)
    desk.let_in(response, done.signed)
    flash = "enrolled" if done.keeps_names else "enrolled_without_key"
    desk.set_cookie(response, desk.flash_cookie, flash, max_age=FLASH_SECONDS)
    return response


async def _set_up(request: Request, token: str, form: Form) -> Enrolled | SignInRefused:
    desk: Desk = request.state.desk
    chosen = Chosen(*(form.text(name) for name in ("password", "again", "code", "old_password", "old_code")))
    async with desk.storage.unit_of_work() as uow:
        try:
            done: Enrolled | SignInRefused = await enrolment.finish(
                uow, desk.access, token, entry_of(request), chosen, desk.caller(request)
            )
        except SignInRefused as refused:
            done = refused
        await uow.commit()
    return done


async def _ask(request: Request, token: str, errors: dict[str, str], form: Form) -> Response:
    desk: Desk = request.state.desk
    async with desk.storage.unit_of_work() as uow:
        begun = await enrolment.begin(uow, token, entry_of(request))
        await uow.commit()
    return with_entry(
        request,
        "enrol.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        token=token,
        display_name=begun.official.display_name,
        username=begun.official.username,
        role=words.ROLES[begun.official.role],
        is_reset=begun.kind == enrolment.RESET,
        secret=spaced(begun.totp_secret),
        qr=qr_code(begun.totp_uri),
        errors=errors,
        typed=form.fields if errors else {},
    )


def spaced(secret: str) -> str:
    """A secret in groups of four, to be typed by hand."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _not_proven(refused: SignInRefused) -> str:
    if refused.wait_seconds:
        return words.SIGN_IN_WAIT.format(minutes=math.ceil(refused.wait_seconds / 60))
    return words.NOT_PROVEN
