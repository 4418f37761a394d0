"""The web chat's own messages: what a browser reads back, sealed at rest.

A message that was emptied leaves a line that says so, for a day; then the row goes too, because when it was written
tells when somebody was here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage.repositories.base import Repository
from storage.tables.conversations import chat_message, web_visitor

if TYPE_CHECKING:
    from storage.unit_of_work import UnitOfWork

BODY: Final = "message"
PAGE: Final = 200
_GONE_AFTER: Final = timedelta(days=1)
_EMPTY: Final = (
    update(chat_message)
    .where(chat_message.c.id == bindparam("message"))
    .values(body_sealed=None, removed=True, forget_at=bindparam("gone_at"), seq=bindparam("change"))
)
_FORGET_LATER: Final = (
    update(chat_message)
    .where(chat_message.c.chat_id == bindparam("chat"), chat_message.c.id == bindparam("message"))
    .values(forget_at=bindparam("instant"))
)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message. `body` holds text, buttons, attachments; empty once removed. `seq` grows with each change."""

    id: int
    seq: int
    sender: str
    body: dict[str, Any]
    removed: bool
    edited: bool
    sent_at: datetime


class Messages(Repository):
    """Writes and reads the messages of web chats, and their visitors."""

    def __init__(self, uow: "UnitOfWork") -> None:
        super().__init__(uow)
        self._posted: dict[int, dict[str, Any]] = {}

    def post(
        self,
        chat_id: int,
        sender: str,
        body: dict[str, Any],
        *,
        message_id: int | None = None,
        outbox_id: int | None = None,
        forget_at: datetime | None = None,
    ) -> int:
        """Add a message at commit; returns its id, which may have been chosen before.

        At `forget_at` it is emptied by itself, if nobody has done so.
        """
        seq = self._uow.ids.next()
        message_id = message_id or seq
        self._posted[message_id] = self._uow.append(
            chat_message,
            id=message_id,
            chat_id=chat_id,
            seq=seq,
            sender=sender,
            body_sealed=self._keys.seal_text(BODY, json.dumps(body, ensure_ascii=False)),
            removed=False,
            edited=False,
            sent_at=self._uow.clock.now(),
            outbox_id=outbox_id,
            forget_at=forget_at,
        )
        return message_id

    async def get(self, chat_id: int, message_id: int) -> ChatMessage | None:
        """One message of a chat."""
        rows = await self._uow.read(
            select(chat_message).where(chat_message.c.chat_id == chat_id, chat_message.c.id == message_id)
        )
        return self._opened(rows[0]) if rows else None

    async def edit(self, chat_id: int, message_id: int, body: dict[str, Any]) -> None:
        """Put another body in a message's place."""
        sealed = self._keys.seal_text(BODY, json.dumps(body, ensure_ascii=False))
        await self._change(chat_id, message_id, body_sealed=sealed, edited=True)

    async def remove(self, chat_id: int, message_id: int) -> None:
        """Forget what a message said; that there was one stays."""
        row = self._posted.get(message_id)
        if row is not None and self._uow.is_waiting(row):  # posted by this very unit of work: it is never written
            row.update(body_sealed=None, removed=True, forget_at=self._gone_at())
            return
        await self._change(chat_id, message_id, body_sealed=None, removed=True, forget_at=self._gone_at())

    def forget_later(self, chat_id: int, message_id: int, instant: datetime) -> None:
        """Keep a message only until an instant; one of a chat that is not ours is not here to be forgotten."""
        row = self._posted.get(message_id)
        if row is not None and self._uow.is_waiting(row):
            row.update(forget_at=instant)
        else:
            self._uow.amend(_FORGET_LATER, chat=chat_id, message=message_id, instant=instant)

    async def after(self, chat_id: int, seq: int, limit: int = PAGE) -> list[ChatMessage]:
        """Messages added or changed since `seq`, in order; from 0, the newest `limit`."""
        query = select(chat_message).where(chat_message.c.chat_id == chat_id, chat_message.c.seq > seq)
        order = chat_message.c.seq.desc() if seq == 0 else chat_message.c.seq.asc()
        rows = await self._uow.read(query.order_by(order).limit(limit))
        return [self._opened(row) for row in (reversed(rows) if seq == 0 else rows)]

    async def begun_with(self, chat_id: int, what_id: int) -> int:
        """The id of what the person said last before something began (`what_id` is its time-ordered id)."""
        rows = await self._uow.read(
            select(func.max(chat_message.c.id)).where(
                chat_message.c.chat_id == chat_id, chat_message.c.id < what_id, chat_message.c.sender == "user"
            )
        )
        return int(rows[0][0] or what_id)

    async def empty_from(self, chat_id: int, message_id: int) -> None:
        """Forget everything both sides said from one message on."""
        await self._empty(chat_message.c.chat_id == chat_id, chat_message.c.id >= message_id)

    async def empty_saying(self, chat_id: int, words: Sequence[str]) -> None:
        """Forget every message of a chat that repeats one of some texts."""
        rows = await self._uow.read(
            select(chat_message.c.id, chat_message.c.body_sealed).where(
                chat_message.c.chat_id == chat_id, chat_message.c.removed.is_(False)
            )
        )
        opened = ((row.id, self._keys.open_text(BODY, row.body_sealed)) for row in rows if row.body_sealed)
        quoted = [json.dumps(one, ensure_ascii=False)[1:-1] for one in words]
        found = [message_id for message_id, body in opened if any(one in body for one in quoted)]
        await self._empty(chat_message.c.id.in_(found))

    async def empty_until(self, instant: datetime, *, chat_id: int | None = None) -> int:
        """Forget what was only to be read for a while, up to an instant; of one chat, or of all. Returns how many."""
        conditions = [chat_message.c.forget_at <= instant]
        if chat_id is not None:
            conditions.append(chat_message.c.chat_id == chat_id)
        return await self._empty(*conditions)

    async def delete_emptied(self, instant: datetime) -> None:
        """Delete what was emptied so long before an instant that nobody's page shows it any more."""
        gone = (chat_message.c.removed, chat_message.c.forget_at <= instant)
        if await self._uow.read(select(chat_message.c.id).where(*gone).limit(1)):  # looking costs no write lock
            await self._uow.execute(delete(chat_message).where(*gone))

    async def visitor(self, token_hash: bytes) -> int | None:
        """The chat id of a browser's cookie."""
        rows = await self._uow.read(select(web_visitor.c.chat_id).where(web_visitor.c.token_hash == token_hash))
        return rows[0].chat_id if rows else None

    async def welcome(self, token_hash: bytes) -> int:
        """Give a new browser its chat id."""
        chat_id = self._uow.ids.next()
        await self._uow.execute(
            insert(web_visitor).values(chat_id=chat_id, token_hash=token_hash, created_at=self._uow.clock.now())
        )
        return chat_id

    async def count(self, chat_id: int) -> int:
        """How many messages a chat holds."""
        rows = await self._uow.read(
            select(func.count()).select_from(chat_message).where(chat_message.c.chat_id == chat_id)
        )
        return int(rows[0][0])

    async def _empty(self, *conditions: Any) -> int:
        """Forget messages; each change has a place of its own in the order of changes, so that no page misses one."""
        rows = await self._uow.read(
            select(chat_message.c.id)
            .where(chat_message.c.removed.is_(False), *conditions)
            .order_by(chat_message.c.id)
            .limit(10_000)
        )
        for row in rows:
            self._uow.amend(_EMPTY, message=row.id, change=self._uow.ids.next(), gone_at=self._gone_at())
        return len(rows)

    def _gone_at(self) -> datetime:
        return self._uow.clock.now() + _GONE_AFTER

    async def _change(self, chat_id: int, message_id: int, **values: Any) -> None:
        await self._uow.execute(
            update(chat_message)
            .where(chat_message.c.chat_id == chat_id, chat_message.c.id == message_id)
            .values(seq=self._uow.ids.next(), **values)
        )

    def _opened(self, row: Any) -> ChatMessage:
        body = json.loads(self._keys.open_text(BODY, row.body_sealed)) if row.body_sealed else {}
        return ChatMessage(row.id, row.seq, row.sender, body, row.removed, row.edited, row.sent_at)
