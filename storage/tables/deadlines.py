"""Clocks of cases, their pauses, the notices they cause, and imported calendars.

A due date is reckoned on reading, from these facts and the calendar (knowledge.casework.clocks). `due_on` is what it
was when last looked at: a changed calendar is noticed by the difference.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from storage.tables.base import metadata
from storage.types import Document, Instant, Key

case_clock = Table(
    "case_clock",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("kind", String(20), nullable=False),  # an id of content/casework/clocks.yaml
    Column("about", BigInteger, nullable=False, server_default="0"),  # a transfer, a step, a message; 0: the case
    Column("started_on", Date, nullable=False),  # Asia/Shanghai
    Column("limit_on", Date),  # not later than this day
    Column("stopped_on", Date),
    Column("extended_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("extended_at", Instant),
    Column("extension_sealed", LargeBinary),  # why
    Column("due_on", Date, nullable=False),
    Column("moved_from", Date),  # what it was before the calendar changed
    UniqueConstraint("case_id", "round", "kind", "about"),
    CheckConstraint("(extended_by IS NULL) = (extended_at IS NULL)", name="extended_by_somebody"),
    CheckConstraint("(extended_by IS NULL) = (extension_sealed IS NULL)", name="extended_for_a_reason"),
    CheckConstraint("stopped_on IS NULL OR stopped_on >= started_on", name="stops_after_it_starts"),
    Index(
        "ix_case_clock_running",
        "due_on",
        sqlite_where=text("stopped_on IS NULL"),
        postgresql_where=text("stopped_on IS NULL"),
    ),
)

clock_pause = Table(
    "clock_pause",
    metadata,
    Column("id", Key, primary_key=True),
    Column("clock_id", ForeignKey("case_clock.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("from_on", Date, nullable=False),  # the first day that does not count
    Column("until_on", Date, nullable=False),  # the first day that counts again
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("paused_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("paused_at", Instant, nullable=False),
    CheckConstraint("until_on > from_on", name="lasts_a_day"),
)

#: One rung of the ladder for one person: written once, queued once.
deadline_notice = Table(
    "deadline_notice",
    metadata,
    Column("id", Key, primary_key=True),
    Column("clock_id", ForeignKey("case_clock.id", ondelete="RESTRICT"), nullable=False),
    Column("due_on", Date, nullable=False),  # a moved date has a ladder of its own
    Column("stage", String(8), nullable=False),  # a rung of content/casework/clocks.yaml, or `moved`
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("due_at", Instant, nullable=False),
    Column("queued_at", Instant),
    UniqueConstraint("clock_id", "due_on", "stage", "official_id"),
    Index("ix_deadline_notice_queued_at_due_at", "queued_at", "due_at"),
)

calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("sheet", Document, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("imported_at", Instant, nullable=False),
)
