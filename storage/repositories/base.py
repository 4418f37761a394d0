"""What every repository shares: the unit of work it speaks through."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.unit_of_work import UnitOfWork


class Repository:
    """Reads and writes one aggregate's tables inside a unit of work; never commits."""

    def __init__(self, uow: "UnitOfWork") -> None:
        self._uow = uow
        self._keys = uow.keys
