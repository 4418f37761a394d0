"""Following reports: the list, a case's page, the dialogue with officials, also after the case has ended.

A case is reached from the chat that follows it, or by its receipt code from anywhere. What a newcomer gets wrong: by
code, nothing may join the chat to the case. What is typed leaves the chat at once, what is said leaves it when the
page is put away, and the conversation holds the number no longer than that.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import case_texts, evidence_texts
from handlers.chat.filters import Flow, HasFile, HoldsCode, IsCaseNumber
from handlers.chat.incoming import SentFile, as_words, fetch, is_later_of_album, sent_file
from handlers.chat.keyboards import CaseTap
from handlers.chat.reply import Reply
from handlers.chat.transaction import Channel
from handlers.services import follow_up, missed_dates, receipts, uploads
from handlers.services.deadlines import today
from storage.repositories.cases import Case
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

OPENED: Final = timedelta(minutes=case_texts.OPENED_MINUTES)
_SENT_AS: Final = {
    "add": follow_up.SUPPLEMENT,
    "reply": follow_up.MESSAGE,
    "evidence": follow_up.NEW_EVIDENCE,
    "object": follow_up.OBJECTION,
}


def is_put_away(data: dict[str, Any], now: datetime) -> bool:
    """Whether a page behind a code has stood open long enough."""
    return "until" in data and datetime.fromisoformat(data["until"]) <= now


async def own_cases(uow: UnitOfWork, who: Person) -> Reply:
    """A person's reports with their public state."""
    views, more = await follow_up.own_cases(uow, who, most=case_texts.LISTED)
    return case_texts.my_cases(views, await uow.drafts.queued_of(who.id), uow.clock.now(), more=more)


async def leave(state: FSMContext, uow: UnitOfWork, who: Person) -> None:
    """Let go of whatever was open; a page behind a code is put away whole."""
    if "until" in await state.get_data():
        await uow.begin()
        await uow.messages.empty_until(uow.clock.now() + OPENED, chat_id=who.recipient.chat_id)
    await state.clear()


async def on_code_sent(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """A receipt code, from whichever chat."""
    looked = await receipts.look_up(uow, who, receipts.read_code(message.text or "") or "")
    if looked.again_at:
        return case_texts.code_later(looked.again_at, uow.clock.now())
    if looked.case is None:
        return case_texts.code_wrong()
    await leave(state, uow, who)
    if looked.case.person_id != who.id:
        await state.set_state(Flow.case)
        await state.set_data({"number": looked.case.number, "mode": "add", "until": _until(uow)})
    return await _page(uow, who, looked.case.number, state)


async def on_number_sent(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """The number of a case: shows it to whom it belongs."""
    return await _page(uow, who, receipts.read_number(message.text or "") or "", state)


async def on_case_tapped(
    query: CallbackQuery, callback_data: CaseTap, state: FSMContext, uow: UnitOfWork, who: Person, public_url: str
) -> Reply:
    """A button under a receipt, a page, a notice or a prompt."""
    act, number = callback_data.act, callback_data.number
    if act == "noted":
        return case_texts.receipt_noted()
    opened = await _opened(state, uow)
    case = await follow_up.own_case(uow, who, number, opened=opened)
    if act == "done":
        await leave(state, uow, who)
        has_draft = await uow.drafts.in_writing(who.id) is not None
        by_code = case is None or case.person_id != who.id
        return case_texts.dialogue_done(number, by_code=by_code, has_draft=has_draft)
    if case is None:
        return case_texts.case_unknown()
    by_code = case.person_id != who.id
    if act in case_texts.MODES:
        await state.set_state(Flow.case)
        await state.set_data({"number": number, "mode": act} | ({"until": _until(uow)} if by_code else {}))
        return _said(case_texts.dialogue_prompt(case, act), by_code=by_code)
    if act == "receipt":
        signed = await follow_up.own_receipt(uow, who, number, opened=opened)
        return _said(evidence_texts.signed_receipt(case, signed, public_url), by_code=by_code)
    return await _act(act, case, state, uow, who)


async def _act(act: str, case: Case, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    number, by_code = case.number, case.person_id != who.id
    opened = number if by_code else ""
    if act == "above":
        asked = await missed_dates.ask_above(uow, who, number, opened=opened)
        return _said(case_texts.asked_above(asked) if asked else case_texts.case_unknown(), by_code=by_code)
    if act == "withdraw":
        view = await follow_up.look(uow, who, number, opened=opened)
        return _said(case_texts.confirm_withdrawal(view) if view else case_texts.case_unknown(), by_code=by_code)
    if act == "withdrawn":
        result = await follow_up.withdraw(uow, who, number, opened=opened)
        return _said(
            case_texts.withdrawn(result, by_code=by_code) if result else case_texts.case_unknown(), by_code=by_code
        )
    if not by_code and await state.get_state() == Flow.case.state:
        await leave(state, uow, who)
    return await _page(uow, who, number, state)


async def on_file_sent_to_case(
    message: Message, bot: Bot, state: FSMContext, uow: UnitOfWork, who: Person, channel: Channel, public_url: str
) -> Reply | list[Reply]:
    """A file for the open case."""
    found, file = await _open_case(message, state, uow, who), sent_file(message)
    if isinstance(found, Reply):
        if file:
            await uow.files.delete_upload(who.recipient.chat_id, file.file_id)
        return found
    case, mode, by_code = found
    data = await fetch(bot, file) if file else None
    if file is None or data is None:
        words = (message.caption or "").strip()
        if words:
            await _add_words(words, case, mode, uow, who)
        return await _offer(case, mode, uow, who, channel, public_url, file, kept_words=bool(words))
    later = await is_later_of_album(message, state)
    result = await follow_up.add_file(
        uow,
        who,
        case.number,
        data,
        file.name,
        message.caption or "",
        opened=case.number if by_code else "",
        kind=_SENT_AS[mode],
        is_first=not later,
        album=message.media_group_id,
    )
    if result is None:
        return case_texts.case_unknown()
    if by_code and result.is_empty:
        await uow.files.delete_upload(who.recipient.chat_id, file.file_id)
    if later and not result.files_from and not result.is_empty:
        return Reply(remove_incoming=by_code)
    return _said(case_texts.kept(result, mode, uow.clock.now(), by_code=by_code), by_code=by_code)


async def offer_to_case(
    message: Message, state: FSMContext, uow: UnitOfWork, who: Person, channel: Channel, public_url: str
) -> Reply:
    """A link for a large file to the open case."""
    found = await _open_case(message, state, uow, who)
    if isinstance(found, Reply):
        return found
    case, mode, _ = found
    return await _offer(case, mode, uow, who, channel, public_url, None)


async def _offer(
    case: Case,
    mode: str,
    uow: UnitOfWork,
    who: Person,
    channel: Channel,
    public_url: str,
    file: SentFile | None,
    *,
    kept_words: bool = False,
) -> Reply:
    by_code = case.person_id != who.id
    offer = await uploads.for_case(
        uow,
        who,
        case.number,
        opened=case.number if by_code else "",
        name=file.name if file else "",
        size=file.size if file else 0,
        kind=_SENT_AS[mode],
    )
    if offer is None:
        return case_texts.case_unknown()
    link = evidence_texts.upload_link(
        offer,
        public_url,
        uow.clock.now(),
        own_page=channel.in_transaction,
        was_sent=file is not None,
        kept_words=kept_words,
    )
    return _said(case_texts.with_dialogue(case, link), by_code=by_code)


async def on_words_sent_to_case(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """Words for the open case; a place or a card stands for words."""
    found = await _open_case(message, state, uow, who)
    if isinstance(found, Reply):
        return found
    case, mode, by_code = found
    words = as_words(message).strip()
    if not words:
        return _said(case_texts.not_kept(case, "这个"), by_code=by_code)
    return await _add_words(words, case, mode, uow, who)


async def correct(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply | None:
    """A message was changed after it was sent: both versions stay with the case it belongs to; None for no case."""
    words = (message.text or message.caption or "").strip()
    if not words:
        return None
    if await state.get_state() == Flow.case.state:
        found = await _open_case(message, state, uow, who)
        if isinstance(found, Reply):
            return found
        case, mode, _ = found
        return await _add_words(case_texts.correction(words), case, mode, uow, who)
    kept = await follow_up.corrected(uow, who, message.date, case_texts.correction(words))
    return case_texts.correction_kept(kept.case) if kept else None


async def _add_words(words: str, case: Case, mode: str, uow: UnitOfWork, who: Person) -> Reply:
    by_code = case.person_id != who.id
    opened = case.number if by_code else ""
    result = await follow_up.add_words(uow, who, case.number, words, opened=opened, kind=_SENT_AS[mode])
    if result is None:
        return case_texts.case_unknown()
    return _said(case_texts.kept(result, mode, uow.clock.now(), by_code=by_code), by_code=by_code)


async def _page(uow: UnitOfWork, who: Person, number: str, state: FSMContext) -> Reply:
    view = await follow_up.look(uow, who, number, opened=await _opened(state, uow))
    if view is None:
        return case_texts.case_unknown()
    by_code = view.case.person_id != who.id
    if by_code:
        await state.update_data(until=_until(uow), mode="add")
    missed = await missed_dates.missed_in(uow, view)
    return _said(case_texts.case_page(view, missed, today(uow), by_code=by_code), by_code=by_code)


async def _open_case(
    message: Message, state: FSMContext, uow: UnitOfWork, who: Person
) -> tuple[Case, str, bool] | Reply:
    """The case that is open, how it is written to, and whether by its code; or what to say when none is any more."""
    data = await state.get_data()
    case = await follow_up.own_case(uow, who, data.get("number", ""), opened=await _opened(state, uow))
    if case is None:
        await leave(state, uow, who)
        uow.messages.forget_later(who.recipient.chat_id, message.message_id, uow.clock.now() + OPENED)
        return case_texts.put_away()
    by_code = case.person_id != who.id
    if by_code:
        await state.update_data(until=_until(uow))
    mode = data.get("mode", "add")
    return case, mode if mode in _SENT_AS else "add", by_code


async def _opened(state: FSMContext, uow: UnitOfWork) -> str:
    """The number a code opened in this conversation, while it is open."""
    data = await state.get_data()
    return str(data["number"]) if "until" in data and not is_put_away(data, uow.clock.now()) else ""


def _until(uow: UnitOfWork) -> str:
    return (uow.clock.now() + OPENED).isoformat()


def _said(reply: Reply, *, by_code: bool) -> Reply:
    """An answer as it is given; by code it is only to be read, and what was typed leaves the chat."""
    if not by_code:
        return reply
    return replace(reply, remove_incoming=True, forget_after=case_texts.OPENED_MINUTES)


def add_code_routes(router: Router) -> None:
    """A receipt code opens its case whatever the conversation is about; these come before all others."""
    router.message.register(on_code_sent, HoldsCode())


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.message.register(on_number_sent, StateFilter(None, Flow.case, Flow.home), IsCaseNumber())
    router.callback_query.register(on_case_tapped, CaseTap.filter())
    router.message.register(on_file_sent_to_case, StateFilter(Flow.case), HasFile())
    router.message.register(on_words_sent_to_case, StateFilter(Flow.case))
