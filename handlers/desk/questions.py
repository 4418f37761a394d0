"""Questions that the bot passed on, and answering them."""

from datetime import date
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import Id, Signed, Visit
from handlers.services import answers
from handlers.services.answers import REPLY_WORKING_DAYS
from handlers.services.errors import BadInput, NotFound
from knowledge.calendar import load_calendar
from knowledge.clock import local_date
from storage.repositories.inquiries import Inquiry
from storage.unit_of_work import UnitOfWork

STATES: Final = {"waiting": "等回复", "replied": "回复过的"}
TAKEN: Final = "刚刚有同事回复了，您的这份没有发出去。"


def question_row(one: Inquiry, today: date, places: dict[int, str]) -> dict[str, Any]:
    """What a list shows of a question; a reply is promised for the next working day."""
    by = load_calendar().add_working_days(local_date(one.asked_at), REPLY_WORKING_DAYS)
    due = dates.due(by, today)
    return {
        "id": one.id,
        "href": f"/desk/questions/{one.id}",
        "question": one.question,
        "place": places.get(one.place_id or 0, "没说是哪个村"),
        "asked": dates.moment(one.asked_at),
        "due": due,
        "late": due.overdue,
        "reply": one.reply,
        "replied": dates.moment(one.replied_at) if one.replied_at else "",
        "urgent": due.overdue,
    }


async def show_questions(visit: Signed) -> Response:
    """The inbox."""
    state = visit.request.query_params.get("state", "waiting")
    state = state if state in STATES else "waiting"
    async with visit.unit_of_work() as uow:
        found = await answers.inbox(uow, visit.official, state=state)
        count = await answers.waiting(uow, visit.official)
        places = await place_names(uow)
    rows = [question_row(one, visit.desk.today(), places) for one in found]
    chips = [
        {
            "label": label,
            "href": f"/desk/questions?state={name}",
            "current": name == state,
            "count": count if name == "waiting" else None,
        }
        for name, label in STATES.items()
    ]
    return await visit.page("questions.html", rows=rows, chips=chips, state=state)


async def show_question(visit: Signed, inquiry_id: Id) -> Response:
    """One question with the form to answer it."""
    return await _question_page(visit, inquiry_id)


async def reply(visit: Signed, inquiry_id: Id) -> Response:
    """Send an answer to the asker's chat."""
    text = visit.form.text("reply")
    try:
        async with visit.unit_of_work() as uow:
            await answers.reply(uow, visit.official, inquiry_id, text)
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _question_page(visit, inquiry_id, typed=text, error=words.fault(wrong.field, wrong.fault))
    except NotFound:
        return await _question_page(visit, inquiry_id, typed=text, status=409)
    return visit.go("/desk/questions", "replied")


async def _question_page(
    visit: Visit, inquiry_id: int, *, typed: str = "", error: str | None = None, status: int = 200
) -> Response:
    async with visit.unit_of_work() as uow:
        one = await _find(uow, visit, inquiry_id)
        places = await place_names(uow)
        said = visit.desk.answers.entry(uow, one.entry_id) if one.entry_id else None
    row = question_row(one, visit.desk.today(), places)
    answered = one.state == "replied"
    taken = TAKEN if answered and typed else None
    return await visit.page(
        "question.html",
        status=422 if error else status,
        row=row,
        said=said.text if said else None,
        answered=answered,
        taken=taken,
        typed=typed,
        errors=[("reply", error)] if error else [],
        error=error,
    )


async def _find(uow: UnitOfWork, visit: Visit, inquiry_id: int) -> Inquiry:
    for state in STATES:
        for one in await answers.inbox(uow, visit.official, state=state):
            if one.id == inquiry_id:
                return one
    raise NotFound("inquiry")


async def place_names(uow: UnitOfWork) -> dict[int, str]:
    """Every place's name by its id."""
    return {place.id: place.name for place in await uow.places.all_of("county", "town", "village", "community")}
