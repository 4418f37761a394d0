"""How to go on with a lead: proposed by whoever handles it, decided by a second person (rules of 2020, article 17)."""

from datetime import date

from handlers.services import deadlines
from handlers.services.case_moves import again, check, find, move, ready, unchanged, worded
from handlers.services.errors import BadInput, CannotMove
from handlers.services.handovers import still_fits
from handlers.services.notices import tell_officials, tell_reporter
from knowledge.casework.access import APPROVING_ROLES, Permission
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import DISPOSAL_ACTS, CaseAct, CaseState, Disposal, Missing
from storage.repositories.cases import Case
from storage.repositories.investigations import Opinion
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

SHORTEST_REASON = 4


async def propose(
    uow: UnitOfWork,
    official: Official,
    number: str,
    kind: str,
    reason: str,
    *,
    review_on: date | None = None,
    seen: int | None = None,
) -> Case:
    """Write an opinion and hand it to a second person; to hold a lead needs the day it is looked at again."""
    if kind not in set(Disposal):
        raise BadInput("disposal", "unknown")
    reason = worded("reason", reason, shortest=SHORTEST_REASON)
    disposal = Disposal(kind)
    if disposal is Disposal.HOLD and (review_on is None or review_on <= deadlines.today(uow)):
        raise BadInput("review_on", "no_date")
    case = await ready(uow, official, number, CaseAct.PROPOSE_DISPOSAL, seen, Permission.HANDLE_CASES)
    if disposal is Disposal.CONCLUDE and case.flags:
        raise CannotMove(case.number, (Missing.INVESTIGATION, Missing.FINDING, Missing.EVIDENCE, Missing.APPROVAL))
    on = review_on if disposal is Disposal.HOLD else None
    await uow.investigations.propose(case, disposal, reason, by=official.id, review_on=on)
    case = await move(uow, official, case, CaseAct.PROPOSE_DISPOSAL)
    await tell_officials(uow, case, APPROVING_ROLES, cause=f"disposal/{case.number}/{case.version}")
    return case


async def approve(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Say yes to an opinion: the investigation begins, the lead is held, or an unflagged case is concluded."""
    case, opinion = await _undecided(uow, official, number, seen)
    act = DISPOSAL_ACTS[opinion.kind]
    await check(uow, official, case, act)
    await uow.investigations.decide(opinion.id, "approved", by=official.id)
    await deadlines.stop(uow, case.id, ClockKind.DISPOSAL)
    if act is CaseAct.START_INVESTIGATION:
        case = await _begin(uow, official, case, opinion)
    elif act is CaseAct.CONCLUDE:
        case = await move(uow, official, case, act, concluded_at=uow.clock.now())
        await deadlines.stop(uow, case.id, *deadlines.UNTIL_CONCLUDED)
        await deadlines.restart(uow, case, ClockKind.RESULT)
    else:
        case = await move(uow, official, case, act)
        await deadlines.restart(uow, case, ClockKind.HOLD_REVIEW, limit_on=opinion.review_on)
    await deadlines.settle(uow, case.id)
    return await again(uow, case)


async def send_back(uow: UnitOfWork, official: Official, number: str, why: str, *, seen: int | None = None) -> Case:
    """Send an opinion back with a reason."""
    why = worded("why", why, shortest=2)
    case, opinion = await _undecided(uow, official, number, seen)
    await check(uow, official, case, CaseAct.RETURN_DISPOSAL)
    await uow.investigations.decide(opinion.id, "returned", by=official.id, note=why)
    return await move(uow, official, case, CaseAct.RETURN_DISPOSAL)


async def _undecided(uow: UnitOfWork, official: Official, number: str, seen: int | None) -> tuple[Case, Opinion]:
    case = await find(uow, official, number, Permission.APPROVE_FINDINGS)
    unchanged(case, seen)
    opinion = await uow.investigations.opinion_of(case)
    if opinion is None or case.state is not CaseState.DISPOSAL_PROPOSED:
        raise CannotMove(case.number, (Missing.DISPOSAL,))
    return case, opinion


async def _begin(uow: UnitOfWork, official: Official, case: Case, opinion: Opinion) -> Case:
    """The round's investigation, led by the handler or, where there is none left, by whoever proposed it."""
    lead = case.handler_id
    if lead is None and await still_fits(uow, opinion.proposed_by, case):
        lead = opinion.proposed_by
    if lead is None:
        raise CannotMove(case.number, (Missing.HANDLER,))
    await uow.investigations.start(case, lead)
    case = await move(uow, official, case, CaseAct.START_INVESTIGATION, handler_id=lead)
    await tell_reporter(uow, case, "case_investigating")
    return case
