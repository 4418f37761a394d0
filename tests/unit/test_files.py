"""Evidence on disk: whole or absent, unreadable to a thief, and any change to it is noticed."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import CryptoError

from storage.blobs import Folder, open_blobs
from storage.files import FileStore, media_type, sha256
from storage.vault import KeyRing

PHOTO = b"\xff\xd8\xff\xe0" + b"pixels of a receipt" * 50


@pytest.fixture
def store(tmp_path: Path, keys: KeyRing) -> FileStore:
    return FileStore(tmp_path / "files", keys)


def stored_paths(store: FileStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("data", [b"", b"x", PHOTO, os.urandom(300_000)], ids=len)
async def test_bytes_come_back_as_they_went_in(store: FileStore, data: bytes) -> None:
    assert await store.get(await store.put(data)) == data


async def test_nothing_on_disk_tells_what_it_is(store: FileStore) -> None:
    file_id = await store.put(PHOTO)
    (path,) = stored_paths(store)
    raw = path.read_bytes()
    assert b"pixels" not in raw
    assert not raw.startswith(b"\xff\xd8\xff")
    assert (path.name, path.suffix) == (file_id, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_same_bytes_stored_twice_cannot_be_told_to_be_the_same(store: FileStore) -> None:
    first, second = await store.put(PHOTO), await store.put(PHOTO)
    one, two = (store.folder / file_id[:2] / file_id for file_id in (first, second))
    assert first != second
    assert one.read_bytes() != two.read_bytes()


@pytest.mark.parametrize("where", [0, 5, 24, 100, -1])
async def test_one_flipped_byte_is_noticed(store: FileStore, where: int) -> None:
    file_id = await store.put(PHOTO)
    (path,) = stored_paths(store)
    raw = bytearray(path.read_bytes())
    raw[where] ^= 1
    path.write_bytes(raw)
    with pytest.raises(CryptoError):
        await store.get(file_id)


async def test_a_file_cut_short_is_noticed(store: FileStore) -> None:
    file_id = await store.put(PHOTO)
    (path,) = stored_paths(store)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CryptoError):
        await store.get(file_id)


async def test_a_write_that_fails_half_way_leaves_nothing_behind(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        await store.put(PHOTO)
    assert stored_paths(store) == []


@pytest.mark.parametrize(
    "file_id", ["../secret", "..", "a/../../secret", "/etc/passwd", "", "ab\x00cd", "a.part", "ab%2e%2e", "a b"]
)
async def test_an_id_that_points_elsewhere_is_no_file(store: FileStore, file_id: str) -> None:
    store.folder.mkdir()
    (store.folder.parent / "secret").write_bytes(b"not yours")
    with pytest.raises(FileNotFoundError):
        await store.get(file_id)
    await store.delete(file_id)
    assert (store.folder.parent / "secret").exists()


async def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_fault(store: FileStore) -> None:
    file_id = await store.put(PHOTO)
    await store.delete(file_id)
    await store.delete(file_id)
    with pytest.raises(FileNotFoundError):
        await store.get(file_id)
    assert stored_paths(store) == []


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"%PDF-1.7", "application/pdf"),
        (b"OggS\x00\x02", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "application/octet-stream"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"#!AMR\n", "audio/amr"),
        (b"PK\x03\x04", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
        (b"<html><script>", "application/octet-stream"),
        (b"<svg onload=", "application/octet-stream"),
        (b"MZ\x90\x00", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_media_type_is_read_from_the_bytes(head: bytes, kind: str) -> None:
    assert media_type(head) == kind
    assert media_type(head + bytes(200)) == kind


@given(st.binary(max_size=64))
def test_no_bytes_are_ever_called_something_a_browser_would_run(data: bytes) -> None:
    assert media_type(data).split("/")[0] in ("image", "audio", "video", "application")
    assert "svg" not in media_type(data)
    assert "html" not in media_type(data)


def test_a_fingerprint_is_the_sha256_everybody_can_compute() -> None:
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # pragma: allowlist secret
    assert sha256(b"abc") == known


@pytest.mark.parametrize(
    ("url", "folder"),
    [("file://var/files", "var/files"), ("file:///srv/files", "/srv/files"), ("file:var/files", "var/files")],
)
def test_a_files_address_names_a_folder(url: str, folder: str) -> None:
    found = open_blobs(url)
    assert isinstance(found, Folder)
    assert found.path == Path(folder)


@pytest.mark.parametrize("url", ["s3:///files", "var/files", "http://host/files", ""])
def test_another_kind_of_address_is_refused_by_the_name_of_the_setting(url: str) -> None:
    with pytest.raises(ValueError, match="QINGFENG_FILES_URL"):
        open_blobs(url)
