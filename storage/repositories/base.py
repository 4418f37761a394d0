"""What every repository shares: the unit of work it speaks through."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from storage.unit_of_work import UnitOfWork


class Repository:
    """Reads and writes one aggregate's tables inside a unit of work; never commits."""

    def __init__(self, uow: "UnitOfWork") -> None:
        self._uow = uow
        self._keys = uow.keys

    def _insert(self, table: Table) -> Any:
        """An INSERT that can say what happens on a conflict, in this database's dialect."""
        return (sqlite.insert if self._uow.storage.database.is_sqlite else postgresql.insert)(table)

    def _insert_unless_there(self, table: Table, **values: Any) -> Any:
        """An INSERT that does nothing where a unique row is there already; its result has no row then."""
        return self._insert(table).values(**values).on_conflict_do_nothing()
