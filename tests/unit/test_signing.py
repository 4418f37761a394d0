"""Signatures: made for one purpose, worthless for another, and for any other byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.signing import Signer, holds, key_id
from storage.vault import KeyRing

KEYS = KeyRing(bytes(range(32)))


@given(st.binary(max_size=200), st.data())
def test_a_changed_byte_of_payload_or_signature_is_seen(payload: bytes, data: st.DataObject) -> None:
    signed = KEYS.signer.sign("receipt", payload)
    assert holds(KEYS.signer.public_key, "receipt", payload, signed.signature)
    at = data.draw(st.integers(0, 8 * (len(payload) + 64) - 1))
    both = bytearray(payload + signed.signature)
    both[at // 8] ^= 1 << at % 8
    changed, signature = bytes(both[: len(payload)]), bytes(both[len(payload) :])
    assert not holds(KEYS.signer.public_key, "receipt", changed, signature)


def test_a_signature_for_one_purpose_is_worthless_for_another() -> None:
    signed = KEYS.signer.sign("receipt", b"QF-1")
    assert not holds(KEYS.signer.public_key, "log-head", b"QF-1", signed.signature)


def test_two_deployments_sign_with_two_keys() -> None:
    other = KeyRing(bytes(32))
    assert other.signer.key_id != KEYS.signer.key_id
    assert not holds(other.signer.public_key, "receipt", b"x", KEYS.signer.sign("receipt", b"x").signature)
    assert KEYS.signer.key_id == key_id(KEYS.signer.public_key)


@pytest.mark.parametrize("junk", [b"", b"short", bytes(64), bytes(65)])
def test_junk_is_no_signature(junk: bytes) -> None:
    assert not holds(KEYS.signer.public_key, "receipt", b"x", junk)
    assert not holds(junk, "receipt", b"x", KEYS.signer.sign("receipt", b"x").signature)


def test_the_secret_is_in_no_representation() -> None:
    assert KEYS.signer.seed.hex() not in repr(KEYS.signer)
    assert repr(KEYS.signer.seed) not in repr(Signer(KEYS.signer.seed))
