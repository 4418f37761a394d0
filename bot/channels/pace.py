"""When a message may leave: one line out of the house, and a lane into each chat.

Plain asyncio without a chat library. All times are seconds of the running loop's own clock, so a test that
gives the loop another clock waits for nothing. A `Line` and its `Lanes` belong to one loop and one token.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Final

_FORGET_AT: Final = 256  # idle chats are forgotten when so many are known


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, in seconds; the defaults keep a margin below Telegram's published limits."""

    overall_count: int = 30
    overall_seconds: float = 1.018  # 30 messages take so long, evenly spread: 29.5 a second
    overall_window: float = 1.004  # in which Telegram must not see one more, however the network jitters
    chat_rest: float = 1.01  # from an answer to the next message in the same chat
    group_count: int = 20
    group_seconds: float = 60.5
    halt_margin: float = 0.25  # on top of a `retry_after`
    patience: float = 120.0  # a longer halt is not waited for: the caller gets the error and comes back later
    server_error_waits: tuple[float, ...] = (0.5, 1.0, 2.0)  # before each repetition after a 5xx
    network_waits: tuple[float, ...] = (0.5, 2.0, 5.0)  # the same after a network error, where one may repeat

    @property
    def spacing(self) -> float:
        """Between two messages of the bot."""
        return self.overall_seconds / self.overall_count


@dataclass(slots=True)
class _Trip:
    """One message on its way; `took` is None until it was answered."""

    left_at: float
    took: float | None = None


class Line:
    """The one line out of the house: replies before bulk, first come first served within each.

    Who may leave is decided in `_let_out`, which never awaits: between seeing that it is time and taking
    the time nothing else can happen. A message that the network held up counts from when it can have arrived
    at the latest, because Telegram counts arrivals, not departures.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._open_at = -math.inf
        self._halted_until = -math.inf
        self._waiting: list[tuple[bool, int, asyncio.Future[_Trip]]] = []
        self._tickets = count()
        self._timer: asyncio.TimerHandle | None = None
        self._trips: deque[_Trip] = deque(maxlen=pace.overall_count)
        self._took: deque[float] = deque(maxlen=2 * pace.overall_count)

    @asynccontextmanager
    async def turn(self, *, bulk: bool) -> AsyncIterator[None]:
        """Wait for one's turn; the message is sent and answered inside."""
        loop = asyncio.get_running_loop()
        granted: asyncio.Future[_Trip] = loop.create_future()
        heappush(self._waiting, (bulk, next(self._tickets), granted))
        if self._timer is None:
            self._let_out()
        trip = await granted
        try:
            yield
        finally:
            trip.took = loop.time() - trip.left_at
            self._took.append(trip.took)

    def halt(self, seconds: float) -> None:
        """Let nobody out for a while; a halt only ever grows."""
        self._halted_until = max(self._halted_until, asyncio.get_running_loop().time() + seconds)

    def halted_for(self) -> float:
        """Seconds of a halt that are left; 0 or less without one."""
        return self._halted_until - asyncio.get_running_loop().time()

    def _let_out(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._waiting and self._waiting[0][2].done():  # given up meanwhile
            heappop(self._waiting)
        if not self._waiting:
            return
        opens = max(self._open_at, self._halted_until, self._room_at())
        if opens <= (now := loop.time()):
            opens = self._open_at = self._next_opening(now)
            self._trips.append(_Trip(now))
            heappop(self._waiting)[2].set_result(self._trips[-1])
        self._timer = loop.call_at(opens, self._let_out)

    def _next_opening(self, now: float) -> float:
        # A timer fires up to a millisecond late: made up for at the next message, or it would cost 3 % of the
        # pace. Only so much is made up for: a loop that stalled is not followed by a burst.
        late = min(now - self._open_at, self._pace.spacing / 10)
        return now + self._pace.spacing - late

    def _room_at(self) -> float:
        """When one more message cannot be one too many within `overall_window`, wherever one was held up."""
        if len(self._trips) < self._pace.overall_count:
            return -math.inf
        oldest = self._trips[0]
        held_up = 0.0 if oldest.took is None else oldest.took - min(self._took)
        return oldest.left_at + self._pace.overall_window + held_up


class Lane:
    """The way into one chat: one message at a time, then a rest; a group's lane remembers a minute."""

    def __init__(self, chat_id: int | str, pace: Pace) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
        self._chat_rest = pace.chat_rest
        self._memory = pace.group_seconds if is_group(chat_id) else pace.chat_rest
        kept = pace.group_count if is_group(chat_id) else 1
        self._answered: deque[float] = deque([-math.inf] * kept, maxlen=kept)

    def note_answer(self, now: float) -> None:
        """A message was answered, well or not."""
        self._answered.append(now)

    def rested_at(self) -> float:
        """When the next message may go in."""
        return max(self._answered[-1] + self._chat_rest, self._answered[0] + self._memory)

    def is_idle(self, now: float) -> bool:
        """Whether nothing would be lost by forgetting the lane."""
        return not self.users and self._answered[-1] + self._memory < now


class Lanes:
    """The lanes of all chats written to lately; those at rest are forgotten, so there are never many."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lanes: dict[int | str, Lane] = {}
        self._forget_at = _FORGET_AT

    def __len__(self) -> int:
        return len(self._lanes)

    @asynccontextmanager
    async def turn(self, chat_id: int | str) -> AsyncIterator[None]:
        """Be alone in the chat, at a time when it has rested."""
        loop = asyncio.get_running_loop()
        lane = self._lane(chat_id, loop.time())
        lane.users += 1
        try:
            async with lane.lock:
                await asyncio.sleep(lane.rested_at() - loop.time())
                try:
                    yield
                finally:
                    lane.note_answer(loop.time())
        finally:
            lane.users -= 1

    def _lane(self, chat_id: int | str, now: float) -> Lane:
        if chat_id not in self._lanes:
            self._forget_idle(now)
            self._lanes[chat_id] = Lane(chat_id, self._pace)
        return self._lanes[chat_id]

    def _forget_idle(self, now: float) -> None:
        if len(self._lanes) >= self._forget_at:
            self._lanes = {chat: lane for chat, lane in self._lanes.items() if not lane.is_idle(now)}
            self._forget_at = 2 * len(self._lanes) + _FORGET_AT


def is_group(chat_id: int | str) -> bool:
    """Groups and channels have negative ids or names; people have neither."""
    return isinstance(chat_id, str) or chat_id < 0
