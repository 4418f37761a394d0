"""Reports in writing, cases with their flags and words, and the reporters' sealed identities.

What the tables alone cannot refuse (transitions, must-investigate, recusal, the second person) is refused by the
triggers in storage/migrations/enforcement.
"""

from datetime import date
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    false,
    text,
)

from knowledge.casework.lifecycle import CLOSED_STATES, CaseAct, CaseState
from knowledge.casework.names import AttemptOutcome, ContactMethod, NameState
from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

DRAFT_STATES = ("writing", "queued", "submitted", "dropped")
FILED_VIA = ("chat", "walk_in", "phone", "letter", "import")
TOLD_BY = ("chat", "code", "phone", "visit", "letter")
DIRECTIONS = ("to_reporter", "from_reporter")
MESSAGE_KINDS = ("message", "supplement", "new_evidence", "objection", "withdrawal", "explanation", "result")
LINK_KINDS = ("related", "duplicate", "mass")

#: Sorts behind every real date: a case with no clock running.
NEVER: Final = date(9999, 12, 31)
ENDED: Final = ", ".join(f"'{state}'" for state in CaseState if state in CLOSED_STATES)
#: Cases somebody has to work on: the rows of a queue.
IS_OPEN: Final = f"state NOT IN ({ENDED}) AND merged_into_id IS NULL"
FILE_ORIGINS = ("reporter", "official", "candidate", "chat")
#: Whether malware was looked for: not yet, nothing found, something found, too large for the scanner.
SCANS = ("unscanned", "clean", "found", "unscannable")

report_draft = Table(
    "report_draft",
    metadata,
    Column("id", Key, primary_key=True),
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT"), nullable=False),
    Column("state", String(12), nullable=False),
    Column("step", String(20), nullable=False),
    Column("answers_sealed", LargeBinary),  # gone once submitted or dropped
    Column("started_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("submit_at", Instant),  # when a queued draft becomes a case by itself
    one_of("state", DRAFT_STATES),
    CheckConstraint("(submit_at IS NOT NULL) = (state = 'queued')", name="queued_until_when"),
    Index("ix_report_draft_submit_at", "submit_at"),
    Index(
        "uq_report_draft_one_in_writing",
        "person_id",
        unique=True,
        sqlite_where=text("state = 'writing'"),
        postgresql_where=text("state = 'writing'"),
    ),
)

#: That a reporter agreed to a name being kept: which text was shown, and when; no more.
consent = Table(
    "consent",
    metadata,
    Column("draft_id", Key, ForeignKey("report_draft.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("text_version", String(20), nullable=False),
    Column("given_at", Instant, nullable=False),
    CheckConstraint("length(text_version) > 0", name="to_a_text"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Key, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # random, QF-XXXX-XXXX
    Column("draft_id", ForeignKey("report_draft.id", ondelete="RESTRICT"), unique=True),
    Column("person_id", ForeignKey("person.id", ondelete="RESTRICT")),  # NULL: no chat is kept
    Column("receipt_index", LargeBinary, unique=True),  # keyed hash of the receipt code
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False),  # what it is about
    Column("unit_id", ForeignKey("place.id", ondelete="RESTRICT"), nullable=False),  # who answers for it: exactly one
    Column("handler_id", ForeignKey("official.id", ondelete="RESTRICT")),  # at most one
    Column("filed_via", String(10), nullable=False, server_default="chat"),
    Column("filed_by", ForeignKey("official.id", ondelete="RESTRICT")),  # who wrote it down for somebody
    Column("state", String(24), nullable=False),
    Column("sub_status", String(30)),  # a local label inside the state; no reporter ever sees it
    Column("round", Integer, nullable=False, server_default="1"),  # grows when the case is reopened
    Column("flagged", Boolean, nullable=False, server_default=false()),  # kept by triggers: a flag is in force
    Column("name_state", String(14), nullable=False, server_default="none"),
    Column("person_token", LargeBinary),  # who it is, comparable between cases; made while a custodian is present
    Column("narrative_sealed", LargeBinary, nullable=False),
    Column("reported_person_index", LargeBinary),  # keyed hash of the name of the person reported
    Column("rule_version", String(40), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("answer_due_on", Date, nullable=False),  # the date promised on the receipt, Asia/Shanghai
    Column("next_due_on", Date, nullable=False, server_default="9999-12-31"),  # sort key: the nearest running clock
    Column("accepted_at", Instant),
    Column("concluded_at", Instant),  # when the finding, or the decision to end it, was approved
    Column("told_at", Instant),
    Column("told_by", String(8)),
    Column("closed_at", Instant),
    Column("withdrawn_at", Instant),
    Column("merged_into_id", ForeignKey("cases.id", ondelete="RESTRICT")),
    Column("retain_until", Date),
    Column("legal_hold", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False, server_default="1"),  # optimistic lock
    one_of("state", CaseState),
    one_of("filed_via", FILED_VIA),
    one_of("name_state", NameState),
    one_of("told_by", TOLD_BY),
    CheckConstraint("round >= 1", name="round_counts"),
    CheckConstraint("(filed_via = 'chat') = (filed_by IS NULL)", name="filed_by_tells_who_wrote"),
    CheckConstraint("(told_at IS NULL) = (told_by IS NULL)", name="told_has_time_and_way"),
    CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name="merged_into_another"),
    CheckConstraint(f"(closed_at IS NOT NULL) = (state IN ({ENDED}))", name="closed_at_tells_closed"),
    Index("ix_cases_place_id_state", "place_id", "state"),
    Index("ix_cases_person_id", "person_id"),
    Index("ix_cases_reported", "reported_person_index", "place_id"),
    Index("ix_cases_handler_id", "handler_id"),
    Index("ix_cases_merged_into_id", "merged_into_id"),
    Index(
        "ix_cases_unit_id_state",
        *("unit_id", "state", "flagged", "id"),
        sqlite_where=text("merged_into_id IS NULL"),
        postgresql_where=text("merged_into_id IS NULL"),
    ),
    Index("ix_cases_retain_until", "retain_until"),
    Index("ix_cases_queue", "next_due_on", "id", sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
    Index("ix_cases_unit_queue", "unit_id", "next_due_on", sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
    Index(
        "ix_cases_closed_at",
        *("closed_at", "id"),
        sqlite_where=text("closed_at IS NOT NULL"),
        postgresql_where=text("closed_at IS NOT NULL"),
    ),
    Index(
        "ix_cases_place_queue", "place_id", "next_due_on", sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)
    ),
)

case_transition = Table(
    "case_transition",
    metadata,
    Column("source", String(24), primary_key=True),
    Column("target", String(24), primary_key=True),
    Column("letter", String(2), nullable=False, unique=True),
    Column("act", String(30), nullable=False),
    one_of("act", CaseAct),
)

case_flag = Table(
    "case_flag",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("category", String(40), primary_key=True),  # an id of content/casework/categories.yaml
    Column("reasons_sealed", LargeBinary, nullable=False),  # short sentences; some repeat a word of the report
    Column("rule_version", String(40), nullable=False),
    Column("inputs_sealed", LargeBinary, nullable=False),  # what the rule saw, to run it again
    Column("raised_at", Instant, nullable=False),
    Column("raised_by", ForeignKey("official.id", ondelete="RESTRICT")),  # NULL: a rule
    CheckConstraint("length(category) > 0", name="category_named"),
)

flag_removal = Table(
    "flag_removal",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", Key, nullable=False),
    Column("category", String(40), nullable=False),
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("asked_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("decision", String(8)),
    Column("decided_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("decided_at", Instant),
    Column("undone_at", Instant),  # the flag was raised again
    ForeignKeyConstraint(["case_id", "category"], ["case_flag.case_id", "case_flag.category"], ondelete="RESTRICT"),
    one_of("decision", ("approved", "refused")),
    CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name="decided_by_somebody"),
    CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_at_a_time"),
    CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
    CheckConstraint("undone_at IS NULL OR decision = 'approved'", name="undone_was_approved"),
    Index(
        "uq_flag_removal_one_in_force",
        "case_id",
        "category",
        unique=True,
        sqlite_where=text("undone_at IS NULL AND (decision IS NULL OR decision = 'approved')"),
        postgresql_where=text("undone_at IS NULL AND (decision IS NULL OR decision = 'approved')"),
    ),
)

case_matter = Table(
    "case_matter",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("matter", String(30), primary_key=True),  # vote_buying, accounts, land ... : what it is about
    Column("quote_sealed", LargeBinary, nullable=False),  # the clause that says so
)

case_note = Table(
    "case_note",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("author_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("body_sealed", LargeBinary, nullable=False),  # for officials only; what a reporter reads is a case_message
    Column("written_at", Instant, nullable=False),
)

case_message = Table(
    "case_message",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("direction", String(14), nullable=False),
    Column("kind", String(14), nullable=False),
    Column("author_id", ForeignKey("official.id", ondelete="RESTRICT")),  # NULL: the reporter, or the system
    Column("body_sealed", LargeBinary, nullable=False),
    Column("template", String(40)),
    Column("written_at", Instant, nullable=False),
    one_of("direction", DIRECTIONS),
    one_of("kind", MESSAGE_KINDS),
    CheckConstraint("direction = 'to_reporter' OR author_id IS NULL", name="reporters_have_no_seat"),
)

case_link = Table(
    "case_link",
    metadata,
    Column("id", Key, primary_key=True),
    Column("one_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("other_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("made_by", ForeignKey("official.id", ondelete="RESTRICT")),  # NULL: the mass-reaction rule
    Column("made_at", Instant, nullable=False),
    Column("undone_at", Instant),
    one_of("kind", LINK_KINDS),
    CheckConstraint("one_id < other_id", name="written_once"),
)

case_merge = Table(
    "case_merge",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("into_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("reason_sealed", LargeBinary, nullable=False),
    Column("merged_by", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("merged_at", Instant, nullable=False),
    Column("undone_by", ForeignKey("official.id", ondelete="RESTRICT")),
    Column("undone_at", Instant),
    CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name="undone_by_somebody"),
)

mass_reaction = Table(
    "mass_reaction",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subject", LargeBinary, nullable=False, unique=True),  # keyed hash: person, place, matter, who stands back
    Column("people", Integer, nullable=False),
    Column("reached_at", Instant, nullable=False),
)

contact_attempt = Table(
    "contact_attempt",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("method", String(6), nullable=False),
    Column("outcome", String(14), nullable=False),
    Column("made_at", Instant, nullable=False),
    one_of("method", ContactMethod),
    one_of("outcome", AttemptOutcome),
)

stored_file = Table(
    "stored_file",
    metadata,
    Column("id", String(32), primary_key=True),  # random; also its name on disk
    Column("sha256", String(64), nullable=False),  # of the original bytes
    Column("size", BigInteger, nullable=False),  # bytes
    Column("media_type", String(100), nullable=False),  # by content
    Column("name_sealed", LargeBinary, nullable=False),
    Column("origin", String(12), nullable=False),
    Column("draft_id", ForeignKey("report_draft.id", ondelete="RESTRICT"), index=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), index=True),
    Column("chat_id", BigInteger),  # the web chat it was sent in, so that its sender sees it again
    Column("received_at", Instant, nullable=False),
    Column("album", String(32)),  # what was sent together shares one; a keyed hash
    Column("preview_id", String(32)),  # the sealed picture made from it, once somebody looked; never the original
    Column("shown_from", Instant),  # officials see it from then on: more came within the hour than a case takes
    Column("scan", String(12), nullable=False, server_default="unscanned"),
    Column("scan_found", String(120)),  # what the scanner calls it
    Column("scanned_at", Instant),
    one_of("origin", FILE_ORIGINS),
    one_of("scan", SCANS),
    Index("ix_stored_file_scan", "scan", "received_at"),
)

#: Evidence too large for a chat: what was announced, and the file once it came.
evidence_announced = Table(
    "evidence_announced",
    metadata,
    Column("id", Key, primary_key=True),
    Column("draft_id", ForeignKey("report_draft.id", ondelete="RESTRICT"), index=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), index=True),
    Column("name_sealed", LargeBinary, nullable=False),  # what the file is called, empty when not told
    Column("size", BigInteger),  # bytes, when told
    Column("kind", String(14), nullable=False),  # what it is sent as, once it comes
    Column("announced_at", Instant, nullable=False),
    Column("file_id", ForeignKey("stored_file.id", ondelete="RESTRICT"), unique=True),
    one_of("kind", MESSAGE_KINDS),
)

#: A way to hand one file in without signing in. Only the token's hash is kept: nothing says who was given it.
upload_link = Table(
    "upload_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of 32 random bytes
    Column("announced_id", ForeignKey("evidence_announced.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

#: Signed receipts that were given out, newest last; of a receipt's token its hash is kept.
case_receipt = Table(
    "case_receipt",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("text_sealed", LargeBinary, nullable=False),  # as it was given, so that its reporter sees it again
    Column("issued_at", Instant, nullable=False),
)
