"""Filing a report: each message or press is one step; the service knows where the person stands."""

from typing import Final

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import case_texts, evidence_texts, texts
from handlers.chat.filters import Flow, HasFile, Says
from handlers.chat.follow import leave, offer_to_case
from handlers.chat.incoming import SentFile, as_words, fetch, is_later_of_album, sent_file
from handlers.chat.keyboards import ReportTap
from handlers.chat.reply import Reply
from handlers.chat.transaction import Channel
from handlers.services import uploads
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
    message: Message,
    bot: Bot,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
    channel: Channel,
    public_url: str,
) -> Reply | list[Reply] | None:
    """A photo, recording or document: evidence, at whatever prompt it comes."""
    file = sent_file(message)
    data = await fetch(bot, file) if file else None
    if file is None or data is None:
        return await _offer(uow, who, reports, channel, public_url, file, message.caption or "")
    album = message.media_group_id
    view = await reports.add_file(uow, who, data, file.name, message.caption or "", album=album)
    if await is_later_of_album(message, state) and view and not view.problem:
        return None
    return _or_lost(view)


async def _offer(
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
    channel: Channel,
    public_url: str,
    file: SentFile | None,
    caption: str = "",
) -> Reply | list[Reply]:
    """A link for a large file of the report being written, then the prompt it stands at."""
    offer = await uploads.for_draft(uow, who, name=file.name if file else "", size=file.size if file else 0)
    view = await (reports.keep_caption(uow, who, caption) if caption.strip() else reports.current(uow, who))
    if offer is None or view is None:
        return texts.no_draft()
    kept_words = bool(caption.strip()) and not view.problem
    link = evidence_texts.upload_link(
        offer,
        public_url,
        uow.clock.now(),
        own_page=channel.in_transaction,
        was_sent=file is not None,
        kept_words=kept_words,
    )
    return [link, texts.prompt(view)]


async def on_wants_to_upload(
    message: Message,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
    channel: Channel,
    public_url: str,
) -> Reply | list[Reply]:
    """Somebody asks for a link for a large file before trying to send it."""
    if await state.get_state() == Flow.case.state:
        return await offer_to_case(message, state, uow, who, channel, public_url)
    if await uow.drafts.in_writing(who.id) is None:
        return evidence_texts.upload_where()
    await state.set_state(Flow.report)
    return await _offer(uow, who, reports, channel, public_url, None)


async def on_prompt_answered(message: Message, uow: UnitOfWork, who: Person, reports: Reports) -> Reply:
    """Words for the present prompt; a place or a card stands for words."""
    words = as_words(message)
    view = await (reports.answer(uow, who, words) if words else reports.words_wanted(uow, who))
    return _or_lost(view)


async def on_file_came_first(
    message: Message,
    bot: Bot,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
    channel: Channel,
    public_url: str,
) -> Reply | list[Reply] | None:
    """A photo as the very first thing: kept in a new draft, so that it is not lost."""
    if message.voice and not await uow.drafts.in_writing(who.id):
        return texts.cannot_listen()
    await reports.start(uow, who)
    await state.set_state(Flow.report)
    return await on_file_sent(message, bot, state, uow, who, reports, channel, public_url)


async def on_report_button_pressed(  # noqa: PLR0911 - one return for each kind of button
    query: CallbackQuery,
    callback_data: ReportTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    reports: Reports,
    channel: Channel,
    public_url: str,
) -> Reply | list[Reply]:
    """A button under a prompt or the summary."""
    view = await reports.current(uow, who)
    act = callback_data.act
    if view is None:
        return texts.already_submitted() if act == "submit" else texts.no_draft()
    if act == "edit" and view.step is Step.REVIEW and callback_data.step in PROMPTS:
        await state.set_state(Flow.report)
        return _or_lost(await reports.edit(uow, who, Step(callback_data.step)))
    if act == "upload":
        return await _offer(uow, who, reports, channel, public_url, None)
    if act in _ANY_STEP:
        return await _leave_or_return(act, view, state, uow, who, reports)
    await state.set_state(Flow.report)
    if callback_data.step != view.step:
        return [texts.stale_button(), texts.prompt(view)]
    if act == "submit":
        return await _submit(state, uow, who, reports, public_url)
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


async def _submit(state: FSMContext, uow: UnitOfWork, who: Person, reports: Reports, public_url: str) -> Reply:
    result = await reports.submit(uow, who)
    if not isinstance(result, Receipt | Queued):
        return _or_lost(result)
    await state.clear()
    if isinstance(result, Queued):
        return case_texts.queued(result, uow.clock.now())
    return evidence_texts.with_receipt(case_texts.receipt(result), result.signed, public_url)


def _or_lost(view: ReportView | None) -> Reply:
    return texts.prompt(view) if view else texts.no_draft()


def add_upload_route(router: Router) -> None:
    """Asking for a link for a large file works wherever the conversation stands; it comes before what is typed."""
    router.message.register(on_wants_to_upload, Says(*evidence_texts.WANTS_TO_UPLOAD))


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.message.register(on_file_sent, StateFilter(Flow.report), HasFile())
    router.message.register(on_prompt_answered, StateFilter(Flow.report))
    router.message.register(on_file_came_first, StateFilter(None, Flow.home), HasFile())
    router.callback_query.register(on_report_button_pressed, ReportTap.filter())
