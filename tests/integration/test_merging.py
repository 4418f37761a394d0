"""P17, N1: a merged report keeps its number, its reporter and every obligation, and comes back as it was.

TheHiveDocs#192, CW#5414, FS#1686: merging is what people miss most, and what loses obligations most easily.
"""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.services import cases, deadlines, flags, links, outcomes, recusals
from handlers.services.errors import BadInput, CannotMove, DeclarationNeeded, NotAllowed, NotFound
from knowledge.casework.access import Permission, Role, may
from knowledge.casework.categories import Category
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState
from knowledge.clock import local_date
from storage.errors import RuleRefused, StaleVersion
from storage.repositories.cases import Case, QueueFilter
from storage.repositories.flags import CaseFlag
from storage.tables.records import outbox
from storage.unit_of_work import Storage
from tests import factories
from tests.desk_site import DeskSite
from tests.named_cases import acts

WHY = "同一天、同一个人、同一件事。"


class Scene(DeskSite):
    """Two reports of the same thing, an hour apart, by two people."""

    async def prepare(self) -> None:
        self.places = await self.do(factories.add_county)
        await self.do(lambda uow: uow.places.add(path="cn", kind="county", name="上级"))
        self.official = await self.do(factories.add_official)
        self.colleague = await self.do(factories.add_official)
        self.leader = await self.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
        self.people = [await self.do(lambda uow, n=n: factories.add_person(uow, 100 + n)) for n in range(2)]
        self.first = await self.report(flags=(), person=self.people[0])
        self.second = await self.report(person=self.people[1])

    async def report(self, **more) -> Case:
        self.storage.clock.advance(timedelta(hours=1))
        case = await self.do(lambda uow: factories.add_case(uow, self.places[factories.VILLAGE], **more))
        for official in (self.official, self.colleague, self.leader):
            await self.do(lambda uow, who=official: uow.recusals.declare(case.id, who.id, "clear"))
        return case

    async def again(self, case: Case) -> Case:
        return await self.do(lambda uow: factories.read_case(uow, case.number))

    async def merge(self, case=None, into=None, official=None, reason=WHY, **more):
        case, into, who = case or self.second, into or self.first, official or self.official
        return await self.do(lambda uow: links.merge(uow, who, case.number, into.number, reason, **more))

    async def unmerge(self, case=None, official=None, **more):
        case = case or self.second
        return await self.do(lambda uow: links.unmerge(uow, official or self.official, case.number, **more))

    async def clocks(self, case: Case):
        return await self.do(lambda uow: uow.clocks.of_case(case.id))

    async def bring(self, case: Case, state: CaseState) -> Case:
        return await self.do(
            lambda uow: factories.bring_to(uow, case, state, investigator=self.official, approver=self.leader)
        )

    async def told(self, person) -> list[str]:
        """The causes of what was queued for a person."""
        rows = await self.do(lambda uow: uow.read(select(outbox.c.dedupe_key).order_by(outbox.c.id)))
        return [row.dedupe_key for row in rows if row.dedupe_key.endswith(f"/{person.id}")]


@pytest.fixture
async def scene(storage: Storage) -> Scene:
    made = Scene(storage)
    await made.prepare()
    return made


async def test_the_later_report_waits_behind_the_earlier_and_both_stay_whole(scene):
    before = await scene.again(scene.second)
    merged = await scene.merge()
    assert merged.merged_into_id == scene.first.id
    assert (merged.number, merged.state, merged.received_at) == (before.number, before.state, before.received_at)
    narrative = await scene.do(lambda uow: uow.cases.narrative(merged.id))
    assert narrative["what"] == "有人挨家送烟，让大家投他。"
    open_ones = await scene.do(lambda uow: uow.cases.queue(scene.official, QueueFilter()))
    assert [one.number for one in open_ones] == [scene.first.number]
    assert "case_merged" in await acts(scene.storage)
    assert "case_merged_here" in await acts(scene.storage)


async def test_the_obligation_is_carried_over_with_its_reasons_and_where_it_came_from(scene):
    """N1: merging a must-investigate report into any other makes the other one must-investigate."""
    assert (await scene.again(scene.first)).flags == ()
    await scene.merge()
    carried = (await scene.again(scene.first)).flags
    assert [flag.category for flag in carried] == [Category.VOTE_BUYING]
    assert scene.second.number in carried[0].reasons[0]
    assert carried[0].reasons[1:] == scene.second.flags[0].reasons
    with pytest.raises(CannotMove):
        await scene.do(
            lambda uow: cases.guide_elsewhere(uow, scene.official, scene.first.number, "请到镇里的信访窗口反映。")
        )


async def test_a_flag_raised_later_on_the_merged_one_goes_to_the_other_too(scene):
    await scene.merge()
    flag = CaseFlag(Category.MASS_REACTION, ("手工标记",), "test")

    async def act(uow):
        child = await factories.read_case(uow, scene.second.number)
        await flags.raise_once(uow, child, flag, {})

    await scene.do(act)
    for one in (scene.first, scene.second):
        assert Category.MASS_REACTION in {flag.category for flag in (await scene.again(one)).flags}


async def test_whoever_stands_back_from_one_stands_back_from_both(scene):
    """N4: and it does not matter whether before the merge or after it."""
    await scene.do(lambda uow: recusals.stand_back(uow, scene.colleague, scene.second.number))
    await scene.merge()
    both = [await scene.do(lambda uow, i=one.id: uow.recusals.grounds(i)) for one in (scene.first, scene.second)]
    assert both[0] == both[1]
    assert set(both[0]) == {scene.colleague.id}
    await scene.do(lambda uow: recusals.stand_back(uow, scene.leader, scene.second.number))
    assert scene.leader.id in await scene.do(lambda uow: uow.recusals.from_case(scene.first.id))
    with pytest.raises(NotFound):
        await scene.unmerge(official=scene.colleague)


async def test_where_nobody_is_left_after_the_merge_both_climb_together(scene):
    """N5."""
    for official, case in (
        (scene.official, scene.first),
        (scene.colleague, scene.second),
    ):
        await scene.do(lambda uow, o=official, c=case: recusals.stand_back(uow, o, c.number))
    await scene.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, "cn"))
    await scene.merge(official=scene.leader)
    first, second = await scene.again(scene.first), await scene.again(scene.second)
    assert second.merged_into_id == first.id
    assert first.unit_path == second.unit_path == factories.COUNTY  # the leader is left
    await scene.do(lambda uow: recusals.stand_back(uow, scene.leader, first.number))
    assert (await scene.again(scene.first)).unit_path == (await scene.again(scene.second)).unit_path == "cn"


async def test_the_clocks_stop_with_the_merge_and_go_on_from_their_first_day_after_it(scene):
    """GL#4192: what was promised does not begin anew."""
    before = {clock.kind: clock for clock in await scene.clocks(scene.second) if clock.is_running}
    await scene.merge()
    assert not [clock for clock in await scene.clocks(scene.second) if clock.is_running]
    scene.storage.clock.advance(timedelta(days=9))
    await scene.unmerge()
    after = {clock.kind: clock for clock in await scene.clocks(scene.second) if clock.is_running}
    assert after[ClockKind.ACCEPTANCE].started_on == before[ClockKind.ACCEPTANCE].started_on
    assert after[ClockKind.ACCEPTANCE].due_on == before[ClockKind.ACCEPTANCE].due_on
    case = await scene.again(scene.second)
    assert case.next_due_on == min(clock.due_on for clock in after.values())


async def test_a_clock_that_had_ended_before_the_merge_does_not_begin_again(scene):
    await scene.do(lambda uow: cases.accept(uow, scene.official, scene.second.number))
    await scene.merge()
    await scene.unmerge()
    running = {clock.kind for clock in await scene.clocks(scene.second) if clock.is_running}
    assert running == {ClockKind.DISPOSAL, ClockKind.UNASSIGNED}


async def test_an_extension_and_a_pause_are_kept(scene):
    async def act(uow):
        return deadlines.start(uow, scene.second.id, ClockKind.ASSIGNED)

    await scene.do(act)
    clock = next(one for one in await scene.clocks(scene.second) if one.kind == ClockKind.ASSIGNED)
    superior = await scene.do(lambda uow: factories.add_official(uow, Role.SUPERIOR, "cn"))
    await scene.do(lambda uow: deadlines.extend(uow, superior, scene.second.number, clock.id, "案情复杂，人在外地"))
    days = {"from_on": local_date(scene.storage.clock.now()), "why": "等银行的材料"}
    days["until_on"] = days["from_on"] + timedelta(days=10)
    await scene.do(lambda uow: deadlines.pause(uow, scene.official, scene.second.number, clock.id, **days))
    before = next(one for one in await scene.clocks(scene.second) if one.kind == ClockKind.ASSIGNED)
    await scene.merge()
    await scene.unmerge()
    after = next(one for one in await scene.clocks(scene.second) if one.kind == ClockKind.ASSIGNED and one.is_running)
    assert (after.extended_by, after.extension, after.due_on) == (before.extended_by, before.extension, before.due_on)
    assert [(one.from_on, one.until_on, one.reason) for one in after.pauses] == [
        (one.from_on, one.until_on, one.reason) for one in before.pauses
    ]


async def test_both_reporters_hear_of_every_step_under_their_own_numbers(scene):
    await scene.merge()
    await scene.do(lambda uow: cases.accept(uow, scene.official, scene.first.number))
    assert [cause.split("/")[:2] for cause in await scene.told(scene.people[0])] == [
        ["case_accepted", scene.first.number]
    ]
    assert [cause.split("/")[:2] for cause in await scene.told(scene.people[1])] == [
        ["case_accepted", scene.second.number]
    ]


async def test_a_reporter_whose_report_joins_an_accepted_one_hears_at_once_that_it_is_accepted(scene):
    """Rules of 2020, article 26: told within 15 working days, and the other's acceptance was told before."""
    await scene.do(lambda uow: cases.accept(uow, scene.official, scene.first.number))
    assert await scene.told(scene.people[1]) == []
    await scene.merge()
    assert [cause.split("/")[:2] for cause in await scene.told(scene.people[1])] == [
        ["case_accepted", scene.second.number]
    ]
    assert len(await scene.told(scene.people[0])) == 1


async def test_the_other_ends_without_ending_the_merged_one_and_the_merged_one_comes_back_with_its_obligation(scene):
    """N1: a way round through merge and unmerge leads back to where it began."""
    await scene.merge()
    await scene.bring(await scene.again(scene.first), CaseState.CLOSED)
    child = await scene.again(scene.second)
    assert child.state is CaseState.RECEIVED
    back = await scene.unmerge()
    assert (back.state, back.merged_into_id, back.handler_id) == (CaseState.RECEIVED, None, None)
    assert back.flags == scene.second.flags
    with pytest.raises(CannotMove):
        await scene.do(lambda uow: outcomes.close(uow, scene.official, scene.second.number))


async def test_undone_in_the_midst_of_an_investigation_it_has_its_own_state_and_nobody_handles_it(scene):
    await scene.bring(scene.second, CaseState.INVESTIGATING)
    assert (await scene.again(scene.second)).handler_id == scene.official.id
    await scene.merge()
    back = await scene.unmerge()
    assert (back.state, back.handler_id) == (CaseState.INVESTIGATING, None)
    found = await scene.do(lambda uow: uow.investigations.of_case(back))
    assert found.investigator_id == scene.official.id
    await scene.do(lambda uow: cases.assign(uow, scene.official, back.number, scene.official.id))


async def test_merged_again_after_it_was_undone(scene):
    await scene.merge()
    await scene.unmerge()
    assert (await scene.merge()).merged_into_id == scene.first.id
    await scene.unmerge()
    assert (await acts(scene.storage)).count("case_unmerged") == 2


async def test_nothing_is_done_to_a_case_that_waits_behind_another(scene):
    await scene.merge()
    for act in (
        lambda uow: cases.accept(uow, scene.official, scene.second.number),
        lambda uow: cases.register(uow, scene.official, scene.second.number),
        lambda uow: outcomes.close(uow, scene.official, scene.second.number),
    ):
        with pytest.raises(CannotMove):
            await scene.do(act)


async def test_what_cannot_be_merged_is_refused_with_its_reason(scene):
    town = await scene.report(unit_path=factories.TOWN)
    third = await scene.report()
    found = await scene.bring(await scene.report(), CaseState.AWAITING_APPROVAL)
    last = await scene.report()
    await scene.merge(case=third, into=scene.first)
    for case, into, fault in (
        (scene.first, scene.first, "same"),
        (scene.first, scene.second, "has_children"),
        (last, third, "merged"),
        (third, scene.second, "already"),
        (last, town, "unit"),
        (last, found, "found"),
        (found, scene.second, "this_found"),
        (scene.second, last, "later"),
    ):
        with pytest.raises(BadInput) as refused:
            await scene.merge(case=case, into=into)
        assert (refused.value.field, refused.value.fault) == ("into", fault), (case.number, into.number)
    for reason, fault in (("", "too_short"), ("长" * 201, "too_long")):
        with pytest.raises(BadInput, match=fault):
            await scene.merge(case=last, into=scene.second, reason=reason)
    superior = await scene.do(lambda uow: factories.add_official(uow, Role.SUPERIOR))
    with pytest.raises(NotAllowed):
        await scene.merge(case=last, into=scene.second, official=superior)


async def test_a_hidden_case_is_answered_like_none_and_an_undeclared_one_is_declared_first(scene):
    hidden = await scene.report()
    await scene.do(lambda uow: recusals.stand_back(uow, scene.colleague, hidden.number))
    for number in (hidden.number, "QF-NONE-NONE", ""):
        with pytest.raises(BadInput, match="unknown"):
            await scene.do(lambda uow, n=number: links.merge(uow, scene.colleague, scene.second.number, n, WHY))
    stranger = await scene.do(factories.add_official)
    await scene.do(lambda uow: uow.recusals.declare(scene.second.id, stranger.id, "clear"))
    with pytest.raises(DeclarationNeeded):
        await scene.merge(official=stranger)


async def test_the_database_refuses_a_merge_that_loses_a_flag(scene):
    async def act(uow):
        child = await factories.read_case(uow, scene.second.number)
        await uow.links.merge(child.id, scene.first.id, WHY, [], by=scene.official.id)
        await uow.cases.change(child, merged_into_id=scene.first.id)

    with pytest.raises(RuleRefused, match="case_merge"):
        await scene.do(act)


async def test_a_case_that_was_changed_meanwhile_is_not_merged_or_parted(scene):
    with pytest.raises(StaleVersion):
        await scene.merge(seen=scene.second.version + 1)
    merged = await scene.merge(seen=scene.second.version)
    with pytest.raises(StaleVersion):
        await scene.unmerge(seen=merged.version - 1)


async def test_two_officials_who_merge_each_into_the_other_make_one_merge(scene):
    told = await asyncio.gather(
        scene.merge(case=scene.second, into=scene.first),
        scene.merge(case=scene.first, into=scene.second, official=scene.colleague),
        return_exceptions=True,
    )
    assert [type(one) for one in told] == [Case, BadInput]
    assert (await scene.again(scene.first)).merged_into_id is None


async def test_many_merges_at_once_make_no_chain_and_lose_nothing(scene):
    more = [await scene.report() for _ in range(4)]
    pairs = [(more[0], scene.second), (scene.second, scene.first), (more[1], more[0]), (more[2], scene.first)]
    pairs += [(more[3], more[2]), (more[1], scene.first)]
    told = await asyncio.gather(*(scene.merge(case=one, into=into) for one, into in pairs), return_exceptions=True)
    assert all(isinstance(one, Case | BadInput) for one in told), told
    merged = {one.number for one in told if isinstance(one, Case)}
    after = [await scene.again(one) for one in (scene.first, scene.second, *more)]
    parents = {one.id for one in after if one.merged_into_id is None}
    assert {one.number for one in after if one.merged_into_id is not None} == merged
    assert all(one.merged_into_id in parents for one in after if one.merged_into_id is not None)
    for one in after:
        if one.merged_into_id is not None:
            parent = next(other for other in after if other.id == one.merged_into_id)
            assert {flag.category for flag in one.flags} <= {flag.category for flag in parent.flags}


async def test_a_merge_and_a_recusal_at_once_leave_nobody_with_half_of_it(scene):
    """N4: whichever comes first, the other waits, and who stands back from one stands back from both."""
    await asyncio.gather(
        scene.merge(),
        scene.do(lambda uow: recusals.stand_back(uow, scene.colleague, scene.second.number)),
    )
    assert (await scene.again(scene.second)).merged_into_id == scene.first.id
    for one in (scene.first, scene.second):
        assert scene.colleague.id in await scene.do(lambda uow, i=one.id: uow.recusals.from_case(i))


# At the desk


async def test_both_reports_are_read_beside_each_other_before_they_are_merged(scene):
    browser = await scene.sign_in(scene.official)
    page = f"/desk/cases/{scene.second.number}"
    await browser.get(f"{page}/merge?into={scene.first.number}")
    assert browser.status == 200
    assert browser.text.count("有人挨家送烟，让大家投他。") == 2
    assert "并错了可以再分开" in browser.text
    assert (await acts(scene.storage)).count("case_read") == 2
    fields = {"into": scene.first.number, "version": browser.version()}
    answer = await browser.post(f"{page}/merge", fields)
    assert answer.status_code == 422
    assert "请写一句为什么" in browser.text
    there = f"/desk/cases/{scene.first.number}"
    await browser.post(f"{page}/merge", {**fields, "reason": WHY}, then=there)
    assert "已并过去" in browser.text
    assert scene.second.number in browser.text
    await browser.get(page)
    assert f"已经并到 {scene.first.number}" in browser.text
    assert WHY in browser.text
    assert not re.search(r'/accept"', browser.source)
    await browser.post(f"{page}/unmerge", {"version": browser.version()}, then=page)
    assert "回到原来的状态" in browser.text


async def test_a_wrong_number_comes_back_with_the_field_to_correct(scene):
    browser = await scene.sign_in(scene.official)
    page = f"/desk/cases/{scene.first.number}"
    answer = await browser.get(f"{page}/merge?into=QF-9999-AAAA")
    assert answer.status_code == 422
    assert "没有找到这个编号" in browser.text
    assert 'value="QF-9999-AAAA"' in browser.source
    await browser.get(f"{page}/merge?into={scene.second.number}")
    assert "那件收到得更晚" in browser.text


async def test_what_was_typed_is_kept_when_a_colleague_was_quicker(scene):
    browser = await scene.sign_in(scene.official)
    page = f"/desk/cases/{scene.second.number}"
    await browser.get(f"{page}/merge?into={scene.first.number}")
    fields = {"into": scene.first.number, "version": browser.version(), "reason": WHY}
    await scene.do(lambda uow: cases.register(uow, scene.colleague, scene.second.number))
    answer = await browser.post(f"{page}/merge", fields)
    assert answer.status_code == 409
    assert WHY in browser.text
    assert "刚刚有人改过" in browser.text
    fields["version"] = browser.version()
    await browser.post(f"{page}/merge", fields, then=f"/desk/cases/{scene.first.number}")


@pytest.mark.parametrize("role", [role for role in Role if not may(role, Permission.HANDLE_CASES)])
async def test_only_who_handles_cases_gets_to_the_page(scene, role):
    """P8."""
    browser, official = await scene.signed_in(role)
    for one in (scene.first, scene.second):
        await scene.do(lambda uow, i=one.id: uow.recusals.declare(i, official.id, "clear"))
    await browser.get("/desk")
    page = f"/desk/cases/{scene.second.number}/merge"
    fields = {"into": scene.first.number, "version": "1", "reason": WHY}
    assert (await browser.post(page, fields)).status_code in (403, 404)
    assert (await browser.get(f"{page}?into={scene.first.number}")).status_code in (403, 404)
    assert "送烟" not in browser.text
    assert (await scene.again(scene.second)).merged_into_id is None
