"""What belongs together: cases found alike, linked by hand, and merged so that one work answers for both.

A merged case keeps its number, its reporter, its state and every obligation; it waits behind the other and comes back
as it was. What a newcomer gets wrong: to let a case somebody may not know of be felt in one they see. Whatever is
shown, counted or named here is first asked for through `visible_to`, and a number one may not know of is answered like
one that does not exist.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from handlers.services import deadlines
from handlers.services.case_moves import again, find, record, unchanged, worded
from handlers.services.cases import require_declared
from handlers.services.errors import BadInput, NotFound
from handlers.services.flags import raise_once
from handlers.services.notices import tell_officials, tell_reporter
from handlers.services.offers import void_offer
from handlers.services.recusals import climb_if_orphaned, recuse
from knowledge.casework.access import HANDLING_ROLES, Permission
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.similarity import ALIKE, Account, likeness
from storage.repositories.cases import Case
from storage.repositories.flags import CaseFlag
from storage.repositories.links import BY_HAND, MASS, Link, Merge
from storage.repositories.officials import Official
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

#: How far apart two reports may be received and still be held against each other, how many are, and how many shown.
NEAR: Final = timedelta(days=90)
COMPARED: Final = 200
SHOWN: Final = 5
LONGEST_REASON: Final = 200
#: Nothing has been found out yet: both sides of a merge stand here.
MERGEABLE: Final = frozenset(
    {
        CaseState.RECEIVED,
        CaseState.REGISTERED,
        CaseState.ACCEPTED,
        CaseState.REFERRED,
        CaseState.DISPOSAL_PROPOSED,
        CaseState.HELD,
        CaseState.INVESTIGATING,
    }
)
#: The first reason of a flag that came with a merged report; officials read it before the report's own reasons.
CARRIED: Final = "从并过来的 {number} 带来。"


@dataclass(frozen=True, slots=True)
class Tied:
    """A case at the other end of a link."""

    link: Link
    case: Case

    @property
    def is_by_hand(self) -> bool:
        """Whether an official may take it back."""
        return self.link.kind in BY_HAND


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case that reads like another one; 0 to 100."""

    case: Case
    likeness: int


@dataclass(frozen=True, slots=True)
class Ties:
    """Everything a case is tied to, as far as an official may know of it.

    `parent` is the case it waits behind, None also where it may not be seen; `merge` tells why and since when.
    """

    links: tuple[Tied, ...]
    suggestions: tuple[Suggestion, ...]
    children: tuple[Case, ...]
    merge: Merge | None
    parent: Case | None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a merge to be looked at."""

    case: Case
    narrative: dict[str, Any]


async def parent_of(uow: UnitOfWork, official: Official, number: str) -> str | None:
    """The number of the case a case waits behind, where the official may know of it."""
    case = await uow.cases.by_number(number, visible_to=official)
    if case is None or case.merged_into_id is None:
        return None
    parent = await uow.cases.by_id(case.merged_into_id, visible_to=official)
    return parent.number if parent else None


async def ties(uow: UnitOfWork, official: Official, case: Case) -> Ties:
    """What a case is tied to, and what it reads like."""
    merge = await uow.links.merge_of(case.id)
    parent = await uow.cases.by_id(merge.into_id, visible_to=official) if merge else None
    children = await uow.cases.matching(case_table.c.merged_into_id == case.id, visible_to=official)
    links = await _tied(uow, official, case)
    alike = await _alike(uow, official, case, {one.case.id for one in links})
    return Ties(links, alike, tuple(children), merge, parent)


async def suggestions(uow: UnitOfWork, official: Official, case: Case) -> tuple[Suggestion, ...]:
    """The cases most like one, among those an official may know of: of the same place and about the same time."""
    return await _alike(uow, official, case, {one.case.id for one in await _tied(uow, official, case)})


async def _alike(uow: UnitOfWork, official: Official, case: Case, linked: set[int]) -> tuple[Suggestion, ...]:
    if not case.is_open:
        return ()
    near = (
        (case_table.c.place_id == case.place_id)
        & (case_table.c.id != case.id)
        & case_table.c.merged_into_id.is_(None)
        & case_table.c.received_at.between(case.received_at - NEAR, case.received_at + NEAR)
    )
    found = await uow.cases.matching(near, visible_to=official, limit=COMPARED)
    others = [one for one in found if one.id not in linked]
    told = await uow.cases.narratives([case.id, *(one.id for one in others)])
    mine = _account(told[case.id])
    scored = [Suggestion(one, likeness(mine, _account(told[one.id]))) for one in others]
    alike = sorted((one for one in scored if one.likeness >= ALIKE), key=lambda one: (-one.likeness, one.case.id))
    return tuple(alike[:SHOWN])


async def link(uow: UnitOfWork, official: Official, number: str, other_number: str, kind: str) -> Case:
    """Say that two cases belong together; neither changes by it.

    Raises:
        BadInput: The other number is none this official may know of, or the two are linked already.
    """
    if kind not in BY_HAND:
        raise BadInput("link_kind", "unknown")
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    other = await _other(uow, official, other_number, "other")
    if other.id == case.id:
        raise BadInput("other", "same")
    await uow.cases.hold(case.id, other.id)
    if any(one.other_id == other.id and one.kind in BY_HAND for one in await uow.links.of_case(case.id)):
        raise BadInput("other", "linked")
    await uow.links.make(case.id, other.id, kind, by=official.id)
    await record(uow, official, "case_linked", case, other=other.number, kind=kind)
    return case


async def unlink(uow: UnitOfWork, official: Official, number: str, link_id: int) -> Case:
    """Take back a link that an official made; it stays on file."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    await uow.cases.hold(case.id)
    for tied in await _tied(uow, official, case):
        if tied.link.id == link_id and tied.is_by_hand:
            await uow.links.undo(link_id)
            await record(uow, official, "case_unlinked", case, other=tied.case.number)
            return case
    raise NotFound("link")


async def preview(uow: UnitOfWork, official: Official, number: str, into_number: str) -> tuple[Side, Side]:
    """Both reports, to be read beside each other before they are merged; the readings are events.

    Raises:
        BadInput: They cannot be merged; it says why.
        DeclarationNeeded: The official has not yet said that nothing stands between them and one of the two.
    """
    await require_declared(uow, official, number)
    case, into = await _both(uow, official, number, into_number)
    await require_declared(uow, official, into.number)
    await _refuse_unfit(uow, case, into)
    for one in (case, into):
        await record(uow, official, "case_read", one)
    return Side(case, await uow.cases.narrative(case.id)), Side(into, await uow.cases.narrative(into.id))


async def merge(
    uow: UnitOfWork, official: Official, number: str, into_number: str, reason: str, *, seen: int | None = None
) -> Case:
    """Let a case be handled together with an earlier one. Its flags and whoever stands back come first.

    Raises:
        BadInput: They cannot be merged; it says why.
        StaleVersion: The case changed since the official looked.
    """
    reason = worded("reason", reason, shortest=2, longest=LONGEST_REASON)
    case, into = await _both(uow, official, number, into_number)
    family = [one.id for one in await _children_of(uow, into)]
    await uow.cases.hold(case.id, into.id, *family)
    case, into = await _both(uow, official, number, into_number)  # as they stand now that nobody else changes them
    unchanged(case, seen)
    await _refuse_unfit(uow, case, into)
    for one in (case, into):
        await require_declared(uow, official, one.number)
    await _share_recusals(uow, official, case, into)
    await _carry_flags(uow, official, case, await again(uow, into))
    await void_offer(uow, case)
    running = [clock.id for clock in await uow.clocks.of_case(case.id) if clock.is_running]
    await uow.links.merge(case.id, into.id, reason, running, by=official.id)
    case = await again(uow, case)
    await uow.cases.change(case, merged_into_id=into.id)
    await deadlines.stop_all(uow, case.id)
    await deadlines.settle(uow, case.id)
    await record(uow, official, "case_merged", case, into=into.number)
    await record(uow, official, "case_merged_here", into, other=case.number)
    into = await again(uow, into)
    if into.accepted_at is not None and case.accepted_at is None:
        await tell_reporter(uow, await again(uow, case), "case_accepted")
    await tell_officials(uow, into, HANDLING_ROLES, cause=f"merged/{case.number}/{case.version}")
    return await again(uow, case)


async def unmerge(uow: UnitOfWork, official: Official, number: str, *, seen: int | None = None) -> Case:
    """Give a merged case back as it was: its state, and its clocks from their first day; somebody has to take it on."""
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    await uow.cases.hold(case.id, *([case.merged_into_id] if case.merged_into_id else []))
    case = await again(uow, case)
    unchanged(case, seen)
    merged = await uow.links.merge_of(case.id)
    if merged is None or case.merged_into_id is None:
        raise NotFound("merge")
    await uow.links.undo_merge(merged.id, by=official.id)
    await uow.cases.change(case, merged_into_id=None, handler_id=None)
    case = await again(uow, case)
    await _go_on(uow, official, case, merged)
    await deadlines.settle(uow, case.id)
    case = await climb_if_orphaned(uow, case)
    await record(uow, official, "case_unmerged", case)
    await tell_officials(uow, case, HANDLING_ROLES, cause=f"unmerged/{case.number}/{case.version}")
    return case


async def _go_on(uow: UnitOfWork, official: Official, case: Case, merged: Merge) -> None:
    """Start the clocks again that the merge stopped, as they were; a pause stays, whoever gave it."""
    recused = await uow.recusals.from_case(case.id)
    for clock in await uow.clocks.of_case(case.id):
        if clock.id not in merged.clocks:
            continue
        due_on = deadlines.reckoned(uow, clock).due_on
        clock_id = uow.clocks.go_on(clock, due_on)
        for one in clock.pauses:
            by = official.id if one.paused_by in recused else one.paused_by
            days = {"from_on": one.from_on, "until_on": one.until_on}
            await uow.clocks.pause(clock_id, **days, reason=one.reason, by=by, due_on=due_on)


async def _refuse_unfit(uow: UnitOfWork, case: Case, into: Case) -> None:
    """Say why two cases cannot be merged, the nearest reason first."""
    waiting, offered = await _children_of(uow, case), await uow.transfers.open_of(into.id)
    faults = (
        ("same", case.id == into.id),
        ("already", case.merged_into_id is not None),
        ("has_children", bool(waiting)),
        ("this_found", case.state not in MERGEABLE),
        ("merged", into.merged_into_id is not None),
        ("found", into.state not in MERGEABLE),
        ("unit", case.unit_id != into.unit_id),
        ("offered", offered is not None),
        ("later", (into.received_at, into.id) > (case.received_at, case.id)),
    )
    for fault, is_wrong in faults:
        if is_wrong:
            raise BadInput("into", fault)


async def _both(uow: UnitOfWork, official: Official, number: str, into_number: str) -> tuple[Case, Case]:
    case = await find(uow, official, number, Permission.HANDLE_CASES)
    return case, await _other(uow, official, into_number, "into")


async def _other(uow: UnitOfWork, official: Official, number: str, field: str) -> Case:
    """The other case; one that may not be known of is answered like one that is not there."""
    found = await uow.cases.by_number(_spelled(number), visible_to=official) if number.strip() else None
    if found is None:
        raise BadInput(field, "unknown")
    return found


def _spelled(number: str) -> str:
    """A number as it is kept: 7k2m 9d4x is QF-7K2M-9D4X."""
    bare = "".join(character for character in number.upper() if character.isalnum()).removeprefix("QF")
    return f"QF-{bare[:4]}-{bare[4:]}"


async def _children_of(uow: UnitOfWork, case: Case) -> list[Case]:
    return await uow.cases.matching(case_table.c.merged_into_id == case.id)


async def _share_recusals(uow: UnitOfWork, official: Official, case: Case, into: Case) -> None:
    """Whoever stands back from one stands back from both; where nobody is left, both climb to the same level."""
    mine, theirs = await uow.recusals.grounds(case.id), await uow.recusals.grounds(into.id)
    actor = f"official/{official.id}"
    for one, missing in (
        (into, {who: ground for who, ground in mine.items() if who not in theirs}),
        (case, {who: ground for who, ground in theirs.items() if who not in mine}),
    ):
        if missing:
            await recuse(uow, one, missing, actor=actor)


async def _carry_flags(uow: UnitOfWork, official: Official, case: Case, into: Case) -> None:
    for flag in case.flags:
        reasons = (CARRIED.format(number=case.number), *flag.reasons)
        carried = CaseFlag(flag.category, reasons, flag.rule_version)
        if await raise_once(uow, into, carried, {"merged_from": case.number}, by=official.id):
            await record(uow, official, "flag_raised", into, category=flag.category, other=case.number)


async def _tied(uow: UnitOfWork, official: Official, case: Case) -> tuple[Tied, ...]:
    """The links of a case, and of a mass reaction everybody tied to the same report, as far as they may be known."""
    links = await uow.links.of_case(case.id)
    seen = await _visible(uow, official, [link.other_id for link in links])
    hubs = [link.other_id for link in links if link.kind == MASS and link.other_id in seen]
    known = {link.other_id for link in links} | {case.id}
    for hub, further in (await uow.links.of_cases(hubs)).items():
        more = [link for link in further if link.kind == MASS and link.other_id not in known and hub in seen]
        links += more
        known |= {link.other_id for link in more}
    seen |= await _visible(uow, official, [link.other_id for link in links if link.other_id not in seen])
    return tuple(Tied(link, seen[link.other_id]) for link in links if link.other_id in seen)


async def _visible(uow: UnitOfWork, official: Official, ids: list[int]) -> dict[int, Case]:
    found = await uow.cases.matching(case_table.c.id.in_(ids), visible_to=official) if ids else []
    return {one.id: one for one in found}


def _account(narrative: dict[str, Any]) -> Account:
    told = "。".join(str(narrative.get(part, "")) for part in ("what", "when", "where"))
    return Account(str(narrative.get("who", "")), told)
