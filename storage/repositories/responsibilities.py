"""Who answers for places, who stands in for whom, difficulty, plans, and accountability records."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, insert, or_, select, true, update

from storage.errors import StaleVersion
from storage.repositories.base import Repository
from storage.tables.officials import official, place
from storage.tables.responsibility import absence, accountability, difficulty, responsibility, village_plan

NOTE: Final = "election.difficulty"
PLAN: Final = "election.plan"
ACCOUNT: Final = "election.account"
_DEPUTY: Final = official.alias("deputy")


@dataclass(frozen=True, slots=True)
class Answers:
    """Somebody who answers for a place at a level; `until_on` is None while they do."""

    id: int
    place_id: int
    level: str
    name: str
    post: str
    official_id: int | None
    from_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True)
class Absence:
    """An official who is away, both days included, and who stands in."""

    id: int
    official_id: int
    official_name: str
    kind: str
    from_on: date
    until_on: date
    deputy_id: int
    deputy_name: str


@dataclass(frozen=True, slots=True)
class Judged:
    """How difficult somebody found a place."""

    place_id: int
    grade: str
    factors: tuple[str, ...]
    note: str
    judged_by: int
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of a village's plan: what, who, by when."""

    what: str
    who: str
    due_on: date


@dataclass(frozen=True, slots=True)
class VillagePlan:
    """One village, one plan, in its newest version."""

    place_id: int
    version: int
    leader: str
    measures: tuple[Measure, ...]
    from_on: date
    until_on: date
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """That somebody was held to account, by whom and by which document."""

    id: int
    place_id: int
    level: str
    ground: str
    measure: str
    decided_on: date
    who: str
    organ: str
    document: str
    what: str


class Responsibilities(Repository):
    """Keeps who answers; history stays."""

    async def answering(self, place_ids: Collection[int]) -> list[Answers]:
        """Who answers for some places now."""
        return await self._answers(responsibility.c.place_id.in_(place_ids), responsibility.c.until_on.is_(None))

    async def history(self, place_id: int) -> list[Answers]:
        """Everybody who ever answered for a place, newest first."""
        return (await self._answers(responsibility.c.place_id == place_id))[::-1]

    async def assign(
        self, place_id: int, level: str, *, name: str, post: str, official_id: int | None, from_on: date, by: int
    ) -> int:
        """Let somebody answer for a place at a level; whoever did ends the day before, or on the same day.

        Raises:
            StaleVersion: Somebody was entered for it at the same moment.
        """
        await self._uow.begin()
        open_row = (
            responsibility.c.place_id == place_id,
            responsibility.c.level == level,
            responsibility.c.until_on.is_(None),
        )
        for one in await self._answers(*open_row):
            ended = max(one.from_on, from_on)
            await self._uow.execute(update(responsibility).where(responsibility.c.id == one.id).values(until_on=ended))
        new = self._insert_unless_there(
            responsibility,
            place_id=place_id,
            level=level,
            name=name,
            post=post,
            official_id=official_id,
            from_on=from_on,
            entered_by=by,
            entered_at=self._uow.clock.now(),
        )
        made = (await self._uow.execute(new.returning(responsibility.c.id))).scalar_one_or_none()
        if made is None:
            raise StaleVersion(f"place/{place_id}")
        return int(made)

    async def add_absence(
        self, official_id: int, *, kind: str, from_on: date, until_on: date, deputy_id: int, by: int
    ) -> int:
        """Somebody is away, both days included.

        Raises:
            RuleRefused: The deputy is the absent one, is away too, or the official is away already.
        """
        made = await self._uow.execute(
            insert(absence)
            .values(
                official_id=official_id,
                kind=kind,
                from_on=from_on,
                until_on=until_on,
                deputy_id=deputy_id,
                entered_by=by,
                entered_at=self._uow.clock.now(),
            )
            .returning(absence.c.id)
        )
        return int(made.scalar_one())

    async def end_absence(self, absence_id: int, on: date) -> None:
        """Somebody came back earlier: `on` is the last day away."""
        await self._uow.execute(
            update(absence).where(absence.c.id == absence_id, absence.c.until_on > on).values(until_on=on)
        )

    async def absences(self, place_path: str = "", *, from_on: date) -> list[Absence]:
        """Who of a place and below (of all places when none is named) is away, or will be, from a day on."""
        below = official.c.place_path.startswith(f"{place_path}/", autoescape=True)
        within = or_(official.c.place_path == place_path, below) if place_path else true()
        query = (
            select(absence, official.c.display_name, _DEPUTY.c.display_name.label("deputy_name"))
            .join(official, official.c.id == absence.c.official_id)
            .join(_DEPUTY, _DEPUTY.c.id == absence.c.deputy_id)
            .where(within, absence.c.until_on >= from_on)
            .order_by(absence.c.from_on, absence.c.id)
        )
        return [
            Absence(
                row.id,
                row.official_id,
                row.display_name,
                row.kind,
                row.from_on,
                row.until_on,
                row.deputy_id,
                row.deputy_name,
            )
            for row in await self._uow.read(query)
        ]

    async def deputies(self, on: date) -> dict[int, int]:
        """Who stands in for whom on a day: absent official -> the deputy who is there."""
        away = (absence.c.from_on <= on, absence.c.until_on >= on)
        rows = await self._uow.read(select(absence.c.official_id, absence.c.deputy_id).where(*away))
        direct = {row.official_id: row.deputy_id for row in rows}
        found: dict[int, int] = {}
        for one, first in direct.items():
            deputy, seen = first, {one}
            while deputy in direct and deputy not in seen:
                seen.add(deputy)
                deputy = direct[deputy]
            found[one] = deputy
        return found

    async def judge(
        self, place_id: int, *, grade: str, factors: Collection[str], note: str, rules_version: str, by: int
    ) -> None:
        """Write down how difficult a place is; what was written before stays."""
        await self._uow.execute(
            insert(difficulty).values(
                place_id=place_id,
                grade=grade,
                factors=list(factors),
                note_sealed=self._keys.seal_text(NOTE, note),
                rules_version=rules_version,
                judged_by=by,
                judged_at=self._uow.clock.now(),
            )
        )

    async def judged(self, place_ids: Collection[int]) -> dict[int, Judged]:
        """The newest judgement of some places."""
        newest = select(func.max(difficulty.c.id)).where(difficulty.c.place_id.in_(place_ids))
        rows = await self._uow.read(
            select(difficulty).where(difficulty.c.id.in_(newest.group_by(difficulty.c.place_id)))
        )
        return {
            row.place_id: Judged(
                row.place_id,
                row.grade,
                tuple(row.factors),
                self._keys.open_text(NOTE, row.note_sealed),
                row.judged_by,
                row.judged_at,
            )
            for row in rows
        }

    async def write_plan(self, plan: VillagePlan, *, by: int) -> None:
        """A new version of a village's plan.

        Raises:
            StaleVersion: Somebody wrote this version before.
        """
        measures = [[one.what, one.who, one.due_on.isoformat()] for one in plan.measures]
        new = self._insert_unless_there(
            village_plan,
            place_id=plan.place_id,
            version=plan.version,
            leader=plan.leader,
            measures_sealed=self._keys.seal_text(PLAN, json.dumps(measures, ensure_ascii=False)),
            from_on=plan.from_on,
            until_on=plan.until_on,
            written_by=by,
            written_at=self._uow.clock.now(),
        )
        if (await self._uow.execute(new.returning(village_plan.c.id))).scalar_one_or_none() is None:
            raise StaleVersion(f"place/{plan.place_id}")

    async def plans(self, place_ids: Collection[int]) -> dict[int, VillagePlan]:
        """The newest plan of some places."""
        newest = select(func.max(village_plan.c.id)).where(village_plan.c.place_id.in_(place_ids))
        rows = await self._uow.read(
            select(village_plan).where(village_plan.c.id.in_(newest.group_by(village_plan.c.place_id)))
        )
        return {
            row.place_id: VillagePlan(
                row.place_id,
                row.version,
                row.leader,
                tuple(
                    Measure(what, who, date.fromisoformat(due))
                    for what, who, due in json.loads(self._keys.open_text(PLAN, row.measures_sealed))
                ),
                row.from_on,
                row.until_on,
                row.written_at,
            )
            for row in rows
        }

    async def hold_to_account(
        self,
        place_id: int,
        *,
        level: str,
        ground: str,
        measure: str,
        decided_on: date,
        words: tuple[str, str, str, str],
        by: int,
    ) -> int:
        """Record a decision of an organ: `words` are who, organ, document, what happened."""
        made = await self._uow.execute(
            insert(accountability)
            .values(
                place_id=place_id,
                level=level,
                ground=ground,
                measure=measure,
                decided_on=decided_on,
                words_sealed=self._keys.seal_text(ACCOUNT, json.dumps(words, ensure_ascii=False)),
                recorded_by=by,
                recorded_at=self._uow.clock.now(),
            )
            .returning(accountability.c.id)
        )
        return int(made.scalar_one())

    async def accounts(self, place_id: int) -> list[Account]:
        """Who was held to account for a place, newest first."""
        query = select(accountability).where(accountability.c.place_id == place_id)
        rows = await self._uow.read(query.order_by(accountability.c.id.desc()))
        return [
            Account(
                row.id,
                row.place_id,
                row.level,
                row.ground,
                row.measure,
                row.decided_on,
                *json.loads(self._keys.open_text(ACCOUNT, row.words_sealed)),
            )
            for row in rows
        ]

    async def _answers(self, *conditions: object) -> list[Answers]:
        query = select(responsibility).join(place, place.c.id == responsibility.c.place_id)
        rows = await self._uow.read(query.where(*conditions).order_by(responsibility.c.id))  # type: ignore[arg-type]
        return [
            Answers(
                row.id,
                row.place_id,
                row.level,
                row.name,
                row.post,
                row.official_id,
                row.from_on,
                row.until_on,
            )
            for row in rows
        ]
