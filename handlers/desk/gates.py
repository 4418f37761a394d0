"""Gates: a township's villages at a glance, one village's list, one gate with its evidence; and the start.

What a newcomer gets wrong: the kinds that are mistaken for evidence are offered too, so that whoever has only an annual
statement can say so, and reads why it is no audit.
"""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Path
from starlette.responses import Response, StreamingResponse

from handlers.desk import dates, words
from handlers.desk.files import SAFE, begun, disposition
from handlers.desk.forms import FormState
from handlers.desk.request import FileId, Id, Signed, Visit
from handlers.services import gates
from handlers.services.errors import BadInput, CannotStart, WrongEvidence
from handlers.services.gates import GateView, VillageGates
from knowledge.casework.access import Permission
from knowledge.elections.gates import Gate, GateState, Level, load_gates
from knowledge.rules.wording import article_name
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.gates import Evidence, Review

HERE: Final = "/desk/gates"
GateCode = Annotated[str, Path(pattern="^[a-z_]{1,40}$")]
FILTERS: Final = {"": "全部", "open": "没过完的", "mine": "等您审的", "marked": "启动后没通过的"}


async def show_gates(visit: Signed) -> Response:
    """Villages times gates, of the official's place."""
    wanted = visit.request.query_params.get("show", "")
    wanted = wanted if wanted in FILTERS else ""
    async with visit.unit_of_work() as uow:
        found = await gates.overview(uow, visit.official)
        await uow.commit()
    chips = [
        {
            "label": label,
            "href": f"{HERE}?show={name}" if name else HERE,
            "current": name == wanted,
            "count": sum(_is_wanted(visit, one, name) for one in found),
        }
        for name, label in FILTERS.items()
    ]
    codes = {view.gate.code for one in found for view in one.views}
    columns = [gate for code, gate in load_gates().gates.items() if code in codes]
    return await visit.page(
        "gates.html",
        gates=[{"key": gate.code, "label": gate.short} for gate in columns],
        legend=[(gate.short, gate.asks) for gate in columns],
        rows=[_row(one) for one in found if _is_wanted(visit, one, wanted)],
        chips=chips,
        marked=[one.election.place_name for one in found if one.is_marked],
    )


async def show_village(visit: Signed, election_id: Id) -> Response:
    """One election's gates, and whether it may start."""
    return await _village_page(visit, election_id)


async def start_election(visit: Signed, election_id: Id) -> Response:
    """Let an election begin; where it may not, the page says what is open."""
    try:
        async with visit.unit_of_work() as uow:
            await gates.start(uow, visit.official, election_id)
            await uow.commit()
    except (CannotStart, RuleRefused):
        return await _village_page(visit, election_id, refused=True)
    return visit.go(f"{HERE}/{election_id}", "election_started")


async def show_gate(visit: Signed, election_id: Id, gate: GateCode) -> Response:
    """One gate: what it asks, what was handed in, what was said."""
    return await _gate_page(visit, election_id, gate)


async def hand_in(visit: Signed, election_id: Id, gate: GateCode) -> Response:
    """Hand in evidence."""
    form, upload = visit.form, visit.form.upload
    try:
        async with visit.unit_of_work() as uow:
            await gates.hand_in(
                uow,
                visit.official,
                election_id,
                gate,
                kind=form.text("kind_of_proof"),
                description=form.text("description"),
                upload=(upload.name, upload.data) if upload else None,
                seen=form.number("version") or 0,
            )
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except WrongEvidence as wrong:
        return await _gate_page(visit, election_id, gate, "evidence", {"kind_of_proof": wrong.why})
    except (BadInput, StaleVersion, RuleRefused) as wrong:
        return await _refused(visit, election_id, gate, "evidence", wrong)
    return visit.go(f"{HERE}/{election_id}/{gate}", "gate_handed_in")


async def review(visit: Signed, election_id: Id, gate: GateCode) -> Response:
    """Approve what was handed in, or send it back."""
    form = visit.form
    decision = form.text("gate_decision")
    try:
        async with visit.unit_of_work() as uow:
            await gates.review(
                uow,
                visit.official,
                election_id,
                gate,
                decision=decision,
                reason=form.text("reason"),
                seen=form.number("version") or 0,
            )
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except (BadInput, StaleVersion, RuleRefused) as wrong:
        return await _refused(visit, election_id, gate, "review", wrong)
    return visit.go(f"{HERE}/{election_id}/{gate}", f"gate_{decision}")


async def look_back(visit: Signed, election_id: Id, gate: GateCode) -> Response:
    """Open a passed gate again."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await gates.look_back(
                uow,
                visit.official,
                election_id,
                gate,
                reason=form.text("look_back_reason"),
                seen=form.number("version") or 0,
            )
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except (BadInput, StaleVersion, RuleRefused) as wrong:
        return await _refused(visit, election_id, gate, "look-back", wrong)
    return visit.go(f"{HERE}/{election_id}/{gate}", "gate_reopened")


async def show_file(visit: Signed, election_id: Id, file_id: FileId) -> Response:
    """A file that was handed in, as a download; the reading is recorded before the bytes leave."""
    async with visit.unit_of_work() as uow:
        stored = await gates.read_file(uow, visit.official, election_id, file_id)
        await uow.commit()
    bytes_of = await begun(visit.desk.storage.files, file_id)
    headers = {**SAFE, "content-disposition": disposition(stored.name), "content-length": str(stored.size)}
    return StreamingResponse(bytes_of, media_type="application/octet-stream", headers=headers)


async def _refused(
    visit: Visit, election_id: int, code: str, form: str, wrong: BadInput | StaleVersion | RuleRefused
) -> Response:
    if isinstance(wrong, BadInput):
        return await _gate_page(visit, election_id, code, form, {wrong.field: words.fault(wrong.field, wrong.fault)})
    return await _gate_page(visit, election_id, code, form, {}, said=words.refused(wrong))


async def _village_page(visit: Visit, election_id: int, *, refused: bool = False) -> Response:
    async with visit.unit_of_work() as uow:
        found = await gates.village(uow, visit.official, election_id)
        await uow.commit()
    passed = sum(view.state is GateState.CLOSED for view in found.views)
    return await visit.page(
        "village_gates.html",
        status=HTTPStatus.CONFLICT if refused else HTTPStatus.OK,
        refused=refused,
        election=found.election,
        state=words.ELECTION_STATES[found.election.state],
        steps=[_step(found, view) for view in found.views],
        passed=passed,
        missing=_missing(found),
        marked=found.is_marked,
        preparing=found.is_preparing,
        may_start=found.may_start,
        runs=visit.may(Permission.RUN_ELECTIONS),
    )


async def _gate_page(
    visit: Visit,
    election_id: int,
    code: str,
    form: str = "",
    errors: dict[str, str] | None = None,
    *,
    said: str = "",
) -> Response:
    async with visit.unit_of_work() as uow:
        found, view = await gates.look(uow, visit.official, election_id, code)
        await uow.commit()
    official = visit.official
    wrong = errors if errors is not None else {}
    status = HTTPStatus.CONFLICT if said else HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK

    def state_of(name: str) -> FormState:
        mine = name == form
        return FormState(name, mine, visit.form.fields if mine else {}, wrong if mine else {})

    may_hand_in = visit.may(Permission.PREPARE_ELECTIONS) and view.state is not GateState.CLOSED
    return await visit.page(
        "gate.html",
        status=status,
        election=found.election,
        gate=view.gate,
        badge=_badge(view),
        source=_source(visit, view.gate),
        version=view.version,
        lacking=[kind.name for kind in view.lacking],
        kinds=_kinds(view.gate),
        mistaken=view.gate.mistaken,
        evidence=[_evidence(election_id, view.gate, one, view) for one in view.evidence],
        reviews=[_said(one) for one in reversed(view.reviews)],
        waits=view.state is GateState.WAITING,
        may_hand_in=may_hand_in,
        may_review=view.may_review(official),
        may_look_back=view.may_look_back(official),
        own=view.state is GateState.WAITING and official.id in {one.handed_by for one in view.present},
        started=not found.is_preparing,
        said=said,
        file_again=bool(form == "evidence" and visit.form.upload and (wrong or said)),
        hand=state_of("evidence"),
        check=state_of("review"),
        back=state_of("look-back"),
        faults=[(f"{form}-{name}", text) for name, text in wrong.items()],
        decisions=[("approved", "通过", "该有的都有，内容对得上"), ("returned", "退回", "写清楚还差什么")],
    )


def _is_wanted(visit: Visit, one: VillageGates, wanted: str) -> bool:
    if wanted == "open":
        return bool(one.open)
    if wanted == "mine":
        return any(view.may_review(visit.official) for view in one.views)
    return one.is_marked if wanted == "marked" else True


def _row(one: VillageGates) -> dict[str, Any]:
    views = {view.gate.code: view for view in one.views}
    here = f"{HERE}/{one.election.id}"
    return {
        "place": one.election.place_name,
        "href": here,
        "election_day": dates.short_day(one.election.election_day),
        "summary": _summary(one),
        "urgent": one.is_marked or bool(one.clashes),
        "cells": {code: {"badge": _badge(view), "href": f"{here}/{code}"} for code, view in views.items()},
    }


def _summary(one: VillageGates) -> tuple[str, str]:
    if one.is_marked and one.open:
        return "danger", "启动后又没通过"
    if one.is_marked:
        return "warn", "启动后补过一次"
    if not one.is_preparing:
        return "ok", "已启动"
    if one.clashes:
        return "danger", f"选委会 {one.clashes} 人要退出"
    if one.open:
        return "warn", f"还差 {len(one.open)} 关"
    return "ok", "可以启动"


def _badge(view: GateView) -> tuple[str, str]:
    if view.failed_look_back and view.state is GateState.OPEN:
        return words.GATE_STATES["reopened"]
    if view.state is GateState.OPEN and view.last is not None and view.last.decision == gates.RETURNED:
        return words.GATE_STATES["returned"]
    return words.GATE_STATES[view.state]


def _step(found: VillageGates, view: GateView) -> dict[str, Any]:
    kind, said = _badge(view)
    state = {"ok": "done", "danger": "blocked", "info": "current"}.get(kind, "todo")
    note = view.gate.asks
    if view.gate.level is Level.LAW:
        note = f"{note}法律要求的，哪里都不能省。"
    return {
        "label": view.gate.name,
        "state": state,
        "badge": (kind, said),
        "note": note,
        "href": f"{HERE}/{found.election.id}/{view.gate.code}",
    }


def _missing(found: VillageGates) -> list[tuple[str, str]]:
    here = f"{HERE}/{found.election.id}"
    missing = [(f"{view.gate.name}：{_badge(view)[1]}", f"{here}/{view.gate.code}") for view in found.open]
    committee = f"/desk/committees/{found.election.id}"
    if found.clashes:
        missing.append((f"选举委员会有 {found.clashes} 处要退出", f"{committee}#clashes"))
    if found.proposals:
        missing.append((f"选举委员会有 {found.proposals} 处名字相近，还没认", f"{committee}#proposals"))
    return missing


def _source(visit: Visit, gate: Gate) -> str:
    laws = visit.desk.answers.book.knowledge.laws
    named = [(laws[one.partition(" ")[0]], one.partition(" ")[2]) for one in gate.citations]
    cited = "；".join(f"{law.name}（{law.version}）{article_name(article)}" for law, article in named)
    return f"{cited}。{gate.source}" if cited else gate.source


def _kinds(gate: Gate) -> list[tuple[str, str, str]]:
    taken = [(one.kind, one.name, "必须有" if one.needed else "有就交") for one in gate.takes]
    return [*taken, *((one.kind, one.name, "这个不算，往下看为什么") for one in gate.mistaken)]


def _evidence(election_id: int, gate: Gate, one: Evidence, view: GateView) -> dict[str, Any]:
    kind = gate.kind(one.kind)
    return {
        "kind": kind.name if kind else one.kind,
        "words": one.words,
        "who": one.handed_by_name,
        "when": dates.moment(one.handed_at),
        "href": f"{HERE}/{election_id}/files/{one.file_id}" if one.file_id else None,
        "past": one not in view.present,
    }


def _said(one: Review) -> dict[str, Any]:
    kind, title = words.GATE_REVIEWS[one.decision]
    after = "（那时选举已经启动）" if one.after_start and one.decision == gates.REOPENED else ""
    return {
        "when": dates.moment(one.reviewed_at),
        "title": f"{title}{after}",
        "text": one.reason or None,
        "who": one.reviewer_name,
        "kind": kind,
    }
