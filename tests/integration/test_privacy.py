"""A stolen database with its files tells nobody who reported: guarantee 4, searched byte by byte."""

import logging
from collections.abc import AsyncIterator, Iterable
from itertools import product
from pathlib import Path

import pytest
from nacl.exceptions import CryptoError
from sqlalchemy import func, select

from bot.logging import set_up_logging
from storage.errors import WrongPassword
from storage.tables import metadata
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import CHANNELS, REPORT, Site, Villager, answer, file_report, number_in, open_site, populate

NAME, PHONE, FILE_NAME = "欧阳建国", "13912345678", "欧阳拍的转账截图.jpg"
IDENTITY = f"我叫{NAME}，电话 139 1234 5678"
LINES = (*REPORT[:6], "没有", IDENTITY)
#: Ways in which a name or number could lie about: as text in any encoding we or a library might use.
SECRETS = (NAME, PHONE, "139 1234 5678", FILE_NAME, "欧阳", "1391234")


def _forms(secret: str) -> Iterable[bytes]:
    yield secret.encode()
    yield secret.encode("utf-16-le")
    yield secret.encode("gb18030")
    yield secret.encode("unicode_escape")
    yield secret.encode().hex().encode()


def _found_in(data: bytes) -> set[str]:
    return {secret for secret in SECRETS if any(form in data for form in _forms(secret))}


@pytest.fixture(params=CHANNELS)
async def site(request: pytest.FixtureRequest, sqlite_storage: Storage) -> AsyncIterator[Site]:
    await populate(sqlite_storage)
    async with open_site(request.param, sqlite_storage) as opened:
        yield opened


async def _file_with_evidence(site: Site) -> tuple[Villager, str]:
    who = await site.meet()
    await who.say("我要反映")
    for line in LINES[:6]:
        await answer(who, line)
    await who.send_file(b"\xff\xd8\xff\xe0" + NAME.encode() * 9, FILE_NAME)
    for line in ("[发完了]", IDENTITY):
        await answer(who, line)
    heard = await who.press("对，提交")
    await site.deliver()
    return who, number_in("".join(heard))


async def _rows(storage: Storage) -> AsyncIterator[tuple[str, bytes]]:
    """Every value of every table, as bytes."""
    async with storage.unit_of_work() as uow:
        for table in metadata.sorted_tables:
            for row in await uow.read(select(table)):
                for value in row:
                    yield table.name, value if isinstance(value, bytes) else str(value).encode()


def _files(folder: Path) -> Iterable[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


async def test_nothing_stored_holds_the_name_the_phone_or_the_files_name(site, tmp_path):
    who, _ = await _file_with_evidence(site)
    assert (await who.read()).count("139****5678") == 1
    seen = 0
    async for table, value in _rows(site.storage):
        seen += 1
        assert not _found_in(value), table
    assert seen > 200
    on_disk = dict(_files(tmp_path))
    assert any(name.endswith(".db") for name in on_disk)
    assert any(name.endswith(".db-wal") for name in on_disk)
    assert any(name.startswith("files/") for name in on_disk)
    for name, data in on_disk.items():
        assert not _found_in(data), name
        assert not _found_in(name.encode()), name


async def test_nothing_stored_holds_them_on_each_database(storage, tmp_path):
    await populate(storage)
    async with open_site("web", storage) as site:
        await _file_with_evidence(site)
        async for table, value in _rows(storage):
            assert not _found_in(value), table
        for name, data in _files(tmp_path / "files"):
            assert not _found_in(data), name


async def test_the_search_would_find_them(sqlite_storage):
    async with open_site("web", sqlite_storage) as site:
        await site.do(lambda uow: uow.places.add(path="cn/x", kind="county", name=NAME))
        found = [table async for table, value in _rows(sqlite_storage) if _found_in(value)]
        assert found == ["place"]


@pytest.mark.parametrize("stop", ["draft", "half a name", "dropped"])
async def test_a_report_that_was_never_submitted_holds_them_no_more(site, tmp_path, stop):
    who = await site.meet()
    await who.say("我要反映")
    for line in LINES[:7]:
        await answer(who, line)
    await answer(who, NAME if stop == "half a name" else IDENTITY)
    if stop == "dropped":
        await who.press("不报了")
        await who.press("删掉，不报了")
    for name, data in _files(tmp_path):
        assert not _found_in(data), name


async def test_the_message_with_the_name_leaves_the_chat(site):
    who = await site.meet()
    await who.say("我要反映")
    for line in LINES:
        await answer(who, line)
    if hasattr(who, "client"):
        mine = [item for item in await who.items() if item["from"] == "user"]
        assert not _found_in(str(mine).encode())
        assert [item["removed"] for item in mine][-1]
    elif hasattr(who, "user"):
        assert not who.user.wrote(max(who.user._written, default=0) + 1)
        assert not _found_in(str([m.get("text") for m in who.user._written.values()]).encode())
    else:
        assert {chat_id for chat_id, _ in who.chats.removed} == {who.chat_id}


async def test_only_a_custodians_password_opens_the_identity(site):
    _, number = await _file_with_evidence(site)
    async with site.storage.unit_of_work() as uow:
        case = await uow.cases.by_number(number)
        ((custodian_id, pair),) = (await uow.officials.custodians()).items()
        opened = await factories.read_name(uow, case.id, {custodian_id: pair.unlock(factories.PASSWORD)})
        assert opened == {"name": NAME, "contact": PHONE}
        with pytest.raises(WrongPassword):
            pair.unlock("another password")
        kept = await uow.identities.of_case(case.id)
        everything = [*kept.sealed.parts.values(), *(share.sealed for share in kept.sealed.shares.values())]
        for purpose, name in product(("draft", "case", "identity", "message", "person.handle", "outbox"), everything):
            with pytest.raises(CryptoError):
                uow.keys.open(purpose, name)


async def test_logs_at_their_most_talkative_hold_neither(site, capfd):
    set_up_logging("DEBUG")
    for quiet in ("aiogram.event", "sqlalchemy.engine", "httpx", "aiosqlite"):
        logging.getLogger(quiet).setLevel(logging.DEBUG)
    try:
        await _file_with_evidence(site)
        who = await site.meet()
        await file_report(who, LINES)
        logging.getLogger("qingfeng.test").warning("written to the same place")
    finally:
        logging.basicConfig(level=logging.WARNING, handlers=[], force=True)
        for quiet in ("aiogram.event", "sqlalchemy.engine", "httpx", "aiosqlite"):
            logging.getLogger(quiet).setLevel(logging.WARNING)
    written = capfd.readouterr().err
    assert "written to the same place" in written
    assert not _found_in(written.encode())


async def test_two_reports_by_one_name_cannot_be_matched_by_what_is_stored(sqlite_storage):
    await populate(sqlite_storage)
    async with open_site("web", sqlite_storage) as site:
        for _ in range(2):
            await file_report(await site.meet(), LINES)
        identity = metadata.tables["identity"]
        rows = await site.do(lambda uow: uow.read(select(identity.c.name_sealed, identity.c.contact_sealed)))
        assert len({row.name_sealed for row in rows}) == len({row.contact_sealed for row in rows}) == 2
        drafts = metadata.tables["report_draft"]
        kept = select(func.count()).where(drafts.c.answers_sealed.is_not(None))
        assert (await site.do(lambda uow: uow.read(kept)))[0][0] == 0
