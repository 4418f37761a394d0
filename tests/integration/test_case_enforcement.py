"""A flagged case ends only through a completed investigation, whoever asks: service or raw SQL, on both databases.

The raw statements run as the application's role, on a connection the application itself would use.
"""

from dataclasses import dataclass

import pytest
from sqlalchemy import text

from handlers.services import cases as service
from handlers.services.errors import CannotMove, NotAllowed
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import TRANSITIONS, CaseState, Finding, Missing
from storage.errors import RuleRefused
from storage.repositories.officials import Official
from storage.unit_of_work import Storage
from tests import factories
from tests.attacks import RAW_ATTACKS, attempt, on_this_database

pytestmark = pytest.mark.usefixtures("storage")


@dataclass(frozen=True)
class Scene:
    storage: Storage
    number: str
    case_id: int
    other_id: int
    official: Official
    leader: Official


@pytest.fixture(params=list(Category))
async def scene(request: pytest.FixtureRequest, storage: Storage) -> Scene:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE], flags=(request.param,))
        other = await factories.add_case(uow, places[factories.VILLAGE], flags=(request.param,))
        official = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        await uow.commit()
    return Scene(storage, case.number, case.id, other.id, official, leader)


async def still_open(scene: Scene) -> bool:
    async with scene.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, scene.number)
        return case.state is CaseState.RECEIVED and len(case.flags) == 1 and case.id == scene.case_id


async def attack(scene: Scene, statements: tuple[str, ...]) -> bool:
    """Whether every statement and the commit went through."""
    values = {"id": scene.case_id, "other": scene.other_id, "official": scene.official.id, "leader": scene.leader.id}
    return await attempt(scene.storage, statements, values)


@pytest.mark.parametrize("way", list(RAW_ATTACKS))
async def test_raw_sql_cannot_end_a_flagged_case(scene: Scene, way: str) -> None:
    assert not await attack(scene, RAW_ATTACKS[way])
    assert await still_open(scene)


async def test_the_attacks_on_one_database_are_refused_too(scene: Scene) -> None:
    for way, statements in on_this_database(scene.storage).items():
        assert not await attack(scene, statements), way
        assert await still_open(scene), way


async def test_an_unflagged_case_can_be_guided_elsewhere_so_the_attacks_above_could_succeed(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE], flags=())
        await uow.commit()
    async with storage.database.writing() as connection:
        statement = RAW_ATTACKS["guide it elsewhere"][0]
        await connection.execute(text(statement), {"id": case.id})
        await connection.commit()
    async with storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, case.number)).state is CaseState.GUIDED_ELSEWHERE


async def test_services_refuse_to_end_a_flagged_case_and_say_what_is_missing(scene: Scene) -> None:
    async with scene.storage.unit_of_work() as uow:
        with pytest.raises(CannotMove) as refused:
            await service.close(uow, scene.official, scene.number)
        assert set(refused.value.missing) == {
            Missing.INVESTIGATION,
            Missing.FINDING,
            Missing.EVIDENCE,
            Missing.APPROVAL,
        }
    async with scene.storage.unit_of_work() as uow:
        with pytest.raises(CannotMove):
            await service.guide_elsewhere(uow, scene.official, scene.number, "请到信访部门反映")
    async with scene.storage.unit_of_work() as uow:
        with pytest.raises(CannotMove):
            await service.approve_finding(uow, scene.leader, scene.number)
    assert await still_open(scene)


async def test_nobody_approves_their_own_finding(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE])
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        await factories.bring_to(uow, case, CaseState.AWAITING_APPROVAL, investigator=leader, approver=leader)
        await uow.commit()
    async with storage.unit_of_work() as uow:
        with pytest.raises(CannotMove):
            await service.approve_finding(uow, leader, case.number)
    async with storage.unit_of_work() as uow:
        found = await uow.cases.investigation_of(await factories.read_case(uow, case.number))
        assert found is not None
        with pytest.raises(RuleRefused, match="investigation_approval"):
            await uow.cases.approve(found.id, leader.id)


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.DISCIPLINE_LEADER, Role.SUPERIOR)])
async def test_only_an_approving_role_signs_a_finding(storage: Storage, role: Role) -> None:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE])
        official = await factories.add_official(uow)
        second = await factories.add_official(uow, role)
        await factories.bring_to(uow, case, CaseState.AWAITING_APPROVAL, investigator=official, approver=second)
        await uow.commit()
    async with storage.unit_of_work() as uow:
        with pytest.raises(NotAllowed):
            await service.approve_finding(uow, second, case.number)
    async with storage.unit_of_work() as uow:
        found = await uow.cases.investigation_of(await factories.read_case(uow, case.number))
        assert found is not None
        with pytest.raises(RuleRefused, match="investigation_approval"):
            await uow.cases.approve(found.id, second.id)


async def test_a_recused_official_neither_investigates_nor_approves(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE])
        official = await factories.add_official(uow)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        case = await factories.bring_to(uow, case, CaseState.AWAITING_APPROVAL, investigator=official, approver=leader)
        await uow.cases.recuse(case.id, leader.id)
        await uow.commit()
    async with storage.unit_of_work() as uow:
        found = await uow.cases.investigation_of(case)
        assert found is not None
        with pytest.raises(RuleRefused, match="investigation_approval"):
            await uow.cases.approve(found.id, leader.id)


async def test_the_whole_road_ends_in_closed(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE])
        official = await factories.add_official(uow)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        await uow.commit()
    number = case.number

    async def act(function: object, *arguments: object) -> None:
        async with storage.unit_of_work() as uow:
            await function(uow, *arguments)
            await uow.commit()

    await act(service.accept, official, number)
    await act(service.start_investigation, official, number)
    await act(service.add_evidence, official, number, "证人谈话笔录")
    await act(service.submit_finding, official, number, Finding.UNFOUNDED, "走访二十户，没有人收到过东西。")
    await act(service.approve_finding, leader, number)
    async with storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, number)).state is CaseState.CLOSED


async def test_a_reopened_case_needs_a_new_investigation(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE])
        official = await factories.add_official(uow)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        await factories.bring_to(uow, case, CaseState.CLOSED, investigator=official, approver=leader)
        await uow.commit()
    async with storage.unit_of_work() as uow:
        reopened = await service.reopen(uow, official, case.number, "有了新的证据")
        await uow.commit()
        assert reopened.round == 1
    async with storage.unit_of_work() as uow:
        again = await factories.read_case(uow, case.number)
        assert (again.round, again.state) == (2, CaseState.ACCEPTED)
        with pytest.raises(RuleRefused):
            await uow.cases.move(again, CaseState.GUIDED_ELSEWHERE, closed_at=uow.clock.now())


async def test_the_database_knows_the_same_transitions_as_the_rules(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        rows = await uow.read(text("SELECT letter, act, source, target FROM case_transition"))
    assert {tuple(row) for row in rows} == {(t.letter, str(t.act), str(t.source), str(t.target)) for t in TRANSITIONS}
