"""Who works on a case and who must not: recusals, declarations, transfers, duty, hand-overs, who is looking."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)

from knowledge.casework.transfers import TransferKind, TransferState
from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

RECUSAL_GROUNDS = ("self", "named", "relative", "interest", "asked")

recusal = Table(
    "recusal",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), primary_key=True, index=True),
    Column("ground", String(8), nullable=False, server_default="self"),
    Column("declared_at", Instant, nullable=False),
    one_of("ground", RECUSAL_GROUNDS),
)

#: What an official said before the first look at a case. `conflict` comes with a recusal.
case_declaration = Table(
    "case_declaration",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), primary_key=True),
    Column("answer", String(8), nullable=False),
    Column("declared_at", Instant, nullable=False),
    one_of("answer", ("clear", "conflict")),
)

transfer = Table(
    "transfer",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("from_unit_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False),
    Column("to_unit_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("files_released", Boolean, nullable=False),  # else files stay behind
    Column("offered_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("offered_at", Instant, nullable=False),
    Column("state", String(9), nullable=False),
    Column("answered_by", ForeignKey("official.id", ondelete="RESTRICT")),  # NULL: the clock ran out
    Column("answered_at", Instant),
    Column("answer_sealed", LargeBinary),
    Column("moved_at", Instant),  # kept by a trigger: an acceptance moves the case once
    one_of("kind", TransferKind),
    one_of("state", TransferState),
    CheckConstraint("from_unit_id <> to_unit_id", name="to_another_unit"),
    CheckConstraint("moved_at IS NULL OR state = 'accepted'", name="moved_when_accepted"),
    CheckConstraint("(answered_at IS NULL) = (state = 'offered')", name="answered_at_a_time"),
    CheckConstraint("state NOT IN ('accepted', 'declined') OR answered_by IS NOT NULL", name="answered_by_somebody"),
    Index(
        "uq_transfer_one_offer",
        "case_id",
        unique=True,
        sqlite_where=text("state = 'offered'"),
        postgresql_where=text("state = 'offered'"),
    ),
)

#: The reporter asked the level above after a missed date. The level below never sees this.
escalation = Table(
    "escalation",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("unit_id", ForeignKey("place.id", ondelete="RESTRICT")),  # who answered for the case then
    Column("clock_kind", String(20), nullable=False),
    Column("due_on", Date, nullable=False),  # the date that was missed
    Column("asked_at", Instant, nullable=False),
    Column("answered_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("answered_at", Instant),
    Column("answer_sealed", LargeBinary),
    CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name="answered_by_somebody"),
    Index("uq_escalation_once", "case_id", "clock_kind", "due_on", unique=True),
)

duty_slot = Table(
    "duty_slot",
    metadata,
    Column("id", Key, primary_key=True),
    Column("unit_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("official_id", ForeignKey("official.id", ondelete="CASCADE"), nullable=False),
    Column("weekday", Integer, nullable=False),  # 0 Monday ... 6 Sunday, Asia/Shanghai
    Column("from_minute", Integer, nullable=False),  # of the day
    Column("to_minute", Integer, nullable=False),
    Column("category", String(40)),  # only for reports with this flag; NULL: every report
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_of_a_week"),
    CheckConstraint("from_minute >= 0 AND from_minute < to_minute AND to_minute <= 1440", name="within_a_day"),
)

handover = Table(
    "handover",
    metadata,
    Column("id", Key, primary_key=True),
    Column("from_official", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("to_official", ForeignKey("official.id", ondelete="RESTRICT")),  # NULL: back to the unit's list
    Column("made_by", ForeignKey("official.id", ondelete="RESTRICT")),  # NULL: on the command line
    Column("made_at", Instant, nullable=False),
)

handover_item = Table(
    "handover_item",
    metadata,
    Column("handover_id", ForeignKey("handover.id", ondelete="RESTRICT"), primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True, index=True),
    Column("was", String(12), nullable=False),
    one_of("was", ("handler", "investigator")),
)

case_viewer = Table(
    "case_viewer",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="CASCADE"), primary_key=True),
    Column("seen_at", Instant, nullable=False),
)
