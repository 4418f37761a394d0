"""Reminders of elections: which rungs and stages have come, whom they are for, which are to be queued.

A row of `reminder_plan` is a rung of a task or a stage of an election; whoever writes it looks its people up. A row of
`reminder` is one of them for one person. Both are refused a second time, and a reminder is marked once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import String, and_, cast, exists, func, literal, null, or_, select, update

from storage.repositories.base import Repository
from storage.tables.elections import candidate, election, election_task
from storage.tables.officials import place
from storage.tables.reminders import reminder, reminder_plan, subscription

#: Candidates that are still in the race.
STANDING: Final = ("invited", "signing", "may_stand")


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that is not done, of an election that is not over."""

    id: int
    code: str
    due_on: date
    election_id: int
    place_path: str
    place_name: str
    body: str


@dataclass(frozen=True, slots=True)
class RunningElection:
    """An election that is running, with the dates of some of its tasks by code."""

    id: int
    place_id: int
    place_path: str
    place_name: str
    place_kind: str
    election_day: date
    tasks: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class NewReminder:
    """A reminder to be written: for a person in a chat or an official."""

    subject: str
    stage: str
    role: str
    for_on: date
    due_at: datetime
    person_id: int | None = None
    official_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder to queue now. `for_on` is None for one written before there was such a day."""

    id: int
    subject: str
    stage: str
    person_id: int | None
    official_id: int | None
    role: str
    for_on: date | None


class Reminders(Repository):
    """Finds, plans and takes reminders."""

    async def open_tasks(
        self, stages: Sequence[str], *, first_on: date, last_on: date, limit: int = 200
    ) -> list[OpenTask]:
        """Open tasks due within a span of days for which none of some rungs was planned, by id."""
        subject = literal("task/") + cast(election_task.c.id, String)
        due = cast(election_task.c.due_on, String)
        planned = exists().where(
            reminder_plan.c.subject == subject,
            reminder_plan.c.stage.in_([literal(f"{stage}/") + due for stage in stages]),
        )
        query = (
            select(
                election_task.c.id,
                election_task.c.code,
                election_task.c.due_on,
                election_task.c.election_id,
                place.c.path,
                place.c.name,
                election.c.body,
            )
            .join(election, election.c.id == election_task.c.election_id)
            .join(place, place.c.id == election.c.place_id)
            .where(
                election_task.c.done_at.is_(None),
                election_task.c.due_on.between(first_on, last_on),
                election.c.state != "finished",
                ~planned,
            )
            .order_by(election_task.c.id)
            .limit(limit)
        )
        return [OpenTask(*row) for row in await self._uow.read(query)]

    async def tasks(self, ids: Iterable[int]) -> dict[int, OpenTask]:
        """Those of some tasks that are still open, by id."""
        query = (
            select(
                election_task.c.id,
                election_task.c.code,
                election_task.c.due_on,
                election_task.c.election_id,
                place.c.path,
                place.c.name,
                election.c.body,
            )
            .join(election, election.c.id == election_task.c.election_id)
            .join(place, place.c.id == election.c.place_id)
            .where(
                election_task.c.id.in_(sorted(set(ids))),
                election_task.c.done_at.is_(None),
                election.c.state != "finished",
            )
        )
        return {row.id: OpenTask(*row) for row in await self._uow.read(query)}

    async def running(
        self,
        codes: Iterable[str],
        *,
        first_on: date | None = None,
        last_on: date | None = None,
        ids: Iterable[int] | None = None,
    ) -> list[RunningElection]:
        """Running elections, with the dates of some tasks; those alone that have one, or the vote, within a span."""
        wanted = sorted(set(codes))
        query = (
            select(
                election.c.id,
                election.c.place_id,
                place.c.path,
                place.c.name,
                place.c.kind,
                election.c.election_day,
                election_task.c.code,
                election_task.c.due_on,
            )
            .join(place, place.c.id == election.c.place_id)
            .outerjoin(
                election_task, and_(election_task.c.election_id == election.c.id, election_task.c.code.in_(wanted))
            )
            .where(election.c.state == "running")
        )
        if ids is not None:
            query = query.where(election.c.id.in_(sorted(set(ids))))
        if first_on is not None and last_on is not None:
            query = query.where(
                or_(*(day.between(first_on, last_on) for day in (election.c.election_day, election_task.c.due_on)))
            )
        found: dict[int, RunningElection] = {}
        dates: dict[int, dict[str, date]] = {}
        for row in await self._uow.read(query.order_by(election.c.id)):
            tasks = dates.setdefault(row.id, {})
            if row.code is not None:
                tasks[row.code] = row.due_on
            found[row.id] = RunningElection(row.id, row.place_id, row.path, row.name, row.kind, row.election_day, tasks)
        return list(found.values())

    async def claim(self, planned: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Note rungs and stages (subject, stage) as planned; returns those that nobody had noted."""
        now = self._uow.clock.now()
        rows = [{"subject": subject, "stage": stage, "planned_at": now} for subject, stage in planned]
        if not rows:
            return set()
        statement = self._insert(reminder_plan).on_conflict_do_nothing()
        new = await self._uow.execute(statement.returning(reminder_plan.c.subject, reminder_plan.c.stage), rows)
        return {(row.subject, row.stage) for row in new}

    async def add(self, reminders: Iterable[NewReminder]) -> int:
        """Write reminders down; those that were written before stay as they are. Returns how many are new."""
        values = [
            {
                "subject": one.subject,
                "stage": one.stage,
                "role": one.role,
                "for_on": one.for_on,
                "due_at": one.due_at,
                "person_id": one.person_id,
                "official_id": one.official_id,
            }
            for one in reminders
        ]
        if not values:
            return 0
        statement = self._insert(reminder).on_conflict_do_nothing().returning(reminder.c.id)
        return len((await self._uow.execute(statement, values)).all())

    async def add_for_subscribers(self, one: NewReminder, place_id: int) -> int:
        """Write a reminder down for everybody subscribed to a place; returns how many are new."""
        chosen = select(
            literal(one.subject),
            literal(one.stage),
            literal(one.role),
            literal(one.for_on, reminder.c.for_on.type),
            literal(one.due_at, reminder.c.due_at.type),
            subscription.c.person_id,
            cast(null(), reminder.c.official_id.type),
        ).where(subscription.c.place_id == place_id)
        columns = ["subject", "stage", "role", "for_on", "due_at", "person_id", "official_id"]
        result = await self._uow.execute(self._insert(reminder).from_select(columns, chosen).on_conflict_do_nothing())
        return int(result.rowcount)

    async def candidates_of(self, election_ids: Iterable[int]) -> dict[int, list[int]]:
        """The people in chats who stand in some elections: person ids by election."""
        found: dict[int, list[int]] = {}
        query = select(candidate.c.election_id, candidate.c.person_id).where(
            candidate.c.election_id.in_(sorted(set(election_ids))),
            candidate.c.person_id.is_not(None),
            candidate.c.state.in_(STANDING),
        )
        for row in await self._uow.read(query.order_by(candidate.c.id)):
            found.setdefault(row.election_id, []).append(row.person_id)
        return found

    async def take_due(self, *, since: datetime | None = None, people: int = 200) -> list[Reminder]:
        """Mark what is due for some people as queued and return all of it; queue it in the same unit of work.

        Args:
            since: Leave what was due before alone (a quiet day).
            people: For how many at most; all that is due for one person comes together.
        """
        now = self._uow.clock.now()
        due = and_(reminder.c.queued_at.is_(None), reminder.c.due_at <= now)
        if since is not None:
            due &= reminder.c.due_at >= since
        whom = (reminder.c.person_id, reminder.c.official_id)
        first = await self._uow.read(
            select(*whom).where(due).group_by(*whom).order_by(func.min(reminder.c.id)).limit(people)
        )
        if not first:
            return []
        theirs = or_(
            reminder.c.person_id.in_([row.person_id for row in first if row.person_id is not None]),
            reminder.c.official_id.in_([row.official_id for row in first if row.official_id is not None]),
        )
        chosen = select(reminder.c.id).where(due, theirs)
        if not self._uow.storage.database.is_sqlite:
            chosen = chosen.with_for_update(skip_locked=True)
        marked = update(reminder).where(reminder.c.id.in_(chosen)).values(queued_at=now).returning(reminder)
        rows = (await self._uow.execute(marked)).all()
        return sorted((_reminder(row) for row in rows), key=lambda one: one.id)

    async def of_subject(self, subject: str) -> list[tuple[str, datetime | None]]:
        """The stages a subject was reminded at, and when each was queued."""
        rows = await self._uow.read(select(reminder.c.stage, reminder.c.queued_at).where(reminder.c.subject == subject))
        return [(row.stage, row.queued_at) for row in rows]

    async def of_people(self) -> list[Reminder]:
        """Every reminder there is, by id; for tests and reports."""
        return [_reminder(row) for row in await self._uow.read(select(reminder).order_by(reminder.c.id))]


def _reminder(row: Any) -> Reminder:
    return Reminder(row.id, row.subject, row.stage, row.person_id, row.official_id, row.role or "", row.for_on)
