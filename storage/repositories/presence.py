"""Who has a case's page open: one row for each reader, renewed while the page is."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from storage.repositories.base import Repository
from storage.tables.officials import official
from storage.tables.routing import case_viewer, recusal


class Presence(Repository):
    """Writes and asks who is looking."""

    async def look(self, case_id: int, official_id: int) -> None:
        """This official has the case open now."""
        insert = sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert
        now = self._uow.clock.now()
        await self._uow.execute(
            insert(case_viewer)
            .values(case_id=case_id, official_id=official_id, seen_at=now)
            .on_conflict_do_update(index_elements=["case_id", "official_id"], set_={"seen_at": now})
        )

    async def others(self, case_id: int, official_id: int, since: datetime) -> Sequence[str]:
        """The names of those who have had it open since an instant, without the one who asks and who stands back."""
        gone = select(recusal.c.official_id).where(recusal.c.case_id == case_id)
        query = (
            select(official.c.display_name)
            .join(case_viewer, case_viewer.c.official_id == official.c.id)
            .where(
                case_viewer.c.case_id == case_id,
                case_viewer.c.official_id != official_id,
                case_viewer.c.seen_at > since,
                official.c.active,
                official.c.id.not_in(gone),
            )
            .order_by(official.c.id)
        )
        return [row.display_name for row in await self._uow.read(query)]
