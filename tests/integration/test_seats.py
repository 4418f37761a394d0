"""P14: a seat that is new, moved or closed, and what follows for the cases around it (GL#3182, GL#4570, ALA#4403)."""

import asyncio
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.settings import Settings
from handlers.services import cases, disposals, duty, enrolment, handovers, investigations, messages, recusals, seats
from handlers.services.errors import BadInput
from handlers.services.seats import SeatChange
from knowledge.casework.access import Role
from knowledge.casework.clocks import ClockKind
from knowledge.casework.lifecycle import CaseState
from storage.engine import Database
from storage.files import FileStore
from storage.unit_of_work import Storage
from storage.vault import load_key_file
from tests import factories
from tests.county import COUNTY, EAST, WEST, County, open_county
from tests.factories import PASSWORD
from tests.fakes import FakeClock

pytestmark = pytest.mark.pages


@pytest.fixture
async def county(storage) -> County:
    return await open_county(storage)


async def accepted(county, by="east", **more) -> str:
    number = (await county.report(**more)).number
    await county.by(by, cases.accept, number)
    return number


async def closed(county, seat, successor=""):
    return await county.do(lambda uow: seats.close_seat(uow, seat, successor=successor))


# ---- somebody leaves ----


async def test_whoever_leaves_hands_over_first_and_the_list_is_kept_for_the_successor(county):
    numbers = [await accepted(county) for _ in range(3)]
    settled = await closed(county, "east", "east-2")
    assert (settled.handed, settled.waiting, settled.climbed) == (3, 0, 0)
    assert {(await county.case(number)).handler_id for number in numbers} == {county.seats["east-2"].id}
    successor = await county.browser("east-2")
    await successor.get(f"/desk/handovers/{settled.handover_id}")
    assert all(number in successor.text for number in numbers)
    assert "系统管理员" in successor.text


async def test_without_a_successor_the_cases_wait_and_who_leads_hears_at_once(county):
    number = await accepted(county)
    await county.told()
    settled = await closed(county, "east")
    assert (settled.handed, settled.waiting) == (0, 1)
    assert (await county.case(number)).handler_id is None
    assert ClockKind.UNASSIGNED in await county.clocks(number)
    assert await county.told() == ["east-lead"]


async def test_when_the_last_handler_of_a_unit_leaves_its_cases_climb(county):
    """GL#3182: a sole recipient could remove himself and leave the report to nobody."""
    mine, nobodys = await accepted(county), (await county.report()).number
    for seat in ("east-2", "east-lead"):
        await closed(county, seat)
    assert (await county.case(mine)).unit_path == EAST
    await county.told()
    settled = await closed(county, "east")
    assert settled.climbed == 2
    for number in (mine, nobodys):
        case = await county.case(number)
        assert (case.unit_path, case.handler_id) == (COUNTY, None)
        assert ClockKind.UNASSIGNED in await county.clocks(number)
    assert {"county", "county-2", "county-lead"} <= set(await county.told())


async def test_a_case_whose_last_unrecused_handler_leaves_climbs_and_others_stay(county):
    await county.do(lambda uow: seats.change_seat(uow, "east-lead", SeatChange(is_head=False)))
    other = (await county.report()).number
    number = (await county.report()).number
    for seat in ("east-2", "east-lead"):
        await county.by(seat, recusals.stand_back, number)
    assert (await county.case(number)).unit_path == EAST
    settled = await closed(county, "east")
    assert settled.climbed == 1
    assert (await county.case(number)).unit_path == COUNTY
    assert (await county.case(other)).unit_path == EAST


async def test_the_words_of_who_left_stay_under_their_name(county):
    """GL#4570: messages disappeared for everybody when their sender lost access."""
    number = await accepted(county)
    await county.by("east", cases.write_note, number, "已经约好周三去村里")
    await county.by("east", messages.send, number, "您说的情况，我们正在看。")
    await county.by("east", disposals.propose, number, "preliminary_verification", "先核实一下情况")
    await county.by("east-lead", disposals.approve, number)
    await county.by("east", investigations.add_evidence, number, "走访笔录三份")
    await closed(county, "east", "east-2")
    reader = await county.browser("east-2")
    await reader.open_case(number)
    for words in ("已经约好周三去村里", "您说的情况，我们正在看。", "走访笔录三份"):
        assert words in reader.text
    assert reader.text.count("冯小满") >= 3
    case = await county.case(number)
    assert case.state is CaseState.INVESTIGATING


async def test_sessions_links_and_duty_of_who_left_end_at_once(county):
    leaving = await county.browser("east")
    _, token = await county.do(lambda uow: enrolment.make_link(uow, county.seats["east"], made_by=None))
    fresh = county.site.browser()
    await fresh.get(f"/desk/invitation/{token}")
    assert (await fresh.post(f"/desk/invitation/{token}")).status_code == 200
    await county.by(
        "east-lead", duty.put_on_duty, EAST, weekday=2, from_time="08:00", to_time="18:00", who=county.seats["east"].id
    )
    assert (await leaving.get("/desk/cases")).status_code == 200
    await closed(county, "east")
    assert (await leaving.get("/desk/cases")).status_code == 303
    assert (await fresh.post(f"/desk/invitation/{token}")).status_code == 410
    assert (await county.case((await county.report()).number)).handler_id is None  # Wednesday, ten in the morning
    async with county.storage.unit_of_work() as uow:
        assert await uow.roster.of_unit(county.places[EAST].id) == []


# ---- somebody moves, or is called otherwise ----


async def test_whoever_moves_hands_over_and_sees_what_the_new_place_sees(county):
    number = await accepted(county)
    browser = await county.browser("east")
    await county.do(lambda uow: seats.change_seat(uow, "east", SeatChange(place_path=WEST), successor="east-2"))
    assert (await county.case(number)).handler_id == county.seats["east-2"].id
    assert (await browser.get("/desk/cases")).status_code == 303  # signs in anew
    moved = await county.do(lambda uow: uow.officials.by_username("east"))
    async with county.storage.unit_of_work() as uow:
        assert await uow.cases.by_number(number, visible_to=moved) is None


async def test_whoever_moves_to_where_a_report_names_them_stands_back_from_it(county):
    number = (await county.report("葛长河")).number
    assert await county.recused(number) == set()
    settled = await county.do(lambda uow: seats.change_seat(uow, "west", SeatChange(place_path=EAST)))
    assert settled.recused == 1
    assert await county.recused(number) == {"west"}


async def test_a_seat_made_after_the_report_stands_back_from_it(county):
    """The report may be older than the seat."""
    number = (await county.report(what="新来的纪委书记替候选人发烟拉票。")).number

    async def hire(uow):
        seat = await county.site.access.create_official(
            uow,
            username="newcomer",
            display_name="时雨",
            role=Role.DISCIPLINE_LEADER,
            place_path=EAST,
            password=PASSWORD,
            is_head=True,
        )
        return await seats.introduce(uow, seat.official, posts=["新来的纪委书记"])

    assert await county.do(hire) == 1
    assert (await county.case(number)).unit_path == COUNTY


@pytest.mark.parametrize(
    ("username", "successor", "fault"),
    [
        ("nobody", "", ("username", "unknown")),
        ("gone", "", ("username", "closed")),
        ("east", "nobody", ("successor", "unknown")),
        ("east", "gone", ("successor", "unknown")),
        ("east", "east", ("successor", "unknown")),
    ],
)
async def test_a_seat_that_cannot_be_closed_says_why(county, username, successor, fault):
    await county.do(lambda uow: factories.add_official(uow, username="gone"))
    await closed(county, "gone")
    with pytest.raises(BadInput) as refused:
        await closed(county, username, successor)
    assert (refused.value.field, refused.value.fault) == fault


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (SeatChange(role="king"), ("role", "unknown")),
        (SeatChange(role=Role.CUSTODIAN), ("role", "custodian")),
        (SeatChange(place_path="cn/none"), ("place", "unknown")),
        (SeatChange(display_name=" "), ("display_name", "bad_length")),
        (SeatChange(names=("甲",)), ("alias", "bad_length")),
        (SeatChange(posts=("长" * 61,)), ("post", "bad_length")),
    ],
)
async def test_a_change_that_cannot_be_says_why_and_changes_nothing(county, change, fault):
    number = await accepted(county)
    with pytest.raises(BadInput) as refused:
        await county.do(lambda uow: seats.change_seat(uow, "east", change))
    assert (refused.value.field, refused.value.fault) == fault
    assert (await county.case(number)).handler_id == county.seats["east"].id


# ---- on the command line ----


@pytest.fixture
def qingfeng(
    tmp_path: Path, sqlite_template: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """The program in a folder with a migrated database: code, standard output, standard error."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"QINGFENG_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.commands.create_official.Access", factories.quick_access)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "qingfeng.db").write_bytes(sqlite_template.read_bytes())

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def hire(qingfeng, username: str, *more: str) -> dict[str, Any]:
    base = ("create-official", "--username", username, "--role", "discipline_official", "--jurisdiction", "cn/test")
    code, out, err = qingfeng(*base, "--password-stdin", "--json", *more)
    assert code == 0, err
    return dict(json.loads(out))


def behind(act: Callable[[Storage], Any]) -> Any:
    """Something done to the command line's own database."""

    async def run() -> Any:
        keys = load_key_file(Path("var/qingfeng.key"))
        storage = Storage(Database("sqlite:///var/qingfeng.db"), keys, FileStore(Path("var/files"), keys), FakeClock())
        try:
            return await act(storage)
        finally:
            await storage.close()

    return asyncio.run(run())


async def one_case(storage: Storage) -> str:
    async with storage.unit_of_work() as uow:
        place = await uow.places.by_path("cn/test")
        assert place is not None
        case = await factories.add_case(uow, place, what="镇长带人挨家送烟拉票。")
        await uow.commit()
    return case.number


async def accept(storage: Storage, username: str, number: str) -> None:
    async with storage.unit_of_work() as uow:
        official = await uow.officials.by_username(username)
        assert official is not None
        await cases.accept(uow, official, number)
        await uow.commit()


async def handler_of(storage: Storage, number: str) -> str | None:
    async with storage.unit_of_work() as uow:
        return (await factories.read_case(uow, number)).handler_name


def test_seats_are_made_changed_and_closed_on_the_command_line(qingfeng):
    hire(qingfeng, "first", "--display-name", "冯小满")
    number = behind(one_case)
    assert hire(qingfeng, "second", "--display-name", "尹春来", "--alias", "来子", "--post", "村支书")["recused"] == 0
    assert hire(qingfeng, "third", "--display-name", "鲁大川", "--post", "镇长", "--head")["recused"] == 1
    behind(lambda storage: accept(storage, "first", number))
    code, out, _ = qingfeng("deactivate-official", "--username", "first", "--successor", "second", "--json")
    assert code == 0
    assert json.loads(out) == {
        "username": "first",
        "handover": 1,
        "handed": 1,
        "waiting": 0,
        "climbed": 0,
        "recused": 0,
    }
    assert behind(lambda storage: handler_of(storage, number)) == "尹春来"
    code, out, _ = qingfeng("edit-official", "--username", "second", "--post", "镇长", "--json")
    assert (code, json.loads(out)["recused"]) == (0, 1)
    assert behind(lambda storage: handler_of(storage, number)) is None
    code, out, _ = qingfeng("doctor", "--json")
    checks = {one["check"]: one for one in map(json.loads, out.splitlines())}
    assert checks["open cases"]["ok"] is False
    assert checks["open cases"]["says"].startswith("1 have nobody left")
    hire(qingfeng, "fourth")
    code, out, _ = qingfeng("doctor", "--json")
    assert {one["check"]: one["ok"] for one in map(json.loads, out.splitlines())}["open cases"] is True
    code, out, _ = qingfeng("deactivate-official", "--username", "third")
    assert (code, out) == (0, "Closed third.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deactivate-official", "--username", "nobody"), "--username"),
        (("deactivate-official", "--username", "first", "--successor", "nobody"), "--successor"),
        (("edit-official", "--username", "first", "--role", "king"), "--role"),
        (("edit-official", "--username", "first", "--jurisdiction", "cn/none"), "--jurisdiction"),
        (("edit-official", "--username", "first", "--alias", "甲"), "--alias"),
        (("edit-official", "--username", "first", "--post", "甲"), "--post"),
        (("edit-official", "--username", "first", "--display-name", " "), "--display-name"),
        (("edit-official", "--username", "first", "--role", "custodian"), "--role"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else one,
)
def test_a_wrong_call_is_code_two_with_one_line(qingfeng, arguments, said):
    hire(qingfeng, "first")
    code, out, err = qingfeng(*arguments)
    assert (code, out) == (2, "")
    assert said in err


async def test_handing_over_and_leaving_are_in_the_event_log(county):
    from storage.tables.records import event

    number = await accepted(county)
    await county.by("east-lead", handovers.arrange, county.seats["east"].id, county.seats["east-2"].id)
    await closed(county, "east")
    async with county.storage.unit_of_work() as uow:
        rows = await uow.read(event.select().order_by(event.c.id))
    acts = [(row.act, row.subject) for row in rows]
    assert ("case_handed_over", f"case/{number}") in acts
    assert acts.count(("handed_over", f"official/{county.seats['east'].id}")) == 2
    assert ("official_deactivated", f"official/{county.seats['east'].id}") in acts
