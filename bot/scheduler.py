"""The clock that wakes: APScheduler, in memory, a few ticks. Due rows in the database are the truth.

A tick that comes late runs once and late (`coalesce`, no misfire limit), never twice at a time.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from storage.leases import RENEW

log = structlog.stdlib.get_logger(__name__)

REMIND_SECONDS: Final = 30
SWEEP_SECONDS: Final = 5
LEASE_SECONDS: Final = int(RENEW.total_seconds())
REFRESH_SECONDS: Final = 30
WITNESS_SECONDS: Final = 60
SCAN_SECONDS: Final = 10
ERASE_SECONDS: Final = 3_600  # hours would do; but a process that is restarted every night must get there too


def create_scheduler(
    *,
    remind: Callable[[], Awaitable[None]],
    sweep: Callable[[], Awaitable[None]],
    lead: Callable[[], Awaitable[None]],
    refresh: Callable[[], Awaitable[None]],
    erase: Callable[[], Awaitable[None]],
    witness: Callable[[], Awaitable[None]],
    scan: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIOScheduler:
    """A scheduler with our ticks, not started.

    Args:
        remind: Plans and queues reminders.
        sweep: Wakes the delivery workers, for rows whose time has come or whose worker died; feeds broadcasts.
        lead: Renews the lease of whoever plans, or takes it over.
        refresh: Looks for entries that another process has published.
        erase: Erases ended cases whose time is over.
        witness: Sends signed heads of the log to the second party.
        scan: Has new files looked at for malware; None where no scanner is set up.
    """
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    scheduler.add_job(_guarded(remind, "remind"), IntervalTrigger(seconds=REMIND_SECONDS), id="remind")
    scheduler.add_job(_guarded(sweep, "sweep"), IntervalTrigger(seconds=SWEEP_SECONDS), id="sweep")
    scheduler.add_job(_guarded(lead, "lead"), IntervalTrigger(seconds=LEASE_SECONDS), id="lead")
    scheduler.add_job(_guarded(refresh, "refresh"), IntervalTrigger(seconds=REFRESH_SECONDS), id="refresh")
    scheduler.add_job(_guarded(witness, "witness"), IntervalTrigger(seconds=WITNESS_SECONDS), id="witness")
    scheduler.add_job(_guarded(erase, "erase"), IntervalTrigger(seconds=ERASE_SECONDS), id="erase")
    if scan is not None:
        scheduler.add_job(_guarded(scan, "scan"), IntervalTrigger(seconds=SCAN_SECONDS), id="scan")
    return scheduler


def _guarded(tick: Callable[[], Awaitable[None]], name: str) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        try:
            await tick()
        except Exception:
            log.exception("tick_failed", name=name)  # the next tick finds the same due rows

    return run
