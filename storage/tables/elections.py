"""Elections, their timetable, candidates and what they signed."""

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
    UniqueConstraint,
    false,
    text,
)

from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

CANDIDATE_STATES = ("invited", "signing", "may_stand", "withdrawn")
ELECTION_STATES = ("preparing", "running", "finished")

_OPEN = text("done_at IS NULL")

election = Table(
    "election",
    metadata,
    Column("id", Key, primary_key=True),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("state", String(12), nullable=False),
    Column("election_day", Date, nullable=False),
    Column("commitments_due_on", Date, nullable=False),
    Column("pack", String(40), nullable=False),
    Column("pack_version", String(40), nullable=False),
    Column("body", String(10), nullable=False, server_default="village"),  # a trigger knows these three's words
    Column("mode", String(16), nullable=False, server_default="all_voters"),
    Column("counting", String(10), nullable=False, server_default="next_day"),
    Column("plan_version", String(40), nullable=False, server_default="0"),
    Column("last_day", Date),  # the latest election day the level above allows
    Column("version", Integer, nullable=False, server_default="1"),
    one_of("state", ELECTION_STATES),
    CheckConstraint("commitments_due_on <= election_day", name="commitments_before_the_vote"),
)

election_task = Table(
    "election_task",
    metadata,
    Column("id", Key, primary_key=True),
    Column("election_id", ForeignKey("election.id", ondelete="RESTRICT"), nullable=False),
    Column("code", String(40), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("done_at", Instant),
    Column("done_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("lawful_until", Date),
    Column("needs_proof", Boolean, nullable=False, server_default=false()),
    Column("done_on", Date),
    Column("proof", String(200)),
    Column("stage", String(20), nullable=False, server_default="preparation"),
    UniqueConstraint("election_id", "code"),
    Index("ix_election_task_open", "due_on", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

election_day_move = Table(
    "election_day_move",
    metadata,
    Column("id", Key, primary_key=True),
    Column("election_id", ForeignKey("election.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("was_on", Date, nullable=False),
    Column("now_on", Date, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("moved_tasks", Integer, nullable=False),
    Column("moved_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("moved_at", Instant, nullable=False),
    CheckConstraint("was_on <> now_on", name="to_another_day"),
    CheckConstraint("length(reason) > 0", name="with_a_reason"),
)

happening = Table(
    "happening",
    metadata,
    Column("id", Key, primary_key=True),
    Column("election_id", ForeignKey("election.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("code", String(30), nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("note", String(200), nullable=False),
    Column("recorded_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("recorded_at", Instant, nullable=False),
)

candidate = Table(
    "candidate",
    metadata,
    Column("id", Key, primary_key=True),
    Column("election_id", ForeignKey("election.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("name", String(60), nullable=False),
    Column("office", String(20), nullable=False),
    Column("state", String(12), nullable=False),
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT")),
    Column("created_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("created_at", Instant, nullable=False),
    one_of("state", CANDIDATE_STATES),
    one_of("office", ("chair", "vice_chair", "member")),
)

invitation = Table(
    "invitation",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("candidate_id", ForeignKey("candidate.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("created_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("used_by", ForeignKey("person.id", ondelete="RESTRICT")),
)

commitment_text = Table(
    "commitment_text",
    metadata,
    Column("pack", String(40), primary_key=True),
    Column("version", String(40), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("text_hash", String(64), nullable=False),  # SHA-256 of the text shown
)

commitment_signature = Table(
    "commitment_signature",
    metadata,
    Column("id", Key, primary_key=True),
    Column("candidate_id", ForeignKey("candidate.id", ondelete="RESTRICT"), nullable=False),
    Column("pack", String(40), nullable=False),
    Column("version", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("signed_name", String(60), nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("channel", String(20), nullable=False),
    Column("receipt", String(40), nullable=False, unique=True),
    UniqueConstraint("candidate_id", "pack", "version", "kind"),
)
