"""Candidates, questions, timetables and files at the desk."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from handlers.desk import words
from handlers.desk.case_acts import CASE_ACTS
from handlers.services import commitments, elections
from knowledge.casework.access import Role
from knowledge.clock import local_date
from knowledge.elections.commitments import load_packs
from storage.ids import readable_code
from storage.repositories.elections import Signature
from tests import factories
from tests.desk_site import DeskSite

pytestmark = pytest.mark.pages


@pytest.fixture
async def site(storage) -> DeskSite:
    made = DeskSite(storage, telegram="qingfeng_bot")
    made.places = await made.do(factories.add_county)
    return made


async def add_election(site, path=factories.VILLAGE, day=20, **more) -> int:
    async def add(uow):
        election = await factories.add_election(uow, site.places[path], **more)
        await elections.open_timetable(uow, election, local_date(uow.clock.now()) + timedelta(days=day))
        return election

    return await site.do(add)


async def invited(site, browser) -> tuple[str, str]:
    """A candidate's page and the token in the link shown there."""
    election = await add_election(site)
    await browser.get("/desk/candidates/new")
    fields = {"election": str(election), "name": " 王 秀兰 ", "office": "chair"}
    answer = await browser.client.post("/desk/candidates", data={"csrf": browser.csrf, **fields})
    page = answer.headers["location"]
    await browser.get(page)
    await browser.post(f"{page}/invite")
    link = re.search(r'data-copy="(http://desk\.test/[^"]+)"', browser.source).group(1)
    return page, parse_qs(urlsplit(link).query)["start"][0]


async def test_a_candidate_is_entered_invited_and_may_stand_only_with_every_signature(site):
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    page, start = await invited(site, browser)
    assert browser.status == 200
    assert "<svg" in browser.page.text
    assert f"https://t.me/qingfeng_bot?start={start}" in browser.source
    await browser.get(page)
    assert start not in browser.source
    assert "还不能参选" in browser.text
    assert start.startswith("c_")

    kinds = [paper.kind for paper in load_packs()["three_commitments"].commitments]
    person = await site.do(factories.add_person)

    async def sign_some(uow, some):
        view = await commitments.open_invitation(uow, person, start.removeprefix("c_"))
        for kind in some:
            await commitments.sign(
                uow, person, candidate_id=view.candidate.id, kind=kind, typed_name="王秀兰", channel="web"
            )

    await site.do(lambda uow: sign_some(uow, kinds[:2]))
    await browser.get(page)
    assert "签了 2 份，共 3 份" in browser.text
    assert "还不能参选" in browser.text
    await browser.get("/desk/candidates?show=lacking")
    assert "辞职承诺" in browser.text
    await site.do(lambda uow: sign_some(uow, kinds[2:]))
    await browser.get(page)
    assert re.search(r"(?<!不能)可以参选", browser.text)
    assert "还不能参选" not in browser.text
    await browser.get("/desk/candidates?show=lacking")
    assert "王秀兰" not in browser.text


async def test_all_papers_signed_is_not_yet_may_stand(site):
    """The words follow the state the database granted, not a count of papers."""
    browser, official = await site.signed_in(Role.TOWNSHIP_STAFF)
    election = await add_election(site)

    async def sign_without_granting(uow):
        candidate_id = await uow.elections.add_candidate(
            election_id=election, name="赵刚", office="member", official_id=official.id
        )
        who = await uow.elections.candidate(candidate_id)
        pack = load_packs()["three_commitments"]
        for paper in pack.commitments:
            signature = Signature(
                paper.kind, pack.version, paper.text_hash, "赵刚", uow.clock.now(), "web", readable_code("CN")
            )
            await uow.elections.sign(who, signature)
        return candidate_id

    candidate_id = await site.do(sign_without_granting)
    await browser.get(f"/desk/candidates/{candidate_id}")
    assert "签了 3 份，共 3 份" in browser.text
    assert "还不能参选" in browser.text
    assert not re.search(r"(?<!不能)可以参选", browser.text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "还没写姓名"),
        ({"name": "长" * 21}, "最多 20 个字"),
        ({"office": "king"}, "请选参选什么职务"),
        ({"election": "999"}, "请选一个村"),
        ({"election": "abc"}, "请选一个村"),
    ],
)
async def test_a_wrong_field_of_a_new_candidate_keeps_the_others(site, fields, said):
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    election = await add_election(site)
    await browser.get("/desk/candidates/new")
    sent = {"election": str(election), "name": "欧阳·买买提", "office": "member", **fields}
    await browser.post("/desk/candidates", sent)
    assert browser.status == 422
    assert said in browser.text
    if "name" not in fields:
        assert 'value="欧阳·买买提"' in browser.source
    if "office" not in fields:
        assert 'value="member" checked' in browser.source


async def test_the_same_name_twice_in_a_village_is_asked_about(site):
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    election = await add_election(site)
    await browser.get("/desk/candidates/new")
    sent = {"csrf": browser.csrf, "election": str(election), "name": "王秀兰", "office": "member"}
    assert (await browser.client.post("/desk/candidates", data=sent)).status_code == 303
    await browser.post("/desk/candidates", sent)
    assert "已经有这个名字" in browser.text


async def test_a_township_cannot_enter_a_candidate_elsewhere(site):
    election = await add_election(site, factories.OTHER_VILLAGE)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF, factories.TOWN)
    await browser.get("/desk/candidates/new")
    await browser.post("/desk/candidates", {"election": str(election), "name": "赵刚", "office": "member"})
    assert browser.status == 422
    await browser.get("/desk/candidates")
    assert "赵刚" not in browser.text


async def test_a_village_clerk_sees_candidates_but_invites_nobody(site):
    staff, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    page, _ = await invited(site, staff)
    clerk, _ = await site.signed_in(Role.VILLAGE_CLERK, factories.VILLAGE)
    await clerk.get(page)
    assert clerk.status == 200
    assert "/invite" not in clerk.source
    await clerk.post(f"{page}/invite")
    assert clerk.status == 403


async def ask(site, question="三月八日还能补登记吗？", **more) -> int:
    async def log(uow):
        who = await factories.add_person(uow, chat_id=uow.ids.next())
        place = site.places[factories.VILLAGE].id
        facts = {"entry_id": None, "score": 0.1, "state": "waiting", "place_id": place, **more}
        return uow.inquiries.log(person_id=who.id, question=question, **facts)

    return await site.do(log)


async def test_a_question_is_answered_and_leaves_for_its_asker(site, storage):
    inquiry = await ask(site)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get("/desk")
    assert "三月八日还能补登记吗？" in browser.text
    await browser.get(f"/desk/questions/{inquiry}")
    assert "柳树村" in browser.text
    await browser.post(
        f"/desk/questions/{inquiry}/reply", {"reply": "不能，登记三月一日截止。"}, then="/desk/questions"
    )
    assert words.FLASHES["replied"] in browser.text
    assert "三月八日还能补登记吗？" not in browser.text
    assert site.woken == 1
    async with storage.unit_of_work() as uow:
        assert (await uow.inquiries.get(inquiry)).reply == "不能，登记三月一日截止。"
    await browser.get("/desk/questions?state=replied")
    assert "三月八日还能补登记吗？" in browser.text


@pytest.mark.parametrize(("reply", "said"), [("  ", "还没写回复"), ("长" * 2001, "最多 2000 字")])
async def test_a_reply_that_does_not_fit_is_kept(site, reply, said):
    inquiry = await ask(site)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get(f"/desk/questions/{inquiry}")
    await browser.post(f"/desk/questions/{inquiry}/reply", {"reply": reply})
    assert browser.status == 422
    assert said in browser.text
    assert reply in browser.source
    assert site.woken == 0


async def test_a_reply_that_came_second_is_kept_and_not_sent(site):
    inquiry = await ask(site)
    first, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    second, _ = await site.signed_in(Role.DISCIPLINE_OFFICIAL)
    page = f"/desk/questions/{inquiry}"
    await first.get(page)
    await second.get(page)
    await first.post(f"{page}/reply", {"reply": "三月一日截止。"}, then="/desk/questions")
    await second.post(f"{page}/reply", {"reply": "我也写了一份"})
    assert second.status == 409
    assert "刚刚有同事回复了" in second.text
    assert "三月一日截止。" in second.text
    assert "我也写了一份" in second.source
    assert site.woken == 1


async def test_a_question_that_waits_too_long_is_marked(site, clock):
    await ask(site)
    clock.advance(timedelta(days=3))
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get("/desk/questions")
    assert "过期2天" in browser.text
    await browser.get("/desk")
    assert "1 件已过期" in browser.text


async def test_a_line_of_a_timetable_is_ticked_off_once(site):
    election = await add_election(site)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get("/desk/timetable")
    assert "柳树村" in browser.text
    page = f"/desk/timetable/{election}"
    await browser.get(page)
    acts = re.findall(rf'action="({page}/tasks/\d+)"', browser.source)
    total = len(acts)
    assert total > 50
    assert "最晚" in browser.text
    await browser.post(acts[0], {"proof": ""})
    assert browser.status == 422
    assert "先写明凭据" in browser.text
    await browser.post(acts[0], {"proof": "走访记录在村部"}, then=page)
    assert f"办完 1 件，共 {total} 件" in browser.text
    assert f'"{acts[0]}"' not in browser.source
    await browser.post(acts[0], {"proof": "再记一次"}, then=page)
    assert f"办完 1 件，共 {total} 件" in browser.text
    assert "走访记录在村部" in browser.text


async def test_an_election_day_is_moved_after_a_look_at_what_moves_with_it(site):
    election = await add_election(site, days_ahead=80, due_in=70, day=80)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    plan, move = f"/desk/timetable/{election}", f"/desk/timetable/{election}/day"
    soon, later = (local_date(site.storage.clock.now()) + timedelta(days=days) for days in (10, 94))
    await browser.get(f"{move}?election_day={soon}")
    assert "不能作选举日" in browser.text
    assert "最早可以定在" in browser.text
    await browser.get(f"{move}?election_day=明天")
    assert "请选一个日子" in browser.text
    await browser.get(f"{move}?election_day={later}")
    assert "会跟着改的" in browser.text
    await browser.post(move, {"version": browser.version(), "election_day": str(later), "reason": " "})
    assert browser.status == 422
    assert "请写为什么改选举日" in browser.text
    assert f'value="{later}"' in browser.source
    seen = browser.version()
    await browser.post(move, {"version": seen, "election_day": str(later), "reason": "农忙，镇里定的"}, then=plan)
    assert "农忙，镇里定的" in browser.text
    again = str(later + timedelta(days=7))
    await browser.post(move, {"version": seen, "election_day": again, "reason": "又有台风"})
    assert browser.status == 409
    assert "刚刚有人改过这件" in browser.text
    assert "又有台风" in browser.source


async def test_something_that_happened_is_recorded_once_and_what_was_typed_stays(site):
    election = await add_election(site)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    page = f"/desk/timetable/{election}"
    today = local_date(site.storage.clock.now())
    await browser.get(page)
    typed = {"happening": "body_elected", "happened_on": str(today + timedelta(days=1)), "happening_note": "九点唱完票"}
    await browser.post(f"{page}/happenings", typed)
    assert browser.status == 422
    assert "九点唱完票" in browser.source
    await browser.post(f"{page}/happenings", typed | {"happened_on": str(today)}, then=page)
    assert "九点唱完票" in browser.text
    await browser.post(f"{page}/happenings", typed | {"happened_on": str(today)})
    assert "这件事已经记过一次了" in browser.text


async def test_a_task_of_another_election_is_not_ticked_off(site, storage):
    here, there = await add_election(site), await add_election(site, factories.OTHER_VILLAGE)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    async with storage.unit_of_work() as uow:
        foreign = (await uow.elections.tasks(there))[0]
    await browser.get(f"/desk/timetable/{here}")
    await browser.post(f"/desk/timetable/{here}/tasks/{foreign.id}")
    assert browser.status == 404


async def test_who_only_looks_has_no_buttons_to_tick(site):
    election = await add_election(site)
    browser, _ = await site.signed_in(Role.SUPERIOR)
    await browser.get(f"/desk/timetable/{election}")
    assert browser.status == 200
    assert "/tasks/" not in browser.source


async def test_late_villages_can_be_listed_alone(site, clock):
    await add_election(site)
    browser, _ = await site.signed_in(Role.TOWNSHIP_STAFF)
    await browser.get("/desk/timetable?late=1")
    late = "柳树村" in browser.text
    clock.advance(timedelta(minutes=5))
    await browser.get("/desk/timetable")
    assert late  # the first lines lie more than 20 days before election day
    assert "过期" in browser.text


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))


async def file_of(site, data, name) -> str:
    async def add(uow):
        case = await factories.add_case(uow, site.places[factories.VILLAGE])
        stored = await uow.files.add(data, name=name, origin="reporter", case_id=case.id)
        return f"/desk/cases/{case.number}/files/{stored.id}"

    return await site.do(add)


async def at_file(site, address):
    """A browser that has opened the case a file belongs to."""
    browser, _ = await site.signed_in()
    await browser.open_case(address.split("/")[3])
    return browser


async def test_a_picture_is_a_download_too_whatever_it_is_called(site):
    address = await file_of(site, PNG, "证据.html")
    browser = await at_file(site, address)
    answer = await browser.get(address)
    assert answer.content == PNG
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<html><script>alert(1)</script>", "photo.png"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', "a.svg"),
        (b"%PDF-1.7", '合同"; x=y\r\nSet-Cookie: a=b.pdf'),
        (b"RIFF0000WAVE", "../../录音.wav"),
    ],
)
async def test_everything_else_is_downloaded_and_sandboxed(site, data, name):
    address = await file_of(site, data, name)
    browser = await at_file(site, address)
    answer = await browser.get(address)
    assert answer.content == data
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith('attachment; filename="file')
    assert "%0D%0A" in answer.headers["content-disposition"] or "\r" not in name
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


async def test_a_file_is_reached_only_through_its_own_case(site):
    one, other = await file_of(site, PNG, "a.png"), await file_of(site, PNG, "b.png")
    browser = await at_file(site, one)
    await browser.open_case(other.split("/")[3])
    await browser.get(one.rpartition("/")[0] + "/" + other.rpartition("/")[2])
    assert browser.status == 404


async def test_a_file_opens_only_after_the_question_whether_anything_stands_between(site):
    address = await file_of(site, PNG, "a.png")
    browser, _ = await site.signed_in()
    answer = await browser.get(address)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/cases/{address.split('/')[3]}/declare")


async def test_a_flash_cookie_makes_the_desk_say_nothing_of_its_own(site):
    browser, _ = await site.signed_in()
    browser.client.cookies.set("qingfeng_desk_flash", "<b>pay-here</b>")
    await browser.get("/desk")
    assert "pay-here" not in browser.source


def test_every_act_on_a_case_has_a_sentence_for_afterwards():
    assert set(CASE_ACTS) <= set(words.FLASHES)
