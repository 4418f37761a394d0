"""The end of a case: measures recommended to whoever may decide them, the result told, the case closed.

To cancel a candidacy or to void an election is the competent body's decision; here it is recommended, and what that
body decided is written down when it came. Nothing here calls anybody guilty.
"""

from datetime import date

from handlers.services import deadlines, messages
from handlers.services.case_moves import check, find, move, ready, record, unchanged, worded
from handlers.services.errors import BadInput, NotFound
from handlers.services.notices import tell_reporter
from handlers.services.retention import kept_until
from knowledge.casework.access import Permission
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseAct, MeasureKind
from knowledge.casework.replies import LONGEST
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.tables.cases import TOLD_BY
from storage.unit_of_work import UnitOfWork

LONGEST_BODY = 60
LONGEST_DOCUMENT = 80
SHORTEST_RESULT = 4


async def recommend(
    uow: UnitOfWork, official: Official, number: str, kind: str, body: str, reason: str, *, seen: int | None = None
) -> Case:
    """Recommend a measure to the body that may decide it; `none` says that nothing is, and why."""
    if kind not in set(MeasureKind):
        raise BadInput("measure", "unknown")
    measure = MeasureKind(kind)
    body = "" if measure is MeasureKind.NONE else worded("body_name", body, shortest=2, longest=LONGEST_BODY)
    reason = worded("reason", reason, shortest=2)
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    unchanged(case, seen)
    await uow.investigations.recommend(case, measure, body, reason, by=official.id)
    await record(uow, official, "measure_recommended", case, kind=kind)
    return case


async def record_decision(
    uow: UnitOfWork,
    official: Official,
    number: str,
    measure_id: int,
    *,
    taken: bool,
    decided_on: date | None,
    document: str,
) -> Case:
    """Write down what the competent body decided."""
    document = worded("document", document, shortest=2, longest=LONGEST_DOCUMENT)
    if decided_on is None or decided_on > deadlines.today(uow):
        raise BadInput("decided_on", "no_date")
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    if measure_id not in {one.id for one in await uow.investigations.measures(case) if one.decision is None}:
        raise NotFound("measure")
    await uow.investigations.record_decision(
        measure_id, taken=taken, decided_on=decided_on, document=document, by=official.id
    )
    await record(uow, official, "measure_decided", case, measure=measure_id, taken=taken)
    return case


async def tell_result(
    uow: UnitOfWork,
    official: Official,
    number: str,
    words: str,
    *,
    by: str = "",
    seen: int | None = None,
    looked_again: bool = False,
) -> Case:
    """Tell the reporter the result and write down how: in the chat, behind the receipt code, by phone, in person."""
    words = worded("result", words, shortest=SHORTEST_RESULT, longest=LONGEST)
    case = await ready(uow, official, number, CaseAct.TELL_RESULT, seen, Permission.HANDLE_CASES)
    way = by or ("chat" if case.person_id is not None else "code")
    if way not in TOLD_BY or (way == "chat" and case.person_id is None):
        raise BadInput("by", "unknown")
    await messages.require_looked_over(uow, case, "result", words, looked_again=looked_again)
    await messages.keep(uow, official, case, words, kind="result")
    case = await move(uow, official, case, CaseAct.TELL_RESULT, told_at=uow.clock.now(), told_by=way)
    await deadlines.stop(uow, case.id, ClockKind.RESULT)
    await deadlines.settle(uow, case.id)
    found = await uow.investigations.of_case(case)
    await tell_reporter(uow, case, "case_result", words=words, finding=str(found.finding or "") if found else "")
    return case


async def close(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Close a case; refused with the reason while a must-investigate case is not investigated."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    unchanged(case, seen)
    await check(uow, official, case, CaseAct.CLOSE)
    kept = kept_until(deadlines.today(uow), case.retain_until)
    case = await move(uow, official, case, CaseAct.CLOSE, closed_at=uow.clock.now(), retain_until=kept)
    await deadlines.stop_all(uow, case.id)
    await deadlines.settle(uow, case.id)
    return case
