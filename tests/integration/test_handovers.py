"""P14: what somebody has in hand goes on when they leave (ALA#4403, GL#3182), and their words stay (GL#4570)."""

import re

import pytest

from handlers.desk import words
from handlers.services import cases, disposals, handovers, investigations, recusals
from handlers.services.errors import BadInput, CannotMove, NotAllowed, NotFound
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState, Missing
from storage.errors import RuleRefused
from storage.repositories.handovers import Was
from tests.county import COUNTY, County, open_county

pytestmark = pytest.mark.pages

SUMMARY = "走访了十二户，说法一致。"


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


async def accepted(county, by="east", **more) -> str:
    number = (await county.report(**more)).number
    await county.by(by, cases.accept, number)
    return number


async def investigating(county, by="east", leader="east-lead", **more) -> str:
    number = await accepted(county, by, **more)
    await county.by(by, disposals.propose, number, "preliminary_verification", "先核实一下情况")
    await county.by(leader, disposals.approve, number)
    await county.by(by, investigations.add_evidence, number, "走访笔录三份")
    return number


async def awaiting(county, by="east", **more) -> str:
    number = await investigating(county, by, **more)
    await county.by(by, investigations.submit_finding, number, "unfounded", SUMMARY)
    return number


async def handed(county, giver="east", taker="east-2", by="east-lead") -> int:
    to = county.seats[taker].id if taker else None
    return await county.by(by, handovers.arrange, county.seats[giver].id, to)


async def lead_of(county, number) -> int:
    case = await county.case(number)
    async with county.storage.unit_of_work() as uow:
        found = await uow.investigations.of_case(case)
    assert found is not None
    return found.investigator_id


async def test_everything_unfinished_goes_to_the_successor_in_one_step_and_stands_on_a_list(county):
    handled, looked_into, waits = await accepted(county), await investigating(county), await awaiting(county)
    other = await accepted(county, "east-2")
    await county.told()
    made = await handed(county)
    taker = county.seats["east-2"].id
    for number in (handled, looked_into, waits):
        assert (await county.case(number)).handler_id == taker
    for number in (looked_into, waits):
        assert await lead_of(county, number) == taker
    async with county.storage.unit_of_work() as uow:
        items = {one.case_id: one.was for one in await uow.handovers.items(made)}
    assert {(await county.case(handled)).id: Was.HANDLER}.items() <= items.items()
    assert items[(await county.case(looked_into)).id] is Was.INVESTIGATOR
    assert (await county.case(other)).id not in items
    assert await county.told() == ["east-2"]  # one notice, however many cases
    successor = await county.browser("east-2")
    await successor.get(f"/desk/handovers/{made}")
    for number in (handled, looked_into, waits):
        assert number in successor.text
    assert other not in successor.text
    assert "一共 3 件" in successor.text


async def test_a_finding_that_waits_for_its_second_person_stays_handed_in(county):
    number = await awaiting(county)
    await handed(county)
    assert (await county.case(number)).state is CaseState.AWAITING_APPROVAL
    await county.by("east-lead", investigations.approve_finding, number)
    assert (await county.case(number)).state is CaseState.APPROVED


async def test_what_the_successor_may_not_work_on_goes_back_to_the_units_list(county):
    """Recused for one case, and not answering for another's place."""
    related = await accepted(county, "east", who="赵铁柱")
    plain = await accepted(county)
    await county.declare("east-2", "赵铁柱")
    await county.told()
    made = await handed(county)
    case = await county.case(related)
    assert case.handler_id is None
    assert ClockKind.UNASSIGNED in await county.clocks(related)
    assert (await county.case(plain)).handler_id == county.seats["east-2"].id
    assert sorted(await county.told()) == ["east-2", "east-lead"]  # who leads hears at once that a case waits
    successor = await county.browser("east-2")
    await successor.get(f"/desk/handovers/{made}")
    assert plain in successor.text
    assert related not in successor.source


async def test_without_a_successor_all_of_it_waits_and_whoever_takes_it_up_leads_the_investigation(county):
    number = await investigating(county)
    await handed(county, taker=None)
    assert (await county.case(number)).handler_id is None
    assert ClockKind.UNASSIGNED in await county.clocks(number)
    await county.do(
        lambda uow: uow.officials.change_seat(county.seats["east"].id, active=False)
    )  # the database lets the seat be closed now
    await county.by("east-lead", cases.assign, number, county.seats["east-2"].id)
    assert await lead_of(county, number) == county.seats["east-2"].id
    await county.by("east-2", investigations.submit_finding, number, "unfounded", SUMMARY)


@pytest.mark.parametrize("make", [accepted, investigating, awaiting])
@pytest.mark.parametrize("change", [{"active": False}, {"place_path": COUNTY}, {"role": "auditor"}], ids=str)
async def test_the_database_lets_nobody_leave_with_a_case_in_hand(county, make, change):
    await make(county)
    who = county.seats["east"].id
    with pytest.raises(RuleRefused) as refused:
        await county.do(lambda uow: uow.officials.change_seat(who, **change))
    assert refused.value.rule == "handover_first"
    await handed(county)
    await county.do(lambda uow: uow.officials.change_seat(who, **change))


async def test_an_investigation_goes_to_who_handles_the_case_when_nobody_else_is_named(county):
    number = await investigating(county)
    await county.by("east-lead", cases.assign, number, county.seats["east-2"].id)
    assert await lead_of(county, number) == county.seats["east"].id
    await handed(county, taker=None)
    assert await lead_of(county, number) == county.seats["east-2"].id


# ---- the pages ----


async def test_a_leader_chooses_looks_at_the_list_and_confirms_without_scripts(county):
    number = await investigating(county)
    leader = await county.browser("east-lead")
    east, east2 = county.seats["east"], county.seats["east-2"]
    await leader.get("/desk/handovers")
    await leader.get(f"/desk/handovers?giver={east.id}&taker={east2.id}")
    assert number in leader.text
    assert f"{east.display_name} 交给 {east2.display_name}" in leader.text
    assert (await county.case(number)).handler_id == east.id  # looking moves nothing
    hidden = dict(re.findall(r'<input type="hidden" name="(giver|taker)" value="(\d*)">', leader.source))
    await leader.post("/desk/handovers", hidden)
    assert leader.status == 303
    assert leader.page is not None
    await leader.get(leader.page.headers["location"])
    assert words.FLASHES["handed_over"] in leader.text
    assert number in leader.text
    await leader.get("/desk/handovers")
    assert leader.source.count('href="/desk/handovers/') == 1


@pytest.mark.parametrize(
    ("giver", "taker", "fault"),
    [
        ("", "", ("giver", "unknown")),
        ("999", "", ("giver", "unknown")),
        ("west", "", ("giver", "unknown")),  # another unit's
        ("county", "", ("giver", "unknown")),  # above
        ("east", "east", ("taker", "same")),
        ("east", "west", ("taker", "unknown")),
        ("east", "999", ("taker", "unknown")),
    ],
)
async def test_a_hand_over_that_cannot_be_says_why(county, giver, taker, fault):
    chosen = {
        name: str(county.seats[one].id) if one in county.seats else one
        for name, one in (("giver", giver), ("taker", taker))
    }
    leader = await county.browser("east-lead")
    await leader.get("/desk/handovers")
    await leader.post("/desk/handovers", chosen)
    assert leader.status == 422
    assert words.FAULTS[fault] in leader.text
    if chosen["giver"]:
        await leader.get(f"/desk/handovers?giver={chosen['giver']}&taker={chosen['taker']}")
        assert leader.status == 422
        assert words.FAULTS[fault] in leader.text


async def test_only_the_successor_and_who_leads_there_read_the_list(county):
    number = await accepted(county)
    made = await handed(county)
    for seat, may in (("east-2", True), ("east-lead", True), ("county-lead", True), ("west-lead", False)):
        reader = await county.browser(seat)
        answer = await reader.get(f"/desk/handovers/{made}")
        assert (answer.status_code == 200) is may, seat
        assert (number in answer.text) is may, seat
    for seat in ("east", "county", "west"):
        with pytest.raises(NotAllowed):
            await county.by(seat, handovers.people)
    with pytest.raises(NotFound):
        await county.by("county", handovers.read, made)


async def test_a_leader_who_stands_back_hands_over_what_they_never_hear_of(county):
    """N4: the preview, the list and what is told are the same with and without the case; it goes on all the same."""
    leader = await county.browser("east-lead")
    east, east2 = county.seats["east"].id, county.seats["east-2"].id
    seen = await accepted(county)
    preview = f"/desk/handovers?giver={east}&taker={east2}"
    before = (await leader.get(preview)).text
    hidden = await accepted(county, "east", who="孟老三")
    # the leader of this unit is not its head here, else the case would have gone a level up
    await county.do(lambda uow: uow.officials.change_seat(county.seats["east-lead"].id, is_head=False))
    await county.declare("east-lead", "孟老三")
    await county.told()
    assert (await leader.get(preview)).text == before
    made = await handed(county)
    assert (await county.case(hidden)).handler_id == east2
    await leader.get(f"/desk/handovers/{made}")
    assert seen in leader.text
    assert hidden not in leader.source
    assert "一共 1 件" in leader.text


async def test_what_waits_again_is_told_to_nobody_who_stands_back_from_it(county):
    await county.do(lambda uow: uow.officials.change_seat(county.seats["east-lead"].id, is_head=False))
    number = await accepted(county, "east", who="孟老三")
    await county.declare("east-lead", "孟老三")
    await county.told()
    await handed(county, taker=None, by="county-lead")
    assert (await county.case(number)).handler_id is None
    assert await county.told() == ["county-lead"]


# ---- one investigation on the way ----


async def test_a_leader_lets_somebody_else_go_on_and_who_investigated_before_never_approves(county):
    number = await investigating(county, "east-lead", leader="county-lead")
    leader = await county.browser("county-lead")
    await leader.open_case(number)
    page = f"/desk/cases/{number}"
    fields = {"version": leader.version(), "investigator": str(county.seats["east"].id)}
    await leader.post(f"{page}/hand-investigation", fields, then=page)
    assert words.FLASHES["hand-investigation"] in leader.text
    case = await county.case(number)
    assert case.handler_id == county.seats["east"].id
    await county.by("east", investigations.submit_finding, number, "unfounded", SUMMARY)
    with pytest.raises(CannotMove) as refused:
        await county.by("east-lead", investigations.approve_finding, number)
    assert Missing.SECOND_PERSON in refused.value.missing
    async with county.storage.unit_of_work() as uow:
        found = await uow.investigations.of_case(case)
    assert found is not None
    with pytest.raises(RuleRefused):
        await county.do(lambda uow: uow.investigations.approve(found.id, county.seats["east-lead"].id))
    await county.by("county-lead", investigations.approve_finding, number)


async def test_a_finding_handed_in_by_who_is_replaced_is_to_be_handed_in_again(county):
    number = await awaiting(county)
    await county.by("east-lead", handovers.hand_investigation, number, county.seats["east-2"].id)
    assert (await county.case(number)).state is CaseState.INVESTIGATING
    with pytest.raises(CannotMove):
        await county.by("east-lead", investigations.approve_finding, number)
    await county.by("east-2", investigations.submit_finding, number, "unfounded", SUMMARY)


@pytest.mark.parametrize("make", [investigating, awaiting])
async def test_who_investigates_and_stands_back_midway_is_followed_by_who_is_given_the_case(county, make):
    number = await make(county)
    await county.by("east", recusals.stand_back, number)
    assert (await county.case(number)).handler_id is None
    assert ClockKind.UNASSIGNED in await county.clocks(number)
    await county.by("east-lead", cases.assign, number, county.seats["east-2"].id)
    case = await county.case(number)
    assert case.state is CaseState.INVESTIGATING  # what a recused person handed in is nobody's finding
    assert await lead_of(county, number) == county.seats["east-2"].id
    await county.by("east-2", investigations.add_evidence, number, "另外两户的笔录")
    await county.by("east-2", investigations.submit_finding, number, "unfounded", SUMMARY)
    await county.by("east-lead", investigations.approve_finding, number)


@pytest.mark.parametrize("to", ["east", "west", "top"])
async def test_an_investigation_goes_only_to_another_who_may_work_on_the_case(county, to):
    number = await investigating(county)
    await county.declare("top", "李大壮")
    with pytest.raises(BadInput) as refused:
        await county.by("east-lead", handovers.hand_investigation, number, county.seats[to].id)
    assert refused.value.field == "investigator"
    with pytest.raises(NotAllowed):
        await county.by("east-2", handovers.hand_investigation, number, county.seats["east-2"].id)
    fresh = await accepted(county)
    with pytest.raises(CannotMove):
        await county.by("east-lead", handovers.hand_investigation, fresh, county.seats["east-2"].id)
