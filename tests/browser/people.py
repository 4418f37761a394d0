"""People with a browser: a visitor of the chat, an official at the desk.

Every page they come to is looked at: width, size of what is pressed, language; whatever the browser complains about is
kept and fails the test at its end.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.browser.deployment import Deployment, Seat

PHONE: Final = (360, 740)
LAPTOP: Final = (1280, 800)
CASE_NUMBER: Final = re.compile(r"QF-[0-9A-Z]{4}-[0-9A-Z]{4}")

#: Runs in each page before its own scripts: what the policy blocked reaches the console like any other fault.
TELL_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("policy: " + event.violatedDirective + " " + event.blockedURI));
"""
#: What is wrong with the page as it is shown now. A link inside a sentence is text; all else that is pressed is 44 px.
LOOK: Final = """(width) => {
  const faults = [];
  const root = document.documentElement;
  if (root.lang !== "zh-Hans") faults.push("language " + root.lang);
  if (root.scrollWidth > width) faults.push("page is " + root.scrollWidth + " wide");
  document.querySelectorAll("#scroll, main").forEach((part) => {
    if (part.scrollWidth > part.clientWidth) faults.push(part.tagName + " scrolls sideways");
  });
  const pressed = "button, summary, select, .button, a.choice, a.tile, .big-link, .nav__link, .chip, .back, .brand, "
    + ".missing__link, .cell--main .cell__link, .files__link, label.choice, textarea, input:not([type=hidden])";
  document.querySelectorAll(pressed).forEach((node) => {
    const within = node.matches(".choice__input, .offscreen") || node.closest("[hidden]");
    if (within || !node.checkVisibility()) return;
    const box = node.getBoundingClientRect();
    const name = node.tagName + " " + (node.textContent.trim() || node.getAttribute("aria-label") || node.name);
    if (box.height < 43.5 || box.width < 43.5) faults.push(name + " is " + box.width + " x " + box.height);
    if (box.left < -0.5 || box.right > width + 0.5) faults.push(name + " sticks out");
    const isCut = node.scrollWidth > node.clientWidth + 1;
    if (isCut && node.matches("button, .button, .chip")) faults.push(name + " is cut");
  });
  return faults;
}"""


@dataclass(slots=True)
class Person:
    """One page in a browser of its own."""

    page: Page
    width: int
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Keep what the browser complains about."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(words in message.text for words in self.expected):
            self.faults.append(f"{self.page.url}: {message.text}")

    async def look(self) -> None:
        """Look over the page as it stands."""
        self.faults += [f"{self.page.url}: {fault}" for fault in await self.page.evaluate(LOOK, self.width)]

    def button(self, label: str) -> Locator:
        return self.page.get_by_role("button", name=label, exact=True)


@asynccontextmanager
async def opened(browser: Browser, size: tuple[int, int]) -> AsyncIterator[Page]:
    """A page with cookies of its own."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, has_touch=size == PHONE, locale="zh-CN"
    )
    context.set_default_timeout(15_000)
    await context.add_init_script(TELL_VIOLATIONS)
    try:
        yield await context.new_page()
    finally:
        await context.close()


class Visitor(Person):
    """Somebody in the web chat."""

    @property
    def newest(self) -> Locator:
        """The last thing the bot said."""
        return self.page.locator(".msg--bot").last

    async def hears(self, *words: str) -> None:
        """The bot's newest message says this."""
        for part in words:
            await expect(self.newest).to_contain_text(part)
        await self.look()

    async def writes(self, text: str) -> None:
        await self.page.get_by_label("写给清风").fill(text)
        await self.button("发送").click()

    async def presses(self, label: str) -> None:
        """A button under the bot's newest message."""
        await self.newest.get_by_role("button", name=label, exact=True).click()

    async def reports(self, what: str, who: str = "王某") -> str:
        """File a report in the shortest way, without a name but with a wish to hear of it here; its number."""
        await self.button("我要反映").click()
        await self.hears("①")
        for circled, answer in (("②", what), ("③", who), ("④", "向阳村"), ("⑤", "昨天晚上"), ("⑥", "村口小卖部")):
            await self.writes(answer)
            await self.hears(circled)
        await self.presses("亲眼看到")
        await self.hears("⑦")
        await self.presses("没有，下一步")
        await self.hears("⑧")
        await self.presses("不留名")
        await self.hears("请看一遍，对不对？")
        await self.presses("有进展在这里告诉我")
        await self.hears("有进展在这里告诉您")
        await self.presses("对，提交")
        return await self.case_number()

    async def case_number(self) -> str:
        """The number on the receipt."""
        await self.hears("✅ 收到了", "编号：")
        found = CASE_NUMBER.search(await self.newest.inner_text())
        assert found
        return found.group()


class AtDesk(Person):
    """A signed-in official. Wherever they work, each page is looked at as a phone and as a laptop shows it."""

    async def look(self) -> None:
        """Look over the page, stylesheet and all, at both widths, and go back to the own one."""
        await self.page.wait_for_load_state("load")
        own = self.width
        for width, height in sorted((PHONE, LAPTOP), key=lambda size: size[0] == own):
            await self.page.set_viewport_size({"width": width, "height": height})
            self.width = width
            await Person.look(self)

    async def clicks(self, label: str) -> None:
        """A button that sends a form."""
        await self.button(label).click()
        await self.page.wait_for_load_state("domcontentloaded")

    async def opens(self, queue: str, number: str) -> None:
        """A case from a queue; before the first look, that nothing stands between."""
        await self.goes(queue)
        await self.page.locator(".cell--main").get_by_role("link", name=number).first.click()
        await self.reads("看之前先问一句")
        await self.clicks("没有关系，打开看")
        await self.reads("已声明，可以看了。")

    async def unfolds(self, title: str) -> None:
        """Open what is folded under a title."""
        await self.page.locator("summary", has_text=re.compile(f"^{re.escape(title)}$")).click()

    async def fills(self, label: str, words: str) -> None:
        """Type into the field of this label that is there to be seen."""
        await self.page.get_by_label(label, exact=True).and_(self.page.locator(":visible")).first.fill(words)

    async def reads(self, words: str) -> None:
        """The page says this; look over it."""
        await expect(self.page.locator("main")).to_contain_text(words)
        await self.look()

    async def goes(self, address: str) -> None:
        await self.page.goto(address)
        await self.look()


@asynccontextmanager
async def visitor(browser: Browser, deployment: Deployment, path: str = "/") -> AsyncIterator[Visitor]:
    """A villager with a cheap phone."""
    async with opened(browser, PHONE) as page:
        one = Visitor(page, PHONE[0])
        one.watch()
        await page.goto(deployment.url + path)
        await expect(page.locator("#log")).not_to_have_attribute("aria-busy", "true")
        await one.look()
        yield one
        await one.look()
    assert one.faults == [], "\n".join(one.faults)


@asynccontextmanager
async def official(browser: Browser, seat: Seat, size: tuple[int, int], sign_in: str = "") -> AsyncIterator[AtDesk]:
    """An official who signed in: by the one-time link, or by password where an address for that is given."""
    async with opened(browser, size) as page:
        one = AtDesk(page, size[0])
        one.watch()
        await one.goes(sign_in or seat.link)
        if sign_in:
            await page.get_by_label("用户名").fill(seat.username)
            await page.get_by_label("密码", exact=True).fill(seat.password)
            await page.get_by_label("6 位验证码").fill(seat.code())
        await one.clicks("登录" if sign_in else "进入")
        await one.reads("今天要办的")
        await expect(page.locator(".who__name")).to_have_text(seat.name)
        yield one
        await one.look()
    assert one.faults == [], "\n".join(one.faults)
