"""A custodian's pages: which names wait to be checked, and one name opened for a call or a visit.

What a newcomer gets wrong: to show a little of the report, so that the custodian knows what to say. A custodian says
only that somebody asks whether the reporter left this name; who knows names knows no reports.
"""

import math
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.services import names, reading
from handlers.services.cases import CaseFile
from handlers.services.errors import BadInput, SignInRefused
from handlers.services.names import UNSETTLED, NameFile
from handlers.services.releases import OpenedName
from knowledge.casework.names import (
    ATTEMPTS,
    HANDLERS_OUTCOMES,
    PEOPLE,
    AttemptOutcome,
    ContactMethod,
    NameState,
    Purpose,
    attempts_left,
)
from knowledge.clock import local_date
from storage.errors import WrongPassword
from storage.repositories.identities import ContactAttempt

LIST: Final = "/desk/names"


async def show_names(visit: Signed) -> Response:
    """The names that wait, nearest date first; nothing of the reports."""
    async with visit.unit_of_work() as uow:
        found = await names.waiting(uow, visit.official)
        await reading.of_list(uow, visit.official, "names", shown=len(found))
        await uow.commit()
    today = visit.desk.today()
    rows = [
        {
            "number": one.number,
            "href": f"{LIST}/{one.number}",
            "received": dates.day(local_date(one.received_at)),
            "due": dates.due(one.due_on, today) if one.due_on else None,
            "attempts": f"{one.attempts} 次" if one.attempts else "还没有",
            "only_recognise": one.only_recognise,
            "urgent": one.due_on is not None and one.due_on < today,
        }
        for one in found
    ]
    return await visit.page("names.html", rows=rows)


async def show_name(visit: Signed, number: CaseNumber) -> Response:
    """One name, unopened."""
    return await _page(visit, number)


async def open_name(visit: Signed, number: CaseNumber) -> Response:
    """Show a name once, in answer to the custodian's password."""
    form = visit.form
    errors: dict[str, str] = {}
    status, opened = HTTPStatus.UNPROCESSABLE_ENTITY, None
    async with visit.unit_of_work() as uow:
        try:
            opened = await names.open_name(uow, visit.official, number, form.text("password"), form.text("purpose"))
        except BadInput as wrong:
            errors[wrong.field] = words.fault(wrong.field, wrong.fault)
        except WrongPassword:
            errors["password"] = words.NAME_NOT_OPENED
        except SignInRefused as refused:
            errors["password"] = words.NAME_WAIT.format(minutes=math.ceil(refused.wait_seconds / 60))
            status = HTTPStatus.TOO_MANY_REQUESTS
        uow.after_commit(visit.desk.wake)
        await uow.commit()
    return await _page(visit, number, opened, errors, status=status if errors else HTTPStatus.OK)


async def ask_colleagues(visit: Signed, number: CaseNumber) -> Response:
    """Ask the other custodians to agree."""
    try:
        async with visit.unit_of_work() as uow:
            await names.ask_colleagues(uow, visit.official, number, visit.form.text("purpose"))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        errors = {wrong.field: words.fault(wrong.field, wrong.fault)}
        return await _page(visit, number, None, errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go(f"{LIST}/{number}", "release-asked")


async def record_attempt(visit: Signed, number: CaseNumber) -> Response:
    """What came of a call or a visit."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await names.record_attempt(uow, visit.official, number, form.text("method"), form.text("outcome"))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        errors = {wrong.field: words.fault(wrong.field, wrong.fault)}
        return await _page(visit, number, None, errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go(f"{LIST}/{number}", "name-attempt")


def names_context(file: CaseFile) -> dict[str, Any]:
    """The card of a case's page: what is known of the name, never the name."""
    state = file.case.name_state
    return {
        "name_state": words.NAME_STATES[state] if state is not NameState.NONE else None,
        "name_is_settled": state is NameState.VERIFIED,
        "name_attempts": [_line(one) for one in file.attempts],
        "name_left": _left(state, file.attempts),
        "name_methods": [(str(method), words.CAME_BY[method]) for method in ContactMethod],
        "name_outcomes": [(outcome, words.CAME[AttemptOutcome(outcome)]) for outcome in HANDLERS_OUTCOMES],
    }


async def _page(
    visit: Visit,
    number: str,
    opened: OpenedName | None = None,
    errors: dict[str, str] | None = None,
    *,
    status: int = HTTPStatus.OK,
) -> Response:
    async with visit.unit_of_work() as uow:
        file = await names.look(uow, visit.official, number)
        await reading.of_case(uow, visit.official, "name_file_read", file.number)
        await uow.commit()
    return await visit.page(
        "name.html",
        status=status,
        number=file.number,
        received=dates.moment(file.received_at),
        due=dates.due(file.due_on, visit.desk.today()) if file.due_on and file.state in UNSETTLED else None,
        state=words.NAME_CHECKS[file.state],
        attempts=[_line(one) for one in file.attempts],
        left=_left(file.state, file.attempts),
        may_open=file.opens_alone or file.released,
        asked=file.asked,
        needed=file.needed,
        only_recognise=file.only_recognise,
        may_try=file.state in UNSETTLED,
        purposes=_purposes(file),
        methods=[(str(method), words.METHODS[method]) for method in ContactMethod],
        outcomes=[(str(outcome), words.OUTCOMES[outcome]) for outcome in AttemptOutcome],
        opened=opened,
        errors=errors or {},
        typed=visit.form.fields if errors else {},
    )


def _purposes(file: NameFile) -> list[tuple[str, str]]:
    """What this name can still be opened for."""
    chosen = [Purpose.RECOGNISE] if file.only_recognise else [Purpose.CALL, Purpose.VISIT]
    return [(str(purpose), words.PURPOSES[purpose]) for purpose in chosen]


def _line(one: ContactAttempt) -> dict[str, Any]:
    return {
        "when": dates.moment(one.made_at),
        "who": one.official_name,
        "title": f"{words.METHODS[one.method]}：{words.OUTCOMES[one.outcome]}",
        "kind": "ok" if one.outcome is AttemptOutcome.CONFIRMED else "plain",
    }


def _left(state: NameState, attempts: tuple[ContactAttempt, ...]) -> str | None:
    """What is missing before a name counts as not to be checked."""
    if state is not NameState.CLAIMED:
        return None
    more, people = attempts_left([one.attempt for one in attempts])
    if not attempts:
        return f"试满 {ATTEMPTS} 次、有 {PEOPLE} 个人试过，都联系不上，才按核实不了办。"
    other = "，其中要换个人来试" if people else ""
    return f"再试 {max(more, people)} 次{other}，还联系不上，才按核实不了办。"
