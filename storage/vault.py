"""Keys and sealing: what makes a stolen database useless.

Two kinds of secret, two kinds of key:

* What the running system must read again (drafts, narratives, messages, files, chat handles) is sealed with a key
  derived from the key file. `KeyRing.seal` binds each ciphertext to its purpose, so one cannot be passed for another.
* A reporter's name and contact are sealed to the custodians' public keys and cannot be opened by the system at all:
  only a custodian's password opens the private key (`Custodian`).
* Whether two reporters are one person is told by tokens made with a secret that the custodians share (`Pepper`). It is
  sealed like a name: the system can make a token only while a custodian is present.

A newcomer's mistake: storing a name anywhere in clear "for a moment". There is no such moment after the prompt in
which it was typed has been handled.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nacl import pwhash
from nacl.encoding import RawEncoder
from nacl.exceptions import CryptoError
from nacl.hash import blake2b
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import Aead, SecretBox
from nacl.utils import random

from storage.errors import KeyFileProblem, WrongPassword
from storage.signing import Signer

KEY_BYTES: Final = 32
OPS_LIMIT: Final = 3
MEM_LIMIT: Final = 128 * 1024 * 1024  # bytes, Argon2id
#: A person's token: a mark of the pepper it was made with, then the person; in bytes.
TOKEN_MARK: Final = 4
TOKEN_PERSON: Final = 16


class KeyRing:
    """The server's symmetric keys, one for each purpose, all derived from the key file's single secret."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise KeyFileProblem("The key is not 32 bytes long", "Restore the key file from its backup")
        self._secret = secret
        self._boxes: dict[str, Aead] = {}
        self._index_keys: dict[str, bytes] = {}
        self.fingerprint = self._derive("fingerprint").hex()[:16]
        self.signer = Signer(self._derive("sign"))

    def seal(self, purpose: str, text: bytes) -> bytes:
        """XChaCha20-Poly1305 under the purpose's key; the purpose is bound as associated data."""
        return bytes(self._box(purpose).encrypt(text, purpose.encode()))

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """The inverse of `seal`.

        Raises:
            nacl.exceptions.CryptoError: Another key, another purpose, or a changed byte.
        """
        return self._box(purpose).decrypt(sealed, purpose.encode())

    def seal_text(self, purpose: str, text: str) -> bytes:
        """`seal` for text."""
        return self.seal(purpose, text.encode())

    def open_text(self, purpose: str, sealed: bytes) -> str:
        """`open` for text."""
        return self.open(purpose, sealed).decode()

    def index(self, purpose: str, value: str) -> bytes:
        """A keyed hash to find a value by without storing it: 16 bytes."""
        key = self._index_keys.get(purpose)
        if key is None:
            key = self._index_keys[purpose] = self._derive(f"index/{purpose}")
        return hashlib.blake2b(value.encode(), key=key, digest_size=16).digest()

    def _box(self, purpose: str) -> Aead:
        box = self._boxes.get(purpose)
        if box is None:
            box = self._boxes[purpose] = Aead(self._derive(f"seal/{purpose}"))
        return box

    def _derive(self, purpose: str) -> bytes:
        return blake2b(purpose.encode(), key=self._secret, digest_size=KEY_BYTES, encoder=RawEncoder)


def create_key_file(path: Path) -> KeyRing:
    """Write a new secret, readable by its owner only.

    Raises:
        KeyFileProblem: The folder cannot be written, or the file exists.
    """
    secret = random(KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise KeyFileProblem(
            f"The key file {path} cannot be written ({error.strerror})", "Set QINGFENG_KEY_FILE"
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return KeyRing(secret)


def load_key_file(path: Path) -> KeyRing:
    """Read the secret.

    Raises:
        KeyFileProblem: Missing, unreadable, malformed, or readable by others.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        raise KeyFileProblem(
            f"The key file {path} is missing, and without it nothing stored can be read",
            "Restore it from its backup, or point QINGFENG_KEY_FILE at it",
        ) from None
    except OSError as error:
        raise KeyFileProblem(f"The key file {path} cannot be read ({error.strerror})", "Check its owner") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileProblem(f"The key file {path} can be read by others", f"Run: chmod 600 {path}")
    try:
        return KeyRing(bytes.fromhex(text))
    except ValueError:
        raise KeyFileProblem(f"The key file {path} is damaged", "Restore it from its backup") from None


@dataclass(frozen=True, slots=True)
class Custodian:
    """A custodian's key pair as stored: the private half only under the password (Argon2id)."""

    public_key: bytes
    private_key_sealed: bytes
    salt: bytes
    ops_limit: int = OPS_LIMIT
    mem_limit: int = MEM_LIMIT  # bytes

    @classmethod
    def create(cls, password: str, *, ops_limit: int = OPS_LIMIT, mem_limit: int = MEM_LIMIT) -> "Custodian":
        """A new pair; takes about half a second on purpose."""
        private = PrivateKey.generate()
        salt = random(pwhash.argon2id.SALTBYTES)
        box = SecretBox(_password_key(password, salt, ops_limit, mem_limit))
        return cls(bytes(private.public_key), bytes(box.encrypt(bytes(private))), salt, ops_limit, mem_limit)

    def open(self, password: str, sealed: bytes) -> str:
        """A name or contact in clear.

        Raises:
            WrongPassword: The password is not this custodian's.
        """
        return self.unlock(password).read(sealed)

    def unlock(self, password: str) -> "Unlocked":
        """The private key, to be dropped as soon as what it is needed for has been read; takes half a second.

        Raises:
            WrongPassword: The password is not this custodian's.
        """
        box = SecretBox(_password_key(password, self.salt, self.ops_limit, self.mem_limit))
        try:
            return Unlocked(PrivateKey(box.decrypt(self.private_key_sealed)))
        except CryptoError:
            raise WrongPassword from None


class Unlocked:
    """A custodian's private key in use. Never stored, never logged, never kept beyond one use case."""

    __slots__ = ("_box",)

    def __init__(self, private: PrivateKey) -> None:
        self._box = SealedBox(private)

    def read(self, sealed: bytes) -> str:
        """What was sealed to this custodian."""
        return self._box.decrypt(sealed).decode()


class Pepper:
    """The custodians' common secret: it makes of a contact a token that is the same for the same contact.

    Without it a token can neither be made nor guessed from a list of phone numbers. Tokens begin with a mark of the
    pepper they were made with: those of two peppers (the first was lost with its last holder) are not compared.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def create(cls) -> "Pepper":
        """A new one."""
        return cls(random(KEY_BYTES))

    @classmethod
    def opened(cls, key: Unlocked, sealed: bytes) -> "Pepper":
        """The one a custodian holds."""
        return cls(bytes.fromhex(key.read(sealed)))

    def sealed_to(self, public_key: bytes) -> bytes:
        """For a custodian to hold; needs no password of theirs."""
        return seal_to(public_key, self._secret.hex())

    def token(self, contact: str) -> bytes:
        """Who a contact belongs to, without saying who; give it a contact in one spelling."""
        mark = hashlib.blake2b(key=self._secret, person=b"qf:mark", digest_size=TOKEN_MARK)
        person = hashlib.blake2b(contact.encode(), key=self._secret, person=b"qf:person", digest_size=TOKEN_PERSON)
        return mark.digest() + person.digest()


def seal_to(public_key: bytes, text: str) -> bytes:
    """Seal text so that only the holder of the private key reads it; the sender cannot."""
    return bytes(SealedBox(PublicKey(public_key)).encrypt(text.encode()))


def _password_key(password: str, salt: bytes, ops_limit: int, mem_limit: int) -> bytes:
    return pwhash.argon2id.kdf(SecretBox.KEY_SIZE, password.encode(), salt, ops_limit, mem_limit)
