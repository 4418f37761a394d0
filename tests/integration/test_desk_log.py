"""The auditors' page of the event log (N6, N7): acts and never content, and nothing of a case one stands back from."""

from datetime import timedelta

import pytest

from handlers.services import recusals
from knowledge.casework.access import PERMISSIONS, Permission, Role
from knowledge.casework.recusal import Ground
from tests import factories
from tests.desk_site import Browser, DeskSite
from tests.named_cases import CONTACT, NAME, NamesSite

pytestmark = pytest.mark.pages

WORDS = ("送烟", "李大勇", NAME, CONTACT)


@pytest.fixture
async def site(storage) -> NamesSite:
    made = NamesSite(storage)
    await made.prepare()
    return made


async def read_by_two(site: DeskSite, number: str) -> tuple[Browser, Browser]:
    """A case read by a handler and a leader, on two days."""
    one, _ = await site.signed_in(Role.DISCIPLINE_OFFICIAL)
    await one.open_case(number)
    site.storage.clock.advance(timedelta(days=1))
    other, _ = await site.signed_in(Role.DISCIPLINE_LEADER)
    await other.open_case(number)
    return one, other


async def test_an_auditor_sees_who_read_what_and_no_word_of_it(site):
    number = site.case.number
    await read_by_two(site, number)
    auditor, official = await site.signed_in(Role.AUDITOR)
    await auditor.get("/desk/log")
    assert auditor.status == 200
    assert auditor.text.count(f"查看 {number}") >= 2
    assert "说明不用回避" in auditor.text
    assert not [one for one in WORDS if one in auditor.source]
    await auditor.get("/desk/log")
    assert "查看列表 办理记录" in auditor.text  # the look before
    assert official.display_name in auditor.text


async def test_the_log_is_found_by_person_case_and_day(site):
    number = site.case.number
    await read_by_two(site, number)
    who = next(one for one in await site.do(lambda uow: uow.officials.all()) if one.role is Role.DISCIPLINE_LEADER)
    auditor, _ = await site.signed_in(Role.AUDITOR)
    await auditor.get(f"/desk/log?official={who.id}")
    rows = auditor.text.partition("记录 ")[2]
    assert f"查看 {number}" in rows
    assert "（纪检办案人）" not in rows.split("每页")[0].partition("所有人")[2].partition("找 记录")[2]
    await auditor.get(f"/desk/log?q={number.lower()}")
    assert f"查看 {number}" in auditor.text
    await auditor.get("/desk/log?q=QF-ZZZZ-ZZZZ")
    assert "没有这样的记录" in auditor.text
    day = site.storage.clock.now().date() - timedelta(days=40)
    await auditor.get(f"/desk/log?until={day}")
    assert "没有这样的记录" in auditor.text
    await auditor.get(f"/desk/log?from={day}")
    assert f"查看 {number}" in auditor.text


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-03-12&until=2026-03-11", "official=x&before=-1", "before=9" * 3]
)
async def test_an_odd_question_is_answered_kindly_and_keeps_what_was_typed(site, query):
    auditor, _ = await site.signed_in(Role.AUDITOR)
    await auditor.get(f"/desk/log?{query}")
    assert auditor.status == 200
    if query.startswith("from"):
        assert "请" in auditor.text
        assert 'data-outcome="error"' in auditor.source


async def test_a_long_log_has_pages_and_none_is_shown_twice(site):
    for number in range(120):
        await site.do(
            lambda uow, n=number: uow.log.record(actor="system", act="calendar_imported", subject=f"calendar/{n}")
        )
    auditor, _ = await site.signed_in(Role.AUDITOR)
    seen: list[str] = []
    await auditor.get("/desk/log")
    for _ in range(5):
        seen += [part.split("<")[0] for part in auditor.source.split("<code>calendar/")[1:]]
        if "下一页" not in auditor.text:
            break
        await auditor.get(
            auditor.source.partition('href="/desk/log?before=')[2].partition('"')[0].join(("/desk/log?before=", ""))
        )
    assert sorted(map(int, seen)) == list(range(120))


async def test_an_auditor_whom_a_report_names_does_not_learn_that_there_is_one(site):
    """Recused, or of another place: neither the events of a case nor its number in another event's details."""
    number = site.case.number
    official = await site.do(lambda uow: factories.add_official(uow, Role.AUDITOR))

    async def stand_back(uow):
        case = await factories.read_case(uow, number)
        await recusals.recuse(uow, case, {official.id: Ground.NAMED}, actor="system")

    await site.do(stand_back)
    handler, _ = await read_by_two(site, number)
    await handler.get(f"/desk/cases?q={number}")
    auditor = await site.sign_in(official)
    other, _ = await site.signed_in(Role.AUDITOR)
    below, _ = await site.signed_in(Role.AUDITOR, factories.TOWN)
    for who, knows in ((auditor, False), (below, False), (other, True)):
        await who.get("/desk/log")
        assert (number in who.text) is knows
        await who.get(f"/desk/log?q={number}")
        assert (f"查看 {number}" in who.text) is knows


async def test_only_auditors_open_the_log(site):
    for role in Role:
        if Permission.READ_LOG not in PERMISSIONS[role] and role is not Role.CUSTODIAN:
            browser, _ = await site.signed_in(role)
            assert (await browser.get("/desk/log")).status_code == 403, role
