"""The queue of cases at the desk: pages, filters, counts, on both databases."""

import re
from datetime import date, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import insert

from knowledge.casework.access import Role
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState
from knowledge.clock import local_date
from storage.ids import readable_code
from storage.repositories.cases import COUNTED_UP_TO
from storage.tables.cases import cases
from tests import factories
from tests.desk_scenes import scene_at
from tests.desk_site import Browser, DeskSite

S = CaseState
MANY = 127
PAGE = 50
#: How far away the dates are: many on the same day, some late, one in a hundred and twenty without any.
DAYS = (-3, 0, 0, 0, 2, 2, 5, 9, 14, 14, 14, 30)


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage)
    made.places = await made.do(factories.add_county)
    return made


async def new_case(site, **more):
    return await site.do(lambda uow: factories.add_case(uow, site.places[factories.VILLAGE], **more))


async def many_cases(site, count: int, *, ended: bool = False) -> list[str]:
    """Received cases by rows alone, or ended ones; their numbers in the order the queue must have."""
    now, today = site.storage.clock.now(), local_date(site.storage.clock.now())
    numbers = [readable_code("QF") for _ in range(count)]

    async def add(uow):
        await uow.begin()
        place, unit = site.places[factories.VILLAGE], site.places[factories.COUNTY]
        sealed = uow.keys.seal_text("case.narrative", "{}")
        rows = [
            {
                "id": uow.ids.next(),
                "number": number,
                "place_id": place.id,
                "unit_id": unit.id,
                "state": S.RECEIVED,
                "narrative_sealed": sealed,
                "rule_version": "test",
                "received_at": now,
                "answer_due_on": today,
                "next_due_on": today + timedelta(days=DAYS[turn % len(DAYS)]) if turn % 120 else date(9999, 12, 31),
            }
            for turn, number in enumerate(numbers)
        ]
        await uow.execute(insert(cases), rows)
        if ended:
            await end(uow, rows)
        return rows

    async def end(uow, rows):
        for turn, row in enumerate(rows):
            row["closed_at"] = now - timedelta(minutes=turn // 4)
            mine = cases.update().where(cases.c.id == row["id"])
            await uow.execute(mine.values(state=S.REGISTERED, version=2))
            await uow.execute(mine.values(state=S.GUIDED_ELSEWHERE, version=3, closed_at=row["closed_at"]))

    rows = await site.do(add)
    if ended:
        return [row["number"] for row in sorted(rows, key=lambda row: (row["closed_at"], row["id"]), reverse=True)]
    return [row["number"] for row in sorted(rows, key=lambda row: (row["next_due_on"], row["id"]))]


def numbers_on(browser: Browser) -> list[str]:
    return re.findall(r'class="cell__link" href="/desk/cases/(QF-[0-9A-Z-]+)"', browser.source)


async def all_pages(browser: Browser, address: str) -> list[list[str]]:
    """Every page of a queue, by its own link to the next one."""
    pages = []
    while address:
        await browser.get(address)
        pages.append(numbers_on(browser))
        found = re.search(r'rel="next" href="([^"]+)"', browser.source)
        address = found.group(1) if found else ""
    return pages


@pytest.mark.parametrize("ended", [False, True], ids=["open", "ended"])
async def test_no_case_is_on_two_pages_or_on_none(site, ended):
    wanted = await many_cases(site, MANY, ended=ended)
    browser, _ = await site.signed_in()
    pages = await all_pages(browser, "/desk/cases?state=guided_elsewhere" if ended else "/desk/cases")
    assert [len(page) for page in pages] == [PAGE, PAGE, MANY - 2 * PAGE]
    assert [number for page in pages for number in page] == wanted


async def test_what_happens_between_two_pages_moves_nobody_who_still_waits(site):
    """Pages begin behind a case, not at a number of rows: one that leaves or comes shifts nothing."""
    wanted = await many_cases(site, MANY)
    browser, _ = await site.signed_in()
    await browser.get("/desk/cases")
    first = numbers_on(browser)
    following = re.search(r'rel="next" href="([^"]+)"', browser.source).group(1)

    async def change(uow):
        gone = await factories.read_case(uow, first[3])
        await uow.cases.move(gone, S.REGISTERED)
        await uow.cases.set_next_due(gone.id, date(9999, 12, 31))

    await site.do(change)
    await site.do(lambda uow: factories.add_case(uow, site.places[factories.VILLAGE]))
    pages = await all_pages(browser, following)
    seen = [number for page in pages for number in page]
    assert len(seen) == len(set(seen))
    assert set(wanted) <= {*first, *seen}
    assert "回第一页" in browser.text


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "2026-13-45_7",
        "2026-03-01_",
        "2026-03-01T00:00:00_7",
        "0001-01-01T00:00:00.0+14:00_7",
        "2026-03-01_" + "9" * 19,
        "9999-12-31_999999999999999999",
    ],
)
@pytest.mark.parametrize("state", ["", "closed", "received"])
async def test_a_made_up_page_is_a_page(site, after, state):
    case = await new_case(site)
    browser, _ = await site.signed_in()
    await browser.get(f"/desk/cases?state={state}&after={quote(after)}")
    assert browser.status == 200
    assert case.number in browser.text or state == "closed" or "9999" in after


async def test_filters_narrow_the_queue_and_add_up(site):
    flagged, plain = await new_case(site), await new_case(site, flags=())
    browser, _ = await site.signed_in()
    await browser.get("/desk/cases?must=1")
    assert numbers_on(browser) == [flagged.number]
    await browser.open_case(plain.number)
    page = f"/desk/cases/{plain.number}"
    await browser.post(f"{page}/accept", {"version": browser.version()}, then=page)
    await browser.get("/desk/cases?mine=1")
    assert numbers_on(browser) == [plain.number]
    await browser.get("/desk/cases?state=accepted&must=1")
    assert numbers_on(browser) == []
    await browser.get("/desk/cases?state=nonsense")
    assert set(numbers_on(browser)) == {flagged.number, plain.number}
    await browser.get("/desk/cases?state=accepted&mine=1")
    assert "/desk/cases?state=accepted&must=1&mine=1" in browser.source  # a switch adds to what is chosen


async def test_only_late_ones_are_shown_as_late(site, clock):
    late, early = await new_case(site), await new_case(site)

    async def set_due(uow):
        today = local_date(uow.clock.now())
        await uow.cases.set_next_due(late.id, today - timedelta(days=1))
        await uow.cases.set_next_due(early.id, today)

    await site.do(set_due)
    browser, _ = await site.signed_in()
    await browser.get("/desk/cases?late=1")
    assert numbers_on(browser) == [late.number]
    assert "过期1天" in browser.text
    clock.advance(timedelta(days=1))
    await browser.get("/desk/link/none")  # the session has idled; come back in
    browser, _ = await site.signed_in()
    await browser.get("/desk/cases?late=1")
    assert set(numbers_on(browser)) == {late.number, early.number}


@pytest.mark.parametrize("typed", ["{}", " {} ", "{} "])
@pytest.mark.parametrize("part", [slice(None), slice(3, 7), slice(-4, None)])
async def test_a_number_is_found_by_any_part_however_it_is_typed(site, typed, part):
    """P23: wherever the case stands; with small letters, blanks, full-width letters."""
    wanted, _ = await new_case(site), await new_case(site)
    await site.do(lambda uow: _closed(uow, wanted))
    browser, _ = await site.signed_in()
    query = typed.format(wanted.number[part].lower())
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in query)
    for asked in (query, wide):
        await browser.get(f"/desk/cases?q={quote(asked)}")
        assert numbers_on(browser) == [wanted.number]
    await browser.get("/desk/cases?q=QF-0000-0000")
    assert "没找到这个编号" in browser.text
    await browser.get("/desk/cases?q=%25")
    assert numbers_on(browser) == []


async def _closed(uow, case):
    worker = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
    leader = await factories.add_official(uow, Role.DISCIPLINE_LEADER)
    await factories.bring_to(uow, case, S.CLOSED, investigator=worker, approver=leader)


def chips_of(browser: Browser) -> dict[str, str]:
    found = re.findall(r'<a class="chip[^"]*"[^>]*>([^<]+?) <span class="chip__count">([^<]+)</span>', browser.source)
    return dict(found)


async def test_the_chips_count_what_they_lead_to(site):
    await new_case(site)
    for state in (S.ACCEPTED, S.DISPOSAL_PROPOSED, S.AWAITING_APPROVAL, S.CLOSED):
        await scene_at(site, state)
    browser, _ = await site.signed_in()
    await browser.get("/desk/cases")
    assert chips_of(browser) == {
        "没办完的": "4",
        "等受理": "1",
        "等审定": "2",
        "已收到，待受理": "1",
        "已受理": "1",
        "处置意见等人审": "1",
        "结论等人审": "1",
        "已办结": "1",
    }
    await browser.get("/desk/cases?state=to-decide")
    assert len(numbers_on(browser)) == 2
    assert re.search(r'class="chip chip--current" href="/desk/cases\?state=to-decide"', browser.source)


async def test_a_count_stops_where_nobody_counts_on(sqlite_storage):
    """The time a page takes does not depend on how many cases there are: beyond 1000 it says so."""
    site = DeskSite(sqlite_storage)
    site.places = await site.do(factories.add_county)
    await many_cases(site, COUNTED_UP_TO)
    browser, _ = await site.signed_in()
    await browser.get("/desk/cases")
    assert chips_of(browser)["没办完的"] == "1000"
    await new_case(site)
    await browser.get("/desk/cases")
    assert chips_of(browser) == {"没办完的": "1000+", "等受理": "1000+", "等审定": "0", "已收到，待受理": "1000+"}
    assert '<span class="nav__count">1000+' in browser.source


async def test_the_first_page_of_the_desk_shows_each_case_once(site):
    one = await scene_at(site, S.INVESTIGATING)

    async def late(uow):
        await uow.cases.set_next_due((await factories.read_case(uow, one.number)).id, date(2020, 1, 1))

    await site.do(late)
    await one.works.get("/desk")
    assert numbers_on(one.works) == [one.number]
    assert "过期没办的" in one.works.text


async def test_what_a_colleague_has_on_the_desk_does_not_wait_for_me(site):
    mine, free = await new_case(site), await new_case(site)
    browser, official = await site.signed_in()
    other, colleague = await site.signed_in()

    async def give(uow):
        await uow.cases.change(await factories.read_case(uow, mine.number), handler_id=official.id)

    await site.do(give)
    await other.get("/desk")
    assert numbers_on(other) == [free.number]
    await browser.get("/desk")
    assert set(numbers_on(browser)) == {free.number, mine.number}
    assert colleague.id != official.id


def test_every_state_is_somewhere_in_the_queue():
    from handlers.desk.cases import STATES

    assert {state for states in STATES.values() for state in states} == set(CaseState)
    assert set(STATES["to-accept"]) | set(STATES["to-decide"]) <= set(CaseState) - CLOSED_STATES
