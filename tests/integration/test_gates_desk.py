"""The desk's pages of gates, committees, responsibility and absences, as officials use them (S4, S11, S12, Z6, C10)."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select, text

from knowledge.casework.access import Role
from knowledge.elections.gates import STATUTORY, Body, load_gates
from storage.repositories.officials import Official
from storage.tables.records import event
from storage.unit_of_work import Storage
from tests import factories
from tests.desk_site import Browser, DeskSite

pytestmark = pytest.mark.pages

CODES = [gate.code for gate in load_gates().required(factories.VILLAGE, Body.VILLAGE)]


@dataclass
class Office:
    site: DeskSite
    election: int
    place: int
    clerk: Browser
    town: Browser
    leader: Browser
    people: dict[str, Official]

    @property
    def audit(self) -> str:
        return f"/desk/gates/{self.election}/{STATUTORY}"

    async def hand_in(self, kind: str, **more: object) -> None:
        """Hand something in as the clerk; the answer is the clerk's page."""
        await self.clerk.get(self.audit)
        fields = {"kind_of_proof": kind, "description": "3月1日贴在村口", "version": self.clerk.version()}
        await self.clerk.post(f"{self.audit}/evidence", fields, **more)

    async def acts(self) -> list[str]:
        async with self.site.storage.unit_of_work() as uow:
            return [row.act for row in await uow.read(select(event.c.act).order_by(event.c.id))]


@pytest.fixture
async def office(sqlite_storage: Storage) -> Office:
    site = DeskSite(sqlite_storage)
    places = await site.do(factories.add_county)
    place = places[factories.VILLAGE]
    election = await site.do(lambda uow: factories.add_election(uow, place, started=False))
    people, seats = {}, {}
    for name, role, path in (
        ("clerk", Role.VILLAGE_CLERK, factories.VILLAGE),
        ("town", Role.TOWNSHIP_STAFF, factories.TOWN),
        ("leader", Role.DISCIPLINE_LEADER, factories.COUNTY),
    ):
        seats[name], people[name] = await site.signed_in(role, path)
    return Office(site, election, place.id, seats["clerk"], seats["town"], seats["leader"], people)


async def test_s4_c10_a_gate_is_passed_with_the_right_evidence_and_a_second_person(office: Office) -> None:
    """C10: an annual statement is refused as an audit, with the reason, and nothing typed is lost."""
    await office.site.do(lambda uow: uow.officials.set_notice_chat(office.people["town"].id, 55))
    await office.hand_in("annual_statement")
    assert office.clerk.status == 422
    assert "没有人查过，不能当审计" in office.clerk.text
    assert "3月1日贴在村口" in office.clerk.source
    await office.hand_in("audit_report", files={"file": ("审计.pdf", b"%PDF-1 " + b"x" * 40)})
    await office.hand_in("audit_posted")
    async with office.site.storage.unit_of_work() as uow:
        waiting = await uow.read(text("SELECT count(*) FROM outbox WHERE dedupe_key LIKE 'notice/gate/%'"))
    assert waiting[0][0] == 2  # the township hears each time that something waits; nothing of what it is
    await office.clerk.get(office.audit)
    assert "等另一个人来审" in office.clerk.text
    await office.clerk.post(f"{office.audit}/review", {"gate_decision": "approved", "version": "3"})
    assert office.clerk.status == 403
    await office.town.get("/desk")
    assert "等您审的关口 1" in office.town.text
    await office.town.get(office.audit)
    (download,) = {one for one in office.town.source.split('"') if "/files/" in one}
    answer = await office.town.client.get(download)
    assert answer.content.startswith(b"%PDF-1")
    assert "sandbox" in answer.headers["content-security-policy"]
    review = f"{office.audit}/review"
    await office.town.post(review, {"gate_decision": "returned", "reason": "", "version": office.town.version()})
    assert "请写一句为什么" in office.town.text
    await office.town.post(review, {"gate_decision": "approved", "version": "1"})
    assert (office.town.status, "刚刚有人动过这一关" in office.town.text) == (409, True)
    await office.town.get(office.audit)
    await office.town.post(review, {"gate_decision": "approved", "version": office.town.version()}, then=office.audit)
    assert "这一关过了" in office.town.text
    acts = await office.acts()
    for act in ("gate_handed_in", "gate_read", "gate_approved", "file_read"):
        assert act in acts


async def test_s4_the_start_is_refused_with_the_list_of_what_is_open_and_the_township_sees_it_all(
    office: Office,
) -> None:
    here = f"/desk/gates/{office.election}"
    await office.town.get(here)
    await office.town.post(f"{here}/start")
    assert office.town.status == 409
    links = {f'href="{here}/{code}"' for code in CODES}
    assert all(link in office.town.source for link in links)
    place = await office.site.do(lambda uow: uow.places.get(office.place))
    for code in CODES[:-1]:
        await office.site.do(lambda uow, code=code: factories.pass_gate(uow, place, office.election, code))
    bridge = await office.site.do(lambda uow: uow.places.by_path("cn/test/east/bridge"))
    await office.site.do(lambda uow: factories.add_election(uow, bridge, started=False))
    await office.town.get("/desk/gates")
    assert "还差 1 关" in office.town.text
    assert "不要求" in office.town.text  # the community has another list
    assert office.town.text.count("过了") >= len(CODES) - 1  # in words, not by colour alone
    await office.site.do(lambda uow: factories.pass_gate(uow, place, office.election, CODES[-1]))
    await office.clerk.get(here)
    await office.clerk.post(f"{here}/start")
    assert office.clerk.status == 403
    await office.town.get(here)
    await office.town.post(f"{here}/start", then=here)
    assert "启动了" in office.town.text
    await office.leader.get(office.audit)
    fields = {"look_back_reason": "没有", "version": office.leader.version()}
    await office.leader.post(f"{office.audit}/look-back", fields)
    assert "至少 4 个字" in office.leader.text
    fields["look_back_reason"] = "没有审到最后一年"
    await office.leader.post(f"{office.audit}/look-back", fields, then=office.audit)
    await office.town.get("/desk/gates?show=marked")
    assert "启动以后又没通过的：柳树村" in office.town.text
    assert "回头看没过" in office.town.text


async def test_z6_a_clash_is_shown_at_once_and_the_member_leaves_with_a_successor(office: Office) -> None:
    here = f"/desk/committees/{office.election}"
    await office.town.get(here)
    for name, line in (("李四", ""), ("章伟", ""), ("赵六", "yes")):
        fields = {"member_name": name, "committee_role": "member", "in_line": line}
        await office.town.post(f"{here}/members", fields, then=here)
    await office.town.post(f"{here}/members", {"member_name": "李四", "committee_role": "member"})
    assert (office.town.status, "已经在选举委员会里了" in office.town.text) == (422, True)
    members = await office.site.do(lambda uow: uow.committees.members([office.election]))
    li, _, zhao = (one.id for one in members)
    fields = {"near_relation": "sibling", "relative_name": "王 小明"}
    await office.town.post(f"{here}/members/{li}/relatives", fields, then=here)
    for name in ("王小明", "张伟"):
        form = {"election": str(office.election), "name": name, "office": "member"}
        await office.town.post("/desk/candidates", form)
    await office.town.get(here)
    assert "李四要退出选举委员会" in office.town.text
    assert "章伟和参选委员的张伟名字相近" in office.town.text
    await office.town.get(f"/desk/gates/{office.election}")
    assert "选举委员会有 1 处要退出" in office.town.text
    assert "名字相近，还没认" in office.town.text
    await office.town.get(here)
    (pair,) = {one for one in office.town.source.split('"') if one.endswith("-0") and one[0].isdigit()}
    verdict = {"pair": pair, "match_verdict": "different", "match_reason": ""}
    await office.town.post(f"{here}/matches", verdict)
    assert "请写一句怎么知道的" in office.town.text
    await office.town.post(f"{here}/matches", {**verdict, "match_reason": "不是一个组的"}, then=here)
    assert "认过了，不是一个人：不是一个组的" in office.town.text
    leave = {"left_because": "relative_nominated", "left_on": "2030-01-01", "successor": str(zhao)}
    await office.town.post(f"{here}/members/{li}/leave", leave)
    assert "不能晚于今天" in office.town.text
    await office.town.post(f"{here}/members/{li}/leave", {**leave, "left_on": "2026-03-01"}, then=here)
    assert "赵六递补" in office.town.text
    assert "要退出选举委员会，由下一位递补" in office.town.text
    assert "李四要退出" not in office.town.text
    assert {"committee_member_left", "likeness_judged", "relative_declared"} <= set(await office.acts())


async def test_s11_s12_who_answers_how_difficult_and_the_plan(office: Office) -> None:
    here = f"/desk/responsibility/{office.place}"
    await office.town.get("/desk/responsibility")
    assert "还没定人" in office.town.text
    seat = str(office.people["town"].id)
    answers = {"level": "guide", "answers_name": "甲乙", "answers_post": "镇换届办", "answers_seat": seat}
    await office.town.post(f"{here}/answers", answers)
    assert "请选从哪天起" in office.town.text
    assert 'value="甲乙"' in office.town.source
    await office.town.post(f"{here}/answers", {**answers, "answers_from": "2026-03-01"}, then=here)
    assert "甲乙（镇换届办）" in office.town.text
    await office.town.post(f"{here}/difficulty", {"factor_clan": "yes", "grade": "hard"})
    assert "和建议的不一样，请写一句为什么" in office.town.text
    harder = {"factor_clan": "yes", "factor_history": "yes", "factor_land": "yes", "grade": "hard"}
    await office.town.post(f"{here}/difficulty", harder, then=here)
    assert "这个村要有“一村一策”，还没写" in office.town.text
    plan = {"version": "0", "plan_leader": "镇长", "plan_from": "2026-03-01", "plan_until": "2026-04-01"}
    await office.town.post(f"{here}/plan", {**plan, "what_1": "查清老账"})
    assert "有一条没写全" in office.town.text
    assert "查清老账" in office.town.source
    await office.town.post(
        f"{here}/plan", {**plan, "what_1": "查清老账", "who_1": "财政所", "due_1": "2026-03-20"}, then=here
    )
    assert "财政所" in office.town.text
    account = {
        "account_level": "guide",
        "account_ground": "not_on_time",
        "account_measure": "talk",
        "account_who": "某甲",
        "account_organ": "县委",
        "account_document": "通报1号",
        "decided_on": "2026-03-01",
        "account_what": "没按时完成",
    }
    await office.leader.get(here)
    await office.leader.post(f"{here}/accounts", account, then=here)
    assert "某甲（驻村指导员）：提醒谈话" in office.leader.text
    await office.clerk.get(here)
    assert "某甲" not in office.clerk.text
    assert "甲乙（镇换届办）" in office.clerk.text


async def test_s12_a_deputy_gets_the_notices_of_who_is_away_and_is_never_the_absent_one(office: Office) -> None:
    other = await office.site.do(lambda uow: factories.add_official(uow, Role.TOWNSHIP_STAFF, factories.COUNTY))
    for who, chat in ((office.people["town"], 55), (other, 66)):
        await office.site.do(lambda uow, who=who, chat=chat: uow.officials.set_notice_chat(who.id, chat))
    town = str(office.people["town"].id)
    away = {"absent": town, "absence_kind": "leave", "away_from": "2026-03-01", "away_until": "2026-12-31"}
    await office.town.get("/desk/absences")
    for deputy, said in ((town, "不能自己代自己"), (str(office.people["clerk"].id), "这个人代不了")):
        await office.town.post("/desk/absences", {**away, "deputy": deputy})
        assert (office.town.status, said in office.town.text) == (422, True)
    await office.town.post("/desk/absences", {**away, "deputy": str(other.id)}, then="/desk/absences")
    await office.hand_in("audit_report")
    async with office.site.storage.unit_of_work() as uow:
        keys = [row[0] for row in await uow.read(text("SELECT dedupe_key FROM outbox"))]
    assert [key for key in keys if key.startswith("notice/gate/")] == [keys[-1]]
    assert keys[-1].endswith(f"/{other.id}")
    await office.site.do(
        lambda uow: uow.responsibilities.assign(
            office.place,
            "guide",
            name="甲乙",
            post="镇换届办",
            official_id=office.people["town"].id,
            from_on=uow.clock.now().date(),
            by=office.people["town"].id,
        )
    )
    await office.clerk.get(f"/desk/responsibility/{office.place}")
    assert f"不在，{other.display_name}代" in office.clerk.text
    found = await office.site.do(lambda uow: uow.responsibilities.absences(from_on=uow.clock.now().date()))
    await office.town.get("/desk/absences")
    await office.town.post(f"/desk/absences/{found[0].id}/end", then="/desk/absences")
    assert {"absence_entered", "absence_ended"} <= set(await office.acts())
