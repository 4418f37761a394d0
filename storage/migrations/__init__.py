"""Schema revisions (Alembic), and the triggers that belong to each (enforcement/).

`HEAD` is written here so that a start can compare schemas without importing Alembic.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

HEAD: Final = "0012"
ENFORCEMENT: Final = Path(__file__).parent / "enforcement"
_NAMED: Final = re.compile(r"^CREATE TRIGGER (\w+)", re.MULTILINE)


_REPLACED: Final = re.compile(r"^-- replaces: (.+)$", re.MULTILINE)


@cache
def enforcing_triggers(dialect: str) -> frozenset[str]:
    """The names of the triggers that every database of this version carries."""
    names: set[str] = set()
    for path in sorted(ENFORCEMENT.glob(f"*_{dialect}.sql")):
        text = path.read_text(encoding="utf-8")
        names -= _replaced(text)
        names |= set(_NAMED.findall(text))
    return frozenset(names)


def replaced_triggers(dialect: str, revision: str = HEAD) -> frozenset[str]:
    """The triggers of earlier revisions whose place those of a revision take."""
    return _replaced((ENFORCEMENT / f"{revision}_{dialect}.sql").read_text(encoding="utf-8"))


def _replaced(text: str) -> frozenset[str]:
    return frozenset(name for line in _REPLACED.findall(text) for name in line.split())
