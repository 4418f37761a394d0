"""People in chats: who they are to us is a keyed hash, where to write to is sealed.

`meet` answers in one statement what every update needs first: do we know this person, where were we, and was this
very update handled before.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.batched_reads import BatchedRead
from storage.engine import Database
from storage.outbox import Recipient
from storage.repositories.base import Repository
from storage.tables.conversations import inbound, person

HANDLE: Final = "person.handle"
DATA: Final = "person.data"
INDEX: Final = "person"
INBOUND: Final = "inbound"

_SAVE_CONVERSATION: Final = (
    update(person)
    .where(person.c.id == bindparam("who"))
    .values(state=bindparam("new_state"), data_sealed=bindparam("new_data"))
)
_KNOWN: Final = select(
    person.c.key,
    person.c.id,
    person.c.state,
    person.c.data_sealed,
    person.c.place_id,
    person.c.jurisdiction,
    person.c.kind,
).where(person.c.key.in_(bindparam("keys", expanding=True)))
_HANDLED: Final = select(inbound.c.bot_id, inbound.c.update_id).where(
    inbound.c.update_id.in_(bindparam("updates", expanding=True)), inbound.c.done_at.is_not(None)
)
_SET_PLACE: Final = update(person).where(person.c.id == bindparam("who")).values(place_id=bindparam("new_place"))
_SET_HOME: Final = (
    update(person)
    .where(person.c.id == bindparam("who"))
    .values(place_id=bindparam("new_place"), jurisdiction=bindparam("new_jurisdiction"), kind=bindparam("new_kind"))
)


@dataclass(slots=True)
class Person:
    """Somebody in one chat of one of our bots. `state` and `data` are aiogram's FSM.

    `place_id` is the village or community they named; `jurisdiction` and `kind` are what they said of themselves where
    no place of our list tells it.
    """

    id: int
    key: bytes
    recipient: Recipient
    state: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    place_id: int | None = None
    is_new: bool = False
    jurisdiction: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateKey:
    """Names an update so that its repetition is recognised."""

    bot_id: int
    update_id: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """What is looked up when an update comes in: the person's key and the update."""

    key: bytes
    update: UpdateKey


@dataclass(slots=True)
class Acquaintance:
    """What is known: the person's row (`id` None: nobody yet), and whether the update was handled before."""

    id: int | None = None
    state: str | None = None
    data_sealed: bytes | None = None
    place_id: int | None = None
    is_done: bool = False
    jurisdiction: str | None = None
    kind: str | None = None


class Acquaintances(BatchedRead[Meeting, Acquaintance]):
    """Looks people and updates up for many conversations at once."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, _meet)


async def _meet(connection: AsyncConnection, meetings: list[Meeting]) -> dict[Meeting, Acquaintance]:
    rows = await connection.execute(_KNOWN, {"keys": [meeting.key for meeting in meetings]})
    people = {row.key: row for row in rows}
    handled = await connection.execute(_HANDLED, {"updates": [meeting.update.update_id for meeting in meetings]})
    done = {UpdateKey(row.bot_id, row.update_id) for row in handled}
    found: dict[Meeting, Acquaintance] = {}
    for meeting in meetings:
        row = people.get(meeting.key)
        known = Acquaintance()
        if row:
            known = Acquaintance(
                row.id, row.state, row.data_sealed, row.place_id, jurisdiction=row.jurisdiction, kind=row.kind
            )
        known.is_done = meeting.update in done
        found[meeting] = known
    return found


class People(Repository):
    """Finds and keeps people."""

    async def meet(self, recipient: Recipient, bot_id: int, user_id: int, update: UpdateKey) -> Person | None:
        """The person behind an update, or None when the update was handled before."""
        key = self._keys.index(INDEX, f"{bot_id}:{recipient.chat_id}:{user_id}")
        known = await self._uow.storage.acquaintances.load(Meeting(key, update))
        if known is None:
            return Person(self._uow.ids.next(), key, recipient, is_new=True)
        if known.is_done:
            return None
        if known.id is None:
            return Person(self._uow.ids.next(), key, recipient, is_new=True)
        data = json.loads(self._keys.open_text(DATA, known.data_sealed)) if known.data_sealed else {}
        return Person(
            known.id,
            key,
            recipient,
            known.state,
            data,
            known.place_id,
            jurisdiction=known.jurisdiction,
            kind=known.kind,
        )

    async def add(self, who: Person) -> None:
        """Write a person met for the first time."""
        handle = json.dumps([who.recipient.channel, who.recipient.chat_id])
        self._uow.append(
            person,
            id=who.id,
            key=who.key,
            channel=who.recipient.channel,
            handle_sealed=self._keys.seal_text(HANDLE, handle),
            state=who.state,
            data_sealed=None,
            place_id=who.place_id,
            jurisdiction=who.jurisdiction,
            kind=who.kind,
            created_at=self._uow.clock.now(),
        )

    def save_conversation(self, who: Person) -> None:
        """Write where the conversation stands."""
        sealed = self._keys.seal_text(DATA, json.dumps(who.data, ensure_ascii=False)) if who.data else None
        self._uow.amend(_SAVE_CONVERSATION, who=who.id, new_state=who.state, new_data=sealed)

    def set_place(self, person_id: int, place_id: int | None) -> None:
        """Remember the person's village; None forgets it."""
        self._uow.amend(_SET_PLACE, who=person_id, new_place=place_id)

    def set_home(self, who: Person) -> None:
        """Remember where a person says they are at home, as `who` has it; three Nones forget it."""
        self._uow.amend(
            _SET_HOME, who=who.id, new_place=who.place_id, new_jurisdiction=who.jurisdiction, new_kind=who.kind
        )

    async def forget_conversations(self, state: str, is_over: Callable[[dict[str, Any]], bool]) -> int:
        """Empty what conversations in a state hold, where it says that their time is over; returns how many.

        The state stays, so that whoever comes back hears what became of it. A conversation that moves on at this very
        moment keeps what it holds now.
        """
        query = select(person.c.id, person.c.data_sealed).where(
            person.c.state == state, person.c.data_sealed.is_not(None)
        )
        forgotten = 0
        for row in await self._uow.read(query):
            if is_over(json.loads(self._keys.open_text(DATA, row.data_sealed))):
                same = (person.c.id == row.id) & (person.c.state == state) & (person.c.data_sealed == row.data_sealed)
                result = await self._uow.execute(update(person).where(same).values(data_sealed=None))
                forgotten += result.rowcount
        return forgotten

    async def recipient_of(self, person_id: int) -> Recipient:
        """Where to write to a person."""
        rows = await self._uow.read(select(person.c.handle_sealed).where(person.c.id == person_id))
        channel, chat_id = json.loads(self._keys.open_text(HANDLE, rows[0].handle_sealed))
        return Recipient(channel, chat_id)

    async def recipients_of(self, person_ids: Iterable[int]) -> dict[int, Recipient]:
        """Where to write to some people, by id."""
        query = select(person.c.id, person.c.handle_sealed).where(person.c.id.in_(sorted(set(person_ids))))
        found: dict[int, Recipient] = {}
        for row in await self._uow.read(query):
            channel, chat_id = json.loads(self._keys.open_text(HANDLE, row.handle_sealed))
            found[row.id] = Recipient(channel, chat_id)
        return found

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
                payload_sealed=self._keys.seal_text(INBOUND, payload),
                done_at=None,
            )

    async def unfinished(self, bot_id: int) -> list[str]:
        """The JSON of updates that were received but not handled, oldest first."""
        rows = await self._uow.read(
            select(inbound.c.payload_sealed)
            .where(inbound.c.bot_id == bot_id, inbound.c.done_at.is_(None), inbound.c.payload_sealed.is_not(None))
            .order_by(inbound.c.update_id)
        )
        return [self._keys.open_text(INBOUND, row.payload_sealed) for row in rows]
