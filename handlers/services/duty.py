"""Who is on duty: a weekly roster for each unit, by hour and kind of report.

What a newcomer gets wrong: a roster looks at the clock and never at who has how much to do. If it did, somebody who
must stand back from a case would see from the next one whose turn it was.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers.services.case_moves import require
from handlers.services.errors import BadInput, NotFound
from knowledge.casework.access import HANDLING_ROLES, Permission, covers
from knowledge.clock import SHANGHAI
from storage.repositories.officials import Official
from storage.repositories.places import Place
from storage.repositories.roster import DutySlot
from storage.unit_of_work import UnitOfWork

DAYS: Final = 7
DAY_ENDS: Final = 24 * 60
_TIME: Final = re.compile(r"([01]?\d|2[0-4])[:：]([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Week:
    """A unit's roster as whoever leads it sees it; `now` are the slots of this minute, in the order they are asked."""

    unit: Place
    units: tuple[Place, ...]
    slots: tuple[DutySlot, ...]
    now: tuple[DutySlot, ...]
    people: tuple[Official, ...]


async def on_duty(
    uow: UnitOfWork, unit: Place, at: datetime, categories: tuple[str, ...], recused: frozenset[int]
) -> int | None:
    """The official who takes a unit's new report, or None when nobody is on duty.

    Args:
        uow: The unit of work.
        unit: The unit that answers for the report.
        at: When it came (an instant).
        categories: The flags it carries; a slot kept for one of them goes before one for every report.
        recused: Who must stand back from it.
    """
    for slot in await _slots_at(uow, unit, at):
        if slot.official_id not in recused and slot.category in (None, *categories):
            return slot.official_id
    return None


async def week(uow: UnitOfWork, official: Official, unit_path: str = "") -> Week:
    """The roster of a unit that an official leads; of their own place when none is named.

    Raises:
        NotFound: There is no such unit, or it is not theirs to lead.
    """
    units = await _led(uow, official)
    unit = _chosen(units, unit_path or (units[0].path if units else ""))
    return Week(
        unit,
        tuple(units),
        tuple(await uow.roster.of_unit(unit.id)),
        tuple(await _slots_at(uow, unit, uow.clock.now())),
        tuple(await uow.officials.in_role(HANDLING_ROLES, unit.path)),
    )


async def put_on_duty(
    uow: UnitOfWork,
    official: Official,
    unit_path: str,
    *,
    weekday: int | None,
    from_time: str,
    to_time: str,
    who: int | None,
    category: str = "",
    categories: frozenset[str] = frozenset(),
) -> Place:
    """Put somebody on a unit's roster; hours over midnight become two slots.

    Raises:
        BadInput: A field is wrong; `fault` says how.
        NotFound: There is no such unit, or it is not theirs to lead.
    """
    unit = _chosen(await _led(uow, official), unit_path)
    if weekday is None or not 0 <= weekday < DAYS:
        raise BadInput("weekday", "unknown")
    start, end = _minute("from_time", from_time) % DAY_ENDS, _minute("to_time", to_time) or DAY_ENDS
    if start == end:
        raise BadInput("to_time", "same")
    if who not in {one.id for one in await uow.officials.in_role(HANDLING_ROLES, unit.path)} or who is None:
        raise BadInput("duty_official", "unknown")
    if category and category not in categories:
        raise BadInput("duty_category", "unknown")
    await uow.begin()
    for day, begins, ends in _within_days(weekday, start, end):
        if await _overlaps(uow, unit, day, begins, ends, who, category or None):
            raise BadInput("from_time", "taken")
        await uow.roster.add(unit.id, who, weekday=day, from_minute=begins, to_minute=ends, category=category or None)
    await _record(uow, official, "duty_added", unit, who)
    return unit


async def take_off_duty(uow: UnitOfWork, official: Official, unit_path: str, slot_id: int) -> Place:
    """Take a slot off a unit's roster; gone already is as good.

    Raises:
        NotFound: There is no such unit, or it is not theirs to lead.
    """
    unit = _chosen(await _led(uow, official), unit_path)
    await uow.begin()
    if await uow.roster.remove(unit.id, slot_id):
        await _record(uow, official, "duty_removed", unit, slot_id)
    return unit


async def _slots_at(uow: UnitOfWork, unit: Place, at: datetime) -> list[DutySlot]:
    local = at.astimezone(SHANGHAI)
    slots = await uow.roster.at(unit.id, local.weekday(), local.hour * 60 + local.minute)
    return sorted(slots, key=lambda one: (one.category is None, one.id))


async def _led(uow: UnitOfWork, official: Official) -> list[Place]:
    """The units whose roster an official keeps: those with somebody to put on it, their own first."""
    require(official, Permission.LEAD_UNIT)
    own = await uow.places.by_path(official.place_path)
    below = [one for one in await uow.transfers.units() if covers(official.place_path, one.path)]
    return ([own] if own else []) + [one for one in below if own is None or one.id != own.id]


def _chosen(units: list[Place], path: str) -> Place:
    found = next((one for one in units if one.path == path), None)
    if found is None:
        raise NotFound("unit")
    return found


def _minute(field: str, words: str) -> int:
    found = _TIME.fullmatch(words.strip())
    minute = int(found.group(1)) * 60 + int(found.group(2)) if found else DAY_ENDS + 1
    if minute > DAY_ENDS:
        raise BadInput(field, "no_time")
    return minute


def _within_days(weekday: int, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
    if start < end:
        return ((weekday, start, end),)
    return (weekday, start, DAY_ENDS), ((weekday + 1) % DAYS, 0, end)


async def _overlaps(
    uow: UnitOfWork, unit: Place, weekday: int, start: int, end: int, who: int, category: str | None
) -> bool:
    return any(
        slot.official_id == who and slot.category == category and slot.from_minute < end and start < slot.to_minute
        for slot in await uow.roster.of_unit(unit.id, weekday=weekday)
    )


async def _record(uow: UnitOfWork, official: Official, act: str, unit: Place, about: int) -> None:
    await uow.log.record(actor=f"official/{official.id}", act=act, subject=f"place/{unit.id}", about=about)
