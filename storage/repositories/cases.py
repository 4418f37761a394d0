"""Cases, their flags, investigations, notes and sealed identities.

Whoever reads through `visible_to` gets the same lists, counts and errors with and without a case the official is
recused from.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import and_, exists, func, insert, or_, select, true, update

from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseState, Finding, Progress
from storage.errors import StaleVersion
from storage.repositories.base import Repository
from storage.repositories.officials import Official
from storage.tables.cases import (
    case_flag,
    case_note,
    cases,
    identity,
    investigation,
    investigation_evidence,
    recusal,
)
from storage.tables.officials import official, place
from storage.vault import seal_to

NARRATIVE: Final = "case.narrative"
INPUTS: Final = "case.flag"
NOTE: Final = "case.note"
FINDING: Final = "case.finding"
REPORTED: Final = "reported_person"


@dataclass(frozen=True, slots=True)
class CaseFlag:
    """Why a case must be investigated."""

    category: Category
    reasons: tuple[str, ...]
    rule_version: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case without its content; `version` is the optimistic lock."""

    id: int
    number: str
    state: CaseState
    round: int
    place_id: int
    place_path: str
    place_name: str
    person_id: int | None
    handler_id: int | None
    handler_name: str | None
    received_at: datetime
    answer_due_on: date
    accepted_at: datetime | None
    closed_at: datetime | None
    version: int
    flags: tuple[CaseFlag, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of an investigation's evidence."""

    description: str
    file_id: str | None
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Investigation:
    """The investigation of a case's round."""

    id: int
    round: int
    investigator_id: int
    investigator_name: str
    finding: Finding | None
    summary: str | None
    started_at: datetime
    submitted_at: datetime | None
    approver_id: int | None
    approver_name: str | None
    approved_at: datetime | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Something added to a case after filing; `author` is None for the reporter."""

    author: str | None
    body: str
    written_at: datetime


class Cases(Repository):
    """Opens, finds and moves cases."""

    async def open_case(
        self,
        *,
        number: str,
        place_id: int,
        narrative: dict[str, Any],
        reported_person: str,
        rule_version: str,
        answer_due_on: date,
        draft_id: int | None = None,
        person_id: int | None = None,
        received_at: datetime | None = None,
    ) -> int:
        """Write a new case in state `received`; returns its id."""
        result = await self._uow.execute(
            insert(cases)
            .values(
                number=number,
                draft_id=draft_id,
                person_id=person_id,
                place_id=place_id,
                state=CaseState.RECEIVED,
                narrative_sealed=self._keys.seal_text(NARRATIVE, json.dumps(narrative, ensure_ascii=False)),
                reported_person_index=self._keys.index(REPORTED, reported_person) if reported_person else None,
                rule_version=rule_version,
                received_at=received_at or self._uow.clock.now(),
                answer_due_on=answer_due_on,
            )
            .returning(cases.c.id)
        )
        return int(result.scalar_one())

    async def add_flag(self, case_id: int, flag: CaseFlag, inputs: dict[str, Any]) -> None:
        """Raise a flag; flags are never taken back here."""
        await self._uow.execute(
            insert(case_flag).values(
                case_id=case_id,
                category=flag.category,
                reasons_sealed=self._keys.seal_text(INPUTS, json.dumps(flag.reasons, ensure_ascii=False)),
                rule_version=flag.rule_version,
                inputs_sealed=self._keys.seal_text(INPUTS, json.dumps(inputs, ensure_ascii=False)),
                raised_at=self._uow.clock.now(),
            )
        )

    async def by_number(self, number: str, *, visible_to: Official | None = None) -> Case | None:
        """A case by its number; None when there is none that the official may know of."""
        found = await self._list(cases.c.number == number.strip().upper(), visible_to, limit=1)
        return found[0] if found else None

    async def queue(
        self, visible_to: Official, *, states: tuple[CaseState, ...] = (), flagged: bool | None = None, limit: int = 200
    ) -> list[Case]:
        """An official's cases: flagged ones first, then by the date the answer is due."""
        conditions: list[Any] = []
        if states:
            conditions.append(cases.c.state.in_(states))
        if flagged is not None:
            has_flag = exists().where(case_flag.c.case_id == cases.c.id)
            conditions.append(has_flag if flagged else ~has_flag)
        return await self._list(and_(true(), *conditions), visible_to, limit=limit)

    async def counts(self, visible_to: Official) -> dict[CaseState, int]:
        """How many cases the official has in each state."""
        query = (
            select(cases.c.state, func.count())
            .join(place, place.c.id == cases.c.place_id)
            .where(_visible(visible_to))
            .group_by(cases.c.state)
        )
        return {CaseState(row[0]): int(row[1]) for row in await self._uow.read(query)}

    async def of_person(self, person_id: int) -> list[Case]:
        """A reporter's own cases, newest first."""
        return list(reversed(await self._list(cases.c.person_id == person_id, None, limit=50)))

    async def narrative(self, case_id: int) -> dict[str, Any]:
        """What was reported, in clear. Whoever calls this records the reading."""
        row = (await self._uow.read(select(cases.c.narrative_sealed).where(cases.c.id == case_id)))[0]
        narrative: dict[str, Any] = json.loads(self._keys.open_text(NARRATIVE, row.narrative_sealed))
        return narrative

    async def move(self, case: Case, target: CaseState, **values: Any) -> None:
        """Put a case in another state, if nobody else moved it since it was read.

        Raises:
            StaleVersion: Somebody did.
            RuleRefused: The database does not allow it.
        """
        result = await self._uow.execute(
            update(cases)
            .where(cases.c.id == case.id, cases.c.version == case.version)
            .values(state=target, version=case.version + 1, **values)
        )
        if not result.rowcount:
            raise StaleVersion(case.number)

    async def assign(self, case: Case, handler_id: int) -> None:
        """Give a case to an official.

        Raises:
            StaleVersion: Somebody changed it since it was read.
        """
        await self.move(case, case.state, handler_id=handler_id)

    async def start_investigation(self, case: Case, investigator_id: int) -> int:
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

    async def investigation_of(self, case: Case) -> Investigation | None:
        """The investigation of the case's present round."""
        investigator, approver = official.alias("investigator"), official.alias("approver")
        rows = await self._uow.read(
            select(
                investigation,
                investigator.c.display_name.label("investigator_name"),
                approver.c.display_name.label("approver_name"),
            )
            .join(investigator, investigator.c.id == investigation.c.investigator_id)
            .outerjoin(approver, approver.c.id == investigation.c.approver_id)
            .where(investigation.c.case_id == case.id, investigation.c.round == case.round)
        )
        if not rows:
            return None
        row = rows[0]
        return Investigation(
            row.id,
            row.round,
            row.investigator_id,
            row.investigator_name,
            Finding(row.finding) if row.finding else None,
            self._keys.open_text(FINDING, row.summary_sealed) if row.summary_sealed else None,
            row.started_at,
            row.submitted_at,
            row.approver_id,
            row.approver_name,
            row.approved_at,
            await self._evidence(row.id),
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

    async def progress(self, case: Case) -> Progress:
        """What a decision about the case needs to know."""
        found = await self.investigation_of(case)
        flags = frozenset(str(flag.category) for flag in case.flags)
        if found is None:
            return Progress(case.state, flags)
        return Progress(
            case.state, flags, found.finding, len(found.evidence), found.investigator_id, found.approved_at is not None
        )

    async def recuse(self, case_id: int, official_id: int) -> None:
        """An official stands back from a case, for good."""
        await self._uow.execute(
            insert(recusal).values(case_id=case_id, official_id=official_id, declared_at=self._uow.clock.now())
        )

    async def recused_from(self, case_id: int) -> set[int]:
        """The officials who stand back from a case."""
        rows = await self._uow.read(select(recusal.c.official_id).where(recusal.c.case_id == case_id))
        return {row.official_id for row in rows}

    async def unassign(self, case: Case) -> None:
        """Take a case from its handler."""
        await self.move(case, case.state, handler_id=None)

    async def add_note(self, case_id: int, body: str, *, author_id: int | None) -> None:
        """Add to a case; `author_id` None is the reporter."""
        await self._uow.execute(
            insert(case_note).values(
                case_id=case_id,
                author_id=author_id,
                body_sealed=self._keys.seal_text(NOTE, body),
                written_at=self._uow.clock.now(),
            )
        )

    async def notes(self, case_id: int) -> list[Note]:
        """What was added to a case, oldest first."""
        rows = await self._uow.read(
            select(case_note.c.body_sealed, case_note.c.written_at, official.c.display_name)
            .outerjoin(official, official.c.id == case_note.c.author_id)
            .where(case_note.c.case_id == case_id)
            .order_by(case_note.c.id)
        )
        return [Note(r.display_name, self._keys.open_text(NOTE, r.body_sealed), r.written_at) for r in rows]

    async def seal_identity(self, case_id: int, sealed: dict[int, tuple[bytes, bytes]]) -> None:
        """Keep a reporter's name and contact, sealed to each custodian: official id -> (name, contact)."""
        rows = [
            {"case_id": case_id, "custodian_id": custodian_id, "name_sealed": name, "contact_sealed": contact}
            for custodian_id, (name, contact) in sealed.items()
        ]
        await self._uow.execute(insert(identity), rows)

    async def sealed_identity(self, case_id: int, custodian_id: int) -> tuple[bytes, bytes] | None:
        """The name and contact as sealed to one custodian."""
        rows = await self._uow.read(
            select(identity.c.name_sealed, identity.c.contact_sealed).where(
                identity.c.case_id == case_id, identity.c.custodian_id == custodian_id
            )
        )
        return (rows[0].name_sealed, rows[0].contact_sealed) if rows else None

    async def has_identity(self, case_id: int) -> bool:
        """Whether the reporter left a name."""
        return bool(await self._uow.read(select(identity.c.case_id).where(identity.c.case_id == case_id).limit(1)))

    async def reports_on(self, reported_person: str, place_id: int, since: datetime, *, besides: int) -> int:
        """How many people besides one reported this person in this place since an instant."""
        index = self._keys.index(REPORTED, reported_person)
        query = select(func.count(cases.c.person_id.distinct())).where(
            cases.c.reported_person_index == index,
            cases.c.place_id == place_id,
            cases.c.received_at > since,
            cases.c.person_id != besides,
        )
        return int((await self._uow.execute(query)).scalar_one())

    async def _list(self, condition: Any, visible_to: Official | None, *, limit: int) -> list[Case]:
        flag_count = select(func.count()).where(case_flag.c.case_id == cases.c.id).correlate(cases).scalar_subquery()
        query = (
            select(
                cases,
                place.c.path.label("place_path"),
                place.c.name.label("place_name"),
                official.c.display_name.label("handler_name"),
            )
            .join(place, place.c.id == cases.c.place_id)
            .outerjoin(official, official.c.id == cases.c.handler_id)
            .where(condition)
        )
        if visible_to is not None:
            query = query.where(_visible(visible_to))
            query = query.order_by((flag_count == 0), cases.c.answer_due_on, cases.c.id)
        else:
            query = query.order_by(cases.c.id)
        rows = await self._uow.read(query.limit(limit))
        flags = await self._flags([row.id for row in rows])
        return [_case(row, flags.get(row.id, ())) for row in rows]

    async def _flags(self, ids: list[int]) -> dict[int, tuple[CaseFlag, ...]]:
        if not ids:
            return {}
        found: dict[int, tuple[CaseFlag, ...]] = {}
        query = select(case_flag).where(case_flag.c.case_id.in_(ids)).order_by(case_flag.c.category)
        for row in await self._uow.read(query):
            reasons = json.loads(self._keys.open_text(INPUTS, row.reasons_sealed))
            flag = CaseFlag(Category(row.category), tuple(reasons), row.rule_version)
            found[row.case_id] = (*found.get(row.case_id, ()), flag)
        return found

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


def seal_for(public_keys: dict[int, bytes], name: str, contact: str) -> dict[int, tuple[bytes, bytes]]:
    """Seal a name and a contact to each custodian's public key."""
    return {who: (seal_to(key, name), seal_to(key, contact)) for who, key in public_keys.items()}


def _visible(who: Official) -> Any:
    """Cases of the official's place, without those the official is recused from."""
    inside = or_(place.c.path == who.place_path, place.c.path.startswith(f"{who.place_path}/", autoescape=True))
    recused = exists().where(recusal.c.case_id == cases.c.id, recusal.c.official_id == who.id)
    return and_(inside, ~recused)


def _case(row: Any, flags: tuple[CaseFlag, ...]) -> Case:
    return Case(
        row.id,
        row.number,
        CaseState(row.state),
        row.round,
        row.place_id,
        row.place_path,
        row.place_name,
        row.person_id,
        row.handler_id,
        row.handler_name,
        row.received_at,
        row.answer_due_on,
        row.accepted_at,
        row.closed_at,
        row.version,
        flags,
    )
