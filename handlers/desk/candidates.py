"""Candidates: who lacks what, entering one, and the invitation that ties a chat to a name.

What a newcomer gets wrong: "可以参选" is shown for the state `may_stand` alone, which the database grants only with
every signature. The invitation's link is shown once, in the answer to the POST that made it; only its hash is kept.
"""

from itertools import groupby
from typing import Any, Final

import segno
from markupsafe import Markup
from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import DeskSettings, Id, Signed, Visit
from handlers.services import commitments, elections
from handlers.services.commitments import INVITATION, INVITATION_LIFE, SigningView
from handlers.services.errors import BadInput
from knowledge.casework.access import Permission
from storage.repositories.elections import Candidate
from storage.unit_of_work import UnitOfWork

FILTERS: Final = {"": "全部", "lacking": "还差承诺书", "may_stand": "可以参选"}


async def show_candidates(visit: Signed) -> Response:
    """Every candidate of the official's place, village by village."""
    wanted = visit.request.query_params.get("show", "")
    wanted = wanted if wanted in FILTERS else ""
    async with visit.unit_of_work() as uow:
        found = await elections.candidates(uow, visit.official)
        rows = [await _row(uow, visit, one) for one in found if _is_wanted(one, wanted)]
    villages = [(place, list(group)) for place, group in groupby(rows, key=lambda row: str(row["place"]))]
    chips = [
        {
            "label": label,
            "href": f"/desk/candidates?show={name}" if name else "/desk/candidates",
            "current": name == wanted,
            "count": sum(_is_wanted(one, name) for one in found),
        }
        for name, label in FILTERS.items()
    ]
    return await visit.page("candidates.html", villages=villages, chips=chips, runs=visit.may(Permission.RUN_ELECTIONS))


async def ask_candidate(visit: Signed) -> Response:
    """The form for a new candidate."""
    visit.require(Permission.RUN_ELECTIONS)
    return await _candidate_form(visit, {})


async def create_candidate(visit: Signed) -> Response:
    """Enter somebody who wants to stand."""
    visit.require(Permission.RUN_ELECTIONS)
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            election_id = await _chosen_election(uow, visit)
            made = await commitments.create_candidate(
                uow, visit.official, election_id=election_id, name=form.text("name"), office=form.text("office")
            )
            await uow.commit()
    except BadInput as wrong:
        return await _candidate_form(visit, {wrong.field: words.fault(wrong.field, wrong.fault)}, status=422)
    return visit.go(f"/desk/candidates/{made.id}", "candidate_created")


async def show_candidate(visit: Signed, candidate_id: Id) -> Response:
    """A candidate's commitments."""
    return await _candidate_page(visit, candidate_id)


async def invite(visit: Signed, candidate_id: Id) -> Response:
    """Make a link for the candidate's chat and show it, this once."""
    async with visit.unit_of_work() as uow:
        token = await commitments.invite(uow, visit.official, candidate_id)
        await uow.commit()
    return await _candidate_page(visit, candidate_id, token=token)


def invitation_link(settings: DeskSettings, start: str) -> str:
    """Where an invitation leads: the web chat, which opens on any phone without an account."""
    return f"{settings.base_url.rstrip('/')}/?start={start}"


def telegram_link(settings: DeskSettings, start: str) -> str | None:
    """The same invitation for the people's Telegram bot, where there is one."""
    name = settings.telegram_username
    return f"https://t.me/{name.lstrip('@')}?start={start}" if name else None


def qr_code(link: str) -> Markup:
    """A link as a drawing with no style of its own."""
    drawn = segno.make(link, error="m").svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None)
    return Markup(drawn)  # noqa: S704 - drawn by segno from modules, holds none of the link's text


async def _chosen_election(uow: UnitOfWork, visit: Visit) -> int:
    election_id = visit.form.number("election")
    if election_id is None or election_id not in {one.id for one in await elections.elections_of(uow, visit.official)}:
        raise BadInput("election", "unknown")
    return election_id


async def _candidate_form(visit: Visit, errors: dict[str, str], *, status: int = 200) -> Response:
    async with visit.unit_of_work() as uow:
        found = await elections.elections_of(uow, visit.official)
    options = [(one.id, f"{one.place_name}（{dates.short_day(one.election_day)}投票）") for one in found]
    return await visit.page(
        "candidate_new.html",
        status=status,
        elections=options,
        offices=list(words.OFFICES.items()),
        errors=errors,
        typed=visit.form.fields,
    )


async def _candidate_page(visit: Visit, candidate_id: int, *, token: str = "") -> Response:
    async with visit.unit_of_work() as uow:
        view = await commitments.read(uow, visit.official, candidate_id)
    candidate, settings = view.candidate, visit.desk.settings
    start = f"{INVITATION}{token}" if token else ""
    link = invitation_link(settings, start) if start else None
    return await visit.page(
        "candidate.html",
        candidate=candidate,
        election=candidate.election,
        office=words.OFFICES[candidate.office],
        state=words.CANDIDATE_STATES[candidate.state],
        papers=_papers(view),
        signed=len(view.signed),
        due=dates.due(candidate.election.commitments_due_on, visit.desk.today()),
        runs=visit.may(Permission.RUN_ELECTIONS),
        link=link,
        telegram=telegram_link(settings, start) if start else None,
        qr=qr_code(link) if link else None,
        life_days=INVITATION_LIFE.days,
    )


def _papers(view: SigningView) -> list[dict[str, Any]]:
    signed = {signature.kind: signature for signature in view.signed}
    papers: list[dict[str, Any]] = []
    for paper in view.pack.commitments:
        signature = signed.get(paper.kind)
        note = "还没签"
        if signature:
            channel = words.CHANNELS.get(signature.channel, signature.channel)
            note = f"{dates.moment(signature.signed_at)} 签，{channel}，回执 {signature.receipt}"
        papers.append({"label": paper.title, "state": "done" if signature else "todo", "note": note})
    return papers


def _is_wanted(candidate: Candidate, wanted: str) -> bool:
    if wanted == "may_stand":
        return candidate.state == "may_stand"
    return not wanted or candidate.state in ("invited", "signing")


async def _row(uow: UnitOfWork, visit: Visit, candidate: Candidate) -> dict[str, Any]:
    view = await commitments.read(uow, visit.official, candidate.id)
    kinds = {signature.kind for signature in view.signed}
    lacks = [paper.title for paper in view.pack.commitments if paper.kind not in kinds]
    due = dates.due(candidate.election.commitments_due_on, visit.desk.today())
    return {
        "name": candidate.name,
        "href": f"/desk/candidates/{candidate.id}",
        "place": candidate.election.place_name,
        "office": words.OFFICES[candidate.office],
        "signed": f"{len(kinds)} / {len(view.pack.commitments)} 份",
        "lacks": "、".join(lacks) or "都签了",
        "state": words.CANDIDATE_STATES[candidate.state],
        "due": due if lacks and candidate.state != "withdrawn" else None,
    }
