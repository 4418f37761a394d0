"""Following one's own reports: how they stand, and adding to them, also after they closed."""

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import texts
from handlers.chat.filters import Flow, HasFile
from handlers.chat.incoming import as_words, fetch, sent_file
from handlers.chat.keyboards import CaseTap
from handlers.chat.reply import Reply
from handlers.services import follow_up
from knowledge.clock import local_date
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork


async def own_cases(uow: UnitOfWork, who: Person) -> Reply:
    """A person's reports with their public state."""
    return texts.my_cases(await uow.cases.of_person(who.id), local_date(uow.clock.now()))


async def on_own_case_tapped(
    query: CallbackQuery,
    callback_data: CaseTap,
    state: FSMContext,
    uow: UnitOfWork,
    who: Person,
) -> Reply:
    """Add to a case, or be done adding."""
    number = callback_data.number
    if await follow_up.own_case(uow, who, number) is None:
        return texts.case_unknown()
    if callback_data.act == "done":
        await state.clear()
        return texts.addition_done(number)
    await state.set_state(Flow.adding)
    await state.set_data({"number": number})
    return texts.add_to_case(number)


async def on_file_added(message: Message, bot: Bot, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """A file for a case."""
    file, number = sent_file(message), (await state.get_data())["number"]
    if file is None or file.too_big:
        return texts.file_too_big()
    data = await fetch(bot, file)
    kept = await follow_up.add_file(uow, who, number, data, file.name, message.caption or "")
    return texts.added_to_case(number) if kept else texts.case_unknown()


async def on_words_added(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """Words for a case."""
    number, words = (await state.get_data())["number"], as_words(message)
    if not words:
        return texts.cannot_use("这个")
    kept = await follow_up.add_words(uow, who, number, words)
    return texts.added_to_case(number) if kept else texts.case_unknown()


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.callback_query.register(on_own_case_tapped, CaseTap.filter())
    router.message.register(on_file_added, StateFilter(Flow.adding), HasFile())
    router.message.register(on_words_added, StateFilter(Flow.adding))
