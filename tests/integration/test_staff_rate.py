"""P12: whoever works fast at the desk waits a moment; no request is refused and nothing sent is lost."""

import asyncio

import pytest

from handlers.desk.pace import AT_ONCE, LONGEST_WAIT
from handlers.services import recusals
from tests.county import County, open_county


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


async def test_ten_times_the_limit_is_answered_late_and_answered_all(county):
    reader = await county.browser("east")
    other = await county.browser("west")
    county.site.waits.clear()
    answers = await asyncio.gather(*(reader.client.get("/desk/notices") for _ in range(10 * AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    waited = list(county.site.waits)
    assert len(waited) >= 9 * AT_ONCE
    assert max(waited) == LONGEST_WAIT
    await other.get("/desk/notices")  # somebody else's haste is not theirs
    assert county.site.waits == waited


async def test_what_is_sent_too_fast_is_kept_all_the_same(county):
    number = (await county.report()).number
    await county.by("east", recusals.declare_clear, number)
    writer = await county.browser("east")
    await writer.get("/desk")
    notes = [f"第{count}笔记录" for count in range(4 * AT_ONCE)]
    for note in notes:
        sent = {"csrf": writer.csrf, "body": note}
        assert (await writer.client.post(f"/desk/cases/{number}/note", data=sent)).status_code == 303
    assert county.site.waits
    case = await county.case(number)
    async with county.storage.unit_of_work() as uow:
        assert [note.body for note in await uow.cases.notes(case.id)] == notes


async def test_who_is_not_signed_in_waits_for_nothing_and_costs_nothing(county):
    stranger = county.site.browser()
    statuses = set()
    for count in range(20):
        stranger.client.cookies.set("qingfeng_desk", f"made-up-{count}")
        statuses.add((await stranger.client.get("/desk/cases")).status_code)
    assert statuses == {303}
    assert county.site.waits == []
