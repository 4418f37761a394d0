"""Every table, so that one import gives the whole metadata."""

from storage.tables import (
    cases,
    conversations,
    custody,
    deadlines,
    elections,
    entries,
    exports,
    investigations,
    laws,
    officials,
    records,
    routing,
)
from storage.tables.base import metadata

__all__ = [
    "cases",
    "conversations",
    "custody",
    "deadlines",
    "elections",
    "entries",
    "exports",
    "investigations",
    "laws",
    "metadata",
    "officials",
    "records",
    "routing",
]
