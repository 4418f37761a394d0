"""Inputs nobody sends on purpose: `python -m tests.fuzz` (a million, resumable), a few hundred in the day's tests."""
