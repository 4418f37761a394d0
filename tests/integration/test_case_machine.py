"""A case's life under random hands: whatever officials do and attackers write, no flagged case ends uninvestigated.

Hypothesis draws the acts; every service act, by every role, recused or not, every raw attack, and everything lawful in
a row. About 500 steps on each database here; HYPOTHESIS_PROFILE=nightly takes more than 10,000.
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from handlers.services import cases, disposals, flags, investigations, names, outcomes, recusals
from knowledge.casework.access import APPROVING_ROLES, HANDLING_ROLES, Role, covers
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Finding, MeasureKind
from knowledge.casework.transfers import is_above
from knowledge.errors import QingfengError
from storage import audit
from storage.engine import Database
from storage.files import FileStore
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.unit_of_work import Storage, UnitOfWork
from storage.vault import KeyRing
from tests import attacks, databases, factories
from tests.case_acts import ACTS, BY_STATE, REASON, RESULT, SUMMARY, Hand
from tests.fakes import FakeClock
from tests.promises import LOWERED, MOVED, PROMISES, STANDING, TOP
from tests.staged_attacks import LATE_FLAGS, STAGED

T = TypeVar("T")
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
#: Each rule does several things in a row, so that every run of the machine gets far.
RUNS, STEPS, IN_A_ROW = (150, 40, 3) if NIGHTLY else (9, 24, 3)
AT_LEAST = 10_000 if NIGHTLY else 500
WEST = "cn/test/west"
SEATS = {
    "official": (Role.DISCIPLINE_OFFICIAL, factories.COUNTY),
    "second": (Role.DISCIPLINE_OFFICIAL, factories.COUNTY),
    "leader": (Role.DISCIPLINE_LEADER, factories.COUNTY),
    "leader2": (Role.DISCIPLINE_LEADER, factories.COUNTY),
    "above": (Role.DISCIPLINE_LEADER, TOP),
    "above2": (Role.SUPERIOR, TOP),
    "recused_above": (Role.SUPERIOR, TOP),
    "low": (Role.DISCIPLINE_LEADER, factories.TOWN),
    "recused": (Role.DISCIPLINE_OFFICIAL, factories.TOWN),
    "far": (Role.DISCIPLINE_LEADER, WEST),
    "staff": (Role.TOWNSHIP_STAFF, factories.TOWN),
    "idle": (Role.ADMINISTRATOR, factories.COUNTY),
    "custodian": (Role.CUSTODIAN, factories.COUNTY),
    "custodian2": (Role.CUSTODIAN, factories.COUNTY),
}
NAMES = list(SEATS)
#: Without those that say who stands back or has a seat: written raw, they do not let a case climb, as use cases do.
AT_A_POINT = {
    name: attack
    for name, attack in {**STAGED, **LATE_FLAGS}.items()
    if not any("recusal" in one or "UPDATE official" in one for one in attack.statements)
}
WAYS = {
    **attacks.RAW_ATTACKS,
    **attacks.SQLITE_ATTACKS,
    **{name: attack.statements for name, attack in AT_A_POINT.items()},
}
#: The ways that fit a state; every cheat also without what comes before it.
FITTING = {
    state: [*attacks.RAW_ATTACKS, *(name for name, attack in AT_A_POINT.items() if attack.at is state)]
    for state in CaseState
}
#: What it is all about, tried as often as everything else together.
ENDINGS = ["set the state", "guide it elsewhere", "tell a result there is none of", "straight to approved"]
Choice = Callable[[UnitOfWork, Case], Coroutine[Any, Any, Official]]
#: What a rule does is rolled from one number, so that 500 steps reach everything: drawn one by one, values repeat.
chances = st.integers(0, 2**48)


@dataclass
class Standing:
    """How a case stands, as far as it may only change in certain ways; `raised`: every flag it ever had."""

    id: int
    unit: str
    round: int
    ended: bool
    raised: set[str | None] = field(default_factory=set)


class CaseMachine(RuleBasedStateMachine):
    """Four cases, fourteen officials, one database."""

    database: ClassVar[Callable[[AsyncExitStack, Path], Coroutine[Any, Any, str]]]
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.stack = AsyncExitStack()
        self.storage = self.done(self.open())
        self.memory: dict[str, Standing] = {}
        self.numbers: list[str] = []
        self.ids: list[int] = []
        self.officials: list[int] = []
        self.events = 0
        self.lowered: set[int] = set()
        self.tampered = False
        self.turn = 0
        self.reporter: Person

    def rolled(self, chance: int) -> Random:
        """Dice for one step: Hypothesis likes to draw the same number again, and the same act again finds nothing."""
        self.turn += 1
        return Random(chance + self.turn * 1_000_003)  # noqa: S311 - dice

    async def open(self) -> Storage:
        keys, folder = KeyRing(bytes(range(32))), Path(self.folder.name)
        url = await type(self).database(self.stack, folder)
        return Storage(Database(url, pool_size=2), keys, FileStore(folder / "files", keys), self.clock)

    def teardown(self) -> None:
        self.done(self.close())
        self.runner.close()
        self.folder.cleanup()

    async def close(self) -> None:
        try:
            assert (await audit.verify(self.storage.database)).fault is None
        finally:
            await self.storage.close()
            await self.stack.aclose()

    def done(self, act: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(act)

    @initialize(chosen=st.lists(st.sampled_from(Category), min_size=3, max_size=3))
    def open_cases(self, chosen: list[Category]) -> None:
        async def act() -> None:
            async with self.storage.unit_of_work() as uow:
                places = await factories.add_county(uow)
                await uow.places.add(path=TOP, kind="county", name="上级")
                people = [await factories.add_official(uow, role, path) for role, path in SEATS.values()]
                await uow.commit()
            self.officials = [one.id for one in people]
            async with self.storage.unit_of_work() as uow:
                self.reporter = await factories.add_person(uow)
                custodian = await factories.add_custodian(uow)
                for at, flag in enumerate((*chosen, None)):
                    unit = factories.TOWN if at == 2 else factories.COUNTY
                    case = await factories.add_case(
                        uow,
                        places[factories.VILLAGE],
                        flags=(flag,) if flag else (),
                        unit_path=unit,
                        named=at == 0,
                        person=self.reporter,
                    )
                    if at == 0:
                        keys = {custodian.id: (await factories.public_keys(uow))[custodian.id]}
                        uow.identities.keep(case.id, factories.sealed_name(keys, "王小明", "13800138000"))
                    self.numbers.append(case.number)
                    self.ids.append(case.id)
                await uow.log.record(actor="system", act="scene_set", subject="case")
                await uow.commit()

        self.done(act())

    async def look(self, uow: UnitOfWork, which: int) -> Case | None:
        return await uow.cases.by_number(self.numbers[which])

    def tried(self, named: str | list[str], act: Callable[[UnitOfWork], Coroutine[Any, Any, Any]]) -> bool:
        """Whether an act went through; our own refusals are an answer, anything else is a fault."""

        async def attempt() -> bool:
            async with self.storage.unit_of_work() as uow:
                try:
                    await act(uow)
                    await uow.commit()
                except QingfengError:
                    return False
                except IntegrityError:
                    if not self.tampered:  # else rows stand there that no use case wrote
                        raise
                    return False
                return True

        self.clock.advance(timedelta(minutes=1))
        went = self.done(attempt())
        self.seen["steps"] += 1
        self.seen["refused"] += not went
        self.seen[f"did {named if isinstance(named, str) else named[0]}"] += went
        return went

    @rule(chance=chances)
    def act(self, chance: int) -> None:
        """Anybody does anything."""
        dice = self.rolled(chance)

        async def chosen(uow: UnitOfWork, _case: Case) -> Official:
            return await self.official(uow, dice.randrange(len(SEATS)))

        for _ in range(IN_A_ROW):
            self.attempted(dice, chosen)

    @rule(chance=chances)
    def act_rightly(self, chance: int) -> None:
        """Anything, by somebody whose work it is: by anybody, few acts would go through."""
        dice = self.rolled(chance)

        async def chosen(uow: UnitOfWork, case: Case) -> Official:
            fit = await self.fitting(uow, case, (*HANDLING_ROLES, *APPROVING_ROLES, Role.CUSTODIAN))
            found = await uow.investigations.of_case(case)
            has_it = {case.handler_id, found.investigator_id if found else None}
            mine = [one for one in fit if one.id in has_it]
            return dice.choice(mine if mine and dice.randrange(2) else fit or [await self.official(uow, 0)])

        for _ in range(IN_A_ROW):
            self.attempted(dice, chosen, fitting=True)

    @rule(chance=chances)
    def act_rightly_again(self, chance: int) -> None:
        """Twice as often."""
        self.act_rightly(chance=chance)

    def attempted(self, dice: Random, chosen: Choice, *, fitting: bool = False) -> None:
        which, other = dice.sample(range(len(self.numbers)), 2)
        name, to, pick = dice.choice(sorted(ACTS)), dice.randrange(len(SEATS)), dice.randrange(24)
        fits = fitting and dice.randrange(2) == 0
        done = [name]

        async def attempt(uow: UnitOfWork) -> None:
            await uow.begin()
            case, second = await self.look(uow, which), await self.look(uow, other)
            if case is not None and second is not None:
                done[0] = dice.choice(BY_STATE[case.state]) if fits else name
                by, two = await chosen(uow, case), await self.official(uow, to)
                note(f"{done[0]}: case {which} and {other}, by {by.id}, to {two.id}, {pick}")
                await ACTS[done[0]](Hand(uow, by, case, second, two, self.reporter, pick))

        self.tried(done, attempt)
        self.the_promises_hold()

    async def official(self, uow: UnitOfWork, at: int) -> Official:
        found = await uow.officials.get(self.officials[at])
        assert found is not None
        return found

    @rule(chance=chances)
    def stand_back(self, chance: int) -> None:
        """Now and then only, else everybody soon stands back from everything."""
        dice = self.rolled(chance)
        by, which = dice.randrange(len(SEATS)), dice.randrange(len(self.numbers))

        async def attempt(uow: UnitOfWork) -> None:
            await recusals.stand_back(uow, await self.official(uow, by), self.numbers[which])

        if dice.randrange(6) == 0:
            self.tried("stand back", attempt)

    @rule(chance=chances)
    def go_on_lawfully(self, chance: int) -> None:
        """Some steps of the road in a row, by whoever may take them: few cases would get anywhere without."""
        dice = self.rolled(chance)
        which, finding = dice.randrange(len(self.numbers)), dice.choice(list(Finding))
        for _ in range(dice.randint(2, 6)):
            if not self.tried("go on", lambda uow: self.go_on(uow, which, finding)):
                return

    @rule(chance=chances)
    def go_on_lawfully_again(self, chance: int) -> None:
        """Twice as often."""
        self.go_on_lawfully(chance=chance)

    async def go_on(self, uow: UnitOfWork, which: int, finding: Finding) -> None:
        await uow.begin()
        case = await self.look(uow, which)
        if case is None or not case.is_open:
            return
        handlers, approvers = (
            await self.fitting(uow, case, HANDLING_ROLES),
            await self.fitting(uow, case, APPROVING_ROLES),
        )
        found = await uow.investigations.of_case(case)
        worked = found.investigators if found else frozenset()
        opinion = await uow.investigations.opinion_of(case)
        second = [one for one in approvers if one.id not in worked and (not opinion or one.id != opinion.proposed_by)]
        lead = [one for one in handlers if found and one.id == found.investigator_id] or handlers
        if not lead or not second:
            return
        number = case.number
        match case.state:
            case CaseState.RECEIVED | CaseState.REGISTERED:
                await cases.accept(uow, lead[0], number)
            case CaseState.REFERRED:
                await cases.take_back(uow, lead[0], number, REASON)
            case CaseState.HELD:
                await cases.take_up(uow, lead[0], number)
            case CaseState.ACCEPTED:
                await disposals.propose(uow, lead[0], number, "preliminary_verification", REASON)
            case CaseState.DISPOSAL_PROPOSED:
                await disposals.approve(uow, second[0], number)
            case CaseState.INVESTIGATING:
                await investigations.add_evidence(uow, lead[0], number, "谈话笔录")
                await investigations.submit_finding(uow, lead[0], number, finding, SUMMARY)
            case CaseState.AWAITING_APPROVAL:
                await investigations.approve_finding(uow, second[0], number)
            case CaseState.APPROVED:
                true = found is not None and found.finding in (Finding.SUBSTANTIATED, Finding.PARTLY_SUBSTANTIATED)
                kind = MeasureKind.CRITICISM if true else MeasureKind.NONE
                await outcomes.recommend(uow, lead[0], number, kind, "镇党委", REASON)
                await outcomes.tell_result(uow, lead[0], number, RESULT, by="phone", looked_again=True)
            case CaseState.TOLD:
                if case.name_state == "claimed":
                    await names.record_contact(uow, lead[0], number, "visit", "confirmed")
                await outcomes.close(uow, lead[0], number)

    async def fitting(self, uow: UnitOfWork, case: Case, roles: tuple[Role, ...]) -> list[Official]:
        recused = await uow.recusals.from_case(case.id)
        everybody = [await self.official(uow, at) for at in range(len(SEATS))]
        return [
            one
            for one in everybody
            if one.active and one.role in roles and covers(one.place_path, case.unit_path) and one.id not in recused
        ]

    @rule(chance=chances)
    def lower_lawfully(self, chance: int) -> None:
        """Two people of a higher level, and a reason: the only way; seldom, else no flag is left."""
        dice = self.rolled(chance)
        which = dice.randrange(len(self.numbers))

        async def attempt(uow: UnitOfWork) -> None:
            await uow.begin()
            case = await self.look(uow, which)
            if case is None or not case.flags:
                return
            fit = [
                one
                for one in await self.fitting(uow, case, APPROVING_ROLES)
                if is_above(one.place_path, case.unit_path)
            ]
            if len(fit) > 1:
                await flags.ask_lowering(uow, fit[0], case.number, case.flags[0].category, REASON)
                (asked,) = [one for one in await uow.flags.removals(case.id) if one.decision is None]
                await flags.decide_lowering(uow, fit[1], case.number, asked.id, agrees=True)

        if dice.randrange(10) == 0:
            self.tried("lower by two from above", attempt)

    @rule(chance=chances)
    def attack(self, chance: int) -> None:
        """Raw SQL: some ways in a row, most of them such as fit the case; now and then only the cheat itself."""
        dice = self.rolled(chance)
        for _ in range(IN_A_ROW):
            which, *others = dice.sample(range(len(self.ids)), len(self.ids))
            fitting = FITTING[self.done(self.state_of(which))]
            way = dice.choice((ENDINGS, ENDINGS, fitting, sorted(WAYS))[dice.randrange(4)])
            statements = WAYS[way] if dice.randrange(3) else WAYS[way][-1:]
            note(f"{way}: case {which}, {len(statements)} statements")
            self.attacked(which, others, statements)
            self.the_promises_hold()

    async def state_of(self, which: int) -> CaseState:
        async with self.storage.unit_of_work() as uow:
            case = await self.look(uow, which)
        return case.state if case else CaseState.CLOSED

    def attacked(self, which: int, others: list[int], statements: tuple[str, ...]) -> None:
        rest = [self.ids[at] for at in others]
        values: dict[str, int | str] = dict(zip(NAMES, self.officials, strict=True))
        values |= {"id": self.ids[which], "other": rest[0], "third": rest[1], "fourth": rest[2]}
        values |= {"plain": rest[0], "done": rest[1], "town": rest[2], "named": self.ids[0]}
        values |= {"idle_custodian": self.officials[NAMES.index("idle")], "stranger": self.reporter.id}

        async def write() -> bool:
            async with self.storage.unit_of_work() as uow:
                paths = {"unit": factories.COUNTY, "up": TOP, "down": factories.TOWN, "side": WEST}
                places = {name: await uow.places.by_path(path) for name, path in paths.items()}
            units = {name: found.id for name, found in places.items() if found}
            return await attacks.attempt(self.storage, statements, values | units)

        self.clock.advance(timedelta(minutes=1))
        went = self.done(write())
        self.seen["steps"] += 1
        self.seen["attacks"] += 1
        self.seen["attacks through"] += went
        self.tampered |= went

    @invariant()
    def the_promises_hold(self) -> None:
        if self.numbers:
            self.done(self.check())

    async def check(self) -> None:
        async with self.storage.unit_of_work() as uow:
            await uow.begin()
            assert [tuple(row) for row in await uow.read(PROMISES)] == []
            await self.check_lowered(uow)
            count, last = (await uow.read(text("SELECT count(*), max(id) FROM event")))[0]
            assert count == last >= self.events, "an event is gone"
            self.events = count
            standing: dict[str, Standing] = {}
            for row in await uow.read(STANDING):
                one = standing.setdefault(row.number, Standing(row.id, row.path, row.round, row.state in CLOSED_STATES))
                one.raised |= {row.category} - {None}
            for number in self.numbers:
                await self.compare(uow, number, self.memory.get(number), standing.get(number))
            self.memory = self.memory | standing

    async def check_lowered(self, uow: UnitOfWork) -> None:
        for row in await uow.read(LOWERED):
            if row.id not in self.lowered:
                from_above = [is_above(path, row.unit) for path in (row.asking, row.deciding)]
                assert from_above == [True, True], "a flag was lowered by somebody who is not above"
            self.lowered.add(row.id)

    async def compare(self, uow: UnitOfWork, number: str, before: Standing | None, now: Standing | None) -> None:
        if before is None:
            return
        if now is None:
            assert before.ended, f"{number} disappeared while it was open"
            assert not before.raised, f"{number} disappeared though it was flagged once"
            return
        assert now.raised >= before.raised, f"{number} lost a flag"
        assert now.round - before.round in (0, 1)
        if before.unit != now.unit and not is_above(now.unit, before.unit):
            assert await uow.read(MOVED, {"case": now.id, "unit": now.unit}), (number, before.unit, now.unit)
        self.seen["lawfully ended"] += bool(now.raised) and now.ended and not before.ended


async def _sqlite(template: Path, _stack: AsyncExitStack, folder: Path) -> str:
    return databases.sqlite_database(template, folder)


async def _postgresql(stack: AsyncExitStack, _folder: Path) -> str:
    return await stack.enter_async_context(databases.postgresql_database())


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_no_sequence_of_acts_and_attacks_ends_a_flagged_case_uninvestigated(
    kind: str, sqlite_template: Path, request: pytest.FixtureRequest
) -> None:  # N1, N2, N5
    class Machine(CaseMachine):
        database = staticmethod(lambda stack, folder: _sqlite(sqlite_template, stack, folder))
        seen: ClassVar[Counter[str]] = Counter()

    if kind == "postgresql":
        request.getfixturevalue("postgresql")
        Machine.database = staticmethod(_postgresql)
    chosen = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=not NIGHTLY,  # the same steps for everybody by day, new ones every night
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=chosen)
    seen = Machine.seen
    print(kind, dict(sorted(seen.items())))  # noqa: T201 - what the night did
    assert seen["steps"] >= AT_LEAST
    assert seen["lawfully ended"] > 0  # else the invariants would have been about nothing
    assert seen["refused"] > seen["steps"] // 10
    assert seen["attacks"] > seen["attacks through"] > 0
    done = {name.removeprefix("did ") for name, times in seen.items() if name.startswith("did ") and times}
    if NIGHTLY:
        assert set(ACTS) <= done, set(ACTS) - done
