"""Entries and grouped questions at the desk, as an official's browser shows them."""

import re

import pytest

from handlers.desk import words
from knowledge.casework.access import Role
from knowledge.loader import load_knowledge
from tests import factories
from tests.desk_site import DeskSite

pytestmark = pytest.mark.pages

CARS = ("选举那天村里派车接老人吗？", "投票那天村里有车接老人吗？", "选举那天村里派不派车接老人")
FORM = {name: value for name, value in factories.ENTRY_FORM.items() if name != "place"}
PHONE = "138" + "00138012"


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage)
    made.places = await made.do(factories.add_county)
    return made


async def ask(site, question, place=factories.VILLAGE, **more) -> int:
    async def log(uow):
        who = await factories.add_person(uow, chat_id=uow.ids.next())
        facts = {"entry_id": None, "score": 0.1, "state": "waiting", "place_id": site.places[place].id, **more}
        return uow.inquiries.log(person_id=who.id, question=question, **facts)

    return await site.do(log)


async def states(site, *inquiries) -> list[str]:
    async def look(uow):
        return [(await uow.inquiries.get(one)).state for one in inquiries]

    return await site.do(look)


# Questions


async def test_like_questions_are_one_line_and_one_reply_goes_to_those_ticked(site):
    one, two, three = [await ask(site, question) for question in CARS]
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await browser.get("/desk/questions")
    assert browser.source.count('href="/desk/questions/') == 1
    assert "3 人" in browser.text
    await browser.get(f"/desk/questions/{one}")
    ticked = dict(re.findall(r'name="(also-\d+)" value="([\d,]+)" checked', browser.source))
    assert set(ticked.values()) == {str(two), str(three)}
    await browser.post(
        f"/desk/questions/{one}/reply", {"reply": "有车。", f"also-{two}": str(two)}, then="/desk/questions"
    )
    assert await states(site, one, two, three) == ["replied", "replied", "waiting"]


async def test_a_wrong_reply_keeps_the_words_and_the_ticks(site):
    one, two, three = [await ask(site, question) for question in CARS]
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await browser.get(f"/desk/questions/{one}")
    await browser.post(f"/desk/questions/{one}/reply", {"reply": "长" * 2001, f"also-{two}": str(two)})
    assert browser.status == 422
    assert "长" * 2001 in browser.source
    assert re.search(rf'name="also-{two}" value="{two}" checked', browser.source)
    assert re.search(rf'name="also-{three}" value="{three}"(?! checked)', browser.source)


@pytest.mark.parametrize("also", ["x", "1,2", "9" * 40, "-1", ""])
async def test_ticks_that_nobody_was_offered_change_nothing(site, also):
    inquiry = await ask(site, CARS[0])
    elsewhere = await ask(site, CARS[1], factories.OTHER_VILLAGE)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await browser.get(f"/desk/questions/{inquiry}")
    await browser.post(
        f"/desk/questions/{inquiry}/reply",
        {"reply": "有车。", "also-1": also, "also-2": str(elsewhere)},
        then="/desk/questions",
    )
    assert await states(site, inquiry, elsewhere) == ["replied", "waiting"]


async def test_no_page_shows_a_number_that_leads_to_the_asker(site):
    inquiry = await ask(site, f"我电话{PHONE}，有车吗")
    await ask(site, f"我的电话{PHONE}，有车吗")
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    for page in (
        "/desk",
        "/desk/questions",
        f"/desk/questions/{inquiry}",
        f"/desk/entries/new?from={inquiry}",
    ):
        await browser.get(page)
        assert "138******12" in browser.source, page
        assert PHONE not in browser.source, page
    await browser.post(f"/desk/questions/{inquiry}/reply", {"reply": ""})
    assert PHONE not in browser.source
    await browser.post(f"/desk/questions/{inquiry}/reply", {"reply": "有"}, then="/desk/questions")
    await browser.get("/desk/questions?state=replied")
    assert "138******12" in browser.source
    assert PHONE not in browser.source


async def test_what_did_not_help_stands_in_its_own_list_with_what_the_bot_said(site):
    entry = next(iter(load_knowledge().entries.values()))
    inquiry = await ask(site, "我到底在哪边投？", state="answered", entry_id=entry.id)

    async def judged(uow):
        asked = await uow.inquiries.get(inquiry)
        await uow.inquiries.judge(inquiry, asked.person_id, useful=False)

    await site.do(judged)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get("/desk/questions")
    assert "我到底在哪边投" not in browser.text
    await browser.get("/desk/questions?state=useless")
    assert "我到底在哪边投" in browser.text
    await browser.get(f"/desk/questions/{inquiry}")
    assert "提问的人说没帮上" in browser.text
    await browser.post(f"/desk/questions/{inquiry}/reply", {"reply": "在柳树村。"}, then="/desk/questions")
    assert await states(site, inquiry) == ["replied"]


async def test_a_question_is_put_to_the_level_above_which_sees_it_with_the_clock(site):
    inquiry = await ask(site, CARS[0])
    clerk, _ = await site.signed_in(Role.VILLAGE_CLERK, factories.VILLAGE)
    await clerk.get(f"/desk/questions/{inquiry}")
    assert "问上级" not in clerk.text  # nobody is above yet
    town, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await clerk.get(f"/desk/questions/{inquiry}")
    await clerk.post(f"/desk/questions/{inquiry}/escalate", {"note": " "})
    assert words.FAULTS["note", "too_short"] in clerk.text
    await clerk.post(f"/desk/questions/{inquiry}/escalate", {"note": "村里没定"}, then=f"/desk/questions/{inquiry}")
    assert "已经请东镇来答" in clerk.text
    assert site.woken == 1
    await town.get("/desk")
    assert "下级问上来的" in town.text
    await town.get("/desk/questions?state=escalated")
    assert "还剩2天" in town.text
    await town.get(f"/desk/questions/{inquiry}")
    assert "村里没定" in town.text
    await clerk.post(f"/desk/questions/{inquiry}/escalate", {"note": "再问一次"})
    assert clerk.status == 409


# Entries


async def written(site, browser, **changed) -> str:
    """An entry's page after its form was sent."""
    await browser.get("/desk/entries/new")
    answer = await browser.client.post(
        "/desk/entries", data={"csrf": browser.csrf, "place": factories.VILLAGE, **FORM, **changed}
    )
    assert answer.status_code == 303, answer.text[:2000]
    return answer.headers["location"]


def version(browser) -> str:
    return re.search(r'name="version" value="(\d+)"', browser.source).group(1)


async def test_the_road_of_an_entry_through_the_pages(site):
    inquiry = await ask(site, CARS[0])
    author, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    reviewer, _ = await site.signed_in(Role.DISCIPLINE_LEADER)
    await author.get(f"/desk/entries/new?from={inquiry}")
    assert CARS[0] in author.source
    page = await written(site, author, **{"from": str(inquiry)})
    await author.get(page)
    assert "等另一位同事来审" in author.text
    assert "请您审" not in author.text
    await reviewer.get("/desk")
    assert "等您审的问答" in reviewer.text
    await reviewer.get(page)
    seen = version(reviewer)
    await author.post(f"{page}/review", {"version": seen, "verdict": "approved"})
    assert words.FAULTS["verdict", "own"] in author.text
    await author.post(f"{page}/publish", {"version": seen})
    assert words.FAULTS["version", "not_approved"] in author.text
    await reviewer.get(page)
    await reviewer.post(f"{page}/review", {"version": seen, "verdict": "returned", "note": " "})
    assert words.FAULTS["note", "no_reason"] in reviewer.text
    assert 'value="returned" checked' in reviewer.source
    await reviewer.post(f"{page}/review", {"version": seen, "verdict": "returned", "note": "写上末班"}, then=page)

    await author.get("/desk/entries?show=returned")
    assert FORM["label"] in author.text
    await author.get(f"{page}/edit")
    assert FORM["answer"] in author.source
    await author.post(f"{page}/versions", {**FORM, "answer": "有，末班十点半。"}, then=page)
    assert "第2版" in author.text
    await reviewer.get(page)
    second = version(reviewer)
    assert second != seen
    await reviewer.post(f"{page}/review", {"version": second, "verdict": "approved", "note": ""}, then=page)
    assert words.FLASHES["entry_approved"] in reviewer.text
    await author.get(page)
    await author.post(f"{page}/publish", {"version": second}, then=page)
    assert words.FLASHES["entry_published"] in author.text
    assert "机器人正在用" in author.text
    answerer = await site.answers.book.at(factories.VILLAGE)
    today = site.storage.clock.now().date()
    assert answerer.answer(CARS[0], as_of=today).text == "有，末班十点半。"

    await author.post(f"{page}/withdraw", then=page)
    assert "撤下了" in author.text
    assert (await site.answers.book.at(factories.VILLAGE)).answer_entry("desk-1", as_of=today) is None
    await author.post(f"{page}/publish", {"version": second}, then=page)
    assert (await site.answers.book.at(factories.VILLAGE)).answer_entry("desk-1", as_of=today)
    for words_said in ("写了第1版", "第1版退回来改", "写了第2版", "第2版审核通过", "开始用第2版", "撤下了"):
        assert words_said in author.text


async def test_an_older_version_is_used_again_from_its_page(site):
    async def some(uow):
        author = await factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.TOWN)
        reviewer = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
        await factories.add_entry(uow, author, reviewer=reviewer, published=True)
        made = await factories.add_entry(
            uow, author, reviewer=reviewer, published=True, entry_id="desk-1", answer="第二种说法。"
        )
        await factories.add_entry(uow, author, reviewer=reviewer, entry_id="desk-1", answer="第三种说法。")
        return made

    await site.do(some)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await browser.get("/desk/entries/desk-1")
    assert "机器人现在用的是第2版" in browser.text
    again = re.search(r'value="(\d+)">\s*<button[^>]*>再用这一版', browser.source).group(1)
    await browser.post("/desk/entries/desk-1/publish", {"version": again}, then="/desk/entries/desk-1")
    assert "机器人现在用的是第1版" in browser.text
    await browser.post("/desk/entries/desk-1/publish", {"version": again})
    assert browser.status == 409


async def test_a_form_with_faults_keeps_all_that_was_typed(site):
    entry = next(iter(load_knowledge().entries.values()))
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await browser.get("/desk/entries/new")
    typed = {
        **FORM,
        "place": factories.VILLAGE,
        "label": "长" * 20,
        "questions": f"有车吗\n{entry.questions[-1]}",
        "more": "留着这一句",
        "law1": "village",
        "article1": "第九百九十九条",
        "document": "",
        "document_dated": "",
        "in_force_until": "2026-02-01",
    }
    await browser.post("/desk/entries", typed)
    assert browser.status == 422
    for fault in (
        ("label", "too_long"),
        ("questions", "too_few"),
        ("sources", "no_such_article"),
        ("in_force_until", "before_it_begins"),
    ):
        assert words.FAULTS[fault] in browser.text, fault
    assert f"现在答的是“{entry.label}”" in browser.text
    for kept in ("长" * 20, entry.questions[-1], "留着这一句", "第九百九十九条", "2026-02-01"):
        assert kept in browser.source, kept
    assert re.search(r'<option value="village" selected>', browser.source)
    assert re.search(rf'<option value="{factories.VILLAGE}" selected>', browser.source)


async def test_a_law_may_be_cited_as_people_write_its_article(site):
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    cited = {"law1": "village", "article1": "第十八条", "document": "", "document_dated": ""}
    await browser.get(await written(site, browser, **cited))
    assert "第十八条" in browser.text


@pytest.mark.parametrize("inquiry", ["x", "0", "9" * 30, "123"])
async def test_an_entry_from_a_question_that_is_not_there_is_a_calm_page(site, inquiry):
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get(f"/desk/entries/new?from={inquiry}")
    assert browser.status == 404


@pytest.mark.parametrize("page", ["/desk/entries/desk-99", "/desk/entries/x", "/desk/entries/desk-1/edit"])
async def test_an_entry_that_is_not_there_is_a_calm_page(site, page):
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get(page)
    assert browser.status == 404


async def test_a_review_of_no_version_is_a_calm_page(site):
    author, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    page = await written(site, author)
    reviewer, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await reviewer.get(page)
    for sent in ({}, {"version": "x"}, {"version": "999"}):
        await reviewer.post(f"{page}/review", {"verdict": "approved", **sent})
        assert reviewer.status == 404
        await reviewer.get(page)
