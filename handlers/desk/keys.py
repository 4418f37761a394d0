"""A custodian's keys: the recovery key to print, a new key pair, names to be split anew among those who keep them."""

from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk.forms import FormState
from handlers.desk.releases import Errors, tried
from handlers.desk.request import Signed, Visit
from handlers.services import custody, key_pairs
from handlers.services.case_moves import require
from knowledge.casework.access import Permission
from storage.unit_of_work import UnitOfWork

HERE: Final = "/desk/keys"


async def show_keys(visit: Signed) -> Response:
    """How keys and names stand."""
    return await _page(visit)


async def print_recovery(visit: Signed) -> Response:
    """Make a recovery key and show it this once."""
    told: list[str] = []

    async def act(uow: UnitOfWork) -> None:
        require(visit.official, Permission.CHECK_NAMES)
        told.append(await key_pairs.print_recovery(uow, visit.official, visit.form.text("password")))

    return await _told(visit, "recovery", act, told)


async def recover(visit: Signed) -> Response:
    """Put a key that a lost password left behind under the present one, with the printed recovery key."""
    form = visit.form

    async def act(uow: UnitOfWork) -> None:
        require(visit.official, Permission.CHECK_NAMES)
        await visit.desk.access.check_password(uow, visit.official, form.text("password"))
        await key_pairs.recover(uow, visit.official, form.text("recovery"), form.text("password"))

    errors, status = await tried(visit, act)
    if errors:
        return await _page(visit, {"recover": errors}, status=status)
    return visit.go(HERE, "key-recovered")


async def change_key(visit: Signed) -> Response:
    """Make another key pair and show its recovery key this once."""
    told: list[str] = []

    async def act(uow: UnitOfWork) -> None:
        told.append(await custody.change_key(uow, visit.official, visit.form.text("password")))

    return await _told(visit, "change", act, told)


async def contribute(visit: Signed) -> Response:
    """Hand one's shares of names that are to be split anew to a colleague."""
    form = visit.form
    chosen = form.text("colleague")
    to_id = int(chosen) if chosen.isdecimal() else 0
    errors, status = await tried(
        visit, lambda uow: custody.contribute(uow, visit.official, to_id, form.text("password"))
    )
    if errors:
        return await _page(visit, {"contribute": errors}, status=status)
    return visit.go(HERE, "shares-contributed")


async def split_anew(visit: Signed) -> Response:
    """Split names anew, as many as can be."""
    errors, status = await tried(
        visit, lambda uow: custody.split_anew(uow, visit.official, visit.form.text("password"))
    )
    if errors:
        return await _page(visit, {"split": errors}, status=status)
    return visit.go(HERE, "names-split")


async def _told(visit: Visit, form: str, act: Any, told: list[str]) -> Response:
    errors, status = await tried(visit, act)
    return await _page(visit, {form: errors} if errors else None, told[0] if told else None, status=status)


async def _page(
    visit: Visit, errors: dict[str, Errors] | None = None, recovery: str | None = None, *, status: int = HTTPStatus.OK
) -> Response:
    async with visit.unit_of_work() as uow:
        view = await custody.look(uow, visit.official)
    wrong = errors or {}
    return await visit.page(
        "keys.html",
        status=status,
        view=view,
        colleagues=[(str(one.id), one.display_name) for one in view.colleagues],
        recovery=recovery,
        groups=recovery.split("-") if recovery else [],
        form_of=lambda name: FormState(name, name in wrong, _kept(visit) if name in wrong else {}, wrong.get(name, {})),
        errors=wrong,
        summary=[(f"{form}-{name}", said) for form, faults in wrong.items() for name, said in faults.items()],
    )


def _kept(visit: Visit) -> dict[str, str]:
    """What was typed, without passwords; a recovery key comes back, it was copied from paper."""
    return {name: value for name, value in visit.form.fields.items() if name != "password"}
