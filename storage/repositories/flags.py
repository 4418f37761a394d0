"""Must-investigate flags: raised once, never taken off but by two people of a higher level.

A flag in force is one without an approved removal. `cases.flagged` says whether there is any; triggers keep it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, exists, insert, select, update

from storage.repositories.base import Repository
from storage.tables.cases import case_flag, cases, flag_removal

INPUTS: Final = "case.flag"
REMOVAL: Final = "case.flag_removal"


@dataclass(frozen=True, slots=True)
class CaseFlag:
    """Why a case must be investigated."""

    category: str
    reasons: tuple[str, ...]
    rule_version: str


@dataclass(frozen=True, slots=True)
class FlagRemoval:
    """Somebody above asks that a flag be lowered; a second person decides."""

    id: int
    case_id: int
    category: str
    reason: str
    asked_by: int
    asked_at: datetime
    decision: str | None
    decided_by: int | None


class Flags(Repository):
    """Raises flags and keeps what is asked about them."""

    def raise_flag(self, case_id: int, flag: CaseFlag, inputs: dict[str, Any], *, by: int | None = None) -> None:
        """Queue a flag for this unit of work; `by` is the official who raised it, None a rule."""
        self._uow.append(
            case_flag,
            case_id=case_id,
            category=flag.category,
            reasons_sealed=self._keys.seal_text(INPUTS, json.dumps(flag.reasons, ensure_ascii=False)),
            rule_version=flag.rule_version,
            inputs_sealed=self._keys.seal_text(INPUTS, json.dumps(inputs, ensure_ascii=False)),
            raised_at=self._uow.clock.now(),
            raised_by=by,
        )

    async def of_cases(self, ids: Sequence[int]) -> dict[int, tuple[CaseFlag, ...]]:
        """The flags in force of some cases."""
        if not ids:
            return {}
        found: dict[int, tuple[CaseFlag, ...]] = {}
        query = (
            select(case_flag)
            .where(case_flag.c.case_id.in_(ids), ~_removed(case_flag))
            .order_by(case_flag.c.case_id, case_flag.c.category)
        )
        for row in await self._uow.read(query):
            found[row.case_id] = (*found.get(row.case_id, ()), open_flag(self._keys, row))
        for case_id, over in (await self._uow.redactions.over_all(list(found))).items():
            found[case_id] = tuple(  # reasons repeat words of the report
                replace(one, reasons=tuple(over.clause(reason) for reason in one.reasons)) for one in found[case_id]
            )
        return found

    async def ever_raised(self, case_id: int) -> frozenset[str]:
        """Every category that was ever raised on a case, lowered ones included."""
        rows = await self._uow.read(select(case_flag.c.category).where(case_flag.c.case_id == case_id))
        return frozenset(row.category for row in rows)

    async def inputs(self, case_id: int) -> dict[str, dict[str, Any]]:
        """What each rule saw when it raised its flag: category -> inputs."""
        query = select(case_flag.c.category, case_flag.c.inputs_sealed).where(case_flag.c.case_id == case_id)
        return {
            row.category: json.loads(self._keys.open_text(INPUTS, row.inputs_sealed))
            for row in await self._uow.read(query)
        }

    async def kept(self, case_id: int) -> list[tuple[CaseFlag, dict[str, Any]]]:
        """Every flag that was ever raised on a case, lowered ones included, with what its rule saw."""
        rows = await self._uow.read(
            select(case_flag).where(case_flag.c.case_id == case_id).order_by(case_flag.c.category)
        )
        return [
            (open_flag(self._keys, row), json.loads(self._keys.open_text(INPUTS, row.inputs_sealed))) for row in rows
        ]

    async def ask_removal(self, case_id: int, category: str, reason: str, *, by: int) -> int:
        """Write down that a flag should be lowered, and why; returns the request's id.

        Raises:
            RuleRefused: The case has ended, or was merged.
        """
        result = await self._uow.execute(
            insert(flag_removal)
            .values(
                case_id=case_id,
                category=category,
                reason_sealed=self._keys.seal_text(REMOVAL, reason),
                asked_by=by,
                asked_at=self._uow.clock.now(),
            )
            .returning(flag_removal.c.id)
        )
        return int(result.scalar_one())

    async def decide_removal(self, removal_id: int, decision: str, *, by: int) -> None:
        """A second person says `approved` or `refused`.

        Raises:
            RuleRefused: Not two people of a higher level, or one of them stands back.
        """
        await self._uow.execute(
            update(flag_removal)
            .where(flag_removal.c.id == removal_id)
            .values(decision=decision, decided_by=by, decided_at=self._uow.clock.now())
        )

    async def undo_removal(self, case_id: int, category: str) -> bool:
        """Put a lowered flag back; False when it was not lowered."""
        result = await self._uow.execute(
            update(flag_removal)
            .where(
                flag_removal.c.case_id == case_id,
                flag_removal.c.category == category,
                flag_removal.c.decision == "approved",
                flag_removal.c.undone_at.is_(None),
            )
            .values(undone_at=self._uow.clock.now())
        )
        return bool(result.rowcount)

    async def removals(self, case_id: int) -> list[FlagRemoval]:
        """What was asked about a case's flags, oldest first."""
        rows = await self._uow.read(
            select(flag_removal).where(flag_removal.c.case_id == case_id).order_by(flag_removal.c.id)
        )
        return [
            FlagRemoval(
                row.id,
                row.case_id,
                row.category,
                self._keys.open_text(REMOVAL, row.reason_sealed),
                row.asked_by,
                row.asked_at,
                row.decision,
                row.decided_by,
            )
            for row in rows
        ]


def open_flag(keys: Any, row: Any) -> CaseFlag:
    """A flag from its row."""
    reasons = json.loads(keys.open_text(INPUTS, row.reasons_sealed))
    return CaseFlag(row.category, tuple(reasons), row.rule_version)


def in_force(category: str) -> Any:
    """A condition on `cases`: the case carries this flag."""
    return exists().where(case_flag.c.case_id == cases.c.id, case_flag.c.category == category, ~_removed(case_flag))


def _removed(flag: Any) -> Any:
    return exists().where(
        and_(
            flag_removal.c.case_id == flag.c.case_id,
            flag_removal.c.category == flag.c.category,
            flag_removal.c.decision == "approved",
            flag_removal.c.undone_at.is_(None),
        )
    )
