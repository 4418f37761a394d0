"""`qingfeng create-official`: give somebody a seat at the desk."""

import argparse
import json
import sys
from typing import Final

from bot.commands.opening import open_storage, refuse, run_to_end
from bot.settings import Settings
from handlers.services.access import Access
from handlers.services.errors import BadInput
from handlers.services.passwords import LONGEST, SHORTEST
from handlers.services.seats import introduce
from knowledge.casework.access import Role

HELP = "give somebody a seat at the desk"
_FAULTS: Final = {
    ("username", "bad_form"): "--username: small letters, digits, . _ - ; begin with a letter; 2 to 59 characters",
    ("username", "taken"): "--username: taken, choose another",
    ("role", "unknown"): f"--role: one of {', '.join(Role)}",
    ("password", "too_short"): f"the password needs at least {SHORTEST} characters",
    ("password", "too_long"): f"the password may have {LONGEST} characters at most",
    ("password", "guessable"): "the password is easy to guess: join some words that have nothing to do with each other",
    ("place", "unknown"): "--jurisdiction: no such place; add it first, or use the county's path",
}
_NAMING: Final = {
    ("alias", "bad_length"): "--alias: 2 to 60 characters",
    ("post", "bad_length"): "--post: 2 to 60 characters",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """The seat's data; the password comes on standard input, never on the command line."""
    parser.add_argument("--username", required=True)
    parser.add_argument("--display-name", default="", help="how colleagues see this person")
    parser.add_argument("--role", required=True, help=", ".join(Role))
    parser.add_argument("--jurisdiction", required=True, help="the path of the place, e.g. cn/demo/qinghe")
    parser.add_argument("--head", action="store_true", help="heads the body: a report on the head goes one level up")
    parser.add_argument("--alias", action="append", default=[], help="another name in reports; may be repeated")
    parser.add_argument("--post", action="append", default=[], help="a post in reports, e.g. 镇长; may be repeated")
    parser.add_argument("--password-stdin", action="store_true", required=True, help="read the password from stdin")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the TOTP secret to enter into an authenticator app."""

    async def create(settings: Settings) -> int:
        password = sys.stdin.readline().rstrip("\n")
        async with open_storage(settings) as storage, storage.unit_of_work() as uow:
            if await uow.places.by_path(arguments.jurisdiction) is None and not await uow.places.all_of("county"):
                await uow.places.add(path=arguments.jurisdiction, kind="county", name=arguments.jurisdiction)
            try:
                seat = await Access().create_official(
                    uow,
                    username=arguments.username,
                    display_name=arguments.display_name,
                    role=arguments.role,
                    place_path=arguments.jurisdiction,
                    password=password,
                    is_head=arguments.head,
                )
                recused = await introduce(uow, seat.official, names=arguments.alias, posts=arguments.post)
            except BadInput as error:
                return refuse({**_FAULTS, **_NAMING}[error.field, error.fault], code=2)
            await uow.commit()
        if arguments.json:
            shown = {"username": seat.official.username, "role": seat.official.role}
            secret = {"totp_secret": seat.totp_secret, "totp_uri": seat.totp_uri}
            print(json.dumps({**shown, **secret, "recused": recused}))
        else:
            print(f"Created {seat.official.username} ({seat.official.role}).")
            if recused:
                print(f"Stands back from {recused} open reports, which name this person or post.")
            print(f"Enter this once into an authenticator app: {seat.totp_secret}")
        return 0

    return run_to_end(create)
