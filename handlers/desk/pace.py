"""How fast one session may ask: five requests at once, then five a second; what is faster waits and is never refused.

What a newcomer gets wrong: to answer "too many requests". An official in a hurry would lose what was just typed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

AT_ONCE: Final = 5
SECONDS_EACH: Final = 0.2
LONGEST_WAIT: Final = 2.0
FORGET_AT: Final = 1_000
_AT_LEAST: Final = 0.01  # a shorter wait is none


class Pace:
    """Lets requests of a session through one after another; belongs to one running loop.

    `_free_at` is when a session would have used up what it asked for so far; it never runs further ahead than the
    longest wait, so that a flood ends when it ends.
    """

    def __init__(
        self, *, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._now, self._sleep = now, sleep
        self._free_at: dict[str, float] = {}

    async def wait(self, session: str) -> None:
        """Wait until it is this session's turn, two seconds at most."""
        now = self._now()
        free_at = max(self._free_at.get(session, now), now)
        ahead = free_at - now - (AT_ONCE - 1) * SECONDS_EACH
        self._forget(now)
        self._free_at[session] = min(free_at + SECONDS_EACH, now + LONGEST_WAIT + AT_ONCE * SECONDS_EACH)
        if ahead > _AT_LEAST:
            await self._sleep(min(ahead, LONGEST_WAIT))

    def _forget(self, now: float) -> None:
        if len(self._free_at) >= FORGET_AT:
            self._free_at = {session: free_at for session, free_at in self._free_at.items() if free_at > now}
