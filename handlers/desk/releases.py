"""Asking for a reporter's name, and deciding about it.

What a newcomer gets wrong: the asker's page may hold nothing that depends on whether there is a name until custodians
have decided, not even a count of them; and a custodian's page holds nothing of the report.
"""

import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import CaseNumber, Id, Signed, Visit
from handlers.services import releases
from handlers.services.errors import BadInput, SignInRefused
from handlers.services.releases import CustodiansView, OpenedName
from knowledge.casework.access import Role
from knowledge.casework.names import RefusalReason, ReleasePurpose
from storage.errors import WrongPassword
from storage.repositories.releases import Release
from storage.unit_of_work import UnitOfWork

LIST: Final = "/desk/releases"
Errors = dict[str, str]


async def show_reporter(visit: Signed, number: CaseNumber) -> Response:
    """What was asked of a case's custodians, and the form to ask."""
    return await _askers_page(visit, number)


async def ask(visit: Signed, number: CaseNumber) -> Response:
    """Ask them."""
    form = visit.form
    errors, status = await tried(
        visit, lambda uow: releases.ask(uow, visit.official, number, form.text("purpose"), form.text("asked_why"))
    )
    if errors:
        return await _askers_page(visit, number, None, errors, status=status)
    return visit.go(f"/desk/cases/{number}/reporter", "release-asked")


async def open_reporter(visit: Signed, number: CaseNumber) -> Response:
    """Show a released name once, in answer to the asker's password."""
    found: list[OpenedName] = []

    async def act(uow: UnitOfWork) -> None:
        found.append(await releases.open_released(uow, visit.official, number, visit.form.text("password")))

    errors, status = await tried(visit, act)
    return await _askers_page(visit, number, found[0] if found else None, errors, status=status)


async def show_releases(visit: Signed) -> Response:
    """What waits for this custodian, oldest first."""
    async with visit.unit_of_work() as uow:
        found = await releases.waiting(uow, visit.official)
    rows = [
        {
            "number": one.release.number,
            "href": f"{LIST}/{one.release.id}",
            "who": _asker(one.release),
            "purpose": words.PURPOSES[one.release.purpose],
            "asked": dates.moment(one.release.asked_at),
        }
        for one in found
    ]
    return await visit.page("releases.html", rows=rows)


async def show_release(visit: Signed, release_id: Id) -> Response:
    """One request, to be decided on."""
    return await _custodians_page(visit, release_id)


async def grant(visit: Signed, release_id: Id) -> Response:
    """Agree, with the password that opens one's share."""
    errors, status = await tried(
        visit, lambda uow: releases.grant(uow, visit.official, release_id, visit.form.text("password"))
    )
    if errors:
        return await _custodians_page(visit, release_id, errors, status=status)
    return visit.go(LIST, "release-granted")


async def refuse(visit: Signed, release_id: Id) -> Response:
    """Refuse, with a reason."""
    form = visit.form
    errors, status = await tried(
        visit, lambda uow: releases.refuse(uow, visit.official, release_id, form.text("reason"), form.text("words"))
    )
    if errors:
        return await _custodians_page(visit, release_id, errors, status=status)
    return visit.go(LIST, "release-refused")


async def tried(visit: Visit, act: Callable[[UnitOfWork], Awaitable[Any]]) -> tuple[Errors, int]:
    """Do what may need a password, committed in any case; returns what was wrong, by field, and the answer's status."""
    async with visit.unit_of_work() as uow:
        errors, status = {}, HTTPStatus.UNPROCESSABLE_ENTITY
        try:
            await act(uow)
        except BadInput as wrong:
            errors[wrong.field] = words.fault(wrong.field, wrong.fault)
        except WrongPassword:
            errors["password"] = words.KEY_NOT_OPENED
        except SignInRefused as refused:
            if not refused.wait_seconds:
                errors["password"] = words.KEY_NOT_OPENED
            else:
                errors["password"] = words.NAME_WAIT.format(minutes=math.ceil(refused.wait_seconds / 60))
                status = HTTPStatus.TOO_MANY_REQUESTS
        uow.after_commit(visit.desk.wake)
        await uow.commit()
    return errors, status if errors else HTTPStatus.OK


async def _askers_page(
    visit: Visit,
    number: str,
    opened: OpenedName | None = None,
    errors: Errors | None = None,
    *,
    status: int = HTTPStatus.OK,
) -> Response:
    async with visit.unit_of_work() as uow:
        view = await releases.look(uow, visit.official, number)
        if status == HTTPStatus.OK:
            await uow.commit()
    return await visit.page(
        "reporter.html",
        status=status,
        number=view.number,
        has_key=view.has_key,
        waits=_asked(view.undecided) if view.undecided else None,
        until=dates.moment(view.open.expires_at) if view.open and view.open.expires_at else None,
        past=[_line(one, is_open=one.open_at(view.now)) for one in reversed(view.asked) if one.decision],
        purposes=[(str(one), words.PURPOSES[one]) for one in ReleasePurpose],
        opened=opened,
        errors=errors or {},
        typed=visit.form.fields if errors else {},
    )


async def _custodians_page(
    visit: Visit, release_id: int, errors: Errors | None = None, *, status: int = HTTPStatus.OK
) -> Response:
    async with visit.unit_of_work() as uow:
        view = await releases.show(uow, visit.official, release_id)
    release = view.release
    voted = next((one for one in release.votes if one.custodian_id == visit.official.id), None)
    return await visit.page(
        "release.html",
        status=status,
        id=release.id,
        number=release.number,
        facts=[("谁申请", _asker(release)), *_asked(release)],
        can_grant=view.can_grant,
        is_nameless=view.is_nameless,
        is_done=release.decision is not None or voted is not None,
        reasons=_reasons(view),
        errors=errors or {},
        typed=visit.form.fields if errors else {},
    )


def _asker(release: Release) -> str:
    return f"{release.asker_name}（{words.ROLES[Role(release.asker_role)]}）"


def _asked(release: Release) -> list[tuple[str, str]]:
    said = [("说的理由", release.words)] if release.words else []
    return [("用来做什么", words.PURPOSES[release.purpose]), *said, ("申请时间", dates.moment(release.asked_at))]


def _reasons(view: CustodiansView) -> list[tuple[str, str]]:
    fitting = [one for one in RefusalReason if (one is RefusalReason.NONE_LEFT) is view.is_nameless]
    return [(str(one), words.REFUSALS[one]) for one in fitting]


def _line(one: Release, *, is_open: bool) -> dict[str, Any]:
    if one.decision == "granted":
        title = "同意了，现在能看" if is_open else "同意过，时间到了"
    else:
        last = next(vote for vote in reversed(one.votes) if not vote.granted)
        said = f"，{last.words}" if last.words else ""
        title = f"没有同意：{words.REFUSALS[RefusalReason(last.reason)]}{said}"
    when = dates.moment(one.decided_at) if one.decided_at else ""
    return {"when": when, "who": words.PURPOSES[one.purpose], "title": title, "kind": "ok" if is_open else "plain"}
