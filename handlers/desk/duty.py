"""The weekly duty roster of a unit: who takes what comes, by hour and kind of report."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.forms import FormState
from handlers.desk.request import Id, Signed, Visit
from handlers.services import duty
from handlers.services.errors import BadInput
from knowledge.casework.categories import load_categories
from storage.repositories.roster import DutySlot

HERE: Final = "/desk/duty"


async def show_duty(visit: Signed) -> Response:
    """The roster, and who is on duty now."""
    return await _page(visit, visit.request.query_params.get("unit", ""))


async def add_slot(visit: Signed) -> Response:
    """Put somebody on duty."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            unit = await duty.put_on_duty(
                uow,
                visit.official,
                form.text("unit"),
                weekday=form.number("weekday"),
                from_time=form.text("from_time"),
                to_time=form.text("to_time"),
                who=form.number("duty_official"),
                category=form.text("duty_category"),
                categories=frozenset(_categories()),
            )
            await uow.commit()
    except BadInput as wrong:
        return await _page(visit, form.text("unit"), wrong)
    return visit.go(f"{HERE}?unit={unit.path}", "duty_added")


async def remove_slot(visit: Signed, slot_id: Id) -> Response:
    """Take a slot off."""
    async with visit.unit_of_work() as uow:
        unit = await duty.take_off_duty(uow, visit.official, visit.form.text("unit"), slot_id)
        await uow.commit()
    return visit.go(f"{HERE}?unit={unit.path}", "duty_removed")


async def _page(visit: Visit, unit_path: str, wrong: BadInput | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        week = await duty.week(uow, visit.official, unit_path)
    errors = {wrong.field: words.fault(wrong.field, wrong.fault)} if wrong else {}
    return await visit.page(
        "duty.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        unit=week.unit,
        units=[
            {"label": one.name, "href": f"{HERE}?unit={one.path}", "current": one.id == week.unit.id}
            for one in week.units
        ],
        now=[_row(one) for one in week.now],
        days=_days(week.slots),
        weekdays=list(enumerate(dates.WEEKDAYS)),
        people=[(one.id, f"{one.display_name}（{words.ROLES[one.role]}）") for one in week.people],
        categories=list(_categories().items()),
        f=FormState("duty", wrong is not None, visit.form.fields if wrong else {}, errors),
        faults=[(f"duty-{name}", said) for name, said in errors.items()],
    )


def _categories() -> dict[str, str]:
    return {rule.id: words.category(rule.id) for rule in load_categories().categories}


def _days(slots: Sequence[DutySlot]) -> list[dict[str, Any]]:
    return [
        {"name": name, "slots": [_row(one) for one in slots if one.weekday == day]}
        for day, name in enumerate(dates.WEEKDAYS)
    ]


def _row(slot: DutySlot) -> dict[str, Any]:
    return {
        "id": slot.id,
        "hours": f"{_clock(slot.from_minute)} 到 {_clock(slot.to_minute)}",
        "who": slot.official_name,
        "kind": f"只接{words.category(slot.category)}" if slot.category else "什么都接",
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
