"""Elections, timetables, candidates, invitations and signatures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, func, insert, or_, select, update

from storage.repositories.base import Repository
from storage.tables.elections import (
    candidate,
    commitment_signature,
    commitment_text,
    election,
    election_day_move,
    election_task,
    happening,
    invitation,
)
from storage.tables.officials import official, place


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
    body: str
    mode: str
    counting: str
    plan_version: str
    last_day: date | None
    version: int


@dataclass(frozen=True, slots=True)
class Task:
    """One line of an election's plan; `code` is the key of `knowledge.elections.plans.Line`."""

    id: int
    code: str
    due_on: date
    done_at: datetime | None
    lawful_until: date | None = None
    needs_proof: bool = False
    done_on: date | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """A line to write."""

    code: str
    due_on: date
    lawful_until: date | None
    needs_proof: bool
    stage: str


@dataclass(frozen=True, slots=True)
class StageCount:
    """How far an election is with one stage; `late` are open lines whose day is over."""

    election_id: int
    stage: str
    total: int
    done: int
    late: int


@dataclass(frozen=True, slots=True)
class DayMove:
    """An election day that was moved."""

    was_on: date
    now_on: date
    reason: str
    moved_tasks: int
    moved_by: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """Something recorded that starts a clock."""

    id: int
    code: str
    happened_on: date
    note: str
    recorded_at: datetime


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

    async def set_plan(
        self, election_id: int, *, body: str, mode: str, counting: str, plan_version: str, last_day: date | None
    ) -> None:
        """What an election's plan is made of."""
        await self._uow.execute(
            update(election)
            .where(election.c.id == election_id)
            .values(body=body, mode=mode, counting=counting, plan_version=plan_version, last_day=last_day)
        )

    async def add_tasks(self, election_id: int, tasks: Sequence[NewTask]) -> None:
        """Lines of a plan."""
        if tasks:
            await self._uow.execute(
                insert(election_task),
                [
                    {
                        "election_id": election_id,
                        "code": task.code,
                        "due_on": task.due_on,
                        "lawful_until": task.lawful_until,
                        "needs_proof": task.needs_proof,
                        "stage": task.stage,
                    }
                    for task in tasks
                ],
            )

    async def tasks(self, election_id: int) -> list[Task]:
        """An election's plan, by date."""
        return (await self.tasks_of([election_id])).get(election_id, [])

    async def tasks_of(self, election_ids: Sequence[int]) -> dict[int, list[Task]]:
        """The plans of several elections, each by date."""
        columns = election_task.c
        query = (
            select(
                columns.election_id,
                columns.id,
                columns.code,
                columns.due_on,
                columns.done_at,
                columns.lawful_until,
                columns.needs_proof,
                columns.done_on,
                columns.proof,
            )
            .where(columns.election_id.in_(election_ids))
            .order_by(columns.election_id, columns.due_on, columns.id)
        )
        found: dict[int, list[Task]] = {}
        for row in await self._uow.read(query):
            found.setdefault(row[0], []).append(Task(*row[1:]))
        return found

    async def stage_counts(self, place_path: str, today: date) -> list[StageCount]:
        """How far every election of a place is, stage by stage; counted by the database."""
        is_open = election_task.c.done_at.is_(None)
        query = (
            select(
                election_task.c.election_id,
                election_task.c.stage,
                func.count(),
                func.sum(case((is_open, 0), else_=1)),
                func.sum(case((and_(is_open, election_task.c.due_on < today), 1), else_=0)),
            )
            .join(election, election.c.id == election_task.c.election_id)
            .join(place, place.c.id == election.c.place_id)
            .where(_inside(place_path))
            .group_by(election_task.c.election_id, election_task.c.stage)
        )
        return [StageCount(*row) for row in await self._uow.read(query)]

    async def next_tasks(self, election_ids: Sequence[int]) -> dict[int, Task]:
        """The open line of each of some elections that comes first."""
        columns = election_task.c
        turn = func.row_number().over(partition_by=columns.election_id, order_by=(columns.due_on, columns.id))
        ranked = (
            select(columns.election_id, columns.id, columns.code, columns.due_on, turn.label("turn"))
            .where(columns.election_id.in_(election_ids), columns.done_at.is_(None))
            .subquery()
        )
        rows = await self._uow.read(select(ranked).where(ranked.c.turn == 1))
        return {row[0]: Task(row[1], row[2], row[3], None) for row in rows}

    async def open_until(self, place_path: str, until: date) -> list[tuple[Election, Task]]:
        """Every open line of a place that is due by a day, with its election, by date."""
        columns = election_task.c
        query = (
            _ELECTIONS.add_columns(columns.id.label("task_id"), columns.code, columns.due_on)
            .join(election_task, columns.election_id == election.c.id)
            .where(_inside(place_path), columns.done_at.is_(None), columns.due_on <= until)
            .order_by(columns.due_on, columns.id)
        )
        return [
            (Election(*row[:16]), Task(row.task_id, row.code, row.due_on, None)) for row in await self._uow.read(query)
        ]

    async def finish_task(self, task_id: int, official_id: int, *, done_on: date, proof: str | None) -> bool:
        """Tick a line off; a line ticked off before stays as it was, and the answer is False.

        Raises:
            RuleRefused: It asks for a proof, and there is none.
        """
        result = await self._uow.execute(
            update(election_task)
            .where(election_task.c.id == task_id, election_task.c.done_at.is_(None))
            .values(done_at=self._uow.clock.now(), done_by=official_id, done_on=done_on, proof=proof)
        )
        return bool(result.rowcount)

    async def redate(self, tasks: Sequence[tuple[int, date, date | None]]) -> None:
        """Give open lines (ids) other days: due, and the law's latest."""
        columns = election_task.c
        statement = (
            update(election_task)
            .where(columns.id == bindparam("of"), columns.done_at.is_(None))
            .values(due_on=bindparam("due"), lawful_until=bindparam("until"))
        )
        if tasks:
            await self._uow.execute(statement, [{"of": i, "due": due, "until": until} for i, due, until in tasks])

    async def drop_tasks(self, task_ids: Sequence[int]) -> None:
        """Lines a plan has no longer.

        Raises:
            RuleRefused: One of them is done.
        """
        if task_ids:
            await self._uow.execute(delete(election_task).where(election_task.c.id.in_(task_ids)))

    async def move_day(
        self, one: Election, now_on: date, *, commitments_due_on: date, reason: str, moved_tasks: int, official_id: int
    ) -> bool:
        """Record a moved day and move it; False when somebody changed the election meanwhile."""
        await self._uow.execute(
            insert(election_day_move).values(
                election_id=one.id,
                was_on=one.election_day,
                now_on=now_on,
                reason=reason,
                moved_tasks=moved_tasks,
                moved_by=official_id,
                moved_at=self._uow.clock.now(),
            )
        )
        result = await self._uow.execute(
            update(election)
            .where(election.c.id == one.id, election.c.version == one.version)
            .values(election_day=now_on, commitments_due_on=commitments_due_on, version=one.version + 1)
        )
        return bool(result.rowcount)

    async def day_moves(self, election_id: int) -> list[DayMove]:
        """Every move of an election's day, the latest first."""
        moves = election_day_move.c
        query = (
            select(moves.was_on, moves.now_on, moves.reason, moves.moved_tasks, official.c.display_name, moves.moved_at)
            .join(official, official.c.id == moves.moved_by)
            .where(moves.election_id == election_id)
            .order_by(moves.id.desc())
        )
        return [DayMove(*row) for row in await self._uow.read(query)]

    async def add_happening(self, election_id: int, code: str, happened_on: date, note: str, official_id: int) -> int:
        """Something that starts a clock; returns its id."""
        result = await self._uow.execute(
            insert(happening)
            .values(
                election_id=election_id,
                code=code,
                happened_on=happened_on,
                note=note,
                recorded_by=official_id,
                recorded_at=self._uow.clock.now(),
            )
            .returning(happening.c.id)
        )
        return int(result.scalar_one())

    async def happenings(self, election_id: int) -> list[Happening]:
        """What was recorded of an election, in order of days."""
        columns = happening.c
        query = (
            select(columns.id, columns.code, columns.happened_on, columns.note, columns.recorded_at)
            .where(columns.election_id == election_id)
            .order_by(columns.happened_on, columns.id)
        )
        return [Happening(*row) for row in await self._uow.read(query)]

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
                Election(*row[:16]),
            )
            for row in await self._uow.read(query)
        ]


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
    election.c.body,
    election.c.mode,
    election.c.counting,
    election.c.plan_version,
    election.c.last_day,
    election.c.version,
).join(place, place.c.id == election.c.place_id)


def _inside(place_path: str) -> Any:
    return or_(place.c.path == place_path, place.c.path.startswith(f"{place_path}/", autoescape=True))
