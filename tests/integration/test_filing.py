"""Writing down what somebody says at a desk (P7): like any other report, and nobody's to change afterwards.

Also P2 of the desk's kind (every file kept), N4 and N5 (who is named learns nothing, and the report climbs past them).
"""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text, update

from handlers.desk import words
from handlers.services.errors import BadFields, NotAllowed
from handlers.services.filing import Filings, Statement
from handlers.services.intake import Intake
from knowledge.casework.access import PERMISSIONS, Permission, Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.names import NameState
from knowledge.clock import local_date
from storage.errors import RuleRefused
from storage.repositories.cases import Case
from storage.tables.cases import cases, stored_file
from storage.tables.custody import identity
from storage.tables.records import event, outbox
from tests import factories
from tests.desk_site import Browser, DeskSite

pytestmark = pytest.mark.pages

HERE = "/desk/cases/new"
WHAT = "村里有人挨家送烟，每家两条，让大家投他一票。"
PHOTO = b"\xff\xd8\xff\xe0" + b"photo" * 40
FORM = {
    "via": "walk_in",
    "place": factories.VILLAGE,
    "said_what": WHAT,
    "said_who": "李某",
    "said_when": "3月8日晚上",
    "said_where": "村口小卖部",
    "said_how_known": "亲眼看到",
    "anonymous": "yes",
    "reporter_name": "",
    "contact": "",
}
NAMED = {"anonymous": "no", "reporter_name": "周小雨", "contact": "13900139000"}
FILERS = [role for role, may in PERMISSIONS.items() if Permission.FILE_REPORTS in may]


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage)
    made.places = await made.do(factories.add_county)
    await made.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, display_name="县办甲"))
    return made


async def at_form(site, role=Role.TOWNSHIP_STAFF, place_path=factories.TOWN) -> Browser:
    browser, _ = await site.signed_in(role, place_path)
    await browser.get(HERE)
    return browser


def today(site) -> date:
    return local_date(site.storage.clock.now())


def form(browser, site, **changed: str) -> dict[str, str]:
    token = re.search(r'name="token" value="([^"]+)"', browser.source)
    assert token
    return {"token": token[1], "received_on": today(site).isoformat(), **FORM, **changed}


async def sends(browser, site, **changed: str) -> Browser:
    await browser.post(HERE, form(browser, site, **changed))
    return browser


async def filed(site) -> list[Case]:
    async with site.storage.unit_of_work() as uow:
        return await uow.cases.matching(cases.c.id > 0)


def receipt(browser) -> dict[str, str]:
    """What stands on the receipt."""
    rows = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", browser.source)
    return {name.partition("（")[0]: re.sub(r"<[^>]+>", "", value) for name, value in rows}


@pytest.mark.parametrize("role", FILERS)
@pytest.mark.parametrize("via", ["walk_in", "phone", "letter"])
async def test_a_report_is_written_down_by_whoever_may_and_the_operator_is_on_record(site, role, via):
    browser, operator = await site.signed_in(role)
    await browser.get(HERE)
    await sends(browser, site, via=via)
    assert browser.status == 200
    (case,) = await filed(site)
    assert (case.filed_via, case.filed_by, case.state) == (via, operator.id, CaseState.RECEIVED)
    given = receipt(browser)
    assert given["编号"] == case.number
    due = case.answer_due_on
    assert f"{due.month}月{due.day}日" in browser.text
    async with site.storage.unit_of_work() as uow:
        found = await uow.cases.by_receipt(given["查询码"])
        assert found is not None
        assert found.id == case.id
        narrative = await uow.cases.narrative(case.id)
        (row,) = await uow.read(select(event).where(event.c.act == "report_submitted"))
    assert narrative == {
        "what": WHAT,
        "who": "李某",
        "when": "3月8日晚上",
        "where": "村口小卖部",
        "how_known": "亲眼看到",
    }
    assert (row.actor, row.detail["via"]) == (f"official/{operator.id}", via)
    assert site.woken == 1


@pytest.mark.parametrize("role", [role for role in Role if role not in FILERS])
async def test_nobody_else_finds_the_form(site, role):
    browser, official = await site.signed_in(role)
    await browser.get("/desk")
    assert "代录" not in browser.text
    await browser.get(HERE)
    assert browser.status == 404
    await browser.post(HERE, {"token": "x", **FORM, "received_on": "2026-03-11"}, csrf=browser.csrf)
    assert browser.status == 404
    assert await filed(site) == []
    said = Statement("x", "walk_in", today(site), factories.VILLAGE, {"what": WHAT})
    with pytest.raises(NotAllowed):
        await site.do(lambda uow: Filings(Intake(Classifier(load_categories()))).file(uow, official, said))


async def test_whoever_reads_the_case_sees_the_day_it_came_and_how(site):
    await sends(await at_form(site), site, received_on="2026-03-09", via="letter")
    (case,) = await filed(site)
    reader, _ = await site.signed_in()
    await reader.open_case(case.number)
    assert "3月9日（星期一），来信，代录" in reader.text


async def test_it_is_judged_and_protected_like_one_from_the_chat(site):
    await site.do(factories.add_custodian)
    browser = await sends(await at_form(site), site, **NAMED)
    (case,) = await filed(site)
    assert {"vote_buying", "real_name"} <= {flag.category for flag in case.flags}
    assert "必查" not in browser.text
    assert case.name_state is NameState.CLAIMED
    async with site.storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused):
            await uow.execute(text("UPDATE cases SET state = 'closed', closed_at = received_at"))


@pytest.mark.parametrize("days", [0, 1, 30])
async def test_the_clocks_run_from_the_day_it_came(site, days):
    came = today(site) - timedelta(days=days)
    await sends(await at_form(site), site, received_on=came.isoformat())
    (case,) = await filed(site)
    assert local_date(case.received_at) == came
    assert case.received_at <= site.storage.clock.now()
    async with site.storage.unit_of_work() as uow:
        clocks = {one.kind: one for one in await uow.clocks.of_case(case.id)}
        expected = uow.calendar.add_working_days(came, 15)
    assert clocks[ClockKind.ACCEPTANCE].started_on == came
    assert case.answer_due_on == expected


# The name


async def test_a_name_is_sealed_at_once_and_shown_to_nobody(site):
    await site.do(factories.add_custodian)
    browser = await sends(await at_form(site), site, **NAMED)
    for page in (browser.source, (await browser.get("/desk")).text):
        assert "周小雨" not in page
        assert "13900139000" not in page
    (case,) = await filed(site)
    async with site.storage.unit_of_work() as uow:
        (row,) = await uow.read(select(identity))
        ((custodian_id, pair),) = (await uow.officials.custodians()).items()
        kept = [str(tuple(one)) for table in (cases, event, outbox) for one in await uow.read(select(table))]
        narrative = str(await uow.cases.narrative(case.id))
    key = pair.unlock(factories.PASSWORD)
    async with site.storage.unit_of_work() as uow:
        opened = await factories.read_name(uow, case.id, {custodian_id: key})
    assert opened == {"name": "周小雨", "contact": "13900139000"}
    assert row.needed == 1
    assert not [one for one in (*kept, narrative) if "周小雨" in one or "13900139000" in one]


async def test_without_a_custodian_no_name_is_taken_and_nothing_is_lost(site):
    browser = await at_form(site)
    assert "现在只能录不留名的" in browser.text
    await sends(browser, site, **NAMED)
    assert browser.status == 422
    assert words.FAULTS["anonymous", "no_custodian"] in browser.text
    assert WHAT in browser.source
    assert await filed(site) == []
    await sends(browser, site)
    assert [case.name_state for case in await filed(site)] == [NameState.NONE]


@pytest.mark.parametrize(
    ("contact", "fault"),
    [
        ("1380013800", "phone_wrong"),
        ("138001380000", "phone_wrong"),
        ("电话 2380-0138", "phone_wrong"),
        ("", "empty"),
        ("长" * 61, "too_long"),
        ("138 0013 8000", None),
        ("".join(chr(ord(sign) + 0xFEE0) for sign in "13800138000"), None),
        ("0571-88886666", None),
        ("微信 xiaoyu88", None),
        ("柳树村三组", None),
    ],
)
async def test_a_contact_is_checked_like_in_the_chat(site, contact, fault):
    await site.do(factories.add_custodian)
    browser = await sends(await at_form(site), site, **{**NAMED, "contact": contact})
    assert (browser.status == 422) is (fault is not None)
    assert len(await filed(site)) == (0 if fault else 1)
    if fault:
        assert words.FAULTS["contact", fault] in browser.text


async def test_whoever_leaves_no_name_is_asked_for_none(site):
    await sends(await at_form(site), site, reporter_name="周小雨", contact="13900139000")
    async with site.storage.unit_of_work() as uow:
        assert await uow.read(select(identity)) == []


# Wrong fields


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"via": ""}, ("via", "unknown")),
        ({"via": "chat"}, ("via", "unknown")),
        ({"via": "import"}, ("via", "unknown")),
        ({"received_on": ""}, ("received_on", "no_date")),
        ({"received_on": "2026-03-12"}, ("received_on", "future")),
        ({"received_on": "1926-03-12"}, ("received_on", "too_long_ago")),
        ({"place": ""}, ("place", "unknown")),
        ({"place": "cn/nowhere"}, ("place", "unknown")),
        ({"said_what": " "}, ("said_what", "too_short")),
        ({"said_what": "长" * 10_001}, ("said_what", "too_long")),
        ({"said_who": "长" * 201}, ("said_who", "too_long")),
        ({"said_when": "长" * 201}, ("said_when", "too_long")),
        ({"said_where": "长" * 201}, ("said_where", "too_long")),
        ({"said_how_known": "长" * 201}, ("said_how_known", "too_long")),
    ],
)
async def test_a_wrong_field_is_named_and_everything_typed_is_still_there(site, changed, fault):
    browser = await sends(await at_form(site), site, **changed)
    assert browser.status == 422
    assert words.FAULTS[fault] in browser.text
    assert await filed(site) == []
    for name, typed in {**FORM, **changed}.items():
        if typed.strip() and name not in ("via", "place", "anonymous"):
            assert typed in browser.source, name
    assert re.search(r'value="walk_in" checked', browser.source) or "via" in changed


async def test_all_faults_are_shown_at_once_and_a_file_is_asked_for_again(site):
    await site.do(factories.add_custodian)
    browser = await at_form(site)
    fields = form(browser, site, via="", said_what="", anonymous="no", reporter_name="周", contact="138")
    await browser.post(HERE, fields, files={"file": ("照片.jpg", PHOTO, "image/jpeg")})
    assert browser.status == 422
    for fault in (
        ("via", "unknown"),
        ("said_what", "too_short"),
        ("reporter_name", "too_short"),
        ("contact", "phone_wrong"),
    ):
        assert words.FAULTS[fault] in browser.text
    assert words.FILE_AGAIN in browser.text
    assert 'value="周"' in browser.source


# Files


async def test_every_file_is_kept_with_its_hash_on_the_receipt(site):
    browser = await at_form(site)
    several = [("file", (f"{n}.jpg", PHOTO + bytes([n]), "image/jpeg")) for n in range(3)]
    await browser.post(HERE, form(browser, site), files=several)
    (case,) = await filed(site)
    async with site.storage.unit_of_work() as uow:
        kept = await uow.files.of_case(case.id)
        rows = await uow.read(select(stored_file))
    assert {one.name for one in kept} == {"0.jpg", "1.jpg", "2.jpg"}
    assert all(row.sha256[:8] in browser.text for row in rows)
    second = next(one for one in kept if one.name == "1.jpg")
    assert await site.storage.files.get(second.id) == PHOTO + bytes([1])


async def test_an_empty_file_is_named(site):
    browser = await at_form(site)
    await browser.post(HERE, form(browser, site), files={"file": ("空.jpg", b"", "image/jpeg")})
    assert browser.status == 422
    assert words.FAULTS["file", "empty"] in browser.text


# Once


async def test_the_same_form_sent_twice_is_one_report_with_the_same_receipt(site):
    browser = await at_form(site)
    fields = form(browser, site)
    first = await browser.post(HERE, fields)
    again = await browser.post(HERE, fields)
    assert len(await filed(site)) == 1
    assert receipt(browser)["编号"] in first.text
    assert re.findall(r"QC(?:-\w{4}){5}", first.text) == re.findall(r"QC(?:-\w{4}){5}", again.text)


async def test_a_second_report_is_not_taken_for_the_first(site):
    browser = await at_form(site)
    fields = form(browser, site)
    await browser.post(HERE, fields)
    await browser.post(HERE, {**fields, "said_what": "还有一件：村里的账没有贴出来。"})
    await browser.get(HERE)
    await sends(browser, site)  # the same words from somebody else, on a new form
    numbers = {case.number for case in await filed(site)}
    assert len(numbers) == 3


async def test_a_form_comes_of_no_chance(site):
    """Two looks at the empty form are the same, byte for byte: chance would hide what a page leaks."""
    browser = await at_form(site)
    assert (await browser.get(HERE)).content == (await browser.get(HERE)).content


# Afterwards


async def test_an_operator_without_a_readers_seat_sees_nothing_of_it(site):
    browser = await sends(await at_form(site), site)
    number = receipt(browser)["编号"]
    await browser.get("/desk")
    assert number not in browser.source
    for page in (f"/desk/cases/{number}", "/desk/cases", f"/desk/cases/{number}/note"):
        await browser.get(page)
        assert browser.status in (303, 404)
        assert WHAT not in browser.source


@pytest.mark.parametrize(
    "column", ["narrative_sealed", "filed_by", "filed_via", "received_at", "receipt_index", "place_id"]
)
async def test_nobody_changes_what_was_written_down(site, column):
    await sends(await at_form(site), site)
    (case,) = await filed(site)
    other = {
        "narrative_sealed": b"x",
        "receipt_index": b"x",
        "filed_by": None,
        "filed_via": "letter",
        "place_id": site.places[factories.OTHER_VILLAGE].id,
        "received_at": site.storage.clock.now() + timedelta(days=1),
    }
    if column == "filed_by":
        other["filed_by"] = (await site.do(factories.add_official)).id
    async with site.storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused):
            await uow.execute(update(cases).where(cases.c.id == case.id).values({column: other[column]}))


# N4: a report that names whoever writes it down


@pytest.mark.parametrize("named", [False, True])
async def test_a_report_that_names_its_operator_is_filed_and_the_operator_learns_nothing(site, named):
    await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, factories.TOWN))
    operator = await site.do(
        lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, factories.TOWN, display_name="钱大有")
    )
    browser = await site.sign_in(operator)
    before = {page: (await browser.get(page)).text for page in ("/desk", "/desk/cases")}
    await browser.get(HERE)
    await sends(browser, site, said_who="钱大有" if named else "李某")
    assert browser.status == 200
    (case,) = await filed(site)
    async with site.storage.unit_of_work() as uow:
        assert (operator.id in await uow.recusals.from_case(case.id)) is named
        assert (await uow.cases.by_number(case.number, visible_to=operator) is None) is named
    shown = re.sub(r"Q[FC](?:-\w{4})+", "", browser.source)
    assert "钱大有" not in shown.split("<main")[1]
    after = {page: (await browser.get(page)).text for page in ("/desk", "/desk/cases")}
    assert (after == before) is named


async def test_the_receipt_is_the_same_whoever_is_named(site):
    operator = await site.do(
        lambda uow: factories.add_official(
            uow, Role.DISCIPLINE_LEADER, factories.TOWN, display_name="钱大有", is_head=True
        )
    )
    pages = []
    for who in ("李某某", "钱大有"):
        browser = await site.sign_in(operator)
        await browser.get(HERE)
        await sends(browser, site, said_who=who)
        changing = r"QFR1\.[\w.-]+|data:image[^\"]+|Q[FC](?:-\w{4})+|name=\"csrf\" value=\"[^\"]+\""
        pages.append(re.sub(changing, "", browser.source.split("<main")[1]))
    assert pages[0] == pages[1]
    units = {case.unit_path for case in await filed(site)}
    assert units == {factories.TOWN, factories.COUNTY}


async def test_faults_of_a_service_are_all_in_one_error(site):
    official = await site.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF))
    said = Statement("x", "pigeon", None, "cn/nowhere", {}, anonymous=False)
    with pytest.raises(BadFields) as wrong:
        await site.do(lambda uow: Filings(Intake(Classifier(load_categories()))).file(uow, official, said))
    assert {one.field for one in wrong.value.faults} == {"via", "received_on", "said_what", "anonymous", "place"}
