"""The tick that turns due rows into messages; the scheduler only calls it."""

from typing import Final

from handlers.services import election_reminders
from handlers.services.deadlines import today
from handlers.services.reminders import plan_commitment_reminders, queue_due
from storage import leases
from storage.unit_of_work import Storage

#: Pages of one tick: what is planned, and what is queued, which is about what leaves until the next tick. A morning
#: with thousands takes several, so that a tick never lasts long; what was planned at midnight waits for eight anyway.
PLAN_PAGES: Final = 3
QUEUE_PAGES: Final = 4


async def remind(storage: Storage) -> int:
    """Plan what is new, queue what is due; returns how many messages were queued.

    Each page is a transaction of its own. The day counts as planned once all of it is: what a tick left, or died over,
    the next one does.
    """
    await plan(storage)
    queued = 0
    for _ in range(QUEUE_PAGES):
        async with storage.unit_of_work() as uow:
            page = await queue_due(uow)
            await uow.commit()
        queued += page.messages
        if not page.more:
            break
    return queued


async def plan(storage: Storage, pages: int = PLAN_PAGES) -> None:
    """Write down reminders that have come, so many pages of tasks at most."""
    async with storage.unit_of_work() as uow:
        await plan_commitment_reminders(uow)
        await election_reminders.plan_stages(uow)
        await uow.commit()
    async with storage.unit_of_work() as uow:
        spans = await election_reminders.spans(uow)
        day, last = today(uow), await leases.worked_on(uow)
    for span in spans:
        more = True
        while more:
            async with storage.unit_of_work() as uow:
                more = await election_reminders.plan_tasks(uow, span)
                await uow.commit()
            pages -= more
            if not pages:
                return
    if last != day:
        async with storage.unit_of_work() as uow:
            await leases.note_worked_on(uow, day)
            await uow.commit()
