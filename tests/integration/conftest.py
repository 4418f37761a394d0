"""Open chats for the tests of conversations; a file of the desk's tests defines a `site` of its own."""

from collections.abc import AsyncIterator

import pytest

from storage.unit_of_work import Storage
from tests.channels import CHANNELS, Site, open_site, populate


@pytest.fixture(params=CHANNELS)
async def site(request: pytest.FixtureRequest, sqlite_storage: Storage) -> AsyncIterator[Site]:
    """Each channel in turn."""
    await populate(sqlite_storage)
    async with open_site(request.param, sqlite_storage) as opened:
        yield opened


@pytest.fixture
async def web_site(storage: Storage) -> AsyncIterator[Site]:
    """The web chat on each database."""
    await populate(storage)
    async with open_site("web", storage) as opened:
        yield opened
