"""Every route of the whole application (P30): its headers, and that looking changes nothing (SEC-01-003).

The application is the one a deployment runs: the page in front, the chat's API, the desk, and what is mounted beside.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.routing import BaseRoute

from bot.app import open_application
from bot.channels.web.api import SECURE_COOKIE
from bot.front import Front
from bot.settings import Settings
from handlers.desk.app import PAGES
from handlers.desk.security import HEADERS, STRICT_TRANSPORT
from knowledge.casework.access import Role
from storage.repositories.officials import Official
from storage.tables import metadata
from storage.unit_of_work import Storage
from tests import factories
from tests.desk_rows import FORMS, filled, furnish
from tests.desk_site import Browser, DeskSite

HOST = "https://desk.example"
POLICY = re.compile(
    r"default-src 'none'; script-src 'nonce-([A-Za-z0-9_-]{22})' 'strict-dynamic' 'self'; style-src 'self'; "
    r"img-src 'self' data: blob:; connect-src 'self'; media-src 'self' blob:; font-src 'self'; form-action 'self'; "
    r"frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
SCRIPT = re.compile(r"<script\b([^>]*)>")
#: What is not the desk's: the page, health, static files, the chat's API; and what no route is or fits.
OTHERS = (
    ("GET", "/", 200),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/privacy", 200),
    ("GET", "/public/upload.js", 200),
    ("GET", "/static/desk.css", 200),
    ("GET", "/static/desk.js", 200),
    ("GET", "/static/passkey.js", 200),
    ("GET", "/chat/chat.js", 200),
    ("GET", "/static/none.css", 404),
    ("GET", "/static/../pyproject.toml", 404),
    ("GET", "/nothing/here", 404),
    ("GET", "/docs", 404),
    ("POST", "/", 404),
    ("POST", "/healthz", 404),
    ("DELETE", "/desk", 405),
    ("PUT", "/api/chat/messages", 405),
    ("GET", "/api/chat/messages", 401),
    ("GET", "/api/chat/stream", 401),
    ("GET", "/api/chat/files/" + "0" * 32, 401),
    ("GET", "/api/chat/own-data", 401),
    ("GET", "/api/chat/messages?after=x", 422),
    ("POST", "/api/chat/messages", 401),
    ("POST", "/api/chat/session", 200),
    ("GET", "/receipt", 200),
    ("POST", "/receipt", 200),
    ("GET", "/keys", 200),
    ("GET", "/keys.json", 200),
    ("GET", "/log", 200),
    ("GET", "/log.json", 200),
    ("GET", "/upload/{token}", 410),
    ("POST", "/upload/{token}", 410),
)
#: What looking may leave behind: that it happened (N7), that the session lives, that a case is being looked at.
TRACES = {"event", "case_viewer"}
TOUCHED = {"desk_session": {"last_seen_at"}}


@dataclass
class Whole:
    app: Front
    storage: Storage
    parts: dict[str, str]
    site: DeskSite

    def browser(self, token: str = "") -> Browser:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=HOST)
        if token:
            client.cookies.set("__Host-qingfeng", token)
        return Browser(client)

    async def signed_in(self, role: Role, path: str = factories.COUNTY) -> tuple[Browser, Official]:
        other, official = await self.site.signed_in(role, path)
        browser = self.browser(other.client.cookies["__Host-qingfeng"])
        await browser.get("/desk")
        return browser, official


@pytest.fixture
async def whole(sqlite_storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Whole]:
    monkeypatch.setattr("handlers.desk.pace.SECONDS_EACH", 0.0)  # a test asks as fast as it can
    site = DeskSite(sqlite_storage, HOST)
    parts = await furnish(site)
    settings = Settings(base_url=HOST, key_file=tmp_path / "key")
    async with open_application(settings, sqlite_storage, access=factories.quick_access()) as application:
        front = Front(demo=False, contact="", secure=True)
        front.ready(application.http)
        yield Whole(front, sqlite_storage, parts, site)


def check(answer: httpx.Response, where: object) -> str:
    """The headers of an answer; returns its nonce, or "" for a file with a policy of its own."""
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, where
    assert answer.headers["strict-transport-security"] == STRICT_TRANSPORT, where
    is_static = answer.request.url.path.startswith(("/static/", "/chat/", "/public/"))
    assert answer.headers["cache-control"] == ("no-cache" if is_static else "no-store"), where
    policy = answer.headers["content-security-policy"]
    if "sandbox" in policy:
        assert "default-src 'none'" in policy
        return ""
    match = POLICY.fullmatch(policy)
    assert match, (where, policy)
    if answer.headers.get("content-type", "").startswith("text/html"):
        scripts = SCRIPT.findall(answer.text)
        assert all(f'nonce="{match.group(1)}"' in tag and "src=" in tag for tag in scripts), where
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", answer.text), where
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-"), where
        assert all(part in cookie.lower() for part in ("; secure", "; httponly", "; samesite=strict", "; path=/")), (
            where
        )
        assert "domain=" not in cookie.lower(), where
    return match.group(1)


@pytest.mark.slow
async def test_every_answer_of_every_route_carries_the_headers(whole: Whole) -> None:
    """P30: signed in and not; pages, files, refusals, what does not exist and what broke; no nonce twice."""
    leader, _ = await whole.signed_in(Role.DISCIPLINE_LEADER)
    await leader.open_case(whole.parts["number"])
    admin, _ = await whole.signed_in(Role.ADMINISTRATOR)
    nonces: list[str] = []
    for method, path, _ in PAGES:
        for browser in (whole.browser(), leader, admin) if path != "/desk/sign-out" else (whole.browser(),):
            answer = await browser.client.request(method, filled(path, whole.parts))
            nonces.append(check(answer, (method, path)))
    for method, path, status in OTHERS:
        answer = await whole.browser().client.request(method, path)
        assert answer.status_code == status, (method, path)
        nonces.append(check(answer, (method, path)))
    given = [nonce for nonce in nonces if nonce]
    assert len(given) > 250
    assert len(set(given)) == len(given)


async def test_a_page_that_breaks_and_a_body_that_is_too_large_carry_them_too(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, _ = await whole.signed_in(Role.DISCIPLINE_LEADER)

    async def breaks(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("handlers.services.elections.timetables", breaks)
    broken = await browser.client.get("/desk/timetable")
    huge = await browser.client.post("/desk/notices", content=b"x", headers={"content-length": str(10**9)})
    assert (broken.status_code, huge.status_code) == (500, 413) or huge.status_code == 403
    check(broken, "500")
    check(huge, "413")


async def test_the_desks_table_and_this_list_are_all_the_routes_there_are(
    sqlite_storage: Storage, tmp_path: Path
) -> None:
    settings = Settings(base_url=HOST, key_file=tmp_path / "key")
    async with open_application(settings, sqlite_storage, access=factories.quick_access()) as application:
        found = {
            (method, route.path)
            for route in every_route(application.http.routes)
            if isinstance(route, APIRoute)
            for method in route.methods
        }
    known = {(method, path) for method, path, _ in PAGES}
    known |= {(method, re.sub("0{32}", "{file_id}", path.partition("?")[0])) for method, path, _ in OTHERS}
    assert found - known == set()
    assert len(found) > len(PAGES)


def every_route(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Routes and those inside what is included."""
    for route in routes:
        inner = getattr(route, "original_router", route)
        yield route
        yield from every_route(getattr(inner, "routes", None) or ())


async def rows(storage: Storage) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that looking may not change."""
    found = {}
    async with storage.unit_of_work() as uow:
        for table in metadata.sorted_tables:
            if table.name not in TRACES:
                columns = [one for one in table.c if one.name not in TOUCHED.get(table.name, set())]
                found[table.name] = sorted(repr(tuple(row)) for row in await uow.read(select(*columns)))
    return found


@pytest.mark.slow
async def test_no_get_of_any_route_changes_a_row(whole: Whole) -> None:
    """SEC-01-003 (logout by GET) and every other act: GET and HEAD only look. `TRACES` says what looking leaves."""
    browsers = [(await whole.signed_in(role))[0] for role in Role]
    for browser in browsers:
        await browser.open_case(whole.parts["number"])
    before = await rows(whole.storage)
    assert sum(len(table) for table in before.values()) > 80
    addresses = [filled(path, whole.parts) for method, path, _ in PAGES if method == "GET"]
    addresses += [filled(path, whole.parts) for method, path, _ in PAGES if method == "POST"]
    addresses += [path for method, path, _ in OTHERS if method == "GET"]
    addresses += ["/desk/sign-out", "/desk/link/unknown", f"/desk/cases/{whole.parts['number']}/accept"]
    leader = browsers[list(Role).index(Role.DISCIPLINE_LEADER)]
    administrator = browsers[list(Role).index(Role.ADMINISTRATOR)]
    for address in dict.fromkeys(addresses):
        for browser in (whole.browser(), leader, administrator):
            await browser.client.get(address)
        await leader.client.head(address)
    after = await rows(whole.storage)
    assert {name for name in before if before[name] != after[name]} == set()
    for browser in browsers:
        assert (await browser.client.get("/desk")).status_code == 200, "nobody was signed out by looking"


@pytest.mark.slow
async def test_no_post_of_the_desk_is_taken_without_its_token(whole: Whole) -> None:
    """P30: CSRF on every state-changing route."""
    browsers = [(await whole.signed_in(role))[0] for role in (Role.DISCIPLINE_LEADER, Role.ADMINISTRATOR)]
    await browsers[0].open_case(whole.parts["number"])
    before = await rows(whole.storage)
    for method, path, _ in PAGES:
        if method != "POST":
            continue
        for browser in browsers:
            for token in ({}, {"csrf": "x" * 32}):
                answer = await browser.client.post(
                    filled(path, whole.parts), data={**FORMS.get(path, {}), **token, "step_up_password": "x"}
                )
                assert answer.status_code in (403, 404), (path, answer.status_code)
    assert await rows(whole.storage) == before


async def test_another_site_cannot_make_a_villagers_browser_write(whole: Whole) -> None:
    """P30: the chat's cookie does not travel from other sites, and what comes from one is refused by itself."""
    browser = whole.browser()
    opened = await browser.client.post("/api/chat/session")
    assert SECURE_COOKIE in opened.headers["set-cookie"]
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        for path in ("/api/chat/session", "/api/chat/messages"):
            answer = await browser.client.post(path, json={"text": "你好"}, headers=headers)
            assert answer.status_code == 403, (headers, path)
    for headers in ({"origin": HOST, "sec-fetch-site": "same-origin"}, {}):
        answer = await browser.client.post("/api/chat/messages", json={"text": "你好"}, headers=headers)
        assert answer.status_code == 200, headers


async def test_a_chat_cookie_that_a_neighbouring_host_could_set_opens_no_chat(whole: Whole) -> None:
    browser = whole.browser()
    await browser.client.post("/api/chat/session")
    token = browser.client.cookies[SECURE_COOKIE]
    other = whole.browser()
    other.client.cookies.set("qingfeng_chat", token)
    assert (await other.client.get("/api/chat/messages")).status_code == 401
