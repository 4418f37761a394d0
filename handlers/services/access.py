"""Who may enter the desk: password and one-time code, or a one-time link; sessions that end by themselves."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from handlers.services.errors import BadInput, LinkSpent, SignInRefused
from knowledge.casework.access import Role
from storage.repositories.officials import Credentials, DeskSession, Official
from storage.unit_of_work import UnitOfWork
from storage.vault import Custodian

#: How a notice link begins; the single-use token follows.
NOTICES: Final = "o_"
SESSION_IDLE: Final = timedelta(minutes=30)
TOUCH_EVERY: Final = timedelta(minutes=1)
LINK_LIFE: Final = timedelta(hours=24)
TRIES: Final = 5
TRIES_WITHIN: Final = timedelta(minutes=1)
TOTP_SECONDS: Final = 30
TOTP_BYTES: Final = 20  # 160 bits
SHORTEST_PASSWORD: Final = 12
_USERNAME: Final = re.compile(r"[a-z][a-z0-9_.-]{1,58}")


@dataclass(frozen=True, slots=True)
class Seat:
    """A new official with the secret to enter once into an authenticator app."""

    official: Official
    totp_secret: str
    totp_uri: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's new session: the cookie's token, told once."""

    token: str
    official: Official


class Access:
    """Signs officials in and out.

    `mem_limit` (KiB) and `time_cost` are Argon2id's; tests hand in smaller ones, a deployment never does.
    """

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 128 * 1024) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._memory_bytes, self._time_cost = memory_kib * 1024, time_cost
        self._decoy = self._hasher.hash(secrets.token_urlsafe(16))

    async def create_official(
        self,
        uow: UnitOfWork,
        *,
        username: str,
        display_name: str,
        role: str,
        place_path: str,
        password: str,
        is_head: bool = False,
    ) -> Seat:
        """Give somebody a seat at the desk; a custodian also gets a key pair under this password.

        `is_head`: of the body at that place; a report that names this official is never that body's to handle.

        Raises:
            BadInput: A field is wrong; `fault` says how.
        """
        await self._check_new(uow, username, role, place_path, password)
        secret = pyotp.random_base32(length=TOTP_BYTES * 8 // 5)
        official = await uow.officials.add(
            username=username,
            display_name=display_name or username,
            role=Role(role),
            place_path=place_path,
            password_hash=self._hasher.hash(password),
            totp_secret=secret,
            is_head=is_head,
        )
        if official.role is Role.CUSTODIAN:
            keys = Custodian.create(password, ops_limit=self._time_cost, mem_limit=self._memory_bytes)
            await uow.officials.add_custodian(official.id, keys)
            await uow.identities.begin_pepper(official.id, keys.public_key)
        await uow.log.record(actor="system", act="official_created", subject=f"official/{official.id}", role=role)
        uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Qingfeng")
        return Seat(official, secret, uri)

    async def sign_in(self, uow: UnitOfWork, *, username: str, password: str, code: str, address: str) -> SignedIn:
        """Sign in with password and one-time code.

        The caller commits in either case: a failure is counted.

        Raises:
            SignInRefused: Something is wrong, or there were too many tries for this name or address.
        """
        subjects = (f"name/{username}", f"address/{address}")
        await self._refuse_too_many(uow, subjects)
        official = await uow.officials.by_username(username)
        known = await uow.officials.credentials(official.id) if official and official.active else None
        # Before the transaction and off the event loop: hashing takes half a second on purpose.
        matches = await asyncio.to_thread(self._matches, known.password_hash if known else self._decoy, password)
        await uow.begin()
        await uow.officials.take_turns(subjects)
        await self._refuse_too_many(uow, subjects)  # those who tried meanwhile count as well
        if official is None or known is None or not matches or not await self._code_fits(uow, official, known, code):
            for subject in subjects:
                await uow.officials.add_failure(subject)
            raise SignInRefused
        if self._hasher.check_needs_rehash(known.password_hash):
            await uow.officials.set_password_hash(official.id, self._hasher.hash(password))
        return await self._open(uow, official, "signed_in")

    async def sign_in_by_link(self, uow: UnitOfWork, token: str) -> SignedIn:
        """Sign in with a one-time link.

        Raises:
            LinkSpent: Used, expired or unknown; not told apart.
        """
        official = await uow.officials.use_sign_in_link(hash_token(token))
        if official is None or not official.active:
            raise LinkSpent
        return await self._open(uow, official, "signed_in_by_link")

    async def make_link(self, uow: UnitOfWork, official: Official) -> str:
        """A token for a one-time link; only its hash is kept."""
        token = secrets.token_urlsafe(24)
        await uow.officials.add_sign_in_link(hash_token(token), official.id, uow.clock.now() + LINK_LIFE)
        return token

    async def make_notice_link(self, uow: UnitOfWork, official: Official) -> str:
        """A token that ties a Telegram chat to an official's notices; it cannot sign anybody in."""
        token = secrets.token_urlsafe(24)
        await uow.officials.add_sign_in_link(_notice_hash(token), official.id, uow.clock.now() + LINK_LIFE)
        return token

    async def session(self, uow: UnitOfWork, token: str, *, touch: bool = True) -> DeskSession | None:
        """The session of a cookie, unless it idled too long; without `touch` this look keeps it alive no longer."""
        found = await uow.officials.session(hash_token(token))
        if found is None:
            return None
        idle = uow.clock.now() - found.last_seen_at
        if idle > SESSION_IDLE:
            return None
        if touch and idle > TOUCH_EVERY:
            await uow.officials.touch_session(hash_token(token))
        return found

    async def sign_out(self, uow: UnitOfWork, token: str) -> None:
        """End a session."""
        await uow.officials.close_session(hash_token(token))

    async def _open(self, uow: UnitOfWork, official: Official, act: str) -> SignedIn:
        token = secrets.token_urlsafe(32)
        await uow.officials.open_session(hash_token(token), official.id, secrets.token_urlsafe(24))
        await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"official/{official.id}")
        return SignedIn(token, official)

    async def _refuse_too_many(self, uow: UnitOfWork, subjects: tuple[str, ...]) -> None:
        since = uow.clock.now() - TRIES_WITHIN
        if max([await uow.officials.failures_since(subject, since) for subject in subjects]) >= TRIES:
            raise SignInRefused(wait_seconds=int(TRIES_WITHIN.total_seconds()))

    async def _code_fits(self, uow: UnitOfWork, official: Official, known: Credentials, code: str) -> bool:
        step = _totp_step(known.totp_secret, code.strip(), int(uow.clock.now().timestamp()))
        return step is not None and await uow.officials.use_totp_step(official.id, step)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerificationError:
            return False

    async def _check_new(self, uow: UnitOfWork, username: str, role: str, place_path: str, password: str) -> None:
        faults: tuple[tuple[str, str, Callable[[], bool]], ...] = (
            ("username", "bad_form", lambda: not _USERNAME.fullmatch(username)),
            ("role", "unknown", lambda: role not in set(Role)),
            ("password", "too_short", lambda: len(password) < SHORTEST_PASSWORD),
        )
        for field, fault, is_wrong in faults:
            if is_wrong():
                raise BadInput(field, fault)
        if await uow.officials.by_username(username):
            raise BadInput("username", "taken")
        if await uow.places.by_path(place_path) is None:
            raise BadInput("place", "unknown")


async def receive_notices(uow: UnitOfWork, token: str, chat_id: int) -> Official:
    """Tie a Telegram chat to the official behind a notice link.

    Raises:
        LinkSpent: Used, expired or unknown.
    """
    official = await uow.officials.use_sign_in_link(_notice_hash(token))
    if official is None or not official.active:
        raise LinkSpent
    await uow.officials.set_notice_chat(official.id, chat_id)
    await uow.log.record(actor=f"official/{official.id}", act="notice_chat_set", subject=f"official/{official.id}")
    return official


def _notice_hash(token: str) -> bytes:
    return hash_token(f"notice/{token}")


def hash_token(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def _totp_step(secret: str, code: str, now: int) -> int | None:
    """The time step a code belongs to, at most one step off; None when it fits none."""
    totp = pyotp.TOTP(secret)
    present = now // TOTP_SECONDS
    return (
        next(
            (
                step
                for step in (present, present - 1, present + 1)
                if secrets.compare_digest(totp.at(step * TOTP_SECONDS), code)
            ),
            None,
        )
        if code.isascii()
        else None
    )
