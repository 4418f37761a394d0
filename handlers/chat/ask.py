"""Questions: typed or pressed, answered with their source, judged, or passed to a person."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import texts
from handlers.chat.filters import HasText
from handlers.chat.keyboards import EntryTap, InquiryTap
from handlers.chat.reply import Reply
from handlers.chat.report import begin
from handlers.services.answers import Answers
from handlers.services.reports import Reports
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork


async def on_question_asked(message: Message, uow: UnitOfWork, who: Person, answers: Answers) -> Reply:
    """Somebody typed something that belongs to no other flow."""
    text = (message.text or "").strip()
    if not any(character.isalnum() for character in text):
        return texts.say_something()
    outcome = await answers.ask(uow, who, text)
    if outcome.answer.answered:
        return texts.answer(outcome.answer, outcome.inquiry_id, looks_like_report=outcome.looks_like_report)
    if outcome.looks_like_report:
        return texts.maybe_report(outcome.answer, outcome.inquiry_id)
    if outcome.answer.door:
        return texts.other_door(outcome.answer, outcome.inquiry_id)
    return texts.no_answer(outcome.answer, answers.promise(uow).reply_by)


async def on_related_question_pressed(
    query: CallbackQuery,
    callback_data: EntryTap,
    uow: UnitOfWork,
    who: Person,
    answers: Answers,
) -> Reply:
    """A related question."""
    outcome = await answers.open_entry(uow, who, callback_data.entry_id)
    if outcome is None:
        return texts.entry_gone()
    return texts.answer(outcome.answer, outcome.inquiry_id, looks_like_report=False)


async def on_answer_judged(
    query: CallbackQuery,
    callback_data: InquiryTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    answers: Answers,
    reports: Reports,
) -> Reply:
    """Useful, not useful, more, a person, or: this is a report."""
    inquiry_id = callback_data.inquiry_id
    asked = await uow.inquiries.get(inquiry_id)
    if asked is None or asked.person_id != who.id:
        return texts.stale_button()
    match callback_data.act:
        case "useful":
            await answers.judge(uow, who, inquiry_id, useful=True)
            return texts.thanks_useful()
        case "useless":
            await answers.judge(uow, who, inquiry_id, useful=False)
            return texts.sorry_useless(inquiry_id)
        case "person":
            return texts.handed_over((await answers.hand_over(uow, who, inquiry_id)).reply_by)
        case "report":
            return await begin(uow, who, state, reports, opening=asked.question)
        case _:
            found = answers.entry(uow, asked.entry_id) if asked.entry_id else None
            return texts.details(found) if found and found.more else texts.entry_gone()


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.message.register(on_question_asked, HasText())
    router.callback_query.register(on_related_question_pressed, EntryTap.filter())
    router.callback_query.register(on_answer_judged, InquiryTap.filter())
