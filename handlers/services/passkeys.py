"""Passkeys: registered in one's own session, used to sign in and to confirm, checked by the `webauthn` package.

A challenge is made for one browser and one purpose, lives five minutes, and is used up by the first answer whether or
not that is right. What a newcomer gets wrong: the origin and the relying party come from the deployment's own address,
never from the request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Final, TypeVar
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import options_to_json, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from handlers.services.access import Access, Caller, SignedIn, hash_token
from handlers.services.errors import BadInput, PasskeyRefused
from handlers.services.tries import count_failure, refuse_hurried
from storage.repositories.officials import Official
from storage.repositories.sign_ins import DeskSession, Passkey
from storage.unit_of_work import UnitOfWork

CHALLENGE_LIFE: Final = timedelta(minutes=5)
MOST: Final = 10
LONGEST_NAME: Final = 60
LONGEST_ANSWER: Final = 16 * 1024  # characters
ADD: Final = "add_passkey"
USE: Final = "use_passkey"
CONFIRM: Final = "confirm"
_VERIFIED: Final = UserVerificationRequirement.REQUIRED  # by the phone's lock or the key's PIN: two factors in one
#: What a malformed answer can make the package raise beside its own errors.
_MALFORMED: Final = (
    WebAuthnException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who we are to an authenticator."""

    id: str
    origin: str


def relying_party(base_url: str) -> RelyingParty | None:
    """The relying party of an address; None where browsers offer no passkeys: a bare number, or http."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        is_name = bool(host)
    else:
        is_name = False
    is_safe = parts.scheme == "https" or host == "localhost" or host.endswith(".localhost")
    return RelyingParty(host, f"{parts.scheme}://{parts.netloc}") if is_name and is_safe else None


async def begin_adding(uow: UnitOfWork, we: RelyingParty, session: DeskSession) -> str:
    """What the browser is to ask an authenticator for, as JSON.

    Raises:
        BadInput: There are many already.
    """
    official = session.official
    there = await uow.sign_ins.passkeys_of(official.id)
    if len(there) >= MOST:
        raise BadInput("passkey", "too_many")
    options = webauthn.generate_registration_options(
        rp_id=we.id,
        rp_name="清风",
        user_id=_user_handle(official),
        user_name=official.username,
        user_display_name=official.display_name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in there],
    )
    await uow.sign_ins.begin(session.token_hash, ADD, options.challenge, official_id=official.id, life=CHALLENGE_LIFE)
    return options_to_json(options)


async def finish_adding(
    uow: UnitOfWork, access: Access, we: RelyingParty, session: DeskSession, answer: str, name: str
) -> None:
    """Keep a new passkey. The caller commits in either case: the challenge is used up.

    Raises:
        BadInput: The name is too long.
        PasskeyRefused: The answer does not hold.
    """
    name = _named(name)
    begun = await uow.sign_ins.finish(session.token_hash, ADD)
    if begun is None or begun.official_id != session.official.id or len(answer) > LONGEST_ANSWER:
        raise PasskeyRefused
    verified = _held(
        lambda: webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=begun.secret,
            expected_rp_id=we.id,
            expected_origin=we.origin,
            require_user_verification=True,
        )
    )
    if await uow.sign_ins.passkey(verified.credential_id) is not None:
        raise PasskeyRefused
    await uow.sign_ins.add_passkey(
        session.official.id,
        session.token_hash,
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        count=verified.sign_count,
        name=name or "通行密钥",
    )
    await access.record(uow, session.official, "passkey_added")


async def begin_sign_in(uow: UnitOfWork, we: RelyingParty, browser: str) -> str:
    """What a browser in which nobody is signed in is to ask an authenticator for, as JSON: any key it holds for us."""
    return await _begin(uow, we, _bound(browser), USE, None, [])


async def begin_confirming(uow: UnitOfWork, we: RelyingParty, session: DeskSession) -> str:
    """The same for an official who is signed in: one of their own keys."""
    keys = await uow.sign_ins.passkeys_of(session.official.id)
    return await _begin(uow, we, session.token_hash, CONFIRM, session.official, keys)


async def sign_in(
    uow: UnitOfWork, access: Access, we: RelyingParty, browser: str, answer: str, caller: Caller
) -> SignedIn:
    """Sign in with a passkey. The caller commits in either case: challenge and failure are counted.

    Raises:
        PasskeyRefused: The answer does not hold.
        SignInRefused: There were too many failures from this address.
    """
    subjects = (f"address/{caller.address}",)
    await uow.begin()
    await uow.officials.take_turns(subjects)
    await refuse_hurried(uow, subjects)
    try:
        one = await _verified(uow, we, _bound(browser), USE, answer)
        official = await _active(uow, one.official_id)
    except PasskeyRefused:
        await count_failure(uow, subjects)
        raise
    return await access.open(uow, official, "passkey", caller)


async def confirm(uow: UnitOfWork, we: RelyingParty, session: DeskSession, answer: str) -> None:
    """Note that it is still the official who sits there. The caller commits in either case.

    Raises:
        PasskeyRefused: The answer does not hold, or the key is somebody else's.
    """
    one = await _verified(uow, we, session.token_hash, CONFIRM, answer)
    if one.official_id != session.official.id:
        raise PasskeyRefused
    await uow.sign_ins.confirm_session(session.token_hash)


async def rename(uow: UnitOfWork, session: DeskSession, passkey_id: int, name: str) -> None:
    """Call one's own passkey something else.

    Raises:
        BadInput: The name is empty or too long, or there is no such passkey.
    """
    name = _named(name)
    if not name or not await uow.sign_ins.rename_passkey(session.official.id, passkey_id, name):
        raise BadInput("passkey_name", "bad_length" if not name else "unknown")


async def remove(uow: UnitOfWork, access: Access, session: DeskSession, passkey_id: int) -> None:
    """Let one of one's own passkeys open nothing any more; none is left to say so about somebody else's."""
    if await uow.sign_ins.remove_passkeys(session.official.id, passkey_id):
        await access.record(uow, session.official, "passkey_removed")


async def _begin(
    uow: UnitOfWork, we: RelyingParty, bound: bytes, purpose: str, official: Official | None, keys: list[Passkey]
) -> str:
    options = webauthn.generate_authentication_options(
        rp_id=we.id,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in keys],
        user_verification=_VERIFIED,
    )
    whose = official.id if official else None
    await uow.sign_ins.begin(bound, purpose, options.challenge, official_id=whose, life=CHALLENGE_LIFE)
    return options_to_json(options)


async def _verified(uow: UnitOfWork, we: RelyingParty, bound: bytes, purpose: str, answer: str) -> Passkey:
    """The passkey behind an answer that holds, its counter moved on."""
    begun = await uow.sign_ins.finish(bound, purpose)
    if begun is None or len(answer) > LONGEST_ANSWER:
        raise PasskeyRefused
    said = _held(lambda: parse_authentication_credential_json(answer))
    one = await uow.sign_ins.passkey(said.raw_id)
    if one is None:
        raise PasskeyRefused
    verified = _held(
        lambda: webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=begun.secret,
            expected_rp_id=we.id,
            expected_origin=we.origin,
            credential_public_key=one.public_key,
            credential_current_sign_count=one.sign_count,
            require_user_verification=True,
        )
    )
    if not await uow.sign_ins.use_passkey(one, verified.new_sign_count):
        raise PasskeyRefused
    return one


async def _active(uow: UnitOfWork, official_id: int) -> Official:
    found = await uow.officials.get(official_id)
    if found is None or not found.active:
        raise PasskeyRefused
    return found


def _held(check: Callable[[], T]) -> T:
    try:
        return check()
    except _MALFORMED as error:
        raise PasskeyRefused from error


def _named(name: str) -> str:
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME:
        raise BadInput("passkey_name", "bad_length")
    return name


def _user_handle(official: Official) -> bytes:
    """What authenticators call this official: the same for all of their keys, and no personal data."""
    return hash_token(f"passkey/{official.id}")


def _bound(browser: str) -> bytes:
    return hash_token(f"{USE}/{browser}")
