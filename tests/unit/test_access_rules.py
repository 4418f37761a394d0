"""Who may do what: the whole matrix of roles and permissions, written out once more by hand."""

import re
from itertools import product

import pytest

from knowledge.casework.access import (
    APPROVING_ROLES,
    HANDLING_ROLES,
    LEADING_ROLES,
    LOWERING_ROLES,
    PREPARING_ROLES,
    REVIEWING_ROLES,
    WRITING_ROLES,
    Permission,
    Role,
    covers,
    may,
)
from storage.migrations import ENFORCEMENT

#: One letter a permission, in the order of the columns; a dot is a refusal.
COLUMNS = (
    Permission.READ_CASES,
    Permission.HANDLE_CASES,
    Permission.APPROVE_FINDINGS,
    Permission.LEAD_UNIT,
    Permission.LOWER_FLAGS,
    Permission.FILE_REPORTS,
    Permission.CHECK_NAMES,
    Permission.ASK_NAMES,
    Permission.ANSWER_INQUIRIES,
    Permission.WRITE_ENTRIES,
    Permission.RUN_ELECTIONS,
    Permission.SEE_ELECTIONS,
    Permission.READ_LOG,
    Permission.MANAGE_OFFICIALS,
    Permission.SEND_BROADCASTS,
    Permission.PREPARE_ELECTIONS,
    Permission.REVIEW_GATES,
)
MATRIX = {
    Role.VILLAGE_CLERK: "........x..x...x.",
    Role.TOWNSHIP_STAFF: ".....x..xxxx..xxx",
    Role.DISCIPLINE_OFFICIAL: "xx...x.xxx.x..x..",
    Role.DISCIPLINE_LEADER: "xxxxxx.xxx.x..x.x",
    Role.SUPERIOR: "x.xxx..x...x....x",
    Role.CUSTODIAN: "......x..........",
    Role.AUDITOR: "............x....",
    Role.ADMINISTRATOR: ".............x...",
}


def test_the_matrix_below_names_every_role_and_every_permission() -> None:
    assert set(MATRIX) == set(Role)
    assert set(COLUMNS) == set(Permission)
    assert {len(row) for row in MATRIX.values()} == {len(COLUMNS)}


@pytest.mark.parametrize(("role", "permission"), list(product(Role, Permission)))
def test_a_role_may_do_what_the_matrix_says_and_nothing_else(role: Role, permission: Permission) -> None:
    assert may(role, permission) == (MATRIX[role][COLUMNS.index(permission)] == "x")


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.CUSTODIAN, Role.TOWNSHIP_STAFF])
def test_who_does_not_investigate_reads_no_case(role: Role) -> None:
    assert not {permission for permission in Permission if may(role, permission)} & {
        Permission.READ_CASES,
        Permission.HANDLE_CASES,
        Permission.APPROVE_FINDINGS,
        Permission.LOWER_FLAGS,
        Permission.LEAD_UNIT,
    }


def test_who_may_open_a_name_reads_no_report_and_who_reads_reports_opens_no_name() -> None:
    assert [role for role in Role if may(role, Permission.CHECK_NAMES)] == [Role.CUSTODIAN]
    assert not may(Role.CUSTODIAN, Permission.READ_CASES)


def test_who_leads_approves_and_whoever_lowers_flags_leads() -> None:
    assert set(LOWERING_ROLES) == set(LEADING_ROLES) == set(APPROVING_ROLES)


@pytest.mark.parametrize(
    ("roles", "known"),
    [
        (APPROVING_ROLES, {Role.DISCIPLINE_LEADER, Role.SUPERIOR}),
        (LOWERING_ROLES, {Role.DISCIPLINE_LEADER, Role.SUPERIOR}),
        (HANDLING_ROLES, {Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER}),
        (PREPARING_ROLES, {Role.VILLAGE_CLERK, Role.TOWNSHIP_STAFF}),
        (REVIEWING_ROLES, {Role.TOWNSHIP_STAFF, Role.DISCIPLINE_LEADER, Role.SUPERIOR}),
        (WRITING_ROLES, {Role.TOWNSHIP_STAFF, Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER}),
    ],
)
def test_the_roles_of_each_kind_are_those_the_database_knows(roles: tuple[Role, ...], known: set[Role]) -> None:
    assert set(roles) == known
    for kind in ("sqlite", "postgresql"):
        written = "\n".join(path.read_text(encoding="utf-8") for path in ENFORCEMENT.glob(f"*_{kind}.sql"))
        lists = {frozenset(re.findall(r"'(\w+)'", one)) for one in re.findall(r"role\s+IN\s+\(([^)]+)\)", written)}
        assert frozenset(str(role) for role in known) in lists


@pytest.mark.parametrize(
    ("outer", "inner", "covered"),
    [
        ("cn/demo", "cn/demo", True),
        ("cn/demo", "cn/demo/qinghe", True),
        ("cn/demo", "cn/demo/qinghe/xiangyang", True),
        ("cn", "cn/demo", True),
        ("cn/demo/qinghe", "cn/demo", False),
        ("cn/demo", "cn/demo2", False),
        ("cn/demo", "cn/demography/x", False),
        ("cn/demo/qinghe", "cn/demo/yunling", False),
    ],
)
def test_a_place_covers_itself_and_what_lies_in_it_but_no_namesake(outer: str, inner: str, covered: bool) -> None:
    assert covers(outer, inner) is covered
