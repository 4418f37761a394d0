"""Reports in writing, cases, investigations, and the reporters' sealed identities.

What the tables alone cannot refuse (transitions, must-investigate, approval by a second person) is refused by the
triggers in storage/migrations/enforcement.
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

from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseAct, CaseState, Finding
from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

DRAFT_STATES = ("writing", "submitted", "dropped")
FILE_ORIGINS = ("reporter", "official", "candidate", "chat")

report_draft = Table(
    "report_draft",
    metadata,
    Column("id", Key, primary_key=True),
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT"), nullable=False),
    Column("state", String(12), nullable=False),
    Column("step", String(20), nullable=False),
    Column("answers_sealed", LargeBinary),  # gone once submitted or dropped
    Column("started_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    one_of("state", DRAFT_STATES),
    Index(
        "uq_report_draft_one_in_writing",
        "person_id",
        unique=True,
        sqlite_where=text("state = 'writing'"),
        postgresql_where=text("state = 'writing'"),
    ),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Key, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # random, QF-XXXX-XXXX
    Column("draft_id", ForeignKey("report_draft.id", ondelete="RESTRICT"), unique=True),
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT")),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False),
    Column("state", String(24), nullable=False),
    Column("round", Integer, nullable=False, server_default="1"),  # grows when the case is reopened
    Column("narrative_sealed", LargeBinary, nullable=False),
    Column("reported_person_index", LargeBinary),  # keyed hash of the name of the person reported
    Column("rule_version", String(40), nullable=False),
    Column("handler_id", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("received_at", Instant, nullable=False),
    Column("answer_due_on", Date, nullable=False),  # acceptance is told by this date, Asia/Shanghai
    Column("accepted_at", Instant),
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False, server_default="1"),  # optimistic lock
    one_of("state", CaseState),
    CheckConstraint("round >= 1", name="round_counts"),
    CheckConstraint(
        "(closed_at IS NOT NULL) = (state IN ('closed', 'guided_elsewhere'))", name="closed_at_tells_closed"
    ),
    Index("ix_cases_place_id_state", "place_id", "state"),
    Index("ix_cases_person_id", "person_id"),
)

case_transition = Table(
    "case_transition",
    metadata,
    Column("source", String(24), primary_key=True),
    Column("target", String(24), primary_key=True),
    Column("letter", String(2), nullable=False, unique=True),
    Column("act", String(30), nullable=False),
    one_of("act", CaseAct),
)

case_flag = Table(
    "case_flag",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("category", String(20), primary_key=True),
    Column("reasons_sealed", LargeBinary, nullable=False),  # short sentences; some repeat a word of the report
    Column("rule_version", String(40), nullable=False),
    Column("inputs_sealed", LargeBinary, nullable=False),  # what the rule saw, to run it again
    Column("raised_at", Instant, nullable=False),
    one_of("category", Category),
)

case_note = Table(
    "case_note",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("author_id", ForeignKey("official.id", ondelete="RESTRICT")),  # NULL: the reporter
    Column("body_sealed", LargeBinary, nullable=False),
    Column("written_at", Instant, nullable=False),
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

recusal = Table(
    "recusal",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), primary_key=True),
    Column("declared_at", Instant, nullable=False),
)

identity = Table(
    "identity",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("custodian_id", ForeignKey("custodian_key.official_id", ondelete="RESTRICT"), primary_key=True),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("contact_sealed", LargeBinary, nullable=False),
)

stored_file = Table(
    "stored_file",
    metadata,
    Column("id", String(32), primary_key=True),  # random; also its name on disk
    Column("sha256", String(64), nullable=False),  # of the original bytes
    Column("size", BigInteger, nullable=False),  # bytes
    Column("media_type", String(100), nullable=False),  # by content
    Column("name_sealed", LargeBinary, nullable=False),
    Column("origin", String(12), nullable=False),
    Column("draft_id", ForeignKey("report_draft.id", ondelete="RESTRICT"), index=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), index=True),
    Column("chat_id", BigInteger),  # the web chat it was sent in, so that its sender sees it again
    Column("received_at", Instant, nullable=False),
    one_of("origin", FILE_ORIGINS),
)
