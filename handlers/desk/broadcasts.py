"""Broadcasts: the list, writing or choosing a text, looking at it, approving it, how far it is, who gets it on paper.

What a newcomer gets wrong: one page shows a broadcast before, during and after it leaves; what may be done on it
depends on how it stands and who looks.
"""

from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import Id, Signed, Visit
from handlers.services import broadcasts
from handlers.services.broadcasts import BroadcastView, TypedBroadcast
from handlers.services.errors import BadFields, BadInput, NotFound
from knowledge.casework.access import BROADCASTING_ROLES, Permission
from knowledge.elections.reminders import LONGEST_NOTICE, load_reminders
from storage.errors import StaleVersion
from storage.repositories.broadcasts import CANCELLED, DRAFT

LIST: Final = "/desk/broadcasts"


async def show_broadcasts(visit: Signed) -> Response:
    """Every broadcast of the official's place."""
    async with visit.unit_of_work() as uow:
        found = await broadcasts.listing(uow, visit.official)
    return await visit.page("broadcasts.html", rows=[_row(view) for view in found])


async def ask_broadcast(visit: Signed) -> Response:
    """The form; with `notice`, one that begins with a text from the content."""
    visit.require(Permission.SEND_BROADCASTS)
    chosen = load_reminders().notice(visit.request.query_params.get("notice", ""))
    typed = {"place": visit.official.place_path, "notice_kind": "discipline"}
    if chosen is not None:
        typed |= {"notice_kind": str(chosen.kind), "notice_text": chosen.body}
    return await _form(visit, typed)


async def create_broadcast(visit: Signed) -> Response:
    """Keep a draft."""
    try:
        async with visit.unit_of_work() as uow:
            made = await broadcasts.write(uow, visit.official, _typed(visit))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadFields as wrong:
        return await _form(visit, visit.form.fields, wrong=wrong)
    return visit.go(f"{LIST}/{made}", "broadcast-written")


async def edit_broadcast(visit: Signed, broadcast_id: Id) -> Response:
    """The form of one's own draft."""
    async with visit.unit_of_work() as uow:
        view = await broadcasts.read(uow, visit.official, broadcast_id)
    one = view.broadcast
    if one.state != DRAFT or one.author_id != visit.official.id:
        return visit.go(f"{LIST}/{broadcast_id}")
    typed = {"place": one.place_path, "notice_kind": one.kind, "notice_text": one.body, "version": str(one.version)}
    return await _form(visit, typed, view=view)


async def change_broadcast(visit: Signed, broadcast_id: Id) -> Response:
    """Change one's own draft; what was typed stays where somebody was quicker."""
    try:
        async with visit.unit_of_work() as uow:
            await broadcasts.rewrite(uow, visit.official, broadcast_id, _seen(visit), _typed(visit))
            await uow.commit()
    except (BadFields, StaleVersion) as wrong:
        async with visit.unit_of_work() as uow:
            view = await broadcasts.read(uow, visit.official, broadcast_id)
        if isinstance(wrong, BadFields):
            return await _form(visit, visit.form.fields, view=view, wrong=wrong)
        if view.broadcast.state != DRAFT:
            return await _page(visit, broadcast_id, stale=True)
        typed = {**visit.form.fields, "version": str(view.broadcast.version)}
        return await _form(visit, typed, view=view, stale=True)
    return visit.go(f"{LIST}/{broadcast_id}", "broadcast-changed")


async def show_broadcast(visit: Signed, broadcast_id: Id) -> Response:
    """One broadcast: as people will see it, to whom it goes, how far it is."""
    return await _page(visit, broadcast_id)


async def approve(visit: Signed, broadcast_id: Id) -> Response:
    """Send it."""
    try:
        async with visit.unit_of_work() as uow:
            await broadcasts.approve(uow, visit.official, broadcast_id, _seen(visit))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        return await _page(visit, broadcast_id, wrong=wrong)
    except StaleVersion:
        return await _page(visit, broadcast_id, stale=True)
    return visit.go(f"{LIST}/{broadcast_id}", "broadcast-approved")


async def cancel(visit: Signed, broadcast_id: Id) -> Response:
    """Stop it."""
    try:
        async with visit.unit_of_work() as uow:
            await broadcasts.cancel(uow, visit.official, broadcast_id, _seen(visit))
            await uow.commit()
    except BadInput as wrong:
        return await _page(visit, broadcast_id, wrong=wrong)
    except StaleVersion:
        return await _page(visit, broadcast_id, stale=True)
    return visit.go(f"{LIST}/{broadcast_id}", "broadcast-cancelled")


async def show_unreachable(visit: Signed, broadcast_id: Id) -> Response:
    """Who gets it on paper: counted by village, only candidates by name."""
    async with visit.unit_of_work() as uow:
        sent, found = await broadcasts.unreachable(uow, visit.official, broadcast_id)
        await uow.commit()
    rows = [
        {"place": row.place_name, "people": f"{row.people} 人", "candidates": "、".join(row.candidates)}
        for row in found
    ]
    total = sum(one.people for one in found)
    return await visit.page("broadcast_unreachable.html", id=sent.id, rows=rows, total=total, body=sent.body)


def _typed(visit: Visit) -> TypedBroadcast:
    form = visit.form
    return TypedBroadcast(form.text("place"), form.text("notice_kind"), form.text("notice_text"))


def _seen(visit: Visit) -> int:
    seen = visit.form.number("version")
    if seen is None:
        raise NotFound("broadcast")
    return seen


async def _form(
    visit: Visit,
    typed: dict[str, str],
    *,
    view: BroadcastView | None = None,
    wrong: BadFields | None = None,
    stale: bool = False,
) -> Response:
    async with visit.unit_of_work() as uow:
        places = await broadcasts.places(uow, visit.official)
    errors: dict[str, str] = {}
    for fault in wrong.faults if wrong else ():
        errors.setdefault(fault.field, words.fault(fault.field, fault.fault))
    return await visit.page(
        "broadcast_form.html",
        status=422 if wrong else 409 if stale else 200,
        id=view.broadcast.id if view else None,
        places=[(one.path, one.name) for one in places],
        kinds=list(words.BROADCAST_KINDS.items()),
        notices=[(one.id, one.title, words.BROADCAST_KINDS[one.kind]) for one in load_reminders().notices],
        longest=LONGEST_NOTICE,
        typed=typed,
        errors=errors,
        stale=(words.STALE, words.STALE_WHY) if stale else None,
    )


async def _page(visit: Visit, broadcast_id: int, *, wrong: BadInput | None = None, stale: bool = False) -> Response:
    async with visit.unit_of_work() as uow:
        view = await broadcasts.read(uow, visit.official, broadcast_id)
        able = await uow.officials.in_role(BROADCASTING_ROLES, view.broadcast.place_path)
    one = view.broadcast
    is_own = one.author_id == visit.official.id
    return await visit.page(
        "broadcast.html",
        status=422 if wrong else 409 if stale else 200,
        one=one,
        view=view,
        row=_row(view),
        is_draft=one.state == DRAFT,
        is_own=is_own,
        waits_for_others=view.needs_second and is_own,
        others=[who.display_name for who in able if who.id != one.author_id],
        doubts=broadcasts.doubts(one.body) if one.state == DRAFT else (),
        villages=[(name, f"{count} 人") for name, count in view.villages],
        states=[
            (said, f"{view.progress[name]} 人")
            for name, said in words.RECIPIENT_STATES.items()
            if view.progress.get(name)
        ],
        settled=sum(view.progress.get(name, 0) for name in ("sent", "unreachable", "left", "cancelled")),
        unreachable=view.progress.get("unreachable", 0),
        may_stop=one.state == DRAFT or view.is_running,
        story=_story(view),
        error=words.fault(wrong.field, wrong.fault) if wrong else None,
        stale=(words.STALE, words.STALE_WHY) if stale else None,
    )


def _row(view: BroadcastView) -> dict[str, Any]:
    one = view.broadcast
    name = "cancelled" if one.state == CANCELLED else "draft" if one.state == DRAFT else "done"
    kind, text = words.BROADCAST_STATES["running" if view.is_running else name]
    return {
        "href": f"{LIST}/{one.id}",
        "body": one.body if len(one.body) <= 40 else f"{one.body[:39]}…",  # noqa: PLR2004 - a line of a list
        "place": one.place_name,
        "topic": words.BROADCAST_KINDS[one.kind],
        "state": (kind, text),
        "people": f"{one.size} 人" if one.size is not None else None,
        "author": one.author_name,
        "written": dates.moment(one.created_at),
    }


def _story(view: BroadcastView) -> list[dict[str, Any]]:
    one = view.broadcast
    found: list[dict[str, Any]] = [{"when": dates.moment(one.created_at), "title": "写好草稿", "who": one.author_name}]
    if one.approved_at:
        title = f"批准，发给 {one.size} 人"
        found.append({"when": dates.moment(one.approved_at), "title": title, "who": one.approver_name, "kind": "ok"})
    if one.cancelled_at:
        found.append(
            {"when": dates.moment(one.cancelled_at), "title": "停掉", "who": one.canceller_name, "kind": "warn"}
        )
    return found[::-1]
