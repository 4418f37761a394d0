"""Disposal opinions, investigations with their steps and evidence, and the measures recommended at the end."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from knowledge.casework.lifecycle import Disposal, Finding, MeasureKind, Progress, StepKind
from knowledge.casework.names import NameState
from storage.repositories.base import Repository
from storage.repositories.cases import Case
from storage.tables.investigations import (
    disposal,
    investigation,
    investigation_evidence,
    investigation_step,
    investigator,
    measure,
)
from storage.tables.officials import official

FINDING: Final = "case.finding"
OPINION: Final = "case.disposal"
MEASURE: Final = "case.measure"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A disposal opinion: proposed by one, decided by another."""

    id: int
    round: int
    kind: Disposal
    reason: str
    review_on: date | None
    proposed_by: int
    proposer_name: str
    proposed_at: datetime
    decision: str | None
    decider_name: str | None
    decided_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of an investigation's evidence."""

    description: str
    file_id: str | None
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class InvestigationStep:
    """One thing an investigator did."""

    id: int
    kind: StepKind
    taken_on: date
    body: str
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Investigation:
    """The investigation of a case's round; `investigators` are all who ever worked on it."""

    id: int
    round: int
    investigator_id: int
    investigator_name: str
    investigators: frozenset[int]
    finding: Finding | None
    summary: str | None
    started_at: datetime
    submitted_at: datetime | None
    approver_id: int | None
    approver_name: str | None
    approved_at: datetime | None
    evidence: tuple[Evidence, ...]
    steps: tuple[InvestigationStep, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure recommended to the body that may decide it, and what that body decided."""

    id: int
    round: int
    kind: MeasureKind
    body: str
    reason: str
    recommended_by: str
    recommended_at: datetime
    decision: str | None
    decided_on: date | None
    document: str | None


class Investigations(Repository):
    """Keeps what is decided about a case and what is found."""

    async def propose(self, case: Case, kind: Disposal, reason: str, *, by: int, review_on: date | None = None) -> None:
        """Write a disposal opinion that waits for a second person."""
        await self._uow.execute(
            insert(disposal).values(
                case_id=case.id,
                round=case.round,
                kind=kind,
                reason_sealed=self._keys.seal_text(OPINION, reason),
                review_on=review_on,
                proposed_by=by,
                proposed_at=self._uow.clock.now(),
            )
        )

    async def decide(self, opinion_id: int, decision: str, *, by: int, note: str = "") -> None:
        """A second person says `approved` or `returned`.

        Raises:
            RuleRefused: The database does not accept this person, or this opinion on a flagged case.
        """
        await self._uow.execute(
            update(disposal)
            .where(disposal.c.id == opinion_id)
            .values(
                decision=decision,
                decided_by=by,
                decided_at=self._uow.clock.now(),
                note_sealed=self._keys.seal_text(OPINION, note) if note else None,
            )
        )

    async def opinions(self, case: Case) -> list[Opinion]:
        """Every opinion on a case, oldest first, of all rounds."""
        proposer, decider = official.alias("proposer"), official.alias("decider")
        rows = await self._uow.read(
            select(
                disposal,
                proposer.c.display_name.label("proposer_name"),
                decider.c.display_name.label("decider_name"),
            )
            .join(proposer, proposer.c.id == disposal.c.proposed_by)
            .outerjoin(decider, decider.c.id == disposal.c.decided_by)
            .where(disposal.c.case_id == case.id)
            .order_by(disposal.c.id)
        )
        return [self._opinion(row) for row in rows]

    async def opinion_of(self, case: Case) -> Opinion | None:
        """The newest opinion of the case's present round, unless it was returned."""
        found = [one for one in await self.opinions(case) if one.round == case.round]
        return found[-1] if found and found[-1].decision != "returned" else None

    async def start(self, case: Case, investigator_id: int) -> int:
        """The round's investigation begins; returns its id."""
        result = await self._uow.execute(
            insert(investigation)
            .values(
                case_id=case.id,
                round=case.round,
                investigator_id=investigator_id,
                started_at=self._uow.clock.now(),
            )
            .returning(investigation.c.id)
        )
        return int(result.scalar_one())

    async def hand_over(self, investigation_id: int, investigator_id: int, *, as_submitted: bool = False) -> None:
        """Somebody else goes on with an investigation that nobody has approved; all who worked on it stay known.

        Args:
            investigation_id: The investigation.
            investigator_id: Who goes on.
            as_submitted: A finding that waits for approval stays handed in; else it is to be handed in again.

        Raises:
            RuleRefused: This official may not work on the case.
        """
        values: dict[str, Any] = {"investigator_id": investigator_id}
        if not as_submitted:
            values["submitted_at"] = None
        await self._uow.execute(update(investigation).where(investigation.c.id == investigation_id).values(**values))

    async def of_case(self, case: Case, round_number: int | None = None) -> Investigation | None:
        """The investigation of the case's present round, or of an earlier one."""
        lead, approver = official.alias("lead"), official.alias("approver")
        rows = await self._uow.read(
            select(
                investigation,
                lead.c.display_name.label("investigator_name"),
                approver.c.display_name.label("approver_name"),
            )
            .join(lead, lead.c.id == investigation.c.investigator_id)
            .outerjoin(approver, approver.c.id == investigation.c.approver_id)
            .where(investigation.c.case_id == case.id, investigation.c.round == (round_number or case.round))
        )
        if not rows:
            return None
        row = rows[0]
        everybody = select(investigator.c.official_id).where(investigator.c.investigation_id == row.id)
        return Investigation(
            row.id,
            row.round,
            row.investigator_id,
            row.investigator_name,
            frozenset(one.official_id for one in await self._uow.read(everybody)),
            Finding(row.finding) if row.finding else None,
            self._keys.open_text(FINDING, row.summary_sealed) if row.summary_sealed else None,
            row.started_at,
            row.submitted_at,
            row.approver_id,
            row.approver_name,
            row.approved_at,
            await self._evidence(row.id),
            await self._steps(row.id),
        )

    async def add_evidence(
        self, investigation_id: int, *, description: str, official_id: int, file_id: str | None = None
    ) -> None:
        """Add a piece of evidence to an investigation."""
        await self._uow.execute(
            insert(investigation_evidence).values(
                investigation_id=investigation_id,
                description_sealed=self._keys.seal_text(FINDING, description),
                file_id=file_id,
                added_by=official_id,
                added_at=self._uow.clock.now(),
            )
        )

    async def add_step(
        self, investigation_id: int, *, kind: StepKind, taken_on: date, body: str, official_id: int
    ) -> int:
        """Write down something that was done; returns the step's id."""
        result = await self._uow.execute(
            insert(investigation_step)
            .values(
                investigation_id=investigation_id,
                kind=kind,
                taken_on=taken_on,
                body_sealed=self._keys.seal_text(FINDING, body),
                recorded_by=official_id,
                recorded_at=self._uow.clock.now(),
            )
            .returning(investigation_step.c.id)
        )
        return int(result.scalar_one())

    async def submit_finding(self, investigation_id: int, finding: Finding, summary: str) -> None:
        """Write what the investigation found."""
        await self._uow.execute(
            update(investigation)
            .where(investigation.c.id == investigation_id)
            .values(
                finding=finding,
                summary_sealed=self._keys.seal_text(FINDING, summary),
                submitted_at=self._uow.clock.now(),
            )
        )

    async def return_finding(self, investigation_id: int) -> None:
        """Send a finding back to its investigator."""
        await self._uow.execute(
            update(investigation).where(investigation.c.id == investigation_id).values(submitted_at=None)
        )

    async def approve(self, investigation_id: int, approver_id: int) -> None:
        """A second person signs the finding.

        Raises:
            RuleRefused: The database does not accept this approver or this finding.
        """
        await self._uow.execute(
            update(investigation)
            .where(investigation.c.id == investigation_id)
            .values(approver_id=approver_id, approved_at=self._uow.clock.now())
        )

    async def recommend(self, case: Case, kind: MeasureKind, body: str, reason: str, *, by: int) -> int:
        """Write down what is recommended to whom; returns the measure's id."""
        result = await self._uow.execute(
            insert(measure)
            .values(
                case_id=case.id,
                round=case.round,
                kind=kind,
                body=body,
                reason_sealed=self._keys.seal_text(MEASURE, reason),
                recommended_by=by,
                recommended_at=self._uow.clock.now(),
            )
            .returning(measure.c.id)
        )
        return int(result.scalar_one())

    async def record_decision(self, measure_id: int, *, taken: bool, decided_on: date, document: str, by: int) -> None:
        """Write down what the competent body decided, and by which paper."""
        await self._uow.execute(
            update(measure)
            .where(measure.c.id == measure_id)
            .values(
                decision="taken" if taken else "not_taken",
                decided_on=decided_on,
                document_sealed=self._keys.seal_text(MEASURE, document),
                recorded_by=by,
            )
        )

    async def measures(self, case: Case) -> list[Measure]:
        """What was recommended in all rounds, oldest first."""
        rows = await self._uow.read(
            select(measure, official.c.display_name)
            .join(official, official.c.id == measure.c.recommended_by)
            .where(measure.c.case_id == case.id)
            .order_by(measure.c.id)
        )
        return [
            Measure(
                row.id,
                row.round,
                MeasureKind(row.kind),
                row.body,
                self._keys.open_text(MEASURE, row.reason_sealed),
                row.display_name,
                row.recommended_at,
                row.decision,
                row.decided_on,
                self._keys.open_text(MEASURE, row.document_sealed) if row.document_sealed else None,
            )
            for row in rows
        ]

    async def progress(self, case: Case) -> Progress:
        """What a decision about the case needs to know."""
        found, opinion = await self.of_case(case), await self.opinion_of(case)
        measures = frozenset(one.kind for one in await self.measures(case) if one.round == case.round)
        return Progress(
            state=case.state,
            flags=frozenset(flag.category for flag in case.flags),
            disposal=opinion.kind if opinion else None,
            proposed_by=opinion.proposed_by if opinion else None,
            finding=found.finding if found else None,
            evidence_count=len(found.evidence) if found else 0,
            investigators=found.investigators if found else frozenset(),
            approved=found is not None and found.approved_at is not None,
            measures=measures,
            told=case.told_at is not None,
            name_settled=case.name_state is not NameState.CLAIMED,
            merged=case.merged_into_id is not None,
        )

    async def open_of(self, official_id: int) -> list[int]:
        """The cases whose unfinished investigation an official leads."""
        query = select(investigation.c.case_id).where(
            investigation.c.investigator_id == official_id, investigation.c.approved_at.is_(None)
        )
        return [row.case_id for row in await self._uow.read(query)]

    async def count(self, case: Case) -> int:
        """How many rounds were investigated."""
        query = select(func.count()).where(investigation.c.case_id == case.id)
        return int((await self._uow.read(query))[0][0])

    def _opinion(self, row: Any) -> Opinion:
        return Opinion(
            row.id,
            row.round,
            Disposal(row.kind),
            self._keys.open_text(OPINION, row.reason_sealed),
            row.review_on,
            row.proposed_by,
            row.proposer_name,
            row.proposed_at,
            row.decision,
            row.decider_name,
            row.decided_at,
            self._keys.open_text(OPINION, row.note_sealed) if row.note_sealed else None,
        )

    async def _evidence(self, investigation_id: int) -> tuple[Evidence, ...]:
        rows = await self._uow.read(
            select(investigation_evidence, official.c.display_name)
            .join(official, official.c.id == investigation_evidence.c.added_by)
            .where(investigation_evidence.c.investigation_id == investigation_id)
            .order_by(investigation_evidence.c.id)
        )
        return tuple(
            Evidence(self._keys.open_text(FINDING, row.description_sealed), row.file_id, row.display_name, row.added_at)
            for row in rows
        )

    async def _steps(self, investigation_id: int) -> tuple[InvestigationStep, ...]:
        rows = await self._uow.read(
            select(investigation_step, official.c.display_name)
            .join(official, official.c.id == investigation_step.c.recorded_by)
            .where(investigation_step.c.investigation_id == investigation_id)
            .order_by(investigation_step.c.taken_on, investigation_step.c.id)
        )
        return tuple(
            InvestigationStep(
                row.id,
                StepKind(row.kind),
                row.taken_on,
                self._keys.open_text(FINDING, row.body_sealed),
                row.display_name,
                row.recorded_at,
            )
            for row in rows
        )
