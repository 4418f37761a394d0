"""Column types shared by all tables.

An instant is aware and UTC on both databases; SQLite keeps it as text without a zone, so the type restores it.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, DateTime, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

#: A surrogate key. SQLite only numbers rows by itself in a column declared INTEGER.
Key = BigInteger().with_variant(Integer(), "sqlite")

#: A JSON document, binary on PostgreSQL.
Document = JSON().with_variant(JSONB(), "postgresql")


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime; a naive one is refused.

    SQLite keeps it as text of one fixed form, so that it sorts by time: 2026-03-11T02:00:00.000000.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, timestamptz on PostgreSQL."""
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive values; hand UTC to the driver."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None).isoformat(timespec="microseconds") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the instant its zone back."""
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        instant: datetime = value
        return instant.astimezone(UTC)


def one_of(column: str, kinds: type[StrEnum] | tuple[str, ...]) -> CheckConstraint:
    """A CHECK that a text column holds a member of an enumeration (or of a tuple of words)."""
    words = ", ".join(f"'{kind}'" for kind in kinds)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")
