"""What no other handler took: stickers, places, cards, edited messages, buttons from another time."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import texts
from handlers.chat.filters import Flow
from handlers.chat.reply import Reply


async def on_message_edited(edited_message: Message, state: FSMContext) -> Reply:
    """A message was changed after it was sent."""
    return texts.edited_message(in_report=await state.get_state() == Flow.report.state)


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
