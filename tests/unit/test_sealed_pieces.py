"""Files of any size, sealed piece by piece: whole, in order, to their end; memory holds a piece (P3, P4)."""

import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nacl.exceptions import CryptoError

from storage.files import FileStore, sha256
from storage.sealed_pieces import PIECE, SEALED_PIECE, read_head
from storage.vault import KeyRing

TWO_AND_A_BIT = bytes(range(256)) * (PIECE // 128) + b"the end"


@pytest.fixture
def store(tmp_path: Path, keys: KeyRing) -> FileStore:
    return FileStore(tmp_path / "files", keys)


async def cut(data: bytes, length: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), length):
        yield data[at : at + length]


def sealed_at(store: FileStore, file_id: str) -> Path:
    return store.folder / file_id[:2] / file_id


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 7])
@pytest.mark.parametrize("length", [97_001, PIECE, 3 * PIECE])
async def test_whatever_the_size_and_however_it_comes_it_is_the_same_file(store: FileStore, size: int, length: int):
    data = (TWO_AND_A_BIT * 2)[:size]
    written = await store.write(cut(data, length))
    assert (written.size, written.sha256, written.beginning) == (size, sha256(data), data[:64])
    assert await store.get(written.id) == data


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (PIECE - 1, PIECE + 1), (PIECE, 2 * PIECE), (2 * PIECE + 3, None), (5, 5), (0, 10**9), (10**9, None)],
)
async def test_any_part_is_read_without_the_rest(store: FileStore, start: int, end: int | None) -> None:
    file_id = await store.put(TWO_AND_A_BIT)
    part = b"".join([piece async for piece in store.read(file_id, start, end)])
    assert part == TWO_AND_A_BIT[start:end]


async def test_files_of_the_first_releases_sealed_whole_are_still_read(store: FileStore, keys: KeyRing) -> None:
    old = "ab" * 16
    path = sealed_at(store, old)
    path.parent.mkdir(parents=True)
    path.write_bytes(keys.seal("file", b"a photo of 2025"))
    assert await store.get(old) == b"a photo of 2025"
    assert b"".join([piece async for piece in store.read(old, 2, 7)]) == b"photo"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(CryptoError):
        await store.get(old)


async def damaged(store: FileStore, how: str) -> str:
    """A file of three pieces that somebody changed without the key."""
    file_id, other = await store.put(TWO_AND_A_BIT), await store.put(TWO_AND_A_BIT)
    path = sealed_at(store, file_id)
    raw = path.read_bytes()
    start = len(raw) - 2 * SEALED_PIECE - (len(TWO_AND_A_BIT) - 2 * PIECE) - 16
    head, first, second, last = (
        raw[:start],
        raw[start : start + SEALED_PIECE],
        raw[start + SEALED_PIECE : start + 2 * SEALED_PIECE],
        raw[start + 2 * SEALED_PIECE :],
    )
    made = {
        "cut at the end of a piece": head + first + second,
        "cut within a piece": raw[:-9],
        "cut to its head": head,
        "cut to nothing": b"",
        "two pieces in another order": head + second + first + last,
        "a piece left out": head + second + last,
        "a piece twice": head + first + first + last,
        "something added": raw + b"more",
        "a piece of another file": raw[: start + SEALED_PIECE]
        + sealed_at(store, other).read_bytes()[start + SEALED_PIECE : start + 2 * SEALED_PIECE]
        + last,
        "the whole of another file": sealed_at(store, other).read_bytes(),
    }
    path.write_bytes(made[how])
    return file_id


@pytest.mark.parametrize(
    "how",
    [
        "cut at the end of a piece",
        "cut within a piece",
        "cut to its head",
        "cut to nothing",
        "two pieces in another order",
        "a piece left out",
        "a piece twice",
        "something added",
        "a piece of another file",
        "the whole of another file",
    ],
)
async def test_what_was_done_to_the_pieces_is_noticed(store: FileStore, how: str) -> None:
    file_id = await damaged(store, how)
    with pytest.raises(CryptoError):
        await store.get(file_id)


async def test_every_bit_of_a_small_file_counts(store: FileStore) -> None:
    file_id = await store.put(b"x")
    path = sealed_at(store, file_id)
    raw = path.read_bytes()
    for at in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        with pytest.raises(CryptoError):
            await store.get(file_id)
    path.write_bytes(raw)
    assert await store.get(file_id) == b"x"


async def test_a_file_costs_a_piece_of_memory_whatever_its_size(store: FileStore) -> None:
    async def sixteen_pieces() -> AsyncIterator[bytes]:
        for number in range(256):
            yield bytes([number]) * (PIECE // 16)

    tracemalloc.start()
    try:
        written = await store.write(sixteen_pieces())
        async for _ in store.read(written.id):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert written.size == 16 * PIECE
    assert peak < 8 * PIECE


async def test_a_sender_who_goes_away_half_way_leaves_nothing_behind(store: FileStore) -> None:
    async def breaks_off() -> AsyncIterator[bytes]:
        yield bytes(2 * PIECE)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.write(breaks_off())
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


async def test_the_servers_key_opens_the_head_alone_so_that_another_key_needs_no_new_file(
    store: FileStore, keys: KeyRing
) -> None:
    raw = sealed_at(store, await store.put(b"evidence")).read_bytes()
    head = read_head(keys, raw)
    assert head is not None
    assert head.length + len(b"evidence") + 16 == len(raw)
    with pytest.raises(CryptoError):
        read_head(KeyRing(bytes(32)), raw)
