"""What officials say to a reporter: looked at before it leaves, never to the wrong case, and never an internal note.

Rows of peers.md: P6 (a dialogue, also after closing), P13 (local labels), P18 (canned answers, the look, the guard),
GL#4851 (a reply pasted into the wrong case), GL#4201 and GL#2730 (what is internal stays internal).
"""

import json
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from handlers.chat import case_texts, texts
from handlers.chat.texts import NOTICE_CODES
from handlers.desk import words
from handlers.services import (
    cases,
    deadlines,
    disposals,
    follow_up,
    investigations,
    links,
    messages,
    outcomes,
    recusals,
)
from handlers.services.errors import BadInput, NotAllowed, NotFound, WordsInDoubt
from knowledge.casework import labels as label_content
from knowledge.casework.access import Role
from knowledge.casework.clocks import ClockKind
from knowledge.casework.labels import load_labels
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.replies import DoubtKind, load_replies
from knowledge.clock import local_date
from storage.errors import RuleRefused
from storage.outbox import PURPOSE
from storage.repositories.cases import Case
from storage.repositories.people import Person
from storage.tables.cases import case_message, case_note
from storage.tables.records import event, outbox
from storage.unit_of_work import Storage
from tests import factories
from tests.desk_scenes import Scene, scene_at
from tests.desk_site import Browser, DeskSite

pytestmark = pytest.mark.pages

S = CaseState
RESULT = "查过了，情况已经报给有权处理的单位。"


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage)
    made.places = await made.do(factories.add_county)
    return made


@dataclass(slots=True)
class Talk(Scene):
    """A scene whose reporter follows the case in a chat."""

    person: Person


async def person_scene(site, state=S.ACCEPTED, chat_id=1001, **more) -> Talk:
    person = await site.do(lambda uow: factories.add_person(uow, chat_id))
    scene = await scene_at(site, state, person=person, **more)
    return Talk(site, scene.number, scene.worker, scene.decider, scene.works, scene.decides, person)


async def notices(site, code: str) -> list[dict[str, Any]]:
    """What the outbox holds under a code, oldest first."""
    async with site.storage.unit_of_work() as uow:
        rows = await uow.read(select(outbox).order_by(outbox.c.id))
        payloads = [json.loads(uow.keys.open_text(PURPOSE, row.payload_sealed)) for row in rows]
    return [one["data"] for one in payloads if one["notice"] == code]


async def said(site, number: str) -> list[tuple[bool, str, str]]:
    async with site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, number)
        return [(one.from_reporter, one.kind, one.body) for one in await uow.dialogue.of_case(case.id)]


async def running(site, number: str) -> set[str]:
    async with site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, number)
        return {one.kind for one in await uow.clocks.of_case(case.id) if one.is_running}


async def writes(site, scene: Talk, words_of_it: str, kind: str = "supplement") -> None:
    """The reporter writes."""
    await site.do(lambda uow: follow_up.add_words(uow, scene.person, scene.number, words_of_it, kind=kind))


async def merge(site, scene: Talk, child: Case) -> None:
    """Another report is handled together with this one."""
    await site.do(lambda uow: recusals.declare_clear(uow, scene.worker, child.number))
    await site.do(lambda uow: links.merge(uow, scene.worker, child.number, scene.number, "同一件事"))


async def look(scene: Talk, **fields: str) -> Browser:
    """Write in the composer and look."""
    await scene.works.post(f"{scene.page}/message", fields)
    return scene.works


def hidden(browser: Browser, form_of: str = "/send") -> dict[str, str]:
    """What the form that sends carries."""
    (form,) = re.findall(rf'<form[^>]*action="[^"]*{form_of}".*?</form>', browser.source, re.DOTALL)
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


# P18: two steps, and what is repeated in between


async def test_a_message_is_looked_at_and_then_sent(site):
    scene = await person_scene(site)
    browser = await look(scene, message="请再说说那天是几点。")
    assert browser.status == 200
    assert "还没有发出去" in browser.text
    for repeated in (scene.number, "柳树村", "请再说说那天是几点。", "在聊天里"):
        assert repeated in browser.text
    assert await said(site, scene.number) == []
    await browser.post(f"{scene.page}/message/send", hidden(browser), then=scene.page)
    assert words.FLASHES["message"] in browser.text
    assert await said(site, scene.number) == [(False, "message", "请再说说那天是几点。")]
    (data,) = await notices(site, "case_message")
    assert data == {"number": scene.number, "place": "柳树村", "text": "请再说说那天是几点。"}
    assert site.woken >= 1


async def test_the_chat_shows_number_village_and_words_and_a_button_to_reply(clock):
    reply = texts.notice(
        "case_message", {"number": "QF-7K2M-9D4X", "place": "柳树村", "text": "请再说说。"}, clock.now()
    )
    assert "QF-7K2M-9D4X（柳树村）" in reply.text
    assert reply.text.endswith("请再说说。")
    data = next(one.data for row in reply.rows for one in row if one.text == "回复")
    assert data.startswith("c:")
    assert data.endswith("QF-7K2M-9D4X")


async def test_whoever_left_no_chat_reads_it_behind_the_code(site):
    scene = await scene_at(site, S.ACCEPTED)
    browser = await look(scene, message="请再说说那天是几点。")
    assert "反映人，凭查询码" in browser.text
    await browser.post(f"{scene.page}/message/send", hidden(browser), then=scene.page)
    assert await said(site, scene.number) == [(False, "message", "请再说说那天是几点。")]
    assert await notices(site, "case_message") == []


async def test_a_canned_answer_is_filled_in_for_the_case(site):
    scene = await person_scene(site, S.RECEIVED)
    browser = await look(scene, canned="still-waiting", message="有事随时说。")
    due = (await scene.case()).answer_due_on
    assert f"您反映的 {scene.number} 还没有定受不受理，最晚{due.month}月{due.day}日" in browser.text
    assert "有事随时说。" in browser.text
    sent = hidden(browser)
    assert sent["template"] == "still-waiting"
    await browser.post(f"{scene.page}/message/send", sent, then=scene.page)
    async with site.storage.unit_of_work() as uow:
        (row,) = await uow.read(select(case_message.c.template))
    assert row.template == "still-waiting"


async def test_a_blank_only_a_person_knows_is_asked_for_and_nothing_leaves_before(site):
    scene = await person_scene(site)
    browser = await look(scene, canned="ask-to-meet")
    assert "message/send" not in browser.source
    assert 'name="blank_phone"' in browser.source
    asked = hidden(browser, "/message")["message"] if browser.source.count("/message") == 1 else None
    kept = re.search(r'<input type="hidden" name="message" value="([^"]*)"', browser.source)
    assert kept
    assert asked is None or asked == kept[1]
    fields = {"message": kept[1], "template": "ask-to-meet", "reply_kind": "message"}
    await browser.post(f"{scene.page}/message/send", {**fields, "looked_again": "yes"})
    assert browser.status == 422
    assert await said(site, scene.number) == []
    await browser.post(f"{scene.page}/message", {**fields, "blank_phone": "0571-88886666"})
    assert "打 0571-88886666 也行" in browser.text
    await browser.post(f"{scene.page}/message/send", hidden(browser), then=scene.page)
    assert "0571-88886666" in (await said(site, scene.number))[0][2]


async def test_a_made_up_blank_is_refused(site):
    scene = await person_scene(site)
    browser = await look(scene, message="请找{主任}。")
    assert "没有这一项" in browser.text
    assert "message/send" not in browser.source
    await browser.post(f"{scene.page}/message/send", {"message": "请找{主任}。", "looked_again": "yes"})
    assert browser.status == 422
    assert await said(site, scene.number) == []


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"message": "  "}, ("message", "empty")),
        ({"message": "长" * 2001}, ("message", "too_long")),
        ({"message": "好的", "reply_kind": "result"}, ("reply_kind", "unknown")),
        ({"message": "好的", "reply_kind": "note"}, ("reply_kind", "unknown")),
        ({"message": "好的", "reply_kind": "explanation"}, ("reply_kind", "nothing_to_explain")),
        ({"message": "好的", "template": "result-date"}, ("canned", "unfit")),
        ({"message": "好的", "template": "found-true"}, ("canned", "unfit")),
        ({"message": "好的", "template": "nobody-wrote-this"}, ("canned", "unfit")),
    ],
)
@pytest.mark.parametrize("step", ["message", "message/send"])
async def test_a_wrong_form_comes_back_with_what_was_typed(site, fields, fault, step):
    scene = await person_scene(site)
    await scene.works.post(f"{scene.page}/{step}", fields)
    assert scene.works.status == 422
    assert words.FAULTS[fault] in scene.works.text
    assert fields["message"] in scene.works.source
    assert await said(site, scene.number) == []


# GL#4851, P18: the wrong case


@pytest.mark.parametrize(
    ("typed", "said_of_it"),
    [("请补充 QF-AAAA-BBBB 的材料", "另一件的编号：QF-AAAA-BBBB"), ("松林村的事查过了", "另一个村（社区）：松林村")],
)
async def test_words_of_another_case_are_called_out_and_leave_only_after_a_tick(site, typed, said_of_it):
    scene = await person_scene(site)
    browser = await look(scene, message=typed)
    assert said_of_it in browser.text
    assert f"这件是 {scene.number}，柳树村。是不是发错了？" in browser.text
    sent = hidden(browser)
    await browser.post(f"{scene.page}/message/send", sent)
    assert browser.status == 422
    assert "还没有打勾" in browser.text
    assert typed in browser.source
    assert await said(site, scene.number) == []
    assert await notices(site, "case_message") == []
    await browser.post(f"{scene.page}/message/send", {**sent, "looked_again": "yes"}, then=scene.page)
    assert await said(site, scene.number) == [(False, "message", typed)]


async def test_the_own_number_and_village_are_no_reason_to_ask(site):
    scene = await person_scene(site)
    browser = await look(scene, message=f"{scene.number}，柳树村的事还在办。")
    assert "looked_again" not in browser.source
    await browser.post(f"{scene.page}/message/send", hidden(browser), then=scene.page)


async def test_a_changed_text_is_looked_at_anew_when_it_is_sent(site):
    scene = await person_scene(site)
    browser = await look(scene, message="好的")
    await browser.post(f"{scene.page}/message/send", {**hidden(browser), "message": "松林村的事查过了"})
    assert browser.status == 422
    assert await said(site, scene.number) == []


# real_name_reports 8, 10


async def test_a_label_is_refused_even_with_a_tick(site):
    scene = await person_scene(site)
    browser = await look(scene, message="那个违纪者我们会管")
    assert "可以说：被反映人" in browser.text
    assert "message/send" not in browser.source
    await browser.post(f"{scene.page}/message/send", {"message": "那个违纪者我们会管", "looked_again": "yes"})
    assert browser.status == 422
    assert await said(site, scene.number) == []


async def test_a_promise_is_pointed_out_with_kinder_words_and_needs_a_second_look(site):
    scene = await person_scene(site)
    browser = await look(scene, message="您放心，一定查清")
    assert "会按规定查，查完了告诉您" in browser.text
    await browser.post(f"{scene.page}/message/send", hidden(browser))
    assert browser.status == 422
    await browser.post(f"{scene.page}/message/send", {**hidden(browser), "looked_again": "yes"}, then=scene.page)


@pytest.mark.parametrize(
    ("state", "act", "field", "more"),
    [
        (S.APPROVED, "tell-result", "result", {"by": "chat"}),
        (S.ACCEPTED, "guide-elsewhere", "where", {}),
    ],
)
async def test_a_result_and_another_door_take_the_same_care(site, state, act, field, more):
    flags = {} if state is S.APPROVED else {"flags": ()}
    scene = await person_scene(site, state, **flags)
    if state is S.APPROVED:
        await scene.does(scene.works, "measure", {"measure": "criticism", "body_name": "东镇党委", "reason": "按结论"})
    for typed, ticked, passes in (
        ("这个违纪者已经处理", True, False),
        ("松林村的事请问民政局", False, False),
        ("松林村的事请问民政局", True, True),
    ):
        fields = {field: typed, **more, **({"looked_again": "yes"} if ticked else {})}
        if passes:
            await scene.does(scene.works, act, fields)
            continue
        await scene.tries(scene.works, act, fields)
        assert scene.works.status == 422
        assert typed in scene.works.source
        assert ('name="looked_again"' in scene.works.source) is (not ticked or "违纪者" in typed)
        assert (await scene.case()).state is state
    kind, body = (await said(site, scene.number))[-1][1:]
    assert (kind, body) == ("result", "松林村的事请问民政局")


async def test_canned_results_stand_beside_the_field_filled_in(site):
    scene = await person_scene(site, S.APPROVED)
    await scene.works.get(scene.page)
    assert load_replies().get("not-verified").text.split("\n")[0] in scene.works.text
    guided = await person_scene(site, chat_id=2002)
    await guided.works.get(guided.page)
    assert "请找柳树村的选举委员会" in guided.works.text


# P6: both sides on one card, also after closing


async def test_both_sides_stand_on_the_page_in_order_and_what_they_are_is_said(site, clock):
    scene = await person_scene(site, S.CLOSED)
    for kind, body in (("supplement", "还有一家也收了"), ("objection", "我不同意")):
        clock.advance(timedelta(minutes=1))
        await writes(site, scene, body, kind)
    clock.advance(timedelta(minutes=1))
    await site.do(lambda uow: follow_up.withdraw(uow, scene.person, scene.number))
    clock.advance(timedelta(minutes=1))
    browser = await look(scene, message="又看了一遍", reply_kind="explanation")
    assert "答复不同意见" in browser.text
    await browser.post(f"{scene.page}/message/send", hidden(browser), then=scene.page)
    card = browser.text[browser.text.index("和反映人的对话") :]
    order = ["补充", "还有一家也收了", "不同意见", "我不同意", "想撤回", "答复不同意见", "又看了一遍"]
    places = [card.index(word) for word in order]
    assert places == sorted(places)
    assert scene.worker.display_name in card


async def test_a_closed_case_is_answered_and_stays_closed(site):
    scene = await person_scene(site, S.CLOSED)
    await writes(site, scene, "后来怎么样了")
    assert ClockKind.REPLY in await running(site, scene.number)
    browser = await look(scene, canned="closed-and-new")
    await browser.post(f"{scene.page}/message/send", hidden(browser), then=scene.page)
    assert (await scene.case()).state is S.CLOSED
    assert await running(site, scene.number) == set()


async def test_an_answer_stops_the_reply_clock_and_an_explanation_the_review_too(site):
    scene = await person_scene(site, S.CLOSED)
    await writes(site, scene, "还有一家")
    await writes(site, scene, "我不同意", "objection")
    assert {ClockKind.REPLY, ClockKind.REVIEW} <= await running(site, scene.number)
    await site.do(lambda uow: messages.send(uow, scene.worker, scene.number, "收到了"))
    assert await running(site, scene.number) == {ClockKind.REVIEW}
    await site.do(lambda uow: messages.send(uow, scene.worker, scene.number, "又看了一遍", kind="explanation"))
    assert await running(site, scene.number) == set()
    assert (await scene.case()).next_due_on.year == 9999


async def test_two_messages_in_a_row_both_leave_and_one_pressed_twice_leaves_once(site, clock):
    scene = await person_scene(site)
    for words_of_it in ("第一句", "第二句", "第二句"):
        await site.do(lambda uow, one=words_of_it: messages.send(uow, scene.worker, scene.number, one))
    assert [one["text"] for one in await notices(site, "case_message")] == ["第一句", "第二句"]
    clock.advance(timedelta(minutes=11))
    await site.do(lambda uow: messages.send(uow, scene.worker, scene.number, "第二句"))
    assert len(await said(site, scene.number)) == 3


async def test_every_reporter_of_merged_reports_hears_it_under_their_own_number(site):
    scene = await person_scene(site)
    other = await site.do(lambda uow: factories.add_person(uow, 2002))
    child = await site.do(
        lambda uow: factories.add_case(uow, site.places[factories.VILLAGE], person=other, what="他还请人吃饭。")
    )
    await merge(site, scene, child)
    await site.do(lambda uow: follow_up.add_words(uow, other, child.number, "我这里也有照片"))
    browser = await look(scene, message=f"您反映的 {scene.number} 还在办。")
    assert "并到这件的还有 1 位反映人" in browser.text
    await browser.post(f"{scene.page}/message/send", hidden(browser), then=scene.page)
    assert f"反映人（{child.number}）" in browser.text
    assert "我这里也有照片" in browser.text
    told = {one["number"]: one["text"] for one in await notices(site, "case_message")}
    assert told == {
        scene.number: f"您反映的 {scene.number} 还在办。",
        child.number: f"您反映的 {child.number} 还在办。",
    }
    assert (False, "message", f"您反映的 {child.number} 还在办。") in await said(site, child.number)
    assert ClockKind.REPLY not in await running(site, scene.number)


async def test_a_merged_report_answered_by_itself_stops_its_own_question_and_no_other(site):
    scene = await person_scene(site)
    other = await site.do(lambda uow: factories.add_person(uow, 2002))
    child = await site.do(lambda uow: factories.add_case(uow, site.places[factories.VILLAGE], person=other))
    await merge(site, scene, child)
    await site.do(lambda uow: follow_up.add_words(uow, other, child.number, "我这里也有照片"))
    assert ClockKind.REPLY in await running(site, scene.number)
    await site.do(lambda uow: messages.send(uow, scene.worker, child.number, "照片收到了"))
    assert ClockKind.REPLY not in await running(site, scene.number)
    assert [one["number"] for one in await notices(site, "case_message")] == [child.number]
    await writes(site, scene, "我也想问问")
    await site.do(lambda uow: messages.send(uow, scene.worker, child.number, "还有别的吗"))
    assert ClockKind.REPLY in await running(site, scene.number)


async def test_a_result_names_no_other_reporters_number(site):
    scene = await person_scene(site, S.INVESTIGATING)
    other = await site.do(lambda uow: factories.add_person(uow, 2002))
    child = await site.do(lambda uow: factories.add_case(uow, site.places[factories.VILLAGE], person=other))
    await merge(site, scene, child)

    async def finish(uow) -> None:
        await investigations.add_evidence(uow, scene.worker, scene.number, "谈话笔录一份")
        await investigations.submit_finding(
            uow, scene.worker, scene.number, "substantiated", "走访了十二户，说法都一致。"
        )
        await investigations.approve_finding(uow, scene.decider, scene.number)
        await outcomes.recommend(uow, scene.worker, scene.number, "criticism", "东镇党委", "按结论")
        await outcomes.tell_result(uow, scene.worker, scene.number, f"{scene.number} 查过了，情况已经报上去。")

    await site.do(finish)
    told = {one["number"]: one["words"] for one in await notices(site, "case_result")}
    assert told == {number: f"{number} 查过了，情况已经报上去。" for number in (scene.number, child.number)}


async def test_only_whoever_works_on_the_case_writes_to_its_reporter(site):
    scene = await person_scene(site)
    superior, who = await site.signed_in(Role.SUPERIOR)
    await superior.open_case(scene.number)
    assert 'action="/desk/cases/' + scene.number + '/message"' not in superior.source
    await superior.post(f"{scene.page}/message", {"message": "好的"})
    assert superior.status == 404
    with pytest.raises(NotAllowed):
        await site.do(lambda uow: messages.send(uow, who, scene.number, "好的"))
    stranger = await site.do(lambda uow: factories.add_official(uow, place_path=factories.OTHER_VILLAGE))
    with pytest.raises(NotFound):
        await site.do(lambda uow: messages.send(uow, stranger, scene.number, "好的"))


async def test_nobody_writes_before_saying_that_nothing_stands_between(site):
    scene = await person_scene(site)
    browser, _ = await site.signed_in()
    await browser.get("/desk")
    answer = await browser.post(f"{scene.page}/message", {"message": "好的"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{scene.page}/declare")
    answer = await browser.post(f"{scene.page}/message/send", {"message": "好的"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{scene.page}/declare")
    assert await said(site, scene.number) == []


async def test_the_address_of_the_look_leads_back_to_the_case(site):
    scene = await person_scene(site)
    for address in ("message", "message/send"):
        answer = await scene.works.get(f"{scene.page}/{address}")
        assert (answer.status_code, answer.headers["location"]) == (303, scene.page)


async def test_an_event_says_that_something_was_sent_and_not_what(site):
    scene = await person_scene(site)
    await site.do(lambda uow: messages.send(uow, scene.worker, scene.number, "请再说说那天是几点。"))
    async with site.storage.unit_of_work() as uow:
        (row,) = await uow.read(select(event).where(event.c.act == "message_sent"))
    assert (row.subject, row.detail) == (f"case/{scene.number}", {"kind": "message"})


# GL#4201: neither becomes the other


async def test_a_note_stays_a_note_and_a_message_a_message(site):
    scene = await person_scene(site)
    await scene.does(scene.works, "note", {"body": "内部：等县里回函", "reply_kind": "message", "message": "内部"})
    await site.do(lambda uow: messages.send(uow, scene.worker, scene.number, "请再说说。"))
    async with site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, scene.number)
        assert [one.body for one in await uow.cases.notes(case.id)] == ["内部：等县里回函"]
        assert [one.body for one in await uow.dialogue.for_reporter(case.id)] == ["请再说说。"]


@pytest.mark.parametrize("step", ["message", "message/send"])
async def test_no_field_makes_a_note_of_a_message_or_the_other_way(site, step):
    scene = await person_scene(site)
    extra = {"act": "note", "body": "内部", "kind": "note", "direction": "from_reporter", "table": "case_note"}
    await scene.works.post(f"{scene.page}/{step}", {"message": "请再说说。", **extra})
    async with site.storage.unit_of_work() as uow:
        assert await uow.read(select(case_note)) == []
    assert "内部" not in str(await said(site, scene.number))


@pytest.mark.parametrize("direction", ["to_reporter", "from_reporter"])
async def test_the_database_refuses_to_copy_one_into_the_other(site, direction):
    scene = await person_scene(site)
    await site.do(lambda uow: cases.write_note(uow, scene.worker, scene.number, "内部：等县里回函"))
    await site.do(lambda uow: messages.send(uow, scene.worker, scene.number, "请再说说。"))
    async with site.storage.unit_of_work() as uow:
        (note,) = await uow.read(select(case_note))
        (message,) = await uow.read(select(case_message))
    now = site.storage.clock.now()
    as_message = {"case_id": note.case_id, "direction": direction, "kind": "message", "written_at": now}
    as_note = {"case_id": note.case_id, "author_id": scene.worker.id, "written_at": now}
    attacks = [
        insert(case_message).values(body_sealed=note.body_sealed, **as_message),
        insert(case_note).values(body_sealed=message.body_sealed, **as_note),
        update(case_message).values(body_sealed=note.body_sealed),
        update(case_note).values(body_sealed=message.body_sealed),
        update(case_message).values(direction="from_reporter"),
        text("DELETE FROM case_note"),
        text("DELETE FROM case_message"),
    ]
    for attack in attacks:
        async with site.storage.unit_of_work() as uow:
            with pytest.raises(RuleRefused):
                await uow.execute(attack)


async def test_a_note_put_under_another_report_opens_for_nobody(site):
    scene = await person_scene(site)
    other = await site.do(lambda uow: factories.add_case(uow, site.places[factories.VILLAGE]))
    await site.do(lambda uow: cases.write_note(uow, scene.worker, scene.number, "内部：等县里回函"))
    async with site.storage.unit_of_work() as uow:
        (note,) = await uow.read(select(case_note))
        stolen = {"direction": "to_reporter", "kind": "message", "written_at": uow.clock.now()}
        await uow.execute(insert(case_message).values(case_id=other.id, body_sealed=note.body_sealed, **stolen))
        with pytest.raises(Exception, match="Decryption failed"):
            await uow.dialogue.of_case(other.id)


# GL#2730, GL#4201: what a reporter is ever shown


def marked(label: str) -> str:
    """Words nobody else writes, long enough for every field."""
    return f"{label}{secrets.token_hex(6)}"


INTERNAL = ("note", "reason", "measure", "evidence", "summary", "step", "return", "document")


async def shown_to_reporter(site, number: str, person) -> str:
    """All that any channel ever says of a case: what left, what is listed, and the case's own page in the chat."""
    said_of_it: list[str] = []
    async with site.storage.unit_of_work() as uow:
        now = uow.clock.now()
        for row in await uow.read(select(outbox).order_by(outbox.c.id)):
            payload = json.loads(uow.keys.open_text(PURPOSE, row.payload_sealed))
            if row.kind == "status":
                assert payload["notice"] in NOTICE_CODES
                said_of_it.append(texts.notice(payload["notice"], payload["data"], now).text)
            said_of_it.append(str(payload))
        own, _ = await follow_up.own_cases(uow, person, most=10)
        said_of_it += [case_texts.PUBLIC_STATES[view.stands.state] for view in own]
        view = await follow_up.look(uow, person, number)
        assert view is not None
        said_of_it += [one.body for one in view.messages]
    return "\n".join(said_of_it)


async def test_no_internal_word_reaches_a_reporter_on_any_step_of_the_road(site):
    scene = await person_scene(site, S.RECEIVED)
    secret = {name: marked(name) for name in INTERNAL}
    worker, decider, number = scene.worker, scene.decider, scene.number
    steps_there = {step.id for steps in load_labels().steps.values() for step in steps}
    names_there = {step.label for steps in load_labels().steps.values() for step in steps}

    async def act(step, *arguments, **more) -> None:
        await site.do(lambda uow: step(uow, *arguments, **more))
        await site.do(lambda uow: cases.write_note(uow, worker, number, secret["note"]))
        case = await scene.case()
        if inside := load_labels().steps_of(case.state):
            await site.do(lambda uow: cases.set_sub_status(uow, worker, number, inside[0].id))
        shown = await shown_to_reporter(site, number, scene.person)
        leaked = [name for name, words_of_it in secret.items() if words_of_it in shown]
        assert leaked == [], case.state
        assert not [one for one in (*steps_there, *names_there) if one in shown], case.state
        seen.add(case.state)

    seen: set[CaseState] = set()
    await act(cases.register, worker, number)
    await act(cases.accept, worker, number)
    await act(cases.refer, worker, number, "县公安局")
    await act(cases.take_back, worker, number, secret["return"])
    review_on = local_date(site.storage.clock.now()) + timedelta(days=30)
    await act(disposals.propose, worker, number, "hold", secret["reason"], review_on=review_on)
    await act(disposals.approve, decider, number)
    await act(cases.take_up, worker, number)
    await act(disposals.propose, worker, number, "preliminary_verification", secret["reason"])
    await act(disposals.send_back, decider, number, secret["return"])
    await act(disposals.propose, worker, number, "preliminary_verification", secret["reason"])
    await act(disposals.approve, decider, number)
    today = local_date(site.storage.clock.now())
    await act(investigations.add_step, worker, number, "visit", today, secret["step"])
    await act(investigations.add_evidence, worker, number, secret["evidence"])
    await act(investigations.submit_finding, worker, number, "substantiated", secret["summary"])
    await act(investigations.return_finding, decider, number, secret["return"])
    await act(investigations.submit_finding, worker, number, "substantiated", secret["summary"])
    await act(investigations.approve_finding, decider, number)
    await act(outcomes.recommend, worker, number, "criticism", "东镇党委", secret["measure"])
    await act(outcomes.tell_result, worker, number, RESULT)
    await act(messages.send, worker, number, "还有问题随时说。")
    await act(outcomes.close, worker, number)
    await act(cases.reopen, worker, number, secret["return"])
    assert seen == set(CaseState) - {S.RECEIVED, S.GUIDED_ELSEWHERE}
    assert RESULT in await shown_to_reporter(site, number, scene.person)


# P13: labels and local steps


async def test_a_local_step_is_shown_at_the_desk_and_gone_with_the_state(site):
    scene = await person_scene(site, S.INVESTIGATING)
    await scene.does(scene.works, "sub-status", {"sub_status": "bank-records"})
    assert words.FLASHES["sub-status"] in scene.works.text
    assert "调查中（等银行流水）" in scene.works.text
    await scene.works.get("/desk/cases")
    assert "调查中（等银行流水）" in scene.works.text
    await site.do(lambda uow: investigations.add_evidence(uow, scene.worker, scene.number, "谈话笔录一份"))
    await site.do(
        lambda uow: investigations.submit_finding(
            uow, scene.worker, scene.number, "unfounded", "走访了十二户，说法都一致。"
        )
    )
    case = await scene.case()
    assert (case.state, case.sub_status) == (S.AWAITING_APPROVAL, None)


@pytest.mark.parametrize("wrong", ["reading", "nobody-wrote-this", "closed"])
async def test_only_a_step_of_the_present_state_is_taken(site, wrong):
    scene = await person_scene(site, S.INVESTIGATING)
    await scene.tries(scene.works, "sub-status", {"sub_status": wrong})
    assert scene.works.status == 422
    assert words.FAULTS["sub_status", "unknown"] in scene.works.text
    assert (await scene.case()).sub_status is None


async def test_a_step_is_taken_off_again(site):
    scene = await person_scene(site, S.INVESTIGATING)
    await scene.does(scene.works, "sub-status", {"sub_status": "talking"})
    await scene.does(scene.works, "sub-status", {"sub_status": ""})
    assert (await scene.case()).sub_status is None


async def test_reopening_ends_the_local_step_too(site):
    scene = await person_scene(site, S.APPROVED)
    await site.do(lambda uow: cases.set_sub_status(uow, scene.worker, scene.number, "body-deciding"))
    case: Case = await site.do(lambda uow: cases.reopen(uow, scene.worker, scene.number, "又来了新材料"))
    assert (case.state, case.sub_status) == (S.ACCEPTED, None)


async def test_a_countys_own_word_for_a_state_is_shown_and_changes_no_rule(site, monkeypatch, tmp_path):
    (tmp_path / "labels.yaml").write_text(
        'version: "1"\nstates:\n  investigating: {label: 正在核查}\n  closed: {label: 归档}\n', encoding="utf-8"
    )
    own = load_labels(tmp_path)
    monkeypatch.setattr(label_content, "_load", lambda _folder: own)
    scene = await person_scene(site, S.INVESTIGATING)
    await scene.works.get(scene.page)
    assert "正在核查" in scene.works.text
    await scene.works.get("/desk/cases")
    assert "正在核查" in scene.works.text
    async with site.storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused):
            await uow.execute(text("UPDATE cases SET state = 'closed', closed_at = received_at"))


async def test_a_service_points_to_the_field_and_what_is_in_doubt(site):
    scene = await person_scene(site)
    with pytest.raises(WordsInDoubt) as refused:
        await site.do(lambda uow: messages.send(uow, scene.worker, scene.number, "松林村的事，{phone}"))
    assert refused.value.field == "message"
    assert refused.value.blocks
    assert {one.kind for one in refused.value.doubts} == {DoubtKind.BLANK, DoubtKind.OTHER_PLACE}
    with pytest.raises(BadInput):
        await site.do(lambda uow: messages.compose(uow, scene.worker, scene.number, ""))


async def test_what_a_reporter_was_promised_is_what_an_answer_is_filled_with(storage: Storage):
    site = DeskSite(storage)
    site.places = await site.do(factories.add_county)
    scene = await person_scene(site, S.RECEIVED)
    async with storage.unit_of_work() as uow:
        case = await factories.read_case(uow, scene.number)
        clocks = await deadlines.of_case(uow, case.id)
        about = messages.known_of(case, clocks, deadlines.today(uow))
    assert about.due_on == case.answer_due_on
    assert (about.number, about.place, about.unit) == (case.number, "柳树村", "试验县")
    assert messages.known_of(case, (), about.today).due_on is None
