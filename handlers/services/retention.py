"""How long an ended case is kept, and the only way one ever disappears.

What may go the database decides: ended, never flagged, its time over, nothing held, promised or unanswered, and silent
for a year. Here it is done, and written down. What a newcomer gets wrong: a date that has passed is no reason by
itself; a report that got a word yesterday stays.
"""

from datetime import date
from functools import partial
from typing import Final

from handlers.services import deadlines
from handlers.services.case_moves import again, find, record, worded
from knowledge.casework.access import Permission
from knowledge.clock import local_date
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

#: How long an ended case is kept, in years; a case that was ever flagged stays for good.
YEARS: Final = 5
#: How many go at once: a run is one transaction, and officials wait for nobody's spring-cleaning.
AT_ONCE: Final = 50
SHORTEST_REASON: Final = 2
_LAST_DAY_OF_EVERY_MONTH: Final = 28


def kept_until(today: date, before: date | None = None) -> date:
    """The last day a case that ends, or hears something new, today is kept; never earlier than it was before."""
    day = min(today.day, _LAST_DAY_OF_EVERY_MONTH)
    return max(today.replace(year=today.year + YEARS, day=day), before or today)


async def keep_longer(uow: UnitOfWork, case: Case) -> None:
    """Something new came to a case: if it has ended, its time begins anew."""
    if case.closed_at is not None and case.retain_until is not None:
        await uow.retention.keep_until(case.id, kept_until(deadlines.today(uow)))


async def hold(uow: UnitOfWork, official: Official, number: str, why: str) -> Case:
    """Keep a case whatever its date says: somebody may still ask for it."""
    return await _set_hold(uow, official, number, why, held=True)


async def lift_hold(uow: UnitOfWork, official: Official, number: str, why: str) -> Case:
    """Let a case go when its time is over."""
    return await _set_hold(uow, official, number, why, held=False)


async def erase_expired(uow: UnitOfWork, *, limit: int = AT_ONCE) -> int:
    """Erase ended cases whose time is over, with all that hangs on them; returns how many.

    Each leaves one event: its number and its dates.
    """
    await uow.begin()
    expired = await uow.retention.expired(limit)
    for case in expired:
        for file_id in await uow.retention.erase(case):
            uow.after_commit(partial(uow.storage.files.delete, file_id))
        await uow.log.record(
            actor="system",
            act="case_erased",
            subject=f"case/{case.number}",
            received_on=local_date(case.received_at).isoformat(),
            ended_on=local_date(case.closed_at).isoformat(),
            kept_until=case.retain_until.isoformat(),
        )
    return len(expired)


async def _set_hold(uow: UnitOfWork, official: Official, number: str, why: str, *, held: bool) -> Case:
    why = worded("why", why, shortest=SHORTEST_REASON)
    case = await find(uow, official, number, Permission.APPROVE_FINDINGS)
    if case.legal_hold is held:
        return case
    await uow.cases.change(case, legal_hold=held)
    await uow.cases.add_note(case.id, why, author_id=official.id)
    await record(uow, official, "legal_hold_set" if held else "legal_hold_lifted", case)
    return await again(uow, case)
