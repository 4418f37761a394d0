"""What officials declare: relatives and interests once a year, and before the first look at each case.

What a newcomer gets wrong: to show a case first and to ask afterwards. Who is related to the person reported has read
it by then.
"""

import re
from http import HTTPStatus
from typing import Final

from starlette.responses import RedirectResponse, Response

from handlers.desk import words
from handlers.desk.request import CaseNumber, Id, Signed, Visit
from handlers.services import cases, recusals
from handlers.services.errors import BadInput, DeclarationNeeded
from handlers.services.place_names import ELECTING
from storage.repositories.places import Place

HERE: Final = "/desk/declaration"
#: Where somebody may have been going when we asked; nothing else is followed.
_CASE: Final = re.compile(r"/desk/cases/[A-Za-z0-9-]{1,20}")


async def show_declaration(visit: Signed) -> Response:
    """The official's own list."""
    return await _page(visit, {}, _onward(visit.request.query_params.get("next", "")))


async def add_kin(visit: Signed) -> Response:
    """Add a relative or an interest."""
    form = visit.form
    onward = _onward(form.text("next"))
    try:
        async with visit.unit_of_work() as uow:
            await recusals.declare_kin(
                uow,
                visit.official,
                kind=form.text("kin_kind"),
                relation=form.text("relation"),
                name=form.text("name"),
                place_path=form.text("place"),
            )
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        errors = {wrong.field: words.fault(wrong.field, wrong.fault)}
        return await _page(visit, errors, onward, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go(_here(onward), "kin_declared")


async def remove_kin(visit: Signed, kin_id: Id) -> Response:
    """Take a line back."""
    async with visit.unit_of_work() as uow:
        await recusals.take_back_kin(uow, visit.official, kin_id)
        await uow.commit()
    return visit.go(_here(_onward(visit.form.text("next"))), "kin_taken_back")


async def confirm(visit: Signed) -> Response:
    """The list is complete; go on to where the official was going."""
    async with visit.unit_of_work() as uow:
        await recusals.confirm_declaration(uow, visit.official)
        uow.after_commit(visit.desk.wake)
        await uow.commit()
    return visit.go(_onward(visit.form.text("next")) or "/desk", "kin_confirmed")


async def ask_case(visit: Signed, number: CaseNumber) -> Response:
    """Before the first look: whom it is about, and whether anything stands between."""
    async with visit.unit_of_work() as uow:
        await cases.require_kin_declared(uow, visit.official, number)
        case, who = await recusals.preview(uow, visit.official, number)
        await uow.commit()
    return await visit.page("declare.html", case=case, who=who)


def to_declaration(needed: DeclarationNeeded) -> Response:
    """Where an official is sent who has not declared yet."""
    case = f"/desk/cases/{needed.number}"
    return RedirectResponse(_here(case) if needed.what == "kinship" else f"{case}/declare", HTTPStatus.SEE_OTHER)


def _onward(wanted: str) -> str:
    """The case somebody was going to; empty for an address we did not write."""
    return wanted if _CASE.fullmatch(wanted) else ""


def _here(onward: str) -> str:
    return f"{HERE}?next={onward}" if onward else HERE


async def _page(visit: Visit, errors: dict[str, str], onward: str, *, status: int = HTTPStatus.OK) -> Response:
    async with visit.unit_of_work() as uow:
        kin, fresh = await recusals.own_declaration(uow, visit.official)
        places = await uow.places.all_of(*ELECTING, "town")
    return await visit.page(
        "declaration.html",
        status=status,
        kin=kin,
        fresh=fresh,
        places=_named(places),
        errors=errors,
        typed=visit.form.fields if errors else {},
        next=onward,
    )


def _named(places: list[Place]) -> list[tuple[str, str]]:
    """Villages for a list to choose from, with their towns: two may share a name."""
    towns = {one.path: one.name for one in places if one.kind == "town"}
    return [
        (one.path, f"{towns.get(one.path.rpartition('/')[0], '')} {one.name}".strip())
        for one in places
        if one.kind != "town"
    ]
