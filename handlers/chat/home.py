"""Where somebody is at home: said with a button, a name, or in passing; shown, changed, forgotten.

What a newcomer gets wrong: nobody is held in this prompt. Words that are no place's name are an ordinary question,
and go on to whoever answers those.
"""

from typing import Final

from aiogram import Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import texts
from handlers.chat.filters import Flow, HasText, SaysHome
from handlers.chat.keyboards import HomeTap
from handlers.chat.reply import Reply
from handlers.services.answers import Answers
from handlers.services.home import Homes, Named
from knowledge.model import Kind
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork

_LONGEST_ID: Final = 18  # digits; more does not fit a database's integer


async def show(uow: UnitOfWork, who: Person, state: FSMContext, homes: Homes) -> Reply:
    """What is remembered, or the question."""
    home = await homes.of(uow, who)
    known = who.place_id is not None or who.jurisdiction is not None or who.kind is not None
    return texts.home_known(home) if known else await ask(uow, state, homes)


async def ask(uow: UnitOfWork, state: FSMContext, homes: Homes, *, inquiry_id: int = 0) -> Reply:
    """Ask for the village; a typed name answers, and so does a button."""
    await state.set_state(Flow.home)
    await state.set_data({"inquiry": inquiry_id})
    return texts.where_are_you(await homes.places(uow), homes.provinces, inquiry_id)


async def ask_province(state: FSMContext, homes: Homes, *, inquiry_id: int = 0) -> Reply:
    """Ask for the province alone."""
    await state.set_state(Flow.home)
    await state.set_data({"inquiry": inquiry_id})
    return texts.which_province(homes.provinces, inquiry_id)


async def remembered(uow: UnitOfWork, who: Person, homes: Homes, answers: Answers, inquiry_id: int) -> Reply:
    """Say what was understood, with the answer to the question that was open, as it is there."""
    home = await homes.of(uow, who)
    asked = await uow.inquiries.get(inquiry_id) if inquiry_id else None
    outcome = await answers.again(uow, who, asked) if asked and asked.person_id == who.id else None
    return texts.answer(outcome, opening=texts.home_noted(home)) if outcome else texts.home_remembered(home)


async def on_home_typed(
    message: Message, state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes, answers: Answers
) -> Reply:
    """Words while the village is asked for."""
    named = await homes.named(uow, message.text or "")
    inquiry_id = int((await state.get_data()).get("inquiry", 0))
    if not named and not named.looks_like_a_name:
        await state.clear()
        raise SkipHandler
    return await _take(named, state, uow, who, homes, answers, inquiry_id)


async def on_home_said(
    message: Message, state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes, answers: Answers
) -> Reply:
    """Somebody mentions where they are at home, unasked."""
    named = await homes.named(uow, message.text or "")
    if not named and not named.looks_like_a_name:
        raise SkipHandler
    return await _take(named, state, uow, who, homes, answers, 0)


async def _take(
    named: Named, state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes, answers: Answers, inquiry_id: int
) -> Reply:
    if named.place:
        await homes.live_in(uow, who, named.place.id)
    elif named.province:
        homes.come_from(uow, who, named.province.id)
    elif named.kind:
        homes.belong_to(uow, who, named.kind)
    else:
        await state.set_state(Flow.home)
        await state.set_data({"inquiry": inquiry_id})
        if named.places:
            return texts.which_place(named.places, inquiry_id)
        return texts.place_unknown(named.typed, await homes.places(uow), homes.provinces, inquiry_id)
    await state.clear()
    return await remembered(uow, who, homes, answers, inquiry_id)


async def on_home_button_pressed(
    query: CallbackQuery,
    callback_data: HomeTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
    homes: Homes,
    answers: Answers,
) -> Reply:
    """A place, a province, village or community, or what to do with what is remembered."""
    act, inquiry_id = callback_data.act, callback_data.inquiry_id
    if act == "change":
        return await ask(uow, state, homes, inquiry_id=inquiry_id)
    if act == "provinces":
        return await ask_province(state, homes, inquiry_id=inquiry_id)
    await state.clear()
    if act in _LEAVING:
        return _left(act, uow, who, homes)
    if not await _taken(callback_data, uow, who, homes):
        return texts.stale_button()
    return await remembered(uow, who, homes, answers, inquiry_id)


_LEAVING: Final = frozenset({"forget", "elsewhere", "never"})


def _left(act: str, uow: UnitOfWork, who: Person, homes: Homes) -> Reply:
    if act == "forget":
        homes.forget(uow, who)
        return texts.home_forgotten()
    if act == "elsewhere":
        homes.come_from_elsewhere(uow, who)
        return texts.home_elsewhere()
    return texts.home_untold()


async def _taken(tapped: HomeTap, uow: UnitOfWork, who: Person, homes: Homes) -> bool:
    value = tapped.value
    match tapped.act:
        case "village" | "community" as kind:
            homes.belong_to(uow, who, Kind(kind))
            return True
        case "place" if value.isdecimal() and len(value) <= _LONGEST_ID:
            return await homes.live_in(uow, who, int(value)) is not None
        case "province":
            return homes.come_from(uow, who, value) is not None
        case _:
            return False


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.message.register(on_home_typed, StateFilter(Flow.home), HasText())
    router.message.register(on_home_said, StateFilter(None), SaysHome())
    router.callback_query.register(on_home_button_pressed, HomeTap.filter())
