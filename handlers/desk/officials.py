"""The administrator's pages: who has a seat, new seats, changed and closed ones. Nothing of any case is shown here."""

from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.candidates import qr_code
from handlers.desk.confirm import require_step_up
from handlers.desk.request import Id, Signed, Visit
from handlers.services import appointments
from handlers.services.appointments import Appointment
from handlers.services.enrolment import RESET
from handlers.services.errors import BadInput
from handlers.services.seats import SeatChange
from knowledge.casework.access import Role
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

HERE: Final = "/desk/officials"


async def show_officials(visit: Signed) -> Response:
    """Everybody in the administrator's place."""
    return await _list(visit)


async def invite(visit: Signed) -> Response:
    """Give somebody a seat; the link is shown this once."""
    form = visit.form
    wanted = Appointment(
        username=form.text("username").strip().lower(),
        display_name=form.text("display_name"),
        role=form.text("role"),
        place_path=form.text("place"),
        is_head=form.text("is_head") == "yes",
        names=_lines(form.text("names")),
        posts=_lines(form.text("posts")),
    )
    visit.require(appointments.NEEDED)
    await require_step_up(visit)
    try:
        async with visit.unit_of_work() as uow:
            official, token = await appointments.invite(uow, visit.official, wanted)
            seat = await _seat(uow, visit, official.id)
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _list(visit, {wrong.field: words.fault(wrong.field, wrong.fault)})
    return await _page(visit, seat, link=_address(visit, token))


async def show_official(visit: Signed, official_id: Id) -> Response:
    """One seat."""
    return await _one(visit, official_id)


async def make_link(visit: Signed, official_id: Id) -> Response:
    """A new link to a seat; it is shown this once."""
    visit.require(appointments.NEEDED)
    await require_step_up(visit)
    try:
        async with visit.unit_of_work() as uow:
            _, token = await appointments.make_link(uow, visit.official, official_id)
            seat = await _seat(uow, visit, official_id)
            await uow.commit()
    except BadInput as wrong:
        return await _one(visit, official_id, {wrong.field: words.fault(wrong.field, wrong.fault)})
    return await _page(visit, seat, link=_address(visit, token))


async def change(visit: Signed, official_id: Id) -> Response:
    """Change a seat."""
    visit.require(appointments.NEEDED)
    await require_step_up(visit)
    form = visit.form
    wanted = SeatChange(
        role=form.text("role"),
        place_path=form.text("place"),
        display_name=form.text("display_name"),
        is_head=form.text("is_head") == "yes",
        names=_lines(form.text("names")),
        posts=_lines(form.text("posts")),
    )
    try:
        async with visit.unit_of_work() as uow:
            await appointments.change(uow, visit.official, official_id, wanted, successor=form.text("successor"))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _one(visit, official_id, {wrong.field: words.fault(wrong.field, wrong.fault)})
    return visit.go(f"{HERE}/{official_id}", "official_changed")


async def close(visit: Signed, official_id: Id) -> Response:
    """Close a seat."""
    visit.require(appointments.NEEDED)
    await require_step_up(visit)
    try:
        async with visit.unit_of_work() as uow:
            await appointments.close(uow, visit.official, official_id, successor=visit.form.text("successor"))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _one(visit, official_id, {wrong.field: words.fault(wrong.field, wrong.fault)})
    return visit.go(HERE, "official_closed")


async def _list(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        found = await appointments.listed(uow, visit.official)
        places = await appointments.places(uow, visit.official)
    names = {one.path: one.name for one in places}
    return await visit.page(
        "officials.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        rows=[
            {
                "href": f"{HERE}/{one.id}",
                "name": one.display_name,
                "username": one.username,
                "role": words.ROLES[one.role],
                "place": names.get(one.place_path, one.place_path),
                "state": _state(one),
            }
            for one in found
        ],
        roles=_roles(),
        places=[(one.path, one.name) for one in places],
        errors=errors or {},
        typed=visit.form.fields if errors else {},
    )


async def _one(visit: Visit, official_id: int, errors: dict[str, str] | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        seat = await _seat(uow, visit, official_id)
    return await _page(visit, seat, errors)


async def _seat(uow: UnitOfWork, visit: Visit, official_id: int) -> dict[str, Any]:
    """What the page says of a seat."""
    sheet = await appointments.sheet(uow, visit.official, official_id)
    official = sheet.official
    others = await appointments.listed(uow, visit.official)
    return {
        "here": f"{HERE}/{official.id}",
        "sheet": sheet,
        "name": official.display_name,
        "username": official.username,
        "role": str(official.role),
        "role_label": words.ROLES[official.role],
        "place": official.place_path,
        "state": _state(official),
        "is_reset": official.enrolled,
        "waits": sheet.link_kind == RESET,
        "roles": _roles(),
        "places": [(one.path, one.name) for one in await appointments.places(uow, visit.official)],
        "successors": [
            (one.username, f"{one.display_name}（{words.ROLES[one.role]}）")
            for one in others
            if one.active and one.id != official.id and one.role == official.role
        ],
    }


async def _page(
    visit: Visit, seat: dict[str, Any], errors: dict[str, str] | None = None, *, link: str = ""
) -> Response:
    return await visit.page(
        "official.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        link=link,
        qr=qr_code(link) if link else None,
        errors=errors or {},
        typed=visit.form.fields if errors else {},
        **seat,
    )


def _state(one: Official) -> tuple[str, str]:
    if not one.active:
        return "neutral", "已停用"
    return ("ok", "在用") if one.enrolled else ("warn", "还没设好")


def _roles() -> list[tuple[str, str]]:
    return [(str(role), words.ROLES[role]) for role in Role]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _address(visit: Visit, token: str) -> str:
    return f"{visit.desk.settings.base_url}/desk/invitation/{token}"
