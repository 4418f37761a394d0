"""How a report becomes a case: one way in for the chat, the desk (walk-in, phone, letter) and imports.

In one transaction: judged against the four categories, recused from whoever it names, given to the nearest level that
is left to work on it, its clocks started, its officials told. What was promised on the receipt is kept with it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from handlers.services import deadlines, mass_reaction
from handlers.services.duty import on_duty
from handlers.services.errors import NameNotKept
from handlers.services.notices import tell_nearest
from handlers.services.recusals import tell_nobody_left
from knowledge.casework.access import Role, covers
from knowledge.casework.categories import Category
from knowledge.casework.classification import Classifier, Flag, ReportFacts
from knowledge.casework.clocks import ClockKind
from knowledge.casework.custody import load_custody
from knowledge.casework.names import holders
from knowledge.casework.recusal import Ground, eligible, grounds, route
from knowledge.clock import local_date
from storage.custody import SealedName
from storage.ids import readable_code
from storage.repositories.cases import Filing, Matter
from storage.repositories.flags import CaseFlag
from storage.repositories.mass_reactions import group_key
from storage.repositories.places import Place
from storage.repositories.surroundings import Surroundings
from storage.unit_of_work import UnitOfWork

NARRATIVE: Final = ("what", "who", "when", "where", "how_known")
CODE_GROUPS: Final = 5  # of four characters: 98 bits


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report as it came.

    `name` is the reporter's, sealed, None for none; `person_id` a chat that follows the case, None where none is kept;
    `reported_person` the name it is found by, empty for nobody in particular.
    """

    place: Place
    narrative: dict[str, str]
    reported_person: str
    evidence_count: int = 0
    name: SealedName | None = None
    person_id: int | None = None
    draft_id: int | None = None
    filed_via: str = "chat"
    filed_by: int | None = None
    received_at: datetime | None = None
    receipt_code: str = ""  # empty: a random one
    notice: str = ""  # what officials are told of once; empty: this report


@dataclass(frozen=True, slots=True)
class Filed:
    """What its reporter is given: the number to speak of it, the code that opens it, the date it is answered by.

    `missing` is what a specific clue would still need, in Chinese: asked for once, kindly.
    """

    case_id: int
    number: str
    receipt_code: str
    answer_due_on: date
    received_at: datetime
    flags: tuple[Flag, ...]
    missing: tuple[str, ...] = ()


class Intake:
    """Files reports."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    async def file(self, uow: UnitOfWork, report: NewReport) -> Filed:
        """Open a case; the caller adds files and commits.

        Raises:
            NameNotKept: Too few are left of those who were to keep the name; nothing was written.
        """
        await uow.begin()
        received_at = report.received_at or uow.clock.now()
        received_on = local_date(received_at)
        facts = self._facts(report)
        judged = self._classifier.judgement(ReportFacts(**facts))
        flags = judged.flags
        around = await uow.surroundings.of(report.place.path, received_on)
        recused, level = _apart(around, report.narrative, report.place)
        unit = around.unit(level)
        name = report.name and await _kept(uow, report.name, around, recused, unit.path)
        categories = tuple(str(flag.category) for flag in flags)
        handler = await on_duty(uow, unit, uow.clock.now(), categories, frozenset(recused))
        crowd = self._crowd(uow, report)
        if crowd:
            await mass_reaction.hold_group(uow, crowd, set(), self._classifier.rules)
        number, code = readable_code("QF"), report.receipt_code or readable_code("QC", groups=CODE_GROUPS)
        case_id = uow.ids.next()
        # From here to the next read everything only waits in memory, parents and children in any order.
        due_on, nearest_on = _start_clocks(
            uow, case_id, flags, received_on, around.election_on, assigned=handler is not None
        )
        uow.cases.open_case(
            Filing(
                case_id=case_id,
                number=number,
                receipt_code=code,
                draft_id=report.draft_id,
                person_id=report.person_id,
                place_id=report.place.id,
                unit_id=unit.id,
                narrative={name: report.narrative.get(name, "") for name in NARRATIVE},
                reported_person=report.reported_person,
                rule_version=self._classifier.rule_version,
                answer_due_on=due_on,
                next_due_on=nearest_on,
                filed_via=report.filed_via,
                filed_by=report.filed_by,
                flagged=bool(flags),
                has_identity=name is not None,
                handler_id=handler,
                received_at=received_at,
            )
        )
        for flag in flags:
            kept = CaseFlag(flag.category, flag.reasons, self._classifier.rule_version)
            uow.flags.raise_flag(case_id, kept, {"facts": facts})
        for official_id, ground in recused.items():
            uow.recusals.recuse(case_id, official_id, ground)
        uow.cases.add_matters(case_id, (Matter(one.id, one.quote) for one in judged.matters))
        places = {seat.official_id: seat.place_path for seat in around.seats}
        if name is not None:
            uow.identities.keep(case_id, name)
        await uow.log.record(
            actor=f"official/{report.filed_by}" if report.filed_by else "reporter",
            act="report_submitted",
            subject=f"case/{number}",
            flags=[str(flag.category) for flag in flags],
            via=report.filed_via,
        )
        told = [
            (len(seat.place_path), seat.official_id, around.notice_chats[seat.official_id])
            for seat in eligible(around.seats, frozenset(recused), unit.path)
            if seat.official_id in around.notice_chats
        ]
        await tell_nearest(uow, told, cause=report.notice or f"received/{number}")
        to_call = [
            (1, who, around.notice_chats[who])
            for who in sorted(name.shares if name else ())
            if who in around.notice_chats and covers(places[who], unit.path)
        ]
        await tell_nearest(uow, to_call, cause=f"name/{report.notice or number}")
        if level is None and (case := await uow.cases.by_id(case_id)) is not None:
            await tell_nobody_left(uow, case)
        if crowd:
            await mass_reaction.recount(uow, case_id, self._classifier.rules)
        return Filed(case_id, number, code, due_on, received_at, flags, judged.missing)

    def _crowd(self, uow: UnitOfWork, report: NewReport) -> str | None:
        """The group whose people are counted at once: only where the content lets those count who gave no name."""
        if not self._classifier.rules.count_anonymous:
            return None
        return group_key(uow.cases.reported_index(report.reported_person), report.place.id)

    @staticmethod
    def _facts(report: NewReport) -> dict[str, Any]:
        return {
            "what": report.narrative.get("what", ""),
            "who": report.narrative.get("who", ""),
            "place": report.place.name,
            "when": report.narrative.get("when", ""),
            "where": report.narrative.get("where", ""),
            "how_known": report.narrative.get("how_known", ""),
            "evidence_count": report.evidence_count,
            "has_name": report.name is not None,
            "has_contact": report.name is not None,
        }


async def begin_name(uow: UnitOfWork, place: Place, narrative: dict[str, str]) -> SealedName | None:
    """An empty name with a share for each custodian who may keep it; None where there is no custodian.

    Args:
        uow: The unit of work.
        place: Where the report is about.
        narrative: What it says so far: whoever it names keeps no share.
    """
    custodians = await uow.officials.custodians()
    if not custodians:
        return None
    around = await uow.surroundings.of(place.path, local_date(uow.clock.now()))
    recused, level = _apart(around, narrative, place)
    unit = around.unit(level)
    fitting = await _fitting(uow, around, recused, unit.path)
    keys = {who: custodians[who].public_key for who in fitting if who in custodians}
    return SealedName.begin(keys, load_custody().needed(len(keys), unit.path)) if keys else None


def _apart(around: Surroundings, narrative: dict[str, str], place: Place) -> tuple[dict[int, Ground], str | None]:
    """Who stands back from a report, and the level that is left to answer for it."""
    recused = grounds(around.seats, "\n".join(narrative.values()), place.path)
    return recused, route(around.seats, frozenset(recused), place.path)


async def _fitting(uow: UnitOfWork, around: Surroundings, recused: dict[int, Ground], unit_path: str) -> frozenset[int]:
    """Who keeps the name of a report; those near it are known already, others are asked for only when nobody is."""
    near = {seat.official_id: seat.place_path for seat in around.seats if seat.role is Role.CUSTODIAN}
    fitting = holders(near, recused, unit_path)
    if fitting and any(covers(near[who], unit_path) for who in fitting):
        return fitting
    custodians = await uow.officials.custodians()
    places = {who.id: who.place_path for who in await uow.officials.all() if who.id in custodians}
    return holders(places, recused, unit_path)


async def _kept(
    uow: UnitOfWork, name: SealedName, around: Surroundings, recused: dict[int, Ground], unit_path: str
) -> SealedName:
    fitting = await _fitting(uow, around, recused, unit_path)
    left = name.without(set(name.shares) - fitting)
    if not left.opens:
        raise NameNotKept
    return left


def _start_clocks(
    uow: UnitOfWork,
    case_id: int,
    flags: tuple[Flag, ...],
    received_on: date,
    election_on: date | None,
    *,
    assigned: bool,
) -> tuple[date, date]:
    """Returns the day acceptance is told by, and the nearest day of all."""
    due_on = deadlines.start(uow, case_id, ClockKind.ACCEPTANCE, on=received_on)
    nearest = due_on
    if not assigned:
        nearest = min(nearest, deadlines.start(uow, case_id, ClockKind.UNASSIGNED, on=received_on))
    if Category.VOTE_BUYING in {flag.category for flag in flags}:
        limit_on = deadlines.urgent_until(election_on, received_on)
        if limit_on is not None:
            urgent = deadlines.start(uow, case_id, ClockKind.URGENT, on=received_on, limit_on=limit_on)
            nearest = min(nearest, urgent)
    return due_on, nearest
