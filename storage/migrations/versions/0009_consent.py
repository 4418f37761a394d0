"""Consent to keeping a name: a row for each report, of which text was shown, and when.

Reports that waited for their turn were finished under the old prompt, which said what becomes of a name: they are
counted as agreed to text 0. Drafts still in writing are asked again by the service.

Revision ID: 0009
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Instant, Key

revision: Final = "0009"
down_revision: Final = "0008"

TRIGGERS: Final = {"cases_consent": "cases", "consent_fixed": "consent", "consent_kept": "consent"}
FUNCTIONS: Final = ("qf_cases_consent", "qf_consent_fixed", "qf_consent_kept")


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("draft_id", Key, autoincrement=False, nullable=False),
        sa.Column("text_version", sa.String(length=20), nullable=False),
        sa.Column("given_at", Instant(), nullable=False),
        sa.CheckConstraint("length(text_version) > 0", name=op.f("ck_consent_to_a_text")),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["report_draft.id"], name=op.f("fk_consent_draft_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_consent")),
    )
    op.execute(
        "INSERT INTO consent (draft_id, text_version, given_at) "
        "SELECT id, '0', changed_at FROM report_draft WHERE state = 'queued'"
    )
    text = (ENFORCEMENT / f"{revision}_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in text.split("\n--;\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}" if is_postgresql else f"DROP TRIGGER {name}")
    if is_postgresql:
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("consent")
