"""Dossiers that left: who took which case out, why, and the fingerprint of what they got."""

from typing import Final

from sqlalchemy import insert

from storage.repositories.base import Repository
from storage.tables.exports import export

PURPOSE: Final = "case.export"


class Exports(Repository):
    """Keeps what was exported; no row is ever changed."""

    async def add(self, case_id: int, *, official_id: int, purpose: str, manifest_sha256: str) -> None:
        """Write an export down, before its bytes leave.

        Raises:
            RuleRefused: This official may not read the case.
        """
        await self._uow.execute(
            insert(export).values(
                case_id=case_id,
                official_id=official_id,
                purpose_sealed=self._keys.seal_text(PURPOSE, purpose),
                manifest_sha256=manifest_sha256,
                at=self._uow.clock.now(),
            )
        )
