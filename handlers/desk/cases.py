"""The queue of cases, and one case's page.

What a newcomer gets wrong: a refusal is not a dead end. The same page comes back with what is missing, where to do
it, and everything that was typed.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.case_rows import case_row
from handlers.desk.case_view import case_context
from handlers.desk.forms import FormState
from handlers.desk.links import ties_context
from handlers.desk.names import names_context
from handlers.desk.presence import said
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.desk.transfers import routing_context
from handlers.services import bulk, cases, links, presence, reading, recusals, transfers
from knowledge.casework.access import Permission
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState
from storage.repositories.cases import QueueFilter, QueueMark

#: What a queue can be narrowed to: one state, or states that wait for the same people (links of the first page).
STATES: Final[dict[str, tuple[CaseState, ...]]] = {
    "to-accept": (CaseState.RECEIVED, CaseState.REGISTERED),
    "to-decide": (CaseState.DISPOSAL_PROPOSED, CaseState.AWAITING_APPROVAL),
    **{str(state): (state,) for state in CaseState},
}
_MARK: Final = re.compile(r"(\d{4}-\d{2}-\d{2}(?:T[0-9:.+]+)?)_(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act was not done: words for the page's head, what is missing, and faults of fields."""

    title: str
    why: str | None = None
    missing: tuple[tuple[str, str], ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 409
    act: str = ""

    def form(self, act: str, typed: Mapping[str, str], keys: Mapping[str, object]) -> FormState:
        """What a form of the page shows afterwards; `keys` are hidden fields that tell it from others of its kind.

        The one that was refused is called by the act alone: the head of the page leads to its fields by that name.
        """
        if act != self.act or any(typed.get(name) != str(value) for name, value in keys.items()):
            return FormState("-".join((act, *map(str, keys.values()))))
        return FormState(act, refused=True, fields=typed, errors=self.errors)

    def opens(self, anchor: str) -> bool:
        """Whether something that is missing is done there."""
        return any(href == f"#{anchor}" for _, href in self.missing)


_NO_REFUSAL: Final = Refusal("")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address of a queue says."""

    state: str
    must: bool
    mine: bool
    late: bool
    number: str
    after: str

    def href(self, **changed: Any) -> str:
        """The address of the queue with something changed; a changed filter begins at the first page."""
        wanted: dict[str, Any] = {
            "state": self.state,
            "must": self.must,
            "mine": self.mine,
            "late": self.late,
            "q": self.number,
            **changed,
        }
        query = "&".join(
            f"{name}={1 if value is True else quote(str(value))}" for name, value in wanted.items() if value
        )
        return f"/desk/cases?{query}" if query else "/desk/cases"

    def narrowed(self) -> dict[str, Any]:
        """The same for the event log."""
        asked = {"state": self.state, "must": self.must, "mine": self.mine, "late": self.late, "number": self.number}
        return asked | {"further": bool(self.after)}

    def filter(self, official_id: int, today: date) -> QueueFilter:
        """The same for the service. Whoever looks for a number means it wherever the case stands."""
        return QueueFilter(
            states=STATES.get(self.state, tuple(CaseState) if self.number else ()),
            flagged=True if self.must else None,
            handler_id=official_id if self.mine else None,
            number=self.number.upper(),
            due_before=today if self.late else None,
        )


async def show_queue(visit: Signed) -> Response:
    """The official's cases, most pressing first."""
    asked = _asked(visit)
    today = visit.desk.today()
    chosen = asked.filter(visit.official.id, today)
    async with visit.unit_of_work() as uow:
        page = await cases.queue(uow, visit.official, chosen, after=_mark(asked))
        counts = await cases.counts(uow, visit.official, replace(chosen, states=(), number=""))
        people = await bulk.people(uow, visit.official) if visit.may(Permission.HANDLE_CASES) else []
        await reading.of_list(uow, visit.official, "cases", shown=len(page.cases), **asked.narrowed())
        await uow.commit()
    return await visit.page(
        "cases.html",
        rows=[case_row(one, today) for one in page.cases],
        people=[(one.id, one.display_name) for one in people] if any(one.is_open for one in page.cases) else [],
        chips=_chips(asked, counts),
        switches=_switches(asked, handles=visit.may(Permission.HANDLE_CASES)),
        states=[_chip(asked, str(state), counts) for state in CaseState if counts.get(state) or asked.state == state],
        narrowed=bool(asked.number) or asked.state in set(CaseState),
        query=asked.number,
        next_href=asked.href(after=_written(page.next_mark)) if page.next_mark else None,
        first_href=asked.href() if asked.after else None,
    )


async def show_case(visit: Signed, number: CaseNumber) -> Response:
    """One case; the reading is recorded."""
    return await case_page(visit, number)


async def ask_stand_back(visit: Signed, number: CaseNumber) -> Response:
    """Say what standing back means before it happens."""
    async with visit.unit_of_work() as uow:
        case, _ = await recusals.preview(uow, visit.official, number)
        await uow.commit()
    return await visit.page("stand_back.html", case=case)


async def case_page(visit: Visit, number: str, refusal: Refusal | None = None) -> Response:
    """A case's page, after a refusal with what was typed."""
    async with visit.unit_of_work() as uow:
        file = await cases.open_file(uow, visit.official, number)
        colleagues = await cases.colleagues(uow, file.case)
        tied = await links.ties(uow, visit.official, file.case)
        units = await transfers.units(uow)
        company = await presence.look(uow, visit.official, file.case)
        await uow.commit()
    context = case_context(file, visit.official, visit.desk.today(), colleagues)
    context |= routing_context(file, visit.official, units) | {"company": said(company)}
    shown, typed = refusal or _NO_REFUSAL, visit.form.fields
    return await visit.page(
        "case.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        faults=[(f"{shown.act}-{name}", said) for name, said in shown.errors.items()],
        form_of=lambda act, **keys: shown.form(act, typed, keys),
        opens=shown.opens,
        again=bool(refusal and visit.form.upload),
        **ties_context(tied, file.case),
        **names_context(file),
        **context,
    )


def _asked(visit: Visit) -> _Asked:
    given = visit.request.query_params
    state = given.get("state", "")
    return _Asked(
        state if state in STATES else "",
        given.get("must") == "1",
        given.get("mine") == "1",
        given.get("late") == "1",
        "".join(unicodedata.normalize("NFKC", given.get("q", "")).split())[:20],
        given.get("after", ""),
    )


def _mark(asked: _Asked) -> QueueMark | None:
    """Where the page before ended; None for the first page, and for an address somebody made up."""
    found = _MARK.fullmatch(asked.after)
    if found is None:
        return None
    by_moment = bool(asked.state) and set(STATES[asked.state]) <= CLOSED_STATES
    try:
        sort = (
            datetime.fromisoformat(found.group(1)).astimezone(UTC) if by_moment else date.fromisoformat(found.group(1))
        )
    except (ValueError, OverflowError):
        return None
    return QueueMark(sort, int(found.group(2)))


def _written(mark: QueueMark) -> str:
    return f"{mark.sort.isoformat()}_{mark.case_id}"


def _chips(asked: _Asked, counts: dict[CaseState, int]) -> list[dict[str, Any]]:
    """What everybody looks for: all that is unfinished, and what waits for somebody."""
    unfinished = sum(count for state, count in counts.items() if state not in CLOSED_STATES)
    every = {
        "label": "没办完的",
        "href": asked.href(state="", q=""),
        "current": not asked.state and not asked.number,
        "count": words.counted(unfinished),
    }
    return [every, *(_chip(asked, name, counts) for name in STATES if name not in set(CaseState))]


def _chip(asked: _Asked, name: str, counts: dict[CaseState, int]) -> dict[str, Any]:
    return {
        "label": words.QUEUES[name],
        "href": asked.href(state=name),
        "current": asked.state == name,
        "count": words.counted(sum(counts.get(state, 0) for state in STATES[name])),
    }


def _switches(asked: _Asked, *, handles: bool) -> list[dict[str, Any]]:
    """Each turns on, or off again."""
    must = {"label": "只看必查", "href": asked.href(must=not asked.must), "current": asked.must}
    late = {"label": "只看过期", "href": asked.href(late=not asked.late), "current": asked.late}
    mine = {"label": "只看我办的", "href": asked.href(mine=not asked.mine), "current": asked.mine}
    return [must, late, mine] if handles else [must, late]
