"""Broadcasts: a text, its approval, the people it goes to, and what became of each.

What a newcomer gets wrong: recipients are written once, with the approval. Who subscribes afterwards gets nothing of
it; who unsubscribes before their turn is left out when their turn comes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, case, func, insert, literal, select, update

from storage.errors import StaleVersion
from storage.outbox import EMPTIED
from storage.repositories.base import Repository
from storage.repositories.reminders import STANDING
from storage.repositories.subscriptions import first_places
from storage.tables.elections import candidate, election
from storage.tables.officials import official, place
from storage.tables.records import outbox
from storage.tables.reminders import broadcast, broadcast_recipient, subscription

DRAFT: Final = "draft"
APPROVED: Final = "approved"
CANCELLED: Final = "cancelled"
_author = official.alias("author")
_approver = official.alias("approver")
_canceller = official.alias("canceller")


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A broadcast as it stands."""

    id: int
    place_id: int
    place_path: str
    place_name: str
    kind: str
    body: str
    state: str
    version: int
    second_above: int
    author_id: int
    author_name: str
    created_at: datetime
    approver_name: str | None
    approved_at: datetime | None
    size: int | None
    canceller_name: str | None
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """How many people of a village a broadcast did not reach, and the candidates among them, by name."""

    place_name: str
    people: int
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recipient whose turn it is; `subscribed` no longer where they have unsubscribed meanwhile."""

    id: int
    broadcast_id: int
    person_id: int
    place_id: int
    place_name: str
    body: str
    subscribed: bool


class Broadcasts(Repository):
    """Keeps broadcasts."""

    async def add(self, *, place_id: int, kind: str, body: str, second_above: int, author_id: int) -> int:
        """A new draft; returns its id.

        Raises:
            RuleRefused: The author may not write one for this place.
        """
        values = {"place_id": place_id, "kind": kind, "body": body, "second_above": second_above}
        made = insert(broadcast).values(
            **values, state=DRAFT, version=1, author_id=author_id, created_at=self._uow.clock.now()
        )
        return int((await self._uow.execute(made.returning(broadcast.c.id))).scalar_one())

    async def get(self, broadcast_id: int) -> Broadcast | None:
        """A broadcast by id."""
        rows = await self._uow.read(_BROADCASTS.where(broadcast.c.id == broadcast_id))
        return Broadcast(*rows[0]) if rows else None

    async def within(self, place_path: str, *, limit: int = 100) -> list[Broadcast]:
        """The broadcasts of a place and all that belongs to it, newest first."""
        inside = (place.c.path == place_path) | place.c.path.startswith(f"{place_path}/", autoescape=True)
        rows = await self._uow.read(_BROADCASTS.where(inside).order_by(broadcast.c.id.desc()).limit(limit))
        return [Broadcast(*row) for row in rows]

    async def drafts_within(self, place_path: str, *, but: int) -> int:
        """How many drafts a place and all that belongs to it have, but those of one official."""
        inside = (place.c.path == place_path) | place.c.path.startswith(f"{place_path}/", autoescape=True)
        query = select(func.count()).select_from(broadcast).join(place, place.c.id == broadcast.c.place_id)
        waits = (inside, broadcast.c.state == DRAFT, broadcast.c.author_id != but)
        return int((await self._uow.read(query.where(*waits)))[0][0])

    async def rewrite(self, broadcast_id: int, seen: int, **values: Any) -> None:
        """Change a draft: place_id, kind, body.

        Raises:
            StaleVersion: It was changed, approved or stopped since it was seen.
        """
        await self._step(broadcast_id, seen, DRAFT, **values)

    async def approve(self, one: Broadcast, seen: int, official_id: int) -> int:
        """Fix the text, write the recipients down, let it go; returns how many there are.

        Raises:
            StaleVersion: It was changed, approved or stopped since it was seen.
            RuleRefused: It goes to too many for its author alone, or the official may not approve it.
        """
        if not self._uow.storage.database.is_sqlite:  # nobody else approves or changes it meanwhile
            await self._uow.execute(select(broadcast.c.id).where(broadcast.c.id == one.id).with_for_update())
        rows = await self._uow.read(select(broadcast.c.version, broadcast.c.state).where(broadcast.c.id == one.id))
        if not rows or (rows[0].version, rows[0].state) != (seen, DRAFT):
            raise StaleVersion(f"broadcast/{one.id}")
        people = first_places(one.place_path).subquery()
        chosen = select(literal(one.id), people.c.person_id, people.c.place_id, literal("waiting"))
        columns = ["broadcast_id", "person_id", "place_id", "state"]
        await self._uow.execute(insert(broadcast_recipient).from_select(columns, chosen.order_by(people.c.person_id)))
        mine = select(func.count()).where(broadcast_recipient.c.broadcast_id == one.id)
        size = int((await self._uow.read(mine))[0][0])
        now = self._uow.clock.now()
        await self._step(one.id, seen, APPROVED, approved_by=official_id, approved_at=now, size=size)
        return size

    async def cancel(self, one: Broadcast, seen: int, official_id: int) -> int:
        """Stop it: who has not got it gets nothing; returns for how many that was.

        What a worker is sending at this very moment still arrives.

        Raises:
            StaleVersion: It was changed or stopped since it was seen.
        """
        now = self._uow.clock.now()
        await self._step(one.id, seen, CANCELLED, cancelled_by=official_id, cancelled_at=now)
        mine = broadcast_recipient.c.broadcast_id == one.id
        queued = select(broadcast_recipient.c.outbox_id).where(mine, broadcast_recipient.c.state == "queued")
        unclaimed = (outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None), outbox.c.claimed_until.is_(None))
        stopped = update(outbox).where(outbox.c.id.in_(queued), *unclaimed)
        ids = await self._uow.execute(
            stopped.values(failed_at=now, last_error="cancelled", **EMPTIED).returning(outbox.c.id)
        )
        emptied = [row.id for row in ids]
        gone = broadcast_recipient.c.state.in_(["waiting"]) | broadcast_recipient.c.outbox_id.in_(emptied)
        left = update(broadcast_recipient).where(mine, gone).values(state=CANCELLED, settled_at=now)
        return (await self._uow.execute(left)).rowcount

    async def next_waiting(self, limit: int) -> list[Waiting]:
        """Recipients of approved broadcasts whose turn it is, in the order of approval; to be queued in this unit."""
        subscribed = (
            select(literal(1))
            .where(
                subscription.c.person_id == broadcast_recipient.c.person_id,
                subscription.c.place_id == broadcast_recipient.c.place_id,
            )
            .exists()
        )
        query = (
            select(
                broadcast_recipient.c.id,
                broadcast_recipient.c.broadcast_id,
                broadcast_recipient.c.person_id,
                broadcast_recipient.c.place_id,
                place.c.name,
                broadcast.c.body,
                case((subscribed, 1), else_=0).label("subscribed"),
            )
            .join(broadcast, broadcast.c.id == broadcast_recipient.c.broadcast_id)
            .join(place, place.c.id == broadcast.c.place_id)
            .where(broadcast_recipient.c.state == "waiting", broadcast.c.state == APPROVED)
            .order_by(broadcast_recipient.c.broadcast_id, broadcast_recipient.c.id)
            .limit(limit)
        )
        if not await self._uow.read(query.limit(1)):
            return []  # looking costs no write lock
        if not self._uow.storage.database.is_sqlite:
            query = query.with_for_update(of=broadcast_recipient, skip_locked=True)
        rows = (await self._uow.execute(query)).all()
        return [
            Waiting(
                row.id,
                row.broadcast_id,
                row.person_id,
                row.place_id,
                row.name,
                row.body,
                subscribed=bool(row.subscribed),
            )
            for row in rows
        ]

    async def queued(self, recipients: Iterable[tuple[int, int]]) -> None:
        """Note which message each recipient became: (recipient, outbox row)."""
        rows = [{"which": recipient_id, "message": outbox_id} for recipient_id, outbox_id in recipients]
        if rows:
            await self._uow.execute(_QUEUED, rows)

    async def left(self, recipient_ids: Iterable[int]) -> None:
        """Leave out who unsubscribed before their turn."""
        gone = update(broadcast_recipient).where(broadcast_recipient.c.id.in_(list(recipient_ids)))
        await self._uow.execute(gone.values(state="left", settled_at=self._uow.clock.now()))

    async def progress(self, broadcast_id: int) -> dict[str, int]:
        """How many recipients are in which state."""
        rows = await self._uow.read(
            select(broadcast_recipient.c.state, func.count().label("people"))
            .where(broadcast_recipient.c.broadcast_id == broadcast_id)
            .group_by(broadcast_recipient.c.state)
        )
        return {row.state: row.people for row in rows}

    async def unreachable(self, broadcast_id: int) -> list[Unreachable]:
        """Who was not reached, by village: counted, and only candidates by name."""
        mine = (broadcast_recipient.c.broadcast_id == broadcast_id, broadcast_recipient.c.state == "unreachable")
        counts = await self._uow.read(
            select(place.c.id, place.c.name, func.count().label("people"))
            .join(broadcast_recipient, broadcast_recipient.c.place_id == place.c.id)
            .where(*mine)
            .group_by(place.c.id, place.c.name, place.c.path)
            .order_by(place.c.path)
        )
        known = await self._uow.read(
            select(broadcast_recipient.c.place_id, candidate.c.name)
            .join(candidate, candidate.c.person_id == broadcast_recipient.c.person_id)
            .join(election, election.c.id == candidate.c.election_id)
            .where(*mine, candidate.c.state.in_(STANDING), election.c.place_id == broadcast_recipient.c.place_id)
            .order_by(candidate.c.id)
        )
        names: dict[int, list[str]] = {}
        for row in known:
            names.setdefault(row.place_id, []).append(row.name)
        return [Unreachable(row.name, row.people, tuple(dict.fromkeys(names.get(row.id, ())))) for row in counts]

    async def _step(self, broadcast_id: int, seen: int, state: str, **values: Any) -> None:
        changed = update(broadcast).where(
            broadcast.c.id == broadcast_id, broadcast.c.version == seen, broadcast.c.state != CANCELLED
        )
        if state != CANCELLED:
            changed = changed.where(broadcast.c.state == DRAFT)
        result = await self._uow.execute(changed.values(state=state, version=seen + 1, **values))
        if not result.rowcount:
            raise StaleVersion(f"broadcast/{broadcast_id}")


_QUEUED: Final = (
    update(broadcast_recipient)
    .where(broadcast_recipient.c.id == bindparam("which"))
    .values(state="queued", outbox_id=bindparam("message"))
)
_BROADCASTS: Final[Select[Any]] = (
    select(
        broadcast.c.id,
        broadcast.c.place_id,
        place.c.path,
        place.c.name,
        broadcast.c.kind,
        broadcast.c.body,
        broadcast.c.state,
        broadcast.c.version,
        broadcast.c.second_above,
        broadcast.c.author_id,
        _author.c.display_name.label("author_name"),
        broadcast.c.created_at,
        _approver.c.display_name.label("approver_name"),
        broadcast.c.approved_at,
        broadcast.c.size,
        _canceller.c.display_name.label("canceller_name"),
        broadcast.c.cancelled_at,
    )
    .join(place, place.c.id == broadcast.c.place_id)
    .join(_author, _author.c.id == broadcast.c.author_id)
    .outerjoin(_approver, _approver.c.id == broadcast.c.approved_by)
    .outerjoin(_canceller, _canceller.c.id == broadcast.c.cancelled_by)
)
