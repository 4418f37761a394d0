"""`qingfeng deactivate-official`: close a seat, and hand over what its official has in hand."""

import argparse
import json
from typing import Final

from bot.commands.opening import open_storage, refuse, run_to_end
from bot.settings import Settings
from handlers.services.errors import BadInput
from handlers.services.seats import Settled, close_seat

HELP = "close a seat and hand over its unfinished cases"
FAULTS: Final = {
    ("username", "unknown"): "--username: nobody has this name",
    ("username", "keeps_names"): "--username: reporters' names would open to nobody any more; let another custodian "
    "take them over first (desk, 钥匙)",
    ("username", "closed"): "--username: this seat is closed already",
    ("successor", "unknown"): "--successor: nobody else with an open seat has this name",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Whose seat, and who goes on with the work."""
    parser.add_argument("--username", required=True)
    parser.add_argument("--successor", default="", metavar="USERNAME", help="else the cases go back to the unit's list")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print what became of the cases."""

    async def close(settings: Settings) -> int:
        async with open_storage(settings) as storage, storage.unit_of_work() as uow:
            try:
                settled = await close_seat(uow, arguments.username, successor=arguments.successor)
            except BadInput as error:
                return refuse(FAULTS[error.field, error.fault], code=2)
            await uow.commit()
        say(f"Closed {arguments.username}.", arguments.username, settled, as_json=arguments.json)
        return 0

    return run_to_end(close)


def say(done: str, username: str, settled: Settled, *, as_json: bool) -> None:
    """Print what followed from a seat that was closed or changed."""
    if as_json:
        figures = {"handed": settled.handed, "waiting": settled.waiting, "climbed": settled.climbed}
        shown = {"username": username, "handover": settled.handover_id, **figures, "recused": settled.recused}
        print(json.dumps(shown))
        return
    print(done)
    if settled.handed or settled.waiting:
        print(f"{settled.handed} cases handed over, {settled.waiting} back on their unit's list.")
        print(f"The list for the successor: /desk/handovers/{settled.handover_id}")
    if settled.climbed:
        print(f"{settled.climbed} cases went one level up: nobody was left for them.")
    if settled.recused:
        print(f"Stands back from {settled.recused} more open reports, which name this person or post.")
