"""Entries written at the desk: every version, what a second person said of it, and what is published since when.

Nothing here is ever changed; each table only grows. The state of an entry is what its newest rows say: the latest
publication names the version people get, or none. What a newcomer gets wrong: to correct a version. One writes the
next one, and it needs its own review.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from storage.tables.base import metadata
from storage.types import Document, Instant, Key, one_of

ENTRY_KINDS = ("village", "community", "both")
VERDICTS = ("approved", "returned")

entry_version = Table(
    "entry_version",
    metadata,
    Column("id", Key, primary_key=True),
    Column("entry_id", String(40), nullable=False),  # desk-7
    Column("number", Integer, nullable=False),  # 1, 2, 3 of one entry
    Column("place_path", String(200), nullable=False),  # whom it is said to: people of this place
    Column("kind", String(10), nullable=False),
    Column("label", String(16), nullable=False),
    Column("questions", Document, nullable=False),
    Column("answer", String(120), nullable=False),
    Column("more", Text, nullable=False),
    Column("sources", Document, nullable=False),  # [{"law": "village", "article": "18"}, {"name": ..., "dated": ...}]
    Column("in_force_from", Date, nullable=False),
    Column("in_force_until", Date),
    Column("author_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("from_inquiry", ForeignKey("inquiry.id", ondelete="RESTRICT")),
    UniqueConstraint("entry_id", "number"),
    one_of("kind", ENTRY_KINDS),
    CheckConstraint("number >= 1", name="numbers_count"),
    CheckConstraint("length(label) BETWEEN 1 AND 16", name="label_fits_a_button"),
    CheckConstraint("length(answer) BETWEEN 1 AND 120", name="answer_fits_a_message"),
    CheckConstraint("in_force_until IS NULL OR in_force_until >= in_force_from", name="window_opens_first"),
)

entry_review = Table(
    "entry_review",
    metadata,
    Column("version_id", ForeignKey("entry_version.id", ondelete="RESTRICT"), primary_key=True),
    Column("verdict", String(10), nullable=False),
    Column("note", String(500), nullable=False),
    Column("reviewer_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("at", Instant, nullable=False),
    one_of("verdict", VERDICTS),
    CheckConstraint("verdict = 'approved' OR length(note) > 0", name="returned_with_a_reason"),
)

entry_publication = Table(
    "entry_publication",
    metadata,
    Column("id", Key, primary_key=True),
    Column("entry_id", String(40), nullable=False),
    Column("version_id", ForeignKey("entry_version.id", ondelete="RESTRICT")),  # NULL: withdrawn
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_entry_publication_entry_id_id", "entry_id", "id"),
)
