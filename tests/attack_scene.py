"""A county in which every way round the rules can be tried: one case at some point of its road, and everybody needed.

The names are those the statements of tests/staged_attacks.py use.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sqlalchemy import text

from handlers.services import deadlines
from knowledge.casework.access import Role
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState, StepKind
from storage.repositories.cases import Case, Matter
from storage.repositories.officials import Official
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories

ABOVE, ELSEWHERE = "cn", "cn/elsewhere"
#: name -> (role, place)
SEATS = {
    "official": (Role.DISCIPLINE_OFFICIAL, factories.COUNTY),
    "second": (Role.DISCIPLINE_OFFICIAL, factories.COUNTY),
    "leader": (Role.DISCIPLINE_LEADER, factories.COUNTY),
    "leader2": (Role.DISCIPLINE_LEADER, factories.COUNTY),
    "recused": (Role.DISCIPLINE_LEADER, factories.COUNTY),
    "above": (Role.SUPERIOR, ABOVE),
    "above2": (Role.SUPERIOR, ABOVE),
    "recused_above": (Role.SUPERIOR, ABOVE),
    "idle": (Role.DISCIPLINE_LEADER, ABOVE),
    "low": (Role.DISCIPLINE_LEADER, factories.TOWN),
    "far": (Role.DISCIPLINE_LEADER, ELSEWHERE),
    "staff": (Role.TOWNSHIP_STAFF, factories.COUNTY),
    "custodian": (Role.CUSTODIAN, factories.COUNTY),
    "custodian2": (Role.CUSTODIAN, factories.COUNTY),
    "idle_custodian": (Role.CUSTODIAN, factories.COUNTY),
}
LONG_AGO = datetime(2019, 3, 11, 2, 0, tzinfo=UTC)
LEFT = ("idle", "idle_custodian")


@dataclass(frozen=True)
class Scene:
    """The case :id, the people around it, and what every name in a statement stands for."""

    storage: Storage
    case: Case
    people: dict[str, Official]
    values: dict[str, int | str]

    async def present(self) -> Case:
        """The case as it stands now."""
        async with self.storage.unit_of_work() as uow:
            return await factories.read_case(uow, self.case.number)


async def make_scene(storage: Storage, state: CaseState, flags: tuple[str, ...]) -> Scene:
    """A case brought lawfully to a state on the main road, with a row in every table that hangs on it."""
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        up = await uow.places.add(path=ABOVE, kind="county", name="上级")
        side = await uow.places.add(path=ELSEWHERE, kind="county", name="邻县")
        people = await _people(uow)
        village = places[factories.VILLAGE]
        reporter = await factories.add_person(uow)
        stranger = await factories.add_person(uow, 1002)
        main = await factories.add_case(uow, village, flags=flags, person=reporter)
        more = {name: await factories.add_case(uow, village, flags=flags) for name in ("other", "third", "fourth")}
        more["plain"] = await factories.add_case(uow, village, flags=())
        more["town"] = await factories.add_case(uow, village, flags=flags, unit_path=factories.TOWN)
        more["named"] = await factories.add_case(uow, village, flags=flags, named=True)
        done = await factories.add_case(uow, village, flags=flags)
        walk = {"investigator": people["official"], "approver": people["leader"]}
        more["done"] = await factories.bring_to(uow, done, CaseState.CLOSED, **walk)
        for one in (main, more["plain"], more["town"], more["done"]):
            uow.recusals.recuse(one.id, people["recused"].id)
            uow.recusals.recuse(one.id, people["recused_above"].id)
        keys = {people["custodian"].id: (await factories.public_keys(uow))[people["custodian"].id]}
        for one in (main, more["named"]):
            uow.identities.keep(one.id, factories.sealed_name(keys, "王小明", "13800138000"))
        main = await factories.bring_to(uow, main, state, **walk)
        await _hang_on(uow, main, people["official"])
        for name in LEFT:
            await uow.execute(text("UPDATE official SET active = false WHERE id = :id"), {"id": people[name].id})
        await uow.commit()
    values: dict[str, int | str] = {name: one.id for name, one in {**people, **more}.items()}
    units = {"up": up.id, "side": side.id, "down": places[factories.TOWN].id, "unit": places[factories.COUNTY].id}
    return Scene(storage, main, people, {**values, **units, "id": main.id, "stranger": stranger.id})


async def _people(uow: UnitOfWork) -> dict[str, Official]:
    people = {name: await factories.add_official(uow, role, path) for name, (role, path) in SEATS.items()}
    people["custodian"] = await factories.add_custodian(uow)
    return {name: replace(one, active=name not in LEFT) for name, one in people.items()}


async def _hang_on(uow: UnitOfWork, case: Case, official: Official) -> None:
    await uow.cases.add_note(case.id, "先问过村里的会计。", author_id=official.id)
    present = uow.clock.now()
    uow.clock.set(LONG_AGO)  # what comes in keeps a case from being erased for a year
    await uow.dialogue.from_reporter(case.id, "又想起一件事。")
    await uow.files.add(b"\xff\xd8\xff picture", name="烟.jpg", origin="reporter", case_id=case.id)
    uow.clock.set(present)
    uow.cases.add_matters(case.id, [Matter("vote_buying", "挨家送烟")])
    await uow.recusals.declare(case.id, official.id, "clear")
    day = date(2026, 3, 20)
    deadlines.start(uow, case.id, ClockKind.REVIEW, on=date(2026, 3, 11))
    clock = next(one for one in await uow.clocks.of_case(case.id) if one.kind == ClockKind.REVIEW)
    await uow.clocks.pause(
        clock.id, from_on=day, until_on=date(2026, 3, 22), reason="对方出国", by=official.id, due_on=clock.due_on
    )
    await uow.clocks.stop(case.id, ClockKind.REVIEW, day)
    await uow.execute(
        text(
            "INSERT INTO deadline_notice (clock_id, due_on, stage, official_id, due_at) "
            f"SELECT id, due_on, 'T', {official.id}, '2026-03-20T02:00:00.000000' FROM case_clock WHERE id = {clock.id}"
        )
    )
    found = await uow.investigations.of_case(case)
    if found is not None:
        await uow.investigations.add_step(
            found.id, kind=StepKind.VISIT, taken_on=day, body="走访了两户", official_id=official.id
        )
    await uow.execute(
        text(
            "INSERT INTO rule_set (version, sha256, content, first_used_at) "
            f"SELECT 'test', 'x', narrative_sealed, received_at FROM cases WHERE id = {case.id}"
        )
    )
    await uow.log.record(actor="system", act="scene_set", subject=f"case/{case.number}")
