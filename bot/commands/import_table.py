"""`qingfeng import places|elections FILE.csv`: enter a county's places, and its elections with their timetables."""

import argparse
import csv
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bot.commands.opening import open_storage, refuse, run_to_end
from bot.settings import Settings
from handlers.services.places import BadRow, import_elections, import_places
from storage.unit_of_work import UnitOfWork

HELP = "enter places or elections from a CSV table"

Import = Callable[[UnitOfWork, Sequence[Mapping[str, str]]], Awaitable[int]]
TABLES: Final[dict[str, tuple[tuple[str, ...], Import]]] = {
    "places": (("path", "kind", "name"), import_places),
    "elections": (("path", "election_day", "commitments_due_on"), import_elections),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """What, and from which file."""
    parser.add_argument("what", choices=sorted(TABLES))
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.epilog = "Columns: " + "; ".join(f"{what}: {', '.join(columns)}" for what, (columns, _) in TABLES.items())


def run(arguments: argparse.Namespace) -> int:
    """All rows or none; exit 2 names the line that is wrong."""

    async def enter(settings: Settings) -> int:
        columns, act = TABLES[arguments.what]
        try:
            with arguments.file.open(encoding="utf-8-sig", newline="") as file:
                table = csv.DictReader(file)
                rows = list(table)
        except (OSError, UnicodeDecodeError) as error:
            return refuse(f"{arguments.file} cannot be read ({error}). Save it as CSV in UTF-8", code=2)
        missing = [column for column in columns if column not in (table.fieldnames or ())]
        if missing:
            return refuse(f"{arguments.file} lacks the column {missing[0]}. Columns: {', '.join(columns)}", code=2)
        async with open_storage(settings) as storage, storage.unit_of_work() as uow:
            try:
                new = await act(uow, rows)
            except BadRow as error:
                return refuse(f"{arguments.file}, {error}", code=2)
            await uow.commit()
        said = json.dumps({"what": arguments.what, "entered": new})
        print(said if arguments.json else f"Entered {new} {arguments.what}")
        return 0

    return run_to_end(enter)
