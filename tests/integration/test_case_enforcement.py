"""A flagged case ends only through a completed investigation, whoever asks: service or raw SQL, on both databases.

The raw statements run as the application's role, on a connection the application itself would use.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from handlers.services import cases as service
from handlers.services.errors import CannotMove, NotAllowed
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import TRANSITIONS, CaseState, Finding, Missing
from storage.errors import RuleRefused
from storage.repositories.officials import Official
from storage.unit_of_work import Storage
from tests import factories

pytestmark = pytest.mark.usefixtures("storage")

#: Ways to end case :id without an investigation. Several statements run in one transaction.
RAW_ATTACKS = {
    "set the state": ("UPDATE cases SET state = 'closed', closed_at = received_at WHERE id = :id",),
    "close everything at once": ("UPDATE cases SET state = 'closed', closed_at = received_at",),
    "guide it elsewhere": ("UPDATE cases SET state = 'guided_elsewhere', closed_at = received_at WHERE id = :id",),
    "delete it": ("DELETE FROM cases WHERE id = :id",),
    "delete flags, then guide it elsewhere": (
        "DELETE FROM case_flag WHERE case_id = :id",
        "UPDATE cases SET state = 'guided_elsewhere', closed_at = received_at WHERE id = :id",
    ),
    "move the flags to another case": ("UPDATE case_flag SET case_id = :other WHERE case_id = :id",),
    "turn a flag into another": ("UPDATE case_flag SET category = 'real_name' WHERE case_id = :id",),
    "renumber the case under its flags": ("UPDATE cases SET id = 987654 WHERE id = :id",),
    "upsert": (
        "INSERT INTO cases (id, number, place_id, state, round, narrative_sealed, rule_version, received_at, "
        "answer_due_on, version) SELECT id, number, place_id, 'received', 1, narrative_sealed, rule_version, "
        "received_at, answer_due_on, version FROM cases WHERE id = :id "
        "ON CONFLICT (id) DO UPDATE SET state = 'closed', closed_at = excluded.received_at",
    ),
    "write a new transition first": (
        "INSERT INTO case_transition (source, target, letter, act) VALUES ('received', 'closed', 'z', 'close')",
        "UPDATE cases SET state = 'closed', closed_at = received_at WHERE id = :id",
    ),
    "an investigation born approved": (
        "UPDATE cases SET state = 'accepted' WHERE id = :id",
        "INSERT INTO investigation (case_id, round, investigator_id, finding, summary_sealed, started_at, submitted_at, "
        "approver_id, approved_at) SELECT id, 1, :official, 'unfounded', narrative_sealed, received_at, received_at, "
        ":leader, received_at FROM cases WHERE id = :id",
    ),
    "an investigation without evidence": (
        "UPDATE cases SET state = 'accepted' WHERE id = :id",
        "INSERT INTO investigation (case_id, round, investigator_id, finding, summary_sealed, started_at, submitted_at) "
        "SELECT id, 1, :official, 'unfounded', narrative_sealed, received_at, received_at FROM cases WHERE id = :id",
        "UPDATE cases SET state = 'investigating' WHERE id = :id",
        "UPDATE cases SET state = 'awaiting_approval' WHERE id = :id",
    ),
    "jump a round": ("UPDATE cases SET round = 2 WHERE id = :id",),
    "go by way of approved": (
        "UPDATE cases SET state = 'accepted' WHERE id = :id",
        "UPDATE cases SET state = 'approved' WHERE id = :id",
    ),
    "a case born closed": (
        "INSERT INTO cases (number, place_id, state, round, narrative_sealed, rule_version, received_at, "
        "answer_due_on, version, closed_at) SELECT 'QF-NEW', place_id, 'closed', 1, narrative_sealed, rule_version, "
        "received_at, answer_due_on, 1, received_at FROM cases WHERE id = :id",
    ),
    "delete its place": ("DELETE FROM place WHERE id IN (SELECT place_id FROM cases WHERE id = :id)",),
}
SQLITE_ATTACKS = {
    "insert or replace": (
        "INSERT OR REPLACE INTO cases (id, number, place_id, state, round, narrative_sealed, rule_version, "
        "received_at, answer_due_on, version) SELECT id, number, place_id, 'received', 1, narrative_sealed, "
        "rule_version, received_at, answer_due_on, version FROM cases WHERE id = :id",
    ),
    "update or replace onto it": ("UPDATE OR REPLACE case_flag SET case_id = :id WHERE case_id = :other",),
    "replace the flag": ("REPLACE INTO case_flag SELECT * FROM case_flag WHERE case_id = :id",),
}
POSTGRESQL_ATTACKS = {
    "truncate": ("TRUNCATE cases CASCADE",),
    "disable the triggers": ("ALTER TABLE cases DISABLE TRIGGER ALL",),
    "act as a replica": ("SET session_replication_role = replica",),
    "drop a trigger": ("DROP TRIGGER cases_update ON cases",),
    "replace the function": (
        "CREATE OR REPLACE FUNCTION qf_cases_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    ),
    "merge": (
        "MERGE INTO cases c USING (SELECT CAST(:id AS bigint) AS id) s ON c.id = s.id "
        "WHEN MATCHED THEN UPDATE SET state = 'closed', closed_at = c.received_at",
    ),
}


@dataclass(frozen=True)
class Scene:
    storage: Storage
    number: str
    case_id: int
    other_id: int
    official: Official
    leader: Official


@pytest.fixture(params=list(Category))
async def scene(request: pytest.FixtureRequest, storage: Storage) -> AsyncIterator[Scene]:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE], flags=(request.param,))
        other = await factories.add_case(uow, places[factories.VILLAGE], flags=(request.param,))
        official = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
        leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        await uow.commit()
    yield Scene(storage, case.number, case.id, other.id, official, leader)


async def still_open(scene: Scene) -> bool:
    async with scene.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, scene.number)
        return case.state is CaseState.RECEIVED and len(case.flags) == 1 and case.id == scene.case_id


async def attack(scene: Scene, statements: tuple[str, ...]) -> bool:
    """Whether every statement and the commit went through."""
    values = {
        "id": scene.case_id,
        "other": scene.other_id,
        "official": scene.official.id,
        "leader": scene.leader.id,
    }
    async with scene.storage.database.writing() as connection:
        try:
            for statement in statements:
                used = {name: value for name, value in values.items() if f":{name}" in statement}
                await connection.execute(text(statement), used)
            await connection.commit()
        except DBAPIError:
            await connection.rollback()
            return False
    return True


@pytest.mark.parametrize("way", list(RAW_ATTACKS))
async def test_raw_sql_cannot_end_a_flagged_case(scene: Scene, way: str) -> None:
    assert not await attack(scene, RAW_ATTACKS[way])
    assert await still_open(scene)


async def test_the_attacks_on_one_database_are_refused_too(scene: Scene) -> None:
    ways = SQLITE_ATTACKS if scene.storage.database.is_sqlite else POSTGRESQL_ATTACKS
    for way, statements in ways.items():
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
