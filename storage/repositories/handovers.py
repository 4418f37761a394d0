"""Hand-overs: what somebody who leaves had in hand, and who goes on with it. Written once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import insert, or_, select

from storage.repositories.base import Repository
from storage.tables.officials import official
from storage.tables.routing import handover, handover_item

_giver, _taker, _maker = official.alias("giver"), official.alias("taker"), official.alias("maker")
RECENT: Final = 50


class Was(StrEnum):
    """What somebody was to a case they hand over; who investigated it and handled it too was its investigator."""

    HANDLER = "handler"
    INVESTIGATOR = "investigator"


@dataclass(frozen=True, slots=True)
class Handover:
    """One hand-over; `to_id` None: back to the unit's list; `maker_name` None: on the command line."""

    id: int
    from_id: int
    from_name: str
    from_path: str
    to_id: int | None
    to_name: str | None
    maker_name: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class HandoverItem:
    """One case of a hand-over."""

    case_id: int
    was: Was


class Handovers(Repository):
    """Writes and finds hand-overs."""

    async def add(self, from_id: int, to_id: int | None, items: Sequence[HandoverItem], *, by: int | None) -> int:
        """Write one with everything handed over; returns its id."""
        result = await self._uow.execute(
            insert(handover)
            .values(from_official=from_id, to_official=to_id, made_by=by, made_at=self._uow.clock.now())
            .returning(handover.c.id)
        )
        handover_id = int(result.scalar_one())
        if items:
            rows = [{"handover_id": handover_id, "case_id": one.case_id, "was": one.was} for one in items]
            await self._uow.execute(insert(handover_item), rows)
        return handover_id

    async def get(self, handover_id: int) -> Handover | None:
        """One by id."""
        found = await self._list(handover.c.id == handover_id)
        return found[0] if found else None

    async def within(self, place_path: str) -> list[Handover]:
        """The newest ones from or to officials of a place and of everything below it."""
        return await self._list(or_(_in_place(_giver, place_path), _in_place(_taker, place_path)))

    async def items(self, handover_id: int) -> list[HandoverItem]:
        """What was handed over."""
        query = (
            select(handover_item).where(handover_item.c.handover_id == handover_id).order_by(handover_item.c.case_id)
        )
        return [HandoverItem(row.case_id, Was(row.was)) for row in await self._uow.read(query)]

    async def _list(self, condition: Any) -> list[Handover]:
        query = (
            select(
                handover,
                _giver.c.display_name.label("from_name"),
                _giver.c.place_path.label("from_path"),
                _taker.c.display_name.label("to_name"),
                _maker.c.display_name.label("maker_name"),
            )
            .join(_giver, _giver.c.id == handover.c.from_official)
            .outerjoin(_taker, _taker.c.id == handover.c.to_official)
            .outerjoin(_maker, _maker.c.id == handover.c.made_by)
            .where(condition)
            .order_by(handover.c.id.desc())
            .limit(RECENT)
        )
        return [
            Handover(
                row.id,
                row.from_official,
                row.from_name,
                row.from_path,
                row.to_official,
                row.to_name,
                row.maker_name,
                row.made_at,
            )
            for row in await self._uow.read(query)
        ]


def _in_place(who: Any, place_path: str) -> Any:
    return or_(who.c.place_path == place_path, who.c.place_path.startswith(f"{place_path}/", autoescape=True))
