"""What ties cases to each other: links, and merges that can be undone.

What a newcomer gets wrong: to show a link because one end may be seen. Both ends must be; whoever reads for an
official asks for the other ends again, through `visible_to`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, or_, select, update

from storage.repositories.base import Repository
from storage.tables.cases import case_link, case_merge
from storage.tables.officials import official

MERGE: Final = "case.merge"
MASS: Final = "mass"
#: Kinds of links that officials make and undo.
BY_HAND: Final = ("related", "duplicate")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as seen from one of its ends; `maker` is None for the mass-reaction rule."""

    id: int
    kind: str
    other_id: int
    maker: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Merge:
    """A case that waits behind another one. `clocks` are those that were stopped for it, by id."""

    id: int
    case_id: int
    into_id: int
    reason: str
    clocks: tuple[int, ...]
    merged_by: str
    merged_at: datetime


class Links(Repository):
    """Makes, undoes and finds links and merges."""

    async def make(self, one_id: int, other_id: int, kind: str, *, by: int | None) -> None:
        """Link two cases; `by` is None for the mass-reaction rule."""
        first, second = sorted((one_id, other_id))
        await self._uow.execute(
            insert(case_link).values(
                one_id=first, other_id=second, kind=kind, made_by=by, made_at=self._uow.clock.now()
            )
        )

    async def undo(self, link_id: int) -> None:
        """Take a link back; it stays on file."""
        await self._uow.execute(
            update(case_link).where(case_link.c.id == link_id).values(undone_at=self._uow.clock.now())
        )

    async def of_case(self, case_id: int) -> list[Link]:
        """The links of a case that are in force, oldest first."""
        return (await self.of_cases([case_id])).get(case_id, [])

    async def of_cases(self, ids: Sequence[int]) -> dict[int, list[Link]]:
        """The links of some cases that are in force, oldest first."""
        found: dict[int, list[Link]] = {case_id: [] for case_id in ids}
        if not ids:
            return found
        rows = await self._uow.read(
            select(case_link, official.c.display_name)
            .outerjoin(official, official.c.id == case_link.c.made_by)
            .where(or_(case_link.c.one_id.in_(ids), case_link.c.other_id.in_(ids)), case_link.c.undone_at.is_(None))
            .order_by(case_link.c.id)
        )
        for row in rows:
            for here, there in ((row.one_id, row.other_id), (row.other_id, row.one_id)):
                if here in found:
                    found[here].append(Link(row.id, row.kind, there, row.display_name, row.made_at))
        return found

    async def merge(self, case_id: int, into_id: int, reason: str, clocks: Sequence[int], *, by: int) -> None:
        """Write down that a case is handled with another one, why, and which clocks stand still for it."""
        sealed = self._keys.seal_text(MERGE, json.dumps({"reason": reason, "clocks": list(clocks)}, ensure_ascii=False))
        await self._uow.execute(
            insert(case_merge).values(
                case_id=case_id, into_id=into_id, reason_sealed=sealed, merged_by=by, merged_at=self._uow.clock.now()
            )
        )

    async def merge_of(self, case_id: int) -> Merge | None:
        """How a case came to wait behind another one; None for one that does not."""
        rows = await self._uow.read(
            select(case_merge, official.c.display_name)
            .join(official, official.c.id == case_merge.c.merged_by)
            .where(case_merge.c.case_id == case_id, case_merge.c.undone_at.is_(None))
            .order_by(case_merge.c.id.desc())
            .limit(1)
        )
        return self._merge(rows[0]) if rows else None

    async def undo_merge(self, merge_id: int, *, by: int) -> None:
        """Write down that a case is on its own again."""
        await self._uow.execute(
            update(case_merge).where(case_merge.c.id == merge_id).values(undone_by=by, undone_at=self._uow.clock.now())
        )

    def _merge(self, row: Any) -> Merge:
        kept = json.loads(self._keys.open_text(MERGE, row.reason_sealed))
        return Merge(
            row.id, row.case_id, row.into_id, kept["reason"], tuple(kept["clocks"]), row.display_name, row.merged_at
        )
