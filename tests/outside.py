"""Running a coroutine to its end even when a test's own loop is running: in a thread of its own."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def outside(act: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, run in a loop and a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, act).result()
