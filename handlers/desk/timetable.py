"""Timetables: every village at a glance, one village line by line, a moved election day, what happened meanwhile."""

from datetime import date
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import Id, Signed, Visit
from handlers.services import elections
from handlers.services.elections import Overview, Timetable, TimetableLine
from handlers.services.errors import BadInput
from knowledge.casework.access import Permission
from knowledge.clock import local_date
from knowledge.elections.counting import Counting
from knowledge.elections.plan_content import Body, Mode, in_words
from knowledge.elections.plan_files import load_plan_content
from knowledge.elections.plan_text import COUNTINGS, MODES, sources
from knowledge.elections.plans import ImpossibleDay, Shift
from knowledge.loader import load_knowledge
from storage.errors import StaleVersion

Errors = dict[str, str]
PAGE: Final = 50  # villages


async def show_timetables(visit: Signed) -> Response:
    """How far every village of the official's place is."""
    late_only = visit.request.query_params.get("late") == "1"
    async with visit.unit_of_work() as uow:
        found = await elections.timetables(uow, visit.official)
        listed = [one for one in found if one.late or not late_only]
        asked = visit.request.query_params.get("page", "")
        last = max(0, len(listed) - 1) // PAGE
        number = min(int(asked), last) if asked.isascii() and asked.isdigit() and len(asked) < len(str(PAGE**3)) else 0
        shown = await elections.with_next(uow, listed[number * PAGE : (number + 1) * PAGE])
    late = sum(bool(one.late) for one in found)
    chips = [
        {"label": "全部", "href": "/desk/timetable", "current": not late_only, "count": len(found)},
        {"label": "有过期的", "href": "/desk/timetable?late=1", "current": late_only, "count": late},
    ]
    rows = [_village(one, visit.desk.today()) for one in shown]
    more = "late=1&" if late_only else ""
    pages = {
        "text": f"第 {number + 1} 页，共 {last + 1} 页",
        "previous": f"/desk/timetable?{more}page={number - 1}" if number else None,
        "next": f"/desk/timetable?{more}page={number + 1}" if number < last else None,
    }
    columns = [{"key": stage.code, "label": stage.title} for stage in load_plan_content().stages.values()]
    return await visit.page("timetables.html", rows=rows, chips=chips, stage_columns=columns, pages=pages)


async def show_timetable(visit: Signed, election_id: Id) -> Response:
    """One village's timetable."""
    return await _plan_page(visit, election_id)


async def finish_task(visit: Signed, election_id: Id, task_id: Id) -> Response:
    """Tick a line off, with what shows that it was done."""
    try:
        async with visit.unit_of_work() as uow:
            await elections.finish_task(uow, visit.official, election_id, task_id, proof=visit.form.text("proof"))
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        errors = {f"proof-{task_id}": words.fault(wrong.field, wrong.fault)}
        return await _plan_page(visit, election_id, errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go(f"/desk/timetable/{election_id}", "task_finished")


async def record_happening(visit: Signed, election_id: Id) -> Response:
    """Write down what starts a clock."""
    form = visit.form
    try:
        happened_on = _day("happened_on", form.text("happened_on"))
        async with visit.unit_of_work() as uow:
            await elections.record_happening(
                uow,
                visit.official,
                election_id,
                code=form.text("happening"),
                happened_on=happened_on,
                note=form.text("happening_note"),
            )
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        errors = {wrong.field: words.fault(wrong.field, wrong.fault)}
        return await _plan_page(visit, election_id, errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go(f"/desk/timetable/{election_id}", "happening_recorded")


async def show_move(visit: Signed, election_id: Id) -> Response:
    """The form to move the election day; with a day in the address, what would move with it."""
    typed = visit.request.query_params.get("election_day", "").strip()
    errors: Errors = {}
    moved: tuple[Shift, ...] = ()
    refused: ImpossibleDay | None = None
    async with visit.unit_of_work() as uow:
        try:
            if typed:
                moved = await elections.preview_move(uow, visit.official, election_id, _day("election_day", typed))
        except BadInput as wrong:
            errors[wrong.field] = words.fault(wrong.field, wrong.fault)
        except ImpossibleDay as impossible:
            refused = impossible
    return await _move_page(visit, election_id, {"election_day": typed}, errors, moved, refused)


async def move(visit: Signed, election_id: Id) -> Response:
    """Move the election day."""
    form = visit.form
    try:
        async with visit.unit_of_work() as uow:
            await elections.move_day(
                uow,
                visit.official,
                election_id,
                _day("election_day", form.text("election_day")),
                reason=form.text("reason"),
                version=form.number("version") or 0,
            )
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        errors = {wrong.field: words.fault(wrong.field, wrong.fault)}
        return await _move_page(visit, election_id, form.fields, errors)
    except ImpossibleDay as refused:
        return await _move_page(visit, election_id, form.fields, {}, (), refused)
    except StaleVersion:
        return await _move_page(visit, election_id, form.fields, {}, stale=True)
    return visit.go(f"/desk/timetable/{election_id}", "election_day_moved")


def _day(field: str, written: str) -> date:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        raise BadInput(field, "no_date") from None


async def _plan_page(visit: Visit, election_id: int, errors: Errors | None = None, *, status: int = 200) -> Response:
    async with visit.unit_of_work() as uow:
        found = await elections.timetable(uow, visit.official, election_id)
    election, content = found.election, load_plan_content()
    body = Body(election.body)
    lines = [_line(one, found.today) for one in found.lines]
    return await visit.page(
        "timetable.html",
        status=status,
        election=election,
        state=words.ELECTION_STATES[election.state],
        made_of=f"{MODES[Mode(election.mode)]}投票；算日子：{COUNTINGS[Counting(election.counting)]}",
        stages=[
            {"title": stage.title, "right": in_words(stage.right, body), "left": left}
            for stage in content.stages.values()
            if (left := [one for one in lines if one["stage"] == stage.code and not one["done"]])
        ],
        finished=[one for one in lines if one["done"]],
        total=len(lines),
        runs=visit.may(Permission.RUN_ELECTIONS),
        may_move=visit.may(Permission.RUN_ELECTIONS) and election.state != "finished",
        kinds=[
            (one.code, in_words(one.title, body))
            for one in content.happenings.values()
            if one.is_for(body, election.place_path)
        ],
        happened=_happened(found, body),
        moves=[
            {
                "when": dates.moment(one.moved_at),
                "who": one.moved_by,
                "title": f"{dates.day(one.was_on)}改到{dates.day(one.now_on)}，{one.moved_tasks}件事跟着改",
                "text": one.reason,
            }
            for one in found.moves
        ],
        today_iso=found.today.isoformat(),
        errors=errors or {},
        typed=visit.form.fields,
    )


async def _move_page(
    visit: Visit,
    election_id: int,
    typed: dict[str, str],
    errors: Errors,
    moved: tuple[Shift, ...] = (),
    refused: ImpossibleDay | None = None,
    *,
    stale: bool = False,
) -> Response:
    async with visit.unit_of_work() as uow:
        found = await elections.timetable(uow, visit.official, election_id)
    is_wrong = bool(errors or refused) and visit.request.method == "POST"
    return await visit.page(
        "timetable_move.html",
        status=HTTPStatus.CONFLICT if stale else HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK,
        election=found.election,
        errors=errors,
        stale=(words.STALE, words.STALE_WHY) if stale else None,
        typed=typed,
        previewed=bool(moved),
        moved=[
            {
                "title": one.title,
                "was": dates.day(one.was) if one.was else "新加",
                "now": dates.day(one.now) if one.now else "不用办了",
            }
            for one in moved
        ],
        kept=found.done,
        refusal=_refusal(refused) if refused else None,
    )


def _refusal(refused: ImpossibleDay) -> dict[str, Any]:
    """Why a day cannot be, and which can."""
    reasons = ["超过了上级允许的最后一天"] if refused.too_late else []
    for fault in refused.faults:
        how = "已经在" if fault.is_done else "最早只能在"
        reasons.append(f"{fault.title}：最晚要在{dates.day(fault.lawful_until)}，{how}{dates.day(fault.day)}")
    first, last = refused.possible.earliest, refused.possible.latest
    ways = [f"最早可以定在{first.year}年{dates.day(first)}"] if first else []
    if last:
        ways.append(f"最晚可以定在{last.year}年{dates.day(last)}")
    return {
        "title": f"{dates.day(refused.day)}不能作选举日",
        "reasons": [(one, None) for one in reasons],
        "ways": "，".join(ways),
    }


def _happened(found: Timetable, body: Body) -> list[dict[str, Any]]:
    titles = {code: in_words(one.title, body) for code, one in load_plan_content().happenings.items()}
    return [
        {"when": dates.day(one.happened_on), "title": titles.get(one.code, one.code), "text": one.note or None}
        for one in found.happenings
    ]


def _village(one: Overview, today: date) -> dict[str, Any]:
    return {
        "place": one.election.place_name,
        "href": f"/desk/timetable/{one.election.id}",
        "election_day": dates.day(one.election.election_day),
        "done": one.done,
        "total": one.total,
        "next": one.following_title or "都办完了",
        "due": dates.due(one.following.due_on, today) if one.following else None,
        "late": one.late,
        "urgent": bool(one.late),
        "stages": {code: _stage(count.done, count.total, count.late) for code, count in one.stages.items()},
    }


def _stage(done: int, total: int, late: int) -> tuple[str, str]:
    """The colour and the words of one cell of the matrix; never the colour alone."""
    if late:
        return "danger", f"过期{late}件"
    return ("ok", "办完") if done == total else ("neutral", f"{done}/{total}")


def _line(line: TimetableLine, today: date) -> dict[str, Any]:
    task, planned = line.task, line.plan
    law = "；".join(sources(planned, load_knowledge().laws))
    return {
        "id": task.id,
        "stage": planned.task.stage,
        "title": planned.title,
        "asks": planned.asks,
        "condition": planned.condition,
        "when": dates.day(task.due_on),
        "until": dates.day(planned.lawful_until) if planned.lawful_until else None,
        "who": planned.who,
        "source": f"{words.TASK_SOURCES[planned.level]}{f'：{law}' if law else ''}",
        "reckoning": planned.reckoning,
        "due": dates.due(task.due_on, today),
        "needs_proof": task.needs_proof,
        "asks_proof": words.TASK_PROOFS.get(planned.task.proof, ""),
        "done": dates.day(task.done_on or local_date(task.done_at)) if task.done_at else None,
        "proof": task.proof,
        "urgent": line.overdue,
    }
