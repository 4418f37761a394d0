"""Reminders of an election (S8, N9): on the ladder, by role and stage, once for each person, by day, never dropped."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.scheduler import LEASE_SECONDS
from handlers.chat import texts
from handlers.jobs.reminders import remind
from handlers.services import elections
from handlers.services.notices import OFFICIALS_CHANNEL
from knowledge.casework.access import Role
from knowledge.clock import SHANGHAI, local_date
from storage import leases, outbox
from storage.errors import RuleRefused
from storage.leases import LIFE, Lease
from storage.outbox import Delivery
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.repositories.reminders import Reminder
from storage.tables.elections import candidate as candidate_table
from storage.tables.elections import election_task
from storage.tables.reminders import reminder as reminder_table
from storage.unit_of_work import Storage
from tests import factories
from tests.fakes import FakeClock

TODAY = date(2026, 3, 11)  # a Wednesday
NO_HOLIDAY = datetime(2026, 3, 11, 10, 0, tzinfo=SHANGHAI)


@dataclass
class Town:
    """A town with staff, a village with a clerk, a county with a superior, each with a chat for notices."""

    storage: Storage
    clock: FakeClock
    places: dict[str, Place] = field(default_factory=dict)
    seats: dict[str, int] = field(default_factory=dict)
    chats: dict[int, str] = field(default_factory=dict)

    async def settle(self) -> None:
        async with self.storage.unit_of_work() as uow:
            self.places = await factories.add_county(uow)
            for number, (name, role, path) in enumerate(
                (
                    ("clerk", Role.VILLAGE_CLERK, factories.VILLAGE),
                    ("staff", Role.TOWNSHIP_STAFF, factories.TOWN),
                    ("superior", Role.SUPERIOR, factories.COUNTY),
                    ("stranger", Role.TOWNSHIP_STAFF, "cn/test/west"),
                ),
                900,
            ):
                one = await factories.add_official(uow, role, path)
                await uow.officials.set_notice_chat(one.id, number)
                self.seats[name], self.chats[number] = one.id, name
            await uow.commit()

    async def hold_election(self, path: str = factories.VILLAGE, *, tasks: Iterable[tuple[str, date]] = ()) -> int:
        """A running election with some tasks; election day is far away unless it is one of them."""
        days = dict(tasks)
        async with self.storage.unit_of_work() as uow:
            far = local_date(uow.clock.now()) + timedelta(days=200)
            ahead = (days.get("election_day", far) - local_date(uow.clock.now())).days
            election_id = await factories.add_election(uow, self.places[path], days_ahead=ahead, due_in=ahead)
            for code, due_on in days.items():
                await factories.add_task(uow, election_id, code, due_on)
            await uow.commit()
        return election_id

    async def somebody(self, chat_id: int, *, subscribed: str = "", stands_in: int = 0) -> Person:
        async with self.storage.unit_of_work() as uow:
            who = await factories.add_person(uow, chat_id)
            await uow.begin()
            if subscribed:
                await uow.subscriptions.add(who.id, self.places[subscribed].id)
            if stands_in:
                one = await uow.elections.add_candidate(
                    election_id=stands_in, name="王秀兰", office="chair", official_id=self.seats["staff"]
                )
                row = update(candidate_table).where(candidate_table.c.id == one)
                await uow.execute(row.values(person_id=who.id, state="signing"))
            await uow.commit()
        return who

    async def tick(self, times: int = 2) -> list[Delivery]:
        """Ticks, and what has left since; each message is sent at once."""
        for _ in range(times):
            await remind(self.storage)
        found = await outbox.claim(self.storage, worker="test", limit=1_000)
        for delivery in found:
            assert delivery.kind == "reminder"
            local = self.clock.now().astimezone(SHANGHAI)
            assert 8 <= local.hour < 20
            await outbox.mark_sent(self.storage, delivery.id)
        return found

    async def said(self, times: int = 2) -> dict[str, list[str]]:
        """What everybody reads of a tick: officials by seat, people by chat."""
        heard: dict[str, list[str]] = {}
        for one in await self.tick(times):
            is_official = one.recipient.channel == OFFICIALS_CHANNEL
            who = self.chats[one.recipient.chat_id] if is_official else str(one.recipient.chat_id)
            words = texts.notice(one.payload["notice"], one.payload["data"], self.clock.now()).text
            heard.setdefault(who, []).append(words)
        return heard

    async def rows(self) -> list[Reminder]:
        async with self.storage.unit_of_work() as uow:
            return await uow.reminders.of_people()


@pytest.fixture
async def town(storage: Storage, clock: FakeClock) -> Town:
    made = Town(storage, clock)
    await made.settle()
    return made


@pytest.fixture
async def sqlite_town(sqlite_storage: Storage, clock: FakeClock) -> Town:
    made = Town(sqlite_storage, clock)
    await made.settle()
    return made


async def test_s8_n9_an_open_task_climbs_the_ladder_from_the_clerk_to_the_town_to_the_superior(town: Town) -> None:
    """N9: T-7, T-3, T-1, T, T+1, T+3 working days; who does it, who leads, the level above; each exactly once."""
    due = date(2026, 3, 25)
    await town.hold_election(tasks=[("roll_published", due)])
    heard: dict[str, list[date]] = {}
    for day in (11, 16, 17, 20, 24, 25, 26, 27, 30, 31):
        town.clock.set(NO_HOLIDAY + timedelta(days=day - TODAY.day))
        for who, (words,) in (await town.said(1)).items():
            assert "柳树村的“公布选民名单”" in words
            heard.setdefault(who, []).append(local_date(town.clock.now()))
    march = lambda *days: [date(2026, 3, day) for day in days]  # noqa: E731
    assert heard == {
        "clerk": march(16, 20, 24, 25, 26),  # T-7 is 7 working days before the 25th, not a week
        "staff": march(25, 26, 30),
        "superior": march(30),
    }
    counts = Counter((one.subject, one.stage, one.official_id) for one in await town.rows())
    assert set(counts.values()) == {1}


async def test_s12_while_the_clerk_is_away_the_deputy_is_reminded_and_then_the_clerk_again(sqlite_town: Town) -> None:
    town = sqlite_town
    await town.hold_election(tasks=[("roll_published", date(2026, 3, 25))])
    async with town.storage.unit_of_work() as uow:
        await uow.responsibilities.add_absence(
            town.seats["clerk"],
            kind="leave",
            from_on=date(2026, 3, 16),
            until_on=date(2026, 3, 20),
            deputy_id=town.seats["stranger"],
            by=town.seats["staff"],
        )
        await uow.commit()
    heard = {}
    for day in (16, 20, 24):
        town.clock.set(NO_HOLIDAY + timedelta(days=day - TODAY.day))
        heard[day] = sorted(await town.said(1))
    assert heard == {16: ["stranger"], 20: ["stranger"], 24: ["clerk"]}


async def test_what_was_missed_while_nothing_ran_is_sent_late_in_one_message_with_the_days_it_was_for(
    town: Town,
) -> None:
    await town.hold_election(tasks=[("registration", date(2026, 3, 20))])
    assert list(await town.said()) == ["clerk"]
    town.clock.set(datetime(2026, 3, 19, 10, 0, tzinfo=SHANGHAI))
    heard = await town.said()
    (words,) = heard["clerk"]
    assert "登记截止，汇总" in words
    assert "3月17日（星期二）就该提醒您" in words
    assert "还剩1天" in words
    assert await town.said() == {}
    stages = sorted(one.stage for one in await town.rows() if one.official_id == town.seats["clerk"])
    assert stages == ["T-1/2026-03-20", "T-3/2026-03-20", "T-7/2026-03-20"]


async def test_a_task_that_is_new_today_has_no_past(sqlite_town: Town) -> None:
    """Only the rung that fits today, and nothing is called late that was never planned."""
    await sqlite_town.tick()
    await sqlite_town.hold_election(tasks=[("registration", date(2026, 3, 13))])
    heard = await sqlite_town.said()
    assert list(heard) == ["clerk"]
    assert "就该提醒" not in heard["clerk"][0]
    assert [one.stage for one in await sqlite_town.rows()] == ["T-3/2026-03-13"]


async def test_ticks_at_once_write_and_queue_each_reminder_once(town: Town) -> None:
    await town.hold_election(
        tasks=[("registration", TODAY), ("roll_published", TODAY), ("election_day", TODAY + timedelta(days=1))]
    )
    await town.somebody(1, subscribed=factories.VILLAGE)
    queued = await asyncio.gather(*(remind(town.storage) for _ in range(4)))
    left = await town.tick()
    assert sum(queued) == len(left)
    told = Counter(number for one in left for item in one.payload["data"]["items"] for number in item["ids"])
    assert set(told.values()) == {1}
    assert set(told) == {one.id for one in await town.rows()}


async def test_a_clock_that_jumps_ahead_and_back_tells_nobody_twice_nor_what_lies_behind(sqlite_town: Town) -> None:
    town = sqlite_town
    await town.hold_election(tasks=[("registration", date(2026, 3, 25))])
    await town.tick()
    now = town.clock.now()
    town.clock.set(datetime(2026, 3, 24, 10, 0, tzinfo=SHANGHAI))
    await town.tick()
    told = [one.stage for one in await town.rows()]
    assert told == ["T-7/2026-03-25", "T-3/2026-03-25", "T-1/2026-03-25"]
    for day in (0, 5, 9, 13):  # its own time again, the days of T-7, T-3 and T-1
        town.clock.set(now + timedelta(days=day))
        assert await town.tick(1) == []
    town.clock.set(now + timedelta(days=14))
    assert len(await town.tick(1)) == 2  # the day itself: who does it, and who leads


async def test_several_that_are_due_at_one_time_are_one_message_and_like_tasks_name_their_villages(
    sqlite_town: Town,
) -> None:
    town = sqlite_town
    for path in (factories.VILLAGE, "cn/test/east/bridge"):
        await town.hold_election(path, tasks=[("roll_published", TODAY), ("registration", TODAY)])
    heard = await town.said()
    (words,) = heard["staff"]  # leads the village; does it herself for the community, which has no clerk
    assert words.startswith("有4件事提醒您：")
    assert "桥头社区的“公布选民名单”" in words
    (clerks,) = heard["clerk"]
    assert clerks.startswith("有2件事提醒您：")
    await town.hold_election(factories.OTHER_VILLAGE, tasks=[("registration", TODAY)])
    other = (await town.said())["stranger"][0]
    assert "松林村" in other
    assert "有" not in other[:1]


async def test_the_same_rung_of_several_villages_is_one_line(sqlite_town: Town) -> None:
    town = sqlite_town
    due = date(2026, 3, 10)
    for path in (factories.VILLAGE, "cn/test/east/bridge"):
        await town.hold_election(path, tasks=[("registration", due)])
    town.clock.set(datetime(2026, 3, 13, 9, 0, tzinfo=SHANGHAI))  # T+3: the superior
    (words,) = (await town.said())["superior"]
    assert "桥头社区、柳树村" in words or "柳树村、桥头社区" in words
    assert "已经过了3天" in words
    assert "请过问" in words


async def test_a_task_done_or_moved_meanwhile_is_no_reason_any_more(sqlite_town: Town) -> None:
    town = sqlite_town
    town.clock.set(datetime(2026, 3, 10, 21, 0, tzinfo=SHANGHAI))
    done = await town.hold_election(tasks=[("registration", TODAY + timedelta(days=1))])
    moved = await town.hold_election("cn/test/east/bridge", tasks=[("registration", TODAY + timedelta(days=1))])
    assert await town.tick() == []
    async with town.storage.unit_of_work() as uow:
        staff = await uow.officials.get(town.seats["staff"])
        assert staff is not None
        await elections.finish_task(uow, staff, done, (await uow.elections.tasks(done))[0].id)
        later = update(election_task).where(election_task.c.election_id == moved)
        await uow.execute(later.values(due_on=TODAY + timedelta(days=60)))
        await uow.commit()
    town.clock.set(NO_HOLIDAY)
    assert await town.said() == {}
    assert all(one.stage.endswith("2026-03-12") for one in await town.rows())


async def test_s13_each_role_hears_of_discipline_in_its_own_words_at_its_stage(town: Town) -> None:
    """A11, A13, A16: eve and day of the vote, to committee, staff, candidates, subscribers and superiors."""
    vote = TODAY + timedelta(days=1)
    election = await town.hold_election(tasks=[("election_day", vote)])
    await town.somebody(1, subscribed=factories.VILLAGE)
    await town.somebody(2, subscribed=factories.OTHER_VILLAGE)
    await town.somebody(3)
    await town.somebody(4, stands_in=election, subscribed=factories.VILLAGE)
    eve = await town.said()
    assert set(eve) == {"clerk", "staff", "superior", "1", "4"}
    assert "票是秘密写的" in eve["1"][0]
    assert "不请客" in eve["4"][0]
    assert len(eve["4"]) == 1
    assert "村民委员会组织法（2025年修正）第二十一条" in eve["1"][0]
    assert "秘密写票的地方" in eve["clerk"][0]
    town.clock.advance(timedelta(days=1))
    voting = await town.said()
    assert set(voting) == {"clerk", "staff", "superior", "1", "4"}
    assert "到写票的地方一个人写" in voting["1"][0]
    town.clock.advance(timedelta(days=1))
    assert "公章" in (await town.said())["4"][0]
    assert Counter(one.stage for one in await town.rows() if one.person_id)["stage/eve/2026-03-12"] == 2


async def test_s13_nomination_speech_and_handover_have_their_days(sqlite_town: Town) -> None:
    town = sqlite_town
    days = {"nomination": TODAY + timedelta(days=1), "candidates_published": TODAY + timedelta(days=4)}
    election = await town.hold_election(tasks=[*days.items(), ("election_day", TODAY + timedelta(days=9))])
    await town.somebody(4, stands_in=election)
    for day, phrase in (
        (0, "请客、送东西、发红包拉人提名"),
        (4, "讲稿先交"),
        (8, "不串门拉票"),
        (9, "递条子"),
        (10, "配合交接"),
    ):
        town.clock.set(NO_HOLIDAY + timedelta(days=day))
        assert phrase in (await town.said(1))["4"][0], day
        assert await town.said(1) == {}


async def test_an_eve_that_was_missed_comes_late_and_never_says_tomorrow(sqlite_town: Town) -> None:
    town = sqlite_town
    await town.hold_election(tasks=[("election_day", TODAY + timedelta(days=2))])
    await town.somebody(1, subscribed=factories.VILLAGE)
    await town.tick()
    town.clock.advance(timedelta(days=2))
    (words,) = (await town.said())["1"]
    assert words.count("3月13日（星期五）投票") == 2  # the day's own reminder, and the eve's, held up
    assert "（3月12日（星期四）就该提醒您，这里耽搁了）" in words
    assert "明天" not in words


async def test_a_moved_election_is_reminded_of_anew_and_the_old_day_is_forgotten(sqlite_town: Town) -> None:
    town = sqlite_town
    town.clock.set(datetime(2026, 3, 10, 21, 0, tzinfo=SHANGHAI))
    election = await town.hold_election(tasks=[("election_day", TODAY)])
    await town.somebody(1, subscribed=factories.VILLAGE)
    assert await town.tick() == []
    async with town.storage.unit_of_work() as uow:
        later = TODAY + timedelta(days=1)
        await uow.execute(update(election_task).values(due_on=later))
        await factories.move_day(uow, election, later, town.seats["staff"])
        await uow.commit()
    town.clock.set(NO_HOLIDAY)
    (words,) = (await town.said())["1"]
    assert "3月12日（星期四）投票" in words
    assert "3月11日" not in words


async def test_on_a_quiet_day_only_the_vote_itself_is_reminded_of(sqlite_town: Town) -> None:
    town = sqlite_town
    eve = date(2026, 2, 16)  # New Year's Eve is quiet
    town.clock.set(datetime(2026, 2, 16, 9, 0, tzinfo=SHANGHAI))
    await town.hold_election(tasks=[("election_day", eve), ("registration", date(2026, 2, 25))])
    await town.hold_election("cn/test/east/bridge", tasks=[("election_day", eve + timedelta(days=1))])
    await town.somebody(1, subscribed=factories.VILLAGE)
    await town.somebody(2, subscribed="cn/test/east/bridge")
    heard = await town.said()
    assert "到写票的地方" in heard["1"][0]
    assert "2" not in heard
    town.clock.set(datetime(2026, 2, 19, 9, 0, tzinfo=SHANGHAI))
    late = await town.said()
    assert "2月16日（星期一）就该提醒您" in late["2"][0]
    assert await town.said() == {}


async def test_the_database_keeps_a_reminder_as_it_was_written(town: Town) -> None:
    await town.hold_election(tasks=[("registration", TODAY)])
    await town.tick()
    attacks: list[dict[str, Any]] = [{"queued_at": None}, {"stage": "T-1/2030-01-01"}, {"queued_at": NO_HOLIDAY}]
    for values in attacks:
        async with town.storage.unit_of_work() as uow:
            with pytest.raises(RuleRefused, match="reminder_once"):
                await uow.execute(update(reminder_table).values(**values))
    for statement in (
        reminder_table.delete(),
        update(reminder_table.metadata.tables["reminder_plan"]).values(stage="x"),
    ):
        async with town.storage.unit_of_work() as uow:
            with pytest.raises(RuleRefused, match="append_only"):
                await uow.execute(statement)


# The lease


async def test_one_process_leads_and_another_takes_over_within_half_a_minute(
    storage: Storage, clock: FakeClock
) -> None:
    one, other = Lease(storage, "one"), Lease(storage, "other")
    assert await one.renew()
    assert not await other.renew()
    clock.advance(LIFE - timedelta(seconds=1))
    assert not await other.renew()
    assert await one.renew()
    clock.advance(LIFE)  # the first has fallen silent
    assert not one.is_held
    assert await other.renew()
    assert not await one.renew()
    assert LIFE.total_seconds() + LEASE_SECONDS <= 30
    await other.release()
    assert await one.renew()


async def test_of_many_that_ask_at_once_one_gets_it(storage: Storage, clock: FakeClock) -> None:
    many = [Lease(storage, f"process {n}") for n in range(8)]
    for _ in range(3):
        assert sum(await asyncio.gather(*(one.renew() for one in many))) == 1
        clock.advance(LIFE + timedelta(seconds=1))


async def test_a_lease_from_a_clock_that_ran_ahead_holds_nobody_up(sqlite_storage: Storage, clock: FakeClock) -> None:
    one, other = Lease(sqlite_storage, "one"), Lease(sqlite_storage, "other")
    clock.advance(timedelta(days=365))
    assert await one.renew()
    clock.advance(-timedelta(days=365))
    assert not await leases.is_anybodys(sqlite_storage)
    assert await other.renew()
    assert await leases.is_anybodys(sqlite_storage)
