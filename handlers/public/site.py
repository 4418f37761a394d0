"""What the public pages work with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from storage.unit_of_work import Storage


@dataclass(frozen=True, slots=True)
class Site:
    """One for each application; `wake` is called after a commit that may have queued a message."""

    storage: Storage
    base_url: str
    wake: Callable[[], None]
    demo: bool = False  # made-up people and places, which every page says


def site_of(request: Request) -> Site:
    """The site a request came to."""
    return cast("Site", request.state.public_site)
