"""Reports with a name: filed by rows alone, opened and confirmed by a custodian through the use cases."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from handlers.services import custody, names
from knowledge.casework.access import Role
from knowledge.casework.categories import CategorySet
from knowledge.casework.names import NameState
from storage.repositories.cases import Case, Matter
from storage.repositories.flags import CaseFlag
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.tables.cases import cases
from storage.tables.records import event
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.desk_site import DeskSite

NAME = "王小明"
CONTACT = "13800138000"
OTHER_PASSWORD = "another long password"


async def add_named(
    uow: UnitOfWork,
    place: Place,
    contact: str,
    *,
    who: str = "李大勇",
    matters: Iterable[str] = ("vote_buying",),
    recused: Iterable[int] = (),
    **more: Any,
) -> Case:
    """A case with a name that its custodians keep, about somebody and something."""
    case = await factories.add_case(uow, place, named=True, who=who, **more)
    uow.cases.add_matters(case.id, [Matter(one, "挨家送烟") for one in matters])
    for official_id in recused:
        uow.recusals.recuse(case.id, official_id)
    wanted = await custody.keepers(uow, case)
    keys = {who: key for who, key in (await factories.public_keys(uow)).items() if who in wanted}
    uow.identities.keep(case.id, factories.sealed_name(keys, NAME, contact))
    return await factories.read_case(uow, case.number)


async def open_name(
    storage: Storage, custodian: Official, number: str, *, password: str = factories.PASSWORD, purpose: str = "call"
) -> names.OpenedName:
    async with storage.unit_of_work() as uow:
        opened = await names.open_name(uow, custodian, number, password, purpose)
        await uow.commit()
    return opened


async def attempt(storage: Storage, official: Official, number: str, outcome: str, method: str = "call") -> Case:
    async with storage.unit_of_work() as uow:
        case = await names.record_attempt(uow, official, number, method, outcome)
        await uow.commit()
    return case


async def verify(storage: Storage, custodian: Official, number: str) -> None:
    """Open the name, call, and be told that it is true."""
    await open_name(storage, custodian, number)
    await attempt(storage, custodian, number, "confirmed")


async def acts(storage: Storage) -> list[str]:
    """The acts of the event log, oldest first."""
    async with storage.unit_of_work() as uow:
        return [row.act for row in await uow.read(select(event.c.act).order_by(event.c.id))]


async def flag_of(storage: Storage, number: str, category: str = "mass_reaction") -> CaseFlag | None:
    """A case's flag of a category, if it is in force."""
    async with storage.unit_of_work() as uow:
        case = await factories.read_case(uow, number)
    return next((flag for flag in case.flags if flag.category == category), None)


def with_mass(rules: CategorySet, **changed: Any) -> CategorySet:
    """The same content with other figures for a strong reaction."""
    return replace(rules, **changed)


class NamesSite(DeskSite):
    """A county with two custodians and an official, and a report with a name."""

    async def prepare(self) -> None:
        self.places = await self.do(factories.add_county)
        self.custodian = await self.do(factories.add_custodian)
        self.second = await self.do(self.another_custodian)
        self.handler = await self.do(factories.add_official)
        self.case = await self.report()

    async def another_custodian(self, uow, username="custodian2", place_path=factories.COUNTY) -> Official:
        seat = await factories.quick_access().create_official(
            uow,
            username=username,
            display_name="何静",
            role=Role.CUSTODIAN,
            place_path=place_path,
            password=OTHER_PASSWORD,
        )
        return seat.official

    async def report(self, contact=CONTACT, **more):
        return await self.do(lambda uow: add_named(uow, self.places[factories.VILLAGE], contact, **more))

    async def state(self, number=None) -> NameState:
        return (await self.do(lambda uow: factories.read_case(uow, number or self.case.number))).name_state

    async def token(self, number=None):
        query = select(cases.c.person_token).where(cases.c.number == (number or self.case.number))
        return (await self.do(lambda uow: uow.read(query)))[0].person_token
