"""Stand-ins for what a test must hold still. Each keeps the contract of its real twin."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A `knowledge.clock.Clock` that moves when told to. Starts on a working day, ten in the morning in Shanghai."""

    def __init__(self, start: datetime = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by

    def set(self, instant: datetime) -> None:
        self._now = instant.astimezone(UTC)
