"""Answering questions, and passing on what cannot be answered."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from handlers.services.answer_book import AnswerBook
from handlers.services.home import Home, Homes
from handlers.services.laws import Quoted, quoted
from handlers.services.own_dates import OwnDates, own_dates
from knowledge.casework.classification import Classifier
from knowledge.clock import local_date
from knowledge.model import Answer, Intent
from storage.repositories.inquiries import Inquiry
from storage.repositories.people import Person
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork

REPLY_WORKING_DAYS: Final = 1


@dataclass(frozen=True, slots=True)
class AskOutcome:
    """An answer with what else the message looked like.

    `home` is where the asker is at home; `own` the dates of that village, where the question asks for one;
    `can_quote` says that the official text of an article cited was imported.
    """

    inquiry_id: int
    answer: Answer
    looks_like_report: bool
    home: Home
    own: OwnDates | None = None
    can_quote: bool = False


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A question now waits for a person; `reply_by` is the day a person answers by."""

    reply_by: date


class Answers:
    """The use cases of somebody with a question."""

    def __init__(self, book: AnswerBook, classifier: Classifier, homes: Homes) -> None:
        self.book = book
        self.classifier = classifier
        self._homes = homes

    async def ask(self, uow: UnitOfWork, who: Person, question: str) -> AskOutcome:
        """Answer a typed question, log it, and hand it over at once when there is no answer.

        A question that belongs elsewhere (`answer.door`) is shown the right door and waits for nobody.
        """
        home = await self._homes.of(uow, who)
        found = await self._answer(uow, home, question)
        report = self.classifier.classify(question).intent == "report"
        waits = found.intent in (Intent.QUESTION, Intent.PERSON) and not (found.answered or found.door or report)
        inquiry_id = uow.inquiries.log(
            person_id=who.id,
            question=question,
            entry_id=found.entry_id if found.answered else None,
            score=found.score,
            state="waiting" if waits else "answered",
            place_id=who.place_id,
        )
        return await self._outcome(uow, home, inquiry_id, found, looks_like_report=report)

    async def open_entry(self, uow: UnitOfWork, who: Person, entry_id: str) -> AskOutcome | None:
        """Answer a pressed question; None when the content no longer has it."""
        home = await self._homes.of(uow, who)
        found = await self._entry(uow, home, entry_id)
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
        return await self._outcome(uow, home, inquiry_id, found, looks_like_report=False)

    async def entry(self, uow: UnitOfWork, entry_id: str, place: Place | None = None) -> Answer | None:
        """An entry's answer as somebody hears it of whom at most the place is known; not logged."""
        return await self._entry(uow, replace(self._homes.unknown, place=place), entry_id)

    async def again(self, uow: UnitOfWork, who: Person, asked: Inquiry) -> AskOutcome | None:
        """The answer to a question asked before, as it is where the asker is at home now; logged no second time.

        None where it has no answer any more.
        """
        home = await self._homes.of(uow, who)
        found = await self._answer(uow, home, asked.question)
        if not found.answered:
            entry = await self._entry(uow, home, asked.entry_id) if asked.entry_id else None
            if entry is None:
                return None
            found = entry
        return await self._outcome(uow, home, asked.id, found, looks_like_report=False)

    async def quoted(self, uow: UnitOfWork, who: Person, asked: Inquiry) -> tuple[Quoted, ...]:
        """The official text of the articles an answer cited, as far as it was imported."""
        outcome = await self.again(uow, who, asked)
        return await quoted(uow, outcome.answer.citations) if outcome else ()

    async def _answer(self, uow: UnitOfWork, home: Home, question: str) -> Answer:
        today = local_date(uow.clock.now())
        answerer = await self.book.at(home.place.path if home.place else "")
        return answerer.answer(question, jurisdiction=home.jurisdiction, as_of=today, kind=home.kind)

    async def _entry(self, uow: UnitOfWork, home: Home, entry_id: str) -> Answer | None:
        today = local_date(uow.clock.now())
        answerer = await self.book.at(home.place.path if home.place else "")
        return answerer.answer_entry(entry_id, jurisdiction=home.jurisdiction, as_of=today, kind=home.kind)

    async def _outcome(
        self, uow: UnitOfWork, home: Home, inquiry_id: int, found: Answer, *, looks_like_report: bool
    ) -> AskOutcome:
        if not found.answered or found.entry_id is None:
            return AskOutcome(inquiry_id, found, looks_like_report, home)
        own = await own_dates(uow, home, found.question, found.entry_id)
        can_quote = bool(await quoted(uow, found.citations))
        return AskOutcome(inquiry_id, found, looks_like_report, home, own, can_quote)

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
        return HandedOver(uow.calendar.add_working_days(today, REPLY_WORKING_DAYS))
