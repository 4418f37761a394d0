"""Signed heads of the event log: what was said in public of where the log ended, and when.

A head names the newest event, its hash, the time, and the head before. Whoever has kept one can tell later that the log
was not cut off before it, nor written anew. What a newcomer gets wrong: a head on file proves little against somebody
who may rewrite the file; the copy that somebody else has kept does.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import func, insert, select, update

from storage.signing import holds, key_id
from storage.tables.records import event, log_head, log_head_copy

if TYPE_CHECKING:
    from storage.engine import Database
    from storage.unit_of_work import UnitOfWork

PURPOSE: Final = "log-head"
#: How long to wait after the first, second ... failure to reach the second party; the last one goes on.
RETRY_AFTER: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))
LONGEST_ERROR: Final = 200


@dataclass(frozen=True, slots=True)
class LogHead:
    """One head. `events` is how many there were, `hash` the newest one's, `previous` the head's before (or empty)."""

    number: int
    events: int
    hash: str
    sealed_from: int
    at: datetime
    previous: str
    public_key: bytes
    signature: bytes

    @property
    def payload(self) -> bytes:
        """What is signed: one form for one head, whatever its JSON looked like."""
        said = [self.number, self.events, self.hash, self.sealed_from, self.at.isoformat(), self.previous]
        return json.dumps(said, separators=(",", ":")).encode()

    @property
    def fingerprint(self) -> str:
        """SHA-256 over what was signed and by whom: what the next head points back to."""
        return hashlib.sha256(self.payload + self.public_key + self.signature).hexdigest()

    @property
    def is_signed(self) -> bool:
        """Whether the signature is that of the key the head carries."""
        return holds(self.public_key, PURPOSE, self.payload, self.signature)

    def as_json(self) -> dict[str, Any]:
        """The head as it is published."""
        fields = asdict(self)
        for name in ("public_key", "signature"):
            fields[name] = fields[name].hex()
        return {**fields, "at": self.at.isoformat(), "key_id": key_id(self.public_key)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """The inverse of `as_json`.

        Raises:
            ValueError: It is not a head; the text says what is wrong.
        """
        try:
            return cls(
                number=int(fields["number"]),
                events=int(fields["events"]),
                hash=str(fields["hash"]),
                sealed_from=int(fields["sealed_from"]),
                at=datetime.fromisoformat(fields["at"]),
                previous=str(fields["previous"]),
                public_key=bytes.fromhex(fields["public_key"]),
                signature=bytes.fromhex(fields["signature"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"a head of the log lacks {error}") from error


@dataclass(frozen=True, slots=True)
class Copy:
    """A head that still has to reach the second party; `attempts` were in vain."""

    head: LogHead
    attempts: int


class LogHeads:
    """Signs and finds heads inside a unit of work."""

    def __init__(self, uow: "UnitOfWork") -> None:
        self._uow = uow

    async def sign(self) -> LogHead | None:
        """Sign where the log ends now; None while it is empty. Nobody appends until the commit."""
        await self._uow.log.hold()
        last = select(event.c.id, event.c.hash, event.c.seal).order_by(event.c.id.desc()).limit(1)
        newest = await self._uow.read(last)
        if not newest:
            return None
        if newest[0].seal is None:  # the log is older than seals; the first one vouches for all that was there
            await self._uow.log.record(actor="system", act="log_sealed", subject="log")
            newest = await self._uow.read(last)
        before = await self.newest()
        sealed_from = before.sealed_from if before else await self._sealed_from()
        signer, at = self._uow.keys.signer, self._uow.clock.now()
        said: dict[str, Any] = {
            "number": before.number + 1 if before else 1,
            "events": newest[0].id,
            "hash": newest[0].hash,
            "sealed_from": sealed_from,
            "at": max(at, before.at) if before else at,
            "previous": before.fingerprint if before else "",
            "public_key": signer.public_key,
        }
        payload = LogHead(**said, signature=b"").payload
        made = LogHead(**said, signature=signer.sign(PURPOSE, payload).signature)
        await self._uow.execute(insert(log_head).values(**asdict(made)))
        await self._uow.execute(insert(log_head_copy).values(number=made.number, try_at=at))
        return made

    async def newest(self) -> LogHead | None:
        """The last head that was signed."""
        found = await self.latest(1)
        return found[0] if found else None

    async def latest(self, most: int, *, before: int | None = None) -> list[LogHead]:
        """Some heads, newest first, older than a number."""
        query = select(log_head).order_by(log_head.c.number.desc()).limit(most)
        if before is not None:
            query = query.where(log_head.c.number < before)
        return [_head(row) for row in await self._uow.read(query)]

    async def unsent(self, *, most: int) -> list[Copy]:
        """Heads whose turn it is to be sent to the second party, oldest first."""
        query = (
            select(log_head, log_head_copy.c.attempts)
            .join(log_head_copy, log_head_copy.c.number == log_head.c.number)
            .where(log_head_copy.c.sent_at.is_(None), log_head_copy.c.try_at <= self._uow.clock.now())
            .order_by(log_head.c.number)
            .limit(most)
        )
        return [Copy(_head(row), row.attempts) for row in await self._uow.read(query)]

    async def was_sent(self, number: int) -> None:
        """The second party has it."""
        done = update(log_head_copy).where(log_head_copy.c.number == number)
        await self._uow.execute(done.values(sent_at=self._uow.clock.now(), last_error=None))

    async def was_not_sent(self, copy: Copy, error: str) -> None:
        """It could not be reached; try again later."""
        wait = RETRY_AFTER[min(copy.attempts, len(RETRY_AFTER) - 1)]
        await self._uow.execute(
            update(log_head_copy)
            .where(log_head_copy.c.number == copy.head.number)
            .values(attempts=copy.attempts + 1, try_at=self._uow.clock.now() + wait, last_error=error[:LONGEST_ERROR])
        )

    async def _sealed_from(self) -> int:
        return int((await self._uow.read(select(func.min(event.c.id)).where(event.c.seal.is_not(None))))[0][0] or 0)


async def all_heads(database: "Database") -> tuple[LogHead, ...]:
    """Every head on file, oldest first: one a day is 3,650 in ten years."""
    async with database.reading() as connection:
        rows = await connection.execute(select(log_head).order_by(log_head.c.number))
        return tuple(_head(row) for row in rows.all())


def faults_of(heads: Sequence[LogHead], trusted: Iterable[bytes], *, alone: bool = False) -> str | None:
    """What is wrong with heads by themselves, None for nothing.

    Args:
        heads: Oldest first.
        trusted: Public keys whose signatures count; none: any key's, so that only the form is checked.
        alone: They are some of all, so that numbers may be missing.
    """
    keys, before = frozenset(trusted), None
    for one in heads:
        if not one.is_signed:
            return f"the signature of head {one.number} does not hold"
        if keys and one.public_key not in keys:
            return f"head {one.number} was signed with an unknown key ({key_id(one.public_key)})"
        if not alone and one.number != (before.number + 1 if before else 1):
            return f"head {(before.number + 1) if before else 1} is missing"
        if not alone and one.previous != (before.fingerprint if before else ""):
            return f"head {one.number} does not follow the head before"
        before = one
    return None


def _head(row: Any) -> LogHead:
    return LogHead(
        row.number,
        row.events,
        row.hash,
        row.sealed_from,
        row.at,
        row.previous,
        bytes(row.public_key),
        bytes(row.signature),
    )
