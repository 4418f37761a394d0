"""The first page: what needs this official today, most pressing first."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.case_rows import case_row
from handlers.desk.clocks import reminders
from handlers.desk.questions import place_names, question_row
from handlers.desk.request import Signed, Visit
from handlers.services import cases, elections, entries, gates, inquiries, names, reading, releases
from handlers.services.elections import PressingLine
from handlers.services.inquiries import ESCALATED
from knowledge.casework.access import Permission
from knowledge.casework.lifecycle import CaseState
from storage.repositories.cases import Case, QueueFilter
from storage.repositories.inquiries import WAITING
from storage.unit_of_work import UnitOfWork

SHOWN: Final = 4
MOST: Final = 100
REMINDED: Final = 10
AHEAD: Final = timedelta(days=7)


async def show_home(visit: Signed) -> Response:
    """What needs me today."""
    context: dict[str, Any] = {
        "late": [],
        "to_accept": [],
        "to_approve": [],
        "mine": [],
        "reminders": [],
        "waiting": [],
        "lines": [],
        "more": {},
    }
    tiles: list[dict[str, Any]] = []
    async with visit.unit_of_work() as uow:
        if visit.may(Permission.READ_CASES):
            context |= await _cases(uow, visit, tiles)
        if visit.may(Permission.CHECK_NAMES):
            count = len(await names.waiting(uow, visit.official))
            tiles.append(_tile("等核实的名字", count, "/desk/names", kind="warn" if count else "plain"))
            asked = len(await releases.waiting(uow, visit.official))
            tiles.append(_tile("等您决定的看名申请", asked, "/desk/releases", kind="warn" if asked else "plain"))
        if visit.may(Permission.ANSWER_INQUIRIES):
            context["waiting"] = await _questions(uow, visit, tiles)
        if visit.may(Permission.SEE_ELECTIONS):
            await _gates(uow, visit, tiles)
            due = await elections.pressing(uow, visit.official, visit.desk.today() + AHEAD)
            context["lines"] = _lines(due, visit.desk.today(), tiles)
    elsewhere = words.ROLE_ELSEWHERE.get(visit.official.role)
    return await visit.page(
        "home.html",
        tiles=tiles,
        elsewhere=elsewhere,
        sees_elections=visit.may(Permission.SEE_ELECTIONS),
        sees_cases=visit.may(Permission.READ_CASES),
        leads=visit.may(Permission.LEAD_UNIT),
        answers_questions=visit.may(Permission.ANSWER_INQUIRIES),
        **context,
    )


async def _gates(uow: UnitOfWork, visit: Visit, tiles: list[dict[str, Any]]) -> None:
    """Gates that wait for this official as the second person."""
    if visit.may(Permission.REVIEW_GATES):
        count = await gates.waiting(uow, visit.official)
        tiles.append(_tile("等您审的关口", count, "/desk/gates?show=mine", kind="warn" if count else "plain"))


async def _cases(uow: UnitOfWork, visit: Visit, tiles: list[dict[str, Any]]) -> dict[str, Any]:
    """Cases to accept, opinions and findings to check, what I am working on, what is late."""
    official, today = visit.official, visit.desk.today()
    handles, approves = visit.may(Permission.HANDLE_CASES), visit.may(Permission.APPROVE_FINDINGS)
    wanted = {
        "late": QueueFilter(due_before=today),
        "to_accept": QueueFilter((CaseState.RECEIVED, CaseState.REGISTERED)) if handles else None,
        "to_approve": QueueFilter((CaseState.DISPOSAL_PROPOSED, CaseState.AWAITING_APPROVAL)) if approves else None,
        "mine": QueueFilter(handler_id=official.id) if handles else None,
    }
    groups: dict[str, list[Case]] = {
        name: list((await cases.queue(uow, official, chosen, limit=MOST)).cases) if chosen else []
        for name, chosen in wanted.items()
    }
    groups["to_accept"] = [one for one in groups["to_accept"] if one.handler_id in (None, official.id)]
    groups["to_approve"] = [one for one in groups["to_approve"] if one.handler_id != official.id]
    groups["mine"] = [one for one in groups["mine"] if one.accepted_at is not None]
    tiles += _case_tiles(groups, handles=handles, approves=approves)
    shown = _shown_once(groups, today)
    due = await reminders(uow, official, today, limit=REMINDED)
    count = sum(len(shown[name]) for name in groups) + len(due)
    await reading.of_list(uow, official, "home", shown=count)
    await uow.commit()
    return shown | {"reminders": due}


def _shown_once(groups: dict[str, list[Case]], today: date) -> dict[str, Any]:
    """The first rows of each group, without those that stand in a group before it."""
    shown: dict[str, Any] = {"more": {name: _most(len(group)) for name, group in groups.items() if len(group) > SHOWN}}
    before: set[int] = set()
    for name, group in groups.items():
        rows = [one for one in group if one.id not in before][:SHOWN]
        before |= {one.id for one in rows}
        shown[name] = [case_row(one, today) for one in rows]
    return shown


def _case_tiles(groups: dict[str, list[Case]], *, handles: bool, approves: bool) -> list[dict[str, Any]]:
    tiles: list[dict[str, Any]] = []
    late = len(groups["late"])
    if late:
        tiles.append(_tile("过期没办的", _most(late), "/desk/cases?late=1", "先办这些", "danger"))
    if handles:
        tiles.append(_tile("等您受理", _most(len(groups["to_accept"])), "/desk/cases?state=to-accept"))
        tiles.append(_tile("您手上的", _most(len(groups["mine"])), "/desk/cases?mine=1", "已受理、调查中"))
    if approves:
        count = len(groups["to_approve"])
        href = "/desk/cases?state=to-decide"
        tiles.append(_tile("等您审定", _most(count), href, kind="warn" if count else "plain"))
    return tiles


def _most(count: int) -> int | str:
    return count if count < MOST else f"{MOST}+"


async def _questions(uow: UnitOfWork, visit: Visit, tiles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts = await inquiries.counts(uow, visit.official)
    places = await place_names(uow)
    found = await inquiries.groups(uow, visit.official, visit.desk.answers.book.lexicon)
    rows = [question_row(group, visit.desk.today(), places) for group in found]
    late = sum(row["late"] for row in rows)
    note, kind = _pressing(late, 0)
    tiles.append(_tile("等回复的提问", counts[WAITING], "/desk/questions", note, kind))
    if counts[ESCALATED]:
        tiles.append(_tile("下级问上来的", counts[ESCALATED], f"/desk/questions?state={ESCALATED}", kind="warn"))
    if visit.may(Permission.WRITE_ENTRIES) and (to_review := await entries.to_review(uow, visit.official)):
        tiles.append(_tile("等您审的问答", to_review, "/desk/entries?show=waits", kind="warn"))
    return rows[:SHOWN]


def _lines(due: Sequence[PressingLine], today: date, tiles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Timetable lines that are late, due today, or due within a week."""
    lines: list[dict[str, Any]] = [
        {
            "title": line.title,
            "place": line.election.place_name,
            "who": line.who,
            "when": dates.day(line.task.due_on),
            "due": dates.due(line.task.due_on, today),
            "day": line.task.due_on,
            "href": f"/desk/timetable/{line.election.id}#task-{line.task.id}",
        }
        for line in due
    ]
    late = sum(line["day"] < today for line in lines)
    due_today = sum(line["day"] == today for line in lines)
    note, kind = _pressing(late, due_today)
    tiles.append(_tile("一周内要办的日程", len(lines), "/desk/timetable", note, kind))
    return lines[: 2 * SHOWN]


def _pressing(late: int, today: int) -> tuple[str | None, str]:
    if late:
        return f"{late} 件已过期", "danger"
    return (f"{today} 件今天截止", "warn") if today else (None, "plain")


def _tile(label: str, value: int | str, href: str, note: str | None = None, kind: str = "plain") -> dict[str, Any]:
    return {"label": label, "value": value, "href": href, "note": note, "kind": kind}
