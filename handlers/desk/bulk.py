"""The same act on the cases ticked in the queue: give them to a colleague, or close those whose results were told.

Each goes through its own use case and is done or refused by itself; this page only says which and why.
"""

from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.request import Signed, Visit
from handlers.services import bulk
from handlers.services.bulk import Chosen, Done
from handlers.services.errors import BadInput, CannotMove, DeclarationNeeded, NotAllowed, NotFound
from knowledge.casework.access import Permission
from knowledge.errors import QingfengError
from storage.errors import RuleRefused, StaleVersion

#: How the box of a case is called; its value is the version that was looked at.
BOX: Final = "case-"


async def show_bulk(visit: Signed) -> Response:
    """Somebody reloads the result: back to the queue, nothing is done twice."""
    visit.require(Permission.HANDLE_CASES)
    return visit.go("/desk/cases")


async def act_on_several(visit: Signed) -> Response:
    """Do it, one by one."""
    visit.require(Permission.HANDLE_CASES)
    chosen, act = _ticked(visit), visit.form.text("act")
    if act not in words.BULK_ACTS:
        raise NotFound("page")
    if not chosen:
        return await _page(visit, act, (), fault=words.BULK_NOTHING)
    if act == "assign" and not visit.form.number("handler"):
        return await _page(visit, act, (), fault=words.BULK_NOBODY)
    storage = visit.desk.storage
    if act == "assign":
        done = await bulk.assign_each(storage, visit.official, chosen, visit.form.number("handler") or 0)
    else:
        done = await bulk.close_each(storage, visit.official, chosen)
    visit.desk.wake()
    return await _page(visit, act, done)


def _ticked(visit: Visit) -> list[Chosen]:
    boxes = {name: value for name, value in visit.form.fields.items() if name.startswith(BOX)}
    return [Chosen(name.removeprefix(BOX), int(value) if value.isdecimal() else None) for name, value in boxes.items()]


async def _page(visit: Visit, act: str, done: tuple[Done, ...], *, fault: str = "") -> Response:
    return await visit.page(
        "bulk.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK,
        title=words.BULK_ACTS[act],
        fault=fault,
        done=[{"number": one.number, "href": f"/desk/cases/{one.number}"} for one in done if one.refused is None],
        refused=[_refused(one, one.refused) for one in done if one.refused is not None],
    )


def _refused(one: Done, error: QingfengError) -> dict[str, Any]:
    return {"number": one.number, "href": f"/desk/cases/{one.number}", "why": _why(error)}


def _why(error: QingfengError) -> str:
    if isinstance(error, CannotMove):
        return f"还差：{'、'.join(words.MISSING[one][0] for one in error.missing)}。"
    if isinstance(error, BadInput):
        return words.fault(error.field, error.fault)
    if isinstance(error, RuleRefused):
        return words.RULES.get(error.rule, words.ERRORS["rule_refused"].happened)
    if isinstance(error, StaleVersion):
        return words.STALE
    if isinstance(error, DeclarationNeeded):
        return words.BULK_DECLARE
    return words.NOT_YOURS if isinstance(error, NotAllowed) else words.ERRORS["not_found"].title
