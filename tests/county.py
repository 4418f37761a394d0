"""A county with officials in every unit, for tests of what goes on between them: who gives, takes, leaves, climbs."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from sqlalchemy import select

from handlers.services import recusals, transfers
from handlers.services.intake import Filed, Intake, NewReport
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.transfers import TransferState
from storage.engine import Database
from storage.files import FileStore
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.tables.records import outbox
from storage.unit_of_work import Storage, UnitOfWork
from storage.vault import KeyRing
from tests import databases, factories
from tests.desk_site import Browser, DeskSite
from tests.fakes import FakeClock

T = TypeVar("T")
TOP: Final = "cn"
COUNTY, EAST, WEST = factories.COUNTY, factories.TOWN, "cn/test/west"
VILLAGE = factories.VILLAGE
REASON: Final = "这件归你们那里管"
WHAT: Final = "选举前两天，他挨家送了两条烟，让大家投他一票。"
#: Seat -> role, place, name, whether head of the body there. No name is part of another, or of a report's own words.
SEATS: Final = {
    "top": (Role.DISCIPLINE_OFFICIAL, TOP, "邵定山", False),
    "top-lead": (Role.DISCIPLINE_LEADER, TOP, "裴启明", True),
    "county": (Role.DISCIPLINE_OFFICIAL, COUNTY, "方守正", False),
    "county-2": (Role.DISCIPLINE_OFFICIAL, COUNTY, "段克勤", False),
    "county-lead": (Role.DISCIPLINE_LEADER, COUNTY, "祁连生", True),
    "east": (Role.DISCIPLINE_OFFICIAL, EAST, "冯小满", False),
    "east-2": (Role.DISCIPLINE_OFFICIAL, EAST, "尹春来", False),
    "east-lead": (Role.DISCIPLINE_LEADER, EAST, "鲁大川", True),
    "west": (Role.DISCIPLINE_OFFICIAL, WEST, "葛长河", False),
    "west-lead": (Role.DISCIPLINE_LEADER, WEST, "庞玉林", True),
}


@dataclass
class County:
    """The seats by name, the places by path, and one browser for each official who needs one."""

    site: DeskSite
    places: dict[str, Place]
    seats: dict[str, Official]
    browsers: dict[str, Browser] = field(default_factory=dict)

    @property
    def storage(self) -> Storage:
        return self.site.storage

    async def do(self, act: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Run something in a committed unit of work."""
        async with self.storage.unit_of_work() as uow:
            result = await act(uow)
            await uow.commit()
        return result

    async def by(self, seat: str, act: Callable[..., Awaitable[T]], *given: Any, **more: Any) -> T:
        """Let an official do something, in a committed unit of work."""
        return await self.do(lambda uow: act(uow, self.seats[seat], *given, **more))

    async def report(self, who: str = "李大壮", *, what: str = WHAT, place: str = VILLAGE) -> Filed:
        """A report through the one way in."""
        narrative = {"what": what, "who": who, "when": "3月8日", "where": "村口", "how_known": "看见"}
        intake = Intake(Classifier(load_categories()))
        return await self.do(lambda uow: intake.file(uow, NewReport(self.places[place], narrative, who)))

    async def case(self, number: str) -> Case:
        async with self.storage.unit_of_work() as uow:
            return await factories.read_case(uow, number)

    async def recused(self, number: str) -> set[str]:
        """The seats that stand back from a case."""
        case = await self.case(number)
        async with self.storage.unit_of_work() as uow:
            ids = await uow.recusals.from_case(case.id)
        return {name for name, one in self.seats.items() if one.id in ids}

    async def sees(self, seat: str, number: str) -> bool:
        """Whether an official may know of a case."""
        async with self.storage.unit_of_work() as uow:
            return await uow.cases.by_number(number, visible_to=self.seats[seat]) is not None

    async def declare(self, seat: str, name: str, *, kind: str = "relative", place: str = "") -> None:
        """An official declares a relative, or an interest."""
        await self.by(seat, recusals.declare_kin, kind=kind, relation="亲戚", name=name, place_path=place)

    async def browser(self, seat: str) -> Browser:
        if seat not in self.browsers:
            self.browsers[seat] = await self.site.sign_in(self.seats[seat])
        return self.browsers[seat]

    async def offered(self, number: str, to: str = WEST, by: str = "east", **more: Any) -> int:
        """Offer a case; returns the offer's id."""
        await self.by(by, transfers.offer, number, to, REASON, **more)
        case = await self.case(number)
        async with self.storage.unit_of_work() as uow:
            offer = await uow.transfers.open_of(case.id)
        assert offer is not None
        return offer.id

    async def offer_state(self, offer_id: int) -> TransferState:
        async with self.storage.unit_of_work() as uow:
            found = await uow.transfers.get(offer_id)
        assert found is not None
        return found.state

    async def clocks(self, number: str, *, running: bool = True) -> list[str]:
        """The kinds of a case's clocks."""
        case = await self.case(number)
        async with self.storage.unit_of_work() as uow:
            return [one.kind for one in await uow.clocks.of_case(case.id) if one.is_running or not running]

    async def told(self) -> list[str]:
        """The seats with a notice that waits to leave, once for each notice; forgets them."""
        async with self.storage.unit_of_work() as uow:
            rows = await uow.read(select(outbox.c.id, outbox.c.dedupe_key).order_by(outbox.c.id))
        names = {str(one.id): name for name, one in self.seats.items()}
        new = [row for row in rows if row.id not in self._heard]
        self._heard |= {row.id for row in new}
        return [names[row.dedupe_key.rpartition("/")[2]] for row in new if row.dedupe_key.startswith("notice/")]

    _heard: set[int] = field(default_factory=set)


async def open_county(storage: Storage) -> County:
    """A place above, the county of the factories, two towns with a unit each, and an official in every seat."""
    site = DeskSite(storage)

    async def furnish(uow: UnitOfWork) -> tuple[dict[str, Place], dict[str, Official]]:
        places = {TOP: await uow.places.add(path=TOP, kind="county", name="上级市"), **await factories.add_county(uow)}
        seats = {
            seat: await factories.add_official(uow, role, path, username=seat, display_name=name, is_head=is_head)
            for seat, (role, path, name, is_head) in SEATS.items()
        }
        for number, one in enumerate(seats.values()):
            await uow.officials.set_notice_chat(one.id, 9_000 + number)
        return places, seats

    return County(site, *await site.do(furnish))


@asynccontextmanager
async def county_of_its_own(url: str, folder: Path) -> AsyncIterator[County]:
    """A county in a database of its own."""
    keys = KeyRing(bytes(range(32)))
    storage = Storage(Database(url), keys, FileStore(folder / "files", keys), FakeClock())
    try:
        yield await open_county(storage)
    finally:
        await storage.close()


Act = Callable[[County], Awaitable[None]]


def each_in_its_own(request: pytest.FixtureRequest, kind: str) -> Callable[[Act], None]:
    """What runs one example of a property after the other, each in a fresh county on this kind of database."""
    template: Path = request.getfixturevalue("sqlite_template")
    if kind == "postgresql":
        request.getfixturevalue("postgresql")

    async def once(act: Act) -> None:
        with tempfile.TemporaryDirectory() as folder:
            if kind == "sqlite":
                url = databases.sqlite_database(template, Path(folder))
                async with county_of_its_own(url, Path(folder)) as county:
                    await act(county)
                return
            async with databases.postgresql_database() as url, county_of_its_own(url, Path(folder)) as county:
                await act(county)

    return lambda act: asyncio.run(once(act))
