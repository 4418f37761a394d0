"""Questions that wait for a person: like ones together, answering all who asked, asking the level above."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import Id, Signed, Visit
from handlers.services import inquiries
from handlers.services.errors import BadInput, NotFound
from handlers.services.inquiries import ESCALATED, Asked, AskedGroup, AskedView
from knowledge.casework.access import Permission
from knowledge.search.grouping import bare
from storage.errors import StaleVersion
from storage.repositories.inquiries import REPLIED, USELESS, WAITING
from storage.unit_of_work import UnitOfWork

STATES: Final = {WAITING: "等回复", USELESS: "答了没帮上", ESCALATED: "下级问上来的", REPLIED: "回复过的"}
EMPTY: Final = {
    WAITING: "没有等着回的提问",
    USELESS: "没有人说没帮上",
    ESCALATED: "下级没有问上来的",
    REPLIED: "还没有回复过的",
}
TAKEN: Final = "刚刚有同事回复了，您的这份没有发出去。"
#: Different wordings offered for one reply; whoever asked in still other words gets the next one.
MOST_WORDINGS: Final = 40
_ALSO: Final = "also-"
_PLACES_NAMED: Final = 2


def question_row(group: AskedGroup, today: date, places: dict[int, str]) -> dict[str, Any]:
    """What a list shows of a question and those like it."""
    first = group.first
    due = dates.due(group.due_on, today) if group.due_on else None
    return {
        "href": f"/desk/questions/{first.id}",
        "question": first.question,
        "people": f"{group.people} 人",
        "place": _places(group.asked, places),
        "asked": dates.moment(group.newest_at),
        "due": due,
        "late": bool(due and due.overdue),
        "escalated": any(one.escalations for one in group.asked),
        "replied": dates.moment(first.replied_at) if first.replied_at else "",
        "urgent": bool(due and due.overdue),
    }


async def show_questions(visit: Signed) -> Response:
    """The inbox."""
    state = visit.request.query_params.get("state", WAITING)
    state = state if state in STATES else WAITING
    lexicon = visit.desk.answers.book.lexicon
    async with visit.unit_of_work() as uow:
        if state in (WAITING, USELESS):
            found = await inquiries.groups(uow, visit.official, lexicon, state=state)
        elif state == ESCALATED:
            found = [AskedGroup((one,)) for one in await inquiries.escalated(uow, visit.official)]
        else:
            found = [AskedGroup((one,)) for one in await inquiries.inbox(uow, visit.official, state=state)]
        counts = await inquiries.counts(uow, visit.official)
        places = await place_names(uow)
    chips = [
        {"label": label, "href": f"/desk/questions?state={name}", "current": name == state, "count": counts.get(name)}
        for name, label in STATES.items()
    ]
    rows = [question_row(group, visit.desk.today(), places) for group in found]
    return await visit.page("questions.html", rows=rows, chips=chips, state=state, empty=EMPTY[state])


async def show_question(visit: Signed, inquiry_id: Id) -> Response:
    """One question with the form to answer it."""
    return await _question_page(visit, inquiry_id)


async def reply(visit: Signed, inquiry_id: Id) -> Response:
    """Send an answer to the asker's chat, and to those ticked who asked the same."""
    text = visit.form.text("reply")
    try:
        async with visit.unit_of_work() as uow:
            await inquiries.reply(uow, visit.official, [inquiry_id, *_also(visit)], text)
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _question_page(visit, inquiry_id, wrong=wrong)
    except NotFound:
        return await _question_page(visit, inquiry_id, status=409)
    return visit.go("/desk/questions", "replied")


async def escalate(visit: Signed, inquiry_id: Id) -> Response:
    """Ask the level above."""
    try:
        async with visit.unit_of_work() as uow:
            await inquiries.escalate(uow, visit.official, inquiry_id, visit.form.text("note"))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _question_page(visit, inquiry_id, wrong=wrong)
    except (NotFound, StaleVersion):
        return await _question_page(visit, inquiry_id, status=409)
    return visit.go(f"/desk/questions/{inquiry_id}", "escalated")


async def _question_page(
    visit: Visit, inquiry_id: int, *, wrong: BadInput | None = None, status: int = 200
) -> Response:
    lexicon = visit.desk.answers.book.lexicon
    async with visit.unit_of_work() as uow:
        view = await inquiries.read(uow, visit.official, inquiry_id, lexicon)
        one = view.asked
        places = await place_names(uow)
        by_path = {place.path: place.name for place in await uow.places.all_of(*_KINDS)}
        place = await uow.places.get(one.place_id) if one.place_id else None
        said = await visit.desk.answers.entry(uow, one.entry_id, place) if one.entry_id else None
        asked_by = {put.asked_by: await uow.officials.get(put.asked_by) for put in one.escalations}
    typed = visit.form.text("reply")
    errors = {wrong.field: words.fault(wrong.field, wrong.fault)} if wrong else {}
    put_up = [
        {
            "to": by_path.get(put.to_path, put.to_path),
            "who": official.display_name if (official := asked_by[put.asked_by]) else "",
            "note": put.note,
            "due": dates.due(put.due_on, visit.desk.today()),
            "day": dates.day(put.due_on),
            "mine": put.to_path == visit.official.place_path,
        }
        for put in one.escalations
    ]
    return await visit.page(
        "question.html",
        status=422 if wrong else status,
        row=question_row(AskedGroup((one,)), visit.desk.today(), places) | {"id": one.id, "reply": one.reply},
        said=said.text if said else None,
        useless=one.state != WAITING,
        answered=one.is_replied,
        taken=TAKEN if one.is_replied and typed else None,
        typed=typed,
        note=visit.form.text("note"),
        alike=_alike(visit, view, places, sent=bool(typed)),
        put_up=put_up,
        above=None if any(put.to_path == view.above.path for put in one.escalations if view.above) else view.above,
        writes=visit.may(Permission.WRITE_ENTRIES),
        errors=errors,
    )


def _alike(visit: Visit, view: AskedView, places: dict[int, str], *, sent: bool) -> list[dict[str, Any]]:
    """Those who ask the same, wording by wording, ticked unless somebody has unticked them."""
    by_wording: dict[str, list[Asked]] = {}
    for one in view.alike:
        by_wording.setdefault(bare(one.question), []).append(one)
    rows = []
    for some in list(by_wording.values())[:MOST_WORDINGS]:
        ids = ",".join(str(one.id) for one in some)
        name = f"{_ALSO}{some[0].id}"
        people = len({one.person_id for one in some})
        rows.append(
            {
                "name": name,
                "ids": ids,
                "text": f"{some[0].question}（{people} 人，{_places(some, places)}）",
                "ticked": not sent or bool(visit.form.text(name)),
            }
        )
    return rows


def _also(visit: Visit) -> list[int]:
    ticked = (value for name, value in visit.form.fields.items() if name.startswith(_ALSO))
    parts = (part for value in ticked for part in value.split(","))
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= len(str(2**53))]


def _places(asked: Sequence[Asked], places: dict[int, str]) -> str:
    named = list(dict.fromkeys(places.get(one.place_id or 0, "没说是哪个村") for one in asked))
    rest = f"等{len(named)}处" if len(named) > _PLACES_NAMED else ""
    return "、".join(named[:_PLACES_NAMED]) + rest


_KINDS: Final = ("county", "town", "village", "community")


async def place_names(uow: UnitOfWork) -> dict[int, str]:
    """Every place's name by its id."""
    return {place.id: place.name for place in await uow.places.all_of(*_KINDS)}
