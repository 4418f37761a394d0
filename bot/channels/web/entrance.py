"""P12: the web chat's entrance under attack. A new browser works for a second or two, or waits; nobody is turned away.

Only new browsers are asked, and only while more of them come than people do: in all, or from one address. Whoever has a
cookie writes on undisturbed. The work is a number that makes a SHA-256 begin with so many zero bits; a static script
finds it in a worker of the page. Where no script runs the same challenge lets in after a minute, so many a minute.

Challenges are signed, good once and for ten minutes. Of addresses a hash is kept, in memory, keyed with a secret that
dies with the process. What a newcomer gets wrong: with several processes each counts for itself; the key is common, so
that a challenge of one is taken by another, at most once by each.
"""

import base64
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

MINUTE: Final = 60.0  # seconds
LIFE: Final = 600.0  # seconds a challenge is good for
WAIT: Final = 60.0  # seconds after which it opens without work
NONCE_BYTES: Final = 16
MAC_BYTES: Final = 16
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """How many new browsers a minute are let in without work: in all, and from one address (a village may share one).

    `bits` is how hard the work is (each one doubles it); `waiting` how many a minute come in by waiting.
    """

    overall: int = 120
    per_address: int = 30
    bits: int = 17
    waiting: int = 60


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a new browser is asked for: a number, or `wait` seconds of patience."""

    token: str
    bits: int
    wait: int = int(WAIT)


@dataclass(slots=True)
class Entrance:
    """Counts who comes and decides who works. `now` is a monotonic clock in seconds."""

    key: bytes
    now: Callable[[], float]
    limits: Limits = field(default_factory=Limits)
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _came: deque[float] = field(default_factory=deque)
    _waited: deque[float] = field(default_factory=deque)
    _from: dict[bytes, deque[float]] = field(default_factory=dict)
    _used: dict[bytes, float] = field(default_factory=dict)

    def may_enter(self, address: str, answer: object = None) -> bool:
        """Whether a new browser comes in; `answer` is what came with its request (`challenge`, `solution`)."""
        if isinstance(answer, dict) and self._opens(answer.get("challenge"), answer.get("solution")):
            return True
        now = self.now()
        whom = hashlib.blake2b(address.encode(), key=self._salt, digest_size=16).digest()
        own = self._from.setdefault(whom, deque())
        for times in (self._came, own):
            _forget(times, now - MINUTE)
        if len(self._came) >= self.limits.overall or len(own) >= self.limits.per_address:
            return False
        self._came.append(now)
        own.append(now)
        if len(self._from) > self.limits.overall * 2:
            self._from = {one: times for one, times in self._from.items() if times and times[-1] > now - MINUTE}
        return True

    def challenge(self) -> Challenge:
        """A new one."""
        body = secrets.token_bytes(NONCE_BYTES) + int(self.now()).to_bytes(8, "big") + bytes([self.limits.bits])
        return Challenge(base64.urlsafe_b64encode(body + self._mac(body)).decode(), self.limits.bits)

    def _opens(self, token: object, solution: object) -> bool:
        """Whether a challenge is ours, fresh, unused, and either solved or waited for."""
        body = self._read(token)
        if body is None:
            return False
        now, nonce = self.now(), body[:NONCE_BYTES]
        made, bits = int.from_bytes(body[NONCE_BYTES:-1], "big"), body[-1]
        self._used = {one: until for one, until in self._used.items() if until > now} if self._used else {}
        if not made <= now <= made + LIFE or nonce in self._used:
            return False
        if not (isinstance(solution, (int, str)) and solves(str(token), str(solution), bits)):
            _forget(self._waited, now - MINUTE)
            if now < made + WAIT or len(self._waited) >= self.limits.waiting:
                return False
            self._waited.append(now)
        self._used[nonce] = made + LIFE
        return True

    def _read(self, token: object) -> bytes | None:
        if not isinstance(token, str) or len(token) > _LONGEST:
            return None
        try:
            raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except ValueError:
            return None
        body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        whole = len(body) == NONCE_BYTES + 9
        return body if whole and hmac.compare_digest(mac, self._mac(body)) else None

    def _mac(self, body: bytes) -> bytes:
        return hashlib.blake2b(body, key=self.key, digest_size=MAC_BYTES).digest()


def solves(token: str, solution: str, bits: int) -> bool:
    """Whether SHA-256 of `token:solution` begins with so many zero bits."""
    if len(solution) > _LONGEST:
        return False
    digest = hashlib.sha256(f"{token}:{solution}".encode()).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


def _forget(times: deque[float], until: float) -> None:
    while times and times[0] <= until:
        times.popleft()
