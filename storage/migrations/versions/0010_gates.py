"""Gates, their evidence and reviews; election committees; who answers for a place, stands in, and was held to account.

Elections that were running stay as they are: only from now on the start asks for gates.

Revision ID: 0010
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Document, Instant, Key

revision: Final = "0010"
down_revision: Final = "0009"

TABLES: Final = (
    "gate_review",
    "gate_evidence",
    "committee_match",
    "committee_relative",
    "gate",
    "committee_member",
    "village_plan",
    "responsibility",
    "gate_requirement",
    "gate_kind",
    "difficulty",
    "accountability",
    "absence",
    "gate_rules",
)
#: Rules on tables of earlier revisions.
TRIGGERS: Final = {
    "election_birth": "election",
    "election_begun": "election",
    "election_begun_2": "election",
    "election_begun_3": "election",
    "place_kind_fixed": "place",
    "candidate_name_fixed": "candidate",
}
FUNCTIONS: Final = (
    "qf_election_birth",
    "qf_election_begun",
    "qf_place_kind_fixed",
    "qf_candidate_name_fixed",
    "qf_gate_birth",
    "qf_gate_moves",
    "qf_gate_evidence_birth",
    "qf_gate_review_birth",
    "qf_committee_member_birth",
    "qf_committee_member_moves",
    "qf_committee_relative_fixed",
    "qf_committee_match_birth",
    "qf_responsibility_fixed",
    "qf_absence_birth",
    "qf_absence_fixed",
)


def upgrade() -> None:
    op.create_table(
        "gate_rules",
        sa.Column("id", Key, nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_rules")),
        sa.UniqueConstraint("version", name=op.f("uq_gate_rules_version")),
    )
    op.create_table(
        "absence",
        sa.Column("id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("deputy_id", Key, nullable=False),
        sa.Column("entered_by", Key, nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('leave', 'sick', 'away', 'training', 'other')", name=op.f("ck_absence_kind_known")
        ),
        sa.CheckConstraint("deputy_id <> official_id", name=op.f("ck_absence_somebody_else_stands_in")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_absence_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["deputy_id"], ["official.id"], name=op.f("fk_absence_deputy_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["official.id"], name=op.f("fk_absence_entered_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_absence_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_deputy_id"), "absence", ["deputy_id"], unique=False)
    op.create_index(op.f("ix_absence_official_id"), "absence", ["official_id"], unique=False)
    op.create_table(
        "accountability",
        sa.Column("id", Key, nullable=False),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("ground", sa.String(length=24), nullable=False),
        sa.Column("measure", sa.String(length=16), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", Key, nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "ground IN ('not_taken_seriously', 'too_few_people', 'not_carried_out', 'not_on_time', 'not_dealt_with')",
            name=op.f("ck_accountability_ground_known"),
        ),
        sa.CheckConstraint(
            "level IN ('county_leader', 'township_leader', 'guide', 'village')",
            name=op.f("ck_accountability_level_known"),
        ),
        sa.CheckConstraint(
            "measure IN ('talk', 'criticism', 'circular', 'organisation', 'discipline')",
            name=op.f("ck_accountability_measure_known"),
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.id"], name=op.f("fk_accountability_place_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["official.id"], name=op.f("fk_accountability_recorded_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accountability")),
    )
    op.create_index(op.f("ix_accountability_place_id"), "accountability", ["place_id"], unique=False)
    op.create_table(
        "difficulty",
        sa.Column("id", Key, nullable=False),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("grade", sa.String(length=20), nullable=False),
        sa.Column("factors", Document, nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("rules_version", sa.String(length=40), nullable=False),
        sa.Column("judged_by", Key, nullable=False),
        sa.Column("judged_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["judged_by"], ["official.id"], name=op.f("fk_difficulty_judged_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_difficulty_place_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difficulty")),
    )
    op.create_index(op.f("ix_difficulty_place_id"), "difficulty", ["place_id"], unique=False)
    op.create_table(
        "gate_kind",
        sa.Column("rules_id", Key, nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("needed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rules_id"], ["gate_rules.id"], name=op.f("fk_gate_kind_rules_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("rules_id", "gate", "kind", name=op.f("pk_gate_kind")),
    )
    op.create_table(
        "gate_requirement",
        sa.Column("rules_id", Key, nullable=False),
        sa.Column("place_path", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(length=12), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.CheckConstraint("body IN ('village', 'community')", name=op.f("ck_gate_requirement_body_known")),
        sa.ForeignKeyConstraint(
            ["rules_id"], ["gate_rules.id"], name=op.f("fk_gate_requirement_rules_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("rules_id", "place_path", "body", "gate", name=op.f("pk_gate_requirement")),
    )
    op.create_table(
        "responsibility",
        sa.Column("id", Key, nullable=False),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("post", sa.String(length=60), nullable=False),
        sa.Column("official_id", Key, nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("entered_by", Key, nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "level IN ('county_leader', 'township_leader', 'guide', 'village')",
            name=op.f("ck_responsibility_level_known"),
        ),
        sa.CheckConstraint(
            "until_on IS NULL OR until_on >= from_on", name=op.f("ck_responsibility_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["official.id"], name=op.f("fk_responsibility_entered_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_responsibility_official_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["place.id"], name=op.f("fk_responsibility_place_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibility")),
    )
    op.create_index(
        "uq_responsibility_one_at_a_time",
        "responsibility",
        ["place_id", "level"],
        unique=True,
        sqlite_where=sa.text("until_on IS NULL"),
        postgresql_where=sa.text("until_on IS NULL"),
    )
    op.create_table(
        "village_plan",
        sa.Column("id", Key, nullable=False),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("leader", sa.String(length=60), nullable=False),
        sa.Column("measures_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("written_by", Key, nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_village_plan_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_village_plan_place_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["written_by"], ["official.id"], name=op.f("fk_village_plan_written_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_village_plan")),
        sa.UniqueConstraint("place_id", "version", name=op.f("uq_village_plan_place_id_version")),
    )
    op.create_table(
        "committee_member",
        sa.Column("id", Key, nullable=False),
        sa.Column("election_id", Key, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("entered_by", Key, nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_because", sa.String(length=20), nullable=True),
        sa.Column("replaced_by", Key, nullable=True),
        sa.Column("left_noted_by", Key, nullable=True),
        sa.CheckConstraint(
            "(standing = 'left') = (left_because IS NOT NULL)", name=op.f("ck_committee_member_left_for_a_reason")
        ),
        sa.CheckConstraint(
            "(standing = 'left') = (left_noted_by IS NOT NULL)", name=op.f("ck_committee_member_left_on_record")
        ),
        sa.CheckConstraint(
            "(standing = 'left') = (left_on IS NOT NULL)", name=op.f("ck_committee_member_left_on_a_day")
        ),
        sa.CheckConstraint(
            "left_because IN ('nominated', 'relative_nominated', 'resigned', 'absent', 'other')",
            name=op.f("ck_committee_member_left_because_known"),
        ),
        sa.CheckConstraint(
            "replaced_by IS NULL OR standing = 'left'", name=op.f("ck_committee_member_replaced_when_gone")
        ),
        sa.CheckConstraint("role IN ('chair', 'vice_chair', 'member')", name=op.f("ck_committee_member_role_known")),
        sa.CheckConstraint(
            "standing IN ('sits', 'next_in_line', 'left')", name=op.f("ck_committee_member_standing_known")
        ),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_committee_member_election_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["official.id"], name=op.f("fk_committee_member_entered_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["left_noted_by"], ["official.id"], name=op.f("fk_committee_member_left_noted_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by"], ["committee_member.id"], name=op.f("fk_committee_member_replaced_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committee_member")),
    )
    op.create_index(
        "uq_committee_member_once",
        "committee_member",
        ["election_id", "name"],
        unique=True,
        sqlite_where=sa.text("standing <> 'left'"),
        postgresql_where=sa.text("standing <> 'left'"),
    )
    op.create_table(
        "gate",
        sa.Column("id", Key, nullable=False),
        sa.Column("election_id", Key, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("rules_id", Key, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'waiting', 'closed')", name=op.f("ck_gate_state_known")),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_gate_election_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["rules_id"], ["gate_rules.id"], name=op.f("fk_gate_rules_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate")),
        sa.UniqueConstraint("election_id", "code", name=op.f("uq_gate_election_id_code")),
    )
    op.create_table(
        "committee_relative",
        sa.Column("id", Key, nullable=False),
        sa.Column("member_id", Key, nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("declared_at", Instant(), nullable=False),
        sa.Column("entered_by", Key, nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.Column("withdrawn_by", Key, nullable=True),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_committee_relative_withdrawn_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by"], ["official.id"], name=op.f("fk_committee_relative_entered_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["committee_member.id"], name=op.f("fk_committee_relative_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["official.id"], name=op.f("fk_committee_relative_withdrawn_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committee_relative")),
    )
    op.create_index(op.f("ix_committee_relative_member_id"), "committee_relative", ["member_id"], unique=False)
    op.create_table(
        "committee_match",
        sa.Column("id", Key, nullable=False),
        sa.Column("member_id", Key, nullable=False),
        sa.Column("candidate_id", Key, nullable=False),
        sa.Column("relative_id", Key, nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("decided_by", Key, nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.CheckConstraint("verdict IN ('same', 'different')", name=op.f("ck_committee_match_verdict_known")),
        sa.CheckConstraint("length(reason) > 1", name=op.f("ck_committee_match_for_a_reason")),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_committee_match_candidate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["official.id"], name=op.f("fk_committee_match_decided_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["committee_member.id"], name=op.f("fk_committee_match_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["relative_id"], ["committee_relative.id"], name=op.f("fk_committee_match_relative_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committee_match")),
    )
    op.create_index(op.f("ix_committee_match_member_id"), "committee_match", ["member_id"], unique=False)
    op.create_table(
        "gate_evidence",
        sa.Column("id", Key, nullable=False),
        sa.Column("gate_id", Key, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("file_id", sa.String(length=32), nullable=True),
        sa.Column("handed_by", Key, nullable=False),
        sa.Column("handed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_gate_evidence_file_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.id"], name=op.f("fk_gate_evidence_gate_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["handed_by"], ["official.id"], name=op.f("fk_gate_evidence_handed_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_evidence")),
        sa.UniqueConstraint("file_id", name=op.f("uq_gate_evidence_file_id")),
    )
    op.create_index(op.f("ix_gate_evidence_gate_id"), "gate_evidence", ["gate_id"], unique=False)
    op.create_table(
        "gate_review",
        sa.Column("id", Key, nullable=False),
        sa.Column("gate_id", Key, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("through_id", Key, nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("reviewer_id", Key, nullable=False),
        sa.Column("reviewed_at", Instant(), nullable=False),
        sa.Column("after_start", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "decision = 'approved' OR reason_sealed IS NOT NULL", name=op.f("ck_gate_review_a_reason_to_send_back")
        ),
        sa.CheckConstraint(
            "decision IN ('approved', 'returned', 'reopened')", name=op.f("ck_gate_review_decision_known")
        ),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.id"], name=op.f("fk_gate_review_gate_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["official.id"], name=op.f("fk_gate_review_reviewer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["through_id"], ["gate_evidence.id"], name=op.f("fk_gate_review_through_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_review")),
    )
    op.create_index(op.f("ix_gate_review_gate_id"), "gate_review", ["gate_id"], unique=False)

    text = (ENFORCEMENT / f"{revision}_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in text.split("\n--;\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table in TRIGGERS.items():
        if is_postgresql:
            op.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        else:
            op.execute(f"DROP TRIGGER {name}")
    if is_postgresql:
        op.execute("DROP TRIGGER election_as_of_now ON election")
    for name in TABLES:
        op.drop_table(name)
    if is_postgresql:
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}()")
