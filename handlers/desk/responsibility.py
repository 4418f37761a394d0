"""Who answers for each village, how difficult it is, its plan, who was held to account; and who stands in for whom."""

from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.forms import FormState
from handlers.desk.request import Id, Signed, Visit
from handlers.services import responsibility
from handlers.services.errors import BadInput
from handlers.services.responsibility import MOST_MEASURES, PlaceView
from knowledge.casework.access import Permission
from knowledge.elections.difficulty import load_difficulty
from knowledge.errors import QingfengError
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.responsibilities import Account, Answers, VillagePlan

HERE: Final = "/desk/responsibility"
AWAY: Final = "/desk/absences"
BLANKS: Final = 2
REFUSALS: Final = (BadInput, StaleVersion, RuleRefused)


async def show_responsibility(visit: Signed) -> Response:
    """Every village with its four levels and its grade, easy first."""
    async with visit.unit_of_work() as uow:
        found = await responsibility.overview(uow, visit.official)
        await uow.commit()
    odd = responsibility.out_of_order(found)
    return await visit.page(
        "responsibility.html",
        rows=[_row(one) for one in found],
        levels=[{"key": level, "label": said} for level, said in words.LEVELS.items()],
        order="、".join(one.place.name for one in found if one.place.id in odd),
        lacking=[one.place.name for one in found if one.lacks_plan],
    )


async def show_place(visit: Signed, place_id: Id) -> Response:
    """One village."""
    return await _page(visit, place_id)


async def assign(visit: Signed, place_id: Id) -> Response:
    """Let somebody answer for a village at a level."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await responsibility.assign(
                uow,
                visit.official,
                place_id,
                level=form.text("level"),
                name=form.text("answers_name"),
                post=form.text("answers_post"),
                seat=form.number("answers_seat"),
                from_on=form.day("answers_from"),
            )
            await uow.commit()
    except REFUSALS as wrong:
        return await _page(visit, place_id, "assign", wrong)
    return visit.go(f"{HERE}/{place_id}", "responsibility_assigned")


async def judge(visit: Signed, place_id: Id) -> Response:
    """Say how difficult a village is."""
    form = visit.form
    codes = [one.code for one in load_difficulty().factors if form.text(f"factor_{one.code}") == "yes"]
    try:
        async with visit.unit_of_work() as uow:
            await responsibility.judge(
                uow,
                visit.official,
                place_id,
                factors=codes,
                grade=form.text("grade"),
                note=form.text("difficulty_note"),
            )
            await uow.commit()
    except REFUSALS as wrong:
        return await _page(visit, place_id, "judge", wrong)
    return visit.go(f"{HERE}/{place_id}", "difficulty_judged")


async def write_plan(visit: Signed, place_id: Id) -> Response:
    """A new version of the village's plan."""
    form = visit.form
    numbers = range(1, MOST_MEASURES + 1)
    try:
        async with visit.unit_of_work() as uow:
            await responsibility.write_plan(
                uow,
                visit.official,
                place_id,
                leader=form.text("plan_leader"),
                lines=[(form.text(f"what_{n}"), form.text(f"who_{n}"), form.day(f"due_{n}")) for n in numbers],
                from_on=form.day("plan_from"),
                until_on=form.day("plan_until"),
                seen=form.number("version") or 0,
            )
            await uow.commit()
    except REFUSALS as wrong:
        return await _page(visit, place_id, "plan", wrong)
    return visit.go(f"{HERE}/{place_id}", "village_plan_written")


async def hold_to_account(visit: Signed, place_id: Id) -> Response:
    """Record what an organ decided about somebody's responsibility."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await responsibility.hold_to_account(
                uow,
                visit.official,
                place_id,
                level=form.text("account_level"),
                ground=form.text("account_ground"),
                measure=form.text("account_measure"),
                decided_on=form.day("decided_on"),
                who=form.text("account_who"),
                organ=form.text("account_organ"),
                document=form.text("account_document"),
                what=form.text("account_what"),
            )
            await uow.commit()
    except REFUSALS as wrong:
        return await _page(visit, place_id, "account", wrong)
    return visit.go(f"{HERE}/{place_id}", "accountability_recorded")


async def show_absences(visit: Signed) -> Response:
    """Who is away, and who stands in."""
    return await _absences(visit)


async def be_away(visit: Signed) -> Response:
    """Enter an absence with a deputy."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await responsibility.be_away(
                uow,
                visit.official,
                who=form.number("absent"),
                kind=form.text("absence_kind"),
                from_on=form.day("away_from"),
                until_on=form.day("away_until"),
                deputy=form.number("deputy"),
            )
            await uow.commit()
    except REFUSALS as wrong:
        return await _absences(visit, wrong)
    return visit.go(AWAY, "absence_entered")


async def come_back(visit: Signed, absence_id: Id) -> Response:
    """Somebody is back earlier."""
    async with visit.unit_of_work() as uow:
        await responsibility.come_back(uow, visit.official, absence_id)
        await uow.commit()
    return visit.go(AWAY, "absence_ended")


async def _page(visit: Visit, place_id: int, form: str = "", wrong: QingfengError | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        found = await responsibility.place_file(uow, visit.official, place_id)
        await uow.commit()
    view, rules = found.view, load_difficulty()
    errors = {wrong.field: words.fault(wrong.field, wrong.fault)} if isinstance(wrong, BadInput) else {}
    said = "" if wrong is None or errors else words.refused(wrong)

    def state_of(name: str) -> FormState:
        mine = name == form and wrong is not None
        return FormState(name, mine, visit.form.fields if mine else {}, errors if mine else {})

    chosen = view.judged.factors if view.judged else ()
    return await visit.page(
        "place_file.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.CONFLICT if said else HTTPStatus.OK,
        place=view.place,
        grade=_grade(view),
        judged=_judged(view),
        factors=[one.name for code in chosen if (one := rules.factor(code))],
        chosen=chosen,
        all_factors=[(one.code, one.name, one.hint) for one in rules.factors],
        grades=[(one.code, one.name) for one in rules.grades],
        chosen_grade=view.judged.grade if view.judged else "",
        proposal=_proposal(),
        plan=view.plan,
        plan_version=view.plan.version if view.plan else 0,
        plan_lines=[
            {"what": one.what, "who": one.who, "due_on": dates.day(one.due_on)}
            for one in (view.plan.measures if view.plan else ())
        ],
        blank_lines=_lines(view.plan, len(visit.form.fields) and form == "plan"),
        answering=[(said, _answers(view, level)) for level, said in words.LEVELS.items()],
        history=[_past(one) for one in found.history if one.until_on is not None],
        accounts=[_account(one) for one in found.accounts],
        sees_accounts=responsibility.may_see_accounts(visit.official),
        runs=visit.may(Permission.RUN_ELECTIONS),
        leads=visit.may(Permission.LEAD_UNIT),
        levels=list(words.LEVELS.items()),
        seats=[(one.id, f"{one.display_name}（{words.ROLES[one.role]}）") for one in found.people],
        grounds=list(words.ACCOUNT_GROUNDS.items()),
        measures=list(words.ACCOUNT_MEASURES.items()),
        today_iso=visit.desk.today().isoformat(),
        needs_team=view.grade is not None and view.grade.needs_team,
        lacks_plan=view.lacks_plan,
        said=said,
        assign=state_of("assign"),
        judge=state_of("judge"),
        planned=state_of("plan"),
        account=state_of("account"),
        faults=[(f"{form}-{name}", text) for name, text in errors.items()],
    )


async def _absences(visit: Visit, wrong: QingfengError | None = None) -> Response:
    async with visit.unit_of_work() as uow:
        found = await responsibility.absences(uow, visit.official)
        await uow.commit()
    errors = {wrong.field: words.fault(wrong.field, wrong.fault)} if isinstance(wrong, BadInput) else {}
    said = "" if wrong is None or errors else words.refused(wrong)
    own = visit.official.id
    return await visit.page(
        "absences.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.CONFLICT if said else HTTPStatus.OK,
        rows=[
            {
                "id": one.id,
                "who": one.official_name,
                "kind": words.ABSENCE_KINDS[one.kind],
                "span": f"{dates.short_day(one.from_on)}到{dates.short_day(one.until_on)}",
                "deputy": one.deputy_name,
                "may_end": one.official_id == own or visit.may(Permission.RUN_ELECTIONS),
            }
            for one in found.absences
        ],
        mine=[f"{one.official_name}（到{dates.short_day(one.until_on)}）" for one in found.mine],
        people=[(one.id, f"{one.display_name}（{words.ROLES[one.role]}）") for one in found.people],
        kinds=list(words.ABSENCE_KINDS.items()),
        today_iso=visit.desk.today().isoformat(),
        own_id=own,
        said=said,
        away=FormState("away", wrong is not None, visit.form.fields if wrong else {}, errors),
        faults=[(f"away-{name}", text) for name, text in errors.items()],
    )


def _row(one: PlaceView) -> dict[str, Any]:
    return {
        "place": one.place.name,
        "href": f"{HERE}/{one.place.id}",
        "grade": _grade(one),
        "lacks_plan": one.lacks_plan,
        "election_day": dates.short_day(one.election.election_day) if one.election else None,
        "urgent": one.lacks_plan,
        **{level: _answers(one, level) for level in words.LEVELS},
    }


def _grade(one: PlaceView) -> tuple[str, str]:
    if one.grade is None:
        return "neutral", "还没定难度"
    order = [grade.code for grade in load_difficulty().grades]
    kinds = ("ok", "info", "warn", "danger")
    return kinds[min(order.index(one.grade.code), len(kinds) - 1)], one.grade.name


def _judged(one: PlaceView) -> str:
    if one.judged is None or one.grade is None:
        return ""
    note = f"：{one.judged.note}" if one.judged.note else ""
    return f"{dates.moment(one.judged.judged_at)}定成“{one.grade.name}”{note}"


def _proposal() -> str:
    return "建议：" + "，".join(f"{grade.name}从 {grade.begins_at} 分起" for grade in load_difficulty().grades)


def _answers(one: PlaceView, level: str) -> str:
    found = one.at(level)
    if found is None:
        return "还没定人"
    deputy = one.standing_in.get(found.official_id or 0)
    return f"{found.name}（{found.post}）" + (f"，不在，{deputy}代" if deputy else "")


def _past(one: Answers) -> str:
    until = dates.short_day(one.until_on) if one.until_on else ""
    return f"{words.LEVELS[one.level]}：{one.name}（{one.post}），{dates.short_day(one.from_on)}到{until}"


def _account(one: Account) -> dict[str, str]:
    level, measure = words.LEVELS[one.level], words.ACCOUNT_MEASURES[one.measure]
    return {
        "title": f"{one.who}（{level}）：{measure}",
        "what": f"{words.ACCOUNT_GROUNDS[one.ground]}。{one.what}",
        "source": f"{one.organ}，{dates.short_day(one.decided_on)}，{one.document}",
    }


def _lines(plan: VillagePlan | None, refused: object) -> list[dict[str, str]]:
    """The plan's lines and a few empty ones; after a refusal as many as there can be, for all that was typed."""
    kept = [
        {"what": one.what, "who": one.who, "due": one.due_on.isoformat()} for one in (plan.measures if plan else ())
    ]
    count = MOST_MEASURES if refused else min(MOST_MEASURES, len(kept) + BLANKS)
    return kept + [{"what": "", "who": "", "due": ""}] * (count - len(kept))
