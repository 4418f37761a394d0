"""Ids that are known before the row is written, and that grow with time.

53 bits, so that they survive JavaScript: 41 bits of milliseconds since 2025, 12 bits of sequence that begin at a
random place. One generator a process hands out strictly growing ids; two processes may interleave, and the primary key
refuses a clash: the unit of work fails, nothing is lost in silence.
"""

import secrets
from typing import Final

from knowledge.clock import Clock

_EPOCH_MS: Final = 1_735_689_600_000  # 2025-01-01T00:00:00Z
_SEQUENCE_BITS: Final = 12

#: Letters and digits nobody confuses when read aloud or copied by hand (no 0 O 1 I L U).
READABLE: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # pragma: allowlist secret


class TimeOrderedIds:
    """Hands out growing ids, even when the clock steps back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """The next id, greater than every one before."""
        milliseconds = int(self._clock.now().timestamp() * 1000) - _EPOCH_MS
        start = secrets.randbelow(1 << (_SEQUENCE_BITS - 1))  # another process may be in the same millisecond
        self._last = max(self._last + 1, (milliseconds << _SEQUENCE_BITS) | start)
        return self._last


def readable_digest(prefix: str, digest: bytes, groups: int = 2, length: int = 4) -> str:
    """A code of the same form that stands for a secret digest: the same one every time."""
    number, signs = int.from_bytes(digest), []
    for _ in range(groups * length):
        number, place = divmod(number, len(READABLE))
        signs.append(READABLE[place])
    parts = ("".join(signs[at : at + length]) for at in range(0, len(signs), length))
    return "-".join((prefix, *parts))


def readable_code(prefix: str, groups: int = 2, length: int = 4) -> str:
    """A random code a person can copy, e.g. QF-7K2M-9D4X: about 4.9 bits a character."""
    parts = ("".join(secrets.choice(READABLE) for _ in range(length)) for _ in range(groups))
    return "-".join((prefix, *parts))
