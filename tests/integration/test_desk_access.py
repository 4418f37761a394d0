"""Who may open what at the desk, and the headers every answer carries.

The matrix is complete: every route times every role. What the table does not name is refused.
"""

import re

import pytest

from bot.logging import SafeFormatter
from handlers.desk.app import PAGES
from handlers.desk.security import CONTENT_SECURITY_POLICY, HEADERS
from handlers.services import elections, transfers
from knowledge.casework.access import Permission, Role, may
from knowledge.clock import local_date
from tests import factories
from tests.desk_site import DeskSite

pytestmark = pytest.mark.pages

DOOR = {"/desk/sign-in", "/desk/link/{token}"}
EVERYBODY = {"/desk", "/desk/sign-out", "/desk/notices"}
P = Permission
NEEDS = {
    ("GET", "/desk/cases"): P.READ_CASES,
    ("GET", "/desk/cases/new"): P.FILE_REPORTS,
    ("POST", "/desk/cases/new"): P.FILE_REPORTS,
    ("GET", "/desk/cases/bulk"): P.HANDLE_CASES,
    ("POST", "/desk/cases/bulk"): P.HANDLE_CASES,
    ("GET", "/desk/cases/{number}"): P.READ_CASES,
    ("GET", "/desk/cases/{number}/stand-back"): P.READ_CASES,
    ("GET", "/desk/cases/{number}/declare"): P.READ_CASES,
    ("GET", "/desk/cases/{number}/files/{file_id}"): P.READ_CASES,
    ("POST", "/desk/cases/{number}/message"): P.HANDLE_CASES,
    ("POST", "/desk/cases/{number}/message/send"): P.HANDLE_CASES,
    ("GET", "/desk/cases/{number}/presence"): P.READ_CASES,
    ("GET", "/desk/cases/{number}/merge"): P.HANDLE_CASES,
    ("POST", "/desk/cases/{number}/merge"): P.HANDLE_CASES,
    ("POST", "/desk/cases/{number}/{act}"): P.HANDLE_CASES,
    ("GET", "/desk/names"): P.CHECK_NAMES,
    ("GET", "/desk/names/{number}"): P.CHECK_NAMES,
    ("POST", "/desk/names/{number}/open"): P.CHECK_NAMES,
    ("POST", "/desk/names/{number}/attempt"): P.CHECK_NAMES,
    ("GET", "/desk/transfers"): P.READ_CASES,
    ("GET", "/desk/transfers/{transfer_id}"): P.READ_CASES,
    ("POST", "/desk/transfers/{transfer_id}/accept"): P.HANDLE_CASES,
    ("POST", "/desk/transfers/{transfer_id}/decline"): P.HANDLE_CASES,
    ("POST", "/desk/transfers/{transfer_id}/release"): P.READ_CASES,
    ("GET", "/desk/handovers"): P.LEAD_UNIT,
    ("POST", "/desk/handovers"): P.LEAD_UNIT,
    ("GET", "/desk/handovers/{handover_id}"): P.READ_CASES,
    ("GET", "/desk/duty"): P.LEAD_UNIT,
    ("POST", "/desk/duty"): P.LEAD_UNIT,
    ("POST", "/desk/duty/{slot_id}/remove"): P.LEAD_UNIT,
    ("GET", "/desk/oversight"): P.LEAD_UNIT,
    ("GET", "/desk/oversight/{number}"): P.LEAD_UNIT,
    ("POST", "/desk/oversight/{number}/{act}"): P.LEAD_UNIT,
    ("GET", "/desk/declaration"): P.READ_CASES,
    ("POST", "/desk/declaration"): P.READ_CASES,
    ("POST", "/desk/declaration/confirm"): P.READ_CASES,
    ("POST", "/desk/declaration/{kin_id}/remove"): P.READ_CASES,
    ("GET", "/desk/candidates"): P.SEE_ELECTIONS,
    ("POST", "/desk/candidates"): P.RUN_ELECTIONS,
    ("GET", "/desk/candidates/new"): P.RUN_ELECTIONS,
    ("GET", "/desk/candidates/{candidate_id}"): P.SEE_ELECTIONS,
    ("POST", "/desk/candidates/{candidate_id}/invite"): P.RUN_ELECTIONS,
    ("GET", "/desk/questions"): P.ANSWER_INQUIRIES,
    ("GET", "/desk/questions/{inquiry_id}"): P.ANSWER_INQUIRIES,
    ("POST", "/desk/questions/{inquiry_id}/escalate"): P.ANSWER_INQUIRIES,
    ("POST", "/desk/questions/{inquiry_id}/reply"): P.ANSWER_INQUIRIES,
    ("GET", "/desk/entries"): P.WRITE_ENTRIES,
    ("POST", "/desk/entries"): P.WRITE_ENTRIES,
    ("GET", "/desk/entries/new"): P.WRITE_ENTRIES,
    ("GET", "/desk/entries/{entry_id}"): P.WRITE_ENTRIES,
    ("GET", "/desk/entries/{entry_id}/edit"): P.WRITE_ENTRIES,
    ("POST", "/desk/entries/{entry_id}/review"): P.WRITE_ENTRIES,
    ("POST", "/desk/entries/{entry_id}/publish"): P.WRITE_ENTRIES,
    ("POST", "/desk/entries/{entry_id}/withdraw"): P.WRITE_ENTRIES,
    ("POST", "/desk/entries/{entry_id}/versions"): P.WRITE_ENTRIES,
    ("GET", "/desk/timetable"): P.SEE_ELECTIONS,
    ("GET", "/desk/timetable/{election_id}"): P.SEE_ELECTIONS,
    ("POST", "/desk/timetable/{election_id}/tasks/{task_id}"): P.RUN_ELECTIONS,
}
#: Where the role alone does not open: the unit that was asked, the keys of a custodian, who leaves and who goes on. A
#: role that may is not told that it may not; what else is asked of it is tested beside the feature.
NARROWER = {
    ("POST", "/desk/names/{number}/open"),
    ("POST", "/desk/transfers/{transfer_id}/accept"),
    ("POST", "/desk/transfers/{transfer_id}/decline"),
    ("POST", "/desk/handovers"),
    ("GET", "/desk/handovers/{handover_id}"),
    ("POST", "/desk/duty"),
    ("POST", "/desk/duty/{slot_id}/remove"),
    ("GET", "/desk/oversight/{number}"),
    ("POST", "/desk/oversight/{number}/{act}"),
    ("POST", "/desk/cases/bulk"),
    ("GET", "/desk/cases/{number}/merge"),
    ("POST", "/desk/cases/{number}/merge"),
}
#: Only about the official's own: there is nothing of anybody else's to find.
OWN = {("POST", "/desk/declaration/{kin_id}/remove")}
#: A redirect to the case itself, which is guarded; and the answer for addresses that do not exist.
HOLLOW = {
    ("GET", "/desk/cases/{number}/message"),
    ("GET", "/desk/cases/{number}/message/send"),
    ("GET", "/desk/oversight/{number}/{act}"),
    ("GET", "/desk/cases/{number}/{act}"),
    ("GET", "/desk/{rest:path}"),
    ("POST", "/desk/{rest:path}"),
}


async def furnish(site: DeskSite) -> dict[str, str]:
    """One of everything; returns what the parts of an address stand for."""

    async def everything(uow):
        places = await factories.add_county(uow)
        village = places[factories.VILLAGE]
        who = await factories.add_person(uow)
        case = await factories.add_case(uow, village, person=who, named=True)
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
            "transfer_id": await offered(uow, places),
            "handover_id": "1",
            "slot_id": "1",
            "kin_id": "1",
            "token": "unknown",
            "rest:path": "no/such/page",
        }

    return await site.do(everything)


async def offered(uow, places) -> str:
    """Another case, which the county offers to one of its towns; the id of the offer."""
    giver = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
    await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, factories.TOWN)
    case = await factories.add_case(uow, places[factories.VILLAGE], what="另一件")
    await transfers.offer(uow, giver, case.number, factories.TOWN, "离得近")
    return str((await transfers.of_case(uow, case))[0].id)


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
    "/desk/cases/{number}/message": {"message": "还在办"},
    "/desk/cases/{number}/message/send": {"message": "还在办"},
    "/desk/cases/bulk": {"act": "close"},
    "/desk/cases/new": {
        "via": "letter",
        "received_on": "2026-03-10",
        "place": factories.VILLAGE,
        "said_what": "有人挨家送烟。",
        "anonymous": "yes",
    },
    "/desk/names/{number}/attempt": {"method": "call", "outcome": "not_reached"},
    "/desk/declaration": {"kin_kind": "relative", "relation": "儿子", "name": "周某"},
    "/desk/candidates": {"name": "赵刚", "office": "member"},
    "/desk/questions/{inquiry_id}/reply": {"reply": "三月八日投票。"},
    "/desk/questions/{inquiry_id}/escalate": {"note": "不知道哪天"},
    "/desk/entries": {**factories.ENTRY_FORM, "label": "有没有水喝", "questions": "有水吗\n有没有热水\n能喝水吗"},
    "/desk/entries/{entry_id}/versions": factories.ENTRY_FORM,
    "/desk/entries/{entry_id}/review": {"verdict": "approved"},
}


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_what_it_may_and_nothing_else(storage, role):
    """P8: every role, every address."""
    site = DeskSite(storage)
    parts = await furnish(site)
    browser, _ = await site.signed_in(role)
    if may(role, Permission.READ_CASES):
        await browser.open_case(parts["number"])
    home = await browser.get("/desk")
    csrf = browser.csrf
    assert home.status_code == 200
    for (method, path), permission in NEEDS.items():
        named = {"election": parts["election_id"], "version": parts["version"]}
        fields = {"csrf": csrf, **named, **FORMS.get(path, {})}
        send = browser.client.get(filled(path, parts)) if method == "GET" else None
        answer = await (send or browser.client.post(filled(path, parts), data=fields))
        said = (role, method, path, answer.status_code, answer.headers.get("location"))
        if not may(role, permission):
            assert answer.status_code in (403, 404), said
            assert "挨家送烟" not in answer.text or may(role, Permission.READ_CASES)
        elif (method, path) in NARROWER:
            assert answer.status_code in (200, 303, 404, 409, 422), said
        else:
            assert answer.status_code in (200, 303), said


@pytest.mark.parametrize("role", [Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER, Role.TOWNSHIP_STAFF])
async def test_an_official_of_another_village_finds_nothing(storage, role):
    """P8: own village only."""
    site = DeskSite(storage)
    parts = await furnish(site)
    browser, _ = await site.signed_in(role, factories.OTHER_VILLAGE)
    await browser.get("/desk")
    for (method, path), permission in NEEDS.items():
        if "{" not in path or not may(role, permission) or (method, path) in OWN:
            continue
        fields = {"csrf": browser.csrf, "version": parts["version"], **FORMS.get(path, {})}
        here = filled(path, parts)
        answer = await (browser.client.get(here) if method == "GET" else browser.client.post(here, data=fields))
        assert answer.status_code == 404, (method, path, answer.status_code)


async def test_the_menu_and_the_first_page_lead_to_every_list_that_opens_and_to_no_other(storage):
    site = DeskSite(storage)
    await furnish(site)
    for role in Role:
        browser, _ = await site.signed_in(role)
        await browser.get("/desk")
        links = set(re.findall(r'<a class="(?:nav__link|big-link)" href="(/desk/[a-z/]+)"', browser.source))
        wanted = {
            path
            for (method, path), needs in NEEDS.items()
            if path.count("/") == 2 and method == "GET" and may(role, needs)
        }
        assert wanted <= links, role
        for link in links:
            assert (await browser.client.get(link)).status_code == 200, (role, link)


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
    await browser.open_case(parts["number"])
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
    line = SafeFormatter().format(next(one for one in caplog.records if one.name == "handlers.desk.faults"))
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
