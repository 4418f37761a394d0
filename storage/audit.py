"""The append-only, hash-chained event log.

Each event holds the hash of the one before, so an edit, a deletion, an insertion or a changed order breaks the chain
at that place. What it cannot prove alone: that the newest events were not cut off, or that the whole file was not
written again from the start. For that the head must be kept elsewhere (`verify` takes it).
"""

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select, text

from storage.tables.records import event

if TYPE_CHECKING:
    from storage.engine import Database
    from storage.unit_of_work import UnitOfWork

_LOCK: Final = 0x5146_4C4F_47  # one writer of the chain at a time on PostgreSQL
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first place where the chain does not hold."""

    event_id: int
    fault: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a verification saw: how many events, the head's hash, and the first fault if any."""

    events: int
    head: str
    fault: ChainFault | None


class EventLog:
    """Appends to the log inside a unit of work."""

    def __init__(self, uow: "UnitOfWork") -> None:
        self._uow = uow

    async def record(self, *, actor: str, act: str, subject: str, **detail: Any) -> None:
        """Append one event: who (`official/7`, `reporter`, `system`), what, on what; no personal data."""
        if not self._uow.storage.database.is_sqlite:
            await self._uow.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        last = (await self._uow.execute(select(event.c.id, event.c.hash).order_by(event.c.id.desc()).limit(1))).first()
        number, previous = (last.id + 1, last.hash) if last else (1, "")
        at = self._uow.clock.now()
        digest = event_hash(previous, id=number, at=at, actor=actor, act=act, subject=subject, detail=detail)
        await self._uow.execute(
            insert(event).values(
                id=number,
                at=at,
                actor=actor,
                act=act,
                subject=subject,
                detail=detail,
                previous_hash=previous,
                hash=digest,
            )
        )


def event_hash(
    previous: str,
    *,
    id: int,  # noqa: A002 - the column's name
    at: datetime,
    actor: str,
    act: str,
    subject: str,
    detail: dict[str, Any],
) -> str:
    """SHA-256 over the previous hash and the event's canonical form."""
    canonical = json.dumps(
        [previous, id, at.isoformat(timespec="microseconds"), actor, act, subject, detail],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


async def verify(database: "Database", *, published_head: str | None = None) -> ChainReport:
    """Walk the whole chain, a page at a time.

    Args:
        database: The open database.
        published_head: A hash known from elsewhere that must occur in the chain; finds a cut-off end.
    """
    count, previous, seen = 0, "", published_head is None
    async with aclosing(_events(database)) as events:  # a fault ends the walk early; the connection goes back
        async for row in events:
            fault = _fault(row, count + 1, previous)
            if fault:
                return ChainReport(count, previous, ChainFault(row.id, fault))
            count, previous = count + 1, row.hash
            seen = seen or previous == published_head
    if not seen:
        return ChainReport(count, previous, ChainFault(count, "the published head is not in the chain"))
    return ChainReport(count, previous, None)


def _fault(row: Any, expected_id: int, previous: str) -> str | None:
    if row.id != expected_id:
        return f"event {expected_id} is missing"
    if row.previous_hash != previous:
        return "it does not follow the event before"
    fields = {"id": row.id, "at": row.at, "actor": row.actor, "act": row.act, "subject": row.subject}
    if event_hash(previous, **fields, detail=row.detail) != row.hash:
        return "its content was changed"
    return None


async def _events(database: "Database") -> AsyncGenerator[Any, None]:
    after = 0
    async with database.reading() as connection:
        while True:
            page = (
                await connection.execute(select(event).where(event.c.id > after).order_by(event.c.id).limit(_PAGE))
            ).all()
            for row in page:
                yield row
            if len(page) < _PAGE:
                return
            after = page[-1].id


async def head(database: "Database") -> str:
    """The hash of the newest event, empty for an empty log."""
    async with database.reading() as connection:
        newest = select(event.c.hash).where(event.c.id == select(func.max(event.c.id)).scalar_subquery())
        return (await connection.execute(newest)).scalar() or ""
