"""How much is taken at once. A limit slows down, and says until when; it never refuses a report and never loses one.

The figures are policy: five reports an hour from one chat, two hundred an hour about one village (nothing is slowed,
those who lead are told), thirty files an hour to one case (the rest are kept, and shown later), ten wrong receipt codes
an hour from one chat.
"""

from datetime import datetime, timedelta
from typing import Final

from handlers.services.notices import OFFICIALS_CHANNEL
from knowledge.casework.access import LEADING_ROLES
from storage.outbox import Recipient
from storage.repositories.cases import Case
from storage.unit_of_work import UnitOfWork

HOUR: Final = timedelta(hours=1)
REPORTS: Final = 5
VILLAGE_REPORTS: Final = 200
FILES: Final = 30
WRONG_CODES: Final = 10
_FILED, _ABOUT, _GUESSED = "filed", "about", "guessed"


async def next_slot(uow: UnitOfWork, person_id: int) -> datetime | None:
    """When a chat's next report is filed by itself; None: now. Those already waiting go first."""
    now = uow.clock.now()
    filed = await uow.filing_marks.since(_FILED, person_id, now - HOUR)
    taken = sorted([*filed, *await uow.drafts.queued_of(person_id)])
    if len(taken) < REPORTS:
        return None
    return max(taken[-REPORTS] + HOUR, now)


async def note_filing(uow: UnitOfWork, person_id: int, place_id: int) -> None:
    """Remember for an hour that a chat filed, and that something was filed about a place."""
    await uow.filing_marks.add(_FILED, person_id)
    await uow.filing_marks.add(_ABOUT, place_id)


async def tell_of_flood(uow: UnitOfWork, case: Case) -> None:
    """Tell those who lead, once an hour, that very many reports come about one village.

    Each of them is told by the reports they may know of, and because of one they may know of: somebody who stands
    back from a report hears exactly what they would hear without it.
    """
    since = uow.clock.now() - HOUR
    if await uow.filing_marks.count_since(_ABOUT, case.place_id, since) < VILLAGE_REPORTS:
        return
    recused = await uow.recusals.from_case(case.id)
    hour = uow.clock.now().strftime("%Y-%m-%dT%H")
    for official, chat_id in await uow.officials.to_notify(LEADING_ROLES, case.unit_path):
        if official.id in recused:
            continue
        seen = await uow.cases.received_at_place(case.place_id, since, visible_to=official, most=VILLAGE_REPORTS)
        if seen >= VILLAGE_REPORTS:
            await uow.outbox.put(
                kind="notice",
                dedupe_key=f"notice/flood/{case.place_id}/{hour}/{official.id}",
                recipient=Recipient(OFFICIALS_CHANNEL, chat_id),
                payload={"notice": "desk_item_waiting", "data": {}},
            )


async def file_slot(uow: UnitOfWork, case_id: int) -> datetime | None:
    """From when on officials see a case's next file; None: now. It is kept at once, whatever its turn."""
    return _slot(await uow.files.came_since(case_id, uow.clock.now() - HOUR), uow.clock.now())


async def draft_file_slot(uow: UnitOfWork, draft_id: int) -> datetime | None:
    """`file_slot` for a report that is being written."""
    came = [one.shown_from or one.received_at for one in await uow.files.of_draft(draft_id)]
    return _slot(sorted(at for at in came if at > uow.clock.now() - HOUR), uow.clock.now())


def _slot(taken: list[datetime], now: datetime) -> datetime | None:
    return max(taken[-FILES] + HOUR, now) if len(taken) >= FILES else None


async def codes_again_at(uow: UnitOfWork, person_id: int) -> datetime | None:
    """From when on a chat's receipt codes are looked up again; None: now."""
    guessed = await uow.filing_marks.since(_GUESSED, person_id, uow.clock.now() - HOUR)
    return guessed[-WRONG_CODES] + HOUR if len(guessed) >= WRONG_CODES else None


async def note_wrong_code(uow: UnitOfWork, person_id: int) -> None:
    """Remember for an hour that a code opened nothing."""
    await uow.filing_marks.add(_GUESSED, person_id)


async def forget_marks(uow: UnitOfWork) -> int:
    """Delete what is older than an hour; returns how many marks."""
    return await uow.filing_marks.forget_before(uow.clock.now() - HOUR)
