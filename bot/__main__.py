"""The command line: `qingfeng COMMAND`, also `python -m bot COMMAND`.

Each command is a module in bot/commands with HELP, configure(parser) and run(arguments); only the one that is called
is imported in full, so that a command that does not chat never pays for aiogram (3 seconds).

Exit codes: 0 done, 1 it could not be done, 2 the call was wrong.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from bot.logging import set_up_logging

#: Command -> (module, what it does in one line).
COMMANDS: Final = {
    "run": ("run", "serve the web chat, the desk and Telegram"),
    "demo": ("demo", "fill an empty database with a fictional county"),
    "migrate": ("migrate", "bring the database to this version's schema"),
    "doctor": ("doctor", "check settings, key, database and content"),
    "ask": ("ask", "answer a question as the bot would"),
    "plan": ("plan", "print an election's plan, counted backwards from its day"),
    "classify": ("classify", "judge a report against the four must-investigate categories"),
    "import": ("import_table", "enter places or elections from a CSV table, or official texts of laws"),
    "create-official": ("create_official", "give somebody a seat at the desk"),
    "edit-official": ("edit_official", "change a seat: role, place, names, posts"),
    "deactivate-official": ("deactivate_official", "close a seat and hand over its unfinished cases"),
    "check-content": ("check_content", "check every rule, entry and citation on file"),
    "verify-files": ("verify_files", "read every stored file: is it there, and the bytes it was received as"),
    "verify-receipt": ("verify_receipt", "verify a signed receipt, off line with a published key"),
    "audit": ("audit", "verify the event log"),
    "rotate-key": ("rotate_key", "make new server keys and seal everything anew under them"),
    "verify-export": ("verify_export", "check an exported dossier, off line"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, dispatch, and turn what went wrong into one clear line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser(next((word for word in given if word in COMMANDS), None))
    parsed = parser.parse_args(given)
    if parsed.command is None:
        parser.print_help()
        return 2
    os.umask(0o077)  # what we write is for our own account: database, key, files
    set_up_logging("warning")  # `run` says how much more it wants to say
    module = import_module(f"bot.commands.{COMMANDS[parsed.command][0]}")
    try:
        code: int = module.run(parsed)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1
    return code


def _parser(called: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qingfeng",
        description="Qingfeng (清风): supervises village and community elections, by chat and at a desk.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (module, summary) in COMMANDS.items():
        child = commands.add_parser(name, help=summary, description=summary)
        if name == called:
            import_module(f"bot.commands.{module}").configure(child)
    return parser


if __name__ == "__main__":
    sys.exit(main())
