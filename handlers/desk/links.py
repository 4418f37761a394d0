"""What a case belongs together with: the card of its page, and the page that shows two reports before they are merged.

What a newcomer gets wrong: to merge by one press of a button. Two people's reports become one work; whoever decides
that reads both first.
"""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from handlers.desk import dates, words
from handlers.desk.case_rows import case_row
from handlers.desk.request import CaseNumber, Signed, Visit
from handlers.services import links
from handlers.services.errors import BadInput
from handlers.services.links import MERGEABLE, Side, Ties
from knowledge.casework.similarity import MUCH_ALIKE
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.cases import Case
from storage.repositories.links import BY_HAND


async def ask_merge(visit: Signed, number: CaseNumber) -> Response:
    """Both reports beside each other, and what a merge means."""
    return await _page(visit, number, visit.request.query_params.get("into", ""))


async def merge(visit: Signed, number: CaseNumber) -> Response:
    """Merge them, or show why not with what was typed."""
    form = visit.form
    into = form.text("into")
    try:
        async with visit.unit_of_work() as uow:
            await links.merge(uow, visit.official, number, into, form.text("reason"), seen=form.number("version"))
            merged = await links.parent_of(uow, visit.official, number)
            uow.after_commit(visit.desk.wake)
            await uow.commit()
    except BadInput as wrong:
        errors = {wrong.field: words.fault(wrong.field, wrong.fault)}
        return await _page(visit, number, into, errors=errors, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except StaleVersion:
        return await _page(visit, number, into, alert=(words.STALE, words.STALE_WHY), status=HTTPStatus.CONFLICT)
    except RuleRefused as refused:
        why = words.RULES.get(refused.rule, words.ERRORS["rule_refused"].happened)
        return await _page(visit, number, into, alert=("还没有并过去。", why), status=HTTPStatus.CONFLICT)
    return visit.go(f"/desk/cases/{merged or number}", "merge")


def ties_context(ties: Ties, case: Case) -> dict[str, Any]:
    """The card of a case's page: only what this official may know of was handed in."""
    return {
        "links": [
            {
                "id": tied.link.id,
                "kind": words.LINK_KINDS[tied.link.kind],
                "by_hand": tied.is_by_hand,
                "made": f"{tied.link.maker}，{dates.moment(tied.link.made_at)}" if tied.link.maker else None,
                **_row(tied.case),
            }
            for tied in ties.links
        ],
        "alike": [
            {
                "how": "很像" if one.likeness >= MUCH_ALIKE else "有点像",
                "merge_href": _merge_href(case, one.case),
                **_row(one.case),
            }
            for one in ties.suggestions
        ],
        "merged_here": [_row(one) for one in ties.children],
        "merged_into": _row(ties.parent) if ties.parent else None,
        "merge": {
            "who": ties.merge.merged_by,
            "when": dates.moment(ties.merge.merged_at),
            "reason": ties.merge.reason,
        }
        if ties.merge
        else None,
        "link_kinds": [(kind, words.LINK_KINDS[kind]) for kind in BY_HAND],
    }


def _row(case: Case) -> dict[str, Any]:
    return {
        "number": case.number,
        "href": f"/desk/cases/{case.number}",
        "received": dates.moment(case.received_at),
        "state_text": words.STATES[case.state],
    }


def _merge_href(case: Case, other: Case) -> str | None:
    """Where the later of two is merged into the earlier; None where that cannot be."""
    if case.unit_id != other.unit_id or not {case.state, other.state} <= MERGEABLE:
        return None
    late, early = sorted((case, other), key=lambda one: (one.received_at, one.id), reverse=True)
    return f"/desk/cases/{late.number}/merge?into={early.number}"


async def _page(
    visit: Visit,
    number: str,
    into: str,
    *,
    errors: dict[str, str] | None = None,
    alert: tuple[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    """The page; where the two cannot be merged, the field to name another one."""
    faults = dict(errors or {})
    sides: tuple[Side, ...] = ()
    async with visit.unit_of_work() as uow:
        try:
            sides = await links.preview(uow, visit.official, number, into)
        except BadInput as wrong:
            faults[wrong.field] = words.fault(wrong.field, wrong.fault)
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        await uow.commit()
    today = visit.desk.today()
    return await visit.page(
        "merge.html",
        status=status,
        number=number,
        into=into,
        version=sides[0].case.version if sides else None,
        sides=[
            {
                **case_row(one.case, today),
                "story": [(words.NARRATIVE[name], one.narrative.get(name) or "没有写") for name in words.NARRATIVE],
            }
            for one in sides
        ],
        errors=faults,
        alert=alert,
        typed=visit.form.fields,
    )
