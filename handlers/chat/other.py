"""What no other handler took: stickers, places, cards, edited messages, buttons from another time."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from handlers.chat import texts
from handlers.chat.reply import Reply

router = Router(name="other")


@router.edited_message()
async def on_message_edited(edited_message: Message) -> Reply:  # noqa: ARG001
    """A message was changed after it was sent."""
    return texts.edited_message()


@router.callback_query()
async def on_unknown_button(query: CallbackQuery) -> Reply:  # noqa: ARG001
    """A button we no longer know."""
    return texts.stale_button()


@router.message()
async def on_anything_else(message: Message) -> Reply:
    """A kind of message nothing can be done with here."""
    if message.sticker:
        return texts.say_something()
    if message.location:
        return texts.cannot_use("位置")
    if message.contact:
        return texts.cannot_use("名片")
    return texts.cannot_use("这个")
