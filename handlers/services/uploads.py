"""Evidence that no chat can carry: announced in the chat, handed in by a link that works once.

The link is for whoever holds it: no sign-in, nothing kept of where it was opened from. It belongs to a draft or a case
and takes one file of up to 500 MB within a day. What a newcomer gets wrong: between announcing and arriving the draft
may have become a case, so where a file belongs is looked up when it is there, not when the link was made.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from handlers.services import floods, signed_receipts
from handlers.services.follow_up import SUPPLEMENT, file_arrived, own_case
from handlers.services.notices import tell_person
from storage.files import Written
from storage.repositories.announcements import Link
from storage.repositories.cases import Case
from storage.repositories.files import StoredFile
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

LARGEST: Final = 500 * 1024 * 1024  # bytes
OPEN_FOR: Final = timedelta(hours=24)
LONGEST_NAME: Final = 120
#: One chat's links that wait for a file to the same draft or case; a further one is told to use these first.
MOST_WAITING: Final = 10


@dataclass(frozen=True, slots=True)
class Offer:
    """A link to be given once: its token, until when it works. No token: too many wait already."""

    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """A file that came by link. `receipt` covers it, empty while the report is still being written."""

    file: StoredFile
    receipt: str = ""


async def for_draft(uow: UnitOfWork, who: Person, *, name: str = "", size: int = 0) -> Offer | None:
    """A link for a file of the report being written; None when there is none."""
    await uow.begin()
    draft = await uow.drafts.in_writing(who.id)
    if draft is None:
        return None
    waiting = await uow.announcements.waiting_of_draft(draft.id)
    return await _offer(uow, len(waiting), draft_id=draft.id, case_id=None, name=name, size=size, kind=SUPPLEMENT)


async def for_case(
    uow: UnitOfWork,
    who: Person,
    number: str,
    *,
    opened: str = "",
    name: str = "",
    size: int = 0,
    kind: str = SUPPLEMENT,
) -> Offer | None:
    """A link for a file to a case this person may follow; its officials see that something is announced."""
    await uow.begin()
    case = await own_case(uow, who, number, opened=opened)
    if case is None:
        return None
    waiting = await uow.announcements.waiting_of_case(case.id)
    offer = await _offer(uow, len(waiting), draft_id=None, case_id=case.id, name=name, size=size, kind=kind)
    await uow.log.record(actor="reporter", act="evidence_announced", subject=f"case/{case.number}")
    return offer


async def look(uow: UnitOfWork, token: str) -> Link | None:
    """The link behind a token, while it takes a file."""
    link = await uow.announcements.by_token(token)
    return link if link is not None and link.is_open(uow.clock.now()) else None


async def receive(uow: UnitOfWork, token: str, written: Written, name: str) -> Received | None:
    """Put a stored file where its link belongs; None when the link has been used or its time is over."""
    await uow.begin()
    link = await look(uow, token)
    if link is None or not await uow.announcements.spend(link):
        return None
    announced = link.announced
    name = (name or announced.name or "文件")[:LONGEST_NAME]
    case = await uow.cases.by_id(announced.case_id) if announced.case_id is not None else None
    if case is None:
        slot = await floods.draft_file_slot(uow, announced.draft_id or 0)
        stored = await uow.files.add_written(
            written, name=name, origin="reporter", draft_id=announced.draft_id, shown_from=slot
        )
        await uow.announcements.arrived(announced.id, stored.id)
        return Received(stored)
    return await _into_case(uow, link, case, written, name)


async def _into_case(uow: UnitOfWork, link: Link, case: Case, written: Written, name: str) -> Received:
    slot = await floods.file_slot(uow, case.id)
    stored = await uow.files.add_written(written, name=name, origin="reporter", case_id=case.id, shown_from=slot)
    await uow.announcements.arrived(link.announced.id, stored.id)
    await file_arrived(uow, case, f"📎 {name}", link.announced.kind)
    receipt = await signed_receipts.issue(uow, case.id)
    if case.person_id is not None:
        await tell_person(
            uow,
            case.person_id,
            "large_file_arrived",
            kind="status",
            cause=f"arrived/{stored.id}",
            number=case.number,
            hash=stored.sha256,
            receipt=receipt,
        )
    return Received(stored, receipt)


async def _offer(
    uow: UnitOfWork, waiting: int, *, draft_id: int | None, case_id: int | None, name: str, size: int, kind: str
) -> Offer:
    until = uow.clock.now() + OPEN_FOR
    if waiting >= MOST_WAITING:
        return Offer("", until)
    token = await uow.announcements.announce(
        draft_id=draft_id, case_id=case_id, name=name[:LONGEST_NAME], size=size or None, kind=kind, until=until
    )
    return Offer(token, until)
