"""Villagers who want to be reminded of their village's election, and those who no longer do."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.chat import home, reminder_texts
from handlers.chat.follow import leave
from handlers.chat.keyboards import SubscribeTap
from handlers.chat.reply import Reply
from handlers.services import subscriptions
from handlers.services.home import Homes
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork


async def on_wants_reminders(message: Message, state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes) -> Reply:
    """Somebody wants to be reminded; without a village, that is asked first."""
    await leave(state, uow, who)
    made = await subscriptions.subscribe(uow, who)
    if made is None:
        return await home.ask(uow, state, homes)
    return reminder_texts.subscribed(made.place.name, made.place.id, before=made.before)


async def on_wants_no_reminders(message: Message, state: FSMContext, uow: UnitOfWork, who: Person) -> Reply:
    """Somebody no longer wants any."""
    await leave(state, uow, who)
    return reminder_texts.unsubscribed(await subscriptions.unsubscribe(uow, who))


async def on_subscription_tapped(
    query: CallbackQuery, callback_data: SubscribeTap, state: FSMContext, uow: UnitOfWork, who: Person, homes: Homes
) -> Reply:
    """One tap subscribes, and one tap ends it; what else is going on in the chat goes on."""
    place_id = callback_data.place_id
    if callback_data.act == "off":
        return reminder_texts.unsubscribed(await subscriptions.unsubscribe(uow, who, place_id), place_id)
    made = await subscriptions.subscribe(uow, who, place_id)
    if made is None:
        return await home.ask(uow, state, homes)
    return reminder_texts.subscribed(made.place.name, made.place.id, before=made.before)


def add_routes(router: Router) -> None:
    """The routes of this module; the words stand in the menu."""
    router.callback_query.register(on_subscription_tapped, SubscribeTap.filter())
