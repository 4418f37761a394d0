"""Flaws of others' systems that touch access, each by its own name (peers.md 3, section 4.4).

Those with a home elsewhere: invitation expiry (CVE-2026-41902) in test_enrolment.py, a second factor enrolled for
somebody else (SEC-01-001) in test_passkeys.py and test_sign_in_rules.py, logout by GET (SEC-01-003) in
test_every_route.py and below, what a recused official sees (showdown#1035) in test_non_interference.py, test_roles.py
and below.
"""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from handlers.services import cases, links, recusals
from handlers.services.access import Caller
from handlers.services.errors import BadInput, NotFound, SignInRefused
from handlers.services.seats import close_seat
from knowledge.casework.access import Role
from knowledge.casework.recusal import Ground
from storage.tables.cases import case_link
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories
from tests.desk_site import DeskSite, totp_now


@pytest.fixture
async def site(storage: Storage) -> DeskSite:
    made = DeskSite(storage)
    await made.do(factories.add_county)
    return made


async def a_case(site: DeskSite, path: str = factories.VILLAGE, unit: str = factories.COUNTY) -> str:
    async def act(uow: UnitOfWork) -> str:
        place = await uow.places.by_path(path)
        assert place is not None
        return (await factories.add_case(uow, place, unit_path=unit)).number

    return str(await site.do(act))


async def test_sec_01_003_a_link_or_a_picture_signs_nobody_out(site: DeskSite) -> None:
    browser, _ = await site.signed_in()
    for path in ("/desk/sign-out", "/desk/sign-out?csrf=" + browser.csrf):
        assert (await browser.client.get(path)).status_code == 404
        assert (await browser.client.head(path)).status_code == 405
    assert (await browser.get("/desk")).status_code == 200


@pytest.mark.parametrize("hidden", ["elsewhere", "recused", "none"])
async def test_cve_2026_34722_no_link_is_made_to_a_case_one_may_not_see(site: DeskSite, hidden: str) -> None:
    """Neither made nor told apart: the answer is that of a number that never was."""
    browser, official = await site.signed_in(Role.DISCIPLINE_OFFICIAL, factories.TOWN)
    mine = await a_case(site, unit=factories.TOWN)
    other = "QF-ZZZZ-ZZZZ"
    if hidden == "elsewhere":
        other = await a_case(site)
    if hidden == "recused":
        other = await a_case(site, unit=factories.TOWN)

        async def stand_back(uow: UnitOfWork) -> None:
            case = await factories.read_case(uow, other)
            await recusals.recuse(uow, case, {official.id: Ground.ASKED}, actor="system")

        await site.do(stand_back)
    async with site.storage.unit_of_work() as uow:
        with pytest.raises(BadInput) as refused:
            await links.link(uow, official, mine, other, "related")
    assert (refused.value.field, refused.value.fault) == ("other", "unknown")
    await browser.open_case(mine)
    await browser.post(f"/desk/cases/{mine}/link", {"other": other, "link_kind": "related"})
    assert browser.status == 422
    assert "没有找到这个编号" in browser.text
    async with site.storage.unit_of_work() as uow:
        assert await uow.read(select(case_link)) == []


async def test_gl_4570_what_somebody_wrote_stays_when_they_lose_their_seat(site: DeskSite) -> None:
    first, _ = await site.signed_in()
    leaves = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))
    number = await a_case(site)
    theirs = await site.sign_in(leaves)
    await theirs.open_case(number)
    await theirs.post(f"/desk/cases/{number}/note", {"body": "问过会计，账本在柜子里"}, then=f"/desk/cases/{number}")
    await theirs.post(f"/desk/cases/{number}/message", {"message": "收到了，三天内给您回话。"})
    sent = {"message": "收到了，三天内给您回话。", "looked_again": "yes"}
    await theirs.post(f"/desk/cases/{number}/message/send", sent)
    await site.do(lambda uow: close_seat(uow, leaves.username))
    assert (await theirs.get(f"/desk/cases/{number}")).status_code == 303
    await first.open_case(number)
    assert "问过会计，账本在柜子里" in first.text
    assert "收到了，三天内给您回话。" in first.text
    assert leaves.display_name in first.text


async def test_showdown_1035_a_recused_official_sees_no_grey_row_no_count_and_no_date(site: DeskSite) -> None:
    browser, official = await site.signed_in()
    await browser.get("/desk")
    pages = ("/desk", "/desk/cases", "/desk/cases?q=QF", "/desk/transfers", "/desk/account")
    before = [(await browser.client.get(path)).text for path in pages]
    number = await a_case(site)

    async def stand_back(uow: UnitOfWork) -> None:
        case = await factories.read_case(uow, number)
        await recusals.recuse(uow, case, {official.id: Ground.NAMED}, actor="system")

    await site.do(stand_back)
    assert [(await browser.client.get(path)).text for path in pages] == before
    async with site.storage.unit_of_work() as uow:
        for act in (cases.open_file, cases.accept, cases.register):
            with pytest.raises(NotFound):
                await act(uow, official, number)


async def seat(site: DeskSite, username: str = "zhang") -> str:
    made = await site.do(
        lambda uow: site.access.create_official(
            uow,
            username=username,
            display_name="张三",
            role=Role.DISCIPLINE_OFFICIAL,
            place_path=factories.COUNTY,
            password=factories.PASSWORD,
        )
    )
    return str(made.totp_secret)


async def attempt(site: DeskSite, secret: str, *, password: str = factories.PASSWORD, **caller: str) -> str | int:
    """The token a browser is known by afterwards, or how long a refusal says to wait."""
    username = caller.pop("username", "zhang")
    async with site.storage.unit_of_work() as uow:
        try:
            signed = await site.access.sign_in(
                uow,
                username=username,
                password=password,
                code=totp_now(secret, site.storage) if secret else "000000",
                caller=Caller(**{"address": "10.0.0.1", **caller}),
            )
        except SignInRefused as refused:
            return refused.wait_seconds
        finally:
            await uow.commit()
    return signed.device_token


async def test_strangers_failures_do_not_keep_an_official_out_of_a_browser_they_used_before(
    site: DeskSite, clock
) -> None:
    """P9: no lock-out by strangers, from whichever address and however long they go on."""
    secret = await seat(site)
    known = await attempt(site, secret)
    assert isinstance(known, str)
    for number in range(40):
        clock.advance(timedelta(seconds=10))
        await attempt(site, "", password="guess guess guess", address=f"10.1.0.{number % 7}")
    assert isinstance(await attempt(site, secret, address="10.1.0.1"), int), "a browser nobody knows has to wait"
    assert await attempt(site, secret, address="10.1.0.1", known_by=known) == known
    for _ in range(5):
        await attempt(site, "", password="guess guess guess", known_by=known)
    clock.advance(timedelta(seconds=30))
    assert await attempt(site, secret, known_by=known) == 30, "who stole the cookie waits like everybody"


async def test_a_cookie_of_one_account_is_no_key_to_the_tries_of_another(site: DeskSite) -> None:
    secret = await seat(site)
    known = await attempt(site, secret)
    await seat(site, "wang")
    for _ in range(5):
        assert await attempt(site, "", password="guess", known_by=str(known), username="wang") == 0
    assert await attempt(site, "", password="guess", username="wang", address="10.0.0.9") == 60


async def test_a_name_nobody_has_costs_the_same_statements_and_the_same_hashing(
    site: DeskSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: constant answer and work, counted instead of timed."""
    await seat(site)
    statements: list[str] = []
    hashed: list[str | None] = []
    for engine in {site.storage.database.writer.sync_engine, site.storage.database.reader.sync_engine}:
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    checked = site.access.hashing._matches

    def counted(password_hash: str, password: str) -> bool:
        hashed.append("$".join(password_hash.split("$")[:4]))
        return checked(password_hash, password)

    monkeypatch.setattr(site.access.hashing, "_matches", counted)
    work = []
    for number, username in enumerate(("zhang", "nobody", "zhang", "also nobody")):
        statements.clear()
        hashed.clear()
        assert await attempt(site, "", password="guess", username=username, address=f"10.0.2.{number}") == 0
        work.append((tuple(statements), tuple(hashed)))
    assert work[0] == work[1] == work[3]
    assert len(work[0][1]) == 1
