"""Elections as the desk sees them: timetables and candidates of the official's place."""

from dataclasses import dataclass
from datetime import date

from handlers.services.errors import NotAllowed, NotFound
from knowledge.casework.access import Permission, covers, may
from knowledge.clock import local_date
from knowledge.elections.timetable import PlannedTask, load_plan
from storage.repositories.elections import Candidate, Election, Task
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class TimetableLine:
    """One task of a timetable with its plan and how it stands today."""

    task: Task
    plan: PlannedTask
    overdue: bool


@dataclass(frozen=True, slots=True)
class Timetable:
    """An election with its lines; `today` is the date in Asia/Shanghai it was drawn up."""

    election: Election
    lines: tuple[TimetableLine, ...]
    today: date

    @property
    def done(self) -> int:
        """How many lines are ticked off."""
        return sum(line.task.done_at is not None for line in self.lines)


async def timetables(uow: UnitOfWork, official: Official) -> list[Timetable]:
    """Every timetable of the official's place."""
    _require(official, Permission.SEE_ELECTIONS)
    return [await _timetable(uow, one) for one in await uow.elections.within(official.place_path)]


async def timetable(uow: UnitOfWork, official: Official, election_id: int) -> Timetable:
    """One election's timetable."""
    _require(official, Permission.SEE_ELECTIONS)
    return await _timetable(uow, await find_election(uow, official, election_id))


async def finish_task(uow: UnitOfWork, official: Official, election_id: int, task_id: int) -> None:
    """Tick a line off."""
    _require(official, Permission.RUN_ELECTIONS)
    election = await find_election(uow, official, election_id)
    if task_id not in {task.id for task in await uow.elections.tasks(election.id)}:
        raise NotFound("task")
    await uow.elections.finish_task(task_id, official.id)
    await uow.log.record(
        actor=f"official/{official.id}", act="task_finished", subject=f"election/{election.id}", task=task_id
    )


async def candidates(uow: UnitOfWork, official: Official) -> list[Candidate]:
    """The candidates of the official's place."""
    _require(official, Permission.SEE_ELECTIONS)
    return await uow.elections.candidates_within(official.place_path)


async def open_timetable(uow: UnitOfWork, election_id: int, election_day: date) -> None:
    """Write an election's tasks, computed from its day."""
    for task in load_plan():
        await uow.elections.add_task(election_id, task.code, task.due_on(election_day))


def _require(official: Official, permission: Permission) -> None:
    if not (official.active and may(official.role, permission)):
        raise NotAllowed


async def find_election(uow: UnitOfWork, official: Official, election_id: int) -> Election:
    """An election of the official's place.

    Raises:
        NotFound: There is none, or it is elsewhere.
    """
    found = await uow.elections.get(election_id)
    if found is None or not covers(official.place_path, found.place_path):
        raise NotFound("election")
    return found


async def _timetable(uow: UnitOfWork, election: Election) -> Timetable:
    today = local_date(uow.clock.now())
    plans = {plan.code: plan for plan in load_plan()}
    lines = tuple(
        TimetableLine(task, plans[task.code], task.done_at is None and task.due_on < today)
        for task in await uow.elections.tasks(election.id)
        if task.code in plans
    )
    return Timetable(election, lines, today)
