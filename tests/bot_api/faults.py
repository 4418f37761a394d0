"""Faults on order: the next calls fail, are dropped, delayed, or refused as a flood.

`getUpdates` is spared unless it is named: a poll is always under way and would eat the fault meant for a
message.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What happens to a call."""

    FAIL = "fail"  # answered with `status`, not carried out
    DROP_BEFORE = "drop_before"  # connection cut, not carried out
    DROP_AFTER = "drop_after"  # carried out, then the connection is cut: the caller cannot know
    DELAY = "delay"  # answered late by `seconds`
    FLOOD = "flood"  # 429 with `retry_after` = `seconds`, whatever the windows say


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault for one call; `method` None means any but `getUpdates`."""

    kind: FaultKind
    method: str | None = None
    status: int = 500
    seconds: float = 0.0

    def strikes(self, method: str) -> bool:
        """Whether this call is the one meant."""
        return method == self.method if self.method else method != "getUpdates"


class Faults:
    """Faults in the order in which they were asked for; each strikes once."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()

    def fail_next(self, count: int = 1, *, method: str | None = None, status: int = 500) -> None:
        """The next calls are answered with an HTTP status and not carried out."""
        self._order(count, Fault(FaultKind.FAIL, method, status=status))

    def drop_before(self, count: int = 1, *, method: str | None = None) -> None:
        """The connection is cut before anything is done."""
        self._order(count, Fault(FaultKind.DROP_BEFORE, method))

    def drop_after(self, count: int = 1, *, method: str | None = None) -> None:
        """The message is delivered, but the answer never arrives."""
        self._order(count, Fault(FaultKind.DROP_AFTER, method))

    def delay_next(self, count: int = 1, *, seconds: float, method: str | None = None) -> None:
        """The call is carried out at once and answered late."""
        self._order(count, Fault(FaultKind.DELAY, method, seconds=seconds))

    def flood_next(self, count: int = 1, *, retry_after: int, method: str | None = None) -> None:
        """The next calls are refused with 429, whatever was sent before."""
        self._order(count, Fault(FaultKind.FLOOD, method, seconds=retry_after))

    def clear(self) -> None:
        """No more faults."""
        self._waiting.clear()

    @property
    def waiting(self) -> int:
        """How many faults have not struck yet."""
        return len(self._waiting)

    def take(self, method: str) -> Fault | None:
        """The first fault meant for this call, used up by asking."""
        fault = next((fault for fault in self._waiting if fault.strikes(method)), None)
        if fault is not None:
            self._waiting.remove(fault)
        return fault

    def _order(self, count: int, fault: Fault) -> None:
        self._waiting.extend([fault] * count)
