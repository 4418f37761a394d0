"""P16: a case goes up, down or sideways only when somebody takes it, and is in nobody's hands at no time.

What stays behind, who never hears of it, and what no transfer gets round: test_transfer_limits.py.
"""

import asyncio
import re
from datetime import timedelta

import pytest

from handlers.desk import words
from handlers.jobs.transfers import expire_offers
from handlers.services import cases, transfers
from handlers.services.errors import BadInput, NotAllowed, NotFound
from knowledge.casework.clocks import ClockKind
from knowledge.casework.transfers import TransferState
from storage.errors import StaleVersion
from tests.county import COUNTY, EAST, REASON, TOP, WEST, County, open_county


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


@pytest.mark.parametrize(
    ("to", "taker"), [(WEST, "west"), (COUNTY, "county"), (TOP, "top-lead")], ids=["sideways", "up", "two levels up"]
)
async def test_the_giving_unit_answers_for_a_case_until_the_other_accepts(county, to, taker):
    number = (await county.report()).number
    await county.by("east", cases.accept, number)
    offer = await county.offered(number, to)
    case = await county.case(number)
    assert (case.unit_path, case.handler_id) == (EAST, county.seats["east"].id)
    assert ClockKind.TRANSFER in await county.clocks(number)
    await county.by(taker, transfers.accept, offer)
    case = await county.case(number)
    assert (case.unit_path, case.handler_id) == (to, None)
    assert ClockKind.UNASSIGNED in await county.clocks(number)
    assert ClockKind.TRANSFER not in await county.clocks(number)
    assert await county.sees("east", number) is False
    assert await county.sees(taker, number) is True


async def test_a_case_goes_down_too_and_whoever_is_above_goes_on_seeing_it(county):
    number = (await county.report(place=COUNTY)).number
    assert (await county.case(number)).unit_path == COUNTY
    offer = await county.offered(number, WEST, by="county")
    assert await county.sees("west", number) is False
    await county.by("west", transfers.accept, offer)
    assert (await county.case(number)).unit_path == WEST
    assert await county.sees("county", number) is True
    assert await county.sees("east", number) is False


async def test_a_declined_case_never_left_and_its_giver_reads_why(county):
    number = (await county.report()).number
    await county.by("east", cases.accept, number)
    offer = await county.offered(number)
    await county.told()
    await county.by("west", transfers.decline, offer, "这个村不归我们镇")
    assert (await county.case(number)).unit_path == EAST
    assert (await county.case(number)).handler_id == county.seats["east"].id
    assert await county.told() == ["east"]
    giver = await county.browser("east")
    await giver.open_case(number)
    assert "对方退回" in giver.text
    assert "这个村不归我们镇" in giver.text


async def test_an_offer_nobody_answers_within_five_working_days_comes_back_and_both_are_told(county, clock):
    number = (await county.report()).number
    offer = await county.offered(number)  # on a Wednesday: the fifth working day is the next Wednesday
    await county.told()
    clock.advance(timedelta(days=7))
    assert await expire_offers(county.storage) == 0
    clock.advance(timedelta(days=1))
    assert await expire_offers(county.storage) == 1
    assert await expire_offers(county.storage) == 0
    assert await county.offer_state(offer) is TransferState.EXPIRED
    assert (await county.case(number)).unit_path == EAST
    assert ClockKind.TRANSFER not in await county.clocks(number)
    assert sorted(await county.told()) == ["east", "west", "west-lead"]
    with pytest.raises(StaleVersion):
        await county.by("west", transfers.accept, offer)
    await county.offered(number)  # and may be offered again


async def test_an_offer_is_taken_back_and_then_cannot_be_accepted(county):
    number = (await county.report()).number
    offer = await county.offered(number)
    await county.by("east-2", transfers.withdraw, number)
    assert await county.offer_state(offer) is TransferState.WITHDRAWN
    with pytest.raises(StaleVersion):
        await county.by("west", transfers.accept, offer)
    with pytest.raises(StaleVersion):
        await county.by("east", transfers.withdraw, number)


async def test_a_case_is_offered_to_one_unit_at_a_time(county):
    number = (await county.report()).number
    await county.offered(number)
    for to in (COUNTY, WEST):
        with pytest.raises(BadInput) as refused:
            await county.by("east", transfers.offer, number, to, REASON)
        assert (refused.value.field, refused.value.fault) == ("to_unit", "offered")


@pytest.mark.parametrize("seat", ["east", "county", "top", "top-lead"])
async def test_only_the_unit_it_was_offered_to_answers(county, seat):
    number = (await county.report()).number
    offer = await county.offered(number, by="east-2")
    for act in (transfers.accept, lambda *a: transfers.decline(*a, "不归我们")):
        with pytest.raises(NotFound):
            await county.by(seat, act, offer)
    assert await county.offer_state(offer) is TransferState.OFFERED


async def test_nobody_takes_what_they_offered_to_their_own_unit(county):
    number = (await county.report()).number
    offer = await county.offered(number, COUNTY, by="county")
    with pytest.raises(NotAllowed):
        await county.by("county", transfers.accept, offer)
    await county.by("county-2", transfers.accept, offer)
    assert (await county.case(number)).unit_path == COUNTY


async def test_of_two_answers_at_the_same_moment_one_counts(county):
    number = (await county.report()).number
    offer = await county.offered(number)
    answers = await asyncio.gather(
        county.by("west", transfers.accept, offer),
        county.by("west-lead", transfers.decline, offer, "不归我们"),
        county.by("east", transfers.withdraw, number),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in answers) == 1
    assert all(isinstance(one, StaleVersion | NotFound) for one in answers if isinstance(one, BaseException))
    accepted = await county.offer_state(offer) is TransferState.ACCEPTED
    assert (await county.case(number)).unit_path == (WEST if accepted else EAST)


async def test_before_it_accepts_the_other_unit_reads_a_summary_and_nothing_of_the_report(county):
    number = (await county.report("李大壮")).number
    offer = await county.offered(number)
    taker = await county.browser("west")
    await taker.get("/desk")
    assert "移交 1" in taker.text
    await taker.get("/desk/transfers")
    assert number in taker.text
    await taker.get(f"/desk/transfers/{offer}")
    for shown in (number, "柳树村", "涉嫌拉票贿选", REASON, "3月18日（星期三）", "东镇"):
        assert shown in taker.text
    for kept in ("李大壮", "两条烟", "村口", "看见"):
        assert kept not in taker.source
    assert (await taker.get(f"/desk/cases/{number}")).status_code == 404
    assert (await taker.get(f"/desk/cases/{number}/presence")).status_code == 404
    await taker.get(f"/desk/transfers/{offer}")
    await taker.post(f"/desk/transfers/{offer}/accept", then=f"/desk/cases/{number}")
    await taker.open_case(number)
    assert "两条烟" in taker.text


async def test_a_decline_without_a_reason_and_an_answer_that_comes_late_lose_nothing_typed(county):
    number = (await county.report()).number
    offer = await county.offered(number)
    taker = await county.browser("west")
    await taker.get(f"/desk/transfers/{offer}")
    await taker.post(f"/desk/transfers/{offer}/decline", {"reason": " "})
    assert taker.status == 422
    assert words.FAULTS["reason", "too_short"] in taker.text
    await county.by("east", transfers.withdraw, number)
    await taker.post(f"/desk/transfers/{offer}/decline", {"reason": "不归我们镇"})
    assert taker.status == 409
    assert words.TRANSFER_OVER in taker.text
    assert "自己收回了" in taker.text


async def test_a_refused_offer_keeps_what_was_typed_on_the_case_page(county):
    number = (await county.report()).number
    giver = await county.browser("east")
    await giver.open_case(number)
    page = f"/desk/cases/{number}"
    await giver.post(f"{page}/offer-transfer", {"version": giver.version(), "to_unit": "cn/none", "reason": "归西镇"})
    assert giver.status == 422
    assert words.FAULTS["to_unit", "unknown"] in giver.text
    assert "归西镇" in giver.source
    fields = {"version": giver.version(), "to_unit": WEST, "reason": "归西镇"}
    await giver.post(f"{page}/offer-transfer", fields, then=page)
    assert "已提出移交给西镇" in giver.text
    assert "最晚3月18日（星期三）" in giver.text
    await giver.post(f"{page}/withdraw-transfer", then=page)
    assert "已提出移交给西镇" not in giver.text


async def test_the_list_of_what_was_given_has_pages(county):
    for _ in range(transfers.PAGE + 2):
        number = (await county.report()).number
        await county.offered(number)
        await county.by("east", transfers.withdraw, number)
    giver = await county.browser("east")
    await giver.get("/desk/transfers")
    first = re.findall(r"/desk/transfers/(\d+)", giver.source)
    onward = re.search(r'rel="next" href="([^"]+)"', giver.source)
    assert onward
    await giver.get(onward.group(1))
    second = re.findall(r"/desk/transfers/(\d+)", giver.source)
    assert len(set(first)) == transfers.PAGE
    assert len(set(second)) == 2
    assert not set(first) & set(second)


# ---- assigned from above ----


async def test_a_level_above_assigns_a_case_down_at_once_with_three_months(county):
    number = (await county.report(place=COUNTY)).number
    leader = await county.browser("county-lead")
    await leader.open_case(number)
    page = f"/desk/cases/{number}"
    fields = {"version": leader.version(), "to_unit": EAST, "reason": "请东镇查清报来"}
    await leader.post(f"{page}/assign-down", fields, then=page)
    assert "交办：试验县 → 东镇（对方接下了）" in leader.text
    case = await county.case(number)
    assert (case.unit_path, case.handler_id) == (EAST, None)
    assert {ClockKind.ASSIGNED, ClockKind.UNASSIGNED} <= set(await county.clocks(number))
    async with county.storage.unit_of_work() as uow:
        due = [one.due_on.isoformat() for one in await uow.clocks.of_case(case.id) if one.kind == ClockKind.ASSIGNED]
    assert due == ["2026-06-11"]
    assert await county.sees("east", number) is True


async def test_assigning_on_does_not_give_another_three_months(county, clock):
    number = (await county.report(place=COUNTY)).number
    await county.by("county-lead", transfers.assign_down, number, EAST, REASON)
    clock.advance(timedelta(days=30))
    await county.by("county-lead", transfers.assign_down, number, WEST, REASON)
    case = await county.case(number)
    assert case.unit_path == WEST
    async with county.storage.unit_of_work() as uow:
        due = [one.due_on.isoformat() for one in await uow.clocks.of_case(case.id) if one.kind == ClockKind.ASSIGNED]
    assert due == ["2026-06-11"]


@pytest.mark.parametrize(
    ("seat", "to", "error"),
    [
        ("county", EAST, NotAllowed),  # does not lead
        ("east-lead", WEST, BadInput),  # not beneath
        ("east-lead", EAST, BadInput),
        ("county-lead", TOP, BadInput),
        ("county-lead", "cn/test/west/pine", BadInput),  # nobody there
    ],
)
async def test_only_who_leads_strictly_above_assigns(county, seat, to, error):
    number = (await county.report()).number
    with pytest.raises(error):
        await county.by(seat, transfers.assign_down, number, to, REASON)
    assert (await county.case(number)).unit_path == EAST
