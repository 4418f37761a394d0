"""A custodian's pages, and what an official who works on the case sees of a name (N10, P8)."""

import re

import pytest

from handlers.desk import words
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.names import AttemptOutcome, NameState
from storage.unit_of_work import Storage
from tests import factories
from tests.named_cases import CONTACT, NAME, NamesSite, acts, attempt, open_name

pytestmark = pytest.mark.pages


@pytest.fixture
async def scene(storage: Storage) -> NamesSite:
    made = NamesSite(storage)
    await made.prepare()
    return made


async def test_a_custodian_sees_numbers_and_days_and_nothing_of_the_report(scene):
    browser = await scene.sign_in(scene.custodian)
    await browser.get("/desk")
    assert "等核实的名字" in browser.text
    for page in ("/desk/names", f"/desk/names/{scene.case.number}"):
        await browser.get(page)
        assert browser.status == 200
        assert scene.case.number in browser.text
        for hidden in ("送烟", "李大勇", "柳树村", "东镇", "涉嫌", NAME, CONTACT):
            assert hidden not in browser.text
    for closed in ("/desk/cases", f"/desk/cases/{scene.case.number}"):
        assert (await browser.get(closed)).status_code in (403, 404)


async def test_the_name_is_shown_once_on_a_page_that_no_browser_keeps(scene):
    browser = await scene.sign_in(scene.custodian)
    page = f"/desk/names/{scene.case.number}"
    await browser.get(page)
    answer = await browser.post(f"{page}/open", {"password": factories.PASSWORD, "purpose": "call"})
    assert answer.status_code == 200
    assert NAME in browser.text
    assert CONTACT in browser.text
    assert answer.headers["cache-control"] == "no-store"
    await browser.get(page)
    assert NAME not in browser.text
    assert (await acts(scene.storage)).count("identity_opened") == 1


async def test_a_wrong_password_is_said_in_words_and_too_many_make_wait(scene):
    browser = await scene.sign_in(scene.custodian)
    page = f"/desk/names/{scene.case.number}"
    await browser.get(page)
    for _ in range(5):
        answer = await browser.post(f"{page}/open", {"password": "wrong", "purpose": "call"})
        assert answer.status_code == 422
        assert "密码不对，名字没有打开" in browser.text
        assert re.search(r'value="call" checked', browser.source)
        assert 'value="wrong"' not in browser.source
    answer = await browser.post(f"{page}/open", {"password": factories.PASSWORD, "purpose": "call"})
    assert answer.status_code == 429
    assert "请等 1 分钟再试" in browser.text
    assert NAME not in browser.text


async def test_what_was_not_chosen_is_asked_for(scene):
    browser = await scene.sign_in(scene.custodian)
    page = f"/desk/names/{scene.case.number}"
    await browser.get(page)
    assert (await browser.post(f"{page}/open", {"password": factories.PASSWORD})).status_code == 422
    assert "请选用来做什么" in browser.text
    assert (await browser.post(f"{page}/attempt", {"method": "call"})).status_code == 422
    assert "请选结果" in browser.text
    assert re.search(r'value="call" checked', browser.source)
    await browser.post(f"{page}/attempt", {"method": "call", "outcome": "not_reached"}, then=page)
    assert "打电话：没联系上" in browser.text
    assert "其中要换个人来试" in browser.text


async def test_the_officials_who_handle_the_case_see_the_state_and_never_the_name(scene):
    browser = await scene.sign_in(scene.handler)
    await browser.open_case(scene.case.number)
    assert "署名，等核实" in browser.text
    await attempt(scene.storage, scene.custodian, scene.case.number, "not_reached")
    await open_name(scene.storage, scene.custodian, scene.case.number)
    page = f"/desk/cases/{scene.case.number}"
    await browser.get(page)
    assert "打电话：没联系上" in browser.text
    assert (await browser.post(f"{page}/name-attempt", {"method": "visit"})).status_code == 422
    assert "请选结果" in browser.text
    fields = {"method": "visit", "outcome": "confirmed"}
    await browser.post(f"{page}/name-attempt", fields, then=page)
    assert "实名，已核实" in browser.text
    assert NAME not in browser.source
    assert CONTACT not in browser.source
    assert await scene.state() is NameState.VERIFIED


async def test_a_custodian_who_was_not_there_is_told_whom_to_ask(scene):
    third = await scene.do(lambda uow: scene.another_custodian(uow, "custodian3"))
    browser = await scene.sign_in(third)
    await browser.get(f"/desk/names/{scene.case.number}")
    assert "请有份的保管人同意" in browser.text
    assert "您的登录密码" not in browser.text
    await browser.post(f"/desk/names/{scene.case.number}/ask", {})
    assert browser.status == 422
    assert "请选用来做什么" in browser.text
    await browser.post(
        f"/desk/names/{scene.case.number}/ask", {"purpose": "call"}, then=f"/desk/names/{scene.case.number}"
    )
    assert "等另一位保管人同意" in browser.text


def test_every_outcome_a_custodian_can_choose_has_words():
    assert set(words.OUTCOMES) == set(AttemptOutcome)


@pytest.mark.parametrize("role", [role for role in Role if not may(role, Permission.CHECK_NAMES)])
async def test_only_custodians_get_to_the_pages_of_names(scene, role):
    """P8."""
    browser, _ = await scene.signed_in(role)
    await browser.get("/desk")
    page = f"/desk/names/{scene.case.number}"
    for answer in (
        await browser.post(f"{page}/open", {"password": factories.PASSWORD, "purpose": "call"}),
        await browser.post(f"{page}/attempt", {"method": "call", "outcome": "confirmed"}),
        await browser.get(page),
        await browser.get("/desk/names"),
    ):
        assert answer.status_code == 403
        assert NAME not in answer.text
    assert await scene.state() is NameState.CLAIMED
