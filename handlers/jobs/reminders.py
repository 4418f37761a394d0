"""The tick that turns due rows into messages; the scheduler only calls it."""

from typing import Final

from handlers.services import election_reminders
from handlers.services.deadlines import today
from handlers.services.reminders import plan_commitment_reminders, queue_due
from storage import leases
from storage.unit_of_work import Storage

#: Pages of one tick: about as many messages as leave until the next one.
PAGES: Final = 5


async def remind(storage: Storage) -> int:
    """Plan what is new, queue what is due; returns how many messages were queued.

    Each page is a transaction of its own. The day counts as planned once all of it is: a tick that dies before is made
    up for by the next one.
    """
    await plan(storage)
    queued = 0
    for _ in range(PAGES):
        async with storage.unit_of_work() as uow:
            page = await queue_due(uow)
            await uow.commit()
        queued += page.messages
        if not page.more:
            break
    return queued


async def plan(storage: Storage) -> None:
    """Write down every reminder that has come."""
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
    if last != day:
        async with storage.unit_of_work() as uow:
            await leases.note_worked_on(uow, day)
            await uow.commit()
