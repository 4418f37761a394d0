"""The desk's styles, scripts and mark; the web chat uses the same tokens."""

from pathlib import Path
from typing import Final

from starlette.staticfiles import StaticFiles

STATIC: Final = Path(__file__).parent / "static"


def static_files() -> StaticFiles:
    """What is mounted at /static."""
    return StaticFiles(directory=STATIC)
