"""`qingfeng audit verify`: walk the event log's chain."""

import argparse
import json

from bot.commands.opening import open_storage, run_to_end
from bot.settings import Settings
from storage import audit

HELP = "verify the event log"


def configure(parser: argparse.ArgumentParser) -> None:
    """`verify`, with a head known from elsewhere if there is one."""
    parser.add_argument("what", choices=["verify"])
    parser.add_argument("--head", help="a hash noted earlier that must occur in the chain; finds a cut-off end")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when the chain is broken."""

    async def verify(settings: Settings) -> int:
        async with open_storage(settings, prove=False) as storage:  # a tampered database is what we look for
            report = await audit.verify(storage.database, published_head=arguments.head)
        fault = report.fault
        if arguments.json:
            shown = {"events": report.events, "head": report.head, "ok": fault is None}
            broken = {"event": fault.event_id, "fault": fault.fault} if fault else {}
            print(json.dumps({**shown, **broken}))
        elif fault:
            print(f"BROKEN at event {fault.event_id}: {fault.fault} ({report.events} events before it hold)")
        else:
            print(f"{report.events} events, unbroken. Head: {report.head or 'none'}")
            if not arguments.head:
                print("Without --head a cut-off end cannot be seen: note the head somewhere else.")
        return 1 if fault else 0

    return run_to_end(verify)
