"""`qingfeng verify-export FILE`: check an exported dossier; needs no database, no key file and no network."""

import argparse
import json
from pathlib import Path

from bot.commands.opening import refuse
from storage import dossier
from storage.dossier import Checked, DossierFault

HELP = "check an exported dossier, off line"
KEY_BYTES = 32


def configure(parser: argparse.ArgumentParser) -> None:
    """The file, and the key it should be signed with."""
    parser.add_argument("file", type=Path, help="the .zip as it was exported")
    parser.add_argument("--public-key", metavar="HEX", help="the key that /log of the deployment shows")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when anything was changed."""
    key = None
    if arguments.public_key is not None:
        try:
            key = bytes.fromhex(arguments.public_key)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            return refuse("--public-key takes 64 hexadecimal digits, as /log shows them", code=2)
    try:
        checked = dossier.check(arguments.file, key)
    except OSError as error:
        return refuse(f"{arguments.file}: {error.strerror}", code=2)
    except DossierFault as fault:
        shown = {"ok": False, "fault": str(fault)}
        print(json.dumps(shown) if arguments.json else f"NOT AS EXPORTED: {fault}")
        return 1
    print(json.dumps(_as_json(checked)) if arguments.json else _as_text(checked, known=key is not None))
    return 0


def _as_json(checked: Checked) -> dict[str, object]:
    told = {name: checked.manifest[name] for name in ("case", "exported_at", "exported_by", "purpose")}
    members = len(checked.manifest["members"])
    return {"ok": True, **told, "members": members, "events": checked.events, "key_id": checked.key_id}


def _as_text(checked: Checked, *, known: bool) -> str:
    manifest = checked.manifest
    lines = [
        f"{manifest['case']}: as exported by {manifest['exported_by']} at {manifest['exported_at']}",
        f"{len(manifest['members'])} files and {checked.events} events hold. Signed with key {checked.key_id}.",
    ]
    if not known:
        lines.append("Compare the key with the one that /log of the deployment shows, or give it with --public-key.")
    lines.append("The signature proves who exported these bytes, not that what they say is true.")
    return "\n".join(lines)
