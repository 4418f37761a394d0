"""The public page of the event log: where it ended, day by day, signed; and the same for machines.

Nothing here tells what was done or by whom. What it does tell is how much is recorded in a day.
"""

from typing import Annotated, Any, Final

from fastapi import Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handlers.public.pages import page
from handlers.public.site import site_of
from knowledge.clock import local_date
from storage.log_heads import LogHead

SHOWN: Final = 30
#: A year and a bit in one answer.
SENT: Final = 400


async def show_log(request: Request) -> Response:
    """The page; `?before=N` for older heads, an odd one is read as none."""
    before = request.query_params.get("before", "")
    site = site_of(request)
    async with site.storage.unit_of_work() as uow:
        found = await uow.log_heads.latest(SHOWN + 1, before=int(before) if _is_number(before) else None)
    shown = found[:SHOWN]
    return page(
        request,
        "log.html",
        head=_row(shown[0]) if shown and not _is_number(before) else None,
        rows=[_row(one) for one in shown],
        key=site.storage.keys.signer.public_key.hex(),
        older=f"/log?before={shown[-1].number}" if len(found) > SHOWN else None,
    )


async def give_log(request: Request, before: Annotated[int | None, Query(ge=1, le=2**53)] = None) -> Response:
    """Heads, newest first, and the key that signs now."""
    storage = site_of(request).storage
    async with storage.unit_of_work() as uow:
        found = await uow.log_heads.latest(SENT, before=before)
    signer = storage.keys.signer
    key = {"key_id": signer.key_id, "public_key": signer.public_key.hex()}
    return JSONResponse({"heads": [one.as_json() for one in found], "key": key})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15  # noqa: PLR2004 - fits any database's integer


def _row(head: LogHead) -> dict[str, Any]:
    return head.as_json() | {"day": local_date(head.at), "moment": head.at}
