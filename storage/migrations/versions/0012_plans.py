"""Plans of elections: body, way of voting and counting, proof of what is done, moved days, recorded happenings.

Columns are added in place: a table made anew would lose the triggers of other revisions on SQLite. What an election is
of an older release follows from its place; what was done then needs no proof any more.

Revision ID: 0012
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Instant, Key

revision: Final = "0012"
down_revision: Final = "0011"

TRIGGERS: Final = {
    "election_plan_birth": "election",
    "election_plan_known": "election",
    "election_day_recorded": "election",
    "election_task_birth": "election_task",
    "election_task_done": "election_task",
    "election_task_kept": "election_task",
    "election_day_move_fixed": "election_day_move",
    "election_day_move_kept": "election_day_move",
    "happening_fixed": "happening",
    "happening_kept": "happening",
}
FUNCTIONS: Final = (
    "qf_election_plan",
    "qf_election_day_recorded",
    "qf_election_task_birth",
    "qf_election_task_done",
    "qf_election_task_kept",
    "qf_election_day_move_fixed",
    "qf_happening_fixed",
)
#: Where the lines of the plan before belong.
STAGES: Final = {
    "preparation": ["audit_published"],
    "committee": ["election_committee"],
    "registration": ["registration", "roll_published", "roll_objections_end"],
    "candidates": ["nomination", "commitments_signed", "joint_review", "candidates_published"],
    "voting_preparation": ["proxies_published"],
    "voting": ["election_day"],
    "handover": ["handover"],
}
ADDED: Final = {
    "election": ("body", "mode", "counting", "plan_version", "last_day", "version"),
    "election_task": ("lawful_until", "needs_proof", "done_on", "proof", "stage"),
}


def upgrade() -> None:
    op.add_column("election", sa.Column("body", sa.String(length=10), server_default="village", nullable=False))
    op.add_column("election", sa.Column("mode", sa.String(length=16), server_default="all_voters", nullable=False))
    op.add_column("election", sa.Column("counting", sa.String(length=10), server_default="next_day", nullable=False))
    op.add_column("election", sa.Column("plan_version", sa.String(length=40), server_default="0", nullable=False))
    op.add_column("election", sa.Column("last_day", sa.Date(), nullable=True))
    op.add_column("election", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("election_task", sa.Column("lawful_until", sa.Date(), nullable=True))
    op.add_column("election_task", sa.Column("needs_proof", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("election_task", sa.Column("done_on", sa.Date(), nullable=True))
    op.add_column("election_task", sa.Column("proof", sa.String(length=200), nullable=True))
    op.add_column(
        "election_task", sa.Column("stage", sa.String(length=20), server_default="preparation", nullable=False)
    )
    for stage, codes in STAGES.items():
        op.execute(
            sa.text("UPDATE election_task SET stage = :stage WHERE code IN :codes")
            .bindparams(sa.bindparam("codes", expanding=True))
            .bindparams(stage=stage, codes=codes)
        )
    op.execute(
        "UPDATE election SET body = 'community' WHERE place_id IN (SELECT id FROM place WHERE kind = 'community')"
    )
    _create_tables()
    text = (ENFORCEMENT / f"{revision}_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in text.split("\n--;\n"):
        op.get_bind().exec_driver_sql(statement)


def _create_tables() -> None:
    op.create_table(
        "election_day_move",
        sa.Column("id", Key, nullable=False),
        sa.Column("election_id", Key, nullable=False),
        sa.Column("was_on", sa.Date(), nullable=False),
        sa.Column("now_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("moved_tasks", sa.Integer(), nullable=False),
        sa.Column("moved_by", Key, nullable=False),
        sa.Column("moved_at", Instant(), nullable=False),
        sa.CheckConstraint("was_on <> now_on", name=op.f("ck_election_day_move_to_another_day")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_election_day_move_with_a_reason")),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_election_day_move_election_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["moved_by"], ["official.id"], name=op.f("fk_election_day_move_moved_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election_day_move")),
    )
    op.create_index("ix_election_day_move_election_id", "election_day_move", ["election_id"])
    op.create_table(
        "happening",
        sa.Column("id", Key, nullable=False),
        sa.Column("election_id", Key, nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("recorded_by", Key, nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_happening_election_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["official.id"], name=op.f("fk_happening_recorded_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_happening")),
    )
    op.create_index("ix_happening_election_id", "happening", ["election_id"])


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table in TRIGGERS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}" if is_postgresql else f"DROP TRIGGER {name}")
    if is_postgresql:
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("happening")
    op.drop_table("election_day_move")
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column)
