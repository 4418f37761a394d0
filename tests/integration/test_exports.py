"""A case as one file (P27): chronology, hashes, signatures, files; marked, logged, and checked off line to a byte."""

import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from bot.__main__ import main
from handlers.services import cases, disposals, exports, follow_up, investigations, recusals
from handlers.services.errors import BadInput, DeclarationNeeded, NotFound
from knowledge.casework.access import Role
from knowledge.casework.recusal import Ground
from storage import dossier
from storage.dossier import DossierFault, DossierWriter
from storage.repositories.officials import Official
from storage.signing import Signer
from storage.tables.exports import export
from storage.tables.records import event
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import PHOTO
from tests.desk_site import DeskSite
from tests.named_cases import CONTACT, NAME, add_named

PURPOSE = "报县纪委常委会审议"


async def full_case(site: DeskSite) -> tuple[str, Official]:
    """A case with a name, a file, messages, notes, an opinion and an investigation under way."""
    places = await site.do(factories.add_county)
    await site.do(factories.add_custodian)
    handler = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, display_name="县办丙"))
    leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    case = await site.do(lambda uow: add_named(uow, places[factories.VILLAGE], CONTACT))

    async def work(uow: Any) -> None:
        await uow.files.add(PHOTO, name=f"{NAME}拍的.jpg", origin="reporter", case_id=case.id)
        await uow.dialogue.from_reporter(case.id, "后来又送了一次", kind="supplement")
        await uow.recusals.declare(case.id, handler.id, "clear")
        await cases.accept(uow, handler, case.number)
        await cases.write_note(uow, handler, case.number, "先问会计")
        await disposals.propose(uow, handler, case.number, "preliminary_verification", "先去核实清楚")
        await disposals.approve(uow, leader, case.number)
        await investigations.add_evidence(uow, handler, case.number, "谈话笔录")

    await site.do(work)
    return case.number, handler


@pytest.fixture
async def site(storage: Storage) -> DeskSite:
    return DeskSite(storage)


@pytest.fixture
async def taken(site: DeskSite, tmp_path: Path) -> tuple[Path, str, Official]:
    """A dossier as a browser got it."""
    number, handler = await full_case(site)
    browser = await site.sign_in(handler)
    await browser.get(f"/desk/cases/{number}/export")
    answer = await browser.post(f"/desk/cases/{number}/export", {"purpose": PURPOSE})
    assert answer.status_code == 200, browser.text
    assert f"{number}.zip" in answer.headers["content-disposition"]
    path = tmp_path / "dossier.zip"
    path.write_bytes(answer.content)
    return path, number, handler


def everything_in(path: Path) -> bytes:
    """The members' bytes, the document's own parts unpacked."""
    found = b""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            found += data
            if name.endswith(".docx"):
                with zipfile.ZipFile(io.BytesIO(data)) as inner:
                    found += b"".join(inner.read(part) for part in inner.namelist())
    return found


async def test_a_dossier_holds_the_case_its_files_and_its_events_and_verifies_off_line(
    site: DeskSite, taken: tuple[Path, str, Official]
) -> None:
    path, number, handler = taken
    key = site.storage.keys.signer.public_key
    checked = dossier.check(path, key)
    assert (checked.manifest["case"], checked.manifest["purpose"]) == (number, PURPOSE)
    assert checked.events >= 5
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        (photo,) = [name for name in names if name.startswith("files/")]
        assert archive.read(photo) == PHOTO
        assert {"dossier.docx", "README.txt", "events.json", "manifest.json", "signature.json"} <= set(names)
        word = Document(io.BytesIO(archive.read("dossier.docx")))
        events = json.loads(archive.read("events.json"))
        readme = archive.read("README.txt").decode()
    for part in (word.sections[0].header, word.sections[0].footer):
        mark = part.paragraphs[0].text
        assert number in mark
        assert handler.display_name in mark
        assert PURPOSE in mark
    said = "\n".join(one.text for one in word.paragraphs)
    for words in ("送烟", "后来又送了一次", "先问会计", "谈话笔录"):
        assert words in said
    cells = {cell.text for table in word.tables for row in table.rows for cell in row.cells}
    assert checked.manifest["files"][photo]["sha256"] in cells
    assert "先去核实清楚" in cells
    assert [one["act"] for one in events][-1] == "case_read"
    assert key.hex() in readme


async def test_no_dossier_tells_who_reported(taken: tuple[Path, str, Official]) -> None:
    found = everything_in(taken[0])
    for hidden in (NAME, CONTACT):
        assert hidden.encode() not in found
        assert hidden.encode("utf-16-le") not in found


async def test_every_export_is_an_event_and_a_row_with_its_purpose_before_a_byte_leaves(
    site: DeskSite, taken: tuple[Path, str, Official]
) -> None:
    path, number, handler = taken
    async with site.storage.unit_of_work() as uow:
        (left,) = await uow.read(select(event).where(event.c.act == "case_exported"))
        (row,) = await uow.read(select(export))
    assert (left.actor, left.subject, left.detail["purpose"]) == (f"official/{handler.id}", f"case/{number}", PURPOSE)
    with zipfile.ZipFile(path) as archive:
        import hashlib

        assert (
            hashlib.sha256(archive.read("manifest.json")).hexdigest() == row.manifest_sha256 == left.detail["manifest"]
        )


async def test_looks_from_above_and_the_reporters_own_are_in_the_log_and_not_in_a_dossier_made_below(
    site: DeskSite, tmp_path: Path
) -> None:
    number, handler = await full_case(site)
    await site.do(lambda uow: uow.places.add(path="cn", kind="county", name="上级"))
    above = await site.do(lambda uow: factories.add_official(uow, Role.SUPERIOR, "cn"))
    person = await site.do(factories.add_person)

    async def look(uow: Any) -> None:
        case = await factories.read_case(uow, number)
        await uow.recusals.declare(case.id, above.id, "clear")
        await cases.open_file(uow, above, number)
        await follow_up.look(uow, person, number, opened=number)

    await site.do(look)
    acts: dict[int, list[tuple[str, str]]] = {}
    for who in (handler, above):
        made = await exports.export(site.storage, who, number, PURPOSE, lambda *_: [])
        with made, zipfile.ZipFile(made) as archive:
            found = json.loads(archive.read("events.json"))
        acts[who.id] = [(one["actor"], one["act"]) for one in found]
    assert (f"official/{above.id}", "case_read") not in acts[handler.id]
    assert (f"official/{above.id}", "case_read") in acts[above.id]
    assert not [act for one in acts.values() for _, act in one if act == "own_case_read"]


async def test_who_stands_back_while_it_is_being_built_gets_nothing(site: DeskSite) -> None:
    number, handler = await full_case(site)

    async def stand_back(uow: Any) -> None:
        case = await factories.read_case(uow, number)
        await recusals.recuse(uow, case, {handler.id: Ground.ASKED}, actor="system")

    get = site.storage.files.get

    async def slowly(file_id: str) -> bytes:
        await site.do(stand_back)  # nobody waits for the dossier
        return await get(file_id)

    site.storage.files.get = slowly  # type: ignore[method-assign]
    with pytest.raises(NotFound):
        await exports.export(site.storage, handler, number, PURPOSE, lambda *_: [])
    async with site.storage.unit_of_work() as uow:
        assert await uow.read(select(export)) == []


def small_dossier(path: Path) -> Path:
    with path.open("w+b") as file:
        writer = DossierWriter(file, Signer(bytes(range(32))))
        writer.add("files/01.bin", b"evidence")
        writer.add("events.json", b"[]")
        writer.finish({"format": 1, "case": "QF-2345-6789"})
    return path


def test_any_byte_changed_anywhere_in_the_file_is_found(tmp_path: Path) -> None:
    """Members, local headers, the directory, its end, the comment: every byte, every time."""
    path = small_dossier(tmp_path / "small.zip")
    sound = path.read_bytes()
    key = Signer(bytes(range(32))).public_key
    assert dossier.check(path).public_key == key
    chance = random.Random(20260311)  # noqa: S311 - a seed
    for at in range(len(sound)):
        changed = bytearray(sound)
        changed[at] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(DossierFault):
            dossier.check(path)
    for other in (sound[:-1], sound[1:], sound + b"\n", sound[: len(sound) // 2], b"", sound.upper()):
        path.write_bytes(other)
        with pytest.raises(DossierFault):
            dossier.check(path)


def rewritten(path: Path, name: str, data: bytes) -> None:
    """One member changed and the archive made and signed anew with another key, as a careful forger would."""
    with zipfile.ZipFile(path) as archive:
        members = {one: archive.read(one) for one in archive.namelist()} | {name: data}
    with path.open("w+b") as file:
        writer = DossierWriter(file, Signer(bytes(32)))
        for member, content in members.items():
            if member not in ("manifest.json", "signature.json"):
                writer.add(member, content)
        writer.finish({"format": 1, "case": "QF-2345-6789"})


def test_a_dossier_signed_anew_by_another_key_is_told_by_the_published_one(tmp_path: Path) -> None:
    path = small_dossier(tmp_path / "small.zip")
    rewritten(path, "files/01.bin", b"forged")
    assert dossier.check(path).key_id != Signer(bytes(range(32))).key_id
    with pytest.raises(DossierFault, match="another key"):
        dossier.check(path, Signer(bytes(range(32))).public_key)


def test_an_event_whose_hash_does_not_fit_is_found_though_the_file_is_signed(tmp_path: Path) -> None:
    path = small_dossier(tmp_path / "small.zip")
    forged = [
        {
            "id": 1,
            "at": "2026-03-11T02:00:00.000000+00:00",
            "actor": "official/1",
            "act": "case_read",
            "subject": "case/QF-2345-6789",
            "detail": {},
            "previous_hash": "",
            "hash": "0" * 64,
        }
    ]
    rewritten(path, "events.json", json.dumps(forged).encode())
    with pytest.raises(DossierFault, match="event 1"):
        dossier.check(path)


def test_the_command_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "small.zip").open("w+b") as file:
        writer = DossierWriter(file, Signer(bytes(range(32))))
        writer.add("events.json", b"[]")
        about = {"case": "QF-2345-6789", "exported_at": "2026-03-11", "exported_by": "县办丙", "purpose": PURPOSE}
        writer.finish({"format": 1, **about})
    path, key = str(tmp_path / "small.zip"), Signer(bytes(range(32)))
    assert main(["verify-export", path, "--public-key", key.public_key.hex()]) == 0
    assert "QF-2345-6789" in capsys.readouterr().out
    assert main(["verify-export", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["key_id"] == key.key_id
    assert main(["verify-export", path, "--public-key", "ab" * 32]) == 1
    assert "another key" in capsys.readouterr().out
    assert main(["verify-export", path, "--public-key", "xyz"]) == 2
    assert main(["verify-export", str(tmp_path / "none.zip")]) == 2
    Path(path).write_bytes(b"PK no zip")
    capsys.readouterr()
    assert main(["verify-export", path, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


@pytest.mark.pages
async def test_without_a_purpose_nothing_leaves_and_nothing_typed_is_lost(site: DeskSite) -> None:
    number, handler = await full_case(site)
    browser = await site.sign_in(handler)
    await browser.get(f"/desk/cases/{number}/export")
    answer = await browser.post(f"/desk/cases/{number}/export", {"purpose": "x"})
    assert answer.status_code == 422
    assert "写一句做什么用" in browser.text
    assert 'value="x"' in browser.source
    async with site.storage.unit_of_work() as uow:
        assert await uow.read(select(export)) == []


@pytest.mark.pages
async def test_only_who_may_read_the_case_takes_it_out(site: DeskSite) -> None:
    number, _ = await full_case(site)
    for role in (Role.AUDITOR, Role.ADMINISTRATOR, Role.CUSTODIAN, Role.VILLAGE_CLERK):
        browser, _ = await site.signed_in(role)
        await browser.get("/desk")
        answer = await browser.post(f"/desk/cases/{number}/export", {"purpose": PURPOSE})
        assert answer.status_code == 404, role  # as for a case that does not exist
    newcomer, official = await site.signed_in(Role.DISCIPLINE_OFFICIAL)
    await newcomer.get("/desk")
    answer = await newcomer.post(f"/desk/cases/{number}/export", {"purpose": PURPOSE})
    assert answer.headers["location"] == f"/desk/cases/{number}/declare"
    with pytest.raises(DeclarationNeeded):
        await exports.export(site.storage, official, number, PURPOSE, lambda *_: [])
    with pytest.raises(BadInput):
        await exports.export(site.storage, official, number, " ", lambda *_: [])


async def test_the_database_keeps_exports_and_takes_none_by_who_stands_back(site: DeskSite, taken: Any) -> None:
    _, number, _ = taken
    other = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))

    async def stand_back(uow: Any) -> None:
        case = await factories.read_case(uow, number)
        uow.recusals.recuse(case.id, other.id)

    await site.do(stand_back)
    rest = "purpose_sealed, manifest_sha256, at"
    copied = f"INSERT INTO export (case_id, official_id, {rest}) SELECT case_id, {other.id}, {rest} FROM export"
    for statement, rule in (
        ("UPDATE export SET official_id = official_id", "append_only"),
        ("DELETE FROM export", "append_only"),
        (copied, "export"),
    ):
        async with site.storage.database.writing() as connection:
            with pytest.raises(DBAPIError, match=f"qf:{rule}"):
                await connection.execute(text(statement))
