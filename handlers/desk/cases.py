"""The queue of cases, and one case's page.

What a newcomer gets wrong: a refusal is not a dead end. The same page comes back with what is missing, where to do
it, and everything that was typed.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from starlette.responses import Response

from handlers.desk import words
from handlers.desk.case_rows import case_row
from handlers.desk.case_view import case_context
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.services import cases
from knowledge.casework.access import Permission
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState
from storage.repositories.cases import Case

OPEN_STATES: Final = tuple(state for state in CaseState if state not in CLOSED_STATES)
#: The states a queue can be narrowed to; `approved` is passed through within one transaction.
FILTERS: Final = (
    CaseState.RECEIVED,
    CaseState.ACCEPTED,
    CaseState.INVESTIGATING,
    CaseState.AWAITING_APPROVAL,
    CaseState.CLOSED,
    CaseState.GUIDED_ELSEWHERE,
)
QUEUE_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act was not done: words for the page's head, what is missing, and faults of fields."""

    title: str
    why: str | None = None
    missing: tuple[tuple[str, str], ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    status: int = 409


@dataclass(frozen=True, slots=True)
class _Filter:
    state: CaseState | None
    must: bool
    mine: bool

    def href(self, **changed: Any) -> str:
        """The address of the queue with something changed."""
        wanted: dict[str, Any] = {"state": self.state, "must": self.must, "mine": self.mine, **changed}
        query = "&".join(f"{name}={1 if value is True else value}" for name, value in wanted.items() if value)
        return f"/desk/cases?{query}" if query else "/desk/cases"


async def show_queue(visit: Signed) -> Response:
    """The official's cases, most pressing first."""
    chosen = _chosen(visit)
    states = (chosen.state,) if chosen.state else OPEN_STATES
    async with visit.unit_of_work() as uow:
        found = await cases.queue(uow, visit.official, states=states, flagged=True if chosen.must else None)
        counts = await cases.counts(uow, visit.official)
    rows = [case_row(one, visit.desk.today()) for one in found if _is_wanted(one, chosen, visit)]
    rows.sort(key=lambda row: not row["urgent"])  # the rest stays in the service's order
    return await visit.page(
        "cases.html",
        rows=rows,
        chips=_chips(chosen, counts),
        switches=_switches(chosen, handles=visit.may(Permission.HANDLE_CASES)),
        cut=len(found) >= QUEUE_LIMIT,
        limit=QUEUE_LIMIT,
    )


async def show_case(visit: Signed, number: CaseNumber) -> Response:
    """One case; the reading is recorded."""
    return await case_page(visit, number)


async def ask_stand_back(visit: Signed, number: CaseNumber) -> Response:
    """Say what standing back means before it happens."""
    async with visit.unit_of_work() as uow:
        file = await cases.open_file(uow, visit.official, number)
        await uow.commit()
    return await visit.page("stand_back.html", case=file.case)


async def case_page(visit: Visit, number: str, refusal: Refusal | None = None) -> Response:
    """A case's page, after a refusal with what was typed."""
    async with visit.unit_of_work() as uow:
        file = await cases.open_file(uow, visit.official, number)
        colleagues = await cases.colleagues(uow, file.case)
        await uow.commit()
    context = case_context(file, visit.official, visit.desk.today(), colleagues)
    errors = refusal.errors if refusal else {}
    return await visit.page(
        "case.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        errors=errors,
        typed=visit.form.fields,
        again=bool(refusal and visit.form.upload),
        **context,
    )


def _chosen(visit: Visit) -> _Filter:
    asked = visit.request.query_params
    state = asked.get("state", "")
    return _Filter(
        CaseState(state) if state in set(CaseState) else None, asked.get("must") == "1", asked.get("mine") == "1"
    )


def _is_wanted(case: Case, chosen: _Filter, visit: Visit) -> bool:
    return not chosen.mine or case.handler_id == visit.official.id


def _chips(chosen: _Filter, counts: dict[CaseState, int]) -> list[dict[str, Any]]:
    unfinished = sum(counts.get(state, 0) for state in OPEN_STATES)
    every = {"label": "没办完的", "href": chosen.href(state=None), "current": chosen.state is None, "count": unfinished}
    return [
        every,
        *(
            {
                "label": words.STATES[state],
                "href": chosen.href(state=state),
                "current": chosen.state is state,
                "count": counts.get(state, 0),
            }
            for state in FILTERS
        ),
    ]


def _switches(chosen: _Filter, *, handles: bool) -> list[dict[str, Any]]:
    must = {"label": "只看必查", "href": chosen.href(must=not chosen.must), "current": chosen.must}
    mine = {"label": "只看我办的", "href": chosen.href(mine=not chosen.mine), "current": chosen.mine}
    return [must, mine] if handles else [must]
