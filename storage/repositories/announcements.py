"""Evidence that was announced because no chat can carry it, and the links it is handed in by.

A link's token is random; its hash alone is kept, so nobody who reads the database can use one. What a newcomer gets
wrong: a link is spent by the file that arrives, not by opening its page, so that a broken connection costs nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, select, update

from storage.repositories.base import Repository
from storage.repositories.files import NAME
from storage.tables.cases import evidence_announced, upload_link

TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Announced:
    """One file that was announced; `file_id` once it came."""

    id: int
    draft_id: int | None
    case_id: int | None
    name: str
    size: int | None
    kind: str
    announced_at: datetime
    file_id: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is kept."""

    token_hash: bytes
    announced: Announced
    expires_at: datetime
    used_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Whether it still takes a file."""
        return self.used_at is None and now < self.expires_at and self.announced.file_id is None


class Announcements(Repository):
    """Keeps what was announced, and the links."""

    async def announce(
        self, *, draft_id: int | None, case_id: int | None, name: str, size: int | None, kind: str, until: datetime
    ) -> str:
        """Write down that a file is to come; returns the token of its link, which is told nobody again."""
        announced_id = self._uow.ids.next()
        await self._uow.execute(
            insert(evidence_announced).values(
                id=announced_id,
                draft_id=draft_id,
                case_id=case_id,
                name_sealed=self._keys.seal_text(NAME, name),
                size=size,
                kind=kind,
                announced_at=self._uow.clock.now(),
            )
        )
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await self._uow.execute(
            insert(upload_link).values(token_hash=token_hash(token), announced_id=announced_id, expires_at=until)
        )
        return token

    async def by_token(self, token: str) -> Link | None:
        """The link a token opens, used or not."""
        rows = await self._uow.read(
            select(evidence_announced, upload_link.c.token_hash, upload_link.c.expires_at, upload_link.c.used_at)
            .join(upload_link, upload_link.c.announced_id == evidence_announced.c.id)
            .where(upload_link.c.token_hash == token_hash(token))
        )
        return Link(rows[0].token_hash, self._opened(rows[0]), rows[0].expires_at, rows[0].used_at) if rows else None

    async def spend(self, link: Link) -> bool:
        """Use a link; False when somebody was quicker, or the time is over."""
        now = self._uow.clock.now()
        unused = (upload_link.c.used_at.is_(None), upload_link.c.expires_at > now)
        result = await self._uow.execute(
            update(upload_link).where(upload_link.c.token_hash == link.token_hash, *unused).values(used_at=now)
        )
        return bool(result.rowcount)

    async def arrived(self, announced_id: int, file_id: str) -> None:
        """The file is there."""
        await self._uow.execute(
            update(evidence_announced).where(evidence_announced.c.id == announced_id).values(file_id=file_id)
        )

    async def waiting_of_case(self, case_id: int) -> list[Announced]:
        """What was announced for a case and has not come."""
        return await self._some(evidence_announced.c.case_id == case_id, evidence_announced.c.file_id.is_(None))

    async def waiting_of_draft(self, draft_id: int) -> list[Announced]:
        """What was announced for a draft and has not come."""
        return await self._some(evidence_announced.c.draft_id == draft_id, evidence_announced.c.file_id.is_(None))

    async def move_to_case(self, draft_id: int, case_id: int, *, keep_draft: bool) -> None:
        """What was announced for a draft is for its case now."""
        values: dict[str, Any] = {"case_id": case_id} if keep_draft else {"case_id": case_id, "draft_id": None}
        await self._uow.execute(
            update(evidence_announced).where(evidence_announced.c.draft_id == draft_id).values(**values)
        )

    async def delete_of_draft(self, draft_id: int) -> None:
        """Forget what was announced for a dropped draft."""
        ids = select(evidence_announced.c.id).where(evidence_announced.c.draft_id == draft_id)
        await self._uow.execute(delete(upload_link).where(upload_link.c.announced_id.in_(ids)))
        await self._uow.execute(delete(evidence_announced).where(evidence_announced.c.draft_id == draft_id))

    async def _some(self, *conditions: Any) -> list[Announced]:
        query = select(evidence_announced).where(*conditions).order_by(evidence_announced.c.id)
        return [self._opened(row) for row in await self._uow.read(query)]

    def _opened(self, row: Any) -> Announced:
        name = self._keys.open_text(NAME, row.name_sealed)
        return Announced(row.id, row.draft_id, row.case_id, name, row.size, row.kind, row.announced_at, row.file_id)


def token_hash(token: str) -> bytes:
    """What is kept of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
