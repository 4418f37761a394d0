"""The life of a case: its states, its lettered transitions, what each needs.

A `Case` is our work item; the authority's formal `CaseFiling` (立案) is something else and never happens here.
The same rules stand in the database (storage/migrations/enforcement): this module explains a refusal before the
database has to, and `tests/integration` holds the two tables against each other. Whether the reporter's name was
checked runs beside this road (knowledge.casework.names) and has to be settled before its end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    """Where a case stands. Closed states are `CLOSED_STATES`; all others are somebody's work."""

    RECEIVED = "received"
    REGISTERED = "registered"
    ACCEPTED = "accepted"
    REFERRED = "referred"
    DISPOSAL_PROPOSED = "disposal_proposed"
    HELD = "held"
    INVESTIGATING = "investigating"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    TOLD = "told"
    CLOSED = "closed"
    GUIDED_ELSEWHERE = "guided_elsewhere"


class Disposal(StrEnum):
    """The four ways to go on with a lead (rules on handling reports, 2020, article 17)."""

    TALK_OR_INQUIRY = "talk_or_inquiry"
    PRELIMINARY_VERIFICATION = "preliminary_verification"
    HOLD = "hold"
    CONCLUDE = "conclude"


class Finding(StrEnum):
    """What an investigation found (rules on handling reports, 2020; four possible endings)."""

    SUBSTANTIATED = "substantiated"
    PARTLY_SUBSTANTIATED = "partly_substantiated"
    UNFOUNDED = "unfounded"
    CANNOT_BE_VERIFIED = "cannot_be_verified"


class StepKind(StrEnum):
    """What an investigator did."""

    TALK = "talk"
    LETTER_SENT = "letter_sent"
    LETTER_ANSWERED = "letter_answered"
    VISIT = "visit"
    DOCUMENTS = "documents"
    OTHER = "other"


class MeasureKind(StrEnum):
    """What may be recommended to the body that decides it; `NONE` says that nothing is, and why."""

    CANCEL_CANDIDACY = "cancel_candidacy"
    ELECTION_VOID = "election_void"
    PUBLIC_SECURITY = "public_security"
    DISCIPLINE_ORGAN = "discipline_organ"
    CRITICISM = "criticism"
    CLEAR_NAMES = "clear_names"
    NONE = "none"


class CaseAct(StrEnum):
    """What an official does to move a case."""

    REGISTER = "register"
    ACCEPT = "accept"
    GUIDE_ELSEWHERE = "guide_elsewhere"
    REFER = "refer"
    TAKE_BACK = "take_back"
    PROPOSE_DISPOSAL = "propose_disposal"
    RETURN_DISPOSAL = "return_disposal"
    START_INVESTIGATION = "start_investigation"
    HOLD = "hold"
    TAKE_UP = "take_up"
    CONCLUDE = "conclude"
    SUBMIT_FINDING = "submit_finding"
    RETURN_FINDING = "return_finding"
    APPROVE_FINDING = "approve_finding"
    TELL_RESULT = "tell_result"
    CLOSE = "close"
    REOPEN = "reopen"


class Missing(StrEnum):
    """What a case still lacks before an act is allowed."""

    DISPOSAL = "disposal"
    INVESTIGATION = "investigation"
    FINDING = "finding"
    EVIDENCE = "evidence"
    APPROVAL = "approval"
    SECOND_PERSON = "second_person"
    MEASURE = "measure"
    FITTING_MEASURE = "fitting_measure"
    RESULT_TOLD = "result_told"
    NAME_CHECK = "name_check"
    HANDLER = "handler"
    SEPARATE_CASE = "separate_case"
    NOT_FROM_HERE = "not_from_here"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the transition table; `letter` names it in the docs and in the database."""

    letter: str
    act: CaseAct
    source: CaseState
    target: CaseState


_S, _A = CaseState, CaseAct

TRANSITIONS: Final = (
    Transition("a", _A.REGISTER, _S.RECEIVED, _S.REGISTERED),
    Transition("b", _A.ACCEPT, _S.REGISTERED, _S.ACCEPTED),
    Transition("c", _A.GUIDE_ELSEWHERE, _S.REGISTERED, _S.GUIDED_ELSEWHERE),
    Transition("d", _A.GUIDE_ELSEWHERE, _S.ACCEPTED, _S.GUIDED_ELSEWHERE),
    Transition("e", _A.REFER, _S.ACCEPTED, _S.REFERRED),
    Transition("f", _A.TAKE_BACK, _S.REFERRED, _S.ACCEPTED),
    Transition("g", _A.PROPOSE_DISPOSAL, _S.ACCEPTED, _S.DISPOSAL_PROPOSED),
    Transition("h", _A.RETURN_DISPOSAL, _S.DISPOSAL_PROPOSED, _S.ACCEPTED),
    Transition("i", _A.START_INVESTIGATION, _S.DISPOSAL_PROPOSED, _S.INVESTIGATING),
    Transition("j", _A.HOLD, _S.DISPOSAL_PROPOSED, _S.HELD),
    Transition("k", _A.TAKE_UP, _S.HELD, _S.ACCEPTED),
    Transition("l", _A.CONCLUDE, _S.DISPOSAL_PROPOSED, _S.APPROVED),
    Transition("m", _A.SUBMIT_FINDING, _S.INVESTIGATING, _S.AWAITING_APPROVAL),
    Transition("n", _A.RETURN_FINDING, _S.AWAITING_APPROVAL, _S.INVESTIGATING),
    Transition("o", _A.APPROVE_FINDING, _S.AWAITING_APPROVAL, _S.APPROVED),
    Transition("p", _A.TELL_RESULT, _S.APPROVED, _S.TOLD),
    Transition("q", _A.CLOSE, _S.TOLD, _S.CLOSED),
    Transition("r", _A.REOPEN, _S.CLOSED, _S.ACCEPTED),
    Transition("s", _A.REOPEN, _S.GUIDED_ELSEWHERE, _S.ACCEPTED),
    Transition("t", _A.REOPEN, _S.APPROVED, _S.ACCEPTED),
    Transition("u", _A.REOPEN, _S.TOLD, _S.ACCEPTED),
)

CLOSED_STATES: Final = frozenset({CaseState.CLOSED, CaseState.GUIDED_ELSEWHERE})

#: The transition a second person's yes to a disposal opinion takes.
DISPOSAL_ACTS: Final = {
    Disposal.TALK_OR_INQUIRY: CaseAct.START_INVESTIGATION,
    Disposal.PRELIMINARY_VERIFICATION: CaseAct.START_INVESTIGATION,
    Disposal.HOLD: CaseAct.HOLD,
    Disposal.CONCLUDE: CaseAct.CONCLUDE,
}

_BY_ACT: Final = {(t.source, t.act): t for t in TRANSITIONS}
_ENDS: Final = (CaseAct.GUIDE_ELSEWHERE, CaseAct.CONCLUDE, CaseAct.TELL_RESULT, CaseAct.CLOSE)
_AFTER_CONCLUSION: Final = (CaseAct.TELL_RESULT, CaseAct.CLOSE)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a decision about a case needs to know; all figures are of the case's present round.

    `investigators` are all who ever worked on the round's investigation: none of them approves. `disposal` is the
    opinion that waits for a second person, or the one that was approved.
    """

    state: CaseState
    flags: frozenset[str]
    disposal: Disposal | None = None
    proposed_by: int | None = None
    finding: Finding | None = None
    evidence_count: int = 0
    investigators: frozenset[int] = frozenset()
    approved: bool = False
    measures: frozenset[MeasureKind] = frozenset()
    told: bool = False
    name_settled: bool = True
    merged: bool = False


def transition_for(state: CaseState, act: CaseAct) -> Transition | None:
    """The transition an act takes from a state, or None when there is none."""
    return _BY_ACT.get((state, act))


def acts_from(state: CaseState) -> tuple[CaseAct, ...]:
    """The acts that lead anywhere from a state, in table order."""
    return tuple(t.act for t in TRANSITIONS if t.source is state)


def missing_for(act: CaseAct, progress: Progress, *, actor_id: int | None = None) -> tuple[Missing, ...]:
    """What stands between a case and an act; empty when the act is allowed.

    A flagged case ends only through a completed investigation: finding, evidence, and approval by somebody
    who did not investigate (requirements A01, guarantee 1). To hold a flagged lead is allowed, because a held case
    is open; to conclude it without an investigation is not.
    """
    return tuple(dict.fromkeys(_missing(act, progress, actor_id)))


def fitting_measures(finding: Finding | None, measures: frozenset[MeasureKind]) -> bool:
    """Whether the measures recommended answer the finding.

    What was found to be true needs more than `none` (requirements A02, A03); what was not may not be followed by
    anything but clearing names, or a reason for doing nothing (A22).
    """
    if not measures:
        return False
    acted = measures - {MeasureKind.NONE}
    if finding in (Finding.SUBSTANTIATED, Finding.PARTLY_SUBSTANTIATED):
        return bool(acted - {MeasureKind.CLEAR_NAMES})
    return acted <= {MeasureKind.CLEAR_NAMES}


def _missing(act: CaseAct, progress: Progress, actor_id: int | None) -> Iterable[Missing]:
    if progress.merged:
        yield Missing.SEPARATE_CASE
        return
    if act in _ENDS and progress.flags and not progress.approved:
        yield from _lacks_of_investigation(progress)
        yield Missing.APPROVAL
        return
    if transition_for(progress.state, act) is None:
        if act is CaseAct.CLOSE and progress.state not in CLOSED_STATES:
            yield from _lacks_of_road(progress)
        else:
            yield Missing.NOT_FROM_HERE
        return
    if act in (CaseAct.START_INVESTIGATION, CaseAct.HOLD, CaseAct.CONCLUDE, CaseAct.RETURN_DISPOSAL):
        yield from _lacks_of_opinion(act, progress, actor_id)
    if act in (CaseAct.SUBMIT_FINDING, CaseAct.APPROVE_FINDING):
        yield from _lacks_of_investigation(progress)
    if act is CaseAct.APPROVE_FINDING and actor_id is not None and actor_id in progress.investigators:
        yield Missing.SECOND_PERSON
    if act in _AFTER_CONCLUSION:
        yield from _lacks_of_ending(act, progress)


def _lacks_of_road(progress: Progress) -> Iterable[Missing]:
    """What an open case that cannot be closed yet still needs, named one by one rather than as "not from here"."""
    if progress.state is CaseState.APPROVED:
        yield from _lacks_of_ending(CaseAct.CLOSE, progress)
        yield Missing.RESULT_TOLD
        return
    if progress.state in (CaseState.INVESTIGATING, CaseState.AWAITING_APPROVAL):
        yield from _lacks_of_investigation(progress)
    elif progress.state is not CaseState.DISPOSAL_PROPOSED:
        yield Missing.DISPOSAL
    yield Missing.APPROVAL


def _lacks_of_opinion(act: CaseAct, progress: Progress, actor_id: int | None) -> Iterable[Missing]:
    if progress.disposal is None or (
        act is not CaseAct.RETURN_DISPOSAL and DISPOSAL_ACTS[progress.disposal] is not act
    ):
        yield Missing.DISPOSAL
    if actor_id is not None and actor_id == progress.proposed_by:
        yield Missing.SECOND_PERSON


def _lacks_of_investigation(progress: Progress) -> Iterable[Missing]:
    if not progress.investigators:
        yield Missing.INVESTIGATION
    if progress.finding is None:
        yield Missing.FINDING
    if progress.evidence_count == 0:
        yield Missing.EVIDENCE


def _lacks_of_ending(act: CaseAct, progress: Progress) -> Iterable[Missing]:
    if not progress.measures:
        yield Missing.MEASURE
    elif not fitting_measures(progress.finding, progress.measures):
        yield Missing.FITTING_MEASURE
    if act is CaseAct.CLOSE and not progress.told:
        yield Missing.RESULT_TOLD
    if act is CaseAct.CLOSE and not progress.name_settled:
        yield Missing.NAME_CHECK
