"""Passkeys, an invitation and the own page in a real browser (P9, P30): Chromium with an authenticator of its own.

The deployment is reached by http://localhost, which browsers take for a safe place.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.deployment import Deployment, Seat, running_deployment

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def deployment(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with running_deployment(tmp_path_factory.mktemp("deployment"), host="localhost") as running:
        yield running


async def page_of(browser: Browser, faults: list[str]) -> Page:
    page = await (await browser.new_context(viewport=PHONE)).new_page()
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    return page


async def with_authenticator(page: Page) -> None:
    """A phone's lock that says yes, as the browser's own test tools make one."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def sign_in(page: Page, deployment: Deployment, seat: Seat) -> None:
    await page.goto(f"{deployment.desk}/sign-in")
    await page.get_by_label("用户名").fill(seat.username)
    await page.get_by_label("密码", exact=True).fill(seat.password)
    await page.get_by_label("6 位验证码").fill(seat.code())
    await page.get_by_role("button", name="登录", exact=True).click()
    await expect(page).to_have_url(f"{deployment.desk}")


async def fits(page: Page) -> None:
    """Nothing sticks out of a narrow phone."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def by_role(deployment: Deployment, role: str) -> Seat:
    return next(seat for seat in deployment.seats.values() if seat.role == role)


async def test_a_passkey_is_added_on_the_own_page_and_opens_the_desk_next_time(
    browser: Browser, deployment: Deployment
) -> None:
    faults: list[str] = []
    page = await page_of(browser, faults)
    await with_authenticator(page)
    await sign_in(page, deployment, by_role(deployment, "discipline_official"))
    await page.get_by_title("我的帐号").click()
    await fits(page)
    await page.get_by_label("给它起个名").fill("办公室电脑")
    await page.get_by_role("button", name="加一个通行密钥").click()
    await expect(page.get_by_text("通行密钥加好了")).to_be_visible()
    await expect(page.get_by_text("办公室电脑", exact=True)).to_be_visible()
    await page.get_by_role("button", name="退出", exact=True).click()
    await page.get_by_role("button", name="用通行密钥登录").click()
    await expect(page).to_have_url(f"{deployment.desk}")
    assert faults == []


async def test_an_invited_colleague_sets_up_the_seat_on_a_phone(
    browser: Browser, deployment: Deployment, tmp_path: Path
) -> None:
    faults: list[str] = []
    page = await page_of(browser, faults)
    await sign_in(page, deployment, by_role(deployment, "administrator"))
    await page.get_by_role("link", name="人员").click()
    await fits(page)
    await page.get_by_label("姓名").fill("郑新民")
    await page.get_by_label("用户名").fill("zheng.xinmin")
    await page.get_by_label("岗位").select_option("township_staff")
    await page.get_by_label("管哪里").select_option(index=1)
    await page.get_by_role("button", name="做邀请链接").click()
    await fits(page)
    link = re.search(r"http://localhost:\d+/desk/invitation/[\w-]+", await page.content())
    assert link
    guest = await page_of(browser, faults)
    await guest.goto(link.group())
    await guest.get_by_role("button", name="开始").click()
    await fits(guest)
    await guest.get_by_text("扫不了，自己输入").click()
    secret = (await guest.locator(".secret").inner_text()).replace(" ", "")
    await guest.get_by_label("新密码").fill("铁锅 水车 三月 斑鸠 借伞")
    await guest.get_by_label("再写一遍").fill("铁锅 水车 三月 斑鸠 借伞")
    await guest.get_by_label("验证器上的 6 位数").fill(pyotp.TOTP(secret).now())
    await guest.get_by_role("button", name="设好，进入工作台").click()
    await expect(guest.get_by_text("设好了。以后用这个密码和手机验证码登录。")).to_be_visible()
    await fits(guest)
    assert faults == []
