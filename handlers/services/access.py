"""Who may enter the desk: password and one-time code, a passkey, or a demo's link; sessions that end by themselves."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyotp

from handlers.services.errors import BadInput, LinkSpent, SignInRefused
from handlers.services.passwords import Hashing, follow_password, known_of, refuse_weak
from handlers.services.tries import TRIES, TRIES_WITHIN, count_failure, refuse_hurried
from knowledge.casework.access import Role
from storage.repositories.officials import Credentials, Official
from storage.repositories.sign_ins import DeskSession
from storage.unit_of_work import UnitOfWork

__all__ = ["TRIES", "TRIES_WITHIN", "Access", "Seat", "SignedIn", "hash_token", "new_token", "receive_notices"]

#: How a notice link begins; the single-use token follows.
NOTICES: Final = "o_"
SESSION_IDLE: Final = timedelta(minutes=30)
SESSION_LONGEST: Final = timedelta(hours=12)
TOUCH_EVERY: Final = timedelta(minutes=1)
#: How long after showing password or passkey an official may do what asks for it once more.
CONFIRMED_FOR: Final = timedelta(minutes=5)
LINK_LIFE: Final = timedelta(hours=24)
#: A browser is known for half a year after the last sign-in with it.
DEVICE_LIFE: Final = timedelta(days=180)
STRAIN_KEPT: Final = timedelta(days=1)
TOTP_SECONDS: Final = 30
TOTP_BYTES: Final = 20  # 160 bits
TOKEN_BYTES: Final = 32  # 256 bits
_USERNAME: Final = re.compile(r"[a-z][a-z0-9_.-]{1,58}")


@dataclass(frozen=True, slots=True)
class Seat:
    """A new official with the secret to enter once into an authenticator app."""

    official: Official
    totp_secret: str
    totp_uri: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The browser somebody signs in with: where it calls from, what kind it is, the token it is known by if any."""

    address: str
    device: str = "unknown"
    known_by: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's new session: the cookies' tokens, told once. `device_token` is what it is known by from now on."""

    token: str
    official: Official
    device_token: str = ""


class Access:
    """Signs officials in and out.

    `mem_limit` (KiB) and `time_cost` are Argon2id's; tests hand in smaller ones, a deployment never does.
    """

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 128 * 1024) -> None:
        self.hashing = Hashing(time_cost=time_cost, memory_kib=memory_kib)

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
        """Give somebody a seat that is set up already; a custodian also gets a key pair under this password.

        `is_head`: of the body at that place; a report that names this official is never that body's to handle.

        Raises:
            BadInput: A field is wrong; `fault` says how.
        """
        place_name = await check_new(uow, username, role, place_path)
        known = (username, display_name, place_name, *place_path.split("/"))
        await refuse_weak(password, known)
        secret = new_totp_secret()
        official = await uow.officials.add(
            username=username,
            display_name=display_name or username,
            role=Role(role),
            place_path=place_path,
            password_hash=await self.hashing.hash(password),
            totp_secret=secret,
            is_head=is_head,
        )
        await follow_password(uow, self.hashing, official, old=None, new=password)
        await uow.log.record(actor="system", act="official_created", subject=f"official/{official.id}", role=role)
        return Seat(official, secret, totp_uri(official, secret))

    async def sign_in(self, uow: UnitOfWork, *, username: str, password: str, code: str, caller: Caller) -> SignedIn:
        """Sign in with password and one-time code.

        The caller commits in either case: a failure is counted. A name nobody has is answered by the same work.

        Raises:
            SignInRefused: Something is wrong, or there were too many tries for this name or address.
        """
        subjects = await self._subjects(uow, username, caller)
        await refuse_hurried(uow, subjects)
        known = await uow.officials.credentials(username)
        # Before the transaction and off the event loop: hashing takes half a second on purpose.
        matches = await self.hashing.matches(known.password_hash if known else None, password)
        await uow.begin()
        await uow.officials.take_turns(subjects)
        await refuse_hurried(uow, subjects)  # those who tried meanwhile count as well
        if known is None or not matches or not await self._code_fits(uow, known, code):
            await count_failure(uow, subjects)
            raise SignInRefused
        if self.hashing.is_outdated(known.password_hash):
            await uow.officials.set_password_hash(known.official.id, await self.hashing.hash(password))
        if caller.known_by:
            await uow.sign_ins.relieve([_device_subject(caller, username)])
        await follow_password(uow, self.hashing, known.official, old=password, new=password)
        return await self.open(uow, known.official, "password", caller)

    async def sign_in_by_link(self, uow: UnitOfWork, token: str, caller: Caller | None = None) -> SignedIn:
        """Sign in with a one-time link; only a demo has a page that takes one.

        Raises:
            LinkSpent: Used, expired or unknown; not told apart.
        """
        official = await uow.officials.use_sign_in_link(hash_token(token))
        if official is None or not official.active:
            raise LinkSpent
        return await self.open(uow, official, "link", caller or Caller(""))

    async def make_link(self, uow: UnitOfWork, official: Official) -> str:
        """A token for a one-time link; only its hash is kept."""
        token = new_token()
        await uow.officials.add_sign_in_link(hash_token(token), official.id, uow.clock.now() + LINK_LIFE)
        return token

    async def make_notice_link(self, uow: UnitOfWork, official: Official) -> str:
        """A token that ties a Telegram chat to an official's notices; it cannot sign anybody in."""
        token = secrets.token_urlsafe(24)  # a Telegram start parameter holds 64 characters
        await uow.officials.add_sign_in_link(_notice_hash(token), official.id, uow.clock.now() + LINK_LIFE)
        return token

    async def session(self, uow: UnitOfWork, token: str, *, touch: bool = True) -> DeskSession | None:
        """The session of a cookie, unless it idled or lasted too long; without `touch` a look is no sign of life."""
        found = await uow.sign_ins.session(hash_token(token))
        if found is None:
            return None
        now = uow.clock.now()
        if not self.is_live(now, found):
            return None
        if touch and now - found.last_seen_at > TOUCH_EVERY:
            await uow.sign_ins.touch_session(found.token_hash)
        return found

    def is_live(self, now: datetime, session: DeskSession) -> bool:
        """Whether a session neither idled nor lasted too long."""
        return now - session.last_seen_at <= SESSION_IDLE and now - session.created_at <= SESSION_LONGEST

    async def sign_out(self, uow: UnitOfWork, token: str) -> None:
        """End a session."""
        await uow.sign_ins.close_session(hash_token(token))

    def is_confirmed(self, uow: UnitOfWork, session: DeskSession) -> bool:
        """Whether the official has shown password or passkey within the last minutes."""
        return session.confirmed_at is not None and uow.clock.now() - session.confirmed_at <= CONFIRMED_FOR

    async def confirm(self, uow: UnitOfWork, session: DeskSession, password: str) -> None:
        """Note that it is still the official who sits there. The caller commits in either case.

        Raises:
            SignInRefused: The password is wrong, or there were too many tries.
        """
        await self.check_password(uow, session.official, password)
        await uow.sign_ins.confirm_session(session.token_hash)

    async def check_password(self, uow: UnitOfWork, official: Official, password: str) -> Credentials:
        """An official's own password, typed once more. The caller commits in either case.

        Raises:
            SignInRefused: The password is wrong, or there were too many tries.
        """
        subjects = (f"again/{official.id}",)
        await refuse_hurried(uow, subjects)
        known = await uow.officials.credentials(official.username)
        matches = await self.hashing.matches(known.password_hash if known else None, password)
        await uow.begin()
        await uow.officials.take_turns(subjects)
        await refuse_hurried(uow, subjects)
        if known is None or not matches:
            await count_failure(uow, subjects)
            raise SignInRefused
        return known

    async def change_password(self, uow: UnitOfWork, session: DeskSession, *, old: str, new: str) -> bool:
        """Another password; every other session of this official ends. The caller commits in either case.

        Returns whether a custodian's key opens with the new one; False when the recovery key is needed.

        Raises:
            BadInput: The new password is not good enough.
            SignInRefused: The old one is wrong, or there were too many tries.
        """
        official = session.official
        await self.refuse_weak(uow, official, new)
        hashed = await self.hashing.hash(new)  # before the transaction: it takes half a second on purpose
        await self.check_password(uow, official, old)
        return await self.set_password(uow, official, hashed, old=old, new=new, but=session.token_hash)

    async def set_password(
        self, uow: UnitOfWork, official: Official, hashed: str, *, old: str | None, new: str, but: bytes = b""
    ) -> bool:
        """Put a checked password in place and end every session but one; returns what `follow_password` does."""
        await uow.officials.set_password_hash(official.id, hashed)
        followed = await follow_password(uow, self.hashing, official, old=old, new=new)
        await uow.sign_ins.end_all(official.id, but=but)
        await self.record(uow, official, "password_changed")
        return followed

    async def refuse_weak(self, uow: UnitOfWork, official: Official, password: str) -> None:
        """Stop here when a new password is not good enough for this official.

        Raises:
            BadInput: `fault` says how.
        """
        place = await uow.places.by_path(official.place_path)
        await refuse_weak(password, known_of(official, place.name if place else ""))

    async def open(self, uow: UnitOfWork, official: Official, way: str, caller: Caller) -> SignedIn:
        """A session for an official who has shown who they are; the browser is known from now on."""
        token, known_by = new_token(), caller.known_by or new_token()
        await uow.sign_ins.open_session(
            hash_token(token), official.id, secrets.token_urlsafe(24), way=way, device=caller.device
        )
        await uow.sign_ins.know(hash_token(known_by), official.id, caller.device)
        await self.record(uow, official, "signed_in" if way == "password" else f"signed_in_by_{way}")
        now = uow.clock.now()
        await uow.sign_ins.forget_old(
            sessions_before=now - SESSION_LONGEST, strain_before=now - STRAIN_KEPT, devices_before=now - DEVICE_LIFE
        )
        return SignedIn(token, official, known_by)

    async def record(self, uow: UnitOfWork, official: Official, act: str) -> None:
        """An official did something to their own seat."""
        await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"official/{official.id}")

    async def _subjects(self, uow: UnitOfWork, username: str, caller: Caller) -> tuple[str, ...]:
        """What failures are counted for."""
        if caller.known_by and await uow.sign_ins.knows(hash_token(caller.known_by), username):
            return (_device_subject(caller, username),)
        return (f"name/{username}", f"address/{caller.address}")

    async def _code_fits(self, uow: UnitOfWork, known: Credentials, code: str) -> bool:
        step = totp_step(known.totp_secret, code.strip(), int(uow.clock.now().timestamp()))
        return step is not None and await uow.officials.use_totp_step(known.official.id, step)


async def check_new(uow: UnitOfWork, username: str, role: str, place_path: str) -> str:
    """Stop here when a new seat cannot be as asked for; returns the name of its place.

    Raises:
        BadInput: A field is wrong; `fault` says how.
    """
    faults: tuple[tuple[str, str, Callable[[], bool]], ...] = (
        ("username", "bad_form", lambda: not _USERNAME.fullmatch(username)),
        ("role", "unknown", lambda: role not in set(Role)),
    )
    for field, fault, is_wrong in faults:
        if is_wrong():
            raise BadInput(field, fault)
    if await uow.officials.by_username(username):
        raise BadInput("username", "taken")
    place = await uow.places.by_path(place_path)
    if place is None:
        raise BadInput("place", "unknown")
    return place.name


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


def new_token() -> str:
    """A token for a cookie or a link: 256 bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def new_totp_secret() -> str:
    """A secret for an authenticator app: 160 bits."""
    return pyotp.random_base32(length=TOTP_BYTES * 8 // 5)


def totp_uri(official: Official, secret: str) -> str:
    """What an authenticator app reads from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=official.username, issuer_name="Qingfeng")


def totp_step(secret: str, code: str, now: int) -> int | None:
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


def _device_subject(caller: Caller, username: str) -> str:
    return f"device/{hash_token(caller.known_by).hex()}/{username}"


def _notice_hash(token: str) -> bytes:
    return hash_token(f"notice/{token}")
