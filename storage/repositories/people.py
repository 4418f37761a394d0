"""People in chats: who they are to us is a keyed hash, where to write to is sealed.

`meet` answers in one statement what every update needs first: do we know this person, where were we, and was this
very update handled before.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.outbox import Recipient
from storage.repositories.base import Repository
from storage.tables.conversations import inbound, person

HANDLE: Final = "person.handle"
DATA: Final = "person.data"
INDEX: Final = "person"

_MEET: Final = text(
    "SELECT p.id, p.state, p.data_sealed, p.place_id, "
    "(SELECT i.done_at FROM inbound i WHERE i.bot_id = :bot_id AND i.update_id = :update_id) AS done_at "
    "FROM (SELECT 1 AS one) AS always LEFT JOIN person p ON p.key = :key"
)


@dataclass(slots=True)
class Person:
    """Somebody in one chat of one of our bots. `state` and `data` are aiogram's FSM."""

    id: int
    key: bytes
    recipient: Recipient
    state: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    place_id: int | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class UpdateKey:
    """Names an update so that its repetition is recognised."""

    bot_id: int
    update_id: int


class People(Repository):
    """Finds and keeps people."""

    async def meet(self, recipient: Recipient, bot_id: int, user_id: int, update: UpdateKey) -> Person | None:
        """The person behind an update, or None when the update was handled before."""
        key = self._keys.index(INDEX, f"{bot_id}:{recipient.chat_id}:{user_id}")
        values = {"bot_id": update.bot_id, "update_id": update.update_id, "key": key}
        row = (await self._uow.read(_MEET, values))[0]
        if row.done_at is not None:
            return None
        if row.id is None:
            return Person(self._uow.ids.next(), key, recipient, is_new=True)
        data = json.loads(self._keys.open_text(DATA, row.data_sealed)) if row.data_sealed else {}
        return Person(row.id, key, recipient, row.state, data, row.place_id)

    async def add(self, who: Person) -> None:
        """Write a person met for the first time."""
        handle = json.dumps([who.recipient.channel, who.recipient.chat_id])
        await self._uow.execute(
            insert(person).values(
                id=who.id,
                key=who.key,
                channel=who.recipient.channel,
                handle_sealed=self._keys.seal_text(HANDLE, handle),
                place_id=who.place_id,
                created_at=self._uow.clock.now(),
            )
        )

    async def save_conversation(self, who: Person) -> None:
        """Write where the conversation stands."""
        sealed = self._keys.seal_text(DATA, json.dumps(who.data, ensure_ascii=False)) if who.data else None
        await self._uow.execute(update(person).where(person.c.id == who.id).values(state=who.state, data_sealed=sealed))

    async def set_place(self, person_id: int, place_id: int) -> None:
        """Remember the person's village."""
        await self._uow.execute(update(person).where(person.c.id == person_id).values(place_id=place_id))

    async def recipient_of(self, person_id: int) -> Recipient:
        """Where to write to a person."""
        rows = await self._uow.read(select(person.c.handle_sealed).where(person.c.id == person_id))
        channel, chat_id = json.loads(self._keys.open_text(HANDLE, rows[0].handle_sealed))
        return Recipient(channel, chat_id)

    async def mark_done(self, update_key: UpdateKey) -> None:
        """Remember an update as handled, and forget what it carried."""
        now = self._uow.clock.now()
        dialect = sqlite if self._uow.storage.database.is_sqlite else postgresql
        statement = dialect.insert(inbound).values(
            bot_id=update_key.bot_id, update_id=update_key.update_id, received_at=now, done_at=now
        )
        await self._uow.execute(
            statement.on_conflict_do_update(
                index_elements=["bot_id", "update_id"], set_={"done_at": now, "payload_sealed": None}
            )
        )

    def append_done(self, update_key: UpdateKey) -> None:
        """`mark_done` for an update that was not written before; joins the group commit."""
        now = self._uow.clock.now()
        self._uow.append(
            inbound,
            bot_id=update_key.bot_id,
            update_id=update_key.update_id,
            received_at=now,
            payload_sealed=None,
            done_at=now,
        )

    async def receive(self, bot_id: int, updates: dict[int, str]) -> None:
        """Write updates before they are acknowledged: update id -> its JSON."""
        now = self._uow.clock.now()
        for update_id, payload in updates.items():
            self._uow.append(
                inbound,
                bot_id=bot_id,
                update_id=update_id,
                received_at=now,
                payload_sealed=self._keys.seal_text("inbound", payload),
                done_at=None,
            )

    async def unfinished(self, bot_id: int) -> list[str]:
        """The JSON of updates that were received but not handled, oldest first."""
        rows = await self._uow.read(
            select(inbound.c.payload_sealed)
            .where(inbound.c.bot_id == bot_id, inbound.c.done_at.is_(None), inbound.c.payload_sealed.is_not(None))
            .order_by(inbound.c.update_id)
        )
        return [self._keys.open_text("inbound", row.payload_sealed) for row in rows]
