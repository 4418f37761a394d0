"""A case at the desk: the whole road by two officials, and every way it is refused with nothing lost."""

import re

import pytest

from handlers.desk import words
from handlers.services import cases as service
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseState
from storage.repositories.cases import CaseFlag
from tests import factories
from tests.desk_site import Browser, DeskSite

SUMMARY = "走访了十二户，三户承认收过钱，说法一致。"


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage)
    made.places = await made.do(factories.add_county)
    return made


async def new_case(site, **more):
    return await site.do(lambda uow: factories.add_case(uow, site.places[factories.VILLAGE], **more))


async def state_of(site, number) -> CaseState:
    return (await site.do(lambda uow: factories.read_case(uow, number))).state


async def at_case(site, role=Role.DISCIPLINE_OFFICIAL, **more) -> tuple[Browser, str]:
    """A signed-in browser that looks at a fresh case; the address of its page."""
    case = await new_case(site, **more)
    browser, _ = await site.signed_in(role)
    page = f"/desk/cases/{case.number}"
    await browser.get(page)
    return browser, page


async def investigated(site) -> tuple[Browser, str]:
    """The investigator's browser, with evidence in and the finding handed over."""
    browser, page = await at_case(site)
    for act in ("accept", "start-investigation"):
        await browser.post(f"{page}/{act}", {"version": browser.version()}, then=page)
    await browser.post(f"{page}/evidence", {"description": "谈话笔录三份"}, then=page)
    fields = {"version": browser.version(), "finding": "substantiated", "summary": SUMMARY}
    await browser.post(f"{page}/finding", fields, then=page)
    return browser, page


async def test_a_case_goes_from_received_to_closed_by_two_officials(site):
    person = await site.do(factories.add_person)
    case = await new_case(site, person=person)
    officer, _ = await site.signed_in(Role.DISCIPLINE_OFFICIAL)
    leader, _ = await site.signed_in(Role.DISCIPLINE_LEADER)
    page = f"/desk/cases/{case.number}"
    await officer.get("/desk/cases")
    assert case.number in officer.text
    assert "必查：涉嫌拉票贿选" in officer.text
    await officer.get(page)
    assert "有人挨家送烟，让大家投他。" in officer.text
    await officer.post(f"{page}/accept", {"version": officer.version()}, then=page)
    assert words.FLASHES["accept"] in officer.text
    await officer.get(page)
    assert words.FLASHES["accept"] not in officer.text
    await officer.post(f"{page}/start-investigation", {"version": officer.version()}, then=page)
    picture = {"file": ("笔录.png", b"\x89PNG\r\n\x1a\n rest", "text/html")}
    await officer.post(f"{page}/evidence", {"description": "谈话笔录三份"}, files=picture, then=page)
    assert "谈话笔录三份" in officer.text
    assert "笔录.png" in officer.text
    fields = {"version": officer.version(), "finding": "substantiated", "summary": SUMMARY}
    await officer.post(f"{page}/finding", fields, then=page)
    assert "不能自己审自己的" in officer.text
    assert "审核通过并办结" not in officer.text
    await leader.get("/desk")
    assert case.number in leader.text
    await leader.get(page)
    assert SUMMARY in leader.text
    await leader.post(f"{page}/approve", {"version": leader.version()}, then=page)
    assert await state_of(site, case.number) is CaseState.CLOSED
    await leader.get("/desk/cases?state=closed")
    assert case.number in leader.text
    assert site.woken == 5


async def test_the_reading_of_a_case_is_an_event(site, storage):
    _, page = await at_case(site)
    async with storage.unit_of_work() as uow:
        from storage.tables.records import event

        acts = [row.act for row in await uow.read(event.select())]
    assert acts.count("case_read") == 1
    assert page


async def test_closing_early_says_what_is_missing_and_where(site):
    browser, page = await at_case(site)
    number = page.rpartition("/")[2]
    await browser.post(f"{page}/close", {"version": browser.version()})
    assert browser.status == 409
    assert "还不能办结。" in browser.text
    assert "这件属于必查：涉嫌拉票贿选（1 条理由）。" in browser.text
    for missing in ("开始调查", "调查结论", "至少一份证据", "第二人审核"):
        assert missing in browser.text
    assert 'href="#next"' in browser.source
    assert await state_of(site, number) is CaseState.RECEIVED


async def test_while_investigating_the_missing_links_lead_to_their_forms(site):
    browser, page = await at_case(site)
    for act in ("accept", "start-investigation"):
        await browser.post(f"{page}/{act}", {"version": browser.version()}, then=page)
    await browser.post(f"{page}/close", {"version": browser.version()})
    links = re.findall(r'class="missing__link" href="#([\w-]+)"', browser.source)
    assert {"finding", "evidence"} <= set(links)
    ids = set(re.findall(r'id="([\w-]+)"', browser.source))
    assert set(links) <= ids


async def test_a_flagged_case_is_not_guided_elsewhere_and_the_words_stay(site):
    browser, page = await at_case(site)
    await browser.post(f"{page}/guide-elsewhere", {"version": browser.version(), "where": "请到县民政局二楼"})
    assert browser.status == 409
    assert "还不能告知去哪里办。" in browser.text
    assert "请到县民政局二楼" in browser.text


async def test_an_unflagged_case_is_guided_elsewhere_and_reopened(site):
    browser, page = await at_case(site, flags=())
    number = page.rpartition("/")[2]
    await browser.post(
        f"{page}/guide-elsewhere", {"version": browser.version(), "where": "请到县民政局二楼"}, then=page
    )
    assert await state_of(site, number) is CaseState.GUIDED_ELSEWHERE
    await browser.post(f"{page}/reopen", {"version": browser.version(), "why": "又来了新材料"}, then=page)
    assert await state_of(site, number) is CaseState.ACCEPTED
    assert "第 2 次" in browser.text
    assert "又来了新材料" in browser.text


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
    browser, page = await at_case(site)
    for act in ("accept", "start-investigation"):
        await browser.post(f"{page}/{act}", {"version": browser.version()}, then=page)
    await browser.post(f"{page}/finding", {"version": browser.version(), "finding": finding, "summary": summary})
    assert browser.status == 422
    assert said in browser.text
    assert summary in browser.source
    if finding == "unfounded":
        assert re.search(r'value="unfounded" checked', browser.source)


async def test_a_finding_without_evidence_is_refused_and_kept(site):
    browser, page = await at_case(site)
    for act in ("accept", "start-investigation"):
        await browser.post(f"{page}/{act}", {"version": browser.version()}, then=page)
    fields = {"version": browser.version(), "finding": "unfounded", "summary": SUMMARY}
    await browser.post(f"{page}/finding", fields)
    assert browser.status == 409
    assert "还不能交结论。" in browser.text
    assert "至少一份证据" in browser.text
    assert SUMMARY in browser.source
    assert await state_of(site, page.rpartition("/")[2]) is CaseState.INVESTIGATING


async def test_what_a_colleague_changed_meanwhile_is_not_overwritten(site):
    browser, page = await at_case(site, flags=())
    version = browser.version()
    other, _ = await site.signed_in(Role.DISCIPLINE_LEADER)
    await other.get(page)
    await other.post(f"{page}/accept", {"version": other.version()}, then=page)
    await browser.post(f"{page}/guide-elsewhere", {"version": version, "where": "请到县民政局二楼"})
    assert browser.status == 409
    assert "刚刚有人改过" in browser.text
    assert "请到县民政局二楼" in browser.source
    assert await state_of(site, page.rpartition("/")[2]) is CaseState.ACCEPTED
    await browser.post(
        f"{page}/guide-elsewhere", {"version": browser.version(), "where": "请到县民政局二楼"}, then=page
    )


async def test_what_the_database_refuses_reads_as_calmly(site, monkeypatch):
    browser, page = await at_case(site)
    monkeypatch.setattr(service, "missing_for", lambda *_, **__: ())  # the service misses it, the triggers do not
    monkeypatch.setattr(
        service, "transition_for", lambda *_: type("T", (), {"letter": "x", "target": CaseState.CLOSED})()
    )
    await browser.post(f"{page}/close", {"version": browser.version()})
    assert browser.status == 409
    assert "还不能办结。" in browser.text
    assert any(words.RULES[rule] in browser.text for rule in ("must_investigate", "no_such_transition"))


async def test_nobody_approves_what_they_investigated(site):
    case = await new_case(site)
    leader, _ = await site.signed_in(Role.DISCIPLINE_LEADER)
    page = f"/desk/cases/{case.number}"
    await leader.get(page)
    for act in ("accept", "start-investigation"):
        await leader.post(f"{page}/{act}", {"version": leader.version()}, then=page)
    await leader.post(f"{page}/evidence", {"description": "谈话笔录三份"}, then=page)
    fields = {"version": leader.version(), "finding": "unfounded", "summary": SUMMARY}
    await leader.post(f"{page}/finding", fields, then=page)
    await leader.post(f"{page}/approve")
    assert leader.status == 409
    assert "调查的人不能审自己的结论" in leader.text
    assert await state_of(site, case.number) is CaseState.AWAITING_APPROVAL


async def test_a_returned_finding_comes_back_with_the_reason(site):
    officer, page = await investigated(site)
    leader, _ = await site.signed_in(Role.SUPERIOR)
    await leader.get(page)
    await leader.post(f"{page}/return", {"version": leader.version(), "why": ""})
    assert leader.status == 422
    await leader.post(f"{page}/return", {"version": leader.version(), "why": "请补两户的笔录"}, then=page)
    await officer.get(page)
    assert "请补两户的笔录" in officer.text
    assert SUMMARY in officer.source
    assert "退回补充中" in officer.text


async def test_a_colleague_is_told_that_only_the_investigator_writes(site):
    officer, page = await at_case(site)
    for act in ("accept", "start-investigation"):
        await officer.post(f"{page}/{act}", {"version": officer.version()}, then=page)
    colleague, _ = await site.signed_in()
    await colleague.get(page)
    assert "正在调查，证据和结论由调查人来写" in colleague.text
    await colleague.post(f"{page}/evidence", {"description": "我也查了"})
    assert colleague.status == 403
    assert "这一步不归您办" in colleague.text


async def test_a_case_is_given_to_a_colleague_but_not_to_a_stranger(site):
    browser, page = await at_case(site)
    colleague = await site.do(factories.add_official)
    stranger = await site.do(lambda uow: factories.add_official(uow, place_path=factories.OTHER_VILLAGE))
    await browser.post(f"{page}/assign", {"version": browser.version(), "handler": str(stranger.id)})
    assert browser.status == 422
    await browser.post(f"{page}/assign", {"version": browser.version(), "handler": str(colleague.id)}, then=page)
    assert colleague.display_name in browser.text


async def test_a_flag_is_raised_by_hand_with_a_reason(site):
    browser, page = await at_case(site, flags=())
    await browser.post(f"{page}/flag", {"category": "mass_reaction", "reason": ""})
    assert browser.status == 422
    assert re.search(r'value="mass_reaction" checked', browser.source)
    await browser.post(f"{page}/flag", {"category": "mass_reaction", "reason": "一天来了九个人"}, then=page)
    assert "必查：群众反映强烈" in browser.text
    assert "一天来了九个人" in browser.text


@pytest.mark.parametrize("upload", [("空.png", b"", "image/png"), ("大.bin", b"x" * (20 * 1024 * 1024 + 1), "x/y")])
async def test_a_file_that_cannot_be_kept_loses_no_words(site, upload):
    browser, page = await at_case(site)
    for act in ("accept", "start-investigation"):
        await browser.post(f"{page}/{act}", {"version": browser.version()}, then=page)
    await browser.post(f"{page}/evidence", {"description": "村口的照片"}, files={"file": upload})
    assert browser.status == 422
    assert "村口的照片" in browser.source
    assert "刚才选的文件要再选一次" in browser.text


async def test_more_than_a_form_may_hold_is_refused_before_it_is_read(site):
    browser, page = await at_case(site)
    await browser.post(f"{page}/evidence", files={"file": ("大.bin", b"x" * (22 * 1024 * 1024), "x/y")})
    assert browser.status == 413


async def test_what_people_write_is_never_run(site):
    browser, page = await at_case(site, what="<script>alert(1)</script>\n第二行")
    assert "<script>alert(1)</script>" not in browser.page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n第二行" in browser.page.text
    await browser.post(f"{page}/note", {"body": '<img src=x onerror="x()">'}, then=page)
    assert "<img src=x" not in browser.page.text


async def test_filters_narrow_the_queue(site):
    flagged, plain = await new_case(site), await new_case(site, flags=())
    browser, official = await site.signed_in()
    await browser.get("/desk/cases?must=1")
    assert flagged.number in browser.text
    assert plain.number not in browser.text
    await browser.get(f"/desk/cases/{plain.number}")
    await browser.post(
        f"/desk/cases/{plain.number}/accept", {"version": browser.version()}, then=f"/desk/cases/{plain.number}"
    )
    await browser.get("/desk/cases?mine=1")
    assert plain.number in browser.text
    assert flagged.number not in browser.text
    await browser.get("/desk/cases?state=accepted&must=1")
    assert plain.number not in browser.text
    await browser.get("/desk/cases?state=nonsense")
    assert flagged.number in browser.text
    assert official.display_name in browser.text


async def test_a_recused_official_gets_the_same_pages_with_and_without_the_case(site):
    """Byte for byte, headers too: lists, counts, the case itself, its file, its acts."""
    official = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    kept = await new_case(site, what="另一件")
    browser = await site.sign_in(official)
    secret = "QF-2345-6789"
    pages = (
        "/desk",
        "/desk/cases",
        "/desk/cases?state=received",
        "/desk/cases?must=1",
        "/desk/questions",
        "/desk/candidates",
        "/desk/timetable",
        f"/desk/cases/{kept.number}",
        f"/desk/cases/{secret}",
        f"/desk/cases/{secret}/stand-back",
        f"/desk/cases/{secret}/files/{'a' * 32}",
    )

    async def look() -> list[tuple[int, dict[str, str], bytes]]:
        seen = [await browser.get(page) for page in pages]
        fields = {"body": "看看", "version": "1"}
        acts = ("accept", "close", "note", "approve", "stand-back")
        seen += [await browser.post(f"/desk/cases/{secret}/{act}", fields) for act in acts]
        return [(a.status_code, dict(a.headers), a.content) for a in seen]

    without = await look()

    async def add_and_recuse(uow):
        case_id = await uow.cases.open_case(
            number=secret,
            place_id=site.places[factories.VILLAGE].id,
            narrative={"what": "秘密"},
            reported_person="李某",
            rule_version="test",
            answer_due_on=uow.clock.now().date(),
        )
        await uow.cases.add_flag(case_id, CaseFlag(Category.VOTE_BUYING, ("理由",), "test"), {})
        await uow.files.add(b"x", name="a.txt", origin="reporter", case_id=case_id)
        await uow.cases.recuse(case_id, official.id)

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


async def test_no_page_names_the_reporter(site, storage):
    custodian = await site.do(factories.add_custodian)
    case = await new_case(site)

    async def seal(uow):
        keys = {who: pair.public_key for who, pair in (await uow.officials.custodians()).items()}
        from storage.repositories.cases import seal_for

        await uow.cases.seal_identity(case.id, seal_for(keys, "周小雨", "13900139000"))

    await site.do(seal)
    browser, _ = await site.signed_in()
    for page in ("/desk", "/desk/cases", f"/desk/cases/{case.number}"):
        await browser.get(page)
        assert "周小雨" not in browser.source
        assert "13900139000" not in browser.source
    assert "署名" in browser.text
    assert custodian.display_name not in re.search(r"<title>(.*?)</title>", browser.source).group(1)
