"""Questions at the desk: grouped with their like, answered for everybody who asked, or put to the level above.

What a newcomer gets wrong: whatever leaves this module for a page is masked already (phone, ID and card numbers), so
no page can forget it. Only the person who asked gets the question back as it was typed.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from handlers.services.answers import REPLY_WORKING_DAYS
from handlers.services.errors import BadInput, NotAllowed, NotFound
from handlers.services.notices import tell_person, tell_seats
from knowledge.calendar import WorkingCalendar
from knowledge.casework.access import ANSWERING_ROLES, Permission, may
from knowledge.clock import local_date
from knowledge.masking import mask
from knowledge.search.grouping import group
from knowledge.search.lexicon import Lexicon
from knowledge.writing_hours import within_hours
from storage.errors import StaleVersion
from storage.repositories.inquiries import REPLIED, USELESS, WAITING, Escalation, Inquiry
from storage.repositories.officials import Official
from storage.unit_of_work import UnitOfWork

LONGEST_REPLY: Final = 2_000
LONGEST_NOTE: Final = 500
ESCALATION_WORKING_DAYS: Final = 2
#: How many open questions are looked at to find like ones; a list of answered ones shows the newest hundred.
GROUPED: Final = 2_000
ESCALATED: Final = "escalated"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as staff see it: masked. `due_on` is the day somebody was promised an answer by, if anybody was."""

    id: int
    person_id: int
    question: str
    entry_id: str | None
    state: str
    place_id: int | None
    asked_at: datetime
    due_on: date | None
    reply: str | None
    replied_at: datetime | None
    escalations: tuple[Escalation, ...] = ()

    @property
    def is_replied(self) -> bool:
        """Whether a person has answered."""
        return self.state == REPLIED


@dataclass(frozen=True, slots=True)
class AskedGroup:
    """Questions that ask the same thing, oldest first."""

    asked: tuple[Asked, ...]

    @property
    def first(self) -> Asked:
        """The one that has waited longest."""
        return self.asked[0]

    @property
    def people(self) -> int:
        """How many persons ask."""
        return len({one.person_id for one in self.asked})

    @property
    def newest_at(self) -> datetime:
        """When it was asked last."""
        return max(one.asked_at for one in self.asked)

    @property
    def due_on(self) -> date | None:
        """The earliest day somebody was promised an answer by."""
        return min((one.due_on for one in self.asked if one.due_on), default=None)


@dataclass(frozen=True, slots=True)
class Above:
    """The place that is asked when nobody here knows."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class AskedView:
    """One question with the open ones that ask the same, and whom one could ask."""

    asked: Asked
    alike: tuple[Asked, ...]
    above: Above | None


async def inbox(uow: UnitOfWork, official: Official, *, state: str = WAITING, limit: int = 100) -> list[Asked]:
    """A list of questions, one by one."""
    _require(official)
    return await _listed(uow, official, state, limit)


async def groups(uow: UnitOfWork, official: Official, lexicon: Lexicon, *, state: str = WAITING) -> list[AskedGroup]:
    """The questions of a list with their like, those that most people ask first."""
    _require(official)
    asked = sorted(await _listed(uow, official, state, GROUPED), key=lambda one: (one.asked_at, one.id))
    found = [AskedGroup(tuple(asked[place] for place in places)) for places in await _alike(asked, lexicon)]
    return sorted(found, key=lambda one: (-one.people, one.due_on or date.max, one.first.asked_at, one.first.id))


async def escalated(uow: UnitOfWork, official: Official) -> list[Asked]:
    """Open questions that staff below put to this official's place, by the day they are due."""
    _require(official)
    found: list[Asked] = []
    for state in (WAITING, USELESS):
        for one in await _listed(uow, official, state, GROUPED):
            mine = tuple(put for put in one.escalations if put.to_path == official.place_path)
            if mine:
                found.append(replace(one, due_on=mine[-1].due_on, escalations=mine))
    return sorted(found, key=lambda one: (one.due_on or date.max, one.id))


async def counts(uow: UnitOfWork, official: Official) -> dict[str, int]:
    """How many questions stand in each list that asks for work."""
    _require(official)
    found = await uow.inquiries.counts(official.place_path)
    return found | {ESCALATED: len(await escalated(uow, official))}


async def waiting(uow: UnitOfWork, official: Official) -> int:
    """How many questions wait."""
    _require(official)
    return await uow.inquiries.waiting(official.place_path)


async def read(uow: UnitOfWork, official: Official, inquiry_id: int, lexicon: Lexicon) -> AskedView:
    """One question with its like.

    Raises:
        NotFound: There is none in the official's place that staff may see.
    """
    _require(official)
    found = await uow.inquiries.one_of(official.place_path, inquiry_id)
    if found is None:
        raise NotFound("inquiry")
    escalations = await uow.inquiries.escalations(official.place_path)
    asked = _masked(found, escalations, uow.calendar)
    alike: tuple[Asked, ...] = ()
    if not asked.is_replied:
        others = [one for state in (WAITING, USELESS) for one in await _listed(uow, official, state, GROUPED)]
        everybody = [asked, *(one for one in others if one.id != asked.id)]
        together = next(places for places in await _alike(everybody, lexicon) if 0 in places)
        alike = tuple(everybody[place] for place in together if place)
    return AskedView(asked, alike, await above(uow, official))


async def reply(uow: UnitOfWork, official: Official, inquiry_ids: Sequence[int], text: str) -> int:
    """Answer a question and those like it: each asker gets one message; returns how many people do.

    Of the others, what a colleague has answered meanwhile is passed over.

    Raises:
        BadInput: There is no text, or too much.
        NotFound: The first question is not open, or not of the official's place.
    """
    _require(official)
    text = text.strip()
    if not text:
        raise BadInput("reply", "empty")
    if len(text) > LONGEST_REPLY:
        raise BadInput("reply", "too_long")
    await uow.begin()
    told: set[int] = set()
    for inquiry_id in dict.fromkeys(inquiry_ids):
        found = await uow.inquiries.one_of(official.place_path, inquiry_id)
        if found is None or not await uow.inquiries.reply(inquiry_id, official_id=official.id, text=text):
            if inquiry_id == inquiry_ids[0]:
                raise NotFound("inquiry")
            continue
        if found.person_id not in told:
            told.add(found.person_id)
            await tell_person(
                uow,
                found.person_id,
                "inquiry_replied",
                kind="status",
                cause=f"inquiry/{inquiry_id}",
                question=found.question[:60],
                reply=text,
            )
        await uow.log.record(actor=f"official/{official.id}", act="inquiry_replied", subject=f"inquiry/{inquiry_id}")
    return len(told)


async def above(uow: UnitOfWork, official: Official) -> Above | None:
    """The nearest place above the official's in which somebody may answer; None at the top."""
    seats = await uow.officials.in_role(ANSWERING_ROLES, official.place_path)
    paths = {seat.place_path for seat in seats if seat.place_path != official.place_path}
    if not paths:
        return None
    path = max(paths, key=len)
    place = await uow.places.by_path(path)
    return Above(path, place.name if place else path)


async def escalate(uow: UnitOfWork, official: Official, inquiry_id: int, note: str) -> date:
    """Put a question to the level above; returns the day its answer is due, which the asker is told too.

    Raises:
        BadInput: The note is missing or too long, or there is nobody above.
        NotFound: There is no such open question.
        StaleVersion: It was put there already.
    """
    _require(official)
    note = note.strip()
    if not note:
        raise BadInput("note", "too_short")
    if len(note) > LONGEST_NOTE:
        raise BadInput("note", "too_long")
    await uow.begin()
    found = await uow.inquiries.one_of(official.place_path, inquiry_id)
    if found is None or found.state == REPLIED:
        raise NotFound("inquiry")
    to = await above(uow, official)
    if to is None:
        raise BadInput("note", "nobody_above")
    put = (await uow.inquiries.escalations(official.place_path)).get(inquiry_id, [])
    if any(one.to_path == to.path for one in put):
        raise StaleVersion(f"inquiry/{inquiry_id}")
    due_on = uow.calendar.add_working_days(local_date(uow.clock.now()), ESCALATION_WORKING_DAYS)
    await uow.inquiries.escalate(inquiry_id, to_path=to.path, official_id=official.id, due_on=due_on, note=note)
    step = to.path.count("/")
    await tell_seats(uow, ANSWERING_ROLES, to.path, cause=f"inquiry/{inquiry_id}/asked/{step}", exactly=True)
    await tell_person(
        uow,
        found.person_id,
        "inquiry_escalated",
        kind="status",
        cause=f"inquiry/{inquiry_id}/asked/{step}",
        question=found.question[:60],
        due_on=due_on.isoformat(),
    )
    await uow.log.record(
        actor=f"official/{official.id}",
        act="inquiry_escalated",
        subject=f"inquiry/{inquiry_id}",
        to=to.path,
        due_on=due_on.isoformat(),
    )
    return due_on


async def tell_overdue(uow: UnitOfWork) -> int:
    """Tell the officials of a level, once, that a question put to them is late; not at night."""
    now = uow.clock.now()
    if within_hours(now) != now:
        return 0
    told = 0
    for late in await uow.inquiries.take_overdue(local_date(now)):
        cause = f"inquiry/{late.inquiry_id}/late/{late.to_path.count('/')}"
        told += await tell_seats(uow, ANSWERING_ROLES, late.to_path, cause=cause, exactly=True)
    return told


async def _alike(asked: Sequence[Asked], lexicon: Lexicon) -> list[list[int]]:
    return await asyncio.to_thread(group, [one.question for one in asked], lexicon)  # 2,000 take a sixth of a second


async def _listed(uow: UnitOfWork, official: Official, state: str, limit: int) -> list[Asked]:
    found = await uow.inquiries.inbox(official.place_path, state=state, limit=limit)
    escalations = await uow.inquiries.escalations(official.place_path) if found else {}
    return [_masked(one, escalations, uow.calendar) for one in found]


def _masked(one: Inquiry, escalations: dict[int, list[Escalation]], calendar: WorkingCalendar) -> Asked:
    put = _with_masked_notes(escalations.get(one.id, ()))
    due_on = None
    if one.state == WAITING:
        due_on = calendar.add_working_days(local_date(one.asked_at), REPLY_WORKING_DAYS)
    if put:
        due_on = put[-1].due_on  # the asker was told the new day
    return Asked(
        id=one.id,
        person_id=one.person_id,
        question=mask(one.question),
        entry_id=one.entry_id,
        state=one.state,
        place_id=one.place_id,
        asked_at=one.asked_at,
        due_on=due_on,
        reply=one.reply,
        replied_at=one.replied_at,
        escalations=put,
    )


def _with_masked_notes(escalations: Iterable[Escalation]) -> tuple[Escalation, ...]:
    return tuple(replace(one, note=mask(one.note)) for one in escalations)


def _require(official: Official) -> None:
    if not (official.active and may(official.role, Permission.ANSWER_INQUIRIES)):
        raise NotAllowed
