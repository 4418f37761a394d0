"""Relatives and interests, and the question before the first look: nothing opens before it is answered."""

import re
from datetime import timedelta

import pytest

from handlers.desk import words
from handlers.desk.case_acts import CASE_ACTS
from handlers.services.recusals import DECLARATION_LIFE
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.lifecycle import CaseState
from storage.tables.records import event
from tests import factories
from tests.desk_scenes import scene_at
from tests.desk_site import Browser, DeskSite

pytestmark = pytest.mark.pages

HERE = "/desk/declaration"
STORY = "有人挨家送烟，让大家投他。"
READERS = [role for role in Role if may(role, Permission.READ_CASES)]


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage)
    made.places = await made.do(factories.add_county)
    return made


async def new_case(site, **more):
    return await site.do(lambda uow: factories.add_case(uow, site.places[factories.VILLAGE], **more))


async def newcomer(site, role=Role.DISCIPLINE_OFFICIAL) -> tuple[Browser, object]:
    """An official who has never declared anything."""
    official = await site.do(lambda uow: factories.add_official(uow, role, declared=False))
    return await site.sign_in(official), official


async def add(browser: Browser, **fields: str):
    await browser.get(HERE)
    return await browser.post(HERE, {"kin_kind": "relative", "relation": "儿子", "name": "周某", **fields}, then=HERE)


@pytest.mark.parametrize("role", READERS)
async def test_no_case_opens_before_relatives_and_interests_are_declared(site, role):
    case = await new_case(site)
    browser, _ = await newcomer(site, role)
    onward = f"/desk/cases/{case.number}"
    for page in (onward, f"{onward}/declare", f"{onward}/files/{'a' * 32}"):
        answer = await browser.get(page)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?next={onward}"), page
    await browser.get(f"{HERE}?next={onward}")
    assert "先确认这张单子" in browser.text
    assert STORY not in browser.text
    assert "李某" not in browser.text
    await browser.post(f"{HERE}/confirm", {"next": onward})
    assert browser.page.headers["location"] == onward
    await browser.open_case(case.number)
    assert STORY in browser.text


async def test_before_the_first_look_one_is_told_whom_it_is_about_and_nothing_else(site):
    case = await new_case(site)
    browser, _ = await site.signed_in()
    answer = await browser.get(f"/desk/cases/{case.number}")
    assert answer.headers["location"] == f"/desk/cases/{case.number}/declare"
    await browser.get(answer.headers["location"])
    assert "李某" in browser.text
    assert STORY not in browser.text
    assert "村口" not in browser.text


@pytest.mark.parametrize("declared", [False, True], ids=["nothing declared", "not this case"])
async def test_no_act_is_done_before_the_question_is_answered(site, declared):
    """Whatever is sent: nothing changes, and the way leads to the question."""
    case = await new_case(site, flags=())
    official = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, declared=declared))
    browser = await site.sign_in(official)
    await browser.get("/desk")
    page = f"/desk/cases/{case.number}"
    fields = {"version": "1", "body": "看过了", "where": "请到民政局", "reason": "有道理", "category": "real_name"}
    asked = f"{page}/declare" if declared else f"{HERE}?next={page}"
    for act in sorted(set(CASE_ACTS) - {"stand-back", *({"declare"} if declared else set())}):
        answer = await browser.post(f"{page}/{act}", fields)
        assert (answer.status_code, answer.headers["location"]) == (303, asked), act
    now = await site.do(lambda uow: factories.read_case(uow, case.number))
    assert now == case
    await browser.post(f"{page}/stand-back", then="/desk/cases")  # to stand back nobody has to have said anything


async def test_words_sent_before_the_answer_are_kept_by_the_browser(site):
    """The pages that ask call themselves neither a page nor an error: desk.js puts unsent words back afterwards."""
    case = await new_case(site)
    browser, _ = await newcomer(site)
    await browser.get(f"{HERE}?next=/desk/cases/{case.number}")
    assert 'data-outcome="asked"' in browser.source
    await browser.post(f"{HERE}/confirm", {"next": f"/desk/cases/{case.number}"})
    await browser.get(f"/desk/cases/{case.number}/declare")
    assert 'data-outcome="asked"' in browser.source


async def test_a_declaration_is_renewed_once_a_year(site, clock):
    case = await new_case(site)
    browser, official = await site.signed_in()
    await browser.open_case(case.number)
    assert STORY in browser.text
    clock.advance(DECLARATION_LIFE)
    browser = await site.sign_in(official)
    answer = await browser.get(f"/desk/cases/{case.number}")
    assert answer.headers["location"] == f"{HERE}?next=/desk/cases/{case.number}"
    await browser.get(HERE)
    await browser.post(f"{HERE}/confirm", {"next": f"/desk/cases/{case.number}"}, then=f"/desk/cases/{case.number}")
    assert STORY in browser.text


async def test_relatives_are_added_shown_and_taken_back(site, storage):
    browser, official = await newcomer(site)
    await add(browser, relation="妹夫", name="周某")
    assert words.FLASHES["kin_declared"] in browser.text
    assert "妹夫：周某" in browser.text
    await add(browser, kin_kind="interest", relation="老家", name="", place=factories.OTHER_VILLAGE)
    assert "老家：松林村" in browser.text
    assert "西镇 松林村" in browser.text  # in the list to choose from: two villages may share a name
    first = re.search(rf'action="({HERE}/\d+/remove)"', browser.source).group(1)
    await browser.post(first, then=HERE)
    assert words.FLASHES["kin_taken_back"] in browser.text
    assert "妹夫：周某" not in browser.text
    async with storage.unit_of_work() as uow:
        rows = await uow.read(event.select().where(event.c.actor == f"official/{official.id}"))
    assert [row.act for row in rows if row.act.startswith("kin_")] == ["kin_declared", "kin_declared", "kin_taken_back"]
    assert "周某" not in "".join(str(row) for row in rows)


async def test_nobody_takes_back_what_another_declared_and_nobody_reads_it(site):
    one, _ = await newcomer(site)
    other, _ = await newcomer(site)
    await add(one)
    remove = re.search(rf'action="({HERE}/\d+/remove)"', one.source).group(1)
    await other.get(HERE)
    assert "周某" not in other.text
    await other.post(remove, then=HERE)
    await one.get(HERE)
    assert "周某" in one.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kin_kind": ""}, "请选是亲属还是利害关系"),
        ({"kin_kind": "friend"}, "请选是亲属还是利害关系"),
        ({"relation": ""}, "请写是什么关系"),
        ({"relation": "长" * 21}, "关系最多 20 个字"),
        ({"name": "周"}, "名字至少两个字"),
        ({"name": "长" * 21}, "姓名最多 20 个字"),
        ({"place": "cn/nowhere"}, "没有这个地方"),
    ],
)
async def test_a_wrong_field_comes_back_with_everything_that_was_typed(site, fields, said):
    browser, _ = await newcomer(site)
    case = await new_case(site)
    onward = f"/desk/cases/{case.number}"
    await browser.get(f"{HERE}?next={onward}")
    sent = {"kin_kind": "interest", "relation": "合伙人", "name": "兴旺公司", "next": onward, **fields}
    await browser.post(HERE, sent)
    assert browser.status == 422
    assert said in browser.text
    for name in ("relation", "name"):
        assert f'value="{sent[name]}"' in browser.source
    if sent["kin_kind"] == "interest":
        assert 'value="interest" checked' in browser.source
    assert f'name="next" value="{onward}"' in browser.source  # and the way to the case is not lost either


async def test_the_way_to_the_case_is_kept_while_lines_are_added(site):
    case = await new_case(site)
    browser, _ = await newcomer(site)
    onward = f"/desk/cases/{case.number}"
    here = f"{HERE}?next={onward}"
    await browser.get(here)
    fields = {"kin_kind": "relative", "relation": "儿子", "name": "周某", "next": onward}
    await browser.post(HERE, fields, then=here)
    remove = re.search(rf'action="({HERE}/\d+/remove)"', browser.source).group(1)
    await browser.post(remove, {"next": onward}, then=here)
    await browser.post(f"{HERE}/confirm", {"next": onward})
    assert browser.page.headers["location"] == onward


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/desk/cases/QF-2222-2222",
        "/desk/cases/../../evil",
        "/desk/cases/QF-2222-2222/../../sign-out",
        "/desk/cases/QF-2222-2222\r\nSet-Cookie: a=b",
        "/desk/cases//evil.example",
        "javascript:alert(1)",
        "/desk/sign-out",
    ],
)
async def test_nobody_is_sent_anywhere_but_to_a_case(site, elsewhere):
    browser, _ = await newcomer(site)
    await browser.client.get(HERE, params={"next": elsewhere})
    await browser.get(HERE)
    await browser.post(f"{HERE}/confirm", {"next": elsewhere}, then="/desk")
    answer = await browser.client.get(HERE, params={"next": elsewhere})
    assert "evil" not in answer.text
    answer = await browser.post(HERE, {"kin_kind": "relative", "relation": "儿子", "name": "周某", "next": elsewhere})
    assert answer.headers["location"] == HERE


async def test_a_relative_declared_late_hides_what_is_on_file_already(site):
    """N4: a case the official has read, and even works on, is gone the moment a relative in it is declared."""
    one = await scene_at(site, CaseState.ACCEPTED, who="周某")
    assert STORY in one.works.text
    await add(one.works, name="周某")
    await one.works.get(one.page)
    assert one.works.status == 404
    await one.works.get("/desk/cases")
    assert one.number not in one.works.text
    assert (await one.case()).handler_id is None


async def test_a_relative_with_a_village_is_known_by_both(site):
    """A line may name a person and a village: each alone is reason enough to stand back."""
    named = await new_case(site, who="周某")
    there = await site.do(lambda uow: factories.add_case(uow, site.places[factories.OTHER_VILLAGE]))
    neither = await new_case(site)
    browser, _ = await site.signed_in()
    await add(browser, name="周某", place=factories.OTHER_VILLAGE)
    await browser.get("/desk/cases")
    assert neither.number in browser.text
    assert named.number not in browser.text
    assert there.number not in browser.text


@pytest.mark.parametrize("role", [role for role in Role if role not in READERS])
async def test_who_reads_no_cases_has_nothing_to_declare(site, role):
    browser, _ = await newcomer(site, role)
    await browser.get("/desk")
    assert HERE not in browser.source
    for method, address in (("get", HERE), ("post", HERE), ("post", f"{HERE}/confirm"), ("post", f"{HERE}/1/remove")):
        answer = await getattr(browser, method)(address)
        assert answer.status_code == 403, (method, address)


async def test_the_answer_counts_once_and_only_for_its_case(site, clock):
    case, other = await new_case(site), await new_case(site)
    browser, _ = await site.signed_in()
    await browser.open_case(case.number)
    clock.advance(timedelta(minutes=20))
    await browser.open_case(case.number)
    assert browser.status == 200
    answer = await browser.get(f"/desk/cases/{other.number}")
    assert answer.status_code == 303
