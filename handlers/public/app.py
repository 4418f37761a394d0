"""The public pages as a router: every address with its page."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from handlers.public import log, receipts, uploads
from handlers.public.pages import STATIC
from handlers.public.site import Site
from storage.unit_of_work import Storage

Endpoint = Callable[..., Awaitable[Response]]

PAGES: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("GET", "/receipt", receipts.show_receipt),
    ("POST", "/receipt", receipts.look_at_receipt),
    ("GET", "/keys", receipts.show_keys),
    ("GET", "/keys.json", receipts.give_keys),
    ("GET", "/log", log.show_log),
    ("GET", "/log.json", log.give_log),
    ("GET", "/upload/{token}", uploads.show_upload),
    ("POST", "/upload/{token}", uploads.receive_upload),
)


def create_public(storage: Storage, base_url: str, wake: Callable[[], None], *, demo: bool = False) -> APIRouter:
    """The routes; `wake` is called after a commit that may have queued a message."""
    site = Site(storage, base_url, wake, demo)

    async def provide(request: Request) -> None:
        request.state.public_site = site

    router = APIRouter(dependencies=[Depends(provide)], include_in_schema=False)
    for method, path, page in PAGES:
        router.add_api_route(path, page, methods=[method], response_model=None, name=page.__name__)
    return router


def public_files() -> StaticFiles:
    """What is mounted at /public."""
    return StaticFiles(directory=STATIC)
