"""Standing back: by one's own word, by what a report says, by what an official declared.

Whoever stands back sees from then on what they would see if the case did not exist. When nobody is left to work on
it, the case climbs to the level above in the same transaction.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select

from handlers.services import deadlines, reading
from handlers.services.case_moves import again, find, record, require, worded
from handlers.services.errors import BadInput
from handlers.services.notices import tell_officials
from handlers.services.offers import void_offer
from knowledge.casework.access import HANDLING_ROLES, LEADING_ROLES, Permission
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CLOSED_STATES
from knowledge.casework.recusal import Ground, Seat, eligible, grounds, may_take, route
from knowledge.casework.transfers import levels
from storage.repositories.cases import Case, within
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.repositories.recusals import Kinship
from storage.tables.cases import cases as case_table
from storage.tables.officials import place
from storage.tables.routing import recusal
from storage.unit_of_work import UnitOfWork

#: A declaration is renewed after so long.
DECLARATION_LIFE: Final = timedelta(days=365)
LONGEST_NAME: Final = 20
AT_ONCE: Final = 200


async def stand_back(uow: UnitOfWork, official: Official, number: str) -> None:
    """Recuse oneself from a case, for good; afterwards it is invisible to this official."""
    case = await find(uow, official, number, Permission.READ_CASES)
    await uow.recusals.declare(case.id, official.id, "conflict")
    await recuse(uow, case, {official.id: Ground.SELF}, actor=f"official/{official.id}")


async def declare_clear(uow: UnitOfWork, official: Official, number: str) -> Case:
    """Say, before the first look, that nothing stands between oneself and a case."""
    case = await find(uow, official, number, Permission.READ_CASES)
    await uow.recusals.declare(case.id, official.id, "clear")
    await record(uow, official, "declared_clear", case)
    return case


async def preview(uow: UnitOfWork, official: Official, number: str) -> tuple[Case, str]:
    """What an official has to know to say so: the case, and whom it is about; the look is an event."""
    case = await find(uow, official, number, Permission.READ_CASES)
    await reading.of_case(uow, official, "case_previewed", case.number)
    return case, str((await uow.cases.narrative(case.id)).get("who", ""))


async def recuse(uow: UnitOfWork, case: Case, who: dict[int, Ground], *, actor: str) -> None:
    """Let officials stand back from a case and from all that was merged with it; climb if nobody is left."""
    await uow.cases.hold(case.id, *(one.id for one in await merged_with(uow, case)))  # a merge under way comes first
    case = await again(uow, case)
    family = sorted([case, *await merged_with(uow, case)], key=lambda one: one.merged_into_id is not None)
    for one in family:  # first what the others were merged into: the database asks for it
        known = await uow.recusals.from_case(one.id)
        for official_id, ground in who.items():
            if official_id not in known:
                uow.recusals.recuse(one.id, official_id, ground)
        await uow.log.record(actor=actor, act="recused", subject=f"case/{one.number}", officials=sorted(who))
    for one in family:
        await climb_if_orphaned(uow, await again(uow, one))


async def climb_if_orphaned(uow: UnitOfWork, case: Case) -> Case:
    """Move an open case to the nearest level where somebody may work on it, if nobody at its own may.

    Where nobody is left at any level it waits at the highest there is, and whoever leads hears of it. A handler who
    still may work on it keeps it. An investigation under way stays; whoever takes the case over leads it. A merged
    case goes the same way by itself: those below would still read it.
    """
    if case.state in CLOSED_STATES:
        return case
    await start_unassigned(uow, case)
    seats = await uow.recusals.seats(case.unit_path)
    recused = await uow.recusals.from_case(case.id)
    target = route(seats, recused, case.unit_path)
    if target == case.unit_path:
        return await _without_unfit_offer(uow, case, recused)
    unit = (await uow.places.by_path(target) if target else None) or await _top(uow, case)
    if unit is not None and unit.id != case.unit_id:
        case = await _climb(uow, case, unit, eligible(seats, recused, unit.path))
    if target is None and case.is_open:
        await tell_nobody_left(uow, case)
    return case


async def screen(uow: UnitOfWork, case: Case, place_path: str) -> None:
    """Hold everybody of a place and above against what a case says, before it goes there."""
    recused = await uow.recusals.from_case(case.id)
    seats = [seat for seat in await uow.recusals.seats(place_path) if seat.official_id not in recused]
    found = grounds(seats, (await said_in(uow, [case]))[case.id], case.place_path)
    if found:
        await recuse(uow, case, found, actor="system")


async def said_in(uow: UnitOfWork, cases: Sequence[Case]) -> dict[int, str]:
    """Everything reporters have written about some cases, which may name somebody: the report and what came after."""
    ids = [case.id for case in cases]
    told = await uow.dialogue.said_by_reporters(ids)
    narratives = await uow.cases.narratives(ids)
    return {
        case_id: "\n".join((*(str(words) for words in narrative.values()), *told.get(case_id, ())))
        for case_id, narrative in narratives.items()
    }


async def tell_nobody_left(uow: UnitOfWork, case: Case) -> None:
    """Tell whoever leads, at the level where it waits or above, that nobody there may work on a case."""
    await tell_officials(uow, case, LEADING_ROLES, cause=f"nobody/{case.number}/{case.version}")


async def settle_within(uow: UnitOfWork, place_path: str) -> int:
    """Let every case that nobody at its unit may work on any more climb, after a seat was closed; returns how many.

    A unit that still has somebody loses only cases from which these stand back.
    """
    count = 0
    for unit in await uow.places.within(place_path):
        seats = await uow.recusals.seats(unit.path)
        all_of_them = route(seats, frozenset(), unit.path) != unit.path
        condition = case_table.c.unit_id == unit.id
        if not all_of_them:
            condition &= case_table.c.id.in_(select(recusal.c.case_id))
        async for page in unfinished(uow, condition):
            for case in page:
                settled = await climb_if_orphaned(uow, await again(uow, case))
                count += settled.unit_id != case.unit_id
    return count


async def merged_with(uow: UnitOfWork, case: Case) -> list[Case]:
    """The case this one was merged into, and those merged into it."""
    found = list(await uow.cases.matching(case_table.c.merged_into_id == case.id))
    if case.merged_into_id is not None:
        parent = await uow.cases.by_id(case.merged_into_id)
        found += [parent] if parent else []
    return found


async def own_declaration(uow: UnitOfWork, official: Official) -> tuple[list[Kinship], bool]:
    """What an official declared, and whether it is still fresh."""
    require(official, Permission.READ_CASES)
    return await uow.recusals.kin_of(official.id), await has_declared_kin(uow, official)


async def has_declared_kin(uow: UnitOfWork, official: Official) -> bool:
    """Whether an official has said within a year that the list of relatives and interests is complete."""
    declared_at = await uow.recusals.declared_at(official.id)
    return declared_at is not None and uow.clock.now() - declared_at < DECLARATION_LIFE


async def declare_kin(
    uow: UnitOfWork, official: Official, *, kind: str, relation: str, name: str, place_path: str = ""
) -> None:
    """Add a relative (with a name), or an interest (in a person, a body, or a whole village)."""
    require(official, Permission.READ_CASES)
    if kind not in ("relative", "interest"):
        raise BadInput("kin_kind", "unknown")
    where = await uow.places.by_path(place_path) if place_path else None
    if place_path and where is None:
        raise BadInput("place", "unknown")
    relation = worded("relation", relation, shortest=1, longest=LONGEST_NAME)
    name = worded("name", name or (where.name if where else ""), shortest=2, longest=LONGEST_NAME)
    await uow.begin()
    await uow.recusals.add_kin(
        official.id, kind=kind, relation=relation, name=name, place_id=where.id if where else None
    )
    await uow.log.record(
        actor=f"official/{official.id}", act="kin_declared", subject=f"official/{official.id}", kind=kind
    )
    await review_open_cases(uow, official.id)


async def take_back_kin(uow: UnitOfWork, official: Official, kin_id: int) -> None:
    """Take a line of one's own back; recusals that came of it stay."""
    require(official, Permission.READ_CASES)
    await uow.begin()
    await uow.recusals.remove_kin(official.id, kin_id)
    await uow.log.record(actor=f"official/{official.id}", act="kin_taken_back", subject=f"official/{official.id}")


async def confirm_declaration(uow: UnitOfWork, official: Official) -> None:
    """Say that the list is complete; before that no case opens."""
    require(official, Permission.READ_CASES)
    await uow.begin()
    await uow.recusals.confirm_declaration(official.id)
    await uow.log.record(actor=f"official/{official.id}", act="kin_confirmed", subject=f"official/{official.id}")
    await review_open_cases(uow, official.id)


async def review_open_cases(uow: UnitOfWork, official_id: int) -> int:
    """Hold one official against every open case they could see; returns how many they stand back from now.

    Called whenever a name, a post, a relative, an interest or a seat is new: the report may be older than they are.
    """
    seat = await uow.recusals.seat_of(official_id)
    if seat is None:
        return 0
    count = 0
    units = select(place.c.id).where(within(place, seat.place_path))
    known = case_table.c.unit_id.in_(units) | case_table.c.id.in_(uow.transfers.passed_by(seat.place_path))
    mine = select(recusal.c.case_id).where(recusal.c.official_id == official_id)
    async for page in unfinished(uow, known & case_table.c.id.not_in(mine)):
        said = await said_in(uow, page)
        for case in page:
            found = grounds([seat], said[case.id], case.place_path)
            if found:
                await recuse(uow, await again(uow, case), found, actor="system")
                count += 1
    return count


async def unfinished(uow: UnitOfWork, condition: Any) -> AsyncIterator[list[Case]]:
    """Cases that have not ended, merged ones too, some at a time."""
    last = 0
    while page := await uow.cases.matching(
        condition & case_table.c.closed_at.is_(None) & (case_table.c.id > last), limit=AT_ONCE
    ):
        yield page
        last = page[-1].id


async def _climb(uow: UnitOfWork, case: Case, unit: Place, left: tuple[Seat, ...]) -> Case:
    """Give a case to a level above; an offer made of it lapses, because who made it answers for it no longer."""
    await void_offer(uow, case)
    keeps = case.handler_id in {seat.official_id for seat in left}
    await uow.cases.change(case, unit_id=unit.id, handler_id=case.handler_id if keeps else None)
    await uow.log.record(actor="system", act="case_climbed", subject=f"case/{case.number}", to=unit.path)
    case = await again(uow, case)
    await start_unassigned(uow, case)
    if case.is_open:
        await tell_officials(uow, case, HANDLING_ROLES, cause=f"climbed/{case.number}/{case.version}")
    return case


async def _without_unfit_offer(uow: UnitOfWork, case: Case, recused: frozenset[int]) -> Case:
    """Let an offer lapse when the unit it was made to may not take the case any more: its head stands back now."""
    offer = await uow.transfers.open_of(case.id)
    if offer is not None:
        seats = await uow.recusals.seats(offer.to_path)
        if not may_take(seats, recused, offer.to_path, from_path=offer.from_path):
            await void_offer(uow, case)
    return case


async def start_unassigned(uow: UnitOfWork, case: Case) -> None:
    """Let somebody be found within a working day, for a case that is worked on by itself and by nobody."""
    if case.handler_id is not None or not case.is_open:
        return
    if not any(one.is_running and one.kind == ClockKind.UNASSIGNED for one in await uow.clocks.of_case(case.id)):
        await deadlines.restart(uow, case, ClockKind.UNASSIGNED)
        await deadlines.settle(uow, case.id)


async def _top(uow: UnitOfWork, case: Case) -> Place | None:
    """The highest level there is: where a case waits that nobody may work on until somebody is appointed."""
    for level in reversed(levels(case.unit_path)[1:]):
        found = await uow.places.by_path(level)
        if found is not None:
            return found
    return None
