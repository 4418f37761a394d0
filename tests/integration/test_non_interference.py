"""What somebody who stands back sees is the same, byte for byte, with and without the case (N4, N5, showdown#1035).

Every address of the desk that can be read is read before a report is filed and again after it was filed, worked on
and run through every tick of the clock; so are the answers to acts on its number, compared with those to a number
that never was.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from handlers.desk.app import PAGES
from handlers.desk.case_acts import CASE_ACTS
from handlers.services import cases, disposals, investigations, recusals
from handlers.services.intake import Filed, Intake, NewReport
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.recusal import Ground
from storage.repositories.officials import Official
from storage.tables.records import outbox
from storage.unit_of_work import UnitOfWork
from tests import factories
from tests.desk_site import Browser, DeskSite

MADE_UP = "QF-ZZZZ-ZZZZ"
WHAT = "选举前两天，他挨家送了两条烟，让大家投他一票。我家也收到了。"


@dataclass
class World:
    site: DeskSite
    officials: dict[str, Official]
    browsers: dict[str, Browser] = field(default_factory=dict)
    seen_number: str = ""

    async def report(self, who: str, **more: Any) -> Filed:
        """A report through the one way in, as the chat files it."""
        intake = Intake(Classifier(load_categories()))

        async def act(uow: UnitOfWork) -> Filed:
            place = await uow.places.by_path(more.get("path", factories.VILLAGE))
            assert place is not None
            keys = {one: pair.public_key for one, pair in (await uow.officials.custodians()).items()}
            narrative = {
                "what": more.get("what", WHAT),
                "who": who,
                "when": "3月8日",
                "where": "村口",
                "how_known": "看见",
            }
            return await intake.file(
                uow, NewReport(place, narrative, who, name=factories.sealed_name(keys, "周小雨", "13900139000"))
            )

        return await self.site.do(act)


@pytest.fixture
async def world(storage) -> World:
    site = DeskSite(storage)
    site.places = await site.do(factories.add_county)
    await site.do(lambda uow: uow.places.add(path="cn", kind="county", name="上级"))
    await site.do(factories.add_custodian)
    seats = {
        "town": (Role.DISCIPLINE_OFFICIAL, factories.TOWN, "镇甲", False),
        "town_head": (Role.DISCIPLINE_LEADER, factories.TOWN, "镇书记乙", True),
        "handler": (Role.DISCIPLINE_OFFICIAL, factories.COUNTY, "县办丙", False),
        "colleague": (Role.DISCIPLINE_OFFICIAL, factories.COUNTY, "县办丁", False),
        "leader": (Role.DISCIPLINE_LEADER, factories.COUNTY, "县领导戊", True),
        "staff": (Role.TOWNSHIP_STAFF, factories.TOWN, "镇干部己", False),
        "city": (Role.DISCIPLINE_OFFICIAL, "cn", "市办庚", False),
        "city_leader": (Role.DISCIPLINE_LEADER, "cn", "市领导辛", True),
        "superior": (Role.SUPERIOR, "cn", "市督办壬", False),
    }
    officials = {}
    for name, (role, path, shown, is_head) in seats.items():
        officials[name] = await site.do(
            lambda uow, role=role, path=path, shown=shown, is_head=is_head: factories.add_official(
                uow, role, path, display_name=shown, is_head=is_head
            )
        )
        await site.do(lambda uow, one=officials[name]: uow.officials.set_notice_chat(one.id, 7000 + one.id))
    made = World(site, officials)
    for name, official in officials.items():
        made.browsers[name] = await site.sign_in(official)
    # What everybody sees anyway: reports on the same person and others, open and ended, in the same village.
    for who in ("李某", "李某", "赵某"):
        filed = await made.report(who, what=f"{WHAT}{who}还请人吃了饭。")
        made.seen_number = filed.number
    return made


def readable(number: str) -> list[str]:
    """Every address that can be read, with a case's number in the place of the number."""
    fill = {
        "number": number,
        "act": "accept",
        "file_id": "0" * 32,
        "inquiry_id": "1",
        "candidate_id": "1",
        "election_id": "1",
        "task_id": "1",
        "entry_id": "local-1",
        "rest": "nowhere",
    }
    found = []
    for method, path, _ in PAGES:
        if method != "GET" or "{token}" in path:
            continue
        found.append(re.sub(r"\{(\w+)(?::\w+)?\}", lambda name: fill.get(name.group(1), "1"), path))
    return found


QUEUES = tuple(f"/desk/cases?{query}" for query in ("must=1", "late=1", "mine=1", "state=received&q=QF"))


async def everything(world: World, name: str) -> dict[str, bytes]:
    """Status, headers that matter, and bytes of every page an official can ask for."""
    world.site.storage.clock.advance(timedelta(seconds=20))  # nobody is looking at anything any more
    browser, seen = world.browsers[name], {}
    for address in (*readable(world.seen_number), *QUEUES):
        answer = await browser.client.get(address)
        where = answer.headers.get("location", "")
        seen[address] = f"{answer.status_code} {where}\n".encode() + answer.content
    async with world.site.storage.unit_of_work() as uow:
        mine = [
            row.dedupe_key
            for row in await uow.read(
                select(outbox.c.dedupe_key).where(outbox.c.kind == "notice").order_by(outbox.c.id)
            )
            if row.dedupe_key.endswith(f"/{world.officials[name].id}")
        ]
    seen["notices"] = repr(sorted(mine)).encode()
    return seen


async def work_on(world: World, number: str, by: str, second: str) -> None:
    """What happens to a case while somebody else must not notice."""
    first, leader = world.officials[by], world.officials[second]

    async def act(step: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
        await world.site.do(lambda uow: step(uow, *arguments))

    await act(recusals.declare_clear, first, number)
    await act(cases.accept, first, number)
    await act(cases.write_note, first, number, "内部记录一条")
    await act(disposals.propose, first, number, "preliminary_verification", "先去核实清楚")
    await act(disposals.approve, leader, number)
    await act(investigations.add_evidence, first, number, "谈话笔录")
    for tick in world_ticks():
        await tick(world.site.storage)


def world_ticks() -> list[Callable[[Any], Awaitable[Any]]]:
    """Every job the clock starts."""
    import importlib
    import inspect
    import pkgutil

    from handlers import jobs

    found = []
    for module in pkgutil.iter_modules(jobs.__path__):
        loaded = importlib.import_module(f"handlers.jobs.{module.name}")
        for name, job in inspect.getmembers(loaded, inspect.iscoroutinefunction):
            if job.__module__ == loaded.__name__ and not name.startswith("_"):
                asked = inspect.signature(job).parameters.values()
                parameters = [one.name for one in asked if one.default is one.empty]
                if parameters == ["storage"]:
                    found.append(job)
    return found


async def assert_unchanged(world: World, name: str, before: dict[str, bytes]) -> None:
    after = await everything(world, name)
    for address, seen in before.items():
        assert after[address] == seen, address


async def assert_like_nothing(world: World, name: str, number: str) -> None:
    """Reading and acting on the hidden number is answered like on one that never was."""
    browser = world.browsers[name]
    for address in [one for one in readable(number) if number in one] + [f"/desk/cases?q={number}"]:
        hidden = await browser.client.get(address)
        never = await browser.client.get(address.replace(number, MADE_UP))
        assert hidden.status_code == never.status_code, address
        assert hidden.text.replace(number, MADE_UP) == never.text, address
    for act in CASE_ACTS:
        fields = {"csrf": browser.csrf, "version": "1"}
        hidden = await browser.client.post(f"/desk/cases/{number}/{act}", data=fields)
        never = await browser.client.post(f"/desk/cases/{MADE_UP}/{act}", data=fields)
        assert (hidden.status_code, hidden.text.replace(number, MADE_UP)) == (never.status_code, never.text), act


async def settle(world: World, name: str) -> None:
    """Look once, so that flashes and first looks are over."""
    for tick in world_ticks():
        await tick(world.site.storage)
    await world.browsers[name].get("/desk")
    await world.browsers[name].open_case(world.seen_number)


async def test_whoever_stands_back_by_rule_notices_nothing(world: World) -> None:
    """By name, another name, post, a declared relative, an interest in a whole village: five reports at once."""
    who = world.officials["handler"]
    await world.site.do(lambda uow: uow.recusals.set_aliases(who.id, ["丙老三"], ["县纪委信访室主任"]))
    for kind, relation, name, place in (
        ("relative", "妹夫", "孙小二", ""),
        ("interest", "老家", "", factories.OTHER_VILLAGE),
    ):
        await world.site.do(
            lambda uow, kind=kind, relation=relation, name=name, place=place: recusals.declare_kin(
                uow, who, kind=kind, relation=relation, name=name, place_path=place
            )
        )
    await settle(world, "handler")
    before = await everything(world, "handler")
    filed = [
        await world.report(named, path=path)
        for named, path in (
            ("县办丙", factories.VILLAGE),
            ("丙老三", factories.VILLAGE),
            ("县纪委信访室主任", factories.VILLAGE),
            ("孙小二", factories.VILLAGE),
            ("吴某", factories.OTHER_VILLAGE),
        )
    ]
    for one in filed:
        async with world.site.storage.unit_of_work() as uow:
            case = await factories.read_case(uow, one.number)
            assert who.id in await uow.recusals.from_case(case.id)
        await work_on(world, one.number, "colleague", "leader")
    await assert_unchanged(world, "handler", before)
    await assert_like_nothing(world, "handler", filed[0].number)


async def test_whoever_is_let_go_from_a_case_they_saw_is_left_as_if_it_had_never_been(world: World) -> None:
    who = world.officials["handler"]
    await settle(world, "handler")
    before = await everything(world, "handler")
    filed = await world.report("吴某")
    assert await everything(world, "handler") != before  # else nothing would be hidden afterwards

    async def stand_back(uow: UnitOfWork) -> None:
        case = await factories.read_case(uow, filed.number)
        await recusals.recuse(uow, case, {who.id: Ground.ASKED}, actor="system")

    await world.site.do(stand_back)
    await work_on(world, filed.number, "colleague", "leader")
    await assert_unchanged(world, "handler", {where: seen for where, seen in before.items() if where != "notices"})
    await assert_like_nothing(world, "handler", filed.number)


async def test_a_report_on_the_head_is_born_one_level_up_and_leaves_no_trace_below(world: World) -> None:
    below = ("colleague", "leader", "town_head", "staff")
    before = {}
    for name in below:
        await settle(world, name)
        before[name] = await everything(world, name)
    filed = await world.report("县领导戊")
    async with world.site.storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, filed.number)).unit_path == "cn"
    await work_on(world, filed.number, "city", "city_leader")
    for name in below:
        await assert_unchanged(world, name, before[name])
    await assert_like_nothing(world, "leader", filed.number)


async def test_a_case_of_a_higher_level_is_not_there_for_the_level_below(world: World) -> None:
    await settle(world, "town")
    before = await everything(world, "town")
    filed = await world.report("镇书记乙")
    async with world.site.storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, filed.number)).unit_path == factories.COUNTY
    await work_on(world, filed.number, "handler", "leader")
    await assert_unchanged(world, "town", before)


async def test_when_all_of_a_level_are_named_the_case_climbs_in_the_same_transaction(world: World) -> None:
    filed = await world.report("县办丙、县办丁")
    async with world.site.storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, filed.number)).unit_path == factories.TOWN  # the town is nearer
    filed = await world.report("镇甲、镇书记乙、县办丙、县办丁、县领导戊")
    async with world.site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, filed.number)
        recused = await uow.recusals.from_case(case.id)
    assert case.unit_path == "cn"
    assert len(recused) == 5


async def test_the_last_one_to_stand_back_sends_the_case_up(world: World, clock) -> None:
    filed = await world.report("吴某", path="cn/test/west/pine")
    for name in ("handler", "colleague", "leader"):
        clock.advance(timedelta(minutes=1))
        await world.site.do(lambda uow, name=name: recusals.stand_back(uow, world.officials[name], filed.number))
    async with world.site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, filed.number)
        assert case.unit_path == "cn"
        assert await uow.cases.by_number(filed.number, visible_to=world.officials["handler"]) is None
        assert await uow.cases.by_number(filed.number, visible_to=world.officials["city"]) is not None
