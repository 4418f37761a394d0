"""Filing a report: each message or press is one step; the service knows where the person stands."""

from typing import Final

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import case_texts, texts
from handlers.chat.filters import Flow, HasFile
from handlers.chat.follow import leave
from handlers.chat.incoming import as_words, fetch, is_later_of_album, sent_file
from handlers.chat.keyboards import ReportTap
from handlers.chat.reply import Reply
from handlers.services.report_view import PROMPTS, Queued, Receipt, ReportView, Step
from handlers.services.reports import Reports
from knowledge.clock import local_date
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

_LONGEST_ID: Final = 18  # digits; more does not fit a database's integer


async def begin(uow: UnitOfWork, who: Person, state: FSMContext, reports: Reports, *, opening: str = "") -> Reply:
    """Start a report, or offer the one still open."""
    if await state.get_state() == Flow.case.state:
        await leave(state, uow, who)
    view, is_new = await reports.start(uow, who, opening=opening)
    if not is_new and (view.answers or view.files):
        if opening and opening not in view.answers.get("what", ""):
            await state.update_data(opening=opening)
        return texts.draft_waiting(view)
    await state.set_state(Flow.report)
    first = "好，一共8步，记不清的可以不写。" if is_new else ""
    return texts.prompt(view, opening=first)


async def on_file_sent(
    message: Message, bot: Bot, state: FSMContext, uow: UnitOfWork, who: Person, reports: Reports
) -> Reply | None:
    """A photo, recording or document: evidence, at whatever prompt it comes."""
    file = sent_file(message)
    if file is None or file.too_big:
        return _or_lost(await reports.refuse_file(uow, who, message.caption or ""))
    view = await reports.add_file(uow, who, await fetch(bot, file), file.name, message.caption or "")
    if await is_later_of_album(message, state) and view and not view.problem:
        return None
    return _or_lost(view)


async def on_prompt_answered(message: Message, uow: UnitOfWork, who: Person, reports: Reports) -> Reply:
    """Words for the present prompt; a place or a card stands for words."""
    words = as_words(message)
    view = await (reports.answer(uow, who, words) if words else reports.words_wanted(uow, who))
    return _or_lost(view)


async def on_file_came_first(
    message: Message, bot: Bot, state: FSMContext, uow: UnitOfWork, who: Person, reports: Reports
) -> Reply | None:
    """A photo as the very first thing: kept in a new draft, so that it is not lost."""
    if message.voice and not await uow.drafts.in_writing(who.id):
        return texts.cannot_listen()
    file = sent_file(message)
    too_big = file is None or file.too_big
    if too_big and not message.caption:
        return texts.file_too_big()
    data = b"" if file is None or too_big else await fetch(bot, file)
    await reports.start(uow, who)
    await state.set_state(Flow.report)
    if file is None or too_big:
        return _or_lost(await reports.refuse_file(uow, who, message.caption or ""))
    view = await reports.add_file(uow, who, data, file.name, message.caption or "")
    if await is_later_of_album(message, state) and view and not view.problem:
        return None
    return _or_lost(view)


async def on_report_button_pressed(
    query: CallbackQuery,
    callback_data: ReportTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
) -> Reply | list[Reply]:
    """A button under a prompt or the summary."""
    view = await reports.current(uow, who)
    act = callback_data.act
    if view is None:
        return texts.already_submitted() if act == "submit" else texts.no_draft()
    if act == "edit" and view.step is Step.REVIEW and callback_data.step in PROMPTS:
        await state.set_state(Flow.report)
        return _or_lost(await reports.edit(uow, who, Step(callback_data.step)))
    if act in _ANY_STEP:
        return await _leave_or_return(act, view, state, uow, who, reports)
    if callback_data.step != view.step:
        await state.set_state(Flow.report)
        return [texts.stale_button(), texts.prompt(view)]
    await state.set_state(Flow.report)
    if act == "submit":
        return await _submit(state, uow, who, reports)
    return _or_lost(await _step(callback_data, uow, who, reports))


_ANY_STEP = frozenset({"pause", "ask_drop", "drop", "resume", "restart", "choose", "edit"})


async def _leave_or_return(
    act: str, view: ReportView, state: FSMContext, uow: UnitOfWork, who: Person, reports: Reports
) -> Reply:
    match act:
        case "pause":
            await state.clear()
            return texts.paused(has_draft=True)
        case "ask_drop":
            return texts.confirm_drop()
        case "drop":
            await reports.drop(uow, who)
            await state.clear()
            return texts.dropped()
        case "restart":
            opening = (await state.get_data()).get("opening", "")
            await reports.drop(uow, who)
            await state.clear()
            return await begin(uow, who, state, reports, opening=opening)
        case "choose" | "edit":
            await state.set_state(Flow.report)
            return texts.choose_field(view) if view.step is Step.REVIEW else texts.prompt(view)
        case _:
            opening = (await state.get_data()).get("opening", "")
            await state.clear()
            await state.set_state(Flow.report)
            return _or_lost(await reports.add_account(uow, who, opening)) if opening else texts.prompt(view)


async def _step(tapped: ReportTap, uow: UnitOfWork, who: Person, reports: Reports) -> ReportView | None:
    match tapped.act:
        case "place" if tapped.value.isdecimal() and len(tapped.value) <= _LONGEST_ID:
            return await reports.choose_place(uow, who, int(tapped.value))
        case "quick":
            said = texts.quick_answers(Step(tapped.step), local_date(uow.clock.now())).get(tapped.value, "")
            return await reports.answer(uow, who, said)
        case "here" | "by_code" as choice:
            return await reports.choose_news(uow, who, here=choice == "here")
        case act:
            return await _PLAIN.get(act, Reports.back)(reports, uow, who)


_PLAIN: Final = {"skip": Reports.skip, "elsewhere": Reports.elsewhere, "other": Reports.other_contact}


async def _submit(state: FSMContext, uow: UnitOfWork, who: Person, reports: Reports) -> Reply:
    result = await reports.submit(uow, who)
    if not isinstance(result, Receipt | Queued):
        return _or_lost(result)
    await state.clear()
    if isinstance(result, Queued):
        return case_texts.queued(result, uow.clock.now())
    return case_texts.receipt(result)


def _or_lost(view: ReportView | None) -> Reply:
    return texts.prompt(view) if view else texts.no_draft()


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.message.register(on_file_sent, StateFilter(Flow.report), HasFile())
    router.message.register(on_prompt_answered, StateFilter(Flow.report))
    router.message.register(on_file_came_first, StateFilter(None, Flow.home), HasFile())
    router.callback_query.register(on_report_button_pressed, ReportTap.filter())
