"""Between which hours people are written to: from eight to eight, Asia/Shanghai, whoever writes."""

from datetime import datetime, time, timedelta
from typing import Final

from knowledge.clock import SHANGHAI

EARLIEST: Final = time(8, 0)
LATEST: Final = time(20, 0)


def within_hours(instant: datetime) -> datetime:
    """The instant itself if people may be written to then, else the next morning at eight (Asia/Shanghai)."""
    local = instant.astimezone(SHANGHAI)
    if local.time() < EARLIEST:
        return datetime.combine(local.date(), EARLIEST, SHANGHAI)
    if local.time() >= LATEST:
        return datetime.combine(local.date() + timedelta(days=1), EARLIEST, SHANGHAI)
    return instant
