"""What must leave the system: written in the same transaction as its cause, sent afterwards.

A row is claimed for a while, sent, then marked. A process killed between sending and marking leaves the claim to run
out, and the row is sent again: at worst repeated, never lost. `dedupe_key` makes one row of one cause. A row that is
through forgets what it said and to whom.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Update, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.clock import SHANGHAI
from storage.tables.records import outbox
from storage.tables.reminders import broadcast, broadcast_recipient

if TYPE_CHECKING:
    from storage.unit_of_work import Storage, UnitOfWork

PURPOSE: Final = "outbox"
DIGEST: Final = "outbox.digest"
#: The kind of row that tells an official that something waits, and nothing else.
NOTICE: Final = "notice"
#: The kind of row that goes to many and that nobody waits for: reminders and broadcasts.
BULK: Final = "reminder"
CLAIM: Final = timedelta(seconds=60)
#: What is left of a row that will not leave again.
EMPTIED: Final = {"recipient_sealed": b"", "payload_sealed": b"", "claimed_until": None}
_BACK_OFF_SECONDS: Final = (5, 15, 60, 300, 900, 3600)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a row goes to: a chat of one of our bots."""

    channel: str
    chat_id: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed row, opened."""

    id: int
    kind: str
    recipient: Recipient
    payload: dict[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class Message:
    """One of several to queue at once; see `Outbox.put`."""

    dedupe_key: str
    recipient: Recipient
    payload: dict[str, Any]


class Outbox:
    """Writes rows inside a unit of work."""

    def __init__(self, uow: "UnitOfWork") -> None:
        self._uow = uow

    async def put_many(self, kind: str, messages: Sequence["Message"]) -> dict[str, int]:
        """Queue several messages at once; returns the row of each cause that had none before."""
        if not messages:
            return {}
        keys, now = self._uow.keys, self._uow.clock.now()
        rows = [
            {
                "id": self._uow.ids.next(),
                "kind": kind,
                "dedupe_key": one.dedupe_key,
                "recipient_sealed": keys.seal_text(PURPOSE, json.dumps([one.recipient.channel, one.recipient.chat_id])),
                "payload_sealed": keys.seal_text(PURPOSE, json.dumps(one.payload, ensure_ascii=False)),
                "available_at": now,
            }
            for one in messages
        ]
        insert = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        statement = insert(outbox).on_conflict_do_nothing(index_elements=["dedupe_key"])
        made = await self._uow.execute(statement.returning(outbox.c.dedupe_key, outbox.c.id), rows)
        return {row.dedupe_key: row.id for row in made}

    async def put(
        self,
        *,
        kind: str,
        dedupe_key: str,
        recipient: Recipient,
        payload: dict[str, Any],
        available_at: datetime | None = None,
        claimed_by: str | None = None,
    ) -> int | None:
        """Queue one message; None when the same cause queued it before.

        `claimed_by` hands the row to the caller at once (a reply it is about to send itself). Where notices leave at a
        fixed time of day, the first of a day stands for all of them.
        """
        keys, now = self._uow.keys, self._uow.clock.now()
        fixed = self._uow.storage.notices_at
        if kind == NOTICE and fixed is not None:
            available_at = _next(now, fixed)
            whom = keys.index(DIGEST, f"{recipient.channel}/{recipient.chat_id}").hex()
            dedupe_key = f"notice/digest/{available_at.isoformat()}/{whom}"
        row_id = self._uow.ids.next()
        insert = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        result = await self._uow.execute(
            insert(outbox)
            .values(
                id=row_id,
                kind=kind,
                dedupe_key=dedupe_key,
                recipient_sealed=keys.seal_text(PURPOSE, json.dumps([recipient.channel, recipient.chat_id])),
                payload_sealed=keys.seal_text(PURPOSE, json.dumps(payload, ensure_ascii=False)),
                available_at=available_at or now,
                claimed_by=claimed_by,
                claimed_until=now + CLAIM if claimed_by else None,
            )
            .on_conflict_do_nothing(index_elements=["dedupe_key"])
        )
        return row_id if result.rowcount else None


def _next(now: datetime, at: time) -> datetime:
    """The next instant at a time of day, Shanghai time."""
    here = now.astimezone(SHANGHAI)
    today = datetime.combine(here.date(), at, SHANGHAI)
    return (today if today > here else today + timedelta(days=1)).astimezone(UTC)


async def claim(storage: "Storage", *, worker: str, limit: int, bulk: bool | None = None) -> list[Delivery]:
    """Take up to `limit` due rows for `CLAIM`; each row goes to one worker.

    Args:
        storage: The deployment's storage.
        worker: Who takes them.
        limit: How many at most.
        bulk: Only what nobody waits for (True), only the rest (False), or whatever is due.
    """
    now = storage.clock.now()
    due = and_(
        *(() if bulk is None else (outbox.c.kind == BULK if bulk else outbox.c.kind != BULK,)),
        outbox.c.sent_at.is_(None),
        outbox.c.failed_at.is_(None),
        outbox.c.available_at <= now,
        or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until < now),
    )
    chosen = select(outbox.c.id).where(due).order_by(outbox.c.id).limit(limit)
    if not storage.database.is_sqlite:
        chosen = chosen.with_for_update(skip_locked=True)
    async with storage.unit_of_work() as uow:
        if not await uow.read(select(outbox.c.id).where(due).limit(1)):
            return []  # looking costs no write lock
        taken = update(outbox).where(outbox.c.id.in_(chosen))
        values = {"claimed_by": worker, "claimed_until": now + CLAIM, "attempts": outbox.c.attempts + 1}
        rows = (await uow.execute(taken.values(**values).returning(outbox))).all()
        await uow.commit()
    return sorted((_opened(storage, row) for row in rows), key=lambda delivery: delivery.id)


async def mark_sent(storage: "Storage", delivery_id: int, *, of_broadcast: bool = False) -> None:
    """The row left; it never leaves again. `of_broadcast`: somebody's part of a broadcast is settled with it."""
    async with storage.unit_of_work() as uow:
        await uow.execute(_row(delivery_id).values(sent_at=storage.clock.now(), **EMPTIED))
        if of_broadcast:
            await settle(uow, delivery_id, "sent")
        await uow.commit()


async def mark_failed(
    storage: "Storage", delivery_id: int, *, reason: str, of_broadcast: bool = False, stopped: bool = False
) -> None:
    """The row cannot be delivered to this person (blocked the bot, chat gone), or must not be any more (`stopped`)."""
    async with storage.unit_of_work() as uow:
        failed = {"failed_at": storage.clock.now(), "last_error": reason[:200], **EMPTIED}
        await uow.execute(_row(delivery_id).values(**failed))
        if of_broadcast:
            await settle(uow, delivery_id, "cancelled" if stopped else "unreachable")
        await uow.commit()


async def settle(uow: "UnitOfWork", delivery_id: int, state: str) -> None:
    """What became of somebody's part of a broadcast; settled once."""
    mine = (broadcast_recipient.c.outbox_id == delivery_id) & (broadcast_recipient.c.state == "queued")
    await uow.execute(update(broadcast_recipient).where(mine).values(state=state, settled_at=uow.clock.now()))


async def is_stopped(storage: "Storage", delivery_id: int) -> bool:
    """Whether the broadcast that a row belongs to was cancelled."""
    query = (
        select(broadcast.c.state)
        .join(broadcast_recipient, broadcast_recipient.c.broadcast_id == broadcast.c.id)
        .where(broadcast_recipient.c.outbox_id == delivery_id)
    )
    async with storage.unit_of_work() as uow:
        return [row.state for row in await uow.read(query)] == ["cancelled"]


async def backlog(storage: "Storage") -> int:
    """How many rows that nobody waits for have not left."""
    waits = (outbox.c.kind == BULK, outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None))
    async with storage.unit_of_work() as uow:
        return int((await uow.read(select(func.count()).select_from(outbox).where(*waits)))[0][0])


async def put_back(storage: "Storage", delivery: Delivery, *, reason: str) -> None:
    """Try again later, waiting longer each time (5 s to 1 h)."""
    wait = _BACK_OFF_SECONDS[min(delivery.attempts, len(_BACK_OFF_SECONDS)) - 1]
    await _set(
        storage,
        delivery.id,
        available_at=storage.clock.now() + timedelta(seconds=wait),
        last_error=reason[:200],
        claimed_until=None,
    )


async def _set(storage: "Storage", delivery_id: int, **values: Any) -> None:
    async with storage.unit_of_work() as uow:
        await uow.execute(_row(delivery_id).values(**values))
        await uow.commit()


def _row(delivery_id: int) -> Update:
    return update(outbox).where(outbox.c.id == delivery_id)


def _opened(storage: "Storage", row: Any) -> Delivery:
    channel, chat_id = json.loads(storage.keys.open_text(PURPOSE, row.recipient_sealed))
    payload = json.loads(storage.keys.open_text(PURPOSE, row.payload_sealed))
    return Delivery(row.id, row.kind, Recipient(channel, chat_id), payload, row.attempts)
