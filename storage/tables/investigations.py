"""What is decided about a case and what is found: disposal opinions, investigations, measures recommended."""

from sqlalchemy import (
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

from knowledge.casework.lifecycle import Disposal, Finding, MeasureKind, StepKind
from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

disposal = Table(
    "disposal",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("review_on", Date),  # when a lead that is held is looked at again
    Column("proposed_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("decision", String(8)),
    Column("decided_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("decided_at", Instant),
    Column("note_sealed", LargeBinary),  # why it was returned
    one_of("kind", Disposal),
    one_of("decision", ("approved", "returned")),
    CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name="decided_by_somebody"),
    CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_at_a_time"),
    CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="second_person_decides"),
    CheckConstraint("(kind = 'hold') = (review_on IS NOT NULL)", name="held_until_a_day"),
    Index(
        "uq_disposal_one_undecided",
        "case_id",
        unique=True,
        sqlite_where=text("decision IS NULL"),
        postgresql_where=text("decision IS NULL"),
    ),
)

investigation = Table(
    "investigation",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("investigator_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("finding", String(24)),
    Column("summary_sealed", LargeBinary),
    Column("started_at", Instant, nullable=False),
    Column("submitted_at", Instant),
    Column("approver_id", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("approved_at", Instant),
    UniqueConstraint("case_id", "round"),
    one_of("finding", Finding),
    CheckConstraint("approver_id IS NULL OR approver_id <> investigator_id", name="second_person_approves"),
    CheckConstraint("(approver_id IS NULL) = (approved_at IS NULL)", name="approval_has_person_and_time"),
    CheckConstraint(
        "approved_at IS NULL OR (finding IS NOT NULL AND summary_sealed IS NOT NULL AND submitted_at IS NOT NULL)",
        name="approved_is_complete",
    ),
)

#: Everybody who ever investigated; written by a trigger. None of them approves.
investigator = Table(
    "investigator",
    metadata,
    Column("investigation_id", ForeignKey("investigation.id", ondelete="RESTRICT"), primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), primary_key=True),
)

investigation_step = Table(
    "investigation_step",
    metadata,
    Column("id", Key, primary_key=True),
    Column("investigation_id", ForeignKey("investigation.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("taken_on", Date, nullable=False),
    Column("body_sealed", LargeBinary, nullable=False),
    Column("recorded_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    one_of("kind", StepKind),
)

investigation_evidence = Table(
    "investigation_evidence",
    metadata,
    Column("id", Key, primary_key=True),
    Column("investigation_id", ForeignKey("investigation.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("description_sealed", LargeBinary, nullable=False),
    Column("file_id", ForeignKey("stored_file.id", ondelete="RESTRICT")),
    Column("added_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("added_at", Instant, nullable=False),
)

#: What is recommended to the body that may decide it; the decision is theirs, and is written down when it came.
measure = Table(
    "measure",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("body", String(60), nullable=False),  # the competent body; empty for `none`
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("recommended_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("recommended_at", Instant, nullable=False),
    Column("decision", String(10)),
    Column("decided_on", Date),
    Column("document_sealed", LargeBinary),  # by which paper
    Column("recorded_by", ForeignKey("official.id", ondelete="RESTRICT")),
    one_of("kind", MeasureKind),
    one_of("decision", ("taken", "not_taken")),
    CheckConstraint("(decision IS NULL) = (decided_on IS NULL)", name="decided_on_a_day"),
    CheckConstraint("(decision IS NULL) = (recorded_by IS NULL)", name="recorded_by_somebody"),
)
