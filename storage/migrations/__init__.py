"""Schema revisions (Alembic), and the triggers that belong to each (enforcement/).

`HEAD` is written here so that a start can compare schemas without importing Alembic.
"""

from typing import Final

HEAD: Final = "0001"
