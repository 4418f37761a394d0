"""The desk served in memory, and a browser without scripts to use it with."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import pyotp
from fastapi import FastAPI

from handlers.desk.app import DeskSettings, create_desk, static_files
from handlers.desk.pace import Pace
from handlers.desk.security import SecurityHeaders
from handlers.services.access import Caller
from handlers.services.answer_book import AnswerBook
from handlers.services.answers import Answers
from handlers.services.home import Homes
from knowledge.answering import Answerer
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.loader import load_knowledge
from storage.repositories.officials import Official
from storage.unit_of_work import Storage, UnitOfWork
from tests import factories

NONCE = "the-same-for-all"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@cache
def _answerer() -> Answerer:
    return Answerer(load_knowledge())


@cache
def _classifier() -> Classifier:
    return Classifier(load_categories())


def answers() -> Answers:
    book = AnswerBook(load_knowledge(), _answerer())
    homes = Homes(load_knowledge().jurisdictions.values(), "cn")
    return Answers(book, _classifier(), homes)


class DeskSite:
    """An application with nothing but the desk."""

    def __init__(
        self, storage: Storage, base_url: str = "http://desk.test", *, telegram: str | None = None, demo: bool = False
    ) -> None:
        self.storage = storage
        self.access = factories.quick_access()
        self.woken = 0
        self.base_url = base_url
        settings = DeskSettings(base_url=base_url, demo=demo, telegram_username=telegram)
        self.answers = answers()
        self.waits: list[float] = []
        pace = Pace(now=lambda: 0.0, sleep=self._wait)  # a test asks as fast as it can
        self.pages = create_desk(storage, self.access, self.answers, settings, self._wake, pace)
        self.app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        self.app.mount("/static", static_files())
        self.app.routes.append(self.pages)
        # One nonce for all, so that a test can compare two pages byte for byte.
        self.app.add_middleware(SecurityHeaders, secure=base_url.startswith("https"), nonce=lambda: NONCE)

    def _wake(self) -> None:
        self.woken += 1

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def browser(self) -> "Browser":
        """A browser nobody has signed in with."""
        transport = httpx.ASGITransport(app=self.app)
        return Browser(httpx.AsyncClient(transport=transport, base_url=self.base_url))

    async def do(self, act: Callable[[UnitOfWork], Any]) -> Any:
        """Run something in a committed unit of work."""
        async with self.storage.unit_of_work() as uow:
            result = await act(uow)
            await uow.commit()
        return result

    async def signed_in(
        self, role: Role = Role.DISCIPLINE_OFFICIAL, place_path: str = factories.COUNTY
    ) -> tuple["Browser", Official]:
        """A browser in which a new official has signed in."""
        official = await self.do(lambda uow: factories.add_official(uow, role, place_path))
        return await self.sign_in(official), official

    async def sign_in(self, official: Official) -> "Browser":
        """A browser of an official who is known already."""
        signed = await self.do(lambda uow: self.access.open(uow, official, "password", Caller("10.0.0.1")))
        browser = self.browser()
        browser.client.cookies.set(self.session_cookie, signed.token)
        await browser.get("/desk")
        return browser

    @property
    def session_cookie(self) -> str:
        return "__Host-qingfeng" if self.base_url.startswith("https") else "qingfeng_desk"


@dataclass(slots=True)
class Browser:
    """Cookies, the last page, and forms sent with the token that page carried."""

    client: httpx.AsyncClient
    page: httpx.Response | None = None
    csrf: str = ""
    history: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What a person reads on the last page, entities resolved, tags gone."""
        assert self.page is not None
        body = re.sub(r"<(script|style|head).*?</\1>", "", self.page.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))

    @property
    def source(self) -> str:
        """The last page, entities resolved."""
        assert self.page is not None
        return html.unescape(self.page.text)

    @property
    def status(self) -> int:
        assert self.page is not None
        return self.page.status_code

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self._keep(await self.client.get(path, headers=headers))

    async def post(
        self, path: str, fields: dict[str, str] | None = None, *, csrf: str | None = None, then: str = "", **more: Any
    ) -> httpx.Response:
        """Send a form; with `then`, expect to be sent there and follow."""
        token = self.csrf if csrf is None else csrf
        answer = await self.client.post(path, data={"csrf": token, **(fields or {})}, **more)
        if then:
            assert answer.status_code == 303, (answer.status_code, answer.text[:3000])
            assert answer.headers["location"] == then
            return await self.get(then)
        return await self._keep(answer)

    async def open_case(self, number: str) -> httpx.Response:
        """Open a case as people do: asked whether anything stands between, say no, and look."""
        answer = await self.get(f"/desk/cases/{number}")
        if answer.status_code != 303:
            return answer
        assert answer.headers["location"] == f"/desk/cases/{number}/declare", answer.headers["location"]
        await self.get(answer.headers["location"])
        return await self.post(f"/desk/cases/{number}/declare", then=f"/desk/cases/{number}")

    async def _keep(self, answer: httpx.Response) -> httpx.Response:
        self.page = answer
        found = CSRF.search(answer.text) if answer.headers.get("content-type", "").startswith("text/html") else None
        if found:
            self.csrf = found.group(1)
        return answer

    def version(self) -> str:
        """The version of the case on the last page."""
        found = re.search(r'name="version" value="(\d+)"', self.source)
        assert found, "the page holds no version"
        return found.group(1)


def totp_now(secret: str, storage: Storage) -> str:
    return pyotp.TOTP(secret).at(int(storage.clock.now().timestamp()))
