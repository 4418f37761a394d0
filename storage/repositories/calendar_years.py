"""Years of the working calendar that a deployment has imported, and which calendar its dates were last reckoned by."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from knowledge.calendar import YearSheet
from storage.repositories.base import Repository
from storage.tables.deadlines import calendar_year
from storage.tables.records import deployment

#: Under this name a deployment notes what its dates were reckoned by.
RECKONED_BY: Final = "reckoned_by"


@dataclass(frozen=True, slots=True)
class ImportedYear:
    """A sheet as it was imported, with the SHA-256 of its content."""

    sheet: YearSheet
    sha256: str


class CalendarYears(Repository):
    """Keeps one sheet for each year."""

    async def get(self, year: int) -> ImportedYear | None:
        """The sheet imported for a year."""
        for row in await self._uow.read(select(calendar_year).where(calendar_year.c.year == year)):
            return ImportedYear(YearSheet.from_record(row.sheet, f"the imported year {year}"), row.sha256)
        return None

    async def put(self, sheet: YearSheet, sha256: str) -> None:
        """Keep a sheet in the place of the year's last one."""
        values = {"sheet": sheet.as_record(), "sha256": sha256, "imported_at": self._uow.clock.now()}
        put = self._insert(calendar_year).values(year=sheet.year, **values)
        await self._uow.execute(put.on_conflict_do_update(index_elements=["year"], set_=values))

    async def reckoned_by(self) -> str:
        """What the dates of running clocks were last reckoned by, empty for nothing yet."""
        rows = await self._uow.read(select(deployment.c.value).where(deployment.c.name == RECKONED_BY))
        return str(rows[0].value) if rows else ""

    async def note_reckoned_by(self, mark: str) -> None:
        """Note that every running clock has its date by this calendar."""
        put = self._insert(deployment).values(name=RECKONED_BY, value=mark)
        await self._uow.execute(put.on_conflict_do_update(index_elements=["name"], set_={"value": mark}))
