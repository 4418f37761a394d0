"""Schema revisions (Alembic), and the triggers that belong to each (enforcement/).

`HEAD` is written here so that a start can compare schemas without importing Alembic.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

HEAD: Final = "0002"
ENFORCEMENT: Final = Path(__file__).parent / "enforcement"
_NAMED: Final = re.compile(r"^CREATE TRIGGER (\w+)", re.MULTILINE)


@cache
def enforcing_triggers(dialect: str) -> frozenset[str]:
    """The names of the triggers that every database of this version carries."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(ENFORCEMENT.glob(f"*_{dialect}.sql")))
    return frozenset(name for text in texts for name in _NAMED.findall(text))
