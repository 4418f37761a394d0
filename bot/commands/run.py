"""`qingfeng run`: serve the web chat, the desk and Telegram until stopped."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable
from importlib import import_module
from types import FrameType

import uvicorn

from bot.commands.opening import bring_up_to_date, open_storage, refuse, run_to_end
from bot.front import Front, StartRefused, listening_socket
from bot.logging import set_up_logging
from bot.settings import Settings
from handlers.services.demo import demo_links
from storage import deployment
from storage.errors import UnsafeDatabase
from storage.unit_of_work import Storage

HELP = "serve the web chat, the desk and Telegram"


def configure(parser: argparse.ArgumentParser) -> None:
    """No options: settings are environment variables."""
    parser.epilog = "Settings are environment variables (QINGFENG_PORT, QINGFENG_DATABASE_URL ...); see the README."


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Serve; exit 1 with one line when that cannot be."""
    try:
        return run_to_end(_start)
    except KeyboardInterrupt:  # Ctrl+C is how one stops it
        return 0


async def _start(settings: Settings) -> int:
    """Serve; where a newer version may migrate by itself, do that first."""
    set_up_logging(settings.log_level)
    try:
        return await _serve(settings)
    except UnsafeDatabase as error:
        may_migrate = settings.owner_database_url or settings.database_url.startswith("sqlite")
        if "schema" not in error.fault or not may_migrate:
            raise
    await bring_up_to_date(settings)
    return await _serve(settings)


async def _serve(settings: Settings) -> int:
    """Open the door first; then import and make the rest, which takes several seconds."""
    try:
        async with open_storage(settings) as storage:
            sock = listening_socket(settings.host, settings.port)
            demo = await deployment.get(storage, deployment.DEMO) is not None
            secure = settings.public_url.startswith("https://")
            front = Front(demo=demo, contact=settings.contact, secure=secure, body=settings.body)
            config = uvicorn.Config(
                front, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=3
            )
            server = Server(config)
            serving = asyncio.create_task(server.serve(sockets=[sock]))
            try:
                await _serve_all(settings, storage, front, server, serving)
            finally:
                server.should_exit = True
                await serving
    except StartRefused as error:
        return refuse(str(error))
    return 0


class Server(uvicorn.Server):
    """uvicorn's server, which tells the open chat pages to let go before it waits for them."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.before_exit: Callable[[], None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal asks us to stop."""
        if self.before_exit:
            self.before_exit()
        super().handle_exit(sig, frame)


async def _serve_all(
    settings: Settings, storage: Storage, front: Front, server: Server, serving: asyncio.Task[None]
) -> None:
    gc.disable()  # importing aiogram makes 186,000 objects; collecting meanwhile costs a seventh of the start
    app = await asyncio.to_thread(import_module, "bot.app")
    async with app.open_application(settings, storage) as application, app.running(application):
        gc.enable()
        gc.collect()
        gc.freeze()  # a full collection over those objects would stop every chat for 119 ms
        server.before_exit = application.web.stop
        front.ready(application.http)
        print(_addresses(settings), flush=True)
        await _print_demo_links(settings, storage)
        await serving


def _addresses(settings: Settings) -> str:
    url = settings.public_url
    return f"清风 Qingfeng\n  Web chat / 村民网页聊天   {url}/\n  Desk / 工作台             {url}/desk"


async def _print_demo_links(settings: Settings, storage: Storage) -> None:
    links = await demo_links(storage, settings.public_url)
    if links:
        print("\nDemo county, nothing in it is real / 演示县，全是虚构的。One-time sign-in links / 一次性登录链接:")
        for role, name, link in links:
            print(f"  {role:<20} {name}  {link}")
    print("\nStop with Ctrl+C / 按 Ctrl+C 停止", flush=True)
    sys.stdout.flush()
