"""Writing to a reporter in two steps: write, look at what would leave, send.

What a newcomer gets wrong: the look is no formality. Words meant for one case are pasted into another, so the second
page repeats number and village, says what in the text does not belong there, and asks for a tick before it sends.
"""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.cases import Refusal, case_page
from handlers.desk.dialogue_view import blank_fields, filled
from handlers.desk.forms import Form
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.services import cases, deadlines, messages
from handlers.services.errors import BadInput, WordsInDoubt
from handlers.services.messages import Draft, known_of
from knowledge.casework.access import Permission
from knowledge.casework.replies import BY_HAND, OF_CASE, DoubtKind, blanks, load_replies
from storage.repositories.cases import Case
from storage.unit_of_work import UnitOfWork


async def show_composer(visit: Signed, number: CaseNumber) -> Response:
    """Somebody reloads or shares the address of the look: show the case itself."""
    return visit.go(f"/desk/cases/{number}")


async def look(visit: Signed, number: CaseNumber) -> Response:
    """Show a message as it would leave."""
    visit.require(Permission.HANDLE_CASES)
    try:
        return await _look_page(visit, number)
    except BadInput as wrong:
        return await _back(visit, number, wrong)


async def send(visit: Signed, number: CaseNumber) -> Response:
    """Send a message that was looked at, or show it again with what stands against it."""
    visit.require(Permission.HANDLE_CASES)
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await cases.require_declared(uow, visit.official, number)
            await messages.send(
                uow,
                visit.official,
                number,
                form.text("message"),
                kind=form.text("reply_kind") or "message",
                template=form.text("template"),
                looked_again=form.text("looked_again") == "yes",
            )
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _back(visit, number, wrong)
    except WordsInDoubt:
        return await _look_page(visit, number, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go(f"/desk/cases/{number}", "message")


async def _look_page(visit: Visit, number: str, *, status: int = HTTPStatus.OK) -> Response:
    form = visit.form
    template = form.text("canned") or form.text("template")
    async with visit.unit_of_work() as uow:
        case = await cases.require_declared(uow, visit.official, number)
        text = await _finished(uow, case, form)
        kind = form.text("reply_kind") or "message"
        draft = await messages.compose(uow, visit.official, number, text, kind=kind, template=template)
    return await visit.page(
        "message_preview.html",
        status=status,
        case=draft.case,
        message=draft.text,
        template_id=template,
        reply_kind=str(draft.kind),
        explains=words.MESSAGE_KINDS[draft.kind],
        refused=status != HTTPStatus.OK,
        **_judged(draft),
    )


async def _finished(uow: UnitOfWork, case: Case, form: Form) -> str:
    """The chosen answer and the words typed, as one text; blanks that were asked for are filled in."""
    canned = load_replies().get(form.text("canned"))
    about = known_of(case, await deadlines.of_case(uow, case.id), deadlines.today(uow))
    parts = [filled(canned, about)] if canned else []
    text = "\n".join(part for part in (*parts, form.text("message").strip()) if part)
    for name in blanks(text):
        value = form.text(f"blank_{name}").strip()
        text = text.replace(f"{{{name}}}", value) if value else text
    return text


def _judged(draft: Draft) -> dict[str, Any]:
    """What the look says about a text: what must change, what must be looked at again, what is still to be filled."""
    said = [(one.kind, one.blocks, words.doubt(one)) for one in draft.doubts if one.kind is not DoubtKind.BLANK]
    wrong_case = [text for kind, _, text in said if kind in (DoubtKind.OTHER_CASE, DoubtKind.OTHER_PLACE)]
    open_blanks = [name for name in blanks(draft.text) if name in (*OF_CASE, *BY_HAND)]
    return {
        "wrong_case": wrong_case,
        "refusals": [text.partition("：")[::2] for _, blocks, text in said if blocks],
        "cautions": [
            text.partition("：")[::2] for kind, blocks, text in said if not blocks and kind is DoubtKind.CAUTION
        ],
        "blanks": blank_fields(open_blanks),
        "shown": _with_gaps(draft.text, open_blanks),
        "stray": [name for name in blanks(draft.text) if name not in open_blanks],
        "can_send": not any(one.blocks for one in draft.doubts),
        "needs_tick": bool(draft.doubts),
        "more_readers": draft.readers - 1,
        "has_chat": draft.reaches > 0,
    }


def _with_gaps(text: str, names: list[str]) -> str:
    """The text with its blanks as gaps a person sees: 最晚【最晚哪天】告诉您."""
    for name, label in blank_fields(names):
        text = text.replace(f"{{{name}}}", f"【{label}】")
    return text


async def _back(visit: Visit, number: str, wrong: BadInput) -> Response:
    errors = {wrong.field: words.fault(wrong.field, wrong.fault)}
    refusal = Refusal("", errors=errors, status=HTTPStatus.UNPROCESSABLE_ENTITY, act="message")
    return await case_page(visit, number, refusal)
