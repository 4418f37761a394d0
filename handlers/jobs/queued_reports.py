"""The tick that files the reports which waited for their turn; the scheduler only calls it."""

import structlog

from handlers.services.reports import Reports
from storage.unit_of_work import Storage

log = structlog.stdlib.get_logger(__name__)


async def file_queued_reports(storage: Storage, reports: Reports) -> int:
    """File what is due, each by itself; returns how many receipts were queued.

    One that cannot be filed keeps none of the others waiting, and is tried again by the next tick.
    """
    async with storage.unit_of_work() as uow:
        due = await uow.drafts.due()
    filed = 0
    for draft_id in due:
        async with storage.unit_of_work() as uow:
            try:
                filed += await reports.file_queued(uow, draft_id)
                await uow.commit()
            except Exception:
                log.exception("queued_report_failed", draft=draft_id)
    return filed
