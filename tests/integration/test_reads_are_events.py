"""Reads are events too (N7): what the access layer opened is held against the rows of the log.

The repositories are watched while every address of the desk is read by everybody who may read it, and while a reporter
looks from a chat. A case whose content was opened, a file, a sealed name, and a page that shows a case's number must
each have left an event by whoever looked. A missing event is a failure; what is not watched here is not content.
"""

import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from handlers.desk.app import PAGES
from handlers.services import cases, handovers, links, transfers
from knowledge.casework.access import Role
from storage.files import FileStore
from storage.repositories.cases import Cases
from storage.repositories.dialogue import Dialogue
from storage.repositories.files import Files
from storage.repositories.identities import Identities
from storage.repositories.investigations import Investigations
from storage.repositories.officials import Official
from storage.tables.records import event
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import PHOTO, REPORT, Site, answer, code_in, number_in
from tests.desk_site import DeskSite
from tests.named_cases import add_named

pytestmark = pytest.mark.pages

#: What opens a case's content, by the argument that names the case. A rule that looks by itself (`narratives`,
#: `said_by_reporters`) is nobody who reads.
WATCHED: dict[type, tuple[str, ...]] = {
    Cases: ("narrative", "matters", "notes"),
    Dialogue: ("of_case", "for_reporter"),
    Files: ("of_case",),
    Identities: ("of_case", "whole", "attempts"),
    Investigations: ("opinions", "measures"),
}
BY_CASE = frozenset({"opinions", "measures"})  # these are given the case, not its id


@dataclass
class Watch:
    """What the access layer was asked for: ids of cases, and of files whose bytes were read."""

    cases: set[int] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


@contextmanager
def watching(patch: pytest.MonkeyPatch) -> Iterator[Watch]:
    watch = Watch()

    def wrapped(method: Callable[..., Awaitable[Any]], name: str) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(method)
        async def call(self: Any, about: Any, *rest: Any, **named: Any) -> Any:
            watch.cases.add(about.id if name in BY_CASE else about)
            return await method(self, about, *rest, **named)

        return call

    read = FileStore.read

    def read_file(self: FileStore, file_id: str, *part: int | None) -> AsyncIterator[bytes]:
        watch.files.add(file_id)
        return read(self, file_id, *part)

    with patch.context() as patched:
        for owner, names in WATCHED.items():
            for name in names:
                patched.setattr(owner, name, wrapped(getattr(owner, name), name))
        patched.setattr(FileStore, "read", read_file)
        yield watch


@dataclass
class World:
    """A county with something behind every address: a merged case, a file, an offer, a hand-over, a name."""

    site: DeskSite
    people: dict[str, Official]
    number: str
    merged: str
    offered: str
    fill: dict[str, str]

    def addresses(self) -> list[str]:
        """Every address that can be read, and the queue as people narrow it."""
        found = [path for method, path, _ in PAGES if method == "GET" and "{token}" not in path]
        named = [re.sub(r"\{(\w+)(?::\w+)?\}", lambda name: self.fill.get(name.group(1), "1"), one) for one in found]
        leaver = self.people["handler"].id
        return [
            *named,
            "/desk/cases?must=1&mine=1",
            f"/desk/cases?q={self.number}",
            f"/desk/cases/{self.number}/merge?into={self.offered}",
            f"/desk/handovers?giver={leaver}&taker={self.people['leader'].id}",
            f"/desk/transfers/{self.fill['transfer_id']}",
        ]


@pytest.fixture
async def world(sqlite_storage: Storage) -> World:
    site = DeskSite(sqlite_storage)
    places = await site.do(factories.add_county)
    seats = {
        "handler": (Role.DISCIPLINE_OFFICIAL, factories.COUNTY),
        "leader": (Role.DISCIPLINE_LEADER, factories.COUNTY),
        "town": (Role.DISCIPLINE_OFFICIAL, factories.TOWN),
        "auditor": (Role.AUDITOR, factories.COUNTY),
    }
    people = {
        name: await site.do(lambda uow, role=role, path=path: factories.add_official(uow, role, path))
        for name, (role, path) in seats.items()
    }
    people["custodian"] = await site.do(factories.add_custodian)
    village = places[factories.VILLAGE]
    numbers = [(await site.do(lambda uow, n=n: add_named(uow, village, f"1390013900{n}"))).number for n in range(3)]
    number, merged, offered = numbers

    async def fill(uow: Any) -> dict[str, str]:
        case = await factories.read_case(uow, number)
        stored = await uow.files.add(PHOTO, name="照片.jpg", origin="reporter", case_id=case.id)
        await uow.dialogue.from_reporter(case.id, "后来又送了一次", kind="supplement")
        other = await factories.read_case(uow, merged)
        await uow.dialogue.from_reporter(other.id, "我也看见了", kind="supplement")
        for one in numbers:
            for who in ("handler", "leader"):
                found = await factories.read_case(uow, one)
                await uow.recusals.declare(found.id, people[who].id, "clear")
        await cases.accept(uow, people["handler"], number)
        await links.merge(uow, people["handler"], merged, number, "两件说的是同一件事")
        await transfers.offer(uow, people["handler"], offered, factories.TOWN, "镇里更近")
        given = await uow.transfers.open_of((await factories.read_case(uow, offered)).id)
        made = await handovers.arrange(uow, people["leader"], people["handler"].id, people["leader"].id)
        return {"file_id": stored.id, "transfer_id": str(given.id), "handover_id": str(made)}

    filled = await site.do(fill)
    return World(site, people, number, merged, offered, {"number": number, "act": "accept", **filled})


async def events_since(storage: Storage, last: int) -> list[Any]:
    async with storage.unit_of_work() as uow:
        return await uow.read(select(event).where(event.c.id > last).order_by(event.c.id))


async def last_event(storage: Storage) -> int:
    found = await events_since(storage, 0)
    return found[-1].id if found else 0


async def numbers_of(storage: Storage, ids: set[int]) -> set[str]:
    async with storage.unit_of_work() as uow:
        found = [await uow.cases.by_id(case_id) for case_id in ids]
    return {one.number for one in found if one is not None}


def covered(events: list[Any], actor: str) -> set[str]:
    """The cases somebody's events name, as their subject or as merged into it."""
    mine = [one for one in events if one.actor == actor]
    named = {one.subject.removeprefix("case/") for one in mine if one.subject.startswith("case/")}
    return named.union(*(one.detail.get("merged", ()) for one in mine))


@pytest.mark.slow
async def test_every_page_of_the_desk_that_opened_a_case_left_its_event(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, opened, listed = world.site.storage, 0, 0
    for name, official in world.people.items():
        browser = await world.site.sign_in(official)
        actor = f"official/{official.id}"
        for address in world.addresses():
            last = await last_event(storage)
            with watching(monkeypatch) as watch:
                answer = await browser.client.get(address)
            events = await events_since(storage, last)
            touched = await numbers_of(storage, watch.cases)
            if answer.status_code == 200:
                assert touched <= covered(events, actor), (name, address)
                assert watch.files <= {one.detail.get("file") for one in events}, (name, address)
                seen = {one for one in (world.number, world.merged, world.offered) if one in answer.text}
                is_list = any(one.actor == actor and one.act == "list_read" for one in events)
                echo = {world.number} if "q=" in address else set()
                # A case's own page also names the cases it is tied to.
                assert is_list or covered(events, actor) or not seen - echo, (name, address, seen)
                opened += bool(touched)
                listed += is_list
            else:
                assert events == [] or touched <= covered(events, actor), (name, address, answer.status_code)
    assert opened >= 6
    assert listed >= 10


async def test_a_page_of_several_is_one_event_with_its_filters_and_how_many_it_showed(world: World) -> None:
    browser = await world.site.sign_in(world.people["leader"])
    last = await last_event(world.site.storage)
    await browser.get(f"/desk/cases?must=1&q={world.number}")
    (left,) = await events_since(world.site.storage, last)
    assert (left.act, left.subject) == ("list_read", "list/cases")
    assert left.detail == {"shown": 1, "must": True, "number": world.number}


async def test_what_people_type_into_the_box_for_numbers_is_not_written_down(world: World) -> None:
    browser = await world.site.sign_in(world.people["leader"])
    for typed in ("13900139000", "李大勇", "QF' OR 1"):
        last = await last_event(world.site.storage)
        await browser.get(f"/desk/cases?q={typed}")
        (left,) = await events_since(world.site.storage, last)
        assert left.detail == {"shown": 0, "number": "?"}


async def test_whoever_is_asked_before_the_first_look_has_looked_already(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question shows whom the report is about."""
    newcomer = await world.site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))
    browser = await world.site.sign_in(newcomer)
    last = await last_event(world.site.storage)
    await browser.open_case(world.number)
    acts = [one.act for one in await events_since(world.site.storage, last) if one.actor == f"official/{newcomer.id}"]
    assert acts[0] == "case_previewed"
    assert acts[-1] == "case_read"


async def test_a_custodians_pages_and_each_opening_of_a_name_are_events_with_their_purpose(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = world.people["custodian"]
    browser = await world.site.sign_in(who)
    await browser.get(f"/desk/names/{world.number}")
    last = await last_event(world.site.storage)
    with watching(monkeypatch) as watch:
        fields = {"password": factories.PASSWORD, "purpose": "call"}
        await browser.post(f"/desk/names/{world.number}/open", fields)
    events = await events_since(world.site.storage, last)
    assert await numbers_of(world.site.storage, watch.cases) == {world.number}
    (opening,) = [one for one in events if one.act == "identity_opened"]
    assert (opening.actor, opening.subject) == (f"official/{who.id}", f"case/{world.number}")
    assert opening.detail["purpose"] == "call"


async def test_what_a_reporter_reads_from_a_chat_is_an_event_that_names_nobody(
    web_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = web_site.application.storage
    who, other = await web_site.meet(), await web_site.meet()
    await who.say("我要反映")
    for line in REPORT:
        await answer(who, line)
    receipt = (await who.press("对，提交"))[-1]
    number, code = number_in(receipt), code_in(receipt)
    for looker, said, act in (
        (who, "我的反映", "own_list_read"),
        (who, number, "own_case_read"),
        (other, code, "own_case_read"),
    ):
        last = await last_event(storage)
        with watching(monkeypatch) as watch:
            assert number in (await looker.say(said))[-1]
        (left,) = await events_since(storage, last)
        assert (left.actor, left.act) == ("reporter", act)
        assert await numbers_of(storage, watch.cases) <= {left.subject.removeprefix("case/")}
        assert set(left.detail) <= {"by_code", "shown"}
    last = await last_event(storage)
    await other.say("QF-2222-2222")
    assert await events_since(storage, last) == []
