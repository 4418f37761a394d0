"""People in chats, what they sent, and the web chat's own messages."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, text

from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

SENDERS = ("user", "bot")

person = Table(
    "person",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", LargeBinary, nullable=False, unique=True),  # keyed hash of (bot, chat, user)
    Column("channel", String(20), nullable=False),
    Column("handle_sealed", LargeBinary, nullable=False),  # how to write to this chat, sealed to the server's key
    Column("state", String(60)),  # aiogram's FSM state
    Column("data_sealed", LargeBinary),  # aiogram's FSM data
    Column("place_id", ForeignKey("place.id", ondelete="SET NULL")),
    Column("created_at", Instant, nullable=False),
    Column("jurisdiction", String(60)),  # whose rules apply to somebody whose place is not on our list: cn/zhejiang
    Column("kind", String(10)),  # village or community, said by somebody whose place is not on our list
)

inbound = Table(
    "inbound",
    metadata,
    Column("bot_id", BigInteger, primary_key=True, autoincrement=False),
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("received_at", Instant, nullable=False),
    Column("payload_sealed", LargeBinary),  # kept until done, so that a restart can go on
    Column("done_at", Instant),
    Index("ix_inbound_done_at", "done_at"),
)

web_visitor = Table(
    "web_visitor",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)

chat_message = Table(
    "chat_message",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # grows with time inside a chat
    Column("chat_id", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the id of the last change: what `after=` compares with
    Column("sender", String(8), nullable=False),
    Column("body_sealed", LargeBinary),
    Column("removed", Boolean, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("outbox_id", BigInteger, unique=True),  # a delivery repeated after a crash makes one message
    Column("forget_at", Instant),  # when it is emptied at the latest, and the emptied one is deleted
    Index("ix_chat_message_chat_id_seq", "chat_id", "seq"),
    Index(
        "ix_chat_message_forget_at",
        "forget_at",
        sqlite_where=text("forget_at IS NOT NULL"),
        postgresql_where=text("forget_at IS NOT NULL"),
    ),
    one_of("sender", SENDERS),
)
