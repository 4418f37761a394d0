"""Keys of people, and names that several of them open together.

* An official's key pair (`KeyPair`): the private half exists only under the official's password (Argon2id) and, for
  custodians, under a recovery key printed once. `Unlocked` is that half in use.
* A reporter's name (`SealedName`): sealed to a public key of its own, whose secret is split into M shares of which any
  N give it back (Shamir). Each share is sealed to one custodian. The system can add a part to a name and cannot open
  one; a custodian alone cannot either where N is more than 1.
* Whether two reporters are one person is told by tokens made with a secret that the custodians hold (`Pepper`): the
  system can make a token only while a custodian is present.

A newcomer's mistake: to keep a `NameKey` or an `Unlocked` beyond the use case that needed it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from Crypto.Protocol.SecretSharing import Shamir
from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox
from nacl.utils import random

from storage.errors import SharesDoNotFit, WrongPassword
from storage.ids import READABLE

KEY_BYTES: Final = 32
OPS_LIMIT: Final = 3
MEM_LIMIT: Final = 128 * 1024 * 1024  # bytes, Argon2id
#: A share, as its custodian reads it: its place in the split, a mark of the name it belongs to, what Shamir made.
SECRET_BYTES: Final = 16
_MARK_BYTES: Final = 8
#: A person's token: a mark of the pepper it was made with, then the person; in bytes.
TOKEN_MARK: Final = 4
TOKEN_PERSON: Final = 16
#: A recovery key: nine groups of chance (176 bits), one that tells a slip of the pen.
RECOVERY_PREFIX: Final = "QR"
_RECOVERY_SIGNS: Final = 36
_CHECK_SIGNS: Final = 4


@dataclass(frozen=True, slots=True)
class KeyCost:
    """What a guess at a password costs: Argon2id's passes and bytes. Tests hand in less, a deployment never does."""

    ops_limit: int = OPS_LIMIT
    mem_limit: int = MEM_LIMIT


class Unlocked:
    """A private key in use. Never stored, never logged, never kept beyond one use case."""

    __slots__ = ("_box", "_private")

    def __init__(self, private: PrivateKey) -> None:
        self._private = private
        self._box = SealedBox(private)

    @property
    def public_key(self) -> bytes:
        """The half everybody may know."""
        return bytes(self._private.public_key)

    def read(self, sealed: bytes) -> str:
        """Text that was sealed to this key."""
        return self.open(sealed).decode()

    def open(self, sealed: bytes) -> bytes:
        """Bytes that were sealed to this key.

        Raises:
            nacl.exceptions.CryptoError: They were sealed to another, or changed.
        """
        return bytes(self._box.decrypt(sealed))

    def reseal(self, sealed: bytes, public_key: bytes) -> bytes:
        """The same for somebody else."""
        return seal_bytes(public_key, self.open(sealed))

    def under_password(self, password: str, cost: KeyCost, recovery_sealed: bytes | None = None) -> "KeyPair":
        """The pair as stored; takes about half a second on purpose."""
        salt = random(pwhash.argon2id.SALTBYTES)
        box = SecretBox(_password_key(password, salt, cost))
        sealed = bytes(box.encrypt(bytes(self._private)))
        return KeyPair(self.public_key, sealed, salt, cost.ops_limit, cost.mem_limit, recovery_sealed)

    def under_recovery(self, recovery: str) -> bytes:
        """The private half under a recovery key as printed."""
        return bytes(SecretBox(_recovery_key(recovery)).encrypt(bytes(self._private)))


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair as stored: the private half only under the password (Argon2id), or under a printed recovery key."""

    public_key: bytes
    private_key_sealed: bytes
    salt: bytes
    ops_limit: int = OPS_LIMIT
    mem_limit: int = MEM_LIMIT  # bytes
    recovery_sealed: bytes | None = None

    @classmethod
    def create(cls, password: str, *, ops_limit: int = OPS_LIMIT, mem_limit: int = MEM_LIMIT) -> "KeyPair":
        """A new pair; takes about half a second on purpose."""
        return Unlocked(PrivateKey.generate()).under_password(password, KeyCost(ops_limit, mem_limit))

    @property
    def cost(self) -> KeyCost:
        """What a guess at its password costs."""
        return KeyCost(self.ops_limit, self.mem_limit)

    def open(self, password: str, sealed: bytes) -> str:
        """A text in clear.

        Raises:
            WrongPassword: The password is not this pair's.
        """
        return self.unlock(password).read(sealed)

    def unlock(self, password: str) -> Unlocked:
        """The private key, to be dropped as soon as what it is needed for has been read; takes half a second.

        Raises:
            WrongPassword: The password is not this pair's.
        """
        return self._opened(SecretBox(_password_key(password, self.salt, self.cost)), self.private_key_sealed)

    def recover(self, recovery: str) -> Unlocked:
        """The private key by the printed recovery key, however it was typed.

        Raises:
            WrongPassword: It is not this pair's, or there is none.
        """
        if self.recovery_sealed is None or not is_recovery_key(recovery):
            raise WrongPassword
        return self._opened(SecretBox(_recovery_key(recovery)), self.recovery_sealed)

    @staticmethod
    def _opened(box: SecretBox, sealed: bytes) -> Unlocked:
        try:
            return Unlocked(PrivateKey(box.decrypt(sealed)))
        except CryptoError:
            raise WrongPassword from None


@dataclass(frozen=True, slots=True)
class Share:
    """One custodian's part of a name's secret, sealed to that custodian."""

    position: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class SealedName:
    """A name as it is kept: parts sealed to a key of its own, and that key's secret in shares.

    Invariant: any `needed` of `shares` open every part, fewer open none.
    """

    public_key: bytes
    needed: int
    shares: Mapping[int, Share]  # custodian -> share
    parts: Mapping[str, bytes] = field(default_factory=dict)  # name, contact, address

    @classmethod
    def begin(cls, holders: Mapping[int, bytes], needed: int) -> "SealedName":
        """An empty one for some custodians (official -> public key), of whom `needed` open it together."""
        key = NameKey(random(SECRET_BYTES))
        return cls(key.public_key, needed, key.split(holders, needed))

    def with_part(self, part: str, text: str) -> "SealedName":
        """The same with one more part; whoever adds it cannot open the others."""
        return replace(self, parts={**self.parts, part: seal_bytes(self.public_key, text.encode())})

    def without(self, gone: Iterable[int]) -> "SealedName":
        """The same without some custodians' shares."""
        left = {who: share for who, share in self.shares.items() if who not in set(gone)}
        return replace(self, shares=left)

    @property
    def opens(self) -> bool:
        """Whether enough custodians are left to open it."""
        return len(self.shares) >= self.needed


class NameKey:
    """The key of one name, put together from shares. Never stored, never kept beyond one use case."""

    __slots__ = ("_private", "_secret")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        seed = hashlib.blake2b(secret, person=b"qf:name-key", digest_size=KEY_BYTES).digest()
        self._private = PrivateKey(seed)

    @classmethod
    def combine(cls, shares: Iterable[bytes], public_key: bytes, needed: int) -> "NameKey":
        """The key behind a public key, from shares as their holders read them.

        Raises:
            SharesDoNotFit: Too few, of another name, or of two different splits.
        """
        read = {
            share[0]: share[1 + _MARK_BYTES :] for share in shares if share[1 : 1 + _MARK_BYTES] == _mark(public_key)
        }
        if len(read) < needed:
            raise SharesDoNotFit
        key = cls(bytes(Shamir.combine(sorted(read.items())[:needed])))
        if key.public_key != public_key:
            raise SharesDoNotFit
        return key

    @property
    def public_key(self) -> bytes:
        """What the name's parts are sealed to."""
        return bytes(self._private.public_key)

    def read(self, sealed: bytes) -> str:
        """A part in clear."""
        return SealedBox(self._private).decrypt(sealed).decode()

    def split(self, holders: Mapping[int, bytes], needed: int) -> dict[int, Share]:
        """New shares for some custodians; with those of an earlier split they open nothing."""
        if not 1 <= needed <= len(holders):
            raise SharesDoNotFit
        split = Shamir.split(needed, len(holders), self._secret)
        mark = _mark(self.public_key)
        return {
            who: Share(position, seal_bytes(public_key, bytes([position]) + mark + bytes(share)))
            for (who, public_key), (position, share) in zip(sorted(holders.items()), split, strict=True)
        }


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
    return seal_bytes(public_key, text.encode())


def seal_bytes(public_key: bytes, data: bytes) -> bytes:
    """`seal_to` for bytes."""
    return bytes(SealedBox(PublicKey(public_key)).encrypt(data))


def new_recovery_key() -> str:
    """A recovery key to be printed: 176 bits in groups of four, the last of which checks the others."""
    digits = int.from_bytes(random(KEY_BYTES))
    signs = _signs(digits, _RECOVERY_SIGNS)
    signs += _check(signs)
    return "-".join((RECOVERY_PREFIX, *(signs[at : at + 4] for at in range(0, len(signs), 4))))


def is_recovery_key(typed: str) -> bool:
    """Whether something typed is a recovery key without a slip of the pen; whose it is, only the pair can tell."""
    signs = _recovery_signs(typed)
    body, check = signs[:_RECOVERY_SIGNS], signs[_RECOVERY_SIGNS:]
    return len(signs) == _RECOVERY_SIGNS + _CHECK_SIGNS and set(signs) <= set(READABLE) and check == _check(body)


def _recovery_signs(typed: str) -> str:
    """The signs of a recovery key, whatever stands between them."""
    signs = "".join(sign for sign in typed.upper() if sign.isalnum())
    return signs.removeprefix(RECOVERY_PREFIX)


def _recovery_key(typed: str) -> bytes:
    body = _recovery_signs(typed)[:_RECOVERY_SIGNS]
    return hashlib.blake2b(body.encode(), person=b"qf:recovery", digest_size=SecretBox.KEY_SIZE).digest()


def _check(signs: str) -> str:
    digest = hashlib.blake2b(signs.encode(), person=b"qf:check", digest_size=8).digest()
    return _signs(int.from_bytes(digest), _CHECK_SIGNS)


def _signs(number: int, count: int) -> str:
    signs = []
    for _ in range(count):
        number, place = divmod(number, len(READABLE))
        signs.append(READABLE[place])
    return "".join(signs)


def _mark(public_key: bytes) -> bytes:
    return hashlib.blake2b(public_key, person=b"qf:share", digest_size=_MARK_BYTES).digest()


def _password_key(password: str, salt: bytes, cost: KeyCost) -> bytes:
    return pwhash.argon2id.kdf(SecretBox.KEY_SIZE, password.encode(), salt, cost.ops_limit, cost.mem_limit)
