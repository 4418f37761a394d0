"""P15, USH#535: whoever opens a case sees who else is at it within five seconds, and it tells nobody else anything.

The page asks every four seconds (handlers/desk/static/desk.js); somebody counts as looking for fifteen.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.desk import words
from handlers.services import cases, recusals
from handlers.services.access import SESSION_IDLE
from storage.tables.records import event
from tests.county import County, open_county

pytestmark = pytest.mark.pages

POLL = timedelta(seconds=4)


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


async def poll(browser, number) -> str:
    answer = await browser.client.get(f"/desk/cases/{number}/presence")
    assert answer.status_code == 200, answer.text[:500]
    return str(answer.json()["says"])


async def test_the_second_viewer_sees_the_first_at_once_and_the_first_the_second_within_five_seconds(county, clock):
    number = (await county.report()).number
    first, second = await county.browser("east"), await county.browser("east-2")
    await first.open_case(number)
    assert "也在看这件" not in first.text
    clock.advance(POLL)
    assert await poll(first, number) == ""
    clock.advance(timedelta(seconds=1))
    await second.open_case(number)
    assert "冯小满也在看这件。" in second.text  # without any script
    clock.advance(POLL - timedelta(seconds=1))
    assert await poll(first, number) == "尹春来也在看这件。"


async def test_whoever_closed_the_page_is_gone_after_fifteen_seconds(county, clock):
    number = (await county.report()).number
    first, second = await county.browser("east"), await county.browser("east-2")
    await first.open_case(number)
    await second.open_case(number)
    clock.advance(timedelta(seconds=14))
    assert await poll(second, number) == "冯小满也在看这件。"
    clock.advance(timedelta(seconds=1))
    assert await poll(second, number) == ""
    await second.get(f"/desk/cases/{number}")
    assert "也在看这件" not in second.text


async def test_a_case_somebody_works_on_says_so_to_everybody_else(county):
    number = (await county.report()).number
    await county.by("east", cases.accept, number)
    other, own = await county.browser("east-2"), await county.browser("east")
    await other.open_case(number)
    assert "正在由冯小满办。" in other.text
    await own.open_case(number)
    assert "正在由" not in own.text
    assert await poll(other, number) == "正在由冯小满办。冯小满也在看这件。"


async def test_the_answer_tells_when_a_colleague_was_quicker_and_their_form_is_refused(county):
    number = (await county.report()).number
    first, second = await county.browser("east"), await county.browser("east-2")
    await first.open_case(number)
    await second.open_case(number)
    seen = first.version()
    page = f"/desk/cases/{number}"
    await second.post(f"{page}/accept", {"version": second.version()}, then=page)
    answer = await first.client.get(f"{page}/presence")
    assert str(answer.json()["version"]) != seen
    await first.post(f"{page}/accept", {"version": seen})
    assert first.status == 409
    assert words.STALE in first.text


async def test_asking_is_no_reading_and_writes_no_event(county):
    number = (await county.report()).number
    reader = await county.browser("east")
    await reader.open_case(number)

    async def events() -> int:
        async with county.storage.unit_of_work() as uow:
            return len(await uow.read(select(event.c.id)))

    before = await events()
    for _ in range(3):
        await poll(reader, number)
    assert await events() == before


async def test_who_may_not_know_of_the_case_is_answered_as_if_there_were_none(county):
    number = (await county.report("冯小满")).number
    handler = await county.browser("east-2")
    await handler.open_case(number)
    for seat in ("east", "west"):
        other = await county.browser(seat)
        answer = await other.client.get(f"/desk/cases/{number}/presence")
        nothing = await other.client.get("/desk/cases/QF-ZZZZ-ZZZZ/presence")
        assert (answer.status_code, answer.text) == (nothing.status_code, nothing.text)
        assert answer.status_code == 404
    assert await poll(handler, number) == ""


async def test_who_has_not_declared_yet_neither_looks_nor_is_seen(county):
    number = (await county.report()).number
    first, second = await county.browser("east"), await county.browser("east-2")
    await first.open_case(number)
    assert (await second.client.get(f"/desk/cases/{number}/presence")).status_code == 404
    assert await poll(first, number) == ""


async def test_whoever_stands_back_while_looking_is_seen_no_longer(county):
    number = (await county.report()).number
    first, second = await county.browser("east"), await county.browser("east-2")
    await second.open_case(number)
    await first.open_case(number)
    await county.by("east-2", recusals.stand_back, number)
    assert await poll(first, number) == ""


async def test_a_page_left_open_does_not_keep_a_session_alive(county, clock):
    number = (await county.report()).number
    reader = await county.browser("east")
    await reader.open_case(number)
    for _ in range(16):
        clock.advance(SESSION_IDLE / 15)
        answer = await reader.client.get(f"/desk/cases/{number}/presence")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/desk/sign-in")
