"""Signing in: passkeys, links to set up a seat, browsers that are known, growing waits, sessions that can be told apart.

Who has a seat now has set it up. Sessions and sign-in links that were open stay open.

Revision ID: 0007
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Instant, Key

revision: Final = "0007"
down_revision: Final = "0006"

TABLES: Final = ("sign_in_strain", "ceremony", "passkey", "seat_link", "known_device")
SESSION_TRIGGERS: Final = ("desk_session_birth", "desk_session_fixed")
FUNCTIONS: Final = ("desk_session", "seat_link", "passkey")
IN_FORCE: Final = sa.text("used_at IS NULL AND revoked_at IS NULL")


def upgrade() -> None:
    op.add_column("official", sa.Column("enrolled_at", Instant(), nullable=True))
    op.execute("UPDATE official SET enrolled_at = created_at")
    with op.batch_alter_table("desk_session") as batch:
        batch.add_column(sa.Column("way", sa.String(length=10), server_default="password", nullable=False))
        batch.add_column(sa.Column("device", sa.String(length=40), server_default="unknown", nullable=False))
        batch.add_column(sa.Column("confirmed_at", Instant(), nullable=True))
        batch.create_check_constraint(
            op.f("ck_desk_session_way_known"), "way IN ('password', 'passkey', 'link', 'invitation')"
        )
    _create_tables()
    text = (ENFORCEMENT / f"0007_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in text.split("\n--;\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in SESSION_TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON desk_session" if is_postgresql else f"DROP TRIGGER {name}")
    for name in TABLES:
        op.drop_table(name)
    if is_postgresql:
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION qf_{name}_rules()")
    with op.batch_alter_table("desk_session") as batch:
        batch.drop_constraint(op.f("ck_desk_session_way_known"), type_="check")
        for name in ("way", "device", "confirmed_at"):
            batch.drop_column(name)
    op.drop_column("official", "enrolled_at")


def _create_tables() -> None:
    op.create_table(
        "known_device",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("device", sa.String(length=40), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_known_device_official_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", "official_id", name=op.f("pk_known_device")),
    )
    op.create_table(
        "seat_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("made_by", Key, nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('invitation', 'reset')", name=op.f("ck_seat_link_kind_known")),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_seat_link_official_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["official.id"], name=op.f("fk_seat_link_made_by"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_seat_link")),
    )
    op.create_index(
        "uq_seat_link_one_in_force",
        "seat_link",
        ["official_id"],
        unique=True,
        sqlite_where=IN_FORCE,
        postgresql_where=IN_FORCE,
    )
    op.create_table(
        "passkey",
        sa.Column("id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("registered_in", sa.LargeBinary(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_passkey_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_official_id"), "passkey", ["official_id"])
    op.create_table(
        "ceremony",
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("official_id", Key, nullable=True),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('enrol', 'add_passkey', 'use_passkey', 'confirm')", name=op.f("ck_ceremony_purpose_known")
        ),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_ceremony_official_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("browser_hash", "purpose", name=op.f("pk_ceremony")),
    )
    op.create_table(
        "sign_in_strain",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("wait_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_strain")),
    )
