"""From a case's file to what its page shows: where it stands, what comes next, who may do it.

Pure: no database, no request. The rules stay in `knowledge.casework`; this only puts them in order for a reader.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from handlers.desk import dates, words
from handlers.desk.case_rows import case_row, received
from handlers.desk.clocks import clocks_context
from handlers.desk.dialogue_view import dialogue_context
from handlers.desk.files import is_played
from handlers.services.cases import CaseFile
from handlers.services.handovers import UNDER_WAY
from handlers.services.links import MERGEABLE
from handlers.services.names import UNSETTLED
from handlers.services.previews import has_preview
from knowledge.casework.access import Permission, may
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CLOSED_STATES, CaseState, Disposal, Finding, MeasureKind
from knowledge.casework.transfers import is_above
from storage.repositories.cases import Case
from storage.repositories.files import FOUND, StoredFile
from storage.repositories.investigations import Investigation, Measure, Opinion
from storage.repositories.officials import Official
from storage.repositories.redactions import Redaction

_ROAD: Final = (
    (CaseState.RECEIVED, "受理"),
    (CaseState.ACCEPTED, "处置意见"),
    (CaseState.DISPOSAL_PROPOSED, "意见审定"),
    (CaseState.INVESTIGATING, "调查"),
    (CaseState.AWAITING_APPROVAL, "结论审核"),
    (CaseState.APPROVED, "告知结果"),
    (CaseState.TOLD, "办结"),
)
#: States beside the road, by the step they wait at.
_BESIDE: Final = {
    CaseState.REGISTERED: CaseState.RECEIVED,
    CaseState.REFERRED: CaseState.ACCEPTED,
    CaseState.HELD: CaseState.ACCEPTED,
}
#: Forms under the heading of what comes next.
_NEXT: Final = frozenset(
    {
        "accept",
        "disposal",
        "approve-disposal",
        "take-up",
        "take-back",
        "step",
        "approve",
        "tell-result",
        "reopen",
    }
)
#: How much of a text is shown to tell it from others in a list.
HINT: Final = 14
_KINDS: Final = {"image": "photo", "audio": "voice", "video": "video"}
_TOLD_BY: Final = (
    ("chat", "在聊天里"),
    ("code", "反映人凭查询码看"),
    ("phone", "打电话"),
    ("visit", "当面"),
    ("letter", "寄信"),
)


def case_context(file: CaseFile, official: Official, today: date, colleagues: Sequence[Official]) -> dict[str, Any]:
    """The template's names for a case."""
    case = file.case
    opinion = _current(file)
    forms = open_forms(case, file.investigation, official, opinion)
    waits_for = _waits_for(case, file.investigation, official, opinion)
    return {
        "case": case,
        "row": case_row(case, today),
        "flags": [(words.category(flag.category), flag) for flag in case.flags],
        "facts": _facts(file),
        "story": [(words.NARRATIVE[name], file.narrative.get(name) or "没有写") for name in words.NARRATIVE],
        "files": _files(file),
        "files_waiting": file.files_waiting,
        "announced": _announced(file),
        "steps": _steps(case),
        "opinions": [_opinion(one) for one in file.opinions if one.round == case.round and one.decision],
        "opinion": _opinion(opinion) if opinion else None,
        "investigation": _investigation(file),
        "earlier": [_earlier(file, number) for number in range(case.round - 1, 0, -1)],
        "measures": [_measure(one) for one in file.measures if one.round == case.round or _is_undecided(one)],
        "removals": [(words.category(one.category), one) for one in file.removals if one.decision is None],
        "coverable": _coverable(file),
        "redactions": [_redaction(one, said) for one, said in file.redactions],
        "decides_redactions": may(official.role, Permission.APPROVE_FINDINGS),
        "notes": [
            {"when": dates.moment(note.written_at), "who": note.author, "title": note.body} for note in file.notes
        ],
        "forms": forms,
        "waits_for": waits_for,
        "nothing_to_do": not waits_for and not forms & _NEXT,
        "official_id": official.id,
        "findings": [(str(finding), *said) for finding, said in words.FINDINGS.items()],
        "disposals": [
            (str(kind), *said)
            for kind, said in words.DISPOSALS.items()
            if not (kind is Disposal.CONCLUDE and case.flags)
        ],
        "step_kinds": [(str(kind), said) for kind, said in words.STEP_KINDS.items()],
        "measure_kinds": [(str(kind), *said) for kind, said in words.MEASURES.items()],
        "told_by": [one for one in _TOLD_BY if one[0] != "chat" or case.person_id is not None],
        "colleagues": [(who.id, f"{who.display_name}（{words.ROLES[who.role]}）") for who in colleagues],
        "categories": [
            (str(category), words.CATEGORIES[category])
            for category in Category
            if category not in {flag.category for flag in case.flags}
        ],
        "today_iso": today.isoformat(),
        "clocks": clocks_context(file, official, today),
        **dialogue_context(file, today),
    }


def _coverable(file: CaseFile) -> list[tuple[str, str]]:
    """What can be covered, each by the beginning of what it says; only this case's own."""
    told = [
        (f"narrative/{name}", f"反映内容，{label}：{_hint(str(file.narrative.get(name)))}")
        for name, label in words.NARRATIVE.items()
        if file.narrative.get(name)
    ]
    said = [(f"message/{one.id}", f"对话：{_hint(one.body)}") for one in file.messages if one.body and not one.report]
    noted = [(f"note/{one.id}", f"内部记录：{_hint(one.body)}") for one in file.notes]
    return told + said + noted + [(f"file/{one.id}", f"材料：{_hint(one.name)}") for one in file.files]


def _hint(text: str) -> str:
    return text if len(text) <= HINT else f"{text[:HINT]}……"


def _redaction(one: Redaction, said: str) -> dict[str, Any]:
    """A request that waits: what it is about, with the words that would be covered."""
    where = words.NARRATIVE.get(one.target, words.REDACTED[one.kind])
    return {"id": one.id, "asked_by": one.asked_by, "title": f"{where}：“{said}”", "reason": one.reason}


def open_forms(
    case: Case, found: Investigation | None, official: Official, opinion: Opinion | None = None
) -> frozenset[str]:
    """The acts whose forms the page shows to this official."""
    handles, approves = may(official.role, Permission.HANDLE_CASES), may(official.role, Permission.APPROVE_FINDINGS)
    forms: set[str] = {"stand-back"}
    if may(official.role, Permission.LEAD_UNIT) and is_above(official.place_path, case.unit_path):
        forms.add("oversee")
    if case.merged_into_id is not None:
        return frozenset(forms | ({"note", "message", "unmerge"} | _tie_forms(case) if handles else set()))
    if handles:
        forms |= {"note", "message", "sub-status"} | _handler_forms(case, found, official) | _tie_forms(case)
    investigated_it = found is not None and official.id in found.investigators
    if approves and case.state is CaseState.AWAITING_APPROVAL and not investigated_it:
        forms |= {"approve", "return"}
    if approves and case.state is CaseState.DISPOSAL_PROPOSED and opinion and opinion.proposed_by != official.id:
        forms |= {"approve-disposal", "return-disposal"}
    if may(official.role, Permission.LOWER_FLAGS) and is_above(official.place_path, case.unit_path) and case.is_open:
        forms.add("lower-flag")
    if may(official.role, Permission.LEAD_UNIT):
        forms |= _leading_forms(case, found)
    return frozenset(forms)


def _leading_forms(case: Case, found: Investigation | None) -> set[str]:
    forms = {"assign-down"} if case.is_open else set()
    return forms | ({"hand-investigation"} if found is not None and case.state in UNDER_WAY else set())


def _tie_forms(case: Case) -> set[str]:
    forms = {"link"}
    if case.merged_into_id is None and case.state in MERGEABLE:
        forms.add("merge")
    if case.name_state in UNSETTLED:
        forms.add("name-attempt")
    return forms


def _handler_forms(case: Case, found: Investigation | None, official: Official) -> set[str]:
    if case.state in CLOSED_STATES:
        return {"reopen", "measure-decision"}
    forms = {"assign", "flag", "close", "offer-transfer", "measure-decision"}
    by_state: dict[CaseState, set[str]] = {
        CaseState.RECEIVED: {"register", "accept", "guide-elsewhere"},
        CaseState.REGISTERED: {"accept", "guide-elsewhere"},
        CaseState.ACCEPTED: {"disposal", "guide-elsewhere", "refer"},
        CaseState.REFERRED: {"take-back"},
        CaseState.HELD: {"take-up"},
        CaseState.APPROVED: {"measure", "tell-result", "reopen"},
        CaseState.TOLD: {"measure", "reopen"},
    }
    forms |= by_state.get(case.state, set())
    if case.state is CaseState.INVESTIGATING and found and found.investigator_id == official.id:
        forms |= {"step", "evidence", "finding"}
    return forms


def _waits_for(case: Case, found: Investigation | None, official: Official, opinion: Opinion | None) -> str | None:
    """Whose turn it is when it is not this official's."""
    mine = found is not None and found.investigator_id == official.id
    approves = may(official.role, Permission.APPROVE_FINDINGS)
    handles = may(official.role, Permission.HANDLE_CASES)
    said: str | None = None
    if case.state is CaseState.INVESTIGATING and found and not mine:
        said = f"{found.investigator_name}正在调查，证据和结论由调查人来写。"
    elif case.state is CaseState.DISPOSAL_PROPOSED and opinion and opinion.proposed_by == official.id:
        said = "意见已交，等一位负责人来定。不能自己定自己的。"
    elif case.state is CaseState.AWAITING_APPROVAL and found and official.id in found.investigators:
        said = "结论已交，等一位没参加调查的负责人来审。不能自己审自己的。"
    elif case.state in (CaseState.DISPOSAL_PROPOSED, CaseState.AWAITING_APPROVAL) and not approves:
        said = "等一位没参加的负责人来审。"
    elif not handles and case.state in (CaseState.RECEIVED, CaseState.REGISTERED):
        said = "等办案人受理。"
    elif not handles and case.state is CaseState.ACCEPTED:
        said = "等办案人写处置意见。"
    elif not handles and case.state in (CaseState.APPROVED, CaseState.TOLD):
        said = "等办案人把结果告诉反映人。"
    return said


def _current(file: CaseFile) -> Opinion | None:
    mine = [one for one in file.opinions if one.round == file.case.round]
    return mine[-1] if mine and mine[-1].decision != "returned" else None


def _opinion(one: Opinion) -> dict[str, Any]:
    return {
        "kind": words.DISPOSALS[one.kind][0],
        "reason": one.reason,
        "review_on": dates.day(one.review_on) if one.review_on else None,
        "who": one.proposer_name,
        "when": dates.moment(one.proposed_at),
        "decision": {"approved": "已定", "returned": "退回"}.get(one.decision or "", "等人来定"),
        "decider": one.decider_name,
        "note": one.note,
    }


def _measure(one: Measure) -> dict[str, Any]:
    return {
        "id": one.id,
        "round": one.round,
        "kind": words.MEASURES[one.kind][0],
        "body": one.body,
        "reason": one.reason,
        "who": one.recommended_by,
        "when": dates.moment(one.recommended_at),
        "decided": None if one.decision is None else ("已作决定" if one.decision == "taken" else "决定不办"),
        "decided_on": dates.day(one.decided_on) if one.decided_on else None,
        "document": one.document,
        "open": _is_undecided(one),
    }


def _is_undecided(one: Measure) -> bool:
    """Whether the competent body still has to say something; that outlives the round."""
    return one.decision is None and one.kind is not MeasureKind.NONE


def _earlier(file: CaseFile, number: int) -> dict[str, Any]:
    """An earlier round, whole: nothing that was done disappears when a case is reopened."""
    found = next((one for one in file.earlier if one.round == number), None)
    return {
        "round": number,
        "outcome": words.FINDINGS[found.finding][0] if found and found.finding else "没有结论",
        "opinions": [_opinion(one) for one in file.opinions if one.round == number],
        "who": found.investigator_name if found else None,
        "approver": found.approver_name if found else None,
        "summary": found.summary if found else None,
        "steps": _taken(found) if found else [],
        "evidence": _evidence(file, found) if found else [],
        "measures": [_measure(one) for one in file.measures if one.round == number],
    }


def _facts(file: CaseFile) -> list[tuple[str, str]]:
    case = file.case
    facts = [
        ("地点", case.place_name),
        ("归谁办", case.unit_name),
        ("收到", f"{received(case)}，{words.FILED_VIA[case.filed_via]}"),
        ("反映人", words.NAME_STATES[case.name_state]),
        ("经办人", case.handler_name or "还没有人"),
    ]
    if case.accepted_at:
        facts.append(("受理", dates.moment(case.accepted_at)))
    else:
        facts.append(("最晚答复", dates.day(case.answer_due_on)))
    if case.withdrawn_at:
        facts.append(("反映人撤回", dates.moment(case.withdrawn_at)))
    if case.closed_at:
        facts.append(("办结", dates.moment(case.closed_at)))
    if case.round > 1:
        facts.append(("第几次办理", f"第 {case.round} 次"))
    return facts


def _steps(case: Case) -> list[dict[str, Any]]:
    if case.state is CaseState.GUIDED_ELSEWHERE:
        return [{"label": "告知去哪里办", "state": "done"}]
    order = [state for state, _ in _ROAD]
    state = _BESIDE.get(case.state, case.state)
    now = order.index(state) if state in order else len(order)
    names = ("done", "current", "todo")
    return [{"label": label, "state": names[(place >= now) + (place > now)]} for place, (_, label) in enumerate(_ROAD)]


def _investigation(file: CaseFile) -> dict[str, Any] | None:
    found = file.investigation
    if found is None:
        return None
    return {
        "who": found.investigator_name,
        "started": dates.moment(found.started_at),
        "finding": words.FINDINGS[Finding(found.finding)][0] if found.finding else None,
        "summary": found.summary,
        "submitted": dates.moment(found.submitted_at) if found.submitted_at else None,
        "approver": found.approver_name,
        "approved": dates.moment(found.approved_at) if found.approved_at else None,
        "steps": _taken(found),
        "evidence": _evidence(file, found),
    }


def _taken(found: Investigation) -> list[dict[str, Any]]:
    return [
        {"when": dates.day(one.taken_on), "who": one.recorded_by, "title": f"{words.STEP_KINDS[one.kind]}：{one.body}"}
        for one in found.steps
    ]


def _evidence(file: CaseFile, found: Investigation) -> list[dict[str, Any]]:
    known = {stored.id for stored in file.files}
    return [
        {
            "when": dates.moment(piece.added_at),
            "who": piece.added_by,
            "title": piece.description,
            "href": f"/desk/cases/{file.case.number}/files/{piece.file_id}" if piece.file_id in known else None,
        }
        for piece in found.evidence
    ]


def _files(file: CaseFile) -> dict[str, list[dict[str, Any]]]:
    before = {piece.file_id for one in file.earlier for piece in one.evidence}
    ours = [one for one in file.files if one.origin == "official" and one.id not in before]
    theirs = [one for one in file.files if one.origin != "official"]
    return {"reporter": _listed(file.case, theirs), "official": _listed(file.case, ours)}


def _listed(case: Case, files: list[StoredFile]) -> list[dict[str, Any]]:
    """Files as they came; what was sent together stands together, where its first file stands."""
    albums = Counter(one.album for one in files if one.album)
    first: dict[str, int] = {}
    for at, one in enumerate(files):
        first.setdefault(one.album or one.id, at)
    listed: list[dict[str, Any]] = []
    begun: set[str | None] = set()
    for one in sorted(files, key=lambda one: first[one.album or one.id]):
        together = albums[one.album] if one.album else 0
        begins = together > 1 and one.album not in begun
        begun.add(one.album)
        listed.append({**_file(case, one), "in_album": together > 1, "album": together if begins else 0})
    return listed


def _file(case: Case, stored: StoredFile) -> dict[str, Any]:
    href = f"/desk/cases/{case.number}/files/{stored.id}"
    family = stored.media_type.partition("/")[0]
    return {
        "name": stored.name or "没有名字的文件",
        "href": href,
        "size_text": dates.size(stored.size),
        "kind": _KINDS.get(family, "file"),
        "note": f"{dates.moment(stored.received_at)} 收到",
        "sha256": stored.sha256,
        "preview": f"{href}/preview" if has_preview(stored) else None,
        "plays": family if is_played(stored) else None,
        "warning": words.MALWARE.format(stored.scan_found) if stored.scan == FOUND else None,
        "scan": words.SCANS.get(stored.scan),
    }


def _announced(file: CaseFile) -> list[tuple[str, None]]:
    """What was said to come and has not."""
    return [
        (
            f"{dates.moment(one.announced_at)}，{one.name or '没说名字'}"
            + (f"（{dates.size(one.size)}）" if one.size else ""),
            None,
        )
        for one in file.announced
    ]
