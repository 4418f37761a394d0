"""The web chat's own messages: what a browser reads back, sealed at rest."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select, update

from storage.repositories.base import Repository
from storage.tables.conversations import chat_message, web_visitor

if TYPE_CHECKING:
    from storage.unit_of_work import UnitOfWork

BODY: Final = "message"
PAGE: Final = 200


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
    ) -> int:
        """Add a message at commit; returns its id, which may have been chosen before."""
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
            row.update(body_sealed=None, removed=True)
            return
        await self._change(chat_id, message_id, body_sealed=None, removed=True)

    async def after(self, chat_id: int, seq: int, limit: int = PAGE) -> list[ChatMessage]:
        """Messages added or changed since `seq`, in order; from 0, the newest `limit`."""
        query = select(chat_message).where(chat_message.c.chat_id == chat_id, chat_message.c.seq > seq)
        order = chat_message.c.seq.desc() if seq == 0 else chat_message.c.seq.asc()
        rows = await self._uow.read(query.order_by(order).limit(limit))
        return [self._opened(row) for row in (reversed(rows) if seq == 0 else rows)]

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

    async def _change(self, chat_id: int, message_id: int, **values: Any) -> None:
        await self._uow.execute(
            update(chat_message)
            .where(chat_message.c.chat_id == chat_id, chat_message.c.id == message_id)
            .values(seq=self._uow.ids.next(), **values)
        )

    def _opened(self, row: Any) -> ChatMessage:
        body = json.loads(self._keys.open_text(BODY, row.body_sealed)) if row.body_sealed else {}
        return ChatMessage(row.id, row.seq, row.sender, body, row.removed, row.edited, row.sent_at)
