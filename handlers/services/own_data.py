"""What is held about a person, for that person: to see, to take along, and to erase where the law lets them.

A filed report is not the reporter's to erase: the file is the case's. What a newcomer gets wrong: the name is not here.
The server cannot open it, so whoever asks sees that there is one, and the consent it stands on.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from handlers.services import follow_up
from handlers.services.intake import NARRATIVE
from handlers.services.retention import YEARS
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.names import NameState
from storage.repositories.people import Person
from storage.repositories.reports import Agreed
from storage.unit_of_work import UnitOfWork

MOST: Final = 500


@dataclass(frozen=True, slots=True)
class OwnCase:
    """A report filed from this chat: what its reporter may know of it, and what they agreed to."""

    number: str
    state: CaseState
    received_at: datetime
    has_name: bool
    agreed: Agreed | None


@dataclass(frozen=True, slots=True)
class OwnData:
    """What is held about somebody in a chat. `draft` holds what was answered so far, a name only masked."""

    channel: str
    home: str
    messages: int
    questions: tuple[str, ...]
    draft: dict[str, str]
    waiting: int
    cases: tuple[OwnCase, ...]
    subscriptions: tuple[str, ...] = ()
    keeps_years: int = YEARS


async def look(uow: UnitOfWork, who: Person) -> OwnData:
    """Everything that leads back to this chat."""
    place = await uow.places.get(who.place_id) if who.place_id else None
    draft = await uow.drafts.in_writing(who.id)
    views, _ = await follow_up.own_cases(uow, who, most=MOST)
    cases = []
    for view in views:
        case = view.case
        agreed = await uow.drafts.agreed_of_case(case.id)
        cases.append(
            OwnCase(case.number, view.stands.state, case.received_at, case.name_state is not NameState.NONE, agreed)
        )
    return OwnData(
        who.recipient.channel,
        place.name if place else "",
        await uow.messages.count(who.recipient.chat_id),
        await uow.inquiries.asked_by(who.id, MOST),
        _answers(draft.answers) if draft else {},
        len(await uow.drafts.queued_of(who.id)),
        tuple(cases),
        tuple(name for _, name in await uow.subscriptions.of(who.id)),
    )


async def erase_chat(uow: UnitOfWork, who: Person) -> None:
    """Forget what both sides said in a chat of ours, answered questions, home, subscriptions, the open draft.

    What waits for an official stays until it is answered, and a filed report stays.
    """
    draft = await uow.drafts.in_writing(who.id)
    if draft:
        await uow.files.delete_of_draft(draft.id)
        await uow.drafts.disagree(draft)
        await uow.drafts.finish(draft, "dropped")
    await uow.inquiries.empty_asked(who.id)
    await uow.messages.empty_from(who.recipient.chat_id, 0)
    await uow.subscriptions.end(who.id)
    who.place_id = None
    uow.people.set_place(who.id, None)
    await uow.log.record(actor="reporter", act="own_chat_erased", subject="chat")


def _answers(answers: dict[str, Any]) -> dict[str, str]:
    shown = {name: str(answers[name]) for name in NARRATIVE if answers.get(name)}
    if "place" in answers:
        shown["place"] = answers["place"]["name"]
    if answers.get("identity", {}).get("shown"):
        shown["identity"] = answers["identity"]["shown"]
    return shown
