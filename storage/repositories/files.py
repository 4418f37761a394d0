"""What is known about stored files; the bytes lie in storage.files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import delete, insert, or_, select, update

from storage.files import BEGINNING, Written, media_type, sha256
from storage.repositories.base import Repository
from storage.tables.cases import stored_file

NAME: Final = "file.name"
UNSCANNED: Final = "unscanned"
FOUND: Final = "found"
_NO_CHAT: Final[dict[str, None]] = {"draft_id": None, "chat_id": None}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file. `sha256` is of the original bytes; `media_type` is read from them, not from the name.

    `album`: what was sent together shares one. `shown_from`: it came beyond what a case takes within an hour, and
    officials see it from then on. `scan`: `unscanned`, `clean`, `found` (then `scan_found` names it), `unscannable`.
    """

    id: str
    sha256: str
    size: int
    media_type: str
    name: str
    origin: str
    draft_id: int | None
    case_id: int | None
    chat_id: int | None
    received_at: datetime
    album: str | None = None
    preview_id: str | None = None
    shown_from: datetime | None = None
    scan: str = UNSCANNED
    scan_found: str | None = None

    def is_shown(self, now: datetime) -> bool:
        """Whether its turn has come."""
        return self.shown_from is None or self.shown_from <= now


class Files(Repository):
    """Adds and finds files."""

    async def add(
        self,
        data: bytes,
        *,
        name: str,
        origin: str,
        draft_id: int | None = None,
        case_id: int | None = None,
        chat_id: int | None = None,
        keep_chat: bool = True,
        album: str | None = None,
        shown_from: datetime | None = None,
    ) -> StoredFile:
        """Store bytes, then the row that tells what they are.

        Bytes that this chat's own upload stored a moment ago are taken over, not stored twice. Without `keep_chat`
        nothing says afterwards which chat they came from.
        """
        album = self._album(draft_id or case_id, album)
        belongs: dict[str, Any] = {"draft_id": draft_id, "case_id": case_id, "album": album, "shown_from": shown_from}
        uploaded = await self._take_upload(data, chat_id=chat_id, origin=origin, **belongs)
        if uploaded and not keep_chat:
            await self._uow.execute(update(stored_file).where(stored_file.c.id == uploaded.id).values(chat_id=None))
            return replace(uploaded, chat_id=None)
        if uploaded:
            return uploaded
        written = Written(await self._uow.storage.files.put(data), sha256(data), len(data), data[:BEGINNING])
        chat_id = chat_id if keep_chat else None
        return await self.add_written(written, name=name, origin=origin, chat_id=chat_id, **belongs)

    async def add_written(
        self,
        written: Written,
        *,
        name: str,
        origin: str,
        draft_id: int | None = None,
        case_id: int | None = None,
        chat_id: int | None = None,
        album: str | None = None,
        shown_from: datetime | None = None,
    ) -> StoredFile:
        """Write down what was stored already."""
        stored = StoredFile(
            written.id,
            written.sha256,
            written.size,
            media_type(written.beginning),
            name,
            origin,
            draft_id,
            case_id,
            chat_id,
            self._uow.clock.now(),
            album,
            shown_from=shown_from,
        )
        await self._uow.execute(
            insert(stored_file).values(
                id=stored.id,
                sha256=stored.sha256,
                size=stored.size,
                media_type=stored.media_type,
                name_sealed=self._keys.seal_text(NAME, name),
                origin=origin,
                draft_id=draft_id,
                case_id=case_id,
                chat_id=chat_id,
                received_at=stored.received_at,
                album=album,
                shown_from=shown_from,
            )
        )
        return stored

    async def _take_upload(self, data: bytes, *, chat_id: int | None, **belongs: Any) -> StoredFile | None:
        if chat_id is None or (belongs["draft_id"] is None and belongs["case_id"] is None):
            return None
        waiting = (
            stored_file.c.chat_id == chat_id,
            stored_file.c.sha256 == sha256(data),
            stored_file.c.draft_id.is_(None),
            stored_file.c.case_id.is_(None),
        )
        rows = await self._uow.read(select(stored_file.c.id).where(*waiting).limit(1))
        if not rows:
            return None
        await self._uow.execute(update(stored_file).where(stored_file.c.id == rows[0].id).values(**belongs))
        return await self.get(rows[0].id)

    def _album(self, of: int | None, album: str | None) -> str | None:
        """What ties an album's files together, and to nothing else."""
        return self._keys.index("file.album", f"{of}/{album}").hex() if album else None

    async def set_preview(self, file_id: str, preview_id: str) -> bool:
        """Note the picture made from a file; False when somebody was quicker."""
        first = (stored_file.c.id == file_id, stored_file.c.preview_id.is_(None))
        result = await self._uow.execute(update(stored_file).where(*first).values(preview_id=preview_id))
        return bool(result.rowcount)

    async def to_scan(self, limit: int) -> list[StoredFile]:
        """Files no scanner has looked at, oldest first."""
        rows = await self._uow.read(
            select(stored_file)
            .where(stored_file.c.scan == UNSCANNED)
            .order_by(stored_file.c.received_at, stored_file.c.id)
            .limit(limit)
        )
        return [self._opened(row) for row in rows]

    async def set_scan(self, file_id: str, scan: str, found: str | None = None) -> None:
        """Note what a scanner said. What it found stays found."""
        await self._uow.execute(
            update(stored_file)
            .where(stored_file.c.id == file_id, stored_file.c.scan == UNSCANNED)
            .values(scan=scan, scan_found=found, scanned_at=self._uow.clock.now())
        )

    async def after(self, file_id: str, limit: int) -> list[StoredFile]:
        """All files in the order of their ids, page by page."""
        query = select(stored_file).where(stored_file.c.id > file_id).order_by(stored_file.c.id).limit(limit)
        return [self._opened(row) for row in await self._uow.read(query)]

    async def known(self, names: Iterable[str]) -> set[str]:
        """Which of some names are a file's, or a preview's."""
        wanted = list(names)
        query = select(stored_file.c.id, stored_file.c.preview_id).where(
            or_(stored_file.c.id.in_(wanted), stored_file.c.preview_id.in_(wanted))
        )
        return {name for row in await self._uow.read(query) for name in row if name}

    async def delete_of_draft(self, draft_id: int) -> None:
        """Forget a dropped draft's files, rows now and bytes after the commit."""
        for stored in await self.of_draft(draft_id):
            await self._uow.execute(delete(stored_file).where(stored_file.c.id == stored.id))
            self._forget_bytes(stored.id, stored.preview_id)

    async def get(self, file_id: str) -> StoredFile | None:
        """A file by id."""
        rows = await self._uow.read(select(stored_file).where(stored_file.c.id == file_id))
        return self._opened(rows[0]) if rows else None

    async def of_draft(self, draft_id: int) -> list[StoredFile]:
        """A draft's files, oldest first."""
        return await self._some(stored_file.c.draft_id == draft_id)

    async def of_case(self, case_id: int) -> list[StoredFile]:
        """A case's files, oldest first, without those that were taken out of view."""
        over = await self._uow.redactions.over(case_id)
        return [one for one in await self.all_of_case(case_id) if not over.hides(one.id)]

    async def all_of_case(self, case_id: int) -> list[StoredFile]:
        """The same with those that were taken out of view."""
        return await self._some(stored_file.c.case_id == case_id)

    async def move_to_case(self, draft_id: int, case_id: int, *, keep_chat: bool = True) -> None:
        """A submitted draft's files become the case's; without `keep_chat` nothing leads back to who sent them."""
        values: dict[str, Any] = {"case_id": case_id} if keep_chat else {"case_id": case_id, **_NO_CHAT}
        await self._uow.execute(update(stored_file).where(stored_file.c.draft_id == draft_id).values(**values))

    async def delete_copies(self, chat_id: int, hashes: Sequence[str]) -> None:
        """Forget uploads of a chat that became part of nothing and are the same bytes as some that did."""
        rows = await self._uow.read(
            select(stored_file.c.id).where(
                stored_file.c.chat_id == chat_id,
                stored_file.c.sha256.in_(hashes),
                stored_file.c.draft_id.is_(None),
                stored_file.c.case_id.is_(None),
            )
        )
        for row in rows:
            await self._uow.execute(delete(stored_file).where(stored_file.c.id == row.id))
            self._forget_bytes(row.id)

    async def delete_upload(self, chat_id: int, file_id: str) -> None:
        """Forget a chat's own upload that became part of nothing."""
        stored = await self.get(file_id) if file_id.isalnum() else None
        if stored and stored.chat_id == chat_id and stored.draft_id is None and stored.case_id is None:
            await self._uow.execute(delete(stored_file).where(stored_file.c.id == stored.id))
            self._forget_bytes(stored.id)

    def _forget_bytes(self, *names: str | None) -> None:
        for name in names:
            if name:
                self._uow.after_commit(partial(self._uow.storage.files.delete, name))

    async def came_since(self, case_id: int, instant: datetime) -> list[datetime]:
        """The turns of a reporter's files after an instant, oldest first: when each came, or is shown."""
        query = select(stored_file.c.received_at, stored_file.c.shown_from).where(
            stored_file.c.case_id == case_id,
            stored_file.c.origin == "reporter",
            or_(stored_file.c.received_at > instant, stored_file.c.shown_from > instant),
        )
        return sorted(row.shown_from or row.received_at for row in await self._uow.read(query))

    async def _some(self, condition: Any) -> list[StoredFile]:
        rows = await self._uow.read(
            select(stored_file).where(condition).order_by(stored_file.c.received_at, stored_file.c.id)
        )
        return [self._opened(row) for row in rows]

    def _opened(self, row: Any) -> StoredFile:
        return StoredFile(
            row.id,
            row.sha256,
            row.size,
            row.media_type,
            self._keys.open_text(NAME, row.name_sealed),
            row.origin,
            row.draft_id,
            row.case_id,
            row.chat_id,
            row.received_at,
            row.album,
            row.preview_id,
            row.shown_from,
            row.scan,
            row.scan_found,
        )
