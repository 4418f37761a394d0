"""Elections, timetables, candidates, invitations and signatures."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.repositories.base import Repository
from storage.tables.elections import (
    candidate,
    commitment_signature,
    commitment_text,
    election,
    election_task,
    invitation,
)
from storage.tables.officials import place


@dataclass(frozen=True, slots=True)
class Election:
    """One place's election. Dates are calendar dates in Asia/Shanghai."""

    id: int
    place_id: int
    place_path: str
    place_name: str
    place_kind: str
    state: str
    election_day: date
    commitments_due_on: date
    pack: str
    pack_version: str


@dataclass(frozen=True, slots=True)
class Task:
    """One line of an election's timetable."""

    id: int
    code: str
    due_on: date
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who wants to stand. `state` is `may_stand` only with every commitment signed."""

    id: int
    name: str
    office: str
    state: str
    person_id: int | None
    election: Election


@dataclass(frozen=True, slots=True)
class Signature:
    """One signed commitment."""

    kind: str
    version: str
    text_hash: str
    signed_name: str
    signed_at: datetime
    channel: str
    receipt: str


class Elections(Repository):
    """Keeps elections and candidates."""

    async def add(
        self, *, place_id: int, election_day: date, commitments_due_on: date, pack: str, pack_version: str
    ) -> int:
        """A new election, in preparation; returns its id."""
        result = await self._uow.execute(
            insert(election)
            .values(
                place_id=place_id,
                state="preparing",
                election_day=election_day,
                commitments_due_on=commitments_due_on,
                pack=pack,
                pack_version=pack_version,
            )
            .returning(election.c.id)
        )
        return int(result.scalar_one())

    async def get(self, election_id: int) -> Election | None:
        """An election by id."""
        found = await self._elections(election.c.id == election_id)
        return found[0] if found else None

    async def within(self, place_path: str) -> list[Election]:
        """The elections of a place and all that belongs to it, by day."""
        return await self._elections(_inside(place_path))

    async def of_places(self, place_ids: Collection[int]) -> list[Election]:
        """The elections of some places, by day."""
        return await self._elections(election.c.place_id.in_(place_ids))

    async def next_day_at(self, place_id: int, from_on: date) -> date | None:
        """The nearest election day of a place from a day on, of an election that is not over."""
        query = select(func.min(election.c.election_day)).where(
            election.c.place_id == place_id, election.c.election_day >= from_on, election.c.state != "finished"
        )
        found: date | None = (await self._uow.read(query))[0][0]
        return found

    async def start(self, election_id: int) -> bool:
        """Leave preparation; False when it had left before.

        Raises:
            RuleRefused: A required gate is open, or a member of the committee who stands still sits.
        """
        begun = await self._uow.execute(
            update(election)
            .where(election.c.id == election_id, election.c.state == "preparing")
            .values(state="running")
        )
        return bool(begun.rowcount)

    async def add_task(self, election_id: int, code: str, due_on: date, *, done_at: datetime | None = None) -> None:
        """A line of the timetable."""
        await self._uow.execute(
            insert(election_task).values(election_id=election_id, code=code, due_on=due_on, done_at=done_at)
        )

    async def tasks(self, election_id: int) -> list[Task]:
        """An election's timetable, by date."""
        rows = await self._uow.read(
            select(election_task)
            .where(election_task.c.election_id == election_id)
            .order_by(election_task.c.due_on, election_task.c.id)
        )
        return [Task(row.id, row.code, row.due_on, row.done_at) for row in rows]

    async def finish_task(self, task_id: int, official_id: int) -> None:
        """Tick a line off; a line ticked off before stays as it was."""
        await self._uow.execute(
            update(election_task)
            .where(election_task.c.id == task_id, election_task.c.done_at.is_(None))
            .values(done_at=self._uow.clock.now(), done_by=official_id)
        )

    async def publish_text(self, pack: str, version: str, kind: str, text_hash: str) -> None:
        """Make a commitment's text known to the database; a known one is left as it is."""
        await self._uow.execute(
            self._insert(commitment_text)
            .values(pack=pack, version=version, kind=kind, text_hash=text_hash)
            .on_conflict_do_nothing()
        )

    async def add_candidate(self, *, election_id: int, name: str, office: str, official_id: int) -> int:
        """A new candidate; returns the id."""
        result = await self._uow.execute(
            insert(candidate)
            .values(
                election_id=election_id,
                name=name,
                office=office,
                state="invited",
                created_by=official_id,
                created_at=self._uow.clock.now(),
            )
            .returning(candidate.c.id)
        )
        return int(result.scalar_one())

    async def candidate(self, candidate_id: int) -> Candidate | None:
        """A candidate by id."""
        found = await self._candidates(candidate.c.id == candidate_id)
        return found[0] if found else None

    async def candidates_of_person(self, person_id: int) -> list[Candidate]:
        """Where a person stands."""
        return await self._candidates(candidate.c.person_id == person_id)

    async def candidates_within(self, place_path: str) -> list[Candidate]:
        """The candidates of a place and all that belongs to it."""
        return await self._candidates(_inside(place_path))

    async def candidates_of_elections(self, election_ids: Collection[int]) -> list[Candidate]:
        """The candidates of some elections."""
        return await self._candidates(candidate.c.election_id.in_(election_ids))

    async def invite(self, token_hash: bytes, candidate_id: int, official_id: int, expires_at: datetime) -> None:
        """A link that ties one chat to a candidate, once."""
        await self._uow.execute(
            insert(invitation).values(
                token_hash=token_hash, candidate_id=candidate_id, created_by=official_id, expires_at=expires_at
            )
        )

    async def use_invitation(self, token_hash: bytes, person_id: int) -> int | None:
        """The candidate behind an unused, unexpired link, which is used up by this."""
        now = self._uow.clock.now()
        row = (
            await self._uow.execute(
                update(invitation)
                .where(
                    invitation.c.token_hash == token_hash,
                    invitation.c.used_at.is_(None),
                    invitation.c.expires_at > now,
                )
                .values(used_at=now, used_by=person_id)
                .returning(invitation.c.candidate_id)
            )
        ).first()
        if row is None:
            return None
        await self._uow.execute(update(candidate).where(candidate.c.id == row.candidate_id).values(person_id=person_id))
        await self._set_state(row.candidate_id, "signing", only_from=("invited",))
        return int(row.candidate_id)

    async def invitation_of(self, token_hash: bytes) -> tuple[int, int | None] | None:
        """The candidate and the user of a link, used or not; None when there is no such link."""
        rows = await self._uow.read(
            select(invitation.c.candidate_id, invitation.c.used_by).where(invitation.c.token_hash == token_hash)
        )
        return (rows[0].candidate_id, rows[0].used_by) if rows else None

    async def sign(self, who: Candidate, signature: Signature) -> bool:
        """Write a signature; False when this text was signed before.

        Raises:
            RuleRefused: The text is not the published one.
        """
        result = await self._uow.execute(
            self._insert(commitment_signature)
            .values(
                candidate_id=who.id,
                pack=who.election.pack,
                version=signature.version,
                kind=signature.kind,
                text_hash=signature.text_hash,
                signed_name=signature.signed_name,
                signed_at=signature.signed_at,
                channel=signature.channel,
                receipt=signature.receipt,
            )
            .on_conflict_do_nothing(index_elements=["candidate_id", "pack", "version", "kind"])
        )
        return bool(result.rowcount)

    async def signatures(self, who: Candidate) -> list[Signature]:
        """What a candidate signed of the election's present pack."""
        rows = await self._uow.read(
            select(commitment_signature)
            .where(
                commitment_signature.c.candidate_id == who.id,
                commitment_signature.c.pack == who.election.pack,
                commitment_signature.c.version == who.election.pack_version,
            )
            .order_by(commitment_signature.c.id)
        )
        return [
            Signature(r.kind, r.version, r.text_hash, r.signed_name, r.signed_at, r.channel, r.receipt) for r in rows
        ]

    async def may_stand(self, candidate_id: int) -> None:
        """Note that a candidate may stand.

        Raises:
            RuleRefused: A commitment is not signed.
        """
        await self._set_state(candidate_id, "may_stand")

    async def unsigned(self, *, due_until: date, from_day: date) -> list[Candidate]:
        """Candidates tied to a chat, commitments due in a span of days, not everything signed."""
        return await self._candidates(
            and_(
                candidate.c.state == "signing",
                candidate.c.person_id.is_not(None),
                election.c.commitments_due_on <= due_until,
                election.c.commitments_due_on >= from_day,
            )
        )

    async def _set_state(self, candidate_id: int, state: str, *, only_from: tuple[str, ...] = ()) -> None:
        statement = update(candidate).where(candidate.c.id == candidate_id)
        if only_from:
            statement = statement.where(candidate.c.state.in_(only_from))
        await self._uow.execute(statement.values(state=state))

    async def _elections(self, condition: Any) -> list[Election]:
        query = _ELECTIONS.where(condition).order_by(election.c.election_day, election.c.id)
        return [Election(*row) for row in await self._uow.read(query)]

    async def _candidates(self, condition: Any) -> list[Candidate]:
        query = (
            _ELECTIONS.add_columns(
                candidate.c.id.label("candidate_id"),
                candidate.c.name.label("candidate_name"),
                candidate.c.office,
                candidate.c.state.label("candidate_state"),
                candidate.c.person_id,
            )
            .join(candidate, candidate.c.election_id == election.c.id)
            .where(condition)
            .order_by(place.c.path, candidate.c.id)
        )
        return [
            Candidate(
                row.candidate_id,
                row.candidate_name,
                row.office,
                row.candidate_state,
                row.person_id,
                Election(*row[:10]),
            )
            for row in await self._uow.read(query)
        ]

    @property
    def _insert(self) -> Any:
        return sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert


_ELECTIONS = select(
    election.c.id,
    election.c.place_id,
    place.c.path,
    place.c.name,
    place.c.kind,
    election.c.state,
    election.c.election_day,
    election.c.commitments_due_on,
    election.c.pack,
    election.c.pack_version,
).join(place, place.c.id == election.c.place_id)


def _inside(place_path: str) -> Any:
    return or_(place.c.path == place_path, place.c.path.startswith(f"{place_path}/", autoescape=True))
