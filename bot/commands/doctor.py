"""`qingfeng doctor`: check what a start needs, one line each."""

import argparse
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.commands.opening import open_storage, run_to_end
from bot.settings import Settings
from knowledge.casework.clocks import Length, load_clocks
from storage import audit

HELP = "check settings, key, database and content"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    says: str


def configure(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="one JSON object per line")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when something is wrong."""

    async def examine(settings: Settings) -> int:
        checks = [await check(settings) for check in _CHECKS]
        for check in checks:
            if arguments.json:
                print(json.dumps({"check": check.name, "ok": check.ok, "says": check.says}, ensure_ascii=False))
            else:
                print(f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.says}")
        return 0 if all(check.ok for check in checks) else 1

    return run_to_end(examine)


async def _database(settings: Settings) -> Check:
    async with open_storage(settings) as storage:
        kind = "SQLite" if storage.database.is_sqlite else "PostgreSQL"
        return Check("database and key", ok=True, says=f"{kind}, rules enforced, the key fits")


async def _custodians(settings: Settings) -> Check:
    async with open_storage(settings) as storage, storage.unit_of_work() as uow:
        count = len(await uow.officials.custodians())
    if count:
        return Check("custodians", ok=True, says=f"{count} can open reporters' names")
    cure = "no names are taken until there is one: qingfeng create-official --role custodian"
    return Check("custodians", ok=False, says=cure)


async def _cases(settings: Settings) -> Check:
    async with open_storage(settings) as storage, storage.unit_of_work() as uow:
        count = await uow.recusals.count_orphans()
    if count:
        cure = "give somebody there or above a seat: qingfeng create-official --role discipline_official"
        return Check("open cases", ok=False, says=f"{count} have nobody left who may work on them; {cure}")
    return Check("open cases", ok=True, says="each has somebody who may work on it")


async def _log(settings: Settings) -> Check:
    async with open_storage(settings) as storage:
        report = await audit.verify(storage.database, keys=storage.keys)
    if report.fault:
        return Check("event log", ok=False, says=f"event {report.fault.event_id}: {report.fault.fault}")
    return Check("event log", ok=True, says=f"{report.events} events, unbroken")


async def _calendar(settings: Settings) -> Check:
    async with open_storage(settings) as storage, storage.unit_of_work() as uow:
        until = uow.calendar.last_covered_day()
        by_calendar = [kind for kind, rule in load_clocks().rules.items() if rule.unit is Length.WORKING_DAYS]
        furthest = await uow.clocks.furthest(by_calendar)
    if until is not None and (furthest is None or furthest <= until):
        return Check("working calendar", ok=True, says=f"covers every running deadline, until {until}")
    cure = "import the next year when the State Council has announced it: qingfeng import calendar FILE.yaml"
    return Check("working calendar", ok=False, says=f"ends on {until}, deadlines run until {furthest}: {cure}")


async def _content(settings: Settings) -> Check:  # noqa: ARG001 - checks share one shape
    from knowledge.loader import load_knowledge  # noqa: PLC0415 - half a second, only here

    load_knowledge()
    return Check("content", ok=True, says="every entry, rule and citation loads")


async def _people(settings: Settings) -> Check:
    if settings.telegram_token is None:
        return Check("telegram", ok=True, says="off (no QINGFENG_TELEGRAM_TOKEN)")
    notices = "with" if settings.officials_telegram_token else "without"
    return Check("telegram", ok=True, says=f"on, {notices} a bot of its own for officials' notices")


def _guarded(name: str, check: Callable[[Settings], Awaitable[Check]]) -> Callable[[Settings], Awaitable[Check]]:
    async def safe(settings: Settings) -> Check:
        try:
            return await check(settings)
        except Exception as error:  # noqa: BLE001 - a doctor reports, whatever is wrong
            return Check(name, ok=False, says=getattr(error, "reason", None) or str(error))

    return safe


_CHECKS = tuple(
    _guarded(name, check)
    for name, check in (
        ("database and key", _database),
        ("custodians", _custodians),
        ("open cases", _cases),
        ("event log", _log),
        ("working calendar", _calendar),
        ("content", _content),
        ("telegram", _people),
    )
)
