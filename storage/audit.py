"""The append-only, hash-chained, sealed event log.

Each event holds the hash of the one before, so an edit, a deletion, an insertion or a changed order breaks the chain
at that place. Its own hash is sealed with the server's key, so whoever has the database but not the key file cannot
write the chain anew. At least once a day the end of the log is signed and published (storage/log_heads.py), so a
cut-off end is found too.

Why the seal is a keyed hash and not a signature: on the machine this was written on BLAKE2b with a key takes 2
microseconds, an Ed25519 signature 70 to make and 190 to check. A million events would take three minutes more to
verify, and every read of a page would pay for it. Whoever holds no key checks the chain up to the last signed head,
which vouches for everything before it.

What no log can prove: that what was recorded is true, that nothing was done past the application, and, to somebody
who knows no head from elsewhere, that the newest events were not cut off. Whoever has the database and the key file
can write everything since the last head that others have kept.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select, text

from storage.log_heads import LogHead, all_heads, faults_of
from storage.tables.records import event

if TYPE_CHECKING:
    from storage.engine import Database
    from storage.unit_of_work import UnitOfWork
    from storage.vault import KeyRing

SEAL: Final = "event"
_LOCK: Final = 0x5146_4C4F_47  # one writer of the chain at a time on PostgreSQL
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first place where the chain does not hold."""

    event_id: int
    fault: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a verification saw.

    `head` is the newest event's hash; `sealed_from` the first event with a seal, 0 for none; `heads` how many signed
    heads were held against the chain; `seals_checked`: the key was there.
    """

    events: int
    head: str
    fault: ChainFault | None
    sealed_from: int = 0
    heads: int = 0
    seals_checked: bool = False


class EventLog:
    """Appends to the log inside a unit of work."""

    def __init__(self, uow: "UnitOfWork") -> None:
        self._uow = uow

    async def hold(self) -> None:
        """Let nobody else append until the commit; SQLite has one writer anyway."""
        await self._uow.begin()
        if not self._uow.storage.database.is_sqlite:
            await self._uow.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    async def record(self, *, actor: str, act: str, subject: str, **detail: Any) -> None:
        """Append one event: who (`official/7`, `reporter`, `system`), what, on what; no personal data."""
        await self.hold()
        last = (await self._uow.execute(select(event.c.id, event.c.hash).order_by(event.c.id.desc()).limit(1))).first()
        number, previous = (last.id + 1, last.hash) if last else (1, "")
        at, keys = self._uow.clock.now(), self._uow.keys
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
                seal=keys.vouch(SEAL, bytes.fromhex(digest)),
                seal_key=keys.fingerprint,
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


@dataclass(slots=True)
class Walk:
    """One walk along the chain, an event at a time; it remembers where it is and the heads, nothing else.

    `published` are hashes known from elsewhere that must occur.
    """

    keys: "KeyRing | None" = None
    heads: Sequence[LogHead] = ()
    published: frozenset[str] = frozenset()
    count: int = 0
    previous: str = ""
    sealed_from: int = 0
    _expected: dict[int, list[LogHead]] = field(default_factory=dict)
    _unseen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Sort what is known by where it must occur."""
        self._unseen = set(self.published)
        for one in self.heads:
            self._expected.setdefault(one.events, []).append(one)

    def step(self, row: Any) -> ChainFault | None:
        """Take the next event; the first fault ends the walk."""
        fault = _fault(row, self.count + 1, self.previous) or self._seal_fault(row) or self._head_fault(row)
        if fault:
            return ChainFault(row.id, fault)
        self.count, self.previous = self.count + 1, row.hash
        self._unseen.discard(row.hash)
        return None

    def end(self) -> ChainFault | None:
        """What is wrong though every event by itself is in order."""
        beyond = max(self._expected, default=0)
        if beyond > self.count:
            return ChainFault(self.count, f"a signed head tells of {beyond} events: the end was cut off")
        if self._unseen:
            return ChainFault(self.count, "the published head is not in the chain: it was cut off or written anew")
        if self.count and self.keys is not None and not self.sealed_from:
            return ChainFault(
                self.count, "no event carries a seal: they were taken off, or this version never ran on the database"
            )
        return None

    def _seal_fault(self, row: Any) -> str | None:
        if row.seal is None:
            return "it carries no seal, though an earlier one does" if self.sealed_from else None
        self.sealed_from = self.sealed_from or row.id
        if self.keys is not None and not self.keys.vouches(SEAL, row.seal_key or "", bytes.fromhex(row.hash), row.seal):
            return "its seal was not made with this key for this event"
        return None

    def _head_fault(self, row: Any) -> str | None:
        for one in self._expected.get(row.id, ()):
            if one.hash != row.hash:
                return f"signed head {one.number} says another event stood here"
            if one.sealed_from != self.sealed_from:
                return f"signed head {one.number} says that seals begin at event {one.sealed_from}"
        return None


async def verify(
    database: "Database",
    *,
    keys: "KeyRing | None" = None,
    public_keys: Iterable[bytes] = (),
    published: Iterable[LogHead] = (),
    published_head: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ChainReport:
    """Walk the whole chain, a page at a time, holding it against every signed head.

    Args:
        database: The open database.
        keys: The server's keys; without them seals are not checked.
        public_keys: Whose signatures on heads count; with keys, the server's own does anyway. None at all: no
            signature is checked, the heads still have to fit the chain.
        published: Heads known from elsewhere.
        published_head: A hash known from elsewhere that must occur in the chain; finds a cut-off end.
        progress: Told after each page how many events of how many were seen.
    """
    trusted = frozenset(public_keys) | frozenset(keys.public_keys if keys else ())
    stored, known = await all_heads(database), tuple(published)
    fault = faults_of(stored, trusted) or faults_of(known, trusted, alone=True) or _differs(stored, known)
    walk = Walk(keys, (*stored, *known), frozenset({published_head} if published_head else ()))
    broken = ChainFault(0, fault) if fault else await _walk(database, walk, progress) or walk.end()
    return ChainReport(walk.count, walk.previous, broken, walk.sealed_from, len(stored), keys is not None)


def _differs(stored: Sequence[LogHead], known: Sequence[LogHead]) -> str | None:
    by_number = {one.number: one for one in stored}
    for one in known:
        if one != by_number.get(one.number):
            return f"published head {one.number} is not the one on file"
    return None


async def _walk(database: "Database", walk: Walk, progress: Callable[[int, int], None] | None) -> ChainFault | None:
    total = await size(database) if progress else 0
    async with aclosing(_events(database)) as events:  # a fault ends the walk early; the connection goes back
        async for row in events:
            fault = walk.step(row)
            if fault:
                return fault
            if progress and walk.count % _PAGE == 0:
                progress(walk.count, max(total, walk.count))
    if progress:
        progress(walk.count, walk.count)
    return None


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


async def size(database: "Database") -> int:
    """How many events there are."""
    async with database.reading() as connection:
        return int((await connection.execute(select(func.coalesce(func.max(event.c.id), 0)))).scalar_one())


async def head(database: "Database") -> str:
    """The hash of the newest event, empty for an empty log."""
    async with database.reading() as connection:
        newest = select(event.c.hash).where(event.c.id == select(func.max(event.c.id)).scalar_subquery())
        return (await connection.execute(newest)).scalar() or ""
