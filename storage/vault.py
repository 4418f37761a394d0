"""Keys and sealing: what makes a stolen database useless.

Two kinds of secret, two kinds of key:

* What the running system must read again (drafts, narratives, messages, files, chat handles) is sealed with a key
  derived from the key file. `KeyRing.seal` binds each ciphertext to its purpose, so one cannot be passed for another.
* A reporter's name and contact cannot be opened by the system at all: several custodians' passwords do, together
  (storage/custody.py).

A newcomer's mistake: storing a name anywhere in clear "for a moment". There is no such moment after the prompt in
which it was typed has been handled.
"""

import fcntl
import hashlib
import hmac
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nacl.encoding import RawEncoder
from nacl.exceptions import CryptoError
from nacl.hash import blake2b
from nacl.secret import Aead
from nacl.utils import random

from storage.errors import KeyFileProblem
from storage.signing import Signer

KEY_BYTES: Final = 32
#: What a sealed value begins with: a sign that there is a mark, and the id of the generation that sealed it; in bytes.
MARK_BYTES: Final = 8
_MAGIC: Final = b"qf\x01"
_INDEX_LINE: Final = "index"
_PUBLIC_LINE: Final = "public"


class KeyRing:
    """The server's symmetric keys, one for each purpose, derived from the secrets of the key file.

    Several generations of secrets may be in use, oldest first: everything is sealed under the newest and carries its
    id; what an older one sealed opens until it is re-sealed (storage/rotation.py). What finds rows (`index`) and what
    ties a database to its key (`fingerprint`) stays with the first secret for good, or nothing would be found again.

    Args:
        *generations: 32 bytes each, oldest first.
        index: The secret of keyed indexes; the first generation's unless that one was retired.
        retired: The public signing keys of retired generations, oldest first: what they signed stays signed.

    Raises:
        KeyFileProblem: A secret of another length, or none.
    """

    def __init__(self, *generations: bytes, index: bytes | None = None, retired: tuple[bytes, ...] = ()) -> None:
        secrets = (*generations, generations[0] if index is None and generations else index or b"")
        if not generations or any(len(secret) != KEY_BYTES for secret in secrets):
            raise KeyFileProblem("The key is not 32 bytes long", "Restore the key file from its backup")
        self._generations = {_mark_of(secret): secret for secret in generations}
        self._index_secret = secrets[-1]
        self._newest = generations[-1]
        self._boxes: dict[tuple[bytes, str], Aead] = {}
        self._index_keys: dict[str, bytes] = {}
        self.fingerprint = _derive(self._index_secret, "fingerprint").hex()[:16]
        #: What everything sealed under the newest generation begins with.
        self.mark = _mark_of(self._newest)
        #: The signing keys, newest first; signatures of older ones stay valid.
        self.signers = tuple(Signer(_derive(secret, "sign")) for secret in reversed(generations))
        self._retired = retired

    @property
    def signer(self) -> Signer:
        """The signing key of the newest generation: the one that signs."""
        return self.signers[0]

    @property
    def public_keys(self) -> tuple[bytes, ...]:
        """The public halves of every key this server ever signed with, newest first."""
        return (*(signer.public_key for signer in self.signers), *reversed(self._retired))

    @property
    def generation_ids(self) -> tuple[str, ...]:
        """The names of the generations, oldest first; they tell nothing of the secrets."""
        return tuple(mark[len(_MAGIC) :].hex() for mark in self._generations)

    def seal(self, purpose: str, text: bytes) -> bytes:
        """XChaCha20-Poly1305 under the purpose's newest key; the purpose is bound as associated data."""
        return self.mark + bytes(self._box(self._newest, purpose).encrypt(text, purpose.encode()))

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """The inverse of `seal`, whichever generation sealed it.

        Raises:
            nacl.exceptions.CryptoError: Another key, another purpose, or a changed byte.
        """
        secret = self._generations.get(sealed[:MARK_BYTES])
        if secret is not None:
            return self._box(secret, purpose).decrypt(sealed[MARK_BYTES:], purpose.encode())
        if self._index_secret in self._generations.values():  # before there were generations nothing carried a mark
            return self._box(self._index_secret, purpose).decrypt(sealed, purpose.encode())
        raise CryptoError(f"Nothing in the key file opens this {purpose}")

    def seal_text(self, purpose: str, text: str) -> bytes:
        """`seal` for text; half of an emoji is no text, and becomes a question mark."""
        return self.seal(purpose, text.encode(errors="replace"))

    def open_text(self, purpose: str, sealed: bytes) -> str:
        """`open` for text."""
        return self.open(purpose, sealed).decode()

    def is_newest(self, sealed: bytes) -> bool:
        """Whether something was sealed under the newest generation."""
        return sealed.startswith(self.mark)

    def index(self, purpose: str, value: str) -> bytes:
        """A keyed hash to find a value by without storing it: 16 bytes."""
        key = self._index_keys.get(purpose)
        if key is None:
            key = self._index_keys[purpose] = _derive(self._index_secret, f"index/{purpose}")
        return hashlib.blake2b(value.encode(errors="replace"), key=key, digest_size=16).digest()

    def vouch(self, purpose: str, data: bytes) -> bytes:
        """A keyed hash that only a holder of the key file can make or check: 32 bytes (BLAKE2b)."""
        key = self._index_keys.get(f"vouch/{purpose}")
        if key is None:
            key = self._index_keys[f"vouch/{purpose}"] = _derive(self._index_secret, f"vouch/{purpose}")
        return hashlib.blake2b(data, key=key, digest_size=KEY_BYTES).digest()

    def vouches(self, purpose: str, made_with: str, data: bytes, seal: bytes) -> bool:
        """Whether a keyed hash was made by the key that is called `made_with`, which must be this one."""
        return made_with == self.fingerprint and hmac.compare_digest(self.vouch(purpose, data), seal)

    def with_new_generation(self) -> "KeyRing":
        """The same ring with a new secret that seals from now on."""
        return KeyRing(*self._generations.values(), random(KEY_BYTES), index=self._index_secret, retired=self._retired)

    def newest_only(self) -> "KeyRing":
        """The ring without the older generations: only when nothing is sealed under them any more."""
        gone = tuple(reversed(self.public_keys[1:]))
        return KeyRing(self._newest, index=self._index_secret, retired=gone)

    def lines(self) -> str:
        """The key file's text: one secret a line, oldest first; the index's own line where it is not the first.

        Public keys of retired generations have a line each, before the secrets.
        """
        secrets = list(self._generations.values())
        own = [f"{_INDEX_LINE} {self._index_secret.hex()}"] if secrets[0] != self._index_secret else []
        public = [f"{_PUBLIC_LINE} {key.hex()}" for key in self._retired]
        return "".join(f"{line}\n" for line in (*own, *public, *(secret.hex() for secret in secrets)))

    @classmethod
    def from_lines(cls, text: str) -> "KeyRing":
        """Read what `lines` wrote, or a file of the first release: one secret.

        Raises:
            ValueError: It is nothing of that kind.
            KeyFileProblem: A secret of another length, or none.
        """
        index, generations, retired = None, [], []
        for line in text.split("\n"):
            head, _, rest = line.strip().rpartition(" ")
            if head == _INDEX_LINE:
                index = bytes.fromhex(rest)
            elif head == _PUBLIC_LINE:
                retired.append(bytes.fromhex(rest))
            elif head:
                raise ValueError(head)
            elif rest:
                generations.append(bytes.fromhex(rest))
        return cls(*generations, index=index, retired=tuple(retired))

    def _box(self, secret: bytes, purpose: str) -> Aead:
        box = self._boxes.get((secret, purpose))
        if box is None:
            box = self._boxes[secret, purpose] = Aead(_derive(secret, f"seal/{purpose}"))
        return box


def _derive(secret: bytes, purpose: str) -> bytes:
    return blake2b(purpose.encode(), key=secret, digest_size=KEY_BYTES, encoder=RawEncoder)


def _mark_of(secret: bytes) -> bytes:
    """What everything sealed under a secret begins with: 8 bytes that tell nothing of it."""
    return _MAGIC + _derive(secret, "generation")[: MARK_BYTES - len(_MAGIC)]


def create_key_file(path: Path) -> KeyRing:
    """Write a new secret, readable by its owner only.

    Raises:
        KeyFileProblem: The folder cannot be written, or the file exists.
    """
    ring = KeyRing(random(KEY_BYTES))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, ring)
    except OSError as error:
        raise KeyFileProblem(
            f"The key file {path} cannot be written ({error.strerror})", "Set QINGFENG_KEY_FILE"
        ) from error
    return ring


def replace_key_file(path: Path, ring: KeyRing) -> None:
    """Put another ring into the key file, whole or not at all.

    Raises:
        KeyFileProblem: The folder cannot be written.
    """
    beside = path.with_name(path.name + ".new")
    try:
        beside.unlink(missing_ok=True)
        _write(beside, ring)
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyFileProblem(
            f"The key file {path} cannot be replaced ({error.strerror})", "Nothing was changed; check its folder"
        ) from error


def _write(path: Path, ring: KeyRing) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(ring.lines())
        file.flush()
        os.fsync(file.fileno())


def load_key_file(path: Path) -> KeyRing:
    """Read the secrets.

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
        return KeyRing.from_lines(text)
    except ValueError:
        raise KeyFileProblem(f"The key file {path} is damaged", "Restore it from its backup") from None


@contextmanager
def using_key_file(path: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the key file's lock while its keys are in use; `alone` to exchange them, when nobody else may use them.

    The lock goes with the process, however it ends. Where the folder cannot be written nobody can exchange keys
    either, and there is nothing to hold.

    Raises:
        KeyFileProblem: `alone`, and another process uses the keys; or not `alone`, and somebody exchanges them.
    """
    try:
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        if alone:
            raise KeyFileProblem(f"Nothing can be written beside {path}", "Run it where the key file lies") from None
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            who = "Another process uses the keys" if alone else "The keys are being exchanged"
            cure = "Stop `qingfeng run` on every machine first" if alone else "Wait for `qingfeng rotate-key` to end"
            raise KeyFileProblem(who, cure) from None
        yield
    finally:
        os.close(descriptor)
