"""The composition root: every part is made here, once, and handed what it needs.

Importing this module imports aiogram (seconds); `bot.front` answers meanwhile.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramUnauthorizedError
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from starlette.routing import BaseRoute

from bot.channels import telegram
from bot.channels.errors import NoticeTokenRejected
from bot.channels.web.api import WebChat, create_web_chat
from bot.channels.web.entrance import Limits
from bot.channels.web.session import NAME as WEB
from bot.channels.web.session import WEB_TOKEN, WebChatSession
from bot.channels.web.signals import ChatSignals
from bot.delivery import Deliveries, NoticeSender
from bot.front import StartRefused
from bot.scheduler import create_scheduler
from bot.settings import Settings
from bot.witness import open_witness
from handlers.chat import follow
from handlers.chat.dispatcher import create_dispatcher
from handlers.chat.filters import Flow
from handlers.chat.transaction import Channel, ChatLocks
from handlers.desk.app import DeskSettings, create_desk
from handlers.jobs.broadcasts import feed_broadcasts
from handlers.jobs.deadlines import follow_calendar, remind_of_deadlines
from handlers.jobs.log_heads import Send, send_heads, sign_daily_head
from handlers.jobs.questions import tell_late_questions
from handlers.jobs.queued_reports import file_queued_reports
from handlers.jobs.releases import forget_released_names
from handlers.jobs.reminders import remind
from handlers.jobs.reporters import put_away, tell_missed_dates
from handlers.jobs.retention import erase_old_cases
from handlers.jobs.scanning import scan_files
from handlers.jobs.transfers import expire_offers
from handlers.public.app import create_public, public_files
from handlers.services import commitments, gates, rule_sets
from handlers.services.access import Access
from handlers.services.answer_book import AnswerBook
from handlers.services.answers import Answers
from handlers.services.errors import RulesChanged
from handlers.services.home import Homes
from handlers.services.intake import Intake
from handlers.services.reports import Reports
from knowledge.answering import Answerer
from knowledge.casework.categories import category_files, load_categories
from knowledge.casework.classification import Classifier
from knowledge.loader import load_knowledge
from storage import deployment
from storage.clamav import ClamAV
from storage.leases import Lease, is_anybodys
from storage.unit_of_work import Storage, UnitOfWork


@dataclass(slots=True)
class Application:
    """Everything a running deployment consists of."""

    settings: Settings
    storage: Storage
    dispatcher: Dispatcher
    deliveries: Deliveries
    web: WebChat
    http: FastAPI
    telegram_bot: Bot | None
    book: AnswerBook
    reports: Reports
    witness: Send | None
    lease: Lease
    scanner: ClamAV | None = None
    background: list[asyncio.Task[None]] = field(default_factory=list)

    async def remind(self) -> None:
        """One tick of the reminders, of what is late at the desk, and of what reporters were promised."""
        queued = await remind(self.storage)
        queued += await remind_of_deadlines(self.storage)
        queued += await tell_late_questions(self.storage)
        queued += await expire_offers(self.storage)
        queued += await file_queued_reports(self.storage, self.reports)
        queued += await tell_missed_dates(self.storage)
        await forget_released_names(self.storage)
        await self.storage.database.forget_history()
        await put_away(self.storage, str(Flow.case.state), follow.is_put_away)
        await sign_daily_head(self.storage)
        if queued:
            self.deliveries.wake()

    async def lead(self) -> None:
        """Keep the lease, or take it where nobody keeps it any more; whoever takes it begins at once."""
        led = self.lease.is_held
        if await self.lease.renew() and not led:
            await self.remind()

    async def tick(self) -> None:
        """`remind`, in the one process that holds the lease."""
        if await self.lease.renew():
            await self.remind()

    async def refresh(self) -> None:
        """One look for what another process has published, and for imported calendars."""
        await self.book.refresh(self.storage)
        if await follow_calendar(self.storage):
            self.deliveries.wake()

    async def erase(self) -> None:
        """One look for ended cases whose time is over."""
        await erase_old_cases(self.storage)

    async def witnessed(self) -> None:
        """One attempt to bring signed heads of the log to the second party, where there is one."""
        if self.witness:
            await send_heads(self.storage, self.witness)

    async def scan(self) -> None:
        """One look for files no scanner has seen."""
        if self.scanner is not None:
            await scan_files(self.storage, self.scanner)

    async def sweep(self) -> None:
        """One look for rows whose time has come, and for broadcasts that can go on."""
        if self.lease.is_held:
            await feed_broadcasts(self.storage)
        self.deliveries.wake()


@asynccontextmanager
async def open_application(
    settings: Settings, storage: Storage, *, access: Access | None = None, extra: tuple[Channel, ...] = ()
) -> AsyncIterator[Application]:
    """Make all parts; nothing runs in the background yet (see `running`).

    Args:
        settings: The settings in force.
        storage: The open, verified storage.
        access: How officials sign in; tests hand in one with quick password hashing.
        extra: More ways in, each fed by its owner (the test channel).

    Raises:
        StartRefused: Telegram refuses a token, or the casework content changed without a new version.
    """
    witness = _witness(settings)
    await storage.calendars.refresh()
    classifier = Classifier(load_categories())
    knowledge = load_knowledge()
    book = AnswerBook(knowledge, Answerer(knowledge))
    homes = Homes(knowledge.jurisdictions.values(), settings.jurisdiction)
    answers = Answers(book, classifier, homes)
    intake = Intake(classifier)
    reports = Reports(intake)
    locks, signals = ChatLocks(), ChatSignals()
    async with AsyncExitStack() as stack:
        session = WebChatSession(storage, signals)
        channels = [Channel(WEB, Bot(WEB_TOKEN, session=session), history=session), *extra]
        telegram_bot = await _telegram(settings, stack)
        if telegram_bot:
            channels.append(Channel(telegram.NAME, telegram_bot))
        officials, notices_username = await _officials(settings, stack)
        lease = Lease(storage, secrets.token_hex(8))
        by_name = {channel.name: channel for channel in channels}
        deliveries = Deliveries(storage, by_name, locks, officials, may_send_bulk=lambda: lease.is_held)
        dispatcher = create_dispatcher(
            storage,
            {channel.bot.id: channel for channel in channels},
            locks,
            deliveries,
            answers=answers,
            reports=reports,
            homes=homes,
            public_url=settings.public_url,
            wake=deliveries.wake,
        )
        web = WebChat(
            storage,
            dispatcher,
            channels[0].bot,
            locks,
            signals,
            Limits(settings.entrance_limit, -(-settings.entrance_limit // 4), settings.entrance_bits),
        )
        async with storage.unit_of_work() as uow:
            await commitments.publish_packs(uow)
            await gates.publish(uow)
            await _keep_rules(uow)
            await uow.receipts.publish_key()
            await uow.commit()
        demo = await deployment.get(storage, deployment.DEMO) is not None
        username = (await telegram_bot.me()).username if telegram_bot else None
        desk = DeskSettings(settings.public_url, demo, username, notices_username or username)
        desk_pages = create_desk(storage, access or Access(), answers, desk, deliveries.wake)
        public = create_public(storage, settings.public_url, deliveries.wake, demo=demo)
        http = _http(storage, web, desk_pages, public, lease, secure=settings.public_url.startswith("https://"))
        await book.refresh(storage)
        scanner = ClamAV(settings.clamav) if settings.clamav else None
        yield Application(
            settings, storage, dispatcher, deliveries, web, http, telegram_bot, book, reports, witness, lease, scanner
        )


@asynccontextmanager
async def running(application: Application) -> AsyncIterator[None]:
    """Run deliveries, the scheduler and Telegram's polling beside the web server."""
    application.deliveries.start()
    scheduler = create_scheduler(
        remind=application.tick,
        sweep=application.sweep,
        lead=application.lead,
        refresh=application.refresh,
        erase=application.erase,
        witness=application.witnessed,
        scan=application.scan if application.scanner else None,
    )
    scheduler.start()
    polling = None
    if application.telegram_bot:
        polling = telegram.Polling(application.storage, application.dispatcher, application.telegram_bot)
        application.background.append(asyncio.create_task(polling.run(), name="polling"))
    await follow_calendar(application.storage)
    await application.lead()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        for task in application.background:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if polling:
            await polling.stop()
        await application.deliveries.stop()
        await application.lease.release()


def _witness(settings: Settings) -> Send | None:
    if not settings.log_witness:
        return None
    try:
        return open_witness(settings.log_witness)
    except ValueError as error:
        raise StartRefused(str(error)) from error


async def _keep_rules(uow: UnitOfWork) -> None:
    try:
        await rule_sets.keep(uow, category_files())
    except RulesChanged as error:
        raise StartRefused(str(error)) from error


async def _telegram(settings: Settings, stack: AsyncExitStack) -> Bot | None:
    if settings.telegram_token is None:
        return None
    try:
        bot = telegram.create_bot(settings.telegram_token.get_secret_value(), settings.telegram_api)
        stack.push_async_callback(bot.session.close)
        await bot.me()
    except (TelegramUnauthorizedError, ValueError) as error:  # ValueError: not even the shape of a token
        raise StartRefused(
            "Telegram refuses QINGFENG_TELEGRAM_TOKEN: copy it again from @BotFather, "
            "or unset it to run without Telegram"
        ) from error
    except Exception as error:
        raise StartRefused(
            f"Telegram cannot be reached ({type(error).__name__}): check the network or QINGFENG_TELEGRAM_API, "
            "or unset QINGFENG_TELEGRAM_TOKEN to run without Telegram"
        ) from error
    return bot


async def _officials(settings: Settings, stack: AsyncExitStack) -> tuple[NoticeSender | None, str | None]:
    if settings.officials_telegram_token is None:
        return None, None
    from bot.channels.officials import OfficialsNotices  # noqa: PLC0415 - python-telegram-bot only when used

    token = settings.officials_telegram_token.get_secret_value()
    try:
        notices = await stack.enter_async_context(OfficialsNotices(token, api_base=settings.telegram_api))
        return notices, await notices.username()
    except NoticeTokenRejected as error:
        raise StartRefused(
            "Telegram refuses QINGFENG_OFFICIALS_TELEGRAM_TOKEN: copy it again from @BotFather, or unset it"
        ) from error


def _http(storage: Storage, web: WebChat, desk: BaseRoute, public: APIRouter, lease: Lease, *, secure: bool) -> FastAPI:
    app = FastAPI(title="Qingfeng", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(create_web_chat(web, secure=secure))
    app.routes.append(desk)
    app.include_router(public)
    app.mount("/public", public_files())

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        state: dict[str, Any] = {"database": "ok"}
        try:
            await storage.database.verify()
        except Exception as error:  # noqa: BLE001 - readiness reports, it does not raise
            state["database"] = str(error)
        else:
            if lease.is_wanted:
                state["scheduler"] = "ok" if await is_anybodys(storage) else "no process holds the lease"
        ready = all(value == "ok" for value in state.values())
        return JSONResponse(state, status_code=200 if ready else 503)

    return app
