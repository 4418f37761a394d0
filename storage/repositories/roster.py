"""The weekly duty roster of each unit."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from knowledge.casework.access import HANDLING_ROLES
from storage.repositories.base import Repository
from storage.tables.officials import official, place
from storage.tables.routing import duty_slot


@dataclass(frozen=True, slots=True)
class DutySlot:
    """Hours of a weekday (0 Monday) in which an official takes what comes; minutes of the day, Asia/Shanghai."""

    id: int
    unit_id: int
    official_id: int
    official_name: str
    weekday: int
    from_minute: int
    to_minute: int
    category: str | None


class Roster(Repository):
    """Keeps and asks the roster."""

    async def at(self, unit_id: int, weekday: int, minute: int) -> list[DutySlot]:
        """Who is on duty at a unit at a minute of a weekday: only officials who still may work on its cases."""
        return [
            slot for slot in await self.of_unit(unit_id, weekday=weekday) if slot.from_minute <= minute < slot.to_minute
        ]

    async def of_unit(self, unit_id: int, *, weekday: int | None = None) -> list[DutySlot]:
        """A unit's roster, in order of the week."""
        query = (
            select(duty_slot, official.c.display_name)
            .join(official, official.c.id == duty_slot.c.official_id)
            .join(place, place.c.id == duty_slot.c.unit_id)
            .where(
                duty_slot.c.unit_id == unit_id,
                official.c.active,
                official.c.role.in_(HANDLING_ROLES),
                (place.c.path == official.c.place_path) | place.c.path.startswith(official.c.place_path.concat("/")),
            )
            .order_by(duty_slot.c.weekday, duty_slot.c.from_minute, duty_slot.c.id)
        )
        if weekday is not None:
            query = query.where(duty_slot.c.weekday == weekday)
        return [
            DutySlot(
                row.id,
                row.unit_id,
                row.official_id,
                row.display_name,
                row.weekday,
                row.from_minute,
                row.to_minute,
                row.category,
            )
            for row in await self._uow.read(query)
        ]

    async def add(
        self,
        unit_id: int,
        official_id: int,
        *,
        weekday: int,
        from_minute: int,
        to_minute: int,
        category: str | None = None,
    ) -> None:
        """Put somebody on duty."""
        await self._uow.execute(
            insert(duty_slot).values(
                unit_id=unit_id,
                official_id=official_id,
                weekday=weekday,
                from_minute=from_minute,
                to_minute=to_minute,
                category=category,
            )
        )

    async def remove(self, unit_id: int, slot_id: int) -> bool:
        """Take a slot off a unit's roster; False when it was not on it."""
        result = await self._uow.execute(
            delete(duty_slot).where(duty_slot.c.id == slot_id, duty_slot.c.unit_id == unit_id)
        )
        return bool(result.rowcount)

    async def remove_official(self, official_id: int) -> None:
        """Take everything of an official off the rosters."""
        await self._uow.execute(delete(duty_slot).where(duty_slot.c.official_id == official_id))
