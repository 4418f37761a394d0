"""A county where names are asked for: three custodians, an asker with a key, a report with a name and one without."""

from typing import Any

from handlers.services import recusals, releases
from knowledge.casework.access import Role
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork
from tests import factories
from tests.named_cases import OTHER_PASSWORD, NamesSite

ASKERS_PASSWORD = "an askers password"
WHY = "要当面核对两笔账"


class ReleaseSite(NamesSite):
    """A county with three custodians, of whom two are needed, an asker with a key, and a report with a name."""

    async def prepare(self) -> None:
        await super().prepare()
        self.third = await self.do(lambda uow: self.another_custodian(uow, "custodian3"))
        self.asker = await self.do(lambda uow: self.seated(uow, "asker"))
        self.named = await self.report("13900139000")
        self.nameless = await self.do(lambda uow: factories.add_case(uow, self.places[factories.VILLAGE]))
        for case in (self.named, self.nameless):
            await self.do(lambda uow, one=case: recusals.declare_clear(uow, self.asker, one.number))

    async def seated(self, uow: UnitOfWork, username: str, role: Role = Role.DISCIPLINE_OFFICIAL) -> Official:
        """An official with a password and a key pair."""
        seat = await factories.quick_access().create_official(
            uow,
            username=username,
            display_name="办案人",
            role=role,
            place_path=factories.COUNTY,
            password=ASKERS_PASSWORD,
        )
        await uow.recusals.confirm_declaration(seat.official.id)
        return seat.official

    async def ask(self, case: Case | None = None, **more: Any) -> int:
        """Ask for a case's name; returns the request."""
        case = case or self.named
        who = more.pop("who", self.asker)
        await self.do(
            lambda uow: releases.ask(uow, who, case.number, more.get("purpose", "talk"), more.get("why", WHY))
        )
        return (await self.do(lambda uow: uow.releases.of_asker(who.id, case.id)))[-1].id

    def password_of(self, who: Official) -> str:
        return factories.PASSWORD if who.id == self.custodian.id else OTHER_PASSWORD

    async def grant(self, release_id: int, who: Official | None = None, password: str = "") -> None:
        who = who or self.custodian
        password = password or self.password_of(who)
        async with self.storage.unit_of_work() as uow:
            try:
                await releases.grant(uow, who, release_id, password)
            finally:
                await uow.commit()

    async def refuse(self, release_id: int, who: Official, reason: str = "not_needed", words: str = "") -> None:
        await self.do(lambda uow: releases.refuse(uow, who, release_id, reason, words))

    async def open(self, password: str = ASKERS_PASSWORD, case: Case | None = None) -> releases.OpenedName:
        async with self.storage.unit_of_work() as uow:
            try:
                return await releases.open_released(uow, self.asker, (case or self.named).number, password)
            finally:
                await uow.commit()

    async def release(self, release_id: int) -> Any:
        return await self.do(lambda uow: uow.releases.get(release_id))
