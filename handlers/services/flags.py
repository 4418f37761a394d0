"""Raising a flag, and the only way to lower one: two people of a higher level, and a reason."""

from typing import Any

from handlers.services.case_moves import find, record, worded
from handlers.services.errors import BadInput, NotAllowed, NotFound
from knowledge.casework.access import Permission
from knowledge.casework.transfers import is_above
from storage.repositories.cases import Case
from storage.repositories.flags import CaseFlag
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

SHORTEST_REASON = 4


async def add_flag(uow: UnitOfWork, official: Official, number: str, flag: CaseFlag) -> Case:
    """Raise a flag by hand; one that was lowered is put back."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    if await raise_once(uow, case, flag, {"by": official.id}, by=official.id):
        await record(uow, official, "flag_raised", case, category=flag.category)
    return case


async def raise_once(
    uow: UnitOfWork, case: Case, flag: CaseFlag, inputs: dict[str, Any], *, by: int | None = None
) -> bool:
    """Raise a flag unless it is in force already, on the case it was merged into as well; returns whether it is new."""
    if case.merged_into_id is not None:
        parent = await uow.cases.by_id(case.merged_into_id)
        if parent is not None:
            await raise_once(uow, parent, flag, inputs, by=by)
    if flag.category in {raised.category for raised in case.flags}:
        return False
    if flag.category in await uow.flags.ever_raised(case.id):
        return await uow.flags.undo_removal(case.id, flag.category)
    uow.flags.raise_flag(case.id, flag, inputs, by=by)
    return True


async def ask_lowering(uow: UnitOfWork, official: Official, number: str, category: str, reason: str) -> Case:
    """Somebody above the case's unit asks that a flag be lowered; nothing changes yet."""
    reason = worded("reason", reason, shortest=SHORTEST_REASON)
    case = await _from_above(uow, official, number)
    if category not in {flag.category for flag in case.flags}:
        raise BadInput("category", "unknown")
    if any(one.category == category and one.decision is None for one in await uow.flags.removals(case.id)):
        raise BadInput("category", "asked")
    await uow.flags.ask_removal(case.id, category, reason, by=official.id)
    await record(uow, official, "flag_lowering_asked", case, category=category)
    return case


async def decide_lowering(uow: UnitOfWork, official: Official, number: str, removal_id: int, *, agrees: bool) -> Case:
    """A second person above the case's unit says yes or no."""
    case = await _from_above(uow, official, number)
    asked = {one.id: one for one in await uow.flags.removals(case.id) if one.decision is None}
    if removal_id not in asked:
        raise NotFound("removal")
    if asked[removal_id].asked_by == official.id:
        raise BadInput("decision", "own")
    await uow.flags.decide_removal(removal_id, "approved" if agrees else "refused", by=official.id)
    act = "flag_lowered" if agrees else "flag_lowering_refused"
    await record(uow, official, act, case, category=asked[removal_id].category)
    return case


async def _from_above(uow: UnitOfWork, official: Official, number: str) -> Case:
    case = await find(uow, official, number, Permission.LOWER_FLAGS)
    if not is_above(official.place_path, case.unit_path):
        raise NotAllowed
    return case
