"""Signed receipts as they were given out, and the public keys they are verified with.

A receipt names no case: it carries a token of its own, of which a hash is kept here. So a receipt that is shown
around leads nobody to a case but whoever may open that case at the desk.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from storage.repositories.base import Repository
from storage.tables.cases import case_receipt
from storage.tables.records import signing_key

TEXT: Final = "case.receipt"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that receipts are verified with, and since when it signs."""

    key_id: str
    public_key: bytes
    since: datetime


class Receipts(Repository):
    """Keeps receipts and public keys; neither is ever changed."""

    def keep(self, case_id: int, token: str, text: str) -> None:
        """Write down a receipt that is being given out."""
        self._uow.append(
            case_receipt,
            id=self._uow.ids.next(),
            case_id=case_id,
            token_hash=_hash(token),
            text_sealed=self._keys.seal_text(TEXT, text),
            issued_at=self._uow.clock.now(),
        )

    async def newest(self, case_id: int) -> str | None:
        """The receipt a case's reporter was given last."""
        newest = select(case_receipt.c.text_sealed).where(case_receipt.c.case_id == case_id)
        rows = await self._uow.read(newest.order_by(case_receipt.c.id.desc()).limit(1))
        return self._keys.open_text(TEXT, rows[0].text_sealed) if rows else None

    async def case_of(self, token: str) -> int | None:
        """The case a receipt was given for."""
        known = select(case_receipt.c.case_id).where(case_receipt.c.token_hash == _hash(token))
        rows = await self._uow.read(known)
        return int(rows[0].case_id) if rows else None

    async def publish_key(self) -> None:
        """Keep the public key signed with now, for good; one that is kept already stays."""
        signer = self._keys.signer
        if signer.key_id in self._uow.storage.published_keys:
            return
        insert_ = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        row = {"key_id": signer.key_id, "public_key": signer.public_key, "since": self._uow.clock.now()}
        await self._uow.execute(insert_(signing_key).values(**row).on_conflict_do_nothing())
        self._uow.after_commit(lambda: self._uow.storage.published_keys.add(signer.key_id))

    async def public_keys(self) -> dict[str, bytes]:
        """Every public key there ever was, by its id."""
        return {one.key_id: one.public_key for one in await self.published()}

    async def published(self) -> list[PublicKey]:
        """Every public key there ever was, oldest first."""
        rows = await self._uow.read(select(signing_key).order_by(signing_key.c.since, signing_key.c.key_id))
        return [PublicKey(row.key_id, row.public_key, row.since) for row in rows]


def _hash(token: str) -> bytes:
    """What is kept of a token: 120 random bits need neither a key nor a slow hash."""
    return hashlib.sha256(token.encode()).digest()
