"""Each act on a case: what it does, who may, what a wrong field says, and that a colleague who was quicker wins."""

import re
from datetime import timedelta

import pytest

from handlers.desk import words
from knowledge.casework.access import Role
from knowledge.casework.lifecycle import CaseState, Disposal, Finding
from knowledge.clock import local_date
from tests import factories
from tests.desk_scenes import Scene, ids_of, links_of, scene_at
from tests.desk_site import DeskSite

pytestmark = pytest.mark.pages

S = CaseState
WHY = "因为还差两户的笔录"
SUMMARY = "走访了十二户，三户承认收过钱，说法一致。"


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage)
    made.places = await made.do(factories.add_county)
    return made


def day(site, after: int = 0) -> str:
    return (local_date(site.storage.clock.now()) + timedelta(days=after)).isoformat()


#: Every act that carries the version of the case: where it starts, who does it, what is typed.
WITH_VERSION = {
    "register": (S.RECEIVED, "works", {}),
    "accept": (S.RECEIVED, "works", {}),
    "guide-elsewhere": (S.RECEIVED, "works", {"where": "请到县民政局二楼"}),
    "refer": (S.ACCEPTED, "works", {"body_name": "县公安局"}),
    "disposal": (S.ACCEPTED, "works", {"disposal": "talk_or_inquiry", "reason": "先找他谈一谈"}),
    "take-back": (S.REFERRED, "works", {"outside_answer": "公安说不够立案"}),
    "take-up": (S.HELD, "works", {}),
    "approve-disposal": (S.DISPOSAL_PROPOSED, "decides", {}),
    "return-disposal": (S.DISPOSAL_PROPOSED, "decides", {"why": WHY}),
    "return": (S.AWAITING_APPROVAL, "decides", {"why": WHY}),
    "approve": (S.AWAITING_APPROVAL, "decides", {}),
    "measure": (S.APPROVED, "works", {"measure": "criticism", "body_name": "东镇党委", "reason": WHY}),
    "tell-result": (S.APPROVED, "works", {"result": "查完了，情况已经报上去。"}),
    "close": (S.TOLD, "works", {}),
    "reopen": (S.CLOSED, "works", {"why": WHY}),
}


@pytest.mark.parametrize("act", list(WITH_VERSION))
async def test_what_a_colleague_changed_meanwhile_is_not_overwritten(site, act):
    """P15: whoever looked at an older version is told so, keeps the words, and may try again."""
    state, who, fields = WITH_VERSION[act]
    one = await scene_at(site, state, flags=())
    browser = getattr(one, who)
    if act == "tell-result":
        await one.does(one.works, "measure", WITH_VERSION["measure"][2])
    await browser.get(one.page)
    assert f'action="{one.page}/{act}"' in browser.source
    seen = browser.version()

    async def touch(uow):
        await uow.cases.change(await factories.read_case(uow, one.number))

    await site.do(touch)
    await browser.post(f"{one.page}/{act}", {"version": seen, **fields})
    assert browser.status == 409
    assert words.STALE in browser.text
    for typed in fields.values():
        assert typed in browser.source
    assert (await one.case()).state is state
    await browser.post(f"{one.page}/{act}", {"version": browser.version(), **fields}, then=one.page)


#: Acts with a field that must not be empty: where they are done, by whom.
WITH_WORDS = {
    "assign": (S.RECEIVED, "works"),
    "guide-elsewhere": (S.RECEIVED, "works"),
    "flag": (S.RECEIVED, "works"),
    "note": (S.RECEIVED, "works"),
    "disposal": (S.ACCEPTED, "works"),
    "refer": (S.ACCEPTED, "works"),
    "take-back": (S.REFERRED, "works"),
    "return-disposal": (S.DISPOSAL_PROPOSED, "decides"),
    "step": (S.INVESTIGATING, "works"),
    "evidence": (S.INVESTIGATING, "works"),
    "finding": (S.INVESTIGATING, "works"),
    "return": (S.AWAITING_APPROVAL, "decides"),
    "measure": (S.APPROVED, "works"),
    "tell-result": (S.APPROVED, "works"),
    "measure-decision": (S.CLOSED, "works"),
    "reopen": (S.CLOSED, "works"),
}


@pytest.mark.parametrize("act", list(WITH_WORDS))
async def test_an_empty_form_says_what_it_wants_and_leads_to_the_field_in_sight(site, act):
    state, who = WITH_WORDS[act]
    one = await scene_at(site, state, flags=())
    browser = getattr(one, who)
    await browser.get(one.page)
    found = re.search(r'name="measure_id" value="(\d+)"', browser.source)
    await one.tries(browser, act, {"measure_id": found.group(1)} if found else {})
    assert browser.status == 422
    (link,) = [href for href in links_of(browser) if href.startswith("#f-")]
    assert link.removeprefix("#") in ids_of(browser)
    above = browser.source[: browser.source.index(f'id="{link.removeprefix("#")}"')]
    folds = re.findall(r"<details[^>]*>|</details>", above)
    opened = []
    for fold in folds:
        opened = opened[:-1] if fold == "</details>" else [*opened, fold]
    assert all(" open" in fold for fold in opened)


async def test_a_case_is_registered_first_and_accepted_later(site):
    one = await scene_at(site, S.RECEIVED)
    await one.does(one.works, "register")
    assert words.FLASHES["register"] in one.works.text
    assert (await one.case()).state is S.REGISTERED
    assert f'action="{one.page}/register"' not in one.works.source
    await one.does(one.works, "accept")
    assert (await one.case()).handler_id == one.worker.id


async def test_who_would_take_a_case_out_of_a_colleagues_hands_reads_whose_it_is(site):
    one = await scene_at(site, S.ACCEPTED)
    colleague, _ = await site.signed_in()
    await colleague.open_case(one.number)
    assert f"正在由{one.worker.display_name}办" in colleague.text
    await one.works.get(one.page)
    assert "正在由" not in one.works.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"disposal": "", "reason": "先核实一下"}, "请选怎么办"),
        ({"disposal": "punish", "reason": "先核实一下"}, "请选怎么办"),
        ({"disposal": "talk_or_inquiry", "reason": "谈"}, "请写一句为什么"),
        ({"disposal": "hold", "reason": "人在外地，回来再问"}, "请选以后的一个日子"),
        ({"disposal": "hold", "reason": "人在外地，回来再问", "review_on": "很久以后"}, "请选以后的一个日子"),
    ],
)
async def test_a_wrong_opinion_comes_back_as_it_was_written(site, fields, said):
    one = await scene_at(site, S.ACCEPTED)
    await one.tries(one.works, "disposal", fields)
    assert one.works.status == 422
    assert said in one.works.text
    assert fields["reason"] in one.works.source
    if fields["disposal"] in set(Disposal):
        assert f'value="{fields["disposal"]}" checked' in one.works.source
    assert (await one.case()).state is S.ACCEPTED


async def test_a_lead_is_not_held_until_today(site):
    one = await scene_at(site, S.ACCEPTED)
    await one.tries(one.works, "disposal", {"disposal": "hold", "reason": "再等等看", "review_on": day(site)})
    assert one.works.status == 422
    assert f'value="{day(site)}"' in one.works.source


async def test_a_flagged_lead_is_held_until_a_day_and_taken_up_again(site):
    """To hold is not to end: the case stays open, and says until when."""
    one = await scene_at(site, S.ACCEPTED)
    later = day(site, 30)
    await one.does(one.works, "disposal", {"disposal": "hold", "reason": "人在外地，回来再问", "review_on": later})
    await one.does(one.decides, "approve-disposal")
    assert (await one.case()).state is S.HELD
    await one.works.get(one.page)
    assert "这件先存着" in one.works.text
    assert f"{int(later[5:7])}月{int(later[8:])}日" in one.works.text
    await one.does(one.works, "take-up")
    assert (await one.case()).state is S.ACCEPTED


async def test_to_conclude_is_offered_and_possible_only_without_a_flag(site):
    flagged, plain = await scene_at(site, S.ACCEPTED), await scene_at(site, S.ACCEPTED, flags=())
    fields = {"disposal": "conclude", "reason": "没有可以查的线索"}
    await flagged.works.get(flagged.page)
    assert 'value="conclude"' not in flagged.works.source
    await flagged.tries(flagged.works, "disposal", fields)
    assert flagged.works.status == 409
    assert "第二人审核" in flagged.works.text
    assert fields["reason"] in flagged.works.source
    assert (await flagged.case()).state is S.ACCEPTED
    await plain.does(plain.works, "disposal", fields)
    await plain.does(plain.decides, "approve-disposal")
    assert (await plain.case()).state is S.APPROVED


async def test_an_opinion_goes_back_with_a_reason_and_nobody_decides_their_own(site):
    one = await scene_at(site, S.ACCEPTED)
    await one.does(one.decides, "disposal", {"disposal": "preliminary_verification", "reason": "负责人自己写的意见"})
    assert f'action="{one.page}/approve-disposal"' not in one.decides.source
    await one.tries(one.decides, "approve-disposal")
    assert one.decides.status == 409
    assert "自己办的不能自己审" in one.decides.text
    superior, _ = await site.signed_in(Role.SUPERIOR)
    await superior.open_case(one.number)
    await one.tries(superior, "return-disposal", {"why": ""})
    assert superior.status == 422
    await one.does(superior, "return-disposal", {"why": "先问问另外两户"})
    await one.works.get(one.page)
    assert "退回的话：先问问另外两户" in one.works.text
    assert f'action="{one.page}/disposal"' in one.works.source


async def test_a_case_given_to_another_body_stays_ours_until_it_answers(site):
    one = await scene_at(site, S.ACCEPTED)
    await one.tries(one.works, "refer", {"body_name": " "})
    assert one.works.status == 422
    await one.does(one.works, "refer", {"body_name": "县公安局"})
    assert (await one.case()).state is S.REFERRED
    assert "转给外单位：县公安局" in one.works.text
    await one.tries(one.works, "take-back", {"outside_answer": ""})
    assert one.works.status == 422
    assert "请写一句对方怎么说" in one.works.text
    await one.does(one.works, "take-back", {"outside_answer": "公安说不够立案"})
    assert (await one.case()).state is S.ACCEPTED
    assert "外单位回话：公安说不够立案" in one.works.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"step_kind": "", "taken_on": "2026-03-01", "step": "谈过"}, "请选做了什么"),
        ({"step_kind": "talk", "taken_on": "昨天", "step": "谈过"}, "请选哪天做的"),
        ({"step_kind": "talk", "taken_on": "2999-01-01", "step": "谈过"}, "请选哪天做的"),
        ({"step_kind": "talk", "taken_on": "2026-03-01", "step": ""}, "请写一句做了什么"),
    ],
)
async def test_a_wrong_step_comes_back_as_it_was_typed(site, fields, said):
    one = await scene_at(site, S.INVESTIGATING)
    await one.tries(one.works, "step", fields)
    assert one.works.status == 422
    assert said in one.works.text
    assert fields["step"] in one.works.source
    assert fields["taken_on"] in one.works.source


async def test_a_step_is_kept_in_words_of_its_kind(site):
    one = await scene_at(site, S.INVESTIGATING)
    await one.does(one.works, "step", {"step_kind": "letter_sent", "taken_on": day(site), "step": "给王某发了函"})
    assert "发函：给王某发了函" in one.works.text


@pytest.mark.parametrize("upload", [("空.png", b"", "image/png"), ("大.bin", b"x" * (20 * 1024 * 1024 + 1), "x/y")])
async def test_a_file_that_cannot_be_kept_loses_no_words(site, upload):
    one = await scene_at(site, S.INVESTIGATING)
    await one.tries(one.works, "evidence", {"description": "村口的照片"}, files={"file": upload})
    assert one.works.status == 422
    assert "村口的照片" in one.works.source
    assert "刚才选的文件要再选一次" in one.works.text


async def test_a_colleague_is_told_that_only_the_investigator_writes(site):
    one = await scene_at(site, S.INVESTIGATING)
    colleague, _ = await site.signed_in()
    await colleague.open_case(one.number)
    assert "正在调查，证据和结论由调查人来写" in colleague.text
    await one.tries(colleague, "evidence", {"description": "我也查了"})
    assert colleague.status == 403
    assert "这一步不归您办" in colleague.text


async def test_nobody_approves_what_they_investigated(site):
    """N1: not even a leader, who otherwise may."""
    leader = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))
    other = await site.do(lambda uow: factories.add_official(uow, Role.SUPERIOR))

    async def bring(uow):
        case = await factories.add_case(uow, site.places[factories.VILLAGE])
        return await factories.bring_to(uow, case, S.AWAITING_APPROVAL, investigator=leader, approver=other)

    case = await site.do(bring)
    browser = await site.sign_in(leader)
    await browser.open_case(case.number)
    page = f"/desk/cases/{case.number}"
    assert f'action="{page}/approve"' not in browser.source
    await browser.post(f"{page}/approve")
    assert browser.status == 409
    assert words.MISSING["second_person"][0] in browser.text
    found = await site.do(lambda uow: factories.read_case(uow, case.number))
    assert found.state is S.AWAITING_APPROVAL


async def test_a_returned_finding_comes_back_with_the_reason(site):
    one = await scene_at(site, S.AWAITING_APPROVAL)
    await one.tries(one.decides, "return", {"why": ""})
    assert one.decides.status == 422
    await one.does(one.decides, "return", {"why": "请补两户的笔录"})
    await one.works.get(one.page)
    assert "请补两户的笔录" in one.works.text
    assert "走访了十二户" in one.works.source
    assert "退回补充中" in one.works.text


async def test_a_case_is_given_to_a_colleague_but_not_to_a_stranger(site):
    one = await scene_at(site, S.RECEIVED)
    colleague = await site.do(factories.add_official)
    stranger = await site.do(lambda uow: factories.add_official(uow, place_path=factories.OTHER_VILLAGE))
    await one.tries(one.works, "assign", {"handler": str(stranger.id)})
    assert one.works.status == 422
    await one.does(one.works, "assign", {"handler": str(colleague.id)})
    assert colleague.display_name in one.works.text


async def test_a_flag_is_raised_by_hand_with_a_reason(site):
    """N2: anybody who works on a case may add a flag."""
    one = await scene_at(site, S.RECEIVED, flags=())
    await one.tries(one.works, "flag", {"category": "mass_reaction", "reason": ""})
    assert one.works.status == 422
    assert re.search(r'value="mass_reaction" checked', one.works.source)
    await one.does(one.works, "flag", {"category": "mass_reaction", "reason": "一天来了九个人"})
    assert "必查：群众反映强烈" in one.works.text
    assert "一天来了九个人" in one.works.text


async def from_above(site, number: str):
    browser, _ = await site.signed_in(Role.SUPERIOR, "cn")
    await browser.open_case(number)
    return browser


async def test_a_flag_is_lowered_by_two_people_from_above_and_by_nobody_else(site):
    """N2: asked for with a reason, decided by another; those of the unit itself are not even asked."""
    one = await scene_at(site, S.ACCEPTED)
    fields = {"category": "vote_buying", "reason": "查过了，说的是结婚摆酒"}
    assert f'action="{one.page}/lower-flag"' not in one.decides.source
    await one.tries(one.decides, "lower-flag", fields)
    assert one.decides.status == 403
    first, second = await from_above(site, one.number), await from_above(site, one.number)
    await first.post(f"{one.page}/lower-flag", {**fields, "reason": "错"})
    assert first.status == 422
    await first.post(f"{one.page}/lower-flag", fields, then=one.page)
    assert "等另一位上级来定" in first.text
    removal = re.search(r'name="removal" value="(\d+)"', (await second.get(one.page)).text).group(1)
    await first.post(f"{one.page}/decide-lowering", {"removal": removal, "decision": "yes"})
    assert first.status == 422
    assert "自己提的要由另一位来定" in first.text
    await second.post(f"{one.page}/decide-lowering", {"removal": removal})
    assert second.status == 422
    assert (await one.case()).flags
    await second.post(f"{one.page}/decide-lowering", {"removal": removal, "decision": "yes"}, then=one.page)
    assert (await one.case()).flags == ()
    assert "必查：" not in second.text


async def concluded(site, finding: Finding) -> Scene:
    """A scene whose investigation ended with a finding."""
    worker = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_OFFICIAL))
    decider = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))

    async def bring(uow):
        case = await factories.add_case(uow, site.places[factories.VILLAGE])
        return await factories.bring_to(uow, case, S.APPROVED, investigator=worker, approver=decider, finding=finding)

    case = await site.do(bring)
    works, decides = await site.sign_in(worker), await site.sign_in(decider)
    await works.open_case(case.number)
    return Scene(site, case.number, worker, decider, works, decides)


@pytest.mark.parametrize(
    ("finding", "measure"),
    [
        (Finding.SUBSTANTIATED, {"measure": "none", "reason": "算了"}),
        (Finding.SUBSTANTIATED, {"measure": "clear_names", "body_name": "村党支部", "reason": "还人清白"}),
        (Finding.UNFOUNDED, {"measure": "criticism", "body_name": "镇党委", "reason": "说他两句"}),
        (Finding.CANNOT_BE_VERIFIED, {"measure": "cancel_candidacy", "body_name": "选举委员会", "reason": "保险起见"}),
    ],
)
async def test_a_measure_that_does_not_fit_the_finding_holds_the_result_back(site, finding, measure):
    one = await concluded(site, finding)
    await one.does(one.works, "measure", measure)
    result = "查完了，情况已经报上去。"
    await one.tries(one.works, "tell-result", {"result": result})
    assert one.works.status == 409
    assert words.MISSING["fitting_measure"][0] in one.works.text
    assert result in one.works.source
    assert (await one.case()).state is S.APPROVED


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"measure": "", "body_name": "镇党委", "reason": "按结论"}, "请选一种处理建议"),
        ({"measure": "jail", "body_name": "镇党委", "reason": "按结论"}, "请选一种处理建议"),
        ({"measure": "criticism", "body_name": "", "reason": "按结论"}, "请写清楚是哪个单位"),
        ({"measure": "criticism", "body_name": "镇党委", "reason": ""}, "请写一句为什么"),
    ],
)
async def test_a_wrong_measure_comes_back_as_it_was_typed(site, fields, said):
    one = await concluded(site, Finding.SUBSTANTIATED)
    await one.tries(one.works, "measure", fields)
    assert one.works.status == 422
    assert said in one.works.text
    assert fields["body_name"] in one.works.source


async def test_the_result_needs_words_a_way_and_a_measure(site):
    one = await concluded(site, Finding.SUBSTANTIATED)
    result = "查完了，情况已经报上去。"
    await one.tries(one.works, "tell-result", {"result": result})
    assert one.works.status == 409
    assert words.MISSING["measure"][0] in one.works.text
    await one.does(one.works, "measure", {"measure": "criticism", "body_name": "东镇党委", "reason": "按结论"})
    await one.tries(one.works, "tell-result", {"result": "好"})
    assert one.works.status == 422
    await one.tries(one.works, "tell-result", {"result": result, "by": "chat"})  # nobody's chat is known
    assert one.works.status == 422
    assert result in one.works.source
    await one.does(one.works, "tell-result", {"result": result, "by": "phone"})
    assert (await one.case()).state is S.TOLD
    assert result in one.works.text


async def test_what_the_competent_body_decided_is_recorded_also_after_closing(site):
    one = await scene_at(site, S.CLOSED)
    await one.works.get(one.page)
    measure = re.search(r'name="measure_id" value="(\d+)"', one.works.source).group(1)
    address = f"{one.page}/measure-decision"
    fields = {"measure_id": measure, "taken": "yes", "decided_on": day(site), "document": "镇党委2026年3号文"}
    for wrong in ({"taken": ""}, {"decided_on": day(site, 2)}, {"document": ""}):
        await one.works.post(address, fields | wrong)
        assert one.works.status == 422, wrong
    assert re.search(r'<details class="disclosure" open><summary>记下对方的决定', one.works.source)
    await one.works.post(address, fields, then=one.page)
    assert "镇党委2026年3号文" in one.works.text
    assert "已作决定" in one.works.text
    await one.works.post(address, fields)
    assert one.works.status == 404  # decided once
