"""The machine's clock: the only place that reads it."""

from datetime import UTC, datetime


class SystemClock:
    """The `knowledge.clock.Clock` of a running deployment."""

    def now(self) -> datetime:
        """The present instant: aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the one place
