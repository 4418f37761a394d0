"""Evidence and receipts: previews, albums, scans, files announced and handed in by link, signed receipts, public keys.

Files that were there keep their hashes and are counted as not scanned.

Revision ID: 0005
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Instant, Key

revision: Final = "0005"
down_revision: Final = "0004"

TABLES: Final = ("upload_link", "evidence_announced", "case_receipt", "signing_key")
COLUMNS: Final = ("album", "preview_id", "shown_from", "scan", "scan_found", "scanned_at")
FUNCTIONS: Final = (
    "qf_stored_file_derived_rules",
    "qf_evidence_announced_update_rules",
    "qf_of_a_kept_case",
    "qf_upload_link_rules",
)


def upgrade() -> None:
    op.add_column("stored_file", sa.Column("album", sa.String(length=32), nullable=True))
    op.add_column("stored_file", sa.Column("preview_id", sa.String(length=32), nullable=True))
    op.add_column("stored_file", sa.Column("shown_from", Instant(), nullable=True))
    op.execute(  # written out: a column with a named CHECK can be added on both databases, but not by Alembic
        "ALTER TABLE stored_file ADD COLUMN scan VARCHAR(12) DEFAULT 'unscanned' NOT NULL "
        "CONSTRAINT ck_stored_file_scan_known CHECK (scan IN ('unscanned', 'clean', 'found', 'unscannable'))"
    )
    op.add_column("stored_file", sa.Column("scan_found", sa.String(length=120), nullable=True))
    op.add_column("stored_file", sa.Column("scanned_at", Instant(), nullable=True))
    op.create_index("ix_stored_file_scan", "stored_file", ["scan", "received_at"])
    _create_tables()
    for statement in _statements():
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        op.execute("DROP TRIGGER stored_file_derived")
    else:
        op.execute("DROP TRIGGER stored_file_derived ON stored_file")
    for name in TABLES:
        op.drop_table(name)
    if not is_sqlite:
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index("ix_stored_file_scan", "stored_file")
    for name in COLUMNS:
        op.execute(f"ALTER TABLE stored_file DROP COLUMN {name}")


def _statements() -> list[str]:
    path = ENFORCEMENT / f"{revision}_{op.get_bind().dialect.name}.sql"
    return path.read_text(encoding="utf-8").split("\n--;\n")


def _create_tables() -> None:
    op.create_table(
        "evidence_announced",
        sa.Column("id", Key, nullable=False),
        sa.Column("draft_id", Key, nullable=True),
        sa.Column("case_id", Key, nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("announced_at", Instant(), nullable=False),
        sa.Column("file_id", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "kind IN ('message', 'supplement', 'new_evidence', 'objection', 'withdrawal', 'explanation', 'result')",
            name=op.f("ck_evidence_announced_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_evidence_announced_case_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["report_draft.id"], name=op.f("fk_evidence_announced_draft_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_evidence_announced_file_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_announced")),
        sa.UniqueConstraint("file_id", name=op.f("uq_evidence_announced_file_id")),
    )
    op.create_index(op.f("ix_evidence_announced_case_id"), "evidence_announced", ["case_id"])
    op.create_index(op.f("ix_evidence_announced_draft_id"), "evidence_announced", ["draft_id"])
    op.create_table(
        "upload_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("announced_id", Key, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["announced_id"], ["evidence_announced.id"], name=op.f("fk_upload_link_announced_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_upload_link")),
    )
    op.create_index(op.f("ix_upload_link_announced_id"), "upload_link", ["announced_id"])
    op.create_table(
        "case_receipt",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_receipt_case_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_receipt")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_case_receipt_token_hash")),
    )
    op.create_index(op.f("ix_case_receipt_case_id"), "case_receipt", ["case_id"])
    op.create_table(
        "signing_key",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_signing_key")),
    )
