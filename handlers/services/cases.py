"""A case from its arrival to the decision what to do with it: read, register, accept, give away, guide, refer, reopen.

Opinions on how to go on are in disposals.py, investigations in investigations.py, the end in outcomes.py. Before the
first look at a case an official says that nothing stands between them and it (recusals.py).
"""

from dataclasses import dataclass
from typing import Any

from handlers.services import deadlines, messages, redactions, transfers
from handlers.services.case_moves import again, find, move, ready, record, require, unchanged, worded
from handlers.services.deadlines import Running
from handlers.services.errors import BadInput, DeclarationNeeded, NotFound
from handlers.services.handovers import follow_handler, still_fits
from handlers.services.notices import tell_reporter, tell_some
from handlers.services.recusals import climb_if_orphaned, has_declared_kin, screen
from handlers.services.retention import kept_until
from knowledge.casework.access import HANDLING_ROLES, Permission
from knowledge.casework.clocks import ClockKind
from knowledge.casework.labels import load_labels
from knowledge.casework.lifecycle import CaseAct, CaseState, Missing, acts_from, missing_for
from knowledge.casework.replies import LONGEST
from storage.repositories.announcements import Announced
from storage.repositories.cases import Case, Matter, Note, QueueFilter, QueueMark
from storage.repositories.dialogue import CaseMessage
from storage.repositories.files import StoredFile
from storage.repositories.flags import FlagRemoval
from storage.repositories.identities import ContactAttempt
from storage.repositories.investigations import Investigation, Measure, Opinion
from storage.repositories.officials import Official
from storage.repositories.redactions import Redaction
from storage.repositories.transfers import Transfer
from storage.unit_of_work import UnitOfWork

PAGE: int = 50


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
    matters: tuple[Matter, ...]
    files: tuple[StoredFile, ...]
    notes: tuple[Note, ...]
    messages: tuple[CaseMessage, ...]
    opinions: tuple[Opinion, ...]
    investigation: Investigation | None
    earlier: tuple[Investigation, ...]
    measures: tuple[Measure, ...]
    clocks: tuple[Running, ...]
    attempts: tuple[ContactAttempt, ...]
    removals: tuple[FlagRemoval, ...]
    redactions: tuple[tuple[Redaction, str], ...]  # asked for and not decided, with the words to be covered
    transfers: tuple[Transfer, ...]
    files_behind: dict[str, str]  # files that stayed with another unit: id -> its name
    files_waiting: int  # kept, and shown when their turn comes
    announced: tuple[Announced, ...]  # said to come, not received
    acts: tuple[ActState, ...]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of a queue; `next_mark` is None on the last one."""

    cases: tuple[Case, ...]
    next_mark: QueueMark | None


async def queue(
    uow: UnitOfWork,
    official: Official,
    chosen: QueueFilter = QueueFilter(),  # noqa: B008 - frozen
    *,
    limit: int = PAGE,
    after: QueueMark | None = None,
) -> QueuePage:
    """A page of the official's cases, most pressing first."""
    require(official, Permission.READ_CASES)
    found = await uow.cases.queue(official, chosen, limit=limit + 1, after=after)
    shown = tuple(found[:limit])
    if len(found) <= limit:
        return QueuePage(shown, None)
    last = shown[-1]
    return QueuePage(shown, QueueMark(last.closed_at or last.next_due_on, last.id))


async def counts(
    uow: UnitOfWork,
    official: Official,
    chosen: QueueFilter = QueueFilter(),  # noqa: B008 - frozen
) -> dict[CaseState, int]:
    """How many of the official's cases stand where."""
    require(official, Permission.READ_CASES)
    return await uow.cases.counts(official, chosen)


async def open_file(uow: UnitOfWork, official: Official, number: str) -> CaseFile:
    """Read a case; the reading is an event.

    Raises:
        DeclarationNeeded: The official has not yet said that nothing stands between them and this case, or has not
            declared relatives and interests at all.
    """
    case = await require_declared(uow, official, number)
    merged = [one.number for one in (await messages.readers(uow, case))[1:]]  # what their reporters wrote is shown too
    await record(uow, official, "case_read", case, **({"merged": merged} if merged else {}))
    progress = await uow.investigations.progress(case)
    acts = tuple(
        ActState(act, missing_for(act, progress, actor_id=official.id)) for act in dict.fromkeys(acts_from(case.state))
    )
    earlier = [await uow.investigations.of_case(case, round_number) for round_number in range(1, case.round)]
    passed, files = await transfers.of_case(uow, case), await uow.files.of_case(case.id)
    behind, now = transfers.left_behind(passed, files, official), uow.clock.now()
    return CaseFile(
        case=case,
        narrative=await uow.cases.narrative(case.id),
        matters=await uow.cases.matters(case.id),
        files=tuple(one for one in files if one.id not in behind and one.is_shown(now)),
        files_waiting=sum(one.id not in behind and not one.is_shown(now) for one in files),
        announced=tuple(await uow.announcements.waiting_of_case(case.id)),
        notes=tuple(await uow.cases.notes(case.id)),
        messages=await messages.dialogue(uow, case),
        opinions=tuple(await uow.investigations.opinions(case)),
        investigation=await uow.investigations.of_case(case),
        earlier=tuple(one for one in earlier if one is not None),
        measures=tuple(await uow.investigations.measures(case)),
        clocks=await deadlines.of_case(uow, case.id),
        attempts=tuple(await uow.identities.attempts(case.id)),
        removals=tuple(await uow.flags.removals(case.id)),
        redactions=tuple(await redactions.to_decide(uow, case)),
        transfers=passed,
        files_behind=behind,
        acts=acts,
    )


async def require_declared(uow: UnitOfWork, official: Official, number: str) -> Case:
    """A case this official may open.

    Raises:
        DeclarationNeeded: Something has not been declared yet.
    """
    case = await require_kin_declared(uow, official, number)
    if not await uow.recusals.has_declared(case.id, official.id):
        raise DeclarationNeeded("case", case.number)
    return case


async def require_kin_declared(uow: UnitOfWork, official: Official, number: str) -> Case:
    """A case about which this official may be asked whether anything stands between them and it.

    Raises:
        DeclarationNeeded: Relatives and interests were not declared within a year; they come first.
    """
    case = await find(uow, official, number, Permission.READ_CASES)
    if not await has_declared_kin(uow, official):
        raise DeclarationNeeded("kinship", case.number)
    return case


async def read_file(
    uow: UnitOfWork, official: Official, number: str, file_id: str, *, act: str = "file_read", noted: bool = True
) -> StoredFile:
    """A file of a case whose bytes may be read now; the reading is an event.

    Args:
        uow: The unit of work.
        official: Who reads.
        number: The case.
        file_id: The file.
        act: What the event says was done.
        noted: False for a further part of what was noted already (a recording is played in parts).
    """
    case = await require_declared(uow, official, number)
    stored = await uow.files.get(file_id)
    shown = await uow.files.of_case(case.id)  # not what is out of view
    if stored is None or stored not in shown or not stored.is_shown(uow.clock.now()):
        raise NotFound(f"file/{file_id}")
    if transfers.left_behind(await transfers.of_case(uow, case), [stored], official):
        raise NotFound(f"file/{file_id}")
    if noted:
        await record(uow, official, act, case, file=file_id)
    return stored


async def colleagues(uow: UnitOfWork, case: Case) -> list[Official]:
    """Who could be given the case: handlers of its unit, or of a level above, who do not stand back."""
    found = await uow.officials.in_role(HANDLING_ROLES, case.unit_path)
    recused = await uow.recusals.from_case(case.id)
    return [who for who in found if who.id not in recused]


async def register(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Enter a case in the books: it was looked through, and belongs where it is."""
    case = await ready(uow, official, number, CaseAct.REGISTER, seen, Permission.HANDLE_CASES)
    return await move(uow, official, case, CaseAct.REGISTER)


async def accept(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Take a case on, registering it first where nobody has; the reporter is told."""
    case = await _registered(uow, official, number, CaseAct.ACCEPT, seen)
    case = await move(uow, official, case, CaseAct.ACCEPT, accepted_at=uow.clock.now(), handler_id=official.id)
    await deadlines.stop(uow, case.id, ClockKind.ACCEPTANCE, ClockKind.UNASSIGNED)
    await deadlines.restart(uow, case, ClockKind.DISPOSAL)
    await deadlines.settle(uow, case.id)
    await tell_reporter(uow, case, "case_accepted")
    return case


async def assign(uow: UnitOfWork, official: Official, number: str, handler_id: int, *, seen: int | None = None) -> Case:
    """Give a case to a colleague."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    unchanged(case, seen)
    if handler_id not in {who.id for who in await colleagues(uow, case)}:
        raise BadInput("handler", "unknown")
    await uow.cases.change(case, handler_id=handler_id)
    await deadlines.stop(uow, case.id, ClockKind.UNASSIGNED)
    await deadlines.settle(uow, case.id)
    await record(uow, official, "case_assigned", case, handler=handler_id)
    if handler_id != official.id:
        await tell_some(uow, case, (handler_id,), cause=f"assigned/{case.number}/{case.version}")
    return await follow_handler(uow, official, await again(uow, case), handler_id)


async def guide_elsewhere(
    uow: UnitOfWork,
    official: Official,
    number: str,
    where: str,
    *,
    seen: int | None = None,
    looked_again: bool = False,
) -> Case:
    """Show the reporter the right door, with the reason; never for a flagged case that nobody investigated."""
    where = worded("where", where, shortest=2, longest=LONGEST)
    case = await _registered(uow, official, number, CaseAct.GUIDE_ELSEWHERE, seen)
    await messages.require_looked_over(uow, case, "where", where, looked_again=looked_again)
    kept = kept_until(deadlines.today(uow), case.retain_until)
    case = await move(uow, official, case, CaseAct.GUIDE_ELSEWHERE, closed_at=uow.clock.now(), retain_until=kept)
    await deadlines.stop_all(uow, case.id)
    await deadlines.settle(uow, case.id)
    await messages.keep(uow, official, case, where, kind="result")
    await tell_reporter(uow, case, "case_guided", where=where)
    return case


async def refer(
    uow: UnitOfWork, official: Official, number: str, body: str, *, seen: int | None = None, noted: str = "{}"
) -> Case:
    """Hand a case to a body outside (police, supervisory commission); it stays ours to follow.

    `noted` is how the note for colleagues says it, here and below: words of the edge around what was written.
    """
    body = worded("body_name", body, shortest=2, longest=60)
    case = await ready(uow, official, number, CaseAct.REFER, seen, Permission.HANDLE_CASES)
    await uow.cases.add_note(case.id, noted.format(body), author_id=official.id)
    return await move(uow, official, case, CaseAct.REFER)


async def take_back(
    uow: UnitOfWork, official: Official, number: str, answer: str, *, seen: int | None = None, noted: str = "{}"
) -> Case:
    """The body outside has answered, or has not: go on here."""
    answer = worded("outside_answer", answer, shortest=2)
    case = await ready(uow, official, number, CaseAct.TAKE_BACK, seen, Permission.HANDLE_CASES)
    await uow.cases.add_note(case.id, noted.format(answer), author_id=official.id)
    return await move(uow, official, case, CaseAct.TAKE_BACK)


async def take_up(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Go on with a lead that was held."""
    case = await ready(uow, official, number, CaseAct.TAKE_UP, seen, Permission.HANDLE_CASES)
    case = await move(uow, official, case, CaseAct.TAKE_UP, handler_id=official.id)
    await deadlines.stop(uow, case.id, ClockKind.HOLD_REVIEW)
    await deadlines.restart(uow, case, ClockKind.DISPOSAL)
    await deadlines.settle(uow, case.id)
    return case


async def reopen(
    uow: UnitOfWork, official: Official, number: str, why: str, *, seen: int | None = None, noted: str = "{}"
) -> Case:
    """Open a case for a new round; what was promised for the first stays on file."""
    why = worded("why", why, shortest=2)
    case = await ready(uow, official, number, CaseAct.REOPEN, seen, Permission.HANDLE_CASES)
    await uow.cases.add_note(case.id, noted.format(why), author_id=official.id)
    return await begin_round(uow, case, actor=f"official/{official.id}")


async def begin_round(uow: UnitOfWork, case: Case, *, actor: str) -> Case:
    """A new round, asked for by an official or brought about by new evidence; the reporter is told.

    While it was closed people came, left and declared relatives: who may not work on it any more does not go on.
    """
    await uow.cases.move(
        case,
        CaseState.ACCEPTED,
        round=case.round + 1,
        handler_id=case.handler_id if await still_fits(uow, case.handler_id, case) else None,
        **dict.fromkeys(("closed_at", "concluded_at", "told_at", "told_by")),
    )
    await uow.log.record(actor=actor, act=f"case_{CaseAct.REOPEN}", subject=f"case/{case.number}", round=case.round + 1)
    case = await again(uow, case)
    await deadlines.stop(uow, case.id, ClockKind.REVIEW, ClockKind.RESULT)
    await deadlines.restart(uow, case, ClockKind.DISPOSAL)
    await screen(uow, case, case.unit_path)
    case = await climb_if_orphaned(uow, await again(uow, case))
    await deadlines.settle(uow, case.id)
    await tell_reporter(uow, case, "case_reopened")
    return case


async def set_sub_status(
    uow: UnitOfWork, official: Official, number: str, sub_status: str, *, seen: int | None = None
) -> Case:
    """Say which local step a case is in, of those its state has; empty for none. No reporter reads it."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    unchanged(case, seen)
    if sub_status and sub_status not in {one.id for one in load_labels().steps_of(case.state)}:
        raise BadInput("sub_status", "unknown")
    await uow.cases.change(case, sub_status=sub_status or None)
    await record(uow, official, "sub_status_set", case, sub_status=sub_status)
    return await again(uow, case)


async def write_note(uow: UnitOfWork, official: Official, number: str, body: str) -> Case:
    """Keep a note with the case, for officials only."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    await uow.cases.add_note(case.id, worded("body", body, shortest=2), author_id=official.id)
    await record(uow, official, "note_written", case)
    return case


async def _registered(uow: UnitOfWork, official: Official, number: str, act: CaseAct, seen: int | None) -> Case:
    """A case ready for an act that needs registration, registered on the way if it is still as it came."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    unchanged(case, seen)
    goes_on = case.merged_into_id is None and not (act is CaseAct.GUIDE_ELSEWHERE and case.flags)
    if case.state is CaseState.RECEIVED and goes_on:
        await move(uow, official, case, CaseAct.REGISTER)
        seen = None
    return await ready(uow, official, number, act, seen, Permission.HANDLE_CASES)
