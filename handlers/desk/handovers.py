"""Hand-overs: choose who leaves and who goes on, look at the list, confirm; and the list afterwards, to be printed."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.case_rows import case_row
from handlers.desk.forms import FormState
from handlers.desk.request import Id, Signed, Visit
from handlers.services import handovers, reading
from handlers.services.errors import BadInput
from handlers.services.handovers import Held
from storage.repositories.handovers import Handover
from storage.repositories.officials import Official

HERE: Final = "/desk/handovers"


async def show_handovers(visit: Signed) -> Response:
    """Who leaves, who goes on, what that moves; and the newest hand-overs."""
    given = visit.request.query_params
    if not given.get("giver"):
        return await _page(visit, {})
    giver, taker = _number(given["giver"]), _number(given.get("taker", ""))
    try:
        async with visit.unit_of_work() as uow:
            leaves, goes_on, held = await handovers.preview(uow, visit.official, giver or 0, taker)
            await reading.of_list(uow, visit.official, "handover", shown=len(held), giver=leaves.id)
            await uow.commit()
    except BadInput as wrong:
        return await _page(visit, dict(given), wrong)
    return await visit.page(
        "handover_preview.html",
        giver=leaves,
        taker=goes_on,
        rows=_rows(held, visit.desk.today(), goes_on),
        staying=sum(not one.passes for one in held),
    )


async def arrange(visit: Signed) -> Response:
    """Hand everything over, and show the list."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            made = await handovers.arrange(uow, visit.official, form.number("giver") or 0, form.number("taker"))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _page(visit, form.fields, wrong)
    return visit.go(f"{HERE}/{made}", "handed_over")


async def show_handover(visit: Signed, handover_id: Id) -> Response:
    """The list of one hand-over, for the successor and whoever leads."""
    async with visit.unit_of_work() as uow:
        sheet = await handovers.read(uow, visit.official, handover_id)
        await reading.of_list(uow, visit.official, "handover", shown=len(sheet.items), handover=handover_id)
        await uow.commit()
    today = visit.desk.today()
    rows = [case_row(one.case, today) | {"was": words.HELD_AS[one.was]} for one in sheet.items]
    return await visit.page("handover.html", sheet=_named(sheet.handover), rows=rows)


async def _page(visit: Visit, typed: dict[str, str], wrong: BadInput | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        people = await handovers.people(uow, visit.official)
        recent = await handovers.recent(uow, visit.official)
    errors = {wrong.field: words.fault(wrong.field, wrong.fault)} if wrong else {}
    return await visit.page(
        "handovers.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        people=[(one.id, f"{one.display_name}（{words.ROLES[one.role]}）") for one in people],
        recent=[_named(one) for one in recent],
        f=FormState("handover", wrong is not None, typed, errors),
        faults=[(f"handover-{name}", said) for name, said in errors.items()],
    )


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= len(str(2**53)) else None


def _named(one: Handover) -> dict[str, Any]:
    return {
        "href": f"{HERE}/{one.id}",
        "giver": one.from_name,
        "taker": one.to_name or "回单位名单",
        "maker": one.maker_name or "系统管理员",
        "when": dates.moment(one.made_at),
    }


def _rows(held: Sequence[Held], today: date, taker: Official | None) -> list[dict[str, Any]]:
    goes_to = taker.display_name if taker else ""
    return [
        case_row(one.case, today) | {"was": words.HELD_AS[one.was], "next": goes_to if one.passes else "回单位名单"}
        for one in held
    ]
