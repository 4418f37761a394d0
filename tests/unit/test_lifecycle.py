"""The rules of a case's life, without a database: what each act needs, from each state, flagged or not."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import (
    CLOSED_STATES,
    TRANSITIONS,
    CaseAct,
    CaseState,
    Finding,
    Missing,
    Progress,
    acts_from,
    missing_for,
    transition_for,
)

FLAGS = frozenset({str(Category.VOTE_BUYING)})
INVESTIGATOR, COLLEAGUE = 7, 8
WHOLE = {"finding": Finding.UNFOUNDED, "evidence_count": 1, "investigator_id": INVESTIGATOR}
ROAD = {
    (CaseState.RECEIVED, CaseAct.ACCEPT): CaseState.ACCEPTED,
    (CaseState.RECEIVED, CaseAct.GUIDE_ELSEWHERE): CaseState.GUIDED_ELSEWHERE,
    (CaseState.ACCEPTED, CaseAct.GUIDE_ELSEWHERE): CaseState.GUIDED_ELSEWHERE,
    (CaseState.ACCEPTED, CaseAct.START_INVESTIGATION): CaseState.INVESTIGATING,
    (CaseState.INVESTIGATING, CaseAct.SUBMIT_FINDING): CaseState.AWAITING_APPROVAL,
    (CaseState.AWAITING_APPROVAL, CaseAct.RETURN_FINDING): CaseState.INVESTIGATING,
    (CaseState.AWAITING_APPROVAL, CaseAct.APPROVE_FINDING): CaseState.APPROVED,
    (CaseState.APPROVED, CaseAct.CLOSE): CaseState.CLOSED,
    (CaseState.CLOSED, CaseAct.REOPEN): CaseState.ACCEPTED,
    (CaseState.GUIDED_ELSEWHERE, CaseAct.REOPEN): CaseState.ACCEPTED,
}

progresses = st.builds(
    Progress,
    state=st.sampled_from(CaseState),
    flags=st.frozensets(st.sampled_from([str(category) for category in Category])),
    finding=st.none() | st.sampled_from(Finding),
    evidence_count=st.integers(0, 3),
    investigator_id=st.none() | st.just(INVESTIGATOR),
    approved=st.booleans(),
)


@pytest.mark.parametrize(("state", "act"), list(product(CaseState, CaseAct)))
def test_every_pair_of_state_and_act_leads_where_the_road_says_or_nowhere(state: CaseState, act: CaseAct) -> None:
    found = transition_for(state, act)
    assert (found.target if found else None) is ROAD.get((state, act))


def test_the_letters_of_the_transitions_are_a_to_j_in_order() -> None:
    assert "".join(transition.letter for transition in TRANSITIONS) == "abcdefghij"


def test_the_only_way_into_closed_is_from_approved_and_into_approved_from_awaiting_approval() -> None:
    into = {
        target: {t.source for t in TRANSITIONS if t.target is target}
        for target in (CaseState.CLOSED, CaseState.APPROVED)
    }
    assert into == {CaseState.CLOSED: {CaseState.APPROVED}, CaseState.APPROVED: {CaseState.AWAITING_APPROVAL}}


def test_every_state_can_be_reached_and_none_is_a_trap() -> None:
    reached, edge = {CaseState.RECEIVED}, {CaseState.RECEIVED}
    while edge:
        edge = {t.target for t in TRANSITIONS if t.source in edge} - reached
        reached |= edge
    assert reached == set(CaseState)
    assert all(acts_from(state) for state in CaseState)


def test_a_closed_case_can_only_be_reopened() -> None:
    assert {act for state in CLOSED_STATES for act in acts_from(state)} == {CaseAct.REOPEN}


@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("act", [CaseAct.CLOSE, CaseAct.GUIDE_ELSEWHERE])
def test_a_flagged_case_names_all_it_lacks_before_it_may_end(state: CaseState, act: CaseAct) -> None:
    assert set(missing_for(act, Progress(state, FLAGS))) == {
        Missing.INVESTIGATION,
        Missing.FINDING,
        Missing.EVIDENCE,
        Missing.APPROVAL,
    }


@pytest.mark.parametrize(
    ("without", "lacks"),
    [
        ({"finding": None}, Missing.FINDING),
        ({"evidence_count": 0}, Missing.EVIDENCE),
        ({"investigator_id": None}, Missing.INVESTIGATION),
    ],
)
@pytest.mark.parametrize("act", [CaseAct.SUBMIT_FINDING, CaseAct.APPROVE_FINDING])
def test_a_finding_is_handed_on_and_signed_only_when_it_is_whole(
    without: dict[str, object], lacks: Missing, act: CaseAct
) -> None:
    state = CaseState.INVESTIGATING if act is CaseAct.SUBMIT_FINDING else CaseState.AWAITING_APPROVAL
    assert missing_for(act, Progress(state, FLAGS, **WHOLE), actor_id=COLLEAGUE) == ()
    assert missing_for(act, Progress(state, FLAGS, **{**WHOLE, **without}), actor_id=COLLEAGUE) == (lacks,)


@pytest.mark.parametrize("flags", [FLAGS, frozenset()])
def test_nobody_signs_what_they_investigated_flagged_or_not(flags: frozenset[str]) -> None:
    progress = Progress(CaseState.AWAITING_APPROVAL, flags, **WHOLE)
    assert missing_for(CaseAct.APPROVE_FINDING, progress, actor_id=INVESTIGATOR) == (Missing.SECOND_PERSON,)


def test_an_unflagged_case_may_be_guided_elsewhere_until_it_is_investigated() -> None:
    allowed = {state for state in CaseState if not missing_for(CaseAct.GUIDE_ELSEWHERE, Progress(state, frozenset()))}
    assert allowed == {CaseState.RECEIVED, CaseState.ACCEPTED}


@given(progresses, st.sampled_from(CaseAct), st.sampled_from([INVESTIGATOR, COLLEAGUE]))
def test_no_act_is_ever_allowed_that_the_table_does_not_hold(progress: Progress, act: CaseAct, actor: int) -> None:
    if transition_for(progress.state, act) is None:
        assert missing_for(act, progress, actor_id=actor)


@given(progresses, st.sampled_from([CaseAct.CLOSE, CaseAct.GUIDE_ELSEWHERE]))
def test_a_flagged_case_never_ends_without_an_approval(progress: Progress, act: CaseAct) -> None:
    if progress.flags and not progress.approved:
        assert Missing.APPROVAL in missing_for(act, progress)
