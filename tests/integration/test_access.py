"""The door of the desk: who comes in, who does not, and for how long (P9, P10, P11).

What depends on the database runs on both; what does not, on SQLite alone.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, text, update

from handlers.services import key_pairs
from handlers.services.access import LINK_LIFE, SESSION_IDLE, TOTP_SECONDS, Access, Caller, Seat, SignedIn, hash_token
from handlers.services.errors import BadInput, LinkSpent, SignInRefused
from knowledge.casework.access import NAME_ROLES, Role
from storage import audit
from storage.tables.officials import desk_session, official, sign_in_link, sign_in_strain
from storage.unit_of_work import Storage
from tests import factories
from tests.factories import PASSWORD
from tests.fakes import FakeClock

ACCESS = factories.quick_access()


async def seat_for(storage: Storage, username: str = "discipline", role: Role = Role.DISCIPLINE_OFFICIAL) -> Seat:
    async with storage.unit_of_work() as uow:
        if await uow.places.by_path(factories.COUNTY) is None:
            await factories.add_county(uow)
        seat = await ACCESS.create_official(
            uow, username=username, display_name="官甲", role=role, place_path=factories.COUNTY, password=PASSWORD
        )
        await uow.commit()
    return seat


def code_of(storage: Storage, seat: Seat, *, steps: int = 0) -> str:
    at = int(storage.clock.now().timestamp()) + steps * TOTP_SECONDS
    return pyotp.TOTP(seat.totp_secret).at(at)


async def sign_in(
    storage: Storage,
    seat: Seat,
    *,
    username: str = "discipline",
    password: str = PASSWORD,
    code: str | None = None,
    address: str = "10.0.0.1",
    access: Access = ACCESS,
) -> SignedIn:
    """Sign in as the desk does: commit in either case."""
    code = code_of(storage, seat) if code is None else code
    async with storage.unit_of_work() as uow:
        try:
            return await access.sign_in(uow, username=username, password=password, code=code, caller=Caller(address))
        finally:
            await uow.commit()


async def refused(storage: Storage, seat: Seat, **given: str) -> int:
    """How long to wait, as a refused sign-in says."""
    with pytest.raises(SignInRefused) as error:
        await sign_in(storage, seat, **given)
    return error.value.wait_seconds


async def test_the_right_password_and_code_open_a_session_that_ends_when_signed_out(storage: Storage) -> None:
    seat = await seat_for(storage)
    opened = await sign_in(storage, seat)
    async with storage.unit_of_work() as uow:
        found = await ACCESS.session(uow, opened.token)
        assert found is not None
        assert found.official == seat.official
        assert await ACCESS.session(uow, opened.token + "x") is None
        (kept,) = await uow.read(select(desk_session))
        assert kept.token_hash == hash_token(opened.token)
        assert opened.token not in str(tuple(kept))
        await ACCESS.sign_out(uow, opened.token)
        await uow.commit()
        assert await ACCESS.session(uow, opened.token) is None


async def test_each_wrong_thing_is_refused_alike(storage: Storage, clock: FakeClock) -> None:
    seat = await seat_for(storage)
    good = code_of(storage, seat)
    other = f"{(int(good) + 1) % 10**6:06}"
    wrong = [
        {"password": "wrong horse battery"},
        {"code": other},
        {"username": "nobody"},
        {"code": ""},
        {"code": "\uff11\uff12\uff13\uff14\uff15\uff16"},
    ]
    for number, given in enumerate(wrong):
        assert await refused(storage, seat, **{"address": f"10.0.1.{number}", **given}) == 0, given
        clock.advance(timedelta(minutes=2))
    assert (await sign_in(storage, seat)).official == seat.official


async def test_an_official_who_left_does_not_come_in_and_is_put_out(storage: Storage, clock: FakeClock) -> None:
    seat = await seat_for(storage)
    opened = await sign_in(storage, seat)
    async with storage.unit_of_work() as uow:
        link = await ACCESS.make_link(uow, seat.official)
        await uow.execute(update(official).values(active=False))
        await uow.commit()
    clock.advance(timedelta(seconds=TOTP_SECONDS))
    assert await refused(storage, seat) == 0
    async with storage.unit_of_work() as uow:
        assert await ACCESS.session(uow, opened.token) is None
        with pytest.raises(LinkSpent):
            await ACCESS.sign_in_by_link(uow, link)


async def test_a_code_works_once_even_for_two_browsers_at_the_same_moment(storage: Storage, clock: FakeClock) -> None:
    seat = await seat_for(storage)
    results = await asyncio.gather(
        *(sign_in(storage, seat, address=f"10.0.2.{n}") for n in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, SignedIn) for result in results) == 1
    assert sum(isinstance(result, SignInRefused) for result in results) == 3
    clock.advance(timedelta(seconds=TOTP_SECONDS))
    old = code_of(storage, seat, steps=-1)
    await refused(storage, seat, code=old, address="10.0.2.9")


@pytest.mark.parametrize(("steps", "comes_in"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_phone_may_be_one_step_off(sqlite_storage: Storage, steps: int, comes_in: bool) -> None:
    seat = await seat_for(sqlite_storage)
    code = code_of(sqlite_storage, seat, steps=steps)
    if comes_in:
        assert (await sign_in(sqlite_storage, seat, code=code)).official == seat.official
    else:
        await refused(sqlite_storage, seat, code=code)


async def test_after_a_later_code_an_earlier_one_does_not_work(sqlite_storage: Storage) -> None:
    seat = await seat_for(sqlite_storage)
    await sign_in(sqlite_storage, seat, code=code_of(sqlite_storage, seat, steps=1))
    await refused(sqlite_storage, seat, code=code_of(sqlite_storage, seat))


@pytest.mark.parametrize("by", ["name", "address"])
async def test_five_failures_in_a_minute_lock_a_name_or_an_address_and_only_that_until_the_minute_is_over(
    storage: Storage, clock: FakeClock, by: str
) -> None:
    seat = await seat_for(storage)
    other = await seat_for(storage, username="other")
    for number in range(5):
        varied = {"address": f"10.0.3.{number}"} if by == "name" else {"username": f"guess{number}"}
        assert await refused(storage, seat, password="wrong horse battery", **varied) == 0
        clock.advance(timedelta(seconds=5))
    same = {"address": "10.0.3.99"} if by == "name" else {"username": "other", "code": code_of(storage, other)}
    assert await refused(storage, seat, **same) == 55
    if by == "name":
        assert (await sign_in(storage, other, username="other", address="10.0.3.99")).official == other.official
    else:
        assert (await sign_in(storage, seat, address="10.0.3.99")).official == seat.official
    clock.advance(timedelta(seconds=60))
    assert await sign_in(storage, seat, address="10.0.3.98" if by == "name" else "10.0.0.1")


async def test_guesses_at_the_same_moment_do_not_slip_past_the_lock(storage: Storage) -> None:
    seat = await seat_for(storage)
    guesses = [sign_in(storage, seat, password="wrong horse battery", address=f"10.0.4.{n}") for n in range(12)]
    waits = [error.wait_seconds for error in await asyncio.gather(*guesses, return_exceptions=True)]
    assert waits.count(60) >= 12 - 5
    async with storage.unit_of_work() as uow:
        rows = await uow.read(select(sign_in_strain))
    assert not [row for row in rows if b"discipline" in row.subject or b"10.0" in row.subject]


async def test_a_link_works_once_and_its_token_is_not_kept(storage: Storage) -> None:
    seat = await seat_for(storage)
    async with storage.unit_of_work() as uow:
        token = await ACCESS.make_link(uow, seat.official)
        await uow.commit()

    async def use() -> SignedIn:
        async with storage.unit_of_work() as uow:
            opened = await ACCESS.sign_in_by_link(uow, token)
            await uow.commit()
            return opened

    results = await asyncio.gather(*(use() for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results].count(SignedIn) == 1
    assert [type(result) for result in results].count(LinkSpent) == 4
    async with storage.unit_of_work() as uow:
        (kept,) = await uow.read(select(sign_in_link))
        assert kept.token_hash == hash_token(token)
        with pytest.raises(LinkSpent):
            await ACCESS.sign_in_by_link(uow, "unknown")


@pytest.mark.parametrize(("early", "works"), [(timedelta(seconds=1), True), (timedelta(0), False)])
async def test_a_link_ends_after_a_day(
    sqlite_storage: Storage, clock: FakeClock, early: timedelta, works: bool
) -> None:
    seat = await seat_for(sqlite_storage)
    async with sqlite_storage.unit_of_work() as uow:
        token = await ACCESS.make_link(uow, seat.official)
        await uow.commit()
    clock.advance(LINK_LIFE - early)
    async with sqlite_storage.unit_of_work() as uow:
        if works:
            assert (await ACCESS.sign_in_by_link(uow, token)).official == seat.official
        else:
            with pytest.raises(LinkSpent):
                await ACCESS.sign_in_by_link(uow, token)


async def test_a_session_lives_while_it_is_used_and_ends_when_it_idles(
    sqlite_storage: Storage, clock: FakeClock
) -> None:
    seat = await seat_for(sqlite_storage)
    opened = await sign_in(sqlite_storage, seat)

    async def is_open() -> bool:
        async with sqlite_storage.unit_of_work() as uow:
            found = await ACCESS.session(uow, opened.token)
            await uow.commit()
            return found is not None

    for _ in range(4):
        clock.advance(SESSION_IDLE - timedelta(seconds=1))
        assert await is_open()
    clock.advance(SESSION_IDLE + timedelta(seconds=1))
    assert not await is_open()
    assert not await is_open()


async def test_a_password_hashed_more_weakly_than_today_is_hashed_anew_at_the_next_sign_in(
    sqlite_storage: Storage, clock: FakeClock
) -> None:
    seat = await seat_for(sqlite_storage)
    stronger = Access(time_cost=2, memory_kib=16)

    async def hash_now() -> str:
        async with sqlite_storage.unit_of_work() as uow:
            return (await uow.officials.credentials("discipline")).password_hash

    before = await hash_now()
    await sign_in(sqlite_storage, seat, access=stronger)
    after = await hash_now()
    assert before != after
    assert "m=16,t=2" in after
    assert PasswordHasher().verify(after, PASSWORD)
    clock.advance(timedelta(seconds=TOTP_SECONDS))
    await sign_in(sqlite_storage, seat, access=stronger)
    assert await hash_now() == after


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"username": "A"}, ("username", "bad_form")),
        ({"username": "Big"}, ("username", "bad_form")),
        ({"username": "王小明"}, ("username", "bad_form")),
        ({"username": "1abc"}, ("username", "bad_form")),
        ({"username": "a" * 60}, ("username", "bad_form")),
        ({"username": "a b"}, ("username", "bad_form")),
        ({"username": "abc\n"}, ("username", "bad_form")),
        ({"username": "discipline"}, ("username", "taken")),
        ({"role": "king"}, ("role", "unknown")),
        ({"password": "x" * 11}, ("password", "too_short")),
        ({"place_path": "cn/nowhere"}, ("place", "unknown")),
    ],
)
async def test_a_seat_with_a_wrong_field_is_refused_by_its_name(
    sqlite_storage: Storage, changed: dict[str, str], fault: tuple[str, str]
) -> None:
    await seat_for(sqlite_storage)
    right = {
        "username": "fresh",
        "display_name": "",
        "role": "auditor",
        "place_path": factories.COUNTY,
        "password": PASSWORD,
    }
    async with sqlite_storage.unit_of_work() as uow:
        with pytest.raises(BadInput) as error:
            await ACCESS.create_official(uow, **{**right, **changed})
        assert (error.value.field, error.value.fault) == fault
    async with sqlite_storage.unit_of_work() as uow:
        assert (await ACCESS.create_official(uow, **right)).official.display_name == "fresh"


async def test_whoever_may_know_a_name_gets_a_key_pair_under_the_same_password(
    sqlite_storage: Storage,
) -> None:
    """P8, N10: custodians, and those who may ask them; nobody else."""
    seats = {role: await seat_for(sqlite_storage, username=role.replace("_", "."), role=role) for role in Role}
    async with sqlite_storage.unit_of_work() as uow:
        assert set(await uow.officials.custodians()) == {seats[Role.CUSTODIAN].official.id}
        acts = await uow.read(text("SELECT act FROM event"))
        pairs = {role: await uow.officials.key_of(seat.official.id) for role, seat in seats.items()}
    assert {role for role, pair in pairs.items() if pair is not None} == set(NAME_ROLES)
    assert [pair.unlock(PASSWORD).public_key == pair.public_key for pair in pairs.values() if pair] == [True] * 4
    assert [row.act for row in acts] == ["official_created"] * len(Role)
    assert (await audit.verify(sqlite_storage.database)).fault is None


async def test_an_official_of_the_release_before_gets_a_key_pair_at_the_next_sign_in(
    storage: Storage, clock: FakeClock
) -> None:
    other = await without_key(storage)
    assert await refused(storage, other, username="older", password="wrong horse battery") == 0
    async with storage.unit_of_work() as uow:
        assert await uow.officials.key_of(other.official.id) is None
    await sign_in(storage, other, username="older")
    async with storage.unit_of_work() as uow:
        first = await uow.officials.key_of(other.official.id)
    assert first is not None
    assert first.unlock(PASSWORD)
    clock.advance(timedelta(seconds=TOTP_SECONDS))
    await sign_in(storage, other, username="older")
    async with storage.unit_of_work() as uow:
        assert await uow.officials.key_of(other.official.id) == first


async def without_key(storage: Storage) -> Seat:
    """A seat as the release before made it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_pairs, "begin", no_key)
        return await seat_for(storage, "older")


async def no_key(*_: object, **__: object) -> bool:
    return False


async def test_neither_password_nor_secret_stands_in_the_database(sqlite_storage: Storage) -> None:
    seat = await seat_for(sqlite_storage)
    await sign_in(sqlite_storage, seat)
    async with sqlite_storage.database.writing() as connection:
        path = (await connection.exec_driver_sql("PRAGMA database_list")).all()[0][2]
    async with sqlite_storage.database.reading() as connection:
        await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    data = b"".join(Path(f"{path}{end}").read_bytes() for end in ("", "-wal"))
    assert b"discipline" in data
    assert PASSWORD.encode() not in data
    assert seat.totp_secret.encode() not in data
