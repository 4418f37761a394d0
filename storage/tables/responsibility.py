"""Who answers for a place, who stands in for whom, how difficult a place is, its plan, and who was held to account."""

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

from storage.tables.base import metadata
from storage.types import Document, Instant, Key, one_of

LEVELS = ("county_leader", "township_leader", "guide", "village")
ABSENCE_KINDS = ("leave", "sick", "away", "training", "other")
ACCOUNTABILITY_GROUNDS = ("not_taken_seriously", "too_few_people", "not_carried_out", "not_on_time", "not_dealt_with")
ACCOUNTABILITY_MEASURES = ("talk", "criticism", "circular", "organisation", "discipline")

#: One open row for each place and level: two never answer for the same at a time.
responsibility = Table(
    "responsibility",
    metadata,
    Column("id", Key, primary_key=True),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False),
    Column("level", String(20), nullable=False),
    Column("name", String(60), nullable=False),
    Column("post", String(60), nullable=False),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT")),  # where they have a seat at the desk
    Column("from_on", Date, nullable=False),
    Column("until_on", Date),  # the last day; NULL: answers now
    Column("entered_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("entered_at", Instant, nullable=False),
    one_of("level", LEVELS),
    CheckConstraint("until_on IS NULL OR until_on >= from_on", name="ends_after_it_begins"),
    Index(
        "uq_responsibility_one_at_a_time",
        "place_id",
        "level",
        unique=True,
        sqlite_where=text("until_on IS NULL"),
        postgresql_where=text("until_on IS NULL"),
    ),
)

absence = Table(
    "absence",
    metadata,
    Column("id", Key, primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False),  # the last day away
    Column("deputy_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("entered_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("entered_at", Instant, nullable=False),
    one_of("kind", ABSENCE_KINDS),
    CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
    CheckConstraint("deputy_id <> official_id", name="somebody_else_stands_in"),
)

#: The newest row counts; none is changed.
difficulty = Table(
    "difficulty",
    metadata,
    Column("id", Key, primary_key=True),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("grade", String(20), nullable=False),
    Column("factors", Document, nullable=False),  # codes of content/elections/difficulty.yaml
    Column("note_sealed", LargeBinary, nullable=False),
    Column("rules_version", String(40), nullable=False),
    Column("judged_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("judged_at", Instant, nullable=False),
)

#: One village, one plan: a new version for each change.
village_plan = Table(
    "village_plan",
    metadata,
    Column("id", Key, primary_key=True),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("leader", String(60), nullable=False),
    Column("measures_sealed", LargeBinary, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date, nullable=False),
    Column("written_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("written_at", Instant, nullable=False),
    UniqueConstraint("place_id", "version"),
    CheckConstraint("until_on >= from_on", name="ends_after_it_begins"),
)

#: That somebody was held to account, by which organ and document: a record of a decision, never a decision.
accountability = Table(
    "accountability",
    metadata,
    Column("id", Key, primary_key=True),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("level", String(20), nullable=False),
    Column("ground", String(24), nullable=False),
    Column("measure", String(16), nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("words_sealed", LargeBinary, nullable=False),  # JSON: who, organ, document, what happened
    Column("recorded_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    one_of("level", LEVELS),
    one_of("ground", ACCOUNTABILITY_GROUNDS),
    one_of("measure", ACCOUNTABILITY_MEASURES),
)
