"""How long somebody has to wait after wrong answers: five tries a minute, then one, two, four ... fifteen minutes.

Counted for each account and for each address; who comes with a browser that has signed in to the account before is
counted for that browser alone, so that a stranger's failures keep nobody out of their own account. A wait is halved
for each quarter of an hour without another failure, and nothing is ever locked for good.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from handlers.services.errors import SignInRefused
from storage.repositories.sign_ins import Strain
from storage.unit_of_work import UnitOfWork

TRIES: Final = 5
TRIES_WITHIN: Final = timedelta(minutes=1)
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(minutes=15)
RELAXED_AFTER: Final = timedelta(minutes=15)
#: After this many doublings a wait is the longest one anyway.
_HIGHEST: Final = 4


def after_failure(before: Strain | None, now: datetime) -> Strain:
    """What one more failure makes of it."""
    level = level_now(before, now)
    if before is not None and now - before.first_at <= TRIES_WITHIN:
        failures, first_at = before.failures + 1, before.first_at
    else:
        failures, first_at = 1, now
    if not level and failures < TRIES:
        return Strain(failures, 0, first_at, now, None)
    return Strain(failures, min(level + 1, _HIGHEST + 1), first_at, now, now + wait_at(level))


def level_now(strain: Strain | None, now: datetime) -> int:
    """How far a subject's wait has grown, less what quiet time has taken off since the last wait was over."""
    if strain is None:
        return 0
    quiet = max(now - (strain.wait_until or strain.last_at), timedelta(0))
    return max(0, strain.level - quiet // RELAXED_AFTER)


def wait_at(level: int) -> timedelta:
    """The wait that begins at a level: 1, 2, 4, 8, 15 minutes."""
    return min(FIRST_WAIT * (1 << min(level, _HIGHEST)), LONGEST_WAIT)


async def refuse_hurried(uow: UnitOfWork, subjects: Sequence[str]) -> None:
    """Stop here while one of the subjects has to wait.

    Raises:
        SignInRefused: It says for how long.
    """
    now = uow.clock.now()
    found = [await uow.sign_ins.strain(subject) for subject in subjects]
    waits = [one.wait_until - now for one in found if one is not None and one.wait_until is not None]
    longest = max(waits, default=timedelta(0))
    if longest > timedelta(0):
        raise SignInRefused(wait_seconds=math.ceil(longest.total_seconds()))


async def count_failure(uow: UnitOfWork, subjects: Sequence[str]) -> None:
    """One more failure of each of the subjects; whoever calls this has taken their turns and commits."""
    for subject in subjects:
        await uow.sign_ins.set_strain(subject, after_failure(await uow.sign_ins.strain(subject), uow.clock.now()))
