"""Official texts of laws, as this deployment imported them.

What a newcomer gets wrong: nothing is looked up article by article. `LawTexts` holds the newest import of every law
in memory and asks the database only whether there is a newer one; many chats share that one small question.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.batched_reads import BatchedRead
from storage.engine import Database
from storage.repositories.base import Repository
from storage.tables.laws import law_article, law_import

_NEWEST: Final = "newest"


@dataclass(frozen=True, slots=True)
class LawImport:
    """One import: which law in which version, from which file. `sha256` is that of the file as handed over."""

    id: int
    law_id: str
    version: str
    sha256: str
    file_name: str
    articles: int
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class ImportedText:
    """The newest import of a law with its articles by number (`18`, `253-1`)."""

    imported: LawImport
    articles: Mapping[str, str] = field(repr=False)


class LawTexts:
    """The imported texts by law id, read again only after another import."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._newest = BatchedRead(database, _newest_import)
        self._known = 0
        self._texts: Mapping[str, ImportedText] = MappingProxyType({})

    async def by_law(self) -> Mapping[str, ImportedText]:
        """Every law's text as last imported and committed; a law without one is not in it."""
        newest = await self._newest.load(_NEWEST) or 0
        if newest != self._known:
            async with self._database.reading() as connection:
                self._texts = MappingProxyType(await _read(connection, newest))
            self._known = newest
        return self._texts


async def _newest_import(connection: AsyncConnection, keys: list[str]) -> dict[str, int]:
    newest = (await connection.execute(select(func.max(law_import.c.id)))).scalar_one()
    return {} if newest is None else dict.fromkeys(keys, int(newest))


async def _read(connection: AsyncConnection, newest: int) -> dict[str, ImportedText]:
    imports = await connection.execute(select(law_import).where(law_import.c.id <= newest).order_by(law_import.c.id))
    latest = {row.law_id: _import(row) for row in imports}
    articles: dict[int, dict[str, str]] = {one.id: {} for one in latest.values()}
    for row in await connection.execute(select(law_article).where(law_article.c.import_id.in_(articles))):
        articles[row.import_id][row.article] = row.text
    return {
        law_id: ImportedText(imported, MappingProxyType(articles[imported.id])) for law_id, imported in latest.items()
    }


class Laws(Repository):
    """Writes imports and finds the last one."""

    async def latest(self, law_id: str) -> LawImport | None:
        """The newest import of a law."""
        query = select(law_import).where(law_import.c.law_id == law_id).order_by(law_import.c.id.desc()).limit(1)
        rows = await self._uow.read(query)
        return _import(rows[0]) if rows else None

    async def add(
        self, *, law_id: str, version: str, sha256: str, file_name: str, articles: Mapping[str, str]
    ) -> LawImport:
        """Write a text with all its articles; it counts from the commit on."""
        result = await self._uow.execute(
            insert(law_import)
            .values(
                law_id=law_id,
                version=version,
                sha256=sha256,
                file_name=file_name,
                articles=len(articles),
                imported_at=self._uow.clock.now(),
            )
            .returning(law_import)
        )
        imported = _import(result.one())
        rows = [{"import_id": imported.id, "article": number, "text": text} for number, text in articles.items()]
        await self._uow.execute(insert(law_article), rows)
        return imported


def _import(row: Any) -> LawImport:
    return LawImport(row.id, row.law_id, row.version, row.sha256, row.file_name, row.articles, row.imported_at)
