"""A year's working calendar entered by a deployment, and what follows: every running clock is reckoned again.

The date promised on a receipt stays as it was written; the reporter is told the new one, once.

What a newcomer gets wrong: a clock is not moved because a calendar was imported, but because its date by the facts is
another than the one it had. So it does not matter how often, or by how many processes at once, this is done.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from handlers.services import deadline_ladder
from handlers.services.deadlines import reckoned
from knowledge.calendar import WorkingCalendar, YearSheet, load_sheets
from knowledge.casework.clocks import ClockKind, load_clocks
from knowledge.writing_hours import within_hours
from storage.repositories.cases import Case
from storage.repositories.clocks import ClockRow
from storage.tables.cases import cases as case_table
from storage.unit_of_work import UnitOfWork

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a sheet; one that says what is known already changes nothing."""

    sheet: YearSheet
    sha256: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """How many cases of a page have another date; `next_case` is None on the last one."""

    cases: int
    next_case: int | None


def mark_of(calendar: WorkingCalendar) -> str:
    """What dates are reckoned by: the calendar, and the version of the lengths."""
    return f"{calendar.fingerprint}/{load_clocks().version}"


async def import_years(uow: UnitOfWork, sheets: Sequence[YearSheet]) -> list[Entered]:
    """Enter sheets; each takes the place of the one its year had, of the content or imported before."""
    shipped = {sheet.year: _digest(sheet) for sheet in load_sheets()}
    await uow.begin()
    entered = []
    for sheet in sheets:
        known, digest = await uow.calendar_years.get(sheet.year), _digest(sheet)
        before = known.sha256 if known else shipped.get(sheet.year)
        if digest != before:
            await uow.calendar_years.put(sheet, digest)
            await uow.log.record(
                actor="system",
                act="calendar_imported",
                subject=f"calendar/{sheet.year}",
                source=sheet.source,
                sha256=digest,
                replaced=before or "",
            )
        entered.append(Entered(sheet, digest, digest != before))
    return entered


async def move_deadlines(uow: UnitOfWork, after: int = 0) -> Moved:
    """Reckon the running clocks of a page of cases again, and tell those whose dates have moved."""
    await uow.begin()
    ids = await uow.clocks.with_running(after=after, limit=PAGE)
    clocks = await uow.clocks.of_cases(ids)
    count = 0
    for case_id in ids:
        count += await _reckon_again(uow, case_id, [one for one in clocks.get(case_id, ()) if one.is_running])
    return Moved(count, ids[-1] if len(ids) == PAGE else None)


async def _reckon_again(uow: UnitOfWork, case_id: int, running: Sequence[ClockRow]) -> bool:
    dates = {clock.id: reckoned(uow, clock).due_on for clock in running}
    moved = [one for one in running if one.due_on != dates[one.id] and await uow.clocks.move(one, dates[one.id])]
    if dates:
        await uow.cases.set_next_due(case_id, min(dates.values()))
    case = await uow.cases.by_id(case_id) if moved else None
    if case is None:
        return False
    moves = [[one.kind, str(one.due_on), str(dates[one.id])] for one in moved]
    await uow.log.record(actor="system", act="deadline_moved", subject=f"case/{case.number}", moves=moves)
    recused = await uow.recusals.from_case(case.id)
    for clock in await uow.ladder.running([one.id for one in moved]):
        await deadline_ladder.plan_moved(uow, clock, recused)
    for one in moved:
        if one.kind == ClockKind.ACCEPTANCE:
            await _tell_reporters(uow, case, one, dates[one.id])
    return True


async def _tell_reporters(uow: UnitOfWork, case: Case, clock: ClockRow, due_on: date) -> None:
    """Tell the new date by which acceptance is told, unless it was told: to the reporter, and to those merged in.

    Each hears it beside the date they know of: the one the clock had, or what the receipt of a merged report says.
    """
    if case.accepted_at is not None or case.merged_into_id is not None:
        return
    merged = await uow.cases.matching(case_table.c.merged_into_id == case.id)
    for report, was in ((case, clock.due_on), *((one, one.answer_due_on) for one in merged)):
        if report.person_id is None or was == due_on:
            continue
        data = {"number": report.number, "was": str(was), "due_on": str(due_on)}
        await uow.outbox.put(
            kind="status",
            dedupe_key=f"case_date_moved/{clock.id}/{uow.ids.next()}",
            recipient=await uow.people.recipient_of(report.person_id),
            payload={"notice": "case_date_moved", "data": data},
            available_at=within_hours(uow.clock.now()),
        )


def _digest(sheet: YearSheet) -> str:
    written = json.dumps(sheet.as_record(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(written.encode()).hexdigest()
