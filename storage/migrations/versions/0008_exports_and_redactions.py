"""Exports of cases, and redactions by two people.

Revision ID: 0008
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Document, Instant, Key

revision: Final = "0008"
down_revision: Final = "0007"

UNDECIDED: Final = sa.text("decision IS NULL")


def upgrade() -> None:
    op.create_table(
        "export",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("purpose_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("length(manifest_sha256) = 64", name=op.f("ck_export_manifest_hashed")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_export_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_export_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_index(op.f("ix_export_case_id"), "export", ["case_id"])
    op.create_table(
        "redaction",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=False),
        sa.Column("spans", Document, nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", Key, nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=True),
        sa.Column("decided_by", Key, nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('narrative', 'message', 'note', 'file')", name=op.f("ck_redaction_kind_known")),
        sa.CheckConstraint("decision IN ('approved', 'refused')", name=op.f("ck_redaction_decision_known")),
        sa.CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name=op.f("ck_redaction_decided_by_somebody")),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_redaction_decided_at_a_time")),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_redaction_two_people")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_redaction_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["asked_by"], ["official.id"], name=op.f("fk_redaction_asked_by"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["official.id"], name=op.f("fk_redaction_decided_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redaction")),
    )
    op.create_index(op.f("ix_redaction_case_id"), "redaction", ["case_id"])
    op.create_index(
        "uq_redaction_one_undecided",
        "redaction",
        ["case_id", "kind", "target"],
        unique=True,
        sqlite_where=UNDECIDED,
        postgresql_where=UNDECIDED,
    )
    text = (ENFORCEMENT / f"0008_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in text.split("\n--;\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.drop_table("redaction")
    op.drop_table("export")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("redaction_insert", "redaction_update", "export_insert"):
            op.execute(f"DROP FUNCTION qf_{name}()")
