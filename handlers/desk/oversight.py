"""What the level above sees of the units below, and what it does about it.

What a newcomer gets wrong: nothing on these pages may leave a trace below. The answer to a reporter is shown here and
to the reporter, and on no page of the unit that missed the date.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.case_acts import in_doubt
from handlers.desk.forms import Form, FormState
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.services import oversight, reading
from handlers.services.deadlines import Running
from handlers.services.errors import BadInput, NotFound, WordsInDoubt
from handlers.services.oversight import Asked, Overseen
from knowledge.casework.access import Permission
from knowledge.casework.clocks import ClockKind, load_clocks
from knowledge.clock import local_date
from storage.repositories.cases import Case, QueueMark
from storage.repositories.escalations import Escalation
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

HERE: Final = "/desk/oversight"
_MARK: Final = re.compile(r"(\d{4}-\d{2}-\d{2})_(\d{1,18})")
Act = Callable[[UnitOfWork, Official, str, Form], Awaitable[Any]]


async def _answer(uow: UnitOfWork, official: Official, number: str, form: Form) -> None:
    asked, said = form.number("escalation") or 0, form.text("answer_above")
    ticked = form.text("looked_again") == "yes"
    await oversight.answer(uow, official, number, asked, said, looked_again=ticked)


async def _urge(uow: UnitOfWork, official: Official, number: str, form: Form) -> None:
    await oversight.urge(uow, official, number, form.text("urge"))


async def _take_over(uow: UnitOfWork, official: Official, number: str, form: Form) -> None:
    said, ticked = form.text("answer_above"), form.text("looked_again") == "yes"
    await oversight.take_over(uow, official, number, form.text("take_over"), words=said, looked_again=ticked)


#: Address part -> what it does. The address parts are also the codes of the sentences shown afterwards.
ACTS: Final[dict[str, Act]] = {"answer-above": _answer, "urge": _urge, "take-over": _take_over}


async def show_oversight(visit: Signed) -> Response:
    """Reporters who asked, and what is late below."""
    return await _oversight_page(visit)


async def _oversight_page(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    visit.require(Permission.LEAD_UNIT)
    faults = errors or {}
    after = visit.request.query_params.get("after", "")
    async with visit.unit_of_work() as uow:
        asked = await oversight.asked_of(uow, visit.official)
        page = await oversight.late_below(uow, visit.official, after=_mark(after))
        shown = len(asked) + len(page.cases)
        await reading.of_list(uow, visit.official, "oversight", shown=shown, further=bool(after))
        await uow.commit()
    today = visit.desk.today()
    return await visit.page(
        "oversight.html",
        asked=[_asked_row(one) for one in asked],
        late=[_late_row(case, clocks, today) for case, clocks in page.cases],
        next_href=f"{HERE}?after={_written(page.next_mark)}" if page.next_mark else None,
        first_href=HERE if after else None,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        faults=[(f"by-receipt-{name}", said) for name, said in faults.items()],
        receipt_form=FormState("by-receipt", refused=bool(faults), fields=visit.form.fields, errors=faults),
    )


async def ask_receipt(visit: Signed) -> Response:
    """Somebody reloads the address a receipt was sent to."""
    return visit.go(HERE)


async def open_by_receipt(visit: Signed) -> Response:
    """A reporter came with a signed receipt."""
    try:
        async with visit.unit_of_work() as uow:
            number = await oversight.open_by_receipt(uow, visit.official, visit.form.text("receipt"))
            await uow.commit()
    except BadInput as wrong:
        return await _oversight_page(visit, {wrong.field: words.fault(wrong.field, wrong.fault)})
    return visit.go(f"{HERE}/{number}", "by-receipt")


async def show_overseen(visit: Signed, number: CaseNumber) -> Response:
    """One case of a unit below."""
    return await _overseen_page(visit, number)


async def show_act(visit: Signed, number: CaseNumber, act: str) -> Response:
    """Somebody reloads the address of an act: show where it is done."""
    if act not in ACTS:
        raise NotFound("page")
    return visit.go(f"{HERE}/{number}")


async def act_from_above(visit: Signed, number: CaseNumber, act: str) -> Response:
    """Answer the reporter, urge the unit, or take the case over."""
    if act not in ACTS:
        raise NotFound("page")
    try:
        async with visit.unit_of_work() as uow:
            await ACTS[act](uow, visit.official, number, visit.form)
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _overseen_page(visit, number, act, {wrong.field: words.fault(wrong.field, wrong.fault)})
    except WordsInDoubt as doubted:
        return await _overseen_page(visit, number, act, in_doubt(doubted).errors)
    return visit.go(f"/desk/cases/{number}" if act == "take-over" else f"{HERE}/{number}", act)


async def _overseen_page(visit: Visit, number: str, act: str = "", errors: dict[str, str] | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        seen = await oversight.look(uow, visit.official, number)
        own = await uow.places.by_path(visit.official.place_path)
        await uow.commit()
    faults = errors or {}
    today, typed = visit.desk.today(), visit.form.fields

    def form_of(name: str, key: object = "") -> FormState:
        named = f"{name}-{key}" if key else name
        if name != act or (key and typed.get("escalation") != str(key)):
            return FormState(named)
        return FormState(named, refused=bool(faults), fields=typed, errors=faults)

    shown = f"{act}-{typed['escalation']}" if act == "answer-above" and typed.get("escalation") else act
    return await visit.page(
        "oversight_case.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        case=seen.case,
        below=seen.below,
        facts=_facts(seen, today),
        asked=[_question(one) for one in seen.asked],
        waiting=any(one.answered_at is None for one in seen.asked),
        own_unit=own.name if own else "",
        faults=[(f"{shown}-{name}", said) for name, said in faults.items()],
        form_of=form_of,
    )


def _asked_row(one: Asked) -> dict[str, Any]:
    return {
        "number": one.case.number,
        "href": f"{HERE}/{one.case.number}",
        "place": one.case.place_name,
        "unit": one.case.unit_name,
        "missed": f"{_clock_name(one.escalation.clock_kind)}，最晚应该是{dates.day(one.escalation.due_on)}",
        "asked": dates.moment(one.escalation.asked_at),
    }


def _late_row(case: Case, clocks: tuple[Running, ...], today: date) -> dict[str, Any]:
    return {
        "number": case.number,
        "href": f"{HERE}/{case.number}",
        "place": case.place_name,
        "unit": case.unit_name,
        "late": "、".join(dict.fromkeys(_clock_name(one.clock.kind) for one in clocks)),
        "due": dates.due(min((one.deadline.due_on for one in clocks), default=case.next_due_on), today),
        "handler": case.handler_name or "还没有人",
    }


def _facts(seen: Overseen, today: date) -> list[tuple[str, str]]:
    case = seen.case
    facts = [
        ("地点", case.place_name),
        ("归谁办", case.unit_name),
        ("经办人", case.handler_name or "还没有人"),
        ("状态", words.state(case.state, case.sub_status)),
        ("收到", dates.day(local_date(case.received_at))),
    ]
    for one in seen.clocks:
        if one.clock.is_running:
            due = dates.due(one.deadline.due_on, today)
            facts.append((_clock_name(one.clock.kind), f"最晚{dates.day(one.deadline.due_on)}，{due.text}"))
    return facts


def _question(one: Escalation) -> dict[str, Any]:
    return {
        "id": one.id,
        "missed": f"{_clock_name(one.clock_kind)}，最晚应该是{dates.day(one.due_on)}",
        "asked": dates.moment(one.asked_at),
        "answer": one.answer,
        "answered": dates.moment(one.answered_at) if one.answered_at else None,
    }


def _clock_name(kind: str) -> str:
    return load_clocks().rules[ClockKind(kind)].name


def _mark(written: str) -> QueueMark | None:
    found = _MARK.fullmatch(written)
    try:
        return QueueMark(date.fromisoformat(found[1]), int(found[2])) if found else None
    except ValueError:
        return None


def _written(mark: QueueMark) -> str:
    return f"{mark.sort.isoformat()}_{mark.case_id}"
