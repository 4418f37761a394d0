"""Counties, towns, villages and communities."""

from dataclasses import dataclass

from sqlalchemy import insert, select

from storage.repositories.base import Repository
from storage.tables.officials import place


@dataclass(frozen=True, slots=True)
class Place:
    """A place; its path begins with the path of the place it belongs to."""

    id: int
    path: str
    kind: str
    name: str


class Places(Repository):
    """Finds and adds places."""

    async def add(self, *, path: str, kind: str, name: str) -> Place:
        """A new place."""
        result = await self._uow.execute(insert(place).values(path=path, kind=kind, name=name).returning(place.c.id))
        return Place(result.scalar_one(), path, kind, name)

    async def get(self, place_id: int) -> Place | None:
        """A place by id."""
        return await self._one(place.c.id == place_id)

    async def by_path(self, path: str) -> Place | None:
        """A place by path."""
        return await self._one(place.c.path == path)

    async def within(self, path: str, *, kinds: tuple[str, ...] = ()) -> list[Place]:
        """A place and all that belongs to it, by path."""
        query = select(place).where((place.c.path == path) | place.c.path.startswith(f"{path}/", autoescape=True))
        if kinds:
            query = query.where(place.c.kind.in_(kinds))
        return [Place(*row) for row in await self._uow.read(query.order_by(place.c.path))]

    async def all_of(self, *kinds: str) -> list[Place]:
        """Every place of some kinds."""
        return [
            Place(*r) for r in await self._uow.read(select(place).where(place.c.kind.in_(kinds)).order_by(place.c.path))
        ]

    async def _one(self, condition: object) -> Place | None:
        rows = await self._uow.read(select(place).where(condition))  # type: ignore[arg-type]
        return Place(*rows[0]) if rows else None
