"""A lease: of several processes one does a piece of work, and another takes over when it falls silent.

What a newcomer gets wrong: the lease saves work, it does not guard it. Two holders at once (a machine's clock was set)
would still write every row once, because the rows themselves refuse a second one.
"""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.tables.reminders import lease

if TYPE_CHECKING:
    from storage.unit_of_work import Storage, UnitOfWork

SCHEDULER: Final = "scheduler"
#: How long a lease lasts without being renewed, and how often it is renewed: together below half a minute.
LIFE: Final = timedelta(seconds=20)
RENEW: Final = timedelta(seconds=8)


class Lease:
    """One process's claim on a lease. `holder` is this process's own name."""

    def __init__(self, storage: "Storage", holder: str, name: str = SCHEDULER) -> None:
        self._storage = storage
        self._holder = holder
        self._name = name
        self._until: datetime | None = None
        self.is_wanted = False  # whether this process ever asked for it

    @property
    def is_held(self) -> bool:
        """Whether this process holds it now, as far as it knows."""
        return self._until is not None and self._storage.clock.now() < self._until

    async def renew(self) -> bool:
        """Take the lease or keep it; False while another process holds it.

        One statement decides on both databases. An end farther away than a lease can last comes from a clock that was
        set, and counts as over.
        """
        self.is_wanted, now = True, self._storage.clock.now()
        async with self._storage.unit_of_work() as uow:
            statement = _insert(uow)(lease).values(name=self._name, holder=self._holder, until=now + LIFE)
            mine = or_(lease.c.holder == self._holder, lease.c.until <= now, lease.c.until > now + 2 * LIFE)
            taken = await uow.execute(
                statement.on_conflict_do_update(
                    index_elements=["name"], set_={"holder": self._holder, "until": now + LIFE}, where=mine
                )
            )
            await uow.commit()
        self._until = now + LIFE if taken.rowcount else None
        return self.is_held

    async def release(self) -> None:
        """Let it go, so that another need not wait."""
        if self._until is None:
            return
        self._until = None
        mine = (lease.c.name == self._name) & (lease.c.holder == self._holder)
        async with self._storage.unit_of_work() as uow:
            await uow.execute(update(lease).where(mine).values(until=self._storage.clock.now()))
            await uow.commit()


async def is_anybodys(storage: "Storage", name: str = SCHEDULER) -> bool:
    """Whether some process holds a lease now."""
    now = storage.clock.now()
    async with storage.unit_of_work() as uow:
        rows = await uow.read(select(lease.c.until).where(lease.c.name == name))
    return bool(rows) and now < rows[0].until <= now + 2 * LIFE


async def worked_on(uow: "UnitOfWork", name: str = SCHEDULER) -> date | None:
    """The last day (Asia/Shanghai) whose work was done to its end; None before the first."""
    rows = await uow.read(select(lease.c.worked_on).where(lease.c.name == name))
    return rows[0].worked_on if rows else None


async def note_worked_on(uow: "UnitOfWork", day: date, name: str = SCHEDULER) -> None:
    """Remember that a day's work was done to its end, whoever holds the lease."""
    statement = _insert(uow)(lease).values(name=name, holder="", until=uow.clock.now(), worked_on=day)
    await uow.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"worked_on": day}))


def _insert(uow: "UnitOfWork") -> Any:
    return sqlite.insert if uow.storage.database.is_sqlite else postgresql.insert
