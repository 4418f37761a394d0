"""Invitations, resets, and the own seat (P9, P10, P11, P30): single use, a day, one's own browser."""

import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import event

from handlers.services import appointments, enrolment
from handlers.services.access import SESSION_LONGEST, Caller
from handlers.services.appointments import Appointment
from handlers.services.errors import SignInRefused
from handlers.services.seats import SeatChange, change_seat, close_seat
from knowledge.casework.access import Role
from storage.custody import seal_to
from storage.repositories.officials import Official
from storage.unit_of_work import Storage
from tests import factories
from tests.desk_site import Browser, DeskSite, totp_now

pytestmark = pytest.mark.pages

NEW = "铁锅 水车 三月 斑鸠 借伞"
ACCOUNT = "/desk/account"


@pytest.fixture
async def site(storage: Storage) -> DeskSite:
    made = DeskSite(storage)
    await made.do(factories.add_county)
    return made


async def invited(site: DeskSite, role: Role = Role.DISCIPLINE_OFFICIAL) -> tuple[Official, str]:
    admin = await site.do(lambda uow: factories.add_official(uow, Role.ADMINISTRATOR))
    wanted = Appointment("newcomer", "新来的", str(role), factories.COUNTY)
    found: tuple[Official, str] = await site.do(lambda uow: appointments.invite(uow, admin, wanted))
    return found


async def opened(site: DeskSite, token: str) -> tuple[Browser, str]:
    """A browser that has opened a link, and the secret it is shown."""
    browser = site.browser()
    await browser.get(f"/desk/invitation/{token}")
    await browser.post(f"/desk/invitation/{token}")
    found = re.search(r'class="secret figures">([A-Z2-7 ]+)<', browser.source)
    return browser, found.group(1).replace(" ", "") if found else ""


def form(site: DeskSite, secret: str, **changed: str) -> dict[str, str]:
    code = totp_now(secret, site.storage) if secret else "000000"
    return {"step": "finish", "password": NEW, "again": NEW, "code": code, **changed}


async def seated(site: DeskSite, role: Role = Role.DISCIPLINE_OFFICIAL) -> tuple[Browser, str, str]:
    """Somebody who has set up their seat: browser, username, authenticator secret."""
    _, token = await invited(site, role)
    browser, secret = await opened(site, token)
    await browser.post(f"/desk/invitation/{token}", form(site, secret), then=ACCOUNT)
    return browser, "newcomer", secret


async def signs_in(site: DeskSite, secret: str, password: str = NEW, username: str = "newcomer") -> bool:
    async with site.storage.unit_of_work() as uow:
        try:
            code = totp_now(secret, site.storage)
            await site.access.sign_in(uow, username=username, password=password, code=code, caller=Caller("10.9.9.9"))
        except SignInRefused:
            await uow.commit()
            return False
        await uow.commit()
    return True


async def test_who_is_invited_sets_up_the_seat_alone_and_comes_in(site: DeskSite, clock) -> None:
    browser, _, secret = await seated(site)
    assert "设好了" in browser.text
    assert "就是这里" in browser.text
    clock.advance(timedelta(seconds=30))
    assert await signs_in(site, secret)
    assert len(secret) == 32, "160 bits"


async def test_before_that_nobody_signs_in_with_the_name(site: DeskSite) -> None:
    await invited(site)
    for password in ("", NEW):
        assert not await signs_in(site, pyotp.random_base32(), password)


async def test_an_expired_invitation_opens_nothing(site: DeskSite, clock) -> None:
    """CVE-2026-41902: also when it was opened in time, and also at the last step."""
    _, token = await invited(site)
    browser, secret = await opened(site, token)
    clock.advance(timedelta(hours=24))
    await browser.post(f"/desk/invitation/{token}", form(site, secret))
    assert browser.status == 410
    late, shown = await opened(site, token)
    assert (late.status, shown) == (410, "")
    async with site.storage.unit_of_work() as uow:
        assert await uow.officials.credentials("newcomer") is None


async def test_forged_expired_used_and_revoked_links_are_answered_alike_and_by_the_same_work(
    site: DeskSite, clock
) -> None:
    """P11: the same bytes, the same statements, the same hashing."""
    admin = await site.do(lambda uow: factories.add_official(uow, Role.ADMINISTRATOR))
    wanted = Appointment("expired", "过期的", "auditor", factories.COUNTY)
    _, expired = await site.do(lambda uow: appointments.invite(uow, admin, wanted))
    clock.advance(timedelta(hours=25))
    official, revoked = await invited(site)
    _, used = await site.do(lambda uow: enrolment.make_link(uow, official, made_by=None))
    browser, secret = await opened(site, used)
    await browser.post(f"/desk/invitation/{used}", form(site, secret), then=ACCOUNT)
    seen, work = set(), set()
    statements: list[str] = []
    engines = {site.storage.database.writer.sync_engine, site.storage.database.reader.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for token in ("forged-as-it-is", expired, revoked, used):
        for fields in ({}, form(site, "")):
            stranger = site.browser()
            await stranger.get(f"/desk/invitation/{token}")
            looked = (stranger.status, stranger.source.replace(token, "T").replace(stranger.csrf, "C"))
            statements.clear()
            await stranger.post(f"/desk/invitation/{token}", fields)
            seen.add((*looked, stranger.status, stranger.source.replace(token, "T").replace(stranger.csrf, "C")))
            work.add(tuple(statements))
    assert len(seen) == 1
    assert len(work) == 1
    assert not any(text.startswith(("UPDATE", "INSERT", "DELETE")) for text in work.pop())


async def test_looking_spends_nothing_and_a_link_belongs_to_the_browser_that_opened_it(site: DeskSite) -> None:
    """SEC-01-001: who made the link, or reads it on the way, does not know the secret that is set up."""
    _, token = await invited(site)
    curious, seen = await opened(site, token)
    browser, secret = await opened(site, token)
    assert seen != secret
    again = await browser.post(f"/desk/invitation/{token}")
    assert secret[:4] in again.text, "the same browser sees the same picture"
    await curious.post(f"/desk/invitation/{token}", form(site, secret))
    assert curious.status == 422
    fresh = site.browser()
    await fresh.get(f"/desk/invitation/{token}")
    await fresh.post(f"/desk/invitation/{token}", form(site, secret))
    assert fresh.status == 410
    await browser.post(f"/desk/invitation/{token}", form(site, secret), then=ACCOUNT)
    await curious.post(f"/desk/invitation/{token}", form(site, seen))
    assert curious.status == 410


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "newcomer2026", "again": "newcomer2026"}, "太容易猜到"),
        ({"password": "short", "again": "short"}, "至少 12 个字符"),
        ({"again": "another one entirely"}, "两次写的密码不一样"),
        ({"code": "000000"}, "验证码不对"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_used_up(site: DeskSite, wrong: dict[str, str], said: str) -> None:
    _, token = await invited(site)
    browser, secret = await opened(site, token)
    await browser.post(f"/desk/invitation/{token}", form(site, secret, **wrong))
    assert browser.status == 422
    assert said in browser.text
    assert NEW not in browser.source
    await browser.post(f"/desk/invitation/{token}", form(site, secret), then=ACCOUNT)


@pytest.mark.parametrize("how", ["role", "place", "closed", "newer"])
async def test_an_invitation_ends_with_the_seat_it_was_made_for(site: DeskSite, how: str) -> None:
    official, token = await invited(site)
    acts = {
        "role": lambda uow: change_seat(uow, "newcomer", SeatChange(role="auditor")),
        "place": lambda uow: change_seat(uow, "newcomer", SeatChange(place_path=factories.TOWN)),
        "closed": lambda uow: close_seat(uow, "newcomer"),
        "newer": lambda uow: enrolment.make_link(uow, official, made_by=None),
    }
    await site.do(acts[how])
    browser, _ = await opened(site, token)
    assert browser.status == 410


async def reset(site: DeskSite) -> str:
    async with site.storage.unit_of_work() as uow:
        official = await uow.officials.by_username("newcomer")
    assert official is not None
    kind, token = await site.do(lambda uow: enrolment.make_link(uow, official, made_by=None))
    assert kind == "reset"
    return str(token)


OTHER = "纸船 木桥 石榴 七里 风筝"


async def test_a_reset_replaces_the_password_for_who_still_has_the_phone(site: DeskSite, clock) -> None:
    old_browser, _, old = await seated(site)
    clock.advance(timedelta(minutes=1))
    token = await reset(site)
    browser, secret = await opened(site, token)
    proof = {"password": OTHER, "again": OTHER, "old_code": totp_now(old, site.storage)}
    await browser.post(f"/desk/invitation/{token}", form(site, secret, **proof), then=ACCOUNT)
    assert (await old_browser.get("/desk")).status_code == 303, "who was signed in is out"
    clock.advance(timedelta(minutes=1))
    assert not await signs_in(site, old, NEW)
    assert not await signs_in(site, old, OTHER)
    assert await signs_in(site, secret, OTHER)


async def test_a_reset_replaces_the_phone_for_who_still_knows_the_password(site: DeskSite, clock) -> None:
    await seated(site)
    clock.advance(timedelta(minutes=1))
    token = await reset(site)
    browser, secret = await opened(site, token)
    proof = {"password": OTHER, "again": OTHER, "old_password": NEW}
    await browser.post(f"/desk/invitation/{token}", form(site, secret, **proof), then=ACCOUNT)
    clock.advance(timedelta(minutes=1))
    assert await signs_in(site, secret, OTHER)


async def test_whoever_made_a_reset_cannot_use_it(site: DeskSite, clock) -> None:
    """An administrator reads no cases: not with a link of their own making either; and guessing has to wait."""
    await seated(site)
    clock.advance(timedelta(minutes=1))
    token = await reset(site)
    browser, secret = await opened(site, token)
    for proof in ({}, {"old_password": "is it this one?"}, {"old_code": "123456"}, {"old_code": ""}, {"old_code": "1"}):
        await browser.post(f"/desk/invitation/{token}", form(site, secret, password=OTHER, again=OTHER, **proof))
        assert browser.status == 422
        assert "旧密码或者旧手机的验证码不对" in browser.text
    await browser.post(f"/desk/invitation/{token}", form(site, secret, old_password=NEW))
    assert "请等 1 分钟再试" in browser.text


async def custodian_reads(site: DeskSite, sealed: bytes, password: str) -> str:
    async with site.storage.unit_of_work() as uow:
        official = await uow.officials.by_username("newcomer")
        assert official is not None
        keys = (await uow.officials.custodians())[official.id]
    return keys.open(password, sealed)


async def sealed_to_newcomer(site: DeskSite) -> bytes:
    async with site.storage.unit_of_work() as uow:
        (keys,) = (await uow.officials.custodians()).values()
    return seal_to(keys.public_key, "周小雨")


async def test_a_custodians_key_follows_to_another_password(site: DeskSite) -> None:
    browser, _, _ = await seated(site, Role.CUSTODIAN)
    sealed = await sealed_to_newcomer(site)
    assert await custodian_reads(site, sealed, NEW) == "周小雨"
    change = {"old": NEW, "password": OTHER, "again": OTHER}
    await browser.post(f"{ACCOUNT}/password", change, then=ACCOUNT)
    assert "密码换好了" in browser.text
    assert "救急码" not in browser.text
    assert await custodian_reads(site, sealed, OTHER) == "周小雨"


async def test_after_a_reset_without_the_old_password_a_custodians_key_is_untouched_and_the_page_says_so(
    site: DeskSite, clock
) -> None:
    _, _, old = await seated(site, Role.CUSTODIAN)
    sealed = await sealed_to_newcomer(site)
    clock.advance(timedelta(minutes=1))
    token = await reset(site)
    browser, secret = await opened(site, token)
    proof = {"password": OTHER, "again": OTHER, "old_code": totp_now(old, site.storage)}
    await browser.post(f"/desk/invitation/{token}", form(site, secret, **proof), then=ACCOUNT)
    assert "救急码" in browser.text
    assert await custodian_reads(site, sealed, NEW) == "周小雨"
    third = "黄牛 灯笼 半夏 渡口 谷雨"
    await browser.post(f"{ACCOUNT}/password", {"old": OTHER, "password": third, "again": third}, then=ACCOUNT)
    assert "更早的密码" in browser.text
    assert await custodian_reads(site, sealed, NEW) == "周小雨"


async def test_another_password_needs_the_old_one_and_ends_every_other_session(site: DeskSite, clock) -> None:
    browser, username, secret = await seated(site)
    official = await site.do(lambda uow: uow.officials.by_username(username))
    elsewhere = await site.sign_in(official)
    for wrong, said in (
        ({"old": "not it at all"}, "密码不对"),
        ({"password": "newcomer2026", "again": "newcomer2026"}, "太容易猜到"),
        ({"again": "something else"}, "两次写的密码不一样"),
    ):
        await browser.post(f"{ACCOUNT}/password", {"old": NEW, "password": OTHER, "again": OTHER, **wrong})
        assert (browser.status, said in browser.text) == (422, True), wrong
        assert OTHER not in browser.source
    await browser.post(f"{ACCOUNT}/password", {"old": NEW, "password": OTHER, "again": OTHER}, then=ACCOUNT)
    assert (await elsewhere.get("/desk")).status_code == 303
    clock.advance(timedelta(minutes=1))
    assert await signs_in(site, secret, OTHER)


async def test_a_new_phone_takes_the_place_of_the_old_one(site: DeskSite, clock) -> None:
    browser, _, old = await seated(site)
    await browser.post(f"{ACCOUNT}/code")
    found = re.search(r'class="secret figures">([A-Z2-7 ]+)<', browser.source)
    assert found
    secret = found.group(1).replace(" ", "")
    await browser.post(f"{ACCOUNT}/code/finish", {"code": "000000"})
    assert "验证码不对" in browser.text
    assert secret[:4] in browser.text, "the same picture"
    await browser.post(f"{ACCOUNT}/code/finish", {"code": totp_now(secret, site.storage)}, then=ACCOUNT)
    clock.advance(timedelta(minutes=1))
    assert not await signs_in(site, old)
    assert await signs_in(site, secret)


async def test_sessions_are_listed_and_one_or_all_others_can_be_ended(site: DeskSite) -> None:
    browser, official = await site.signed_in()
    phone, office = await site.sign_in(official), await site.sign_in(official)
    await browser.get(ACCOUNT)
    handles = re.findall(r"/sessions/([0-9a-f]{16})/end", browser.source)
    assert len(handles) == 2, "the one that looks is not among those it can end"
    stranger, _ = await site.signed_in()
    await stranger.post(f"{ACCOUNT}/sessions/{handles[0]}/end")
    assert [(await one.get("/desk")).status_code for one in (phone, office)] == [200, 200]
    await browser.post(f"{ACCOUNT}/sessions/{handles[0]}/end", then=f"{ACCOUNT}#sessions")
    assert sorted([(await one.get("/desk")).status_code for one in (phone, office)]) == [200, 303]
    await browser.post(f"{ACCOUNT}/sessions/end", then=f"{ACCOUNT}#sessions")
    assert [(await one.get("/desk")).status_code for one in (phone, office)] == [303, 303]
    assert (await browser.get("/desk")).status_code == 200


async def test_a_session_ends_after_twelve_hours_however_busy(site: DeskSite, clock) -> None:
    browser, _ = await site.signed_in()
    for _ in range(int(SESSION_LONGEST / timedelta(minutes=20))):
        assert (await browser.get("/desk")).status_code == 200
        clock.advance(timedelta(minutes=20))
    clock.advance(timedelta(seconds=1))
    assert (await browser.get("/desk")).status_code == 303


async def test_after_five_minutes_what_matters_most_asks_again_and_brings_back_what_was_typed(
    site: DeskSite, clock
) -> None:
    """P30: step-up; the form is sent on to where it was going, and done."""
    password = "correct horse battery"
    seat = await site.do(
        lambda uow: site.access.create_official(
            uow,
            username="boss",
            display_name="管理员",
            role=Role.ADMINISTRATOR,
            place_path=factories.COUNTY,
            password=password,
        )
    )
    browser = await site.sign_in(seat.official)
    clock.advance(timedelta(minutes=5, seconds=1))
    wanted = {"username": "fresh", "display_name": "新同事", "role": "auditor", "place": factories.COUNTY}
    await browser.post("/desk/officials", wanted)
    assert browser.status == 403
    assert all(f'name="{name}" value="{value}"' in browser.source for name, value in wanted.items())
    await browser.post("/desk/officials", {**wanted, "step_up_password": "wrong wrong wrong"})
    assert (browser.status, "密码不对" in browser.text, 'value="新同事"' in browser.source) == (422, True, True)
    await browser.post("/desk/officials", {**wanted, "step_up_password": password})
    assert browser.status == 200
    assert "把这个链接当面交给本人" in browser.text
    assert password not in browser.source
    await browser.post("/desk/officials", {**wanted, "username": "fresh2"})
    assert browser.status == 200, "within five minutes nothing asks again"


async def test_step_up_tries_wait_too(site: DeskSite, clock) -> None:
    browser, _ = await site.signed_in(Role.ADMINISTRATOR)
    clock.advance(timedelta(minutes=6))
    for _ in range(5):
        await browser.post(f"{ACCOUNT}/code", {"step_up_password": "wrong wrong wrong"})
        assert browser.status == 422
    await browser.post(f"{ACCOUNT}/code", {"step_up_password": "wrong wrong wrong"})
    assert browser.status == 429


async def test_after_confirming_for_a_page_one_comes_back_to_it_and_never_elsewhere(site: DeskSite) -> None:
    browser, _ = await site.signed_in()
    await browser.post("/desk/confirm", {"next": "/desk/notices?x=1"}, then="/desk/notices?x=1")
    await browser.post("/desk/confirm", {"next": "https://evil.example/"}, then="/desk")
