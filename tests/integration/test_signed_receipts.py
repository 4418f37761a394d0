"""The signed receipt (N12): given at filing by every way in, verified by page and command, taken by the level above."""

import hashlib
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.__main__ import main
from handlers.services.filing import Attachment, Filings, Statement
from handlers.services.intake import Intake
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.clock import local_date
from storage.repositories.officials import Official
from storage.signed_receipt import SignedReceipt, Verdict, clean, verify
from storage.unit_of_work import Storage
from storage.vault import KeyRing
from tests import factories
from tests.channels import PHOTO, STORY, Site, answer, file_report, number_in, open_site, populate
from tests.desk_site import Browser, DeskSite
from tests.fakes import FakeClock

PASSED = timedelta(days=30)
HASH = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture(params=["web", "telegram", "test"])
async def site(request: pytest.FixtureRequest, sqlite_storage: Storage) -> AsyncIterator[Site]:
    await populate(sqlite_storage)
    async with open_site(request.param, sqlite_storage) as opened:
        yield opened


@pytest.fixture
async def quiet(storage: Storage) -> AsyncIterator[Site]:
    await populate(storage)
    async with open_site("test", storage) as opened:
        yield opened


def genuine(storage: Storage, words: str) -> SignedReceipt:
    looked = verify(words, {storage.keys.signer.key_id: storage.keys.signer.public_key})
    assert looked.verdict is Verdict.GENUINE, words
    assert looked.receipt is not None
    return looked.receipt


async def test_whoever_files_in_a_chat_gets_one_and_each_file_later_a_new_one(site: Site, clock: FakeClock) -> None:
    who = await site.meet()
    await who.say("我要反映")
    await answer(who, STORY)
    await who.send_photo(PHOTO)
    for line in ("李大富", "[柳树村]", "昨天", "村口", "[亲眼看到]", "[发完了]", "王小明 13812345678"):
        await answer(who, line)
    words = (await who.press("对，提交"))[-1]
    number, first = number_in(words), genuine(site.storage, words)
    assert first.files == (HASH,)
    assert first.received_at == site.storage.clock.now().replace(microsecond=0)
    for secret in (number, "李大富", "王小明", "柳树村", STORY):
        assert secret not in json.dumps(first.payload().decode())
    await who.press("补充材料")
    clock.advance(timedelta(minutes=1))
    await who.send_photo(PHOTO + b"2")
    await who.say("我的反映")
    await who.press(f"看 {number}")
    newest = genuine(site.storage, "\n".join(await who.press("收据")))
    assert newest.files == (HASH, hashlib.sha256(PHOTO + b"2").hexdigest())
    assert newest.token != first.token, "two receipts of one case cannot be told to be of one"


async def test_without_a_name_it_is_given_too_and_joins_nobody_to_the_case(quiet: Site) -> None:
    who = await quiet.meet()
    await who.say("我要反映")
    for line in (STORY, "李大富", "[柳树村]", "昨天", "村口", "[亲眼看到]", "[没有，下一步]", "[不留名]"):
        await answer(who, line)
    assert genuine(quiet.storage, (await who.press("对，提交"))[-1]).files == ()


def filings() -> Filings:
    return Filings(Intake(Classifier(load_categories())))


async def clerk(storage: Storage) -> Official:
    async with storage.unit_of_work() as uow:
        official = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
        await uow.commit()
    return official


async def test_a_report_written_down_at_the_desk_gets_one_and_the_same_form_the_same(quiet: Site) -> None:
    official = await clerk(quiet.storage)
    said = Statement(
        token="t",
        via="walk_in",
        received_on=local_date(quiet.storage.clock.now()),
        place_path=factories.VILLAGE,
        narrative={"what": "有人挨家送烟"},
        files=(Attachment("照片.jpg", PHOTO),),
    )
    given = [await quiet.do(lambda uow: filings().file(uow, official, said)) for _ in range(2)]
    assert genuine(quiet.storage, given[0].signed).files == (HASH,)
    assert given[0].signed == given[1].signed


async def test_an_imported_register_gets_them_in_the_transaction_that_enters_it(quiet: Site) -> None:
    official = await clerk(quiet.storage)
    row = {"path": factories.VILLAGE, "received_on": "2026-03-01", "via": "letter", "what": "账目不公开"}
    rows = [{**row, "who": who, "when": "", "where": "", "how_known": ""} for who in ("甲", "乙")]
    assert await quiet.do(lambda uow: filings().enter(uow, official, rows)) == (2, 0)
    async with quiet.storage.unit_of_work() as uow:
        ids = [row.case_id for row in await uow.read(text("SELECT case_id FROM case_receipt"))]
        texts = [await uow.receipts.newest(case_id) for case_id in ids]
    assert len(set(ids)) == 2
    assert {genuine(quiet.storage, one or "").received_at.date().isoformat() for one in texts} == {"2026-03-01"}


# The public pages


async def receipt_of(site: Site) -> tuple[str, str]:
    who = await site.meet()
    await file_report(who)
    words = (await who.last()).text
    return number_in(words), clean(words)


async def test_the_page_says_genuine_or_not_and_nothing_of_the_case(quiet: Site) -> None:
    number, receipt = await receipt_of(quiet)
    client = quiet.new_client()
    assert (await client.get("/receipt")).status_code == 200
    shown = await client.post("/receipt", data={"receipt": f"给您看看：{receipt}"})
    assert "是真的" in shown.text
    assert "data:image/svg+xml" in shown.text, "to be kept as a picture"
    for secret in (number, "李大富", "柳树村", "王"):
        assert secret not in shown.text
    at = receipt.index(".") + 20
    altered = receipt[:at] + ("A" if receipt[at] != "A" else "B") + receipt[at + 1 :]
    assert "对不上" in (await client.post("/receipt", data={"receipt": altered})).text
    assert "没有看到收据" in (await client.post("/receipt", data={"receipt": "你好"})).text
    assert "是真的" in (await client.post("/receipt", files={"file": ("收据.txt", receipt.encode())})).text
    assert (await client.post("/receipt", data={"receipt": "x" * 300_000})).status_code == 413
    typed = await client.post("/receipt", data={"receipt": '"><script>alert(1)</script>'})
    assert "<script>alert" not in typed.text


async def test_a_receipt_stays_good_when_the_key_is_another(quiet: Site) -> None:
    _, receipt = await receipt_of(quiet)
    quiet.storage.keys = KeyRing(bytes(reversed(range(32))))  # what a rotation leaves: another key signs from now on
    async with quiet.storage.unit_of_work() as uow:
        await uow.receipts.publish_key()
        await uow.commit()
    client = quiet.new_client()
    assert "是真的" in (await client.post("/receipt", data={"receipt": receipt})).text
    published = (await client.get("/keys.json")).json()["keys"]
    assert len(published) == 2
    page = (await client.get("/keys")).text
    assert all(one["key_id"] in page and one["public_key"] in page for one in published)


async def test_the_pages_run_no_script_of_their_own_and_work_without_any(quiet: Site) -> None:
    client = quiet.new_client()
    for path in ("/receipt", "/keys", "/upload/nothing"):
        page = (await client.get(path)).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", page), path
        assert 'name="viewport"' in page


# Off line


async def test_the_command_verifies_off_line_with_a_published_key(
    quiet: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    who = await quiet.meet()
    await file_report(who)
    await who.press("补充材料")
    await who.send_photo(PHOTO)
    async with quiet.storage.unit_of_work() as uow:
        (row,) = await uow.read(text("SELECT case_id FROM case_receipt ORDER BY id DESC LIMIT 1"))
        receipt = await uow.receipts.newest(row.case_id)
    assert receipt
    keys = (await quiet.new_client().get("/keys.json")).text
    (tmp_path / "keys.json").write_text(keys)
    (tmp_path / "receipt.txt").write_text(f"收据：\n{receipt[:50]}\n{receipt[50:]}\n")
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    (tmp_path / "other.jpg").write_bytes(PHOTO + b"x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QINGFENG_DATABASE_URL", "sqlite:///nowhere/nothing.db")
    public = json.loads(keys)["keys"][0]["public_key"]
    assert main(["verify-receipt", "receipt.txt", "--public-key", public]) == 0
    assert "GENUINE" in capsys.readouterr().out
    assert main(["verify-receipt", "receipt.txt", "--keys", "keys.json", "--covers", "photo.jpg", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["receipt"]["files"]) == (True, [HASH])
    assert main(["verify-receipt", "receipt.txt", "--keys", "keys.json", "--covers", "other.jpg"]) == 1
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(receipt.replace("e", "f", 1).encode())))
    assert main(["verify-receipt", "-", "--public-key", public]) == 1
    assert main(["verify-receipt", "receipt.txt", "--public-key", "00" * 32]) == 1
    assert "UNKNOWN KEY" in capsys.readouterr().out
    assert main(["verify-receipt", "receipt.txt", "--public-key", "00"]) == 2
    assert main(["verify-receipt", "missing.txt", "--public-key", public]) == 2
    assert list(tmp_path.glob("nowhere")) == []


# The level above


async def at_desk(desk: DeskSite, role: Role, path: str) -> tuple[Browser, Official]:
    browser, official = await desk.signed_in(role, path)
    return browser, official


async def hand_in(browser: Browser, receipt: str) -> str:
    await browser.get("/desk/oversight")
    answered = await browser.post("/desk/oversight/by-receipt", {"receipt": receipt})
    return answered.headers.get("location", "") or browser.text


async def test_a_holder_can_have_the_level_above_ask_why_nothing_was_done(
    sqlite_storage: Storage, clock: FakeClock
) -> None:
    await populate(sqlite_storage)
    desk = DeskSite(sqlite_storage)
    async with open_site("web", sqlite_storage) as site:
        below = await desk.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, factories.TOWN))
        number, receipt = await receipt_of(site)
        browser, superior = await at_desk(desk, Role.SUPERIOR, factories.COUNTY)
        assert "还没过" in await hand_in(browser, receipt)
        assert "没有看到收据" in await hand_in(browser, "QF-2222-3333")
        assert "对不上" in await hand_in(browser, receipt[:-4] + "AAAA")
        clock.advance(PASSED)
        browser = await desk.sign_in(superior)
        assert await hand_in(browser, receipt) == f"/desk/oversight/{number}"
        await browser.get("/desk/oversight")
        asked = browser.text[browser.text.index("反映人问上来的") :]
        assert number in asked
        await hand_in(browser, receipt)
        async with sqlite_storage.unit_of_work() as uow:
            case = await factories.read_case(uow, number)
            (one,) = await uow.escalations.of_case(case.id)
            events = await uow.read(text("SELECT actor, subject FROM event WHERE act = 'asked_above_by_receipt'"))
            assert [(row.actor, row.subject) for row in events] == [(f"official/{superior.id}", f"escalation/{one.id}")]
            assert not await uow.read(
                text(f"SELECT 1 FROM event WHERE subject = 'case/{number}' AND actor = 'official/{superior.id}'")
            )
        assert below.id


async def test_whom_the_report_names_and_whoever_is_not_above_hear_the_same_as_of_no_case(
    sqlite_storage: Storage, clock: FakeClock
) -> None:
    await populate(sqlite_storage)
    desk = DeskSite(sqlite_storage)
    async with open_site("web", sqlite_storage) as site:
        await desk.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, factories.TOWN))
        named = await desk.do(lambda uow: factories.add_official(uow, Role.SUPERIOR, factories.COUNTY))
        await desk.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, factories.COUNTY))
        _, receipt = await receipt_of(site)
        clock.advance(PASSED)
        async with sqlite_storage.unit_of_work() as uow:
            case_id = await uow.receipts.case_of(genuine(sqlite_storage, receipt).token)
            assert case_id
            uow.recusals.recuse(case_id, named.id, "named")
            await uow.commit()
        beside, _ = await at_desk(desk, Role.DISCIPLINE_LEADER, factories.TOWN)
        for browser in (await desk.sign_in(named), beside):
            heard = await hand_in(browser, receipt)
            assert "不是您下级办的件" in heard
        clerk_browser, _ = await at_desk(desk, Role.DISCIPLINE_OFFICIAL, factories.COUNTY)
        await clerk_browser.get("/desk")
        refused = await clerk_browser.post("/desk/oversight/by-receipt", {"receipt": receipt})
        assert refused.status_code == 403
        async with sqlite_storage.unit_of_work() as uow:
            assert await uow.escalations.unanswered() == []
