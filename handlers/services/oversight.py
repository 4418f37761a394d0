"""What the level above sees and does: reporters who asked it after a missed date, and what is late below.

The unit below never learns that somebody asked: the answer goes to the reporter alone, is no message of the case, and
stops none of its clocks. What it may see is what the level above does openly: a note that urges it, or the case gone.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from handlers.services import deadlines, follow_up, messages, missed_dates, signed_receipts
from handlers.services.case_moves import again, find, record, require, worded
from handlers.services.cases import require_declared
from handlers.services.deadlines import Running
from handlers.services.errors import BadInput, NotFound
from handlers.services.notices import tell_officials, tell_person
from handlers.services.offers import void_offer
from handlers.services.recusals import start_unassigned
from knowledge.casework.access import HANDLING_ROLES, LEADING_ROLES, Permission
from knowledge.casework.recusal import route
from knowledge.casework.transfers import is_above
from storage.repositories.cases import Case, QueueMark
from storage.repositories.escalations import Escalation
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

PAGE: Final = 50
LONGEST_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A reporter's question to the levels above, beside its case."""

    case: Case
    escalation: Escalation


@dataclass(frozen=True, slots=True)
class LatePage:
    """A page of what is late below; `next_mark` is None on the last one."""

    cases: tuple[tuple[Case, tuple[Running, ...]], ...]
    next_mark: QueueMark | None


@dataclass(frozen=True, slots=True)
class Overseen:
    """One case as the level above sees it: its clocks, and what its reporter asked and was told.

    `below`: a unit below still answers for it, so that it can be urged or taken over.
    """

    case: Case
    clocks: tuple[Running, ...]
    asked: tuple[Escalation, ...]
    below: bool


async def asked_of(uow: UnitOfWork, official: Official) -> list[Asked]:
    """The questions that wait for this official's level, oldest first."""
    require(official, Permission.LEAD_UNIT)
    waiting = [one for one in await uow.escalations.unanswered() if is_above(official.place_path, one.unit_path)]
    ids = {one.case_id for one in waiting}
    found = await uow.cases.matching(case_table.c.id.in_(ids), visible_to=official, limit=len(ids)) if ids else []
    known = {case.id: case for case in found}
    return [Asked(known[one.case_id], one) for one in waiting if one.case_id in known]


async def open_by_receipt(uow: UnitOfWork, official: Official, text: str) -> str:
    """A reporter came with a signed receipt: ask this level about the date that was missed; returns the case's number.

    It is what the reporter could have asked by chat, once for each date. What this official may not know of, and what
    lies beside or above them, is answered like a receipt of no case here.

    Raises:
        NotAllowed: The official leads no unit.
        BadInput: The receipt is not genuine, of no case below, or no promised date has passed.
    """
    require(official, Permission.LEAD_UNIT)
    looked = await signed_receipts.look(uow, text)
    if looked.receipt is None:
        raise BadInput("receipt", str(looked.verdict))
    await uow.begin()
    case_id = await uow.receipts.case_of(looked.receipt.token)
    found = await uow.cases.matching(case_table.c.id == case_id, visible_to=official, limit=1) if case_id else []
    view = await follow_up.view_of(uow, found[0]) if found else None
    if view is None or not is_above(official.place_path, view.stands.unit_path):
        raise BadInput("receipt", "not_here")
    missed = await missed_dates.missed_in(uow, view)
    if missed is None:
        raise BadInput("receipt", "not_late")
    if await uow.escalations.ask(view.case.id, missed.kind, missed.due_on):
        asked = (await uow.escalations.of_case(view.case.id))[-1]
        actor = f"official/{official.id}"
        await uow.log.record(actor=actor, act="asked_above_by_receipt", subject=f"escalation/{asked.id}")
    return view.case.number


async def late_below(uow: UnitOfWork, official: Official, *, after: QueueMark | None = None) -> LatePage:
    """What is late at units below, longest late first, whatever those units filter, mark, merge or end."""
    require(official, Permission.LEAD_UNIT)
    today = deadlines.today(uow)
    found = await uow.cases.late_below(official, today, limit=PAGE + 1, after=after)
    shown = found[:PAGE]
    late = await _late_clocks(uow, [case.id for case in shown])
    last = QueueMark(shown[-1].next_due_on, shown[-1].id) if len(found) > PAGE else None
    return LatePage(tuple((case, tuple(late.get(case.id, ()))) for case in shown), last)


async def look(uow: UnitOfWork, official: Official, number: str) -> Overseen:
    """One case, for somebody who leads a level above it; the look is an event.

    Raises:
        DeclarationNeeded: The official has not said yet that nothing stands between them and the case.
        NotFound: There is none that lies below this official.
    """
    case = await _overseen(uow, official, number)
    await record(uow, official, "case_overseen", case)
    return Overseen(
        case,
        await deadlines.of_case(uow, case.id),
        tuple(await _asked_about(uow, official, case)),
        below=is_above(official.place_path, case.unit_path),
    )


async def answer(
    uow: UnitOfWork, official: Official, number: str, escalation_id: int, words: str, *, looked_again: bool = False
) -> Case:
    """Answer a reporter who asked above; nobody below reads it.

    Raises:
        WordsInDoubt: Something in it must not leave; or should not, and nobody has looked again.
    """
    case = await _overseen(uow, official, number)
    words = messages.worded_for_reporter("answer_above", words)
    waiting = {one.id for one in await _asked_about(uow, official, case) if one.answered_at is None}
    if escalation_id not in waiting:
        raise NotFound("escalation")
    await messages.require_looked_over(uow, case, "answer_above", words, looked_again=looked_again)
    await _answer(uow, official, case, (escalation_id,), words)
    return case


async def urge(uow: UnitOfWork, official: Official, number: str, words: str) -> Case:
    """Urge the unit below: a note its officials read, and a notice without content to whoever leads it."""
    words = worded("urge", words, shortest=2, longest=LONGEST_NOTE)
    case = await _below(uow, official, number)
    await uow.cases.add_note(case.id, words, author_id=official.id)
    await record(uow, official, "case_urged", case)
    hour = uow.clock.now().strftime("%Y-%m-%dT%H")
    await tell_officials(uow, case, LEADING_ROLES, cause=f"urged/{case.number}/{hour}")
    return case


async def take_over(
    uow: UnitOfWork, official: Official, number: str, reason: str, *, words: str = "", looked_again: bool = False
) -> Case:
    """Take a case up to one's own level, with all that was merged into it; whoever asked above is told.

    Args:
        uow: The unit of work.
        official: Leads a level above the case's unit.
        number: The case.
        reason: For officials, as a note.
        words: For the reporter, when there is a question that waits.
        looked_again: The words in doubt are as they should be.

    Raises:
        BadInput: Nobody at this level may work on the case, or words are missing.
        WordsInDoubt: Something in the words must not leave as it is.
    """
    reason = worded("take_over", reason, shortest=2, longest=LONGEST_NOTE)
    case = await _below(uow, official, number)
    if not case.is_open:
        raise BadInput("take_over", "ended")
    waiting = tuple(one.id for one in await _asked_about(uow, official, case) if one.answered_at is None)
    if waiting:
        words = messages.worded_for_reporter("answer_above", words)
        await messages.require_looked_over(uow, case, "answer_above", words, looked_again=looked_again)
    seats, recused = await uow.recusals.seats(case.unit_path), await uow.recusals.from_case(case.id)
    unit = await uow.places.by_path(official.place_path)
    if unit is None or route(seats, recused, case.unit_path, lowest=official.place_path) != official.place_path:
        raise BadInput("take_over", "nobody_here")
    for one in await messages.readers(uow, case):
        await _move_up(uow, official, one, unit)
    case = await again(uow, case)
    await uow.cases.add_note(case.id, reason, author_id=official.id)
    await tell_officials(uow, case, HANDLING_ROLES, cause=f"taken_over/{case.number}/{case.version}")
    if waiting:
        await _answer(uow, official, case, waiting, words)
    return case


async def _overseen(uow: UnitOfWork, official: Official, number: str) -> Case:
    """A case below this official, or one whose reporter asked above while it was."""
    await find(uow, official, number, Permission.LEAD_UNIT)
    case = await require_declared(uow, official, number)
    if not is_above(official.place_path, case.unit_path) and not await _asked_about(uow, official, case):
        raise NotFound("case")
    return case


async def _below(uow: UnitOfWork, official: Official, number: str) -> Case:
    case = await _overseen(uow, official, number)
    if not is_above(official.place_path, case.unit_path):
        raise NotFound("case")
    return case


async def _asked_about(uow: UnitOfWork, official: Official, case: Case) -> list[Escalation]:
    """What was asked of this official's level about a case, oldest first."""
    asked = await uow.escalations.of_case(case.id)
    return [one for one in asked if is_above(official.place_path, one.unit_path)]


async def _answer(uow: UnitOfWork, official: Official, case: Case, escalations: tuple[int, ...], words: str) -> None:
    for escalation_id in escalations:
        await uow.escalations.answer(escalation_id, words, by=official.id)
        await uow.log.record(
            actor=f"official/{official.id}", act="asked_above_answered", subject=f"escalation/{escalation_id}"
        )
    if case.person_id is not None:
        await tell_person(
            uow,
            case.person_id,
            "case_answered_above",
            kind="status",
            cause=f"answered_above/{escalations[0]}",
            number=case.number,
            place=case.place_name,
            text=words,
        )


async def _move_up(uow: UnitOfWork, official: Official, case: Case, unit: Place) -> None:
    """A transfer that was offered lapses, because who offered it answers for the case no longer."""
    await void_offer(uow, case)
    case = await again(uow, case)
    await uow.cases.change(case, unit_id=unit.id, handler_id=None)
    await record(uow, official, "case_taken_over", case, to=unit.path)
    await start_unassigned(uow, await again(uow, case))


async def _late_clocks(uow: UnitOfWork, ids: list[int]) -> dict[int, list[Running]]:
    today = deadlines.today(uow)
    late: dict[int, list[Running]] = defaultdict(list)
    for case_id, clocks in (await uow.clocks.of_cases(ids)).items():
        running = [Running(clock, deadlines.reckoned(uow, clock)) for clock in clocks if clock.is_running]
        late[case_id] = sorted(
            (one for one in running if one.deadline.due_on < today), key=lambda one: one.deadline.due_on
        )
    return late
