"""Reminders: planned once for each (subject, stage, person), queued when due, sent by the outbox."""

from datetime import date, datetime, time, timedelta
from typing import Final

from handlers.services.notices import tell_person
from knowledge.clock import SHANGHAI, local_date
from storage.unit_of_work import UnitOfWork

COMMITMENT_LADDER: Final = (3, 1, 0)  # calendar days before the commitments are due
EARLIEST: Final = time(8, 0)
LATEST: Final = time(20, 0)


def within_hours(instant: datetime) -> datetime:
    """The instant itself if people may be written to then, else the next morning at eight (Asia/Shanghai)."""
    local = instant.astimezone(SHANGHAI)
    if local.time() < EARLIEST:
        return datetime.combine(local.date(), EARLIEST, SHANGHAI)
    if local.time() >= LATEST:
        return datetime.combine(local.date() + timedelta(days=1), EARLIEST, SHANGHAI)
    return instant


async def plan_commitment_reminders(uow: UnitOfWork) -> int:
    """Write down what is due for candidates who have not signed everything; returns how many are new.

    Only the rung of the ladder that fits today is planned, so a system that was down does not send three at once.
    """
    now = uow.clock.now()
    today, planned = local_date(now), 0
    last = today + timedelta(days=max(COMMITMENT_LADDER))
    for candidate in await uow.elections.unsigned(from_day=today, due_until=last):
        due = candidate.election.commitments_due_on
        rung = min(days for days in COMMITMENT_LADDER if days >= (due - today).days)
        if candidate.person_id is None:
            continue
        planned += await uow.elections.plan_reminder(
            subject=f"candidate/{candidate.id}",
            stage=f"commitments/T-{rung}/{due.isoformat()}",
            person_id=candidate.person_id,
            due_at=within_hours(now),
        )
    return planned


async def queue_due(uow: UnitOfWork) -> int:
    """Move due reminders to the outbox in this unit of work; returns how many left. Not at night.

    One that lost its reason meanwhile (signed, withdrawn) is marked and not sent.
    """
    queued, now = 0, uow.clock.now()
    if within_hours(now) != now:
        return 0
    for reminder in await uow.elections.take_due_reminders():
        candidate = await uow.elections.candidate(int(reminder.subject.partition("/")[2]))
        if candidate is None or candidate.state != "signing":
            continue
        signed = {signature.kind for signature in await uow.elections.signatures(candidate)}
        due = date.fromisoformat(reminder.stage.rpartition("/")[2])
        await tell_person(
            uow,
            reminder.person_id,
            "commitments_due",
            kind="reminder",
            cause=f"reminder/{reminder.id}",
            candidate=candidate.id,
            due_on=due.isoformat(),
            signed=sorted(signed),
        )
        queued += 1
    return queued
