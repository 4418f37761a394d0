"""Sealing with the server's keys: bound to key and purpose, and the key file that holds them."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import CryptoError

from storage.errors import KeyFileProblem
from storage.vault import KeyRing, create_key_file, load_key_file

RING, OTHER = KeyRing(bytes(range(32))), KeyRing(bytes(range(1, 33)))


@given(st.binary(max_size=300), st.text(min_size=1, max_size=20))
def test_what_was_sealed_opens_again_with_the_same_key_and_purpose(data: bytes, purpose: str) -> None:
    ring = KeyRing(bytes(range(32)))
    assert ring.open(purpose, ring.seal(purpose, data)) == data


@given(st.text(max_size=100))
def test_text_survives_sealing(words: str) -> None:
    assert RING.open_text("draft", RING.seal_text("draft", words)) == words


def test_the_same_words_sealed_twice_look_different() -> None:
    assert RING.seal("draft", b"same") != RING.seal("draft", b"same")


def test_one_purposes_words_do_not_open_as_another_purposes() -> None:
    with pytest.raises(CryptoError):
        RING.open("case.note", RING.seal("case.narrative", b"words"))


def test_another_key_opens_nothing() -> None:
    with pytest.raises(CryptoError):
        OTHER.open("draft", RING.seal("draft", b"words"))


@given(st.data())
def test_any_flipped_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(RING.seal("draft", b"some words that matter"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CryptoError):
        RING.open("draft", bytes(sealed))


def test_an_index_finds_a_value_again_and_differs_by_value_purpose_and_key() -> None:
    found = RING.index("person", "13")
    assert found == KeyRing(bytes(range(32))).index("person", "13")
    assert len({found, RING.index("person", "14"), RING.index("sign_in", "13"), OTHER.index("person", "13")}) == 4
    assert len(found) == 16


def test_the_fingerprint_tells_keys_apart_and_is_no_part_of_the_secret() -> None:
    assert RING.fingerprint != OTHER.fingerprint
    assert RING.fingerprint not in bytes(range(32)).hex()


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_secret_of_the_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(KeyFileProblem, match="32 bytes"):
        KeyRing(bytes(length))


def test_a_key_file_is_written_for_its_owner_only_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "qingfeng.key"
    made = create_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key_file(path).fingerprint == made.fingerprint


def test_two_key_files_hold_different_secrets(tmp_path: Path) -> None:
    assert create_key_file(tmp_path / "a").fingerprint != create_key_file(tmp_path / "b").fingerprint


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "qingfeng.key"
    create_key_file(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileProblem):
        create_key_file(path)
    assert path.read_bytes() == before


def test_a_key_file_in_a_place_that_is_no_folder_is_one_clear_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="ascii")
    with pytest.raises(KeyFileProblem, match="cannot be"):
        create_key_file(tmp_path / "file" / "qingfeng.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620])
def test_a_key_file_that_others_can_reach_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "qingfeng.key"
    create_key_file(path)
    path.chmod(mode)
    with pytest.raises(KeyFileProblem, match="chmod 600"):
        load_key_file(path)


def test_a_missing_key_file_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(KeyFileProblem, match="missing"):
        load_key_file(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "content", [b"", b"not hexadecimal", b"ab", bytes(range(32)).hex().encode()[:-1], b"\xff\xfe\x00", b"\xe6\xb8\x85"]
)
def test_a_damaged_key_file_is_said_to_be_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "qingfeng.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileProblem) as refused:
        load_key_file(path)
    assert "backup" in refused.value.cure


def test_a_key_file_that_is_a_folder_is_one_clear_fault(tmp_path: Path) -> None:
    with pytest.raises(KeyFileProblem, match="cannot be read"):
        load_key_file(tmp_path)
