"""What is known about stored files; the bytes lie in storage.files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import delete, insert, select, update

from storage.files import media_type, sha256
from storage.repositories.base import Repository
from storage.tables.cases import stored_file

NAME: Final = "file.name"
_NO_CHAT: Final[dict[str, None]] = {"draft_id": None, "chat_id": None}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file. `sha256` is of the original bytes; `media_type` is read from them, not from the name."""

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
    ) -> StoredFile:
        """Store bytes, then the row that tells what they are.

        Bytes that this chat's own upload stored a moment ago are taken over, not stored twice. Without `keep_chat`
        nothing says afterwards which chat they came from.
        """
        uploaded = await self._take_upload(data, draft_id=draft_id, case_id=case_id, chat_id=chat_id, origin=origin)
        if uploaded and not keep_chat:
            await self._uow.execute(update(stored_file).where(stored_file.c.id == uploaded.id).values(chat_id=None))
            return replace(uploaded, chat_id=None)
        if uploaded:
            return uploaded
        chat_id = chat_id if keep_chat else None
        stored = StoredFile(
            await self._uow.storage.files.put(data),
            sha256(data),
            len(data),
            media_type(data),
            name,
            origin,
            draft_id,
            case_id,
            chat_id,
            self._uow.clock.now(),
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
            )
        )
        return stored

    async def _take_upload(
        self, data: bytes, *, draft_id: int | None, case_id: int | None, chat_id: int | None, origin: str
    ) -> StoredFile | None:
        if chat_id is None or (draft_id is None and case_id is None):
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
        await self._uow.execute(
            update(stored_file)
            .where(stored_file.c.id == rows[0].id)
            .values(draft_id=draft_id, case_id=case_id, origin=origin)
        )
        return await self.get(rows[0].id)

    async def delete_of_draft(self, draft_id: int) -> None:
        """Forget a dropped draft's files, rows now and bytes after the commit."""
        for stored in await self.of_draft(draft_id):
            await self._uow.execute(delete(stored_file).where(stored_file.c.id == stored.id))
            self._uow.after_commit(partial(self._uow.storage.files.delete, stored.id))

    async def get(self, file_id: str) -> StoredFile | None:
        """A file by id."""
        rows = await self._uow.read(select(stored_file).where(stored_file.c.id == file_id))
        return self._opened(rows[0]) if rows else None

    async def of_draft(self, draft_id: int) -> list[StoredFile]:
        """A draft's files, oldest first."""
        return await self._some(stored_file.c.draft_id == draft_id)

    async def of_case(self, case_id: int) -> list[StoredFile]:
        """A case's files, oldest first."""
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
            self._uow.after_commit(partial(self._uow.storage.files.delete, row.id))

    async def delete_upload(self, chat_id: int, file_id: str) -> None:
        """Forget a chat's own upload that became part of nothing."""
        stored = await self.get(file_id) if file_id.isalnum() else None
        if stored and stored.chat_id == chat_id and stored.draft_id is None and stored.case_id is None:
            await self._uow.execute(delete(stored_file).where(stored_file.c.id == stored.id))
            self._uow.after_commit(partial(self._uow.storage.files.delete, stored.id))

    async def came_since(self, case_id: int, instant: datetime) -> list[datetime]:
        """When a case's files came after an instant, oldest first."""
        query = select(stored_file.c.received_at).where(
            stored_file.c.case_id == case_id, stored_file.c.received_at > instant, stored_file.c.origin == "reporter"
        )
        return [row.received_at for row in await self._uow.read(query.order_by(stored_file.c.received_at))]

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
        )
