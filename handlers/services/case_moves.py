"""The way through that every act on a case takes: find it, check it, move it, record it, keep its clocks.

`seen` is the version an official was looking at when deciding; a case changed since then raises `StaleVersion`. A case
an official may not know of is answered exactly like one that does not exist.
"""

from typing import Any

from handlers.services.errors import BadInput, CannotMove, NotAllowed, NotFound
from knowledge.casework.access import Permission, may
from knowledge.casework.lifecycle import CaseAct, Missing, missing_for, transition_for
from storage.errors import StaleVersion
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

LONGEST_TEXT = 5_000


def require(official: Official, permission: Permission) -> None:
    """Refuse an official whose role does not carry a permission.

    Raises:
        NotAllowed: It does not, or the seat is closed.
    """
    if not (official.active and may(official.role, permission)):
        raise NotAllowed


async def find(uow: UnitOfWork, official: Official, number: str, permission: Permission) -> Case:
    """A case this official may work on, in a write transaction.

    Raises:
        NotAllowed: The role does not carry the permission.
        NotFound: There is no such case, or none this official may know of.
    """
    require(official, permission)
    await uow.begin()
    case = await uow.cases.by_number(number, visible_to=official)
    if case is None:
        raise NotFound("case")
    return case


async def ready(
    uow: UnitOfWork, official: Official, number: str, act: CaseAct, seen: int | None, permission: Permission
) -> Case:
    """A case for which an act is allowed now.

    Raises:
        CannotMove: Something is missing.
        StaleVersion: It changed since the official looked.
    """
    case = await find(uow, official, number, permission)
    unchanged(case, seen)
    await check(uow, official, case, act)
    return case


def unchanged(case: Case, seen: int | None) -> None:
    """Refuse to act on what has changed since the official looked.

    Raises:
        StaleVersion: It has.
    """
    if seen is not None and seen != case.version:
        raise StaleVersion(case.number)


async def check(uow: UnitOfWork, official: Official, case: Case, act: CaseAct) -> None:
    """Ask the rules for leave.

    Raises:
        CannotMove: Something is missing; it says what.
    """
    missing = missing_for(act, await uow.investigations.progress(case), actor_id=official.id)
    if missing:
        raise CannotMove(case.number, missing)


async def move(uow: UnitOfWork, official: Official, case: Case, act: CaseAct, **values: Any) -> Case:
    """Take an act's transition and record it under its letter; returns the case as it now is.

    A `finding` among the values goes into the record only.
    """
    transition = transition_for(case.state, act)
    if transition is None:
        raise CannotMove(case.number, (Missing.NOT_FROM_HERE,))
    detail = {"finding": values.pop("finding")} if "finding" in values else {}
    await uow.cases.move(case, transition.target, **values)
    await record(uow, official, f"case_{act}", case, letter=transition.letter, **detail)
    return await again(uow, case)


async def again(uow: UnitOfWork, case: Case) -> Case:
    """A case as it is after a change in this unit of work."""
    changed = await uow.cases.by_id(case.id)
    if changed is None:
        raise NotFound("case")
    return changed


async def record(uow: UnitOfWork, official: Official, act: str, case: Case, **detail: Any) -> None:
    """Write an event about a case."""
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"case/{case.number}", **detail)


def worded(field: str, text: str, *, shortest: int, longest: int = LONGEST_TEXT) -> str:
    """A text as it is kept.

    Raises:
        BadInput: It is too short or too long.
    """
    text = text.strip()
    if len(text) < shortest:
        raise BadInput(field, "too_short")
    if len(text) > longest:
        raise BadInput(field, "too_long")
    return text
