"""An official ties this Telegram chat to the notices of the desk, by a link from the desk."""

from handlers.chat import texts
from handlers.chat.reply import Reply
from handlers.chat.transaction import Channel
from handlers.services.access import receive_notices
from handlers.services.errors import LinkSpent
from storage.repositories.people import Person
from storage.unit_of_work import UnitOfWork


async def on_notice_link_opened(uow: UnitOfWork, who: Person, channel: Channel, token: str) -> Reply:
    """An official opens the link."""
    if channel.in_transaction:
        return texts.notices_need_telegram()
    try:
        await receive_notices(uow, token, who.recipient.chat_id)
    except LinkSpent:
        return texts.notice_link_spent()
    return texts.notices_on()
