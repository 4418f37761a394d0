"""`qingfeng verify-receipt`: is a signed receipt genuine, with nothing but a published key.

With `--public-key` or `--keys` neither database nor network is touched, so anybody can run it anywhere.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.commands.opening import open_storage, refuse, run_to_end
from bot.settings import Settings
from storage.signed_receipt import Looked, Verdict, verify
from storage.signing import key_id

HELP = "verify a signed receipt, off line with a published key"
_KEY_BYTES: Final = 32
_SAID: Final = {
    Verdict.ALTERED: "ALTERED: these are not the words that were signed, or not all of them",
    Verdict.UNKNOWN_KEY: "UNKNOWN KEY: none of the given keys signed this",
    Verdict.NO_RECEIPT: "NO RECEIPT: nothing in it begins with QFR1.",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """The receipt, the keys, and files it is to cover."""
    parser.add_argument("receipt", metavar="FILE|-", help="a text that holds the receipt; - for standard input")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument(
        "--public-key", action="append", metavar="HEX", help="a published key; may be given several times"
    )
    keys.add_argument("--keys", type=Path, metavar="JSON", help="what /keys.json of the deployment gave")
    parser.add_argument("--covers", type=Path, action="append", default=[], metavar="FILE", help="a file it must cover")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.epilog = (
        "Without a key the keys of this deployment's database are used. "
        "Exit codes: 0 genuine, 1 not, 2 the call was wrong."
    )


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when it is not genuine, or does not cover a file."""
    try:
        text = _text(arguments.receipt)
        keys = _keys(arguments)
        hashes = {path: _fingerprint(path) for path in arguments.covers}
    except OSError as error:
        return refuse(f"{error.filename}: {error.strerror}", code=2)
    except (ValueError, KeyError, TypeError) as error:
        return refuse(f"no key: {error}", code=2)
    if keys is not None:
        return _tell(verify(text, keys), hashes, as_json=arguments.json)

    async def look(settings: Settings) -> int:
        async with open_storage(settings, prove=False) as storage, storage.unit_of_work() as uow:
            known = await uow.receipts.public_keys()
        return _tell(verify(text, known), hashes, as_json=arguments.json)

    return run_to_end(look)


def _text(source: str) -> str:
    data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    return data.decode("utf-8", "replace")


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keys(arguments: argparse.Namespace) -> dict[str, bytes] | None:
    written: list[str] = arguments.public_key or []
    if arguments.keys:
        written = [str(one["public_key"]) for one in json.loads(arguments.keys.read_text(encoding="utf-8"))["keys"]]
    if not written and not arguments.keys:
        return None
    keys = [bytes.fromhex(one) for one in written]
    if any(len(key) != _KEY_BYTES for key in keys):
        raise ValueError("a public key is 64 hexadecimal digits")
    return {key_id(key): key for key in keys}


def _tell(looked: Looked, hashes: Mapping[Path, str], *, as_json: bool) -> int:
    receipt = looked.receipt
    missing = [str(path) for path, value in hashes.items() if receipt and value not in receipt.files]
    ok = receipt is not None and not missing
    if as_json:
        said = json.loads(receipt.payload()) if receipt else None
        print(json.dumps({"ok": ok, "verdict": looked.verdict, "receipt": said, "not_covered": missing}))
    elif receipt is None:
        print(_SAID[looked.verdict])
    else:
        received, signed = receipt.received_at.isoformat(), receipt.signed_at.isoformat()
        print(f"GENUINE. A report was received at {received}; signed {signed}")
        print(f"Rules {receipt.rule_version}, key {receipt.key_id}, {len(receipt.files)} files:")
        for value in receipt.files:
            print(f"  {value}")
        for path in missing:
            print(f"NOT COVERED: {path}")
    return 0 if ok else 1
