"""`qingfeng edit-official`: change a seat; whoever moves or changes role hands over first and signs in anew."""

import argparse
from typing import Final

from bot.commands.deactivate_official import FAULTS, say
from bot.commands.opening import open_storage, refuse, run_to_end
from bot.settings import Settings
from handlers.services.errors import BadInput
from handlers.services.seats import SeatChange, change_seat
from knowledge.casework.access import Role

HELP = "change a seat: role, place, names, posts"
_FAULTS: Final = {
    **FAULTS,
    ("role", "unknown"): f"--role: one of {', '.join(Role)}",
    ("role", "custodian"): "--role: a custodian needs a key pair; create another seat",
    ("place", "unknown"): "--jurisdiction: no such place; add it first",
    ("display_name", "bad_length"): "--display-name: 1 to 60 characters",
    ("alias", "bad_length"): "--alias: 2 to 60 characters",
    ("post", "bad_length"): "--post: 2 to 60 characters",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """What is to be different; everything else stays."""
    parser.add_argument("--username", required=True)
    parser.add_argument("--role", help=", ".join(Role))
    parser.add_argument("--jurisdiction", help="the path of the place, e.g. cn/demo/qinghe")
    parser.add_argument("--display-name", help="how colleagues see this person")
    parser.add_argument("--head", action=argparse.BooleanOptionalAction, default=None, help="heads the body there")
    parser.add_argument("--alias", action="append", help="another name in reports; those given replace the old ones")
    parser.add_argument("--post", action="append", help="a post in reports; those given replace the old ones")
    parser.add_argument("--successor", default="", metavar="USERNAME", help="who takes the cases over when they move")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print what followed for the cases."""
    change = SeatChange(
        role=arguments.role,
        place_path=arguments.jurisdiction,
        display_name=arguments.display_name,
        is_head=arguments.head,
        names=arguments.alias,
        posts=arguments.post,
    )

    async def edit(settings: Settings) -> int:
        async with open_storage(settings) as storage, storage.unit_of_work() as uow:
            try:
                settled = await change_seat(uow, arguments.username, change, successor=arguments.successor)
            except BadInput as error:
                return refuse(_FAULTS[error.field, error.fault], code=2)
            await uow.commit()
        say(f"Changed {arguments.username}.", arguments.username, settled, as_json=arguments.json)
        return 0

    return run_to_end(edit)
