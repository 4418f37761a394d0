"""Taking a case out as one file: the page that asks what for, and the file itself."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import IO, Final

from starlette.responses import Response, StreamingResponse

from handlers.desk import words
from handlers.desk.confirm import require_step_up
from handlers.desk.dossier import compose
from handlers.desk.files import disposition
from handlers.desk.forms import FormState
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.services import cases, exports, reading
from handlers.services.errors import BadInput
from knowledge.casework.access import Permission

CHUNK: Final = 1 << 16


async def ask_export(visit: Signed, number: CaseNumber) -> Response:
    """What for, and what the dossier holds; nothing of the case is shown but that it is there."""
    async with visit.unit_of_work() as uow:
        case = await cases.require_declared(uow, visit.official, number)
        await reading.of_case(uow, visit.official, "export_considered", case.number)
        await uow.commit()
    return await _page(visit, number)


async def export(visit: Signed, number: CaseNumber) -> Response:
    """The dossier; it is written down before its first byte leaves."""
    visit.require(Permission.READ_CASES)
    await require_step_up(visit)
    try:
        taken = await exports.export(visit.desk.storage, visit.official, number, visit.form.text("purpose"), compose)
    except BadInput as wrong:
        return await _page(visit, number, {wrong.field: words.fault(wrong.field, wrong.fault)})
    size = taken.seek(0, 2)
    headers = {
        "content-disposition": disposition(f"{number.upper()}.zip"),
        "content-length": str(size),
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(_bytes(taken), media_type="application/zip", headers=headers)


async def _page(visit: Visit, number: str, errors: dict[str, str] | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        case = await cases.require_declared(uow, visit.official, number)
    return await visit.page(
        "export.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        number=case.number,
        f=FormState("export", refused=bool(errors), fields=visit.form.fields, errors=errors or {}),
        faults=[(f"export-{name}", said) for name, said in (errors or {}).items()],
    )


async def _bytes(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
    finally:
        file.close()
