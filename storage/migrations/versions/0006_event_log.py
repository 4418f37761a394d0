"""The event log: a keyed seal on every event, signed heads, and what is on its way to a second party.

Events that were there stay as they are, without a seal; the chain goes on, and the first sealed one vouches for them.

Revision ID: 0006
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Instant

revision: Final = "0006"
down_revision: Final = "0005"

INDEXES: Final = {
    "ix_event_actor_id": ["actor", "id"],
    "ix_event_subject_id": ["subject", "id"],
    "ix_event_at": ["at"],
}
FUNCTIONS: Final = ("event_seal", "log_head_insert")


def upgrade() -> None:
    op.add_column("event", sa.Column("seal", sa.LargeBinary(), nullable=True))
    op.add_column("event", sa.Column("seal_key", sa.String(length=16), nullable=True))
    for name, columns in INDEXES.items():
        op.create_index(name, "event", columns)
    op.create_table(
        "log_head",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("sealed_from", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["events"], ["event.id"], name=op.f("fk_log_head_events"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_log_head")),
    )
    op.create_table(
        "log_head_copy",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("try_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"], ["log_head.number"], name=op.f("fk_log_head_copy_number"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_log_head_copy")),
    )
    text = (ENFORCEMENT / f"0006_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in text.split("\n--;\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in ("event_seal",) if is_postgresql else ("event_seal", "event_hash_once"):
        op.execute(f"DROP TRIGGER {name} ON event" if is_postgresql else f"DROP TRIGGER {name}")
    op.drop_table("log_head_copy")
    op.drop_table("log_head")
    if is_postgresql:
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION qf_{name}()")
    for name in INDEXES:
        op.drop_index(name, "event")
    op.drop_column("event", "seal_key")
    op.drop_column("event", "seal")
