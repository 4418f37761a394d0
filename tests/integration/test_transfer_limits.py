"""P16, N1, N4: names and files stay behind, whoever stands back hears nothing, and every offer comes to an end."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from handlers.jobs.transfers import expire_offers
from handlers.services import cases, disposals, investigations, outcomes, recusals, transfers
from handlers.services.errors import BadInput, CannotMove
from knowledge.casework.lifecycle import CLOSED_STATES
from knowledge.casework.transfers import TransferState
from knowledge.errors import QingfengError
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.cases import Case
from tests import factories
from tests.county import COUNTY, EAST, REASON, SEATS, TOP, WEST, County, each_in_its_own, open_county


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def fresh_county(request):
    """Runs each example of a property in a county of its own."""
    return each_in_its_own(request, request.param)


# ---- whoever stands back ----


async def test_whoever_a_report_names_in_the_other_unit_never_hears_of_the_offer(county):
    number = (await county.report("葛长河")).number
    await county.told()
    named = await county.browser("west")
    before = {path: (await named.get(path)).text for path in ("/desk", "/desk/transfers", "/desk/cases")}
    offer = await county.offered(number)
    assert await county.recused(number) == {"west"}
    assert await county.told() == ["west-lead"]
    assert before == {path: (await named.get(path)).text for path in before}
    unknown = (await named.get("/desk/transfers/999")).text
    assert (await named.get(f"/desk/transfers/{offer}")).text == unknown
    await named.get("/desk")
    for act in ("accept", "decline", "release"):
        assert (await named.post(f"/desk/transfers/{offer}/{act}", {"reason": "不归我们"})).text == unknown
    await county.by("west-lead", transfers.accept, offer)
    assert await county.sees("west", number) is False
    assert before == {path: (await named.get(path)).text for path in before}


async def test_a_unit_whose_head_the_report_names_is_refused_like_one_that_does_not_exist(county):
    number = (await county.report("庞玉林")).number
    answers = []
    for to in (WEST, "cn/nowhere", "cn/test/west/pine"):
        with pytest.raises(BadInput) as refused:
            await county.by("east", transfers.offer, number, to, REASON)
        answers.append((refused.value.field, refused.value.fault))
    assert set(answers) == {("to_unit", "unknown")}
    assert await county.sees("west", number) is False
    assert await county.recused(number) == set()  # and nothing is written of a try that failed


async def test_nor_may_a_unit_under_a_named_head_be_given_the_case(county):
    """The county's own people would come to see what its head is named in."""
    number = (await county.report("祁连生")).number
    assert (await county.case(number)).unit_path == TOP
    for to in (COUNTY, WEST, EAST):
        with pytest.raises(BadInput):
            await county.by("top", transfers.offer, number, to, REASON)


async def test_an_offer_lapses_when_the_head_of_the_other_unit_turns_out_to_be_related(county):
    number = (await county.report("李大壮")).number
    offer = await county.offered(number)
    await county.declare("west-lead", "李大壮")
    assert await county.offer_state(offer) is TransferState.EXPIRED
    other = await county.browser("west")
    assert (await other.get(f"/desk/transfers/{offer}")).status_code == 404
    assert number not in (await other.get("/desk/transfers")).text


async def test_a_relative_declared_after_the_offer_hides_it_from_that_official(county):
    number = (await county.report("李大壮")).number
    offer = await county.offered(number)
    await county.declare("west", "李大壮")
    related = await county.browser("west")
    assert number not in (await related.get("/desk/transfers")).text
    assert (await related.get(f"/desk/transfers/{offer}")).status_code == 404
    assert await county.offer_state(offer) is TransferState.OFFERED
    await county.by("west-lead", transfers.accept, offer)


async def test_a_case_that_climbs_takes_its_offer_with_it(county):
    number = (await county.report()).number
    offer = await county.offered(number)
    for seat in ("east", "east-2", "east-lead"):
        await county.by(seat, recusals.stand_back, number)
    assert (await county.case(number)).unit_path == COUNTY
    assert await county.offer_state(offer) is TransferState.EXPIRED


# ---- what stays behind ----


async def test_files_stay_behind_until_the_giving_unit_lets_them_go(county):
    number = (await county.report()).number
    case = await county.case(number)
    old = await county.do(
        lambda uow: uow.files.add(b"\x89PNG old", name="照片.png", origin="reporter", case_id=case.id)
    )
    offer = await county.offered(number)
    await county.by("west", transfers.accept, offer)
    county.storage.clock.advance(timedelta(minutes=5))
    new = await county.do(
        lambda uow: uow.files.add(b"\x89PNG new", name="新的.png", origin="reporter", case_id=case.id)
    )
    taker, giver = await county.browser("west"), await county.browser("east")
    page = f"/desk/cases/{number}"
    await taker.open_case(number)
    assert "1 份材料留在原单位（东镇）" in taker.text
    assert "新的.png" in taker.text
    assert "照片.png" not in taker.source
    assert (await taker.get(f"{page}/files/{old.id}")).status_code == 404
    assert (await taker.get(f"{page}/files/{new.id}")).status_code == 200
    await taker.get("/desk")
    assert (await taker.post(f"/desk/transfers/{offer}/release")).status_code == 404  # not theirs to let go
    await giver.get(f"/desk/transfers/{offer}")
    await giver.post(f"/desk/transfers/{offer}/release", then=f"/desk/transfers/{offer}")
    assert "跟着走" in giver.text
    assert (await taker.get(f"{page}/files/{old.id}")).status_code == 200
    await taker.get(page)
    assert "留在原单位" not in taker.text.replace("不勾，材料留在", "")
    assert "照片.png" in taker.text


async def test_files_released_with_the_offer_go_along_and_whoever_is_above_reads_them_anyway(county):
    number = (await county.report()).number
    case = await county.case(number)
    kept = await county.do(lambda uow: uow.files.add(b"\x89PNG", name="a.png", origin="reporter", case_id=case.id))
    offer = await county.offered(number, files_released=True)
    await county.by("west", transfers.accept, offer)
    taker, above = await county.browser("west"), await county.browser("county")
    await taker.open_case(number)
    assert (await taker.get(f"/desk/cases/{number}/files/{kept.id}")).status_code == 200
    await above.open_case(number)
    assert (await above.get(f"/desk/cases/{number}/files/{kept.id}")).status_code == 200
    back = await county.offered(number, EAST, by="west")  # what came on the way stays with the west
    await county.by("east", transfers.accept, back)
    giver = await county.browser("east")
    await giver.open_case(number)
    assert (await giver.get(f"/desk/cases/{number}/files/{kept.id}")).status_code == 404


async def test_names_stay_with_the_custodians(county):
    custodian = await county.do(factories.add_custodian)
    number = (await county.report()).number
    case = await county.case(number)
    keys = await county.do(lambda uow: uow.officials.custodians())
    sealed = factories.sealed_name({custodian.id: keys[custodian.id].public_key}, "周小雨", "13900139000")

    async def seal(uow):
        uow.identities.keep(case.id, sealed)

    async def rows():
        async with county.storage.unit_of_work() as uow:
            return [tuple(row) for row in await uow.read(text("SELECT * FROM identity"))]

    await county.do(seal)
    before = await rows()
    offer = await county.offered(number)
    await county.by("west", transfers.accept, offer)
    assert await rows() == before
    assert len(before) == 1
    taker = await county.browser("west")
    await taker.open_case(number)
    assert "周小雨" not in taker.source
    assert "13900139000" not in taker.source


# ---- what a transfer is no way round ----


async def test_a_flagged_case_is_as_far_from_its_end_after_a_transfer_as_before(county):
    """N1: transfer is no way to end a case, in the service or in the database."""
    number = (await county.report()).number
    offer = await county.offered(number)
    await county.by("west", transfers.accept, offer)
    case = await county.case(number)
    assert case.flags
    with pytest.raises(CannotMove):
        await county.by("west", outcomes.close, number)
    with pytest.raises(CannotMove):
        await county.by("west", cases.guide_elsewhere, number, "请到县民政局问")
    for statement in (
        "UPDATE cases SET unit_id = :unit WHERE id = :id",
        (
            "INSERT INTO transfer (case_id, from_unit_id, to_unit_id, kind, reason_sealed, files_released, offered_by, "
            "offered_at, state, answered_by, answered_at) SELECT id, unit_id, :unit, 'offer', narrative_sealed, "
            "(1 = 0), :who, received_at, 'accepted', :who, received_at FROM cases WHERE id = :id"
        ),
    ):
        values = {"id": case.id, "unit": county.places[EAST].id, "who": county.seats["county"].id}
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        with pytest.raises(RuleRefused):
            await county.do(lambda uow, statement=statement, used=used: uow.execute(text(statement), used))
    assert (await county.case(number)).unit_path == WEST


async def test_a_case_that_ended_is_not_offered_and_an_offer_ends_with_its_case(county):
    number = (await county.report(what="路灯坏了三个月没人修。", who="")).number
    assert not (await county.case(number)).flags
    offer = await county.offered(number)
    await county.by("east", cases.guide_elsewhere, number, "请到镇里的窗口反映路灯的事")
    assert (await county.case(number)).state in CLOSED_STATES
    assert number not in (await (await county.browser("west")).get("/desk/transfers")).text.partition("移交过的")[0]
    with pytest.raises(StaleVersion):
        await county.by("west", transfers.accept, offer)
    assert await expire_offers(county.storage) == 1
    with pytest.raises(CannotMove):
        await county.by("east", transfers.offer, number, WEST, REASON)


async def test_an_investigation_goes_along_and_whoever_is_given_the_case_leads_it(county):
    """Who investigated before never approves it (guarantee 1), in whichever unit they sit."""
    number = (await county.report()).number
    await county.by("east", cases.accept, number)
    await county.by("east", disposals.propose, number, "preliminary_verification", "先核实一下情况")
    await county.by("east-lead", disposals.approve, number)
    await county.by("east", investigations.add_evidence, number, "走访笔录三份")
    offer = await county.offered(number)
    await county.by("west-lead", transfers.accept, offer)
    west = county.seats["west"]
    await county.by("west-lead", cases.assign, number, west.id)
    case = await county.case(number)
    async with county.storage.unit_of_work() as uow:
        found = await uow.investigations.of_case(case)
    assert found is not None
    assert found.investigator_id == west.id
    assert found.investigators == {county.seats["east"].id, west.id}
    await county.by("west", investigations.submit_finding, number, "unfounded", "走访了十二户，说法一致。")
    await county.by("west-lead", investigations.approve_finding, number)


async def test_an_opinion_that_came_along_is_approved_once_somebody_is_found_to_work_on_it(county):
    number = (await county.report()).number
    await county.by("east", cases.accept, number)
    await county.by("east", disposals.propose, number, "preliminary_verification", "先核实一下情况")
    offer = await county.offered(number)
    await county.by("west", transfers.accept, offer)
    leader = await county.browser("west-lead")
    await leader.open_case(number)
    page = f"/desk/cases/{number}"
    await leader.post(f"{page}/approve-disposal", {"version": leader.version()})
    assert leader.status == 409
    assert "先定下谁来办" in leader.text
    await county.by("west-lead", cases.assign, number, county.seats["west"].id)
    await leader.get(page)
    await leader.post(f"{page}/approve-disposal", {"version": leader.version()}, then=page)
    async with county.storage.unit_of_work() as uow:
        found = await uow.investigations.of_case(await county.case(number))
    assert found is not None
    assert found.investigator_id == county.seats["west"].id


# ---- at no moment in nobody's hands ----

UNITS = (TOP, COUNTY, EAST, WEST)
ACTS = st.one_of(
    st.tuples(st.just("offer"), st.sampled_from(sorted(SEATS)), st.sampled_from(UNITS)),
    st.tuples(st.just("assign_down"), st.sampled_from(sorted(SEATS)), st.sampled_from(UNITS)),
    st.tuples(st.sampled_from(["accept", "decline"]), st.sampled_from(sorted(SEATS)), st.none()),
    st.tuples(st.just("withdraw"), st.sampled_from(sorted(SEATS)), st.none()),
    st.tuples(st.just("stand_back"), st.sampled_from(sorted(SEATS)), st.none()),
    st.tuples(st.just("days"), st.integers(1, 10), st.none()),
)


async def invariant(county: County, number: str, before: Case) -> Case:
    """One unit that somebody at, or above, may work for; moved only upwards or by an accepted transfer."""
    case = await county.case(number)
    async with county.storage.unit_of_work() as uow:
        passed = await uow.transfers.of_case(case.id)
        orphans = await uow.recusals.count_orphans()
    assert sum(one.is_open for one in passed) <= 1
    if case.unit_id != before.unit_id:
        accepted = [one.to_path for one in passed if one.state is TransferState.ACCEPTED]
        assert case.unit_path in accepted or before.unit_path.startswith(f"{case.unit_path}/")
    assert not orphans or case.unit_path == TOP
    assert all(one.from_path == case.unit_path for one in passed if one.is_open)
    return case


async def wander(county: County, acts: list[tuple[str, str, str | None]]) -> None:
    number = (await county.report()).number
    case = await county.case(number)
    for act, who, unit in acts:
        async with county.storage.unit_of_work() as uow:
            offer = await uow.transfers.open_of(case.id)
        try:
            if act == "days":
                county.storage.clock.advance(timedelta(days=int(who)))
                await expire_offers(county.storage)
            elif act in ("offer", "assign_down"):
                await county.by(who, getattr(transfers, act), number, unit, REASON)
            elif act in ("accept", "decline"):
                given_ = (REASON,) if act == "decline" else ()
                await county.by(who, getattr(transfers, act), offer.id if offer else 0, *given_)
            else:
                await county.by(who, transfers.withdraw if act == "withdraw" else recusals.stand_back, number)
        except QingfengError:
            pass  # a refusal is an answer; the invariant says whether it was right to leave things as they are
        case = await invariant(county, number, case)
    county.storage.clock.advance(timedelta(days=30))
    await expire_offers(county.storage)
    async with county.storage.unit_of_work() as uow:
        assert await uow.transfers.open_of(case.id) is None


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(ACTS, min_size=6, max_size=14))
def test_whatever_is_offered_answered_or_left_lying_a_case_has_one_unit_and_every_offer_ends(fresh_county, acts):
    fresh_county(lambda county: wander(county, acts))
