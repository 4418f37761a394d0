"""Plans in the database: a moved day, a recorded happening, a tick with its proof, and what raw SQL cannot do.

Requirement rows S8, S9, S22.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from handlers.services import elections
from handlers.services.errors import BadInput, NotAllowed
from knowledge.casework.access import Role
from knowledge.clock import local_date
from knowledge.elections.plans import ImpossibleDay
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.elections import Task
from storage.repositories.officials import Official
from storage.tables.elections import election, election_day_move, election_task, happening
from storage.tables.records import outbox
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories


@pytest.fixture
async def town(storage: Storage) -> Official:
    async with storage.unit_of_work() as uow:
        await factories.add_county(uow)
        official = await factories.add_official(uow, Role.TOWNSHIP_STAFF)
        await uow.commit()
    return official


@pytest.fixture
async def election_id(storage: Storage, town: Official) -> int:
    async with storage.unit_of_work() as uow:
        place = await uow.places.by_path(factories.VILLAGE)
        assert place is not None
        number = await factories.add_election(uow, place, days_ahead=60, due_in=50)
        await elections.open_timetable(uow, number, local_date(uow.clock.now()) + timedelta(days=60))
        await uow.commit()
    return int(number)


async def tasks_of(storage: Storage, election_id: int) -> dict[str, Task]:
    async with storage.unit_of_work() as uow:
        return {task.code: task for task in await uow.elections.tasks(election_id)}


async def do(storage: Storage, act: Any) -> Any:
    async with storage.unit_of_work() as uow:
        found = await act(uow)
        await uow.commit()
    return found


async def tick(storage: Storage, town: Official, election_id: int, code: str, proof: str, days_ago: int = 0) -> None:
    task = (await tasks_of(storage, election_id))[code]
    done_on = local_date(storage.clock.now()) - timedelta(days=days_ago)
    await do(storage, lambda uow: elections.finish_task(uow, town, election_id, task.id, proof=proof, done_on=done_on))


async def test_a_moved_day_redates_what_is_open_keeps_what_is_done_and_is_kept(
    storage: Storage, town: Official, election_id: int
) -> None:
    await tick(storage, town, election_id, "survey", "走访记录", days_ago=3)
    before = await tasks_of(storage, election_id)
    day = local_date(storage.clock.now()) + timedelta(days=74)
    previewed = await do(storage, lambda uow: elections.preview_move(uow, town, election_id, day))
    assert await tasks_of(storage, election_id) == before
    moved = await do(storage, lambda uow: elections.move_day(uow, town, election_id, day, reason="农忙", version=1))
    assert moved == previewed
    after = await tasks_of(storage, election_id)
    assert after["survey"] == before["survey"]
    assert after["roll_published"].due_on == before["roll_published"].due_on + timedelta(days=14)
    assert {shift.key for shift in moved} == {code for code in after if after[code].due_on != before[code].due_on}
    async with storage.unit_of_work() as uow:
        (kept,) = await uow.elections.day_moves(election_id)
        now = await uow.elections.get(election_id)
    assert now is not None
    assert (now.election_day, now.version, kept.now_on, kept.reason) == (day, 2, day, "农忙")
    assert kept.moved_tasks == len(moved)
    later = day + timedelta(days=1)
    with pytest.raises(StaleVersion):
        await do(storage, lambda uow: elections.move_day(uow, town, election_id, later, reason="再改", version=1))
    async with storage.unit_of_work() as uow:
        assert len(await uow.elections.day_moves(election_id)) == 1


async def test_the_villages_clerk_and_the_towns_other_staff_hear_of_a_moved_day_once(
    storage: Storage, town: Official, election_id: int
) -> None:
    told: dict[str, int] = {}

    async def seat(uow: UnitOfWork, name: str, role: Role, path: str) -> None:
        one = await factories.add_official(uow, role, path)
        await uow.officials.set_notice_chat(one.id, 100 + one.id)
        told[name] = one.id

    await do(storage, lambda uow: uow.officials.set_notice_chat(town.id, 99))
    for name, role, path in (
        ("clerk", Role.VILLAGE_CLERK, factories.VILLAGE),
        ("colleague", Role.TOWNSHIP_STAFF, town.place_path),
        ("elsewhere", Role.VILLAGE_CLERK, factories.OTHER_VILLAGE),
    ):
        await do(storage, lambda uow, name=name, role=role, path=path: seat(uow, name, role, path))
    day = local_date(storage.clock.now()) + timedelta(days=74)
    await do(storage, lambda uow: elections.move_day(uow, town, election_id, day, reason="农忙", version=1))
    async with storage.unit_of_work() as uow:
        keys = await uow.read(select(outbox.c.dedupe_key).where(outbox.c.kind == "notice"))
    assert sorted(key.rpartition("/")[2] for (key,) in keys) == sorted(str(told[one]) for one in ("clerk", "colleague"))


async def test_a_day_that_cannot_be_and_a_move_without_a_reason_are_refused_and_nothing_is_written(
    storage: Storage, town: Official, election_id: int
) -> None:
    before, today = await tasks_of(storage, election_id), local_date(storage.clock.now())
    for days, reason, error in ((10, "早点选", ImpossibleDay), (70, " ", BadInput), (60, "不变", BadInput)):
        day = today + timedelta(days=days)
        with pytest.raises(error):
            await do(
                storage,
                lambda uow, day=day, why=reason: elections.move_day(uow, town, election_id, day, reason=why, version=1),
            )
    assert await tasks_of(storage, election_id) == before


async def test_a_happening_starts_its_clock_and_another_seat_may_not_record_it(
    storage: Storage, town: Official, election_id: int
) -> None:
    today = local_date(storage.clock.now())

    def record(who: Official, code: str, day: date) -> Any:
        return lambda uow: elections.record_happening(uow, who, election_id, code=code, happened_on=day, note="")

    first = await do(storage, record(town, "objection_received", today))
    await do(storage, record(town, "body_elected", today))
    tasks = await tasks_of(storage, election_id)
    decided = tasks[f"objection_decided#{first}"]
    assert decided.due_on == decided.lawful_until == today + timedelta(days=3)
    assert decided.needs_proof
    assert tasks["handover"].lawful_until == today + timedelta(days=10)
    clerk = await do(storage, lambda uow: factories.add_official(uow, Role.SUPERIOR, factories.COUNTY))
    with pytest.raises(NotAllowed):
        await do(storage, record(clerk, "objection_received", today))
    for code, day in (("body_elected", today), ("flood", today), ("objection_received", today + timedelta(days=1))):
        with pytest.raises(BadInput):
            await do(storage, record(town, code, day))


async def test_a_roll_posted_early_moves_the_end_of_objections(
    storage: Storage, town: Official, election_id: int
) -> None:
    await tick(storage, town, election_id, "roll_published", "公开栏", days_ago=1)
    end = (await tasks_of(storage, election_id))["roll_objections_end"]
    assert end.due_on == local_date(storage.clock.now()) + timedelta(days=4)


async def test_raw_sql_cannot_change_what_is_done_moved_or_recorded_nor_tick_without_proof(
    storage: Storage, town: Official, election_id: int
) -> None:
    today = local_date(storage.clock.now())
    await tick(storage, town, election_id, "survey", "走访记录")
    await do(
        storage,
        lambda uow: elections.record_happening(
            uow, town, election_id, code="objection_received", happened_on=today, note=""
        ),
    )
    day = today + timedelta(days=80)
    await do(storage, lambda uow: elections.move_day(uow, town, election_id, day, reason="农忙", version=1))
    done = election_task.c.code == "survey"
    open_one = election_task.c.code == "work_meeting"
    instant = storage.clock.now()
    attacks: dict[str, tuple[Any, ...]] = {
        "task_done": (
            update(election_task).where(done).values(due_on=today + timedelta(days=9)),
            update(election_task).where(done).values(done_at=None),
            update(election_task).where(done).values(done_on=today - timedelta(days=9)),
            update(election_task).where(done).values(proof="别的"),
            delete(election_task).where(done),
        ),
        "proof_missing": (
            update(election_task).where(open_one).values(done_at=instant),
            update(election_task).where(open_one).values(done_at=instant, proof="  "),
            insert(election_task).values(
                election_id=election_id, code="x", due_on=today, done_at=instant, needs_proof=True
            ),
        ),
        "move_fixed": (update(election_day_move).values(reason="别的"), delete(election_day_move)),
        "happening_fixed": (update(happening).values(happened_on=today - timedelta(days=1)), delete(happening)),
        "move_unrecorded": (update(election).values(election_day=day + timedelta(days=1)),),
        "plan_unknown": (update(election).values(mode="households"), update(election).values(counting="guess")),
    }
    for rule, statements in attacks.items():
        for statement in statements:
            with pytest.raises(RuleRefused) as refused:
                await do(storage, lambda uow, statement=statement: uow.execute(statement))
            assert refused.value.rule == rule, statement


async def test_stored_days_are_those_the_same_function_makes_again(
    storage: Storage, town: Official, election_id: int
) -> None:
    await tick(storage, town, election_id, "survey", "走访记录")
    day = local_date(storage.clock.now()) + timedelta(days=40)
    await do(storage, lambda uow: elections.move_day(uow, town, election_id, day, reason="提前", version=1))
    await tick(storage, town, election_id, "work_meeting", "会议记录")
    async with storage.unit_of_work() as uow:
        shown = await elections.timetable(uow, town, election_id)
        (overview,) = await elections.with_next(uow, await elections.timetables(uow, town))
        pressing = await elections.pressing(uow, town, date.max)
    assert {line.task.code: line.task.due_on for line in shown.lines} == {
        line.plan.key: line.task.due_on if line.task.done_at else line.plan.due_on for line in shown.lines
    }
    assert (overview.done, overview.total) == (2, len(shown.lines))
    assert overview.late == sum(line.overdue for line in shown.lines)
    assert len(pressing) == overview.total - overview.done
    assert overview.following is not None
    assert overview.following.due_on == min(line.task.due_on for line in pressing)
