"""Several cases at once from the queue: each by its own use case, done or refused by itself (N1: bulk is no way)."""

import re

import pytest

from handlers.desk import words
from handlers.services import cases, disposals, investigations, outcomes, recusals
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState
from tests.county import County, open_county

pytestmark = pytest.mark.pages


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


async def declared(county, *seats, **more) -> str:
    """A report that some officials have said they have nothing to do with."""
    number = (await county.report(**more)).number
    for seat in seats:
        await county.by(seat, recusals.declare_clear, number)
    return number


async def told(county, **more) -> str:
    """A case whose result was told: what is left is to close it."""
    number = await declared(county, "east", **more)
    await county.by("east", cases.accept, number)
    await county.by("east", disposals.propose, number, "preliminary_verification", "先核实一下情况")
    await county.by("east-lead", disposals.approve, number)
    await county.by("east", investigations.add_evidence, number, "走访笔录三份")
    await county.by("east", investigations.submit_finding, number, "unfounded", "走访了十二户，说法一致。")
    await county.by("east-lead", investigations.approve_finding, number)
    await county.by("east", outcomes.recommend, number, "none", "", "没有这回事，不用处理")
    await county.by("east", outcomes.tell_result, number, "查过了，没有查到您说的情况。", by="code")
    return number


async def boxes(browser, *numbers) -> dict[str, str]:
    """The boxes of some cases as the queue's page has them."""
    found = dict(re.findall(r'name="(case-[A-Z0-9-]+)" value="(\d+)" form="bulk"', browser.source))
    return {f"case-{number}": found[f"case-{number}"] for number in numbers}


async def state_of(county, number) -> CaseState:
    return (await county.case(number)).state


async def test_several_cases_go_to_a_colleague_in_one_step(county):
    numbers = [await declared(county, "east-lead") for _ in range(3)]
    left = await declared(county, "east-lead")
    leader = await county.browser("east-lead")
    await leader.get("/desk/cases")
    to = county.seats["east"]
    chosen = await boxes(leader, *numbers)
    await leader.post("/desk/cases/bulk", chosen | {"act": "assign", "handler": str(to.id)})
    assert leader.status == 200
    assert "3 件办好了" in leader.text
    assert all(number in leader.text for number in numbers)
    assert {(await county.case(number)).handler_id for number in numbers} == {to.id}
    assert (await county.case(left)).handler_id is None


async def test_what_cannot_be_given_is_listed_with_the_reason_and_the_rest_is_done(county):
    """Recused, not declared, moved meanwhile, unknown: four reasons, and one that is done all the same."""
    good = await declared(county, "east-lead")
    related = await declared(county, "east-lead", who="孟老三")
    unsaid = await declared(county)
    quicker = await declared(county, "east-lead")
    await county.declare("east", "孟老三")
    leader = await county.browser("east-lead")
    await leader.get("/desk/cases")
    chosen = await boxes(leader, good, related, unsaid, quicker)
    await county.by("east-2", cases.accept, quicker)
    fields = chosen | {"case-QF-ZZZZ-ZZZZ": "1", "act": "assign", "handler": str(county.seats["east"].id)}
    await leader.post("/desk/cases/bulk", fields)
    assert "4 件没有办" in leader.text
    assert "1 件办好了" in leader.text
    for why in (
        words.FAULTS["handler", "unknown"],
        words.BULK_DECLARE,
        words.STALE,
        words.ERRORS["not_found"].title,
    ):
        assert why in leader.text, why
    for number in (related, unsaid, quicker):
        assert f'href="/desk/cases/{number}"' in leader.source
    assert (await county.case(good)).handler_id == county.seats["east"].id
    assert (await county.case(related)).handler_id is None
    assert (await county.case(quicker)).handler_id == county.seats["east-2"].id


async def test_closing_at_once_closes_what_may_be_closed_and_nothing_else(county):
    """N1: the bulk action is refused what one by one is refused (ZAM#4198, CW#15232)."""
    ready = [await told(county), await told(county)]
    untouched, accepted = await declared(county, "east"), await declared(county, "east")
    await county.by("east", cases.accept, accepted)
    handler = await county.browser("east")
    await handler.get("/desk/cases")
    chosen = await boxes(handler, *ready, untouched, accepted)
    await handler.post("/desk/cases/bulk", chosen | {"act": "close"})
    assert "2 件没有办" in handler.text
    assert "2 件办好了" in handler.text
    assert "还差：开始调查、调查结论、至少一份证据、第二人审核。" in handler.text
    assert {await state_of(county, number) for number in ready} == {CaseState.CLOSED}
    assert await state_of(county, untouched) is CaseState.RECEIVED
    assert await state_of(county, accepted) is CaseState.ACCEPTED


async def test_no_flagged_case_ends_by_the_bulk_action(county):
    numbers = [await declared(county, "east") for _ in range(5)]
    handler = await county.browser("east")
    await handler.get("/desk/cases")
    for _ in range(2):
        await handler.post("/desk/cases/bulk", await boxes_of_all(numbers) | {"act": "close"})
        assert "5 件没有办" in handler.text
    assert {await state_of(county, number) for number in numbers} & CLOSED_STATES == set()


async def boxes_of_all(numbers) -> dict[str, str]:
    return {f"case-{number}": "" for number in numbers}  # no version: nothing was looked at


@pytest.mark.parametrize("act", ["guide-elsewhere", "approve", "tell-result", "flag", "", "stand-back"])
async def test_nothing_else_is_done_to_several_at_once(county, act):
    number = await declared(county, "east")
    handler = await county.browser("east")
    await handler.get("/desk/cases")
    fields = await boxes(handler, number) | {"act": act, "where": "请到县民政局问"}
    assert (await handler.post("/desk/cases/bulk", fields)).status_code == 404
    assert await state_of(county, number) is CaseState.RECEIVED


async def test_with_nothing_ticked_or_nobody_chosen_it_says_so(county):
    number = await declared(county, "east")
    handler = await county.browser("east")
    await handler.get("/desk/cases")
    await handler.post("/desk/cases/bulk", {"act": "assign"})
    assert (handler.status, words.BULK_NOTHING in handler.text) == (422, True)
    await handler.get("/desk/cases")
    await handler.post("/desk/cases/bulk", await boxes(handler, number) | {"act": "assign", "handler": ""})
    assert (handler.status, words.BULK_NOBODY in handler.text) == (422, True)
    assert (await handler.get("/desk/cases/bulk")).status_code == 303  # reloaded: back to the list


async def test_a_whole_page_can_be_ticked(county):
    numbers = [await declared(county, "east-lead") for _ in range(cases.PAGE)]
    leader = await county.browser("east-lead")
    await leader.get("/desk/cases")
    chosen = await boxes(leader, *numbers)
    await leader.post("/desk/cases/bulk", chosen | {"act": "assign", "handler": str(county.seats["east"].id)})
    assert f"{cases.PAGE} 件办好了" in leader.text


async def test_who_handles_no_cases_has_no_boxes_and_may_not(county):
    await declared(county)
    superior, _ = await county.site.signed_in(county.seats["east"].role.SUPERIOR, "cn")
    await superior.get("/desk/cases")
    assert 'form="bulk"' not in superior.source
    answer = await superior.post("/desk/cases/bulk", {"act": "close", "case-QF-ZZZZ-ZZZZ": "1"})
    assert answer.status_code == 404


async def test_a_recused_official_sees_the_same_boxes_and_is_told_of_no_such_case(county):
    number = await declared(county, who="冯小满")
    named = await county.browser("east")
    await named.get("/desk/cases")
    assert number not in named.source
    answers = []
    for asked in (number, "QF-ZZZZ-ZZZZ"):
        await named.get("/desk/cases")
        fields = {f"case-{asked}": "1", "act": "assign", "handler": str(county.seats["east-2"].id)}
        await named.post("/desk/cases/bulk", fields)
        answers.append(named.source.replace(asked, "*"))
    assert answers[0] == answers[1]
