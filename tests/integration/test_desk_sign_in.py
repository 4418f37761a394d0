"""The door of the desk: password and code, a demo's one-time links, sessions, tokens, leaving (P9, P30)."""

from datetime import timedelta

import pytest

from handlers.desk.request import inside
from handlers.services.access import SESSION_IDLE, TRIES, TRIES_WITHIN
from knowledge.casework.access import Role
from tests import factories
from tests.desk_site import DeskSite, totp_now

pytestmark = pytest.mark.pages

PASSWORD = "a long enough one"


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage, demo=True)
    await made.do(factories.add_county)
    return made


@pytest.fixture
async def seat(site):
    async def create(uow):
        return await site.access.create_official(
            uow,
            username="zhang",
            display_name="张三",
            role=Role.DISCIPLINE_OFFICIAL,
            place_path=factories.COUNTY,
            password=PASSWORD,
        )

    return await site.do(create)


def credentials(seat, storage, **changed):
    code = totp_now(seat.totp_secret, storage)
    return {"username": "zhang", "password": PASSWORD, "code": code, **changed}


async def test_name_password_and_code_open_the_desk(site, seat, storage):
    browser = site.browser()
    await browser.get("/desk/sign-in")
    await browser.post("/desk/sign-in", credentials(seat, storage), then="/desk")
    assert "张三" in browser.text
    assert "纪检办案人" in browser.text


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(site, seat, storage):
    browser = site.browser()
    await browser.get("/desk/sign-in")
    answer = await browser.client.post("/desk/sign-in", data={"csrf": browser.csrf, **credentials(seat, storage)})
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("qingfeng_desk="))
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert "Secure" not in cookie


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(storage):
    site = DeskSite(storage, "https://desk.test", demo=True)
    await site.do(factories.add_county)
    official = await site.do(factories.add_official)
    token = await site.do(lambda uow: site.access.make_link(uow, official))
    browser = site.browser()
    await browser.get(f"/desk/link/{token}")
    answer = await browser.client.post(f"/desk/link/{token}", data={"csrf": browser.csrf})
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-qingfeng="))
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize(
    "wrong", [{"username": "wang"}, {"password": "not it at all"}, {"code": "000000"}, {"code": "一二三"}]
)
async def test_the_three_wrongs_look_alike_and_the_name_stays(site, seat, storage, wrong):
    browser = site.browser()
    await browser.get("/desk/sign-in")
    await browser.post("/desk/sign-in", credentials(seat, storage, **wrong))
    assert browser.status == 422
    assert "用户名、密码或验证码有一个不对" in browser.text
    assert f'value="{wrong.get("username", "zhang")}"' in browser.source
    assert PASSWORD not in browser.source


async def test_a_code_works_once(site, seat, storage):
    same_code = credentials(seat, storage)
    for status in (303, 422):
        browser = site.browser()
        await browser.get("/desk/sign-in")
        assert (await browser.post("/desk/sign-in", same_code)).status_code == status


async def test_after_too_many_tries_even_the_right_answer_waits(site, seat, storage, clock):
    browser = site.browser()
    await browser.get("/desk/sign-in")
    for _ in range(TRIES):
        await browser.post("/desk/sign-in", credentials(seat, storage, password="wrong wrong wrong"))
        assert browser.status == 422
    await browser.post("/desk/sign-in", credentials(seat, storage))
    assert browser.status == 429
    assert "请等 1 分钟再试" in browser.text
    clock.advance(TRIES_WITHIN + timedelta(seconds=1))
    await browser.post("/desk/sign-in", credentials(seat, storage), then="/desk")


async def test_a_sign_in_form_from_elsewhere_is_not_taken(site, seat, storage):
    browser = site.browser()
    await browser.post("/desk/sign-in", credentials(seat, storage), csrf="made up")
    assert browser.status == 403
    assert "请再填一次" in browser.text


async def test_a_link_is_not_spent_by_looking_and_opens_once(site):
    official = await site.do(factories.add_official)
    token = await site.do(lambda uow: site.access.make_link(uow, official))
    preview = site.browser()
    for _ in range(3):
        await preview.get(f"/desk/link/{token}")
        assert "进入" in preview.text
    first, second = site.browser(), site.browser()
    await first.get(f"/desk/link/{token}")
    await first.post(f"/desk/link/{token}", then="/desk")
    await second.get(f"/desk/link/{token}")
    await second.post(f"/desk/link/{token}")
    assert second.status == 410
    assert "这个链接不能用了" in second.text


async def test_outside_a_demo_a_link_opens_nothing(storage):
    """P9: no way in with one factor."""
    site = DeskSite(storage)
    await site.do(factories.add_county)
    official = await site.do(factories.add_official)
    token = await site.do(lambda uow: site.access.make_link(uow, official))
    browser = site.browser()
    await browser.get(f"/desk/link/{token}")
    await browser.post(f"/desk/link/{token}")
    assert browser.status == 410
    assert "qingfeng_desk" not in browser.client.cookies


async def test_unknown_and_expired_links_look_like_a_used_one(site, clock):
    official = await site.do(factories.add_official)
    expired = await site.do(lambda uow: site.access.make_link(uow, official))
    clock.advance(timedelta(hours=25))
    pages = []
    for token in (expired, "no-such-token"):
        browser = site.browser()
        await browser.get(f"/desk/link/{token}")
        await browser.post(f"/desk/link/{token}")
        pages.append((browser.status, browser.text))
    assert pages[0] == pages[1]


async def test_leaving_ends_the_session_on_the_server_too(site):
    browser, _ = await site.signed_in()
    kept = browser.client.cookies["qingfeng_desk"]
    await browser.post("/desk/sign-out", then="/desk/sign-in")
    browser.client.cookies.set("qingfeng_desk", kept)
    assert (await browser.get("/desk")).status_code == 303


async def test_leaving_is_a_post(site):
    browser, _ = await site.signed_in()
    await browser.get("/desk/sign-out")
    assert browser.status == 404
    assert (await browser.get("/desk")).status_code == 200


async def test_an_idle_session_ends(site, clock):
    browser, _ = await site.signed_in()
    clock.advance(SESSION_IDLE - timedelta(minutes=1))
    assert (await browser.get("/desk")).status_code == 200
    clock.advance(SESSION_IDLE - timedelta(minutes=1))
    assert (await browser.get("/desk")).status_code == 200
    clock.advance(SESSION_IDLE + timedelta(seconds=1))
    assert (await browser.get("/desk")).status_code == 303


async def test_after_signing_in_again_the_page_asked_for_opens(site, seat, storage):
    browser = site.browser()
    answer = await browser.get("/desk/timetable")
    assert answer.headers["location"] == "/desk/sign-in?next=/desk/timetable"
    await browser.get(answer.headers["location"])
    await browser.post("/desk/sign-in", credentials(seat, storage, next="/desk/timetable"), then="/desk/timetable")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.test", "//evil.test", "/\\evil.test", "/desk\\..\\x", "/desk/\nx", "/deskevil", "/"]
)
def test_signing_in_never_leads_to_another_site(elsewhere):
    assert inside(elsewhere) == "/desk"


async def test_words_sent_after_the_session_ended_come_back(site, clock):
    browser, _ = await site.signed_in()
    clock.advance(SESSION_IDLE + timedelta(minutes=1))
    headers = {"sec-fetch-site": "same-origin"}
    await browser.post("/desk/cases/QF-2222-2222/note", {"body": "走访了三户，笔录在柜子里"}, headers=headers)
    assert browser.status == 401
    assert "走访了三户，笔录在柜子里" in browser.text
    assert "/desk/sign-in?next=/desk/cases/QF-2222-2222" in browser.source


async def test_another_site_cannot_put_words_on_our_page(site):
    browser = site.browser()
    await browser.post("/desk/cases/QF-2222-2222/note", {"body": "请汇款"}, headers={"sec-fetch-site": "cross-site"})
    assert browser.status == 401
    assert "请汇款" not in browser.text


async def test_a_link_from_elsewhere_asks_again_from_our_own_page(site):
    browser = site.browser()
    await browser.get("/desk/cases?state=received", **{"sec-fetch-site": "cross-site"})
    assert browser.status == 200
    assert 'content="0;url=/desk/cases?state=received"' in browser.source


async def test_a_post_without_the_token_is_refused(site):
    browser, _ = await site.signed_in()
    for token in ("", "x" * 32, "令牌"):
        await browser.post("/desk/sign-out", csrf=token)
        assert browser.status == 403
        assert "这一步没有办" in browser.text
    assert (await browser.get("/desk")).status_code == 200


async def test_a_token_of_another_session_is_refused(site):
    mine, _ = await site.signed_in()
    theirs, _ = await site.signed_in()
    await mine.post("/desk/sign-out", csrf=theirs.csrf)
    assert mine.status == 403
