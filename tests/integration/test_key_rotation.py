"""`qingfeng rotate-key`: everything is sealed anew, nothing is lost or becomes unfindable, and a death only interrupts.

The stories run on both databases. What can be rotated is listed in storage/sealed_columns.py and checked in
tests/unit/test_key_generations.py.
"""

import asyncio
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from nacl.exceptions import CryptoError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.__main__ import main
from bot.channels.web.session import WEB_TOKEN
from bot.commands.opening import open_storage
from bot.settings import Settings, read_settings
from handlers.services.demo import build_demo
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from storage import deployment, files, outbox, rotation
from storage.engine import Database, async_url
from storage.errors import KeyFileProblem, RuleRefused, Unopened
from storage.files import FileStore
from storage.outbox import Recipient
from storage.repositories.people import UpdateKey
from storage.tables.cases import cases, stored_file
from storage.unit_of_work import Storage
from storage.vault import MARK_BYTES, KeyRing, load_key_file, replace_key_file, using_key_file
from tests import databases, factories
from tests.channels import PHOTO, REPORT, answer, code_in, number_in, open_site, populate

ROOT = Path(__file__).parents[2]


@dataclass
class House:
    """A deployment with something sealed in most columns, and the ring it was sealed with."""

    storage: Storage
    url: str
    folder: Path
    number: str
    code: str
    chat_id: int
    photo: str

    @property
    def owner(self) -> str:
        return databases.owner_url(self.url)

    def under(self, ring: KeyRing) -> Storage:
        """The same deployment, opened with another ring by a process started later."""
        return Storage(Database(self.url), ring, FileStore(self.folder, ring), self.storage.clock)


@pytest.fixture
async def house(storage: Storage, database_url: str, tmp_path: Path) -> House:
    await populate(storage)
    await deployment.bind_key(storage)
    async with open_site("web", storage) as site:
        who = await site.meet()
        await who.say("我要反映")
        for line in REPORT[:-1]:
            await answer(who, line)
        await who.send_photo(PHOTO)
        await answer(who, "[不留名]")
        heard = (await who.press("对，提交"))[-1]
        other = await site.meet()
        await other.say("我要反映")
        await other.say("还没写完的一件")
        await other.send_photo(PHOTO + b"2")
        official = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
        await site.do(lambda uow: uow.officials.set_notice_chat(official.id, 501))
        await site.do(
            lambda uow: uow.outbox.put(
                kind="notice", dedupe_key="x", recipient=Recipient("web", 7), payload={"notice": "desk_item_waiting"}
            )
        )
        await site.do(lambda uow: uow.people.receive(9, {1: '{"update_id": 1}'}))
    async with storage.unit_of_work() as uow:
        rows = await uow.read(select(stored_file.c.id).where(stored_file.c.draft_id.is_not(None)))
    return House(storage, database_url, tmp_path / "files", number_in(heard), code_in(heard), other.chat_id, rows[0].id)


@asynccontextmanager
async def owner_of(house: House) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(async_url(house.owner))
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def opened(storage: Storage) -> dict[str, int]:
    """Open every sealed value there is; how many of each column."""
    count: dict[str, int] = {}
    async with storage.unit_of_work() as uow:
        for sealed in rotation.sealed_tables():
            for row in await uow.read(select(*(sealed.table.c[name] for name in sealed.purposes))):
                for name, purposes in sealed.purposes.items():
                    value = getattr(row, name)
                    if value:
                        assert any(can_open(storage.keys, one, value) for one in purposes), (sealed.table.name, name)
                        count[f"{sealed.table.name}.{name}"] = count.get(f"{sealed.table.name}.{name}", 0) + 1
    return count


def can_open(ring: KeyRing, purpose: str, value: bytes) -> bool:
    try:
        ring.open(purpose, value)
    except CryptoError:
        return False
    return True


async def test_everything_is_sealed_anew_and_opens_without_the_old_key(house: House) -> None:
    before = await opened(house.storage)
    both = house.storage.keys.with_new_generation()
    assert await rotation.left_behind(house.owner, both, FileStore(house.folder, both))
    moved = await rotation.reseal(house.owner, both, FileStore(house.folder, both))
    assert moved > 20
    assert await rotation.left_behind(house.owner, both, FileStore(house.folder, both)) == {}
    later = house.under(both.newest_only())
    try:
        await later.database.verify()  # every trigger is back
        assert await opened(later) == before
        await still_found(later, house)
    finally:
        await later.close()
    assert await rotation.reseal(house.owner, both, FileStore(house.folder, both)) == 0


async def still_found(later: Storage, house: House) -> None:
    """By receipt code, by the name of the person reported, by chat; and what waits is still delivered and handled."""
    async with later.unit_of_work() as uow:
        case = await uow.cases.by_receipt(house.code)
        assert case is not None
        assert case.number == house.number
        assert (await uow.cases.narrative(case.id))["what"] == REPORT[0]
        about = cases.c.reported_person_index == uow.cases.reported_index(REPORT[1])
        assert [row.number for row in await uow.read(select(cases.c.number).where(about))] == [house.number]
        bot_id = int(WEB_TOKEN.partition(":")[0])
        known = await uow.people.meet(Recipient("web", house.chat_id), bot_id, house.chat_id, UpdateKey(bot_id, 2))
        assert known is not None
        assert not known.is_new
        draft = await uow.drafts.in_writing(known.id)
        assert draft is not None
        assert draft.answers["what"] == "还没写完的一件"
        assert await uow.people.unfinished(9) == ['{"update_id": 1}']
    assert await later.files.get(house.photo) == PHOTO + b"2"
    assert 7 in {one.recipient.chat_id for one in await outbox.claim(later, worker="x", limit=50)}


async def test_the_demo_countys_cases_are_sealed_anew_though_triggers_keep_them_from_changing(
    sqlite_storage: Storage, sqlite_url: str, tmp_path: Path
) -> None:
    storage, database_url = sqlite_storage, sqlite_url
    await build_demo(storage, factories.quick_access(), Classifier(load_categories()))
    before = await opened(storage)
    assert len(before) >= 14
    async with storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused):  # the application itself can never do what the rotation does
            await uow.execute(update(cases).values(narrative_sealed=b"x"))
    both = storage.keys.with_new_generation()
    await rotation.reseal(database_url, both, FileStore(tmp_path / "files", both))
    later = Storage(Database(database_url), both.newest_only(), FileStore(tmp_path / "files", both), storage.clock)
    try:
        await later.database.verify()
        assert await opened(later) == before
        async with later.unit_of_work() as uow:
            with pytest.raises(RuleRefused):
                await uow.execute(update(cases).values(narrative_sealed=b"x"))
    finally:
        await later.close()


async def test_what_was_sealed_before_there_were_marks_is_sealed_anew_too(house: House) -> None:
    async with owner_of(house) as connection:
        rows = (await connection.execute(select(stored_file.c.id, stored_file.c.name_sealed))).all()
        for row in rows:
            bare = update(stored_file).where(stored_file.c.id == row.id)
            await connection.execute(bare.values(name_sealed=row.name_sealed[MARK_BYTES:]))
    path = house.folder / house.photo[:2] / house.photo
    path.write_bytes(house.storage.keys.seal(files.PURPOSE, PHOTO + b"2")[MARK_BYTES:])  # whole, as files once were
    assert await house.storage.files.get(house.photo) == PHOTO + b"2"
    before = await opened(house.storage)
    both = house.storage.keys.with_new_generation()
    await rotation.reseal(house.owner, both, FileStore(house.folder, both))
    later = house.under(both.newest_only())
    assert await opened(later) == before
    assert await later.files.get(house.photo) == PHOTO + b"2"
    await later.close()


class Killed(BaseException):
    """The process ended here."""


async def test_a_death_after_any_batch_loses_nothing_and_the_next_run_does_the_rest(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    before = await opened(house.storage)
    both = house.storage.keys.with_new_generation()
    files = FileStore(house.folder, both)
    lives = 0
    while await rotation.left_behind(house.owner, both, files):
        steps = 0

        def die(*_: object) -> None:
            nonlocal steps
            steps += 1
            if steps == 3:
                raise Killed

        lives += 1
        with suppress(Killed):
            await rotation.reseal(house.owner, both, files, die)
        later = house.under(both)
        await later.database.verify()
        assert await opened(later) == before
        await later.close()
    assert lives > 3


async def test_a_value_that_does_not_open_stops_the_rotation_and_is_named(house: House) -> None:
    async with owner_of(house) as connection:
        await connection.execute(update(stored_file).values(name_sealed=b"nonsense of somebody" * 4))
    both = house.storage.keys.with_new_generation()
    with pytest.raises(Unopened, match="stored_file/"):
        await rotation.reseal(house.owner, both, FileStore(house.folder, both))
    await house.storage.database.verify()


async def test_an_older_key_file_is_refused_once_a_new_generation_is_in_use(house: House) -> None:
    both = house.storage.keys.with_new_generation()
    later = house.under(both)
    await deployment.bind_key(later)
    with pytest.raises(KeyFileProblem, match="older than the database"):
        await deployment.bind_key(house.storage)
    await deployment.forget_generations(later, both.generation_ids[:1])
    without = house.under(both.newest_only())
    await deployment.bind_key(without)
    for one in (later, without):
        await one.close()


# The command


def qingfeng(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


@pytest.fixture
def deployed(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a database, a key file of the first release, and something sealed."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"QINGFENG_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "qingfeng.db").write_bytes(sqlite_template.read_bytes())
    key = tmp_path / "var" / "qingfeng.key"
    key.write_text(bytes(range(32)).hex() + "\n", encoding="ascii")
    key.chmod(0o600)

    async def fill() -> None:
        async with open_storage(read_settings()) as storage:
            await populate(storage)
            async with storage.unit_of_work() as uow:
                for number in range(9):
                    await uow.outbox.put(
                        kind="notice",
                        dedupe_key=str(number),
                        recipient=Recipient("web", number),
                        payload={"notice": "desk_item_waiting"},
                    )
                await uow.commit()

    asyncio.run(fill())
    return tmp_path


def test_from_a_new_key_to_the_old_one_retired(deployed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = deployed / "var" / "qingfeng.key"
    assert main(["rotate-key", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["sealed_anew"] >= 9
    first, second = load_key_file(key).generation_ids
    assert figures["key"] == second
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert main(["rotate-key", "--continue"]) == 0
    assert "0 rows and files" in capsys.readouterr().out
    assert main(["rotate-key", "--retire", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"retired": [first]}
    assert load_key_file(key).generation_ids == (second,)
    assert main(["rotate-key", "--retire"]) == 0
    assert "nothing to retire" in capsys.readouterr().out
    assert main(["doctor"]) == 0
    assert "the key fits" in capsys.readouterr().out
    assert main(["audit", "verify"]) == 0
    rows = sqlite3.connect(deployed / "var" / "qingfeng.db").execute("SELECT act, subject FROM event ORDER BY id")
    acts = [(act, subject) for act, subject in rows if "key/" in subject]
    assert acts == [
        ("key_rotated", f"key/{first}"),
        ("sealed_anew", f"key/{second}"),
        ("sealed_anew", f"key/{second}"),
        ("key_retired", f"key/{first}"),
    ]


def test_a_key_that_is_still_needed_is_not_retired(deployed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = deployed / "var" / "qingfeng.key"
    replace_key_file(key, load_key_file(key).with_new_generation())
    before = key.read_bytes()
    assert main(["rotate-key", "--retire"]) == 1
    assert re.search(r"still needed \(.*9 in outbox", capsys.readouterr().err)
    assert key.read_bytes() == before


def test_keys_are_not_rotated_while_the_program_runs(deployed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = deployed / "var" / "qingfeng.key"
    with using_key_file(key):
        assert main(["rotate-key"]) == 1
    assert "Stop `qingfeng run`" in capsys.readouterr().err
    assert len(load_key_file(key).generation_ids) == 1


def test_on_postgresql_only_the_owner_may(
    deployed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QINGFENG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["rotate-key"]) == 1
    assert "QINGFENG_OWNER_DATABASE_URL" in capsys.readouterr().err


KILLED = """
import os, signal, sys
from storage import rotation
from bot.commands import rotate_key
rotation.BATCH = 2
def die(what, done, total):
    if what == "outbox" and done >= 4:
        os.kill(os.getpid(), signal.SIGKILL)
rotate_key._say = die
from bot.__main__ import main
sys.exit(main(["rotate-key"]))
"""


def test_killed_for_real_in_the_middle_it_goes_on_from_there(deployed: Path) -> None:
    ended = qingfeng(deployed, "-c", KILLED)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    ring = load_key_file(deployed / "var" / "qingfeng.key")
    rows = sqlite3.connect(deployed / "var" / "qingfeng.db").execute("SELECT payload_sealed FROM outbox").fetchall()
    assert sum(ring.is_newest(row[0]) for row in rows) == 4
    went_on = qingfeng(deployed, "-m", "bot", "rotate-key", "--continue", "--json")
    assert went_on.returncode == 0, went_on.stderr
    assert json.loads(went_on.stdout)["sealed_anew"] >= 5
    assert main(["rotate-key", "--retire"]) == 0
