"""Reporters' names in shares, and what is known of whether they are true.

Nothing here can open a name. Custodians' passwords do (storage/custody.py), and while one of them is present the
system can also tell whether two reporters are one person: by a token made with a secret that only custodians hold.
What becomes known of a name changes no version of its case: whoever is working on the case decides nothing by it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, delete, func, insert, or_, select, union, update

from knowledge.casework.names import Attempt, AttemptOutcome, ContactMethod, NameState
from storage.custody import Pepper, SealedName, Share
from storage.repositories.base import Repository
from storage.tables.cases import cases, contact_attempt
from storage.tables.custody import custodian_pepper, identity, identity_share, identity_whole, share_contribution
from storage.tables.officials import official

#: Whoever makes or hands on the common secret waits for the others.
PEPPER_TURN: Final = "custodians/pepper"
_PARTS: Final = ("name", "contact", "address")
_CURRENT: Final = and_(
    identity.c.case_id == identity_share.c.case_id, identity.c.generation == identity_share.c.generation
)


@dataclass(frozen=True, slots=True)
class ContactAttempt:
    """One attempt to reach a reporter."""

    official_id: int
    official_name: str
    method: ContactMethod
    outcome: AttemptOutcome
    made_at: datetime

    @property
    def attempt(self) -> Attempt:
        """What the rules ask of it."""
        return Attempt(self.official_id, self.outcome)


@dataclass(frozen=True, slots=True)
class KeptName:
    """A name as it lies in the database; `generation` counts how often it was split."""

    case_id: int
    generation: int
    sealed: SealedName

    @property
    def holders(self) -> frozenset[int]:
        """The custodians who keep a share of it."""
        return frozenset(self.sealed.shares)


class Identities(Repository):
    """Keeps sealed names and the attempts to check them."""

    def keep(self, case_id: int, name: SealedName) -> None:
        """Queue a reporter's name with everybody's share."""
        self._uow.append(
            identity,
            case_id=case_id,
            public_key=name.public_key,
            generation=1,
            needed=name.needed,
            shares=len(name.shares),
            **{f"{part}_sealed": name.parts.get(part) for part in _PARTS},
        )
        for who, share in name.shares.items():
            self._uow.append(identity_share, **_share_row(case_id, 1, who, share))

    async def of_case(self, case_id: int) -> KeptName | None:
        """A case's name; None where there is none, or only one of the time before shares."""
        return (await self.of_cases((case_id,))).get(case_id)

    async def of_cases(self, ids: Collection[int]) -> dict[int, KeptName]:
        """The names of some cases."""
        if not ids:
            return {}
        shares: dict[int, dict[int, Share]] = defaultdict(dict)
        query = select(identity_share).join(identity, _CURRENT).where(identity_share.c.case_id.in_(ids))
        for row in await self._uow.read(query):
            shares[row.case_id][row.custodian_id] = Share(row.position, row.share_sealed)
        rows = await self._uow.read(select(identity).where(identity.c.case_id.in_(ids)))
        return {row.case_id: _kept(row, shares[row.case_id]) for row in rows}

    async def whole(self, case_id: int) -> dict[int, tuple[bytes, bytes]]:
        """A name of the time before shares: custodian -> name and contact as sealed to that custodian."""
        rows = await self._uow.read(select(identity_whole).where(identity_whole.c.case_id == case_id))
        return {row.custodian_id: (row.name_sealed, row.contact_sealed) for row in rows}

    async def holders(self, case_id: int) -> frozenset[int]:
        """The custodians who keep a name, or a share of it."""
        shares = select(identity_share.c.custodian_id).join(identity, _CURRENT)
        whole = select(identity_whole.c.custodian_id).where(identity_whole.c.case_id == case_id)
        rows = await self._uow.read(union(shares.where(identity_share.c.case_id == case_id), whole))
        return frozenset(row.custodian_id for row in rows)

    async def exists(self, case_id: int) -> bool:
        """Whether the reporter left a name."""
        return bool(await self.holders(case_id))

    async def held_by(self, custodian_id: int) -> list[int]:
        """The cases whose names a custodian keeps, or keeps a share of, in order."""
        shares = select(identity_share.c.case_id).join(identity, _CURRENT)
        whole = select(identity_whole.c.case_id).where(identity_whole.c.custodian_id == custodian_id)
        query = union(shares.where(identity_share.c.custodian_id == custodian_id), whole)
        return sorted(row.case_id for row in await self._uow.read(query))

    async def all_kept(self) -> list[int]:
        """Every case with a name in shares, in order."""
        return [row.case_id for row in await self._uow.read(select(identity.c.case_id).order_by(identity.c.case_id))]

    async def split_anew(self, kept: KeptName, shares: Mapping[int, Share], needed: int) -> None:
        """Put a new split in the place of the old one, whose shares are deleted.

        Raises:
            RuleRefused: Not everybody's share is there, or somebody may not keep one.
        """
        generation = kept.generation + 1
        await self._uow.execute(
            update(identity)
            .where(identity.c.case_id == kept.case_id, identity.c.generation == kept.generation)
            .values(generation=generation, needed=needed, shares=len(shares))
        )
        for who, share in shares.items():
            await self._uow.execute(insert(identity_share).values(**_share_row(kept.case_id, generation, who, share)))
        old = (identity_share.c.case_id == kept.case_id, identity_share.c.generation < generation)
        await self._uow.execute(delete(identity_share).where(*old))
        await self._uow.execute(delete(share_contribution).where(share_contribution.c.case_id == kept.case_id))

    async def out_of_whole(self, case_id: int, name: SealedName) -> None:
        """Put shares in the place of a name that was sealed whole."""
        self.keep(case_id, name)
        await self._uow.execute(delete(identity_whole).where(identity_whole.c.case_id == case_id))

    async def reseal_share(self, case_id: int, custodian_id: int, sealed: bytes) -> None:
        """The same share under its custodian's new key."""
        mine = (identity_share.c.case_id == case_id, identity_share.c.custodian_id == custodian_id)
        await self._uow.execute(update(identity_share).where(*mine).values(share_sealed=sealed))

    async def contribute(self, kept: KeptName, *, from_id: int, to_id: int, sealed: bytes) -> None:
        """Hand a share to a colleague who is to split the name anew; one handed before gives way."""
        mine = (
            share_contribution.c.case_id == kept.case_id,
            share_contribution.c.from_id == from_id,
            share_contribution.c.to_id == to_id,
        )
        await self._uow.execute(delete(share_contribution).where(*mine))
        await self._uow.execute(
            insert(share_contribution).values(
                case_id=kept.case_id,
                from_id=from_id,
                to_id=to_id,
                generation=kept.generation,
                share_sealed=sealed,
                made_at=self._uow.clock.now(),
            )
        )

    async def contributed_to(self, custodian_id: int) -> dict[int, dict[int, bytes]]:
        """The shares handed to somebody that still belong to the newest split: case -> colleague -> share."""
        found: dict[int, dict[int, bytes]] = defaultdict(dict)
        query = (
            select(share_contribution)
            .join(identity, identity.c.case_id == share_contribution.c.case_id)
            .where(share_contribution.c.to_id == custodian_id, share_contribution.c.generation == identity.c.generation)
        )
        for row in await self._uow.read(query):
            found[row.case_id][row.from_id] = row.share_sealed
        return dict(found)

    async def forget_contributions(self, custodian_id: int) -> None:
        """Let go what was handed to somebody."""
        await self._uow.execute(delete(share_contribution).where(share_contribution.c.to_id == custodian_id))

    async def add_attempt(
        self, case_id: int, *, official_id: int, method: ContactMethod, outcome: AttemptOutcome
    ) -> None:
        """Write down an attempt to reach the reporter.

        Raises:
            RuleRefused: This official stands back from the case, or has no seat any more.
        """
        await self._uow.execute(
            insert(contact_attempt).values(
                case_id=case_id,
                official_id=official_id,
                method=method,
                outcome=outcome,
                made_at=self._uow.clock.now(),
            )
        )

    async def attempts(self, case_id: int) -> list[ContactAttempt]:
        """All attempts on a case, oldest first."""
        rows = await self._uow.read(
            select(contact_attempt, official.c.display_name)
            .join(official, official.c.id == contact_attempt.c.official_id)
            .where(contact_attempt.c.case_id == case_id)
            .order_by(contact_attempt.c.id)
        )
        return [
            ContactAttempt(
                row.official_id,
                row.display_name,
                ContactMethod(row.method),
                AttemptOutcome(row.outcome),
                row.made_at,
            )
            for row in rows
        ]

    async def counts(self, ids: Sequence[int]) -> dict[int, int]:
        """How many attempts were made on some cases."""
        if not ids:
            return {}
        query = (
            select(contact_attempt.c.case_id, func.count().label("n"))
            .where(contact_attempt.c.case_id.in_(ids))
            .group_by(contact_attempt.c.case_id)
        )
        return {row.case_id: int(row.n) for row in await self._uow.read(query)}

    async def set_state(self, case_id: int, state: NameState) -> None:
        """Write down what a name has turned out to be.

        Raises:
            RuleRefused: The attempts on record do not say so.
        """
        await self._uow.execute(update(cases).where(cases.c.id == case_id).values(name_state=state))

    async def set_token(self, case_id: int, token: bytes) -> bool:
        """Keep who a reporter is, to be compared with others; False when it was known."""
        result = await self._uow.execute(
            update(cases)
            .where(cases.c.id == case_id, or_(cases.c.person_token.is_(None), cases.c.person_token != token))
            .values(person_token=token)
        )
        return bool(result.rowcount)

    async def peppers(self) -> dict[int, bytes]:
        """The common secret as sealed to each active custodian who holds it."""
        rows = await self._uow.read(
            select(custodian_pepper)
            .join(official, official.c.id == custodian_pepper.c.custodian_id)
            .where(official.c.active)
        )
        return {row.custodian_id: row.pepper_sealed for row in rows}

    async def give_pepper(self, pepper: Pepper, public_keys: dict[int, bytes]) -> None:
        """Let custodians hold the common secret: official id -> public key."""
        for who, key in public_keys.items():
            await self._uow.execute(
                insert(custodian_pepper).values(custodian_id=who, pepper_sealed=pepper.sealed_to(key))
            )

    async def reseal_pepper(self, custodian_id: int, sealed: bytes) -> None:
        """The common secret under its custodian's new key."""
        mine = custodian_pepper.c.custodian_id == custodian_id
        await self._uow.execute(update(custodian_pepper).where(mine).values(pepper_sealed=sealed))

    async def begin_pepper(self, custodian_id: int, public_key: bytes) -> None:
        """Make the common secret for a new custodian, if there is nobody to get it from."""
        await self._uow.officials.take_turns((PEPPER_TURN,))
        if not await self.peppers():
            await self.give_pepper(Pepper.create(), {custodian_id: public_key})


def to_check(custodian_id: int) -> Any:
    """A condition on `cases`: a custodian has something to do about the name.

    It waits to be checked; or it was checked (the reporter came in person) and nobody has told yet who it is.
    """
    held = union(
        select(identity_share.c.case_id).where(identity_share.c.custodian_id == custodian_id),
        select(identity_whole.c.case_id).where(identity_whole.c.custodian_id == custodian_id),
    )
    holds_pepper = select(custodian_pepper.c.custodian_id).where(custodian_pepper.c.custodian_id == custodian_id)
    nameless = and_(
        cases.c.name_state == NameState.VERIFIED,
        cases.c.person_token.is_(None),
        cases.c.id.in_(held),
        holds_pepper.exists(),
    )
    return or_(and_(cases.c.name_state == NameState.CLAIMED, cases.c.closed_at.is_(None)), nameless)


def _kept(row: Any, shares: dict[int, Share]) -> KeptName:
    parts = {part: getattr(row, f"{part}_sealed") for part in _PARTS if getattr(row, f"{part}_sealed") is not None}
    return KeptName(row.case_id, row.generation, SealedName(row.public_key, row.needed, shares, parts))


def _share_row(case_id: int, generation: int, custodian_id: int, share: Share) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "generation": generation,
        "custodian_id": custodian_id,
        "position": share.position,
        "share_sealed": share.sealed,
    }
