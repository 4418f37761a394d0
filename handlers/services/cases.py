"""Working a case: accept, assign, investigate, approve, close, reopen.

Every act checks the role, then the rules (knowledge.casework.lifecycle), records an event, and leaves the final word
to the database. A case an official may not know of is answered exactly like one that does not exist.

`seen` is the version an official was looking at when deciding; a case changed since then raises `StaleVersion`.
"""

from dataclasses import dataclass
from typing import Any

from handlers.services.errors import BadInput, CannotMove, NotAllowed, NotFound
from handlers.services.notices import tell_officials, tell_reporter
from knowledge.casework.access import APPROVING_ROLES, Permission, Role, may
from knowledge.casework.lifecycle import CaseAct, CaseState, Finding, Missing, acts_from, missing_for, transition_for
from storage.errors import StaleVersion
from storage.repositories.cases import Case, CaseFlag, Investigation, Note
from storage.repositories.files import StoredFile
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

SHORTEST_SUMMARY = 10
LONGEST_TEXT = 5_000


@dataclass(frozen=True, slots=True)
class ActState:
    """An act an official could take now, and what stands between."""

    act: CaseAct
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything the desk shows of a case."""

    case: Case
    narrative: dict[str, Any]
    files: tuple[StoredFile, ...]
    notes: tuple[Note, ...]
    investigation: Investigation | None
    acts: tuple[ActState, ...]
    has_identity: bool


async def queue(
    uow: UnitOfWork, official: Official, *, states: tuple[CaseState, ...] = (), flagged: bool | None = None
) -> list[Case]:
    """The official's cases, most pressing first."""
    _require(official, Permission.READ_CASES)
    return await uow.cases.queue(official, states=states, flagged=flagged)


async def counts(uow: UnitOfWork, official: Official) -> dict[CaseState, int]:
    """How many of the official's cases stand where."""
    _require(official, Permission.READ_CASES)
    return await uow.cases.counts(official)


async def open_file(uow: UnitOfWork, official: Official, number: str) -> CaseFile:
    """Read a case; the reading is an event."""
    case = await _case(uow, official, number, Permission.READ_CASES)
    await uow.log.record(actor=f"official/{official.id}", act="case_read", subject=f"case/{case.number}")
    progress = await uow.cases.progress(case)
    acts = tuple(
        ActState(act, missing_for(act, progress, actor_id=official.id)) for act in dict.fromkeys(acts_from(case.state))
    )
    return CaseFile(
        case,
        await uow.cases.narrative(case.id),
        tuple(await uow.files.of_case(case.id)),
        tuple(await uow.cases.notes(case.id)),
        await uow.cases.investigation_of(case),
        acts,
        await uow.cases.has_identity(case.id),
    )


async def read_file(uow: UnitOfWork, official: Official, number: str, file_id: str) -> tuple[StoredFile, bytes]:
    """A file of a case with its original bytes; the reading is an event."""
    case = await _case(uow, official, number, Permission.READ_CASES)
    stored = await uow.files.get(file_id)
    if stored is None or stored.case_id != case.id:
        raise NotFound(f"file/{file_id}")
    await uow.log.record(actor=f"official/{official.id}", act="file_read", subject=f"case/{case.number}", file=file_id)
    return stored, await uow.storage.files.get(file_id)


async def colleagues(uow: UnitOfWork, case: Case) -> list[Official]:
    """Who could be given the case: handlers of its place who are not recused."""
    handlers = tuple(role for role in Role if may(role, Permission.HANDLE_CASES))
    found = await uow.officials.in_role(handlers, case.place_path)
    recused = await uow.cases.recused_from(case.id)
    return [who for who in found if who.id not in recused]


async def accept(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Take a case on; the reporter is told."""
    case = await _ready(uow, official, number, CaseAct.ACCEPT, seen)
    await _move(uow, official, case, CaseAct.ACCEPT, accepted_at=uow.clock.now(), handler_id=official.id)
    await tell_reporter(uow, case, "case_accepted")
    return case


async def assign(uow: UnitOfWork, official: Official, number: str, handler_id: int, *, seen: int | None = None) -> Case:
    """Give a case to a colleague."""
    case = await _case(uow, official, number, Permission.HANDLE_CASES)
    _unchanged(case, seen)
    if handler_id not in {who.id for who in await colleagues(uow, case)}:
        raise BadInput("handler", "unknown")
    await uow.cases.assign(case, handler_id)
    await _record(uow, official, "case_assigned", case, handler=handler_id)
    return case


async def guide_elsewhere(
    uow: UnitOfWork, official: Official, number: str, where: str, *, seen: int | None = None
) -> Case:
    """Show the reporter the right door; never for a flagged case."""
    case = await _ready(uow, official, number, CaseAct.GUIDE_ELSEWHERE, seen)
    where = _text("where", where, shortest=2)
    await _move(uow, official, case, CaseAct.GUIDE_ELSEWHERE, closed_at=uow.clock.now())
    await uow.cases.add_note(case.id, where, author_id=official.id)
    await tell_reporter(uow, case, "case_guided", where=where)
    return case


async def start_investigation(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Begin the round's investigation, with this official as investigator."""
    case = await _ready(uow, official, number, CaseAct.START_INVESTIGATION, seen)
    await uow.cases.start_investigation(case, official.id)
    await _move(uow, official, case, CaseAct.START_INVESTIGATION, handler_id=official.id)
    await tell_reporter(uow, case, "case_investigating")
    return case


async def add_evidence(
    uow: UnitOfWork, official: Official, number: str, description: str, *, data: bytes | None = None, name: str = ""
) -> Case:
    """Add evidence to the investigation: words, and a file if there is one."""
    case, found = await _investigated(uow, official, number)
    description = _text("description", description, shortest=2)
    file_id = None
    if data:
        stored = await uow.files.add(data, name=name, origin="official", case_id=case.id)
        file_id = stored.id
    await uow.cases.add_evidence(found.id, description=description, official_id=official.id, file_id=file_id)
    await _record(uow, official, "evidence_added", case, file=file_id or "")
    return case


async def submit_finding(
    uow: UnitOfWork, official: Official, number: str, finding: str, summary: str, *, seen: int | None = None
) -> Case:
    """Write the finding and hand it to a second person."""
    case, found = await _investigated(uow, official, number, seen)
    summary = _text("summary", summary, shortest=SHORTEST_SUMMARY)
    if finding not in set(Finding):
        raise BadInput("finding", "unknown")
    await uow.cases.submit_finding(found.id, Finding(finding), summary)
    await _check(uow, official, case, CaseAct.SUBMIT_FINDING)
    await _move(uow, official, case, CaseAct.SUBMIT_FINDING)
    await tell_officials(uow, case, APPROVING_ROLES, cause=f"approve/{case.number}/{case.version}")
    return case


async def return_finding(
    uow: UnitOfWork, official: Official, number: str, why: str, *, seen: int | None = None
) -> Case:
    """Send a finding back with a reason."""
    case = await _ready(uow, official, number, CaseAct.RETURN_FINDING, seen)
    why = _text("why", why, shortest=2)
    found = await uow.cases.investigation_of(case)
    if found is None:
        raise CannotMove(case.number, (Missing.INVESTIGATION,))
    await uow.cases.return_finding(found.id)
    await _move(uow, official, case, CaseAct.RETURN_FINDING)
    await uow.cases.add_note(case.id, why, author_id=official.id)
    return case


async def approve_finding(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Sign a colleague's finding; the case closes and the reporter is told in the same transaction."""
    case = await _ready(uow, official, number, CaseAct.APPROVE_FINDING, seen)
    found = await uow.cases.investigation_of(case)
    if found is None or found.finding is None:
        raise CannotMove(case.number, (Missing.INVESTIGATION,))
    await uow.cases.approve(found.id, official.id)
    await _move(uow, official, case, CaseAct.APPROVE_FINDING, finding=found.finding)
    approved = await _case(uow, official, number, Permission.APPROVE_FINDINGS)
    await _move(uow, official, approved, CaseAct.CLOSE, closed_at=uow.clock.now())
    await tell_reporter(uow, case, "case_closed", finding=found.finding)
    return approved


async def close(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Close a case; refused with the reason while a must-investigate case is not investigated."""
    case = await _ready(uow, official, number, CaseAct.CLOSE, seen)
    await _move(uow, official, case, CaseAct.CLOSE, closed_at=uow.clock.now())
    await tell_reporter(uow, case, "case_closed", finding="")
    return case


async def reopen(uow: UnitOfWork, official: Official, number: str, why: str, *, seen: int | None = None) -> Case:
    """Open a closed case for a new round."""
    case = await _ready(uow, official, number, CaseAct.REOPEN, seen)
    why = _text("why", why, shortest=2)
    await _move(uow, official, case, CaseAct.REOPEN, round=case.round + 1, closed_at=None)
    await uow.cases.add_note(case.id, why, author_id=official.id)
    await tell_reporter(uow, case, "case_reopened")
    return case


async def add_flag(uow: UnitOfWork, official: Official, number: str, flag: CaseFlag) -> Case:
    """Raise a flag by hand; the database refuses to lower one."""
    case = await _case(uow, official, number, Permission.HANDLE_CASES)
    if flag.category not in {raised.category for raised in case.flags}:
        await uow.cases.add_flag(case.id, flag, {"by": official.id})
        await _record(uow, official, "flag_raised", case, category=str(flag.category))
    return case


async def write_note(uow: UnitOfWork, official: Official, number: str, body: str) -> Case:
    """Keep a note with the case."""
    case = await _case(uow, official, number, Permission.HANDLE_CASES)
    await uow.cases.add_note(case.id, _text("body", body, shortest=2), author_id=official.id)
    await _record(uow, official, "note_written", case)
    return case


async def stand_back(uow: UnitOfWork, official: Official, number: str) -> None:
    """Recuse oneself from a case, for good; afterwards it is invisible to this official."""
    case = await _case(uow, official, number, Permission.READ_CASES)
    if case.handler_id == official.id:
        await uow.cases.unassign(case)
    await uow.cases.recuse(case.id, official.id)
    await _record(uow, official, "recused", case)


def _require(official: Official, permission: Permission) -> None:
    if not (official.active and may(official.role, permission)):
        raise NotAllowed


def _permission(act: CaseAct) -> Permission:
    approving = (CaseAct.APPROVE_FINDING, CaseAct.RETURN_FINDING)
    return Permission.APPROVE_FINDINGS if act in approving else Permission.HANDLE_CASES


async def _case(uow: UnitOfWork, official: Official, number: str, permission: Permission) -> Case:
    _require(official, permission)
    await uow.begin()
    case = await uow.cases.by_number(number, visible_to=official)
    if case is None:
        raise NotFound("case")
    return case


async def _ready(uow: UnitOfWork, official: Official, number: str, act: CaseAct, seen: int | None) -> Case:
    case = await _case(uow, official, number, _permission(act))
    _unchanged(case, seen)
    await _check(uow, official, case, act)
    return case


def _unchanged(case: Case, seen: int | None) -> None:
    if seen is not None and seen != case.version:
        raise StaleVersion(case.number)


async def _check(uow: UnitOfWork, official: Official, case: Case, act: CaseAct) -> None:
    missing = missing_for(act, await uow.cases.progress(case), actor_id=official.id)
    if missing:
        raise CannotMove(case.number, missing)


async def _investigated(
    uow: UnitOfWork, official: Official, number: str, seen: int | None = None
) -> tuple[Case, Investigation]:
    case = await _case(uow, official, number, Permission.HANDLE_CASES)
    _unchanged(case, seen)
    found = await uow.cases.investigation_of(case)
    if found is None or case.state is not CaseState.INVESTIGATING:
        raise CannotMove(case.number, (Missing.INVESTIGATION,))
    if found.investigator_id != official.id:
        raise NotAllowed
    return case, found


async def _move(uow: UnitOfWork, official: Official, case: Case, act: CaseAct, **values: Any) -> None:
    transition = transition_for(case.state, act)
    if transition is None:
        raise CannotMove(case.number, (Missing.NOT_FROM_HERE,))
    detail = {"finding": values.pop("finding")} if "finding" in values else {}
    await uow.cases.move(case, transition.target, **values)
    await _record(uow, official, f"case_{act}", case, letter=transition.letter, **detail)


async def _record(uow: UnitOfWork, official: Official, act: str, case: Case, **detail: Any) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"case/{case.number}", **detail)


def _text(field: str, text: str, *, shortest: int) -> str:
    text = text.strip()
    if len(text) < shortest:
        raise BadInput(field, "too_short")
    if len(text) > LONGEST_TEXT:
        raise BadInput(field, "too_long")
    return text
