"""The working calendar in force: the years of the content, and those a deployment has imported over them.

Held in memory, because every due date asks it; `refresh` takes over what another process has imported.
"""

from sqlalchemy import select

from knowledge.calendar import WorkingCalendar, YearSheet, load_calendar, load_sheets
from storage.engine import Database
from storage.tables.deadlines import calendar_year


class Calendars:
    """One calendar for the process. `current` is never half changed: it is replaced whole.

    `reckoned_by` is the mark of the calendar by which this process last saw every running clock, None before it looked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._imported: dict[int, str] = {}
        self.current: WorkingCalendar = load_calendar()
        self.reckoned_by: str | None = None

    async def refresh(self) -> bool:
        """Look for imported years; returns whether any day has changed."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(calendar_year).order_by(calendar_year.c.year))).all()
        imported = {row.year: row.sha256 for row in rows}
        if imported == self._imported:
            return False
        before = self.current.fingerprint
        sheets = [YearSheet.from_record(row.sheet, f"the imported year {row.year}") for row in rows]
        self._imported = imported
        self.current = WorkingCalendar.of([*load_sheets(), *sheets])
        return self.current.fingerprint != before
