"""Handing over what somebody has in hand: all of it when they leave, or one investigation on the way.

Everything goes, also what whoever arranges it may not know of: the lists that people see are made afterwards, each
through the eyes of its reader. A case the successor may not work on goes back to its unit's list, and a working day
is left to find somebody. Words that were written stay under the name of who wrote them.
"""

from dataclasses import dataclass
from typing import Final

from handlers.services import deadlines
from handlers.services.case_moves import again, find, move, record, require, unchanged
from handlers.services.errors import BadInput, CannotMove, NotFound
from handlers.services.notices import tell_officials, tell_some
from handlers.services.recusals import start_unassigned, unfinished
from knowledge.casework.access import HANDLING_ROLES, LEADING_ROLES, Permission, covers, may
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseAct, CaseState, Missing
from storage.repositories.cases import Case
from storage.repositories.handovers import Handover, HandoverItem, Was
from storage.repositories.investigations import Investigation
from storage.repositories.officials import Official
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

UNDER_WAY: Final = (CaseState.INVESTIGATING, CaseState.AWAITING_APPROVAL)


@dataclass(frozen=True, slots=True)
class Held:
    """A case somebody has in hand; `passes` says whether the successor may go on with it."""

    case: Case
    was: Was
    passes: bool


@dataclass(frozen=True, slots=True)
class HandoverSheet:
    """A hand-over as one reader may see it."""

    handover: Handover
    items: tuple[Held, ...]


async def people(uow: UnitOfWork, official: Official) -> list[Official]:
    """Whose work an official may hand over, and to whom: everybody of their place and below who handles cases."""
    require(official, Permission.LEAD_UNIT)
    return [
        one
        for one in await uow.officials.all()
        if one.active and one.role in HANDLING_ROLES and covers(official.place_path, one.place_path)
    ]


async def preview(
    uow: UnitOfWork, official: Official, giver_id: int, taker_id: int | None
) -> tuple[Official, Official | None, tuple[Held, ...]]:
    """What a hand-over would move, as far as this official may know of it."""
    giver, taker = await _chosen(uow, official, giver_id, taker_id)
    return giver, taker, await _seen_by(uow, official, await _in_hand(uow, giver, taker))


async def arrange(uow: UnitOfWork, official: Official, giver_id: int, taker_id: int | None) -> int:
    """Hand over everything somebody has in hand; returns the hand-over's id."""
    giver, taker = await _chosen(uow, official, giver_id, taker_id)
    return await hand_over(uow, giver, taker, by=official)


async def hand_over(uow: UnitOfWork, giver: Official, taker: Official | None, *, by: Official | None) -> int:
    """The same for who has been asked already: a seat that is closed or moved (seats.py)."""
    await uow.begin()
    held = await _in_hand(uow, giver, taker)
    items = [HandoverItem(one.case.id, one.was) for one in held]
    made = await uow.handovers.add(giver.id, taker.id if taker else None, items, by=by.id if by else None)
    actor = f"official/{by.id}" if by else "system"
    await uow.log.record(
        actor=actor, act="handed_over", subject=f"official/{giver.id}", to=taker.id if taker else None, handover=made
    )
    for one in held:
        next_id = taker.id if taker and one.passes else None
        case = await _pass_on(uow, one.case, giver.id, next_id)
        await uow.log.record(
            actor=actor, act="case_handed_over", subject=f"case/{case.number}", handover=made, to=case.handler_id
        )
        if next_id is None:
            await tell_officials(uow, case, LEADING_ROLES, cause=f"handover/{made}/left")
        await tell_some(uow, case, (next_id,), cause=f"handover/{made}")
    return made


async def read(uow: UnitOfWork, official: Official, handover_id: int) -> HandoverSheet:
    """A hand-over for its successor, and for whoever leads where it was made.

    Raises:
        NotFound: There is none, or it is none of this official's business.
    """
    require(official, Permission.READ_CASES)
    found = await uow.handovers.get(handover_id)
    leads = may(official.role, Permission.LEAD_UNIT)
    if found is None or not (
        official.id in (found.to_id, found.from_id) or (leads and covers(official.place_path, found.from_path))
    ):
        raise NotFound("handover")
    was = {one.case_id: one.was for one in await uow.handovers.items(handover_id)}
    cases = [
        case for case_id in sorted(was) if (case := await uow.cases.by_id(case_id, visible_to=official)) is not None
    ]
    items = tuple(Held(case, was[case.id], case.handler_id == found.to_id) for case in cases)
    return HandoverSheet(found, items)


async def recent(uow: UnitOfWork, official: Official) -> list[Handover]:
    """The newest hand-overs where an official leads."""
    require(official, Permission.LEAD_UNIT)
    return await uow.handovers.within(official.place_path)


async def hand_investigation(
    uow: UnitOfWork, official: Official, number: str, to_id: int, *, seen: int | None = None
) -> Case:
    """Let somebody else go on with an investigation; whoever worked on it before never approves it."""
    case = await find(uow, official, number, Permission.LEAD_UNIT)
    unchanged(case, seen)
    found = await uow.investigations.of_case(case)
    if found is None or case.state not in UNDER_WAY:
        raise CannotMove(case.number, (Missing.INVESTIGATION,))
    if to_id == found.investigator_id or not await still_fits(uow, to_id, case):
        raise BadInput("investigator", "unknown")
    if case.state is CaseState.AWAITING_APPROVAL:
        case = await move(uow, official, case, CaseAct.RETURN_FINDING)
    await uow.investigations.hand_over(found.id, to_id)
    if case.handler_id in (None, found.investigator_id):
        await uow.cases.change(case, handler_id=to_id)
        await deadlines.stop(uow, case.id, ClockKind.UNASSIGNED)
        await deadlines.settle(uow, case.id)
    await record(uow, official, "investigation_handed_over", case, to=to_id)
    await tell_some(uow, case, (to_id,), cause=f"investigation/{found.id}/{case.version}")
    return await again(uow, case)


async def follow_handler(uow: UnitOfWork, official: Official, case: Case, handler_id: int) -> Case:
    """Let a new handler lead the investigation where who led it no longer may: stood back, left, or elsewhere now."""
    found = await uow.investigations.of_case(case) if case.state in UNDER_WAY else None
    if found is None or found.investigator_id == handler_id:
        return case
    if await still_fits(uow, found.investigator_id, case):
        return case
    if case.state is CaseState.AWAITING_APPROVAL:
        if found.investigator_id not in await uow.recusals.from_case(case.id):
            return case  # the finding stands as it was handed in
        case = await move(uow, official, case, CaseAct.RETURN_FINDING)
    await uow.investigations.hand_over(found.id, handler_id)
    return await again(uow, case)


async def _chosen(
    uow: UnitOfWork, official: Official, giver_id: int, taker_id: int | None
) -> tuple[Official, Official | None]:
    known = {one.id: one for one in await people(uow, official)}
    if giver_id not in known:
        raise BadInput("giver", "unknown")
    if taker_id is not None and taker_id not in known:
        raise BadInput("taker", "unknown")
    if taker_id == giver_id:
        raise BadInput("taker", "same")
    return known[giver_id], known[taker_id] if taker_id is not None else None


async def _in_hand(uow: UnitOfWork, giver: Official, taker: Official | None) -> list[Held]:
    """Everything unfinished that somebody handles or investigates, merged cases too: they may be taken apart again."""
    led = case_table.c.id.in_(await uow.investigations.open_of(giver.id))
    held: list[Held] = []
    async for page in unfinished(uow, (case_table.c.handler_id == giver.id) | led):
        for case in page:
            found = await uow.investigations.of_case(case) if case.state in UNDER_WAY else None
            leads = found is not None and found.investigator_id == giver.id
            if leads or case.handler_id == giver.id:
                passes = taker is not None and await _fits(uow, taker, case)
                held.append(Held(case, Was.INVESTIGATOR if leads else Was.HANDLER, passes))
    return held


async def _pass_on(uow: UnitOfWork, case: Case, giver_id: int, next_id: int | None) -> Case:
    found = await uow.investigations.of_case(case) if case.state in UNDER_WAY else None
    if case.handler_id == giver_id:
        await uow.cases.change(case, handler_id=next_id)
        case = await again(uow, case)
        await start_unassigned(uow, case)
    if found is not None and found.investigator_id == giver_id:
        await _next_lead(uow, case, found, next_id or case.handler_id)
    return case


async def _next_lead(uow: UnitOfWork, case: Case, found: Investigation, lead_id: int | None) -> None:
    """Let somebody go on with it; with nobody it keeps its name until a handler is found, who then leads it."""
    if lead_id is not None:
        handed_in = case.state is CaseState.AWAITING_APPROVAL
        await uow.investigations.hand_over(found.id, lead_id, as_submitted=handed_in)


async def still_fits(uow: UnitOfWork, official_id: int | None, case: Case) -> bool:
    """Whether somebody who had to do with a case may still work on it; False for nobody."""
    who = await uow.officials.get(official_id) if official_id is not None else None
    return who is not None and await _fits(uow, who, case)


async def _fits(uow: UnitOfWork, who: Official, case: Case) -> bool:
    if not (who.active and may(who.role, Permission.HANDLE_CASES) and covers(who.place_path, case.unit_path)):
        return False
    return who.id not in await uow.recusals.from_case(case.id)


async def _seen_by(uow: UnitOfWork, official: Official, held: list[Held]) -> tuple[Held, ...]:
    return tuple([one for one in held if await uow.cases.by_id(one.case.id, visible_to=official) is not None])
