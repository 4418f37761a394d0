"""An official's own seat: password, authenticator, passkeys, where one is signed in, which browsers are known.

Everything here is about the one who is signed in; no address of this module names another official.
"""

import math
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Path
from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.candidates import qr_code
from handlers.desk.confirm import require_step_up
from handlers.desk.enrolment import spaced
from handlers.desk.request import Id, Signed, Visit
from handlers.services import enrolment, passkeys
from handlers.services.errors import BadInput, NotFound, PasskeyRefused, SignInRefused
from knowledge.clock import local_date
from storage.repositories.sign_ins import DeskSession

HERE: Final = "/desk/account"
Handle = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]


async def show_account(visit: Signed) -> Response:
    """The own page."""
    return await _page(visit)


async def change_password(visit: Signed) -> Response:
    """Another password, in answer to the old one."""
    form, errors, followed = visit.form, {}, False
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    if form.text("again") != form.text("password"):
        errors["again"] = words.fault("again", "differs")
        return await _page(visit, errors, status=status)
    async with visit.unit_of_work() as uow:
        try:
            followed = await visit.desk.access.change_password(
                uow, visit.session, old=form.text("old"), new=form.text("password")
            )
        except BadInput as wrong:
            errors[wrong.field] = words.fault(wrong.field, wrong.fault)
        except SignInRefused as refused:
            errors["old"] = words.STEP_UP_WRONG
            if refused.wait_seconds:
                errors["old"] = words.STEP_UP_WAIT.format(minutes=math.ceil(refused.wait_seconds / 60))
                status = HTTPStatus.TOO_MANY_REQUESTS
        await uow.commit()
    if errors:
        return await _page(visit, errors, status=status)
    return visit.go(HERE, "password_changed" if followed else "password_changed_without_key")


async def begin_code(visit: Signed) -> Response:
    """A secret for a new phone, shown on this page and nowhere else."""
    await require_step_up(visit)
    async with visit.unit_of_work() as uow:
        begun = await enrolment.begin_code(uow, visit.session)
        await uow.commit()
    return await _code_page(visit, begun.totp_secret, begun.totp_uri)


async def finish_code(visit: Signed) -> Response:
    """Take codes from the new phone from now on."""
    await require_step_up(visit)
    try:
        async with visit.unit_of_work() as uow:
            await enrolment.finish_code(uow, visit.desk.access, visit.session, visit.form.text("code"))
            await uow.commit()
    except BadInput as wrong:
        async with visit.unit_of_work() as uow:
            begun = await enrolment.begun_code(uow, visit.session)
        errors = {wrong.field: words.fault(wrong.field, wrong.fault)}
        if begun is None:
            return await _page(visit, errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return await _code_page(visit, begun.totp_secret, begun.totp_uri, errors)
    return visit.go(HERE, "code_changed")


async def passkey_options(visit: Signed) -> Response:
    """What the browser is to ask an authenticator for."""
    await require_step_up(visit)
    if visit.desk.we is None:
        raise NotFound("passkey")
    async with visit.unit_of_work() as uow:
        options = await passkeys.begin_adding(uow, visit.desk.we, visit.session)
        await uow.commit()
    return Response(options, media_type="application/json")


async def add_passkey(visit: Signed) -> Response:
    """Keep what the authenticator has made."""
    await require_step_up(visit)
    if visit.desk.we is None:
        raise NotFound("passkey")
    if not visit.form.text("passkey"):  # the browser could not ask for it before the password was shown
        return visit.go(f"{HERE}#passkeys", "confirmed")
    errors: dict[str, str] = {}
    async with visit.unit_of_work() as uow:
        try:
            await passkeys.finish_adding(
                uow,
                visit.desk.access,
                visit.desk.we,
                visit.session,
                visit.form.text("passkey"),
                visit.form.text("passkey_name"),
            )
        except BadInput as wrong:
            errors["passkey_name"] = words.fault(wrong.field, wrong.fault)
        except PasskeyRefused:
            errors["passkey_name"] = words.PASSKEY_NOT_KEPT
        await uow.commit()
    if errors:
        return await _page(visit, errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go(f"{HERE}#passkeys", "passkey_added")


async def rename_passkey(visit: Signed, passkey_id: Id) -> Response:
    """Call a passkey something else."""
    try:
        async with visit.unit_of_work() as uow:
            await passkeys.rename(uow, visit.session, passkey_id, visit.form.text("passkey_name"))
            await uow.commit()
    except BadInput as wrong:
        errors = {f"name-{passkey_id}": words.fault(wrong.field, wrong.fault)}
        return await _page(visit, errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go(f"{HERE}#passkeys", "passkey_renamed")


async def remove_passkey(visit: Signed, passkey_id: Id) -> Response:
    """Let a passkey open nothing any more."""
    await require_step_up(visit)
    async with visit.unit_of_work() as uow:
        await passkeys.remove(uow, visit.desk.access, visit.session, passkey_id)
        await uow.commit()
    return visit.go(f"{HERE}#passkeys", "passkey_removed")


async def end_session(visit: Signed, handle: Handle) -> Response:
    """Sign another browser of one's own out."""
    async with visit.unit_of_work() as uow:
        for one in await uow.sign_ins.sessions_of(visit.official.id):
            if one.handle == handle and one.token_hash != visit.session.token_hash:
                await uow.sign_ins.close_session(one.token_hash)
                await visit.desk.access.record(uow, visit.official, "session_ended")
        await uow.commit()
    return visit.go(f"{HERE}#sessions", "session_ended")


async def end_all_others(visit: Signed) -> Response:
    """Sign every other browser out, and know none of them any more."""
    async with visit.unit_of_work() as uow:
        await uow.sign_ins.end_all(visit.official.id, but=visit.session.token_hash)
        await visit.desk.access.record(uow, visit.official, "sessions_ended")
        await uow.commit()
    return visit.go(f"{HERE}#sessions", "sessions_ended")


async def forget_device(visit: Signed, handle: Handle) -> Response:
    """Trust a browser no more than a stranger's."""
    async with visit.unit_of_work() as uow:
        for one in await uow.sign_ins.devices_of(visit.official.id):
            if one.handle == handle:
                await uow.sign_ins.forget_device(one.token_hash, visit.official.id)
        await uow.commit()
    return visit.go(f"{HERE}#devices", "device_forgotten")


async def _page(visit: Visit, errors: dict[str, str] | None = None, *, status: int = HTTPStatus.OK) -> Response:
    async with visit.unit_of_work() as uow:
        sessions = await uow.sign_ins.sessions_of(visit.official.id)
        devices = await uow.sign_ins.devices_of(visit.official.id)
        keys = await uow.sign_ins.passkeys_of(visit.official.id)
    live = [one for one in sessions if visit.desk.access.is_live(visit.desk.storage.clock.now(), one)]
    return await visit.page(
        "account.html",
        status=status,
        username=visit.official.username,
        role=words.ROLES[visit.official.role],
        sessions=[_session(one, visit.session) for one in live],
        devices=[
            {"handle": one.handle, "what": words.device(one.device), "last": dates.day(local_date(one.last_used_at))}
            for one in devices
        ],
        passkeys=[
            {
                "id": one.id,
                "name": one.name,
                "added": dates.day(local_date(one.created_at)),
                "last": dates.day(local_date(one.last_used_at)) if one.last_used_at else None,
            }
            for one in keys
        ],
        passkeys_offered=visit.desk.we is not None,
        errors=errors or {},
        typed=visit.form.fields if errors else {},
    )


async def _code_page(visit: Visit, secret: str, uri: str, errors: dict[str, str] | None = None) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return await visit.page("new_code.html", status=status, secret=spaced(secret), qr=qr_code(uri), errors=errors or {})


def _session(one: DeskSession, this: DeskSession) -> dict[str, Any]:
    is_this = one.token_hash == this.token_hash
    return {
        "handle": one.handle,
        "what": words.device(one.device),
        "way": words.SIGN_IN_WAYS[one.way],
        "since": dates.moment(one.created_at),
        "seen": None if is_this else dates.moment(one.last_seen_at),
        "is_this": is_this,
    }
