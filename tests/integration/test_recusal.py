"""N4, N5: whoever a report is about, or related to, stands back by itself, and no case is left to nobody.

A report that names the head of a body begins a level above it. Where nobody is left anywhere it waits at the top, and
whoever leads is told.
"""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import true

from handlers.services import cases, disposals, investigations, outcomes, recusals, seats
from handlers.services.errors import DeclarationNeeded
from handlers.services.follow_up import add_words
from handlers.services.intake import Intake, NewReport
from handlers.services.seats import SeatChange
from knowledge.casework.access import Role
from knowledge.casework.categories import load_categories
from knowledge.casework.classification import Classifier
from knowledge.casework.clocks import ClockKind
from knowledge.casework.recusal import eligible, route
from knowledge.errors import QingfengError
from tests import factories
from tests.county import COUNTY, EAST, SEATS, TOP, VILLAGE, WHAT, County, each_in_its_own, open_county


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def fresh_county(request):
    """Runs each example of a property in a county of its own."""
    return each_in_its_own(request, request.param)


async def unit_of(county, number) -> str:
    return (await county.case(number)).unit_path


# ---- whom a report names ----


async def test_a_report_that_names_an_official_recuses_that_official(county):
    number = (await county.report("冯小满")).number
    assert await unit_of(county, number) == EAST
    assert await county.recused(number) == {"east"}
    assert await county.sees("east", number) is False
    assert await county.sees("east-2", number) is True


@pytest.mark.parametrize(
    ("who", "what"),
    [("鲁大川", WHAT), ("李大壮", "鲁 大川带着李大壮挨家送烟，让大家投他一票。"), ("", "鲁大\n川在村口发红包拉票。")],
    ids=["as the person reported", "in the account", "with a gap in the name"],
)
async def test_a_report_that_names_the_head_of_a_body_begins_a_level_above(county, who, what):
    number = (await county.report(who, what=what)).number
    assert await unit_of(county, number) == COUNTY
    for seat in ("east", "east-2", "east-lead"):
        assert await county.sees(seat, number) is False, seat
    assert await county.sees("county", number) is True


async def test_an_alias_and_a_post_count_like_the_name(county):
    await county.do(lambda uow: seats.introduce(uow, county.seats["east"], names=["满子"], posts=["东镇纪委委员"]))
    for words in ("满子", "东镇纪委委员"):
        number = (await county.report(what=f"{words}在村口替人发烟拉票。")).number
        assert await county.recused(number) == {"east"}, words


async def test_a_report_that_names_the_head_of_the_county_is_seen_by_nobody_of_the_county(county):
    """Not by the towns either: they are the head's people."""
    number = (await county.report("祁连生")).number
    assert await unit_of(county, number) == TOP
    seen_by = {seat for seat in SEATS if await county.sees(seat, number)}
    assert seen_by == {"top", "top-lead"}


async def test_a_report_that_names_everybody_climbs_to_the_top_and_whoever_leads_is_told(county):
    await county.told()
    everybody = "、".join(name for seat, (_, _, name, _) in SEATS.items() if seat != "top-lead")
    superior = await county.do(
        lambda uow: factories.add_official(uow, Role.SUPERIOR, TOP, username="superior", display_name="乔望")
    )
    await county.do(lambda uow: uow.officials.set_notice_chat(superior.id, 9_999))
    county.seats["superior"] = superior
    number = (await county.report(f"{everybody}、裴启明")).number
    assert await unit_of(county, number) == TOP
    assert await county.recused(number) == set(SEATS) - {"west", "west-lead"}  # these could not see it anyway
    assert await county.told() == ["superior"]
    async with county.storage.unit_of_work() as uow:
        assert await uow.recusals.count_orphans() == 1
    assert await county.sees("superior", number) is True


# ---- what officials declare ----


async def test_a_relative_declared_before_the_report_recuses(county):
    await county.declare("east", "孟老三")
    number = (await county.report(what="孟老三给每家二百块，让大家投他。")).number
    assert await county.recused(number) == {"east"}


async def test_a_relative_declared_after_the_report_recuses_at_once_and_takes_the_case_out_of_hand(county):
    number = (await county.report("孟老三")).number
    await county.by("east", cases.accept, number)
    await county.declare("east", "孟老三")
    assert await county.recused(number) == {"east"}
    assert (await county.case(number)).handler_id is None
    assert ClockKind.UNASSIGNED in await county.clocks(number)
    assert await county.sees("east", number) is False


async def test_an_interest_in_a_village_recuses_from_everything_about_it(county):
    await county.declare("east", "", kind="interest", place=VILLAGE)
    number = (await county.report()).number
    assert await county.recused(number) == {"east"}
    elsewhere = (await county.report(place="cn/test/east/bridge")).number
    assert await county.recused(elsewhere) == set()


async def test_an_interest_with_a_name_and_a_village_recuses_by_either(county):
    await county.declare("east", "孟老三", kind="interest", place="cn/test/east/bridge")
    by_village = (await county.report(place="cn/test/east/bridge")).number
    by_name = (await county.report("孟老三")).number
    neither = (await county.report()).number
    assert await county.recused(by_village) == {"east"}
    assert await county.recused(by_name) == {"east"}
    assert await county.recused(neither) == set()


async def test_a_post_given_to_the_head_later_lets_an_open_case_climb(county):
    number = (await county.report("镇上的一把手")).number
    assert await unit_of(county, number) == EAST
    await county.do(lambda uow: seats.change_seat(uow, "east-lead", SeatChange(posts=("镇上的一把手",))))
    assert await unit_of(county, number) == COUNTY
    assert await county.sees("east", number) is False


async def test_words_added_later_that_name_the_handler_recuse_before_anybody_is_told(county):
    person = await county.do(factories.add_person)
    intake = Intake(Classifier(load_categories()))
    narrative = {"what": WHAT, "who": "李大壮", "when": "", "where": "", "how_known": ""}
    report = NewReport(county.places[VILLAGE], narrative, "李大壮", person_id=person.id)
    number = (await county.do(lambda uow: intake.file(uow, report))).number
    await county.by("east", cases.accept, number)
    await county.told()
    await county.do(lambda uow: add_words(uow, person, number, "冯小满是他表弟，也跟着一起发烟。"))
    assert await county.recused(number) == {"east"}
    assert (await county.case(number)).handler_id is None
    assert sorted(await county.told()) == ["east-2", "east-lead"]


async def test_a_declaration_older_than_a_year_opens_no_case_until_it_is_confirmed_again(county, clock):
    number = (await county.report()).number
    await county.by("east", recusals.declare_clear, number)
    await county.by("east", cases.open_file, number)
    clock.advance(timedelta(days=364))
    await county.by("east", cases.open_file, number)
    clock.advance(timedelta(days=2))
    with pytest.raises(DeclarationNeeded) as needed:
        await county.by("east", cases.open_file, number)
    assert needed.value.what == "kinship"
    await county.by("east", recusals.confirm_declaration)
    await county.by("east", cases.open_file, number)


# ---- nobody is left ----


async def test_when_the_last_one_of_a_unit_stands_back_the_case_climbs_in_the_same_step(county):
    number = (await county.report()).number
    await county.by("east", recusals.stand_back, number)
    await county.by("east-2", recusals.stand_back, number)
    assert await unit_of(county, number) == EAST
    await county.told()
    await county.by("east-lead", recusals.stand_back, number)
    assert await unit_of(county, number) == COUNTY
    assert sorted(await county.told()) == ["county", "county-2", "county-lead"]


async def test_a_handler_from_above_keeps_a_case_that_climbs_to_their_own_level(county):
    number = (await county.report()).number
    await county.by("county", cases.accept, number)
    for seat in ("east", "east-2", "east-lead"):
        await county.by(seat, recusals.stand_back, number)
    case = await county.case(number)
    assert (case.unit_path, case.handler_id) == (COUNTY, county.seats["county"].id)


async def test_a_case_nobody_may_work_on_waits_at_the_top_until_somebody_has_a_seat(county):
    number = (await county.report(place=COUNTY)).number
    for seat in ("county", "county-2", "county-lead", "top"):
        await county.by(seat, recusals.stand_back, number)
    await county.told()
    await county.by("top-lead", recusals.stand_back, number)
    assert await unit_of(county, number) == TOP
    async with county.storage.unit_of_work() as uow:
        assert await uow.recusals.count_orphans() == 1
    await county.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, TOP))
    async with county.storage.unit_of_work() as uow:
        assert await uow.recusals.count_orphans() == 0


async def test_a_new_head_who_stood_back_before_takes_the_cases_away_from_the_unit(county):
    number = (await county.report("冯小满")).number
    await county.do(lambda uow: seats.change_seat(uow, "east-lead", SeatChange(is_head=False)))
    assert await unit_of(county, number) == EAST
    await county.do(lambda uow: seats.change_seat(uow, "east", SeatChange(is_head=True)))
    assert await unit_of(county, number) == COUNTY


async def test_what_was_closed_is_looked_at_again_when_it_opens_again(county):
    """Relatives declared meanwhile stand back, and who has left does not go on with it."""
    number = (await county.report("孟老三")).number
    await county.by("east", cases.accept, number)
    await county.by("east", disposals.propose, number, "preliminary_verification", "先核实一下情况")
    await county.by("east-lead", disposals.approve, number)
    await county.by("east", investigations.add_evidence, number, "走访笔录三份")
    await county.by("east", investigations.submit_finding, number, "unfounded", "走访了十二户，说法一致。")
    await county.by("east-lead", investigations.approve_finding, number)
    await county.by("east", outcomes.recommend, number, "none", "", "没有这回事，不用处理")
    await county.by("east", outcomes.tell_result, number, "查过了，没有查到您说的情况。", by="code")
    await county.by("east", outcomes.close, number)
    await county.declare("east-lead", "孟老三")
    await county.do(lambda uow: seats.close_seat(uow, "east"))
    await county.by("east-2", cases.reopen, number, "又来了新材料")
    case = await county.case(number)
    assert case.handler_id is None
    assert await county.recused(number) == {"east-lead"}
    assert case.unit_path == COUNTY
    assert ClockKind.UNASSIGNED in await county.clocks(number)


# ---- whatever officials do, every open case has somebody ----

DOINGS = st.one_of(
    st.tuples(st.just("stand_back"), st.sampled_from(sorted(SEATS))),
    st.tuples(st.just("declare"), st.sampled_from(sorted(SEATS))),
    st.tuples(st.just("leave"), st.sampled_from(sorted(SEATS))),
    st.tuples(st.just("accept"), st.sampled_from(sorted(SEATS))),
    st.tuples(st.just("named"), st.sampled_from(sorted(SEATS))),
    st.tuples(st.just("head"), st.sampled_from(sorted(SEATS))),
)


async def somebody_is_left(county: County) -> None:
    """N5, asked anew of the officials and recusals themselves and not of what counted them.

    Somebody at the very unit, and no head who is named there or anywhere above it; or it waits at the top.
    """
    async with county.storage.unit_of_work() as uow:
        for case in await uow.cases.matching(true()):
            seats_there = await uow.recusals.seats(case.unit_path)
            recused = await uow.recusals.from_case(case.id)
            assert route(seats_there, recused, case.unit_path) == case.unit_path or case.unit_path == TOP
            left = {seat.official_id for seat in eligible(seats_there, recused, case.unit_path)}
            handler = await uow.officials.get(case.handler_id) if case.handler_id else None
            assert handler is None or handler.id in left
            clocks = [one.kind for one in await uow.clocks.of_case(case.id) if one.is_running]
            assert handler is not None or ClockKind.UNASSIGNED in clocks


async def live_through(county: County, doings: list[tuple[str, str]]) -> None:
    numbers = [(await county.report(place=place)).number for place in (VILLAGE, COUNTY)]
    for doing, seat in doings:
        try:
            if doing == "named":
                numbers.append((await county.report(SEATS[seat][2])).number)
            elif doing == "declare":
                await county.declare(seat, "李大壮")
            elif doing == "leave":
                await county.do(lambda uow, seat=seat: seats.close_seat(uow, seat))
            elif doing == "head":
                await county.do(lambda uow, seat=seat: seats.change_seat(uow, seat, SeatChange(is_head=True)))
            else:
                act = recusals.stand_back if doing == "stand_back" else cases.accept
                await county.by(seat, act, numbers[0])
        except QingfengError:
            pass  # a refusal is an answer too
        await somebody_is_left(county)


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(doings=st.lists(DOINGS, min_size=4, max_size=12))
def test_whoever_stands_back_declares_or_leaves_every_open_case_has_somebody_or_waits_at_the_top(fresh_county, doings):
    fresh_county(lambda county: live_through(county, doings))
