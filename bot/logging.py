"""Logs for the people who run a deployment: one line an event, no personal data.

Nothing in the project logs names, numbers or messages on purpose; the filter is there for what a library might.
"""

import logging
import re
from typing import Final

_PHONE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_TOKEN: Final = re.compile(r"\b\d{6,12}:[A-Za-z0-9_-]{30,}\b")
_QUIET: Final = ("aiogram.event", "apscheduler", "httpx", "httpcore", "uvicorn.access", "sqlalchemy.engine")


class Redact(logging.Filter):
    """Puts marks where a phone number or a bot token would stand."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the message; let the record pass."""
        text = record.getMessage()
        clean = _TOKEN.sub("[token]", _PHONE.sub("[phone]", text))
        if clean != text:
            record.msg, record.args = clean, None
        return True


def set_up_logging(level: str) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(Redact())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
