"""Cases that one unit gives to another: what waits for an answer, one offer, and the part of a case's page about it.

What a newcomer gets wrong: whoever is offered a case has not got it. Until they accept they see its number, its
village, its flags and the reason, and nothing of the report.
"""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.forms import FormState
from handlers.desk.request import Id, Signed, Visit
from handlers.services import reading, transfers
from handlers.services.cases import CaseFile
from handlers.services.errors import BadInput, NotAllowed
from handlers.services.transfers import Offered
from knowledge.casework.access import Permission, covers, may
from knowledge.casework.transfers import TransferState, is_above
from knowledge.errors import QingfengError
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.repositories.transfers import Transfer
from storage.unit_of_work import UnitOfWork


async def show_transfers(visit: Signed) -> Response:
    """What waits for this unit's answer, and what was given and taken."""
    before = visit.request.query_params.get("before", "")
    async with visit.unit_of_work() as uow:
        page = await transfers.sent(uow, visit.official, before=int(before) if before.isdecimal() else None)
        handles = visit.may(Permission.HANDLE_CASES)
        waiting = await transfers.to_answer(uow, visit.official) if handles else ()
        shown = len(waiting) + len(page.items)
        await reading.of_list(uow, visit.official, "transfers", shown=shown, further=bool(before))
        await uow.commit()
    return await visit.page(
        "transfers.html",
        handles=handles,
        waiting=[_row(one, visit) for one in waiting],
        sent=[_row(one, visit) for one in page.items],
        next_href=f"/desk/transfers?before={page.before}" if page.before else None,
        first_href="/desk/transfers" if before else None,
    )


async def show_transfer(visit: Signed, transfer_id: Id) -> Response:
    """One transfer, to be answered if it waits for this unit."""
    return await _page(visit, transfer_id)


async def accept(visit: Signed, transfer_id: Id) -> Response:
    """Take the case."""
    taken: list[Case] = []

    async def act(uow: UnitOfWork) -> None:
        taken.append(await transfers.accept(uow, visit.official, transfer_id))

    refused = await _tried(visit, act)
    if refused is not None:
        return await _page(visit, transfer_id, refused)
    return visit.go(f"/desk/cases/{taken[0].number}", "transfer_accepted")


async def decline(visit: Signed, transfer_id: Id) -> Response:
    """Send it back, with a reason."""
    reason = visit.form.text("reason")
    refused = await _tried(visit, lambda uow: transfers.decline(uow, visit.official, transfer_id, reason))
    if refused is not None:
        return await _page(visit, transfer_id, refused)
    return visit.go("/desk/transfers", "transfer_declined")


async def release(visit: Signed, transfer_id: Id) -> Response:
    """Let the files follow the case."""
    refused = await _tried(visit, lambda uow: transfers.release_files(uow, visit.official, transfer_id))
    if refused is not None:
        return await _page(visit, transfer_id, refused)
    return visit.go(f"/desk/transfers/{transfer_id}", "files_released")


def routing_context(file: CaseFile, official: Official, units: Sequence[Place]) -> dict[str, Any]:
    """The part of a case's page about other units: an offer that waits, units to choose from, what happened before."""
    case = file.case
    offer = next((one for one in file.transfers if one.is_open), None)
    clock = next((one for one in file.clocks if offer and one.clock.about == offer.id and one.clock.is_running), None)
    elsewhere = [one for one in units if one.id != case.unit_id]
    leads = may(official.role, Permission.LEAD_UNIT) and case.is_open
    left = [file.files_behind[stored_id] for stored_id in sorted(file.files_behind)]
    return {
        "offer": offer,
        "offer_due": dates.day(clock.deadline.due_on) if clock else None,
        "offer_units": [(one.path, one.name) for one in elsewhere],
        "assign_units": [
            (one.path, one.name) for one in elsewhere if leads and is_above(official.place_path, one.path)
        ],
        "passages": [_passage(one) for one in file.transfers if not one.is_open],
        "left_behind": [(name, left.count(name)) for name in dict.fromkeys(left)],
    }


async def _tried(visit: Visit, act: Callable[[UnitOfWork], Awaitable[Any]]) -> QingfengError | None:
    try:
        async with visit.unit_of_work() as uow:
            await act(uow)
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except (BadInput, NotAllowed, RuleRefused, StaleVersion) as refused:
        return refused
    return None


async def _page(visit: Visit, transfer_id: int, refused: QingfengError | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        found = await transfers.one(uow, visit.official, transfer_id)
        open_to_me = await uow.cases.by_id(found.case.id, visible_to=visit.official) is not None
        await reading.of_case(uow, visit.official, "transfer_read", found.case.number, transfer=transfer_id)
        await uow.commit()
    given = found.transfer
    errors = {refused.field: words.fault(refused.field, refused.fault)} if isinstance(refused, BadInput) else {}
    mine = given.to_path == visit.official.place_path and visit.may(Permission.HANDLE_CASES)
    return await visit.page(
        "transfer.html",
        status=_status(refused),
        row=_row(found, visit),
        case_href=f"/desk/cases/{found.case.number}" if open_to_me else None,
        answers=mine and given.is_open and found.case.is_open and given.offered_by != visit.official.id,
        own=mine and given.is_open and given.offered_by == visit.official.id,
        releases=_may_release(given, visit.official),
        f=FormState("decline", refused is not None, visit.form.fields, errors),
        faults=[(f"decline-{name}", said) for name, said in errors.items()],
        refusal=_refusal(refused),
    )


def _status(refused: QingfengError | None) -> int:
    if refused is None:
        return HTTPStatus.OK
    if isinstance(refused, BadInput):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.FORBIDDEN if isinstance(refused, NotAllowed) else HTTPStatus.CONFLICT


def _refusal(refused: QingfengError | None) -> tuple[str, str] | None:
    if refused is None or isinstance(refused, BadInput):
        return None
    if isinstance(refused, RuleRefused):
        return words.TRANSFER_NOT_DONE, words.RULES.get(refused.rule, words.ERRORS["rule_refused"].happened)
    if isinstance(refused, NotAllowed):
        return words.NOT_YOURS, words.TRANSFER_OWN
    return words.TRANSFER_NOT_DONE, words.TRANSFER_OVER


def _may_release(given: Transfer, official: Official) -> bool:
    kept = not given.files_released and given.state in (TransferState.OFFERED, TransferState.ACCEPTED)
    return kept and covers(official.place_path, given.from_path)


def _row(one: Offered, visit: Visit) -> dict[str, Any]:
    given, case = one.transfer, one.case
    due = dates.due(one.due_on, visit.desk.today()) if one.due_on else None
    return {
        "id": given.id,
        "href": f"/desk/transfers/{given.id}",
        "number": case.number,
        "place": case.place_name,
        "flags": bool(case.flags),
        "flag_words": "、".join(words.category(flag.category) for flag in case.flags),
        "way": f"{given.from_name} → {given.to_name}",
        "from_name": given.from_name,
        "to_name": given.to_name,
        "kind": words.TRANSFER_KINDS[given.kind],
        "state": words.TRANSFER_STATES[given.state],
        "reason": given.reason,
        "offered": dates.moment(given.offered_at),
        "offerer": given.offerer_name,
        "due": due,
        "due_day": dates.day(one.due_on) if one.due_on else None,
        "answer": given.answer,
        "answered": dates.moment(given.answered_at) if given.answered_at else None,
        "answerer": given.answerer_name,
        "files": words.FILES_RELEASED if given.files_released else words.FILES_KEPT,
        "urgent": bool(due and due.kind == "danger"),
    }


def _passage(one: Transfer) -> dict[str, Any]:
    said = f"{words.TRANSFER_KINDS[one.kind]}：{one.from_name} → {one.to_name}（{words.TRANSFER_STATES[one.state]}）"
    return {
        "when": dates.moment(one.offered_at),
        "who": one.offerer_name,
        "title": said,
        "text": "\n".join(words_of_it for words_of_it in (one.reason, one.answer) if words_of_it),
    }
