"""Writing down a report for somebody who came, called or wrote, and the receipt they are handed.

What a newcomer gets wrong: to send the browser on to the case. Whoever wrote it down need not be allowed to read it,
and must not learn from a refusal that they are named in it. The receipt is the answer to the POST, shown this once.
"""

from datetime import date
from http import HTTPStatus
from typing import Any, Final

import segno
from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import Signed, Visit
from handlers.services.errors import BadFields, BadInput
from handlers.services.filing import Attachment, Given, Statement
from handlers.services.intake import NARRATIVE
from handlers.services.place_names import ELECTING
from knowledge.casework.access import Permission
from storage.repositories.places import Place

HERE: Final = "/desk/cases/new"
_LONGEST_QR: Final = 1_600  # characters
_LARGER: Final = ("town", "county")


async def ask_statement(visit: Signed) -> Response:
    """The empty form."""
    return await _form(visit, ())


async def file_statement(visit: Signed) -> Response:
    """File it, or show what is wrong with everything still there."""
    visit.require(Permission.FILE_REPORTS)
    try:
        async with visit.unit_of_work() as uow:
            given = await visit.desk.filings.file(uow, visit.official, _statement(visit))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadFields as wrong:
        return await _form(visit, wrong.faults)
    return await _receipt(visit, given)


def _statement(visit: Visit) -> Statement:
    form = visit.form
    return Statement(
        token=form.text("token"),
        via=form.text("via"),
        received_on=form.day("received_on"),
        place_path=form.text("place"),
        narrative={name: form.text(f"said_{name}") for name in NARRATIVE},
        anonymous=form.text("anonymous") != "no",
        name=form.text("reporter_name"),
        contact=form.text("contact"),
        address=form.text("address"),
        files=tuple(Attachment(one.name, one.data) for one in form.uploads),
    )


async def _form(visit: Visit, faults: tuple[BadInput, ...]) -> Response:
    visit.require(Permission.FILE_REPORTS)
    async with visit.unit_of_work() as uow:
        places = await uow.places.all_of(*ELECTING, *_LARGER)
        has_custodian = bool(await uow.officials.custodians())
        token = await visit.desk.filings.token(uow, visit.official, visit.token)
    return await visit.page(
        "filing.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        errors={one.field: words.fault(one.field, one.fault) for one in reversed(faults)},
        typed=visit.form.fields if faults else {},
        again=bool(faults and visit.form.uploads),
        token=visit.form.text("token") or token,
        ways=list(words.WAYS.items()),
        places=_options(places),
        has_custodian=has_custodian,
        today_iso=visit.desk.today().isoformat(),
    )


async def _receipt(visit: Visit, given: Given) -> Response:
    return await visit.page(
        "filed.html",
        given=given,
        received=dates.day(given.received_on),
        due=_day(given.answer_due_on, visit.desk.today()),
        hashes=[one[:8] for one in given.file_hashes],
        address=visit.desk.settings.base_url,
        signed=given.signed,
        code=_code(f"{visit.desk.settings.base_url}/receipt#{given.signed}") if given.signed else "",
    )


def _code(address: str) -> str:
    """A QR code as an address of its own; empty when a phone could not read it."""
    if len(address) > _LONGEST_QR:
        return ""
    return str(segno.make(address, error="l", micro=False).svg_data_uri(scale=3, border=4))


def _day(value: date, today: date) -> str:
    """A day with its year when that is another one."""
    return dates.day(value) if value.year == today.year else f"{value.year}年{dates.day(value)}"


def _options(places: list[Place]) -> list[tuple[str, str]]:
    """Villages by path with the town they belong to; then the larger places, for what no village fits."""
    names = {one.path: one.name for one in places}
    options: list[tuple[str, str]] = []
    for one in places:
        if one.kind in ELECTING:
            above: Any = names.get(one.path.rpartition("/")[0])
            options.append((one.path, f"{one.name}（{above}）" if above else one.name))
    return options + [(one.path, f"{one.name}（说不清哪个村）") for one in places if one.kind in _LARGER]
