"""Every table, so that one import gives the whole metadata."""

from storage.tables import cases, conversations, elections, entries, laws, officials, records
from storage.tables.base import metadata

__all__ = ["cases", "conversations", "elections", "entries", "laws", "metadata", "officials", "records"]
