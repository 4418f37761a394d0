"""Each version of the casework content that was ever in force, whole: what an old flag is judged again by."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from storage.repositories.base import Repository
from storage.tables.records import rule_set


@dataclass(frozen=True, slots=True)
class KeptRules:
    """A version with its files by name; `fingerprint` tells two contents apart."""

    version: str
    fingerprint: str
    files: Mapping[str, bytes]


class RuleSets(Repository):
    """Keeps versions; none is ever changed."""

    async def get(self, version: str) -> KeptRules | None:
        """A version as it was when first used."""
        rows = await self._uow.read(select(rule_set).where(rule_set.c.version == version))
        if not rows:
            return None
        texts = json.loads(zlib.decompress(rows[0].content))
        return KeptRules(version, rows[0].sha256, {name: text.encode() for name, text in texts.items()})

    async def keep(self, version: str, fingerprint: str, files: Mapping[str, bytes]) -> None:
        """Keep a version unless it is kept already."""
        texts = {name: data.decode() for name, data in files.items()}
        insert = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        await self._uow.execute(
            insert(rule_set)
            .values(
                version=version,
                sha256=fingerprint,
                content=zlib.compress(json.dumps(texts, ensure_ascii=False).encode()),
                first_used_at=self._uow.clock.now(),
            )
            .on_conflict_do_nothing()
        )
