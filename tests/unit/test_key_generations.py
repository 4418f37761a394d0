"""Several generations of the server's keys: what each sealed stays readable, and everything sealed is on the list.

The list (storage/sealed_columns.py) is checked against the tables and against every call that seals: a new column of
bytes that nobody put there fails here, before anybody rotates a key without it.
"""

import ast
import stat
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import CryptoError
from sqlalchemy import LargeBinary

from storage import sealed_columns
from storage.errors import KeyFileProblem
from storage.signing import holds
from storage.tables import metadata
from storage.vault import (
    MARK_BYTES,
    KeyRing,
    create_key_file,
    load_key_file,
    replace_key_file,
    using_key_file,
)

ROOT = Path(__file__).parents[2]
FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
OLD, BOTH = KeyRing(FIRST), KeyRing(FIRST, SECOND)
NEW = BOTH.newest_only()


def test_every_column_of_bytes_is_on_exactly_one_list() -> None:
    lists = (
        set(sealed_columns.SEALED_BY_SERVER),
        sealed_columns.SEALED_TO_PEOPLE,
        sealed_columns.KEYED_INDEXES,
        sealed_columns.IN_CLEAR,
    )
    listed = [name for one in lists for name in one]
    there = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert sorted(listed) == sorted(there), "see the first lines of storage/sealed_columns.py"


def purposes_in_use() -> set[str]:
    """The first argument of every `seal` and `seal_text` of the program, where it is a text."""
    found = set()
    for folder in ("storage", "handlers", "bot"):
        for path in (ROOT / folder).rglob("*.py"):
            calls = [
                node
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("seal", "seal_text")
                and len(node.args) == 2
            ]
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for call in calls:
                first = call.args[0]
                if isinstance(first, ast.Name) and first.id.isupper():
                    found.add(getattr(import_module(module), first.id))
                elif isinstance(first, ast.Constant):
                    found.add(first.value)
    return {one for one in found if isinstance(one, str)}


def test_every_purpose_anything_is_sealed_for_is_on_the_list() -> None:
    listed = {one for purposes in sealed_columns.SEALED_BY_SERVER.values() for one in purposes}
    used = purposes_in_use()
    assert len(used) > 20
    assert used - listed == {sealed_columns.FILES}


@given(st.binary(max_size=200), st.text(min_size=1, max_size=20))
def test_the_newest_generation_seals_and_the_older_ones_open(data: bytes, purpose: str) -> None:
    old, new = OLD.seal(purpose, data), BOTH.seal(purpose, data)
    assert BOTH.open(purpose, old) == BOTH.open(purpose, new) == NEW.open(purpose, new) == data
    assert (BOTH.is_newest(old), BOTH.is_newest(new), OLD.is_newest(old)) == (False, True, True)
    for ring, sealed in ((OLD, new), (NEW, old)):
        with pytest.raises(CryptoError):
            ring.open(purpose, sealed)


@given(st.binary(max_size=200))
def test_what_was_sealed_before_there_were_generations_opens_until_the_first_is_retired(data: bytes) -> None:
    unmarked = OLD.seal("draft", data)[MARK_BYTES:]
    assert OLD.open("draft", unmarked) == BOTH.open("draft", unmarked) == data
    assert not BOTH.is_newest(unmarked)
    with pytest.raises(CryptoError):
        NEW.open("draft", unmarked)


def test_what_finds_rows_outlives_every_generation() -> None:
    found = {ring.index("receipt_code", "QC-1") for ring in (OLD, BOTH, NEW, NEW.with_new_generation().newest_only())}
    assert len(found) == 1
    assert OLD.fingerprint == BOTH.fingerprint == NEW.fingerprint


def test_the_newest_generation_signs_and_older_signatures_stay_valid() -> None:
    before, after = OLD.signer.sign("receipt", b"x"), BOTH.signer.sign("receipt", b"x")
    assert before.key_id != after.key_id
    known = {signer.key_id: signer.public_key for signer in BOTH.signers}
    assert [signer.key_id for signer in BOTH.signers] == [after.key_id, before.key_id]
    for signed in (before, after):
        assert holds(known[signed.key_id], "receipt", b"x", signed.signature)


def test_a_retired_generation_leaves_its_public_key_in_the_key_file() -> None:
    kept = KeyRing.from_lines(NEW.with_new_generation().newest_only().lines())
    assert kept.public_keys[1:] == (NEW.signer.public_key, OLD.signer.public_key)
    assert kept.public_keys[0] == kept.signer.public_key
    assert SECOND.hex() not in kept.lines()


def test_a_key_file_of_the_first_release_is_one_secret_and_becomes_two_lines(tmp_path: Path) -> None:
    path = tmp_path / "qingfeng.key"
    path.write_text(FIRST.hex() + "\n", encoding="ascii")
    path.chmod(0o600)
    ring = load_key_file(path)
    assert ring.generation_ids == OLD.generation_ids
    replace_key_file(path, ring.with_new_generation())
    two = load_key_file(path)
    assert (two.generation_ids[0], len(two.generation_ids)) == (ring.generation_ids[0], 2)
    assert two.index("person", "1") == ring.index("person", "1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["qingfeng.key"]
    replace_key_file(path, two.newest_only())
    left = load_key_file(path)
    assert left.generation_ids == two.generation_ids[1:]
    assert left.index("person", "1") == ring.index("person", "1")


def test_a_key_file_left_half_written_beside_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "qingfeng.key"
    ring = create_key_file(path)
    (tmp_path / "qingfeng.key.new").write_text("half", encoding="ascii")
    replace_key_file(path, ring.with_new_generation())
    assert len(load_key_file(path).generation_ids) == 2


@pytest.mark.parametrize("line", ["index", "index zz", "other " + FIRST.hex(), "index " + FIRST.hex()])
def test_a_key_file_with_a_line_nobody_wrote_is_damaged(tmp_path: Path, line: str) -> None:
    path = tmp_path / "qingfeng.key"
    path.write_text(f"{line}\n", encoding="ascii")
    path.chmod(0o600)
    with pytest.raises(KeyFileProblem) as refused:
        load_key_file(path)
    assert "backup" in refused.value.cure


def test_keys_are_exchanged_while_nobody_else_uses_them(tmp_path: Path) -> None:
    path = tmp_path / "qingfeng.key"
    with (
        using_key_file(path),
        using_key_file(path),
        pytest.raises(KeyFileProblem, match="uses the keys"),
        using_key_file(path, alone=True),
    ):
        pass
    with (
        using_key_file(path, alone=True),
        pytest.raises(KeyFileProblem, match="being exchanged"),
        using_key_file(path),
    ):
        pass
