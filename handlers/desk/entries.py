"""Entries written here: the list, writing, reviewing by a second person, publishing, taking back, what happened.

What a newcomer gets wrong: nothing on these pages changes a version. Every form adds something: a version, a review,
a publication.
"""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Path
from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import Signed, Visit
from handlers.services import entries, inquiries
from handlers.services.entries import LAW_ROWS, EntryView, TypedEntry
from handlers.services.errors import BadFields, BadInput, NotFound
from knowledge.casework.access import WRITING_ROLES, Permission
from knowledge.model import Kind
from knowledge.rules.wording import article_name
from storage.repositories.entries import EntryVersion, Source
from storage.unit_of_work import UnitOfWork

EntryId = Annotated[str, Path(pattern="^desk-[0-9]{1,9}$")]

#: What an entry needs, or how it stands: the filter's label and the badge's kind and text.
STATES: Final = {
    "waits": ("等人审", "warn"),
    "returned": ("退回来要改", "danger"),
    "approved": ("审过了，还没发布", "info"),
    "in_force": ("机器人正在用", "ok"),
    "withdrawn": ("撤下了", "neutral"),
}
_ALIASES: Final = {"sources": "law1"}  # faults of several fields stand at the first of them


async def show_entries(visit: Signed) -> Response:
    """Every entry of the official's place."""
    wanted = visit.request.query_params.get("show", "")
    wanted = wanted if wanted in STATES else ""
    async with visit.unit_of_work() as uow:
        found = await entries.listing(uow, visit.official)
        places = await _place_names(uow)
    rows = [_row(view, places) for view in found]
    chips = [
        {
            "label": label,
            "href": f"/desk/entries?show={name}" if name else "/desk/entries",
            "current": name == wanted,
            "count": sum(not name or name in row["states"] for row in rows),
        }
        for name, label in {"": "全部", **{name: said[0] for name, said in STATES.items()}}.items()
    ]
    shown = [row for row in rows if not wanted or wanted in row["states"]]
    return await visit.page("entries.html", rows=shown, chips=chips)


async def ask_entry(visit: Signed) -> Response:
    """The form for a new entry; with `from`, one that begins with a question somebody asked."""
    visit.require(Permission.WRITE_ENTRIES)
    typed = {"place": visit.official.place_path, "kind": str(Kind.BOTH), "in_force_from": str(visit.desk.today())}
    inquiry = visit.request.query_params.get("from", "")
    if inquiry:
        typed |= await _begun(visit, inquiry)
    return await _form(visit, typed)


async def create_entry(visit: Signed) -> Response:
    """Keep a new entry; it waits for a second person then."""
    return await _write(visit, None)


async def edit_entry(visit: Signed, entry_id: EntryId) -> Response:
    """The form for the next version, filled with the newest."""
    async with visit.unit_of_work() as uow:
        view = await entries.read(uow, visit.official, entry_id)
    return await _form(visit, _as_typed(view.latest), entry=view)


async def add_version(visit: Signed, entry_id: EntryId) -> Response:
    """Keep the next version."""
    return await _write(visit, entry_id)


async def show_entry(visit: Signed, entry_id: EntryId) -> Response:
    """One entry: what is in force, what waits, what happened."""
    return await _entry_page(visit, entry_id)


async def review(visit: Signed, entry_id: EntryId) -> Response:
    """Approve a version, or return it with a reason."""
    verdict = visit.form.text("verdict")
    try:
        async with visit.unit_of_work() as uow:
            await entries.review(
                uow, visit.official, entry_id, _version(visit), verdict=verdict, note=visit.form.text("note")
            )
            await uow.commit()
    except BadInput as wrong:
        return await _entry_page(visit, entry_id, wrong=wrong)
    return visit.go(f"/desk/entries/{entry_id}", f"entry_{verdict}")


async def publish(visit: Signed, entry_id: EntryId) -> Response:
    """Let the chat say a version from now on."""
    book = visit.desk.answers.book
    try:
        async with visit.unit_of_work() as uow:
            await entries.publish(uow, visit.official, entry_id, _version(visit), book)
            await uow.commit()
    except BadInput as wrong:
        return await _entry_page(visit, entry_id, wrong=wrong)
    await book.refresh(visit.desk.storage)
    return visit.go(f"/desk/entries/{entry_id}", "entry_published")


async def withdraw(visit: Signed, entry_id: EntryId) -> Response:
    """Let the chat say it no longer."""
    async with visit.unit_of_work() as uow:
        await entries.withdraw(uow, visit.official, entry_id)
        await uow.commit()
    await visit.desk.answers.book.refresh(visit.desk.storage)
    return visit.go(f"/desk/entries/{entry_id}", "entry_withdrawn")


def _version(visit: Visit) -> int:
    version_id = visit.form.number("version")
    if version_id is None:
        raise NotFound("entry")
    return version_id


async def _begun(visit: Visit, inquiry: str) -> dict[str, str]:
    """What an entry made from a question begins with: how people asked it, and what they were told."""
    if not (inquiry.isascii() and inquiry.isdigit() and len(inquiry) <= len(str(2**53))):
        raise NotFound("inquiry")
    async with visit.unit_of_work() as uow:
        first = await entries.first_way(uow, visit.official, int(inquiry))
        view = await inquiries.read(uow, visit.official, int(inquiry), visit.desk.answers.book.lexicon)
    ways = dict.fromkeys((first, *(" ".join(one.question.split()) for one in view.alike)))
    told = view.asked.reply or ""
    fits = len(told) <= entries.LONGEST_ANSWER
    return {
        "from": inquiry,
        "questions": "\n".join(ways),
        "answer": told if fits else "",
        "more": "" if fits else told[: entries.LONGEST_MORE],
    }


async def _write(visit: Visit, entry_id: str | None) -> Response:
    form, book = visit.form, visit.desk.answers.book
    typed = TypedEntry(
        place_path=form.text("place"),
        kind=form.text("kind"),
        label=form.text("label"),
        questions=form.text("questions"),
        answer=form.text("answer"),
        more=form.text("more"),
        laws=tuple((form.text(f"law{row}"), form.text(f"article{row}")) for row in range(1, LAW_ROWS + 1)),
        document=form.text("document"),
        document_dated=form.text("document_dated"),
        in_force_from=form.text("in_force_from"),
        in_force_until=form.text("in_force_until"),
    )
    try:
        async with visit.unit_of_work() as uow:
            made = await entries.write(
                uow, visit.official, typed, book, entry_id=entry_id, from_inquiry=form.number("from")
            )
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadFields as wrong:
        view = None
        if entry_id:
            async with visit.unit_of_work() as uow:
                view = await entries.read(uow, visit.official, entry_id)
        return await _form(visit, form.fields, entry=view, wrong=wrong)
    return visit.go(f"/desk/entries/{made}", "entry_written")


async def _form(
    visit: Visit, typed: dict[str, str], *, entry: EntryView | None = None, wrong: BadFields | None = None
) -> Response:
    async with visit.unit_of_work() as uow:
        places = await uow.places.within(visit.official.place_path)
    today = visit.desk.today()
    laws = sorted(
        (law.name, law.id, law.version)
        for law in visit.desk.answers.book.knowledge.laws.values()
        if law.in_force(today)
    )
    errors: dict[str, str] = {}
    for fault in wrong.faults if wrong else ():
        errors.setdefault(_ALIASES.get(fault.field, fault.field), words.fault(fault.field, fault.fault))
    return await visit.page(
        "entry_form.html",
        status=422 if wrong else 200,
        entry=entry,
        place=next((one.name for one in places if entry and one.path == entry.latest.place_path), ""),
        places=[(one.path, one.name) for one in places],
        kinds=list(words.ENTRY_KINDS.items()),
        laws=[(law_id, f"{name}（{version}）") for name, law_id, version in laws],
        rows=range(1, LAW_ROWS + 1),
        limits=entries,
        typed=typed,
        errors=errors,
        taken=wrong.taken if wrong else (),
    )


async def _entry_page(visit: Visit, entry_id: str, *, wrong: BadInput | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        view = await entries.read(uow, visit.official, entry_id)
        places = await _place_names(uow)
        able = await uow.officials.in_role(WRITING_ROLES, view.latest.place_path)
    latest, in_force = view.latest, view.in_force
    return await visit.page(
        "entry.html",
        status=422 if wrong else 200,
        entry=view,
        row=_row(view, places),
        latest=_shown(visit, latest),
        in_force=_shown(visit, in_force) if in_force and in_force.id != latest.id else None,
        reviews=view.waits is not None and latest.author_id != visit.official.id,
        own=view.waits is not None and latest.author_id == visit.official.id,
        others=[one.display_name for one in able if one.id != latest.author_id],
        may_publish=bool(latest.review and latest.review.approved) and (in_force is None or in_force.id != latest.id),
        past=_past(visit, view),
        story=_story(view),
        errors={wrong.field: words.fault(wrong.field, wrong.fault)} if wrong else {},
        typed=visit.form.fields,
    )


def _states(view: EntryView) -> list[str]:
    found = []
    if view.waits:
        found.append("waits")
    elif view.latest.review and not view.latest.review.approved:
        found.append("returned")
    elif not view.publications or (view.in_force and view.in_force.number < view.latest.number):
        found.append("approved")
    if view.in_force:
        found.append("in_force")
    elif view.is_withdrawn:
        found.append("withdrawn")
    return found


def _row(view: EntryView, places: dict[str, str]) -> dict[str, Any]:
    latest = view.latest
    states = _states(view)
    return {
        "href": f"/desk/entries/{view.entry_id}",
        "label": latest.label,
        "place": places.get(latest.place_path, latest.place_path),
        "states": states,
        "badges": [(STATES[name][1], STATES[name][0]) for name in states],
        "author": latest.author_name,
        "written": dates.moment(latest.created_at),
        "number": latest.number,
    }


def _shown(visit: Visit, version: EntryVersion) -> dict[str, Any]:
    """A version as it can be read and judged."""
    last = f"到{_full(version.in_force_until)}" if version.in_force_until else "以后一直有效"
    return {
        "id": version.id,
        "number": version.number,
        "label": version.label,
        "questions": version.questions,
        "answer": version.answer,
        "more": version.more,
        "facts": [
            ("给谁看", words.ENTRY_KINDS[version.kind]),
            ("依据", "；".join(_cited(visit, source) for source in version.sources)),
            ("从哪天起", f"{_full(version.in_force_from)}起，{last}"),
            ("谁写的", f"{version.author_name}，{dates.moment(version.created_at)}"),
        ],
        "review": version.review,
    }


def _cited(visit: Visit, source: Source) -> str:
    if not source.law_id:
        return f"{source.name}（{_full(source.dated)}）"
    law = visit.desk.answers.book.knowledge.laws.get(source.law_id)
    name = f"{law.name}（{law.version}）" if law else source.law_id
    return f"{name}{article_name(source.article)}"


def _past(visit: Visit, view: EntryView) -> list[dict[str, Any]]:
    """Older versions, newest first; an approved one may be used again."""
    in_force = view.in_force.id if view.in_force else None
    return [
        _shown(visit, version) | {"again": bool(version.review and version.review.approved) and version.id != in_force}
        for version in reversed(view.versions[:-1])
        if version.id != in_force
    ]


def _story(view: EntryView) -> list[dict[str, Any]]:
    """Everything that happened, newest first."""
    numbers = {version.id: version.number for version in view.versions}
    found: list[tuple[Any, dict[str, Any]]] = []
    for version in view.versions:
        found.append((version.created_at, {"title": f"写了第{version.number}版", "who": version.author_name}))
        if version.review:
            said = "审核通过" if version.review.approved else "退回来改"
            what = {"title": f"第{version.number}版{said}", "who": version.review.reviewer_name}
            kind = "ok" if version.review.approved else "warn"
            found.append((version.review.at, what | {"text": version.review.note, "kind": kind}))
    for one in view.publications:
        title = f"开始用第{numbers[one.version_id]}版" if one.version_id else "撤下了"
        kind = "ok" if one.version_id else "plain"
        found.append((one.at, {"title": title, "who": one.official_name, "kind": kind}))
    ordered = sorted(enumerate(found), key=lambda pair: (pair[1][0], pair[0]), reverse=True)
    return [{"when": dates.moment(at), **item} for _, (at, item) in ordered]


def _as_typed(version: EntryVersion) -> dict[str, str]:
    """A version as the form holds it."""
    typed = {
        "place": version.place_path,
        "kind": str(version.kind),
        "label": version.label,
        "questions": "\n".join(version.questions),
        "answer": version.answer,
        "more": version.more,
        "in_force_from": str(version.in_force_from),
        "in_force_until": str(version.in_force_until or ""),
    }
    laws = [source for source in version.sources if source.law_id]
    for row, source in enumerate(laws[:LAW_ROWS], 1):
        typed |= {f"law{row}": source.law_id, f"article{row}": source.article}
    for source in version.sources:
        if source.dated:
            typed |= {"document": source.name, "document_dated": str(source.dated)}
    return typed


def _full(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


async def _place_names(uow: UnitOfWork) -> dict[str, str]:
    return {place.path: place.name for place in await uow.places.all_of("county", "town", "village", "community")}
