"""An auditor's look at words that two people covered: asked with a purpose, shown once, on record."""

from http import HTTPStatus

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.forms import FormState
from handlers.desk.request import CaseNumber, Id, Signed, Visit
from handlers.services import redactions
from handlers.services.errors import BadInput


async def ask_original(visit: Signed, number: CaseNumber, redaction_id: Id) -> Response:
    """What for; nothing is shown yet."""
    async with visit.unit_of_work() as uow:
        await redactions.covered(uow, visit.official, number, redaction_id)
    return await _page(visit, number, redaction_id)


async def show_original(visit: Signed, number: CaseNumber, redaction_id: Id) -> Response:
    """The covered words; the look is recorded before they are shown."""
    purpose = visit.form.text("purpose")
    try:
        async with visit.unit_of_work() as uow:
            said = await redactions.original(uow, visit.official, number, redaction_id, purpose)
            await uow.commit()
    except BadInput as wrong:
        return await _page(visit, number, redaction_id, {wrong.field: words.fault(wrong.field, wrong.fault)})
    return await _page(visit, number, redaction_id, said=said)


async def _page(
    visit: Visit, number: str, redaction_id: int, errors: dict[str, str] | None = None, *, said: str = ""
) -> Response:
    return await visit.page(
        "original.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        number=number.upper(),
        action=f"/desk/log/{number}/{redaction_id}",
        said=said,
        f=FormState("original", refused=bool(errors), fields=visit.form.fields, errors=errors or {}),
        faults=[(f"original-{name}", fault) for name, fault in (errors or {}).items()],
    )
