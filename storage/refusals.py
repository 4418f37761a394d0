"""Telling database errors apart: what a trigger refused, and what may succeed when it is tried again."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.errors import RuleRefused

_RULE: Final = re.compile(r"qf:([a-z_]+)")
#: The database cannot be reached, or is too busy: the same again later may succeed.
OUTAGES: Final = (OperationalError, InterfaceError, PoolTimeout, ConnectionError)


@contextmanager
def refusals() -> Iterator[None]:
    """Raise `RuleRefused` where a trigger spoke; let every other database error pass."""
    try:
        yield
    except DBAPIError as error:
        match = _RULE.search(str(error.orig))
        if match is None:
            raise
        raise RuleRefused(match.group(1)) from error
