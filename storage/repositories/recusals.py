"""Who must stand back: officials as a report may name them, their declarations, and recusals from cases.

Names of relatives and interests are sealed; they are opened to be compared with a report and shown to nobody but the
official who declared them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.casework.access import HANDLING_ROLES, Role
from knowledge.casework.recusal import Ground, Seat
from knowledge.casework.transfers import levels
from storage.repositories.base import Repository
from storage.tables.cases import cases
from storage.tables.officials import kinship, official, official_alias, place
from storage.tables.routing import case_declaration, recusal

KINSHIP: Final = "official.kinship"


@dataclass(frozen=True, slots=True)
class Kinship:
    """A relative or an interest as its official declared it."""

    id: int
    kind: str
    relation: str
    name: str
    place_id: int | None


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name or a post of an official."""

    id: int
    kind: str
    words: str


class Recusals(Repository):
    """Finds and keeps who stands back."""

    async def seats(self, place_path: str) -> list[Seat]:
        """Every active official of a place and of the levels above it."""
        return await self._seats(official.c.place_path.in_(levels(place_path)))

    async def seats_within(self, place_path: str) -> list[Seat]:
        """Every active official of a place, of the levels above it, and of everything below."""
        below = official.c.place_path.startswith(f"{place_path}/", autoescape=True)
        return await self._seats(or_(official.c.place_path.in_(levels(place_path)), below))

    async def seat_of(self, official_id: int) -> Seat | None:
        """One official as a report may name them."""
        found = await self._seats(official.c.id == official_id)
        return found[0] if found else None

    def recuse(self, case_id: int, official_id: int, ground: Ground = Ground.SELF) -> None:
        """Queue a recusal for this unit of work: for good, and of a handler too."""
        self._uow.append(
            recusal, case_id=case_id, official_id=official_id, ground=ground, declared_at=self._uow.clock.now()
        )

    async def from_case(self, case_id: int) -> frozenset[int]:
        """The officials who stand back from a case."""
        rows = await self._uow.read(select(recusal.c.official_id).where(recusal.c.case_id == case_id))
        return frozenset(row.official_id for row in rows)

    async def grounds(self, case_id: int) -> dict[int, Ground]:
        """Why each of them does."""
        query = select(recusal.c.official_id, recusal.c.ground).where(recusal.c.case_id == case_id)
        return {row.official_id: Ground(row.ground) for row in await self._uow.read(query)}

    async def declare(self, case_id: int, official_id: int, answer: str) -> None:
        """What an official said before the first look: `clear` or `conflict`. A repetition changes nothing."""
        insert_ = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        await self._uow.execute(
            insert_(case_declaration)
            .values(case_id=case_id, official_id=official_id, answer=answer, declared_at=self._uow.clock.now())
            .on_conflict_do_nothing()
        )

    async def has_declared(self, case_id: int, official_id: int) -> bool:
        """Whether an official has said that nothing stands between them and a case."""
        query = select(case_declaration.c.case_id).where(
            case_declaration.c.case_id == case_id,
            case_declaration.c.official_id == official_id,
            case_declaration.c.answer == "clear",
        )
        return bool(await self._uow.read(query))

    async def count_orphans(self) -> int:
        """How many open cases have nobody left: no official of the unit or above who handles cases and may this one."""
        unit = place.alias("unit")
        stands_back = exists().where(recusal.c.case_id == cases.c.id, recusal.c.official_id == official.c.id)
        may = exists().where(
            official.c.active,
            official.c.role.in_(HANDLING_ROLES),
            (unit.c.path == official.c.place_path) | unit.c.path.startswith(official.c.place_path.concat("/")),
            ~stands_back,
        )
        query = (
            select(func.count())
            .select_from(cases.join(unit, unit.c.id == cases.c.unit_id))
            .where(cases.c.closed_at.is_(None), cases.c.merged_into_id.is_(None), ~may)
        )
        return int((await self._uow.read(query))[0][0])

    async def kin_of(self, official_id: int) -> list[Kinship]:
        """What an official declared and has not taken back."""
        query = (
            select(kinship)
            .where(kinship.c.official_id == official_id, kinship.c.removed_at.is_(None))
            .order_by(kinship.c.id)
        )
        return [
            Kinship(row.id, row.kind, row.relation, self._keys.open_text(KINSHIP, row.name_sealed), row.place_id)
            for row in await self._uow.read(query)
        ]

    async def add_kin(
        self, official_id: int, *, kind: str, relation: str, name: str, place_id: int | None = None
    ) -> None:
        """A relative or an interest."""
        await self._uow.execute(
            insert(kinship).values(
                official_id=official_id,
                kind=kind,
                relation=relation,
                name_sealed=self._keys.seal_text(KINSHIP, name),
                place_id=place_id,
                declared_at=self._uow.clock.now(),
            )
        )

    async def remove_kin(self, official_id: int, kin_id: int) -> None:
        """An official takes one of their own lines back; it stays on file."""
        await self._uow.execute(
            update(kinship)
            .where(kinship.c.id == kin_id, kinship.c.official_id == official_id, kinship.c.removed_at.is_(None))
            .values(removed_at=self._uow.clock.now())
        )

    async def confirm_declaration(self, official_id: int) -> None:
        """The official has looked through the list and says that it is complete."""
        await self._uow.execute(
            update(official).where(official.c.id == official_id).values(declared_at=self._uow.clock.now())
        )

    async def declared_at(self, official_id: int) -> datetime | None:
        """When an official last said that the list is complete."""
        rows = await self._uow.read(select(official.c.declared_at).where(official.c.id == official_id))
        declared: datetime | None = rows[0].declared_at if rows else None
        return declared

    async def aliases(self, official_id: int) -> list[Alias]:
        """An official's other names and posts."""
        query = select(official_alias).where(official_alias.c.official_id == official_id).order_by(official_alias.c.id)
        return [Alias(row.id, row.kind, row.words) for row in await self._uow.read(query)]

    async def set_aliases(self, official_id: int, names: Iterable[str], posts: Iterable[str]) -> None:
        """Put an official's other names and posts in place of those on file."""
        await self._uow.execute(delete(official_alias).where(official_alias.c.official_id == official_id))
        rows = [("name", words) for words in names] + [("post", words) for words in posts]
        if rows:
            await self._uow.execute(
                insert(official_alias),
                [{"official_id": official_id, "kind": kind, "words": words} for kind, words in rows],
            )

    async def _seats(self, condition: Any) -> list[Seat]:
        rows = await self._uow.read(select(official).where(official.c.active, condition).order_by(official.c.id))
        ids = [row.id for row in rows]
        words: dict[tuple[int, str], list[str]] = defaultdict(list)
        if ids:
            for row in await self._uow.read(select(official_alias).where(official_alias.c.official_id.in_(ids))):
                words[row.official_id, row.kind].append(row.words)
            kin = (
                select(kinship, place.c.path, place.c.name.label("place_name"))
                .outerjoin(place, place.c.id == kinship.c.place_id)
                .where(kinship.c.official_id.in_(ids), kinship.c.removed_at.is_(None))
            )
            for row in await self._uow.read(kin):
                name = self._keys.open_text(KINSHIP, row.name_sealed)
                if row.path:
                    words[row.official_id, "interest"].append(row.path)
                if name != row.place_name:
                    words[row.official_id, "kin"].append(name)
        return [
            Seat(
                official_id=row.id,
                role=Role(row.role),
                place_path=row.place_path,
                is_head=row.is_head,
                names=(row.display_name, *words[row.id, "name"]),
                posts=tuple(words[row.id, "post"]),
                relatives=tuple(words[row.id, "kin"]),
                interests=tuple(words[row.id, "interest"]),
            )
            for row in rows
        ]
