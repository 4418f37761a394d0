"""Reads and writes, an aggregate a module, inside a unit of work."""
