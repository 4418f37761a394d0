"""Turning what a trigger refused into an error with a code."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError

from storage.errors import RuleRefused

_RULE: Final = re.compile(r"qf:([a-z_]+)")


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
