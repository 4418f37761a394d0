"""Election committees: members, their declared near relatives, and likenesses that were judged."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import insert, select, update

from storage.repositories.base import Repository
from storage.tables.committee import committee_match, committee_member, committee_relative

SITS: Final = "sits"
NEXT_IN_LINE: Final = "next_in_line"
LEFT: Final = "left"


@dataclass(frozen=True, slots=True)
class Relative:
    """A near relative that a member declared."""

    id: int
    member_id: int
    relation: str
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the committee, next in line, or gone; `replaced_by` is who stepped up."""

    id: int
    election_id: int
    name: str
    role: str
    standing: str
    left_on: date | None
    left_because: str | None
    replaced_by: int | None

    @property
    def sits(self) -> bool:
        """Whether they run the election now."""
        return self.standing == SITS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody found out about a likeness: `same` or `different`."""

    id: int
    member_id: int
    candidate_id: int
    relative_id: int | None
    verdict: str
    reason: str
    decided_at: datetime


class Committees(Repository):
    """Keeps committees; nobody is ever deleted from one."""

    async def members(self, election_ids: Collection[int]) -> list[Member]:
        """Everybody of some elections' committees, in the order they were entered."""
        query = select(committee_member).where(committee_member.c.election_id.in_(election_ids))
        return [
            Member(
                row.id,
                row.election_id,
                row.name,
                row.role,
                row.standing,
                row.left_on,
                row.left_because,
                row.replaced_by,
            )
            for row in await self._uow.read(query.order_by(committee_member.c.id))
        ]

    async def relatives(self, member_ids: Collection[int]) -> list[Relative]:
        """Declared near relatives that were not withdrawn."""
        query = (
            select(committee_relative)
            .where(committee_relative.c.member_id.in_(member_ids), committee_relative.c.withdrawn_at.is_(None))
            .order_by(committee_relative.c.id)
        )
        return [Relative(row.id, row.member_id, row.relation, row.name) for row in await self._uow.read(query)]

    async def verdicts(self, member_ids: Collection[int]) -> list[Verdict]:
        """What was found out about likenesses, oldest first: the newest of a pair counts."""
        query = (
            select(committee_match).where(committee_match.c.member_id.in_(member_ids)).order_by(committee_match.c.id)
        )
        return [
            Verdict(row.id, row.member_id, row.candidate_id, row.relative_id, row.verdict, row.reason, row.decided_at)
            for row in await self._uow.read(query)
        ]

    async def add(self, election_id: int, *, name: str, role: str, standing: str, by: int) -> int | None:
        """A new member, or one next in line; returns the id, None where one of this name is on the committee."""
        values = {"name": name, "role": role, "standing": standing, "entered_by": by}
        new = self._insert_unless_there(
            committee_member, election_id=election_id, entered_at=self._uow.clock.now(), **values
        )
        made: int | None = (await self._uow.execute(new.returning(committee_member.c.id))).scalar_one_or_none()
        return made

    async def declare(self, member_id: int, *, relation: str, name: str, by: int) -> int:
        """A near relative; returns the id."""
        made = await self._uow.execute(
            insert(committee_relative)
            .values(member_id=member_id, relation=relation, name=name, entered_by=by, declared_at=self._uow.clock.now())
            .returning(committee_relative.c.id)
        )
        return int(made.scalar_one())

    async def withdraw(self, relative_id: int, *, by: int) -> None:
        """Take a declaration back."""
        await self._uow.execute(
            update(committee_relative)
            .where(committee_relative.c.id == relative_id, committee_relative.c.withdrawn_at.is_(None))
            .values(withdrawn_at=self._uow.clock.now(), withdrawn_by=by)
        )

    async def judge(
        self, member_id: int, candidate_id: int, relative_id: int | None, *, verdict: str, reason: str, by: int
    ) -> None:
        """Write down whether a likeness is the same person.

        Raises:
            RuleRefused: The same name under a declared relation is called a namesake.
        """
        await self._uow.execute(
            insert(committee_match).values(
                member_id=member_id,
                candidate_id=candidate_id,
                relative_id=relative_id,
                verdict=verdict,
                reason=reason,
                decided_by=by,
                decided_at=self._uow.clock.now(),
            )
        )

    async def seat(self, member_id: int, role: str) -> None:
        """Somebody next in line sits from now on."""
        await self._uow.execute(
            update(committee_member)
            .where(committee_member.c.id == member_id, committee_member.c.standing == NEXT_IN_LINE)
            .values(standing=SITS, role=role)
        )

    async def leave(self, member_id: int, *, on: date, because: str, replaced_by: int | None, by: int) -> bool:
        """Somebody leaves for good; False when they had left before."""
        left = await self._uow.execute(
            update(committee_member)
            .where(committee_member.c.id == member_id, committee_member.c.standing != LEFT)
            .values(standing=LEFT, left_on=on, left_because=because, replaced_by=replaced_by, left_noted_by=by)
        )
        return bool(left.rowcount)
