"""Who wants to hear of a village's election; how to write to them stands sealed with the person."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, delete, func, select

from storage.repositories.base import Repository
from storage.tables.officials import place
from storage.tables.reminders import subscription


class Subscriptions(Repository):
    """Keeps subscriptions; one that ends is forgotten."""

    async def add(self, person_id: int, place_id: int) -> bool:
        """Subscribe somebody; False when they were subscribed before."""
        values = {"person_id": person_id, "place_id": place_id, "since_at": self._uow.clock.now()}
        result = await self._uow.execute(self._insert_unless_there(subscription, **values))
        return bool(result.rowcount)

    async def end(self, person_id: int, place_id: int | None = None) -> int:
        """End a subscription, or all of somebody's; returns how many there were."""
        mine = subscription.c.person_id == person_id
        if place_id is not None:
            mine &= subscription.c.place_id == place_id
        return (await self._uow.execute(delete(subscription).where(mine))).rowcount

    async def of(self, person_id: int) -> list[tuple[int, str]]:
        """The places somebody is subscribed to: id and name."""
        rows = await self._uow.read(
            select(place.c.id, place.c.name)
            .join(subscription, subscription.c.place_id == place.c.id)
            .where(subscription.c.person_id == person_id)
            .order_by(place.c.path)
        )
        return [(row.id, row.name) for row in rows]

    async def among(self, person_ids: Iterable[int]) -> set[tuple[int, int]]:
        """What some people are subscribed to: person and place."""
        query = select(subscription.c.person_id, subscription.c.place_id)
        rows = await self._uow.read(query.where(subscription.c.person_id.in_(sorted(set(person_ids)))))
        return {(row.person_id, row.place_id) for row in rows}

    async def within(self, place_path: str) -> list[tuple[str, int]]:
        """How many people a place's villages and communities have, by name; each person once, at their first place."""
        first = first_places(place_path).subquery()
        rows = await self._uow.read(
            select(place.c.name, func.count().label("people"))
            .join(first, first.c.place_id == place.c.id)
            .group_by(place.c.path, place.c.name)
            .order_by(place.c.path)
        )
        return [(row.name, row.people) for row in rows]


def first_places(place_path: str) -> Select[Any]:
    """Everybody subscribed within a place, once: person and place."""
    inside = (place.c.path == place_path) | place.c.path.startswith(f"{place_path}/", autoescape=True)
    return (
        select(subscription.c.person_id, func.min(subscription.c.place_id).label("place_id"))
        .join(place, place.c.id == subscription.c.place_id)
        .where(inside)
        .group_by(subscription.c.person_id)
    )
