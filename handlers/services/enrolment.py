"""Setting up one's own seat: an invitation's password and authenticator, what a reset replaces, a new phone.

Whoever makes a link never learns what is set up with it: the authenticator's secret is made for the browser that opens
the link, and is bound to it. What a newcomer gets wrong: a reset must not let the one who made the link in. It replaces
what was lost only for somebody who still has the rest: the old password, or a code of the old authenticator.
"""

from dataclasses import dataclass, field
from typing import Final

from handlers.services.access import (
    LINK_LIFE,
    Access,
    Caller,
    SignedIn,
    hash_token,
    new_token,
    new_totp_secret,
    totp_step,
    totp_uri,
)
from handlers.services.errors import BadFields, BadInput, LinkSpent, SignInRefused
from handlers.services.tries import count_failure, refuse_hurried
from storage.repositories.officials import Official
from storage.repositories.sign_ins import DeskSession, SeatLink
from storage.unit_of_work import UnitOfWork

INVITATION: Final = "invitation"
RESET: Final = "reset"
ENROL: Final = "enrol"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a browser that opened a link is shown: whose seat it is, and a secret for an authenticator app."""

    official: Official
    kind: str
    totp_secret: str = field(repr=False)
    totp_uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was typed to set up a seat; of `old_password` and `old_code` a reset needs one."""

    password: str = field(repr=False)
    again: str = field(repr=False)
    code: str = field(repr=False)
    old_password: str = field(default="", repr=False)
    old_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The session that follows; `keeps_names`: a custodian's key opens with the new password."""

    signed: SignedIn
    keeps_names: bool


async def make_link(uow: UnitOfWork, official: Official, *, made_by: Official | None) -> tuple[str, str]:
    """A link to an official's seat in the place of any before: its kind and its token, of which only a hash is kept."""
    kind, token = RESET if official.enrolled else INVITATION, new_token()
    maker = made_by.id if made_by else None
    await uow.sign_ins.add_seat_link(hash_token(token), official.id, kind, made_by=maker, life=LINK_LIFE)
    actor = f"official/{maker}" if maker else "system"
    await uow.log.record(actor=actor, act=f"{kind}_made", subject=f"official/{official.id}")
    return kind, token


async def begin(uow: UnitOfWork, token: str, browser: str) -> Enrolment:
    """Open a link in a browser; opened there again, it shows the same secret.

    Raises:
        LinkSpent: Used, revoked, expired or unknown; not told apart.
    """
    link = await _link(uow, token)
    bound = _bound(browser, token)
    before = await uow.sign_ins.begun(bound, ENROL)
    secret = before.secret.decode() if before and before.official_id == link.official.id else new_totp_secret()
    await uow.sign_ins.begin(bound, ENROL, secret.encode(), official_id=link.official.id, life=LINK_LIFE)
    return Enrolment(link.official, link.kind, secret, totp_uri(link.official, secret))


async def finish(uow: UnitOfWork, access: Access, token: str, browser: str, chosen: Chosen, caller: Caller) -> Enrolled:
    """Set the seat up and come in. The caller commits in any case but `BadFields` and `LinkSpent`.

    Raises:
        BadFields: What was typed is not good enough; nothing is used up.
        LinkSpent: The link is not in force (any more), or was opened in another browser.
        SignInRefused: Neither the old password nor the old code is right, or there were too many tries.
    """
    link = await _link(uow, token)
    begun = await uow.sign_ins.begun(_bound(browser, token), ENROL)
    if begun is None or begun.official_id != link.official.id:
        raise LinkSpent
    secret = begun.secret.decode()
    step = await _checked(uow, access, link.official, secret, chosen)
    hashed = await access.hashing.hash(chosen.password)
    old = await _proven(uow, access, link, chosen) if link.kind == RESET else None
    await uow.begin()
    if not await uow.sign_ins.use_seat_link(hash_token(token)):
        raise LinkSpent
    await uow.sign_ins.finish(_bound(browser, token), ENROL)
    keeps = await access.set_password(uow, link.official, hashed, old=old, new=chosen.password)
    await uow.officials.set_totp(link.official.id, secret, step)
    await uow.sign_ins.remove_passkeys(link.official.id)
    await uow.officials.enrol(link.official.id)
    return Enrolled(await access.open(uow, link.official, INVITATION, caller), keeps)


async def begin_code(uow: UnitOfWork, session: DeskSession) -> Enrolment:
    """A secret for a new phone, for the official of this session and nobody else."""
    secret = new_totp_secret()
    official = session.official
    await uow.sign_ins.begin(session.token_hash, ENROL, secret.encode(), official_id=official.id, life=LINK_LIFE)
    return Enrolment(official, ENROL, secret, totp_uri(official, secret))


async def begun_code(uow: UnitOfWork, session: DeskSession) -> Enrolment | None:
    """What `begin_code` has begun in this session."""
    begun = await uow.sign_ins.begun(session.token_hash, ENROL)
    if begun is None or begun.official_id != session.official.id:
        return None
    secret = begun.secret.decode()
    return Enrolment(session.official, ENROL, secret, totp_uri(session.official, secret))


async def finish_code(uow: UnitOfWork, access: Access, session: DeskSession, code: str) -> None:
    """Codes come from the new phone from now on.

    Raises:
        BadInput: The code is not one of the new phone's, or nothing was begun.
    """
    begun = await begun_code(uow, session)
    if begun is None:
        raise BadInput("code", "begin_again")
    step = _step(uow, begun.totp_secret, code)
    if step is None:
        raise BadInput("code", "wrong")
    await uow.sign_ins.finish(session.token_hash, ENROL)
    await uow.officials.set_totp(session.official.id, begun.totp_secret, step)
    await uow.sign_ins.end_all(session.official.id, but=session.token_hash)
    await access.record(uow, session.official, "authenticator_changed")


async def _link(uow: UnitOfWork, token: str) -> SeatLink:
    link = await uow.sign_ins.seat_link(hash_token(token))
    if link is None:
        raise LinkSpent
    return link


async def _checked(uow: UnitOfWork, access: Access, official: Official, secret: str, chosen: Chosen) -> int:
    """The time step of the code, once all that was typed is good enough."""
    faults: list[BadInput] = []
    try:
        await access.refuse_weak(uow, official, chosen.password)
    except BadInput as wrong:
        faults.append(wrong)
    if chosen.again != chosen.password:
        faults.append(BadInput("again", "differs"))
    step = _step(uow, secret, chosen.code)
    if step is None:
        faults.append(BadInput("code", "wrong"))
    if faults or step is None:
        raise BadFields(tuple(faults))
    return step


async def _proven(uow: UnitOfWork, access: Access, link: SeatLink, chosen: Chosen) -> str | None:
    """The old password if that was shown and is right; None if a code of the old authenticator was."""
    if chosen.old_password:
        await access.check_password(uow, link.official, chosen.old_password)
        return chosen.old_password
    subjects = (f"again/{link.official.id}",)
    await uow.begin()
    await uow.officials.take_turns(subjects)
    await refuse_hurried(uow, subjects)
    known = await uow.officials.credentials(link.official.username)
    step = _step(uow, known.totp_secret, chosen.old_code) if known else None
    if step is None or not await uow.officials.use_totp_step(link.official.id, step):
        await count_failure(uow, subjects)
        raise SignInRefused
    return None


def _step(uow: UnitOfWork, secret: str, code: str) -> int | None:
    return totp_step(secret, "".join(code.split()), int(uow.clock.now().timestamp()))


def _bound(browser: str, token: str) -> bytes:
    return hash_token(f"{ENROL}/{browser}/{token}")
