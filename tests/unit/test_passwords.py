"""What a password must be like (P10)."""

import time

import pytest
from argon2 import PasswordHasher

from handlers.services.errors import BadInput
from handlers.services.passwords import JUDGED, LONGEST, SHORTEST, Hashing, refuse_weak, score

KNOWN = ("wang.liushu", "王柳树", "东镇", "cn", "test", "east")
GUESSABLE = (
    "password1234",
    "123456789012",
    "qwertyuiop12",
    "aaaaaaaaaaaa",
    "qingfeng2026",
    "清风清风清风清风清风清风",
    "wangliushu1990",
    "dongzhen123456",
    "woaini1314520",
    "zhongguorenmin",
    "P@ssw0rd2026!",
    "wang.liushu11",
    "东镇东镇东镇东镇东镇东镇",
)
GOOD = (
    "correct horse battery",
    "Kx7#mQ2vLp9z",
    "铁锅 水车 三月 斑鸠 借伞",
    "a long enough one",
    "zaoshang mai le jin jidan 7",
)


async def fault(password: str) -> str:
    with pytest.raises(BadInput) as error:
        await refuse_weak(password, KNOWN)
    return error.value.fault


@pytest.mark.parametrize("password", GUESSABLE)
async def test_what_an_attacker_tries_first_is_refused(password: str) -> None:
    assert len(password) >= SHORTEST
    assert await fault(password) == "guessable"


@pytest.mark.parametrize("password", GOOD)
async def test_unrelated_words_and_random_signs_are_taken(password: str) -> None:
    await refuse_weak(password, KNOWN)


async def test_a_short_one_and_an_endless_one_are_told_apart() -> None:
    assert await fault("Kx7#mQ2vLp9") == "too_short"
    assert await fault("Kx7#mQ2vLp9z" * 20) == "too_long"
    assert len("Kx7#mQ2vLp9z" * 16) <= LONGEST


def test_the_lists_hold_more_than_a_hundred_thousand_words() -> None:
    score("whatever")
    from zxcvbn.matching import RANKED_DICTIONARIES

    assert len(set().union(*RANKED_DICTIONARIES.values())) >= 100_000


def test_no_input_takes_long_to_judge() -> None:
    """zxcvbn alone takes twelve seconds for these signs; only the first twenty are judged."""
    score("whatever")
    cruel = "4@8({[</369&#!1/|0$5+7%2" * 8
    began = time.process_time()
    score(cruel)
    assert time.process_time() - began < 2
    assert score(cruel) == score(cruel[:JUDGED])


def test_what_is_known_of_one_person_counts_for_that_person_only() -> None:
    before = score("hongmei ajiaoyuan")
    assert score("hongmei ajiaoyuan", ("hongmei", "ajiaoyuan")) < before
    assert score("hongmei ajiaoyuan") == before


async def test_all_of_a_long_password_counts_when_it_is_hashed() -> None:
    hashing = Hashing(time_cost=1, memory_kib=8)
    long = "Kx7#mQ2vLp9z" * 16
    hashed = await hashing.hash(long)
    assert await hashing.matches(hashed, long)
    assert not await hashing.matches(hashed, long[:-1])


async def test_a_deployment_hashes_with_argon2id_128_mib_three_times_over() -> None:
    hashing = Hashing()
    made = hashing._decoy
    assert made.startswith("$argon2id$")
    assert "m=131072,t=3,p=1" in made
    assert not await hashing.matches(None, "whatever it is")


async def test_what_is_no_hash_matches_nothing() -> None:
    hashing = Hashing(time_cost=1, memory_kib=8)
    assert not await hashing.matches("none", "none")
    assert hashing.is_outdated(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash("x"))
