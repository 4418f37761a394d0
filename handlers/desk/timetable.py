"""Timetables: every village at a glance, one village line by line."""

from datetime import date
from typing import Any

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.request import Id, Signed
from handlers.services import elections
from handlers.services.elections import Timetable, TimetableLine
from knowledge.casework.access import Permission
from knowledge.clock import local_date


async def show_timetables(visit: Signed) -> Response:
    """How far every village of the official's place is."""
    late_only = visit.request.query_params.get("late") == "1"
    async with visit.unit_of_work() as uow:
        found = await elections.timetables(uow, visit.official)
    rows = [_village(one) for one in found]
    late = sum(bool(row["late"]) for row in rows)
    chips = [
        {"label": "全部", "href": "/desk/timetable", "current": not late_only, "count": len(rows)},
        {"label": "有过期的", "href": "/desk/timetable?late=1", "current": late_only, "count": late},
    ]
    shown = [row for row in rows if row["late"] or not late_only]
    return await visit.page("timetables.html", rows=shown, chips=chips, matrix=_matrix(found))


async def show_timetable(visit: Signed, election_id: Id) -> Response:
    """One village's timetable."""
    async with visit.unit_of_work() as uow:
        found = await elections.timetable(uow, visit.official, election_id)
    return await visit.page(
        "timetable.html",
        election=found.election,
        state=words.ELECTION_STATES[found.election.state],
        left=[_line(one, found.today) for one in found.lines if one.task.done_at is None],
        finished=[_line(one, found.today) for one in found.lines if one.task.done_at is not None],
        total=len(found.lines),
        runs=visit.may(Permission.RUN_ELECTIONS),
    )


async def finish_task(visit: Signed, election_id: Id, task_id: Id) -> Response:
    """Tick a line off."""
    async with visit.unit_of_work() as uow:
        await elections.finish_task(uow, visit.official, election_id, task_id)
        uow.after_commit(visit.desk.wake)
        await uow.commit()
    return visit.go(f"/desk/timetable/{election_id}", "task_finished")


def _village(one: Timetable) -> dict[str, Any]:
    following = next((line for line in one.lines if line.task.done_at is None), None)
    late = sum(line.overdue for line in one.lines)
    return {
        "place": one.election.place_name,
        "href": f"/desk/timetable/{one.election.id}",
        "election_day": dates.day(one.election.election_day),
        "done": one.done,
        "total": len(one.lines),
        "next": following.plan.title if following else "都办完了",
        "due": dates.due(following.task.due_on, one.today) if following else None,
        "late": late,
        "urgent": bool(late),
    }


def _matrix(found: list[Timetable]) -> list[dict[str, Any]]:
    """The same task across all villages: how many have it behind them."""
    titles: dict[str, str] = {}
    done: dict[str, int] = {}
    total: dict[str, int] = {}
    late: dict[str, int] = {}
    for line in (line for one in found for line in one.lines):
        code = line.task.code
        titles[code] = line.plan.title
        total[code] = total.get(code, 0) + 1
        done[code] = done.get(code, 0) + (line.task.done_at is not None)
        late[code] = late.get(code, 0) + line.overdue
    return [
        {
            "label": title,
            "value": done[code],
            "text": f"{done[code]} / {total[code]} 个村" + (f"，{late[code]} 个过期" if late[code] else ""),
            "kind": "danger" if late[code] else "ok" if done[code] == total[code] else "plain",
        }
        for code, title in titles.items()
    ]


def _line(line: TimetableLine, today: date) -> dict[str, Any]:
    source = words.TASK_SOURCES[line.plan.law]
    return {
        "id": line.task.id,
        "title": line.plan.title,
        "when": dates.day(line.task.due_on),
        "who": line.plan.who,
        "source": f"{source}{line.plan.article}" if line.plan.law == "hard" else source,
        "due": dates.due(line.task.due_on, today),
        "done": dates.day(local_date(line.task.done_at)) if line.task.done_at else None,
        "urgent": line.overdue,
    }
