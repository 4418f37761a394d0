"""One of everything that an address of the desk can name, and a form for each act that needs one."""

import re
from datetime import date
from typing import Final

from handlers.services import committees, elections, transfers
from knowledge.casework.access import Role
from knowledge.clock import local_date
from storage.repositories.places import Place
from storage.unit_of_work import UnitOfWork
from tests import factories
from tests.desk_site import DeskSite

#: Somebody is away all the time.
AWAY: Final = (date(2026, 1, 1), date(2031, 12, 31))
FORMS: Final[dict[str, dict[str, str]]] = {
    "/desk/cases/{number}/{act}": {"body": "看过了"},
    "/desk/cases/{number}/export": {"purpose": "报县纪委"},
    "/desk/log/{number}/{redaction_id}": {"purpose": "核对遮盖"},
    "/desk/cases/{number}/message": {"message": "还在办"},
    "/desk/cases/{number}/message/send": {"message": "还在办"},
    "/desk/cases/bulk": {"act": "close"},
    "/desk/cases/new": {
        "via": "letter",
        "received_on": "2026-03-10",
        "place": factories.VILLAGE,
        "said_what": "有人挨家送烟。",
        "anonymous": "yes",
    },
    "/desk/names/{number}/attempt": {"method": "call", "outcome": "not_reached"},
    "/desk/declaration": {"kin_kind": "relative", "relation": "儿子", "name": "周某"},
    "/desk/timetable/{election_id}/tasks/{task_id}": {"proof": "贴在公开栏"},
    "/desk/timetable/{election_id}/happenings": {"happening": "complaint_received", "happened_on": "2026-03-10"},
    "/desk/timetable/{election_id}/day": {
        "election_day": "2026-07-05",
        "reason": "农忙，村里商量后推迟",
        "version": "1",
    },
    "/desk/candidates": {"name": "赵刚", "office": "member"},
    "/desk/questions/{inquiry_id}/reply": {"reply": "三月八日投票。"},
    "/desk/questions/{inquiry_id}/escalate": {"note": "不知道哪天"},
    "/desk/entries": {**factories.ENTRY_FORM, "label": "有没有水喝", "questions": "有水吗\n有没有热水\n能喝水吗"},
    "/desk/entries/{entry_id}/versions": factories.ENTRY_FORM,
    "/desk/entries/{entry_id}/review": {"verdict": "approved"},
    "/desk/gates/{election_id}/{gate}/evidence": {"kind_of_proof": "audit_report", "description": "都在这里"},
    "/desk/gates/{election_id}/{gate}/review": {"gate_decision": "approved", "version": "1"},
    "/desk/gates/{election_id}/{gate}/look-back": {"look_back_reason": "没有贴出来", "version": "3"},
    "/desk/committees/{election_id}/members": {"member_name": "李四", "committee_role": "member"},
    "/desk/committees/{election_id}/members/{member_id}/relatives": {
        "near_relation": "child",
        "relative_name": "李小五",
    },
    "/desk/committees/{election_id}/members/{member_id}/leave": {"left_because": "resigned", "left_on": "2026-03-01"},
    "/desk/committees/{election_id}/matches": {
        "pair": "1-1-0",
        "match_verdict": "different",
        "match_reason": "问过本人",
    },
    "/desk/responsibility/{place_id}/answers": {
        "level": "guide",
        "answers_name": "甲乙",
        "answers_post": "镇换届办",
        "answers_from": "2026-03-01",
    },
    "/desk/responsibility/{place_id}/difficulty": {"grade": "easy"},
    "/desk/responsibility/{place_id}/plan": {
        "version": "0",
        "plan_leader": "镇长",
        "plan_from": "2026-03-01",
        "plan_until": "2026-04-01",
        "what_1": "查清老账",
        "who_1": "财政所",
        "due_1": "2026-03-20",
    },
    "/desk/responsibility/{place_id}/accounts": {
        "account_level": "guide",
        "account_ground": "not_on_time",
        "account_measure": "talk",
        "account_who": "某甲",
        "account_organ": "县委",
        "account_document": "通报1号",
        "decided_on": "2026-03-01",
        "account_what": "没按时完成",
    },
    "/desk/broadcasts": {"place": factories.VILLAGE, "notice_kind": "discipline", "notice_text": "不拉票，不送东西。"},
    "/desk/broadcasts/{broadcast_id}/edit": {
        "version": "1",
        "place": factories.VILLAGE,
        "notice_kind": "publicity",
        "notice_text": "名单贴出来了。",
    },
    "/desk/broadcasts/{broadcast_id}/approve": {"version": "1"},
    "/desk/broadcasts/{broadcast_id}/cancel": {"version": "1"},
    "/desk/officials": {
        "username": "newcomer",
        "display_name": "新来的",
        "role": "auditor",
        "place": factories.VILLAGE,
    },
    "/desk/officials/{official_id}/change": {
        "role": "township_staff",
        "place": factories.COUNTY,
        "display_name": "换了名",
    },
}


async def furnish(site: DeskSite) -> dict[str, str]:
    """One of everything; returns what the parts of an address stand for."""

    async def everything(uow: UnitOfWork) -> dict[str, str]:
        places = await factories.add_county(uow)
        village = places[factories.VILLAGE]
        who = await factories.add_person(uow)
        case = await factories.add_case(uow, village, person=who, named=True)
        file = await uow.files.add(b"\x89PNG\r\n\x1a\n", name="photo.png", origin="reporter", case_id=case.id)
        election = await factories.add_election(uow, village)
        await elections.open_timetable(uow, election, local_date(uow.clock.now()))
        task = (await uow.elections.tasks(election))[0]
        official = await factories.add_official(uow, Role.TOWNSHIP_STAFF)
        elsewhere = await factories.add_official(uow, Role.TOWNSHIP_STAFF)
        candidate = await uow.elections.add_candidate(
            election_id=election, name="王秀兰", office="chair", official_id=official.id
        )
        member = await committees.add_member(uow, official, election, name="张三", role="chair", in_line=False)
        relative = await committees.declare_relative(uow, official, election, member, relation="child", name="张小三")
        away = await uow.responsibilities.add_absence(
            official.id, kind="leave", from_on=AWAY[0], until_on=AWAY[1], deputy_id=elsewhere.id, by=official.id
        )
        inquiry = uow.inquiries.log(
            person_id=who.id, question="问", entry_id=None, score=0, state="waiting", place_id=village.id
        )
        await factories.add_official(uow, Role.TOWNSHIP_STAFF, "cn")  # somebody above
        entry = await factories.add_entry(uow, official)
        await uow.subscriptions.add(who.id, village.id)
        broadcast = await uow.broadcasts.add(
            place_id=village.id, kind="discipline", body="不拉票。", second_above=200, author_id=official.id
        )
        return {
            "entry_id": entry.entry_id,
            "version": str(entry.id),
            "broadcast_id": str(broadcast),
            "number": case.number,
            "file_id": file.id,
            "act": "note",
            "candidate_id": str(candidate),
            "inquiry_id": str(inquiry),
            "election_id": str(election),
            "task_id": str(task.id),
            "gate": "outgoing_audit",
            "member_id": str(member),
            "relative_id": str(relative),
            "place_id": str(village.id),
            "absence_id": str(away),
            "transfer_id": await offered(uow, places),
            "handover_id": "1",
            "slot_id": "1",
            "kin_id": "1",
            "release_id": await asked(uow, case.id),
            "redaction_id": "1",
            "token": "unknown",
            "official_id": str(official.id),
            "passkey_id": "1",
            "handle": "0" * 16,
            "rest:path": "no/such/page",
        }

    found: dict[str, str] = await site.do(everything)
    return found


async def offered(uow: UnitOfWork, places: dict[str, Place]) -> str:
    """Another case, which the county offers to one of its towns; the id of the offer."""
    giver = await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL)
    await factories.add_official(uow, Role.DISCIPLINE_OFFICIAL, factories.TOWN)
    case = await factories.add_case(uow, places[factories.VILLAGE], what="另一件")
    await transfers.offer(uow, giver, case.number, factories.TOWN, "离得近")
    return str((await transfers.of_case(uow, case))[0].id)


async def asked(uow: UnitOfWork, case_id: int) -> str:
    """A request for the name behind a case."""
    asker = await factories.add_official(uow)
    return str(await uow.releases.ask(case_id, asker_id=asker.id, purpose="talk", words="要当面问"))


def filled(path: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{([^}]+)\}", lambda match: parts[match.group(1)], path)
