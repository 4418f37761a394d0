"""The event log as an auditor reads it: newest first, by time, person and case, within what they may know of.

What a newcomer gets wrong: an auditor may be named in a report. What happened to a case they stand back from, or that
lies outside their place, is not in any of their pages, and neither is its number among the details of another event.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import String, and_, cast, exists, func, literal, or_, select

from storage.repositories.base import Repository
from storage.repositories.cases import unit, within
from storage.repositories.officials import Official
from storage.tables.cases import cases
from storage.tables.officials import official
from storage.tables.records import event
from storage.tables.routing import recusal

_CASE: Final = "case/"
_OFFICIAL: Final = "official/"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What the log is narrowed to. `number` is a whole case number; `until` is not in it any more."""

    official_id: int | None = None
    number: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `who` is an official's name, empty for the reporter, the system, a candidate (see `actor`).

    `place_path` is where that official sits now.
    """

    id: int
    at: datetime
    actor: str
    who: str
    role: str
    place_path: str
    act: str
    subject: str
    detail: dict[str, Any]
    previous_hash: str
    hash: str

    @property
    def number(self) -> str:
        """The case it is about, empty for none."""
        return self.subject.removeprefix(_CASE) if self.subject.startswith(_CASE) else ""


class Events(Repository):
    """Finds events; nothing here writes."""

    async def page(
        self, visible_to: Official, chosen: LogFilter, *, limit: int, before: int | None = None
    ) -> list[Event]:
        """Some events an auditor may know of, newest first, older than an id."""
        query = select(event).where(_known_to(visible_to), *_narrowed(chosen)).order_by(event.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(event.c.id < before)
        return await self._named(query)

    async def of_case(self, number: str) -> list[Event]:
        """Everything that happened to a case, oldest first."""
        return await self._named(select(event).where(event.c.subject == f"{_CASE}{number}").order_by(event.c.id))

    async def _named(self, query: Any) -> list[Event]:
        rows = await self._uow.read(query)
        ids = {int(row.actor.removeprefix(_OFFICIAL)) for row in rows if row.actor.startswith(_OFFICIAL)}
        found = await self._uow.read(select(official).where(official.c.id.in_(ids))) if ids else []
        seats = {f"{_OFFICIAL}{one.id}": one for one in found}
        return [_event(row, seats.get(row.actor)) for row in rows]

    async def hidden_from(self, who: Official, numbers: Collection[str]) -> frozenset[str]:
        """Those of some case numbers that an auditor may not know of."""
        if not numbers:
            return frozenset()
        query = (
            select(cases.c.number)
            .join(unit, unit.c.id == cases.c.unit_id)
            .where(cases.c.number.in_(numbers), _unknown_to(who))
        )
        return frozenset(row.number for row in await self._uow.read(query))


def _known_to(who: Official) -> Any:
    """Events about no case, or about one this auditor may know of; officials' within the auditor's place."""
    hidden = (
        exists()
        .where(cases.c.number == func.substr(event.c.subject, len(_CASE) + 1), _unknown_to(who))
        .where(unit.c.id == cases.c.unit_id)
    )
    ours = select(literal(_OFFICIAL) + cast(official.c.id, String)).where(_place_within(who.place_path))
    by_whom = or_(event.c.actor.not_like(f"{_OFFICIAL}%"), event.c.actor.in_(ours))
    about_case = event.c.subject.like(f"{_CASE}%")
    return and_(or_(~about_case, ~hidden), or_(about_case, by_whom))


def _place_within(path: str) -> Any:
    return or_(official.c.place_path == path, official.c.place_path.startswith(f"{path}/", autoescape=True))


def _unknown_to(who: Official) -> Any:
    stands_back = exists().where(recusal.c.case_id == cases.c.id, recusal.c.official_id == who.id)
    return or_(stands_back, ~within(unit, who.place_path))


def _narrowed(chosen: LogFilter) -> list[Any]:
    conditions: list[Any] = []
    if chosen.official_id is not None:
        conditions.append(event.c.actor == f"{_OFFICIAL}{chosen.official_id}")
    if chosen.number:
        conditions.append(event.c.subject == f"{_CASE}{chosen.number}")
    if chosen.since is not None:
        conditions.append(event.c.at >= chosen.since)
    if chosen.until is not None:
        conditions.append(event.c.at < chosen.until)
    return conditions


def _event(row: Any, seat: Any | None) -> Event:
    name, role, path = (seat.display_name, seat.role, seat.place_path) if seat else ("", "", "")
    detail = dict(row.detail)
    return Event(row.id, row.at, row.actor, name, role, path, row.act, row.subject, detail, row.previous_hash, row.hash)
