"""Dated figures of the law: looking them up, speaking them, and reckoning with them."""
