"""Telegram's published flood limits, enforced with strict sliding windows.

Telegram tolerates short bursts without saying how long; here nothing is tolerated, so that what passes here
passes there. Sources: core.telegram.org/bots/faq (one message a second in a chat, 20 a minute in a group,
about 30 a second over all). Edits count over all and in groups, but not against a private chat's second:
nothing is published on them.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server allows; assign another value to `BotApiServer.limits` to change it during a test."""

    enforced: bool = True
    overall_per_second: int = 30
    private_per_second: int = 1
    group_per_minute: int = 20
    penalty_seconds: int = 0  # a variant: whoever oversteps is shut out of everything for so long
    callback_lifetime_seconds: float = 900.0  # not published; an older button press can no longer be answered
    download_bytes: int = 20 * 1024 * 1024
    photo_upload_bytes: int = 10 * 1024 * 1024
    document_upload_bytes: int = 50 * 1024 * 1024

    def relaxed(self) -> "Limits":
        """The same limits without flood control, for tests that are about something else."""
        return replace(self, enforced=False)


@dataclass(frozen=True, slots=True)
class _Window:
    """At most `most` admissions within `period_seconds`."""

    admitted: deque[float]
    most: int
    period_seconds: float

    def full_for(self, now: float) -> float:
        """Seconds until there is room; 0 when there is."""
        while self.admitted and self.admitted[0] <= now - self.period_seconds:
            self.admitted.popleft()
        return 0.0 if len(self.admitted) < self.most else self.admitted[0] + self.period_seconds - now


class FloodGate:
    """The windows of one token. A refused message takes no room in any window."""

    def __init__(self) -> None:
        self._overall: deque[float] = deque()
        self._chats: defaultdict[int, deque[float]] = defaultdict(deque)
        self._closed_until = -math.inf

    def admit(self, chat_id: int, *, now: float, limits: Limits, edit: bool = False) -> int:
        """Take room for one message to a chat, or say after how many whole seconds to come back.

        Args:
            chat_id: negative for groups.
            now: monotonic seconds.
            limits: what is allowed at this moment.
            edit: whether an existing message is changed, not a new one sent.

        Returns:
            0 when admitted, else `retry_after`.
        """
        if not limits.enforced:
            return 0
        if now < self._closed_until:
            return math.ceil(self._closed_until - now)
        windows = list(self._windows(chat_id, limits, edit=edit))
        wait = max(window.full_for(now) for window in windows)
        if wait > 0:
            return self._refuse(now, wait, limits)
        for window in windows:
            window.admitted.append(now)
        return 0

    def _windows(self, chat_id: int, limits: Limits, *, edit: bool) -> Iterator[_Window]:
        yield _Window(self._overall, limits.overall_per_second, 1.0)
        if chat_id < 0:
            yield _Window(self._chats[chat_id], limits.group_per_minute, 60.0)
        elif not edit:
            yield _Window(self._chats[chat_id], limits.private_per_second, 1.0)

    def _refuse(self, now: float, wait: float, limits: Limits) -> int:
        if limits.penalty_seconds:
            self._closed_until = now + limits.penalty_seconds
        return max(math.ceil(wait), limits.penalty_seconds)
