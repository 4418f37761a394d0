"""A must-investigate case ends only through a completed investigation, whatever way it is tried (N1).

4 categories x every way of tests/ways_out.py, on both databases, each beside a control that shows that the way does
work where it may. What raw SQL is refused at each point of a case's road is in test_raw_attacks.py.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from handlers.services import cases, disposals, flags, investigations, outcomes
from handlers.services.errors import CannotMove, NotAllowed, NotFound
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CLOSED_STATES, TRANSITIONS, CaseState, Finding, Missing
from knowledge.errors import QingfengError
from storage.engine import Database
from storage.errors import RuleRefused, StaleVersion
from storage.files import FileStore
from storage.repositories.cases import Case
from storage.repositories.flags import CaseFlag
from storage.repositories.officials import Official
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import factories, ways_out
from tests.fakes import FakeClock
from tests.ways_out import WAYS, make_ground

LACKS_EVERYTHING = {Missing.INVESTIGATION, Missing.FINDING, Missing.EVIDENCE, Missing.APPROVAL}
SUMMARY = "走访了十二户，说法一致，没有人收到过东西。"


def test_the_matrix_has_all_four_categories_and_every_way_that_was_asked_for() -> None:
    asked = {"service", "desk", "bulk", "template", "chat", "scheduler", "retention", "merge", "transfer", "import"}
    assert set(WAYS) >= asked | {"raw SQL"}
    assert len(Category) == 4
    assert len(ways_out.every_job()) >= 6


@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize("way", list(WAYS))
async def test_no_way_ends_a_flagged_case_that_nobody_investigated(
    storage: Storage, way: str, category: Category
) -> None:  # N1
    ground = await make_ground(storage, CaseState.ACCEPTED, (category,))
    await WAYS[way].walk(ground)
    now = await ground.present()
    assert now is not None, f"{way} made it disappear"
    assert not await ground.ended(), (way, now.state)
    assert [flag.category for flag in now.flags] == [category]
    assert now.round == 1


@pytest.mark.parametrize("way", list(WAYS))
async def test_every_way_works_where_it_may_so_that_the_refusals_above_mean_something(
    storage: Storage, way: str
) -> None:
    chosen = WAYS[way]
    flagged = (Category.VOTE_BUYING,) if chosen.is_flagged else ()
    ground = await make_ground(storage, chosen.state, flagged)
    assert chosen.worked is not ways_out._has_ended or not await ground.ended()
    await chosen.walk(ground)
    assert await chosen.worked(ground), way


# What services say


async def test_services_say_what_is_missing_before_the_database_has_to(storage: Storage) -> None:
    ground = await make_ground(storage, CaseState.ACCEPTED, (Category.VOTE_BUYING,))
    refused = await ground.tried(lambda uow: outcomes.close(uow, ground.handler, ground.number))
    assert isinstance(refused, CannotMove)
    assert set(refused.missing) == LACKS_EVERYTHING
    for act in (
        lambda uow: cases.guide_elsewhere(uow, ground.handler, ground.number, ways_out.GUIDANCE, looked_again=True),
        lambda uow: disposals.propose(uow, ground.handler, ground.number, "conclude", "没有查下去的必要"),
    ):
        refused = await ground.tried(act)
        assert isinstance(refused, CannotMove)
        assert Missing.APPROVAL in refused.missing


@dataclass(frozen=True)
class Team:
    storage: Storage
    number: str
    official: Official
    leader: Official

    async def act(self, act: Callable[..., Awaitable[Any]], who: Official, *more: Any, **named: Any) -> Case:
        async with self.storage.unit_of_work() as uow:
            result = await act(uow, who, self.number, *more, **named)
            await uow.commit()
        assert isinstance(result, Case)
        return result

    async def case(self) -> Case:
        async with self.storage.unit_of_work() as uow:
            return await factories.read_case(uow, self.number)

    async def investigate(self, finding: Finding = Finding.UNFOUNDED) -> Case:
        """From accepted to approved, by two people."""
        await self.act(disposals.propose, self.official, "preliminary_verification", "先去核实一下")
        await self.act(disposals.approve, self.leader)
        await self.act(investigations.add_evidence, self.official, "证人谈话笔录")
        await self.act(investigations.submit_finding, self.official, finding, SUMMARY)
        return await self.act(investigations.approve_finding, self.leader)

    async def end(self) -> Case:
        """From approved to closed."""
        await self.act(outcomes.recommend, self.official, "none", "", "没有发现问题")
        await self.act(outcomes.tell_result, self.official, ways_out.RESULT, by="code", looked_again=True)
        return await self.act(outcomes.close, self.official)


@pytest.fixture
async def team(storage: Storage) -> Team:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE])
        official = await factories.add_official(uow)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        await uow.commit()
    return Team(storage, case.number, official, leader)


async def test_the_whole_road_ends_in_closed(team: Team) -> None:
    await team.act(cases.accept, team.official)
    await team.investigate()
    assert (await team.end()).state is CaseState.CLOSED


async def test_a_reopened_case_needs_a_new_investigation_and_keeps_its_first_promise(team: Team) -> None:  # GL#4192
    promised = (await team.case()).answer_due_on
    await team.act(cases.accept, team.official)
    await team.investigate()
    await team.end()
    async with team.storage.unit_of_work() as uow:
        before = {clock.id: clock for clock in await uow.clocks.of_case((await team.case()).id)}
    reopened = await team.act(cases.reopen, team.official, "有了新的证据")
    assert (reopened.round, reopened.state, reopened.answer_due_on) == (2, CaseState.ACCEPTED, promised)
    async with team.storage.unit_of_work() as uow:
        after = {clock.id: clock for clock in await uow.clocks.of_case(reopened.id)}
    assert {number: after[number] for number in before} == before
    assert {clock.round for clock in after.values() if clock.is_running} == {2}
    async with team.storage.unit_of_work() as uow:
        with pytest.raises(CannotMove) as refused:
            await outcomes.close(uow, team.official, team.number)
        assert set(refused.value.missing) == LACKS_EVERYTHING
        with pytest.raises(RuleRefused, match="must_investigate"):
            await uow.cases.move(reopened, CaseState.GUIDED_ELSEWHERE, closed_at=uow.clock.now())
    await team.investigate(Finding.CANNOT_BE_VERIFIED)
    assert (await team.end()).round == 2


async def awaiting(storage: Storage, investigator: Official, approver: Official, number: str) -> int:
    """Bring a case to the point where somebody has to sign; returns the investigation's id."""
    async with storage.unit_of_work() as uow:
        case = await factories.read_case(uow, number)
        await factories.bring_to(uow, case, CaseState.AWAITING_APPROVAL, investigator=investigator, approver=approver)
        found = await uow.investigations.of_case(await factories.read_case(uow, number))
        assert found is not None
        await uow.commit()
    return found.id


async def refused_by_both(team: Team, who: Official, investigation_id: int, error: type[QingfengError]) -> None:
    """The service refuses with this error, and the database refuses too."""
    async with team.storage.unit_of_work() as uow:
        with pytest.raises(error):
            await investigations.approve_finding(uow, who, team.number)
    async with team.storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused, match="investigation_approval"):
            await uow.investigations.approve(investigation_id, who.id)


async def test_nobody_approves_their_own_finding(team: Team) -> None:
    found = await awaiting(team.storage, team.leader, await other_leader(team), team.number)
    await refused_by_both(team, team.leader, found, CannotMove)


async def other_leader(team: Team, path: str = factories.COUNTY) -> Official:
    async with team.storage.unit_of_work() as uow:
        made = await factories.add_official(uow, Role.DISCIPLINE_LEADER, path)
        await uow.commit()
    return made


async def test_nobody_approves_what_they_once_investigated(team: Team) -> None:
    second = await other_leader(team)
    found = await awaiting(team.storage, second, team.leader, team.number)
    async with team.storage.unit_of_work() as uow:
        await uow.investigations.hand_over(found, team.official.id, as_submitted=True)
        await uow.commit()
    await refused_by_both(team, second, found, CannotMove)
    assert (await team.act(investigations.approve_finding, team.leader)).state is CaseState.APPROVED


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.DISCIPLINE_LEADER, Role.SUPERIOR)])
async def test_only_an_approving_role_signs_a_finding(team: Team, role: Role) -> None:
    async with team.storage.unit_of_work() as uow:
        second = await factories.add_official(uow, role)
        await uow.commit()
    await refused_by_both(
        team, second, await awaiting(team.storage, team.official, team.leader, team.number), NotAllowed
    )


@pytest.mark.parametrize("path", [factories.TOWN, "cn/elsewhere"])
async def test_nobody_from_below_or_from_another_county_signs_a_finding(team: Team, path: str) -> None:
    second = await other_leader(team, path)
    await refused_by_both(team, second, await awaiting(team.storage, team.official, team.leader, team.number), NotFound)


async def test_who_stands_back_neither_approves_nor_is_known_to_the_case(team: Team) -> None:
    found = await awaiting(team.storage, team.official, team.leader, team.number)
    second = await other_leader(team)
    async with team.storage.unit_of_work() as uow:
        uow.recusals.recuse((await factories.read_case(uow, team.number)).id, second.id)
        await uow.commit()
    await refused_by_both(team, second, found, NotFound)


async def test_the_database_knows_the_same_transitions_as_the_rules(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        rows = await uow.read(text("SELECT letter, act, source, target FROM case_transition"))
    assert {tuple(row) for row in rows} == {(t.letter, str(t.act), str(t.source), str(t.target)) for t in TRANSITIONS}


# Two at once


async def raise_late(team: Team) -> None:
    async with team.storage.unit_of_work() as uow:
        await flags.add_flag(uow, team.official, team.number, CaseFlag(Category.VOTE_BUYING, ("手工标记",), "test"))
        await uow.commit()


async def guide(team: Team) -> None:
    await team.act(cases.guide_elsewhere, team.leader, ways_out.GUIDANCE, looked_again=True)


async def test_a_flag_and_an_ending_at_the_same_moment_never_make_a_flagged_ended_case(storage: Storage) -> None:
    outcomes_seen = set()
    for number in range(8):
        async with storage.unit_of_work() as uow:
            places = await factories.add_county(uow) if not number else {}
            village = places.get(factories.VILLAGE) or await uow.places.by_path(factories.VILLAGE)
            assert village is not None
            case = await factories.add_case(uow, village, flags=())
            official = await factories.add_official(uow)
            leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
            await uow.commit()
        team = Team(storage, case.number, official, leader)
        both = (raise_late(team), guide(team)) if number % 2 else (guide(team), raise_late(team))
        results = await asyncio.gather(*both, return_exceptions=True)
        assert all(one is None or isinstance(one, CannotMove | RuleRefused | StaleVersion) for one in results), results
        now = await team.case()
        assert not (now.flags and now.state in CLOSED_STATES)
        assert bool(now.flags) != (now.state in CLOSED_STATES)  # one of the two got what it wanted
        outcomes_seen.add(bool(now.flags))
    assert outcomes_seen == {True, False}


@pytest.fixture
async def postgresql_storage(
    postgresql_url: str, tmp_path: Path, clock: FakeClock, keys: KeyRing
) -> AsyncIterator[Storage]:
    opened = Storage(Database(postgresql_url), keys, FileStore(tmp_path / "files", keys), clock)
    yield opened
    await opened.close()


@pytest.mark.postgres
@pytest.mark.parametrize("first", ["flag", "end"])
async def test_two_open_transactions_wait_for_each_other_and_the_second_sees_the_first(
    postgresql_storage: Storage, first: str
) -> None:
    storage = postgresql_storage
    ground = await make_ground(storage, CaseState.ACCEPTED, ())
    flag = (
        "INSERT INTO case_flag (case_id, category, reasons_sealed, rule_version, inputs_sealed, raised_at) "
        f"SELECT id, 'vote_buying', '', 'x', '', received_at FROM cases WHERE id = {ground.case.id}"
    )
    end = f"UPDATE cases SET state = 'guided_elsewhere', closed_at = received_at WHERE id = {ground.case.id}"
    one, two = (flag, end) if first == "flag" else (end, flag)
    async with storage.database.writing() as earlier, storage.database.writing() as later:
        await earlier.execute(text(one))
        waiting = asyncio.create_task(later.execute(text(two)))
        await _until_waiting(storage)
        assert not waiting.done()
        await earlier.commit()
        with pytest.raises(Exception, match="qf:must_investigate" if first == "flag" else "qf:reopen_first"):
            await waiting
    async with storage.unit_of_work() as uow:
        (row,) = await uow.read(text("SELECT state, flagged FROM cases WHERE id = :id"), {"id": ground.case.id})
    assert (row.flagged, row.state in CLOSED_STATES) == (first == "flag", first == "end")


async def _until_waiting(storage: Storage) -> None:
    """Until one transaction waits for another's lock."""
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(10):
        while True:
            async with storage.database.reading() as connection:
                if (await connection.execute(query)).scalar_one():
                    return
