"""`qingfeng verify-files`: read every stored file and hold it against what was received."""

import argparse
import json
import sys
from typing import Final

from bot.commands.opening import open_storage, run_to_end
from bot.settings import Settings
from storage.file_check import Fault, FileReport, check_files

HELP = "read every stored file: is it there, and the bytes it was received as"
_SAID: Final = {
    Fault.CHANGED: "CHANGED  {}: not the bytes that were received. Restore it from a backup made before the change",
    Fault.MISSING: "MISSING  {}: the database knows it, the store does not hold it. Restore it from a backup",
    Fault.UNKNOWN: "UNKNOWN  {}: lies in the store, and no row knows it. Look where it came from before deleting it",
    Fault.PREVIEW: "PREVIEW  {}: a picture made from a file does not open; the file itself is not touched by that",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Nothing but the form of the answer."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.epilog = "Exit codes: 0 every file is whole, 1 something is wrong. Progress goes to standard error."


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when a file is changed, missing or unknown."""

    async def verify(settings: Settings) -> int:
        async with open_storage(settings, prove=False) as storage:  # a tampered deployment is what we look for
            report = await check_files(storage, _progress)
        if arguments.json:
            faults = [{"file": name, "fault": fault} for name, fault in report.faults]
            whole = {"files": report.files, "bytes": report.size, "ok": report.is_whole}
            print(json.dumps({**whole, "faults": faults, "unfinished": report.unfinished}))
            return 0 if report.is_whole else 1
        for name, fault in report.faults:
            print(_SAID[fault].format(name))
        for name in report.unfinished:
            print(f"LEFT     {name}: a write that broke off; no evidence, it may be deleted once nothing is uploading")
        print(f"{report.files} files, {report.size} bytes: {'whole' if report.is_whole else 'NOT WHOLE'}")
        return 0 if report.is_whole else 1

    return run_to_end(verify)


def _progress(report: FileReport) -> None:
    print(f"{report.files} files, {report.size // (1024 * 1024)} MB read", file=sys.stderr)
