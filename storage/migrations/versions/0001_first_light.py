"""First light: places, officials, people, reports, cases, elections, records, and their enforcement.

Revision ID: 0001
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.types import Document, Instant, Key

revision: Final = "0001"
down_revision: Final = None

ENFORCEMENT: Final = Path(__file__).parents[1] / "enforcement"
TRANSITIONS: Final = (
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


def upgrade() -> None:
    _create_tables()
    transitions = sa.table("case_transition", *(sa.column(n) for n in ("letter", "act", "source", "target")))
    names = ("letter", "act", "source", "target")
    op.bulk_insert(transitions, [dict(zip(names, row, strict=True)) for row in TRANSITIONS])
    for statement in _enforcement(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in TABLES:
            op.execute(f"DROP TABLE {name} CASCADE")
        for (name,) in op.get_bind().exec_driver_sql(
            "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE n.nspname = current_schema() AND p.proname LIKE 'qf\\_%'"
        ):
            op.execute(f"DROP FUNCTION {name}() CASCADE")
        return
    for (name,) in list(op.get_bind().exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
        op.execute(f"DROP TRIGGER {name}")
    for name in TABLES:
        op.drop_table(name)


def _enforcement(dialect: str) -> list[str]:
    """The statements of the enforcement file: on SQLite one a trigger, on PostgreSQL split at lines of `--;`."""
    text = (ENFORCEMENT / f"0001_{dialect}.sql").read_text(encoding="utf-8")
    if dialect == "postgresql":
        return text.split("\n--;\n")
    return [f"CREATE TRIGGER {part}" for part in text.split("CREATE TRIGGER ")[1:]]


TABLES: Final = (
    "investigation_evidence",
    "stored_file",
    "recusal",
    "investigation",
    "identity",
    "case_note",
    "case_flag",
    "invitation",
    "commitment_signature",
    "cases",
    "report_draft",
    "reminder",
    "inquiry",
    "election_task",
    "candidate",
    "sign_in_link",
    "person",
    "election",
    "desk_session",
    "custodian_key",
    "web_visitor",
    "sign_in_failure",
    "place",
    "outbox",
    "official",
    "inbound",
    "event",
    "deployment",
    "commitment_text",
    "chat_message",
    "case_transition",
)


def _create_tables() -> None:
    op.create_table(
        "case_transition",
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("target", sa.String(length=24), nullable=False),
        sa.Column("letter", sa.String(length=2), nullable=False),
        sa.Column("act", sa.String(length=30), nullable=False),
        sa.CheckConstraint(
            "act IN ('accept', 'guide_elsewhere', 'start_investigation', 'submit_finding', 'return_finding', 'approve_finding', 'close', 'reopen')",
            name=op.f("ck_case_transition_act_known"),
        ),
        sa.PrimaryKeyConstraint("source", "target", name=op.f("pk_case_transition")),
        sa.UniqueConstraint("letter", name=op.f("uq_case_transition_letter")),
    )
    op.create_table(
        "chat_message",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.String(length=8), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("sender IN ('user', 'bot')", name=op.f("ck_chat_message_sender_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_message")),
        sa.UniqueConstraint("outbox_id", name=op.f("uq_chat_message_outbox_id")),
    )
    op.create_index("ix_chat_message_chat_id_seq", "chat_message", ["chat_id", "seq"], unique=False)
    op.create_table(
        "commitment_text",
        sa.Column("pack", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("pack", "version", "kind", name=op.f("pk_commitment_text")),
    )
    op.create_table(
        "deployment",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_deployment")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("detail", Document, nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("hash", name=op.f("uq_event_hash")),
    )
    op.create_table(
        "inbound",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("bot_id", "update_id", name=op.f("pk_inbound")),
    )
    op.create_index("ix_inbound_done_at", "inbound", ["done_at"], unique=False)
    op.create_table(
        "official",
        sa.Column("id", Key, nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("display_name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("place_path", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("totp_secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("totp_last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("notice_chat_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "role IN ('village_clerk', 'township_staff', 'discipline_official', 'discipline_leader', 'superior', 'custodian', 'auditor', 'administrator')",
            name=op.f("ck_official_role_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_official")),
        sa.UniqueConstraint("username", name=op.f("uq_official_username")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("dedupe_key", sa.String(length=120), nullable=False),
        sa.Column("recipient_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("available_at", Instant(), nullable=False),
        sa.Column("claimed_by", sa.String(length=60), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("failed_at", Instant(), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.CheckConstraint("kind IN ('reply', 'status', 'reminder', 'notice')", name=op.f("ck_outbox_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_dedupe_key")),
    )
    op.create_index("ix_outbox_due", "outbox", ["sent_at", "failed_at", "available_at"], unique=False)
    op.create_table(
        "place",
        sa.Column("id", Key, nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.CheckConstraint("kind IN ('county', 'town', 'village', 'community')", name=op.f("ck_place_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("path", name=op.f("uq_place_path")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", Key, nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    op.create_index("ix_sign_in_failure_subject_at", "sign_in_failure", ["subject", "at"], unique=False)
    op.create_table(
        "web_visitor",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_web_visitor")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_web_visitor_token_hash")),
    )
    op.create_table(
        "custodian_key",
        sa.Column("official_id", Key, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("ops_limit", sa.Integer(), nullable=False),
        sa.Column("mem_limit", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_custodian_key_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_custodian_key")),
    )
    op.create_table(
        "desk_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_desk_session_official_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_desk_session")),
    )
    op.create_table(
        "election",
        sa.Column("id", Key, nullable=False),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("election_day", sa.Date(), nullable=False),
        sa.Column("commitments_due_on", sa.Date(), nullable=False),
        sa.Column("pack", sa.String(length=40), nullable=False),
        sa.Column("pack_version", sa.String(length=40), nullable=False),
        sa.CheckConstraint("state IN ('preparing', 'running', 'finished')", name=op.f("ck_election_state_known")),
        sa.CheckConstraint("commitments_due_on <= election_day", name=op.f("ck_election_commitments_before_the_vote")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_election_place_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election")),
    )
    op.create_index(op.f("ix_election_place_id"), "election", ["place_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", Key, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("handle_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=60), nullable=True),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("place_id", Key, nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_person_place_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("key", name=op.f("uq_person_key")),
    )
    op.create_table(
        "sign_in_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_sign_in_link_official_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_link")),
    )
    op.create_table(
        "candidate",
        sa.Column("id", Key, nullable=False),
        sa.Column("election_id", Key, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("office", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("created_by", Key, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint("office IN ('chair', 'vice_chair', 'member')", name=op.f("ck_candidate_office_known")),
        sa.CheckConstraint(
            "state IN ('invited', 'signing', 'may_stand', 'withdrawn')", name=op.f("ck_candidate_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["official.id"], name=op.f("fk_candidate_created_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_candidate_election_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_candidate_person_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidate")),
    )
    op.create_index(op.f("ix_candidate_election_id"), "candidate", ["election_id"], unique=False)
    op.create_table(
        "election_task",
        sa.Column("id", Key, nullable=False),
        sa.Column("election_id", Key, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("done_by", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["done_by"], ["official.id"], name=op.f("fk_election_task_done_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["election_id"], ["election.id"], name=op.f("fk_election_task_election_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_election_task")),
        sa.UniqueConstraint("election_id", "code", name=op.f("uq_election_task_election_id_code")),
    )
    op.create_table(
        "inquiry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("question_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.String(length=80), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=True),
        sa.Column("place_id", Key, nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("reply_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("replied_by", Key, nullable=True),
        sa.Column("replied_at", Instant(), nullable=True),
        sa.CheckConstraint("state IN ('answered', 'waiting', 'replied')", name=op.f("ck_inquiry_state_known")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_inquiry_person_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_inquiry_place_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["replied_by"], ["official.id"], name=op.f("fk_inquiry_replied_by"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry")),
    )
    op.create_index(op.f("ix_inquiry_person_id"), "inquiry", ["person_id"], unique=False)
    op.create_index("ix_inquiry_state_asked_at", "inquiry", ["state", "asked_at"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("id", Key, nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("queued_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reminder_person_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("subject", "stage", "person_id", name=op.f("uq_reminder_subject_stage_person_id")),
    )
    op.create_index("ix_reminder_queued_at_due_at", "reminder", ["queued_at", "due_at"], unique=False)
    op.create_table(
        "report_draft",
        sa.Column("id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.CheckConstraint("state IN ('writing', 'submitted', 'dropped')", name=op.f("ck_report_draft_state_known")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_report_draft_person_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_draft")),
    )
    op.create_index(
        "uq_report_draft_one_in_writing",
        "report_draft",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("state = 'writing'"),
        postgresql_where=sa.text("state = 'writing'"),
    )
    op.create_table(
        "cases",
        sa.Column("id", Key, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("draft_id", Key, nullable=True),
        sa.Column("person_id", Key, nullable=True),
        sa.Column("place_id", Key, nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("narrative_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("reported_person_index", sa.LargeBinary(), nullable=True),
        sa.Column("rule_version", sa.String(length=40), nullable=False),
        sa.Column("handler_id", Key, nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("answer_due_on", sa.Date(), nullable=False),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(closed_at IS NOT NULL) = (state IN ('closed', 'guided_elsewhere'))",
            name=op.f("ck_cases_closed_at_tells_closed"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'accepted', 'investigating', 'awaiting_approval', 'approved', 'closed', 'guided_elsewhere')",
            name=op.f("ck_cases_state_known"),
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_cases_round_counts")),
        sa.ForeignKeyConstraint(["draft_id"], ["report_draft.id"], name=op.f("fk_cases_draft_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["handler_id"], ["official.id"], name=op.f("fk_cases_handler_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_cases_person_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_cases_place_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_cases_draft_id")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index("ix_cases_person_id", "cases", ["person_id"], unique=False)
    op.create_index("ix_cases_place_id_state", "cases", ["place_id", "state"], unique=False)
    op.create_table(
        "commitment_signature",
        sa.Column("id", Key, nullable=False),
        sa.Column("candidate_id", Key, nullable=False),
        sa.Column("pack", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("signed_name", sa.String(length=60), nullable=False),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_commitment_signature_candidate_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment_signature")),
        sa.UniqueConstraint(
            "candidate_id",
            "pack",
            "version",
            "kind",
            name=op.f("uq_commitment_signature_candidate_id_pack_version_kind"),
        ),
        sa.UniqueConstraint("receipt", name=op.f("uq_commitment_signature_receipt")),
    )
    op.create_table(
        "invitation",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("candidate_id", Key, nullable=False),
        sa.Column("created_by", Key, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("used_by", Key, nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidate.id"], name=op.f("fk_invitation_candidate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["official.id"], name=op.f("fk_invitation_created_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["used_by"], ["person.id"], name=op.f("fk_invitation_used_by"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_candidate_id"), "invitation", ["candidate_id"], unique=False)
    op.create_table(
        "case_flag",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("reasons_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("rule_version", sa.String(length=40), nullable=False),
        sa.Column("inputs_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "category IN ('real_name', 'specific_clues', 'vote_buying', 'mass_reaction')",
            name=op.f("ck_case_flag_category_known"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_flag_case_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("case_id", "category", name=op.f("pk_case_flag")),
    )
    op.create_table(
        "case_note",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("author_id", Key, nullable=True),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["official.id"], name=op.f("fk_case_note_author_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_note_case_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index(op.f("ix_case_note_case_id"), "case_note", ["case_id"], unique=False)
    op.create_table(
        "identity",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("custodian_id", Key, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_identity_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["custodian_id"], ["custodian_key.official_id"], name=op.f("fk_identity_custodian_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("case_id", "custodian_id", name=op.f("pk_identity")),
    )
    op.create_table(
        "investigation",
        sa.Column("id", Key, nullable=False),
        sa.Column("case_id", Key, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("investigator_id", Key, nullable=False),
        sa.Column("finding", sa.String(length=24), nullable=True),
        sa.Column("summary_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("submitted_at", Instant(), nullable=True),
        sa.Column("approver_id", Key, nullable=True),
        sa.Column("approved_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "finding IN ('substantiated', 'partly_substantiated', 'unfounded', 'cannot_be_verified')",
            name=op.f("ck_investigation_finding_known"),
        ),
        sa.CheckConstraint(
            "(approver_id IS NULL) = (approved_at IS NULL)", name=op.f("ck_investigation_approval_has_person_and_time")
        ),
        sa.CheckConstraint(
            "approved_at IS NULL OR (finding IS NOT NULL AND summary_sealed IS NOT NULL AND submitted_at IS NOT NULL)",
            name=op.f("ck_investigation_approved_is_complete"),
        ),
        sa.CheckConstraint(
            "approver_id IS NULL OR approver_id <> investigator_id",
            name=op.f("ck_investigation_second_person_approves"),
        ),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["official.id"], name=op.f("fk_investigation_approver_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_investigation_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["investigator_id"], ["official.id"], name=op.f("fk_investigation_investigator_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investigation")),
        sa.UniqueConstraint("case_id", "round", name=op.f("uq_investigation_case_id_round")),
    )
    op.create_table(
        "recusal",
        sa.Column("case_id", Key, nullable=False),
        sa.Column("official_id", Key, nullable=False),
        sa.Column("declared_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_recusal_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_recusal_official_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("case_id", "official_id", name=op.f("pk_recusal")),
    )
    op.create_table(
        "stored_file",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("draft_id", Key, nullable=True),
        sa.Column("case_id", Key, nullable=True),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "origin IN ('reporter', 'official', 'candidate', 'chat')", name=op.f("ck_stored_file_origin_known")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_stored_file_case_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["report_draft.id"], name=op.f("fk_stored_file_draft_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
    )
    op.create_index(op.f("ix_stored_file_case_id"), "stored_file", ["case_id"], unique=False)
    op.create_index(op.f("ix_stored_file_draft_id"), "stored_file", ["draft_id"], unique=False)
    op.create_table(
        "investigation_evidence",
        sa.Column("id", Key, nullable=False),
        sa.Column("investigation_id", Key, nullable=False),
        sa.Column("description_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("file_id", sa.String(length=32), nullable=True),
        sa.Column("added_by", Key, nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"], ["official.id"], name=op.f("fk_investigation_evidence_added_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_investigation_evidence_file_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["investigation_id"],
            ["investigation.id"],
            name=op.f("fk_investigation_evidence_investigation_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_investigation_evidence")),
    )
    op.create_index(
        op.f("ix_investigation_evidence_investigation_id"), "investigation_evidence", ["investigation_id"], unique=False
    )
