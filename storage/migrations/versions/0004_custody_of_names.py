"""Custody of names: key pairs for every official who may ask, names in shares, releases that several custodians decide.

Custodians keep the key pairs they have. Names sealed whole to each custodian move to a table of their own, can still
be opened, and become shares the next time a custodian opens them: only then is there anybody who can split them.

Revision ID: 0004
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT
from storage.types import Instant, Key

revision: Final = "0004"
down_revision: Final = "0003"

TABLES: Final = ("release_vote", "identity_release", "share_contribution", "identity_share", "identity")
UNDECIDED: Final = sa.text("decision IS NULL")
FUNCTIONS: Final = (
    "identity_fixed",
    "identity_share_born",
    "identity_share_fixed",
    "identity_share_gone",
    "identity_whole_gone",
    "share_contribution_born",
    "identity_release_born",
    "identity_release_decided",
    "release_vote_born",
    "release_vote_fixed",
    "release_vote_gone",
)
PURPOSES: Final = ("call", "visit", "recognise", "talk", "protect", "pass_on", "other")


def upgrade() -> None:
    keys, peppers, names = (_rows(table) for table in ("custodian_key", "custodian_pepper", "identity"))
    for table in ("identity", "custodian_pepper", "custodian_key"):
        op.drop_table(table)
    _create_key("official_key", recovery=True)
    _create_pepper("official_key")
    _create_whole("identity_whole", "official_key")
    _fill("official_key", keys)
    _fill("custodian_pepper", peppers)
    _fill("identity_whole", names)
    _create_names()
    _create_releases()
    for statement in _statements(revision):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM identity")):
        message = "Names are kept in shares now, and nobody can put them together here: this revision stays"
        raise RuntimeError(message)
    keys, peppers, names = (_rows(table) for table in ("official_key", "custodian_pepper", "identity_whole"))
    for table in (*TABLES, "identity_whole", "custodian_pepper", "official_key"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION qf_{name}()")
    _create_key("custodian_key", recovery=False)
    _create_pepper("custodian_key")
    _create_whole("identity", "custodian_key")
    for row in keys:
        row.pop("recovery_sealed")
    _fill("custodian_key", keys)
    _fill("custodian_pepper", peppers)
    _fill("identity", names)
    for statement in _statements("0003"):
        if statement.startswith(("CREATE TRIGGER identity_no_update", "CREATE TRIGGER identity_no_delete")):
            op.get_bind().exec_driver_sql(statement)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER identity_truncate BEFORE TRUNCATE ON identity "
            "FOR EACH STATEMENT EXECUTE FUNCTION qf_refuse('append_only')"
        )


def _statements(number: str) -> list[str]:
    text = (ENFORCEMENT / f"{number}_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    return text.split("\n--;\n")


def _rows(table: str) -> list[dict[str, object]]:
    found = op.get_bind().execute(sa.select(sa.Table(table, sa.MetaData(), autoload_with=op.get_bind())))
    return [dict(row) for row in found.mappings()]


def _fill(table: str, rows: list[dict[str, object]]) -> None:
    if rows:
        reflected = sa.Table(table, sa.MetaData(), autoload_with=op.get_bind())
        op.get_bind().execute(sa.insert(reflected), rows)


def _create_key(name: str, *, recovery: bool) -> None:
    more = [sa.Column("recovery_sealed", sa.LargeBinary(), nullable=True)] if recovery else []
    op.create_table(
        name,
        sa.Column("official_id", Key, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("ops_limit", sa.Integer(), nullable=False),
        sa.Column("mem_limit", sa.BigInteger(), nullable=False),
        *more,
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f(f"fk_{name}_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("official_id", name=op.f(f"pk_{name}")),
    )


def _create_pepper(keys: str) -> None:
    op.create_table(
        "custodian_pepper",
        sa.Column("custodian_id", Key, nullable=False),
        sa.Column("pepper_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["custodian_id"],
            [f"{keys}.official_id"],
            name=op.f("fk_custodian_pepper_custodian_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("custodian_id", name=op.f("pk_custodian_pepper")),
    )


def _create_whole(name: str, keys: str) -> None:
    op.create_table(
        name,
        sa.Column("case_id", Key, nullable=False),
        sa.Column("custodian_id", Key, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f(f"fk_{name}_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["custodian_id"], [f"{keys}.official_id"], name=op.f(f"fk_{name}_custodian_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("case_id", "custodian_id", name=op.f(f"pk_{name}")),
    )


def _key_of(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["official_key.official_id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT"
    )


def _create_names() -> None:
    op.create_table(
        "identity",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("shares", sa.Integer(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("needed BETWEEN 1 AND shares", name=op.f("ck_identity_can_be_opened")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_identity_case_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_identity")),
    )
    op.create_table(
        "identity_share",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("custodian_id", Key, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("share_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["identity.case_id"], name=op.f("fk_identity_share_case_id"), ondelete="RESTRICT"
        ),
        _key_of("identity_share", "custodian_id"),
        sa.PrimaryKeyConstraint("case_id", "generation", "custodian_id", name=op.f("pk_identity_share")),
    )
    op.create_index("ix_identity_share_custodian_id", "identity_share", ["custodian_id"])
    op.create_table(
        "share_contribution",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("from_id", Key, nullable=False),
        sa.Column("to_id", Key, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("share_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_share_contribution_to_a_colleague")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["identity.case_id"], name=op.f("fk_share_contribution_case_id"), ondelete="RESTRICT"
        ),
        _key_of("share_contribution", "from_id"),
        _key_of("share_contribution", "to_id"),
        sa.PrimaryKeyConstraint("case_id", "from_id", "to_id", name=op.f("pk_share_contribution")),
    )


def _create_releases() -> None:
    purposes = ", ".join(repr(one) for one in PURPOSES)
    op.create_table(
        "identity_release",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("asker_id", Key, nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.CheckConstraint(f"purpose IN ({purposes})", name=op.f("ck_identity_release_purpose_known")),
        sa.CheckConstraint("decision IN ('granted', 'refused')", name=op.f("ck_identity_release_decision_known")),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_identity_release_decided_at_a_time")
        ),
        sa.CheckConstraint(
            "(decision IS NOT NULL AND decision = 'granted') = (expires_at IS NOT NULL)",
            name=op.f("ck_identity_release_for_a_time"),
        ),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["official.id"], name=op.f("fk_identity_release_asker_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_identity_release_case_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_release")),
    )
    op.create_index(op.f("ix_identity_release_asker_id"), "identity_release", ["asker_id"])
    op.create_index(op.f("ix_identity_release_case_id"), "identity_release", ["case_id"])
    op.create_index(
        "uq_identity_release_one_open",
        "identity_release",
        ["case_id", "asker_id"],
        unique=True,
        sqlite_where=UNDECIDED,
        postgresql_where=UNDECIDED,
    )
    op.create_table(
        "release_vote",
        sa.Column("release_id", Key, nullable=False),
        sa.Column("custodian_id", Key, nullable=False),
        sa.Column("vote", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("share_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("voted_at", Instant(), nullable=False),
        sa.CheckConstraint("vote IN ('granted', 'refused')", name=op.f("ck_release_vote_vote_known")),
        sa.CheckConstraint(
            "(vote = 'refused') = (reason IS NOT NULL)", name=op.f("ck_release_vote_refused_with_a_reason")
        ),
        sa.CheckConstraint(
            "vote = 'granted' OR share_sealed IS NULL", name=op.f("ck_release_vote_refused_gives_nothing")
        ),
        _key_of("release_vote", "custodian_id"),
        sa.ForeignKeyConstraint(
            ["release_id"], ["identity_release.id"], name=op.f("fk_release_vote_release_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("release_id", "custodian_id", name=op.f("pk_release_vote")),
    )
