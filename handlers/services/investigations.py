"""The investigation of a case's round: steps, evidence, a finding, and a second person's signature under it."""

from datetime import date
from typing import Final

from handlers.services import deadlines
from handlers.services.case_moves import check, find, move, ready, record, unchanged, worded
from handlers.services.errors import BadInput, CannotMove, NotAllowed
from handlers.services.notices import tell_officials
from knowledge.casework.access import APPROVING_ROLES, Permission
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseAct, CaseState, Finding, Missing, StepKind
from storage.repositories.cases import Case
from storage.repositories.investigations import Investigation
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

SHORTEST_SUMMARY = 10
#: What a step starts and stops.
_STARTS: Final = {
    StepKind.LETTER_SENT: ClockKind.LETTER_REPLY,
    StepKind.LETTER_ANSWERED: ClockKind.TALK_REPORT,
    StepKind.TALK: ClockKind.TALK_REPORT,
}
_STOPS: Final = {StepKind.LETTER_ANSWERED: ClockKind.LETTER_REPLY}


async def add_step(
    uow: UnitOfWork, official: Official, number: str, kind: str, taken_on: date | None, body: str
) -> Case:
    """Write down what was done and when; a letter and a talk have clocks of their own."""
    if kind not in set(StepKind):
        raise BadInput("step_kind", "unknown")
    if taken_on is None or taken_on > deadlines.today(uow):
        raise BadInput("taken_on", "no_date")
    body = worded("step", body, shortest=2)
    case, found = await _investigated(uow, official, number)
    step_id = await uow.investigations.add_step(
        found.id, kind=StepKind(kind), taken_on=taken_on, body=body, official_id=official.id
    )
    if StepKind(kind) in _STOPS:
        await deadlines.stop(uow, case.id, _STOPS[StepKind(kind)])
    if StepKind(kind) in _STARTS:
        deadlines.start(uow, case.id, _STARTS[StepKind(kind)], round_number=case.round, about=step_id, on=taken_on)
    await deadlines.settle(uow, case.id)
    await record(uow, official, "step_recorded", case, kind=kind)
    return case


async def add_evidence(
    uow: UnitOfWork, official: Official, number: str, description: str, *, data: bytes | None = None, name: str = ""
) -> Case:
    """Add evidence to the investigation: words, and a file if there is one."""
    description = worded("description", description, shortest=2)
    case, found = await _investigated(uow, official, number)
    file_id = None
    if data:
        stored = await uow.files.add(data, name=name, origin="official", case_id=case.id)
        file_id = stored.id
    await uow.investigations.add_evidence(found.id, description=description, official_id=official.id, file_id=file_id)
    await record(uow, official, "evidence_added", case, file=file_id or "")
    return case


async def submit_finding(
    uow: UnitOfWork, official: Official, number: str, finding: str, summary: str, *, seen: int | None = None
) -> Case:
    """Write the finding and hand it to a second person."""
    case, found = await _investigated(uow, official, number, seen)
    summary = worded("summary", summary, shortest=SHORTEST_SUMMARY)
    if finding not in set(Finding):
        raise BadInput("finding", "unknown")
    await uow.investigations.submit_finding(found.id, Finding(finding), summary)
    await check(uow, official, case, CaseAct.SUBMIT_FINDING)
    case = await move(uow, official, case, CaseAct.SUBMIT_FINDING)
    await deadlines.stop(uow, case.id, ClockKind.TALK_REPORT, ClockKind.LETTER_REPLY)
    await deadlines.settle(uow, case.id)
    await tell_officials(uow, case, APPROVING_ROLES, cause=f"approve/{case.number}/{case.version}")
    return case


async def return_finding(
    uow: UnitOfWork, official: Official, number: str, why: str, *, seen: int | None = None, noted: str = "{}"
) -> Case:
    """Send a finding back with a reason; `noted` is how the note for colleagues says it."""
    why = worded("why", why, shortest=2)
    case = await ready(uow, official, number, CaseAct.RETURN_FINDING, seen, Permission.APPROVE_FINDINGS)
    found = await uow.investigations.of_case(case)
    if found is None:
        raise CannotMove(case.number, (Missing.INVESTIGATION,))
    await uow.investigations.return_finding(found.id)
    await uow.cases.add_note(case.id, noted.format(why), author_id=official.id)
    return await move(uow, official, case, CaseAct.RETURN_FINDING)


async def approve_finding(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Sign a colleague's finding: the case is concluded, and its result has to be told within 15 working days."""
    case = await ready(uow, official, number, CaseAct.APPROVE_FINDING, seen, Permission.APPROVE_FINDINGS)
    found = await uow.investigations.of_case(case)
    if found is None or found.finding is None:
        raise CannotMove(case.number, (Missing.INVESTIGATION,))
    await uow.investigations.approve(found.id, official.id)
    case = await move(uow, official, case, CaseAct.APPROVE_FINDING, finding=found.finding, concluded_at=uow.clock.now())
    await deadlines.stop(uow, case.id, *deadlines.UNTIL_CONCLUDED)
    await deadlines.restart(uow, case, ClockKind.RESULT)
    await deadlines.settle(uow, case.id)
    return case


async def _investigated(
    uow: UnitOfWork, official: Official, number: str, seen: int | None = None
) -> tuple[Case, Investigation]:
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    unchanged(case, seen)
    found = await uow.investigations.of_case(case)
    if found is None or case.state is not CaseState.INVESTIGATING:
        raise CannotMove(case.number, (Missing.INVESTIGATION,))
    if found.investigator_id != official.id:
        raise NotAllowed
    return case, found
