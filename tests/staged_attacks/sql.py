"""Statements of which attacks are put together; what the names in them stand for is in the package's head."""

from dataclasses import dataclass

from knowledge.casework.lifecycle import CaseState
from tests.attacks import ENDINGS


@dataclass(frozen=True)
class Attack:
    """Statements at a point of a case's road; `by` is what may refuse the last of them."""

    at: CaseState
    by: frozenset[str]
    statements: tuple[str, ...]


def state(state: str, more: str = "", case: str = ":id") -> str:
    return f"UPDATE cases SET state = '{state}'{more} WHERE id = {case}"


def set_(values: str, case: str = ":id") -> str:
    return f"UPDATE cases SET {values} WHERE id = {case}"


def insert(table: str, columns: dict[str, str], source: str = "cases WHERE id = :id") -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {source}"


def raise_(category: str, case: str = ":id") -> str:
    columns = {"case_id": "id", "category": f"'{category}'", "reasons_sealed": ":sealed_flag", "rule_version": "'x'"}
    columns |= {"inputs_sealed": ":sealed_flag", "raised_at": "received_at"}
    return insert("case_flag", columns, f"cases WHERE id = {case}")


def ask(by: str, **more: str) -> str:
    columns = {"case_id": "case_id", "category": "category", "reason_sealed": ":sealed_removal", "asked_by": by}
    return insert("flag_removal", {**columns, "asked_at": "raised_at", **more}, "case_flag WHERE case_id = :id")


def lower(by: str, decision: str = "approved") -> str:
    values = f"SET decision = '{decision}', decided_by = {by}, decided_at = asked_at"
    return f"UPDATE flag_removal {values} WHERE case_id = :id AND decision IS NULL"


def propose(kind: str, by: str, **more: str) -> str:
    columns = {"case_id": "id", "round": "round", "kind": f"'{kind}'", "reason_sealed": ":sealed_opinion"}
    columns |= {"proposed_by": by, "proposed_at": "received_at", **more}
    return insert("disposal", columns)


def decide(by: str, decision: str = "approved") -> str:
    values = f"SET decision = '{decision}', decided_by = {by}, decided_at = proposed_at"
    return f"UPDATE disposal {values} WHERE case_id = :id AND decision IS NULL"


def investigate(by: str, **more: str) -> str:
    columns = {"case_id": "id", "round": "round", "investigator_id": by, "started_at": "received_at", **more}
    return insert("investigation", columns)


def evidence(by: str) -> str:
    columns = {"investigation_id": "i.id", "description_sealed": ":sealed_finding", "added_by": by}
    source = "investigation i JOIN cases c ON c.id = i.case_id AND c.round = i.round WHERE c.id = :id"
    return insert("investigation_evidence", {**columns, "added_at": "c.received_at"}, source)


def finding(finding: str = "unfounded") -> str:
    values = f"SET finding = '{finding}', summary_sealed = :sealed_finding, submitted_at = started_at"
    return f"UPDATE investigation {values} WHERE case_id = :id AND approved_at IS NULL"


def sign(by: str, more: str = "", at: str = "submitted_at") -> str:
    return f"UPDATE investigation SET approver_id = {by}, approved_at = {at}{more} WHERE case_id = :id"


def lead(by: str) -> str:
    return f"UPDATE investigation SET investigator_id = {by} WHERE case_id = :id"


def recuse(who: str, case: str = ":id") -> str:
    columns = {"case_id": "id", "official_id": who, "ground": "'self'", "declared_at": "received_at"}
    return insert("recusal", columns, f"cases WHERE id = {case}")


def offer(by: str, to: str, kind: str = "offer", **more: str) -> str:
    columns = {"case_id": "id", "from_unit_id": "unit_id", "to_unit_id": to, "kind": f"'{kind}'"}
    columns |= {"reason_sealed": ":sealed_transfer", "files_released": "false", "offered_by": by}
    return insert("transfer", {**columns, "offered_at": "received_at", "state": "'offered'", **more})


def take(by: str) -> str:
    values = f"SET state = 'accepted', answered_by = {by}, answered_at = offered_at"
    return f"UPDATE transfer {values} WHERE case_id = :id AND state = 'offered'"


def move(to: str) -> str:
    return set_(f"unit_id = {to}, handler_id = NULL")


def merging(into: str = ":other", case: str = ":id", by: str = ":official") -> str:
    columns = {"case_id": "id", "into_id": into, "reason_sealed": ":sealed_merge", "merged_by": by}
    return insert("case_merge", {**columns, "merged_at": "received_at"}, f"cases WHERE id = {case}")


def merged(into: str = ":other", case: str = ":id", more: str = "") -> str:
    return set_(f"merged_into_id = {into}{more}", case)


def attempt(by: str, outcome: str = "not_reached", case: str = ":named") -> str:
    columns = {"case_id": "id", "official_id": by, "method": "'call'", "outcome": f"'{outcome}'"}
    return insert("contact_attempt", {**columns, "made_at": "received_at"}, f"cases WHERE id = {case}")


def measure(**more: str) -> str:
    columns = {"case_id": "id", "round": "round", "kind": "'none'", "body": "''", "reason_sealed": ":sealed_measure"}
    return insert("measure", {**columns, "recommended_by": ":official", "recommended_at": "received_at", **more})


def extend(by: str) -> str:
    values = f"SET extended_by = {by}, extended_at = '2026-03-11T02:00:00.000000', extension_sealed = :sealed_clock"
    return f"UPDATE case_clock {values} WHERE case_id = :id AND kind = 'acceptance'"


def pause(until: str, by: str = ":official", kind: str = "review") -> str:
    columns = {"clock_id": "k.id", "from_on": "'2026-05-01'", "until_on": f"'{until}'", "paused_by": by}
    columns |= {"reason_sealed": ":sealed_clock", "paused_at": "c.received_at"}
    source = (
        f"case_clock k JOIN cases c ON c.id = k.case_id WHERE c.id = :id AND k.kind = '{kind}' AND k.stopped_on IS NULL"
    )
    return insert("clock_pause", columns, source)


def said(table: str, words: str, **more: str) -> str:
    columns = {"case_id": "id", "body_sealed": words, "written_at": "received_at", **more}
    return insert(table, columns)


def carried(case: str = ":id", into: str = ":other") -> tuple[str, ...]:
    """Whoever stands back from a case stands back from the one it is to be merged into as well."""
    columns = {"case_id": into, "official_id": "r.official_id", "ground": "'self'", "declared_at": "r.declared_at"}
    known = f"SELECT 1 FROM recusal s WHERE s.case_id = {into} AND s.official_id = r.official_id"
    return (insert("recusal", columns, f"recusal r WHERE r.case_id = {case} AND NOT EXISTS ({known})"),)


REGISTERED, ACCEPTED, PROPOSED = state("registered"), state("accepted"), state("disposal_proposed")
INVESTIGATING, AWAITING, APPROVED = state("investigating"), state("awaiting_approval"), state("approved")
TOLD = state("told", ", told_at = received_at, told_by = 'code'")
CLOSED = state("closed", ", closed_at = received_at")
GUIDED = state("guided_elsewhere", ", closed_at = received_at")
REOPENED = state("accepted", ", round = round + 1, closed_at = NULL, told_at = NULL, told_by = NULL")
OLD = "UPDATE cases SET retain_until = '2000-01-01', legal_hold = false WHERE id = :id"
RUNNING = "WHERE case_id = :id AND stopped_on IS NULL"
STOPPED = f"UPDATE case_clock SET stopped_on = started_on {RUNNING}"
ERASED = "DELETE FROM cases WHERE id = :id"
CONCLUDED = (propose("conclude", ":official"), PROPOSED, decide(":leader"))
S = CaseState


def each(at: CaseState, by: str, *before: str, **cheats: str) -> dict[str, Attack]:
    """Several cheats after the same lawful beginning, refused by the same rules (words separated by spaces)."""
    rules = ENDINGS if by == "ending" else frozenset(by.split())
    return {name.replace("_", " "): Attack(at, rules, (*before, cheat)) for name, cheat in cheats.items()}
