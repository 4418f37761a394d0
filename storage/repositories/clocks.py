"""The clocks of cases: facts, from which a due date is reckoned on reading (knowledge.casework.clocks).

`due_on` and `cases.next_due_on` are what the dates were when last looked at: sort keys, and how a changed calendar is
noticed.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import case, func, insert, literal, select, update

from knowledge.casework.lifecycle import CLOSED_STATES, CaseState
from storage.repositories.base import Repository
from storage.tables.cases import cases
from storage.tables.deadlines import case_clock, clock_pause
from storage.tables.officials import official

PAUSE: Final = "case.clock"


@dataclass(frozen=True, slots=True)
class PauseRow:
    """A stretch of days that do not count, and why."""

    id: int
    from_on: date
    until_on: date
    reason: str
    paused_by: int
    who: str = ""


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One clock of a case as it stands in the database.

    `moved_from` is the date it had before a changed calendar moved it; `extender` who gave it its extension.
    """

    id: int
    case_id: int
    round: int
    kind: str
    about: int
    started_on: date
    limit_on: date | None
    stopped_on: date | None
    extended_by: int | None
    extended_at: datetime | None
    extension: str | None
    due_on: date
    moved_from: date | None = None
    extender: str = ""
    pauses: tuple[PauseRow, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether it still counts."""
        return self.stopped_on is None


@dataclass(frozen=True, slots=True)
class Standing:
    """As much of a case as its clocks depend on; `handled` says that somebody with an open seat handles it."""

    round: int
    next_due_on: date
    is_open: bool
    handled: bool


class Clocks(Repository):
    """Starts, stops and finds clocks."""

    def start(
        self,
        case_id: int,
        *,
        kind: str,
        started_on: date,
        due_on: date,
        round_number: int = 1,
        about: int = 0,
        limit_on: date | None = None,
    ) -> int:
        """Queue a new clock for this unit of work; returns its id."""
        clock_id = self._uow.ids.next()
        self._uow.append(
            case_clock,
            id=clock_id,
            case_id=case_id,
            round=round_number,
            kind=kind,
            about=about,
            started_on=started_on,
            limit_on=limit_on,
            due_on=due_on,
        )
        return clock_id

    def go_on(self, clock: ClockRow, due_on: date) -> int:
        """Queue a clock that goes on where a stopped one was, from its first day; returns its id.

        What was extended stays extended; pauses are given again by whoever starts it.
        """
        sealed = self._keys.seal_text(PAUSE, clock.extension) if clock.extension is not None else None
        clock_id = self._uow.ids.next()
        self._uow.append(
            case_clock,
            id=clock_id,
            case_id=clock.case_id,
            round=clock.round,
            kind=clock.kind,
            about=clock_id,
            started_on=clock.started_on,
            limit_on=clock.limit_on,
            extended_by=clock.extended_by,
            extended_at=clock.extended_at,
            extension_sealed=sealed,
            due_on=due_on,
        )
        return clock_id

    async def stop(self, case_id: int, kind: str, on: date, *, about: int | None = None) -> int:
        """Stop the running clocks of a kind; returns how many."""
        running = update(case_clock).where(
            case_clock.c.case_id == case_id, case_clock.c.kind == kind, case_clock.c.stopped_on.is_(None)
        )
        if about is not None:
            running = running.where(case_clock.c.about == about)
        # A machine whose clock was set back does not stop anything before it began.
        stopped_on = case((case_clock.c.started_on > on, case_clock.c.started_on), else_=literal(on))
        result = await self._uow.execute(running.values(stopped_on=stopped_on))
        return int(result.rowcount)

    async def standing(self, case_id: int) -> Standing | None:
        """What the clocks of a case depend on; None for no case."""
        query = (
            select(cases.c.round, cases.c.next_due_on, cases.c.state, cases.c.merged_into_id, official.c.active)
            .outerjoin(official, official.c.id == cases.c.handler_id)
            .where(cases.c.id == case_id)
        )
        for row in await self._uow.read(query):
            is_open = CaseState(row.state) not in CLOSED_STATES and row.merged_into_id is None
            return Standing(row.round, row.next_due_on, is_open, bool(row.active))
        return None

    async def of_cases(self, ids: Sequence[int]) -> dict[int, tuple[ClockRow, ...]]:
        """All clocks of some cases, oldest first."""
        return await self._grouped(case_clock.c.case_id.in_(ids)) if ids else {}

    async def of_case(self, case_id: int) -> tuple[ClockRow, ...]:
        """All clocks of a case, oldest first."""
        return (await self.of_cases([case_id])).get(case_id, ())

    async def with_running(self, *, after: int, limit: int) -> list[int]:
        """Cases with a clock that counts, by id, behind a case; they stay as they are until the commit."""
        runs = select(case_clock.c.case_id).where(case_clock.c.stopped_on.is_(None), case_clock.c.case_id > after)
        ids = [row.case_id for row in await self._uow.read(runs.distinct().order_by("case_id").limit(limit))]
        held = select(cases.c.id).where(cases.c.id.in_(ids)).order_by(cases.c.id).with_for_update()
        return [row.id for row in await self._uow.read(held)] if ids else []

    async def furthest(self, kinds: Sequence[str]) -> date | None:
        """The latest date of a running clock of some kinds."""
        query = select(func.max(case_clock.c.due_on).label("day")).where(
            case_clock.c.stopped_on.is_(None), case_clock.c.kind.in_(kinds)
        )
        found: date | None = (await self._uow.read(query))[0].day
        return found

    async def move(self, clock: ClockRow, due_on: date) -> bool:
        """Put a running clock on another date because the calendar changed; False when somebody moved it meanwhile."""
        moved = (
            update(case_clock)
            .where(case_clock.c.id == clock.id, case_clock.c.due_on == clock.due_on, case_clock.c.stopped_on.is_(None))
            .values(due_on=due_on, moved_from=clock.due_on)
        )
        return bool((await self._uow.execute(moved)).rowcount)

    async def extend(self, clock_id: int, *, by: int, reason: str, due_on: date) -> None:
        """Give a clock its one extension.

        Raises:
            RuleRefused: It had one, or this official may not give it.
        """
        await self._uow.execute(
            update(case_clock)
            .where(case_clock.c.id == clock_id)
            .values(
                extended_by=by,
                extended_at=self._uow.clock.now(),
                extension_sealed=self._keys.seal_text(PAUSE, reason),
                due_on=due_on,
                moved_from=None,
            )
        )

    async def pause(self, clock_id: int, *, from_on: date, until_on: date, reason: str, by: int, due_on: date) -> None:
        """Let some days not count.

        Raises:
            RuleRefused: The clock does not stand still, or not any more, or these days were paused before.
        """
        await self._uow.execute(
            insert(clock_pause).values(
                clock_id=clock_id,
                from_on=from_on,
                until_on=until_on,
                reason_sealed=self._keys.seal_text(PAUSE, reason),
                paused_by=by,
                paused_at=self._uow.clock.now(),
            )
        )
        await self._set_due(clock_id, due_on)

    async def end_pause(self, pause: PauseRow, clock_id: int, *, until_on: date, due_on: date) -> None:
        """Let days count again earlier than was said."""
        await self._uow.execute(update(clock_pause).where(clock_pause.c.id == pause.id).values(until_on=until_on))
        await self._set_due(clock_id, due_on)

    async def _set_due(self, clock_id: int, due_on: date) -> None:
        changed = update(case_clock).where(case_clock.c.id == clock_id)
        await self._uow.execute(changed.values(due_on=due_on, moved_from=None))

    async def _grouped(self, condition: Any) -> dict[int, tuple[ClockRow, ...]]:
        query = (
            select(case_clock, official.c.display_name)
            .outerjoin(official, official.c.id == case_clock.c.extended_by)
            .where(condition)
            .order_by(case_clock.c.id)
        )
        rows = await self._uow.read(query)
        pauses = await self._pauses([row.id for row in rows])
        found: dict[int, list[ClockRow]] = defaultdict(list)
        for row in rows:
            found[row.case_id].append(self._clock(row, tuple(pauses.get(row.id, ()))))
        return {case_id: tuple(clocks) for case_id, clocks in found.items()}

    async def _pauses(self, ids: list[int]) -> dict[int, list[PauseRow]]:
        found: dict[int, list[PauseRow]] = defaultdict(list)
        if not ids:
            return found
        query = (
            select(clock_pause, official.c.display_name)
            .join(official, official.c.id == clock_pause.c.paused_by)
            .where(clock_pause.c.clock_id.in_(ids))
            .order_by(clock_pause.c.from_on)
        )
        for row in await self._uow.read(query):
            reason = self._keys.open_text(PAUSE, row.reason_sealed)
            found[row.clock_id].append(
                PauseRow(row.id, row.from_on, row.until_on, reason, row.paused_by, row.display_name)
            )
        return found

    def _clock(self, row: Any, pauses: tuple[PauseRow, ...]) -> ClockRow:
        return ClockRow(
            row.id,
            row.case_id,
            row.round,
            row.kind,
            row.about,
            row.started_on,
            row.limit_on,
            row.stopped_on,
            row.extended_by,
            row.extended_at,
            self._keys.open_text(PAUSE, row.extension_sealed) if row.extension_sealed else None,
            row.due_on,
            row.moved_from,
            row.display_name or "",
            pauses,
        )
