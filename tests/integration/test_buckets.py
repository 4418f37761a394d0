"""Files in a bucket (P3, P4): the same promises against a server that speaks S3, over loopback."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import obstore
import pytest
from nacl.exceptions import CryptoError
from obstore.store import S3Store

from storage.blobs import Bucket, S3Access, open_blobs
from storage.file_check import Fault, check_files
from storage.files import FileStore, sha256
from storage.sealed_pieces import PIECE
from storage.unit_of_work import Storage
from storage.vault import KeyRing

LARGE = bytes(range(256)) * (7 * PIECE // 256) + b"the end"  # more than one part of an upload


@pytest.fixture(scope="module")
def access() -> Iterator[S3Access]:
    """A moto server in a process of its own, with one bucket."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=quiet) as server:
        assert server.stderr is not None
        line = next(line for line in server.stderr if "Running on" in line)
        given = S3Access(line.split()[-1].strip(), "us-east-1", "test", "test")
        import httpx

        assert httpx.put(f"{given.endpoint}/evidence", headers={"authorization": _signed()}).status_code == 200
        yield given
        server.terminate()


def _signed() -> str:
    return "AWS4-HMAC-SHA256 Credential=test/20260311/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"


@pytest.fixture
def store(access: S3Access, keys: KeyRing, request: pytest.FixtureRequest) -> FileStore:
    prefix = "".join(letter for letter in request.node.name if letter.isalnum())
    return FileStore(open_blobs(f"s3://evidence/{prefix}", access), keys)


def raw(store: FileStore) -> S3Store:
    assert isinstance(store.blobs, Bucket)
    return store.blobs._store


async def some(data: bytes, length: int = 777_777) -> AsyncIterator[bytes]:
    for at in range(0, len(data), length):
        yield data[at : at + length]


@pytest.mark.parametrize("data", [b"", b"x", LARGE], ids=len)
async def test_bytes_come_back_as_they_went_in_whole_and_in_part(store: FileStore, data: bytes) -> None:
    written = await store.write(some(data))
    assert (written.sha256, written.size) == (sha256(data), len(data))
    assert await store.get(written.id) == data
    part = b"".join([piece async for piece in store.read(written.id, PIECE - 5, PIECE + 5)])
    assert part == data[PIECE - 5 : PIECE + 5]


async def test_nothing_in_the_bucket_tells_what_it_is(store: FileStore) -> None:
    file_id = await store.put(b"pixels of a receipt" * 50)
    (page,) = [page async for page in obstore.list(raw(store))]
    (one,) = page
    assert one["path"] == f"{file_id[:2]}/{file_id}"
    assert b"pixels" not in bytes(await (await obstore.get_async(raw(store), one["path"])).bytes_async())


async def test_a_changed_bit_in_the_bucket_is_noticed(store: FileStore) -> None:
    file_id = await store.put(b"evidence")
    key = f"{file_id[:2]}/{file_id}"
    changed = bytearray(await (await obstore.get_async(raw(store), key)).bytes_async())
    changed[-1] ^= 1
    await obstore.put_async(raw(store), key, bytes(changed))
    with pytest.raises(CryptoError):
        await store.get(file_id)


async def test_a_sender_who_goes_away_leaves_no_file(store: FileStore) -> None:
    async def breaks_off() -> AsyncIterator[bytes]:
        yield LARGE
        raise ConnectionResetError

    with pytest.raises((ConnectionError, ConnectionResetError)):
        await store.write(breaks_off())
    assert [name async for name in store.blobs.names()] == []


async def test_a_deleted_file_is_gone_and_one_that_never_was_is_not_found(store: FileStore) -> None:
    file_id = await store.put(b"x")
    await store.delete(file_id)
    await store.delete(file_id)
    for name in (file_id, "0" * 32, "../secret"):
        with pytest.raises(FileNotFoundError):
            await store.get(name)


async def test_verify_files_walks_a_bucket_too(sqlite_storage: Storage, store: FileStore) -> None:
    sqlite_storage.files = store
    async with sqlite_storage.unit_of_work() as uow:
        kept = [await uow.files.add(data, name="a", origin="reporter") for data in (b"one", LARGE, b"three")]
        await uow.commit()
    assert (await check_files(sqlite_storage, lambda _: None)).is_whole
    await store.delete(kept[0].id)
    stranger = await store.put(b"from elsewhere")
    report = await check_files(sqlite_storage, lambda _: None)
    assert sorted(report.faults) == sorted([(kept[0].id, Fault.MISSING), (stranger, Fault.UNKNOWN)])


async def test_a_bucket_out_of_reach_is_an_outage_not_a_loss(keys: KeyRing) -> None:
    gone = FileStore(open_blobs("s3://evidence", S3Access("http://127.0.0.1:9", "us-east-1", "a", "b")), keys)
    with pytest.raises(ConnectionError):
        await gone.put(b"x")


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix", "gs://bucket"])
def test_an_address_without_a_bucket_is_refused_by_the_name_of_the_setting(url: str) -> None:
    with pytest.raises(ValueError, match="QINGFENG_FILES_URL"):
        open_blobs(url)
