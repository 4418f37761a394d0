"""Cases: opening, finding, moving; their matters and notes.

Whoever reads through `visible_to` gets the same lists, counts and errors with and without a case the official is
recused from, and with and without a case that a level above answers for.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import and_, exists, func, insert, literal, or_, select, true, union_all, update

from knowledge.casework.lifecycle import CLOSED_STATES, CaseState
from knowledge.casework.names import NameState
from storage.errors import StaleVersion
from storage.repositories.base import Repository
from storage.repositories.flags import CaseFlag, in_force
from storage.repositories.officials import Official
from storage.tables.cases import case_matter, case_note, cases
from storage.tables.officials import official, place
from storage.tables.routing import recusal

NARRATIVE: Final = "case.narrative"
MATTER: Final = "case.matter"
NOTE: Final = "case.note"
REPORTED: Final = "reported_person"
RECEIPT: Final = "receipt_code"
#: Counts are exact up to here; beyond, a page says "more than".
COUNTED_UP_TO: Final = 1_000
#: With no more places than this in it, a narrowed queue is put together from each place's own front.
FEW_PLACES: Final = 40

unit = place.alias("unit")


@dataclass(frozen=True, slots=True)
class Case:
    """A case without its content; `version` is the optimistic lock."""

    id: int
    number: str
    state: CaseState
    sub_status: str | None
    round: int
    place_id: int
    place_path: str
    place_name: str
    unit_id: int
    unit_path: str
    unit_name: str
    person_id: int | None
    handler_id: int | None
    handler_name: str | None
    filed_via: str
    filed_by: int | None
    name_state: NameState
    received_at: datetime
    answer_due_on: date
    next_due_on: date
    accepted_at: datetime | None
    concluded_at: datetime | None
    told_at: datetime | None
    closed_at: datetime | None
    withdrawn_at: datetime | None
    merged_into_id: int | None
    retain_until: date | None
    legal_hold: bool
    rule_version: str
    version: int
    flags: tuple[CaseFlag, ...] = field(default=())

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to work on it by itself."""
        return self.state not in CLOSED_STATES and self.merged_into_id is None


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing a report is about, with the clause that says so."""

    id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something an official wrote for officials."""

    id: int
    author: str
    body: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What a queue is narrowed to. No states: everything open. `number` is a part of a case number."""

    states: tuple[CaseState, ...] = ()
    flagged: bool | None = None
    handler_id: int | None = None
    place_path: str = ""
    category: str = ""
    number: str = ""
    due_before: date | None = None


@dataclass(frozen=True, slots=True)
class QueueMark:
    """Where a page of a queue ended: the next one begins behind it."""

    sort: date | datetime
    case_id: int


@dataclass(frozen=True, slots=True)
class Filing:
    """What a new case is born with; `case_id` comes from the unit of work's ids."""

    case_id: int
    number: str
    place_id: int
    unit_id: int
    narrative: dict[str, Any]
    reported_person: str
    rule_version: str
    answer_due_on: date
    receipt_code: str = ""
    draft_id: int | None = None
    person_id: int | None = None
    filed_via: str = "chat"
    filed_by: int | None = None
    flagged: bool = False
    has_identity: bool = False
    handler_id: int | None = None
    next_due_on: date | None = None
    received_at: datetime | None = None


class Cases(Repository):
    """Opens, finds and moves cases."""

    def open_case(self, filing: Filing) -> None:
        """Queue a new case in state `received` for this unit of work."""
        self._uow.append(
            cases,
            id=filing.case_id,
            number=filing.number,
            draft_id=filing.draft_id,
            person_id=filing.person_id,
            receipt_index=self._keys.index(RECEIPT, filing.receipt_code) if filing.receipt_code else None,
            place_id=filing.place_id,
            unit_id=filing.unit_id,
            handler_id=filing.handler_id,
            filed_via=filing.filed_via,
            filed_by=filing.filed_by,
            state=CaseState.RECEIVED,
            flagged=filing.flagged,
            name_state=NameState.CLAIMED if filing.has_identity else NameState.NONE,
            narrative_sealed=self._keys.seal_text(NARRATIVE, json.dumps(filing.narrative, ensure_ascii=False)),
            reported_person_index=self.reported_index(filing.reported_person),
            rule_version=filing.rule_version,
            received_at=filing.received_at or self._uow.clock.now(),
            answer_due_on=filing.answer_due_on,
            next_due_on=filing.next_due_on or filing.answer_due_on,
        )

    def add_matters(self, case_id: int, matters: Iterable[Matter]) -> None:
        """Keep what a report is about."""
        for matter in matters:
            sealed = self._keys.seal_text(MATTER, matter.quote)
            self._uow.append(case_matter, case_id=case_id, matter=matter.id, quote_sealed=sealed)

    async def matters(self, case_id: int) -> tuple[Matter, ...]:
        """What a report is about."""
        query = select(case_matter).where(case_matter.c.case_id == case_id).order_by(case_matter.c.matter)
        rows, over = await self._uow.read(query), await self._uow.redactions.over(case_id)
        return tuple(Matter(row.matter, over.clause(self._keys.open_text(MATTER, row.quote_sealed))) for row in rows)

    def reported_index(self, name: str) -> bytes | None:
        """The keyed hash a person reported is found by; None for nobody in particular."""
        return self._keys.index(REPORTED, name) if name else None

    async def by_number(self, number: str, *, visible_to: Official | None = None) -> Case | None:
        """A case by its number; None when there is none that the official may know of."""
        found = await self._list(cases.c.number == number.strip().upper(), visible_to, limit=1)
        return found[0] if found else None

    async def by_id(self, case_id: int, *, visible_to: Official | None = None) -> Case | None:
        """A case by its id; None when there is none that the official may know of."""
        found = await self._list(cases.c.id == case_id, visible_to, limit=1)
        return found[0] if found else None

    async def by_receipt(self, code: str) -> Case | None:
        """The case a receipt code opens."""
        found = await self._list(cases.c.receipt_index == self._keys.index(RECEIPT, code), None, limit=1)
        return found[0] if found else None

    async def queue(
        self, visible_to: Official, chosen: QueueFilter, *, limit: int = 50, after: QueueMark | None = None
    ) -> list[Case]:
        """A page of an official's cases.

        Open ones: nearest date first. Ended ones: newest first.
        """
        ended = bool(chosen.states) and set(chosen.states) <= CLOSED_STATES
        places = await self._places(chosen)
        condition = self._chosen(chosen, places)
        if after is not None:
            condition = and_(condition, _behind(after, ended=ended))
        order: tuple[Any, ...] = (cases.c.next_due_on, cases.c.id)
        if ended:
            condition = and_(condition, cases.c.closed_at.is_not(None))  # said aloud, it finds its index
            order = (cases.c.closed_at.desc(), cases.c.id.desc())
        elif 0 < len(places) <= FEW_PLACES:
            # Of one town's cases few are near the front of all: each place's own front is read from its index.
            mine = and_(condition, _visible(visible_to, await self._units(visible_to)))
            condition = cases.c.id.in_(_fronts(places, mine, order, limit))
        return await self._list(condition, visible_to, limit=limit, order=order)

    async def counts(self, visible_to: Official, chosen: QueueFilter = QueueFilter()) -> dict[CaseState, int]:
        """How many cases the official has in each state, each counted up to `COUNTED_UP_TO` and one more."""
        parts, places, mine = [], await self._places(chosen), _visible(visible_to, await self._units(visible_to))
        for state in CaseState:
            narrowed = QueueFilter(
                (state,), chosen.flagged, chosen.handler_id, chosen.place_path, chosen.category, "", chosen.due_before
            )
            found = (
                select(literal(1))
                .select_from(cases)
                .where(self._chosen(narrowed, places), mine)
                .limit(COUNTED_UP_TO + 1)
                .subquery()
            )
            parts.append(select(literal(state.value).label("state"), func.count().label("n")).select_from(found))
        return {CaseState(row.state): int(row.n) for row in await self._uow.read(union_all(*parts)) if row.n}

    async def of_person(self, person_id: int) -> list[Case]:
        """A reporter's own cases, newest first."""
        return list(reversed(await self._list(cases.c.person_id == person_id, None, limit=50)))

    async def matching(self, condition: Any, *, visible_to: Official | None = None, limit: int = 500) -> list[Case]:
        """Cases under a condition on `storage.tables.cases.cases`, by id."""
        return await self._list(condition, visible_to, limit=limit)

    async def late_below(
        self, visible_to: Official, today: date, *, limit: int, after: QueueMark | None = None
    ) -> list[Case]:
        """A page of the cases of units below an official's level with a date that has passed, longest late first.

        Merged ones and ended ones too while a clock of theirs runs: nothing a unit does to its lists shortens this one.
        """
        condition = and_(cases.c.next_due_on < today, unit.c.path != visible_to.place_path)
        if after is not None:
            condition = and_(condition, _behind(after, ended=False))
        return await self._list(condition, visible_to, limit=limit, order=(cases.c.next_due_on, cases.c.id))

    async def received_at_place(self, place_id: int, since: datetime, *, visible_to: Official, most: int) -> int:
        """How many reports about a place came after an instant that an official may know of, counted up to `most`."""
        found = (
            select(literal(1))
            .select_from(cases)
            .where(
                cases.c.place_id == place_id,
                cases.c.received_at > since,
                _visible(visible_to, await self._units(visible_to)),
            )
            .limit(most)
            .subquery()
        )
        return int((await self._uow.read(select(func.count()).select_from(found)))[0][0])

    async def narrative(self, case_id: int) -> dict[str, Any]:
        """What was reported, in clear but for what is covered. Whoever calls this records the reading."""
        return (await self._uow.redactions.over(case_id)).account(await self.original_narrative(case_id))

    async def original_narrative(self, case_id: int) -> dict[str, Any]:
        """The same with what is covered: to choose what to cover, and for auditors."""
        row = (await self._uow.read(select(cases.c.narrative_sealed).where(cases.c.id == case_id)))[0]
        narrative: dict[str, Any] = json.loads(self._keys.open_text(NARRATIVE, row.narrative_sealed))
        return narrative

    async def narratives(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """What was reported in some cases, for a rule to look at; nobody reads it."""
        query = select(cases.c.id, cases.c.narrative_sealed).where(cases.c.id.in_(ids))
        return {
            row.id: json.loads(self._keys.open_text(NARRATIVE, row.narrative_sealed))
            for row in await self._uow.read(query)
        }

    async def move(self, case: Case, target: CaseState, **values: Any) -> None:
        """Put a case in another state, if nobody else moved it since it was read; its local step ends with the old one.

        Raises:
            StaleVersion: Somebody did.
            RuleRefused: The database does not allow it.
        """
        await self.change(case, state=target, sub_status=None, **values)

    async def change(self, case: Case, **values: Any) -> None:
        """Change columns of a case, if nobody else changed it since it was read.

        Raises:
            StaleVersion: Somebody did.
            RuleRefused: The database does not allow it.
        """
        result = await self._uow.execute(
            update(cases)
            .where(cases.c.id == case.id, cases.c.version == case.version)
            .values(version=case.version + 1, **values)
        )
        if not result.rowcount:
            raise StaleVersion(case.number)

    async def hold(self, *ids: int) -> None:
        """Let nobody else change some cases until the commit, so that what is read next still holds when it is changed.

        Everybody takes them in the same order. Hold before the first event is recorded: the log is what everybody
        waits for last.
        """
        await self._uow.begin()
        if not self._uow.storage.database.is_sqlite:  # which has one writer at a time
            held = select(cases.c.id).where(cases.c.id.in_(sorted(set(ids)))).order_by(cases.c.id).with_for_update()
            await self._uow.execute(held)

    async def set_next_due(self, case_id: int, due_on: date) -> None:
        """Keep the sort key of the queue; no version, because no decision rests on it."""
        changed = update(cases).where(cases.c.id == case_id, cases.c.next_due_on != due_on)
        await self._uow.execute(changed.values(next_due_on=due_on))

    async def add_note(self, case_id: int, body: str, *, author_id: int) -> None:
        """Add a note that officials read; nothing here ever reaches a reporter."""
        await self._uow.execute(
            insert(case_note).values(
                case_id=case_id,
                author_id=author_id,
                body_sealed=self._keys.seal_text(NOTE, body),
                written_at=self._uow.clock.now(),
            )
        )

    async def notes(self, case_id: int) -> list[Note]:
        """What officials noted, oldest first, but for what is covered."""
        over = await self._uow.redactions.over(case_id)
        return [replace(one, body=over.text("note", one.id, one.body)) for one in await self.original_notes(case_id)]

    async def original_notes(self, case_id: int) -> list[Note]:
        """The same with what is covered: to choose what to cover, and for auditors."""
        rows = await self._uow.read(
            select(case_note.c.id, case_note.c.body_sealed, case_note.c.written_at, official.c.display_name)
            .join(official, official.c.id == case_note.c.author_id)
            .where(case_note.c.case_id == case_id)
            .order_by(case_note.c.id)
        )
        return [Note(r.id, r.display_name, self._keys.open_text(NOTE, r.body_sealed), r.written_at) for r in rows]

    async def _units(self, who: Official) -> list[int]:
        """The places that can answer for cases within an official's: all but villages where nobody has a seat.

        Asked first, because a list of ids lets the database walk an index in the order of the page.
        """
        if not who.active:
            return []
        seated = exists().where(official.c.place_path == place.c.path)
        query = select(place.c.id).where(
            within(place, who.place_path), or_(place.c.kind.not_in(("village", "community")), seated)
        )
        return [row.id for row in await self._uow.read(query)]

    async def _places(self, chosen: QueueFilter) -> list[int]:
        if not chosen.place_path:
            return []
        query = select(place.c.id).where(within(place, chosen.place_path))
        return [row.id for row in await self._uow.read(query)]

    def _chosen(self, chosen: QueueFilter, places: list[int]) -> Any:
        conditions: list[Any] = []
        if chosen.states:
            conditions.append(cases.c.state.in_(chosen.states))
        if not chosen.number:
            conditions.append(cases.c.merged_into_id.is_(None))  # a merged case waits behind the other
        if not chosen.states:
            conditions.append(cases.c.state.not_in(sorted(CLOSED_STATES, key=list(CaseState).index)))
        if chosen.flagged is not None:
            conditions.append(cases.c.flagged if chosen.flagged else ~cases.c.flagged)
        if chosen.handler_id is not None:
            conditions.append(cases.c.handler_id == chosen.handler_id)
        if chosen.category:
            conditions.append(in_force(chosen.category))
        if chosen.number:
            whole = len(chosen.number) == len("QF-0000-0000")  # found by its index; a part of one is looked for
            part = cases.c.number.contains(chosen.number, autoescape=True)
            conditions.append(cases.c.number == chosen.number if whole else part)
        if chosen.due_before is not None:
            conditions.append(cases.c.next_due_on < chosen.due_before)
        if chosen.place_path:
            conditions.append(cases.c.place_id.in_(places))
        return and_(true(), *conditions)

    async def _list(
        self, condition: Any, visible_to: Official | None, *, limit: int, order: tuple[Any, ...] = ()
    ) -> list[Case]:
        query = (
            select(
                cases,
                place.c.path.label("place_path"),
                place.c.name.label("place_name"),
                unit.c.path.label("unit_path"),
                unit.c.name.label("unit_name"),
                official.c.display_name.label("handler_name"),
            )
            .join(place, place.c.id == cases.c.place_id)
            .join(unit, unit.c.id == cases.c.unit_id)
            .outerjoin(official, official.c.id == cases.c.handler_id)
            .where(condition)
        )
        if visible_to is not None:
            query = query.where(_visible(visible_to, await self._units(visible_to)))
        rows = await self._uow.read(query.order_by(*(order or (cases.c.id,))).limit(limit))
        flags = await self._uow.flags.of_cases([row.id for row in rows if row.flagged])
        return [_case(row, flags.get(row.id, ())) for row in rows]


def within(table: Any, path: str) -> Any:
    """Whether a place lies in another, by path."""
    return or_(table.c.path == path, table.c.path.startswith(f"{path}/", autoescape=True))


def _fronts(places: list[int], condition: Any, order: tuple[Any, ...], limit: int) -> Any:
    """The ids of the first cases of each place; among them are the first of all these places."""
    parts = [
        select(cases.c.id).where(condition, cases.c.place_id == one).order_by(*order).limit(limit).subquery()
        for one in places
    ]
    return union_all(*(select(part.c.id) for part in parts))


def _behind(after: QueueMark, *, ended: bool) -> Any:
    if ended:
        return or_(cases.c.closed_at < after.sort, and_(cases.c.closed_at == after.sort, cases.c.id < after.case_id))
    return or_(cases.c.next_due_on > after.sort, and_(cases.c.next_due_on == after.sort, cases.c.id > after.case_id))


def _visible(who: Official, units: list[int]) -> Any:
    """Cases that the official's level or one below answers for, without those the official is recused from."""
    mine = select(recusal.c.case_id).where(recusal.c.official_id == who.id)
    return and_(cases.c.unit_id.in_(units), cases.c.id.not_in(mine))


def _case(row: Any, flags: tuple[CaseFlag, ...]) -> Case:
    return Case(
        row.id,
        row.number,
        CaseState(row.state),
        row.sub_status,
        row.round,
        row.place_id,
        row.place_path,
        row.place_name,
        row.unit_id,
        row.unit_path,
        row.unit_name,
        row.person_id,
        row.handler_id,
        row.handler_name,
        row.filed_via,
        row.filed_by,
        NameState(row.name_state),
        row.received_at,
        row.answer_due_on,
        row.next_due_on,
        row.accepted_at,
        row.concluded_at,
        row.told_at,
        row.closed_at,
        row.withdrawn_at,
        row.merged_into_id,
        row.retain_until,
        row.legal_hold,
        row.rule_version,
        row.version,
        flags,
    )
