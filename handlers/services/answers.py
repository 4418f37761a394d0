"""Answering questions, and passing on what cannot be answered."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from handlers.services.errors import BadInput, NotAllowed, NotFound
from handlers.services.notices import tell_person
from knowledge.answering import Answerer
from knowledge.calendar import WorkingCalendar
from knowledge.casework.access import Permission, may
from knowledge.casework.classification import Classifier
from knowledge.clock import local_date
from knowledge.model import Answer
from storage.repositories.inquiries import Inquiry
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

REPLY_WORKING_DAYS: Final = 1
LONGEST_REPLY: Final = 2_000


@dataclass(frozen=True, slots=True)
class AskOutcome:
    """An answer with what else the message looked like."""

    inquiry_id: int
    answer: Answer
    looks_like_report: bool


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A question now waits for a person; `reply_by` is the day a person answers by."""

    reply_by: date


class Answers:
    """The use cases of somebody with a question."""

    def __init__(
        self, answerer: Answerer, classifier: Classifier, calendar: WorkingCalendar, jurisdiction: str
    ) -> None:
        self._answerer = answerer
        self._classifier = classifier
        self._calendar = calendar
        self._jurisdiction = jurisdiction

    async def ask(self, uow: UnitOfWork, who: Person, question: str) -> AskOutcome:
        """Answer a typed question, log it, and hand it over at once when there is no answer.

        A question that belongs elsewhere (`answer.door`) is shown the right door and waits for nobody.
        """
        today = local_date(uow.clock.now())
        found = self._answerer.answer(question, jurisdiction=self._jurisdiction, as_of=today)
        report = self._classifier.classify(question).intent == "report"
        waits = not (found.answered or found.door or report)
        inquiry_id = uow.inquiries.log(
            person_id=who.id,
            question=question,
            entry_id=found.entry_id if found.answered else None,
            score=found.score,
            state="waiting" if waits else "answered",
            place_id=who.place_id,
        )
        return AskOutcome(inquiry_id, found, report)

    async def open_entry(self, uow: UnitOfWork, who: Person, entry_id: str) -> AskOutcome | None:
        """Answer a pressed question; None when the content no longer has it."""
        found = self.entry(uow, entry_id)
        if found is None:
            return None
        inquiry_id = uow.inquiries.log(
            person_id=who.id,
            question=found.question,
            entry_id=found.entry_id,
            score=1.0,
            state="answered",
            place_id=who.place_id,
        )
        return AskOutcome(inquiry_id, found, looks_like_report=False)

    def entry(self, uow: UnitOfWork, entry_id: str) -> Answer | None:
        """An entry's answer, not logged."""
        today = local_date(uow.clock.now())
        return self._answerer.answer_entry(entry_id, jurisdiction=self._jurisdiction, as_of=today)

    async def judge(self, uow: UnitOfWork, who: Person, inquiry_id: int, *, useful: bool) -> None:
        """Note whether the answer helped."""
        await uow.inquiries.judge(inquiry_id, who.id, useful=useful)

    async def hand_over(self, uow: UnitOfWork, who: Person, inquiry_id: int) -> HandedOver:
        """Pass a question to a person; pressing again changes nothing."""
        await uow.inquiries.hand_over(inquiry_id, who.id)
        return self.promise(uow)

    def promise(self, uow: UnitOfWork) -> HandedOver:
        """By when a person replies: the next working day."""
        today = local_date(uow.clock.now())
        return HandedOver(self._calendar.add_working_days(today, REPLY_WORKING_DAYS))


async def inbox(uow: UnitOfWork, official: Official, *, state: str = "waiting") -> list[Inquiry]:
    """Questions that wait for a person."""
    _require(official)
    return await uow.inquiries.inbox(official.place_path, state=state)


async def waiting(uow: UnitOfWork, official: Official) -> int:
    """How many questions wait."""
    _require(official)
    return await uow.inquiries.waiting(official.place_path)


async def reply(uow: UnitOfWork, official: Official, inquiry_id: int, text: str) -> None:
    """Answer a waiting question; the asker gets it in chat."""
    _require(official)
    text = text.strip()
    if not text:
        raise BadInput("reply", "empty")
    if len(text) > LONGEST_REPLY:
        raise BadInput("reply", "too_long")
    await uow.begin()
    open_ones = {
        item.id: item for item in await uow.inquiries.inbox(official.place_path, state="waiting", limit=10_000)
    }
    found = open_ones.get(inquiry_id)
    if found is None or not await uow.inquiries.reply(inquiry_id, official_id=official.id, text=text):
        raise NotFound("inquiry")
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


def _require(official: Official) -> None:
    if not (official.active and may(official.role, Permission.ANSWER_INQUIRIES)):
        raise NotAllowed
