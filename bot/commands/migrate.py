"""`qingfeng migrate`: bring the database to this version's schema."""

import argparse
import json
from functools import partial

from bot.commands.opening import bring_up_to_date, refuse, run_to_end
from bot.settings import Settings
from storage.engine import Database, async_url
from storage.migrations import HEAD

HELP = "bring the database to this version's schema"


def configure(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.epilog = (
        "PostgreSQL: QINGFENG_OWNER_DATABASE_URL names the role that owns the tables; "
        "the role of QINGFENG_DATABASE_URL is granted row access only."
    )


def run(arguments: argparse.Namespace) -> int:
    """Migrate, then prove that the rules hold."""
    return run_to_end(partial(_migrate, as_json=arguments.json))


async def _migrate(settings: Settings, *, as_json: bool) -> int:
    is_sqlite = async_url(settings.database_url).get_backend_name() == "sqlite"
    if not is_sqlite and settings.owner_database_url is None:
        return refuse("Set QINGFENG_OWNER_DATABASE_URL to the role that owns the tables, then migrate again", code=2)
    await bring_up_to_date(settings)
    database = Database(settings.database_url)
    try:
        await database.verify()
    finally:
        await database.close()
    print(json.dumps({"schema": HEAD}) if as_json else f"The database is at schema {HEAD}")
    return 0
