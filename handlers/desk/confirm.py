"""Showing password or passkey again before what matters most: a name is opened, a dossier leaves, a seat changes.

A page that needs it calls `require_step_up(visit)` first. Within five minutes of the last time that is all. Later the
official is asked for the password on a page that carries everything that was typed, and sends it to the same address
again: nothing is lost, and what was being done is then done. What a newcomer gets wrong: to remember the act on the
server, where another browser's answer could set it off.
"""

import math
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, Final

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.request import Signed, Visit, inside
from handlers.services import passkeys
from handlers.services.errors import NotFound, PasskeyRefused, SignInRefused
from knowledge.errors import QingfengError

CONFIRM: Final = "/desk/confirm"
PASSWORD: Final = "step_up_password"  # noqa: S105 - the name of a field
ANSWER: Final = "step_up_passkey"
_OWN: Final = frozenset({PASSWORD, ANSWER, "csrf"})


@dataclass(slots=True)
class StepUpNeeded(QingfengError):
    """The official has to show password or passkey again; `said` is what was wrong with the last try."""

    code: ClassVar[str] = "step_up_needed"
    visit: Visit
    said: str = ""
    status: int = field(default=HTTPStatus.FORBIDDEN)


async def require_step_up(visit: Visit) -> None:
    """Stop here unless the official has shown password or passkey within five minutes, or does so with this form.

    Raises:
        StepUpNeeded: The edge asks, and what was typed comes back with the answer.
    """
    said, status, stands = "", HTTPStatus.FORBIDDEN, False
    async with visit.unit_of_work() as uow:
        if visit.desk.access.is_confirmed(uow, visit.session):
            return
        try:
            if visit.form.text(PASSWORD):
                await visit.desk.access.confirm(uow, visit.session, visit.form.text(PASSWORD))
                stands = True
            elif visit.form.text(ANSWER) and visit.desk.we:
                await passkeys.confirm(uow, visit.desk.we, visit.session, visit.form.text(ANSWER))
                stands = True
        except SignInRefused as refused:
            said, status = words.STEP_UP_WRONG, HTTPStatus.UNPROCESSABLE_ENTITY
            if refused.wait_seconds:
                minutes = math.ceil(refused.wait_seconds / 60)
                said, status = words.STEP_UP_WAIT.format(minutes=minutes), HTTPStatus.TOO_MANY_REQUESTS
        except PasskeyRefused:
            said, status = words.PASSKEY_NOT_TAKEN, HTTPStatus.UNPROCESSABLE_ENTITY
        await uow.commit()
    if not stands:
        raise StepUpNeeded(visit, said, status)


async def ask_again(needed: StepUpNeeded) -> Response:
    """The page that asks, with everything that was typed."""
    visit = needed.visit
    async with visit.unit_of_work() as uow:
        has_passkey = bool(visit.desk.we and await uow.sign_ins.passkeys_of(visit.official.id))
    if visit.request.method == "POST":
        here = visit.request.url.path
        typed = [(name, text) for name, text in visit.form.fields.items() if name not in _OWN]
    else:
        query = f"?{visit.request.url.query}" if visit.request.url.query else ""
        here, typed = CONFIRM, [("next", f"{visit.request.url.path}{query}")]
    return await visit.page(
        "confirm.html",
        status=needed.status,
        here=here,
        typed=typed,
        had_files=bool(visit.form.uploads),
        error=needed.said,
        has_passkey=has_passkey,
    )


async def confirm(visit: Signed) -> Response:
    """Show password or passkey again, and go on to a page that asked for it."""
    await require_step_up(visit)
    return visit.go(inside(visit.form.text("next")))


async def passkey_options(visit: Signed) -> Response:
    """What the browser is to ask an authenticator for before a form is sent again."""
    if visit.desk.we is None:
        raise NotFound("passkey")
    async with visit.unit_of_work() as uow:
        options = await passkeys.begin_confirming(uow, visit.desk.we, visit.session)
        await uow.commit()
    return Response(options, media_type="application/json")
