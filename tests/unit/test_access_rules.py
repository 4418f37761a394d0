"""Who may do what: the whole matrix of roles and permissions, written out once more by hand."""

from itertools import product

import pytest

from knowledge.casework.access import APPROVING_ROLES, WRITING_ROLES, Permission, Role, covers, may

#: One letter a permission, in the order of the columns; a dot is a refusal.
COLUMNS = (
    Permission.READ_CASES,
    Permission.HANDLE_CASES,
    Permission.APPROVE_FINDINGS,
    Permission.ANSWER_INQUIRIES,
    Permission.WRITE_ENTRIES,
    Permission.RUN_ELECTIONS,
    Permission.SEE_ELECTIONS,
    Permission.READ_LOG,
    Permission.MANAGE_OFFICIALS,
)
MATRIX = {
    Role.VILLAGE_CLERK: "...x..x..",
    Role.TOWNSHIP_STAFF: "...xxxx..",
    Role.DISCIPLINE_OFFICIAL: "xx.xx.x..",
    Role.DISCIPLINE_LEADER: "xxxxx.x..",
    Role.SUPERIOR: "x.x...x..",
    Role.CUSTODIAN: ".........",
    Role.AUDITOR: ".......x.",
    Role.ADMINISTRATOR: "........x",
}


def test_the_matrix_below_names_every_role_and_every_permission() -> None:
    assert set(MATRIX) == set(Role)
    assert set(COLUMNS) == set(Permission)


@pytest.mark.parametrize(("role", "permission"), list(product(Role, Permission)))
def test_a_role_may_do_what_the_matrix_says_and_nothing_else(role: Role, permission: Permission) -> None:
    assert may(role, permission) == (MATRIX[role][COLUMNS.index(permission)] == "x")


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.CUSTODIAN, Role.TOWNSHIP_STAFF])
def test_who_does_not_investigate_reads_no_case(role: Role) -> None:
    assert not {permission for permission in Permission if may(role, permission)} & {
        Permission.READ_CASES,
        Permission.HANDLE_CASES,
        Permission.APPROVE_FINDINGS,
    }


def test_the_roles_that_sign_findings_are_the_two_the_database_knows() -> None:
    assert set(APPROVING_ROLES) == {Role.DISCIPLINE_LEADER, Role.SUPERIOR}


def test_the_roles_that_write_entries_are_the_three_the_database_knows() -> None:
    assert set(WRITING_ROLES) == {Role.TOWNSHIP_STAFF, Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER}


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
