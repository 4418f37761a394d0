"""What time it is, as everybody in the project asks it.

Deadlines are dates in Asia/Shanghai; instants are aware datetimes in UTC. Nothing below `bot` reads the machine's
clock: it is handed a `Clock`. The only implementation that reads the real one is `bot.clock.SystemClock`.
"""

from datetime import date, datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """A source of the present instant."""

    def now(self) -> datetime:
        """The present instant: aware, UTC."""
        ...


def local_date(instant: datetime) -> date:
    """The calendar date in Asia/Shanghai at an aware instant."""
    return instant.astimezone(SHANGHAI).date()
