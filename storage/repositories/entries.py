"""Entries written at the desk: versions, reviews, publications. Everything here is inserted, nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, func, insert, select

from knowledge.model import Kind
from storage.repositories.base import Repository
from storage.tables.entries import entry_publication, entry_review, entry_version
from storage.tables.officials import official

PREFIX: Final = "desk-"
_TURN: Final = 0x5146_454E_5452


@dataclass(frozen=True, slots=True)
class Source:
    """What an entry rests on: an article of a law on file, or a local document with its date."""

    law_id: str = ""
    article: str = ""
    name: str = ""
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """What somebody wrote: everything of a version but who and when."""

    place_path: str
    kind: Kind
    label: str
    questions: tuple[str, ...]
    answer: str
    more: str
    sources: tuple[Source, ...]
    in_force_from: date
    in_force_until: date | None


@dataclass(frozen=True, slots=True)
class Review:
    """What the second person said."""

    verdict: str
    note: str
    reviewer_id: int
    reviewer_name: str
    at: datetime

    @property
    def approved(self) -> bool:
        """Whether the version may be published."""
        return self.verdict == "approved"


@dataclass(frozen=True, slots=True)
class EntryVersion:
    """One version of an entry, as it was written, with its review if there is one."""

    id: int
    entry_id: str
    number: int
    place_path: str
    kind: Kind
    label: str
    questions: tuple[str, ...]
    answer: str
    more: str
    sources: tuple[Source, ...]
    in_force_from: date
    in_force_until: date | None
    author_id: int
    author_name: str
    created_at: datetime
    from_inquiry: int | None
    review: Review | None


@dataclass(frozen=True, slots=True)
class Publication:
    """Since when people get a version of an entry; `version_id` None: since when they get none."""

    id: int
    entry_id: str
    version_id: int | None
    official_id: int
    official_name: str
    at: datetime


class Entries(Repository):
    """Writes and finds entries."""

    async def add_version(
        self, entry_id: str, number: int, wording: Wording, *, author_id: int, from_inquiry: int | None
    ) -> int:
        """A new version; returns its id."""
        await self._take_turn()
        result = await self._uow.execute(
            insert(entry_version)
            .values(
                entry_id=entry_id,
                number=number,
                place_path=wording.place_path,
                kind=wording.kind.value,
                label=wording.label,
                questions=list(wording.questions),
                answer=wording.answer,
                more=wording.more,
                sources=[_written(one) for one in wording.sources],
                in_force_from=wording.in_force_from,
                in_force_until=wording.in_force_until,
                author_id=author_id,
                created_at=self._uow.clock.now(),
                from_inquiry=from_inquiry,
            )
            .returning(entry_version.c.id)
        )
        return int(result.scalar_one())

    async def next_id(self) -> str:
        """An id nobody has yet."""
        await self._take_turn()
        rows = await self._uow.read(select(func.count()).select_from(entry_version).where(entry_version.c.number == 1))
        return f"{PREFIX}{rows[0][0] + 1}"

    async def review(self, version_id: int, *, verdict: str, note: str, reviewer_id: int) -> None:
        """What a second person says of a version."""
        await self._uow.execute(
            insert(entry_review).values(
                version_id=version_id, verdict=verdict, note=note, reviewer_id=reviewer_id, at=self._uow.clock.now()
            )
        )

    async def publish(self, entry_id: str, version_id: int | None, *, official_id: int) -> None:
        """From now on people get this version, or none."""
        await self._uow.execute(
            insert(entry_publication).values(
                entry_id=entry_id, version_id=version_id, official_id=official_id, at=self._uow.clock.now()
            )
        )

    async def within(self, place_path: str) -> list[EntryVersion]:
        """Every version of every entry written for a place or one that belongs to it, oldest first."""
        here = (entry_version.c.place_path == place_path) | entry_version.c.place_path.startswith(
            f"{place_path}/", autoescape=True
        )
        return await self._versions(here)

    async def versions(self, entry_id: str) -> list[EntryVersion]:
        """The versions of one entry, oldest first."""
        return await self._versions(entry_version.c.entry_id == entry_id)

    async def publications(self, entry_ids: Sequence[str]) -> list[Publication]:
        """What happened to some entries in the open, oldest first."""
        rows = await self._uow.read(
            select(entry_publication, official.c.display_name)
            .join(official, official.c.id == entry_publication.c.official_id)
            .where(entry_publication.c.entry_id.in_(entry_ids))
            .order_by(entry_publication.c.id)
        )
        return [
            Publication(row.id, row.entry_id, row.version_id, row.official_id, row.display_name, row.at) for row in rows
        ]

    async def published(self) -> list[EntryVersion]:
        """The version in force of every entry that is not withdrawn, by entry."""
        newest = select(func.max(entry_publication.c.id)).group_by(entry_publication.c.entry_id)
        in_force = select(entry_publication.c.version_id).where(
            entry_publication.c.id.in_(newest), entry_publication.c.version_id.is_not(None)
        )
        return await self._versions(entry_version.c.id.in_(in_force))

    async def newest_publication(self) -> int:
        """The id of the newest publication; 0 when there is none."""
        return int((await self._uow.read(select(func.coalesce(func.max(entry_publication.c.id), 0))))[0][0])

    async def _take_turn(self) -> None:
        """Let writers of entries wait for each other until the commit. SQLite has one writer at a time anyway."""
        if not self._uow.storage.database.is_sqlite:
            await self._uow.execute(select(func.pg_advisory_xact_lock(bindparam("turn", _TURN, type_=BigInteger))))

    async def _versions(self, condition: Any) -> list[EntryVersion]:
        reviewer = official.alias("reviewer")
        query = (
            select(
                entry_version,
                official.c.display_name.label("author_name"),
                entry_review.c.verdict,
                entry_review.c.note,
                entry_review.c.reviewer_id,
                reviewer.c.display_name.label("reviewer_name"),
                entry_review.c.at.label("reviewed_at"),
            )
            .join(official, official.c.id == entry_version.c.author_id)
            .outerjoin(entry_review, entry_review.c.version_id == entry_version.c.id)
            .outerjoin(reviewer, reviewer.c.id == entry_review.c.reviewer_id)
            .where(condition)
            .order_by(entry_version.c.id)
        )
        return [_version(row) for row in await self._uow.read(query)]


def _version(row: Any) -> EntryVersion:
    review = Review(row.verdict, row.note, row.reviewer_id, row.reviewer_name, row.reviewed_at) if row.verdict else None
    return EntryVersion(
        id=row.id,
        entry_id=row.entry_id,
        number=row.number,
        place_path=row.place_path,
        kind=Kind(row.kind),
        label=row.label,
        questions=tuple(row.questions),
        answer=row.answer,
        more=row.more,
        sources=tuple(_source(one) for one in row.sources),
        in_force_from=row.in_force_from,
        in_force_until=row.in_force_until,
        author_id=row.author_id,
        author_name=row.author_name,
        created_at=row.created_at,
        from_inquiry=row.from_inquiry,
        review=review,
    )


def _written(source: Source) -> dict[str, str]:
    if source.law_id:
        return {"law": source.law_id, "article": source.article}
    return {"name": source.name, "dated": source.dated.isoformat() if source.dated else ""}


def _source(written: dict[str, str]) -> Source:
    if "law" in written:
        return Source(law_id=written["law"], article=written["article"])
    return Source(name=written["name"], dated=date.fromisoformat(written["dated"]))
