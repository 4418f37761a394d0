"""What is kept about the system's own doings: questions, things to send, the event log, the deployment."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from storage.tables.base import metadata
from storage.types import Document, Instant, Key, one_of

INQUIRY_STATES = ("answered", "waiting", "replied")
OUTBOX_KINDS = ("reply", "status", "reminder", "notice")

inquiry = Table(
    "inquiry",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("question_sealed", LargeBinary, nullable=False),
    Column("entry_id", String(80)),
    Column("score", Float, nullable=False),
    Column("state", String(10), nullable=False),
    Column("useful", Boolean),
    Column("place_id", ForeignKey("place.id", ondelete="SET NULL")),
    Column("asked_at", Instant, nullable=False),
    Column("reply_sealed", LargeBinary),
    Column("replied_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("replied_at", Instant),
    one_of("state", INQUIRY_STATES),
    Index("ix_inquiry_state_asked_at", "state", "asked_at"),
)

inquiry_escalation = Table(
    "inquiry_escalation",
    metadata,
    Column("inquiry_id", ForeignKey("inquiry.id", ondelete="RESTRICT"), primary_key=True),
    Column("to_path", String(200), primary_key=True),  # the place asked: one that holds the asking official's
    Column("asked_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("due_on", Date, nullable=False),  # Asia/Shanghai
    Column("note_sealed", LargeBinary, nullable=False),
    Column("overdue_told_at", Instant),  # set once, when the officials of the level were told that it is late
    Index("ix_inquiry_escalation_due_on", "due_on"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(12), nullable=False),
    Column("dedupe_key", String(120), nullable=False, unique=True),
    Column("recipient_sealed", LargeBinary, nullable=False),
    Column("payload_sealed", LargeBinary, nullable=False),
    Column("available_at", Instant, nullable=False),
    Column("claimed_by", String(60)),
    Column("claimed_until", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", Instant),
    Column("failed_at", Instant),
    Column("last_error", String(200)),
    one_of("kind", OUTBOX_KINDS),
    Index("ix_outbox_due", "sent_at", "failed_at", "available_at"),
)

event = Table(
    "event",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a gap
    Column("at", Instant, nullable=False),
    Column("actor", String(60), nullable=False),  # official/7, reporter, system
    Column("act", String(60), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("detail", Document, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("seal", LargeBinary),  # 32 bytes, keyed; NULL: recorded before revision 0006
    Column("seal_key", String(16)),  # which of the server's keys made the seal
    Index("ix_event_actor_id", "actor", "id"),
    Index("ix_event_subject_id", "subject", "id"),
    Index("ix_event_at", "at"),
)

#: What was said in public of the log: on this day it ended with this event. Signed, and never changed.
log_head = Table(
    "log_head",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a gap
    Column("events", ForeignKey("event.id", ondelete="RESTRICT"), nullable=False),  # how many: the newest one's id
    Column("hash", String(64), nullable=False),  # of the newest event
    Column("sealed_from", BigInteger, nullable=False),  # the first event with a seal
    Column("at", Instant, nullable=False),
    Column("previous", String(64), nullable=False),  # fingerprint of the head before, empty for the first
    Column("public_key", LargeBinary, nullable=False),  # Ed25519, 32 bytes
    Column("signature", LargeBinary, nullable=False),
)

#: Heads on their way to a second party; nothing of the log waits for it.
log_head_copy = Table(
    "log_head_copy",
    metadata,
    Column("number", ForeignKey("log_head.number", ondelete="RESTRICT"), primary_key=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("try_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("last_error", String(200)),
)

deployment = Table(
    "deployment",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", String(200), nullable=False),
)

#: Every public key this deployment ever signed with: what an old one signed is still to be verified.
signing_key = Table(
    "signing_key",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),  # Ed25519, 32 bytes
    Column("since", Instant, nullable=False),
)

#: Each version of the casework content that ever raised a flag, whole, so that an old flag can be judged again.
rule_set = Table(
    "rule_set",
    metadata,
    Column("version", String(40), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),  # zlib of a JSON object: file name -> text
    Column("first_used_at", Instant, nullable=False),
)

#: That somebody filed a report, without which one: enough to slow a flood down. Gone after an hour.
filing_mark = Table(
    "filing_mark",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subject", LargeBinary, nullable=False),  # keyed hash of the chat, or of the village
    Column("at", Instant, nullable=False),
    Index("ix_filing_mark_subject_at", "subject", "at"),
)
