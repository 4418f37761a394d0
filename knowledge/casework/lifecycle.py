"""The life of a case: its states, its lettered transitions, what each needs.

A `Case` is our work item; the authority's formal `CaseFiling` (立案) is something else and never happens here.
The same rules stand in the database (storage/migrations/enforcement): this module explains a refusal before the
database has to, and `tests/integration` holds the two tables against each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    """Where a case stands. Closed states are `CLOSED_STATES`."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    INVESTIGATING = "investigating"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    CLOSED = "closed"
    GUIDED_ELSEWHERE = "guided_elsewhere"


class Finding(StrEnum):
    """What an investigation found (rules on handling reports, 2020; four possible endings)."""

    SUBSTANTIATED = "substantiated"
    PARTLY_SUBSTANTIATED = "partly_substantiated"
    UNFOUNDED = "unfounded"
    CANNOT_BE_VERIFIED = "cannot_be_verified"


class CaseAct(StrEnum):
    """What an official does to move a case."""

    ACCEPT = "accept"
    GUIDE_ELSEWHERE = "guide_elsewhere"
    START_INVESTIGATION = "start_investigation"
    SUBMIT_FINDING = "submit_finding"
    RETURN_FINDING = "return_finding"
    APPROVE_FINDING = "approve_finding"
    CLOSE = "close"
    REOPEN = "reopen"


class Missing(StrEnum):
    """What a case still lacks before an act is allowed."""

    INVESTIGATION = "investigation"
    FINDING = "finding"
    EVIDENCE = "evidence"
    APPROVAL = "approval"
    SECOND_PERSON = "second_person"
    NOT_FROM_HERE = "not_from_here"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the transition table; `letter` names it in the docs and in the database."""

    letter: str
    act: CaseAct
    source: CaseState
    target: CaseState


TRANSITIONS: Final = (
    Transition("a", CaseAct.ACCEPT, CaseState.RECEIVED, CaseState.ACCEPTED),
    Transition("b", CaseAct.GUIDE_ELSEWHERE, CaseState.RECEIVED, CaseState.GUIDED_ELSEWHERE),
    Transition("c", CaseAct.GUIDE_ELSEWHERE, CaseState.ACCEPTED, CaseState.GUIDED_ELSEWHERE),
    Transition("d", CaseAct.START_INVESTIGATION, CaseState.ACCEPTED, CaseState.INVESTIGATING),
    Transition("e", CaseAct.SUBMIT_FINDING, CaseState.INVESTIGATING, CaseState.AWAITING_APPROVAL),
    Transition("f", CaseAct.RETURN_FINDING, CaseState.AWAITING_APPROVAL, CaseState.INVESTIGATING),
    Transition("g", CaseAct.APPROVE_FINDING, CaseState.AWAITING_APPROVAL, CaseState.APPROVED),
    Transition("h", CaseAct.CLOSE, CaseState.APPROVED, CaseState.CLOSED),
    Transition("i", CaseAct.REOPEN, CaseState.CLOSED, CaseState.ACCEPTED),
    Transition("j", CaseAct.REOPEN, CaseState.GUIDED_ELSEWHERE, CaseState.ACCEPTED),
)

CLOSED_STATES: Final = frozenset({CaseState.CLOSED, CaseState.GUIDED_ELSEWHERE})

_BY_ACT: Final = {(t.source, t.act): t for t in TRANSITIONS}


@dataclass(frozen=True, slots=True)
class Progress:
    """What a decision about a case needs to know; all figures are of the case's present round."""

    state: CaseState
    flags: frozenset[str]
    finding: Finding | None = None
    evidence_count: int = 0
    investigator_id: int | None = None
    approved: bool = False


def transition_for(state: CaseState, act: CaseAct) -> Transition | None:
    """The transition an act takes from a state, or None when there is none."""
    return _BY_ACT.get((state, act))


def acts_from(state: CaseState) -> tuple[CaseAct, ...]:
    """The acts that lead anywhere from a state, in table order."""
    return tuple(t.act for t in TRANSITIONS if t.source is state)


def missing_for(act: CaseAct, progress: Progress, *, actor_id: int | None = None) -> tuple[Missing, ...]:
    """What stands between a case and an act; empty when the act is allowed.

    A flagged case ends only through a completed investigation: finding, evidence, and approval by somebody
    who did not investigate (requirements A01, guarantee 1).
    """
    return tuple(_missing(act, progress, actor_id))


def _missing(act: CaseAct, progress: Progress, actor_id: int | None) -> Iterable[Missing]:
    ends = act in (CaseAct.CLOSE, CaseAct.GUIDE_ELSEWHERE)
    if ends and progress.flags and not progress.approved:
        yield from _lacks_of_investigation(progress)
        yield Missing.APPROVAL
        return
    if transition_for(progress.state, act) is None:
        yield Missing.NOT_FROM_HERE
        return
    if act in (CaseAct.SUBMIT_FINDING, CaseAct.APPROVE_FINDING):
        yield from _lacks_of_investigation(progress)
    if act is CaseAct.APPROVE_FINDING and actor_id is not None and actor_id == progress.investigator_id:
        yield Missing.SECOND_PERSON


def _lacks_of_investigation(progress: Progress) -> Iterable[Missing]:
    if progress.investigator_id is None:
        yield Missing.INVESTIGATION
    if progress.finding is None:
        yield Missing.FINDING
    if progress.evidence_count == 0:
        yield Missing.EVIDENCE
