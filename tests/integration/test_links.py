"""P17: like reports are found and linked by hand, never to a case one may not see (CVE-2026-34722)."""

import asyncio
from datetime import timedelta

import pytest

from handlers.services import cases, links
from handlers.services.errors import BadInput, NotAllowed, NotFound
from knowledge.casework.access import Role
from storage.repositories.cases import Case
from storage.unit_of_work import Storage
from tests import factories
from tests.desk_site import DeskSite
from tests.named_cases import acts

SMOKES = "李大勇晚上带人挨家送烟，每户两条，说选主任的时候投他一票。"
RETOLD = "我们村李大勇挨家送烟，一户两条，说选主任投他一票。"
ROLL = "选民名单贴出来没有我家三口人，问了也没人管。"


class Scene(DeskSite):
    """A county with two handlers and a report that others may be like."""

    async def prepare(self) -> None:
        self.places = await self.do(factories.add_county)
        self.official = await self.do(factories.add_official)
        self.colleague = await self.do(factories.add_official)
        self.case = await self.report(SMOKES)

    async def report(self, what: str, *, who="李大勇", village=factories.VILLAGE, recused=(), **more) -> Case:
        async def act(uow):
            case = await factories.add_case(uow, self.places[village], what=what, who=who, **more)
            for official_id in recused:
                uow.recusals.recuse(case.id, official_id)
            return case

        return await self.do(act)

    async def alike(self, case=None, official=None) -> list[str]:
        found = await self.do(lambda uow: links.suggestions(uow, official or self.official, case or self.case))
        return [one.case.number for one in found]

    async def linked(self, case=None, official=None) -> list[tuple[str, str]]:
        ties = await self.do(lambda uow: links.ties(uow, official or self.official, case or self.case))
        return [(tied.link.kind, tied.case.number) for tied in ties.links]

    async def link(self, case, other, kind="related", official=None):
        return await self.do(lambda uow: links.link(uow, official or self.official, case.number, other, kind))


@pytest.fixture
async def scene(storage: Storage) -> Scene:
    made = Scene(storage)
    await made.prepare()
    return made


async def test_reports_of_the_same_village_and_person_are_found_the_most_alike_first(scene):
    """P17."""
    same = await scene.report(RETOLD)
    person = await scene.report("账上少了钱，一直没有公布。")
    words = await scene.report(SMOKES, who="")
    await scene.report(ROLL, who="赵二强")
    found = await scene.alike()
    assert found[0] in (same.number, words.number)
    assert set(found) == {same.number, person.number, words.number}


async def test_what_is_elsewhere_or_long_ago_is_not_suggested(scene):
    await scene.report(SMOKES, village=factories.OTHER_VILLAGE)
    scene.storage.clock.advance(timedelta(days=91))
    late = await scene.report(SMOKES)
    assert await scene.alike() == []
    assert await scene.alike(late) == []


async def test_the_best_five_of_many_are_shown_and_closed_ones_may_be_among_them(scene):
    for _ in range(7):
        await scene.report(RETOLD)
    assert len(await scene.alike()) == links.SHOWN
    guided = await scene.report(SMOKES, flags=())
    where = "请到镇里的信访窗口反映。"
    await scene.do(lambda uow: cases.guide_elsewhere(uow, scene.official, guided.number, where))
    assert guided.number in await scene.alike()


async def test_what_is_linked_or_merged_is_not_suggested_again(scene):
    one, other, third = [await scene.report(RETOLD) for _ in range(3)]
    await scene.link(scene.case, one.number)
    await _declare(scene, scene.case, other)
    await scene.do(lambda uow: links.merge(uow, scene.official, other.number, scene.case.number, "说的是一件事"))
    assert await scene.alike() == [third.number]


async def _declare(scene, *some):
    async def act(uow):
        for one in some:
            await uow.recusals.declare(one.id, scene.official.id, "clear")

    await scene.do(act)


async def test_a_case_one_may_not_know_of_is_never_suggested_and_changes_no_suggestion(scene):
    """N4."""
    for _ in range(6):
        await scene.report(RETOLD)
    before = await scene.alike()
    hidden = await scene.report(SMOKES, recused=[scene.official.id])
    assert await scene.alike() == before
    assert hidden.number in await scene.alike(official=scene.colleague)


async def test_a_link_is_seen_from_both_ends_made_and_undone_by_hand_and_written_down(scene):
    other = await scene.report(ROLL)
    await scene.link(scene.case, other.number, "duplicate")
    assert await scene.linked() == [("duplicate", other.number)]
    assert await scene.linked(other) == [("duplicate", scene.case.number)]
    ties = await scene.do(lambda uow: links.ties(uow, scene.official, other))
    await scene.do(lambda uow: links.unlink(uow, scene.colleague, other.number, ties.links[0].link.id))
    assert await scene.linked() == []
    assert (await acts(scene.storage))[-2:] == ["case_linked", "case_unlinked"]
    await scene.link(scene.case, other.number)
    assert await scene.linked(other) == [("related", scene.case.number)]


@pytest.mark.parametrize("typed", [str, str.lower, lambda number: number[3:].replace("-", " "), " {} ".format])
async def test_a_number_may_be_typed_as_people_type_it(scene, typed):
    other = await scene.report(ROLL)
    await scene.link(scene.case, typed(other.number))
    assert await scene.linked() == [("related", other.number)]


async def test_a_hidden_number_is_answered_like_one_that_does_not_exist(scene):
    """CVE-2026-34722: no link to a case one may not see, and no word that there is one."""
    hidden = await scene.report(ROLL, recused=[scene.official.id])
    above = await scene.report(ROLL, unit_path="cn/test")
    town = await scene.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, factories.TOWN))
    below = await scene.report(ROLL, unit_path=factories.TOWN)
    for official, case, number in (
        (scene.official, scene.case, hidden.number),
        (town, below, above.number),
        (scene.official, scene.case, "QF-NONE-NONE"),
        (scene.official, scene.case, ""),
    ):
        with pytest.raises(BadInput) as refused:
            await scene.link(case, number, official=official)
        assert (refused.value.field, refused.value.fault) == ("other", "unknown")
    with pytest.raises(NotFound):
        await scene.link(hidden, scene.case.number)


async def test_a_link_with_a_hidden_end_is_not_shown(scene):
    hidden = await scene.report(ROLL, recused=[scene.official.id])
    await scene.link(scene.case, hidden.number, official=scene.colleague)
    assert await scene.linked(official=scene.colleague) == [("related", hidden.number)]
    assert await scene.linked() == []
    link = (await scene.do(lambda uow: uow.links.of_case(scene.case.id)))[0]
    with pytest.raises(NotFound):
        await scene.do(lambda uow: links.unlink(uow, scene.official, scene.case.number, link.id))


async def test_what_makes_no_sense_is_refused_with_a_reason(scene):
    other = await scene.report(ROLL)
    await scene.link(scene.case, other.number)
    for number, kind, field, fault in (
        (other.number, "related", "other", "linked"),
        (scene.case.number, "related", "other", "same"),
        (other.number, "mass", "link_kind", "unknown"),
    ):
        with pytest.raises(BadInput) as refused:
            await scene.link(scene.case, number, kind)
        assert (refused.value.field, refused.value.fault) == (field, fault)
    superior = await scene.do(lambda uow: factories.add_official(uow, Role.SUPERIOR))
    with pytest.raises(NotAllowed):
        await scene.link(scene.case, other.number, official=superior)


async def test_the_same_link_made_twice_at_once_is_one_link(scene):
    other = await scene.report(ROLL)
    told = await asyncio.gather(
        scene.link(scene.case, other.number),
        scene.link(other, scene.case.number, official=scene.colleague),
        return_exceptions=True,
    )
    assert sum(isinstance(one, BadInput) for one in told) == 1
    assert len(await scene.linked()) == 1


# At the desk


async def test_the_page_offers_what_is_alike_and_links_it_by_one_press(scene):
    same = await scene.report(RETOLD)
    browser = await scene.sign_in(scene.official)
    await browser.open_case(scene.case.number)
    assert "看着像的" in browser.text
    assert same.number in browser.text
    page = f"/desk/cases/{scene.case.number}"
    await browser.post(f"{page}/link", {"other": same.number, "link_kind": "related"}, then=page)
    assert "已连在一起" in browser.text
    assert "看着像的" not in browser.text
    link = (await scene.do(lambda uow: uow.links.of_case(scene.case.id)))[0]
    await browser.post(f"{page}/unlink", {"link": str(link.id)}, then=page)
    assert "看着像的" in browser.text


async def test_a_wrong_number_is_explained_and_kept_as_typed(scene):
    browser = await scene.sign_in(scene.official)
    await browser.open_case(scene.case.number)
    answer = await browser.post(
        f"/desk/cases/{scene.case.number}/link", {"other": "QF-9999-AAAA", "link_kind": "duplicate"}
    )
    assert answer.status_code == 422
    assert "没有找到这个编号" in browser.text
    assert 'value="QF-9999-AAAA"' in browser.source


async def test_whoever_only_supervises_sees_links_and_no_forms(scene):
    other = await scene.report(ROLL)
    await scene.link(scene.case, other.number)
    browser, _ = await scene.signed_in(Role.SUPERIOR)
    await browser.open_case(scene.case.number)
    assert other.number in browser.text
    assert "/unlink" not in browser.source
    assert "/link" not in browser.source.replace("/desk/link", "")
