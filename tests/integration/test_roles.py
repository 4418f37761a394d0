"""The matrix of roles, tested whole (P8): every address x every role x own place, other place, stood back, signed out.

What is expected stands in tests/expected/roles.csv and is written by `python -m tests.roles_matrix`. The tests below
the first say what no table may ever say, so that a wrong line is not simply written anew.
"""

import pytest

from handlers.desk.app import PAGES
from knowledge.casework.access import Permission, Role, may
from tests.roles_matrix import (
    EXPECTED,
    NOBODY,
    OF_A_CASE,
    OTHER,
    OWN,
    RECUSED,
    Matrix,
    addresses,
    holds_for,
    measured,
    read,
)

TABLE: Matrix = read(EXPECTED.read_text(encoding="utf-8"))
#: What is answered where something is shut; 404 where what one may not see must look like what is not there.
SHUT = {"403", "404"}
THE_DOOR = ("/desk/sign-in", "/desk/link/", "/desk/invitation/")
#: Addresses that lead on to the case's own, which is guarded, without looking at it.
HOLLOW = {
    ("GET", "/desk/cases/{number}/message"),
    ("GET", "/desk/cases/{number}/message/send"),
    ("GET", "/desk/cases/{number}/{act}"),
    ("GET", "/desk/oversight/{number}/{act}"),
}


@pytest.mark.slow
async def test_every_role_is_answered_at_every_address_as_the_table_says(sqlite_storage) -> None:
    found = await measured(sqlite_storage)
    assert list(found) == list(TABLE), "write the table anew, and read what is different"
    wrong = {line: answers for line, answers in found.items() if answers != TABLE[line]}
    assert wrong == {}


def test_the_table_has_a_line_for_every_address_of_the_desk() -> None:
    assert {(method, path) for method, path, _ in TABLE} == set(addresses())
    assert len(set(addresses())) >= len(PAGES)


def test_nobody_gets_past_the_door() -> None:
    for (method, path, _), answers in TABLE.items():
        if not path.startswith(THE_DOOR):
            assert answers[NOBODY] == ("303" if method == "GET" else "401"), (method, path)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.VILLAGE_CLERK, Role.TOWNSHIP_STAFF])
def test_who_may_not_read_cases_is_shut_out_of_every_address_of_one(role: Role) -> None:
    """GL's promise: the administrator reads no case."""
    assert not may(role, Permission.READ_CASES)
    about = {line: answers[role] for line, answers in TABLE.items() if any(part in line[1] for part in OF_A_CASE)}
    assert len(about) > 50
    open_ones = {line for line, answer in about.items() if answer not in SHUT and line[:2] not in HOLLOW}
    assert open_ones == set()


@pytest.mark.parametrize("situation", [OTHER, RECUSED])
def test_elsewhere_and_stood_back_no_case_is_there_for_any_role(situation: str) -> None:
    """showdown#1035: a recused official sees nothing."""
    found = [
        (line, role)
        for line, answers in TABLE.items()
        if holds_for(line, situation) and any(part in line[1] for part in OF_A_CASE) and line[:2] not in HOLLOW
        for role in Role
        if answers[role] not in SHUT
    ]
    assert found == []


def test_in_the_own_place_each_role_can_do_its_work() -> None:
    """A table in which all is shut would pass the tests above."""
    works = {
        ("GET", "/desk/cases/{number}"): {Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER, Role.SUPERIOR},
        ("POST", "/desk/cases/{number}/accept"): {Role.DISCIPLINE_OFFICIAL, Role.DISCIPLINE_LEADER},
        ("GET", "/desk/names/{number}"): {Role.CUSTODIAN},
        ("GET", "/desk/officials"): {Role.ADMINISTRATOR},
        ("POST", "/desk/officials"): {Role.ADMINISTRATOR},
        ("POST", "/desk/officials/{official_id}/close"): {Role.ADMINISTRATOR},
    }
    for (method, path), roles in works.items():
        (answers,) = (one for line, one in TABLE.items() if line[:2] == (method, path) and holds_for(line, OWN))
        assert {role for role in Role if answers[role] in ("200", "303")} == roles, path
