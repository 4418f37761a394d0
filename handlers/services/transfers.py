"""Giving a case to another unit: offered and answered, or assigned from above; in nobody's hands at no time.

An offer moves nothing. Whoever receives it sees which village, which flags, why and by when, and not the report. Names
stay with the custodians, files with the giving unit unless it lets them go. What a newcomer gets wrong: the officials
of another unit were never held against the report; that comes before the offer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.services import deadlines
from handlers.services.case_moves import again, find, record, require, unchanged, worded
from handlers.services.errors import BadInput, CannotMove, NotAllowed, NotFound
from handlers.services.notices import tell_officials, tell_some
from handlers.services.offers import end_offer
from handlers.services.recusals import screen, start_unassigned
from knowledge.casework.access import HANDLING_ROLES, Permission, covers
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import Missing
from knowledge.casework.recusal import may_take
from knowledge.casework.transfers import Passage, TransferKind, TransferState, is_above, keeper
from storage.errors import StaleVersion
from storage.repositories.cases import Case
from storage.repositories.files import StoredFile
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.repositories.transfers import Transfer
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

LONGEST_REASON: Final = 200
PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class Offered:
    """A transfer beside its case; `due_on` is the last day to answer, None once it is answered."""

    transfer: Transfer
    case: Case
    due_on: date | None


@dataclass(frozen=True, slots=True)
class SentPage:
    """A page of what a unit gave and took; `before` begins the next one, None on the last."""

    items: tuple[Offered, ...]
    before: int | None


async def offer(
    uow: UnitOfWork,
    official: Official,
    number: str,
    to_path: str,
    reason: str,
    *,
    files_released: bool = False,
    seen: int | None = None,
) -> Case:
    """Offer a case to any unit: up, down, or beside. The giving unit answers for it until the other accepts."""
    reason = worded("reason", reason, shortest=2, longest=LONGEST_REASON)
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    case, unit = await _ready(uow, case, to_path, seen)
    offer_id = await _write(uow, official, case, unit, TransferKind.OFFER, reason, files_released=files_released)
    deadlines.start(uow, case.id, ClockKind.TRANSFER, round_number=case.round, about=offer_id)
    await deadlines.settle(uow, case.id)
    await tell_officials(uow, case, HANDLING_ROLES, cause=f"transfer/{offer_id}/offered", at=unit.path)
    return await again(uow, case)


async def assign_down(
    uow: UnitOfWork,
    official: Official,
    number: str,
    to_path: str,
    reason: str,
    *,
    files_released: bool = False,
    seen: int | None = None,
) -> Case:
    """Let a unit below deal with a case, without asking it; it has three months, counted once."""
    reason = worded("reason", reason, shortest=2, longest=LONGEST_REASON)
    case = await find(uow, official, number, Permission.LEAD_UNIT)
    if not is_above(official.place_path, to_path):
        raise BadInput("to_unit", "unknown")
    case, unit = await _ready(uow, case, to_path, seen)
    given_id = await _write(uow, official, case, unit, TransferKind.ASSIGNED, reason, files_released=files_released)
    given = await _transfer(uow, given_id)
    await end_offer(uow, case, given, TransferState.ACCEPTED, by=official)
    if not any(one.is_running and one.kind == ClockKind.ASSIGNED for one in await uow.clocks.of_case(case.id)):
        deadlines.start(uow, case.id, ClockKind.ASSIGNED, round_number=case.round, about=given_id)
    return await _arrive(uow, official, case, given)


async def accept(uow: UnitOfWork, official: Official, offer_id: int) -> Case:
    """Take an offered case: from now on this unit answers for it, and somebody has to be found for it."""
    given, case = await _waiting(uow, official, offer_id)
    seats, recused = await uow.recusals.seats(given.to_path), await uow.recusals.from_case(case.id)
    if case.unit_path != given.from_path or not may_take(seats, recused, given.to_path, from_path=given.from_path):
        raise StaleVersion(case.number)
    if given.offered_by == official.id:
        raise NotAllowed
    await end_offer(uow, case, given, TransferState.ACCEPTED, by=official)
    await tell_some(uow, case, (given.offered_by,), cause=f"transfer/{offer_id}/accepted")
    return await _arrive(uow, official, case, given)


async def decline(uow: UnitOfWork, official: Official, offer_id: int, reason: str) -> None:
    """Send an offer back with a reason; the case never left."""
    given, case = await _waiting(uow, official, offer_id)
    reason = worded("reason", reason, shortest=2, longest=LONGEST_REASON)
    await end_offer(uow, case, given, TransferState.DECLINED, by=official, words=reason)
    await tell_some(uow, case, (given.offered_by, case.handler_id), cause=f"transfer/{offer_id}/declined")


async def withdraw(uow: UnitOfWork, official: Official, number: str) -> Case:
    """Take an offer back before it is answered."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    given = await uow.transfers.open_of(case.id)
    if given is None:
        raise StaleVersion(case.number)
    await end_offer(uow, case, given, TransferState.WITHDRAWN, by=official)
    return case


async def release_files(uow: UnitOfWork, official: Official, transfer_id: int) -> None:
    """Let the files follow a case, which the giving unit or a level above it may do at any time."""
    require(official, Permission.READ_CASES)
    await uow.begin()
    given = await uow.transfers.known(transfer_id, official)
    if given is None or not covers(official.place_path, given.from_path):
        raise NotFound("transfer")
    case = await uow.cases.by_id(given.case_id)
    if case is None or given.state not in (TransferState.ACCEPTED, TransferState.OFFERED):
        raise NotFound("transfer")
    await uow.transfers.release_files(given.id)
    await record(uow, official, "files_released", case, transfer=given.id)


async def expire(uow: UnitOfWork, offer_id: int) -> bool:
    """End an offer whose time is up, or whose case has ended meanwhile; both sides hear of it. False: not yet."""
    await uow.begin()
    given = await uow.transfers.get(offer_id)
    if given is None or not given.is_open:
        return False
    case = await again(uow, await _case(uow, given))
    if case.is_open and not await _is_late(uow, given):
        return False
    await end_offer(uow, case, given, TransferState.EXPIRED)
    await tell_some(uow, case, (given.offered_by, case.handler_id), cause=f"transfer/{offer_id}/expired")
    await tell_officials(uow, case, HANDLING_ROLES, cause=f"transfer/{offer_id}/expired", at=given.to_path)
    return True


async def unanswered(uow: UnitOfWork) -> tuple[int, ...]:
    """Every offer that waits."""
    return tuple(one.id for one in await uow.transfers.unanswered())


async def units(uow: UnitOfWork) -> list[Place]:
    """Every unit that has somebody to work on cases, whatever the case."""
    return await uow.transfers.units()


async def one(uow: UnitOfWork, official: Official, transfer_id: int) -> Offered:
    """A transfer that an official's unit gave or was offered.

    Raises:
        NotFound: There is none that this official may know of.
    """
    require(official, Permission.READ_CASES)
    found = await uow.transfers.known(transfer_id, official)
    if found is None:
        raise NotFound("transfer")
    return (await _beside_cases(uow, [found]))[0]


async def to_answer(uow: UnitOfWork, official: Official) -> tuple[Offered, ...]:
    """What was offered to the official's unit and waits."""
    require(official, Permission.HANDLE_CASES)
    return await _beside_cases(uow, await uow.transfers.to_answer(official))


async def waiting(uow: UnitOfWork, official: Official) -> int:
    """How much waits for the official's unit to answer."""
    require(official, Permission.HANDLE_CASES)
    return await uow.transfers.count_to_answer(official)


async def sent(uow: UnitOfWork, official: Official, *, before: int | None = None) -> SentPage:
    """What the official's unit, or one below it, gave, and what it took; newest first."""
    require(official, Permission.READ_CASES)
    found = await uow.transfers.of_units(official, limit=PAGE + 1, before=before)
    shown = found[:PAGE]
    return SentPage(await _beside_cases(uow, shown), shown[-1].id if len(found) > PAGE else None)


async def of_case(uow: UnitOfWork, case: Case) -> tuple[Transfer, ...]:
    """All transfers of a case, oldest first."""
    return tuple(await uow.transfers.of_case(case.id))


def left_behind(transfers: Iterable[Transfer], files: Iterable[StoredFile], reader: Official) -> dict[str, str]:
    """The files a reader may not open, because they stayed where the case was: file id -> the unit's name."""
    passages: list[Passage] = []
    names: dict[str, str] = {}
    for one in transfers:
        names |= {one.from_path: one.from_name, one.to_path: one.to_name}
        if one.state is TransferState.ACCEPTED and one.answered_at is not None:
            passages.append(Passage(one.from_path, one.to_path, one.answered_at, released=one.files_released))
    kept = {stored.id: keeper(stored.received_at, passages) for stored in files}
    return {
        file_id: names[path]
        for file_id, path in kept.items()
        if path is not None and not covers(reader.place_path, path)
    }


async def _ready(uow: UnitOfWork, case: Case, to_path: str, seen: int | None) -> tuple[Case, Place]:
    """A case that may go to a unit now; whoever works there and is named in the report stands back first."""
    unchanged(case, seen)
    if case.merged_into_id is not None:
        raise CannotMove(case.number, (Missing.SEPARATE_CASE,))
    if not case.is_open:
        raise CannotMove(case.number, (Missing.NOT_FROM_HERE,))
    if await uow.transfers.open_of(case.id) is not None:
        raise BadInput("to_unit", "offered")
    if await uow.cases.matching(case_table.c.merged_into_id == case.id, limit=1):
        raise BadInput("to_unit", "merged")
    unit = await uow.places.by_path(to_path)
    if unit is None or unit.id == case.unit_id:
        raise BadInput("to_unit", "unknown")
    await screen(uow, case, unit.path)
    case = await again(uow, case)
    seats, recused = await uow.recusals.seats(unit.path), await uow.recusals.from_case(case.id)
    if unit.id == case.unit_id or not may_take(seats, recused, unit.path, from_path=case.unit_path):
        raise BadInput("to_unit", "unknown")
    return case, unit


async def _write(
    uow: UnitOfWork,
    official: Official,
    case: Case,
    unit: Place,
    kind: TransferKind,
    reason: str,
    *,
    files_released: bool,
) -> int:
    transfer_id = await uow.transfers.add(
        case.id,
        kind=kind,
        from_unit_id=case.unit_id,
        to_unit_id=unit.id,
        reason=reason,
        files_released=files_released,
        by=official.id,
    )
    await record(uow, official, "transfer_offered", case, transfer=transfer_id, to=unit.path, kind=kind)
    return transfer_id


async def _arrive(uow: UnitOfWork, official: Official, case: Case, given: Transfer) -> Case:
    """The unit that accepted answers for the case from here on, and has to find somebody for it."""
    case = await again(uow, case)
    await uow.cases.change(case, unit_id=given.to_id, handler_id=None)
    await record(uow, official, "case_moved", case, transfer=given.id, to=given.to_path)
    case = await again(uow, case)
    await start_unassigned(uow, case)
    await deadlines.settle(uow, case.id)
    await tell_officials(uow, case, HANDLING_ROLES, cause=f"transfer/{given.id}/arrived")
    return case


async def _waiting(uow: UnitOfWork, official: Official, offer_id: int) -> tuple[Transfer, Case]:
    """An offer that waits for this official's own unit.

    Raises:
        NotFound: There is none that this official may know of.
        StaleVersion: It was answered, taken back or ran out meanwhile.
    """
    require(official, Permission.HANDLE_CASES)
    await uow.begin()
    given = await uow.transfers.known(offer_id, official)
    if given is None or given.to_path != official.place_path:
        raise NotFound("transfer")
    case = await _case(uow, given)
    if not given.is_open or not case.is_open:
        raise StaleVersion(case.number)
    return given, case


async def _transfer(uow: UnitOfWork, transfer_id: int) -> Transfer:
    found = await uow.transfers.get(transfer_id)
    if found is None:
        raise NotFound("transfer")
    return found


async def _case(uow: UnitOfWork, given: Transfer) -> Case:
    case = await uow.cases.by_id(given.case_id)
    if case is None:
        raise NotFound("transfer")
    return case


async def _is_late(uow: UnitOfWork, given: Transfer) -> bool:
    """Whether the last day to answer is over, or the offer has no clock any more."""
    due_on = await _due_on(uow, given)
    return due_on is None or due_on < deadlines.today(uow)


async def _due_on(uow: UnitOfWork, given: Transfer) -> date | None:
    running = [
        one
        for one in await uow.clocks.of_case(given.case_id)
        if one.kind == ClockKind.TRANSFER and one.about == given.id and one.is_running
    ]
    return deadlines.reckoned(uow, running[0]).due_on if running else None


async def _beside_cases(uow: UnitOfWork, transfers: Sequence[Transfer]) -> tuple[Offered, ...]:
    ids = {one.case_id for one in transfers}
    found = {case.id: case for case in await uow.cases.matching(case_table.c.id.in_(ids))} if ids else {}
    return tuple(
        [
            Offered(one, found[one.case_id], await _due_on(uow, one) if one.is_open else None)
            for one in transfers
            if one.case_id in found
        ]
    )
