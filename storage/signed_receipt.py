"""A signed receipt: that this deployment received a report and these files, at this time. No word of the report.

As text it is `QFR1.<what is said>.<signature>`, base64 without signs that a chat, a letter or a browser would change.
What is said is canonical JSON: one spelling, so that the same receipt is the same bytes everywhere. A reader takes the
one spelling and no other: base64 has several texts for some bytes, and each but one is an altered receipt.
What a newcomer gets wrong: whoever verifies needs the public key and nothing else, no network and no database.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from storage.signing import Signer, holds

PURPOSE: Final = "receipt"
VERSION: Final = 1
_BEGINS: Final = "QFR1."
_SHAPE: Final = re.compile(r"QFR1\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")  # 64 bytes, however the words go on
#: What copying adds: line ends, spaces, and signs of no width.
_ADDED: Final = re.compile("[\\s\u200b\u200c\u200d\u2060\ufeff\u00ad]+")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FIELDS: Final = frozenset({"files", "key", "received", "rules", "signed", "token", "v"})


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """What a receipt says.

    `token` stands for the case and tells nothing of it; `received_at` is when the report came, `signed_at` when this
    receipt was made; `files` are the SHA-256 of every file up to then, in the order they came.
    """

    token: str
    received_at: datetime
    signed_at: datetime
    files: tuple[str, ...]
    rule_version: str
    key_id: str

    def payload(self) -> bytes:
        """The bytes that are signed."""
        said = {
            "files": list(self.files),
            "key": self.key_id,
            "received": _written(self.received_at),
            "rules": self.rule_version,
            "signed": _written(self.signed_at),
            "token": self.token,
            "v": VERSION,
        }
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class Verdict(StrEnum):
    """What became of a look at a receipt."""

    GENUINE = "genuine"
    ALTERED = "altered"
    UNKNOWN_KEY = "unknown_key"
    NO_RECEIPT = "no_receipt"


@dataclass(frozen=True, slots=True)
class Looked:
    """A verdict; `receipt` only when it is genuine, for what an altered one says is worth nothing."""

    verdict: Verdict
    receipt: SignedReceipt | None = None


def sign(
    signer: Signer, *, token: str, received_at: datetime, signed_at: datetime, files: tuple[str, ...], rule_version: str
) -> str:
    """A receipt as text."""
    said = SignedReceipt(token, received_at, signed_at, files, rule_version, signer.key_id).payload()
    return f"{_BEGINS}{_base64(said)}.{_base64(signer.sign(PURPOSE, said).signature)}"


def verify(text: str, public_keys: Mapping[str, bytes]) -> Looked:
    """Look at a text that holds a receipt, words around it and all."""
    found = _SHAPE.search(_ADDED.sub("", text))
    if found is None:
        return Looked(Verdict.ALTERED if _BEGINS.rstrip(".") in text else Verdict.NO_RECEIPT)
    said, signature = _bytes(found[1]), _bytes(found[2])
    receipt = _read(said) if said is not None and signature is not None else None
    if receipt is None or said is None or signature is None:
        return Looked(Verdict.ALTERED)
    key = public_keys.get(receipt.key_id)
    if key is None:
        return Looked(Verdict.UNKNOWN_KEY)
    if not holds(key, PURPOSE, said, signature):
        return Looked(Verdict.ALTERED)
    return Looked(Verdict.GENUINE, receipt)


def clean(text: str) -> str:
    """The receipt in a text, in its one spelling; empty when there is none."""
    found = _SHAPE.search(_ADDED.sub("", text))
    return found[0] if found else ""


def _read(said: bytes) -> SignedReceipt | None:
    """What the bytes say, when they are spelled the one way."""
    try:
        fields: Any = json.loads(said)
        if frozenset(fields) != _FIELDS or fields["v"] != VERSION:
            return None
        receipt = SignedReceipt(
            token=_word(fields["token"]),
            received_at=_instant(fields["received"]),
            signed_at=_instant(fields["signed"]),
            files=tuple(_hash(one) for one in fields["files"]),
            rule_version=_word(fields["rules"]),
            key_id=_word(fields["key"]),
        )
    except (ValueError, TypeError, RecursionError, OverflowError):
        return None
    return receipt if receipt.payload() == said else None


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _hash(value: object) -> str:
    if not _HASH.fullmatch(_word(value)):
        raise ValueError(value)
    return _word(value)


def _instant(value: object) -> datetime:
    at = datetime.fromisoformat(_word(value))
    if at.tzinfo is None:
        raise ValueError(value)
    return at


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes | None:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return data if _base64(data) == text else None
