"""Reminders for officials beside people, what was planned, subscriptions, broadcasts, and the scheduler's lease.

Revision ID: 0011
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Instant, Key

revision: Final = "0011"
down_revision: Final = "0010"

OPEN: Final = sa.text("done_at IS NULL")
REMINDER_RULES: Final = ("reminder_once", "reminder_no_delete")
FUNCTIONS: Final = (
    "qf_reminder_once()",
    "qf_broadcast_birth()",
    "qf_broadcast_step()",
    "qf_broadcast_recipient_birth()",
    "qf_broadcast_recipient_step()",
    "qf_may_broadcast(bigint, bigint)",
)
TABLES: Final = ("broadcast_recipient", "broadcast", "subscription", "reminder_plan", "lease")


def upgrade() -> None:
    _widen_reminders()
    op.create_index("ix_election_task_open", "election_task", ["due_on"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "reminder_plan",
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("planned_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "stage", name=op.f("pk_reminder_plan")),
    )
    op.create_table(
        "subscription",
        sa.Column("person_id", Key, nullable=False),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("since_at", Instant(), nullable=False),
        _reference("subscription", "person_id", "person"),
        _reference("subscription", "place_id", "place", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "place_id", name=op.f("pk_subscription")),
    )
    op.create_index("ix_subscription_place_id", "subscription", ["place_id"])
    _create_broadcasts()
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=60), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("worked_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    text = (ENFORCEMENT / f"{revision}_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in text.split("\n--;\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in REMINDER_RULES:
        op.execute(f"DROP TRIGGER {name} ON reminder" if is_postgresql else f"DROP TRIGGER {name}")
    for table in TABLES:
        op.drop_table(table)
    if is_postgresql:
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}")
    op.drop_index("ix_election_task_open", "election_task")
    op.execute("DELETE FROM reminder WHERE person_id IS NULL")
    with op.batch_alter_table("reminder") as batch:
        batch.drop_constraint(op.f("ck_reminder_for_one_person"), type_="check")
        batch.drop_constraint(op.f("uq_reminder_subject_stage_official_id"), type_="unique")
        batch.drop_constraint(op.f("fk_reminder_official_id"), type_="foreignkey")
        batch.alter_column("person_id", existing_type=Key, nullable=False)
        for name in ("official_id", "role", "for_on"):
            batch.drop_column(name)


def _widen_reminders() -> None:
    with op.batch_alter_table("reminder") as batch:
        batch.alter_column("person_id", existing_type=Key, nullable=True)
        batch.add_column(sa.Column("official_id", Key, nullable=True))
        batch.add_column(sa.Column("role", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("for_on", sa.Date(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_reminder_official_id"), "official", ["official_id"], ["id"], ondelete="RESTRICT"
        )
        batch.create_unique_constraint(
            op.f("uq_reminder_subject_stage_official_id"), ["subject", "stage", "official_id"]
        )
        batch.create_check_constraint(
            op.f("ck_reminder_for_one_person"), "(person_id IS NULL) <> (official_id IS NULL)"
        )


def _create_broadcasts() -> None:
    op.create_table(
        "broadcast",
        sa.Column("id", Key, nullable=False),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("body", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("second_above", sa.Integer(), nullable=False),
        sa.Column("author_id", Key, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("approved_by", Key, nullable=True),
        sa.Column("approved_at", Instant(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("cancelled_by", Key, nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        _check("broadcast", "kind_known", "kind IN ('discipline', 'publicity')"),
        _check("broadcast", "state_known", "state IN ('draft', 'approved', 'cancelled')"),
        _check("broadcast", "says_something", "length(body) > 0"),
        _check("broadcast", "second_person_in_time", "second_above BETWEEN 0 AND 200"),
        _check("broadcast", "approved_by_somebody", "(approved_by IS NULL) = (approved_at IS NULL)"),
        _check("broadcast", "approved_for_so_many", "(approved_by IS NULL) = (size IS NULL)"),
        _check("broadcast", "approved_first", "state <> 'approved' OR approved_by IS NOT NULL"),
        _check("broadcast", "cancelled_by_somebody", "(state = 'cancelled') = (cancelled_by IS NOT NULL)"),
        _check("broadcast", "cancelled_at_a_time", "(cancelled_by IS NULL) = (cancelled_at IS NULL)"),
        _reference("broadcast", "place_id", "place"),
        *(_reference("broadcast", name, "official") for name in ("author_id", "approved_by", "cancelled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
    )
    op.create_index(op.f("ix_broadcast_place_id"), "broadcast", ["place_id"])
    states = "'waiting', 'queued', 'sent', 'unreachable', 'left', 'cancelled'"
    queued_once = "(state IN ('waiting', 'left')) = (outbox_id IS NULL) OR state = 'cancelled'"
    op.create_table(
        "broadcast_recipient",
        sa.Column("id", Key, nullable=False),
        sa.Column("broadcast_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", Instant(), nullable=True),
        _check("broadcast_recipient", "state_known", f"state IN ({states})"),
        _check("broadcast_recipient", "queued_once", queued_once),
        _reference("broadcast_recipient", "broadcast_id", "broadcast"),
        _reference("broadcast_recipient", "person_id", "person"),
        _reference("broadcast_recipient", "place_id", "place"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_recipient")),
        sa.UniqueConstraint("broadcast_id", "person_id", name=op.f("uq_broadcast_recipient_broadcast_id_person_id")),
        sa.UniqueConstraint("outbox_id", name=op.f("uq_broadcast_recipient_outbox_id")),
    )
    op.create_index("ix_broadcast_recipient_broadcast_id_state", "broadcast_recipient", ["broadcast_id", "state"])


def _reference(table: str, column: str, other: str, *, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))
