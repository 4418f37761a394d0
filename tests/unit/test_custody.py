"""Key pairs, names in shares and recovery keys (N10): what opens with what, and what with nothing."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.exceptions import CryptoError

from storage.custody import (
    TOKEN_MARK,
    KeyPair,
    NameKey,
    Pepper,
    SealedName,
    Unlocked,
    is_recovery_key,
    new_recovery_key,
    seal_to,
)
from storage.errors import SharesDoNotFit, WrongPassword
from storage.ids import READABLE
from storage.vault import KeyRing

PASSWORD = "correct horse battery"
RING = KeyRing(bytes(range(32)))
PEOPLE = {who: KeyPair.create(f"{PASSWORD} {who}", ops_limit=1, mem_limit=8192) for who in range(1, 6)}
KEYS: Mapping[int, Unlocked] = {who: pair.unlock(f"{PASSWORD} {who}") for who, pair in PEOPLE.items()}
PUBLIC = {who: pair.public_key for who, pair in PEOPLE.items()}


@pytest.fixture(scope="module")
def custodian() -> KeyPair:
    return KeyPair.create(PASSWORD, ops_limit=1, mem_limit=8192)


def test_a_custodian_opens_what_was_sealed_to_them(custodian: KeyPair) -> None:
    assert custodian.open(PASSWORD, seal_to(custodian.public_key, "演示人甲")) == "演示人甲"


@pytest.mark.parametrize("password", ["", "correct horse batterz", "CORRECT HORSE BATTERY", f"{PASSWORD} "])
def test_a_wrong_password_opens_nothing(custodian: KeyPair, password: str) -> None:
    with pytest.raises(WrongPassword):
        custodian.open(password, seal_to(custodian.public_key, "演示人甲"))


def test_one_custodian_cannot_open_what_is_sealed_to_another(custodian: KeyPair) -> None:
    other = KeyPair.create(PASSWORD, ops_limit=1, mem_limit=8192)
    assert other.public_key != custodian.public_key
    with pytest.raises(CryptoError):
        other.open(PASSWORD, seal_to(custodian.public_key, "演示人甲"))


def test_the_private_half_is_stored_nowhere_in_clear(custodian: KeyPair) -> None:
    swapped = replace(custodian, salt=bytes(len(custodian.salt)))
    with pytest.raises(WrongPassword):
        swapped.open(PASSWORD, seal_to(custodian.public_key, "演示人甲"))


@pytest.mark.parametrize("purpose", ["identity", "case.narrative", "draft", "file", "official.totp"])
def test_the_servers_own_keys_do_not_open_a_reporters_name(custodian: KeyPair, purpose: str) -> None:
    sealed = seal_to(custodian.public_key, "演示人甲")
    assert "演示人甲".encode() not in sealed
    with pytest.raises(CryptoError):
        RING.open(purpose, sealed)


def test_a_sealed_name_looks_different_each_time_so_that_it_cannot_be_guessed_by_sealing_again(
    custodian: KeyPair,
) -> None:
    assert seal_to(custodian.public_key, "演示人甲") != seal_to(custodian.public_key, "演示人甲")


def test_an_unlocked_key_reads_what_the_password_reads(custodian: KeyPair) -> None:
    key = custodian.unlock(PASSWORD)
    assert [key.read(seal_to(custodian.public_key, words)) for words in ("演示人甲", "13800138000")] == [
        "演示人甲",
        "13800138000",
    ]
    with pytest.raises(WrongPassword):
        custodian.unlock("correct horse batterz")


def test_an_unlocked_key_does_not_show_itself(custodian: KeyPair) -> None:
    key = custodian.unlock(PASSWORD)
    assert "Unlocked object" in repr(key)
    assert not hasattr(key, "__dict__")


def test_every_custodian_makes_the_same_token_of_the_same_contact_and_another_of_another(custodian: KeyPair) -> None:
    second = KeyPair.create("another long password", ops_limit=1, mem_limit=8192)
    pepper = Pepper.create()
    mine = Pepper.opened(custodian.unlock(PASSWORD), pepper.sealed_to(custodian.public_key))
    theirs = Pepper.opened(second.unlock("another long password"), pepper.sealed_to(second.public_key))
    assert pepper.token("13800138000") == mine.token("13800138000") == theirs.token("13800138000")
    assert mine.token("13800138000") != mine.token("13800138001")


def test_tokens_of_two_peppers_differ_and_say_which_one_they_are_of() -> None:
    one, other = Pepper.create(), Pepper.create()
    assert one.token("13800138000")[TOKEN_MARK:] != other.token("13800138000")[TOKEN_MARK:]
    assert one.token("13800138000")[:TOKEN_MARK] == one.token("li_si")[:TOKEN_MARK] != other.token("li_si")[:TOKEN_MARK]


def test_the_pepper_is_sealed_like_a_name_and_not_to_be_had_with_the_servers_keys(custodian: KeyPair) -> None:
    sealed = Pepper.create().sealed_to(custodian.public_key)
    for purpose in ("identity", "custodian_pepper", "mass_reaction", "person"):
        with pytest.raises(CryptoError):
            RING.open(purpose, sealed)


# Names in shares


def shares_of(name: SealedName, *who: int) -> list[bytes]:
    return [KEYS[one].open(name.shares[one].sealed) for one in who]


@settings(max_examples=40)
@given(st.integers(1, 5), st.integers(1, 5), st.text(min_size=1, max_size=40))
def test_any_n_of_m_open_a_name_and_fewer_open_none(needed: int, keepers: int, words: str) -> None:
    needed = min(needed, keepers)
    holders = {who: PUBLIC[who] for who in range(1, keepers + 1)}
    name = SealedName.begin(holders, needed).with_part("name", words)
    for some in combinations(holders, needed):
        key = NameKey.combine(shares_of(name, *some), name.public_key, needed)
        assert key.read(name.parts["name"]) == words
    for few in combinations(holders, needed - 1):
        with pytest.raises(SharesDoNotFit):
            NameKey.combine(shares_of(name, *few), name.public_key, needed)
        if few:  # nor does it help to say that fewer are needed
            with pytest.raises(SharesDoNotFit):
                NameKey.combine(shares_of(name, *few), name.public_key, len(few))


def test_who_adds_a_part_to_a_name_cannot_read_the_others() -> None:
    name = SealedName.begin({1: PUBLIC[1]}, 1).with_part("name", "演示人甲")
    later = name.with_part("contact", "13800138000")
    assert later.parts["name"] == name.parts["name"]
    assert "演示人甲".encode() not in b"".join((later.public_key, *later.parts.values()))
    key = NameKey.combine(shares_of(later, 1), later.public_key, 1)
    assert [key.read(later.parts[part]) for part in ("name", "contact")] == ["演示人甲", "13800138000"]


def test_shares_of_another_name_or_of_two_splits_open_nothing() -> None:
    one, other = (SealedName.begin({1: PUBLIC[1], 2: PUBLIC[2], 3: PUBLIC[3]}, 2) for _ in range(2))
    with pytest.raises(SharesDoNotFit):
        NameKey.combine([*shares_of(one, 1), *shares_of(other, 2)], one.public_key, 2)
    key = NameKey.combine(shares_of(one, 1, 2), one.public_key, 2)
    again = replace(one, shares=key.split({1: PUBLIC[1], 2: PUBLIC[2]}, 2))
    with pytest.raises(SharesDoNotFit):
        NameKey.combine([*shares_of(one, 1), *shares_of(again, 2)], one.public_key, 2)
    assert NameKey.combine(shares_of(again, 1, 2), one.public_key, 2).public_key == one.public_key


def test_a_share_opens_to_its_custodian_only_and_the_name_says_when_too_few_are_left() -> None:
    name = SealedName.begin({1: PUBLIC[1], 2: PUBLIC[2], 3: PUBLIC[3]}, 2)
    with pytest.raises(CryptoError):
        KEYS[2].open(name.shares[1].sealed)
    assert name.without({3}).opens
    assert not name.without({2, 3}).opens
    with pytest.raises(SharesDoNotFit):
        SealedName.begin({1: PUBLIC[1]}, 2)


def test_a_share_sealed_anew_to_somebody_opens_to_them() -> None:
    name = SealedName.begin({1: PUBLIC[1], 2: PUBLIC[2], 3: PUBLIC[3]}, 2).with_part("name", "演示人乙")
    given_to_five = [KEYS[who].reseal(name.shares[who].sealed, PUBLIC[5]) for who in (1, 3)]
    key = NameKey.combine([KEYS[5].open(one) for one in given_to_five], name.public_key, 2)
    assert key.read(name.parts["name"]) == "演示人乙"


# Recovery keys


def test_a_recovery_key_is_long_readable_and_tells_a_slip_of_the_pen() -> None:
    recovery = new_recovery_key()
    groups = recovery.split("-")
    assert groups[0] == "QR"
    assert [len(group) for group in groups[1:]] == [4] * 10
    assert len(READABLE) ** 36 > 2**160
    assert is_recovery_key(recovery)
    assert is_recovery_key(recovery.lower().replace("-", " "))
    assert new_recovery_key() != recovery
    signs = "".join(groups[1:])
    for at in range(len(signs)):
        wrong = READABLE[(READABLE.index(signs[at]) + 1) % len(READABLE)]
        assert not is_recovery_key(f"QR{signs[:at]}{wrong}{signs[at + 1 :]}")
    for wrong in ("", "QR", recovery[:-1], f"{recovery}2", "0" * 40):
        assert not is_recovery_key(wrong)


def test_the_recovery_key_opens_the_private_half_and_no_other_one_does(custodian: KeyPair) -> None:
    recovery = new_recovery_key()
    key = custodian.unlock(PASSWORD)
    kept = replace(custodian, recovery_sealed=key.under_recovery(recovery))
    again = kept.recover(f" {recovery.lower()} ")
    assert again.read(seal_to(custodian.public_key, "演示人甲")) == "演示人甲"
    for wrong in (new_recovery_key(), "", PASSWORD):
        with pytest.raises(WrongPassword):
            kept.recover(wrong)
    with pytest.raises(WrongPassword):
        custodian.recover(recovery)
