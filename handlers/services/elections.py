"""Elections as the desk sees them: the plan of each village, what is done, what happened, a moved day; candidates.

What a newcomer gets wrong: a line's title, person and reckoning are not stored. The rows hold days and ticks, so that
lists are fast; `knowledge.elections.plans` makes the same days again from content, and the words with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Final

from handlers.services.deputies import tell_election_officials
from handlers.services.errors import BadInput, NotAllowed, NotFound
from knowledge.casework.access import Permission, Role, covers, may
from knowledge.clock import local_date
from knowledge.elections.counting import Counting
from knowledge.elections.plan_content import Body, Mode, Proof, body_of, in_words
from knowledge.elections.plan_files import load_plan_content
from knowledge.elections.plans import Line, Plan, PlanFor, Recorded, Shift, checked_plan, plan, shifts
from knowledge.loader import load_knowledge
from knowledge.rules.rulebook import Rulebook
from storage.errors import StaleVersion
from storage.repositories.elections import Candidate, DayMove, Election, Happening, NewTask, StageCount, Task
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

COMMITMENTS: Final = "commitments_signed"
_LONGEST: Final = 200  # characters of a reason, a note or a proof
_FORGOTTEN: Final = timedelta(days=60)  # how long after the fact something may still be written down


@dataclass(frozen=True, slots=True)
class TimetableLine:
    """One task of a timetable with its plan and how it stands today."""

    task: Task
    plan: Line
    overdue: bool


@dataclass(frozen=True, slots=True)
class Timetable:
    """An election with its lines in order of days; `today` is the date in Asia/Shanghai it was drawn up."""

    election: Election
    lines: tuple[TimetableLine, ...]
    today: date
    moves: tuple[DayMove, ...]
    happenings: tuple[Happening, ...]

    @property
    def done(self) -> int:
        """How many lines are ticked off."""
        return sum(line.task.done_at is not None for line in self.lines)


@dataclass(frozen=True, slots=True)
class Overview:
    """How far one election is, stage by stage; what comes next (its row and title) once `with_next` asked."""

    election: Election
    stages: dict[str, StageCount]
    following: Task | None = None
    following_title: str = ""

    @property
    def total(self) -> int:
        """How many lines its plan has."""
        return sum(count.total for count in self.stages.values())

    @property
    def done(self) -> int:
        """How many of them are ticked off."""
        return sum(count.done for count in self.stages.values())

    @property
    def late(self) -> int:
        """How many are open although their day is over."""
        return sum(count.late for count in self.stages.values())


@dataclass(frozen=True, slots=True)
class PressingLine:
    """An open line that is due soon or was."""

    election: Election
    task: Task
    title: str
    who: str


@cache
def rulebook() -> Rulebook:
    """The dated rules on file."""
    return Rulebook(load_knowledge().rules)


def title_of(body: str, code: str) -> str:
    """What a stored line is called; its code where the content has it no longer."""
    task = load_plan_content().tasks.get(code.partition("#")[0])
    return in_words(task.title, Body(body)) if task is not None else code


async def timetables(uow: UnitOfWork, official: Official) -> list[Overview]:
    """How far every election of the official's place is; counted by the database, whatever the number of villages."""
    _require(official, Permission.SEE_ELECTIONS)
    found = await uow.elections.within(official.place_path)
    stages: dict[int, dict[str, StageCount]] = {}
    for count in await uow.elections.stage_counts(official.place_path, local_date(uow.clock.now())):
        stages.setdefault(count.election_id, {})[count.stage] = count
    return [Overview(one, stages.get(one.id, {})) for one in found]


async def with_next(uow: UnitOfWork, overviews: Sequence[Overview]) -> list[Overview]:
    """Overviews of one page, each with the open line that comes first."""
    following = await uow.elections.next_tasks([one.election.id for one in overviews])
    found = []
    for one in overviews:
        task = following.get(one.election.id)
        title = title_of(one.election.body, task.code) if task is not None else ""
        found.append(replace(one, following=task, following_title=title))
    return found


async def elections_of(uow: UnitOfWork, official: Official) -> list[Election]:
    """The elections of the official's place, by day."""
    _require(official, Permission.SEE_ELECTIONS)
    return await uow.elections.within(official.place_path)


async def pressing(uow: UnitOfWork, official: Official, until: date) -> list[PressingLine]:
    """What is open and due by a day, over all elections of the official's place."""
    _require(official, Permission.SEE_ELECTIONS)
    tasks = load_plan_content().tasks
    found = []
    for election, task in await uow.elections.open_until(official.place_path, until):
        known = tasks.get(task.code.partition("#")[0])
        who = in_words(known.who, Body(election.body)) if known is not None else ""
        found.append(PressingLine(election, task, title_of(election.body, task.code), who))
    return found


async def timetable(uow: UnitOfWork, official: Official, election_id: int) -> Timetable:
    """One election's timetable."""
    _require(official, Permission.SEE_ELECTIONS)
    election = await find_election(uow, official, election_id)
    today = local_date(uow.clock.now())
    tasks, happened = await uow.elections.tasks(election.id), await uow.elections.happenings(election.id)
    moves = await uow.elections.day_moves(election.id)
    made = {line.key: line for line in plan_of(election, tasks, happened, moves).lines}
    lines = tuple(
        TimetableLine(task, made[task.code], task.done_at is None and task.due_on < today)
        for task in tasks
        if task.code in made
    )
    return Timetable(election, lines, today, tuple(moves), tuple(happened))


def plan_of(election: Election, tasks: Sequence[Task], happened: Sequence[Happening], moves: Sequence[DayMove]) -> Plan:
    """The plan of an election as it stands, words included; `moves` with the latest first."""
    return plan(load_plan_content(), rulebook(), _asked(election, tasks, happened, moves))


async def finish_task(
    uow: UnitOfWork, official: Official, election_id: int, task_id: int, *, proof: str = "", done_on: date | None = None
) -> None:
    """Tick a line off, with what shows that it was done where it asks for that.

    Raises:
        BadInput: The proof is missing or too long, or the day lies ahead.
    """
    _require(official, Permission.RUN_ELECTIONS)
    election = await find_election(uow, official, election_id)
    task = next((one for one in await uow.elections.tasks(election.id) if one.id == task_id), None)
    if task is None:
        raise NotFound("task")
    if task.done_at is not None:
        return
    today, proof = local_date(uow.clock.now()), proof.strip()
    if task.needs_proof and not proof:
        raise BadInput("proof", "missing")
    if len(proof) > _LONGEST:
        raise BadInput("proof", "too_long")
    done_on = done_on or today
    if done_on > today:
        raise BadInput("done_on", "ahead")
    if await uow.elections.finish_task(task.id, official.id, done_on=done_on, proof=proof or None):
        await uow.log.record(
            actor=f"official/{official.id}", act="task_finished", subject=f"election/{election.id}", task=task_id
        )
        if done_on != task.due_on:  # what was done on its day moves nothing
            await _redate(uow, election)


async def preview_move(uow: UnitOfWork, official: Official, election_id: int, day: date) -> tuple[Shift, ...]:
    """Which open lines would move with the election day; nothing is written.

    Raises:
        BadInput: It is the day it is already, or the election is over.
        ImpossibleDay: The law or the level above does not allow the day.
    """
    return (await _moved(uow, official, election_id, day))[1]


async def move_day(
    uow: UnitOfWork, official: Official, election_id: int, day: date, *, reason: str, version: int
) -> tuple[Shift, ...]:
    """Move the election day: what is open gets new days, what is done stays, and who moved it and why is kept.

    The village's clerk and its town's election staff hear that something of theirs waits at the desk.

    Raises:
        BadInput: No reason, the same day, or the election is over.
        ImpossibleDay: The law or the level above does not allow the day.
        StaleVersion: Somebody changed the election meanwhile.
    """
    reason = reason.strip()
    if not reason:
        raise BadInput("reason", "missing")
    if len(reason) > _LONGEST:
        raise BadInput("reason", "too_long")
    await uow.begin()
    election, moved, now = await _moved(uow, official, election_id, day)
    if version != election.version:
        raise StaleVersion("election")
    signed = now.made_for.chosen[COMMITMENTS]
    if not await uow.elections.move_day(
        election,
        day,
        commitments_due_on=signed,
        reason=reason,
        moved_tasks=len(moved),
        official_id=official.id,
    ):
        raise StaleVersion("election")
    await _write(uow, election.id, now)
    await uow.log.record(
        actor=f"official/{official.id}",
        act="election_day_moved",
        subject=f"election/{election.id}",
        was=election.election_day.isoformat(),
        now=day.isoformat(),
        moved=len(moved),
    )
    cause = f"election_day_moved/{election.id}/{election.version + 1}"
    for role in (Role.VILLAGE_CLERK, Role.TOWNSHIP_STAFF):  # each at the nearest level that has one
        await tell_election_officials(uow, (role,), election.place_path, cause=cause, but=official.id)
    return moved


async def record_happening(
    uow: UnitOfWork, official: Official, election_id: int, *, code: str, happened_on: date, note: str
) -> int:
    """Write down what starts a clock; returns its id. The lines it starts or moves are written with it.

    Raises:
        BadInput: It cannot happen in this election, lies ahead or too far back, was recorded before, or says too much.
    """
    _require(official, Permission.RUN_ELECTIONS)
    election = await find_election(uow, official, election_id)
    known = load_plan_content().happenings.get(code)
    if known is None or not known.is_for(Body(election.body), election.place_path):
        raise BadInput("happening", "unknown")
    today = local_date(uow.clock.now())
    if happened_on > today:
        raise BadInput("happened_on", "ahead")
    if happened_on < today - _FORGOTTEN:
        raise BadInput("happened_on", "too_far_back")
    if len(note := note.strip()) > _LONGEST:
        raise BadInput("happening_note", "too_long")
    await uow.begin()
    if not known.repeats and any(one.code == code for one in await uow.elections.happenings(election.id)):
        raise BadInput("happening", "recorded_before")
    happening_id = await uow.elections.add_happening(election.id, code, happened_on, note, official.id)
    await uow.log.record(
        actor=f"official/{official.id}",
        act="happening_recorded",
        subject=f"election/{election.id}",
        what=code,
        day=happened_on.isoformat(),
    )
    await _redate(uow, election)
    return happening_id


async def candidates(uow: UnitOfWork, official: Official) -> list[Candidate]:
    """The candidates of the official's place."""
    _require(official, Permission.SEE_ELECTIONS)
    return await uow.elections.candidates_within(official.place_path)


async def open_timetable(uow: UnitOfWork, election_id: int, election_day: date) -> None:
    """Write an election's plan, computed from its day."""
    election = await uow.elections.get(election_id)
    if election is None:
        raise NotFound("election")
    body = body_of(election.place_kind)
    content = load_plan_content()
    await uow.elections.set_plan(
        election_id,
        body=body,
        mode=election.mode,
        counting=election.counting,
        plan_version=content.version,
        last_day=election.last_day,
    )
    election = replace(election, body=body, election_day=election_day)
    await _write(uow, election_id, plan_of(election, (), (), ()))


def _asked(
    election: Election, tasks: Sequence[Task], happened: Sequence[Happening], moves: Sequence[DayMove]
) -> PlanFor:
    return PlanFor(
        Body(election.body),
        Mode(election.mode),
        election.place_path,
        election.election_day,
        Counting(election.counting),
        recorded=tuple(Recorded(one.id, one.code, one.happened_on) for one in happened),
        done={one.code: one.done_on or local_date(one.done_at) for one in tasks if one.done_at is not None},
        chosen={COMMITMENTS: election.commitments_due_on},
        not_before=local_date(moves[0].moved_at) if moves else None,
        last_day=election.last_day,
    )


async def _moved(
    uow: UnitOfWork, official: Official, election_id: int, day: date
) -> tuple[Election, tuple[Shift, ...], Plan]:
    """The election, which lines move with its day, and the plan of the new day."""
    _require(official, Permission.RUN_ELECTIONS)
    election = await find_election(uow, official, election_id)
    if election.state == "finished":
        raise BadInput("election_day", "over")
    if day == election.election_day:
        raise BadInput("election_day", "same")
    tasks, happened = await uow.elections.tasks(election.id), await uow.elections.happenings(election.id)
    moves = await uow.elections.day_moves(election.id)
    was = plan_of(election, tasks, happened, moves)
    signed = election.commitments_due_on + (day - election.election_day)
    today = local_date(uow.clock.now())
    asked = _asked(election, tasks, happened, moves)
    asked = replace(asked, election_day=day, chosen={COMMITMENTS: max(signed, min(today, day))}, not_before=today)
    now = checked_plan(load_plan_content(), rulebook(), asked)
    return election, shifts(was, now), now


async def _redate(uow: UnitOfWork, election: Election) -> None:
    """The open lines after something was done or recorded."""
    tasks, happened = await uow.elections.tasks(election.id), await uow.elections.happenings(election.id)
    moves = await uow.elections.day_moves(election.id)
    await _write(uow, election.id, plan_of(election, tasks, happened, moves), tasks)


async def _write(uow: UnitOfWork, election_id: int, made: Plan, tasks: Sequence[Task] | None = None) -> None:
    """The rows as the plan has them: new lines added, open ones redated or taken out, done ones left alone."""
    stored = {one.code: one for one in (await uow.elections.tasks(election_id) if tasks is None else tasks)}
    new, redated = [], []
    for line in made.lines:
        row = stored.pop(line.key, None)
        if row is None:
            needs_proof = line.task.proof is not Proof.NONE
            new.append(NewTask(line.key, line.due_on, line.lawful_until, needs_proof, line.task.stage))
        elif row.done_at is None and (row.due_on, row.lawful_until) != (line.due_on, line.lawful_until):
            redated.append((row.id, line.due_on, line.lawful_until))
    await uow.elections.add_tasks(election_id, new)
    await uow.elections.redate(redated)
    await uow.elections.drop_tasks([row.id for row in stored.values() if row.done_at is None])


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
