"""Gates, committees and who answers, held by the database itself on both kinds, whoever asks (S4, S11, S12, Z6)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from handlers.services import gates, responsibility
from handlers.services.errors import BadInput, CannotStart
from knowledge.casework.access import Role
from knowledge.elections.gates import STATUTORY, Body, GateState, load_gates
from knowledge.errors import ContentError
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.elections import Election
from storage.repositories.gates import GateRow
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.unit_of_work import Storage
from tests import factories

REQUIRED = [gate.code for gate in load_gates().required(factories.VILLAGE, Body.VILLAGE)]
START = "UPDATE election SET state = 'running' WHERE id = :election"


@dataclass(frozen=True)
class Scene:
    storage: Storage
    place: Place
    election: int
    clerk: Official
    town: Official
    leader: Official
    superior: Official

    async def raw(self, statement: str, **values: object) -> str:
        """The rule that refused a statement of the application's role; empty when it went through."""
        named = {"election": self.election, "clerk": self.clerk.id, "town": self.town.id, "leader": self.leader.id}
        values = {name: value for name, value in {**named, **values}.items() if f":{name}" in statement}
        async with self.storage.database.writing() as connection:
            try:
                await connection.execute(text(statement), values)
                await connection.commit()
            except DBAPIError as error:
                await connection.rollback()
                return str(error.orig)
        return ""

    async def pass_gates(self, codes: Sequence[str]) -> None:
        async with self.storage.unit_of_work() as uow:
            for code in codes:
                await factories.pass_gate(uow, self.place, self.election, code)
            await uow.commit()

    async def gate(self, code: str) -> GateRow:
        async with self.storage.unit_of_work() as uow:
            return (await uow.gates.of_election(self.election))[code]

    async def read(self) -> Election:
        async with self.storage.unit_of_work() as uow:
            found = await uow.elections.get(self.election)
        assert found is not None
        return found

    async def hand_in(self, code: str, kinds: Sequence[str]) -> GateRow:
        async with self.storage.unit_of_work() as uow:
            for kind in kinds:
                row = (await uow.gates.of_election(self.election)).get(code)
                await gates.hand_in(
                    uow,
                    self.clerk,
                    self.election,
                    code,
                    kind=kind,
                    description="都在这里",
                    upload=("报告.pdf", b"%PDF-1"),
                    seen=row.version if row else 0,
                )
            await uow.commit()
        return await self.gate(code)


@pytest.fixture
async def scene(storage: Storage) -> Scene:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        place = places[factories.VILLAGE]
        election = await factories.add_election(uow, place, started=False)
        people = [
            await factories.add_official(uow, role, path)
            for role, path in (
                (Role.VILLAGE_CLERK, factories.VILLAGE),
                (Role.TOWNSHIP_STAFF, factories.TOWN),
                (Role.DISCIPLINE_LEADER, factories.COUNTY),
                (Role.SUPERIOR, factories.COUNTY),
            )
        ]
        await uow.commit()
    return Scene(storage, place, election, *people)


async def test_s4_an_election_starts_only_when_every_required_gate_is_closed_even_for_raw_sql(scene: Scene) -> None:
    for code in REQUIRED:
        assert "gates_open" in await scene.raw(START), code
        assert "gates_open" in await scene.raw("UPDATE election SET state = 'finished' WHERE id = :election")
        await scene.pass_gates([code])
    upsert = (
        "INSERT INTO election (id, place_id, state, election_day, commitments_due_on, pack, pack_version) SELECT id, "
        "place_id, 'running', election_day, commitments_due_on, pack, pack_version FROM election WHERE id = :election "
        "ON CONFLICT (id) DO UPDATE SET state = 'running'"
    )
    assert "election_birth" in await scene.raw(upsert)
    born = upsert.replace("(id, place_id", "(place_id").replace("SELECT id, ", "SELECT ").partition(" ON CONFLICT")[0]
    assert "election_birth" in await scene.raw(born)
    assert await scene.raw(START) == ""
    assert "election_begun" in await scene.raw("UPDATE election SET state = 'preparing' WHERE id = :election")
    assert "place_fixed" in await scene.raw(
        "UPDATE place SET kind = 'community' WHERE id = :place", place=scene.place.id
    )
    elsewhere = "UPDATE election SET place_id = (SELECT id FROM place WHERE kind = 'community') WHERE id = :election"
    assert "election_begun" in await scene.raw(elsewhere)


async def test_s4_rules_that_leave_the_audit_out_do_not_switch_it_off(scene: Scene) -> None:
    """J8-J11: the law's gate stands in the database by its own name."""
    newer = (
        "INSERT INTO gate_rules (id, version, sha256, published_at) SELECT max(id) + 1, 'x', sha256, published_at "
        "FROM gate_rules GROUP BY sha256, published_at"
    )
    only = (
        "INSERT INTO gate_requirement (rules_id, place_path, body, gate) SELECT max(id), 'cn', 'village', "
        "'party_first' FROM gate_rules"
    )
    await scene.pass_gates(["party_first"])
    assert await scene.raw(newer) == ""
    assert "gates_open" in await scene.raw(START)  # rules that ask for nothing ask for everything
    assert await scene.raw(only) == ""
    kinds = (
        "INSERT INTO gate_kind (rules_id, gate, kind, needed) "
        "SELECT (SELECT max(id) FROM gate_rules), gate, kind, needed FROM gate_kind"
    )
    assert await scene.raw(kinds) == ""
    assert "gates_open" in await scene.raw(START)
    for table in ("gate_rules", "gate_kind", "gate_requirement"):
        assert "append_only" in await scene.raw(f"DELETE FROM {table}")
    assert "append_only" in await scene.raw("UPDATE gate_kind SET kind = 'annual_statement'")
    await scene.pass_gates([STATUTORY])
    assert await scene.raw(START) == ""


EVIDENCE = (
    "INSERT INTO gate_evidence (gate_id, round, kind, words_sealed, handed_by, handed_at) SELECT g.id, g.round, :kind, "
    "o.totp_secret_sealed, o.id, o.created_at FROM gate g, official o WHERE g.election_id = :election AND o.id = :who"
)
REVIEW = (
    "INSERT INTO gate_review (gate_id, round, through_id, decision, reason_sealed, reviewer_id, reviewed_at, "
    "after_start) SELECT g.id, g.round, (SELECT max(v.id) FROM gate_evidence v WHERE v.gate_id = g.id) - :unseen, "
    ":decision, o.totp_secret_sealed, o.id, o.created_at, :after FROM gate g, official o "
    "WHERE g.election_id = :election AND o.id = :who"
)
CLOSE = "UPDATE gate SET state = 'closed', version = version + 1 WHERE election_id = :election"


async def test_c10_a_gate_takes_its_own_kinds_of_evidence_from_its_own_officials_only(scene: Scene) -> None:
    await scene.hand_in(STATUTORY, ["audit_report"])
    assert "gate_kind" in await scene.raw(EVIDENCE, kind="annual_statement", who=scene.clerk.id)
    assert "gate_kind" in await scene.raw(EVIDENCE, kind="analysis_report", who=scene.clerk.id)
    async with scene.storage.unit_of_work() as uow:
        stranger = await factories.add_official(uow, Role.VILLAGE_CLERK, factories.OTHER_VILLAGE)
        await uow.commit()
    for who in (stranger.id, scene.leader.id):
        assert "gate_evidence" in await scene.raw(EVIDENCE, kind="audit_posted", who=who)
    assert await scene.raw(EVIDENCE, kind="audit_posted", who=scene.clerk.id) == ""
    assert "append_only" in await scene.raw("UPDATE gate_evidence SET kind = 'audit_posted'")
    assert "append_only" in await scene.raw("DELETE FROM gate_evidence")


async def test_s4_a_gate_closes_by_a_second_persons_approval_of_everything_and_by_nothing_else(scene: Scene) -> None:
    await scene.hand_in(STATUTORY, ["audit_report"])
    assert "gate_state" in await scene.raw(CLOSE)
    yes = {"decision": "approved", "after": False, "unseen": 0}
    assert "qf:gate_" in await scene.raw(REVIEW, who=scene.clerk.id, **yes)
    assert "gate_incomplete" in await scene.raw(REVIEW, who=scene.town.id, **yes)  # not posted yet
    await scene.hand_in(STATUTORY, ["audit_posted"])
    assert await scene.raw(EVIDENCE, kind="audit_followed_up", who=scene.town.id) == ""
    assert "gate_second_person" in await scene.raw(REVIEW, who=scene.town.id, **yes)  # some of it is the town's own
    assert "gate_review" in await scene.raw(REVIEW, who=scene.leader.id, **{**yes, "unseen": 1})
    assert "gate_review" in await scene.raw(REVIEW, who=scene.leader.id, **{**yes, "after": True})
    assert "gate_review" in await scene.raw(REVIEW, who=scene.leader.id, **{**yes, "decision": "reopened"})
    await scene.raw("UPDATE official SET active = :no WHERE id = :leader", no=False)
    assert "gate_review" in await scene.raw(REVIEW, who=scene.leader.id, **yes)
    await scene.raw("UPDATE official SET active = :yes WHERE id = :leader", yes=True)
    assert await scene.raw(REVIEW, who=scene.leader.id, **yes) == ""
    for statement in ("UPDATE gate_review SET decision = 'approved'", "DELETE FROM gate_review", "DELETE FROM gate"):
        assert "append_only" in await scene.raw(statement)
    assert "gate_state" in await scene.raw(CLOSE.replace("'closed'", "'open'"))
    assert await scene.raw(CLOSE) == ""
    assert "gate_evidence" in await scene.raw(EVIDENCE, kind="audit_report", who=scene.clerk.id)
    for column, value in (("code", "'party_first'"), ("round", "2"), ("election_id", "election_id + 1")):
        assert await scene.raw(f"UPDATE gate SET {column} = {value}, version = version + 1"), column


async def test_s4_the_look_back_check_opens_a_gate_again_and_marks_an_election_that_has_started(scene: Scene) -> None:
    """C09: by somebody who neither handed it in nor approved it; the evidence of before counts no more."""
    await scene.pass_gates([code for code in REQUIRED if code != STATUTORY])
    await scene.hand_in(STATUTORY, ["audit_report", "audit_posted"])
    async with scene.storage.unit_of_work() as uow:
        with pytest.raises(CannotStart) as open_still:
            await gates.start(uow, scene.town, scene.election)
        assert open_still.value.gates == (STATUTORY,)
        row = (await uow.gates.of_election(scene.election))[STATUTORY]
        await gates.review(uow, scene.town, scene.election, STATUTORY, decision="approved", reason="", seen=row.version)
        await gates.start(uow, scene.town, scene.election)
        await uow.commit()
    row = await scene.gate(STATUTORY)
    back = {"decision": "reopened", "unseen": 0}
    assert "gate_second_person" in await scene.raw(REVIEW, who=scene.town.id, after=True, **back)
    assert "gate_review" in await scene.raw(REVIEW, who=scene.leader.id, after=False, **back)
    async with scene.storage.unit_of_work() as uow:
        with pytest.raises(BadInput):
            await gates.look_back(uow, scene.town, scene.election, STATUTORY, reason="账没审完", seen=row.version)
        with pytest.raises(StaleVersion):
            await gates.look_back(uow, scene.leader, scene.election, STATUTORY, reason="账没审完", seen=1)
        await uow.officials.set_notice_chat(scene.superior.id, 77)
        await gates.look_back(uow, scene.leader, scene.election, STATUTORY, reason="账没审完", seen=row.version)
        await uow.commit()
    async with scene.storage.unit_of_work() as uow:
        (village,) = await gates.overview(uow, scene.superior)
        told = await uow.read(text("SELECT dedupe_key FROM outbox WHERE dedupe_key LIKE 'notice/look_back/%'"))
    view = next(one for one in village.views if one.gate.code == STATUTORY)
    assert (view.state, view.row and view.row.round, view.present) == (GateState.OPEN, 2, ())
    assert len(view.evidence) == 2
    assert (village.is_marked, village.election.state) == (True, "running")
    assert len(told) == 1  # the level above
    await scene.pass_gates([STATUTORY])
    async with scene.storage.unit_of_work() as uow:
        assert await uow.gates.failed_after_start([scene.election]) == {scene.election}  # the mark stays


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_an_election_does_not_start_beside_a_look_back_that_is_being_written(scene: Scene) -> None:
    await scene.pass_gates(REQUIRED)
    row = await scene.gate(STATUTORY)
    async with scene.storage.unit_of_work() as uow:
        await gates.look_back(uow, scene.superior, scene.election, STATUTORY, reason="账没审完", seen=row.version)
        starting = asyncio.create_task(scene.raw(START))
        async with asyncio.timeout(10):
            while not await waits_for_a_lock(scene.storage):  # noqa: ASYNC110 - another session's lock has no event
                await asyncio.sleep(0)
        await uow.commit()
    assert "gates_open" in await starting


async def waits_for_a_lock(storage: Storage) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with storage.database.reading() as connection:
        return bool((await connection.execute(text(waiting))).scalar_one())


async def test_another_content_under_the_same_version_is_refused(scene: Scene) -> None:
    async with scene.storage.unit_of_work() as uow:
        await gates.publish(uow)  # the same again is nothing new
        assert (await uow.read(text("SELECT count(*) FROM gate_rules")))[0][0] == 1
    assert "append_only" in await scene.raw("UPDATE gate_rules SET sha256 = 'x'")
    async with scene.storage.unit_of_work() as uow:
        await uow.execute(
            text(
                "INSERT INTO gate_rules (version, sha256, published_at) "
                "SELECT 'next', sha256, published_at FROM gate_rules"
            )
        )
        rules = load_gates()
        changed = type(rules)("next", "0" * 64, rules.gates, rules.default, rules.places)
        with pytest.raises(ContentError):
            await uow.gates.publish(changed)


MEMBER = (
    "INSERT INTO committee_member (election_id, name, role, standing, entered_by, entered_at) "
    "SELECT :election, :name, 'member', :standing, o.id, o.created_at FROM official o WHERE o.id = :town"
)
RELATIVE = (
    "INSERT INTO committee_relative (member_id, relation, name, declared_at, entered_by) "
    "SELECT max(m.id), 'sibling', :name, max(m.entered_at), max(m.entered_by) FROM committee_member m"
)
VERDICT = (
    "INSERT INTO committee_match (member_id, candidate_id, relative_id, verdict, reason, decided_by, decided_at) "
    "SELECT m.id, c.id, {relative}, :verdict, '问过本人', o.id, o.created_at FROM committee_member m, candidate c, "
    "official o WHERE m.name = :name AND c.name = :standing AND o.id = :town"
)
LEAVE = (
    "UPDATE committee_member SET standing = 'left', left_on = '{day}', left_because = 'nominated', "
    "left_noted_by = entered_by WHERE name = :name"
)


@pytest.mark.parametrize("how", ["own name", "relative"])
async def test_z6_no_election_starts_while_a_member_who_stands_or_whose_relative_does_still_sits(
    scene: Scene, how: str
) -> None:
    """Village 15: the member leaves; only a namesake of the member's own may be rejected, with a reason."""
    await scene.pass_gates(REQUIRED)
    async with scene.storage.unit_of_work() as uow:
        await uow.elections.add_candidate(
            election_id=scene.election, name="王小明", office="chair", official_id=scene.town.id
        )
        await uow.commit()
    name = "王小明" if how == "own name" else "李四"
    assert await scene.raw(MEMBER, name=name, standing="sits") == ""
    relative = "NULL"
    if how == "relative":
        assert await scene.raw(START.replace("'running'", "state")) == ""
        assert await scene.raw(RELATIVE, name="王小明") == ""
        relative = "(SELECT max(r.id) FROM committee_relative r)"
    assert "committee_clash" in await scene.raw(START)
    assert "candidate_name" in await scene.raw("UPDATE candidate SET name = '王小明明'")
    assert "committee_member" in await scene.raw("UPDATE committee_member SET name = '王大明'")
    namesake = await scene.raw(VERDICT.format(relative=relative), verdict="different", name=name, standing="王小明")
    if how == "own name":
        assert namesake == ""
        again = VERDICT.format(relative=relative)
        assert await scene.raw(again, verdict="same", name=name, standing="王小明") == ""  # the newest word counts
    else:
        assert "committee_match" in namesake
        assert "committee_relative" in await scene.raw("UPDATE committee_relative SET name = '王大明'")
        assert "append_only" in await scene.raw("DELETE FROM committee_relative")
    assert "committee_clash" in await scene.raw(START)
    day = (await scene.read()).election_day
    assert await scene.raw(LEAVE.format(day=day), name=name) == ""
    assert "committee_member" in await scene.raw(
        "UPDATE committee_member SET standing = 'sits', left_on = NULL, left_because = NULL, left_noted_by = NULL"
    )
    assert await scene.raw(START) == ""


async def test_s12_one_answers_for_a_place_at_a_level_and_a_deputy_is_somebody_else_who_is_there(scene: Scene) -> None:
    answers = (
        "INSERT INTO responsibility (place_id, level, name, post, from_on, entered_by, entered_at) "
        "SELECT :place, 'guide', '甲乙', '镇换届办', '2026-03-01', o.id, o.created_at FROM official o "
        "WHERE o.id = :town"
    )
    assert await scene.raw(answers, place=scene.place.id) == ""
    assert "uq_responsibility" in (await scene.raw(answers, place=scene.place.id)) or "UNIQUE" in (
        await scene.raw(answers, place=scene.place.id)
    )
    assert "responsibility_fixed" in await scene.raw("UPDATE responsibility SET name = '丙丁'")
    assert "append_only" in await scene.raw("DELETE FROM responsibility")
    away = (
        "INSERT INTO absence (official_id, kind, from_on, until_on, deputy_id, entered_by, entered_at) "
        "SELECT :absent, 'leave', '2026-03-10', '2026-03-12', :deputy, o.id, o.created_at FROM official o "
        "WHERE o.id = :town"
    )
    assert "somebody_else_stands_in" in await scene.raw(away, absent=scene.clerk.id, deputy=scene.clerk.id)
    assert await scene.raw(away, absent=scene.clerk.id, deputy=scene.town.id) == ""
    assert "absence_deputy" in await scene.raw(away, absent=scene.clerk.id, deputy=scene.leader.id)
    assert "absence_deputy" in await scene.raw(away, absent=scene.leader.id, deputy=scene.clerk.id)
    assert "absence_fixed" in await scene.raw("UPDATE absence SET deputy_id = :leader")
    assert "absence_fixed" in await scene.raw("UPDATE absence SET until_on = '2026-03-13'")


async def test_s11_s12_grades_plans_and_accountability_are_only_ever_added_to(scene: Scene) -> None:
    today = (await scene.read()).election_day
    async with scene.storage.unit_of_work() as uow:
        here = scene.place.id
        await responsibility.judge(uow, scene.town, here, factors=["clan", "land"], grade="difficult", note="")
        await responsibility.write_plan(
            uow,
            scene.town,
            here,
            leader="镇长",
            lines=[("查清老账", "财政所", today)],
            from_on=today,
            until_on=today,
            seen=0,
        )
        with pytest.raises(StaleVersion):
            await responsibility.write_plan(
                uow, scene.town, here, leader="镇长", lines=[("查", "甲", today)], from_on=today, until_on=today, seen=0
            )
        words = ("某甲", "县委", "通报1号", "没按时完成")
        await uow.responsibilities.hold_to_account(
            here,
            level="guide",
            ground="not_on_time",
            measure="circular",
            decided_on=today,
            words=words,
            by=scene.leader.id,
        )
        await uow.commit()
    for table, column in (("difficulty", "grade"), ("village_plan", "leader"), ("accountability", "measure")):
        assert "append_only" in await scene.raw(f"UPDATE {table} SET {column} = {column}"), table
        assert "append_only" in await scene.raw(f"DELETE FROM {table}"), table
    async with scene.storage.unit_of_work() as uow:
        (account,) = await uow.responsibilities.accounts(scene.place.id)
        with pytest.raises(RuleRefused):
            await uow.gates.open(scene.election, "no_such_gate")
    assert (account.who, account.organ) == ("某甲", "县委")
