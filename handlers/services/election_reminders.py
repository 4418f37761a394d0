"""Planning reminders of elections: open tasks on the ladder, and what belongs to a stage, once for each person.

A tick plans what has come since the last day that was planned to its end (`leases.worked_on`): after an outage that
includes what the outage held up, and each of those knows the day it was for. The ladder and who is told on which rung
are those of a case's clocks (content/casework/clocks.yaml): first who does it, then who leads, then the level above.

What a newcomer gets wrong: planning is not sending. Whether a reason still holds is looked at again when it leaves
(`reminders.queue_due`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from handlers.services import deadline_ladder
from handlers.services.deadlines import today
from handlers.services.deputies import stand_ins
from knowledge.casework.access import Role as Seat
from knowledge.casework.clocks import Audience, Stage, last_due, load_clocks, rung_day
from knowledge.elections.reminders import DisciplineStage, ReminderBook, Role, load_reminders
from knowledge.jurisdiction import lineage
from storage import leases
from storage.repositories.officials import Official
from storage.repositories.reminders import NewReminder, OpenTask, RunningElection
from storage.unit_of_work import UnitOfWork

PAGE: Final = 200
DISCIPLINE: Final = "stage"
_ONE_DAY: Final = timedelta(days=1)
#: What seats a role of a stage stands for; the village's clerk keeps the election committee's seat at the desk.
SEATS: Final[dict[Role, tuple[Seat, ...]]] = {
    Role.ELECTION_COMMITTEE: (Seat.VILLAGE_CLERK,),
    Role.TOWNSHIP_STAFF: (Seat.TOWNSHIP_STAFF,),
    Role.SUPERIORS: (Seat.SUPERIOR,),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Open tasks due within some days, both included, for which a rung has come.

    `held_up`: it came on a day nothing ran; else it is the rung that fits today, unless a later one was planned.
    """

    stage: Stage
    first_on: date
    last_on: date
    held_up: bool


class Seats:
    """Who sits where, looked up by place; `away` are those who are not there today, each with their deputy."""

    def __init__(self, officials: Iterable[Official], away: Mapping[int, int]) -> None:
        self._away = away
        self._by_place: dict[str, list[Official]] = {}
        for one in officials:
            if one.active:
                self._by_place.setdefault(one.place_path, []).append(one)

    def nearest(self, place_path: str, *seats: Seat, without: frozenset[int] = frozenset()) -> frozenset[int]:
        """Those in some seats at the level nearest to a place that has any, from the place itself upwards."""
        for path in lineage(place_path):
            found = [one.id for one in self._by_place.get(path, ()) if one.role in seats and one.id not in without]
            if found:
                return frozenset(found)
        return frozenset()

    def told(self, audience: Iterable[Audience], place_path: str) -> dict[int, Audience]:
        """Who is told of a task's rung, and in which capacity.

        Who does it: the village's clerk, without one the nearest election staff. Who leads: the nearest election staff
        other than them. Above: the nearest superior; where there is none, the election staff of the level above.
        """
        hands = self.nearest(place_path, Seat.VILLAGE_CLERK, Seat.TOWNSHIP_STAFF)
        leads = self.nearest(place_path, Seat.TOWNSHIP_STAFF, without=hands)
        above = self.nearest(place_path, Seat.SUPERIOR)
        if not above:
            above = self.nearest(place_path, Seat.TOWNSHIP_STAFF, without=hands | leads)
        groups = {Audience.HANDLER: hands, Audience.LEADER: leads, Audience.SUPERIOR: above}
        found: dict[int, Audience] = {}
        for who in audience:
            for official_id in self.there(groups[who]):
                found.setdefault(official_id, who)
        return found

    def there(self, official_ids: Iterable[int]) -> list[int]:
        """Who is there for some officials today: they themselves, or whoever stands in for them; each once."""
        return sorted({self._away.get(one, one) for one in official_ids})


async def spans(uow: UnitOfWork) -> list[Span]:
    """What a tick has to look for among the open tasks: what an outage held up, then what fits today."""
    day, ladder, calendar = today(uow), load_clocks().ladder, uow.calendar
    last = await leases.worked_on(uow)
    found: list[Span] = []
    if last is not None and last < day:
        for stage in ladder:
            first_on, last_on = last_due(last, stage.offset, calendar) + _ONE_DAY, last_due(day, stage.offset, calendar)
            if first_on <= last_on:
                found.append(Span(stage, first_on, last_on, held_up=True))
    fitting = deadline_ladder.spans(day, calendar, ladder)
    return [*found, *(Span(one.stage, one.first_on, one.last_on, held_up=False) for one in fitting)]


async def plan_tasks(uow: UnitOfWork, span: Span) -> bool:
    """Write down a page of a span's reminders; whether there may be more."""
    ladder = load_clocks().ladder
    later = [one.id for one in ladder if one.offset >= span.stage.offset]
    stages = [span.stage.id] if span.held_up else later
    found = await uow.reminders.open_tasks(stages, first_on=span.first_on, last_on=span.last_on, limit=PAGE)
    if not found:
        return False
    keys = {(f"task/{task.id}", f"{span.stage.id}/{task.due_on}"): task for task in found}
    new = await uow.reminders.claim(keys)
    seats = Seats(await uow.officials.all(), await stand_ins(uow))
    await uow.reminders.add(_rungs(uow, span, [keys[key] for key in keys if key in new], seats))
    return len(found) == PAGE


def _rungs(uow: UnitOfWork, span: Span, tasks: Sequence[OpenTask], seats: Seats) -> Iterator[NewReminder]:
    book, now, day = load_reminders(), uow.clock.now(), today(uow)
    for task in tasks:
        at = book.leaves_at(now, task.place_path)
        for_on = rung_day(task.due_on, span.stage.offset, uow.calendar) if span.held_up else day
        for official_id, capacity in seats.told(span.stage.audience, task.place_path).items():
            yield NewReminder(
                f"task/{task.id}", f"{span.stage.id}/{task.due_on}", capacity, for_on, at, official_id=official_id
            )


async def plan_stages(uow: UnitOfWork) -> int:
    """Write down the reminders of stages whose day has come, for everybody of a role; returns how many are new.

    All of a day in one transaction: at most one message for each role and election, and villagers by one statement.
    """
    book, day = load_reminders(), today(uow)
    last = await leases.worked_on(uow)
    since = min(last + _ONE_DAY, day) if last is not None else day
    come = [
        (one, stage, for_on, about)
        for one in await _elections(uow, book, since, day)
        for stage in book.discipline
        for for_on, about in [stage.day(one.election_day, one.tasks) or (date.max, date.max)]
        if since <= for_on <= day
    ]
    keys = {(f"election/{one.id}", stage_key(stage, about)): None for one, stage, _, about in come}
    new = await uow.reminders.claim(keys)
    if not new:
        return 0
    seats = Seats(await uow.officials.all(), await stand_ins(uow))
    standing = await uow.reminders.candidates_of(one.id for one, *_ in come)
    count = 0
    for one, stage, for_on, about in come:
        if (f"election/{one.id}", stage_key(stage, about)) in new:
            count += await _plan_stage(uow, one, stage, (for_on, about), seats, standing)
    return count


async def _plan_stage(
    uow: UnitOfWork,
    one: RunningElection,
    stage: DisciplineStage,
    days: tuple[date, date],
    seats: Seats,
    standing: Mapping[int, Sequence[int]],
) -> int:
    for_on, about = days
    at = load_reminders().leaves_at(uow.clock.now(), one.place_path, urgent=stage.urgent)
    subject, key = f"election/{one.id}", stage_key(stage, about)
    count = 0
    for role in stage.words:
        if role is Role.VILLAGERS:
            continue
        if role is Role.CANDIDATES:
            people = [NewReminder(subject, key, role, for_on, at, person_id=who) for who in standing.get(one.id, ())]
        else:
            told = seats.there(seats.nearest(one.place_path, *SEATS[role]))
            people = [NewReminder(subject, key, role, for_on, at, official_id=who) for who in told]
        count += await uow.reminders.add(people)
    if Role.VILLAGERS in stage.words:  # last: who stands is told as a candidate
        count += await uow.reminders.add_for_subscribers(
            NewReminder(subject, key, Role.VILLAGERS, for_on, at), one.place_id
        )
    return count


def stage_key(stage: DisciplineStage, about: date) -> str:
    """What a stage's reminders are planned under: another day is another reminder."""
    return f"{DISCIPLINE}/{stage.stage}/{about}"


def codes(book: ReminderBook) -> frozenset[str]:
    """The tasks of a plan that stages hang on."""
    return frozenset(code for stage in book.discipline for code in stage.at)


async def _elections(uow: UnitOfWork, book: ReminderBook, since: date, day: date) -> list[RunningElection]:
    """Running elections of which a stage may have come."""
    offsets = [stage.days for stage in book.discipline] or [0]
    first_on, last_on = since - timedelta(days=max(offsets)), day - timedelta(days=min(offsets))
    near = await uow.reminders.running(codes(book), first_on=first_on, last_on=last_on)
    return await uow.reminders.running(codes(book), ids=[one.id for one in near]) if near else []
