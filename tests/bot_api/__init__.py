"""A Bot API server on loopback: what Telegram is to both of our bots, in every test.

It speaks the public Bot API over HTTP with Telegram's refusals and published limits, and gives tests the
other side: people who write, press, block, and wait. aiogram and python-telegram-bot are both held against
it, so that neither library's habits shape it. A newcomer's trap: limits are enforced by default, one
message a second in a chat; a test that is not about pacing passes `Limits().relaxed()`.
"""

from tests.bot_api.account import BotAccount, Delivery
from tests.bot_api.chats import Chat, SentMessage, TelegramGroup
from tests.bot_api.content import Button
from tests.bot_api.limits import Limits
from tests.bot_api.people import CallbackAnswer, TelegramUser
from tests.bot_api.server import BotApiServer

__all__ = [
    "BotAccount",
    "BotApiServer",
    "Button",
    "CallbackAnswer",
    "Chat",
    "Delivery",
    "Limits",
    "SentMessage",
    "TelegramGroup",
    "TelegramUser",
]
