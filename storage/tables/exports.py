"""What leaves a case, and what of it is covered: exports, and redactions by two people."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, text

from storage.tables.base import metadata
from storage.types import Document, Instant, Key, one_of

REDACTED_KINDS = ("narrative", "message", "note", "file")
_UNDECIDED = text("decision IS NULL")

#: A dossier that left: who took it, why, and the fingerprint of its manifest.
export = Table(
    "export",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("purpose_sealed", LargeBinary, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("length(manifest_sha256) = 64", name="manifest_hashed"),
)

#: Stretches of a text, or a file, that nobody reads any more once two people have said so. The original stays.
redaction = Table(
    "redaction",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("target", String(40), nullable=False),  # a field of the narrative; the id of a message, a note, a file
    Column("spans", Document, nullable=False),  # [[start, length], ...] in characters of the original; [] for a file
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("asked_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("decision", String(8)),
    Column("decided_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("decided_at", Instant),
    one_of("kind", REDACTED_KINDS),
    one_of("decision", ("approved", "refused")),
    CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name="decided_by_somebody"),
    CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_at_a_time"),
    CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
    Index(
        "uq_redaction_one_undecided",
        *("case_id", "kind", "target"),
        unique=True,
        sqlite_where=_UNDECIDED,
        postgresql_where=_UNDECIDED,
    ),
)
