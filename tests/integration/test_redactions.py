"""Covering for good takes two people (P25), and every branch that shows the text shows the covered form (GHSA-9vhh).

The branches: the case's page, the merge page, the page of the case it was merged into, transfers, oversight, the
question before the first look, search, the dossier, and the reporter's chat. The original stays, for an auditor.
"""

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest
from docx import Document
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from handlers.services import follow_up, links, redactions, transfers
from handlers.services.errors import BadInput, NotAllowed, NotFound
from knowledge.casework.access import Role
from storage.errors import RuleRefused
from storage.repositories.cases import Matter
from storage.repositories.officials import Official
from storage.repositories.redactions import COVER, covered
from storage.tables.records import event
from storage.unit_of_work import Storage
from tests import factories
from tests.channels import PHOTO
from tests.desk_site import DeskSite

SECRET = "赵六妹"
ACCOUNT = f"有人挨家送烟，{SECRET}也收了，让大家投他。{SECRET}说的。"


@dataclass
class Scene:
    site: DeskSite
    number: str
    other: str
    seats: dict[str, Official]
    message_id: int
    note_id: int
    file_id: str
    person: Any

    async def cover(self, what: str, phrase: str = SECRET) -> None:
        """Asked for by the handler, agreed to by the leader."""
        handler, leader = self.seats["handler"], self.seats["leader"]
        asked = await self.site.do(
            lambda uow: redactions.ask(uow, handler, self.number, what, phrase, "写出了别人的名字")
        )
        await self.site.do(lambda uow: redactions.decide(uow, leader, self.number, asked, agrees=True))

    async def cover_everything(self) -> None:
        for what in ("narrative/what", f"message/{self.message_id}", f"note/{self.note_id}"):
            await self.cover(what)
        await self.cover(f"file/{self.file_id}", "")


@pytest.fixture
async def scene(storage: Storage) -> Scene:
    site = DeskSite(storage)
    places = await site.do(factories.add_county)
    seats = {
        name: await site.do(lambda uow, role=role: factories.add_official(uow, role))
        for name, role in (
            ("handler", Role.DISCIPLINE_OFFICIAL),
            ("leader", Role.DISCIPLINE_LEADER),
            ("superior", Role.SUPERIOR),
            ("auditor", Role.AUDITOR),
        )
    }
    seats["town"] = await site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER, factories.TOWN))
    person = await site.do(factories.add_person)
    village = places[factories.VILLAGE]
    other = await site.do(lambda uow: factories.add_case(uow, village))
    case = await site.do(lambda uow: factories.add_case(uow, village, person=person, what=ACCOUNT))

    async def fill(uow: Any) -> tuple[int, int, str]:
        uow.cases.add_matters(case.id, [Matter("vote_buying", f"{SECRET}也收了")])
        said = await uow.dialogue.from_reporter(case.id, f"{SECRET}又来了一次", kind="supplement")
        await uow.cases.add_note(case.id, f"问过{SECRET}", author_id=seats["handler"].id)
        (note,) = await uow.cases.notes(case.id)
        stored = await uow.files.add(PHOTO, name=f"{SECRET}.jpg", origin="reporter", case_id=case.id)
        for number in (case.id, other.id):
            for who in seats.values():
                await uow.recusals.declare(number, who.id, "clear")
        return said, note.id, stored.id

    message_id, note_id, file_id = await site.do(fill)
    return Scene(site, case.number, other.number, seats, message_id, note_id, file_id, person)


def test_stretches_that_overlap_or_touch_are_covered_as_one() -> None:
    assert covered("甲乙丙丁戊己", [(1, 2), (2, 2)]) == f"甲{COVER}戊己"
    assert covered("甲乙丙丁", [(0, 1), (1, 1), (3, 1)]) == f"{COVER}丙{COVER}"
    assert covered("甲乙", []) == "甲乙"


async def test_one_person_alone_covers_nothing_and_a_second_one_covers_for_good(scene: Scene) -> None:
    handler, leader = scene.seats["handler"], scene.seats["leader"]
    asked = await scene.site.do(
        lambda uow: redactions.ask(uow, leader, scene.number, "narrative/what", SECRET, "写出了别人的名字")
    )
    async with scene.site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, scene.number)
        assert SECRET in (await uow.cases.narrative(case.id))["what"]
        with pytest.raises(BadInput):  # the same person
            await redactions.decide(uow, leader, scene.number, asked, agrees=True)
        with pytest.raises(NotAllowed):  # no leader
            await redactions.decide(uow, handler, scene.number, asked, agrees=True)
        with pytest.raises(BadInput):  # asked for already
            await redactions.ask(uow, handler, scene.number, "narrative/what", "送烟", "再遮一处")
    superior = scene.seats["superior"]
    await scene.site.do(lambda uow: redactions.decide(uow, superior, scene.number, asked, agrees=True))
    async with scene.site.storage.unit_of_work() as uow:
        assert (await uow.cases.narrative(case.id))["what"] == ACCOUNT.replace(SECRET, COVER)
        assert (await uow.cases.original_narrative(case.id))["what"] == ACCOUNT  # the original is kept
        acts = [row.act for row in await uow.read(select(event).order_by(event.c.id))]
        with pytest.raises(BadInput):  # decided is decided
            await redactions.decide(uow, leader, scene.number, asked, agrees=False)
    assert acts[-2:] == ["redaction_asked", "redaction_decided"]


async def test_a_refused_request_covers_nothing_and_another_may_be_made(scene: Scene) -> None:
    handler, leader = scene.seats["handler"], scene.seats["leader"]
    what = f"note/{scene.note_id}"
    asked = await scene.site.do(lambda uow: redactions.ask(uow, handler, scene.number, what, SECRET, "再想想"))
    await scene.site.do(lambda uow: redactions.decide(uow, leader, scene.number, asked, agrees=False))
    async with scene.site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, scene.number)
        assert SECRET in (await uow.cases.notes(case.id))[0].body
    await scene.cover(what)


@pytest.mark.parametrize(
    ("what", "phrase", "reason", "field"),
    [
        ("narrative/what", "没有这句", "理由", "phrase"),
        ("narrative/what", "烟", "理由", "phrase"),
        ("narrative/what", "烟" * 501, "理由", "phrase"),
        ("narrative/what", SECRET, " ", "redaction_reason"),
        ("narrative/nothing", SECRET, "理由", "redaction_of"),
        ("message/999", SECRET, "理由", "redaction_of"),
        ("file/none", "", "理由", "redaction_of"),
        ("", SECRET, "理由", "redaction_of"),
    ],
)
@pytest.mark.pages
async def test_what_cannot_be_covered_is_said(scene: Scene, what: str, phrase: str, reason: str, field: str) -> None:
    async with scene.site.storage.unit_of_work() as uow:
        with pytest.raises(BadInput) as wrong:
            await redactions.ask(uow, scene.seats["handler"], scene.number, what, phrase, reason)
    assert wrong.value.field == field


async def test_every_branch_shows_the_covered_form(scene: Scene) -> None:
    """GHSA-9vhh: where one branch forgot, the whole text was there."""
    site, number, seats = scene.site, scene.number, scene.seats
    pages = {
        "handler": [
            f"/desk/cases/{number}",
            f"/desk/cases/{number}/declare",
            f"/desk/cases/{number}/merge?into={scene.other}",
            f"/desk/cases/{scene.other}/merge?into={number}",
            f"/desk/cases/{number}/export",
            f"/desk/cases/{number}/stand-back",
            f"/desk/cases?q={SECRET}",
            "/desk/cases",
            "/desk",
        ],
        "leader": [f"/desk/oversight/{number}", "/desk/oversight", "/desk/transfers", f"/desk/cases/{number}"],
        "auditor": ["/desk/log"],
    }
    before = 0
    browsers = {name: await site.sign_in(seats[name]) for name in pages}
    for name, addresses in pages.items():
        for address in addresses:
            before += SECRET in (await browsers[name].client.get(address)).text
    assert before >= 4  # else nothing would be hidden afterwards
    await scene.cover_everything()
    for name, addresses in pages.items():
        for address in addresses:
            shown = (await browsers[name].client.get(address)).text
            assert SECRET not in shown.replace(f'value="{SECRET}"', ""), (name, address)
    assert COVER in (await browsers["handler"].client.get(f"/desk/cases/{number}")).text
    answer = await browsers["handler"].client.get(f"/desk/cases/{number}/files/{scene.file_id}")
    assert answer.status_code == 404


async def test_a_dossier_shows_the_covered_form_and_leaves_the_file_out(scene: Scene) -> None:
    await scene.cover_everything()
    browser = await scene.site.sign_in(scene.seats["handler"])
    await browser.get(f"/desk/cases/{scene.number}/export")
    answer = await browser.post(f"/desk/cases/{scene.number}/export", {"purpose": "报县纪委"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("files/")]
        word = Document(io.BytesIO(archive.read("dossier.docx")))
        said = "\n".join(one.text for one in word.paragraphs)
        rest = b"".join(archive.read(name) for name in archive.namelist())
    assert COVER in said
    assert SECRET not in said
    assert SECRET.encode() not in rest
    assert PHOTO not in rest


async def test_the_reporters_chat_shows_the_covered_form_and_its_history_forgets_the_words(scene: Scene) -> None:
    async def say(uow: Any) -> None:
        uow.messages.post(1001, "user", {"text": f"{SECRET}又来了一次"})
        uow.messages.post(1001, "bot", {"text": "收好了"})

    await scene.site.do(say)
    await scene.cover_everything()
    async with scene.site.storage.unit_of_work() as uow:
        view = await follow_up.look(uow, scene.person, scene.number)
        assert view is not None
        assert [one.body for one in view.messages] == [f"{COVER}又来了一次"]
        kept = [one for one in await uow.messages.after(1001, 0) if not one.removed]
    assert [one.body for one in kept] == [{"text": "收好了"}]


async def test_the_case_it_was_merged_into_and_whoever_it_is_offered_to_read_no_more(scene: Scene) -> None:
    handler = scene.seats["handler"]
    await scene.cover_everything()
    await scene.site.do(lambda uow: links.merge(uow, handler, scene.number, scene.other, "说的是同一件事"))
    browser = await scene.site.sign_in(handler)
    shown = (await browser.get(f"/desk/cases/{scene.other}")).text
    assert f"{COVER}又来了一次" in shown
    assert SECRET not in shown
    await scene.site.do(lambda uow: links.unmerge(uow, handler, scene.number))
    await scene.site.do(lambda uow: transfers.offer(uow, handler, scene.number, factories.TOWN, "镇里更近"))
    town = await scene.site.sign_in(scene.seats["town"])
    for address in ("/desk/transfers", "/desk/transfers/1"):
        assert SECRET not in (await town.get(address)).text


async def test_reasons_of_a_flag_and_clauses_that_repeat_covered_words_are_covered_too(scene: Scene) -> None:
    await scene.cover("narrative/what")
    async with scene.site.storage.unit_of_work() as uow:
        case = await factories.read_case(uow, scene.number)
        assert [one.quote for one in await uow.cases.matters(case.id)] == [f"{COVER}也收了"]


async def test_the_original_stays_for_an_auditor_with_a_purpose_on_record_and_for_nobody_else(scene: Scene) -> None:
    await scene.cover("narrative/what")
    auditor, leader = scene.seats["auditor"], scene.seats["leader"]

    async def look(uow: Any) -> str:
        return await redactions.original(uow, auditor, scene.number, 1, "核对遮盖是否妥当")

    assert await scene.site.do(look) == SECRET
    async with scene.site.storage.unit_of_work() as uow:
        (left,) = await uow.read(select(event).where(event.c.act == "redaction_original_read"))
        assert (left.actor, left.detail["purpose"]) == (f"official/{auditor.id}", "核对遮盖是否妥当")
        for who, number, redaction_id, error in (
            (leader, scene.number, 1, NotAllowed),
            (auditor, scene.number, 2, NotFound),
            (auditor, scene.other, 1, NotFound),
        ):
            with pytest.raises(error):
                await redactions.original(uow, who, number, redaction_id, "看看")
        with pytest.raises(BadInput):
            await redactions.original(uow, auditor, scene.number, 1, "")


@pytest.mark.pages
async def test_an_auditor_finds_the_original_in_the_log_and_gives_a_purpose_first(scene: Scene) -> None:
    await scene.cover("narrative/what")
    browser = await scene.site.sign_in(scene.seats["auditor"])
    page = f"/desk/log/{scene.number}/1"
    await browser.get(f"/desk/log?q={scene.number}")
    assert f'href="{page}"' in browser.source
    await browser.get(page)
    assert SECRET not in browser.text
    await browser.post(page, {"purpose": "x"})
    assert (browser.status, SECRET in browser.text) == (422, False)
    await browser.post(page, {"purpose": "核对遮盖是否妥当"})
    assert SECRET in browser.text
    await browser.get(page)
    assert SECRET not in browser.text
    handler = await scene.site.sign_in(scene.seats["handler"])
    assert (await handler.get(page)).status_code == 403


async def test_the_database_refuses_every_way_round_the_second_person_and_every_change_of_the_original(
    scene: Scene,
) -> None:
    handler, leader = scene.seats["handler"], scene.seats["leader"]
    outsider = await scene.site.do(lambda uow: factories.add_official(uow, Role.DISCIPLINE_LEADER))

    async def recuse(uow: Any) -> None:
        case = await factories.read_case(uow, scene.number)
        uow.recusals.recuse(case.id, outsider.id)

    await scene.site.do(recuse)
    asked = await scene.site.do(
        lambda uow: redactions.ask(uow, leader, scene.number, "narrative/what", SECRET, "写出了别人的名字")
    )
    fixed = "case_id, kind, target, spans, reason_sealed, asked_by, asked_at"
    decided = "UPDATE redaction SET decision = 'approved', decided_at = asked_at, decided_by = "
    elsewhere = f"(SELECT id FROM cases WHERE number = '{scene.other}')"

    def of(kind: str, target: object, case: str = "case_id") -> str:
        return f"{case}, '{kind}', '{target}', spans, reason_sealed, asked_by, asked_at"

    born = f"INSERT INTO redaction ({fixed}) SELECT"
    decided_at_birth = f"INSERT INTO redaction ({fixed}, decision, decided_by, decided_at) SELECT"
    attacks = (
        (f"{decided}asked_by", "redaction|two_people"),
        (f"{decided}{handler.id}", "redaction"),  # no leader
        (f"{decided}{scene.seats['town'].id}", "redaction"),  # of another place
        (f"{decided}{outsider.id}", "redaction"),  # stands back
        ("UPDATE redaction SET spans = '[[0, 99]]'", "redaction"),
        (f"UPDATE redaction SET asked_by = {handler.id}", "redaction"),
        ("DELETE FROM redaction", "append_only"),
        (
            f"{decided_at_birth} {of('note', scene.note_id)}, 'approved', {handler.id}, asked_at FROM redaction",
            "redaction",
        ),
        (f"{born} {of('note', scene.note_id, elsewhere)} FROM redaction", "redaction"),  # another case's note
        (f"{born} {of('message', 999)} FROM redaction", "redaction"),
        ("UPDATE case_message SET body_sealed = body_sealed", "append_only"),
        ("UPDATE case_note SET body_sealed = body_sealed", "append_only"),
        ("UPDATE cases SET narrative_sealed = reported_person_index", "case_fixed"),
    )
    for statement, rule in attacks:
        async with scene.site.storage.database.writing() as connection:
            with pytest.raises(DBAPIError, match=f"{rule}"):
                await connection.execute(text(statement))
    await scene.site.do(lambda uow: redactions.decide(uow, scene.seats["superior"], scene.number, asked, agrees=True))
    for statement in (
        "UPDATE redaction SET decision = 'refused'",
        "UPDATE redaction SET decision = NULL, decided_by = NULL, decided_at = NULL",
        "UPDATE redaction SET spans = '[]'",
    ):
        async with scene.site.storage.database.writing() as connection:
            with pytest.raises(DBAPIError, match="qf:redaction"):
                await connection.execute(text(statement))
    async with scene.site.storage.unit_of_work() as uow:
        with pytest.raises(RuleRefused):
            await uow.redactions.decide(asked, "refused", by=scene.seats["superior"].id)


@pytest.mark.pages
async def test_two_people_cover_a_name_at_the_desk(scene: Scene) -> None:
    page = f"/desk/cases/{scene.number}"
    handler = await scene.site.sign_in(scene.seats["handler"])
    leader = await scene.site.sign_in(scene.seats["leader"])
    await handler.get(page)
    fields = {"redaction_of": "narrative/what", "phrase": SECRET, "redaction_reason": "写出了别人的名字"}
    await handler.post(f"{page}/redact", {**fields, "phrase": "赵六姐"})
    assert handler.status == 422
    assert "这一段里没有这句话" in handler.text
    assert 'value="赵六姐"' in handler.source
    await handler.post(f"{page}/redact", fields, then=page)
    assert f"反映内容：“{SECRET}”" in handler.text or f"发生了什么：“{SECRET}”" in handler.text
    assert "等另一位负责人来定" in handler.text
    await leader.get(page)
    await leader.post(f"{page}/decide-redaction", {"redaction": "1", "decision": "yes"}, then=page)
    assert SECRET not in leader.text.replace(f"{SECRET}又来了一次", "").replace(f"问过{SECRET}", "").replace(
        f"{SECRET}.jpg", ""
    )
