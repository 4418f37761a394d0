"""Officials' key pairs through their lives: made at the door, kept through a new password, changed, printed.

Whoever may come to know a name has a pair (knowledge.casework.access.NAME_ROLES). What a newcomer gets wrong: a pair is
never made anew when a password is lost, as long as there is another way to its private half: what was sealed to the
old one would be lost with it.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from nacl.public import PrivateKey

from handlers.services.errors import BadInput, NotFound, SignInRefused
from knowledge.casework.access import NAME_ROLES, Role
from storage.custody import KeyCost, KeyPair, Unlocked, is_recovery_key, new_recovery_key
from storage.errors import WrongPassword
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

COST: Final = KeyCost()
_Made = TypeVar("_Made")
#: Tries at one's key, as at the door (handlers/services/access.py).
TRIES: Final = 5
TRIES_WITHIN: Final = timedelta(minutes=1)


async def begin(uow: UnitOfWork, official: Official, password: str, *, cost: KeyCost = COST) -> bool:
    """Give an official who may come to know a name a key pair, unless there is one; says whether it is new.

    Args:
        uow: The unit of work.
        official: Whose it is.
        password: What the private half lies under; checked by the caller.
        cost: What a guess at the password is to cost.
    """
    if official.role not in NAME_ROLES or await uow.officials.key_of(official.id) is not None:
        return False
    await _keep_new(uow, official, password, cost)
    return True


async def rewrap(
    uow: UnitOfWork,
    official: Official,
    *,
    old: str | None = None,
    recovery: str | None = None,
    new: str,
    cost: KeyCost | None = None,
) -> None:
    """Put an official's private key under a new password; what was sealed to it stays readable.

    With neither the old password nor the recovery key an official gets a new pair, and names released to the old one
    have to be asked for again. A custodian does not: the shares would be lost.

    Args:
        uow: The unit of work; to be committed.
        official: Whose key it is.
        old: The password until now.
        recovery: The printed recovery key, when the password is lost.
        new: The password from now on.
        cost: What a guess at the new password is to cost; None: as until now.

    Raises:
        BadInput: `recovery`: it has a slip of the pen (`bad_form`), or a custodian gave nothing (`needed`).
        WrongPassword: The old password or the recovery key is not this official's.
    """
    pair = await uow.officials.key_of(official.id)
    if pair is None:
        await begin(uow, official, new, cost=cost or COST)
        return
    if recovery is not None and not is_recovery_key(recovery):
        raise BadInput("recovery", "bad_form")
    wanted = cost or pair.cost
    if old is not None or recovery is not None:
        key = await in_thread(lambda: pair.unlock(old) if old is not None else pair.recover(recovery or ""))
        changed = await in_thread(lambda: key.under_password(new, wanted, pair.recovery_sealed))
        await uow.officials.set_key(official.id, changed)
    elif official.role is Role.CUSTODIAN:
        raise BadInput("recovery", "needed")
    else:
        given = await uow.releases.given_to(official.id)
        await uow.releases.forget([one.id for one in given])
        fresh = await in_thread(lambda: KeyPair.create(new, ops_limit=wanted.ops_limit, mem_limit=wanted.mem_limit))
        await uow.officials.set_key(official.id, fresh)
    how = "password" if old is not None else "recovery" if recovery is not None else "new_pair"
    await _record(uow, official, "key_rewrapped", by=how)


async def recover(uow: UnitOfWork, official: Official, recovery: str, password: str) -> None:
    """Put a key that a lost password left behind under the present password; wrong recovery keys are counted.

    Args:
        uow: The unit of work; committed in any case.
        official: Whose key it is.
        recovery: The printed recovery key.
        password: The present password; the caller has checked that it is.

    Raises:
        BadInput: `recovery`: a slip of the pen (`bad_form`), or it opens nothing (`wrong`).
        NotFound: There is no key pair, or no recovery key was ever printed.
        SignInRefused: Too many wrong ones; it says how long to wait.
    """
    subject = f"name/{official.id}"
    await _refuse_too_many(uow, subject)
    pair = await uow.officials.key_of(official.id)
    if pair is None or pair.recovery_sealed is None:
        raise NotFound("key")
    await uow.begin()
    await uow.officials.take_turns((subject,))
    await _refuse_too_many(uow, subject)
    try:
        await rewrap(uow, official, recovery=recovery, new=password)
    except WrongPassword:
        await uow.officials.add_failure(subject)
        await _record(uow, official, "key_not_opened", by="recovery")
        raise BadInput("recovery", "wrong") from None


async def print_recovery(uow: UnitOfWork, official: Official, password: str) -> str:
    """A recovery key for one's private key, told once; an earlier one opens nothing any more.

    Raises:
        WrongPassword, SignInRefused: As in `unlock`.
    """
    pair, key = await unlock(uow, official, password)
    recovery = new_recovery_key()
    changed = KeyPair(
        pair.public_key,
        pair.private_key_sealed,
        pair.salt,
        pair.ops_limit,
        pair.mem_limit,
        key.under_recovery(recovery),
    )
    await uow.officials.set_key(official.id, changed)
    await _record(uow, official, "recovery_key_made")
    return recovery


async def unlock(
    uow: UnitOfWork,
    official: Official,
    password: str,
    *,
    failed: str = "key_not_opened",
    about: str = "",
    **detail: object,
) -> tuple[KeyPair, Unlocked]:
    """An official's key, by the password; wrong ones are counted, and the caller commits in any case.

    Taken before the transaction and off the event loop, because it takes half a second on purpose.

    Args:
        uow: The unit of work.
        official: Whose key it is.
        password: What was typed.
        failed: The act that a wrong password is recorded as.
        about: What it was typed for; empty: the key itself.
        detail: What else the record says.

    Raises:
        NotFound: There is no key pair yet.
        SignInRefused: Too many wrong passwords; it says how long to wait.
        WrongPassword: It does not open the key.
    """
    subject = f"name/{official.id}"
    await _refuse_too_many(uow, subject)
    pair = await uow.officials.key_of(official.id)
    if pair is None:
        raise NotFound("key")
    try:
        key = await in_thread(lambda: pair.unlock(password))
    except WrongPassword:
        await uow.begin()
        await uow.officials.take_turns((subject,))
        await _refuse_too_many(uow, subject)  # those that were tried meanwhile count as well
        await uow.officials.add_failure(subject)
        subject_ = about or f"official/{official.id}"
        await uow.log.record(actor=f"official/{official.id}", act=failed, subject=subject_, **detail)
        raise
    await uow.begin()
    await uow.officials.take_turns((subject,))
    await _refuse_too_many(uow, subject)
    return pair, key


def fresh_key() -> Unlocked:
    """A new private key, under nothing yet."""
    return Unlocked(PrivateKey.generate())


async def in_thread(make: Callable[[], _Made]) -> _Made:
    """What takes half a second on purpose, off the event loop."""
    return await asyncio.to_thread(make)


async def _keep_new(uow: UnitOfWork, official: Official, password: str, cost: KeyCost) -> None:
    pair = await in_thread(lambda: KeyPair.create(password, ops_limit=cost.ops_limit, mem_limit=cost.mem_limit))
    await uow.officials.add_key(official.id, pair)
    if official.role is Role.CUSTODIAN:
        await uow.identities.begin_pepper(official.id, pair.public_key)


async def _refuse_too_many(uow: UnitOfWork, subject: str) -> None:
    if await uow.officials.failures_since(subject, uow.clock.now() - TRIES_WITHIN) >= TRIES:
        raise SignInRefused(wait_seconds=int(TRIES_WITHIN.total_seconds()))


async def _record(uow: UnitOfWork, official: Official, act: str, **detail: object) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"official/{official.id}", **detail)
