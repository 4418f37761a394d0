"""Roles of officials and what each may do: deny by default.

A permission is necessary, never sufficient: the case must also lie in the official's place, and nobody recused
from a case sees it. The administrator runs the system and cannot read cases.
"""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Who an official is at the desk."""

    VILLAGE_CLERK = "village_clerk"
    TOWNSHIP_STAFF = "township_staff"
    DISCIPLINE_OFFICIAL = "discipline_official"
    DISCIPLINE_LEADER = "discipline_leader"
    SUPERIOR = "superior"
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What a role may be allowed to do."""

    READ_CASES = "read_cases"
    HANDLE_CASES = "handle_cases"
    APPROVE_FINDINGS = "approve_findings"
    LEAD_UNIT = "lead_unit"
    LOWER_FLAGS = "lower_flags"
    FILE_REPORTS = "file_reports"
    CHECK_NAMES = "check_names"
    ASK_NAMES = "ask_names"
    ANSWER_INQUIRIES = "answer_inquiries"
    WRITE_ENTRIES = "write_entries"
    RUN_ELECTIONS = "run_elections"
    SEE_ELECTIONS = "see_elections"
    PREPARE_ELECTIONS = "prepare_elections"
    REVIEW_GATES = "review_gates"
    READ_LOG = "read_log"
    MANAGE_OFFICIALS = "manage_officials"
    SEND_BROADCASTS = "send_broadcasts"


_P = Permission

PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.VILLAGE_CLERK: frozenset({_P.SEE_ELECTIONS, _P.PREPARE_ELECTIONS, _P.ANSWER_INQUIRIES}),
    Role.TOWNSHIP_STAFF: frozenset(
        {
            _P.SEE_ELECTIONS,
            _P.PREPARE_ELECTIONS,
            _P.RUN_ELECTIONS,
            _P.REVIEW_GATES,
            _P.ANSWER_INQUIRIES,
            _P.WRITE_ENTRIES,
            _P.FILE_REPORTS,
            _P.SEND_BROADCASTS,
        }
    ),
    Role.DISCIPLINE_OFFICIAL: frozenset(
        {
            _P.READ_CASES,
            _P.HANDLE_CASES,
            _P.ASK_NAMES,
            _P.FILE_REPORTS,
            _P.ANSWER_INQUIRIES,
            _P.WRITE_ENTRIES,
            _P.SEE_ELECTIONS,
            _P.SEND_BROADCASTS,
        }
    ),
    Role.DISCIPLINE_LEADER: frozenset(
        {
            _P.READ_CASES,
            _P.HANDLE_CASES,
            _P.ASK_NAMES,
            _P.APPROVE_FINDINGS,
            _P.LEAD_UNIT,
            _P.LOWER_FLAGS,
            _P.FILE_REPORTS,
            _P.ANSWER_INQUIRIES,
            _P.WRITE_ENTRIES,
            _P.SEE_ELECTIONS,
            _P.REVIEW_GATES,
            _P.SEND_BROADCASTS,
        }
    ),
    Role.SUPERIOR: frozenset(
        {
            _P.READ_CASES,
            _P.ASK_NAMES,
            _P.APPROVE_FINDINGS,
            _P.LEAD_UNIT,
            _P.LOWER_FLAGS,
            _P.SEE_ELECTIONS,
            _P.REVIEW_GATES,
        }
    ),
    Role.CUSTODIAN: frozenset({_P.CHECK_NAMES}),
    Role.AUDITOR: frozenset({_P.READ_LOG}),
    Role.ADMINISTRATOR: frozenset({_P.MANAGE_OFFICIALS}),
}

#: Roles whose signature ends an investigation; the database holds the same list.
APPROVING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.APPROVE_FINDINGS in may)

#: Roles that may come to know a name, and so have a key pair: custodians, and those who may ask them.
NAME_ROLES: Final = tuple(
    role for role, may in PERMISSIONS.items() if {Permission.ASK_NAMES, Permission.CHECK_NAMES} & may
)

#: Roles that work on cases, and those whose word (two of them, of a higher level) lowers a flag; both stand in the
#: database too.
HANDLING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.HANDLE_CASES in may)
LOWERING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.LOWER_FLAGS in may)

#: Roles that lead a unit: they hand work over, keep the roster, and hear of what nobody is left for.
LEADING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.LEAD_UNIT in may)

#: Roles that write, review and publish entries, and those that answer questions; the database holds the first list too.
WRITING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.WRITE_ENTRIES in may)
#: Roles that write and approve broadcasts; the database holds the same list.
BROADCASTING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.SEND_BROADCASTS in may)
ANSWERING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.ANSWER_INQUIRIES in may)

#: Roles that hand in evidence for a gate, and those that review it as the second person; the database holds both lists.
PREPARING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.PREPARE_ELECTIONS in may)
REVIEWING_ROLES: Final = tuple(role for role, may in PERMISSIONS.items() if Permission.REVIEW_GATES in may)


def may(role: Role, permission: Permission) -> bool:
    """Whether a role carries a permission."""
    return permission in PERMISSIONS[role]


def covers(place_path: str, of: str) -> bool:
    """Whether a place lies in another: `cn/demo` covers `cn/demo/qinghe`, and itself."""
    return of == place_path or of.startswith(f"{place_path}/")
