"""Who may open what at the desk, and the headers every answer carries.

The matrix is complete: every route times every role. What the table does not name is refused.
"""

import re

import pytest

from handlers.desk.app import PAGES
from handlers.desk.security import CONTENT_SECURITY_POLICY, HEADERS
from handlers.services import elections
from knowledge.casework.access import Permission, Role, may
from knowledge.clock import local_date
from tests import factories
from tests.desk_site import DeskSite

DOOR = {"/desk/sign-in", "/desk/link/{token}"}
EVERYBODY = {"/desk", "/desk/sign-out", "/desk/notices"}
NEEDS = {
    ("GET", "/desk/cases"): Permission.READ_CASES,
    ("GET", "/desk/cases/{number}"): Permission.READ_CASES,
    ("GET", "/desk/cases/{number}/stand-back"): Permission.READ_CASES,
    ("GET", "/desk/cases/{number}/files/{file_id}"): Permission.READ_CASES,
    ("POST", "/desk/cases/{number}/{act}"): Permission.HANDLE_CASES,
    ("GET", "/desk/candidates"): Permission.SEE_ELECTIONS,
    ("POST", "/desk/candidates"): Permission.RUN_ELECTIONS,
    ("GET", "/desk/candidates/new"): Permission.RUN_ELECTIONS,
    ("GET", "/desk/candidates/{candidate_id}"): Permission.SEE_ELECTIONS,
    ("POST", "/desk/candidates/{candidate_id}/invite"): Permission.RUN_ELECTIONS,
    ("GET", "/desk/questions"): Permission.ANSWER_INQUIRIES,
    ("GET", "/desk/questions/{inquiry_id}"): Permission.ANSWER_INQUIRIES,
    ("POST", "/desk/questions/{inquiry_id}/escalate"): Permission.ANSWER_INQUIRIES,
    ("POST", "/desk/questions/{inquiry_id}/reply"): Permission.ANSWER_INQUIRIES,
    ("GET", "/desk/entries"): Permission.WRITE_ENTRIES,
    ("POST", "/desk/entries"): Permission.WRITE_ENTRIES,
    ("GET", "/desk/entries/new"): Permission.WRITE_ENTRIES,
    ("GET", "/desk/entries/{entry_id}"): Permission.WRITE_ENTRIES,
    ("GET", "/desk/entries/{entry_id}/edit"): Permission.WRITE_ENTRIES,
    ("POST", "/desk/entries/{entry_id}/review"): Permission.WRITE_ENTRIES,
    ("POST", "/desk/entries/{entry_id}/publish"): Permission.WRITE_ENTRIES,
    ("POST", "/desk/entries/{entry_id}/withdraw"): Permission.WRITE_ENTRIES,
    ("POST", "/desk/entries/{entry_id}/versions"): Permission.WRITE_ENTRIES,
    ("GET", "/desk/timetable"): Permission.SEE_ELECTIONS,
    ("GET", "/desk/timetable/{election_id}"): Permission.SEE_ELECTIONS,
    ("POST", "/desk/timetable/{election_id}/tasks/{task_id}"): Permission.RUN_ELECTIONS,
}
#: A redirect to the case itself, which is guarded; and the answer for addresses that do not exist.
HOLLOW = {("GET", "/desk/cases/{number}/{act}"), ("GET", "/desk/{rest:path}"), ("POST", "/desk/{rest:path}")}


async def furnish(site: DeskSite) -> dict[str, str]:
    """One of everything; returns what the parts of an address stand for."""

    async def everything(uow):
        places = await factories.add_county(uow)
        village = places[factories.VILLAGE]
        who = await factories.add_person(uow)
        case = await factories.add_case(uow, village, person=who)
        file = await uow.files.add(b"\x89PNG\r\n\x1a\n", name="photo.png", origin="reporter", case_id=case.id)
        election = await factories.add_election(uow, village)
        await elections.open_timetable(uow, election, local_date(uow.clock.now()))
        task = (await uow.elections.tasks(election))[0]
        official = await factories.add_official(uow, Role.TOWNSHIP_STAFF)
        candidate = await uow.elections.add_candidate(
            election_id=election, name="王秀兰", office="chair", official_id=official.id
        )
        inquiry = uow.inquiries.log(
            person_id=who.id, question="问", entry_id=None, score=0, state="waiting", place_id=village.id
        )
        await factories.add_official(uow, Role.TOWNSHIP_STAFF, "cn")  # somebody above
        entry = await factories.add_entry(uow, official)
        return {
            "entry_id": entry.entry_id,
            "version": str(entry.id),
            "number": case.number,
            "file_id": file.id,
            "act": "note",
            "candidate_id": str(candidate),
            "inquiry_id": str(inquiry),
            "election_id": str(election),
            "task_id": str(task.id),
            "token": "unknown",
            "rest:path": "no/such/page",
        }

    return await site.do(everything)


def filled(path: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{([^}]+)\}", lambda match: parts[match.group(1)], path)


def test_the_table_of_permissions_names_every_route():
    known = set(NEEDS) | HOLLOW
    assert {(method, path) for method, path, _ in PAGES if path not in DOOR | EVERYBODY} == known


def test_the_router_holds_the_table_and_nothing_else(sqlite_storage):
    routes = {(next(iter(route.methods)), route.path) for route in DeskSite(sqlite_storage).router.routes}
    assert routes == {(method, path) for method, path, _ in PAGES}


FORMS = {
    "/desk/cases/{number}/{act}": {"body": "看过了"},
    "/desk/candidates": {"name": "赵刚", "office": "member"},
    "/desk/questions/{inquiry_id}/reply": {"reply": "三月八日投票。"},
    "/desk/questions/{inquiry_id}/escalate": {"note": "不知道哪天"},
    "/desk/entries": {**factories.ENTRY_FORM, "label": "有没有水喝", "questions": "有水吗\n有没有热水\n能喝水吗"},
    "/desk/entries/{entry_id}/versions": factories.ENTRY_FORM,
    "/desk/entries/{entry_id}/review": {"verdict": "approved"},
}


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_what_it_may_and_nothing_else(storage, role):
    site = DeskSite(storage)
    parts = await furnish(site)
    browser, _ = await site.signed_in(role)
    home = await browser.get("/desk")
    csrf = browser.csrf
    assert home.status_code == 200
    for (method, path), permission in NEEDS.items():
        named = {"election": parts["election_id"], "version": parts["version"]}
        fields = {"csrf": csrf, **named, **FORMS.get(path, {})}
        send = browser.client.get(filled(path, parts)) if method == "GET" else None
        answer = await (send or browser.client.post(filled(path, parts), data=fields))
        if may(role, permission):
            assert answer.status_code in (200, 303), (role, method, path, answer.status_code)
        else:
            assert answer.status_code in (403, 404), (role, method, path, answer.status_code)
            assert "挨家送烟" not in answer.text or may(role, Permission.READ_CASES)


@pytest.mark.parametrize("role", [Role.DISCIPLINE_OFFICIAL, Role.TOWNSHIP_STAFF])
async def test_an_official_of_another_village_finds_nothing(storage, role):
    site = DeskSite(storage)
    parts = await furnish(site)
    browser, _ = await site.signed_in(role, factories.OTHER_VILLAGE)
    await browser.get("/desk")
    for (method, path), permission in NEEDS.items():
        if "{" not in path or not may(role, permission):
            continue
        fields = {"csrf": browser.csrf, "version": parts["version"], **FORMS.get(path, {})}
        here = filled(path, parts)
        answer = await (browser.client.get(here) if method == "GET" else browser.client.post(here, data=fields))
        assert answer.status_code == 404, (method, path, answer.status_code)


async def test_the_menu_shows_only_what_opens(storage):
    site = DeskSite(storage)
    await furnish(site)
    for role in Role:
        browser, _ = await site.signed_in(role)
        await browser.get("/desk")
        links = set(re.findall(r'class="nav__link" href="([^"]+)"', browser.source))
        wanted = {
            path
            for (method, path), needs in NEEDS.items()
            if path.count("/") == 2 and method == "GET" and may(role, needs)
        }
        assert links == wanted | {"/desk"}


async def test_nobody_without_a_session_gets_past_the_door(storage):
    site = DeskSite(storage)
    parts = await furnish(site)
    for method, path, _ in PAGES:
        if path in DOOR:
            continue
        browser = site.browser()
        here = filled(path, parts)
        answer = await (browser.client.get(here) if method == "GET" else browser.client.post(here))
        assert answer.status_code == (303 if method == "GET" else 401), (method, path)
        assert "柳树村" not in answer.text


async def test_every_answer_carries_the_headers(storage):
    site = DeskSite(storage)
    parts = await furnish(site)
    browser, _ = await site.signed_in(Role.DISCIPLINE_LEADER)
    for method, path, _ in PAGES:
        here = filled(path, parts)
        answer = await (browser.client.get(here) if method == "GET" else browser.client.post(here))
        for name, value in HEADERS.items():
            if name == "content-security-policy" and "file_id" in path:
                assert "sandbox" in answer.headers[name]
            else:
                assert answer.headers[name] == value, (method, path, name)
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers


async def test_static_files_may_be_kept_by_the_browser(sqlite_storage):
    answer = await DeskSite(sqlite_storage).browser().client.get("/static/desk.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


async def test_a_broken_page_shows_a_reference_and_logs_no_personal_data(sqlite_storage, caplog, monkeypatch):
    site = DeskSite(sqlite_storage)
    await furnish(site)
    browser, _ = await site.signed_in()

    told = " ".join(("王秀兰", "138" + "00138000"))

    async def breaks(*_, **__):
        raise RuntimeError(told)

    monkeypatch.setattr(elections, "timetables", breaks)
    await browser.get("/desk/timetable")
    assert browser.status == 500
    reference = re.search(r"QF-E-\w{6}", browser.text)
    assert reference
    assert "王秀兰" not in browser.source
    line = next(record for record in caplog.records if record.name == "handlers.desk.faults").getMessage()
    assert reference.group() in line
    assert "RuntimeError" in line
    assert "show_timetables" in line
    assert "13800138000" not in line


@pytest.mark.parametrize("path", ["/desk/", "/desk"])
async def test_the_first_page_opens_with_and_without_a_slash(storage, path):
    site = DeskSite(storage)
    browser, _ = await site.signed_in()
    answer = await browser.get(path)
    assert answer.status_code == 200 or answer.headers["location"] == "/desk"


@pytest.mark.parametrize(
    "path",
    [
        "/desk/cases/QF-%00",
        "/desk/cases/" + "A" * 50,
        "/desk/candidates/99999999999999999999999",
        "/desk/candidates/x",
        "/desk/questions/-1",
        "/desk/cases/QF-2222-2222/files/../../etc",
        "/desk/cases/QF-2222-2222",
        "/desk/nothing",
    ],
)
async def test_an_address_we_do_not_have_is_a_calm_page(storage, path):
    site = DeskSite(storage)
    browser, _ = await site.signed_in()
    await browser.get(path)
    assert browser.status == 404
    assert "没有找到这一页" in browser.text
