"""Logs for the people who run a deployment: one line an event, no personal data.

Nothing in the project logs names, numbers or messages on purpose; the cleaning is there for what a library might.
"""

import logging
import re
from typing import Final

_PHONE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_IDENTITY: Final = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
)
_TOKEN: Final = re.compile(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}")
_QUIET: Final = (
    "aiogram.event",
    "apscheduler",
    "httpx",
    "httpcore",
    "uvicorn.access",
    "uvicorn.error",
    "sqlalchemy.engine",
)


class Redacting(logging.Formatter):
    """Puts marks where a phone number, an ID number or a bot token would stand, in the message and in a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The whole entry, cleaned."""
        return clean(super().format(record))


def clean(text: str) -> str:
    """A text without phone numbers, ID numbers and bot tokens."""
    return _TOKEN.sub("[token]", _PHONE.sub("[phone]", _IDENTITY.sub("[identity]", text)))


def set_up_logging(level: str) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
