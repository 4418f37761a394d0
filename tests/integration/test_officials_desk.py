"""The administrator's pages (P8, P11): seats given, changed and closed; no case is seen, and no seat is their own."""

import re

import pytest

from knowledge.casework.access import Role
from knowledge.casework.lifecycle import CaseState
from storage.repositories.officials import Official
from storage.unit_of_work import Storage
from tests import factories
from tests.desk_site import Browser, DeskSite

pytestmark = pytest.mark.pages

HERE = "/desk/officials"
WANTED = {
    "username": "wang.qiang",
    "display_name": "王强",
    "role": "discipline_official",
    "place": factories.TOWN,
    "names": "强子\n阿强",
    "posts": "东镇纪委副书记",
}


@pytest.fixture
async def site(storage: Storage) -> DeskSite:
    made = DeskSite(storage)
    await made.do(factories.add_county)
    return made


async def admin(site: DeskSite) -> tuple[Browser, Official]:
    return await site.signed_in(Role.ADMINISTRATOR)


async def found(site: DeskSite, username: str) -> Official:
    async with site.storage.unit_of_work() as uow:
        official = await uow.officials.by_username(username)
    assert official is not None
    return official


async def test_a_colleague_is_invited_by_a_link_that_is_shown_once(site: DeskSite) -> None:
    browser, _ = await admin(site)
    await browser.post(HERE, WANTED)
    assert browser.status == 200
    link = re.search(r"http://desk\.test/desk/invitation/([\w-]{43})", browser.source)
    assert link, "256 bits"
    official = await found(site, "wang.qiang")
    assert (official.role, official.place_path, official.enrolled) == (
        Role.DISCIPLINE_OFFICIAL,
        factories.TOWN,
        False,
    )
    async with site.storage.unit_of_work() as uow:
        kept = {(one.kind, one.words) for one in await uow.recusals.aliases(official.id)}
    assert kept == {("name", "强子"), ("name", "阿强"), ("post", "东镇纪委副书记")}
    await browser.get(f"{HERE}/{official.id}")
    assert link.group(1) not in browser.source
    assert "还没设好" in browser.text
    guest = site.browser()
    await guest.get(f"/desk/invitation/{link.group(1)}")
    await guest.post(f"/desk/invitation/{link.group(1)}")
    assert "王强" in guest.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"username": "王强"}, "小写字母开头"),
        ({"username": "taken"}, "有人用了"),
        ({"display_name": " "}, "1 到 60 个字"),
        ({"role": "king"}, "没有这个岗位"),
        ({"place": "cn/elsewhere"}, "没有这个地方"),
        ({"names": "强"}, "别名 2 到 60 个字"),
    ],
)
async def test_what_is_wrong_with_a_new_seat_is_said_and_what_was_typed_stays(
    site: DeskSite, wrong: dict[str, str], said: str
) -> None:
    await site.do(lambda uow: factories.add_official(uow, username="taken"))
    browser, _ = await admin(site)
    await browser.post(HERE, {**WANTED, **wrong})
    assert browser.status == 422
    assert said in browser.text
    assert "东镇纪委副书记" in browser.source


async def test_another_role_or_place_hands_over_and_signs_out(site: DeskSite) -> None:
    theirs, official = await site.signed_in(Role.DISCIPLINE_OFFICIAL)
    other = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))
    leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    case = await site.do(lambda uow: _accepted(uow, official, leader))
    browser, _ = await admin(site)
    change = {"role": "auditor", "place": factories.COUNTY, "display_name": "改了名", "successor": other.username}
    await browser.post(f"{HERE}/{official.id}/change", change, then=f"{HERE}/{official.id}")
    assert "改了名" in browser.text
    assert (await theirs.get("/desk")).status_code == 303
    async with site.storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, case.number)).handler_id == other.id
        assert (await uow.officials.get(official.id)).role is Role.AUDITOR


async def _accepted(uow, official: Official, leader: Official):
    place = await uow.places.by_path(factories.VILLAGE)
    case = await factories.add_case(uow, place)
    return await factories.bring_to(uow, case, CaseState.ACCEPTED, investigator=official, approver=leader)


async def test_a_closed_seat_is_out_at_once_and_what_it_had_in_hand_passes_on(site: DeskSite) -> None:
    theirs, official = await site.signed_in(Role.DISCIPLINE_OFFICIAL)
    other = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))
    leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    case = await site.do(lambda uow: _accepted(uow, official, leader))
    browser, _ = await admin(site)
    await browser.post(f"{HERE}/{official.id}/close", {"successor": other.username}, then=HERE)
    assert "已停用" in browser.text
    assert (await theirs.get("/desk")).status_code == 303
    async with site.storage.unit_of_work() as uow:
        assert (await factories.read_case(uow, case.number)).handler_id == other.id
    for act in ("close", "link", "change"):
        await browser.post(f"{HERE}/{official.id}/{act}", {"display_name": "x", "role": "auditor", "place": "cn/test"})
        assert browser.status == 422
        assert "已经停用" in browser.text


async def test_nobody_changes_their_own_seat_or_one_outside_their_place(site: DeskSite) -> None:
    browser, own = await site.signed_in(Role.ADMINISTRATOR, factories.TOWN)
    above = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    await browser.get(HERE)
    assert above.display_name not in browser.text
    for act in ("close", "link", "change"):
        await browser.post(f"{HERE}/{own.id}/{act}", {"role": "superior", "place": factories.TOWN, "display_name": "x"})
        assert (browser.status, "自己的帐号不能自己改" in browser.text) == (422, True)
        await browser.post(f"{HERE}/{above.id}/{act}", {"role": "auditor", "place": factories.TOWN})
        assert browser.status == 404
    inside = await site.do(lambda uow: factories.add_official(uow, Role.VILLAGE_CLERK, factories.VILLAGE))
    climb = {"role": "village_clerk", "place": factories.COUNTY, "display_name": "x"}
    await browser.post(f"{HERE}/{inside.id}/change", climb)
    assert browser.status == 422
    await browser.post(HERE, {**WANTED, "place": factories.COUNTY})
    assert browser.status == 422


async def test_the_pages_say_nothing_of_any_case(site: DeskSite) -> None:
    """N4: an administrator does not learn from them that a report names somebody."""
    browser, _ = await admin(site)
    quiet = await site.do(lambda uow: factories.add_official(uow, display_name="李某"))

    async def pages() -> list[str]:
        addresses = ("/desk", HERE, f"{HERE}/{quiet.id}", "/desk/account")
        shown = [(await browser.client.get(path)).text for path in addresses]
        answer = await browser.client.post(f"{HERE}/{quiet.id}/change", data={"csrf": browser.csrf, **SAME})
        return [*shown, f"{answer.status_code} {answer.headers['location']}"]

    await pages()  # the first look of all says nothing yet of what was just done
    before = await pages()

    async def report(uow) -> None:
        place = await uow.places.by_path(factories.VILLAGE)
        await factories.add_case(uow, place, who="李某")

    await site.do(report)
    assert await pages() == before


SAME = {"role": "discipline_official", "place": factories.COUNTY, "display_name": "李某"}
