"""What the database itself refuses about signing in, and what becomes of the rows of the last release (P9, P11).

Attacked with raw SQL on both databases, as somebody with the application's password could.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from handlers.services.access import Caller, hash_token
from storage.engine import Database, async_url
from storage.errors import RuleRefused
from storage.files import FileStore
from storage.migrate import alembic_config, migrate
from storage.repositories.officials import Official
from storage.tables.officials import desk_session, official, passkey, seat_link
from storage.unit_of_work import Storage, UnitOfWork
from storage.vault import KeyRing
from tests import databases, factories
from tests.fakes import FakeClock

ACCESS = factories.quick_access()
TOKEN = hash_token("t")


class Scene:
    """Two officials who are signed in, and one who has not set up the seat yet."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.people: dict[str, Official] = {}
        self.sessions: dict[str, bytes] = {}

    async def do(self, act: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        async with self.storage.unit_of_work() as uow:
            result = await act(uow)
            await uow.commit()
        return result

    async def furnish(self, uow: UnitOfWork) -> None:
        await factories.add_county(uow)
        for name in ("a", "b"):
            self.people[name] = await factories.add_official(uow, username=f"{name}{name}")
            opened = await ACCESS.open(uow, self.people[name], "password", Caller("10.0.0.1"))
            self.sessions[name] = hash_token(opened.token)
        self.people["new"] = await uow.officials.add(
            username="new",
            display_name="新来的",
            role=self.people["a"].role,
            place_path=factories.COUNTY,
            password_hash="",
            totp_secret="x",
        )

    async def refused(self, statement: Any) -> str:
        with pytest.raises(RuleRefused) as error:
            await self.do(lambda uow: uow.execute(statement))
        return error.value.rule


@pytest.fixture
async def scene(storage: Storage) -> Scene:
    made = Scene(storage)
    await made.do(made.furnish)
    return made


def a_session(scene: Scene, who: str) -> Any:
    now = scene.storage.clock.now()
    values = {"token_hash": TOKEN, "csrf": "x", "created_at": now, "last_seen_at": now}
    return insert(desk_session).values(official_id=scene.people[who].id, **values)


async def test_nobody_has_a_session_before_the_seat_is_set_up_or_after_it_was_closed(scene: Scene) -> None:
    assert await scene.refused(a_session(scene, "new")) == "session_birth"
    await scene.do(lambda uow: uow.officials.change_seat(scene.people["b"].id, active=False))
    assert await scene.refused(a_session(scene, "b")) == "session_birth"
    await scene.do(lambda uow: uow.execute(a_session(scene, "a")))


@pytest.mark.parametrize("change", ["official_id", "created_at", "way", "token_hash", "csrf"])
async def test_a_session_passes_to_nobody_and_does_not_begin_again(scene: Scene, change: str) -> None:
    values = {
        "official_id": scene.people["b"].id,
        "created_at": scene.storage.clock.now() + timedelta(hours=5),
        "way": "passkey",
        "token_hash": TOKEN,
        "csrf": "other",
    }
    mine = update(desk_session).where(desk_session.c.token_hash == scene.sessions["a"])
    assert await scene.refused(mine.values({change: values[change]})) == "session_fixed"


async def test_a_link_to_a_seat_lives_a_day_works_once_and_stays_on_file(scene: Scene, clock: FakeClock) -> None:
    now, new = clock.now(), scene.people["new"].id
    long = {"token_hash": TOKEN, "official_id": new, "kind": "invitation", "made_at": now}
    assert (
        await scene.refused(insert(seat_link).values(**long, expires_at=now + timedelta(hours=25))) == "seat_link_birth"
    )
    await scene.do(
        lambda uow: uow.sign_ins.add_seat_link(TOKEN, new, "invitation", made_by=None, life=timedelta(hours=24))
    )
    one = update(seat_link).where(seat_link.c.token_hash == TOKEN)
    assert await scene.refused(one.values(expires_at=now + timedelta(days=9))) == "token_used"
    assert await scene.refused(one.values(official_id=scene.people["a"].id)) == "token_used"
    assert await scene.refused(one.values(used_at=now + timedelta(hours=24))) == "token_used"
    assert await scene.refused(seat_link.delete()) == "append_only"
    await scene.do(lambda uow: uow.execute(one.values(used_at=now)))
    for again in ({"used_at": None}, {"used_at": now}, {"revoked_at": now}):
        assert await scene.refused(one.values(**again)) == "token_used"


async def test_a_new_link_takes_the_place_of_the_one_before(scene: Scene) -> None:
    """Revoked with the newer one, at a change of seat, and when it is closed (P11)."""
    new = scene.people["new"].id
    for name in ("1", "2"):
        await scene.do(
            lambda uow, name=name: uow.sign_ins.add_seat_link(
                hash_token(name), new, "invitation", made_by=None, life=timedelta(hours=24)
            )
        )
    async with scene.storage.unit_of_work() as uow:
        assert await uow.sign_ins.seat_link(hash_token("1")) is None
        assert await uow.sign_ins.seat_link(hash_token("2")) is not None
    await scene.do(lambda uow: uow.sign_ins.end_all(new))
    async with scene.storage.unit_of_work() as uow:
        assert await uow.sign_ins.seat_link(hash_token("2")) is None
        assert len(await uow.read(select(seat_link))) == 2


async def test_a_passkey_is_its_own_officials_and_never_another_ones(scene: Scene) -> None:
    """SEC-01-001, in the database: whose session it is decides whose key it is."""
    mine, theirs = scene.people["a"].id, scene.people["b"].id
    about = {"credential_id": b"c", "public_key": b"k", "sign_count": 7, "name": "x"}
    at = {"created_at": scene.storage.clock.now()}
    for session in (scene.sessions["b"], b"none at all"):
        wrong = insert(passkey).values(official_id=mine, registered_in=session, **about, **at)
        assert await scene.refused(wrong) == "passkey_birth"
    await scene.do(
        lambda uow: uow.execute(
            insert(passkey).values(official_id=mine, registered_in=scene.sessions["a"], **about, **at)
        )
    )
    for change in ({"official_id": theirs}, {"public_key": b"z"}, {"credential_id": b"z"}, {"sign_count": 6}):
        assert await scene.refused(update(passkey).values(**change)) == "passkey_fixed"
    await scene.do(lambda uow: uow.execute(update(passkey).values(name="y", sign_count=8)))


async def test_who_had_a_seat_in_the_last_release_has_it_still_and_is_still_signed_in(
    database_url: str, tmp_path: Path, clock: FakeClock, keys: KeyRing
) -> None:
    """The rows of revision 0003 survive 0007."""
    is_sqlite = database_url.startswith("sqlite")
    old = f"sqlite:///{tmp_path / 'old.db'}" if is_sqlite else databases.owner_url(database_url)
    if not is_sqlite:
        await migrate(old, revision="base")
    engine = create_async_engine(async_url(old))
    when = clock.now().replace(tzinfo=None).isoformat(timespec="microseconds") if is_sqlite else clock.now()
    async with engine.begin() as connection:
        await connection.run_sync(lambda one: command.upgrade(alembic_config(one), "0003"))
        await connection.execute(
            text(
                "INSERT INTO official (username, display_name, role, place_path, password_hash, totp_secret_sealed, "
                "active, created_at) VALUES ('zhang', '张三', 'auditor', 'cn/test', 'h', :sealed, true, :at)"
            ),
            {"sealed": b"x", "at": when},
        )
        await connection.execute(
            text(
                "INSERT INTO desk_session (token_hash, official_id, csrf, created_at, last_seen_at) "
                "SELECT :token, id, 'c', :at, :at FROM official"
            ),
            {"token": hash_token("old"), "at": when},
        )
    await engine.dispose()
    await migrate(old, application_role=databases.APPLICATION)
    storage = Storage(
        Database(old.replace(databases.OWNER, databases.APPLICATION)), keys, FileStore(tmp_path / "files", keys), clock
    )
    await storage.database.verify()
    try:
        async with storage.unit_of_work() as uow:
            session = await ACCESS.session(uow, "old")
            rows = await uow.read(select(official.c.enrolled_at, official.c.created_at))
            assert session is not None
            assert (session.official.display_name, session.way) == ("张三", "password")
            assert not ACCESS.is_confirmed(uow, session), "what matters most asks for the password"
        assert rows[0].enrolled_at == rows[0].created_at
    finally:
        await storage.close()
