"""A date that was promised to a reporter and has passed: they are told once, and may ask the level above.

The level below learns nothing of it: no list, no count, no clock and no event about its case says that somebody asked.
What a newcomer gets wrong: an event's subject is the question to the level above, not the case.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from handlers.services import deadlines
from handlers.services.follow_up import CaseView, look
from handlers.services.notices import tell_nearest, tell_person
from knowledge.casework.access import LEADING_ROLES
from knowledge.casework.clocks import ClockKind
from knowledge.casework.transfers import is_above
from knowledge.clock import local_date
from knowledge.writing_hours import within_hours
from storage.repositories.cases import Case
from storage.repositories.missed_dates import Untold
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

#: Dates a reporter was promised: acceptance told, result told, an answer to a message, an answer to an objection.
PROMISED: Final = (ClockKind.ACCEPTANCE, ClockKind.RESULT, ClockKind.REPLY, ClockKind.REVIEW)
_AT_ONCE: Final = 200
#: Of an older one nobody is told unasked any more (the system was down for so long); the case's page still says it.
_TOLD_WITHIN: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Missed:
    """A promised date that has passed. `asked_on`: the level above was asked then; `may_ask`: there is one to ask."""

    kind: ClockKind
    due_on: date
    asked_on: date | None
    may_ask: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The level above was asked, now or before; None `missed`: no date was missed, or there is nobody above."""

    case: Case
    missed: Missed | None
    repeated: bool = False


async def missed_in(uow: UnitOfWork, view: CaseView) -> Missed | None:
    """The oldest date of a case that was promised to its reporter and has passed."""
    late = [one for one in view.clocks if _is_late(uow, one)]
    if not late:
        return None
    oldest = min(late, key=lambda one: one.deadline.due_on)
    kind, due_on = ClockKind(oldest.clock.kind), oldest.deadline.due_on
    asked = [
        one for one in await uow.escalations.of_case(view.case.id) if (one.clock_kind, one.due_on) == (kind, due_on)
    ]
    asked_on = local_date(asked[0].asked_at) if asked else None
    return Missed(kind, due_on, asked_on, bool(await _above(uow, view.stands)))


async def ask_above(uow: UnitOfWork, who: Person, number: str, *, opened: str = "") -> Asked | None:
    """Ask the level above about a missed date; asking again changes nothing.

    Whoever asked is answered: a question about a merged case is kept with the report it comes from.
    """
    await uow.begin()
    view = await look(uow, who, number, opened=opened)
    if view is None:
        return None
    missed = await missed_in(uow, view)
    if missed is None or not missed.may_ask:
        return Asked(view.case, None)
    if not await uow.escalations.ask(view.case.id, missed.kind, missed.due_on):
        return Asked(view.case, missed, repeated=True)
    asked = (await uow.escalations.of_case(view.case.id))[-1]
    await uow.log.record(actor="reporter", act="asked_above", subject=f"escalation/{asked.id}", clock=missed.kind)
    above = {one.id: len(one.place_path) for one in await _above(uow, view.stands)}
    chats = await uow.officials.notice_chats(above)
    told = [(above[official_id], official_id, chat_id) for official_id, chat_id in chats.items()]
    await tell_nearest(uow, told, cause=f"asked_above/{asked.id}")
    return Asked(view.case, missed)


async def tell_missed(uow: UnitOfWork) -> int:
    """Tell the reporters of dates that have passed since, each once, never at night; returns how many messages."""
    if within_hours(uow.clock.now()) != uow.clock.now():
        return 0
    today = deadlines.today(uow)
    span = {"due_from": today - _TOLD_WITHIN, "due_until": today - timedelta(days=1)}
    untold = await uow.missed_dates.untold(PROMISED, **span, limit=_AT_ONCE)
    return sum([await _tell(uow, one) for one in untold])


async def _tell(uow: UnitOfWork, untold: Untold) -> bool:
    case, report = await uow.cases.by_id(untold.case_id), await uow.cases.by_id(untold.report_id)
    clocks = await deadlines.of_case(uow, untold.case_id)
    found = next((one for one in clocks if one.clock.id == untold.clock_id and _is_late(uow, one)), None)
    if case is None or report is None or found is None:
        return False
    await tell_person(
        uow,
        untold.person_id,
        "case_date_missed",
        kind="status",
        cause=untold.cause,
        number=report.number,
        place=report.place_name,
        clock=found.clock.kind,
        due_on=found.deadline.due_on.isoformat(),
        may_ask=bool(await _above(uow, case)),
    )
    return True


async def _above(uow: UnitOfWork, case: Case) -> list[Official]:
    """Those who lead the nearest level above a case's unit and do not stand back from it."""
    recused = await uow.recusals.from_case(case.id)
    leading = await uow.officials.in_role(LEADING_ROLES, case.unit_path)
    found = [one for one in leading if is_above(one.place_path, case.unit_path) and one.id not in recused]
    nearest = max((len(one.place_path) for one in found), default=0)
    return [one for one in found if len(one.place_path) == nearest]


def _is_late(uow: UnitOfWork, one: deadlines.Running) -> bool:
    return one.clock.is_running and one.clock.kind in PROMISED and one.deadline.due_on < deadlines.today(uow)
