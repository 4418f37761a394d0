"""Places, and the officials who answer for them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    false,
)

from knowledge.casework.access import Role
from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

PLACE_KINDS = ("county", "town", "village", "community")

place = Table(
    "place",
    metadata,
    Column("id", Key, primary_key=True),
    Column("path", String(200), nullable=False, unique=True),  # cn/demo/qinghe/xiangyang: prefix = belongs to
    Column("kind", String(20), nullable=False),
    Column("name", String(60), nullable=False),
    one_of("kind", PLACE_KINDS),
)

official = Table(
    "official",
    metadata,
    Column("id", Key, primary_key=True),
    Column("username", String(60), nullable=False, unique=True),
    Column("display_name", String(60), nullable=False),
    Column("role", String(30), nullable=False),
    Column("place_path", String(200), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("totp_secret_sealed", LargeBinary, nullable=False),
    Column("totp_last_step", BigInteger, nullable=False, server_default="0"),
    Column("notice_chat_sealed", LargeBinary),  # where content-free notices go, sealed
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("is_head", Boolean, nullable=False, server_default=false()),  # of the body at this place
    Column("declared_at", Instant),  # when relatives and interests were last declared
    one_of("role", Role),
)

#: Other names and posts a report may call an official by.
official_alias = Table(
    "official_alias",
    metadata,
    Column("id", Key, primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(6), nullable=False),
    Column("words", String(60), nullable=False),
    one_of("kind", ("name", "post")),
)

#: Relatives and interests an official declared; names are sealed.
kinship = Table(
    "kinship",
    metadata,
    Column("id", Key, primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("relation", String(20), nullable=False),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("place_id", ForeignKey("place.id", ondelete="RESTRICT")),  # an interest in a whole village
    Column("declared_at", Instant, nullable=False),
    Column("removed_at", Instant),
    one_of("kind", ("relative", "interest")),
)

custodian_key = Table(
    "custodian_key",
    metadata,
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),  # X25519, 32 bytes
    Column("private_key_sealed", LargeBinary, nullable=False),  # under the custodian's password only
    Column("salt", LargeBinary, nullable=False),
    Column("ops_limit", Integer, nullable=False),
    Column("mem_limit", BigInteger, nullable=False),  # bytes
    Column("created_at", Instant, nullable=False),
)

#: One secret for all custodians, sealed to each: with it the system can tell whether two reporters are one person.
custodian_pepper = Table(
    "custodian_pepper",
    metadata,
    Column("custodian_id", ForeignKey("custodian_key.official_id", ondelete="RESTRICT"), primary_key=True),
    Column("pepper_sealed", LargeBinary, nullable=False),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

desk_session = Table(
    "desk_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="CASCADE"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
)

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subject", LargeBinary, nullable=False),  # keyed hash of the username or the address
    Column("at", Instant, nullable=False),
    Index("ix_sign_in_failure_subject_at", "subject", "at"),
)
