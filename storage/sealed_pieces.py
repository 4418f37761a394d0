"""Sealing a file of any size piece by piece, so that memory holds one piece.

Layout: eight signs, a length, the file's own random key sealed by the server's keys, then pieces of 1 MiB, each
XChaCha20-Poly1305 under the file's key. A piece's nonce is its number; bound to it are the file's id and whether it
is the last. So a piece changed, left out, doubled, moved, taken from another file, or a file cut short at the end of a
piece does not open. What a newcomer gets wrong: pieces have one length, so any of them is found without reading the
others; a changed server key needs the first bytes sealed anew, not the file.
"""

import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from nacl.exceptions import CryptoError
from nacl.secret import Aead
from nacl.utils import random

from storage.vault import KeyRing

MARK: Final = b"QFfile2\n"
PURPOSE: Final = "file.key"
PIECE: Final = 1024 * 1024  # bytes in clear
_TAG: Final = Aead.MACBYTES
_LENGTH: Final = struct.Struct(">H")
_NUMBER: Final = struct.Struct(">Q")
#: Enough of a file's beginning to find its key in.
LONGEST_HEAD: Final = 512


@dataclass(frozen=True, slots=True)
class Head:
    """A sealed file's beginning: the key that opens it, and where its pieces start."""

    key: bytes
    length: int

    def pieces(self, sealed_size: int) -> int:
        """How many pieces a sealed file of so many bytes has; an empty file has one."""
        return max(1, -(-(sealed_size - self.length) // (PIECE + _TAG)))

    def at(self, number: int) -> int:
        """Where a piece begins in the sealed file."""
        return self.length + number * (PIECE + _TAG)


SEALED_PIECE: Final = PIECE + _TAG


def read_head(keys: KeyRing, beginning: bytes) -> Head | None:
    """The head of a sealed file; None when it was sealed whole, as files once were.

    Raises:
        nacl.exceptions.CryptoError: It was changed.
    """
    sealed = sealed_key(beginning)
    return Head(keys.open(PURPOSE, sealed), len(MARK) + _LENGTH.size + len(sealed)) if sealed is not None else None


def sealed_key(beginning: bytes) -> bytes | None:
    """A file's own key, as sealed; None when the file was sealed whole.

    Raises:
        nacl.exceptions.CryptoError: The head is cut short.
    """
    if not beginning.startswith(MARK):
        return None
    at = len(MARK) + _LENGTH.size
    if len(beginning) < at:
        raise CryptoError("cut short")
    (length,) = _LENGTH.unpack_from(beginning, len(MARK))
    return beginning[at : at + length]


def seal_head(keys: KeyRing, key: bytes) -> bytes:
    """How a file begins whose pieces are sealed with a key."""
    sealed = keys.seal(PURPOSE, key)
    return MARK + _LENGTH.pack(len(sealed)) + sealed


def open_piece(head: Head, file_id: str, number: int, sealed: bytes, *, is_last: bool) -> bytes:
    """One piece in clear.

    Raises:
        nacl.exceptions.CryptoError: It is not the piece that belongs there.
    """
    if len(sealed) < _TAG:
        raise CryptoError("cut short")
    return Aead(head.key).decrypt(sealed, _bound(file_id, is_last=is_last), _nonce(number))


async def seal_pieces(keys: KeyRing, file_id: str, data: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A sealed file's bytes, from the bytes of a file however they are cut."""
    key = random(Aead.KEY_SIZE)
    yield seal_head(keys, key)
    box, waiting, number = Aead(key), bytearray(), 0
    async for some in data:
        waiting += some
        while len(waiting) > PIECE:  # the last piece, even a full one, must know that it is
            yield _seal(box, file_id, number, bytes(waiting[:PIECE]), is_last=False)
            del waiting[:PIECE]
            number += 1
    yield _seal(box, file_id, number, bytes(waiting), is_last=True)


def _seal(box: Aead, file_id: str, number: int, piece: bytes, *, is_last: bool) -> bytes:
    return bytes(box.encrypt(piece, _bound(file_id, is_last=is_last), _nonce(number)).ciphertext)


def _bound(file_id: str, *, is_last: bool) -> bytes:
    return f"{file_id}/{'last' if is_last else 'more'}".encode()


def _nonce(number: int) -> bytes:
    """Safe to count: a key seals one file, once."""
    return bytes(Aead.NONCE_SIZE - _NUMBER.size) + _NUMBER.pack(number)
