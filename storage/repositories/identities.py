"""Reporters' names: sealed to the custodians, and what is known of whether they are true.

Nothing here can open a name. A custodian's password does (storage.vault), and while it does the system can also tell
whether two reporters are one person: by a token made with a secret that only custodians hold. What becomes known of a
name changes no version of its case: whoever is working on the case decides nothing by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, func, insert, or_, select, update

from knowledge.casework.names import Attempt, AttemptOutcome, ContactMethod, NameState
from storage.repositories.base import Repository
from storage.tables.cases import cases, contact_attempt, identity
from storage.tables.officials import custodian_pepper, official
from storage.vault import Pepper, seal_to

#: Whoever makes or hands on the common secret waits for the others.
PEPPER_TURN: Final = "custodians/pepper"


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


class Identities(Repository):
    """Keeps sealed names and the attempts to check them."""

    def seal(self, case_id: int, sealed: dict[int, tuple[bytes, bytes]]) -> None:
        """Queue a reporter's name and contact, sealed to each custodian: official id -> (name, contact)."""
        for custodian_id, (name, contact) in sealed.items():
            self._uow.append(
                identity, case_id=case_id, custodian_id=custodian_id, name_sealed=name, contact_sealed=contact
            )

    async def sealed_to(self, case_id: int, custodian_id: int) -> tuple[bytes, bytes] | None:
        """The name and contact as sealed to one custodian."""
        rows = await self._uow.read(
            select(identity.c.name_sealed, identity.c.contact_sealed).where(
                identity.c.case_id == case_id, identity.c.custodian_id == custodian_id
            )
        )
        return (rows[0].name_sealed, rows[0].contact_sealed) if rows else None

    async def holders(self, case_id: int) -> frozenset[int]:
        """The custodians a name is sealed to."""
        rows = await self._uow.read(select(identity.c.custodian_id).where(identity.c.case_id == case_id))
        return frozenset(row.custodian_id for row in rows)

    async def exists(self, case_id: int) -> bool:
        """Whether the reporter left a name."""
        return bool(await self._uow.read(select(identity.c.case_id).where(identity.c.case_id == case_id).limit(1)))

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

    async def begin_pepper(self, custodian_id: int, public_key: bytes) -> None:
        """Make the common secret for a new custodian, if there is nobody to get it from."""
        await self._uow.officials.take_turns((PEPPER_TURN,))
        if not await self.peppers():
            await self.give_pepper(Pepper.create(), {custodian_id: public_key})


def to_check(custodian_id: int) -> Any:
    """A condition on `cases`: a custodian has something to do about the name.

    It waits to be checked; or it was checked (the reporter came in person) and nobody has told yet who it is.
    """
    held = select(identity.c.case_id).where(identity.c.custodian_id == custodian_id)
    holds_pepper = select(custodian_pepper.c.custodian_id).where(custodian_pepper.c.custodian_id == custodian_id)
    nameless = and_(
        cases.c.name_state == NameState.VERIFIED,
        cases.c.person_token.is_(None),
        cases.c.id.in_(held),
        holds_pepper.exists(),
    )
    return or_(and_(cases.c.name_state == NameState.CLAIMED, cases.c.closed_at.is_(None)), nameless)


def seal_for(public_keys: dict[int, bytes], name: str, contact: str) -> dict[int, tuple[bytes, bytes]]:
    """Seal a name and a contact to each custodian's public key."""
    return {who: (seal_to(key, name), seal_to(key, contact)) for who, key in public_keys.items()}
