"""An election's committee: who sits, who must leave because they or a near relative stand, and who steps up."""

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.forms import FormState
from handlers.desk.request import Id, Signed, Visit
from handlers.services import committees
from handlers.services.committees import Found
from handlers.services.errors import BadInput
from knowledge.casework.access import Permission
from knowledge.elections.committee import RELATIONS
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.committees import LEFT, SITS, Member

HERE: Final = "/desk/committees"


async def show_committee(visit: Signed, election_id: Id) -> Response:
    """The committee with what has to be done about it."""
    return await _page(visit, election_id)


async def add_member(visit: Signed, election_id: Id) -> Response:
    """Enter a member."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await committees.add_member(
                uow,
                visit.official,
                election_id,
                name=form.text("member_name"),
                role=form.text("committee_role"),
                in_line=form.text("in_line") == "yes",
            )
            await uow.commit()
    except BadInput as wrong:
        return await _page(visit, election_id, "add", wrong)
    return visit.go(f"{HERE}/{election_id}", "committee_changed")


async def declare_relative(visit: Signed, election_id: Id, member_id: Id) -> Response:
    """Enter a near relative."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await committees.declare_relative(
                uow,
                visit.official,
                election_id,
                member_id,
                relation=form.text("near_relation"),
                name=form.text("relative_name"),
            )
            await uow.commit()
    except BadInput as wrong:
        return await _page(visit, election_id, f"relative-{member_id}", wrong)
    return visit.go(f"{HERE}/{election_id}", "committee_changed")


async def withdraw_relative(visit: Signed, election_id: Id, relative_id: Id) -> Response:
    """Take back what was entered wrongly."""
    async with visit.unit_of_work() as uow:
        await committees.withdraw_relative(uow, visit.official, election_id, relative_id)
        await uow.commit()
    return visit.go(f"{HERE}/{election_id}", "committee_changed")


async def leave(visit: Signed, election_id: Id, member_id: Id) -> Response:
    """Record that somebody left, and who stepped up."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await committees.leave(
                uow,
                visit.official,
                election_id,
                member_id,
                because=form.text("left_because"),
                left_on=form.day("left_on"),
                successor_id=form.number("successor"),
            )
            await uow.commit()
    except (BadInput, StaleVersion, RuleRefused) as wrong:
        return await _page(visit, election_id, f"leave-{member_id}", wrong)
    return visit.go(f"{HERE}/{election_id}", "committee_left")


async def judge_match(visit: Signed, election_id: Id) -> Response:
    """Say whether a likeness of names is the same person."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await committees.judge(
                uow,
                visit.official,
                election_id,
                pair=form.text("pair"),
                verdict=form.text("match_verdict"),
                reason=form.text("match_reason"),
            )
            await uow.commit()
    except (BadInput, RuleRefused) as wrong:
        return await _page(visit, election_id, f"match-{form.text('pair')}", wrong)
    return visit.go(f"{HERE}/{election_id}", "committee_judged")


async def _page(
    visit: Visit, election_id: int, form: str = "", wrong: BadInput | StaleVersion | RuleRefused | None = None
) -> Response:
    async with visit.unit_of_work() as uow:
        view = await committees.read(uow, visit.official, election_id)
        await uow.commit()
    committee = view.committee
    errors = {wrong.field: words.fault(wrong.field, wrong.fault)} if isinstance(wrong, BadInput) else {}
    said = "" if wrong is None or errors else words.refused(wrong)

    def state_of(name: str) -> FormState:
        mine = name == form and wrong is not None
        return FormState(name, mine, visit.form.fields if mine else {}, errors if mine else {})

    by_id = {one.id: one for one in committee.members}
    undecided = (*committee.proposals, *(one for one in committee.clashes if one.is_proposal))
    return await visit.page(
        "committee.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.CONFLICT if said else HTTPStatus.OK,
        election=view.election,
        clashes=[{"member": one.member.name, "why": _why(one)} for one in committee.clashes],
        proposals=[
            {"pair": pair, "why": _why(one), "form": state_of(f"match-{pair}")}
            for one in undecided
            for pair in (committees.pair_of(one),)
        ],
        settled=[_settled(one) for one in committee.found if one.verdict is not None],
        members=[
            {
                "id": one.id,
                "name": one.name,
                "role": words.COMMITTEE_ROLES[one.role],
                "relatives": [
                    {"id": kin.id, "relation": words.NEAR_RELATIONS[kin.relation], "name": kin.name}
                    for kin in committee.relatives
                    if kin.member_id == one.id
                ],
                "relative": state_of(f"relative-{one.id}"),
                "leave": state_of(f"leave-{one.id}"),
            }
            for one in committee.members
            if one.standing == SITS
        ],
        gone=[_gone(one, by_id) for one in committee.members if one.standing == LEFT],
        in_line=[(one.id, one.name) for one in committee.in_line],
        roles=list(words.COMMITTEE_ROLES.items()),
        relations=[(one, words.NEAR_RELATIONS[one]) for one in RELATIONS],
        reasons=list(words.LEAVING_REASONS.items()),
        source=_source(visit, view.election.place_kind),
        today_iso=visit.desk.today().isoformat(),
        runs=visit.may(Permission.RUN_ELECTIONS),
        judges=visit.may(Permission.REVIEW_GATES),
        said=said,
        add=state_of("add"),
        faults=[(f"{form}-{name}", text) for name, text in errors.items()],
    )


def _why(one: Found) -> str:
    standing = f"参选{words.OFFICES[one.candidate.office]}"
    if one.relative is None:
        if one.match.is_certain or one.member.name == one.candidate.name:
            return f"选委会的{one.member.name}和{standing}的{one.candidate.name}同名。"
        return f"选委会的{one.member.name}和{standing}的{one.candidate.name}名字相近。"
    kin = f"{one.member.name}申报的{words.NEAR_RELATIONS[one.relative.relation]}{one.relative.name}"
    if one.match.is_certain:
        return f"{kin}{standing}。"
    return f"{kin}和{standing}的{one.candidate.name}名字相近。"


def _settled(one: Found) -> str:
    if one.verdict is None:
        return _why(one)
    said = "是同一个人" if one.verdict.verdict == committees.SAME else "不是一个人"
    return f"{_why(one)}认过了，{said}：{one.verdict.reason}"


def _gone(one: Member, by_id: dict[int, Member]) -> str:
    day = dates.short_day(one.left_on) if one.left_on else ""
    why = words.LEAVING_REASONS.get(one.left_because or "", "")
    after = by_id.get(one.replaced_by or 0)
    stepped = f"，{after.name}递补" if after else "，还没有人递补"
    return f"{one.name}，{day}退出（{why}）{stepped}"


def _source(visit: Visit, kind: str) -> str:
    laws = visit.desk.answers.book.knowledge.laws
    law = laws["residents" if kind == "community" else "village"]
    return f"{law.name}（{law.version}）第十五条"
