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
    text,
)

from knowledge.casework.access import Role
from storage.tables.base import metadata
from storage.types import Instant, Key, one_of

SIGN_IN_WAYS = ("password", "passkey", "link", "invitation")
SEAT_LINK_KINDS = ("invitation", "reset")
CEREMONIES = ("enrol", "add_passkey", "use_passkey", "confirm")
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
    Column("enrolled_at", Instant),  # own password and second factor set up; nobody comes in before
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
    Column("way", String(10), nullable=False, server_default="password"),  # how its official came in
    Column("device", String(40), nullable=False, server_default="unknown"),  # "android chrome"; no address, no version
    Column("confirmed_at", Instant),  # when password or passkey were last shown
    one_of("way", SIGN_IN_WAYS),
)

#: A browser in which an official has signed in before: strangers' failures do not hold it up.
known_device = Table(
    "known_device",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="CASCADE"), primary_key=True),
    Column("device", String(40), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=False),
)

#: A link to set up one's own seat, or to replace a lost password and second factor. One in force for each official.
seat_link = Table(
    "seat_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("made_by", ForeignKey("official.id", ondelete="RESTRICT")),  # NULL: made at the server
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    one_of("kind", SEAT_LINK_KINDS),
    Index(
        "uq_seat_link_one_in_force",
        "official_id",
        unique=True,
        sqlite_where=text("used_at IS NULL AND revoked_at IS NULL"),
        postgresql_where=text("used_at IS NULL AND revoked_at IS NULL"),
    ),
)

#: A key in somebody's phone or token, with which they sign in instead of password and code.
passkey = Table(
    "passkey",
    metadata,
    Column("id", Key, primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("registered_in", LargeBinary, nullable=False),  # the session it was registered in, its official's own
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)

#: Something begun in one browser, to be finished once in the same: a challenge, a new authenticator secret.
ceremony = Table(
    "ceremony",
    metadata,
    Column("browser_hash", LargeBinary, primary_key=True),  # of the cookie it is bound to
    Column("purpose", String(20), primary_key=True),
    Column("official_id", ForeignKey("official.id", ondelete="CASCADE")),  # NULL: nobody is known yet
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    one_of("purpose", CEREMONIES),
)

#: How often a name, an address or a device was refused of late, and until when it has to wait.
sign_in_strain = Table(
    "sign_in_strain",
    metadata,
    Column("subject", LargeBinary, primary_key=True),  # keyed hash
    Column("failures", Integer, nullable=False),  # within the running minute
    Column("level", Integer, nullable=False),  # how long the next wait is
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("wait_until", Instant),
)

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subject", LargeBinary, nullable=False),  # keyed hash of the username or the address
    Column("at", Instant, nullable=False),
    Index("ix_sign_in_failure_subject_at", "subject", "at"),
)
