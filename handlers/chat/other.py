"""What no other handler took: stickers, places, cards, edited messages, buttons from another time."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import follow, texts
from handlers.chat.filters import Flow
from handlers.chat.reply import Reply
from handlers.services.reports import Reports
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork


async def on_message_edited(
    edited_message: Message, state: FSMContext, uow: UnitOfWork, who: Person, reports: Reports
) -> Reply | None:
    """A message was changed after it was sent: a report keeps both versions. A place that moves along is no news."""
    if edited_message.location:
        return None
    words = (edited_message.text or edited_message.caption or "").strip()
    if words and await state.get_state() == Flow.report.state:
        view = await reports.corrected(uow, who, words)
        return texts.corrected(view) if view else texts.edited_message()
    return await follow.correct(edited_message, state, uow, who) or texts.edited_message()


async def on_unknown_button(query: CallbackQuery) -> Reply:
    """A button we no longer know."""
    return texts.stale_button()


async def on_anything_else(message: Message) -> Reply:
    """A kind of message nothing can be done with here."""
    if message.sticker:
        return texts.say_something()
    if message.location:
        return texts.cannot_use("位置")
    if message.contact:
        return texts.cannot_use("名片")
    return texts.cannot_use("这个")


def add_routes(router: Router) -> None:
    """The routes of this module; the first that fits answers."""
    router.edited_message.register(on_message_edited)
    router.callback_query.register(on_unknown_button)
    router.message.register(on_anything_else)
