"""`qingfeng import places|elections|cases|law|calendar FILE...`: what a deployment enters by itself.

Places, elections and old registers of reports come as a table; laws as the official texts, downloaded from the
national database; a year's days off and make-up weekends as a file like those under knowledge/content/calendar.
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
from handlers.jobs.deadlines import follow_calendar
from handlers.services import calendars
from handlers.services.errors import NotAllowed
from handlers.services.filing import COLUMNS, Filings
from handlers.services.intake import Intake
from handlers.services.laws import Entered, LawTextsRefused, import_laws
from handlers.services.places import BadRow, import_elections, import_places
from knowledge.calendar import YearSheet, parse_year
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.errors import ContentError
from knowledge.law_texts import LawFile
from knowledge.loader import load_knowledge
from knowledge.rules.against_texts import LawTextRefused
from storage.unit_of_work import UnitOfWork

HELP = "enter places, elections or a register of reports (CSV), the official texts of laws, or a year's calendar"

Import = Callable[[UnitOfWork, Sequence[Mapping[str, str]]], Awaitable[int]]
TABLES: Final[dict[str, tuple[tuple[str, ...], Import]]] = {
    "places": (("path", "kind", "name"), import_places),
    "elections": (("path", "election_day", "commitments_due_on"), import_elections),
}
LAW: Final = "law"
CALENDAR: Final = "calendar"
CASES: Final = "cases"


def configure(parser: argparse.ArgumentParser) -> None:
    """What, and from which files."""
    parser.add_argument("what", choices=sorted((*TABLES, LAW, CALENDAR, CASES)))
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="a table .csv; laws .docx, .md, .txt; a year .yaml"
    )
    parser.add_argument("--username", help="cases: the official who answers for what is entered")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    tables = {what: columns for what, (columns, _) in TABLES.items()} | {CASES: COLUMNS}
    columns = "; ".join(f"{what}: {', '.join(columns)}" for what, columns in tables.items())
    parser.epilog = (
        f"Columns: {columns}. A law is recognised by its title and taken whole or not at all. A year's calendar takes "
        "the place of the one before it; every running deadline is reckoned again, and whoever handles it is told."
    )


def run(arguments: argparse.Namespace) -> int:
    """All rows or none, all texts or none. Exit 2 names the line that is wrong, exit 1 the texts that do not fit."""
    if arguments.what == LAW:
        return run_to_end(lambda settings: _enter_laws(settings, arguments))
    if arguments.what == CALENDAR:
        return run_to_end(lambda settings: _enter_years(settings, arguments))
    if arguments.what == CASES:
        return run_to_end(lambda settings: _enter_cases(settings, arguments))
    return run_to_end(lambda settings: _enter_table(settings, arguments))


async def _enter_table(settings: Settings, arguments: argparse.Namespace) -> int:
    columns, act = TABLES[arguments.what]
    rows, fault = _read_table(arguments, columns)
    if fault:
        return refuse(fault, code=2)
    async with open_storage(settings) as storage, storage.unit_of_work() as uow:
        try:
            new = await act(uow, rows)
        except BadRow as error:
            return refuse(f"{arguments.files[0]}, {error}", code=2)
        await uow.commit()
    said = json.dumps({"what": arguments.what, "entered": new})
    print(said if arguments.json else f"Entered {new} {arguments.what}")
    return 0


def _read_table(arguments: argparse.Namespace, columns: Sequence[str]) -> tuple[list[dict[str, str]], str]:
    """The rows of the one table given, and what is wrong with the file if something is."""
    if len(arguments.files) > 1:
        return [], f"{arguments.what} come from one table at a time"
    path = arguments.files[0]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            rows = list(table)
    except (OSError, UnicodeDecodeError) as error:
        return [], f"{path} cannot be read ({error}). Save it as CSV in UTF-8"
    missing = [column for column in columns if column not in (table.fieldnames or ())]
    if missing:
        return [], f"{path} lacks the column {missing[0]}. Columns: {', '.join(columns)}"
    return rows, ""


async def _enter_cases(settings: Settings, arguments: argparse.Namespace) -> int:
    rows, fault = _read_table(arguments, COLUMNS)
    if not fault and not arguments.username:
        fault = "cases need --username: the official who answers for what is entered"
    if fault:
        return refuse(fault, code=2)
    filings = Filings(Intake(Classifier(load_categories())))
    async with open_storage(settings) as storage:
        await storage.calendars.refresh()
        async with storage.unit_of_work() as uow:
            official = await uow.officials.by_username(arguments.username)
            if official is None:
                return refuse(f"there is no official {arguments.username}", code=2)
            try:
                new, known = await filings.enter(uow, official, rows)
            except NotAllowed:
                return refuse(f"{arguments.username} may not file reports for others", code=2)
            except BadRow as error:
                return refuse(f"{arguments.files[0]}, {error}", code=2)
            await uow.commit()
    said = json.dumps({"what": CASES, "entered": new, "known": known})
    print(said if arguments.json else f"Entered {new} cases; {known} were there already")
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


async def _enter_years(settings: Settings, arguments: argparse.Namespace) -> int:
    sheets: dict[int, YearSheet] = {}
    for path in arguments.files:
        try:
            sheet = parse_year(path.read_text(encoding="utf-8-sig"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            return refuse(f"{path} cannot be read ({error}). Save it as YAML in UTF-8", code=2)
        except ContentError as error:
            return refuse(str(error), code=2)
        if sheet.year in sheets:
            return refuse(f"{path} is a second file for {sheet.year}. Give one of them", code=2)
        sheets[sheet.year] = sheet
    async with open_storage(settings) as storage:
        async with storage.unit_of_work() as uow:
            entered = await calendars.import_years(uow, list(sheets.values()))
            await uow.commit()
        moved = await follow_calendar(storage)
        until = storage.calendars.current.last_covered_day()
    years = [{"year": one.sheet.year, "sha256": one.sha256, "new": one.is_new} for one in entered]
    if arguments.json:
        new = sum(one.is_new for one in entered)
        said = {"what": CALENDAR, "entered": new, "years": years, "moved": moved, "until": str(until)}
        print(json.dumps(said))
        return 0
    for one in entered:
        done = "Imported / 已录入" if one.is_new else "Already imported / 以前录过了"
        print(f"{done}: {one.sheet.year}（{one.sheet.source}）, SHA-256 {one.sha256}")
    print(f"Deadlines moved in {moved} cases / {moved} 件的期限变了. Covered until {until}.")
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
