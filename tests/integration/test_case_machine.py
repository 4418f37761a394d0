"""A case's life under random hands: whatever officials do and attackers write, no flagged case ends uninvestigated.

Hypothesis draws the acts; every service act, by every role, recused or not, and every raw attack is among them.
About 500 steps here; HYPOTHESIS_PROFILE=nightly takes more than 10,000.
"""

import asyncio
import os
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from handlers.services import cases as service
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Finding
from knowledge.errors import QingfengError
from storage import audit
from storage.engine import Database
from storage.files import FileStore
from storage.repositories.cases import Case, CaseFlag
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.unit_of_work import Storage, UnitOfWork
from storage.vault import KeyRing
from tests import attacks, databases, factories
from tests.fakes import FakeClock

T = TypeVar("T")
RUNS, STEPS = (180, 60) if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else (10, 50)
WAYS = {**attacks.RAW_ATTACKS, **attacks.SQLITE_ATTACKS}
WORDS = "走访了十二户，说法一致，另有转账截图。"
SEATS = (
    (Role.DISCIPLINE_OFFICIAL, factories.COUNTY),
    (Role.DISCIPLINE_OFFICIAL, factories.COUNTY),
    (Role.DISCIPLINE_LEADER, factories.COUNTY),
    (Role.DISCIPLINE_LEADER, factories.COUNTY),
    (Role.SUPERIOR, "cn"),
    (Role.DISCIPLINE_OFFICIAL, "cn/test/west"),
    (Role.TOWNSHIP_STAFF, factories.TOWN),
    (Role.ADMINISTRATOR, factories.COUNTY),
)
#: Every closed, flagged case whose present round lacks a lawful investigation.
UNLAWFUL = text(
    """
    SELECT c.number FROM cases c
    WHERE c.state IN ('closed', 'guided_elsewhere', 'approved')
      AND EXISTS (SELECT 1 FROM case_flag f WHERE f.case_id = c.id)
      AND NOT EXISTS (
        SELECT 1 FROM investigation i
        WHERE i.case_id = c.id AND i.round = c.round AND i.finding IS NOT NULL AND i.summary_sealed IS NOT NULL
          AND i.approved_at IS NOT NULL AND i.approver_id <> i.investigator_id
          AND (SELECT count(*) FROM investigation_evidence e WHERE e.investigation_id = i.id) > 0
          AND (SELECT o.role FROM official o WHERE o.id = i.approver_id) IN ('discipline_leader', 'superior')
          AND NOT EXISTS (SELECT 1 FROM recusal r WHERE r.case_id = c.id AND r.declared_at <= i.approved_at
                          AND r.official_id IN (i.investigator_id, i.approver_id)))
    """
)
FLAGS = text("SELECT c.number, c.state, f.category FROM cases c LEFT JOIN case_flag f ON f.case_id = c.id")
officials = st.integers(0, len(SEATS) - 1)
cases = st.integers(0, 2)


class CaseMachine(RuleBasedStateMachine):
    """Three cases, eight officials, one database."""

    template: ClassVar[Path]
    lawfully_closed: ClassVar[int] = 0
    refusals: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        keys = KeyRing(bytes(range(32)))
        url = databases.sqlite_database(self.template, Path(self.folder.name))
        self.storage = Storage(Database(url), keys, FileStore(Path(self.folder.name) / "files", keys), self.clock)
        self.flags: dict[str, set[str]] = {}
        self.numbers: list[str] = []
        self.officials: list[Official] = []
        self.village: Place

    def teardown(self) -> None:
        self.done(self.check_log())
        self.done(self.storage.close())
        self.runner.close()
        self.folder.cleanup()

    def done(self, act: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(act)

    async def check_log(self) -> None:
        assert (await audit.verify(self.storage.database)).fault is None

    @initialize(flags=st.lists(st.frozensets(st.sampled_from(Category), max_size=2), min_size=3, max_size=3))
    def open_cases(self, flags: list[frozenset[Category]]) -> None:
        async def act() -> None:
            async with self.storage.unit_of_work() as uow:
                self.village = (await factories.add_county(uow))[factories.VILLAGE]
                self.officials = [await factories.add_official(uow, role, path) for role, path in SEATS]
                for number, some in enumerate(flags):
                    raised = tuple(some | {Category.VOTE_BUYING}) if number < 2 else tuple(some)
                    self.numbers.append((await factories.add_case(uow, self.village, flags=raised)).number)
                await uow.commit()

        self.done(act())

    async def case(self, uow: UnitOfWork, number: int) -> Case:
        return await factories.read_case(uow, self.numbers[number])

    def tried(self, which: int, by: int, act: Any, *arguments: Any) -> bool:
        """Whether a service act went through; our own refusals are an answer, anything else is a fault."""

        async def attempt() -> bool:
            async with self.storage.unit_of_work() as uow:
                try:
                    await act(uow, self.officials[by], self.numbers[which], *arguments)
                    await uow.commit()
                except QingfengError:
                    return False
                return True

        type(self).steps += 1
        self.clock.advance(timedelta(minutes=1))
        went = self.done(attempt())
        type(self).refusals += not went
        return went

    @rule(which=cases, by=officials)
    def accept(self, which: int, by: int) -> None:
        self.tried(which, by, service.accept)

    @rule(which=cases, by=officials)
    def guide_elsewhere(self, which: int, by: int) -> None:
        self.tried(which, by, service.guide_elsewhere, "请到信访窗口反映")

    @rule(which=cases, by=officials)
    def start_investigation(self, which: int, by: int) -> None:
        self.tried(which, by, service.start_investigation)

    @rule(which=cases, by=officials)
    def add_evidence(self, which: int, by: int) -> None:
        self.tried(which, by, service.add_evidence, "谈话笔录")

    @rule(which=cases, by=officials, finding=st.sampled_from(Finding))
    def submit_finding(self, which: int, by: int, finding: Finding) -> None:
        self.tried(which, by, service.submit_finding, finding, WORDS)

    @rule(which=cases, by=officials)
    def return_finding(self, which: int, by: int) -> None:
        self.tried(which, by, service.return_finding, "还差一份笔录")

    @rule(which=cases, by=officials)
    def approve_finding(self, which: int, by: int) -> None:
        self.tried(which, by, service.approve_finding)

    @rule(which=cases, by=officials)
    def close(self, which: int, by: int) -> None:
        self.tried(which, by, service.close)

    @rule(which=cases, by=officials)
    def reopen(self, which: int, by: int) -> None:
        self.tried(which, by, service.reopen, "有了新的证据")

    @rule(which=cases, by=officials, to=officials)
    def assign(self, which: int, by: int, to: int) -> None:
        self.tried(which, by, service.assign, self.officials[to].id)

    @rule(which=cases, by=officials, category=st.sampled_from(Category))
    def add_flag(self, which: int, by: int, category: Category) -> None:
        self.tried(which, by, service.add_flag, CaseFlag(category, ("手工标记",), "test"))

    @precondition(lambda _self: CaseMachine.steps % 3 == 0)  # else everybody soon stands back from everything
    @rule(which=cases, by=officials)
    def stand_back(self, which: int, by: int) -> None:
        self.tried(which, by, service.stand_back)

    @rule(
        which=cases,
        steps=st.integers(1, 5),
        investigator=st.sampled_from([0, 1, 2, 3]),
        approver=st.sampled_from([2, 3, 4]),
    )
    def walk_the_main_road(self, which: int, steps: int, investigator: int, approver: int) -> None:
        """Some lawful steps in a row, by people whose role allows it: without them few cases would get anywhere."""

        async def look() -> CaseState:
            async with self.storage.unit_of_work() as uow:
                return (await self.case(uow, which)).state

        for _ in range(steps):
            match self.done(look()):
                case CaseState.RECEIVED:
                    self.tried(which, investigator, service.accept)
                case CaseState.ACCEPTED:
                    self.tried(which, investigator, service.start_investigation)
                case CaseState.INVESTIGATING:
                    self.tried(which, investigator, service.add_evidence, "谈话笔录")
                    self.tried(which, investigator, service.submit_finding, Finding.UNFOUNDED, WORDS)
                case CaseState.AWAITING_APPROVAL:
                    self.tried(which, approver, service.approve_finding)
                case _:
                    return

    @rule(which=cases, other=cases, by=officials, leader=officials, way=st.sampled_from(sorted(WAYS)))
    def attack(self, which: int, other: int, by: int, leader: int, way: str) -> None:
        async def write() -> None:
            async with self.storage.unit_of_work() as uow:
                one, second = await self.case(uow, which), await self.case(uow, other)
            values = {
                "id": one.id,
                "other": second.id,
                "official": self.officials[by].id,
                "leader": self.officials[leader].id,
            }
            await attacks.attempt(self.storage, WAYS[way], values)

        type(self).steps += 1
        self.done(write())

    @invariant()
    def no_flagged_case_ended_uninvestigated_and_no_flag_or_case_is_gone(self) -> None:
        async def look() -> tuple[list[Any], list[Any]]:
            async with self.storage.unit_of_work() as uow:
                return await uow.read(UNLAWFUL), await uow.read(FLAGS)

        unlawful, rows = self.done(look())
        assert unlawful == []
        assert {row.number for row in rows} == set(self.numbers)
        for number in self.numbers:
            flags = {row.category for row in rows if row.number == number} - {None}
            assert flags >= self.flags.get(number, set())
            self.flags[number] = flags
            closed = any(row.number == number and row.state in CLOSED_STATES for row in rows)
            type(self).lawfully_closed += bool(flags) and closed


def test_no_sequence_of_acts_and_attacks_ends_a_flagged_case_uninvestigated(sqlite_template: Path) -> None:
    CaseMachine.template = sqlite_template
    CaseMachine.steps = CaseMachine.refusals = CaseMachine.lawfully_closed = 0
    chosen = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=RUNS < 100,  # the same steps for everybody by day, new ones every night
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(CaseMachine, settings=chosen)
    assert CaseMachine.steps >= (10_000 if RUNS > 100 else 400)
    assert CaseMachine.lawfully_closed > 0  # else the invariant would have been about nothing
    assert CaseMachine.refusals > 0
