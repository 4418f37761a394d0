"""What the level above sees, and that the level below sees nothing of it (N13, and the overdue list of N9).

`world` is a town that handles a report too slowly, with people at three levels in front of browsers.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from handlers.chat import texts
from handlers.desk import words
from handlers.desk.app import PAGES
from handlers.services import cases, follow_up, messages, missed_dates, oversight, recusals
from handlers.services.errors import BadInput, NotAllowed, NotFound, WordsInDoubt
from knowledge.casework.access import PERMISSIONS, Permission, Role
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState
from knowledge.casework.recusal import Ground
from storage.errors import RuleRefused
from storage.outbox import PURPOSE
from storage.repositories.cases import Case
from storage.repositories.officials import Official
from storage.repositories.people import Person
from storage.tables.cases import cases as case_table
from storage.tables.records import event, outbox
from storage.tables.routing import escalation
from tests import factories
from tests.desk_site import Browser, DeskSite

pytestmark = pytest.mark.pages

HERE = "/desk/oversight"
ANSWER = "知道了，已经请镇里抓紧，三天内回您。"
LONG_AFTER = timedelta(days=40)
SEATS = {
    "town": (Role.DISCIPLINE_OFFICIAL, factories.TOWN, "镇甲"),
    "town_leader": (Role.DISCIPLINE_LEADER, factories.TOWN, "镇乙"),
    "county": (Role.DISCIPLINE_OFFICIAL, factories.COUNTY, "县丙"),
    "leader": (Role.DISCIPLINE_LEADER, factories.COUNTY, "县丁"),
    "superior": (Role.SUPERIOR, factories.COUNTY, "县戊"),
    "province": (Role.DISCIPLINE_LEADER, "cn", "省己"),
    "province_handler": (Role.DISCIPLINE_OFFICIAL, "cn", "省庚"),
}


@dataclass
class World:
    site: DeskSite
    person: Person
    number: str
    seats: dict[str, Official]
    browsers: dict[str, Browser]

    async def case(self) -> Case:
        found: Case = await self.site.do(lambda uow: factories.read_case(uow, self.number))
        return found

    async def browser(self, name: str) -> Browser:
        """Somebody's browser, after they have said that nothing stands between them and the case."""
        if name not in self.browsers:
            await self.site.do(lambda uow: recusals.declare_clear(uow, self.seats[name], self.number))
            self.browsers[name] = await self.site.sign_in(self.seats[name])
        return self.browsers[name]

    async def ask_above(self) -> None:
        """The reporter taps once."""
        asked = await self.site.do(lambda uow: missed_dates.ask_above(uow, self.person, self.number))
        assert asked is not None
        assert asked.missed is not None

    async def escalation_id(self) -> int:
        async with self.site.storage.unit_of_work() as uow:
            return (await uow.escalations.unanswered())[-1].id

    async def notices_to(self, name: str) -> list[str]:
        async with self.site.storage.unit_of_work() as uow:
            rows = await uow.read(select(outbox.c.dedupe_key).where(outbox.c.kind == "notice").order_by(outbox.c.id))
        return [row.dedupe_key for row in rows if row.dedupe_key.endswith(f"/{self.seats[name].id}")]

    async def told(self, code: str) -> list[dict[str, Any]]:
        async with self.site.storage.unit_of_work() as uow:
            rows = await uow.read(select(outbox).order_by(outbox.c.id))
            payloads = [json.loads(uow.keys.open_text(PURPOSE, row.payload_sealed)) for row in rows]
        return [one["data"] for one in payloads if one["notice"] == code]


@pytest.fixture
async def world(storage, clock) -> World:
    site = DeskSite(storage)
    site.places = await site.do(factories.add_county)
    await site.do(lambda uow: uow.places.add(path="cn", kind="county", name="上级"))
    seats = {}
    for name, (role, path, shown) in SEATS.items():
        seats[name] = await site.do(
            lambda uow, role=role, path=path, shown=shown: factories.add_official(uow, role, path, display_name=shown)
        )
        await site.do(lambda uow, one=seats[name]: uow.officials.set_notice_chat(one.id, 7000 + one.id))
    person = await site.do(factories.add_person)
    case = await site.do(
        lambda uow: factories.add_case(
            uow, site.places[factories.VILLAGE], unit_path=factories.TOWN, person=person, what="有人挨家送烟。"
        )
    )
    clock.advance(LONG_AFTER)
    return World(site, person, case.number, seats, {})


def listed(browser: Browser) -> list[str]:
    return re.findall(r'class="cell__link" href="/desk/oversight/(QF-[\w-]+)"', browser.source)


# N13: the reporter asks above


async def test_whoever_leads_a_level_above_sees_the_question_and_answers_it(world):
    await world.ask_above()
    leader = await world.browser("leader")
    await leader.get(HERE)
    assert world.number in listed(leader)
    assert "告知受理情况" in leader.text
    await leader.get(f"{HERE}/{world.number}")
    assert "归东镇办" in leader.text
    fields = {"escalation": str(await world.escalation_id()), "answer_above": ANSWER}
    await leader.post(f"{HERE}/{world.number}/answer-above", fields, then=f"{HERE}/{world.number}")
    assert words.FLASHES["answer-above"] in leader.text
    assert ANSWER in leader.text
    (data,) = await world.told("case_answered_above")
    assert data == {"number": world.number, "place": "柳树村", "text": ANSWER}
    assert ANSWER in texts.notice("case_answered_above", data, world.site.storage.clock.now()).text
    async with world.site.storage.unit_of_work() as uow:
        view = await follow_up.look(uow, world.person, world.number)
        assert view is not None
        assert [one.body for one in view.messages] == [ANSWER]
        assert await uow.escalations.unanswered() == []
    await leader.get(HERE)
    assert "没有人问上来" in leader.text


async def test_an_answer_is_given_once(world):
    await world.ask_above()
    asked = await world.escalation_id()
    await world.browser("leader")
    await world.site.do(lambda uow: oversight.answer(uow, world.seats["leader"], world.number, asked, ANSWER))
    await world.browser("superior")
    with pytest.raises(NotFound):
        await world.site.do(lambda uow: oversight.answer(uow, world.seats["superior"], world.number, asked, "别的话"))
    for column, value in (("answer_sealed", b"x"), ("unit_id", None), ("clock_kind", "result")):
        async with world.site.storage.unit_of_work() as uow:
            with pytest.raises(RuleRefused):
                await uow.execute(update(escalation).values({column: value}))


@pytest.mark.parametrize("name", ["leader", "superior", "province"])
async def test_every_level_above_may_answer(world, name):
    await world.ask_above()
    await world.browser(name)
    asked = await world.escalation_id()
    await world.site.do(lambda uow: oversight.answer(uow, world.seats[name], world.number, asked, ANSWER))
    assert len(await world.told("case_answered_above")) == 1


@pytest.mark.parametrize(
    ("typed", "ticked", "passes"),
    [
        ("", True, False),
        ("长" * 2001, True, False),
        ("那个违纪者会受处理", True, False),
        ("松林村的事知道了", False, False),
        ("松林村的事知道了", True, True),
        ("最晚{due_on}回您", True, False),
    ],
)
async def test_an_answer_takes_the_same_care_as_a_message(world, typed, ticked, passes):
    await world.ask_above()
    leader = await world.browser("leader")
    await leader.get(f"{HERE}/{world.number}")
    fields = {"escalation": str(await world.escalation_id()), "answer_above": typed}
    fields |= {"looked_again": "yes"} if ticked else {}
    await leader.post(f"{HERE}/{world.number}/answer-above", fields)
    assert leader.status == (303 if passes else 422)
    assert len(await world.told("case_answered_above")) == passes
    if not passes:
        assert typed in leader.source


async def test_a_reporter_without_a_chat_reads_the_answer_behind_the_code(world):
    await world.site.do(lambda uow: uow.execute(update(case_table).values(person_id=None)))
    await world.site.do(lambda uow: missed_dates.ask_above(uow, world.person, world.number, opened=world.number))
    await world.browser("leader")
    asked = await world.escalation_id()
    await world.site.do(lambda uow: oversight.answer(uow, world.seats["leader"], world.number, asked, ANSWER))
    assert await world.told("case_answered_above") == []
    async with world.site.storage.unit_of_work() as uow:
        view = await follow_up.look(uow, world.person, world.number, opened=world.number)
        assert view is not None
        assert [one.body for one in view.messages] == [ANSWER]


# N13: the level below sees nothing


def readable(number: str) -> list[str]:
    """Every address that can be read, with a case's number in the place of the number."""
    fill = {"number": number, "act": "accept", "file_id": "0" * 32, "entry_id": "local-1", "rest": "nowhere"}
    paths = [path for method, path, _ in PAGES if method == "GET" and "{token}" not in path]
    found = [re.sub(r"\{(\w+)(?::\w+)?\}", lambda name: fill.get(name.group(1), "1"), path) for path in paths]
    return [*found, "/desk/cases?late=1", "/desk/cases?must=1", f"/desk/cases?q={number[3:7]}"]


async def everything(world: World, name: str) -> dict[str, bytes]:
    browser = await world.browser(name)
    seen = {}
    for address in readable(world.number):
        answer = await browser.client.get(address)
        where = answer.headers.get("location", "")
        seen[address] = f"{answer.status_code} {where}\n".encode() + answer.content
    seen["notices"] = repr(await world.notices_to(name)).encode()
    return seen


@pytest.mark.parametrize("name", ["town", "town_leader"])
async def test_below_every_page_is_the_same_before_and_after_somebody_asked_and_was_answered(world, name):
    await everything(world, name)  # first looks are over
    before = await everything(world, name)
    assert "有人挨家送烟" in before[f"/desk/cases/{world.number}"].decode()  # the page is read, not refused
    case_before = await world.case()
    await world.ask_above()
    assert await everything(world, name) == before
    await world.browser("leader")
    asked = await world.escalation_id()
    await world.site.do(lambda uow: oversight.look(uow, world.seats["leader"], world.number))
    await world.site.do(lambda uow: oversight.answer(uow, world.seats["leader"], world.number, asked, ANSWER))
    assert await everything(world, name) == before
    assert await world.case() == case_before


@pytest.mark.parametrize("name", ["town", "town_leader", "county"])
async def test_nobody_below_or_without_the_role_reaches_the_page_of_a_question(world, name):
    await world.ask_above()
    browser = await world.browser(name)
    await browser.get(f"{HERE}/{world.number}")
    assert browser.status in (403, 404)
    never = await browser.client.get(f"{HERE}/QF-ZZZZ-ZZZZ")
    assert (browser.status, browser.page.text) == (never.status_code, never.text)
    asked = await world.escalation_id()
    with pytest.raises((NotAllowed, NotFound)):
        await world.site.do(lambda uow: oversight.answer(uow, world.seats[name], world.number, asked, ANSWER))


@pytest.mark.parametrize("role", [role for role, may in PERMISSIONS.items() if Permission.LEAD_UNIT not in may])
async def test_the_list_is_for_those_who_lead(world, role):
    browser, official = await world.site.signed_in(role)
    await browser.get("/desk")
    assert "督办" not in browser.text
    await browser.get(HERE)
    assert browser.status == 403
    with pytest.raises(NotAllowed):
        await world.site.do(lambda uow: oversight.late_below(uow, official))
    with pytest.raises(NotAllowed):
        await world.site.do(lambda uow: oversight.asked_of(uow, official))


async def test_who_stands_back_above_sees_neither_question_nor_case(world):
    leader = await world.browser("leader")
    before = (await leader.get(HERE)).text
    assert world.number in before

    async def stand_back(uow) -> None:
        case = await factories.read_case(uow, world.number)
        await recusals.recuse(uow, case, {world.seats["leader"].id: Ground.ASKED}, actor="system")

    await world.site.do(stand_back)
    await world.ask_above()
    await leader.get(HERE)
    assert world.number not in leader.source
    assert "没有人问上来" in leader.text
    await leader.get(f"{HERE}/{world.number}")
    assert leader.status == 404
    superior = await world.browser("superior")
    await superior.get(HERE)
    assert listed(superior).count(world.number) == 2  # asked, and late


async def test_a_question_stays_with_the_level_that_was_asked_when_the_case_climbs(world):
    await world.ask_above()

    async def all_stand_back(uow) -> None:
        case = await factories.read_case(uow, world.number)
        away = {world.seats[name].id: Ground.ASKED for name in ("town", "town_leader")}
        await recusals.recuse(uow, case, away, actor="system")

    await world.site.do(all_stand_back)
    assert (await world.case()).unit_path == factories.COUNTY
    leader = await world.browser("leader")
    await leader.get(HERE)
    assert world.number in listed(leader)
    asked = await world.escalation_id()
    await world.site.do(lambda uow: oversight.answer(uow, world.seats["leader"], world.number, asked, ANSWER))
    assert len(await world.told("case_answered_above")) == 1


async def test_a_question_about_the_countys_own_delay_is_not_the_countys_to_see(world):
    await world.site.do(
        lambda uow: uow.execute(update(case_table).values(unit_id=world.site.places[factories.COUNTY].id))
    )
    leader = await world.browser("leader")
    before = await everything(world, "leader")
    await world.ask_above()
    assert await everything(world, "leader") == before
    assert world.number not in listed(leader)
    province = await world.browser("province")
    await province.get(HERE)
    assert world.number in listed(province)


# Late below


@pytest.mark.parametrize(
    "act",
    [
        lambda uow, world: cases.write_note(uow, world.seats["town"], world.number, "已经在办"),
        lambda uow, world: cases.register(uow, world.seats["town"], world.number),
        lambda uow, world: cases.assign(uow, world.seats["town"], world.number, world.seats["town"].id),
        lambda uow, world: cases.set_sub_status(uow, world.seats["town"], world.number, "asking-reporter"),
        lambda uow, world: messages.send(uow, world.seats["town"], world.number, "还在办"),
    ],
    ids=["note", "register", "assign", "sub-status", "message"],
)
async def test_nothing_the_unit_below_marks_takes_a_late_case_off_the_list(world, act):
    """Of the acts a unit has, only the one the date was for ends the delay."""
    await world.browser("town")
    await world.site.do(lambda uow: act(uow, world))
    superior = await world.browser("superior")
    await superior.get(HERE)
    assert listed(superior) == [world.number]
    await world.site.do(lambda uow: cases.accept(uow, world.seats["town"], world.number))
    await superior.get(HERE)
    assert listed(superior) == []


async def test_no_filter_of_the_lower_level_changes_what_the_level_above_sees(world):
    superior, town = await world.browser("superior"), await world.browser("town")
    before = (await superior.get(HERE)).content
    for query in ("state=closed", "late=1", "must=1&mine=1", "q=QF", "after=2026-03-01_1"):
        await town.get(f"/desk/cases?{query}")
    assert (await superior.get(HERE)).content == before
    assert (await superior.get(f"{HERE}?late=0&unit=cn&state=closed&q=none")).content == before


async def test_an_ended_case_with_a_question_unanswered_is_late_too(world, clock):
    """A clock that runs after the end counts like any other."""
    case = await closed_case(world)
    await world.site.do(lambda uow: follow_up.add_words(uow, world.person, case.number, "后来怎么样了"))
    clock.advance(LONG_AFTER)
    superior = await world.browser("superior")
    await superior.get(HERE)
    assert listed(superior) == [world.number]
    assert "回复反映人" in superior.text


async def closed_case(world) -> Case:
    async def bring(uow) -> Case:
        fresh = await factories.read_case(uow, world.number)
        return await factories.bring_to(
            uow, fresh, CaseState.CLOSED, investigator=world.seats["town"], approver=world.seats["leader"]
        )

    found: Case = await world.site.do(bring)
    return found


async def test_a_case_of_ones_own_unit_is_not_below(world):
    await world.site.do(
        lambda uow: factories.add_case(uow, world.site.places[factories.VILLAGE], unit_path=factories.COUNTY)
    )
    world.site.storage.clock.advance(LONG_AFTER)
    superior = await world.browser("superior")
    await superior.get(HERE)
    assert listed(superior) == [world.number]


async def test_the_longest_late_stands_first_and_the_list_goes_on_behind_a_page(world, monkeypatch):
    monkeypatch.setattr(oversight, "PAGE", 2)
    numbers = [world.number]
    for _ in range(4):
        world.site.storage.clock.advance(timedelta(days=1))
        case = await world.site.do(
            lambda uow: factories.add_case(uow, world.site.places[factories.VILLAGE], unit_path=factories.TOWN)
        )
        numbers.append(case.number)
    world.site.storage.clock.advance(LONG_AFTER)
    superior = await world.browser("superior")
    seen, address = [], HERE
    while address:
        await superior.get(address)
        seen += listed(superior)
        following = re.search(r'href="(/desk/oversight\?after=[^"]+)"', superior.source)
        address = following[1] if following else ""
    assert seen == numbers
    await superior.get(f"{HERE}?after=nonsense")
    assert superior.status == 200


# Urging and taking over


async def test_urging_leaves_a_note_and_calls_whoever_leads_the_unit(world):
    superior = await world.browser("superior")
    await superior.get(f"{HERE}/{world.number}")
    await superior.post(f"{HERE}/{world.number}/urge", {"urge": "请尽快受理"}, then=f"{HERE}/{world.number}")
    assert words.FLASHES["urge"] in superior.text
    async with world.site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, world.number)
        (note,) = await uow.cases.notes(case.id)
        rows = await uow.read(select(outbox).where(outbox.c.kind == "notice"))
        payloads = {uow.keys.open_text(PURPOSE, row.payload_sealed) for row in rows}
        assert await uow.dialogue.for_reporter(case.id) == []
    assert (note.author, note.body) == ("县戊", "请尽快受理")
    assert payloads == {json.dumps({"notice": "desk_item_waiting", "data": {}})}
    assert [key for key in await world.notices_to("town_leader") if "urged" in key]
    for name in ("town", "county", "leader", "superior"):
        assert not [key for key in await world.notices_to(name) if "urged" in key]


@pytest.mark.parametrize(
    ("act", "fields", "fault"),
    [
        ("urge", {"urge": " "}, ("urge", "too_short")),
        ("urge", {"urge": "长" * 501}, ("urge", "too_long")),
        ("take-over", {"take_over": ""}, ("take_over", "too_short")),
        ("take-over", {"take_over": "长" * 501}, ("take_over", "too_long")),
    ],
)
async def test_a_wrong_form_comes_back_with_what_was_typed(world, act, fields, fault):
    superior = await world.browser("superior")
    await superior.get(f"{HERE}/{world.number}")
    await superior.post(f"{HERE}/{world.number}/{act}", fields)
    assert superior.status == 422
    assert words.FAULTS[fault] in superior.text
    assert next(iter(fields.values())) in superior.source


async def test_taking_over_moves_the_case_up_and_answers_whoever_asked(world):
    await world.site.do(lambda uow: cases.assign(uow, world.seats["town"], world.number, world.seats["town"].id))
    await world.ask_above()
    leader = await world.browser("leader")
    await leader.get(f"{HERE}/{world.number}")
    assert "由试验县收上来办" in leader.text
    fields = {"take_over": "拖得太久，县里来办", "answer_above": "您问的事知道了，现在由县里接着办。"}
    page = f"/desk/cases/{world.number}"
    await leader.post(f"{HERE}/{world.number}/take-over", fields, then=page)
    assert words.FLASHES["take-over"] in leader.text
    case = await world.case()
    assert (case.unit_path, case.handler_id, case.state) == (factories.COUNTY, None, CaseState.RECEIVED)
    assert [one["text"] for one in await world.told("case_answered_above")] == [fields["answer_above"]]
    async with world.site.storage.unit_of_work() as uow:
        assert await uow.cases.by_number(world.number, visible_to=world.seats["town"]) is None
        clocks = {one.kind for one in await uow.clocks.of_case(case.id) if one.is_running}
        acts = [row.act for row in await uow.read(select(event)) if row.subject == f"case/{world.number}"]
        assert [one.body for one in await uow.cases.notes(case.id)] == [fields["take_over"]]
    assert {ClockKind.ACCEPTANCE, ClockKind.UNASSIGNED} <= clocks
    assert "case_taken_over" in acts
    assert [key for key in await world.notices_to("county") if "taken_over" in key]
    assert not [key for key in await world.notices_to("town") if "taken_over" in key]
    await leader.get(HERE)
    assert world.number not in leader.source


async def test_taking_over_needs_words_for_whoever_asked(world):
    await world.ask_above()
    await world.browser("leader")
    for said, wrong in (("", BadInput), ("松林村的事知道了", WordsInDoubt), ("那个贪污犯", WordsInDoubt)):
        with pytest.raises(wrong):
            await world.site.do(
                lambda uow, said=said: oversight.take_over(
                    uow, world.seats["leader"], world.number, "县里来办", words=said
                )
            )
    assert (await world.case()).unit_path == factories.TOWN


async def test_a_level_where_nobody_may_work_takes_nothing_over(world):
    async def away(uow) -> None:
        case = await factories.read_case(uow, world.number)
        gone = {world.seats[name].id: Ground.ASKED for name in ("county", "leader")}
        await recusals.recuse(uow, case, gone, actor="system")

    await world.site.do(away)
    superior = await world.browser("superior")
    await superior.get(f"{HERE}/{world.number}")
    await superior.post(f"{HERE}/{world.number}/take-over", {"take_over": "县里来办"})
    assert superior.status == 422
    assert words.FAULTS["take_over", "nobody_here"] in superior.text
    assert (await world.case()).unit_path == factories.TOWN


async def test_an_ended_case_is_not_taken_over(world):
    await closed_case(world)
    await world.browser("leader")
    with pytest.raises(BadInput):
        await world.site.do(lambda uow: oversight.take_over(uow, world.seats["leader"], world.number, "县里来办"))


async def test_nobody_acts_from_above_before_saying_that_nothing_stands_between(world):
    leader = await world.site.sign_in(world.seats["leader"])
    answer = await leader.get(f"{HERE}/{world.number}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/cases/{world.number}/declare")
    await leader.get(HERE)
    for act in ("urge", "take-over", "answer-above"):
        answer = await leader.post(f"{HERE}/{world.number}/{act}", {"urge": "请尽快", "take_over": "县里来办"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/cases/{world.number}/declare")
    await leader.post(f"{HERE}/{world.number}/nonsense")
    assert leader.status == 404
    await leader.get(f"{HERE}/{world.number}/nonsense")
    assert leader.status == 404
    answer = await leader.get(f"{HERE}/{world.number}/urge")
    assert answer.headers["location"] == f"{HERE}/{world.number}"
    assert (await world.case()).unit_path == factories.TOWN


async def test_the_page_of_the_case_leads_to_the_oversight_of_it(world):
    leader, town = await world.browser("leader"), await world.browser("town")
    await leader.get(f"/desk/cases/{world.number}")
    assert f'href="{HERE}/{world.number}"' in leader.source
    await town.get(f"/desk/cases/{world.number}")
    assert HERE not in town.source
