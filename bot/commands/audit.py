"""`qingfeng audit verify`: walk the event log's chain, check seals and signed heads; it says what it cannot know.

With `--public-key` no key file is needed: a copy of the database and the published key are enough for chain and heads.
"""

import argparse
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.commands.opening import open_storage, refuse, run_to_end
from bot.settings import Settings
from storage import audit
from storage.audit import ChainReport
from storage.engine import Database
from storage.log_heads import LogHead
from storage.signing import key_id
from storage.vault import KeyRing

HELP = "verify the event log"
KEY_BYTES: Final = 32
#: How many events lie between two lines of progress in a file.
UNWATCHED: Final = 100_000
#: What no walk can know; printed with every result that finds nothing.
LIMITS: Final = (
    "No log proves that what it holds is true, nor that nothing was done past the application.",
    "Who has the database and the key file can write anew whatever follows the last head that others have kept.",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """`verify`, with a head known from elsewhere if there is one."""
    parser.add_argument("what", choices=["verify"])
    parser.add_argument(
        "--head",
        help="a head kept elsewhere that must occur in the chain: a hash, or a file with what /log.json said; "
        "finds a cut-off end",
    )
    parser.add_argument(
        "--public-key",
        action="append",
        default=[],
        metavar="HEX",
        help="check signatures of heads with this published key and do without the key file (seals are then not "
        "checked); may be given several times",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when the chain is broken."""
    try:
        known = _known(arguments.head or "")
        public_keys = [_public_key(text) for text in arguments.public_key]
    except ValueError as error:
        return refuse(str(error), code=2)

    async def verify(settings: Settings) -> int:
        async with _opened(settings, bare=bool(public_keys)) as (database, keys):
            report = await audit.verify(
                database,
                keys=keys,
                public_keys=public_keys,
                published=known.heads,
                published_head=known.hash,
                progress=None if arguments.json else _progress(),
            )
        print(json.dumps(_as_json(report)) if arguments.json else _as_text(report, known))
        return 1 if report.fault else 0

    return run_to_end(verify)


@dataclass(frozen=True, slots=True)
class _Known:
    """What somebody has kept: heads out of a file, or one hash."""

    heads: tuple[LogHead, ...] = ()
    hash: str | None = None

    def __bool__(self) -> bool:
        return bool(self.heads or self.hash)


def _known(given: str) -> _Known:
    if not given:
        return _Known()
    if len(given) == 64 and not set(given.lower()) - set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256 in hexadecimal
        return _Known(hash=given.lower())
    try:
        text = Path(given).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"--head is neither a hash nor a file that can be read: {given} ({error.strerror})") from error
    found: list[dict[str, Any]] = []
    try:
        for part in _parts(text):
            found += part.get("heads", [part])
        heads = sorted((LogHead.from_json(one) for one in found), key=lambda one: one.number)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"--head {given}: no head of the log can be read from it ({error})") from error
    if not heads:
        raise ValueError(f"--head {given}: it holds no head of the log")
    return _Known(heads=tuple(heads))


def _parts(text: str) -> list[dict[str, Any]]:
    """One JSON object, or one a line, as the second party's file has them."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _public_key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("--public-key takes 64 hexadecimal digits, as /log shows them")
    return key


@asynccontextmanager
async def _opened(settings: Settings, *, bare: bool) -> AsyncIterator[tuple[Database, KeyRing | None]]:
    """The database, with its keys unless it is looked at from outside."""
    if not bare:
        async with open_storage(settings, prove=False) as storage:  # a tampered database is what we look for
            yield storage.database, storage.keys
        return
    database = Database(settings.database_url)
    try:
        await database.verify(triggers=False)
        yield database, None
    finally:
        await database.close()


def _progress() -> Callable[[int, int], None]:
    """How far it has come, on standard error: a line written over, or one now and then where nobody watches."""
    watched = sys.stderr.isatty()

    def show(count: int, total: int) -> None:
        if watched:
            print(f"\r{count:,} of {total:,} events", end="\n" if count == total else "", file=sys.stderr, flush=True)
        elif count % UNWATCHED == 0 and count:
            print(f"{count:,} of {total:,} events", file=sys.stderr, flush=True)

    return show


def _as_json(report: ChainReport) -> dict[str, Any]:
    fault = report.fault
    shown = {
        "events": report.events,
        "head": report.head,
        "ok": fault is None,
        "sealed_from": report.sealed_from,
        "seals_checked": report.seals_checked,
        "heads": report.heads,
    }
    return {**shown, **({"event": fault.event_id, "fault": fault.fault} if fault else {"not_proved": list(LIMITS)})}


def _as_text(report: ChainReport, known: _Known) -> str:
    if report.fault:
        where = f" at event {report.fault.event_id}" if report.fault.event_id else ""
        return f"BROKEN{where}: {report.fault.fault} ({report.events} events before it hold)"
    seals = f"seals hold from event {report.sealed_from} on" if report.sealed_from else "no seals yet"
    lines = [
        f"{report.events} events, unbroken. Head: {report.head or 'none'}",
        f"{seals if report.seals_checked else 'seals not checked (no key file)'}; {report.heads} signed heads hold.",
    ]
    if known.heads:
        last = known.heads[-1]
        lines.append(f"Head {last.number} ({last.events} events, key {key_id(last.public_key)}) is in the chain.")
    elif not known:
        lines.append("Without --head a cut-off end cannot be seen: keep what /log shows somewhere else.")
    return "\n".join((*lines, *LIMITS))
