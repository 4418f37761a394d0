"""Large files (P3): the chat answers with a link that works once, the file comes piece by piece, nothing is lost."""

import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from handlers.services import uploads
from handlers.services.reports import MAX_FILE_BYTES
from storage.files import sha256
from storage.repositories.announcements import TOKEN_BYTES
from storage.signed_receipt import Verdict, verify
from storage.tables import metadata
from storage.tables.cases import evidence_announced, stored_file, upload_link
from storage.unit_of_work import Storage
from tests.channels import Site, Villager, answer, file_report, open_site, populate
from tests.handling import Staff

BIG = bytes(MAX_FILE_BYTES + 1)
FILM = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 6_000
_LINK = re.compile(r"http://qingfeng\.test/upload/([\w-]+)")


@pytest.fixture(params=["web", "telegram", "test"])
async def site(request: pytest.FixtureRequest, sqlite_storage: Storage) -> AsyncIterator[Site]:
    await populate(sqlite_storage)
    async with open_site(request.param, sqlite_storage) as opened:
        yield opened


@pytest.fixture
async def quiet(storage: Storage) -> AsyncIterator[Site]:
    """The test channel on each database."""
    await populate(storage)
    async with open_site("test", storage) as opened:
        yield opened


def token_in(heard: list[str]) -> str:
    found = _LINK.search("\n".join(heard))
    assert found, heard
    return found[1]


async def send(site: Site, token: str, data: bytes = FILM, name: str = "送钱.mp4", **more: Any) -> httpx.Response:
    return await site.new_client().post(f"/upload/{token}", files={"file": (name, data)}, **more)


async def begun(who: Villager) -> None:
    await who.say("我要反映")
    await answer(who, "村主任挨家送烟")


async def rows(site: Site, table: Any) -> int:
    async with site.storage.unit_of_work() as uow:
        return int((await uow.read(select(func.count()).select_from(table)))[0][0])


async def test_a_file_too_large_for_the_chat_is_answered_with_a_link_at_once(site: Site) -> None:
    who = await site.meet()
    await begun(who)
    before = time.monotonic()
    heard = await who.send_file(BIG, "送钱.mp4", "昨晚拍的")
    assert time.monotonic() - before < 2
    assert "超过20兆" in heard[-2]
    assert "一起发来的字收好了" in heard[-2]
    assert len(token_in(heard)) >= 128 / 6, "64 signs an hour would not guess it: 128 bits or more"
    draft = await who.draft()
    assert draft is not None
    assert "昨晚拍的" in draft.answers["what"]
    assert await rows(site, stored_file) == 0


async def test_the_file_comes_by_the_link_and_belongs_to_the_report(site: Site) -> None:
    who, staff = await site.meet(), await Staff.appointed(site)
    await begun(who)
    token = token_in(await who.send_file(BIG, "送钱.mp4"))
    page = await site.new_client().get(f"/upload/{token}")
    assert page.status_code == 200
    assert "500 兆" in page.text
    done = await send(site, token)
    assert done.status_code == 200
    assert sha256(FILM) in done.text
    for line in ("李大富", "[柳树村]", "昨天", "村口", "[亲眼看到]", "[发完了]", "王小明 13812345678"):
        await answer(who, line)
    receipt = (await who.press("对，提交"))[-1]
    assert sha256(FILM)[:8] in receipt
    number = re.search(r"QF-\w{4}-\w{4}", receipt)
    assert number
    (stored,) = (await staff.read(number[0])).files
    assert (stored.name, stored.media_type, stored.size) == ("送钱.mp4", "video/mp4", len(FILM))
    assert await site.storage.files.get(stored.id) == FILM


async def test_until_it_comes_the_case_says_so_and_then_reporter_and_officials_hear_of_it(site: Site) -> None:
    who, staff = await site.meet(), await Staff.appointed(site)
    number = await file_report(who)
    await who.press("补充材料")
    token = token_in(await who.send_file(BIG, "送钱.mp4", "收钱的录像"))
    seen = await staff.read(number)
    assert [one.name for one in seen.announced] == ["送钱.mp4"]
    assert [message.body for message in seen.messages] == ["收钱的录像"]
    done = await send(site, token, name="另一个名字.mp4")
    found = re.search(r"QFR1\.[\w.-]+", done.text)
    assert found
    seen = await staff.read(number)
    assert seen.announced == ()
    assert [one.name for one in seen.files] == ["另一个名字.mp4"]
    await site.deliver()
    assert "大文件收到了" in (await who.last()).text
    async with site.storage.unit_of_work() as uow:
        looked = verify(found[0], await uow.receipts.public_keys())
    assert looked.verdict is Verdict.GENUINE
    assert looked.receipt is not None
    assert looked.receipt.files == (sha256(FILM),)
    shown = "\n".join(await who.press("看新收据"))
    assert (
        verify(shown, {site.storage.keys.signer.key_id: site.storage.keys.signer.public_key}).receipt == looked.receipt
    )


async def test_a_link_can_be_asked_for_before_trying(site: Site) -> None:
    who = await site.meet()
    assert "先看看是哪一件的" in (await who.say("我要上传大文件"))[-1]
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    for line in ("李大富", "[柳树村]", "昨天", "村口", "[亲眼看到]"):
        await answer(who, line)
    other = token_in(await who.press("有大文件"))
    assert token != other
    assert (await send(site, other)).status_code == 200
    assert "1个文件，还有1个大文件等您传" in (await summary(who))


async def summary(who: Villager) -> str:
    await who.press("没有，下一步")
    return (await who.press("不留名"))[-1]


async def test_a_link_works_once_however_often_it_is_tried(quiet: Site) -> None:
    who = await quiet.meet()
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    assert len(token) >= TOKEN_BYTES
    assert (await send(quiet, token)).status_code == 200
    again = await send(quiet, token, b"something else")
    assert again.status_code == 410
    assert "我要上传大文件" in again.text
    assert (await quiet.new_client().get(f"/upload/{token}")).status_code == 410
    assert await rows(quiet, stored_file) == 1
    files = [path for path in quiet.storage.files.folder.rglob("*") if path.is_file()]
    assert len(files) == 1, "what came too late left nothing behind"


async def test_two_at_once_spend_it_once(quiet: Site) -> None:
    who = await quiet.meet()
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    written = [await quiet.storage.files.write(_some(b"one")), await quiet.storage.files.write(_some(b"two"))]
    async with quiet.storage.unit_of_work() as looking:
        link = await looking.announcements.by_token(token)
        assert link is not None
    assert await quiet.do(lambda uow: uploads.receive(uow, token, written[0], "一"))
    async with quiet.storage.unit_of_work() as uow:
        assert not await uow.announcements.spend(link), "it looked open a moment ago"


async def _some(data: bytes) -> AsyncIterator[bytes]:
    yield data


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "..%2f..%2fetc"])
async def test_a_token_that_never_was_looks_like_one_that_is_spent(quiet: Site, token: str) -> None:
    client = quiet.new_client()
    made_up, spent = await client.get(f"/upload/{token}"), await client.post(f"/upload/{token}", files={"file": b"x"})
    assert (made_up.status_code, spent.status_code) in {(410, 410), (404, 404)}


async def test_a_link_ends_after_a_day_and_a_new_one_is_given(quiet: Site, clock: Any) -> None:
    who = await quiet.meet()
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    clock.advance(timedelta(hours=24))
    assert (await send(quiet, token)).status_code == 410
    assert await rows(quiet, stored_file) == 0
    assert (await send(quiet, token_in(await who.say("我要上传大文件")))).status_code == 200


async def test_what_goes_wrong_on_the_way_costs_nothing(quiet: Site) -> None:
    who = await quiet.meet()
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    client = quiet.new_client()
    whole = client.build_request("POST", f"/upload/{token}", files={"file": ("a.mp4", FILM)})
    body, kind = whole.read(), whole.headers["content-type"]

    async def broken() -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]

    for content, headers, said in (
        (broken(), {"content-type": kind}, "断了"),
        (b"no form", {"content-type": kind}, "没有存下来"),
        (b"", {"content-type": kind}, "没有看到文件"),
        (b"file=x", {"content-type": "application/x-www-form-urlencoded"}, "没有看到文件"),
    ):
        answered = await client.post(f"/upload/{token}", content=content, headers=headers)
        assert answered.status_code == 400
        assert said in answered.text
    empty = await send(quiet, token, b"")
    assert (empty.status_code, "请再" in empty.text or "没有看到" in empty.text) == (400, True)
    assert [path for path in quiet.storage.files.folder.rglob("*") if path.is_file()] == []
    assert (await send(quiet, token)).status_code == 200, "the link still works"


async def test_more_than_half_a_gigabyte_is_refused_with_words(quiet: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    who = await quiet.meet()
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    refused = await quiet.new_client().post(
        f"/upload/{token}",
        content=b"",
        headers={"content-length": str(600 * 2**20), "content-type": "multipart/form-data; boundary=x"},
    )
    assert refused.status_code == 413
    monkeypatch.setattr(uploads, "LARGEST", 1_000_000)
    refused = await send(quiet, token)
    assert refused.status_code == 413, "a size that was not announced is counted"
    assert "超过500兆" in refused.text
    assert [path for path in quiet.storage.files.folder.rglob("*") if path.is_file()] == []


async def test_nothing_is_kept_of_whoever_hands_it_in(quiet: Site) -> None:
    who = await quiet.meet()
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    done = await send(quiet, token, headers={"user-agent": "SecretPhone/9", "x-forwarded-for": "203.0.113.77"})
    assert done.status_code == 200
    assert "set-cookie" not in done.headers
    kept = []
    async with quiet.storage.unit_of_work() as uow:
        for table in metadata.sorted_tables:
            for row in await uow.read(select(table)):
                kept += [value if isinstance(value, bytes) else str(value).encode() for value in row]
        (file,) = await uow.read(select(stored_file))
    assert not [one for one in kept if b"SecretPhone" in one or b"203.0.113" in one or token.encode() in one]
    assert file.chat_id is None


async def test_without_a_name_the_link_goes_on_working_and_ties_the_case_to_nobody(quiet: Site) -> None:
    who, staff = await quiet.meet(), await Staff.appointed(quiet)
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    for line in ("李大富", "[柳树村]", "昨天", "村口", "[亲眼看到]", "[没有，下一步]", "[不留名]"):
        await answer(who, line)
    receipt = (await who.press("对，提交"))[-1]
    number = re.search(r"QF-\w{4}-\w{4}", receipt)
    assert number
    async with quiet.storage.unit_of_work() as uow:
        (waiting,) = await uow.read(select(evidence_announced))
    assert (waiting.draft_id, waiting.case_id is not None) == (None, True)
    done = await send(quiet, token)
    assert "QFR1." in done.text, "who has no chat is given the new receipt here"
    assert number[0] not in done.text
    assert len((await staff.read(number[0])).files) == 1


async def test_a_dropped_draft_takes_its_links_with_it(quiet: Site) -> None:
    who = await quiet.meet()
    await begun(who)
    token = token_in(await who.say("我要上传大文件"))
    await who.say("不报了")
    await who.press("删掉，不报了")
    assert (await send(quiet, token)).status_code == 410
    assert await rows(quiet, upload_link) == await rows(quiet, evidence_announced) == 0


async def test_nobody_gets_links_without_end(quiet: Site) -> None:
    who = await quiet.meet()
    await begun(who)
    for _ in range(uploads.MOST_WAITING):
        token_in(await who.say("我要上传大文件"))
    assert "请先用那些" in (await who.say("我要上传大文件"))[-2]
    assert await rows(quiet, upload_link) == uploads.MOST_WAITING


async def test_an_article_about_the_case_tells_no_token(quiet: Site) -> None:
    who = await quiet.meet()
    number = await file_report(who)
    await who.press("补充材料")
    token = token_in(await who.say("我要上传大文件"))
    async with quiet.storage.unit_of_work() as uow:
        events = await uow.read(text("SELECT act, subject, detail FROM event"))
    assert ("evidence_announced", f"case/{number}") in [(row.act, row.subject) for row in events]
    assert token not in repr(events)
