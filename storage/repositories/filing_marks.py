"""That somebody filed a report or tried a code, without what and without whom: enough to slow a flood down.

A mark is a keyed hash and a time, and is gone after an hour. What a newcomer gets wrong: a mark tells nothing about a
case, and no case is ever counted by marks for somebody who might have to stand back from it (handlers/services/floods).
"""

from datetime import datetime

from sqlalchemy import delete, func, insert, select

from storage.repositories.base import Repository
from storage.tables.records import filing_mark


class FilingMarks(Repository):
    """Makes, counts and forgets marks. `what` is the kind of act, `who` whom it is counted for."""

    async def add(self, what: str, who: int) -> None:
        """Make a mark now."""
        await self._uow.execute(
            insert(filing_mark).values(
                id=self._uow.ids.next(), subject=self._subject(what, who), at=self._uow.clock.now()
            )
        )

    async def since(self, what: str, who: int, instant: datetime) -> list[datetime]:
        """The times of the marks after an instant, oldest first."""
        query = select(filing_mark.c.at).where(
            filing_mark.c.subject == self._subject(what, who), filing_mark.c.at > instant
        )
        return [row.at for row in await self._uow.read(query.order_by(filing_mark.c.at))]

    async def count_since(self, what: str, who: int, instant: datetime) -> int:
        """How many marks there are after an instant."""
        query = (
            select(func.count())
            .select_from(filing_mark)
            .where(filing_mark.c.subject == self._subject(what, who), filing_mark.c.at > instant)
        )
        return int((await self._uow.read(query))[0][0])

    async def forget_before(self, instant: datetime) -> int:
        """Delete the marks made until an instant; returns how many. Where there are none nobody has to wait."""
        if not await self._uow.read(select(filing_mark.c.id).where(filing_mark.c.at <= instant).limit(1)):
            return 0
        result = await self._uow.execute(delete(filing_mark).where(filing_mark.c.at <= instant))
        return int(result.rowcount)

    def _subject(self, what: str, who: int) -> bytes:
        return self._keys.index(f"mark.{what}", str(who))
