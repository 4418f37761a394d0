"""The event log for auditors: who did and read what, by time, person and case; reading it is an event too.

An auditor sees acts and numbers, never a word of a case: there is none in the log.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from handlers.services import reading
from handlers.services.case_moves import require
from knowledge.casework.access import Permission, covers
from knowledge.clock import SHANGHAI
from storage.repositories.events import Event, LogFilter
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

PAGE: Final = 50
#: Details that may hold numbers of cases other than the one the event is about.
_NUMBERS: Final = ("number", "merged", "into", "other")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an auditor looks for; days are dates in Asia/Shanghai, both included."""

    official_id: int | None = None
    number: str = ""
    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of events; `before` begins the next one, None on the last."""

    events: tuple[Event, ...]
    before: int | None


async def look(uow: UnitOfWork, official: Official, asked: Asked, *, before: int | None = None) -> LogPage:
    """A page of the log, newest first; the look is recorded with what was looked for.

    Raises:
        NotAllowed: This is no auditor.
    """
    require(official, Permission.READ_LOG)
    chosen = LogFilter(
        asked.official_id,
        asked.number,
        _begin(asked.from_on),
        _begin(asked.until_on + timedelta(days=1)) if asked.until_on else None,
    )
    found = await uow.events.page(official, chosen, limit=PAGE + 1, before=before)
    shown = await _without_hidden_numbers(uow, official, found[:PAGE])
    narrowed = {
        "by": asked.official_id,
        "number": asked.number,
        "from": asked.from_on.isoformat() if asked.from_on else "",
        "until": asked.until_on.isoformat() if asked.until_on else "",
        "further": before is not None,
    }
    await reading.of_list(uow, official, "log", shown=len(shown), **narrowed)
    return LogPage(shown, found[PAGE - 1].id if len(found) > PAGE else None)


async def people(uow: UnitOfWork, official: Official) -> list[Official]:
    """Whose acts an auditor may look for: everybody who has or had a seat within the auditor's place."""
    require(official, Permission.READ_LOG)
    return [one for one in await uow.officials.all() if covers(official.place_path, one.place_path)]


async def _without_hidden_numbers(uow: UnitOfWork, official: Official, found: list[Event]) -> tuple[Event, ...]:
    """Take numbers of cases the auditor may not know of out of the details of other events."""
    mentioned = {number for one in found for number in _mentioned(one)}
    hidden = await uow.events.hidden_from(official, mentioned)
    return tuple(
        replace(one, detail={name: value for name, value in one.detail.items() if name not in _NUMBERS})
        if hidden.intersection(_mentioned(one))
        else one
        for one in found
    )


def _mentioned(one: Event) -> set[str]:
    values: list[Any] = [one.detail.get(name, ()) for name in _NUMBERS]
    return {str(number) for value in values for number in (value if isinstance(value, list) else [value]) if number}


def _begin(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), SHANGHAI) if day else None
