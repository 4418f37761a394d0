"""`qingfeng import places|elections FILE.csv`, `qingfeng import law FILE...`: what a deployment enters by itself.

Places and elections come as a table; laws as the official texts, downloaded from the national database.
"""

import argparse
import csv
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bot.commands.opening import open_storage, refuse, run_to_end
from bot.law_files import read_law_file
from bot.settings import Settings
from handlers.services.laws import Entered, LawTextsRefused, import_laws
from handlers.services.places import BadRow, import_elections, import_places
from knowledge.law_texts import LawFile
from knowledge.loader import load_knowledge
from knowledge.rules.against_texts import LawTextRefused
from storage.unit_of_work import UnitOfWork

HELP = "enter places or elections from a CSV table, or the official texts of laws"

Import = Callable[[UnitOfWork, Sequence[Mapping[str, str]]], Awaitable[int]]
TABLES: Final[dict[str, tuple[tuple[str, ...], Import]]] = {
    "places": (("path", "kind", "name"), import_places),
    "elections": (("path", "election_day", "commitments_due_on"), import_elections),
}
LAW: Final = "law"


def configure(parser: argparse.ArgumentParser) -> None:
    """What, and from which files."""
    parser.add_argument("what", choices=sorted((*TABLES, LAW)))
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a table .csv; laws .docx, .md or .txt")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    columns = "; ".join(f"{what}: {', '.join(columns)}" for what, (columns, _) in TABLES.items())
    parser.epilog = f"Columns: {columns}. A law is recognised by its title and taken whole or not at all."


def run(arguments: argparse.Namespace) -> int:
    """All rows or none, all texts or none. Exit 2 names the line that is wrong, exit 1 the texts that do not fit."""
    if arguments.what == LAW:
        return run_to_end(lambda settings: _enter_laws(settings, arguments))
    return run_to_end(lambda settings: _enter_table(settings, arguments))


async def _enter_table(settings: Settings, arguments: argparse.Namespace) -> int:
    columns, act = TABLES[arguments.what]
    if len(arguments.files) > 1:
        return refuse(f"{arguments.what} come from one table at a time", code=2)
    path = arguments.files[0]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            rows = list(table)
    except (OSError, UnicodeDecodeError) as error:
        return refuse(f"{path} cannot be read ({error}). Save it as CSV in UTF-8", code=2)
    missing = [column for column in columns if column not in (table.fieldnames or ())]
    if missing:
        return refuse(f"{path} lacks the column {missing[0]}. Columns: {', '.join(columns)}", code=2)
    async with open_storage(settings) as storage, storage.unit_of_work() as uow:
        try:
            new = await act(uow, rows)
        except BadRow as error:
            return refuse(f"{path}, {error}", code=2)
        await uow.commit()
    said = json.dumps({"what": arguments.what, "entered": new})
    print(said if arguments.json else f"Entered {new} {arguments.what}")
    return 0


async def _enter_laws(settings: Settings, arguments: argparse.Namespace) -> int:
    files: list[LawFile] = []
    faults: list[str] = []
    for path in arguments.files:
        try:
            files.append(read_law_file(path))
        except LawTextRefused as refused:
            faults.append(str(refused))
    if faults:
        return _refuse_all(faults)
    async with open_storage(settings) as storage, storage.unit_of_work() as uow:
        try:
            entered = await import_laws(uow, load_knowledge(), files)
        except LawTextsRefused as refused:
            return _refuse_all([str(fault) for fault in refused.faults])
        await uow.commit()
    print(_as_json(entered) if arguments.json else "\n".join(_as_text(one) for one in entered))
    return 0


def _refuse_all(faults: Sequence[str]) -> int:
    for fault in faults:
        refuse(fault)
    return refuse("Nothing was imported / 一份也没有录入")


def _as_text(one: Entered) -> str:
    said = "Imported / 已录入" if one.is_new else "Already imported / 以前录过了"
    return f"{said}: {one.law.name}（{one.law.version}）, {one.articles} articles, SHA-256 {one.file.sha256}"


def _as_json(entered: Sequence[Entered]) -> str:
    laws = [
        {
            "file": one.file.name,
            "law": one.law.id,
            "name": one.law.name,
            "version": one.law.version,
            "articles": one.articles,
            "sha256": one.file.sha256,
            "new": one.is_new,
        }
        for one in entered
    ]
    return json.dumps({"what": LAW, "entered": sum(one.is_new for one in entered), "laws": laws}, ensure_ascii=False)
