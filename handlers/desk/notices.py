"""Where an official is told that something waits: a Telegram chat, tied by a link that works once."""

from starlette.responses import Response

from handlers.desk.candidates import qr_code, telegram_link
from handlers.desk.request import Signed, Visit
from handlers.services.access import NOTICES


async def show_notices(visit: Signed) -> Response:
    """Whether notices are on, and how to turn them on."""
    return await _notices_page(visit)


async def make_link(visit: Signed) -> Response:
    """Make a link for this official's Telegram and show it, this once."""
    async with visit.unit_of_work() as uow:
        token = await visit.desk.access.make_notice_link(uow, visit.official)
        await uow.commit()
    return await _notices_page(visit, token=token)


async def _notices_page(visit: Visit, *, token: str = "") -> Response:
    async with visit.unit_of_work() as uow:
        is_on = await uow.officials.has_notice_chat(visit.official.id)
    link = telegram_link(visit.desk.settings, f"{NOTICES}{token}") if token else None
    return await visit.page(
        "notices.html",
        is_on=is_on,
        link=link,
        qr=qr_code(link) if link else None,
        people=visit.desk.settings.telegram_username,
        pusher=visit.desk.settings.notices_username,
    )
