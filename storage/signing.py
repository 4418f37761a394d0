"""Signatures by this deployment: receipts, heads of the log, exports, commitments.

Ed25519 (libsodium). A signature covers its purpose, so that one made for a receipt is worth nothing for the log. What a
newcomer gets wrong: a signature says that this server wrote these bytes, not that they are true.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

SEED_BYTES: Final = 32
_DOMAIN: Final = b"qingfeng/1/"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature (64 bytes) and the id of the key that made it."""

    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """The deployment's signing key, made from 32 secret bytes."""

    seed: bytes = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """The public half, 32 bytes, to be published."""
        return bytes(SigningKey(self.seed).verify_key)

    @property
    def key_id(self) -> str:
        """What the public half is called."""
        return key_id(self.public_key)

    def sign(self, purpose: str, payload: bytes) -> Signed:
        """Sign bytes for one purpose (`receipt`, `log-head` ...)."""
        return Signed(self.key_id, SigningKey(self.seed).sign(_bound(purpose, payload)).signature)


def key_id(public_key: bytes) -> str:
    """The name of a public key: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def holds(public_key: bytes, purpose: str, payload: bytes, signature: bytes) -> bool:
    """Whether a signature is this key's, for this purpose, over these bytes; needs nothing but the public key."""
    try:
        VerifyKey(public_key).verify(_bound(purpose, payload), signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True


def _bound(purpose: str, payload: bytes) -> bytes:
    return _DOMAIN + purpose.encode() + b"\0" + payload
