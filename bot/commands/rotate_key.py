"""`qingfeng rotate-key`: new server keys, everything sealed anew under them, the old ones retired.

Runs while `qingfeng run` is stopped. Killed anywhere, `--continue` goes on with what is left.
"""

import argparse
import json
import sys

from bot.commands.opening import open_unlocked, refuse, run_to_end
from bot.settings import Settings
from storage import deployment, rotation
from storage.unit_of_work import Storage
from storage.vault import replace_key_file, using_key_file

HELP = "make new server keys and seal everything anew under them"


def configure(parser: argparse.ArgumentParser) -> None:
    """A new generation; or the rest of an interrupted run; or the old generations out of the file."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--continue", dest="resume", action="store_true", help="seal what an interrupted run left")
    which.add_argument("--retire", action="store_true", help="drop older keys once nothing is sealed under them")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 with one line when that cannot be; nothing is lost then."""

    async def rotate(settings: Settings) -> int:
        owner = settings.owner_database_url or settings.database_url
        if not owner.startswith("sqlite") and settings.owner_database_url is None:
            return refuse("Set QINGFENG_OWNER_DATABASE_URL: only the owner of the tables may seal them anew")
        with using_key_file(settings.key_file, alone=True):
            if arguments.retire:
                retired = await _retire(settings, owner)
                _print({"retired": retired}, _retired(retired), as_json=arguments.json)
                return 0
            if not arguments.resume:
                await _begin(settings)
            async with open_unlocked(settings) as storage:
                count = await rotation.reseal(owner, storage.keys, storage.files, _say)
                await _record(storage, "sealed_anew", count=count)
                key = storage.keys.generation_ids[-1]
        said = f"{count} rows and files sealed anew under key {key}. Copy the key file to its safe place now; then:"
        _print({"key": key, "sealed_anew": count}, f"{said} qingfeng rotate-key --retire", as_json=arguments.json)
        return 0

    return run_to_end(rotate)


async def _begin(settings: Settings) -> None:
    """The new secret is on disk before anything is sealed under it."""
    async with open_unlocked(settings) as storage:
        replace_key_file(settings.key_file, storage.keys.with_new_generation())
        await _record(storage, "key_rotated")


async def _retire(settings: Settings, owner: str) -> list[str]:
    async with open_unlocked(settings) as storage:
        old = list(storage.keys.generation_ids[:-1])
        if old:
            await rotation.require_nothing_left(owner, storage.keys, storage.files)
            await deployment.forget_generations(storage, old)
            replace_key_file(settings.key_file, storage.keys.newest_only())
    return old


def _retired(old: list[str]) -> str:
    if not old:
        return "There is one generation of keys only; nothing to retire."
    return f"Retired {', '.join(old)}. Backups made before need the old key file; copy the new one to its safe place."


def _print(figures: dict[str, object], words: str, *, as_json: bool) -> None:
    print(json.dumps(figures) if as_json else words)


async def _record(storage: Storage, act: str, **detail: int) -> None:
    async with storage.unit_of_work() as uow:
        await uow.log.record(actor="system", act=act, subject=f"key/{storage.keys.generation_ids[-1]}", **detail)
        await uow.commit()


def _say(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        print(f"\r{what}: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
