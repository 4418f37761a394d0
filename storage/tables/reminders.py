"""Reminders, who subscribed to them, broadcasts, and the lease of whoever plans them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

BROADCAST_KINDS = ("discipline", "publicity")
BROADCAST_STATES = ("draft", "approved", "cancelled")
RECIPIENT_STATES = ("waiting", "queued", "sent", "unreachable", "left", "cancelled")

#: One reminder for one person, in a chat or at the desk: written once, queued once.
reminder = Table(
    "reminder",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subject", String(60), nullable=False),  # what it is about: candidate/17, task/5, election/3
    Column("stage", String(40), nullable=False),  # which rung or stage, and the date it is about: T-3/2026-03-05
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT")),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("role", String(20)),  # in which capacity: a role of knowledge/elections/reminders.py, or of the ladder
    Column("for_on", Date),  # the day it was to leave on, named when it leaves later
    Column("due_at", Instant, nullable=False),
    Column("queued_at", Instant),
    UniqueConstraint("subject", "stage", "person_id"),
    UniqueConstraint("subject", "stage", "official_id"),
    CheckConstraint("(person_id IS NULL) <> (official_id IS NULL)", name="for_one_person"),
    Index("ix_reminder_queued_at_due_at", "queued_at", "due_at"),
)

#: A rung or stage whose people were looked up: whoever wrote the row wrote their reminders.
reminder_plan = Table(
    "reminder_plan",
    metadata,
    Column("subject", String(60), primary_key=True),
    Column("stage", String(40), primary_key=True),
    Column("planned_at", Instant, nullable=False),
)

#: Somebody who wants to hear of a village's election. How to write to them stands sealed in `person`.
subscription = Table(
    "subscription",
    metadata,
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT"), primary_key=True),
    Column("place_id", ForeignKey("place.id", ondelete="CASCADE"), primary_key=True),
    Column("since_at", Instant, nullable=False),
    Index("ix_subscription_place_id", "place_id"),
)

#: A notice to everybody subscribed in a place. Its text is fixed by the approval.
broadcast = Table(
    "broadcast",
    metadata,
    Column("id", Key, primary_key=True),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("body", String(500), nullable=False),
    Column("state", String(10), nullable=False),
    Column("version", Integer, nullable=False),
    Column("second_above", Integer, nullable=False),  # more people than this need a second person
    Column("author_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("approved_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("approved_at", Instant),
    Column("size", Integer),  # how many recipients there were at the approval
    Column("cancelled_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("cancelled_at", Instant),
    one_of("kind", BROADCAST_KINDS),
    one_of("state", BROADCAST_STATES),
    CheckConstraint("length(body) > 0", name="says_something"),
    CheckConstraint("second_above BETWEEN 0 AND 200", name="second_person_in_time"),
    CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved_by_somebody"),
    CheckConstraint("(approved_by IS NULL) = (size IS NULL)", name="approved_for_so_many"),
    CheckConstraint("state <> 'approved' OR approved_by IS NOT NULL", name="approved_first"),
    CheckConstraint("(state = 'cancelled') = (cancelled_by IS NOT NULL)", name="cancelled_by_somebody"),
    CheckConstraint("(cancelled_by IS NULL) = (cancelled_at IS NULL)", name="cancelled_at_a_time"),
)

#: One person of a broadcast: written at the approval, claimed, settled once.
broadcast_recipient = Table(
    "broadcast_recipient",
    metadata,
    Column("id", Key, primary_key=True),
    Column("broadcast_id", ForeignKey("broadcast.id", ondelete="RESTRICT"), nullable=False),
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT"), nullable=False),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False),  # the village subscribed to
    Column("state", String(12), nullable=False),
    Column("outbox_id", BigInteger, unique=True),  # the message it became
    Column("settled_at", Instant),
    one_of("state", RECIPIENT_STATES),
    CheckConstraint("(state IN ('waiting', 'left')) = (outbox_id IS NULL) OR state = 'cancelled'", name="queued_once"),
    UniqueConstraint("broadcast_id", "person_id"),
    Index("ix_broadcast_recipient_broadcast_id_state", "broadcast_id", "state"),
)

#: Which process plans and queues: another takes over once `until` has passed.
lease = Table(
    "lease",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(60), nullable=False),
    Column("until", Instant, nullable=False),
    Column("worked_on", Date),  # the last day, Asia/Shanghai, that was planned to its end
)
