"""Officials' key pairs, reporters' names in shares, and what was released of them to whom.

What a newcomer gets wrong: `identity_whole` is only for names left before there were shares; each becomes shares the
next time a custodian opens it, and its rows go.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)

from knowledge.casework.names import Purpose, ReleasePurpose
from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

official_key = Table(
    "official_key",
    metadata,
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),  # X25519, 32 bytes
    Column("private_key_sealed", LargeBinary, nullable=False),  # under the official's password only
    Column("salt", LargeBinary, nullable=False),
    Column("ops_limit", Integer, nullable=False),
    Column("mem_limit", BigInteger, nullable=False),  # bytes
    Column("recovery_sealed", LargeBinary),  # the same half under a recovery key that is printed, never stored
    Column("created_at", Instant, nullable=False),
)

#: One secret for all custodians, sealed to each: with it the system can tell whether two reporters are one person.
custodian_pepper = Table(
    "custodian_pepper",
    metadata,
    Column("custodian_id", ForeignKey("official_key.official_id", ondelete="RESTRICT"), primary_key=True),
    Column("pepper_sealed", LargeBinary, nullable=False),
)

identity = Table(
    "identity",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),  # the name's own; its secret is in the shares
    Column("generation", Integer, nullable=False),  # how often it was split, from 1
    Column("needed", Integer, nullable=False),  # so many shares open it
    Column("shares", Integer, nullable=False),  # of so many
    Column("name_sealed", LargeBinary, nullable=False),
    Column("contact_sealed", LargeBinary, nullable=False),
    Column("address_sealed", LargeBinary),
    CheckConstraint("needed BETWEEN 1 AND shares", name="can_be_opened"),
)

identity_share = Table(
    "identity_share",
    metadata,
    Column("case_id", ForeignKey("identity.case_id", ondelete="RESTRICT"), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("custodian_id", ForeignKey("official_key.official_id", ondelete="RESTRICT"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("share_sealed", LargeBinary, nullable=False),
    Index("ix_identity_share_custodian_id", "custodian_id"),
)

#: A share handed to somebody who is to split the name anew; gone when that is done.
share_contribution = Table(
    "share_contribution",
    metadata,
    Column("case_id", ForeignKey("identity.case_id", ondelete="RESTRICT"), primary_key=True),
    Column("from_id", ForeignKey("official_key.official_id", ondelete="RESTRICT"), primary_key=True),
    Column("to_id", ForeignKey("official_key.official_id", ondelete="RESTRICT"), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("share_sealed", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
    CheckConstraint("from_id <> to_id", name="to_a_colleague"),
)

#: A name of the time before shares: sealed whole to a custodian.
identity_whole = Table(
    "identity_whole",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True),
    Column("custodian_id", ForeignKey("official_key.official_id", ondelete="RESTRICT"), primary_key=True),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("contact_sealed", LargeBinary, nullable=False),
)

_UNDECIDED = text("decision IS NULL")

identity_release = Table(
    "identity_release",
    metadata,
    Column("id", Key, primary_key=True),
    Column("case_id", ForeignKey("cases.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("asker_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("purpose", String(12), nullable=False),
    Column("words_sealed", LargeBinary, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("decision", String(8)),
    Column("decided_at", Instant),
    Column("expires_at", Instant),
    one_of("purpose", tuple(dict.fromkeys((*Purpose, *ReleasePurpose)))),
    one_of("decision", ("granted", "refused")),
    CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_at_a_time"),
    CheckConstraint("(decision IS NOT NULL AND decision = 'granted') = (expires_at IS NOT NULL)", name="for_a_time"),
    Index(
        "uq_identity_release_one_open",
        "case_id",
        "asker_id",
        unique=True,
        sqlite_where=_UNDECIDED,
        postgresql_where=_UNDECIDED,
    ),
)

release_vote = Table(
    "release_vote",
    metadata,
    Column("release_id", ForeignKey("identity_release.id", ondelete="RESTRICT"), primary_key=True),
    Column("custodian_id", ForeignKey("official_key.official_id", ondelete="RESTRICT"), primary_key=True),
    Column("vote", String(8), nullable=False),
    Column("reason", String(12)),
    Column("reason_sealed", LargeBinary),
    Column("share_sealed", LargeBinary),  # sealed to the asker; forgotten when its time is over
    Column("voted_at", Instant, nullable=False),
    one_of("vote", ("granted", "refused")),
    CheckConstraint("(vote = 'refused') = (reason IS NOT NULL)", name="refused_with_a_reason"),
    CheckConstraint("vote = 'granted' OR share_sealed IS NULL", name="refused_gives_nothing"),
)
