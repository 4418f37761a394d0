"""The duty roster: a new report goes to whoever is on duty at its unit, by clock and kind, never by workload."""

from datetime import UTC, datetime

import pytest

from handlers.desk import words
from handlers.services import cases, duty, seats
from handlers.services.errors import BadInput, NotAllowed, NotFound
from handlers.services.seats import SeatChange
from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.clocks import ClockKind
from knowledge.clock import SHANGHAI
from tests import factories
from tests.county import COUNTY, EAST, TOP, WEST, County, open_county

pytestmark = pytest.mark.pages

PLAIN = "路灯坏了三个月没人修。"
MONDAY, TUESDAY, WEDNESDAY, SUNDAY = 0, 1, 2, 6


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of March 2026 in Shanghai (the 9th is a Monday), as an instant."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=SHANGHAI).astimezone(UTC)


async def put(county, who="east", weekday=WEDNESDAY, hours=("08:00", "18:00"), *, unit=EAST, by="east-lead", kind=""):
    await county.by(
        by,
        duty.put_on_duty,
        unit,
        weekday=weekday,
        from_time=hours[0],
        to_time=hours[1],
        who=county.seats[who].id,
        category=kind,
        categories=frozenset(Category),
    )


async def handler_of_a_report(county, moment: datetime, **more) -> str | None:
    county.storage.clock.set(moment)
    case = await county.case((await county.report(**more)).number)
    return next((seat for seat, one in county.seats.items() if one.id == case.handler_id), None)


@pytest.mark.parametrize(
    ("moment", "handler"),
    [
        (at(11, 7, 59, 59), None),
        (at(11, 8), "east"),
        (at(11, 17, 59, 59), "east"),
        (at(11, 18), None),
        (at(10, 12), None),  # Tuesday
        (at(18, 12), "east"),  # a week on
    ],
)
async def test_the_hours_of_a_slot_begin_with_its_first_minute_and_end_before_its_last(county, moment, handler):
    await put(county)
    assert await handler_of_a_report(county, moment) == handler


@pytest.mark.parametrize(
    ("moment", "handler"),
    [
        (at(8, 21, 59), None),  # Sunday evening
        (at(8, 22), "east"),
        (at(8, 23, 59, 59), "east"),
        (at(9, 0), "east"),  # Monday, the first minute
        (at(9, 5, 59, 59), "east"),
        (at(9, 6), None),
    ],
)
async def test_a_slot_over_midnight_goes_on_into_the_next_day_also_from_sunday_to_monday(county, moment, handler):
    await put(county, weekday=SUNDAY, hours=("22:00", "06:00"))
    assert await handler_of_a_report(county, moment) == handler


async def test_a_slot_ends_with_the_day_when_it_ends_at_midnight(county):
    await put(county, hours=("20:00", "00:00"))
    assert await handler_of_a_report(county, at(11, 23, 59)) == "east"
    assert await handler_of_a_report(county, at(12, 0)) is None


async def test_hours_are_those_of_shanghai_whatever_zone_the_server_counts_in(county):
    await put(county, weekday=WEDNESDAY, hours=("00:00", "01:00"))
    tuesday_in_london = datetime(2026, 3, 10, 16, 30, tzinfo=UTC)
    assert await handler_of_a_report(county, tuesday_in_london) == "east"


async def test_a_unit_has_its_own_roster(county):
    await put(county)
    await put(county, "west", unit=WEST, by="west-lead")
    assert await handler_of_a_report(county, at(11, 10), place="cn/test/west/pine") == "west"
    assert await handler_of_a_report(county, at(11, 10)) == "east"
    assert await handler_of_a_report(county, at(11, 10), place=COUNTY) is None


async def test_a_slot_kept_for_one_kind_goes_before_one_for_everything(county):
    await put(county, "east")
    await put(county, "east-2", kind=Category.VOTE_BUYING)
    assert await handler_of_a_report(county, at(11, 10)) == "east-2"
    assert await handler_of_a_report(county, at(11, 10), what=PLAIN, who="") == "east"


async def test_a_slot_kept_for_another_kind_takes_nothing(county):
    await put(county, "east-2", kind=Category.VOTE_BUYING)
    assert await handler_of_a_report(county, at(11, 10), what=PLAIN, who="") is None


async def test_the_roster_looks_at_the_clock_and_not_at_who_has_how_much(county):
    """Of two on duty, one with a pile and one with nothing, the first on the roster still takes the next."""
    await put(county, "east")
    await put(county, "east-2")
    taken = [await handler_of_a_report(county, at(11, 10)) for _ in range(5)]
    assert set(taken) == {"east"}


async def test_whoever_stands_back_is_passed_over_and_the_next_report_goes_to_them_all_the_same(county):
    """N4: whose turn it is tells nothing about a case somebody stands back from."""
    await put(county, "east")
    await put(county, "east-2")
    assert await handler_of_a_report(county, at(11, 10), who="冯小满") == "east-2"
    assert await handler_of_a_report(county, at(11, 10)) == "east"


async def test_nobody_is_on_duty_who_has_left_or_moved_or_changed_role(county):
    for number, change in enumerate((SeatChange(place_path=WEST), SeatChange(role=Role.AUDITOR), None)):
        who = await county.do(
            lambda uow, number=number: factories.add_official(uow, place_path=EAST, username=f"x{number}")
        )
        county.seats[who.username] = who
        await put(county, who.username)
        assert await handler_of_a_report(county, at(11, 10)) == who.username
        if change is None:
            await county.do(lambda uow, who=who: seats.close_seat(uow, who.username))
        else:
            await county.do(lambda uow, who=who, change=change: seats.change_seat(uow, who.username, change))
        assert await handler_of_a_report(county, at(11, 10)) is None


async def test_with_nobody_on_duty_a_working_day_is_left_to_find_somebody(county):
    await put(county)
    county.storage.clock.set(at(11, 10))
    on = (await county.report()).number
    assert ClockKind.UNASSIGNED not in await county.clocks(on)
    county.storage.clock.set(at(11, 20))
    off = (await county.report()).number
    assert ClockKind.UNASSIGNED in await county.clocks(off)
    await county.by("east", cases.accept, off)
    assert ClockKind.UNASSIGNED not in await county.clocks(off)


async def test_somebody_from_above_can_be_on_duty_for_a_unit(county):
    await put(county, "county", by="county-lead")
    assert await handler_of_a_report(county, at(11, 10)) == "county"


# ---- who keeps the roster ----


async def test_a_leader_keeps_the_rosters_of_their_place_and_below_and_nobody_else_does(county):
    await put(county, by="county-lead")
    await put(county, "west", unit=WEST, by="county-lead")
    for seat, unit, error in (
        ("east", EAST, NotAllowed),
        ("east-lead", WEST, NotFound),
        ("east-lead", COUNTY, NotFound),
        ("east-lead", "cn/none", NotFound),
    ):
        with pytest.raises(error):
            await put(county, by=seat, unit=unit)
        with pytest.raises(error):
            await county.by(seat, duty.take_off_duty, unit, 1)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"weekday": None}, ("weekday", "unknown")),
        ({"weekday": 7}, ("weekday", "unknown")),
        ({"from_time": "早上"}, ("from_time", "no_time")),
        ({"from_time": "25:00"}, ("from_time", "no_time")),
        ({"to_time": "8:60"}, ("to_time", "no_time")),
        ({"to_time": "24:01"}, ("to_time", "no_time")),
        ({"to_time": "08:00"}, ("to_time", "same")),
        ({"who": "west"}, ("duty_official", "unknown")),
        ({"who": None}, ("duty_official", "unknown")),
        ({"category": "nonsense"}, ("duty_category", "unknown")),
    ],
)
async def test_a_slot_that_cannot_be_says_why(county, changed, fault):
    given = {
        "weekday": 0,
        "from_time": "08:00",
        "to_time": "18:00",
        "who": "east",
        "category": "",
        "categories": frozenset(Category),
        **changed,
    }
    given["who"] = county.seats[given["who"]].id if given["who"] else None
    with pytest.raises(BadInput) as refused:
        await county.by("east-lead", duty.put_on_duty, EAST, **given)
    assert (refused.value.field, refused.value.fault) == fault


async def test_the_same_hours_are_given_to_somebody_once(county):
    await put(county, hours=("08:00", "12:00"))
    for hours in (("08:00", "12:00"), ("11:00", "13:00"), ("07:00", "08:01")):
        with pytest.raises(BadInput) as refused:
            await put(county, hours=hours)
        assert refused.value.fault == "taken"
    await put(county, hours=("12:00", "14:00"))
    await put(county, hours=("08:00", "12:00"), kind=Category.VOTE_BUYING)


async def test_the_page_shows_who_is_on_duty_now_adds_and_removes_and_keeps_what_was_typed(county):
    county.storage.clock.set(at(11, 10))
    leader = await county.browser("east-lead")
    await leader.get("/desk/duty")
    assert "现在没有人值班" in leader.text
    typed = {
        "unit": EAST,
        "weekday": "2",
        "from_time": "09:00",
        "to_time": "九点半",
        "duty_official": str(county.seats["east"].id),
    }
    await leader.post("/desk/duty", typed)
    assert leader.status == 422
    assert words.FAULTS["to_time", "no_time"] in leader.text
    assert 'value="09:00"' in leader.source
    assert 'value="九点半"' in leader.source
    assert '<option value="2" selected>' in leader.source
    here = f"/desk/duty?unit={EAST}"
    await leader.post("/desk/duty", typed | {"to_time": "17:30"}, then=here)
    assert "冯小满（09:00 到 17:30，什么都接）" in leader.text
    async with county.storage.unit_of_work() as uow:
        (slot,) = await uow.roster.of_unit(county.places[EAST].id)
    await leader.post(f"/desk/duty/{slot.id}/remove", {"unit": EAST}, then=here)
    assert "现在没有人值班" in leader.text
    await leader.post(f"/desk/duty/{slot.id}/remove", {"unit": EAST}, then=here)  # gone already is as good


async def test_a_leader_of_a_larger_place_chooses_the_unit_and_one_without_a_place_row_is_told_so(county):
    leader = await county.browser("county-lead")
    await leader.get("/desk/duty")
    assert "试验县：" in leader.text
    await leader.get(f"/desk/duty?unit={WEST}")
    assert "西镇：" in leader.text
    assert (await leader.get(f"/desk/duty?unit={TOP}")).status_code == 404
    handler = await county.browser("east")
    assert (await handler.get("/desk/duty")).status_code == 403
