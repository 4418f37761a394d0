"""What a password must be like, how it is hashed, and what else hangs on it.

Refused is what is short, and what an attacker tries first: common passwords and words (zxcvbn's lists, and Chinese
words as they are typed without tones), keyboard runs, dates, one's own name, username, place, and ours. What a newcomer
gets wrong: zxcvbn takes seconds for long inputs full of look-alike signs, so it is shown the beginning only; what is
hashed is all of it.
"""

import asyncio
import secrets
import threading
from collections.abc import Iterable
from functools import cache
from typing import Final
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from handlers.services import key_pairs
from handlers.services.errors import BadInput
from knowledge.casework.access import NAME_ROLES, Role
from storage.custody import KeyCost
from storage.errors import WrongPassword
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

SHORTEST: Final = 12
LONGEST: Final = 200
#: How much of a password is judged, in characters: a tenth of a second at the very worst.
JUDGED: Final = 20
#: Of zxcvbn's 0 to 4: more than ten thousand million guesses. Custodians' passwords guard keys that somebody with a
#: stolen database could try at leisure.
LEAST_SCORE: Final = 4
_OURS: Final = ("清风", "qingfeng", "换届", "huanjie", "选举", "xuanju", "纪委", "jiwei", "监督", "jiandu")
_ONE_AT_A_TIME: Final = threading.Lock()


class Hashing:
    """Argon2id off the event loop; the same work for a name that nobody has.

    `memory_kib` and `time_cost` are Argon2id's; tests hand in smaller ones, a deployment never does.
    """

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 128 * 1024) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._decoy = self._hasher.hash(secrets.token_urlsafe(16))
        self.time_cost, self.memory_bytes = time_cost, memory_kib * 1024

    async def hash(self, password: str) -> str:
        """A new hash; takes half a second on purpose."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether a password belongs to a hash; None costs as much and never matches."""
        return await asyncio.to_thread(self._matches, password_hash or self._decoy, password)

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with less work than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    @property
    def key_cost(self) -> KeyCost:
        """The same work for a private key under a password."""
        return KeyCost(self.time_cost, self.memory_bytes)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


async def refuse_weak(password: str, known: Iterable[str]) -> None:
    """Stop here when a password is too short, too long or too easy to guess; `known` is what others know of its owner.

    Raises:
        BadInput: `fault` says how.
    """
    if len(password) < SHORTEST:
        raise BadInput("password", "too_short")
    if len(password) > LONGEST:
        raise BadInput("password", "too_long")
    if await asyncio.to_thread(score, password, tuple(known)) < LEAST_SCORE:
        raise BadInput("password", "guessable")


def score(password: str, known: Iterable[str] = ()) -> int:
    """How hard a password is to guess, from 0 (at once) to 4. The first call reads the word lists: a second."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its word lists are only read when somebody chooses a password

    own = [spelled for word in known for spelled in (word, _sound(word)) if spelled]
    with _ONE_AT_A_TIME:  # zxcvbn keeps what it is told about a person in a table of its own
        _know_chinese_words()
        return int(zxcvbn(password[:JUDGED], user_inputs=[*_OURS, *own])["score"])


def known_of(official: Official, *place_names: str) -> tuple[str, ...]:
    """What anybody may know of an official and would try first."""
    return (official.username, official.display_name, *official.place_path.split("/"), *place_names)


async def follow_password(uow: UnitOfWork, hashing: Hashing, official: Official, *, old: str | None, new: str) -> bool:
    """Let what lies under an official's password follow to the new one; False when it stays under the old one.

    A custodian's private key opens with the password and nothing else: without the old one it is left as it is, for
    the recovery key. Who may come to know a name and has no key pair yet gets one.
    """
    if await key_pairs.begin(uow, official, new, cost=hashing.key_cost):
        return True
    if official.role not in NAME_ROLES or old == new:
        return True
    if old is None and official.role is Role.CUSTODIAN:
        return False
    try:
        await key_pairs.rewrap(uow, official, old=old, new=new)
    except WrongPassword:  # it stayed behind at an earlier reset
        return False
    return True


def _sound(word: str) -> str:
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - see above

    return "" if word.isascii() else "".join(lazy_pinyin(word))


@cache
def _know_chinese_words() -> None:
    """Add Chinese words as people type them: some forty thousand, without tones, the short ones first."""
    from pypinyin.phrases_dict import phrases_dict  # noqa: PLC0415 - see above
    from zxcvbn.matching import add_frequency_lists  # noqa: PLC0415

    spelled = normalize("NFD", " ".join("".join(reading[0] for reading in one) for one in phrases_dict.values()))
    words = dict.fromkeys(spelled.encode("ascii", "ignore").decode().split())
    add_frequency_lists({"chinese_words": sorted(words, key=len)})
