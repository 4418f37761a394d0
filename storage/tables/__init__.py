"""Every table, so that one import gives the whole metadata."""

from storage.tables import (
    cases,
    committee,
    conversations,
    custody,
    deadlines,
    elections,
    entries,
    exports,
    gates,
    investigations,
    laws,
    officials,
    records,
    reminders,
    responsibility,
    routing,
)
from storage.tables.base import metadata

__all__ = [
    "cases",
    "committee",
    "conversations",
    "custody",
    "deadlines",
    "elections",
    "entries",
    "exports",
    "gates",
    "investigations",
    "laws",
    "metadata",
    "officials",
    "records",
    "reminders",
    "responsibility",
    "routing",
]
