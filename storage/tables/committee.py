"""Election committees: who sits, whom they declared as near relatives, and what people found out about namesakes.

Names stand in clear, as those of candidates do: the committee is posted in the village, and the database itself
compares the two lists before an election starts.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, String, Table, text

from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

COMMITTEE_ROLES = ("chair", "vice_chair", "member")
STANDINGS = ("sits", "next_in_line", "left")
LEAVING_REASONS = ("nominated", "relative_nominated", "resigned", "absent", "other")

committee_member = Table(
    "committee_member",
    metadata,
    Column("id", Key, primary_key=True),
    Column("election_id", ForeignKey("election.id", ondelete="RESTRICT"), nullable=False),
    Column("name", String(60), nullable=False),
    Column("role", String(12), nullable=False),
    Column("standing", String(12), nullable=False),
    Column("entered_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("left_on", Date),
    Column("left_because", String(20)),
    Column("replaced_by", ForeignKey("committee_member.id", ondelete="RESTRICT")),  # who stepped up
    Column("left_noted_by", ForeignKey("official.id", ondelete="RESTRICT")),
    one_of("role", COMMITTEE_ROLES),
    one_of("standing", STANDINGS),
    one_of("left_because", LEAVING_REASONS),
    CheckConstraint("(standing = 'left') = (left_on IS NOT NULL)", name="left_on_a_day"),
    CheckConstraint("(standing = 'left') = (left_because IS NOT NULL)", name="left_for_a_reason"),
    CheckConstraint("(standing = 'left') = (left_noted_by IS NOT NULL)", name="left_on_record"),
    CheckConstraint("replaced_by IS NULL OR standing = 'left'", name="replaced_when_gone"),
    Index(
        "uq_committee_member_once",
        "election_id",
        "name",
        unique=True,
        sqlite_where=text("standing <> 'left'"),
        postgresql_where=text("standing <> 'left'"),
    ),
)

committee_relative = Table(
    "committee_relative",
    metadata,
    Column("id", Key, primary_key=True),
    Column("member_id", ForeignKey("committee_member.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("relation", String(12), nullable=False),
    Column("name", String(60), nullable=False),
    Column("declared_at", Instant, nullable=False),
    Column("entered_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("withdrawn_at", Instant),
    Column("withdrawn_by", ForeignKey("official.id", ondelete="RESTRICT")),
    CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by_somebody"),
)

#: A likeness of names that a person looked into: the same person, or a namesake.
committee_match = Table(
    "committee_match",
    metadata,
    Column("id", Key, primary_key=True),
    Column("member_id", ForeignKey("committee_member.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("candidate_id", ForeignKey("candidate.id", ondelete="RESTRICT"), nullable=False),
    Column("relative_id", ForeignKey("committee_relative.id", ondelete="RESTRICT")),
    Column("verdict", String(10), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("decided_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("decided_at", Instant, nullable=False),
    one_of("verdict", ("same", "different")),
    CheckConstraint("length(reason) > 1", name="for_a_reason"),
)
