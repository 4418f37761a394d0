"""P12: the page's worker reckons the same SHA-256 as everybody; its answer opens the entrance."""

import hashlib

from playwright.async_api import async_playwright

from bot.channels.web.entrance import Entrance, Limits
from bot.channels.web.page import STATIC
from tests.browser.conftest import QUIET


async def test_the_worker_reckons_sha_256_and_finds_what_opens(chromium: str) -> None:
    texts = ["", "a", "abc", *("x" * n for n in (54, 55, 56, 63, 64, 65, 119, 120, 200)), "A-_=" * 15 + ":12345"]
    script = (STATIC / "work.js").read_text(encoding="utf-8").replace('"use strict";', "")
    door = Entrance(b"k" * 16, lambda: 1.0, Limits(0, 0, bits=10))
    asked = door.challenge()
    worker = (
        f"(gate) => new Promise((done) => {{ self.postMessage = done; {script}; self.onmessage({{ data: gate }}); }})"
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
        page = await browser.new_page()
        words = await page.evaluate(f"(texts) => {{ {script}; return texts.map(firstWord); }}", texts)
        found = await page.evaluate(worker, {"challenge": asked.token, "bits": asked.bits})
        await browser.close()
    assert words == [int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") for text in texts]
    assert door.may_enter("x", {"challenge": asked.token, "solution": found})
