"""`qingfeng demo`: fill an empty database with a fictional county."""

import argparse
import json

from bot.commands.opening import bring_up_to_date, open_storage, refuse, run_to_end
from bot.settings import Settings
from handlers.services.access import Access
from handlers.services.demo import NotEmpty, build_demo, demo_links
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from storage import deployment
from storage.engine import Database
from storage.errors import DatabaseUnavailable, UnsafeDatabase

HELP = "fill an empty database with a fictional county"


def configure(parser: argparse.ArgumentParser) -> None:
    """`--json`, `--if-empty`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object per demo role")
    parser.add_argument("--if-empty", action="store_true", help="do nothing, and say nothing, where there is data")


def run(arguments: argparse.Namespace) -> int:
    """Refused on a database that holds data."""

    async def fill(settings: Settings) -> int:
        if not (arguments.if_empty and await _is_ready(settings)):
            await bring_up_to_date(settings)
        async with open_storage(settings) as storage:
            if arguments.if_empty and not await deployment.is_empty(storage):
                return 0
            try:
                seats = await build_demo(storage, Access(), Classifier(load_categories()))
            except NotEmpty:
                return refuse("the database holds data; a demo needs an empty one (set QINGFENG_DATABASE_URL)")
            links = {name: link for _, name, link in await demo_links(storage, settings.public_url)}
            if arguments.json:
                for seat in seats:
                    official = seat.official
                    shown = {
                        "role": official.role,
                        "username": official.username,
                        "name": official.display_name,
                        "link": links[official.display_name],
                        "password": seat.password,
                        "totp_secret": seat.totp_secret,
                    }
                    print(json.dumps(shown, ensure_ascii=False))
            else:
                print("Made a demo county; nothing in it is real / 已建好演示县，全是虚构的")
        return 0

    return run_to_end(fill)


async def _is_ready(settings: Settings) -> bool:
    """Whether the database is at this schema already, so that Alembic need not be imported."""
    database = Database(settings.database_url)
    try:
        await database.verify()
    except (DatabaseUnavailable, UnsafeDatabase):
        return False
    finally:
        await database.close()
    return True
