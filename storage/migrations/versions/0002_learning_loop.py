"""The learning loop: entries written at the desk, questions passed upwards, imported law texts, a person's province.

Revision ID: 0002
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant, Key

revision: Final = "0002"
down_revision: Final = "0001"

ENFORCEMENT: Final = Path(__file__).parents[1] / "enforcement"
TABLES: Final = (
    "law_article",
    "law_import",
    "entry_publication",
    "entry_review",
    "entry_version",
    "inquiry_escalation",
)
INQUIRY_TRIGGERS: Final = ("inquiry_fixed", "inquiry_delete")


def upgrade() -> None:
    op.add_column("person", sa.Column("jurisdiction", sa.String(length=60), nullable=True))
    op.add_column("person", sa.Column("kind", sa.String(length=10), nullable=True))
    _create_tables()
    for statement in _enforcement(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in INQUIRY_TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON inquiry" if is_postgresql else f"DROP TRIGGER {name}")
    for name in TABLES:
        op.drop_table(name)
    if is_postgresql:
        for name in ("law_article", "entry_version", "entry_review", "entry_publication", "escalation", "inquiry"):
            op.execute(f"DROP FUNCTION qf_{name}_rules()")
    op.drop_column("person", "kind")
    op.drop_column("person", "jurisdiction")


def _enforcement(dialect: str) -> list[str]:
    """The statements of the enforcement file: on SQLite one a trigger, on PostgreSQL split at lines of `--;`."""
    text = (ENFORCEMENT / f"0002_{dialect}.sql").read_text(encoding="utf-8")
    if dialect == "postgresql":
        return text.split("\n--;\n")
    return [f"CREATE TRIGGER {part}" for part in text.split("CREATE TRIGGER ")[1:]]


def _create_tables() -> None:
    op.create_table(
        "law_import",
        sa.Column("id", Key, nullable=False),
        sa.Column("law_id", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=60), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.CheckConstraint("articles >= 1", name=op.f("ck_law_import_articles_counted")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_law_import")),
    )
    op.create_index(op.f("ix_law_import_law_id"), "law_import", ["law_id"], unique=False)
    op.create_table(
        "law_article",
        sa.Column("import_id", Key, nullable=False),
        sa.Column("article", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["law_import.id"], name=op.f("fk_law_article_import_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("import_id", "article", name=op.f("pk_law_article")),
    )
    op.create_table(
        "inquiry_escalation",
        sa.Column("inquiry_id", sa.BigInteger(), nullable=False),
        sa.Column("to_path", sa.String(length=200), nullable=False),
        sa.Column("asked_by", Key, nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("overdue_told_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["official.id"], name=op.f("fk_inquiry_escalation_asked_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["inquiry_id"], ["inquiry.id"], name=op.f("fk_inquiry_escalation_inquiry_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("inquiry_id", "to_path", name=op.f("pk_inquiry_escalation")),
    )
    op.create_index("ix_inquiry_escalation_due_on", "inquiry_escalation", ["due_on"], unique=False)
    _create_entry_tables()


def _create_entry_tables() -> None:
    op.create_table(
        "entry_version",
        sa.Column("id", Key, nullable=False),
        sa.Column("entry_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place_path", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("questions", Document, nullable=False),
        sa.Column("answer", sa.String(length=120), nullable=False),
        sa.Column("more", sa.Text(), nullable=False),
        sa.Column("sources", Document, nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("in_force_until", sa.Date(), nullable=True),
        sa.Column("author_id", Key, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("from_inquiry", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('village', 'community', 'both')", name=op.f("ck_entry_version_kind_known")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_entry_version_numbers_count")),
        sa.CheckConstraint("length(label) BETWEEN 1 AND 16", name=op.f("ck_entry_version_label_fits_a_button")),
        sa.CheckConstraint("length(answer) BETWEEN 1 AND 120", name=op.f("ck_entry_version_answer_fits_a_message")),
        sa.CheckConstraint(
            "in_force_until IS NULL OR in_force_until >= in_force_from",
            name=op.f("ck_entry_version_window_opens_first"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["official.id"], name=op.f("fk_entry_version_author_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["from_inquiry"], ["inquiry.id"], name=op.f("fk_entry_version_from_inquiry"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_version")),
        sa.UniqueConstraint("entry_id", "number", name=op.f("uq_entry_version_entry_id_number")),
    )
    op.create_table(
        "entry_review",
        sa.Column("version_id", Key, nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("reviewer_id", Key, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("verdict IN ('approved', 'returned')", name=op.f("ck_entry_review_verdict_known")),
        sa.CheckConstraint(
            "verdict = 'approved' OR length(note) > 0", name=op.f("ck_entry_review_returned_with_a_reason")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["official.id"], name=op.f("fk_entry_review_reviewer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["entry_version.id"], name=op.f("fk_entry_review_version_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_entry_review")),
    )
    op.create_table(
        "entry_publication",
        sa.Column("id", Key, nullable=False),
        sa.Column("entry_id", sa.String(length=40), nullable=False),
        sa.Column("version_id", Key, nullable=True),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_entry_publication_official_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["entry_version.id"], name=op.f("fk_entry_publication_version_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_publication")),
    )
    op.create_index("ix_entry_publication_entry_id_id", "entry_publication", ["entry_id", "id"], unique=False)
