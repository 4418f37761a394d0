"""Evidence (P4): found when changed, shown without what a camera wrote, marked when dangerous, kept by the database."""

import io
import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from PIL import Image
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.__main__ import main
from handlers.jobs.scanning import scan_files
from handlers.services import previews, uploads
from handlers.services.follow_up import add_file
from storage import clamav
from storage.engine import async_url
from storage.errors import RuleRefused
from storage.file_check import Fault, FileReport, check_files
from storage.migrate import alembic_config, migrate
from storage.repositories.files import StoredFile
from storage.unit_of_work import Storage, UnitOfWork
from tests import databases, factories
from tests.clamd import EICAR, daemon
from tests.desk_site import DeskSite
from tests.unit.test_previews import GPS, photo

OGG = b"OggS\x00\x02" + bytes(range(256)) * 5_000


async def add(storage: Storage, data: bytes, name: str = "照片.jpg", **where: Any) -> StoredFile:
    async with storage.unit_of_work() as uow:
        stored = await uow.files.add(data, name=name, origin="reporter", **where)
        await uow.commit()
    return stored


def lies_at(storage: Storage, name: str) -> Path:
    return storage.files.folder / name[:2] / name


async def check(storage: Storage) -> FileReport:
    return await check_files(storage, lambda _: None)


# verify-files


async def test_a_thousand_flipped_bits_are_all_found(sqlite_storage: Storage) -> None:
    """A hundred walks over ten files, with one bit of each flipped somewhere else every time."""
    chance = random.Random(20260311)  # noqa: S311 - where to flip, not a secret
    files = [await add(sqlite_storage, chance.randbytes(chance.randrange(1, 400))) for _ in range(10)]
    paths = [lies_at(sqlite_storage, stored.id) for stored in files]
    whole, flipped = [path.read_bytes() for path in paths], 0
    for _ in range(100):
        for path, raw in zip(paths, whole, strict=True):
            changed, bit = bytearray(raw), chance.randrange(8 * len(raw))
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            flipped += 1
        found = await check(sqlite_storage)
        assert sorted(found.faults) == sorted((stored.id, Fault.CHANGED) for stored in files)
    assert flipped == 1_000
    for path, raw in zip(paths, whole, strict=True):
        path.write_bytes(raw)
    assert (await check(sqlite_storage)).is_whole


async def test_a_missing_file_and_one_that_nobody_knows_are_told_apart(storage: Storage) -> None:
    gone, kept = await add(storage, b"gone"), await add(storage, b"kept")
    lies_at(storage, gone.id).unlink()
    stranger = await storage.files.put(b"from elsewhere")
    (storage.files.folder / "ab").mkdir(exist_ok=True)
    (storage.files.folder / "ab" / "abcd.part").write_bytes(b"half")
    report = await check(storage)
    assert sorted(report.faults) == sorted([(gone.id, Fault.MISSING), (stranger, Fault.UNKNOWN)])
    assert report.unfinished == ["abcd.part"]
    assert report.files == 2
    assert kept.id not in dict(report.faults)


async def test_a_row_changed_to_fit_another_file_does_not_help(sqlite_storage: Storage) -> None:
    stored, other = await add(sqlite_storage, b"the contract"), await add(sqlite_storage, b"another paper")
    lies_at(sqlite_storage, stored.id).write_bytes(lies_at(sqlite_storage, other.id).read_bytes())
    assert (await check(sqlite_storage)).faults == [(stored.id, Fault.CHANGED)]


def test_the_command_says_what_is_wrong_and_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QINGFENG_DATABASE_URL", f"sqlite:///{tmp_path}/qf.db")
    monkeypatch.setenv("QINGFENG_FILES_URL", f"file://{tmp_path}/files")
    monkeypatch.setenv("QINGFENG_KEY_FILE", str(tmp_path / "key"))
    assert main(["migrate"]) == 0
    assert main(["verify-files"]) == 0
    assert "0 files, 0 bytes: whole" in capsys.readouterr().out
    (tmp_path / "files" / "ab").mkdir(parents=True)
    (tmp_path / "files" / "ab" / "abc").write_bytes(b"?")
    assert main(["verify-files", "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["faults"] == [{"file": "abc", "fault": "unknown"}]
    assert "files" in captured.err


# What the database keeps


@pytest.fixture
async def a_file(storage: Storage) -> tuple[StoredFile, Any]:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        case = await factories.add_case(uow, places[factories.VILLAGE], flags=())
        other = await factories.add_case(uow, places[factories.VILLAGE], flags=())
        await uow.commit()
    stored = await add(storage, photo(), case_id=case.id)
    async with storage.unit_of_work() as uow:
        await uow.files.set_preview(stored.id, "f" * 32)
        await uow.files.set_scan(stored.id, "found", "Eicar")
        await uow.commit()
    return stored, other


@pytest.mark.parametrize(
    "change",
    [
        "sha256 = 'x'",
        "size = 1",
        "id = 'y'",
        "received_at = NULL",
        "case_id = {other}",
        "case_id = NULL",
        "media_type = 'text/html'",
        "preview_id = 'z'",
        "preview_id = NULL",
        "scan = 'clean'",
    ],
)
async def test_what_a_file_is_never_changes(storage: Storage, a_file: tuple[StoredFile, Any], change: str) -> None:
    statement = text(f"UPDATE stored_file SET {change.format(other=a_file[1].id)}")
    async with storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused):
            await uow.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE upload_link SET used_at = NULL",
        "UPDATE upload_link SET expires_at = used_at",
        "UPDATE upload_link SET token_hash = announced_id",
        "DELETE FROM upload_link",
        "UPDATE evidence_announced SET file_id = NULL",
        "UPDATE evidence_announced SET case_id = {other}",
        "UPDATE evidence_announced SET size = 1",
        "DELETE FROM evidence_announced",
        "UPDATE case_receipt SET case_id = {other}",
        "DELETE FROM case_receipt",
        "UPDATE signing_key SET public_key = NULL",
        "DELETE FROM signing_key",
    ],
)
async def test_links_announcements_receipts_and_keys_are_as_they_were(
    storage: Storage, a_file: tuple[StoredFile, Any], statement: str
) -> None:
    async with storage.unit_of_work() as uow:
        case = await uow.cases.by_id(a_file[0].case_id or 0)
        assert case is not None
        token = await uow.announcements.announce(
            draft_id=None,
            case_id=case.id,
            name="录像",
            size=5,
            kind="supplement",
            until=uow.clock.now() + uploads.OPEN_FOR,
        )
        written = await storage.files.write(_some(b"large"))
        assert await uploads.receive(uow, token, written, "录像.mp4")
        await uow.commit()
    if statement.startswith("UPDATE upload_link SET token_hash"):
        statement = "UPDATE upload_link SET token_hash = (SELECT public_key FROM signing_key)"
    async with storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused):
            await uow.execute(text(statement.format(other=a_file[1].id)))


async def _some(data: bytes) -> Any:
    yield data


async def test_files_of_the_last_release_are_kept_and_count_as_not_scanned(
    database_url: str, tmp_path: Path, storage: Storage
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if database_url.startswith("sqlite") else databases.owner_url(database_url)
    if not database_url.startswith("sqlite"):
        await migrate(url, revision="base")
    engine = create_async_engine(async_url(url))
    row = "INSERT INTO stored_file (id, sha256, size, media_type, name_sealed, origin, received_at) VALUES "
    at = "'2026-03-11T02:00:00.000000'" if url.startswith("sqlite") else "now()"
    name = "x'00'" if url.startswith("sqlite") else "decode('00', 'hex')"
    async with engine.begin() as connection:
        await connection.run_sync(lambda one: command.upgrade(alembic_config(one), "0003"))
        await connection.execute(text(f"{row} ('f1', 'abc', 3, 'image/png', {name}, 'reporter', {at})"))
    await migrate(url)
    async with engine.begin() as connection:
        (found,) = await connection.execute(
            text("SELECT sha256, size, scan, album, preview_id, shown_from FROM stored_file")
        )
        assert tuple(found) == ("abc", 3, "unscanned", None, None, None)
    await engine.dispose()


# At the desk


@pytest.fixture
async def site(sqlite_storage: Storage) -> DeskSite:
    made = DeskSite(sqlite_storage)
    made.places = await made.do(factories.add_county)  # type: ignore[attr-defined]
    return made


async def case_with(site: DeskSite, *files: tuple[bytes, str], **more: Any) -> tuple[str, list[StoredFile]]:
    async def make(uow: UnitOfWork) -> tuple[str, list[StoredFile]]:
        case = await factories.add_case(uow, site.places[factories.VILLAGE])  # type: ignore[attr-defined]
        stored = [
            await uow.files.add(data, name=name, origin="reporter", case_id=case.id, **more) for data, name in files
        ]
        return case.number, stored

    found: tuple[str, list[StoredFile]] = await site.do(make)
    return found


async def test_the_desk_shows_a_preview_and_hands_out_the_untouched_original(site: DeskSite) -> None:
    original = photo()
    number, (stored,) = await case_with(site, (original, "证据.html"))
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    address = f"/desk/cases/{number}/files/{stored.id}"
    assert f'src="{address}/preview"' in browser.source
    assert stored.sha256[:16] in browser.source
    shown = await browser.get(f"{address}/preview")
    assert shown.headers["content-type"] == "image/jpeg"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert dict(Image.open(io.BytesIO(shown.content)).getexif()) == {}
    whole = await browser.get(address)
    assert whole.content == original
    assert whole.headers["content-disposition"].startswith("attachment")
    assert Image.open(io.BytesIO(whole.content)).getexif().get_ifd(GPS)[1] == "N"
    async with site.storage.unit_of_work() as uow:
        (kept,) = await uow.files.of_case(stored.case_id or 0)
    assert kept.preview_id
    assert shown.content not in lies_at(site.storage, kept.preview_id).read_bytes(), "sealed like the original"
    assert (await browser.get(f"{address}/preview")).content == shown.content
    assert (await check(site.storage)).is_whole


async def test_the_page_looks_and_reads_are_events(site: DeskSite) -> None:
    number, (stored,) = await case_with(site, (photo(), "a.jpg"))
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    for what in ("/preview", ""):
        await browser.get(f"/desk/cases/{number}/files/{stored.id}{what}")
    async with site.storage.unit_of_work() as uow:
        rows = await uow.read(text("SELECT act FROM event WHERE act LIKE 'file_%' ORDER BY id"))
    assert [row.act for row in rows] == ["file_seen", "file_read"]


async def test_a_recording_is_played_in_the_parts_its_player_asks_for(site: DeskSite) -> None:
    number, (stored,) = await case_with(site, (OGG, "录音.ogg"))
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    address = f"/desk/cases/{number}/files/{stored.id}/play"
    assert f'<audio class="files__player" controls preload="none" src="{address}"' in browser.source
    whole = await browser.get(address)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, OGG, "audio/ogg")
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, start, end in (
        ("0-", 0, len(OGG)),
        ("5-9", 5, 10),
        ("1279990-", 1279990, len(OGG)),
        ("-4", len(OGG) - 4, len(OGG)),
    ):
        part = await browser.get(address, range=f"bytes={asked}")
        assert (part.status_code, part.content) == (206, OGG[start:end]), asked
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{len(OGG)}"
    beyond = await browser.get(address, range="bytes=99999999-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(OGG)}")
    async with site.storage.unit_of_work() as uow:
        rows = await uow.read(text("SELECT act FROM event WHERE act = 'file_played'"))
    assert len(rows) == 3, "each beginning; a further part is the same listening"


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7", b"PK\x03\x04word", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<svg onload=x>"]
)
async def test_office_files_and_pdf_are_downloads_only(site: DeskSite, data: bytes) -> None:
    number, (stored,) = await case_with(site, (data, "合同.jpg"))
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    assert "files__preview" not in browser.source
    assert "files__player" not in browser.source
    for what in ("preview", "play"):
        assert (await browser.get(f"/desk/cases/{number}/files/{stored.id}/{what}")).status_code == 404


async def test_what_was_sent_together_stands_together(site: DeskSite) -> None:
    number, files = await case_with(site, (b"one", "一.txt"))
    case_id = files[0].case_id

    async def more(uow: UnitOfWork) -> None:
        for at, (name, album) in enumerate((("册1.txt", "g"), ("单.txt", None), ("册2.txt", "g"))):
            site.storage.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]
            await uow.files.add(b"%d" % at, name=name, origin="reporter", case_id=case_id, album=album)

    await site.do(more)
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    shown = browser.text
    assert "一起发来的 2 个" in shown
    assert shown.index("一.txt") < shown.index("册1.txt") < shown.index("册2.txt") < shown.index("单.txt")
    assert shown.count("一起发来的") == 1


async def test_the_case_says_what_is_announced_and_not_received_until_it_comes(site: DeskSite) -> None:
    number, files = await case_with(site, (b"one", "一.txt"))

    async def announce(uow: UnitOfWork) -> str:
        return await uow.announcements.announce(
            draft_id=None,
            case_id=files[0].case_id,
            name="送钱的录像.mp4",
            size=300 * 2**20,
            kind="supplement",
            until=uow.clock.now() + uploads.OPEN_FOR,
        )

    token = await site.do(announce)
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    assert "还有材料没到" in browser.text
    assert "送钱的录像.mp4（300" in browser.text
    written = await site.storage.files.write(_some(b"film"))
    assert await site.do(lambda uow: uploads.receive(uow, token, written, ""))
    await browser.open_case(number)
    assert "还有材料没到" not in browser.text
    assert "送钱的录像.mp4" in browser.text


async def test_a_file_whose_turn_has_not_come_is_counted_and_not_opened(site: DeskSite) -> None:
    later = site.storage.clock.now() + timedelta(minutes=20)
    number, (stored,) = await case_with(site, (b"later", "晚.txt"), shown_from=later)
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    assert "还有 1 个存好了在排队" in browser.text
    assert "晚.txt" not in browser.text
    assert (await browser.get(f"/desk/cases/{number}/files/{stored.id}")).status_code == 404


# Malware


async def test_a_finding_marks_the_file_and_deletes_nothing(site: DeskSite, tmp_path: Path) -> None:
    bad = photo() + EICAR
    number, (good, found) = await case_with(site, (photo((30, 20)), "好.jpg"), (bad, "坏.jpg"))
    async with daemon(tmp_path) as scanner:
        assert await scan_files(site.storage, clamav.ClamAV(scanner.address)) == 2
        assert await scan_files(site.storage, clamav.ClamAV(scanner.address)) == 0
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    assert "查出病毒（Eicar-Test-Signature）" in browser.text
    assert browser.source.count("files__preview") == 1
    assert "还没查过病毒" not in browser.text
    address = f"/desk/cases/{number}/files/{found.id}"
    assert (await browser.get(f"{address}/preview")).status_code == 404
    assert (await browser.get(address)).content == bad, "evidence stays, as a download"
    assert (await browser.get(f"/desk/cases/{number}/files/{good.id}/preview")).status_code == 200


async def test_while_the_scanner_is_down_files_are_taken_and_shown_as_not_scanned(
    site: DeskSite, tmp_path: Path
) -> None:
    number, (stored,) = await case_with(site, (photo(), "a.jpg"))
    assert await scan_files(site.storage, clamav.ClamAV(f"unix:{tmp_path}/nobody")) == 0
    browser, _ = await site.signed_in()
    await browser.open_case(number)
    assert "还没查过病毒" in browser.text
    async with daemon(tmp_path) as scanner:
        scanner.most = 100
        assert await scan_files(site.storage, clamav.ClamAV(scanner.address)) == 1
    await browser.open_case(number)
    assert "太大，没能查病毒" in browser.text
    assert previews.has_preview(stored)


async def test_an_album_of_one_chat_gets_one_mark_and_another_cases_album_another(storage: Storage) -> None:
    async with storage.unit_of_work() as uow:
        places = await factories.add_county(uow)
        who = await factories.add_person(uow, 7)
        cases = [await factories.add_case(uow, places[factories.VILLAGE], person=who) for _ in range(2)]
        for case in cases:
            for name in ("1", "2"):
                await add_file(uow, who, case.number, name.encode(), name, album="g1")
        marks = [{one.album for one in await uow.files.of_case(case.id)} for case in cases]
        await uow.commit()
    assert [len(some) for some in marks] == [1, 1]
    assert marks[0] != marks[1]
