"""A case at the desk: the whole road by two officials, and every way it is refused with nothing lost."""

import re

import pytest

from handlers.desk import words
from handlers.services import case_moves
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Missing
from knowledge.clock import local_date
from storage.repositories.cases import Filing
from storage.repositories.flags import CaseFlag
from storage.tables.records import event
from tests import factories
from tests.desk_scenes import ids_of, links_of, scene_at
from tests.desk_site import Browser, DeskSite

pytestmark = pytest.mark.pages

SUMMARY = "走访了十二户，三户承认收过钱，说法一致。"
RESULT = "查完了，情况已经报给有权处理的单位。"
OPEN = [state for state in CaseState if state not in CLOSED_STATES]
S = CaseState


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage)
    made.places = await made.do(factories.add_county)
    return made


async def new_case(site, **more):
    return await site.do(lambda uow: factories.add_case(uow, site.places[factories.VILLAGE], **more))


async def at_case(site, role=Role.DISCIPLINE_OFFICIAL, **more) -> tuple[Browser, str]:
    """A signed-in browser that looks at a fresh case; the address of its page."""
    case = await new_case(site, **more)
    browser, _ = await site.signed_in(role)
    await browser.open_case(case.number)
    return browser, f"/desk/cases/{case.number}"


async def test_a_case_goes_from_received_to_closed_by_two_officials(site):
    person = await site.do(factories.add_person)
    one = await scene_at(site, S.RECEIVED, person=person)
    officer, leader = one.works, one.decides
    await officer.get("/desk/cases")
    assert one.number in officer.text
    assert "必查：涉嫌拉票贿选" in officer.text
    await one.does(officer, "accept")
    assert words.FLASHES["accept"] in officer.text
    assert "有人挨家送烟，让大家投他。" in officer.text
    await officer.get(one.page)
    assert words.FLASHES["accept"] not in officer.text

    await one.does(officer, "disposal", {"disposal": "preliminary_verification", "reason": "时间地点都有，先核实"})
    assert "不能自己定自己的" in officer.text
    assert f'action="{one.page}/approve-disposal"' not in officer.source
    await leader.get("/desk")
    assert one.number in leader.text
    await one.does(leader, "approve-disposal")

    await one.does(
        officer,
        "step",
        {"step_kind": "visit", "taken_on": local_date(site.storage.clock.now()).isoformat(), "step": "走访十二户"},
    )
    picture = {"file": ("笔录.png", b"\x89PNG\r\n\x1a\n rest", "text/html")}
    await one.does(officer, "evidence", {"description": "谈话笔录三份"}, files=picture)
    for said in ("走访：走访十二户", "谈话笔录三份", "笔录.png"):
        assert said in officer.text
    await one.does(officer, "finding", {"finding": "substantiated", "summary": SUMMARY})
    assert "不能自己审自己的" in officer.text
    assert f'action="{one.page}/approve"' not in officer.source
    await leader.get(one.page)
    assert SUMMARY in leader.text
    await one.does(leader, "approve")
    assert (await one.case()).state is S.APPROVED

    await one.does(officer, "measure", {"measure": "criticism", "body_name": "东镇党委", "reason": "按结论"})
    await one.does(officer, "tell-result", {"result": RESULT, "by": "chat"})
    assert words.FLASHES["tell-result"] in officer.text
    await one.does(officer, "close")
    assert (await one.case()).state is S.CLOSED
    await leader.get("/desk/cases?state=closed")
    assert one.number in leader.text
    assert site.woken == 12  # each act may have queued a message, the two declarations too


async def test_the_reading_of_a_case_is_an_event(site, storage):
    """N7: not even the question before the first look is a reading."""
    case = await new_case(site)
    browser, official = await site.signed_in()

    async def readings() -> list[tuple[str, str]]:
        async with storage.unit_of_work() as uow:
            rows = await uow.read(event.select().where(event.c.act == "case_read"))
            return [(row.actor, row.subject) for row in rows]

    await browser.get(f"/desk/cases/{case.number}")
    await browser.get(f"/desk/cases/{case.number}/declare")
    assert await readings() == []
    await browser.open_case(case.number)
    assert await readings() == [(f"official/{official.id}", f"case/{case.number}")]


@pytest.mark.parametrize("state", [state for state in OPEN if state is not S.TOLD])
@pytest.mark.parametrize("flags", [(Category.VOTE_BUYING,), ()], ids=["flagged", "not flagged"])
async def test_closing_early_names_each_thing_that_is_missing_and_leads_to_it(site, state, flags):
    """N1, at the desk: nothing closes early, and every line of the refusal is a link that leads somewhere."""
    one = await scene_at(site, state, flags=flags)
    await one.tries(one.works, "close")
    assert one.works.status == 409
    assert "还不能办结。" in one.works.text
    if flags and state is not S.APPROVED:
        assert "这件属于必查：涉嫌拉票贿选（1 条理由）。" in one.works.text
        assert words.MISSING[Missing.APPROVAL][0] in one.works.text
    assert words.MISSING[Missing.NOT_FROM_HERE][0] not in one.works.text
    links = [link.removeprefix("#") for link in links_of(one.works)]
    assert links
    assert set(links) <= set(ids_of(one.works))
    assert (await one.case()).state is state


async def test_closing_a_case_as_it_came_lists_the_whole_road(site):
    one = await scene_at(site, S.RECEIVED)
    await one.tries(one.works, "close")
    for missing in (Missing.INVESTIGATION, Missing.FINDING, Missing.EVIDENCE, Missing.APPROVAL):
        assert words.MISSING[missing][0] in one.works.text
    assert "看规定" in one.works.text


async def test_while_investigating_the_missing_links_lead_to_their_forms_which_stand_open(site):
    one = await scene_at(site, S.INVESTIGATING)
    await one.tries(one.works, "close")
    assert {"#finding", "#evidence"} <= set(links_of(one.works))
    for form in ("finding", "evidence"):
        assert re.search(rf'<details class="disclosure" id="{form}" open>', one.works.source)


async def test_a_case_with_an_unchecked_name_is_told_but_not_closed(site):
    one = await scene_at(site, S.TOLD, named=True)
    await one.tries(one.works, "close")
    assert one.works.status == 409
    assert words.MISSING[Missing.NAME_CHECK][0] in one.works.text
    assert {link.removeprefix("#") for link in links_of(one.works)} <= set(ids_of(one.works))
    assert (await one.case()).state is S.TOLD


async def test_a_flagged_case_is_not_guided_elsewhere_and_the_words_stay(site):
    browser, page = await at_case(site)
    await browser.post(f"{page}/guide-elsewhere", {"version": browser.version(), "where": "请到县民政局二楼"})
    assert browser.status == 409
    assert "还不能告知去哪里办。" in browser.text
    assert "请到县民政局二楼" in browser.text


async def test_an_unflagged_case_is_guided_elsewhere_and_reopened(site):
    one = await scene_at(site, S.RECEIVED, flags=())
    await one.does(one.works, "guide-elsewhere", {"where": "请到县民政局二楼"})
    assert (await one.case()).state is S.GUIDED_ELSEWHERE
    await one.does(one.works, "reopen", {"why": "又来了新材料"})
    assert (await one.case()).state is S.ACCEPTED
    assert "第 2 次" in one.works.text
    assert "又来了新材料" in one.works.text


async def test_earlier_rounds_stay_on_the_page_whole(site):
    """GL#4192: a second round takes nothing of the first away."""
    one = await scene_at(site, S.CLOSED)
    await one.does(one.works, "reopen", {"why": "又来了新材料"})
    await one.works.get(one.page)
    shown = one.works.text
    for said in ("第 1 次：属实", "先核实", "走访了十二户，说法一致。", "谈话笔录一份", "镇党委", "按结论"):
        assert said in shown, said
    assert one.decider.display_name in shown


@pytest.mark.parametrize(
    ("finding", "summary", "said"),
    [
        ("", SUMMARY, "请选一个结论"),
        ("guilty", SUMMARY, "请选一个结论"),
        ("unfounded", "太短", "至少 10 个字"),
        ("unfounded", "长" * 5001, "最多 5000 字"),
    ],
)
async def test_a_wrong_finding_comes_back_as_it_was_typed(site, finding, summary, said):
    one = await scene_at(site, S.INVESTIGATING)
    await one.tries(one.works, "finding", {"finding": finding, "summary": summary})
    assert one.works.status == 422
    assert said in one.works.text
    assert summary in one.works.source
    assert "#f-finding-" in one.works.source
    if finding == "unfounded":
        assert re.search(r'value="unfounded" checked', one.works.source)


async def test_a_finding_without_evidence_is_refused_and_kept(site):
    one = await scene_at(site, S.INVESTIGATING)
    await one.tries(one.works, "finding", {"finding": "unfounded", "summary": SUMMARY})
    assert one.works.status == 409
    assert "还不能交结论。" in one.works.text
    assert "至少一份证据" in one.works.text
    assert SUMMARY in one.works.source
    assert (await one.case()).state is S.INVESTIGATING


async def test_what_was_typed_into_one_form_never_shows_up_in_another(site):
    """GL#4201: a note for colleagues that was refused is not put into what the reporter is told."""
    one = await scene_at(site, S.APPROVED)
    await one.tries(one.works, "note", {"body": "内", "result": "不该出现的话"})
    assert one.works.status == 422
    assert re.search(r'id="f-note-body"[^>]*>\s*内</textarea>', one.works.source)
    assert "不该出现的话" not in one.works.source
    ids = ids_of(one.works)
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("state", list(CaseState))
async def test_no_page_of_a_case_has_two_parts_of_one_name_or_a_label_for_nothing(site, state):
    one = await scene_at(site, state, flags=() if state is S.GUIDED_ELSEWHERE else (Category.VOTE_BUYING,))
    for browser in (one.works, one.decides):
        await browser.get(one.page)
        ids = ids_of(browser)
        assert sorted(ids) == sorted(set(ids))
        assert set(re.findall(r'<label[^>]* for="([^"]+)"', browser.source)) <= set(ids)
        assert set(re.findall(r'href="#([\w-]+)"', browser.source)) <= set(ids)


async def test_what_the_database_refuses_reads_as_calmly(site, monkeypatch):
    one = await scene_at(site, S.RECEIVED)
    forced = type("T", (), {"letter": "x", "target": S.CLOSED})()
    monkeypatch.setattr(case_moves, "missing_for", lambda *_, **__: ())  # the service misses it, the triggers do not
    monkeypatch.setattr(case_moves, "transition_for", lambda *_: forced)
    await one.tries(one.works, "close")
    assert one.works.status == 409
    assert "还不能办结。" in one.works.text
    rules = ("must_investigate", "no_such_transition", "result_not_told")
    assert any(words.RULES[rule] in one.works.text for rule in rules)


async def test_what_people_write_is_never_run(site):
    browser, page = await at_case(site, what="<script>alert(1)</script>\n第二行")
    assert "<script>alert(1)</script>" not in browser.page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n第二行" in browser.page.text
    await browser.post(f"{page}/note", {"body": '<img src=x onerror="x()">'}, then=page)
    assert "<img src=x" not in browser.page.text


async def test_more_than_a_form_may_hold_is_refused_before_it_is_read(site):
    browser, page = await at_case(site)
    await browser.post(f"{page}/evidence", files={"file": ("大.bin", b"x" * (22 * 1024 * 1024), "x/y")})
    assert browser.status == 413


async def test_a_recused_official_gets_the_same_pages_with_and_without_the_case(site):
    """N4. Byte for byte, headers too: lists, counts, the case itself, its file, its acts."""
    official = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    kept = await new_case(site, what="另一件")
    browser = await site.sign_in(official)
    await browser.open_case(kept.number)
    secret = "QF-2345-6789"
    pages = (
        "/desk",
        "/desk/cases",
        "/desk/cases?state=received",
        "/desk/cases?state=to-accept&must=1",
        f"/desk/cases?q={secret}",
        "/desk/declaration",
        "/desk/questions",
        "/desk/candidates",
        "/desk/timetable",
        f"/desk/cases/{kept.number}",
        f"/desk/cases/{secret}",
        f"/desk/cases/{secret}/declare",
        f"/desk/cases/{secret}/stand-back",
        f"/desk/cases/{secret}/files/{'a' * 32}",
    )

    async def look() -> list[tuple[int, dict[str, str], bytes]]:
        seen = [await browser.get(page) for page in pages]
        fields = {"body": "看看", "version": "1"}
        acts = ("accept", "close", "note", "approve", "declare", "stand-back")
        seen += [await browser.post(f"/desk/cases/{secret}/{act}", fields) for act in acts]
        return [(a.status_code, dict(a.headers), a.content) for a in seen]

    without = await look()

    async def add_and_recuse(uow):
        await uow.begin()
        case_id, place = uow.ids.next(), site.places[factories.VILLAGE]
        filing = Filing(
            case_id=case_id,
            number=secret,
            place_id=place.id,
            unit_id=site.places[factories.COUNTY].id,
            narrative={"what": "秘密"},
            reported_person="李某",
            rule_version="test",
            answer_due_on=uow.clock.now().date(),
            flagged=True,
        )
        uow.cases.open_case(filing)
        uow.flags.raise_flag(case_id, CaseFlag(Category.VOTE_BUYING, ("理由",), "test"), {})
        uow.recusals.recuse(case_id, official.id)
        await uow.files.add(b"x", name="a.txt", origin="reporter", case_id=case_id)

    await site.do(add_and_recuse)
    assert await look() == without
    other, _ = await site.signed_in(Role.DISCIPLINE_LEADER)
    await other.get("/desk/cases")
    assert secret in other.text


async def test_standing_back_is_asked_first_and_hides_the_case(site):
    browser, page = await at_case(site)
    number = page.rpartition("/")[2]
    await browser.get(f"{page}/stand-back")
    assert "回避了不能撤回" in browser.text
    await browser.post(f"{page}/stand-back", then="/desk/cases")
    assert words.FLASHES["stand-back"] in browser.text
    assert number not in browser.text
    await browser.get(page)
    assert browser.status == 404


async def test_reloading_the_address_of_an_act_shows_the_case(site):
    browser, page = await at_case(site)
    answer = await browser.get(f"{page}/close")
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    await browser.get(f"{page}/nonsense")
    assert browser.status == 404


async def test_no_page_names_the_reporter(site):
    custodian = await site.do(factories.add_custodian)
    case = await new_case(site, named=True)

    async def seal(uow):
        keys = {who: pair.public_key for who, pair in (await uow.officials.custodians()).items()}
        uow.identities.keep(case.id, factories.sealed_name(keys, "周小雨", "13900139000"))

    await site.do(seal)
    browser, _ = await site.signed_in()
    await browser.open_case(case.number)
    for page in ("/desk", "/desk/cases", f"/desk/cases/{case.number}/declare", f"/desk/cases/{case.number}"):
        await browser.get(page)
        assert "周小雨" not in browser.source
        assert "13900139000" not in browser.source
    assert "署名" in browser.text
    assert custodian.display_name not in re.search(r"<title>(.*?)</title>", browser.source).group(1)
