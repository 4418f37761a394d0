"""Reminders: once for each (subject, stage, person), by day, and never about something already done."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from handlers.jobs.reminders import remind
from handlers.services import commitments
from handlers.services.reminders import plan_commitment_reminders
from knowledge.casework.access import Role
from knowledge.clock import SHANGHAI
from knowledge.elections.commitments import load_packs
from knowledge.writing_hours import within_hours
from storage import outbox
from storage.outbox import Delivery
from storage.repositories.people import Person
from storage.tables.elections import candidate as candidate_table
from storage.tables.elections import election as election_table
from storage.unit_of_work import Storage
from tests import factories
from tests.fakes import FakeClock

NAME = "王小明"
DUE_IN = 10


async def signing_candidate(storage: Storage, *, due_in: int = DUE_IN, ties_chat: bool = True) -> tuple[int, Person]:
    """Somebody who opened the invitation and signed nothing yet."""
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        election_id = await factories.add_election(uow, places[factories.VILLAGE], days_ahead=20, due_in=due_in)
        town = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN)
        candidate = await commitments.create_candidate(uow, town, election_id=election_id, name=NAME, office="chair")
        token = await commitments.invite(uow, town, candidate.id)
        who = await factories.add_person(uow)
        if ties_chat:
            await commitments.open_invitation(uow, who, token)
        await uow.commit()
    return candidate.id, who


async def sign_all(storage: Storage, candidate_id: int, who: Person) -> None:
    async with storage.unit_of_work() as uow:
        for paper in load_packs()["three_commitments"].commitments:
            await commitments.sign(uow, who, candidate_id=candidate_id, kind=paper.kind, typed_name=NAME, channel="web")
        await uow.commit()


async def leaving(storage: Storage) -> list[Delivery]:
    """What is due in the outbox, sent at once."""
    found = await outbox.claim(storage, worker="test", limit=100)
    for delivery in found:
        await outbox.mark_sent(storage, delivery.id)
    return found


async def stages(storage: Storage, candidate_id: int) -> list[str]:
    async with storage.unit_of_work() as uow:
        return sorted(stage for stage, _ in await uow.reminders.of_subject(f"candidate/{candidate_id}"))


async def test_a_candidate_is_reminded_three_days_before_one_day_before_and_on_the_day_once_each(
    storage: Storage, clock: FakeClock
) -> None:
    candidate_id, who = await signing_candidate(storage)
    reminded: dict[int, int] = {}
    for day in range(DUE_IN + 4):
        for _ in range(3):
            await remind(storage)
            for delivery in await leaving(storage):
                assert (delivery.kind, delivery.recipient) == ("reminder", who.recipient)
                reminded[DUE_IN - day] = reminded.get(DUE_IN - day, 0) + 1
        clock.advance(timedelta(days=1))
    assert reminded == {3: 1, 1: 1, 0: 1}
    due = date(2026, 3, 11) + timedelta(days=DUE_IN)
    assert await stages(storage, candidate_id) == [f"commitments/T-{rung}/{due}" for rung in (0, 1, 3)]


@pytest.mark.parametrize(("left", "rung"), [(3, 3), (2, 3), (1, 1), (0, 0)])
async def test_after_days_of_silence_only_the_rung_that_fits_today_is_sent(
    sqlite_storage: Storage, left: int, rung: int
) -> None:
    candidate_id, _ = await signing_candidate(sqlite_storage, due_in=left)
    assert await remind(sqlite_storage) == 1
    (stage,) = await stages(sqlite_storage, candidate_id)
    assert f"/T-{rung}/" in stage
    (delivery,) = await leaving(sqlite_storage)
    assert delivery.payload["data"]["candidate"] == candidate_id
    assert NAME not in str(delivery.payload)


async def test_two_ticks_at_once_queue_one_reminder(storage: Storage) -> None:
    await signing_candidate(storage, due_in=3)
    queued = await asyncio.gather(*(remind(storage) for _ in range(6)))
    assert sum(queued) == 1
    assert len(await leaving(storage)) == 1


async def test_whoever_signed_or_withdrew_meanwhile_is_not_reminded(storage: Storage, clock: FakeClock) -> None:
    candidate_id, who = await signing_candidate(storage, due_in=3)
    clock.set(datetime(2026, 3, 11, 22, 0, tzinfo=SHANGHAI))
    async with storage.unit_of_work() as uow:
        assert await plan_commitment_reminders(uow) == 1
        await uow.commit()
    await sign_all(storage, candidate_id, who)
    clock.set(datetime(2026, 3, 12, 8, 0, tzinfo=SHANGHAI))
    assert await remind(storage) == 0
    clock.advance(timedelta(days=2))
    assert await remind(storage) == 0
    assert await leaving(storage) == []
    async with storage.unit_of_work() as uow:
        ((_, queued_at),) = await uow.reminders.of_subject(f"candidate/{candidate_id}")
        assert queued_at is not None
        assert await uow.reminders.take_due() == []


async def test_whoever_never_opened_the_invitation_or_withdrew_is_in_no_chat_to_remind(sqlite_storage: Storage) -> None:
    await signing_candidate(sqlite_storage, due_in=3, ties_chat=False)
    assert await remind(sqlite_storage) == 0


async def test_a_withdrawn_candidate_is_left_alone(sqlite_storage: Storage) -> None:
    await signing_candidate(sqlite_storage, due_in=3)
    async with sqlite_storage.unit_of_work() as uow:
        await uow.execute(update(candidate_table).values(state="withdrawn"))
        await uow.commit()
    assert await remind(sqlite_storage) == 0
    assert await leaving(sqlite_storage) == []


async def test_a_new_date_is_a_new_ladder(sqlite_storage: Storage, clock: FakeClock) -> None:
    candidate_id, _ = await signing_candidate(sqlite_storage, due_in=3)
    assert await remind(sqlite_storage) == 1
    async with sqlite_storage.unit_of_work() as uow:
        later = date(2026, 3, 11) + timedelta(days=8)
        await uow.execute(update(election_table).values(commitments_due_on=later))
        await uow.commit()
    assert await remind(sqlite_storage) == 0
    clock.advance(timedelta(days=5))
    assert await remind(sqlite_storage) == 1
    assert len(await stages(sqlite_storage, candidate_id)) == 2


@pytest.mark.parametrize(
    ("local", "sent"),
    [
        ("2026-03-11 00:00", "2026-03-11 08:00"),
        ("2026-03-11 07:59", "2026-03-11 08:00"),
        ("2026-03-11 08:00", "2026-03-11 08:00"),
        ("2026-03-11 19:59", "2026-03-11 19:59"),
        ("2026-03-11 20:00", "2026-03-12 08:00"),
        ("2026-12-31 23:30", "2027-01-01 08:00"),
    ],
)
def test_people_are_written_to_between_eight_and_eight_by_their_own_clock(local: str, sent: str) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC)
    assert within_hours(at) == datetime.fromisoformat(sent).replace(tzinfo=SHANGHAI)


async def test_a_reminder_planned_in_the_evening_leaves_in_the_morning(
    sqlite_storage: Storage, clock: FakeClock
) -> None:
    await signing_candidate(sqlite_storage, due_in=3)
    clock.set(datetime(2026, 3, 11, 21, 0, tzinfo=SHANGHAI))
    assert await remind(sqlite_storage) == 0
    clock.set(datetime(2026, 3, 12, 7, 59, tzinfo=SHANGHAI))
    assert await remind(sqlite_storage) == 0
    clock.set(datetime(2026, 3, 12, 8, 0, tzinfo=SHANGHAI))
    assert await remind(sqlite_storage) == 1
    assert await remind(sqlite_storage) == 0
