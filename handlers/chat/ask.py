"""Questions: typed or pressed, answered with their source, judged, or passed to a person."""

from datetime import date

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import follow, texts
from handlers.chat.filters import HasText
from handlers.chat.keyboards import EntryTap, InquiryTap
from handlers.chat.reply import Reply
from handlers.chat.report import begin
from handlers.services.answers import Answers, AskOutcome
from handlers.services.reports import Reports
from knowledge.model import Intent
from storage.repositories.inquiries import Inquiry
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork


async def on_question_asked(
    message: Message, state: FSMContext, uow: UnitOfWork, who: Person, answers: Answers, reports: Reports
) -> Reply:
    """Somebody typed something that belongs to no other flow."""
    text = (message.text or "").strip()
    if not any(character.isalnum() for character in text):
        return texts.say_something()
    outcome = await answers.ask(uow, who, text)
    match outcome.answer.intent:
        case Intent.STATUS:
            return await follow.own_cases(uow, who)
        case Intent.REPORT:
            return await begin(uow, who, state, reports)
        case _:
            return _said(outcome, answers.promise(uow).reply_by)


def _said(outcome: AskOutcome, reply_by: date) -> Reply:
    if outcome.answer.answered:
        return texts.answer(outcome)
    if outcome.looks_like_report:
        return texts.maybe_report(outcome.answer, outcome.inquiry_id)
    if outcome.answer.door:
        return texts.other_door(outcome.answer, outcome.inquiry_id)
    match outcome.answer.intent:
        case Intent.QUESTION:
            return texts.no_answer(outcome.answer, reply_by)
        case Intent.PERSON:
            return texts.handed_over(reply_by)
        case intent:
            return texts.small_talk(intent)


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
    return texts.answer(outcome)


async def on_answer_judged(
    query: CallbackQuery,
    callback_data: InquiryTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    answers: Answers,
    reports: Reports,
) -> Reply | list[Reply]:
    """Useful, not useful, more, the law's own words, a person, or: this is a report."""
    inquiry_id = callback_data.inquiry_id
    asked = await uow.inquiries.get(inquiry_id)
    if asked is None or asked.person_id != who.id:
        return texts.stale_button()
    match callback_data.act:
        case "articles":
            return texts.articles(await answers.quoted(uow, who, asked))
        case "more":
            outcome = await answers.again(uow, who, asked)
            return texts.details(outcome.answer) if outcome and outcome.answer.more else texts.entry_gone()
        case act:
            return await _act(act, asked, state, uow, who, answers, reports)


async def _act(
    act: str, asked: Inquiry, state: FSMContext, uow: UnitOfWork, who: Person, answers: Answers, reports: Reports
) -> Reply:
    inquiry_id = asked.id
    match act:
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
            return texts.stale_button()


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.message.register(on_question_asked, HasText())
    router.callback_query.register(on_related_question_pressed, EntryTap.filter())
    router.callback_query.register(on_answer_judged, InquiryTap.filter())
