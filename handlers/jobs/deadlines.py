"""The ticks of deadlines: reminders of running clocks, and dates that follow a changed calendar."""

from handlers.services import deadline_ladder
from handlers.services.calendars import mark_of, move_deadlines
from handlers.services.deadlines import today
from knowledge.casework.clocks import load_clocks
from storage.unit_of_work import Storage


async def remind_of_deadlines(storage: Storage) -> int:
    """Plan the rungs that have come, queue what was planned; returns how many messages were queued.

    Each page is a transaction of its own, so that a morning with a thousand rungs keeps nobody waiting.
    """
    async with storage.unit_of_work() as uow:
        spans = list(deadline_ladder.spans(today(uow), uow.calendar, load_clocks().ladder))
    for span in spans:
        after: deadline_ladder.Mark | None = None
        while True:
            async with storage.unit_of_work() as uow:
                planned = await deadline_ladder.plan(uow, span, after)
                await uow.commit()
            after = planned.next_mark
            if after is None:
                break
    queued, behind = 0, 0
    while True:
        async with storage.unit_of_work() as uow:
            page = await deadline_ladder.queue(uow, behind)
            await uow.commit()
        queued += page.count
        if page.next_id is None:
            return queued
        behind = page.next_id


async def follow_calendar(storage: Storage) -> int:
    """Take over imported years and, when the calendar is not the one that dates were reckoned by, reckon them again.

    What was noted last is looked up once, when the process starts: it finds what was imported meanwhile, and two
    processes of different releases do not undo each other's work for ever. Returns how many cases have another date.
    """
    calendars = storage.calendars
    await calendars.refresh()
    mark = mark_of(calendars.current)
    if calendars.reckoned_by is None:
        async with storage.unit_of_work() as uow:
            calendars.reckoned_by = await uow.calendar_years.reckoned_by()
    if calendars.reckoned_by == mark:
        return 0
    moved, after = 0, 0
    while True:
        async with storage.unit_of_work() as uow:
            page = await move_deadlines(uow, after)
            if page.next_case is None:
                await uow.calendar_years.note_reckoned_by(mark)
            await uow.commit()
        moved += page.cases
        if page.next_case is None:
            calendars.reckoned_by = mark
            return moved
        after = page.next_case
