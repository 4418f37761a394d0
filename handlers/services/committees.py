"""Election committees: who sits, whose near relatives were declared, and who must leave because somebody stands.

What a newcomer gets wrong: a likeness of names is a proposal, and a person decides it; the same name under a declared
relation is the clash itself. Nobody leaves by themselves: it is recorded, with the day, the reason and who steps up.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.services.case_moves import worded
from handlers.services.elections import find_election
from handlers.services.errors import BadInput, NotAllowed, NotFound
from knowledge.casework.access import Permission, may
from knowledge.clock import local_date
from knowledge.elections.committee import RELATIONS, Likeness, Match, likeness, plain_name
from storage.errors import StaleVersion
from storage.repositories.committees import LEFT, NEXT_IN_LINE, SITS, Member, Relative, Verdict
from storage.repositories.elections import Candidate, Election
from storage.repositories.officials import Official
from storage.tables.committee import COMMITTEE_ROLES, LEAVING_REASONS
from storage.unit_of_work import UnitOfWork

LONGEST_NAME: Final = 20
LONGEST_REASON: Final = 200
SAME: Final = "same"
DIFFERENT: Final = "different"


@dataclass(frozen=True, slots=True)
class Found:
    """A member beside a candidate whose name is theirs or a relative's, and what was said about it last."""

    member: Member
    candidate: Candidate
    relative: Relative | None
    match: Match
    verdict: Verdict | None

    @property
    def is_clash(self) -> bool:
        """Whether the member must leave.

        Certain ones always; the member's own name until somebody finds a namesake; others once confirmed.
        """
        if self.match.is_certain:
            return True
        said = self.verdict.verdict if self.verdict else ""
        return said == SAME or (said != DIFFERENT and self.match.likeness is Likeness.EXACT)

    @property
    def is_proposal(self) -> bool:
        """Whether nobody has decided a likeness yet."""
        return not self.match.is_certain and self.verdict is None


@dataclass(frozen=True, slots=True)
class Committee:
    """An election's committee; `found` only of members who sit."""

    members: tuple[Member, ...]
    relatives: tuple[Relative, ...]
    found: tuple[Found, ...]

    @property
    def clashes(self) -> tuple[Found, ...]:
        """Members who must leave."""
        return tuple(one for one in self.found if one.is_clash)

    @property
    def proposals(self) -> tuple[Found, ...]:
        """Likenesses that wait for a person and do not count as clashes meanwhile."""
        return tuple(one for one in self.found if one.is_proposal and not one.is_clash)

    @property
    def in_line(self) -> tuple[Member, ...]:
        """Who steps up, in order."""
        return tuple(one for one in self.members if one.standing == NEXT_IN_LINE)


@dataclass(frozen=True, slots=True)
class CommitteeView:
    """An election with its committee."""

    election: Election
    committee: Committee


async def of_elections(uow: UnitOfWork, ids: Collection[int]) -> dict[int, Committee]:
    """The committees of some elections, held against the candidates of each. Nobody's look: callers record it."""
    members = await uow.committees.members(ids)
    member_ids = [one.id for one in members]
    relatives = await uow.committees.relatives(member_ids) if members else []
    verdicts = await uow.committees.verdicts(member_ids) if members else []
    last = {(one.member_id, one.candidate_id, one.relative_id): one for one in verdicts}
    candidates = await uow.elections.candidates_of_elections(ids) if members else []
    made = {}
    for election_id in ids:
        table = tuple(one for one in members if one.election_id == election_id)
        theirs = tuple(one for one in relatives if one.member_id in {member.id for member in table})
        standing = [one for one in candidates if one.election.id == election_id and one.state != "withdrawn"]
        made[election_id] = Committee(table, theirs, tuple(_found(table, theirs, standing, last)))
    return made


async def read(uow: UnitOfWork, official: Official, election_id: int) -> CommitteeView:
    """An election's committee; the look is an event."""
    _require(official, Permission.SEE_ELECTIONS)
    election = await find_election(uow, official, election_id)
    await _record(uow, official, "committee_read", election_id)
    return CommitteeView(election, (await of_elections(uow, [election_id]))[election_id])


async def add_member(
    uow: UnitOfWork, official: Official, election_id: int, *, name: str, role: str, in_line: bool
) -> int:
    """Enter a member, or somebody next in line; returns the id.

    Raises:
        BadInput: No name, one that is on the committee, or no role.
    """
    _require(official, Permission.RUN_ELECTIONS)
    await uow.begin()
    await find_election(uow, official, election_id)
    name = _name("member_name", name)
    if role not in COMMITTEE_ROLES:
        raise BadInput("committee_role", "unknown")
    standing = NEXT_IN_LINE if in_line else SITS
    member_id = await uow.committees.add(election_id, name=name, role=role, standing=standing, by=official.id)
    if member_id is None:
        raise BadInput("member_name", "taken")
    await _record(uow, official, "committee_member_added", election_id, member=member_id)
    return member_id


async def declare_relative(
    uow: UnitOfWork, official: Official, election_id: int, member_id: int, *, relation: str, name: str
) -> int:
    """Enter a near relative that a member declared; returns the id.

    Raises:
        BadInput: No name, or no relation.
    """
    _require(official, Permission.RUN_ELECTIONS)
    await uow.begin()
    await _member(uow, official, election_id, member_id)
    name = _name("relative_name", name)
    if relation not in RELATIONS:
        raise BadInput("near_relation", "unknown")
    relative_id = await uow.committees.declare(member_id, relation=relation, name=name, by=official.id)
    await _record(uow, official, "relative_declared", election_id, member=member_id)
    return relative_id


async def withdraw_relative(uow: UnitOfWork, official: Official, election_id: int, relative_id: int) -> None:
    """Take a declaration back that was entered wrongly; it stays on file as withdrawn."""
    _require(official, Permission.RUN_ELECTIONS)
    await uow.begin()
    await find_election(uow, official, election_id)
    members = {one.id for one in await uow.committees.members([election_id])}
    if relative_id not in {one.id for one in await uow.committees.relatives(members)}:
        raise NotFound("relative")
    await uow.committees.withdraw(relative_id, by=official.id)
    await _record(uow, official, "relative_withdrawn", election_id, relative=relative_id)


async def judge(uow: UnitOfWork, official: Official, election_id: int, *, pair: str, verdict: str, reason: str) -> None:
    """Say whether a likeness is the same person; `pair` is member, candidate and relative (0: themselves): `3-7-0`.

    Raises:
        BadInput: No such likeness, no verdict, no reason, or a certain clash is called a namesake.
    """
    _require(official, Permission.REVIEW_GATES)
    await uow.begin()
    await find_election(uow, official, election_id)
    committee = (await of_elections(uow, [election_id]))[election_id]
    one = next((found for found in committee.found if pair_of(found) == pair), None)
    if one is None:
        raise BadInput("pair", "unknown")
    if verdict not in (SAME, DIFFERENT):
        raise BadInput("match_verdict", "unknown")
    if one.match.is_certain:
        raise BadInput("match_verdict", "certain")
    reason = worded("match_reason", reason, shortest=2, longest=LONGEST_REASON)
    relative_id = one.relative.id if one.relative else None
    await uow.committees.judge(
        one.member.id, one.candidate.id, relative_id, verdict=verdict, reason=reason, by=official.id
    )
    await _record(uow, official, "likeness_judged", election_id, member=one.member.id, decision=verdict)


async def leave(
    uow: UnitOfWork,
    official: Official,
    election_id: int,
    member_id: int,
    *,
    because: str,
    left_on: date | None,
    successor_id: int | None,
) -> None:
    """Record that a member left, and who stepped up; without a successor the place stays empty until one is chosen.

    Raises:
        BadInput: No reason, no day, a day to come, or a successor who is not next in line.
        StaleVersion: They had left already.
    """
    _require(official, Permission.RUN_ELECTIONS)
    await uow.begin()
    member = await _member(uow, official, election_id, member_id)
    if because not in LEAVING_REASONS:
        raise BadInput("left_because", "unknown")
    if left_on is None or left_on > local_date(uow.clock.now()):
        raise BadInput("left_on", "no_date")
    if member.standing == LEFT:
        raise StaleVersion(f"committee/{member_id}")
    if successor_id is not None:
        everybody = await uow.committees.members([election_id])
        if successor_id not in {one.id for one in everybody if one.standing == NEXT_IN_LINE}:
            raise BadInput("successor_member", "unknown")
        await uow.committees.seat(successor_id, member.role)
    if not await uow.committees.leave(member_id, on=left_on, because=because, replaced_by=successor_id, by=official.id):
        raise StaleVersion(f"committee/{member_id}")
    await _record(uow, official, "committee_member_left", election_id, member=member_id, successor=successor_id or 0)


def pair_of(found: Found) -> str:
    """What names a likeness in a form."""
    return f"{found.member.id}-{found.candidate.id}-{found.relative.id if found.relative else 0}"


def _found(
    members: tuple[Member, ...],
    relatives: tuple[Relative, ...],
    candidates: list[Candidate],
    last: dict[tuple[int, int, int | None], Verdict],
) -> list[Found]:
    found = []
    for member in (one for one in members if one.sits):
        names: list[tuple[str, Relative | None]] = [(member.name, None)]
        names += [(one.name, one) for one in relatives if one.member_id == member.id]
        for candidate in candidates:
            for name, relative in names:
                how = likeness(name, candidate.name)
                if how is not None:
                    relative_id = relative.id if relative else None
                    match = Match(member.id, candidate.id, relative_id, how)
                    verdict = last.get((member.id, candidate.id, relative_id))
                    found.append(Found(member, candidate, relative, match, verdict))
    return found


def _name(field: str, name: str) -> str:
    name = plain_name(name)
    if not name:
        raise BadInput(field, "empty")
    if len(name) > LONGEST_NAME:
        raise BadInput(field, "too_long")
    return name


async def _member(uow: UnitOfWork, official: Official, election_id: int, member_id: int) -> Member:
    await find_election(uow, official, election_id)
    found = next((one for one in await uow.committees.members([election_id]) if one.id == member_id), None)
    if found is None:
        raise NotFound("member")
    return found


def _require(official: Official, permission: Permission) -> None:
    if not (official.active and may(official.role, permission)):
        raise NotAllowed


async def _record(uow: UnitOfWork, official: Official, act: str, election_id: int, **detail: object) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"election/{election_id}", **detail)
