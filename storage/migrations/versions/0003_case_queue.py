"""The case queue: disposal, measures, clocks, transfers, merging, recusal by rule, dialogue, name checks, retention.

Cases that were there answer to the unit whose officials saw them, keep their promised dates, and are counted as
told where they had ended. What reporters added moves from notes to messages: notes are for officials only.

Revision ID: 0003
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations import ENFORCEMENT, replaced_triggers
from storage.types import Document, Instant, Key

revision: Final = "0003"
down_revision: Final = "0002"

STATES: Final = (
    "received",
    "registered",
    "accepted",
    "referred",
    "disposal_proposed",
    "held",
    "investigating",
    "awaiting_approval",
    "approved",
    "told",
    "closed",
    "guided_elsewhere",
)
OLD_STATES: Final = (
    "received",
    "accepted",
    "investigating",
    "awaiting_approval",
    "approved",
    "closed",
    "guided_elsewhere",
)
TRANSITIONS: Final = (
    ("a", "register", "received", "registered"),
    ("b", "accept", "registered", "accepted"),
    ("c", "guide_elsewhere", "registered", "guided_elsewhere"),
    ("d", "guide_elsewhere", "accepted", "guided_elsewhere"),
    ("e", "refer", "accepted", "referred"),
    ("f", "take_back", "referred", "accepted"),
    ("g", "propose_disposal", "accepted", "disposal_proposed"),
    ("h", "return_disposal", "disposal_proposed", "accepted"),
    ("i", "start_investigation", "disposal_proposed", "investigating"),
    ("j", "hold", "disposal_proposed", "held"),
    ("k", "take_up", "held", "accepted"),
    ("l", "conclude", "disposal_proposed", "approved"),
    ("m", "submit_finding", "investigating", "awaiting_approval"),
    ("n", "return_finding", "awaiting_approval", "investigating"),
    ("o", "approve_finding", "awaiting_approval", "approved"),
    ("p", "tell_result", "approved", "told"),
    ("q", "close", "told", "closed"),
    ("r", "reopen", "closed", "accepted"),
    ("s", "reopen", "guided_elsewhere", "accepted"),
    ("t", "reopen", "approved", "accepted"),
    ("u", "reopen", "told", "accepted"),
)
OLD_TRANSITIONS: Final = (
    ("a", "accept", "received", "accepted"),
    ("b", "guide_elsewhere", "received", "guided_elsewhere"),
    ("c", "guide_elsewhere", "accepted", "guided_elsewhere"),
    ("d", "start_investigation", "accepted", "investigating"),
    ("e", "submit_finding", "investigating", "awaiting_approval"),
    ("f", "return_finding", "awaiting_approval", "investigating"),
    ("g", "approve_finding", "awaiting_approval", "approved"),
    ("h", "close", "approved", "closed"),
    ("i", "reopen", "closed", "accepted"),
    ("j", "reopen", "guided_elsewhere", "accepted"),
)
VIEWS: Final = ("erasable_case", "investigated_case", "active_flag")
TABLES: Final = (
    "case_viewer",
    "handover_item",
    "handover",
    "duty_slot",
    "escalation",
    "transfer",
    "case_declaration",
    "deadline_notice",
    "clock_pause",
    "case_clock",
    "calendar_year",
    "measure",
    "investigation_step",
    "investigator",
    "disposal",
    "contact_attempt",
    "mass_reaction",
    "case_merge",
    "case_link",
    "case_message",
    "case_matter",
    "flag_removal",
    "filing_mark",
    "rule_set",
    "custodian_pepper",
    "kinship",
    "official_alias",
)
OPEN: Final = sa.text("state NOT IN ('closed', 'guided_elsewhere') AND merged_into_id IS NULL")
ENDED: Final = sa.text("closed_at IS NOT NULL")
UNMERGED: Final = sa.text("merged_into_id IS NULL")
UNDECIDED: Final = sa.text("decision IS NULL")
OFFERED: Final = sa.text("state = 'offered'")
RUNNING: Final = sa.text("stopped_on IS NULL")
FLEETING: Final = sa.text("forget_at IS NOT NULL")
IN_FORCE: Final = sa.text("undone_at IS NULL AND (decision IS NULL OR decision = 'approved')")
HANDLING: Final = ("discipline_official", "discipline_leader")


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    kept = _take_off_sqlite_triggers() if is_sqlite else _drop_postgresql_triggers()
    _change_tables()
    _create_tables()
    _move_rows()
    _finish_unit()
    _transitions(TRANSITIONS)
    _run([*kept, *_statements("0003")])


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    dialect = "sqlite" if is_sqlite else "postgresql"
    if is_sqlite:
        _take_off_sqlite_triggers()
    else:
        _drop_postgresql_rules()
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")
    _change_tables_back()
    for name in TABLES:
        op.drop_table(name)
    _transitions(OLD_TRANSITIONS)
    if is_sqlite:
        for older in ("0001", "0002"):
            text = (ENFORCEMENT / f"{older}_{dialect}.sql").read_text(encoding="utf-8")
            _run([f"CREATE TRIGGER {part}" for part in text.split("CREATE TRIGGER ")[1:]])
    else:
        for older in ("0001", "0002"):
            _run((ENFORCEMENT / f"{older}_{dialect}.sql").read_text(encoding="utf-8").split("\n--;\n"))


def _statements(number: str) -> list[str]:
    text = (ENFORCEMENT / f"{number}_{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    return text.split("\n--;\n")


def _run(statements: list[str]) -> None:
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _take_off_sqlite_triggers() -> list[str]:
    """Drop every trigger: SQLite renames no table that one of them mentions. Returns those that come back."""
    rows = list(op.get_bind().exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for name, _ in rows:
        op.execute(f"DROP TRIGGER {name}")
    gone = replaced_triggers("sqlite", revision)
    return [sql for name, sql in rows if name not in gone]


def _drop_postgresql_triggers() -> list[str]:
    for name in sorted(replaced_triggers("postgresql", revision)):
        table = op.get_bind().exec_driver_sql(f"SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = '{name}'")
        op.execute(f"DROP TRIGGER {name} ON {table.scalar_one()}")
    for name in (
        "cases_insert",
        "cases_update",
        "case_flag_insert",
        "investigation_insert",
        "investigation_update",
        "evidence_insert",
    ):
        op.execute(f"DROP FUNCTION qf_{name}()")
    return []


def _drop_postgresql_rules() -> None:
    rows = op.get_bind().exec_driver_sql(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname = current_schema() AND p.proname LIKE 'qf\\_%%'"
    )
    for (name,) in list(rows):
        op.execute(f"DROP FUNCTION {name}() CASCADE")


def _words(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def _change_tables() -> None:
    with op.batch_alter_table("report_draft") as batch:
        batch.add_column(sa.Column("submit_at", Instant(), nullable=True))
        batch.drop_constraint(op.f("ck_report_draft_state_known"), type_="check")
        batch.create_check_constraint(
            op.f("ck_report_draft_state_known"), _words("state", ("writing", "queued", "submitted", "dropped"))
        )
        batch.create_check_constraint(
            op.f("ck_report_draft_queued_until_when"), "(submit_at IS NOT NULL) = (state = 'queued')"
        )
        batch.create_index("ix_report_draft_submit_at", ["submit_at"])
    op.add_column("chat_message", sa.Column("forget_at", Instant(), nullable=True))
    op.create_index(
        "ix_chat_message_forget_at", "chat_message", ["forget_at"], sqlite_where=FLEETING, postgresql_where=FLEETING
    )
    with op.batch_alter_table("official") as batch:
        batch.add_column(sa.Column("is_head", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("declared_at", Instant(), nullable=True))
    with op.batch_alter_table("recusal") as batch:
        batch.add_column(sa.Column("ground", sa.String(length=8), server_default="self", nullable=False))
        batch.create_check_constraint(
            op.f("ck_recusal_ground_known"), _words("ground", ("self", "named", "relative", "interest", "asked"))
        )
        batch.create_index("ix_recusal_official_id", ["official_id"])
    with op.batch_alter_table("case_flag") as batch:
        batch.add_column(sa.Column("raised_by", Key, nullable=True))
        batch.alter_column(
            "category", existing_type=sa.String(length=20), type_=sa.String(length=40), existing_nullable=False
        )
        batch.drop_constraint(op.f("ck_case_flag_category_known"), type_="check")
        batch.create_check_constraint(op.f("ck_case_flag_category_named"), "length(category) > 0")
        batch.create_foreign_key(op.f("fk_case_flag_raised_by"), "official", ["raised_by"], ["id"], ondelete="RESTRICT")
    with op.batch_alter_table("cases") as batch:
        batch.add_column(sa.Column("receipt_index", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("unit_id", Key, nullable=True))
        batch.add_column(sa.Column("filed_via", sa.String(length=10), server_default="chat", nullable=False))
        batch.add_column(sa.Column("filed_by", Key, nullable=True))
        batch.add_column(sa.Column("sub_status", sa.String(length=30), nullable=True))
        batch.add_column(sa.Column("flagged", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("name_state", sa.String(length=14), server_default="none", nullable=False))
        batch.add_column(sa.Column("person_token", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("next_due_on", sa.Date(), server_default="9999-12-31", nullable=False))
        batch.add_column(sa.Column("concluded_at", Instant(), nullable=True))
        batch.add_column(sa.Column("told_at", Instant(), nullable=True))
        batch.add_column(sa.Column("told_by", sa.String(length=8), nullable=True))
        batch.add_column(sa.Column("withdrawn_at", Instant(), nullable=True))
        batch.add_column(sa.Column("merged_into_id", Key, nullable=True))
        batch.add_column(sa.Column("retain_until", sa.Date(), nullable=True))
        batch.add_column(sa.Column("legal_hold", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.drop_constraint(op.f("ck_cases_state_known"), type_="check")
        batch.create_check_constraint(op.f("ck_cases_state_known"), _words("state", STATES))
        batch.create_check_constraint(
            op.f("ck_cases_filed_via_known"), _words("filed_via", ("chat", "walk_in", "phone", "letter", "import"))
        )
        batch.create_check_constraint(
            op.f("ck_cases_name_state_known"), _words("name_state", ("none", "claimed", "verified", "unverifiable"))
        )
        batch.create_check_constraint(
            op.f("ck_cases_told_by_known"), _words("told_by", ("chat", "code", "phone", "visit", "letter"))
        )
        batch.create_check_constraint(
            op.f("ck_cases_filed_by_tells_who_wrote"), "(filed_via = 'chat') = (filed_by IS NULL)"
        )
        batch.create_check_constraint(op.f("ck_cases_told_has_time_and_way"), "(told_at IS NULL) = (told_by IS NULL)")
        batch.create_check_constraint(
            op.f("ck_cases_merged_into_another"), "merged_into_id IS NULL OR merged_into_id <> id"
        )
        batch.create_unique_constraint(op.f("uq_cases_receipt_index"), ["receipt_index"])
        batch.create_foreign_key(
            op.f("fk_cases_merged_into_id"), "cases", ["merged_into_id"], ["id"], ondelete="RESTRICT"
        )
        batch.create_foreign_key(op.f("fk_cases_unit_id"), "place", ["unit_id"], ["id"], ondelete="RESTRICT")
        batch.create_foreign_key(op.f("fk_cases_filed_by"), "official", ["filed_by"], ["id"], ondelete="RESTRICT")


def _finish_unit() -> None:
    with op.batch_alter_table("cases") as batch:
        batch.alter_column("unit_id", existing_type=Key, nullable=False)
    with op.batch_alter_table("case_note") as batch:
        batch.alter_column("author_id", existing_type=Key, nullable=False)
    op.create_index("ix_cases_closed_at", "cases", ["closed_at", "id"], sqlite_where=ENDED, postgresql_where=ENDED)
    op.create_index(
        "ix_cases_place_queue", "cases", ["place_id", "next_due_on"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("ix_cases_handler_id", "cases", ["handler_id"])
    op.create_index("ix_cases_merged_into_id", "cases", ["merged_into_id"])
    op.create_index("ix_cases_reported", "cases", ["reported_person_index", "place_id"])
    op.create_index("ix_cases_retain_until", "cases", ["retain_until"])
    op.create_index(
        "ix_cases_unit_id_state",
        "cases",
        ["unit_id", "state", "flagged", "id"],
        sqlite_where=UNMERGED,
        postgresql_where=UNMERGED,
    )
    op.create_index("ix_cases_queue", "cases", ["next_due_on", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(
        "ix_cases_unit_queue", "cases", ["unit_id", "next_due_on"], sqlite_where=OPEN, postgresql_where=OPEN
    )


def _change_tables_back() -> None:
    for name in (
        "closed_at",
        "handler_id",
        "merged_into_id",
        "reported",
        "retain_until",
        "unit_id_state",
        "queue",
        "unit_queue",
        "place_queue",
    ):
        op.drop_index(f"ix_cases_{name}", "cases")
    with op.batch_alter_table("cases") as batch:
        for name in ("merged_into_id", "unit_id", "filed_by"):
            batch.drop_constraint(op.f(f"fk_cases_{name}"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_cases_receipt_index"), type_="unique")
        for name in (
            "filed_via_known",
            "name_state_known",
            "told_by_known",
            "filed_by_tells_who_wrote",
            "told_has_time_and_way",
            "merged_into_another",
            "state_known",
        ):
            batch.drop_constraint(op.f(f"ck_cases_{name}"), type_="check")
        batch.create_check_constraint(op.f("ck_cases_state_known"), _words("state", OLD_STATES))
        for name in (
            *(
                "receipt_index",
                "unit_id",
                "filed_via",
                "filed_by",
                "sub_status",
                "flagged",
                "name_state",
                "person_token",
            ),
            *(
                "next_due_on",
                "concluded_at",
                "told_at",
                "told_by",
                "withdrawn_at",
                "merged_into_id",
                "retain_until",
                "legal_hold",
            ),
        ):
            batch.drop_column(name)
    with op.batch_alter_table("case_note") as batch:
        batch.alter_column("author_id", existing_type=Key, nullable=True)
    with op.batch_alter_table("case_flag") as batch:
        batch.drop_constraint(op.f("fk_case_flag_raised_by"), type_="foreignkey")
        batch.drop_constraint(op.f("ck_case_flag_category_named"), type_="check")
        batch.drop_column("raised_by")
        batch.alter_column(
            "category", existing_type=sa.String(length=40), type_=sa.String(length=20), existing_nullable=False
        )
        batch.create_check_constraint(
            op.f("ck_case_flag_category_known"),
            _words("category", ("real_name", "specific_clues", "vote_buying", "mass_reaction")),
        )
    with op.batch_alter_table("recusal") as batch:
        batch.drop_index("ix_recusal_official_id")
        batch.drop_constraint(op.f("ck_recusal_ground_known"), type_="check")
        batch.drop_column("ground")
    op.drop_index("ix_chat_message_forget_at", "chat_message")
    with op.batch_alter_table("chat_message") as batch:
        batch.drop_column("forget_at")
    with op.batch_alter_table("official") as batch:
        batch.drop_column("is_head")
        batch.drop_column("declared_at")
    with op.batch_alter_table("report_draft") as batch:
        batch.drop_index("ix_report_draft_submit_at")
        batch.drop_constraint(op.f("ck_report_draft_queued_until_when"), type_="check")
        batch.drop_constraint(op.f("ck_report_draft_state_known"), type_="check")
        batch.drop_column("submit_at")
        batch.create_check_constraint(
            op.f("ck_report_draft_state_known"), _words("state", ("writing", "submitted", "dropped"))
        )


def _transitions(rows: tuple[tuple[str, str, str, str], ...]) -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql and rows is TRANSITIONS:
        op.execute("ALTER TABLE case_transition DISABLE TRIGGER USER")
    op.execute("DELETE FROM case_transition")
    acts = tuple(dict.fromkeys(row[1] for row in rows))
    with op.batch_alter_table("case_transition") as batch:
        batch.drop_constraint(op.f("ck_case_transition_act_known"), type_="check")
        batch.create_check_constraint(op.f("ck_case_transition_act_known"), _words("act", acts))
    names = ("letter", "act", "source", "target")
    table = sa.table("case_transition", *(sa.column(name) for name in names))
    op.bulk_insert(table, [dict(zip(names, row, strict=True)) for row in rows])
    if is_postgresql and rows is TRANSITIONS:
        op.execute("ALTER TABLE case_transition ENABLE TRIGGER USER")


def _move_rows() -> None:
    bind = op.get_bind()
    for case_id, unit_id in _units(bind):
        bind.execute(sa.text("UPDATE cases SET unit_id = :unit WHERE id = :case"), {"unit": unit_id, "case": case_id})
    bind.execute(sa.text("UPDATE cases SET flagged = :yes WHERE id IN (SELECT case_id FROM case_flag)"), {"yes": True})
    bind.execute(
        sa.text(
            "UPDATE cases SET name_state = 'claimed' WHERE state <> 'closed' AND id IN (SELECT case_id FROM identity)"
        )
    )
    bind.execute(
        sa.text(
            "UPDATE cases SET concluded_at = closed_at, told_at = closed_at, "
            "told_by = CASE WHEN person_id IS NULL THEN 'code' ELSE 'chat' END WHERE state = 'closed'"
        )
    )
    bind.execute(sa.text("UPDATE cases SET next_due_on = answer_due_on WHERE state = 'received'"))
    day = "date(received_at, '+8 hours')"
    if bind.dialect.name == "postgresql":
        day = "(received_at AT TIME ZONE 'Asia/Shanghai')::date"
    bind.execute(
        sa.text(
            "INSERT INTO case_clock (case_id, round, kind, started_on, due_on) "
            f"SELECT id, 1, 'acceptance', {day}, answer_due_on FROM cases WHERE state = 'received'"
        )
    )
    bind.execute(
        sa.text(
            "INSERT INTO investigator (investigation_id, official_id) SELECT id, investigator_id FROM investigation"
        )
    )
    bind.execute(
        sa.text(
            "INSERT INTO case_message (case_id, direction, kind, body_sealed, written_at) "
            "SELECT case_id, 'from_reporter', 'supplement', body_sealed, written_at FROM case_note "
            "WHERE author_id IS NULL ORDER BY id"
        )
    )
    bind.execute(sa.text("DELETE FROM case_note WHERE author_id IS NULL"))


def _units(bind: sa.Connection) -> list[tuple[int, int]]:
    """For each case the place that answers for it: the nearest level with officials who work on cases."""
    places = {row.path: row for row in bind.execute(sa.text("SELECT id, path, kind FROM place"))}
    staffed = {
        row.place_path
        for row in bind.execute(
            sa.text(f"SELECT DISTINCT place_path FROM official WHERE {_words('role', HANDLING)} AND active = :yes"),
            {"yes": True},
        )
    }
    units = []
    for row in bind.execute(sa.text("SELECT c.id, p.path FROM cases c JOIN place p ON p.id = c.place_id")):
        parts = row.path.split("/")
        levels = ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
        known = [level for level in levels if level in places]
        counties = [level for level in known if places[level].kind == "county"]
        chosen = next((level for level in known if level in staffed), (counties or known)[0])
        units.append((row.id, places[chosen].id))
    return units


def _create_tables() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sheet", Document, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    op.create_table(
        "filing_mark",
        sa.Column("id", Key, nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing_mark")),
    )
    op.create_index("ix_filing_mark_subject_at", "filing_mark", ["subject", "at"])
    op.create_table(
        "mass_reaction",
        sa.Column("id", Key, nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("reached_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mass_reaction")),
        sa.UniqueConstraint("subject", name=op.f("uq_mass_reaction_subject")),
    )
    op.create_table(
        "rule_set",
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rule_set")),
    )
    op.create_table(
        "duty_slot",
        sa.Column("id", Key, nullable=False),
        sa.Column("unit_id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "from_minute >= 0 AND from_minute < to_minute AND to_minute <= 1440", name=op.f("ck_duty_slot_within_a_day")
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_duty_slot_weekday_of_a_week")),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_duty_slot_official_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["place.id"], name=op.f("fk_duty_slot_unit_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_slot")),
    )
    op.create_index(op.f("ix_duty_slot_unit_id"), "duty_slot", ["unit_id"])
    op.create_table(
        "handover",
        sa.Column("id", Key, nullable=False),
        sa.Column("from_official", Key, nullable=False),
        sa.Column("to_official", Key, nullable=True),
        sa.Column("made_by", Key, nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_official"], ["official.id"], name=op.f("fk_handover_from_official"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["official.id"], name=op.f("fk_handover_made_by"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["to_official"], ["official.id"], name=op.f("fk_handover_to_official"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_table(
        "kinship",
        sa.Column("id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("place_id", Key, nullable=True),
        sa.Column("declared_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('relative', 'interest')", name=op.f("ck_kinship_kind_known")),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_kinship_official_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_kinship_place_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kinship")),
    )
    op.create_index(op.f("ix_kinship_official_id"), "kinship", ["official_id"])
    op.create_table(
        "official_alias",
        sa.Column("id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("words", sa.String(length=60), nullable=False),
        sa.CheckConstraint("kind IN ('name', 'post')", name=op.f("ck_official_alias_kind_known")),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_official_alias_official_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_official_alias")),
    )
    op.create_index(op.f("ix_official_alias_official_id"), "official_alias", ["official_id"])
    op.create_table(
        "custodian_pepper",
        sa.Column("custodian_id", Key, nullable=False),
        sa.Column("pepper_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["custodian_id"],
            ["custodian_key.official_id"],
            name=op.f("fk_custodian_pepper_custodian_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("custodian_id", name=op.f("pk_custodian_pepper")),
    )
    op.create_table(
        "case_clock",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("limit_on", sa.Date(), nullable=True),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("extended_by", Key, nullable=True),
        sa.Column("extended_at", Instant(), nullable=True),
        sa.Column("extension_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("moved_from", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(extended_by IS NULL) = (extended_at IS NULL)", name=op.f("ck_case_clock_extended_by_somebody")
        ),
        sa.CheckConstraint(
            "(extended_by IS NULL) = (extension_sealed IS NULL)", name=op.f("ck_case_clock_extended_for_a_reason")
        ),
        sa.CheckConstraint(
            "stopped_on IS NULL OR stopped_on >= started_on", name=op.f("ck_case_clock_stops_after_it_starts")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_clock_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["extended_by"], ["official.id"], name=op.f("fk_case_clock_extended_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_clock")),
        sa.UniqueConstraint("case_id", "round", "kind", "about", name=op.f("uq_case_clock_case_id_round_kind_about")),
    )
    op.create_index(op.f("ix_case_clock_case_id"), "case_clock", ["case_id"])
    op.create_index("ix_case_clock_running", "case_clock", ["due_on"], sqlite_where=RUNNING, postgresql_where=RUNNING)
    _create_case_tables()
    _create_work_tables()


def _create_case_tables() -> None:
    op.create_table(
        "case_declaration",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False),
        sa.Column("declared_at", Instant(), nullable=False),
        sa.CheckConstraint("answer IN ('clear', 'conflict')", name=op.f("ck_case_declaration_answer_known")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_declaration_case_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_case_declaration_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("case_id", "official_id", name=op.f("pk_case_declaration")),
    )
    op.create_table(
        "case_link",
        sa.Column("id", Key, nullable=False),
        sa.Column("one_id", Key, nullable=False),
        sa.Column("other_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("made_by", Key, nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('related', 'duplicate', 'mass')", name=op.f("ck_case_link_kind_known")),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_case_link_written_once")),
        sa.ForeignKeyConstraint(["made_by"], ["official.id"], name=op.f("fk_case_link_made_by"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["one_id"], ["cases.id"], name=op.f("fk_case_link_one_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name=op.f("fk_case_link_other_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_link")),
    )
    op.create_index(op.f("ix_case_link_one_id"), "case_link", ["one_id"])
    op.create_index(op.f("ix_case_link_other_id"), "case_link", ["other_id"])
    op.create_table(
        "case_matter",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("matter", sa.String(length=30), nullable=False),
        sa.Column("quote_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_matter_case_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("case_id", "matter", name=op.f("pk_case_matter")),
    )
    op.create_table(
        "case_merge",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("into_id", Key, nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("merged_by", Key, nullable=False),
        sa.Column("merged_at", Instant(), nullable=False),
        sa.Column("undone_by", Key, nullable=True),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name=op.f("ck_case_merge_undone_by_somebody")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_merge_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["into_id"], ["cases.id"], name=op.f("fk_case_merge_into_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["merged_by"], ["official.id"], name=op.f("fk_case_merge_merged_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["official.id"], name=op.f("fk_case_merge_undone_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_merge")),
    )
    op.create_index(op.f("ix_case_merge_case_id"), "case_merge", ["case_id"])
    op.create_index(op.f("ix_case_merge_into_id"), "case_merge", ["into_id"])
    op.create_table(
        "case_message",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("direction", sa.String(length=14), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("author_id", Key, nullable=True),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=True),
        sa.Column("written_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "direction = 'to_reporter' OR author_id IS NULL", name=op.f("ck_case_message_reporters_have_no_seat")
        ),
        sa.CheckConstraint(
            "direction IN ('to_reporter', 'from_reporter')", name=op.f("ck_case_message_direction_known")
        ),
        sa.CheckConstraint(
            "kind IN ('message', 'supplement', 'new_evidence', 'objection', 'withdrawal', 'explanation', 'result')",
            name=op.f("ck_case_message_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["official.id"], name=op.f("fk_case_message_author_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_message_case_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_message")),
    )
    op.create_index(op.f("ix_case_message_case_id"), "case_message", ["case_id"])
    op.create_table(
        "case_viewer",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_viewer_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_case_viewer_official_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "official_id", name=op.f("pk_case_viewer")),
    )
    op.create_table(
        "contact_attempt",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("method", sa.String(length=6), nullable=False),
        sa.Column("outcome", sa.String(length=14), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.CheckConstraint("method IN ('call', 'visit')", name=op.f("ck_contact_attempt_method_known")),
        sa.CheckConstraint(
            "outcome IN ('confirmed', 'not_reached', 'wrong_number', 'denied')",
            name=op.f("ck_contact_attempt_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_contact_attempt_case_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_contact_attempt_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_attempt")),
    )
    op.create_index(op.f("ix_contact_attempt_case_id"), "contact_attempt", ["case_id"])
    op.create_table(
        "disposal",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("proposed_by", Key, nullable=False),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=True),
        sa.Column("decided_by", Key, nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(kind = 'hold') = (review_on IS NOT NULL)", name=op.f("ck_disposal_held_until_a_day")),
        sa.CheckConstraint("decision IN ('approved', 'returned')", name=op.f("ck_disposal_decision_known")),
        sa.CheckConstraint(
            "kind IN ('talk_or_inquiry', 'preliminary_verification', 'hold', 'conclude')",
            name=op.f("ck_disposal_kind_known"),
        ),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_disposal_decided_at_a_time")),
        sa.CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name=op.f("ck_disposal_decided_by_somebody")),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_disposal_second_person_decides")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_disposal_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["official.id"], name=op.f("fk_disposal_decided_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["official.id"], name=op.f("fk_disposal_proposed_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposal")),
    )
    op.create_index(op.f("ix_disposal_case_id"), "disposal", ["case_id"])
    op.create_index(
        "uq_disposal_one_undecided",
        "disposal",
        ["case_id"],
        unique=True,
        sqlite_where=UNDECIDED,
        postgresql_where=UNDECIDED,
    )
    op.create_table(
        "escalation",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("unit_id", Key, nullable=True),
        sa.Column("clock_kind", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("answered_by", Key, nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(answered_by IS NULL) = (answered_at IS NULL)", name=op.f("ck_escalation_answered_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["official.id"], name=op.f("fk_escalation_answered_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_escalation_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["unit_id"], ["place.id"], name=op.f("fk_escalation_unit_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
    )
    op.create_index(op.f("ix_escalation_case_id"), "escalation", ["case_id"])
    op.create_index("uq_escalation_once", "escalation", ["case_id", "clock_kind", "due_on"], unique=True)


def _create_work_tables() -> None:
    op.create_table(
        "handover_item",
        sa.Column("handover_id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("was", sa.String(length=12), nullable=False),
        sa.CheckConstraint("was IN ('handler', 'investigator')", name=op.f("ck_handover_item_was_known")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_handover_item_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handover.id"], name=op.f("fk_handover_item_handover_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("handover_id", "case_id", name=op.f("pk_handover_item")),
    )
    op.create_index(op.f("ix_handover_item_case_id"), "handover_item", ["case_id"])
    op.create_table(
        "measure",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", sa.String(length=60), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recommended_by", Key, nullable=False),
        sa.Column("recommended_at", Instant(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("document_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by", Key, nullable=True),
        sa.CheckConstraint("decision IN ('taken', 'not_taken')", name=op.f("ck_measure_decision_known")),
        sa.CheckConstraint(
            "kind IN ('cancel_candidacy', 'election_void', 'public_security', 'discipline_organ', 'criticism', 'clear_names', 'none')",
            name=op.f("ck_measure_kind_known"),
        ),
        sa.CheckConstraint("(decision IS NULL) = (decided_on IS NULL)", name=op.f("ck_measure_decided_on_a_day")),
        sa.CheckConstraint("(decision IS NULL) = (recorded_by IS NULL)", name=op.f("ck_measure_recorded_by_somebody")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_measure_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["recommended_by"], ["official.id"], name=op.f("fk_measure_recommended_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["official.id"], name=op.f("fk_measure_recorded_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measure")),
    )
    op.create_index(op.f("ix_measure_case_id"), "measure", ["case_id"])
    op.create_table(
        "transfer",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("from_unit_id", Key, nullable=False),
        sa.Column("to_unit_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("files_released", sa.Boolean(), nullable=False),
        sa.Column("offered_by", Key, nullable=False),
        sa.Column("offered_at", Instant(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("answered_by", Key, nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("moved_at", Instant(), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (state = 'offered')", name=op.f("ck_transfer_answered_at_a_time")),
        sa.CheckConstraint("kind IN ('offer', 'assigned')", name=op.f("ck_transfer_kind_known")),
        sa.CheckConstraint(
            "state IN ('offered', 'accepted', 'declined', 'withdrawn', 'expired')", name=op.f("ck_transfer_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('accepted', 'declined') OR answered_by IS NOT NULL",
            name=op.f("ck_transfer_answered_by_somebody"),
        ),
        sa.CheckConstraint("from_unit_id <> to_unit_id", name=op.f("ck_transfer_to_another_unit")),
        sa.CheckConstraint("moved_at IS NULL OR state = 'accepted'", name=op.f("ck_transfer_moved_when_accepted")),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["official.id"], name=op.f("fk_transfer_answered_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_transfer_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["from_unit_id"], ["place.id"], name=op.f("fk_transfer_from_unit_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["offered_by"], ["official.id"], name=op.f("fk_transfer_offered_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["to_unit_id"], ["place.id"], name=op.f("fk_transfer_to_unit_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index(op.f("ix_transfer_case_id"), "transfer", ["case_id"])
    op.create_index(op.f("ix_transfer_to_unit_id"), "transfer", ["to_unit_id"])
    op.create_index(
        "uq_transfer_one_offer", "transfer", ["case_id"], unique=True, sqlite_where=OFFERED, postgresql_where=OFFERED
    )
    op.create_table(
        "clock_pause",
        sa.Column("id", Key, nullable=False),
        sa.Column("clock_id", Key, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("paused_by", Key, nullable=False),
        sa.Column("paused_at", Instant(), nullable=False),
        sa.CheckConstraint("until_on > from_on", name=op.f("ck_clock_pause_lasts_a_day")),
        sa.ForeignKeyConstraint(
            ["clock_id"], ["case_clock.id"], name=op.f("fk_clock_pause_clock_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["paused_by"], ["official.id"], name=op.f("fk_clock_pause_paused_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_pause")),
    )
    op.create_index(op.f("ix_clock_pause_clock_id"), "clock_pause", ["clock_id"])
    op.create_table(
        "deadline_notice",
        sa.Column("id", Key, nullable=False),
        sa.Column("clock_id", Key, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("queued_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clock_id"], ["case_clock.id"], name=op.f("fk_deadline_notice_clock_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_deadline_notice_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_notice")),
        sa.UniqueConstraint(
            "clock_id",
            "due_on",
            "stage",
            "official_id",
            name=op.f("uq_deadline_notice_clock_id_due_on_stage_official_id"),
        ),
    )
    op.create_index(op.f("ix_deadline_notice_official_id"), "deadline_notice", ["official_id"])
    op.create_index("ix_deadline_notice_queued_at_due_at", "deadline_notice", ["queued_at", "due_at"])
    op.create_table(
        "flag_removal",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", Key, nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=True),
        sa.Column("decided_by", Key, nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.CheckConstraint("decision IN ('approved', 'refused')", name=op.f("ck_flag_removal_decision_known")),
        sa.CheckConstraint(
            "undone_at IS NULL OR decision = 'approved'", name=op.f("ck_flag_removal_undone_was_approved")
        ),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_flag_removal_decided_at_a_time")),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_by IS NULL)", name=op.f("ck_flag_removal_decided_by_somebody")
        ),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_flag_removal_two_people")),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["official.id"], name=op.f("fk_flag_removal_asked_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "category"],
            ["case_flag.case_id", "case_flag.category"],
            name=op.f("fk_flag_removal_case_id_category"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["official.id"], name=op.f("fk_flag_removal_decided_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag_removal")),
    )
    op.create_index(
        "uq_flag_removal_one_in_force",
        "flag_removal",
        ["case_id", "category"],
        unique=True,
        sqlite_where=IN_FORCE,
        postgresql_where=IN_FORCE,
    )
    op.create_table(
        "investigation_step",
        sa.Column("id", Key, nullable=False),
        sa.Column("investigation_id", Key, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", Key, nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('talk', 'letter_sent', 'letter_answered', 'visit', 'documents', 'other')",
            name=op.f("ck_investigation_step_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["investigation_id"],
            ["investigation.id"],
            name=op.f("fk_investigation_step_investigation_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["official.id"], name=op.f("fk_investigation_step_recorded_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investigation_step")),
    )
    op.create_index(op.f("ix_investigation_step_investigation_id"), "investigation_step", ["investigation_id"])
    op.create_table(
        "investigator",
        sa.Column("investigation_id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.ForeignKeyConstraint(
            ["investigation_id"],
            ["investigation.id"],
            name=op.f("fk_investigator_investigation_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_investigator_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("investigation_id", "official_id", name=op.f("pk_investigator")),
    )
