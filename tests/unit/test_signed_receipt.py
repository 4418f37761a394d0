"""A signed receipt (N12): genuine only byte for byte, readable after copying, nothing of the report in it."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.signed_receipt import SignedReceipt, Verdict, clean, sign, verify
from storage.signing import Signer
from storage.vault import KeyRing

SIGNER = KeyRing(bytes(range(32))).signer
KEYS = {SIGNER.key_id: SIGNER.public_key}
AT = datetime(2026, 3, 11, 2, 5, tzinfo=UTC)
FILES = ("ab" * 32, "cd" * 32)


def a_receipt(files: tuple[str, ...] = FILES, signer: Signer = SIGNER, token: str = "7f" * 15) -> str:
    return sign(
        signer, token=token, received_at=AT, signed_at=AT + timedelta(days=1), files=files, rule_version="2026.3"
    )


RECEIPT = a_receipt()


def test_a_receipt_says_what_was_received_and_when() -> None:
    looked = verify(RECEIPT, KEYS)
    assert looked.verdict is Verdict.GENUINE
    assert looked.receipt == SignedReceipt("7f" * 15, AT, AT + timedelta(days=1), FILES, "2026.3", SIGNER.key_id)


@given(st.integers(0, len(RECEIPT) - 1), st.integers(0, 255))
def test_an_altered_byte_is_rejected_whatever_it_becomes(at: int, byte: int) -> None:
    altered = RECEIPT[:at] + chr(byte) + RECEIPT[at + 1 :]
    if altered != RECEIPT:
        assert verify(altered, KEYS).receipt is None


def test_every_sign_of_the_alphabet_at_every_place_is_rejected() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    for at in (*range(8), *range(len(RECEIPT) - 90, len(RECEIPT))):  # the slack of base64 lies at the ends
        for sign_ in alphabet:
            altered = RECEIPT[:at] + sign_ + RECEIPT[at + 1 :]
            assert altered == RECEIPT or verify(altered, KEYS).receipt is None, (at, sign_)


@given(st.data())
def test_a_flipped_bit_of_what_is_said_is_rejected_however_it_is_spelled(data: st.DataObject) -> None:
    said = bytearray(base64.urlsafe_b64decode(RECEIPT.split(".")[1] + "=="))
    at = data.draw(st.integers(0, 8 * len(said) - 1))
    said[at // 8] ^= 1 << at % 8
    respelled = base64.urlsafe_b64encode(bytes(said)).rstrip(b"=").decode()
    assert verify(f"QFR1.{respelled}.{RECEIPT.split('.')[2]}", KEYS).verdict in (Verdict.ALTERED, Verdict.UNKNOWN_KEY)


@pytest.mark.parametrize(
    "copied",
    [
        f"签了名的收据：\n{RECEIPT}\n谢谢",
        f"https://qingfeng.test/receipt#{RECEIPT}",
        "\n".join(RECEIPT[at : at + 40] for at in range(0, len(RECEIPT), 40)),
        "> " + "\r\n".join(RECEIPT[at : at + 72] for at in range(0, len(RECEIPT), 72)),
        RECEIPT.replace("Q", "Q\u200b", 1) + "\ufeff",
        f"　{RECEIPT}　",
        f"{RECEIPT}\nhttps://qingfeng.test",
    ],
    ids=["words around", "a link", "lines", "a letter", "signs of no width", "wide spaces", "an address after it"],
)
def test_copying_does_it_no_harm(copied: str) -> None:
    assert verify(copied, KEYS).verdict is Verdict.GENUINE
    assert clean(copied) == RECEIPT


@pytest.mark.parametrize("cut", [1, 5, 87, len(RECEIPT) - 6])
def test_a_part_of_a_receipt_is_none(cut: int) -> None:
    assert verify(RECEIPT[:-cut], KEYS).receipt is None
    assert verify(RECEIPT[cut:], KEYS).receipt is None


def test_another_deployments_receipt_is_not_ours() -> None:
    other = KeyRing(bytes(32)).signer
    theirs = a_receipt(signer=other)
    assert verify(theirs, KEYS).verdict is Verdict.UNKNOWN_KEY
    assert verify(theirs, {SIGNER.key_id: SIGNER.public_key, other.key_id: other.public_key}).receipt is not None


def test_whoever_says_another_keys_name_is_found_out() -> None:
    other = KeyRing(bytes(32)).signer
    said = SignedReceipt("aa", AT, AT, (), "2026.3", SIGNER.key_id).payload()
    forged = ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (said, other.sign("receipt", said).signature)
    )
    assert verify(f"QFR1.{forged}", KEYS).verdict is Verdict.ALTERED


def test_a_signature_made_for_something_else_is_no_receipt() -> None:
    said = SignedReceipt("aa", AT, AT, (), "2026.3", SIGNER.key_id).payload()
    head = SIGNER.sign("log-head", said).signature
    text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (said, head))
    assert verify(f"QFR1.{text}", KEYS).verdict is Verdict.ALTERED


@pytest.mark.parametrize(
    "said",
    [
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"v":1}',
        b"[" * 5_000,
        json.dumps({"v": 1, "files": [1], "key": 1, "received": 1, "rules": 1, "signed": 1, "token": 1}).encode(),
        SignedReceipt("a", AT, AT, ("short",), "1", SIGNER.key_id).payload(),
        SignedReceipt("a", AT, AT, (), "1", SIGNER.key_id).payload() + b" ",
    ],
)
def test_even_signed_by_us_only_one_spelling_is_a_receipt(said: bytes) -> None:
    signature = SIGNER.sign("receipt", said).signature
    text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (said, signature))
    assert verify(f"QFR1.{text}", KEYS).receipt is None


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert verify(text, KEYS).receipt is None
    assert verify(f"QFR1.{text}", KEYS).receipt is None


def test_a_zone_makes_no_other_receipt() -> None:
    shanghai = timezone(timedelta(hours=8))
    one = sign(SIGNER, token="a", received_at=AT, signed_at=AT, files=(), rule_version="1")
    other = sign(
        SIGNER,
        token="a",
        received_at=AT.astimezone(shanghai),
        signed_at=AT.astimezone(shanghai),
        files=(),
        rule_version="1",
    )
    assert one == other
