"""Gates of elections, the evidence for them, and who reviewed it; the rules as they were published from content."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from knowledge.elections.gates import GateState
from knowledge.elections.plan_content import Body
from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

REVIEW_DECISIONS = ("approved", "returned", "reopened")

#: A version of content/elections/gates.yaml; the newest one says what is required.
gate_rules = Table(
    "gate_rules",
    metadata,
    Column("id", Key, primary_key=True),
    Column("version", String(40), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("published_at", Instant, nullable=False),
)

gate_kind = Table(
    "gate_kind",
    metadata,
    Column("rules_id", ForeignKey("gate_rules.id", ondelete="RESTRICT"), primary_key=True),
    Column("gate", String(40), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("needed", Boolean, nullable=False),
)

gate_requirement = Table(
    "gate_requirement",
    metadata,
    Column("rules_id", ForeignKey("gate_rules.id", ondelete="RESTRICT"), primary_key=True),
    Column("place_path", String(200), primary_key=True),  # and all below it, unless a nearer one is named
    Column("body", String(12), primary_key=True),
    Column("gate", String(40), primary_key=True),
    one_of("body", Body),
)

#: One gate of one election, from its first evidence on. `round` grows when the look-back check opens it again.
gate = Table(
    "gate",
    metadata,
    Column("id", Key, primary_key=True),
    Column("election_id", ForeignKey("election.id", ondelete="RESTRICT"), nullable=False),
    Column("code", String(40), nullable=False),
    Column("rules_id", ForeignKey("gate_rules.id", ondelete="RESTRICT"), nullable=False),
    Column("state", String(8), nullable=False),
    Column("round", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("election_id", "code"),
    one_of("state", GateState),
)

gate_evidence = Table(
    "gate_evidence",
    metadata,
    Column("id", Key, primary_key=True),
    Column("gate_id", ForeignKey("gate.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("words_sealed", LargeBinary, nullable=False),
    Column("file_id", ForeignKey("stored_file.id", ondelete="RESTRICT"), unique=True),
    Column("handed_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("handed_at", Instant, nullable=False),
)

#: What a second person said: `through_id` is the newest evidence they had before them.
gate_review = Table(
    "gate_review",
    metadata,
    Column("id", Key, primary_key=True),
    Column("gate_id", ForeignKey("gate.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("through_id", ForeignKey("gate_evidence.id", ondelete="RESTRICT"), nullable=False),
    Column("decision", String(8), nullable=False),
    Column("reason_sealed", LargeBinary),
    Column("reviewer_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("reviewed_at", Instant, nullable=False),
    Column("after_start", Boolean, nullable=False),  # the election had left `preparing`
    one_of("decision", REVIEW_DECISIONS),
    CheckConstraint("decision = 'approved' OR reason_sealed IS NOT NULL", name="a_reason_to_send_back"),
)
