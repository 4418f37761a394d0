"""From a case's file to what its page shows: where it stands, what comes next, who may do it.

Pure: no database, no request. The rules stay in `knowledge.casework`; this only puts them in order for a reader.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from handlers.desk import dates, words
from handlers.desk.case_rows import case_row
from handlers.services.cases import CaseFile
from knowledge.casework.access import Permission, may
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Finding
from storage.repositories.cases import Case, Investigation
from storage.repositories.files import StoredFile
from storage.repositories.officials import Official

_ROAD: Final = (
    (CaseState.RECEIVED, "受理"),
    (CaseState.ACCEPTED, "开始调查"),
    (CaseState.INVESTIGATING, "证据和结论"),
    (CaseState.AWAITING_APPROVAL, "第二人审核"),
    (CaseState.APPROVED, "办结"),
)
_KINDS: Final = {"image": "photo", "audio": "voice", "video": "video"}


def case_context(file: CaseFile, official: Official, today: date, colleagues: Sequence[Official]) -> dict[str, Any]:
    """The template's names for a case."""
    case = file.case
    return {
        "case": case,
        "row": case_row(case, today),
        "flags": case.flags,
        "facts": _facts(file),
        "story": [(words.NARRATIVE[name], file.narrative.get(name) or "没有写") for name in words.NARRATIVE],
        "files": _files(file),
        "steps": _steps(case),
        "investigation": _investigation(file),
        "notes": [
            {"when": dates.moment(note.written_at), "who": note.author or "反映人", "title": note.body}
            for note in file.notes
        ],
        "forms": open_forms(case, file.investigation, official),
        "waits_for": _waits_for(case, file.investigation, official),
        "findings": [(str(finding), *said) for finding, said in words.FINDINGS.items()],
        "colleagues": [(who.id, f"{who.display_name}（{words.ROLES[who.role]}）") for who in colleagues],
        "categories": [
            (str(category), words.CATEGORIES[category])
            for category in Category
            if category not in {flag.category for flag in case.flags}
        ],
    }


def open_forms(case: Case, found: Investigation | None, official: Official) -> frozenset[str]:
    """The acts whose forms the page shows to this official."""
    handles, approves = may(official.role, Permission.HANDLE_CASES), may(official.role, Permission.APPROVE_FINDINGS)
    forms: set[str] = {"stand-back"}
    if handles:
        forms |= {"note"} | _handler_forms(case, found, official)
    investigated_it = found is not None and found.investigator_id == official.id
    if approves and case.state is CaseState.AWAITING_APPROVAL and not investigated_it:
        forms |= {"approve", "return"}
    return frozenset(forms)


def _handler_forms(case: Case, found: Investigation | None, official: Official) -> set[str]:
    if case.state in CLOSED_STATES:
        return {"reopen"}
    forms = {"assign", "flag", "close"}
    if case.state is CaseState.RECEIVED:
        forms |= {"accept", "guide-elsewhere"}
    if case.state is CaseState.ACCEPTED:
        forms |= {"start-investigation", "guide-elsewhere"}
    if case.state is CaseState.INVESTIGATING and found and found.investigator_id == official.id:
        forms |= {"evidence", "finding"}
    return forms


def _waits_for(case: Case, found: Investigation | None, official: Official) -> str | None:
    """Whose turn it is when it is not this official's."""
    mine = found is not None and found.investigator_id == official.id
    if case.state is CaseState.INVESTIGATING and found and not mine:
        return f"{found.investigator_name}正在调查，证据和结论由调查人来写。"
    if case.state is CaseState.AWAITING_APPROVAL:
        if mine:
            return "结论已交，等一位没参加调查的负责人来审。不能自己审自己的。"
        if not may(official.role, Permission.APPROVE_FINDINGS):
            return "等一位没参加调查的负责人来审。"
    if case.state is CaseState.RECEIVED and not may(official.role, Permission.HANDLE_CASES):
        return "等办案人受理。"
    if case.state is CaseState.ACCEPTED and not may(official.role, Permission.HANDLE_CASES):
        return "等办案人开始调查。"
    return None


def _facts(file: CaseFile) -> list[tuple[str, str]]:
    case = file.case
    facts = [
        ("地点", case.place_name),
        ("收到", dates.moment(case.received_at)),
        ("反映人", "署名（名字另外加密，这里看不到）" if file.has_identity else "没有留名"),
        ("经办人", case.handler_name or "还没有人"),
    ]
    if case.accepted_at:
        facts.append(("受理", dates.moment(case.accepted_at)))
    else:
        facts.append(("最晚答复", dates.day(case.answer_due_on)))
    if case.closed_at:
        facts.append(("办结", dates.moment(case.closed_at)))
    if case.round > 1:
        facts.append(("第几次办理", f"第 {case.round} 次"))
    return facts


def _steps(case: Case) -> list[dict[str, Any]]:
    if case.state is CaseState.GUIDED_ELSEWHERE:
        return [{"label": "告知去哪里办", "state": "done"}]
    order = [state for state, _ in _ROAD]
    now = order.index(case.state) if case.state in order else len(order)
    names = ("done", "current", "todo")
    return [{"label": label, "state": names[(place >= now) + (place > now)]} for place, (_, label) in enumerate(_ROAD)]


def _investigation(file: CaseFile) -> dict[str, Any] | None:
    found = file.investigation
    if found is None:
        return None
    names = {stored.id: stored for stored in file.files}
    return {
        "who": found.investigator_name,
        "started": dates.moment(found.started_at),
        "finding": words.FINDINGS[Finding(found.finding)][0] if found.finding else None,
        "summary": found.summary,
        "submitted": dates.moment(found.submitted_at) if found.submitted_at else None,
        "approver": found.approver_name,
        "approved": dates.moment(found.approved_at) if found.approved_at else None,
        "evidence": [
            {
                "when": dates.moment(piece.added_at),
                "who": piece.added_by,
                "title": piece.description,
                "href": f"/desk/cases/{file.case.number}/files/{piece.file_id}" if piece.file_id in names else None,
            }
            for piece in found.evidence
        ],
    }


def _files(file: CaseFile) -> dict[str, list[dict[str, Any]]]:
    shown = {"reporter": [_file(file.case, one) for one in file.files if one.origin != "official"]}
    return shown | {"official": [_file(file.case, one) for one in file.files if one.origin == "official"]}


def _file(case: Case, stored: StoredFile) -> dict[str, Any]:
    return {
        "name": stored.name or "没有名字的文件",
        "href": f"/desk/cases/{case.number}/files/{stored.id}",
        "size_text": dates.size(stored.size),
        "kind": _KINDS.get(stored.media_type.partition("/")[0], "file"),
        "note": f"{dates.moment(stored.received_at)} 收到",
        "sha256": stored.sha256,
    }
