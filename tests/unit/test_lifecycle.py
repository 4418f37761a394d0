"""The rules of a case's life, without a database: what each act needs, from each state, flagged or not."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import (
    CLOSED_STATES,
    DISPOSAL_ACTS,
    TRANSITIONS,
    CaseAct,
    CaseState,
    Disposal,
    Finding,
    MeasureKind,
    Missing,
    Progress,
    acts_from,
    fitting_measures,
    missing_for,
    transition_for,
)

FLAGS = frozenset({str(Category.VOTE_BUYING)})
INVESTIGATOR, COLLEAGUE = 7, 8
#: The road, written out once more by hand: state, act -> state.
ROAD = {
    ("received", "register"): "registered",
    ("registered", "accept"): "accepted",
    ("registered", "guide_elsewhere"): "guided_elsewhere",
    ("accepted", "guide_elsewhere"): "guided_elsewhere",
    ("accepted", "refer"): "referred",
    ("referred", "take_back"): "accepted",
    ("accepted", "propose_disposal"): "disposal_proposed",
    ("disposal_proposed", "return_disposal"): "accepted",
    ("disposal_proposed", "start_investigation"): "investigating",
    ("disposal_proposed", "hold"): "held",
    ("held", "take_up"): "accepted",
    ("disposal_proposed", "conclude"): "approved",
    ("investigating", "submit_finding"): "awaiting_approval",
    ("awaiting_approval", "return_finding"): "investigating",
    ("awaiting_approval", "approve_finding"): "approved",
    ("approved", "tell_result"): "told",
    ("told", "close"): "closed",
    ("closed", "reopen"): "accepted",
    ("guided_elsewhere", "reopen"): "accepted",
    ("approved", "reopen"): "accepted",
    ("told", "reopen"): "accepted",
}
ENDS = (CaseAct.CLOSE, CaseAct.GUIDE_ELSEWHERE, CaseAct.CONCLUDE, CaseAct.TELL_RESULT)
WHOLE = Progress(
    CaseState.AWAITING_APPROVAL,
    FLAGS,
    finding=Finding.UNFOUNDED,
    evidence_count=1,
    investigators=frozenset({INVESTIGATOR}),
)
progresses = st.builds(
    Progress,
    state=st.sampled_from(CaseState),
    flags=st.frozensets(st.sampled_from([str(category) for category in Category])),
    disposal=st.none() | st.sampled_from(Disposal),
    proposed_by=st.none() | st.just(INVESTIGATOR),
    finding=st.none() | st.sampled_from(Finding),
    evidence_count=st.integers(0, 3),
    investigators=st.sampled_from([frozenset(), frozenset({INVESTIGATOR})]),
    approved=st.booleans(),
    measures=st.frozensets(st.sampled_from(MeasureKind)),
    told=st.booleans(),
    name_settled=st.booleans(),
    merged=st.booleans(),
)
acts, actors = st.sampled_from(CaseAct), st.sampled_from([INVESTIGATOR, COLLEAGUE])


@pytest.mark.parametrize(("state", "act"), list(product(CaseState, CaseAct)))
def test_every_pair_of_state_and_act_leads_where_the_road_says_or_nowhere(state: CaseState, act: CaseAct) -> None:
    found = transition_for(state, act)
    assert (found.target.value if found else None) == ROAD.get((state.value, act.value))


def test_the_letters_of_the_transitions_are_a_to_u_in_order() -> None:
    assert "".join(transition.letter for transition in TRANSITIONS) == "abcdefghijklmnopqrstu"


def test_into_closed_leads_one_way_and_every_way_before_it_needs_a_second_person() -> None:
    into = {target: {t.act for t in TRANSITIONS if t.target is target} for target in CaseState}
    assert into[CaseState.CLOSED] == {CaseAct.CLOSE}
    assert into[CaseState.TOLD] == {CaseAct.TELL_RESULT}
    assert into[CaseState.APPROVED] == {CaseAct.APPROVE_FINDING, CaseAct.CONCLUDE}
    assert into[CaseState.AWAITING_APPROVAL] == {CaseAct.SUBMIT_FINDING}
    assert into[CaseState.INVESTIGATING] == {CaseAct.START_INVESTIGATION, CaseAct.RETURN_FINDING}


def test_every_state_can_be_reached_and_none_is_a_trap() -> None:
    reached, edge = {CaseState.RECEIVED}, {CaseState.RECEIVED}
    while edge:
        edge = {t.target for t in TRANSITIONS if t.source in edge} - reached
        reached |= edge
    assert reached == set(CaseState)
    assert all(acts_from(state) for state in CaseState)


def test_a_closed_case_can_only_be_reopened() -> None:
    assert {act for state in CLOSED_STATES for act in acts_from(state)} == {CaseAct.REOPEN}


def test_every_opinion_leads_to_a_transition_of_its_own_state() -> None:
    assert set(DISPOSAL_ACTS) == set(Disposal)
    assert all(transition_for(CaseState.DISPOSAL_PROPOSED, act) for act in DISPOSAL_ACTS.values())


# What must be investigated


@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("act", ENDS)
def test_a_flagged_case_names_all_it_lacks_before_it_may_end(state: CaseState, act: CaseAct) -> None:
    assert set(missing_for(act, Progress(state, FLAGS))) == {
        Missing.INVESTIGATION,
        Missing.FINDING,
        Missing.EVIDENCE,
        Missing.APPROVAL,
    }


@given(progresses, st.sampled_from(ENDS), actors)
def test_a_flagged_case_never_ends_without_an_approval(progress: Progress, act: CaseAct, actor: int) -> None:
    if progress.flags and not progress.approved and not progress.merged:
        assert Missing.APPROVAL in missing_for(act, progress, actor_id=actor)


def test_a_flagged_lead_may_be_held_because_a_held_case_is_open() -> None:
    progress = Progress(CaseState.DISPOSAL_PROPOSED, FLAGS, disposal=Disposal.HOLD, proposed_by=INVESTIGATOR)
    assert missing_for(CaseAct.HOLD, progress, actor_id=COLLEAGUE) == ()
    assert missing_for(CaseAct.CONCLUDE, progress, actor_id=COLLEAGUE)


def test_an_unflagged_case_may_be_guided_elsewhere_until_there_is_an_opinion() -> None:
    allowed = {state for state in CaseState if not missing_for(CaseAct.GUIDE_ELSEWHERE, Progress(state, frozenset()))}
    assert allowed == {CaseState.REGISTERED, CaseState.ACCEPTED}


# Two people


@pytest.mark.parametrize("flags", [FLAGS, frozenset()])
def test_nobody_signs_what_they_ever_investigated_flagged_or_not(flags: frozenset[str]) -> None:
    progress = replace(WHOLE, flags=flags, investigators=frozenset({INVESTIGATOR, COLLEAGUE}))
    for actor in (INVESTIGATOR, COLLEAGUE):
        assert missing_for(CaseAct.APPROVE_FINDING, progress, actor_id=actor) == (Missing.SECOND_PERSON,)
    assert missing_for(CaseAct.APPROVE_FINDING, progress, actor_id=9) == ()


@pytest.mark.parametrize("kind", list(Disposal))
def test_nobody_decides_their_own_opinion(kind: Disposal) -> None:
    progress = Progress(CaseState.DISPOSAL_PROPOSED, frozenset(), disposal=kind, proposed_by=INVESTIGATOR)
    for act in (DISPOSAL_ACTS[kind], CaseAct.RETURN_DISPOSAL):
        assert missing_for(act, progress, actor_id=INVESTIGATOR) == (Missing.SECOND_PERSON,)
        assert missing_for(act, progress, actor_id=COLLEAGUE) == ()


@pytest.mark.parametrize(("kind", "act"), [(k, a) for k in Disposal for a in DISPOSAL_ACTS.values()])
def test_an_opinion_is_followed_by_what_it_says_and_by_nothing_else(kind: Disposal, act: CaseAct) -> None:
    progress = Progress(CaseState.DISPOSAL_PROPOSED, frozenset(), disposal=kind, proposed_by=INVESTIGATOR)
    fits = DISPOSAL_ACTS[kind] is act
    assert (missing_for(act, progress, actor_id=COLLEAGUE) == ()) is fits


# Complete before it goes on


@pytest.mark.parametrize(
    ("without", "lacks"),
    [
        ({"finding": None}, Missing.FINDING),
        ({"evidence_count": 0}, Missing.EVIDENCE),
        ({"investigators": frozenset()}, Missing.INVESTIGATION),
    ],
)
@pytest.mark.parametrize("act", [CaseAct.SUBMIT_FINDING, CaseAct.APPROVE_FINDING])
def test_a_finding_is_handed_on_and_signed_only_when_it_is_whole(
    without: dict[str, object], lacks: Missing, act: CaseAct
) -> None:
    state = CaseState.INVESTIGATING if act is CaseAct.SUBMIT_FINDING else CaseState.AWAITING_APPROVAL
    whole = replace(WHOLE, state=state)
    assert missing_for(act, whole, actor_id=COLLEAGUE) == ()
    assert missing_for(act, replace(whole, **without), actor_id=COLLEAGUE) == (lacks,)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measures", "told", "settled", "lacks"),
    [
        (frozenset(), False, True, {Missing.MEASURE, Missing.RESULT_TOLD}),
        ({MeasureKind.NONE}, False, True, {Missing.RESULT_TOLD}),
        ({MeasureKind.NONE}, True, False, {Missing.NAME_CHECK}),
        ({MeasureKind.CRITICISM}, True, True, {Missing.FITTING_MEASURE}),
        ({MeasureKind.CLEAR_NAMES}, True, True, set()),
    ],
)
def test_before_a_case_closes_its_result_is_told_its_measures_fit_and_the_name_is_checked(
    measures: set[MeasureKind], told: bool, settled: bool, lacks: set[Missing]
) -> None:
    progress = replace(
        WHOLE,
        state=CaseState.TOLD,
        approved=True,
        measures=frozenset(measures),
        told=told,
        name_settled=settled,
    )
    assert set(missing_for(CaseAct.CLOSE, progress)) == lacks


TRUE = (Finding.SUBSTANTIATED, Finding.PARTLY_SUBSTANTIATED)


@pytest.mark.parametrize("finding", [None, *Finding])
@pytest.mark.parametrize("kind", list(MeasureKind))
def test_what_was_found_true_is_acted_on_and_what_was_not_harms_nobody(
    finding: Finding | None, kind: MeasureKind
) -> None:
    acts_on_it = kind not in (MeasureKind.NONE, MeasureKind.CLEAR_NAMES)
    assert fitting_measures(finding, frozenset({kind})) is (acts_on_it if finding in TRUE else not acts_on_it)
    assert not fitting_measures(finding, frozenset())


def test_clearing_names_beside_a_measure_does_not_take_the_measure_away() -> None:
    both = frozenset({MeasureKind.CLEAR_NAMES, MeasureKind.CANCEL_CANDIDACY})
    assert fitting_measures(Finding.PARTLY_SUBSTANTIATED, both)
    assert not fitting_measures(Finding.UNFOUNDED, both)


# Whatever is asked


@given(progresses, acts, actors)
def test_no_act_is_ever_allowed_that_the_table_does_not_hold(progress: Progress, act: CaseAct, actor: int) -> None:
    if transition_for(progress.state, act) is None:
        assert missing_for(act, progress, actor_id=actor)


@given(progresses, acts, actors)
def test_a_merged_case_is_told_where_the_work_is_and_nothing_else(progress: Progress, act: CaseAct, actor: int) -> None:
    found = missing_for(act, replace(progress, merged=True), actor_id=actor)
    assert found == (Missing.SEPARATE_CASE,)


@given(progresses, acts, actors)
def test_nothing_is_named_twice_and_more_flags_never_allow_more(progress: Progress, act: CaseAct, actor: int) -> None:
    found = missing_for(act, progress, actor_id=actor)
    assert len(set(found)) == len(found)
    if found:
        assert missing_for(act, replace(progress, flags=progress.flags | FLAGS), actor_id=actor)
