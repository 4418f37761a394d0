"""Entering places and elections from a table, all rows or none.

A place's path names the places it belongs to (`cn/county/town/village`); its parent must be there, or stand in an
earlier row. Rows that are there already, unchanged, are passed over, so that a corrected file can be given again.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from handlers.services import commitments, elections, gates
from knowledge.elections.commitments import load_packs
from knowledge.errors import QingfengError
from storage.tables.officials import PLACE_KINDS
from storage.unit_of_work import UnitOfWork

PACK: Final = "three_commitments"
_PATH: Final = re.compile(r"cn(/[a-z0-9-]+)+")


@dataclass(slots=True, eq=False)
class BadRow(QingfengError):
    """A row of a table is wrong: `line` (1-based, the header is line 1), the field, the fault, the cure."""

    code: ClassVar[str] = "bad_row"
    line: int
    field: str
    fault: str
    cure: str

    def __str__(self) -> str:
        """One line for the terminal."""
        return f"line {self.line}, {self.field}: {self.fault}. {self.cure}"


async def import_places(uow: UnitOfWork, rows: Sequence[Mapping[str, str]]) -> int:
    """Enter places from rows of `path`, `kind`, `name`; returns how many are new.

    Raises:
        BadRow: A row is wrong; nothing is kept.
    """
    new = 0
    await uow.begin()
    for line, row in enumerate(rows, 2):
        path, kind, name = (row.get(field, "").strip() for field in ("path", "kind", "name"))
        _check_place(line, path, kind, name)
        known = await uow.places.by_path(path)
        if known and (known.kind, known.name) != (kind, name):
            raise BadRow(line, "path", f"{path} is {known.name} ({known.kind}) already", "Use another path")
        if known:
            continue
        parent = path.rpartition("/")[0]
        if kind != "county" and await uow.places.by_path(parent) is None:
            raise BadRow(line, "path", f"there is no {parent}", "Enter the larger place in an earlier row")
        await uow.places.add(path=path, kind=kind, name=name)
        new += 1
    await uow.log.record(actor="system", act="places_imported", subject="place", new=new)
    return new


async def import_elections(uow: UnitOfWork, rows: Sequence[Mapping[str, str]]) -> int:
    """Open elections from rows of `path`, `election_day`, `commitments_due_on` (2026-03-08); returns how many.

    Each gets its timetable, computed from its day, and begins in preparation: it starts when its gates are passed. A
    place with an unfinished election is refused.

    Raises:
        BadRow: A row is wrong; nothing is kept.
    """
    pack = load_packs()[PACK]
    await uow.begin()
    await commitments.publish_packs(uow)
    await gates.publish(uow)
    for line, row in enumerate(rows, 2):
        place = await uow.places.by_path(row.get("path", "").strip())
        if place is None or place.kind not in ("village", "community"):
            raise BadRow(line, "path", f"{row.get('path', '')!r} is no village or community", "Import places first")
        day, due = _day(line, row, "election_day"), _day(line, row, "commitments_due_on")
        if due > day:
            raise BadRow(line, "commitments_due_on", f"{due} is after election day {day}", "Put it before that day")
        if any(one.state != "finished" for one in await uow.elections.within(place.path)):
            raise BadRow(line, "path", f"{place.name} has an election under way", "Leave this row out")
        election_id = await uow.elections.add(
            place_id=place.id,
            election_day=day,
            commitments_due_on=due,
            pack=pack.pack,
            pack_version=pack.version,
        )
        await elections.open_timetable(uow, election_id, day)
    await uow.log.record(actor="system", act="elections_imported", subject="election", new=len(rows))
    return len(rows)


def _check_place(line: int, path: str, kind: str, name: str) -> None:
    if not _PATH.fullmatch(path):
        raise BadRow(line, "path", f"{path!r} is no path", "Write it like cn/county/town/village, in small letters")
    if kind not in PLACE_KINDS:
        raise BadRow(line, "kind", f"{kind!r} is unknown", f"One of: {', '.join(PLACE_KINDS)}")
    if not name:
        raise BadRow(line, "name", "is empty", "Write the name people use, e.g. 向阳村")


def _day(line: int, row: Mapping[str, str], field: str) -> date:
    try:
        return date.fromisoformat(row.get(field, "").strip())
    except ValueError:
        raise BadRow(line, field, f"{row.get(field, '')!r} is no date", "Write it like 2026-03-08") from None
